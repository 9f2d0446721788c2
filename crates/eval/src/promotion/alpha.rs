//! Alpha: what each look may spend, and that no look spends of another sum than the one that was stated.

use super::Look;
use crate::{Error, Result};

/// What look number `k`, from 1, may spend.
///
/// ```
/// use botsmith_eval::promotion::alpha_at;
/// assert_eq!(alpha_at(0.05, 1), 0.025);
/// let all: f64 = (1..100_000).map(|k| alpha_at(0.05, k)).sum();
/// assert!(all < 0.05 && all > 0.0499);
/// ```
pub fn alpha_at(alpha: f64, k: u32) -> f64 {
    let k = f64::from(k.max(1));
    alpha / (k * (k + 1.0))
}

/// What the first of these looks stated.
pub(super) fn stated(looks: &[Look]) -> Option<f64> {
    looks.first().map(|look| look.rules.alpha)
}

/// Whether an alpha is the one that was stated.
///
/// # Errors
/// It is another one.
pub(crate) fn holds(stated: Option<f64>, asked: f64) -> Result<()> {
    match stated {
        Some(stated) if (stated - asked).abs() > 1e-12 => Err(Error::Invalid(format!(
            "alpha is {asked}, and the first look at these gate cases stated {stated} for all looks there will ever \
             be: that holds; leave it out, or add fresh cases to the suite"
        ))),
        _ => Ok(()),
    }
}
