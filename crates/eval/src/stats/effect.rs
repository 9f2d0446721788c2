//! How large a difference is, apart from whether it is real.
//!
//! Sources: Cohen 1988, "Statistical power analysis for the behavioral sciences" (d, h); Cliff 1993
//! (<https://doi.org/10.1037/0033-2909.114.3.494>); Grissom & Kim 2012, "Effect sizes for
//! research" (probability of superiority).

use super::mean::mean_of;
use super::special::asin;
use super::{Pairs, Result, check, fail, sd};

/// Cohen's d of paired differences (`d_z`): their mean over their standard deviation. About 0.2 is
/// small, 0.5 medium, 0.8 large. All differences 0 give 0.
///
/// ```
/// assert_eq!(botsmith_eval::stats::cohens_dz(&[0.0, 1.0, 2.0])?, 1.0);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// Fewer than two differences, one that is not finite, or all equal and not 0: d is infinite.
pub fn cohens_dz(differences: &[f64]) -> Result<f64> {
    check("cohen's d", differences, 2)?;
    let mean = mean_of(differences);
    let spread = sd(differences)?;
    if spread > 0.0 {
        return Ok(mean / spread);
    }
    if mean == 0.0 {
        return Ok(0.0);
    }
    fail(
        "cohen's d",
        format!("all differences are {mean}: d is infinite"),
    )
}

/// Cohen's h of two pass rates, `2 asin sqrt(b) - 2 asin sqrt(a)`, in `[-π, π]`: the same h is as
/// hard to detect near 0 and 1 as in the middle.
///
/// ```
/// let h = botsmith_eval::stats::cohens_h(0.90, 0.95)?;
/// assert!((h - 0.1924).abs() < 1e-4);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// A rate outside `[0, 1]`.
pub fn cohens_h(rate_a: f64, rate_b: f64) -> Result<f64> {
    for rate in [rate_a, rate_b] {
        if !(0.0..=1.0).contains(&rate) {
            return fail("cohen's h", format!("{rate} is not a rate between 0 and 1"));
        }
    }
    Ok(2.0 * (asin(rate_b.sqrt()) - asin(rate_a.sqrt())))
}

/// The odds that a discordant pair goes to b, `only_b / only_a`; above 1, b is better. `None` when
/// a alone passed nothing: the ratio has no value then.
///
/// ```
/// use botsmith_eval::stats::{Pairs, odds_ratio};
/// assert_eq!(odds_ratio(&Pairs { both: 5, only_a: 4, only_b: 10, neither: 1 }), Some(2.5));
/// assert_eq!(odds_ratio(&Pairs { both: 5, only_a: 0, only_b: 10, neither: 1 }), None);
/// ```
pub fn odds_ratio(pairs: &Pairs) -> Option<f64> {
    (pairs.only_a > 0).then(|| pairs.only_b as f64 / pairs.only_a as f64)
}

/// The share of cases on which b scores higher, ties counting half: in `[0, 1]`, 0.5 when alike.
///
/// ```
/// assert_eq!(botsmith_eval::stats::superiority(&[0.2, 0.0, -0.1, 0.5])?, 0.625);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// No differences, or one that is not finite.
pub fn superiority(differences: &[f64]) -> Result<f64> {
    check("probability of superiority", differences, 1)?;
    Ok(f64::midpoint(1.0, dominance(differences)?))
}

/// Cliff's delta for pairs: the share of cases on which b scores higher less the share on which a
/// does, in `[-1, 1]`.
///
/// ```
/// assert_eq!(botsmith_eval::stats::dominance(&[0.2, 0.0, -0.1, 0.5])?, 0.25);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// As [`superiority`].
pub fn dominance(differences: &[f64]) -> Result<f64> {
    check("paired dominance", differences, 1)?;
    let above = differences.iter().filter(|&&d| d > 0.0).count() as f64;
    let below = differences.iter().filter(|&&d| d < 0.0).count() as f64;
    Ok((above - below) / differences.len() as f64)
}

/// Cliff's delta of two groups that are not paired: how much likelier a value of b is above one of
/// a than below it, in `[-1, 1]`. O(n log n).
///
/// ```
/// assert_eq!(botsmith_eval::stats::cliffs_delta(&[1.0, 2.0], &[2.0, 3.0, 4.0])?, 5.0 / 6.0);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// A group without values, or a value that is not finite.
pub fn cliffs_delta(a: &[f64], b: &[f64]) -> Result<f64> {
    check("cliff's delta", a, 1)?;
    check("cliff's delta", b, 1)?;
    let mut sorted = a.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let balance: f64 = b
        .iter()
        .map(|value| {
            let below = sorted.partition_point(|x| x < value);
            let above = sorted.len() - sorted.partition_point(|x| x <= value);
            below as f64 - above as f64
        })
        .sum();
    Ok(balance / (a.len() as f64 * b.len() as f64))
}
