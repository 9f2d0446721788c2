//! The evidence of a canary: outcomes of the old and the new version in, harm and benefit out.
//!
//! Two bets run side by side over the same blocks (see [`Bets`]): that the new version is worse,
//! and that it is better. Pure: no store, no clock. It does not decide what is done about it.

use serde::{Deserialize, Serialize};

use super::bets::{Arm, BLOCK, Bets, Guess, Moments, THRESHOLD};

/// Outcomes of two versions, and the evidence in them.
///
/// The doctest of [`Bets`] shows it at work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    old: Moments,
    new: Moments,
    /// The outcomes of the block that is not full yet: not bet on, but counted in the means.
    open: Vec<(Arm, f64)>,
    harm: Bets,
    benefit: Bets,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            old: Moments::default(),
            new: Moments::default(),
            open: Vec::new(),
            harm: Bets::against(Arm::New),
            benefit: Bets::against(Arm::Old),
        }
    }
}

/// What the evidence says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The new version is worse.
    Harm,
    /// The new version is better.
    Benefit,
    /// Neither is shown.
    Open,
}

impl Watch {
    /// Counts an outcome, in `[0, 1]`; one outside is moved to the nearer end.
    pub fn add(&mut self, arm: Arm, value: f64) {
        let value = if value.is_nan() {
            0.0
        } else {
            value.clamp(0.0, 1.0)
        };
        self.open.push((arm, value));
        if self.open.len() < BLOCK {
            return;
        }
        let guess = Guess::from(&self.old, &self.new);
        self.harm.settle(&self.open, guess);
        self.benefit.settle(&self.open, guess);
        for (arm, value) in self.open.drain(..) {
            match arm {
                Arm::Old => self.old.add(value),
                Arm::New => self.new.add(value),
            }
        }
    }

    /// The evidence that the new version is worse, 0 or more. It moves when a block is full.
    pub fn harm(&self) -> f64 {
        self.harm.evidence()
    }

    /// The evidence that the new version is better, 0 or more.
    pub fn benefit(&self) -> f64 {
        self.benefit.evidence()
    }

    /// What is shown at the evidence of [`THRESHOLD`]. Harm comes first.
    pub fn verdict(&self) -> Verdict {
        if self.harm() >= THRESHOLD {
            Verdict::Harm
        } else if self.benefit() >= THRESHOLD {
            Verdict::Benefit
        } else {
            Verdict::Open
        }
    }

    /// Count and sums of an arm, the open block included.
    pub fn moments(&self, arm: Arm) -> Moments {
        let mut moments = match arm {
            Arm::Old => self.old,
            Arm::New => self.new,
        };
        for (of, value) in &self.open {
            if *of == arm {
                moments.add(*value);
            }
        }
        moments
    }

    /// How many outcomes were counted.
    pub fn sessions(&self) -> u64 {
        self.old.n + self.new.n + self.open.len() as u64
    }

    /// About how many sessions a difference of `difference` takes to be shown, where outcomes
    /// scatter with `variance` (a pass rate p has p (1 - p)) and `share` of the sessions get the
    /// new version: (ln 20 + ln 2) / growth, with ln 2 for the bets on other differences.
    /// `None` where nothing can be shown: no difference, no sessions of one arm.
    ///
    /// ```
    /// # use botsmith_eval::online::Watch;
    /// let half = Watch::sessions_to_show(0.10, 0.16, 0.5).unwrap();
    /// let tenth = Watch::sessions_to_show(0.10, 0.16, 0.1).unwrap();
    /// assert!(half < 600 && tenth > 2 * half);
    /// ```
    pub fn sessions_to_show(difference: f64, variance: f64, share: f64) -> Option<u64> {
        let kept = (BLOCK - 1) as f64 / BLOCK as f64;
        let growth = difference * difference * share * (1.0 - share) * kept / (2.0 * variance);
        let needed = (libm::log(THRESHOLD) + std::f64::consts::LN_2) / growth;
        (needed.is_finite() && needed > 0.0).then(|| needed.ceil() as u64)
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    use super::*;

    fn uniform(rng: &mut ChaCha8Rng) -> f64 {
        (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// After how many sessions what was shown, with graded outcomes around these means.
    fn watched(seed: u64, share: f64, old: f64, new: f64, most: u64) -> (Verdict, u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut watch = Watch::default();
        while watch.sessions() < most && watch.verdict() == Verdict::Open {
            let arm = if uniform(&mut rng) < share {
                Arm::New
            } else {
                Arm::Old
            };
            let rate = if arm == Arm::New { new } else { old };
            let passed = uniform(&mut rng) < rate;
            // Half of the outcomes are graded: 0.25 and 0.75 with the same mean.
            let value = match (rng.next_u32() % 2 == 0, passed) {
                (true, passed) => f64::from(u8::from(passed)),
                (false, true) => 0.5 + 0.5 * rate,
                (false, false) => 0.5 * rate,
            };
            watch.add(arm, value);
        }
        (watch.verdict(), watch.sessions())
    }

    #[test]
    fn equal_versions_are_seldom_told_apart_at_any_look() {
        let mut wrong = [0; 2];
        for seed in 0..200 {
            match watched(seed, 0.3, 0.7, 0.7, 1_000).0 {
                Verdict::Harm => wrong[0] += 1,
                Verdict::Benefit => wrong[1] += 1,
                Verdict::Open => {}
            }
        }
        // 1 in 20 at most; 18 of 200 is the 99.5 % point of that.
        assert!(wrong.iter().all(|n| *n <= 18), "{wrong:?}");
    }

    #[test]
    fn a_version_that_always_fails_is_found_out_within_three_blocks() {
        for seed in 0..20 {
            let (verdict, sessions) = watched(seed, 0.5, 0.9, 0.0, 1_000);
            assert_eq!(verdict, Verdict::Harm);
            assert!(sessions <= 60, "{sessions}");
        }
    }

    #[test]
    fn the_two_directions_mirror_each_other() {
        let (mut straight, mut mirrored) = (Watch::default(), Watch::default());
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for _ in 0..100 {
            let value = uniform(&mut rng);
            let new = rng.next_u32() % 2 == 0;
            let (arm, other) = if new {
                (Arm::New, Arm::Old)
            } else {
                (Arm::Old, Arm::New)
            };
            straight.add(arm, value);
            mirrored.add(other, value);
        }
        assert_eq!(straight.harm(), mirrored.benefit());
        assert_eq!(straight.benefit(), mirrored.harm());
    }

    #[test]
    fn what_is_kept_reads_back_as_it_was() {
        let mut watch = Watch::default();
        for at in 0..33_u32 {
            let arm = if at % 3 == 0 { Arm::New } else { Arm::Old };
            watch.add(arm, f64::from(at % 7) / 7.0);
        }
        let text = serde_json::to_string(&watch).unwrap();
        let mut read: Watch = serde_json::from_str(&text).unwrap();
        assert_eq!(read.sessions(), 33);
        // The last digit of a number may get lost in JSON.
        assert!((read.harm() / watch.harm() - 1.0).abs() < 1e-12);
        for _ in 0..7 {
            watch.add(Arm::New, 0.25);
            read.add(Arm::New, 0.25);
        }
        assert!((read.harm() / watch.harm() - 1.0).abs() < 1e-12);
        assert!((read.moments(Arm::Old).sum - watch.moments(Arm::Old).sum).abs() < 1e-12);
    }
}
