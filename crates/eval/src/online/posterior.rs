//! What is believed of a version's mean reward: a prior and its rewards in, a distribution out,
//! with draws, probabilities and where it lies.
//!
//! Rewards of 0 and 1 give a beta distribution; graded rewards a normal one where their variance is
//! stated, Student's t where it is learned too (a normal-inverse-gamma prior; Gelman et al., Bayesian
//! Data Analysis, 3rd ed., 3.3 and 2.5). Rewards are taken as unchanging; a window forgets.

use rand_chacha::rand_core::Rng;
use serde::{Deserialize, Serialize};

use super::bets::Moments;
use super::draws;
use crate::stats::special::{beta_cdf, normal_cdf, t_upper};
use crate::{Error, Result};

/// What rewards are like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Rewards {
    /// 0 or 1.
    #[default]
    PassFail,
    /// Any number, scattered normally around the version's mean.
    Graded {
        /// The variance within a version, where it is known; else it is learned, for each version
        /// apart.
        variance: Option<f64>,
    },
}

impl Rewards {
    /// Whether this can be a reward.
    ///
    /// # Errors
    /// [`Error::Invalid`] says what is wanted.
    pub fn check(self, reward: f64) -> Result<()> {
        let wanted = match self {
            Self::PassFail if reward == 0.0 || reward == 1.0 => return Ok(()),
            Self::PassFail => "0 or 1 is wanted; a bandit of graded rewards takes other numbers",
            Self::Graded { .. } if reward.is_finite() => return Ok(()),
            Self::Graded { .. } => "a finite number is wanted",
        };
        Err(Error::Invalid(format!("a reward of {reward}: {wanted}")))
    }
}

/// What is believed before the first reward.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// The mean. Default: 0.5.
    pub mean: f64,
    /// How many rewards that belief is worth. Default: 2 for 0 and 1, which makes every pass rate
    /// as likely; 1 for graded ones.
    pub weight: f64,
    /// The variance of graded rewards, where it is learned; worth two rewards. Default: 0.1.
    pub variance: f64,
}

impl Prior {
    /// The default for such rewards.
    pub fn of(rewards: Rewards) -> Self {
        Self {
            mean: 0.5,
            weight: match rewards {
                Rewards::PassFail => 2.0,
                Rewards::Graded { .. } => 1.0,
            },
            variance: 0.1,
        }
    }

    pub(super) fn check(&self, rewards: Rewards) -> Result<()> {
        let share = self.mean > 0.0 && self.mean < 1.0;
        let mean = match rewards {
            Rewards::PassFail => share,
            Rewards::Graded { variance } => {
                self.mean.is_finite() && variance.is_none_or(|v| v > 0.0 && v.is_finite())
            }
        };
        let positive = |x: f64| x > 0.0 && x.is_finite();
        if mean && positive(self.weight) && positive(self.variance) {
            Ok(())
        } else {
            Err(Error::Invalid(format!(
                "a prior of {self:?}: weight and variances above 0 are wanted, and a mean between 0 and 1 for rewards of 0 and 1"
            )))
        }
    }

    /// What is believed after these rewards.
    pub fn after(&self, rewards: Rewards, seen: &Moments) -> Posterior {
        let n = seen.n as f64;
        let weight = self.weight + n;
        let mean = (self.weight * self.mean + seen.sum) / weight;
        match rewards {
            Rewards::PassFail => Posterior::Beta {
                a: self.weight * self.mean + seen.sum,
                b: self.weight * (1.0 - self.mean) + (n - seen.sum),
            },
            Rewards::Graded { variance: Some(v) } => Posterior::Normal {
                mean,
                sd: (v / weight).sqrt(),
            },
            Rewards::Graded { variance: None } => {
                let off = seen.mean().map_or(0.0, |found| found - self.mean);
                let squares =
                    2.0 * self.variance + seen.spread() + self.weight * n / weight * off * off;
                let df = 2.0 + n;
                Posterior::Student {
                    mean,
                    scale: (squares / df / weight).sqrt(),
                    df,
                }
            }
        }
    }
}

