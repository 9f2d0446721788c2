//! Two bots, each passing or failing the same cases: the table of pairs, McNemar's tests, and
//! Newcombe's interval for the difference of the pass rates.
//!
//! Only the discordant pairs (one passed, the other failed) can tell the bots apart. McNemar 1947
//! (<https://doi.org/10.1007/BF02295996>); Newcombe 1998, "Improved confidence intervals for the
//! difference between binomial proportions based on paired data", method 10
//! (<https://doi.org/10.1002/(SICI)1097-0258(19981130)17:22%3C2635::AID-SIM954%3E3.0.CO;2-C>).

use serde::{Deserialize, Serialize};

use super::proportion::wilson;
use super::special::{binomial_half_two_sided, chi_square_1_upper, coin_cdf};
use super::{Confidence, Interval, Result, Side, Test, TestResult, fail, same_length};

/// How often both, one or none of two bots passed the same case.
///
/// ```
/// use botsmith_eval::stats::{Pairs, Side, mcnemar_exact};
/// let pairs = Pairs { both: 30, only_a: 5, only_b: 12, neither: 53 };
/// assert_eq!(pairs.difference()?, 0.07);
/// assert!(mcnemar_exact(&pairs, Side::TwoSided).p > 0.14, "too few discordant cases to tell");
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pairs {
    /// Cases that a and b passed.
    pub both: u64,
    /// Cases that only a passed.
    pub only_a: u64,
    /// Cases that only b passed.
    pub only_b: u64,
    /// Cases that neither passed.
    pub neither: u64,
}

impl Pairs {
    /// Counts the pairs of two lists in the same order of cases.
    ///
    /// # Errors
    /// Lists of different lengths.
    pub fn count(a: &[bool], b: &[bool]) -> Result<Self> {
        same_length(
            "pairs",
            ("verdicts of a", a.len()),
            ("verdicts of b", b.len()),
        )?;
        let mut pairs = Self::default();
        for verdicts in a.iter().zip(b) {
            match verdicts {
                (true, true) => pairs.both += 1,
                (true, false) => pairs.only_a += 1,
                (false, true) => pairs.only_b += 1,
                (false, false) => pairs.neither += 1,
            }
        }
        Ok(pairs)
    }

    /// The number of cases.
    pub fn n(&self) -> u64 {
        self.both + self.only_a + self.only_b + self.neither
    }

    /// The number of cases that one passed and the other failed.
    pub fn discordant(&self) -> u64 {
        self.only_a + self.only_b
    }

    /// The pass rate of b less that of a, in `[-1, 1]`.
    ///
    /// # Errors
    /// No cases.
    pub fn difference(&self) -> Result<f64> {
        match self.n() {
            0 => fail("difference of pass rates", "there are no cases (n is 0)"),
            n => Ok((self.only_b as f64 - self.only_a as f64) / n as f64),
        }
    }
}

/// McNemar's exact test: whether the discordant pairs fall one way more often than a fair coin.
///
/// Two-sided: twice the smaller tail of Binomial(discordant, 1/2), at most 1. The statistic is the
/// smaller of `only_a` and `only_b` (two-sided), or `only_b`. No discordant pairs give p = 1.
///
/// ```
/// use botsmith_eval::stats::{Pairs, Side, mcnemar_exact};
/// let pairs = Pairs { both: 7, only_a: 0, only_b: 9, neither: 3 };
/// assert_eq!(mcnemar_exact(&pairs, Side::TwoSided).p, 0.00390625);
/// assert_eq!(mcnemar_exact(&pairs, Side::Greater).p, 0.001953125);
/// ```
pub fn mcnemar_exact(pairs: &Pairs, side: Side) -> TestResult {
    let (a, b, m) = (pairs.only_a, pairs.only_b, pairs.discordant());
    let (statistic, p) = match side {
        Side::TwoSided => (a.min(b), binomial_half_two_sided(a, m)),
        // P(X >= b) = P(X <= m - b) for a fair coin.
        Side::Greater => (b, coin_cdf(a, m)),
        Side::Less => (b, coin_cdf(b, m)),
    };
    TestResult {
        test: Test::McnemarExact,
        statistic: statistic as f64,
        p: p.min(1.0),
        n: pairs.n() as usize,
    }
}

