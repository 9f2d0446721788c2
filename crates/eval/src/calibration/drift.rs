//! Whether a judge still agrees with people as its calibration says: a bet against it.
//!
//! Newer labels in, one at a time; an e-value out. The bet is on "true agreement is at least the bound";
//! as long as that is so, no way of looking at the labels brings the stake to 100 with more than one chance
//! in a hundred (Ville's inequality; Waudby-Smith & Ramdas 2024, "Estimating means of bounded random
//! variables by betting", <https://doi.org/10.1093/jrsssb/qkad009>). The stake is spread over bets on drops
//! of three sizes, most of it on one that matters. Labels have to be newer than the calibration and drawn at
//! random, or with known chances and their weights; labels of one group count once, by their mean.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The stake that voids a calibration.
pub const VOID_AT: f64 = 100.0;
/// No calibration is voided on fewer newer labels.
pub const LEAST_LABELS: usize = 30;

/// How far below the bound each bet takes agreement to be, and its part of the stake.
const BETS: [(f64, f64); 3] = [(0.05, 0.05), (0.15, 0.9), (0.3, 0.05)];

/// A running bet against a calibration.
///
/// ```
/// use botsmith_eval::calibration::Drift;
/// let mut drift = Drift::new(0.8, 1.0)?;
/// for at in 0..200 {
///     drift.observe(if at % 10 < 5 { 1.0 } else { 0.0 }, 1.0)?;
/// }
/// assert!(drift.is_void(), "agreement of 50 % where 80 % were sure");
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// The agreement that is doubted, in `(0, 1)`.
    pub bound: f64,
    /// The greatest weight that a label may have.
    pub most_weight: f64,
    /// Newer labels.
    pub labels: usize,
    /// Sum of their weights.
    pub weight: f64,
    /// Weighted sum of their agreement.
    pub agreed: f64,
    /// The greatest e-value so far.
    pub peak: f64,
    /// With how many labels the calibration became void.
    pub void_after: Option<usize>,
    /// The natural logarithm of what each bet has made of its stake.
    wealth: [f64; 3],
}

impl Drift {
    /// A bet against a lower bound on agreement.
    ///
    /// Weights are one over the chance of being labelled, scaled so that their mean over the labels drawn is
    /// 1 (the mean chance over the chance); with a random share of at least a fifth none is above 5.
    ///
    /// # Errors
    /// A greatest weight below 1.
    pub fn new(bound: f64, most_weight: f64) -> Result<Self> {
        if !(most_weight >= 1.0 && most_weight.is_finite()) {
            return fail(format!(
                "the greatest weight is {most_weight}; at least 1 is wanted"
            ));
        }
        Ok(Self {
            // At the ends nothing is left to bet on.
            bound: bound.clamp(0.01, 0.99),
            most_weight,
            labels: 0,
            weight: 0.0,
            agreed: 0.0,
            peak: 1.0,
            void_after: None,
            wealth: [0.0; 3],
        })
    }

    /// Takes in one label: whether judge and person agree (1 or 0, or the mean of a group), and its weight.
    ///
    /// # Errors
    /// An agreement outside `[0, 1]`, or a weight not above 0 or above the greatest.
    pub fn observe(&mut self, agreement: f64, weight: f64) -> Result<()> {
        if !(0.0..=1.0).contains(&agreement) {
            return fail(format!(
                "an agreement is {agreement}; it has to be in [0, 1]"
            ));
        }
        if !(weight > 0.0 && weight <= self.most_weight) {
            return fail(format!(
                "a label's weight is {weight}; it has to be above 0 and at most {}",
                self.most_weight
            ));
        }
        let b = self.bound;
        for ((below, _), wealth) in BETS.iter().zip(&mut self.wealth) {
            let suspected = (b - below).max(b / 10.0);
            // The bet that grows fastest if agreement is what is suspected, kept from losing all on a label
            // of the greatest weight.
            let best = (b - suspected) / (b * (1.0 - b));
            let bet = best.min(0.95 / (self.most_weight * (1.0 - b)));
            *wealth += libm::log(1.0 + bet * weight * (b - agreement));
        }
        self.labels += 1;
        self.weight += weight;
        self.agreed += weight * agreement;
        self.peak = self.peak.max(self.e_value());
        if self.labels >= LEAST_LABELS && self.peak >= VOID_AT {
            self.void_after.get_or_insert(self.labels);
        }
        Ok(())
    }

    /// What the stake of 1 has become.
    pub fn e_value(&self) -> f64 {
        let parts = BETS.iter().zip(&self.wealth);
        parts
            .map(|((_, stake), wealth)| stake * libm::exp(*wealth))
            .sum()
    }

    /// Whether the calibration is void.
    pub fn is_void(&self) -> bool {
        self.void_after.is_some()
    }

    /// Agreement over the newer labels; `None` without any.
    pub fn agreement(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.agreed / self.weight)
    }
}

fn fail<T>(reason: String) -> Result<T> {
    Err(Error::Statistic {
        statistic: "drift",
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Labels that agree in the share given, evenly spread.
    fn fed(bound: f64, share: f64, labels: usize) -> Drift {
        let mut drift = Drift::new(bound, 1.0).unwrap();
        for at in 0..labels {
            let before = (at as f64 * share).floor();
            let agrees = ((at + 1) as f64 * share).floor() > before;
            drift.observe(f64::from(u8::from(agrees)), 1.0).unwrap();
        }
        drift
    }

    #[test]
    fn agreement_at_the_bound_loses_the_stake_and_a_drop_multiplies_it() {
        let steady = fed(0.8, 0.8, 500);
        assert!(!steady.is_void() && steady.e_value() < 1.0, "{steady:?}");
        let dropped = fed(0.8, 0.62, 150);
        assert!(
            dropped.is_void() && dropped.void_after.unwrap() > LEAST_LABELS,
            "{dropped:?}"
        );
        assert!((dropped.agreement().unwrap() - 0.62).abs() < 1e-9);
    }

    #[test]
    fn nothing_is_void_on_fewer_than_thirty_labels() {
        let drift = fed(0.95, 0.0, 29);
        assert!(drift.peak > VOID_AT && !drift.is_void());
        assert_eq!(fed(0.95, 0.0, 31).void_after, Some(30));
    }

    #[test]
    fn no_single_bet_gains_when_agreement_is_what_the_bound_says() {
        for bound in [0.3, 0.5, 0.8, 0.95] {
            for most in [1.0, 5.0] {
                for weight in [1.0, most] {
                    let mut up = Drift::new(bound, most).unwrap();
                    let mut down = up.clone();
                    up.observe(1.0, weight).unwrap();
                    down.observe(0.0, weight).unwrap();
                    let mean = bound * up.e_value() + (1.0 - bound) * down.e_value();
                    assert!(
                        mean <= 1.0 + 1e-12 && up.e_value() > 0.0,
                        "{bound} {most}: {mean}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_stored_bet_goes_on_where_it_stopped() {
        let drift = fed(0.8, 0.7, 60);
        let text = serde_json::to_string(&drift).unwrap();
        let mut back: Drift = serde_json::from_str(&text).unwrap();
        let mut same = drift.clone();
        back.observe(0.0, 1.0).unwrap();
        same.observe(0.0, 1.0).unwrap();
        assert!((back.e_value() - same.e_value()).abs() < 1e-9);
    }

    #[test]
    fn a_label_heavier_than_stated_is_refused() {
        let error = Drift::new(0.8, 2.0).unwrap().observe(1.0, 3.0).unwrap_err();
        assert!(error.to_string().contains("at most 2"), "{error}");
    }
}
