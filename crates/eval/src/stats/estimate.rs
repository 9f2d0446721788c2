//! The mean of a metric with its n and its interval, by the method that suits the values.

use serde::{Deserialize, Serialize};

use super::bootstrap::{DRAWS, PICKS_PER_BINOMIAL, mean_abc, mean_bca};
use super::mean::mean_of;
use super::sampling::tabulate;
use super::{
    Confidence, Interval, Method, Result, Scale, check, clustered_interval, clustered_wilson, fail,
    same_length, wilson,
};

/// The most picks that one interval draws: some 10 ms of one core.
const MOST_PICKS: usize = 10_000_000;

/// A mean, of how many values, and where the true one is likely to be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean.
    pub value: f64,
    /// How many values.
    pub n: usize,
    /// The interval; `None` where one value or one group says nothing about the spread.
    pub interval: Option<Interval>,
    /// How the interval is made.
    pub method: Method,
}

/// Whether all values are exactly 0 or 1, and how many are 1.
pub(super) fn passes(values: &[f64]) -> Option<u64> {
    let mut passed = 0;
    for &value in values {
        if value == 1.0 {
            passed += 1;
        } else if value != 0.0 {
            return None;
        }
    }
    Some(passed)
}

/// The BCa interval where drawing it stays cheap, its closed form elsewhere; `None` for one value.
pub(super) fn mean_interval(
    values: &[f64],
    confidence: Confidence,
    seed: u64,
) -> Result<(Option<Interval>, Method)> {
    if values.len() < 2 {
        return Ok((None, Method::Bca));
    }
    let different = MOST_PICKS / DRAWS / PICKS_PER_BINOMIAL;
    if values.len() * DRAWS <= MOST_PICKS || tabulate(values, different).is_some() {
        Ok((
            Some(mean_bca(values, confidence, DRAWS, seed)?),
            Method::Bca,
        ))
    } else {
        Ok((Some(mean_abc(values, confidence)?), Method::Abc))
    }
}

/// The mean of `values` with its interval, on the scale that they look like; who knows what they are
/// says it: [`Scale::estimate`].
///
/// - All values 0 or 1: a pass rate, with Wilson's interval.
/// - Otherwise the BCa bootstrap with 2,000 draws; above 5,000 values (unless they are few
///   different ones) its closed form ABC, which by then agrees with it far beyond the noise of the
///   draws. One value has no interval; equal grades have an interval of one point, because the
///   sample shows no spread.
///
/// ```
/// use botsmith_eval::stats::{Confidence, Method, estimate};
/// let rate = estimate(&[1.0, 1.0, 0.0, 1.0], Confidence::P95, 7)?;
/// assert_eq!((rate.value, rate.n, rate.method), (0.75, 4, Method::Wilson));
/// let score = estimate(&[0.4, 0.9, 0.7, 0.2], Confidence::P95, 7)?;
/// assert_eq!(score.method, Method::Bca);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// No values, or one that is not finite.
pub fn estimate(values: &[f64], confidence: Confidence, seed: u64) -> Result<Estimate> {
    Scale::guess(values).estimate(values, confidence, seed)
}

/// The mean of verdicts.
pub(super) fn rate(values: &[f64], confidence: Confidence) -> Result<Estimate> {
    check("mean", values, 1)?;
    let n = values.len();
    let passed = passed("mean", values)?;
    Ok(Estimate {
        value: passed as f64 / n as f64,
        n,
        interval: Some(wilson(passed, n as u64, confidence)?),
        method: Method::Wilson,
    })
}

/// The mean of grades.
pub(super) fn mean(values: &[f64], confidence: Confidence, seed: u64) -> Result<Estimate> {
    check("mean", values, 1)?;
    let (interval, method) = mean_interval(values, confidence, seed)?;
    Ok(Estimate {
        value: mean_of(values),
        n: values.len(),
        interval,
        method,
    })
}

/// How many verdicts are 1.
fn passed(statistic: &'static str, values: &[f64]) -> Result<u64> {
    match passes(values) {
        Some(passed) => Ok(passed),
        None => fail(statistic, "a verdict is 0 or 1, and some value is neither"),
    }
}

/// The mean of `values` that come in groups (repeats of a case, turns of a conversation), with the
/// interval of [`clustered_interval`], or where all are 0 or 1 of [`clustered_wilson`]; with one
/// group there is none. Who knows what the values are says it: [`Scale::clustered`].
///
/// ```
/// use botsmith_eval::stats::{Confidence, clustered};
/// let values = [1.0, 1.0, 0.0, 1.0, 0.0, 0.0];
/// let rate = clustered(&values, &["x", "x", "y", "y", "z", "z"], Confidence::P95)?;
/// assert_eq!((rate.value, rate.n), (0.5, 6));
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// No values, one that is not finite, or not as many groups as values.
pub fn clustered<G: Ord>(values: &[f64], groups: &[G], confidence: Confidence) -> Result<Estimate> {
    Scale::guess(values).clustered(values, groups, confidence)
}

/// The mean of verdicts in groups.
pub(super) fn clustered_rate<G: Ord>(
    values: &[f64],
    groups: &[G],
    confidence: Confidence,
) -> Result<Estimate> {
    let several = several(values, groups)?;
    passed("clustered mean", values)?;
    let passed: Vec<bool> = values.iter().map(|value| *value == 1.0).collect();
    Ok(Estimate {
        value: mean_of(values),
        n: values.len(),
        interval: several
            .then(|| clustered_wilson(&passed, groups, confidence))
            .transpose()?,
        method: Method::ClusteredWilson,
    })
}

/// The mean of grades in groups.
pub(super) fn clustered_mean<G: Ord>(
    values: &[f64],
    groups: &[G],
    confidence: Confidence,
) -> Result<Estimate> {
    let several = several(values, groups)?;
    Ok(Estimate {
        value: mean_of(values),
        n: values.len(),
        interval: several
            .then(|| clustered_interval(values, groups, confidence))
            .transpose()?,
        method: Method::ClusteredT,
    })
}

/// Whether there is more than one group.
fn several<G: Ord>(values: &[f64], groups: &[G]) -> Result<bool> {
    check("clustered mean", values, 1)?;
    same_length(
        "clustered mean",
        ("values", values.len()),
        ("groups", groups.len()),
    )?;
    Ok(groups.windows(2).any(|pair| pair[0] != pair[1]))
}