/// McNemar's chi-square test, two-sided: `(b - c)² / (b + c)` with one degree of freedom;
/// `corrected` takes 1 from `|b - c|` first (also where it is 0, as the common tools do). For large
/// counts; [`mcnemar_exact`] is as fast and always valid.
///
/// ```
/// use botsmith_eval::stats::{Pairs, mcnemar};
/// let pairs = Pairs { both: 500, only_a: 40, only_b: 65, neither: 395 };
/// assert!((mcnemar(&pairs, false)?.statistic - 5.952).abs() < 1e-3);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// No discordant pairs: the statistic divides by their number.
pub fn mcnemar(pairs: &Pairs, corrected: bool) -> Result<TestResult> {
    if pairs.discordant() == 0 {
        return fail(
            "mcnemar chi-square",
            "there are no discordant pairs to divide by; the exact test gives p = 1",
        );
    }
    let apart = pairs.only_a.abs_diff(pairs.only_b) as f64;
    let apart = if corrected { apart - 1.0 } else { apart };
    let statistic = apart * apart / pairs.discordant() as f64;
    Ok(TestResult {
        test: if corrected {
            Test::McnemarCorrected
        } else {
            Test::Mcnemar
        },
        statistic,
        p: chi_square_1_upper(statistic),
        n: pairs.n() as usize,
    })
}

/// The correlation of the two verdicts, drawn towards 0 by Newcombe's continuity correction.
fn corrected_phi(pairs: &Pairs) -> f64 {
    let [both, only_a, only_b, neither] =
        [pairs.both, pairs.only_a, pairs.only_b, pairs.neither].map(|count| count as f64);
    let margins = ((both + only_a) * (only_b + neither)) * ((both + only_b) * (only_a + neither));
    if margins == 0.0 {
        return 0.0;
    }
    let product = both * neither - only_a * only_b;
    let product = if product > 0.0 {
        (product - pairs.n() as f64 / 2.0).max(0.0)
    } else {
        product
    };
    product / margins.sqrt()
}

/// Newcombe's interval (method 10) for the pass rate of b less that of a, within `[-1, 1]`:
/// two Wilson intervals joined, with the correlation of the pairs taken into account.
///
/// ```
/// use botsmith_eval::stats::{Confidence, Pairs, newcombe};
/// let pairs = Pairs { both: 30, only_a: 5, only_b: 12, neither: 53 };
/// let interval = newcombe(&pairs, Confidence::P95)?;
/// assert!(interval.contains(0.07) && interval.contains(0.0));
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// No cases.
pub fn newcombe(pairs: &Pairs, confidence: Confidence) -> Result<Interval> {
    let n = pairs.n();
    if n == 0 {
        return fail("newcombe interval", "there are no cases (n is 0)");
    }
    let (passed_a, passed_b) = (pairs.both + pairs.only_a, pairs.both + pairs.only_b);
    let (rate_a, rate_b) = (passed_a as f64 / n as f64, passed_b as f64 / n as f64);
    let (a, b) = (
        wilson(passed_a, n, confidence)?,
        wilson(passed_b, n, confidence)?,
    );
    let phi = corrected_phi(pairs);
    let join = |x: f64, y: f64| (x * x - 2.0 * phi * x * y + y * y).max(0.0).sqrt();
    let difference = pairs.difference()?;
    let lo = difference - join(rate_b - b.lo(), a.hi() - rate_a);
    let hi = difference + join(b.hi() - rate_b, rate_a - a.lo());
    Ok(Interval::new(lo, hi)?.clamped(-1.0, 1.0))
}
