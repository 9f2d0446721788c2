//! The power of the whole gate, by simulation: a true effect, how often the bots differ, slices, cases that
//! must pass, failures, a judge -> the chance that the variant is promoted, and the cases that it takes.
//!
//! Each loop draws the cases anew and puts them to the gate itself ([`weigh`]), at the alpha of the look
//! that it would be, so that every guard counts: a variant that gains 15 % of the cases and loses 5 % will
//! lose some of twenty that must pass. Draws come from the seed (ChaCha8), loop by loop.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use super::{Breach, Cases, Labels, Rules, Scored, Slice, alpha_at, weigh};
use crate::stats::{Confidence, Interval, PairedRates, wilson};
use crate::{Error, Result};

/// What is assumed of bot, variant and cases.
///
/// ```
/// use botsmith_eval::promotion::Design;
/// // 15 % of the cases gained, 5 % lost.
/// let design = Design::new(0.10, 0.20).loops(400);
/// let power = design.power(250)?;
/// assert!(power.rate > 0.8, "{power:?}");
/// assert!(design.clone().look(5).power(250)?.rate < power.rate, "the fifth look spends less");
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Design {
    /// The gate's rules.
    pub rules: Rules,
    /// Which look it is, from 1.
    pub look: u32,
    /// The true difference: the variant's pass rate less that of the bot in force.
    pub effect: f64,
    /// The share of cases that only one of them passes.
    pub discordance: f64,
    /// The pass rate of the bot in force.
    pub baseline: f64,
    /// The share of cases that must pass.
    pub must_pass: f64,
    /// Slices, by their share of the cases.
    pub slices: Vec<f64>,
    /// The share of pairs in which a bot fails.
    pub errors: f64,
    /// Where a judge makes the scores.
    pub judge: Option<JudgeDesign>,
    /// Whether the variant is cheaper, as a margin wants it.
    pub cheaper: bool,
    /// How often the gate is simulated.
    pub loops: u32,
    /// Where chance comes from.
    pub seed: u64,
}

/// A judge, and people who label a random part of the cases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JudgeDesign {
    /// The share of cases whose two answers people label.
    pub labelled: f64,
    /// The chance that the judge passes what people pass.
    pub tpr: f64,
    /// The chance that it fails what people fail.
    pub tnr: f64,
}

/// How often a simulated gate passed, and what refused it otherwise (more than one thing may).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Power {
    /// Cases in each gate.
    pub cases: usize,
    /// How many gates.
    pub loops: u32,
    /// The share that passed.
    pub rate: f64,
    /// Where the true power is likely to be.
    pub interval: Interval,
    /// The share that the test refused.
    pub by_test: f64,
    /// The share that cases which must pass refused.
    pub by_must_pass: f64,
    /// The share that a slice refused.
    pub by_slices: f64,
    /// The share that failures refused.
    pub by_errors: f64,
}

impl Design {
    /// A plain one: this true difference, and this share of cases that only one of the bots passes.
    pub fn new(effect: f64, discordance: f64) -> Self {
        Self {
            rules: Rules::default(),
            look: 1,
            effect,
            discordance,
            // In the middle of what is possible.
            baseline: f64::midpoint(1.0 - effect, 0.0).clamp(0.0, 1.0),
            must_pass: 0.0,
            slices: Vec::new(),
            errors: 0.0,
            judge: None,
            cheaper: false,
            loops: 2_000,
            seed: 7,
        }
    }

    /// Sets which look it is.
    #[must_use]
    pub fn look(mut self, look: u32) -> Self {
        self.look = look;
        self
    }

    /// Sets how often the gate is simulated.
    #[must_use]
    pub fn loops(mut self, loops: u32) -> Self {
        self.loops = loops;
        self
    }

    /// Whether it can be so.
    pub(super) fn check(&self) -> Result<()> {
        self.rules.check()?;
        PairedRates::new(self.effect, self.discordance)?;
        let shares = [
            ("the share of cases that must pass", self.must_pass),
            ("the share of failures", self.errors),
            ("the pass rate of the bot in force", self.baseline),
            (
                "the share of a slice",
                self.slices.iter().copied().fold(0.0, f64::max),
            ),
        ];
        let judge = self.judge.iter().flat_map(|judge| {
            [
                ("the share of labelled cases", judge.labelled),
                ("the judge's true positive rate", judge.tpr),
                ("the judge's true negative rate", judge.tnr),
            ]
        });
        for (name, share) in shares.into_iter().chain(judge) {
            if !(0.0..=1.0 + 1e-9).contains(&share) {
                return Err(Error::Invalid(format!(
                    "{name} is {share}: 0 to 1 is wanted"
                )));
            }
        }
        let (gain, loss) = self.gain_and_loss();
        if loss > self.baseline + 1e-9 || gain > 1.0 - self.baseline + 1e-9 {
            return Err(Error::Invalid(format!(
                "a bot that passes {:.1} % of the cases cannot gain {:.1} % and lose {:.1} %",
                100.0 * self.baseline,
                100.0 * gain,
                100.0 * loss
            )));
        }
        if self.loops == 0 || self.look == 0 {
            return Err(Error::Invalid("loops and looks are counted from 1".into()));
        }
        Ok(())
    }

