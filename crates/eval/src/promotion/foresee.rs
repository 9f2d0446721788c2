//! What a gate could show, said before anything is spent: cases, looks -> the smallest effect that it would
//! detect, and a refusal where that is too large to be of use.
//!
//! The number is that of McNemar's exact test at the next look's alpha. Where a judge makes the scores,
//! people's labels decide, so that only labelled cases count: the judge's scores on the others can only
//! help. Guards are left out here; [`Design`](super::Design) counts them in.

use serde::{Deserialize, Serialize};

use super::{Rules, alpha_at};
use crate::Result;
use crate::stats::{PairedRates, Side};

/// The share of cases on which two bots differ, where nobody knows it yet.
const GUESS: f64 = 0.2;

/// What a gate could show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Foreseen {
    /// Cases in the gate.
    pub cases: usize,
    /// Of these, how many people have labelled or will; `None` where no judge makes the scores.
    pub labelled: Option<usize>,
    /// Which look it would be.
    pub look: u32,
    /// What it may spend.
    pub alpha: f64,
    /// The share of cases on which the bots differ, at least.
    pub discordance: f64,
    /// Whether that is a guess.
    pub guessed: bool,
    /// The smallest true difference (above the margin's lower end, where there is a margin) that is seen with
    /// this power; `None`: none at all.
    pub detectable: Option<f64>,
    /// The chance of seeing it.
    pub power: f64,
    /// Why it is not worth to begin.
    pub refused: Option<String>,
}

/// Says what `cases` gate cases can show at the look after `taken`. `discordance` is what was observed, such
/// as between the bot and a variant on dev cases; `labelled` how many cases people label, where a judge
/// makes the scores.
///
/// ```
/// use botsmith_eval::promotion::{Rules, foresee};
/// let rules = Rules::default();
/// let few = foresee(&rules, 12, 0, None, None)?;
/// assert!(few.refused.unwrap().contains("fresh cases"));
/// let many = foresee(&rules, 300, 0, Some(0.2), None)?;
/// assert!(many.refused.is_none() && many.detectable.unwrap() < 0.1);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// Rules or a discordance outside their ranges.
pub fn foresee(
    rules: &Rules,
    cases: usize,
    taken: u32,
    discordance: Option<f64>,
    labelled: Option<usize>,
) -> Result<Foreseen> {
    rules.check()?;
    let alpha = alpha_at(rules.alpha, taken + 1);
    let least = discordance.unwrap_or(GUESS);
    let n = labelled.map_or(cases, |labelled| labelled.min(cases));
    let detectable = detectable(n as u64, least, alpha, rules.power)?;
    let points = |share: f64| format!("{:.0} points", (100.0 * share).ceil());
    let most = points(rules.most_detectable);
    let what = match labelled {
        Some(_) => "labelled gate cases",
        None => "gate cases",
    };
    let remedy = match labelled {
        Some(_) => "label more of them, or add fresh cases to the suite",
        None => "add fresh cases to the suite",
    };
    let refused = match detectable {
        Some(effect) if effect <= rules.most_detectable => None,
        Some(effect) => Some(format!(
            "{n} {what} would show only a difference of {} or more (look {}), at most {most} is of use: {remedy}",
            points(effect),
            taken + 1
        )),
        None => Some(format!(
            "{n} {what} would show no difference at all at look {}: {remedy}",
            taken + 1
        )),
    };
    Ok(Foreseen {
        cases,
        labelled,
        look: taken + 1,
        alpha,
        discordance: least,
        guessed: discordance.is_none(),
        detectable,
        power: rules.power,
        refused,
    })
}

/// The smallest effect seen with this power; bots that differ by more than they disagree disagree on more.
fn detectable(n: u64, least: f64, alpha: f64, power: f64) -> Result<Option<f64>> {
    let power_of =
        |effect: f64| PairedRates::new(effect, least.max(effect))?.power(n, alpha, Side::Greater);
    if n == 0 || power_of(1.0)? < power {
        return Ok(None);
    }
    let (mut lo, mut hi) = (0.0, 1.0);
    while hi - lo > 1e-6 {
        let middle = f64::midpoint(lo, hi);
        match power_of(middle)? >= power {
            true => hi = middle,
            false => lo = middle,
        }
    }
    Ok(Some(hi))
}
