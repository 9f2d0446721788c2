//! What to label: candidates and a budget -> which to show, why, and with what probability.
//!
//! Two parts. The *targeted* part takes, in turns, what the judge doubts, what evaluators disagree on,
//! and what users thumbed down: there people teach most. The *random* part is a sample of all the rest,
//! spread over the strata: there numbers about all answers come from. A targeted candidate is certain
//! to be chosen (probability 1), one of the rest has the probability of its stratum, so 1 / probability
//! weighs every label rightly (Horvitz & Thompson 1952, <https://doi.org/10.1080/01621459.1952.10483446>).
//! Then some of the chosen, drawn at random, are to be labelled by two raters.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

use super::Plan;
use super::draw::ticket;

/// Something that could be labelled, and what speaks for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Candidate {
    /// Its name, unique among the candidates.
    pub key: String,
    /// The group that it counts for.
    pub stratum: String,
    /// How unsure the judge is, from 0 to 1.
    pub doubt: f64,
    /// How much evaluators disagree, from 0 (all say the same) to 1 (half against half).
    pub dispute: f64,
    /// How many more users thumbed it down than up.
    pub thumbs: f64,
}

/// Why something was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// Drawn at random.
    Random,
    /// The judge was unsure.
    Doubt,
    /// Evaluators disagreed.
    Dispute,
    /// Users thumbed it down.
    Thumbs,
}

/// A candidate that is to be labelled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chosen {
    /// Its place among the candidates.
    pub at: usize,
    /// Why.
    pub reason: Reason,
    /// With what probability it was chosen, above 0, at most 1.
    pub probability: f64,
    /// Whether two raters label it.
    pub double: bool,
}

/// Chooses within the plan's budget of labels; the same seed chooses the same.
///
/// Every candidate has a probability above 0. With more candidates than the budget allows, the least is
/// about `random * budget / (1 + double) / candidates`.
///
/// ```
/// use botsmith_eval::feedback::{Candidate, Plan, Reason, choose};
/// let candidates: Vec<_> = (0..1_000)
///     .map(|i| Candidate { key: i.to_string(), doubt: f64::from(i % 7) / 7.0, ..Candidate::default() })
///     .collect();
/// let chosen = choose(&candidates, &Plan::default(), 7)?;
/// assert_eq!(chosen.len(), 86, "and 13 of them twice");
/// assert_eq!(chosen.iter().filter(|c| c.double).count(), 13);
/// assert_eq!(chosen.iter().filter(|c| c.reason == Reason::Random).count(), 43);
/// // The weights of the random part and of the certain part sum to all candidates.
/// assert!((chosen.iter().map(|c| 1.0 / c.probability).sum::<f64>() - 1_000.0).abs() < 1e-6);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// Two candidates of one key.
pub fn choose(candidates: &[Candidate], plan: &Plan, seed: u64) -> Result<Vec<Chosen>> {
    let mut keys = HashSet::new();
    if let Some(twice) = candidates.iter().find(|c| !keys.insert(c.key.as_str())) {
        let key = &twice.key;
        return Err(Error::Invalid(format!("two candidates are named `{key}`")));
    }
    // A little more than the quotient, which may come out a hair below a whole number.
    let affordable = (plan.budget as f64 / (1.0 + plan.double) + 1e-9).floor() as usize;
    let wanted = affordable
        .clamp(1, candidates.len().max(1))
        .min(candidates.len());
    let random = ((plan.random * wanted as f64).ceil() as usize).min(wanted);
    // Everything fits: then nothing is certain for a reason, all is certain alike.
    let targeted = if wanted == candidates.len() {
        Vec::new()
    } else {
        targets(candidates, wanted - random, seed)
    };
    let certain: HashSet<usize> = targeted.iter().map(|(at, _)| *at).collect();
    let rest: Vec<usize> = (0..candidates.len())
        .filter(|at| !certain.contains(at))
        .collect();
    let mut chosen: Vec<Chosen> = targeted
        .into_iter()
        .map(|(at, reason)| Chosen {
            at,
            reason,
            probability: 1.0,
            double: false,
        })
        .collect();
    chosen.extend(sample(candidates, &rest, wanted - chosen.len(), seed));
    let double = (plan.double * wanted as f64).round() as usize;
    let mut order: Vec<usize> = (0..chosen.len()).collect();
    order.sort_by_key(|&i| ticket(seed ^ DOUBLE, &candidates[chosen[i].at].key));
    for i in order.into_iter().take(double) {
        chosen[i].double = true;
    }
    chosen.sort_by_key(|c| c.at);
    Ok(chosen)
}

/// Keeps the draws of one seed apart.
const DOUBLE: u64 = 0xd0b1_e000;
const TARGET: u64 = 0x7a26_e700;

/// The first of each reason in turns, until there are enough; fewer, where nothing speaks for more.
fn targets(candidates: &[Candidate], wanted: usize, seed: u64) -> Vec<(usize, Reason)> {
    type Weight = fn(&Candidate) -> f64;
    let reasons: [(Reason, Weight); 3] = [
        (Reason::Doubt, |c| c.doubt),
        (Reason::Dispute, |c| c.dispute),
        (Reason::Thumbs, |c| c.thumbs),
    ];
    let mut queues: Vec<_> = reasons
        .iter()
        .map(|(reason, of)| {
            let mut order: Vec<usize> = (0..candidates.len())
                .filter(|&at| of(&candidates[at]) > 0.0)
                .collect();
            // Equals in an order that the dataset's order does not decide.
            order.sort_by_cached_key(|&at| ticket(seed ^ TARGET, &candidates[at].key));
            order.sort_by(|&a, &b| of(&candidates[b]).total_cmp(&of(&candidates[a])));
            (*reason, order.into_iter())
        })
        .collect();
    let mut taken = HashSet::new();
    let mut found = Vec::new();
    while found.len() < wanted {
        let before = found.len();
        for (reason, queue) in &mut queues {
            if found.len() < wanted
                && let Some(at) = queue.find(|at| !taken.contains(at))
            {
                taken.insert(at);
                found.push((at, *reason));
            }
        }
        if found.len() == before {
            break;
        }
    }
    found
}