    fn gain_and_loss(&self) -> (f64, f64) {
        let gain = f64::midpoint(self.discordance, self.effect);
        (gain, self.discordance - gain)
    }

    /// The chance that a gate of so many cases passes the variant.
    ///
    /// # Errors
    /// Assumptions that cannot hold together.
    pub fn power(&self, cases: usize) -> Result<Power> {
        self.check()?;
        let alpha = alpha_at(self.rules.alpha, self.look);
        let mut passed = 0_u32;
        let mut by = [0_u32; 4];
        for one in 0..self.loops {
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
            rng.set_stream(u64::from(one) + 1);
            let weighed = weigh(&self.draw(cases, &mut rng)?, &self.rules, alpha)?;
            passed += u32::from(weighed.passes());
            let test = weighed.unlabelled || weighed.tested.is_none_or(|tested| !tested.holds);
            let any = |is: fn(&Breach) -> bool| weighed.breaches.iter().any(is);
            let refused = [
                test,
                any(|breach| matches!(breach, Breach::MustPass(_))),
                any(|breach| matches!(breach, Breach::Slice { .. })),
                any(|breach| matches!(breach, Breach::Errors { .. })),
            ];
            for (count, refused) in by.iter_mut().zip(refused) {
                *count += u32::from(refused);
            }
        }
        let share = |count: u32| f64::from(count) / f64::from(self.loops);
        let [by_test, by_must_pass, by_slices, by_errors] = by.map(share);
        Ok(Power {
            cases,
            loops: self.loops,
            rate: share(passed),
            interval: wilson(u64::from(passed), u64::from(self.loops), Confidence::P95)?,
            by_test,
            by_must_pass,
            by_slices,
            by_errors,
        })
    }

    /// Draws the cases of one gate.
    fn draw(&self, n: usize, rng: &mut ChaCha8Rng) -> Result<Cases> {
        let (gain, loss) = self.gain_and_loss();
        let both = self.baseline - loss;
        let (mut a, mut b) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let mut labels = Vec::new();
        let labelled = self
            .judge
            .map(|judge| (judge.labelled * n as f64).round() as usize);
        for i in 0..n {
            let u = uniform(rng);
            let (mut pass_a, mut pass_b) = match u {
                u if u < gain => (false, true),
                u if u < gain + loss => (true, false),
                u if u < gain + loss + both => (true, true),
                _ => (false, false),
            };
            if let Some(judge) = self.judge {
                let label = |pass: bool| f64::from(u8::from(pass));
                // Cases come in no order, so that the first are as random as any.
                labels.push((Some(i) < labelled).then(|| (label(pass_a), label(pass_b))));
                for pass in [&mut pass_a, &mut pass_b] {
                    let right = if *pass { judge.tpr } else { judge.tnr };
                    *pass ^= uniform(rng) >= right;
                }
            }
            let mut scored = Scored::pass(pass_a);
            scored.cost = self.cheaper.then_some(2.0);
            a.push(scored);
            let fails = self.errors > 0.0 && uniform(rng) < self.errors;
            b.push(match fails {
                true => Scored::default(),
                false => Scored {
                    cost: self.cheaper.then_some(1.0),
                    ..Scored::pass(pass_b)
                },
            });
        }
        let mut cases = Cases::new(a, b)?;
        if self.must_pass > 0.0 {
            let most = (self.must_pass * n as f64).round() as usize;
            cases = cases.must_pass((0..most.min(n)).collect())?;
        }
        if !self.slices.is_empty() {
            cases = cases.slices(self.cut(n))?;
        }
        match labels.is_empty() {
            true => Ok(cases),
            false => cases.judged(Labels {
                pairs: labels,
                inclusion: Vec::new(),
            }),
        }
    }

    /// The slices, one after the other; past the last case they begin anew, so that they may overlap.
    fn cut(&self, n: usize) -> Vec<Slice> {
        let mut from = 0;
        let cut = |(i, share): (usize, &f64)| {
            let size = ((share * n as f64).round() as usize).min(n);
            let cases = (from..from + size).map(|case| case % n).collect();
            from += size;
            Slice {
                name: format!("slice {}", i + 1),
                cases,
            }
        };
        self.slices.iter().enumerate().map(cut).collect()
    }
}

fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}
