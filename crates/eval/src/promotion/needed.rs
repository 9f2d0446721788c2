//! How many cases the next look would need: a refusal says so.

use serde::{Deserialize, Serialize};

use super::tested::Scale;
use super::{Rules, Tested};
use crate::stats::{PairedRates, Side, cases_needed_for_mean};

/// How many cases it would take to show an effect at the next look.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Needed {
    /// The cases; labelled cases where people's labels decide.
    pub cases: u64,
    /// Whether they have to be labelled by people.
    pub labelled: bool,
    /// The true difference that they would show: the one that was seen, or, where that points the wrong way,
    /// the effect of the rules.
    pub effect: f64,
    /// Whether `effect` is the one that was seen.
    pub seen: bool,
    /// With this chance.
    pub power: f64,
    /// At this alpha, the next look's.
    pub alpha: f64,
}

/// The cases for an effect like the one that was seen, at `alpha`, the next look's.
pub(super) fn needed(
    tested: &Tested,
    pass_fail: bool,
    rules: &Rules,
    alpha: f64,
) -> Option<Needed> {
    let seen = tested.difference > 0.0;
    let effect = if seen {
        tested.difference
    } else {
        rules.effect
    };
    // What has to be told from 0: the effect, and how much worse a variant may be.
    let apart = effect + rules.margin.unwrap_or(0.0);
    let labelled = tested.scale != Scale::Score;
    let exact = pass_fail && !labelled && rules.margin.is_none();
    let cases = if exact {
        let discordance = tested.discordance.max(effect);
        let rates = PairedRates::new(effect, discordance).ok()?;
        rates.cases_needed(alpha, rules.power, Side::Greater).ok()?
    } else {
        // A spread of nothing was seen on too few cases to be believed.
        let spread = tested.spread.max(apart / 2.0).max(1e-6);
        cases_needed_for_mean(apart, spread, alpha, rules.power, Side::Greater).ok()?
    };
    let least = if labelled {
        rules.least_labels as u64
    } else {
        1
    };
    Some(Needed {
        cases: cases.max(least),
        labelled,
        effect,
        seen,
        power: rules.power,
        alpha,
    })
}
