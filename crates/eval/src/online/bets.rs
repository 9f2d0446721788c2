//! Bets that one arm's outcomes are worse than the other's: outcomes of two versions in, the
//! evidence for a difference (an e-process) out.
//!
//! The outcomes, in `[0, 1]`, are taken in blocks of [`BLOCK`] in order of arrival, whatever their
//! arms. Before a block is opened a centre `m` is chosen from earlier blocks; each outcome `y` of
//! arm `g` then multiplies the wealth by `1 + b_g (y - m)`, where the bets of the two arms have
//! opposite signs and cancel over the block: `n_old b_old + n_new b_new = 0`. If both arms have the
//! mean `mu` in this block, the expected factor of the block is
//! `exp(sum of n_g ln(1 + b_g (mu - m))) <= exp(n ln(1 + 0)) = 1` by Jensen's inequality, and it
//! only falls when the arm that is bet against is better than that. So the wealth is a test
//! supermartingale for "the new version is not worse", whatever the means are and however they
//! change between blocks; by Ville's inequality it ever reaches 20 with probability at most 1/20,
//! at any look. Nothing is assumed about the share of the arms, only that the arm of a session does
//! not depend on what comes of it.
//!
//! Sources: the blocks and the cancelling null are those of Turner, Ly & Grünwald 2024, "Generic
//! E-variables for exact sequential k-sample tests that allow for optional stopping"
//! (<https://doi.org/10.1016/j.jspi.2023.106116>), written for 0/1; as linear bets they hold for
//! graded outcomes too, as in Waudby-Smith & Ramdas 2024, "Estimating means of bounded random
//! variables by betting" (<https://doi.org/10.1093/jrsssb/qkad009>). Chosen over weights by the
//! inverse of the share because outcomes may be missing for one version more often than for the
//! other, and over fixed pairs because nothing waits for a partner while the traffic changes.

use libm::{exp, log1p};
use serde::{Deserialize, Serialize};

/// How many outcomes are bet on at once. A block must hold both arms to tell anything: of what
/// single outcomes could tell at a known share, blocks of 20 keep 19 parts of 20.
pub(super) const BLOCK: usize = 20;

/// The evidence at which a bet is won: 1 / 0.05.
pub const THRESHOLD: f64 = 20.0;

/// The differences that the bets are made for, and the share of the wealth on each: most on 10
/// points, the harm that has to be seen soon.
const TARGETS: [(f64, f64); 3] = [(0.05, 0.15), (0.10, 0.7), (0.20, 0.15)];

/// No outcome may take more than this share of the wealth.
const MOST: f64 = 0.9;

/// Which of the two versions a session got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arm {
    /// The version that was there before.
    Old,
    /// The version on trial.
    New,
}

/// Count, sum and sum of squares of an arm's outcomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// How many.
    pub n: u64,
    /// Their sum.
    pub sum: f64,
    /// The sum of their squares.
    pub square: f64,
}

impl Moments {
    /// Counts one more.
    pub fn add(&mut self, value: f64) {
        self.n += 1;
        self.sum += value;
        self.square += value * value;
    }

    /// Takes back one that was counted.
    pub fn remove(&mut self, value: f64) {
        self.n = self.n.saturating_sub(1);
        self.sum -= value;
        self.square -= value * value;
        if self.n == 0 {
            *self = Self::default();
        }
    }

    /// The mean; `None` of nothing.
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum / self.n as f64)
    }

    /// The sum of squared distances from the mean, at least 0.
    pub(super) fn spread(&self) -> f64 {
        let mean = self.mean().unwrap_or_default();
        (self.square - mean * self.sum).max(0.0)
    }
}

/// What is known before a block is opened: where the outcomes lie and how far they scatter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guess {
    centre: f64,
    variance: f64,
}

impl Guess {
    /// From the outcomes of earlier blocks; half-half outcomes of weight 4 where there are none.
    pub(super) fn from(old: &Moments, new: &Moments) -> Self {
        let n = (old.n + new.n) as f64;
        Self {
            centre: ((old.sum + new.sum + 0.5) / (n + 1.0)).clamp(0.02, 0.98),
            variance: ((old.spread() + new.spread() + 1.0) / (n + 4.0)).max(0.01),
        }
    }
}

