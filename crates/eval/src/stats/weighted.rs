//! Shares of cases that were drawn with unequal chances, each with the weight that makes up for it.
//!
//! `passed`, weights (one over the chance of having been drawn, up to a common factor) and groups in,
//! Wilson's interval out, with the effective number of independent cases in place of n. With equal
//! weights and no groups it is [`wilson`](super::wilson) itself. Korn & Graubard 1998 and Franco et al.
//! 2019, as for [`clustered_wilson`](super::clustered_wilson).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::proportion::wilson_parts;
use super::special::t_quantile;
use super::{Confidence, Interval, Result, check, fail, same_length};

/// A weighted share with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightedShare {
    /// The share, in `[0, 1]`.
    pub value: f64,
    /// How many cases it is of.
    pub n: usize,
    /// As how many independent, equally weighted cases they count, at most n.
    pub effective: f64,
    /// Where the true share is likely to be, within `[0, 1]`.
    pub interval: Interval,
}

/// Whether weights can be ones: finite and above 0.
pub(crate) fn check_weights(statistic: &'static str, weights: &[f64]) -> Result<()> {
    check(statistic, weights, 0)?;
    match weights.iter().position(|weight| *weight <= 0.0) {
        Some(at) => fail(
            statistic,
            format!(
                "weight {} of {} is {}; it has to be above 0",
                at + 1,
                weights.len(),
                weights[at]
            ),
        ),
        None => Ok(()),
    }
}

/// The weighted share that passed, with Wilson's interval over groups (each case one of its own where
/// `groups` are all different).
///
/// The effective number of cases is `p(1-p) / error²`, with the linearised error of a ratio over groups
/// and the factor G/(G-1); where all pass or none does, it is the lesser of Kish's `(Σw)² / Σw²` and the
/// number of groups. The quantile is Student's with G - 1 degrees of freedom, the normal one where all
/// weights are equal and no two cases share a group.
///
/// ```
/// use botsmith_eval::stats::{Confidence, weighted_wilson, wilson};
/// let passed: Vec<bool> = (0..50).map(|i| i % 5 != 0).collect();
/// let cases: Vec<usize> = (0..50).collect();
/// let share = weighted_wilson(&passed, &[1.0; 50], &cases, Confidence::P95)?;
/// assert_eq!(share.interval, wilson(40, 50, Confidence::P95)?);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// No cases, lists of different lengths, or a weight that is not above 0.
pub fn weighted_wilson<G: Ord>(
    passed: &[bool],
    weights: &[f64],
    groups: &[G],
    confidence: Confidence,
) -> Result<WeightedShare> {
    weighted_wilson_at(passed, weights, groups, confidence.alpha() / 2.0)
}

/// As [`weighted_wilson`], with `tail` left out on each side: the lower end is then the one-sided bound
/// at `1 - tail`.
///
/// # Errors
/// As [`weighted_wilson`], or a tail not between 0 and 1/2.
pub fn weighted_wilson_at<G: Ord>(
    passed: &[bool],
    weights: &[f64],
    groups: &[G],
    tail: f64,
) -> Result<WeightedShare> {
    const NAME: &str = "weighted wilson interval";
    let n = passed.len();
    if n == 0 {
        return fail(NAME, "there are no cases");
    }
    if !(tail > 0.0 && tail < 0.5) {
        return fail(
            NAME,
            format!("the tail is {tail}; it has to be between 0 and 0.5"),
        );
    }
    same_length(NAME, ("cases", n), ("weights", weights.len()))?;
    same_length(NAME, ("cases", n), ("groups", groups.len()))?;
    check_weights(NAME, weights)?;
    let total: f64 = weights.iter().sum();
    // A sum of nothing would be -0.
    let hits = passed
        .iter()
        .zip(weights)
        .filter_map(|(passed, weight)| passed.then_some(*weight))
        .fold(0.0, |sum, weight| sum + weight);
    let rate = (hits / total).clamp(0.0, 1.0);
    let mut sums: BTreeMap<&G, f64> = BTreeMap::new();
    for ((passed, weight), group) in passed.iter().zip(weights).zip(groups) {
        *sums.entry(group).or_default() += weight * (f64::from(u8::from(*passed)) - rate);
    }
    let count = sums.len();
    let plain = count == n && weights.iter().all(|weight| *weight == weights[0]);
    let kish = total * total / weights.iter().map(|w| w * w).sum::<f64>();
    let none = passed.iter().all(|passed| !passed);
    let all = passed.iter().all(|passed| *passed);
    let effective = if plain {
        n as f64
    } else if none || all || count < 2 {
        kish.min(count as f64)
    } else {
        let square: f64 = sums.values().map(|sum| sum * sum).sum();
        let error = square * count as f64 / (count - 1) as f64 / (total * total);
        if error == 0.0 {
            kish
        } else {
            (rate * (1.0 - rate) / error).min(n as f64)
        }
    };
    let z = if plain {
        -super::special::normal_quantile(tail)
    } else {
        t_quantile(1.0 - tail, (count.max(2) - 1) as f64)
    };
    let (centre, half) = wilson_parts(rate, effective, z);
    // At no passes and at all passes one end is the rate itself; rounding must not move it.
    let lo = if none { 0.0 } else { (centre - half).max(0.0) };
    let hi = if all { 1.0 } else { (centre + half).min(1.0) };
    Ok(WeightedShare {
        value: rate,
        n,
        effective,
        interval: Interval::new(lo, hi)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::clustered_wilson;

    #[test]
    fn equal_weights_in_groups_are_the_clustered_interval() {
        let passed: Vec<bool> = (0..60).map(|i| (i / 7) % 3 != 0).collect();
        let groups: Vec<usize> = (0..60).map(|i| i / 5).collect();
        let weighted = weighted_wilson(&passed, &[2.0; 60], &groups, Confidence::P95).unwrap();
        let clustered = clustered_wilson(&passed, &groups, Confidence::P95).unwrap();
        assert!((weighted.interval.lo() - clustered.lo()).abs() < 1e-12);
        assert!((weighted.interval.hi() - clustered.hi()).abs() < 1e-12);
    }

    #[test]
    fn unequal_weights_widen_the_interval_and_move_the_share() {
        let passed: Vec<bool> = (0..100).map(|i| i % 4 != 0).collect();
        let cases: Vec<usize> = (0..100).collect();
        let weights: Vec<f64> = passed.iter().map(|p| if *p { 1.0 } else { 3.0 }).collect();
        let even = weighted_wilson(&passed, &[1.0; 100], &cases, Confidence::P95).unwrap();
        let uneven = weighted_wilson(&passed, &weights, &cases, Confidence::P95).unwrap();
        assert_eq!(uneven.value, 0.5);
        assert!(uneven.interval.width() > even.interval.width());
        assert!(uneven.effective < 100.0);
    }

    #[test]
    fn a_weight_of_nothing_is_refused() {
        let error = weighted_wilson(&[true, false], &[1.0, 0.0], &[1, 2], Confidence::P95);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("weight 2 of 2 is 0"), "{error}");
    }
}
