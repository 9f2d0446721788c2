//! Where a design comes from, and the number of cases that it takes: observed cases -> [`Design`]; design ->
//! the number at which the simulated gate has the rules' power.

use super::resampled::Resampled;
use super::{Cases, Design, Power, alpha_at};
use crate::stats::{PairedRates, Side, cases_needed_for_mean};
use crate::{Error, Result};

/// Numbers of cases that are tried, at most.
const MOST_TRIES: usize = 40;
/// No gate has more cases.
const MOST_CASES: usize = 200_000;
/// Loops of a search whose gates take many sign flips each; the number that is found is simulated in full.
const SLOW_LOOPS: u32 = 400;

impl Design {
    /// A true difference of `effect`, and all else as it was between two bots on these cases: gates are drawn from
    /// the pairs that were seen, with their groups, grades, slices, failures, latency and cost, and the shares of
    /// the design say what they come to.
    ///
    /// # Errors
    /// No case that both were scored on, bots that never differ, or an effect that no mixture of the pairs has.
    pub fn observed(effect: f64, cases: &Cases) -> Result<Self> {
        let mut design = Self::like(effect, cases)?;
        let pairs = Resampled::new(cases, effect, design.discordance)?;
        design.discordance = pairs.discordance;
        design.cheaper = pairs.may_be_cheaper();
        design.pairs = Some(pairs);
        Ok(design)
    }

    /// A true difference of `effect`, and the shares that were seen between two bots on these cases: how often they
    /// differ, the first one's pass rate, the cases that must pass, slices, failures. Cases are drawn one by one, pass
    /// or fail, so that each of these may be set otherwise.
    ///
    /// # Errors
    /// No case that both were scored on, or bots that never differ.
    pub fn like(effect: f64, cases: &Cases) -> Result<Self> {
        let (mut n, mut differ, mut sum) = (0_usize, 0_usize, 0.0);
        for (_, a, b) in cases.both() {
            n += 1;
            differ += usize::from(a != b);
            sum += a;
        }
        if differ == 0 {
            return Err(Error::Invalid(format!(
                "the two bots never differ on the {n} cases that both were scored on: give the discordance"
            )));
        }
        let share = |part: usize, whole: usize| part as f64 / whole as f64;
        let mut design = Self::new(effect, share(differ, n).max(effect));
        design.baseline = (sum / n as f64).clamp(0.0, 1.0);
        design.must_pass = share(cases.must_pass.len(), cases.len());
        design.errors = share(cases.len() - n, cases.len());
        let slices = cases.slices.iter();
        design.slices = slices
            .map(|slice| share(slice.cases.len(), cases.len()))
            .collect();
        Ok(design)
    }
}

/// The number of cases at which the gate has the rules' power, with its simulated power; `None` in the first
/// place where no number has, the last one tried then saying what stands in the way.
///
/// # Errors
/// Assumptions that cannot hold together; an effect that is not above 0 (with a margin: not above its lower
/// end).
pub fn needed_cases(design: &Design) -> Result<(Option<Power>, Power)> {
    design.check()?;
    let apart = design.effect + design.rules.margin.unwrap_or(0.0);
    if apart <= 0.0 {
        return Err(Error::Invalid(format!(
            "an effect of {} is nothing that this gate is to promote",
            design.effect
        )));
    }
    let alpha = alpha_at(design.rules.alpha, design.look);
    let wanted = design.rules.power;
    let slow = design.pairs.as_ref().is_some_and(|pairs| pairs.flips);
    let whole = design;
    let mut design = design.clone();
    if slow {
        design.loops = design.loops.min(SLOW_LOOPS);
    }
    // A simulated rate is off by chance, and a search for the first that is enough picks those that are too high.
    let error = (wanted * (1.0 - wanted) / f64::from(design.loops.max(1))).sqrt();
    let enough = |power: &Power| power.rate - error >= wanted;
    // The plain test's number begins the search; guards only add to it.
    let plain = match &design.pairs {
        Some(pairs) => {
            let spread = pairs.spread.max(apart / 2.0);
            cases_needed_for_mean(apart, spread, alpha, wanted, Side::Greater)?
        }
        None => PairedRates::new(apart.min(1.0), design.discordance.max(apart.min(1.0)))?
            .cases_needed(alpha, wanted, Side::Greater)?,
    } as usize;
    let start = match design.judge {
        Some(judge) => (plain as f64 * 0.5)
            .max(design.rules.least_labels as f64 / judge.labelled.max(1e-3))
            as usize,
        None => plain * 4 / 5,
    };
    let (mut lo, mut hi) = (0, start.clamp(8, MOST_CASES));
    let mut last = design.power(hi)?;
    let mut best = last.rate;
    let mut tries = 1;
    let mut worse = 0;
    while !enough(&last) {
        // Guards may lower the power with every case; then no number is enough.
        worse = if last.rate <= best && tries > 1 {
            worse + 1
        } else {
            0
        };
        best = best.max(last.rate);
        if tries >= MOST_TRIES || hi >= MOST_CASES || worse >= 6 {
            return Ok((None, last));
        }
        lo = hi;
        hi = (hi + hi / 5 + 1).min(MOST_CASES);
        last = design.power(hi)?;
        tries += 1;
    }
    let mut found = last;
    // To within a fiftieth: the simulation knows it no closer.
    while hi - lo > hi / 50 + 1 {
        let middle = usize::midpoint(lo, hi);
        let power = design.power(middle)?;
        if enough(&power) {
            (hi, found) = (middle, power);
        } else {
            lo = middle;
        }
    }
    if slow && whole.loops > design.loops {
        found = whole.power(found.cases)?;
    }
    Ok((Some(found), found))
}
