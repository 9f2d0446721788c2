//! How many cases to tell two bots apart by their pass rates: exact power of McNemar's exact test.
//!
//! Of n cases, the number of discordant ones is Binomial(n, discordance); of those, the number that
//! b wins is Binomial(m, q) with `q = (discordance + difference) / (2 discordance)`. Power is the
//! chance, over both, that the exact test rejects; nothing is simulated or approximated. (A
//! two-sided test counts rejections either way.) Duffy 1984,
//! Biometrics 40; Connor 1987 (<https://doi.org/10.2307/2531961>) for the
//! normal formula that starts the search.
//!
//! The test is discrete, so power rises with n in a saw-tooth: one more case can lower it. "Needed"
//! means: the power is reached at that n and at every larger one.

mod tails;

use super::special::{binomial_pmf, normal_quantile};
use super::{Result, Side, fail, open_share};
use tails::Tails;

/// The most cases that are searched; wishes beyond are refused.
const MOST_CASES: u64 = 10_000_000;

/// How far apart two bots are on the same cases: the difference of their pass rates and the share
/// of cases that only one of them passes.
///
/// ```
/// use botsmith_eval::stats::{PairedRates, Side};
/// // 15 % of the cases gained, 5 % lost.
/// let rates = PairedRates::new(0.10, 0.20)?;
/// let n = rates.cases_needed(0.05, 0.8, Side::TwoSided)?;
/// assert!(rates.power(n, 0.05, Side::TwoSided)? >= 0.8);
/// assert!(rates.power(n - 1, 0.05, Side::TwoSided)? < 0.8);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedRates {
    difference: f64,
    discordance: f64,
}

impl PairedRates {
    /// `difference`: the pass rate of b less that of a, in `[-1, 1]`. `discordance`: the share of
    /// cases that exactly one of them passes, in `(0, 1]` and at least `|difference|`.
    ///
    /// # Errors
    /// Values outside these ranges.
    pub fn new(difference: f64, discordance: f64) -> Result<Self> {
        if !(discordance > 0.0 && discordance <= 1.0) {
            return fail(
                "power",
                format!("discordance is {discordance}; it has to be above 0 and at most 1"),
            );
        }
        // Rates such as 0.15 and 0.05 may leave the last digit above.
        let most = discordance * (1.0 + 1e-12);
        if difference.is_nan() || difference.abs() > most {
            return fail(
                "power",
                format!(
                    "a difference of {difference} needs at least as much discordance, not {discordance}"
                ),
            );
        }
        Ok(Self {
            difference: difference.clamp(-discordance, discordance),
            discordance,
        })
    }

    /// From two pass rates, with passes taken as independent between the bots:
    /// `discordance = a (1 - b) + b (1 - a)`. Bots on the same cases mostly agree more than that;
    /// then fewer cases are enough, and a measured discordance in [`PairedRates::new`] says so.
    ///
    /// # Errors
    /// A rate outside `[0, 1]`, or both 0 or both 1.
    pub fn independent(rate_a: f64, rate_b: f64) -> Result<Self> {
        for rate in [rate_a, rate_b] {
            if !(0.0..=1.0).contains(&rate) {
                return fail("power", format!("{rate} is not a rate between 0 and 1"));
            }
        }
        Self::new(
            rate_b - rate_a,
            rate_a * (1.0 - rate_b) + rate_b * (1.0 - rate_a),
        )
    }

    /// The pass rate of b less that of a.
    pub fn difference(self) -> f64 {
        self.difference
    }

    /// The share of cases that exactly one passes.
    pub fn discordance(self) -> f64 {
        self.discordance
    }

    /// The chance, in `[0, 1]`, that [`mcnemar_exact`](super::mcnemar_exact) on `n` cases gives
    /// `p <= alpha`.
    ///
    /// # Errors
    /// `alpha` not between 0 and 1.
    pub fn power(self, n: u64, alpha: f64, side: Side) -> Result<f64> {
        open_share("power", "alpha", alpha)?;
        Ok(self.power_at(n, alpha, side))
    }