/// A random sample, spread over the strata by their sizes, each with at least one. With more strata than
/// draws, strata are not looked at: else some candidates would have no chance.
fn sample(candidates: &[Candidate], rest: &[usize], wanted: usize, seed: u64) -> Vec<Chosen> {
    let mut strata: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for &at in rest {
        let stratum = candidates[at].stratum.as_str();
        strata.entry(stratum).or_default().push(at);
    }
    if strata.len() > wanted {
        strata = BTreeMap::from([("", rest.to_vec())]);
    }
    let sizes: Vec<usize> = strata.values().map(Vec::len).collect();
    let mut chosen = Vec::new();
    for (mut members, take) in strata.into_values().zip(spread(&sizes, wanted)) {
        let probability = take as f64 / members.len() as f64;
        members.sort_by_cached_key(|&at| ticket(seed, &candidates[at].key));
        chosen.extend(members.into_iter().take(take).map(|at| Chosen {
            at,
            reason: Reason::Random,
            probability,
            double: false,
        }));
    }
    chosen
}

/// `wanted` (at least one a stratum, at most all) over strata of these sizes, as even as whole numbers
/// can be.
fn spread(sizes: &[usize], wanted: usize) -> Vec<usize> {
    let mut takes: Vec<usize> = sizes.iter().map(|size| 1.min(*size)).collect();
    let mut left = wanted.saturating_sub(takes.iter().sum());
    while left > 0 {
        // The stratum that is furthest behind its share.
        let behind = |i: usize| (takes[i] as f64 + 0.5) / sizes[i] as f64;
        let next = (0..sizes.len())
            .filter(|&i| takes[i] < sizes[i])
            .min_by(|&a, &b| behind(a).total_cmp(&behind(b)));
        let Some(next) = next else { break };
        takes[next] += 1;
        left -= 1;
    }
    takes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(n: usize) -> Vec<Candidate> {
        (0..n)
            .map(|i| Candidate {
                key: format!("c{i}"),
                stratum: ["few", "many", "many", "many"][i % 4].into(),
                doubt: (i % 10) as f64 / 10.0,
                dispute: f64::from(u8::from(i % 13 == 0)),
                thumbs: f64::from(u8::from(i % 17 == 0)),
            })
            .collect()
    }

    #[test]
    fn the_weighted_mean_is_unbiased_over_seeds_though_the_doubtful_are_preferred() {
        // Doubtful answers are worse here: an unweighted mean would be far off.
        let all = candidates(300);
        let good = |c: &Candidate| f64::from(u8::from(c.doubt < 0.65));
        let truth = all.iter().map(good).sum::<f64>() / 300.0;
        let (mut weighted, mut plain, seeds) = (0.0, 0.0, 300);
        for seed in 0..seeds {
            let chosen = choose(
                &all,
                &Plan {
                    budget: 60,
                    ..Plan::default()
                },
                seed,
            )
            .unwrap();
            let sum = |of: &dyn Fn(&Chosen) -> f64| chosen.iter().map(of).sum::<f64>();
            weighted += sum(&|c| good(&all[c.at]) / c.probability) / 300.0;
            plain += sum(&|c| good(&all[c.at])) / chosen.len() as f64;
        }
        let (weighted, plain) = (weighted / seeds as f64, plain / seeds as f64);
        assert!((weighted - truth).abs() < 0.015, "{weighted} {truth}");
        assert!((plain - truth).abs() > 0.1, "{plain} {truth}");
    }

    #[test]
    fn budgets_shares_and_strata_are_kept() {
        let all = candidates(400);
        let plan = Plan {
            budget: 115,
            random: 0.4,
            double: 0.15,
            ..Plan::default()
        };
        let chosen = choose(&all, &plan, 1).unwrap();
        let labels = chosen.len() + chosen.iter().filter(|c| c.double).count();
        assert_eq!((chosen.len(), labels), (100, 115));
        let random: Vec<_> = chosen
            .iter()
            .filter(|c| c.reason == Reason::Random)
            .collect();
        assert_eq!(random.len(), 40);
        let few = random.iter().filter(|c| all[c.at].stratum == "few").count();
        assert!((9..=11).contains(&few), "{few}");
        for reason in [Reason::Doubt, Reason::Dispute, Reason::Thumbs] {
            assert!(chosen.iter().any(|c| c.reason == reason), "{reason:?}");
        }
        assert_eq!(chosen, choose(&all, &plan, 1).unwrap());
        assert_ne!(chosen, choose(&all, &plan, 2).unwrap());
    }

    #[test]
    fn small_sets_are_taken_whole_and_empty_ones_give_nothing() {
        let all = candidates(5);
        let chosen = choose(&all, &Plan::default(), 1).unwrap();
        assert_eq!(chosen.len(), 5);
        assert!(
            chosen
                .iter()
                .all(|c| c.probability == 1.0 && c.reason == Reason::Random)
        );
        assert_eq!(choose(&[], &Plan::default(), 1).unwrap(), []);
        let one = choose(
            &all,
            &Plan {
                budget: 1,
                ..Plan::default()
            },
            1,
        )
        .unwrap();
        assert_eq!((one.len(), one[0].probability), (1, 0.2));
        let twice = [all[0].clone(), all[0].clone()];
        assert!(choose(&twice, &Plan::default(), 1).is_err());
    }
}
