//! The mean, its standard deviation and standard error, and Student's interval.

use super::special::t_quantile;
use super::{Confidence, Interval, Result, check};

/// The arithmetic mean.
///
/// ```
/// assert_eq!(botsmith_eval::stats::mean(&[1.0, 2.0, 6.0])?, 3.0);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// No values, or one that is not finite.
pub fn mean(values: &[f64]) -> Result<f64> {
    check("mean", values, 1)?;
    Ok(mean_of(values))
}

/// The mean of values known to be there and finite: kept between the least and the largest one,
/// from which rounding could push the mean of equal values.
pub(super) fn mean_of(values: &[f64]) -> f64 {
    let (mut lo, mut hi, mut sum) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
    for &value in values {
        lo = value.min(lo);
        hi = value.max(hi);
        sum += value;
    }
    (sum / values.len() as f64).max(lo).min(hi)
}

/// The sums of squared and of cubed deviations from `mean`.
pub(super) fn central_sums(values: &[f64], mean: f64) -> (f64, f64) {
    values.iter().fold((0.0, 0.0), |(square, cube), value| {
        let deviation = value - mean;
        (
            square + deviation * deviation,
            cube + deviation * deviation * deviation,
        )
    })
}

/// The standard deviation with n - 1 below the root.
///
/// ```
/// assert_eq!(botsmith_eval::stats::sd(&[1.0, 2.0, 3.0])?, 1.0);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// Fewer than two values, or one that is not finite.
pub fn sd(values: &[f64]) -> Result<f64> {
    check("standard deviation", values, 2)?;
    let (square, _) = central_sums(values, mean_of(values));
    Ok((square / (values.len() - 1) as f64).sqrt())
}

/// The standard error of the mean, `sd / sqrt(n)`. It takes the values as independent; for repeats
/// or turns of one conversation see [`clustered_standard_error`](super::clustered_standard_error).
///
/// ```
/// let error = botsmith_eval::stats::standard_error(&[1.0, 3.0, 1.0, 3.0])?;
/// assert!((error - (1.0_f64 / 3.0).sqrt()).abs() < 1e-12);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// As [`sd`].
pub fn standard_error(values: &[f64]) -> Result<f64> {
    Ok(sd(values)? / (values.len() as f64).sqrt())
}

/// Student's interval of the mean, `mean ± t(n-1) sd / sqrt(n)`; of one point when all are equal.
///
/// ```
/// use botsmith_eval::stats::{Confidence, t_interval};
/// let interval = t_interval(&[1.0, 2.0, 3.0, 4.0], Confidence::P95)?;
/// assert_eq!(format!("{interval}"), "[0.446, 4.554]");
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// As [`sd`].
pub fn t_interval(values: &[f64], confidence: Confidence) -> Result<Interval> {
    let error = standard_error(values)?;
    let mean = mean_of(values);
    let half = t_quantile(1.0 - confidence.alpha() / 2.0, (values.len() - 1) as f64) * error;
    Interval::new(mean - half, mean + half)
}