/// What is believed of a mean.
///
/// ```
/// use botsmith_eval::online::{Moments, Prior, Rewards};
///
/// let mut seen = Moments::default();
/// for reward in [1.0, 1.0, 0.0] {
///     seen.add(reward);
/// }
/// let believed = Prior::of(Rewards::PassFail).after(Rewards::PassFail, &seen);
/// assert_eq!(believed.mean(), 0.6);
/// assert!((believed.below(0.5) - 0.3125).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Posterior {
    /// Of a pass rate.
    Beta {
        /// Passes and what the prior adds.
        a: f64,
        /// Failures and what the prior adds.
        b: f64,
    },
    /// Of a mean with known scatter.
    Normal {
        /// Its mean.
        mean: f64,
        /// Its standard deviation.
        sd: f64,
    },
    /// Of a mean whose scatter is learned too.
    Student {
        /// Its mean.
        mean: f64,
        /// Its scale.
        scale: f64,
        /// Its degrees of freedom.
        df: f64,
    },
}

impl Posterior {
    /// The expected mean.
    pub fn mean(&self) -> f64 {
        match *self {
            Self::Beta { a, b } => a / (a + b),
            Self::Normal { mean, .. } | Self::Student { mean, .. } => mean,
        }
    }

    /// The probability that the mean is at most `x`.
    pub fn below(&self, x: f64) -> f64 {
        match *self {
            Self::Beta { a, b } => beta_cdf(a, b, x.clamp(0.0, 1.0)),
            Self::Normal { mean, sd } => normal_cdf((x - mean) / sd),
            Self::Student { mean, scale, df } => t_upper((mean - x) / scale, df),
        }
    }

    /// A mean drawn from it.
    pub fn draw(&self, rng: &mut impl Rng) -> f64 {
        match *self {
            Self::Beta { a, b } => draws::beta(rng, a, b),
            Self::Normal { mean, sd } => mean + sd * draws::normal(rng),
            Self::Student { mean, scale, df } => mean + scale * draws::student(rng, df),
        }
    }

    /// About how wide it is.
    pub(super) fn width(&self) -> f64 {
        match *self {
            Self::Beta { a, b } => (a * b / (a + b + 1.0)).sqrt() / (a + b),
            Self::Normal { sd, .. } => sd,
            Self::Student { scale, .. } => scale,
        }
    }

    /// How many widths from the mean its tails reach before what is beyond does not count.
    pub(super) fn reach(&self) -> f64 {
        match *self {
            // The tails of Student's t are heavy: at `df` 2 it takes 700 to leave 1e-6 outside.
            Self::Student { df, .. } => 8.0 + 700.0 * libm::exp(-(df - 2.0) / 4.0),
            _ => 8.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn draws_follow_the_distribution_that_probabilities_come_from() {
        let cases = [
            Posterior::Beta { a: 3.0, b: 9.0 },
            Posterior::Normal { mean: 0.4, sd: 0.1 },
            Posterior::Student {
                mean: 0.4,
                scale: 0.1,
                df: 5.0,
            },
        ];
        for posterior in cases {
            let mut rng = ChaCha8Rng::seed_from_u64(11);
            for x in [0.2, 0.3, 0.45] {
                let n = 20_000;
                let below = (0..n).filter(|_| posterior.draw(&mut rng) <= x).count();
                let p = posterior.below(x);
                let error = (p * (1.0 - p) / f64::from(n)).sqrt();
                let found = below as f64 / f64::from(n);
                assert!(
                    (found - p).abs() < 4.5 * error,
                    "{posterior:?} {x}: {found} {p}"
                );
            }
        }
    }

    #[test]
    fn learned_scatter_comes_near_the_scatter_of_the_rewards() {
        let graded = Rewards::Graded { variance: None };
        let mut seen = Moments::default();
        for at in 0..1000 {
            seen.add(if at % 2 == 0 { 0.4 } else { 0.8 });
        }
        let Posterior::Student { mean, scale, df } = Prior::of(graded).after(graded, &seen) else {
            panic!("a learned variance gives Student's t");
        };
        assert!((mean - 0.6).abs() < 1e-3);
        assert_eq!(df, 1002.0);
        assert!((scale * 1001.0_f64.sqrt() - 0.2).abs() < 0.002, "{scale}");
    }

    #[test]
    fn rewards_and_priors_that_make_no_sense_are_refused() {
        assert!(Rewards::PassFail.check(0.5).is_err());
        assert!(Rewards::Graded { variance: None }.check(0.5).is_ok());
        assert!(Rewards::Graded { variance: None }.check(f64::NAN).is_err());
        let prior = Prior {
            mean: 1.0,
            ..Prior::of(Rewards::PassFail)
        };
        assert!(prior.check(Rewards::PassFail).is_err());
        assert!(
            prior
                .check(Rewards::Graded {
                    variance: Some(0.1)
                })
                .is_ok()
        );
        assert!(
            prior
                .check(Rewards::Graded {
                    variance: Some(0.0)
                })
                .is_err()
        );
    }
}