    fn power_at(self, n: u64, alpha: f64, side: Side) -> f64 {
        let b_wins = f64::midpoint(1.0, self.difference / self.discordance);
        // Discordant counts beyond these bounds have a chance below 1e-17 together.
        let expected = n as f64 * self.discordance;
        let spread = (expected * (1.0 - self.discordance)).sqrt();
        let first = if self.discordance < 1.0 {
            (expected - 9.0 * spread).max(0.0).floor() as u64
        } else {
            n
        };
        let last = ((expected + 9.0 * spread).ceil() as u64 + 30).min(n);
        let odds = self.discordance / (1.0 - self.discordance);
        let mut chance = binomial_pmf(first, n, self.discordance);
        let mut tails = Tails::at(first, side.tail(alpha), b_wins);
        let mut power = 0.0;
        for m in first..=last {
            power += chance * tails.rejects(side);
            if m < last {
                chance *= odds * (n - m) as f64 / (m + 1) as f64;
                tails.step();
            }
        }
        power.clamp(0.0, 1.0)
    }

    /// The smallest number of cases from which on the test has this `power`: it is reached there
    /// and at every larger number (looked at over the whole saw-tooth around the answer).
    ///
    /// # Errors
    /// `alpha` or `power` not between 0 and 1, `power` not above `alpha`, a difference of 0 or
    /// against `side`, or more than 10 million cases.
    pub fn cases_needed(self, alpha: f64, power: f64, side: Side) -> Result<u64> {
        open_share("cases needed", "alpha", alpha)?;
        open_share("cases needed", "power", power)?;
        if power <= alpha {
            return fail(
                "cases needed",
                format!("power {power} is not above alpha {alpha}"),
            );
        }
        let wrong_way = match side {
            Side::TwoSided => self.difference == 0.0,
            Side::Greater => self.difference <= 0.0,
            Side::Less => self.difference >= 0.0,
        };
        if wrong_way {
            return fail(
                "cases needed",
                format!(
                    "a difference of {} is nothing that this side of the test can find",
                    self.difference
                ),
            );
        }
        let d = self.difference.abs();
        let guess = {
            let z_alpha = -normal_quantile(side.tail(alpha));
            let z_power = normal_quantile(power);
            let root = z_alpha * self.discordance.sqrt()
                + z_power * (self.discordance - d * d).max(0.0).sqrt();
            root * root / (d * d)
        };
        if guess.is_nan() || guess > MOST_CASES as f64 {
            return fail(
                "cases needed",
                format!("a difference of {d} needs more than {MOST_CASES} cases"),
            );
        }
        let enough = |n: u64| self.power_at(n, alpha, side) >= power;
        let mut hi = (guess.max(1.0)) as u64;
        let mut lo = 0;
        while !enough(hi) {
            lo = hi;
            hi += hi / 4 + 1;
        }
        while hi - lo > 1 {
            let middle = u64::midpoint(lo, hi);
            if enough(middle) {
                hi = middle;
            } else {
                lo = middle;
            }
        }
        // The halving may have stopped on any tooth. A tooth is about two discordant cases long;
        // walk down over a good many from above, to the last number that is not enough.
        let teeth = 64 + (12.0 / self.discordance).ceil() as u64;
        let mut n = hi + teeth;
        while !enough(n) {
            n += teeth;
        }
        while n > 1 && enough(n - 1) {
            n -= 1;
        }
        Ok(n)
    }
}

/// The smallest difference of pass rates that `n` cases show with this `power`, in `(0, 1]`; for
/// [`Side::Less`] it is the size of the drop. `None` when even a difference as large as the
/// `discordance` is not found often enough: `n` is too small.
///
/// ```
/// use botsmith_eval::stats::{Side, detectable_difference};
/// let d = detectable_difference(200, 0.2, 0.05, 0.8, Side::TwoSided)?.expect("200 is enough");
/// assert!(0.08 < d && d < 0.10);
/// assert_eq!(detectable_difference(10, 0.2, 0.05, 0.8, Side::TwoSided)?, None);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// `alpha`, `power` or `discordance` outside their ranges.
pub fn detectable_difference(
    n: u64,
    discordance: f64,
    alpha: f64,
    power: f64,
    side: Side,
) -> Result<Option<f64>> {
    open_share("detectable difference", "alpha", alpha)?;
    open_share("detectable difference", "power", power)?;
    PairedRates::new(0.0, discordance)?;
    let sign = if side == Side::Less { -1.0 } else { 1.0 };
    let enough = |difference: f64| {
        let rates = PairedRates {
            difference: sign * difference,
            discordance,
        };
        rates.power_at(n, alpha, side) >= power
    };
    if !enough(discordance) {
        return Ok(None);
    }
    let (mut lo, mut hi) = (0.0, discordance);
    while hi - lo > 1e-9 {
        let middle = f64::midpoint(lo, hi);
        if enough(middle) {
            hi = middle;
        } else {
            lo = middle;
        }
    }
    Ok(Some(hi))
}
