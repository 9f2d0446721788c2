//! How many cases for graded scores, and for one pass rate as sharp as wanted.

use super::proportion::wilson_parts;
use super::special::{normal_cdf, normal_quantile};
use super::{Confidence, Result, Side, fail, open_share};

fn check_effect(statistic: &'static str, difference: f64, sd: f64) -> Result<()> {
    if !(sd > 0.0 && sd.is_finite()) {
        return fail(
            statistic,
            format!("the standard deviation is {sd}; it has to be above 0"),
        );
    }
    if !difference.is_finite() {
        return fail(statistic, format!("the difference is {difference}"));
    }
    Ok(())
}

/// The difference in the direction that `side` looks for.
fn towards(side: Side, difference: f64) -> f64 {
    match side {
        Side::TwoSided => difference.abs(),
        Side::Greater => difference,
        Side::Less => -difference,
    }
}

/// The number of cases for a paired t test to find a mean `difference`, where the differences have
/// the standard deviation `sd`.
///
/// `(z_α + z_power)² sd² / difference² + z_α² / 2`, rounded up, at least 2: the normal formula with
/// Guenther's correction for t (1981, The American Statistician 35), which is
/// within one case of the exact number from about 10 cases on. Permutation and bootstrap tests need
/// as many, for scores that are not far from normal in the mean.
///
/// ```
/// use botsmith_eval::stats::{Side, cases_needed_for_mean};
/// assert_eq!(cases_needed_for_mean(0.5, 1.0, 0.05, 0.8, Side::TwoSided)?, 34);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// `sd` not above 0, `alpha` or `power` not between 0 and 1, `power` not above `alpha`, or a
/// difference of 0 or against `side`.
pub fn cases_needed_for_mean(
    difference: f64,
    sd: f64,
    alpha: f64,
    power: f64,
    side: Side,
) -> Result<u64> {
    check_effect("cases needed", difference, sd)?;
    open_share("cases needed", "alpha", alpha)?;
    open_share("cases needed", "power", power)?;
    let difference = towards(side, difference);
    if difference <= 0.0 {
        return fail(
            "cases needed",
            "the difference is nothing that this side of the test can find",
        );
    }
    if power <= alpha {
        return fail(
            "cases needed",
            format!("power {power} is not above alpha {alpha}"),
        );
    }
    let z_alpha = -normal_quantile(side.tail(alpha));
    let root = (z_alpha + normal_quantile(power)) * sd / difference;
    let cases = (root * root + z_alpha * z_alpha / 2.0).ceil();
    if cases > 1e15 {
        return fail(
            "cases needed",
            format!("about {cases:e} cases: the difference is too small"),
        );
    }
    Ok((cases as u64).max(2))
}

/// The chance, in `[0, 1]`, that a paired t test on `n` cases finds a mean `difference`, where the
/// differences have the standard deviation `sd`; the same approximation as
/// [`cases_needed_for_mean`] (rejections of the wrong sign are not counted).
///
/// ```
/// use botsmith_eval::stats::{Side, power_for_mean};
/// let power = power_for_mean(34, 0.5, 1.0, 0.05, Side::TwoSided)?;
/// assert!((power - 0.808).abs() < 0.005);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// Fewer than 2 cases, `sd` not above 0, or `alpha` not between 0 and 1.
pub fn power_for_mean(n: u64, difference: f64, sd: f64, alpha: f64, side: Side) -> Result<f64> {
    check_effect("power", difference, sd)?;
    open_share("power", "alpha", alpha)?;
    if n < 2 {
        return fail("power", format!("needs at least 2 cases, there are {n}"));
    }
    let z_alpha = -normal_quantile(side.tail(alpha));
    let n = (n as f64 - z_alpha * z_alpha / 2.0).max(0.0);
    Ok(normal_cdf(
        n.sqrt() * towards(side, difference) / sd - z_alpha,
    ))
}

/// The number of cases for [`wilson`](super::wilson)'s interval to be at most `half_width` to
/// either side of its centre, at a pass rate of about `rate` (0.5 is the worst case).
///
/// ```
/// use botsmith_eval::stats::{Confidence, cases_for_half_width};
/// assert_eq!(cases_for_half_width(0.5, 0.05, Confidence::P95)?, 381);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// `rate` outside `[0, 1]`, or `half_width` not between 0 and 1/2 or below 1e-6.
pub fn cases_for_half_width(rate: f64, half_width: f64, confidence: Confidence) -> Result<u64> {
    let statistic = "cases for a half-width";
    if !(0.0..=1.0).contains(&rate) {
        return fail(statistic, format!("{rate} is not a rate between 0 and 1"));
    }
    if !(1e-6..0.5).contains(&half_width) {
        return fail(
            statistic,
            format!("the half-width {half_width} is not in [0.000001, 0.5)"),
        );
    }
    // The half-width falls with n at every rate, so halving finds the one place.
    let enough = |n: u64| wilson_parts(rate, n as f64, confidence.z()).1 <= half_width;
    let mut hi = 1;
    while !enough(hi) {
        hi *= 2;
    }
    let mut lo = hi / 2;
    while hi - lo > 1 {
        let middle = u64::midpoint(lo, hi);
        if enough(middle) {
            hi = middle;
        } else {
            lo = middle;
        }
    }
    Ok(hi)
}