/// The wealth of bets that one arm is worse than the other.
///
/// ```
/// use botsmith_eval::online::{Arm, Watch};
///
/// let mut watch = Watch::default();
/// for session in 0..60 {
///     let arm = if session % 2 == 0 { Arm::Old } else { Arm::New };
///     watch.add(arm, if arm == Arm::Old { 1.0 } else { 0.0 });
/// }
/// assert!(watch.harm() > 20.0 && watch.benefit() < 0.1);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bets {
    /// The arm that is bet to be the worse one.
    worse: Arm,
    /// The logarithm of what one unit of wealth on each target became.
    logs: [f64; TARGETS.len()],
}

impl Bets {
    /// Wealth 1, nothing bet yet; `worse` is the arm that is bet against.
    pub fn against(worse: Arm) -> Self {
        Self {
            worse,
            logs: [0.0; TARGETS.len()],
        }
    }

    /// The evidence, 0 or more: under "the arm is not worse" it is ever 20 or more with probability
    /// at most 1/20.
    pub fn evidence(&self) -> f64 {
        let parts = TARGETS.iter().zip(&self.logs);
        parts.map(|((_, share), log)| share * exp(*log)).sum()
    }

    /// Pays a full block out. `guess` must come from earlier blocks alone.
    pub(super) fn settle(&mut self, block: &[(Arm, f64)], guess: Guess) {
        let n = block.len() as f64;
        let worse = block.iter().filter(|(arm, _)| *arm == self.worse).count() as f64;
        let better = n - worse;
        if worse == 0.0 || better == 0.0 {
            return;
        }
        let Guess { centre, variance } = guess;
        for ((target, _), log) in TARGETS.iter().zip(&mut self.logs) {
            let up = target * (worse / n) / variance;
            let down = target * (better / n) / variance;
            let bound = (MOST / (centre * up)).min(MOST / ((1.0 - centre) * down));
            let scale = bound.min(1.0);
            *log += block
                .iter()
                .map(|(arm, y)| {
                    let bet = if *arm == self.worse { -down } else { up };
                    log1p(scale * bet * (y - centre))
                })
                .sum::<f64>();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected factor of one block with these means, over all 0/1 outcomes of four of it.
    fn expected(old: f64, new: f64, guess: Guess) -> f64 {
        let arms = [Arm::Old, Arm::New, Arm::New, Arm::Old];
        (0..16_u32)
            .map(|bits| {
                let block: Vec<(Arm, f64)> = arms
                    .iter()
                    .enumerate()
                    .map(|(at, arm)| (*arm, f64::from((bits >> at) & 1)))
                    .collect();
                let mut bets = Bets::against(Arm::New);
                bets.settle(&block, guess);
                let chance: f64 = block
                    .iter()
                    .map(|(arm, y)| {
                        let p = if *arm == Arm::Old { old } else { new };
                        if *y == 1.0 { p } else { 1.0 - p }
                    })
                    .product();
                chance * bets.evidence()
            })
            .sum()
    }

    #[test]
    fn no_block_is_expected_to_gain_where_the_new_version_is_not_worse() {
        for centre in [0.02, 0.3, 0.5, 0.9, 0.98] {
            for variance in [0.01, 0.1, 0.25] {
                let guess = Guess { centre, variance };
                for old in [0.0, 0.1, 0.5, 0.8, 1.0] {
                    for gain in [0.0, 0.05, 0.2] {
                        let new = f64::min(old + gain, 1.0);
                        let factor = expected(old, new, guess);
                        assert!(factor <= 1.0 + 1e-12, "{old} {new} {guess:?}: {factor}");
                    }
                }
            }
        }
        let guess = Guess {
            centre: 0.7,
            variance: 0.2,
        };
        assert!(expected(0.8, 0.6, guess) > 1.0);
    }

    #[test]
    fn a_block_of_one_arm_tells_nothing() {
        let mut bets = Bets::against(Arm::New);
        let guess = Guess::from(&Moments::default(), &Moments::default());
        bets.settle(&[(Arm::New, 0.0); BLOCK], guess);
        assert_eq!(bets.evidence(), 1.0);
    }

    #[test]
    fn what_is_taken_back_was_never_there() {
        let mut moments = Moments::default();
        moments.add(0.25);
        moments.add(1.0);
        moments.remove(0.25);
        assert_eq!(moments.mean(), Some(1.0));
        moments.remove(1.0);
        assert_eq!(moments, Moments::default());
        assert_eq!(moments.mean(), None);
    }
}
