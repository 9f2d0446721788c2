//! Two bots over the same cases: the difference, its interval and its test, by the methods that
//! suit the scores.

use serde::{Deserialize, Serialize};

use super::estimate::{clustered_mean, mean_interval, passes};
use super::mean::mean_of;
use super::{
    Confidence, Interval, Method, Pairs, Result, Scale, Side, Test, check, differences, fail,
    mcnemar_exact, newcombe, same_length, sign_flip, sign_flip_grouped, wilson,
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

/// Compares the scores of `a` and `b`, case by case, on the scale that they look like.
///
/// - All scores 0 or 1: Newcombe's interval and McNemar's exact test.
/// - Otherwise the interval of the mean difference as in [`estimate`](super::estimate), and the
///   sign-flip permutation test.
///
/// Who knows what the scores are says it: [`Scale::compare`].
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
    scale(a, b).compare(a, b, confidence, seed)
}

/// Compares scores that come in groups (repeats of a case, turns of a conversation), on the scale that
/// they look like: the clustered interval of the mean difference, and sign flips of whole groups. Who
/// knows what the scores are says it: [`Scale::compare_grouped`].
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
    scale(a, b).compare_grouped(a, b, groups, confidence, seed)
}

/// The scale that two lists look like together.
fn scale(a: &[f64], b: &[f64]) -> Scale {
    match (Scale::guess(a), Scale::guess(b)) {
        (Scale::Verdicts, Scale::Verdicts) => Scale::Verdicts,
        _ => Scale::Graded,
    }
}

pub(super) fn graded(
    a: &[f64],
    b: &[f64],
    confidence: Confidence,
    seed: u64,
) -> Result<Comparison> {
    let differences = differences(a, b)?;
    check("comparison", &differences, 1)?;
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

pub(super) fn verdicts(a: &[f64], b: &[f64], confidence: Confidence) -> Result<Comparison> {
    check("comparison", &differences(a, b)?, 1)?;
    only_verdicts(a, b)?;
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

pub(super) fn graded_groups<G: Ord>(
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
    // Differences are no verdicts, though they may be 0 and 1 only: they have no pass rate.
    let mean = clustered_mean(&differences, groups, confidence)?;
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

pub(super) fn verdict_groups<G: Ord>(
    a: &[f64],
    b: &[f64],
    groups: &[G],
    confidence: Confidence,
    seed: u64,
) -> Result<Comparison> {
    only_verdicts(a, b)?;
    let mut comparison = graded_groups(a, b, groups, confidence, seed)?;
    if let Some(interval) = comparison.interval {
        let mut names: Vec<&G> = groups.iter().collect();
        names.sort_unstable();
        names.dedup();
        // Rounding leaves a trace where sums cancel.
        let interval = match interval.width() < 1e-12 {
            true => {
                let unseen = wilson(0, names.len() as u64, confidence)?.hi();
                let difference = comparison.difference;
                Interval::new(difference - unseen, difference + unseen)?
            }
            false => interval,
        };
        comparison.interval = Some(interval.clamped(-1.0, 1.0));
    }
    Ok(comparison)
}

fn only_verdicts(a: &[f64], b: &[f64]) -> Result<()> {
    match passes(a).and(passes(b)) {
        Some(_) => Ok(()),
        None => fail(
            "comparison",
            "a verdict is 0 or 1, and some score is neither",
        ),
    }
}
