//! What another policy would have earned: rewards with the propensities of their draws in,
//! estimates with intervals out. Streaming: memory does not grow with the rewards.
//!
//! With `w = policy(version) / propensity` of each reward `r`:
//!
//! - inverse propensities (IPS): the mean of `w r`; unbiased
//! - self-normalised (SNIPS): the sum of `w r` over the sum of `w`; a little biased, steadier
//! - doubly robust (DR): the mean of `model(policy) + w (r - model(version))`, where the model is
//!   each version's mean over earlier rewards only; unbiased, and narrow where the model is good
//!
//! Dudík et al. 2014, "Doubly robust policy evaluation and optimization"
//! (<https://doi.org/10.1214/14-STS500>); Swaminathan & Joachims 2015 for SNIPS. Intervals are
//! Student's t over the terms, by linearisation for SNIPS. The draws must have been made with the
//! propensities noted, and whether a reward came must not depend on what it is.

use serde::{Deserialize, Serialize};

use crate::stats::special::t_quantile;
use crate::stats::{Confidence, Estimate, Interval, Method};
use crate::{Error, Result};

/// One reward, and how its version came to be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Logged {
    /// The version, by its place.
    pub version: usize,
    /// The probability with which it was drawn then, above 0.
    pub propensity: f64,
    /// What came of it.
    pub reward: f64,
}

/// What would have been done instead: the probability of each version.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy(Vec<f64>);

impl Policy {
    /// Every version with a probability; they add up to 1.
    ///
    /// # Errors
    /// [`Error::Invalid`] if they do not.
    pub fn new(probabilities: Vec<f64>) -> Result<Self> {
        let total: f64 = probabilities.iter().sum();
        let sound = probabilities.iter().all(|p| (0.0..=1.0).contains(p));
        if sound && (total - 1.0).abs() < 1e-9 {
            Ok(Self(probabilities))
        } else {
            Err(Error::Invalid(format!(
                "a policy of {probabilities:?}: probabilities that add up to 1 are wanted, they make {total}"
            )))
        }
    }

    /// Always this one of so many versions.
    ///
    /// # Panics
    /// If there is no such version.
    pub fn always(version: usize, versions: usize) -> Self {
        let mut probabilities = vec![0.0; versions];
        probabilities[version] = 1.0;
        Self(probabilities)
    }
}

/// Sums of terms, for their mean and its interval.
#[derive(Clone, Copy, Debug, Default)]
struct Terms {
    n: f64,
    mean: f64,
    squares: f64,
}

impl Terms {
    /// Welford's update: no digits are lost to a large mean.
    fn add(&mut self, term: f64) {
        self.n += 1.0;
        let off = term - self.mean;
        self.mean += off / self.n;
        self.squares += off * (term - self.mean);
    }

    fn estimate(&self, confidence: Confidence) -> Result<Estimate> {
        estimate(
            self.mean,
            self.n,
            self.squares / (self.n - 1.0) / self.n,
            confidence,
        )
    }
}

/// A mean with the interval that its squared standard error gives.
fn estimate(value: f64, n: f64, square: f64, confidence: Confidence) -> Result<Estimate> {
    let interval = if n < 2.0 {
        None
    } else {
        let quantile = t_quantile(1.0 - confidence.alpha() / 2.0, n - 1.0);
        let half = quantile * square.max(0.0).sqrt();
        Some(Interval::new(value - half, value + half)?)
    };
    Ok(Estimate {
        value,
        n: n as usize,
        interval,
        method: Method::StudentT,
    })
}

/// Estimates of what a policy would have earned.
///
/// ```
/// use botsmith_eval::online::{Logged, OffPolicy, Policy};
/// use botsmith_eval::stats::Confidence;
///
/// let mut earned = OffPolicy::new(Policy::always(1, 2));
/// for (version, reward) in [(0, 0.0), (1, 1.0), (1, 1.0), (0, 1.0), (1, 0.0)] {
///     earned.add(Logged { version, propensity: 0.5, reward })?;
/// }
/// assert_eq!(earned.ips(Confidence::P95)?.value, 0.8);
/// assert!((earned.snips(Confidence::P95)?.value - 2.0 / 3.0).abs() < 1e-12);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct OffPolicy {
    policy: Policy,
    ips: Terms,
    robust: Terms,
    /// Sums of w, w r, w², w² r, w² r².
    weighted: [f64; 5],
    /// Sum and count of each version's rewards so far.
    model: Vec<(f64, f64)>,
}

impl OffPolicy {
    /// Nothing seen yet.
    pub fn new(policy: Policy) -> Self {
        Self {
            model: vec![(0.0, 0.0); policy.0.len()],
            policy,
            ips: Terms::default(),
            robust: Terms::default(),
            weighted: [0.0; 5],
        }
    }

