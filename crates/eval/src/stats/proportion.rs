//! Intervals for a share of passes, `passed` of `n`.
//!
//! [`wilson`] is the default everywhere: near its nominal coverage at every rate, also with few
//! cases. [`clopper_pearson`] never covers less than it says, and pays in width. [`wald`] is here to
//! compare with what others print; it is far too narrow near 0 and 1.
//!
//! Source: Brown, Cai & DasGupta 2001, "Interval estimation for a binomial proportion"
//! (<https://doi.org/10.1214/ss/1009213286>).

use super::special::beta_quantile;
use super::{Confidence, Interval, Result, fail};

fn check(statistic: &'static str, passed: u64, n: u64) -> Result<()> {
    if n == 0 {
        return fail(statistic, "there are no cases (n is 0)");
    }
    if passed > n {
        return fail(statistic, format!("{passed} passed of only {n} cases"));
    }
    Ok(())
}

/// The centre and half-width of Wilson's interval.
pub(super) fn wilson_parts(rate: f64, n: f64, z: f64) -> (f64, f64) {
    let z2 = z * z;
    let centre = (rate + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = z / (1.0 + z2 / n) * (rate * (1.0 - rate) / n + z2 / (4.0 * n * n)).sqrt();
    (centre, half)
}

/// Wilson's score interval, within `[0, 1]`: all rates that a score test would not reject.
///
/// `(p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)`, Wilson 1927
/// (<https://doi.org/10.1080/01621459.1927.10502953>).
///
/// ```
/// use botsmith_eval::stats::{Confidence, wilson};
/// let interval = wilson(45, 50, Confidence::P95)?;
/// assert_eq!(format!("{interval}"), "[0.786, 0.957]");
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// `n` is 0, or more passed than there are.
pub fn wilson(passed: u64, n: u64, confidence: Confidence) -> Result<Interval> {
    check("wilson interval", passed, n)?;
    let (centre, half) = wilson_parts(passed as f64 / n as f64, n as f64, confidence.z());
    // At no passes and at all passes one end is the rate itself; rounding must not move it.
    let lo = if passed == 0 {
        0.0
    } else {
        (centre - half).max(0.0)
    };
    let hi = if passed == n {
        1.0
    } else {
        (centre + half).min(1.0)
    };
    Interval::new(lo, hi)
}

/// The exact interval, within `[0, 1]`: quantiles of Beta(x, n-x+1) and Beta(x+1, n-x).
///
/// Clopper & Pearson 1934 (<https://doi.org/10.1093/biomet/26.4.404>).
///
/// ```
/// use botsmith_eval::stats::{Confidence, clopper_pearson};
/// let interval = clopper_pearson(10, 10, Confidence::P95)?;
/// assert_eq!(format!("{interval}"), "[0.692, 1.000]");
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// As [`wilson`].
pub fn clopper_pearson(passed: u64, n: u64, confidence: Confidence) -> Result<Interval> {
    check("clopper-pearson interval", passed, n)?;
    let (x, failed, tail) = (passed as f64, (n - passed) as f64, confidence.alpha() / 2.0);
    let lo = if passed == 0 {
        0.0
    } else {
        beta_quantile(x, failed + 1.0, tail)
    };
    let hi = if passed == n {
        1.0
    } else {
        beta_quantile(x + 1.0, failed, 1.0 - tail)
    };
    Interval::new(lo, hi)
}

/// The normal interval `p ± z sqrt(p(1-p)/n)`, cut to `[0, 1]`; empty of width at 0 and 1.
///
/// ```
/// use botsmith_eval::stats::{Confidence, wald};
/// assert_eq!(wald(10, 10, Confidence::P95)?.width(), 0.0);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// As [`wilson`].
pub fn wald(passed: u64, n: u64, confidence: Confidence) -> Result<Interval> {
    check("wald interval", passed, n)?;
    let (rate, n) = (passed as f64 / n as f64, n as f64);
    let half = confidence.z() * (rate * (1.0 - rate) / n).sqrt();
    Ok(Interval::new(rate - half, rate + half)?.clamped(0.0, 1.0))
}

/// [`wald`] after adding z²/2 passes and z²/2 failures, cut to `[0, 1]`.
///
/// Agresti & Coull 1998 (<https://doi.org/10.1080/00031305.1998.10480550>).
///
/// ```
/// use botsmith_eval::stats::{Confidence, agresti_coull, wilson};
/// let (ac, w) = (agresti_coull(7, 10, Confidence::P95)?, wilson(7, 10, Confidence::P95)?);
/// assert!(ac.lo() < w.lo() && w.hi() < ac.hi(), "it always holds Wilson's");
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// As [`wilson`].
pub fn agresti_coull(passed: u64, n: u64, confidence: Confidence) -> Result<Interval> {
    check("agresti-coull interval", passed, n)?;
    let z = confidence.z();
    let n = n as f64 + z * z;
    let rate = (passed as f64 + z * z / 2.0) / n;
    let half = z * (rate * (1.0 - rate) / n).sqrt();
    Ok(Interval::new(rate - half, rate + half)?.clamped(0.0, 1.0))
}

/// The equal-tailed interval of Beta(x + 1/2, n - x + 1/2), the posterior under Jeffreys' prior.
///
/// At no passes and at all passes the ends are the quantiles too (they are not moved to 0 and 1),
/// so that there the interval does not hold the rate itself.
///
/// ```
/// use botsmith_eval::stats::{Confidence, jeffreys};
/// let interval = jeffreys(7, 10, Confidence::P95)?;
/// assert_eq!(format!("{interval}"), "[0.394, 0.907]");
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// As [`wilson`].
pub fn jeffreys(passed: u64, n: u64, confidence: Confidence) -> Result<Interval> {
    check("jeffreys interval", passed, n)?;
    let (a, b) = (passed as f64 + 0.5, (n - passed) as f64 + 0.5);
    let tail = confidence.alpha() / 2.0;
    Interval::new(beta_quantile(a, b, tail), beta_quantile(a, b, 1.0 - tail))
}
