//! Thompson sampling with a floor: the rewards of each version in, a version and the probability
//! with which it was to be drawn out.
//!
//! With probability `floor` a version is drawn uniformly; else one mean is drawn from each
//! posterior and the version of the largest wins (Thompson 1933,
//! <https://doi.org/10.1093/biomet/25.3-4.285>). The floor keeps every probability at or above
//! `floor / versions`, so that what another policy would have earned can be told later. Pure: no
//! store; who asks brings the generator.

use rand_chacha::rand_core::Rng;
use serde::{Deserialize, Serialize};

use super::bets::Moments;
use super::draws::uniform;
use super::posterior::{Posterior, Prior, Rewards};
use super::propensity::largest;

/// The state of a bandit: what is believed, and what was seen.
///
/// ```
/// use botsmith_eval::online::{Rewards, Thompson};
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut bandit = Thompson::new(2, Rewards::PassFail, 0.1);
/// for _ in 0..50 {
///     bandit.add(0, 0.0);
///     bandit.add(1, 1.0);
/// }
/// let chances = bandit.propensities();
/// assert!((chances[0] - 0.05).abs() < 1e-6 && (chances[1] - 0.95).abs() < 1e-6);
/// let drawn = bandit.draw(&mut ChaCha8Rng::seed_from_u64(1));
/// assert!(drawn < 2);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thompson {
    rewards: Rewards,
    prior: Prior,
    floor: f64,
    seen: Vec<Moments>,
}

impl Thompson {
    /// Nothing seen yet of `versions` versions.
    pub fn new(versions: usize, rewards: Rewards, floor: f64) -> Self {
        Self::with_prior(versions, rewards, floor, Prior::of(rewards))
    }

    /// The same, with another prior.
    pub fn with_prior(versions: usize, rewards: Rewards, floor: f64, prior: Prior) -> Self {
        Self {
            rewards,
            prior,
            floor,
            seen: vec![Moments::default(); versions],
        }
    }

    /// Counts a reward of a version.
    ///
    /// # Panics
    /// If there is no such version.
    pub fn add(&mut self, version: usize, reward: f64) {
        self.seen[version].add(reward);
    }

    /// Forgets a reward that was counted.
    ///
    /// # Panics
    /// If there is no such version.
    pub fn forget(&mut self, version: usize, reward: f64) {
        self.seen[version].remove(reward);
    }

    /// What was seen of each version.
    pub fn seen(&self) -> &[Moments] {
        &self.seen
    }

    /// What is believed of a version now.
    ///
    /// # Panics
    /// If there is no such version.
    pub fn posterior(&self, version: usize) -> Posterior {
        self.prior.after(self.rewards, &self.seen[version])
    }

    /// A version, drawn.
    pub fn draw(&self, rng: &mut impl Rng) -> usize {
        let versions = self.seen.len();
        if uniform(rng) < self.floor {
            return ((uniform(rng) * versions as f64) as usize).min(versions - 1);
        }
        let (mut best, mut most) = (0, f64::NEG_INFINITY);
        for version in 0..versions {
            let mean = self.posterior(version).draw(rng);
            if mean > most {
                (best, most) = (version, mean);
            }
        }
        best
    }

    /// The probability that each version has the largest mean, as far as is known; without the
    /// floor.
    pub fn best(&self) -> Vec<f64> {
        let posteriors: Vec<Posterior> = (0..self.seen.len()).map(|v| self.posterior(v)).collect();
        largest(&posteriors)
    }

    /// The probability with which [`draw`](Self::draw) gives each version, floor included.
    pub fn propensities(&self) -> Vec<f64> {
        let even = self.floor / self.seen.len() as f64;
        let best = self.best().into_iter();
        best.map(|share| even + (1.0 - self.floor) * share)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn versions_are_drawn_as_often_as_their_propensities_say() {
        let mut bandit = Thompson::new(3, Rewards::PassFail, 0.1);
        for (version, passed, failed) in [(0, 12, 8), (1, 14, 6), (2, 2, 9)] {
            (0..passed).for_each(|_| bandit.add(version, 1.0));
            (0..failed).for_each(|_| bandit.add(version, 0.0));
        }
        let chances = bandit.propensities();
        assert!((chances.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let (n, mut drawn) = (20_000, [0_u32; 3]);
        for _ in 0..n {
            drawn[bandit.draw(&mut rng)] += 1;
        }
        for (chance, times) in chances.iter().zip(drawn) {
            let found = f64::from(times) / f64::from(n);
            let error = (chance * (1.0 - chance) / f64::from(n)).sqrt();
            assert!((found - chance).abs() < 4.5 * error, "{found} {chance}");
        }
    }

    #[test]
    fn the_floor_is_the_least_chance_and_all_of_it_is_a_fair_die() {
        let mut bandit = Thompson::new(
            2,
            Rewards::Graded {
                variance: Some(0.01),
            },
            0.2,
        );
        for _ in 0..200 {
            bandit.add(0, 0.2);
            bandit.add(1, 0.9);
        }
        let chances = bandit.propensities();
        assert!((chances[0] - 0.1).abs() < 1e-9, "{chances:?}");
        assert_eq!(
            Thompson::new(4, Rewards::PassFail, 1.0).propensities(),
            [0.25; 4]
        );
    }
}
