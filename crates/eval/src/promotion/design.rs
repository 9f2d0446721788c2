//! The power of the whole gate, by simulation: a true effect, how often the bots differ, slices, cases that
//! must pass, failures, a judge -> the chance that the variant is promoted, and the cases that it takes.
//!
//! Each loop draws the cases anew and puts them to the gate itself ([`weigh`]), at the alpha of the look
//! that it would be, so that every guard counts: a variant that gains 15 % of the cases and loses 5 % will
//! lose some of twenty that must pass. Draws come from the seed (ChaCha8), loop by loop.
//!
//! A design that was [observed](Design::observed) draws from the pairs that were seen, with their groups, grades,
//! slices, latencies and costs. One that is only assumed draws cases one by one, pass or fail, and knows neither
//! groups nor latency nor cost. Neither knows cases of train and dev that must pass.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use super::resampled::Resampled;
use super::{Breach, Rules, alpha_at, weigh};
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
    /// Whether the variant is taken to be cheaper, as a margin wants it.
    pub cheaper: bool,
    /// What was seen, to be drawn from again.
    pub(super) pairs: Option<Resampled>,
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
    /// The share that the budget of latency refused.
    #[serde(default)]
    pub by_latency: f64,
    /// The share that the budget of cost refused.
    #[serde(default)]
    pub by_cost: f64,
    /// The share that was refused since a margin is for a cheaper variant.
    #[serde(default)]
    pub by_cheaper: f64,
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
            pairs: None,
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

    /// Whether cases are drawn from pairs that were seen.
    pub fn is_observed(&self) -> bool {
        self.pairs.is_some()
    }

    /// Whether it can be so.
    pub(super) fn check(&self) -> Result<()> {
        self.rules.check()?;
        if self.loops == 0 || self.look == 0 {
            return Err(Error::Invalid("loops and looks are counted from 1".into()));
        }
        if self.pairs.is_some() {
            return match self.judge {
                None => Ok(()),
                Some(_) => Err(Error::Invalid(
                    "what people would say of pairs that a judge scored is not known: assume the numbers instead".into(),
                )),
            };
        }
        if self.rules.p95_latency.is_some() || self.rules.cost.is_some() {
            return Err(Error::Invalid(
                "budgets of latency and cost are simulated from a run alone, whose answers say what they took".into(),
            ));
        }
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
        Ok(())
    }

    pub(super) fn gain_and_loss(&self) -> (f64, f64) {
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
        let mut by = [0_u32; 7];
        for one in 0..self.loops {
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
            rng.set_stream(u64::from(one) + 1);
            let drawn = match &self.pairs {
                Some(pairs) => pairs.draw(cases, &mut rng)?,
                None => self.draw(cases, &mut rng)?,
            };
            let mut weighed = weigh(&drawn, &self.rules, alpha)?;
            if self.cheaper {
                weighed
                    .breaches
                    .retain(|breach| *breach != Breach::NotCheaper);
            }
            passed += u32::from(weighed.passes());
            let test = weighed.unlabelled || weighed.tested.is_none_or(|tested| !tested.holds);
            let any = |is: fn(&Breach) -> bool| weighed.breaches.iter().any(is);
            let refused = [
                test,
                any(|breach| matches!(breach, Breach::MustPass(_))),
                any(|breach| matches!(breach, Breach::Slice { .. })),
                any(|breach| matches!(breach, Breach::Errors { .. })),
                any(|breach| {
                    matches!(
                        breach,
                        Breach::Latency { .. } | Breach::Unmeasured("latency")
                    )
                }),
                any(|breach| matches!(breach, Breach::Cost { .. } | Breach::Unmeasured("cost"))),
                any(|breach| matches!(breach, Breach::NotCheaper)),
            ];
            for (count, refused) in by.iter_mut().zip(refused) {
                *count += u32::from(refused);
            }
        }
        let share = |count: u32| f64::from(count) / f64::from(self.loops);
        let [
            by_test,
            by_must_pass,
            by_slices,
            by_errors,
            by_latency,
            by_cost,
            by_cheaper,
        ] = by.map(share);
        Ok(Power {
            cases,
            loops: self.loops,
            rate: share(passed),
            interval: wilson(u64::from(passed), u64::from(self.loops), Confidence::P95)?,
            by_test,
            by_must_pass,
            by_slices,
            by_errors,
            by_latency,
            by_cost,
            by_cheaper,
        })
    }
}
