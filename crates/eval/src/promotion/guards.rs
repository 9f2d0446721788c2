//! The guards of the gate: what a variant must not do however much better it is on the whole.

use super::tested::{is_pass_fail, pairs};
use super::{Cases, Rules, Scored};
use crate::Result;
use crate::stats::{Correction, Side, adjust, mcnemar_exact, sign_flip, sign_flip_grouped};

/// A guard that did not hold.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Breach {
    /// Cases that must pass, which the bot in force passes and the variant does not: their indices; those of
    /// cases beside the gate come after its own.
    MustPass(Vec<usize>),
    /// A slice on which the variant is worse.
    Slice {
        /// Its index in the cases' slices.
        slice: usize,
        /// Its cases that both were scored on.
        n: usize,
        /// The variant's mean score less that of the bot in force.
        difference: f64,
        /// The one-sided p-value of "no worse", after Holm.
        p: f64,
    },
    /// The variant is too slow.
    Latency {
        /// Its 95th percentile, in seconds.
        p95: f64,
        /// What it may be.
        most: f64,
    },
    /// The variant costs too much.
    Cost {
        /// Its mean cost of an answer.
        mean: f64,
        /// What it may be.
        most: f64,
    },
    /// Too many pairs in which a bot failed.
    Errors {
        /// Failures of the bot in force.
        a: usize,
        /// Failures of the variant.
        b: usize,
        /// Pairs in which either failed, as a share.
        share: f64,
    },
    /// A budget is set, and the variant's answers say nothing of it.
    Unmeasured(&'static str),
    /// A margin is for a variant that is cheaper or faster, and this one is not.
    NotCheaper,
}

pub(super) fn breaches(
    cases: &Cases,
    both: &[(usize, f64, f64)],
    rules: &Rules,
) -> Result<Vec<Breach>> {
    let mut breaches = Vec::new();
    let lost: Vec<usize> = cases
        .must_pass_pairs()
        .filter(|&(_, a, b)| is_lost(a, b))
        .map(|(i, ..)| i)
        .collect();
    if !lost.is_empty() {
        breaches.push(Breach::MustPass(lost));
    }
    slices(cases, both, rules, &mut breaches)?;
    if let Some(most) = rules.p95_latency {
        match p95(&cases.b) {
            Some(p95) if p95 > most => breaches.push(Breach::Latency { p95, most }),
            Some(_) => {}
            None => breaches.push(Breach::Unmeasured("latency")),
        }
    }
    if let Some(most) = rules.cost {
        match mean_cost(&cases.b) {
            Some(mean) if mean > most => breaches.push(Breach::Cost { mean, most }),
            Some(_) => {}
            None => breaches.push(Breach::Unmeasured("cost")),
        }
    }
    let failed = |side: &[Scored]| side.iter().filter(|scored| scored.score.is_none()).count();
    let share = match cases.len() {
        0 => 0.0,
        n => (n - both.len()) as f64 / n as f64,
    };
    if share >= rules.most_errors {
        let (a, b) = (failed(&cases.a), failed(&cases.b));
        breaches.push(Breach::Errors { a, b, share });
    }
    if rules.margin.is_some() && !cheaper(cases) {
        breaches.push(Breach::NotCheaper);
    }
    Ok(breaches)
}

/// Passed before and not now; where no rule says what passes, a lower score. A failure is a loss.
fn is_lost(a: Scored, b: Scored) -> bool {
    match (a.passed, b.passed) {
        (Some(a), b) => a && b != Some(true),
        _ => a.score.is_some_and(|a| b.score.is_none_or(|b| b < a)),
    }
}

/// Tests every slice that is large enough; Holm over all of them.
fn slices(
    cases: &Cases,
    both: &[(usize, f64, f64)],
    rules: &Rules,
    breaches: &mut Vec<Breach>,
) -> Result<()> {
    if cases.slices.is_empty() {
        return Ok(());
    }
    let mut place = vec![usize::MAX; cases.len()];
    for (at, (i, ..)) in both.iter().enumerate() {
        place[*i] = at;
    }
    let mut tested = Vec::new();
    for (slice, of) in cases.slices.iter().enumerate() {
        let own: Vec<(usize, f64, f64)> = of
            .cases
            .iter()
            .filter_map(|&i| both.get(place[i]).copied())
            .collect();
        if own.len() < rules.slice_cases.max(1) {
            continue;
        }
        let differences: Vec<f64> = own.iter().map(|&(_, a, b)| b - a).collect();
        let p = if !cases.groups.is_empty() {
            let groups: Vec<usize> = own.iter().map(|(i, ..)| cases.groups[*i]).collect();
            sign_flip_grouped(&differences, &groups, Side::Less, rules.seed)?.p
        } else if is_pass_fail(&own) {
            mcnemar_exact(&pairs(&own), Side::Less).p
        } else {
            sign_flip(&differences, Side::Less, rules.seed)?.p
        };
        let difference = differences.iter().sum::<f64>() / own.len() as f64;
        tested.push((slice, own.len(), difference, p));
    }
    let raw: Vec<f64> = tested.iter().map(|(.., p)| *p).collect();
    let adjusted = adjust(&raw, Correction::Holm)?;
    for ((slice, n, difference, _), p) in tested.into_iter().zip(adjusted) {
        if p <= rules.slice_alpha {
            breaches.push(Breach::Slice {
                slice,
                n,
                difference,
                p,
            });
        }
    }
    Ok(())
}

/// The 95th percentile of latency by nearest rank, in seconds.
pub(super) fn p95(side: &[Scored]) -> Option<f64> {
    let mut latencies: Vec<f64> = side.iter().filter_map(|scored| scored.latency).collect();
    latencies.sort_unstable_by(f64::total_cmp);
    let rank = (0.95 * latencies.len() as f64).ceil() as usize;
    latencies.get(rank.checked_sub(1)?).copied()
}

/// The mean cost of an answer.
pub(super) fn mean_cost(side: &[Scored]) -> Option<f64> {
    let costs = side.iter().filter_map(|scored| scored.cost);
    let (sum, n) = costs.fold((0.0, 0_usize), |(sum, n), cost| (sum + cost, n + 1));
    (n > 0).then(|| sum / n as f64)
}

/// Whether the variant costs less, or is faster at the 95th percentile, where that is known of both.
pub(super) fn cheaper(cases: &Cases) -> bool {
    let less = |of: fn(&[Scored]) -> Option<f64>| {
        of(&cases.a).zip(of(&cases.b)).is_some_and(|(a, b)| b < a)
    };
    less(mean_cost) || less(p95)
}