    /// Takes the next reward in, in the order in which they came.
    ///
    /// # Errors
    /// [`Error::Invalid`] where there is no such version, or a propensity is not above 0 and at
    /// most 1.
    pub fn add(&mut self, logged: Logged) -> Result<()> {
        let Logged {
            version,
            propensity,
            reward,
        } = logged;
        let versions = self.policy.0.len();
        if version >= versions || !(propensity > 0.0 && propensity <= 1.0) || !reward.is_finite() {
            return Err(Error::Invalid(format!(
                "{logged:?}: one of {versions} versions, a propensity above 0 and at most 1 and a finite reward are wanted"
            )));
        }
        let w = self.policy.0[version] / propensity;
        self.ips.add(w * reward);
        let terms = [
            w,
            w * reward,
            w * w,
            w * w * reward,
            w * w * reward * reward,
        ];
        for (sum, term) in self.weighted.iter_mut().zip(terms) {
            *sum += term;
        }
        let all = self
            .model
            .iter()
            .fold((0.0, 0.0), |all, of| (all.0 + of.0, all.1 + of.1));
        let overall = if all.1 > 0.0 { all.0 / all.1 } else { 0.0 };
        let guess = |of: &(f64, f64)| if of.1 > 0.0 { of.0 / of.1 } else { overall };
        let of_policy: f64 = self
            .policy
            .0
            .iter()
            .zip(&self.model)
            .map(|(p, of)| p * guess(of))
            .sum();
        self.robust
            .add(of_policy + w * (reward - guess(&self.model[version])));
        self.model[version].0 += reward;
        self.model[version].1 += 1.0;
        Ok(())
    }

    /// How many rewards were taken in.
    pub fn n(&self) -> u64 {
        self.ips.n as u64
    }

    /// By inverse propensities.
    ///
    /// # Errors
    /// [`Error::Statistic`] if the interval is not finite.
    pub fn ips(&self, confidence: Confidence) -> Result<Estimate> {
        self.ips.estimate(confidence)
    }

    /// Self-normalised. Without any draw of the policy's versions it has no value.
    ///
    /// # Errors
    /// [`Error::Statistic`] then.
    pub fn snips(&self, confidence: Confidence) -> Result<Estimate> {
        let [w, wr, ww, wwr, wwrr] = self.weighted;
        if w <= 0.0 {
            return Err(Error::Statistic {
                statistic: "self-normalised estimate",
                reason: "no version of this policy was drawn and rewarded".into(),
            });
        }
        let value = wr / w;
        let squares = wwrr - 2.0 * value * wwr + value * value * ww;
        estimate(value, self.ips.n, squares / (w * w), confidence)
    }

    /// Doubly robust.
    ///
    /// # Errors
    /// [`Error::Statistic`] if the interval is not finite.
    pub fn doubly_robust(&self, confidence: Confidence) -> Result<Estimate> {
        self.robust.estimate(confidence)
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::super::draws::uniform;
    use super::*;

    const RATES: [f64; 3] = [0.2, 0.5, 0.7];

    fn logs(seed: u64, n: usize) -> Vec<Logged> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..n)
            .map(|at| {
                // The policy that logged moves from one version to another.
                let first = 0.1 + 0.7 * at as f64 / n as f64;
                let propensities = [first, 0.9 - first, 0.1];
                let u = uniform(&mut rng);
                let version = usize::from(u >= first) + usize::from(u >= 0.9);
                let reward = f64::from(u8::from(uniform(&mut rng) < RATES[version]));
                Logged {
                    version,
                    propensity: propensities[version],
                    reward,
                }
            })
            .collect()
    }

    #[test]
    fn estimates_lie_around_the_truth_and_their_intervals_hold_it() {
        type Estimator = fn(&OffPolicy, Confidence) -> Result<Estimate>;
        let estimators: [(&str, Estimator); 3] = [
            ("ips", OffPolicy::ips),
            ("snips", OffPolicy::snips),
            ("dr", OffPolicy::doubly_robust),
        ];
        let policy = Policy::new(vec![0.0, 0.25, 0.75]).unwrap();
        let truth = 0.25 * 0.5 + 0.75 * 0.7;
        let mut widths = Vec::new();
        for (name, estimator) in estimators {
            let (mut sum, mut square, mut held, mut width) = (0.0, 0.0, 0, 0.0);
            let seeds = 200;
            for seed in 0..seeds {
                let mut earned = OffPolicy::new(policy.clone());
                for logged in logs(seed, 400) {
                    earned.add(logged).unwrap();
                }
                let found = estimator(&earned, Confidence::P95).unwrap();
                let interval = found.interval.unwrap();
                sum += found.value;
                square += found.value * found.value;
                held += u32::from(interval.contains(truth));
                width += interval.width();
            }
            let n = seeds as f64;
            let error = ((square / n - (sum / n).powi(2)) / n).sqrt();
            // SNIPS is biased by about 1 / n of its scatter: far inside of this.
            assert!((sum / n - truth).abs() < 3.0 * error, "{name}: {}", sum / n);
            assert!(
                held >= 180,
                "{name}: {held} of 200 intervals hold the truth"
            );
            widths.push(width);
        }
        assert!(widths[1] < widths[0] && widths[2] < widths[0], "{widths:?}");
    }

    #[test]
    fn what_cannot_have_been_logged_is_refused() {
        let mut earned = OffPolicy::new(Policy::always(0, 2));
        for (version, propensity, reward) in [
            (2, 0.5, 1.0),
            (0, 0.0, 1.0),
            (0, 1.5, 1.0),
            (0, 0.5, f64::NAN),
        ] {
            assert!(
                earned
                    .add(Logged {
                        version,
                        propensity,
                        reward
                    })
                    .is_err()
            );
        }
        assert_eq!(earned.n(), 0);
        assert!(earned.snips(Confidence::P95).is_err());
        assert!(Policy::new(vec![0.5, 0.6]).is_err());
    }
}
