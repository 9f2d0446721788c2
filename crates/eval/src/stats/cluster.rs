//! Standard errors where values come in groups: repeats of a case, turns of a conversation,
//! questions about one text.
//!
//! Values of one group resemble each other, so n values say less than n independent ones; treating
//! them as independent makes intervals too narrow, often several times. Liang & Zeger 1986
//! (<https://doi.org/10.1093/biomet/73.1.13>); for evaluations: Miller 2024, "Adding error bars to
//! evals" (<https://arxiv.org/abs/2411.00640>).

use std::collections::BTreeMap;

use super::mean::mean_of;
use super::proportion::wilson_parts;
use super::special::t_quantile;
use super::{Confidence, Interval, Result, check, fail, same_length};

/// The sum of each group's deviations from `mean`, and the number of groups.
fn group_sums<G: Ord>(values: &[f64], groups: &[G], mean: f64) -> Vec<f64> {
    let mut sums: BTreeMap<&G, f64> = BTreeMap::new();
    for (value, group) in values.iter().zip(groups) {
        *sums.entry(group).or_default() += value - mean;
    }
    sums.into_values().collect()
}

/// The standard error and the number of groups.
fn error_over_groups<G: Ord>(
    statistic: &'static str,
    values: &[f64],
    groups: &[G],
) -> Result<(f64, usize)> {
    check(statistic, values, 1)?;
    same_length(
        statistic,
        ("values", values.len()),
        ("groups", groups.len()),
    )?;
    let sums = group_sums(values, groups, mean_of(values));
    let count = sums.len();
    if count < 2 {
        return fail(statistic, "needs at least two groups, there is one");
    }
    let square: f64 = sums.iter().map(|sum| sum * sum).sum();
    let correction = count as f64 / (count - 1) as f64;
    Ok(((correction * square).sqrt() / values.len() as f64, count))
}

/// The standard error of the mean over groups: `sqrt(G/(G-1) Σ_g (Σ_{i in g} (x_i - x̄))²) / n`.
///
/// This is the CR1 form, with the factor G/(G-1) for G groups: without it (CR0, as in Miller) the
/// error is too small for few groups. With one value a group it is `sd / sqrt(n)` exactly.
///
/// ```
/// use botsmith_eval::stats::{clustered_standard_error, standard_error};
/// let values = [1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0];
/// let clustered = clustered_standard_error(&values, &["a", "a", "b", "b", "c", "c", "d", "d"])?;
/// assert!(clustered > 1.5 * standard_error(&values)?);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// Not as many groups as values, fewer than two different groups, or a value that is not finite.
pub fn clustered_standard_error<G: Ord>(values: &[f64], groups: &[G]) -> Result<f64> {
    Ok(error_over_groups("clustered standard error", values, groups)?.0)
}

/// Wilson's interval of a pass rate over groups, within `[0, 1]`: with the effective number of
/// independent cases in place of n, and Student's t with G - 1 degrees of freedom in place of z.
///
/// The effective number is `p(1-p) / error²` with [`clustered_standard_error`], at most n. Where all
/// pass or none does, the sample cannot show how much groups resemble each other; each group then
/// counts as one case, the most cautious reading. Korn & Graubard 1998, "Confidence intervals for
/// proportions with small expected number of positive counts estimated from survey data", Survey
/// Methodology 24; with Wilson's form Franco, Little, Louis & Slud 2019, "Comparative study of
/// confidence intervals for proportions in complex sample surveys", Journal of Survey Statistics and
/// Methodology 7.
///
/// ```
/// use botsmith_eval::stats::{Confidence, clustered_wilson};
/// let passed = [true, true, true, true, true, true];
/// let interval = clustered_wilson(&passed, &["a", "a", "b", "b", "c", "c"], Confidence::P95)?;
/// assert!(interval.hi() == 1.0 && interval.lo() < 0.2);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// As [`clustered_standard_error`].
pub fn clustered_wilson<G: Ord>(
    passed: &[bool],
    groups: &[G],
    confidence: Confidence,
) -> Result<Interval> {
    let values: Vec<f64> = passed.iter().map(|p| f64::from(u8::from(*p))).collect();
    let (error, count) = error_over_groups("clustered wilson interval", &values, groups)?;
    let rate = mean_of(&values);
    let effective = if rate == 0.0 || rate == 1.0 {
        count as f64
    } else if error == 0.0 {
        values.len() as f64
    } else {
        (rate * (1.0 - rate) / (error * error)).min(values.len() as f64)
    };
    let t = t_quantile(1.0 - confidence.alpha() / 2.0, (count - 1) as f64);
    let (centre, half) = wilson_parts(rate, effective, t);
    // At no passes and at all passes one end is the rate itself; rounding must not move it.
    let lo = if rate == 0.0 {
        0.0
    } else {
        (centre - half).max(0.0)
    };
    let hi = if rate == 1.0 {
        1.0
    } else {
        (centre + half).min(1.0)
    };
    Interval::new(lo, hi)
}

/// The interval of the mean over groups: `mean ± t(G - 1) * error`, with
/// [`clustered_standard_error`] and G groups. Its ends may lie outside the values' range.
///
/// ```
/// use botsmith_eval::stats::{Confidence, clustered_interval};
/// let interval = clustered_interval(&[0.5, 0.75, 0.25], &[1, 2, 3], Confidence::P95)?;
/// assert_eq!(format!("{interval}"), "[-0.121, 1.121]");
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// As [`clustered_standard_error`].
pub fn clustered_interval<G: Ord>(
    values: &[f64],
    groups: &[G],
    confidence: Confidence,
) -> Result<Interval> {
    let (error, count) = error_over_groups("clustered interval", values, groups)?;
    let half = t_quantile(1.0 - confidence.alpha() / 2.0, (count - 1) as f64) * error;
    let mean = mean_of(values);
    Interval::new(mean - half, mean + half)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::wilson;

    #[test]
    fn groups_of_one_give_nearly_the_plain_interval_and_never_a_narrower_one() {
        let passed: Vec<bool> = (0..200).map(|i| i % 4 != 0).collect();
        let groups: Vec<usize> = (0..200).collect();
        let plain = wilson(150, 200, Confidence::P95).unwrap();
        let clustered = clustered_wilson(&passed, &groups, Confidence::P95).unwrap();
        assert!(clustered.width() >= plain.width(), "{clustered} {plain}");
        assert!(
            clustered.width() < plain.width() * 1.02,
            "{clustered} {plain}"
        );
    }

    #[test]
    fn groups_that_agree_count_as_one_case_each() {
        let passed: Vec<bool> = (0..200).map(|i| (i / 10) % 2 == 0).collect();
        let groups: Vec<usize> = (0..200).map(|i| i / 10).collect();
        let clustered = clustered_wilson(&passed, &groups, Confidence::P95).unwrap();
        let twenty = wilson(10, 20, Confidence::P95).unwrap();
        assert!(clustered.width() >= twenty.width(), "{clustered} {twenty}");
        assert!((0.0..=1.0).contains(&clustered.lo()) && clustered.hi() <= 1.0);
    }
}
