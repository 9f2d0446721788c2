//! Two bots over the same cases: the difference, its interval and its test, by the methods that
//! suit the scores.

use serde::{Deserialize, Serialize};

use super::estimate::{clustered, mean_interval, passes};
use super::mean::mean_of;
use super::{
    Confidence, Interval, Method, Pairs, Result, Side, Test, check, differences, mcnemar_exact,
    newcombe, same_length, sign_flip, sign_flip_grouped,
};

/// How b differs from a.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// How many cases both were judged on.
    pub n: usize,
    /// mean(b) - mean(a).
    pub difference: f64,
    /// Where the true difference is likely to be; `None` where one case or group says nothing.
    pub interval: Option<Interval>,
    /// How the interval is made.
    pub method: Method,
    /// The two-sided p-value of no difference.
    pub p: f64,
    /// The test that gave it.
    pub test: Test,
}

/// Compares the scores of `a` and `b`, case by case.
///
/// - All scores 0 or 1: Newcombe's interval and McNemar's exact test.
/// - Otherwise the interval of the mean difference as in [`estimate`](super::estimate), and the
///   sign-flip permutation test.
///
/// ```
/// use botsmith_eval::stats::{Confidence, Test, compare};
/// let a = [0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0];
/// let b = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0];
/// let comparison = compare(&a, &b, Confidence::P95, 7)?;
/// assert_eq!(comparison.difference, 0.625);
/// assert_eq!((comparison.test, comparison.p), (Test::McnemarExact, 0.0625));
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// No cases, lists of different lengths, or a score that is not finite.
pub fn compare(a: &[f64], b: &[f64], confidence: Confidence, seed: u64) -> Result<Comparison> {
    let differences = differences(a, b)?;
    check("comparison", &differences, 1)?;
    if passes(a).is_some() && passes(b).is_some() {
        return compare_passes(a, b, confidence);
    }
    let (interval, method) = mean_interval(&differences, confidence, seed)?;
    let test = sign_flip(&differences, Side::TwoSided, seed)?;
    Ok(Comparison {
        n: differences.len(),
        difference: mean_of(&differences),
        interval,
        method,
        p: test.p,
        test: test.test,
    })
}

fn compare_passes(a: &[f64], b: &[f64], confidence: Confidence) -> Result<Comparison> {
    let verdicts = |scores: &[f64]| scores.iter().map(|&score| score == 1.0).collect::<Vec<_>>();
    let pairs = Pairs::count(&verdicts(a), &verdicts(b))?;
    let test = mcnemar_exact(&pairs, Side::TwoSided);
    Ok(Comparison {
        n: a.len(),
        difference: pairs.difference()?,
        interval: Some(newcombe(&pairs, confidence)?),
        method: Method::Newcombe,
        p: test.p,
        test: test.test,
    })
}

/// Compares scores that come in groups (repeats of a case, turns of a conversation): the clustered
/// interval of the mean difference, and sign flips of whole groups.
///
/// ```
/// use botsmith_eval::stats::{Confidence, Test, compare_grouped};
/// let (a, b) = ([0.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 1.0]);
/// let comparison = compare_grouped(&a, &b, &["x", "x", "y", "y"], Confidence::P95, 7)?;
/// assert_eq!((comparison.n, comparison.difference), (4, 0.5));
/// assert_eq!(comparison.test, Test::SignFlipExact);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// As [`compare`], or not as many groups as cases.
pub fn compare_grouped<G: Ord>(
    a: &[f64],
    b: &[f64],
    groups: &[G],
    confidence: Confidence,
    seed: u64,
) -> Result<Comparison> {
    let differences = differences(a, b)?;
    same_length(
        "comparison",
        ("cases", differences.len()),
        ("groups", groups.len()),
    )?;
    let mean = clustered(&differences, groups, confidence)?;
    let test = sign_flip_grouped(&differences, groups, Side::TwoSided, seed)?;
    Ok(Comparison {
        n: mean.n,
        difference: mean.value,
        interval: mean.interval,
        method: mean.method,
        p: test.p,
        test: test.test,
    })
}
