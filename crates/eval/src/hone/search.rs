//! The search: a bot, its suite, what people said -> the one variant that is worth a look of the gate.
//!
//! The bot answers train and dev first, so that proposers know what fails; then proposers propose, the
//! guard refuses, and what is left climbs the [rungs](super::halving). Cases of train that stand in an
//! example of any variant rank nobody. On dev, answers that failed or were refused count as the worst one
//! seen; that ranks, it is no score. No case of the gate is asked about here.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::{Error, Result};

use super::halving::{self, Budget, Rung};
use super::propose::{Proposer, regressions};
use super::purse::{Purse, Spent};
use super::trial::{Bench, Judged};
use super::variant::{Proposed, Refused, Variant};
use super::view::{DevScore, Said, TrainView};
use super::{Cases, Guard, Parent, Use};

/// Cases of train, and of dev, that the bot answers at first, at most.
const BASELINE: usize = 200;
/// Cases that tell what an answer costs.
const PROBE: usize = 10;
/// The share of a budget that goes to the bot's own answers, in fifths.
const BASELINE_FIFTHS: usize = 2;

/// A mean over cases.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mean {
    /// Cases with a judged answer.
    pub n: usize,
    /// Mean over them; more is better.
    pub mean: f64,
}

/// What became of a variant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tried {
    /// Its name.
    pub name: String,
    /// Who proposed it.
    pub proposer: &'static str,
    /// What is different.
    pub about: String,
    /// blake3 of its cartridge.
    pub hash: String,
    /// Over cases of train that stand in no example.
    pub train: Option<Mean>,
    /// Over dev. The best of several is better than it will be: it was selected.
    pub dev: Option<Mean>,
    /// Dev, less the parent over the same cases.
    pub difference: Option<f64>,
    /// Share of its answers that failed.
    pub failed: f64,
    /// Mean price of an answer, where it has one.
    pub cost: Option<f64>,
    /// The rung, from 1, after which it was dropped; none of the last one left.
    pub dropped: Option<usize>,
}

/// How a search ended.
#[derive(Debug)]
pub struct Search {
    /// The parent over train, and over dev.
    pub baseline: (Option<Mean>, Option<Mean>),
    /// Regression cases of what the parent failed.
    pub regressions: Vec<Value>,
    /// Corrections that no variant may hold.
    pub withheld: usize,
    /// What was tried, best first.
    pub tried: Vec<Tried>,
    /// What the guard refused.
    pub refused: Vec<Refused>,
    /// The rungs.
    pub rungs: Vec<Rung>,
    /// What was spent.
    pub spent: Spent,
    /// The cartridges of what was tried, in the same order.
    pub variants: Vec<Variant>,
    /// The variant for the gate.
    pub finalist: Option<Variant>,
    /// Whether the finalist is to be held to the margin: it is cheaper, not better.
    pub cheaper: bool,
}

/// A variant on its way up.
struct Entry {
    variant: Variant,
    judged: BTreeMap<usize, Judged>,
    dropped: Option<usize>,
}

/// What a search goes by.
#[derive(Debug)]
pub(super) struct Ground<'a> {
    pub(super) parent: &'a Parent,
    pub(super) cases: &'a Cases,
    pub(super) guard: &'a Guard,
    pub(super) said: &'a [Said],
    pub(super) budget: Option<Budget>,
    /// How much worse than its parent a cheaper variant may be.
    pub(super) margin: f64,
    pub(super) seed: u64,
}

/// Searches.
pub(super) fn search(
    bench: &mut Bench<'_>,
    ground: &Ground<'_>,
    proposers: &[Box<dyn Proposer>],
) -> Result<Search> {
    let Ground { parent, cases, .. } = *ground;
    let mut purse = Purse::new(ground.budget);
    let train = cases.drawn(Use::Train, ground.seed);
    let dev = cases.drawn(Use::Dev, ground.seed);
    for (of, places) in [(Use::Train, &train), (Use::Dev, &dev)] {
        if places.is_empty() {
            return Err(Error::Invalid(format!(
                "the suite's {} cases leave none for {}: honing needs more cases",
                Use::ALL
                    .into_iter()
                    .map(|of| cases.count(of))
                    .sum::<usize>(),
                of.as_str()
            )));
        }
    }
    let mut own = BTreeMap::new();
    if matches!(ground.budget, Some(Budget::Cost(_))) {
        let probe = &train[..PROBE.min(train.len())];
        ask(bench, parent.text(), cases, probe, &mut own, &mut purse)?;
    }
    let (of_train, of_dev) = baseline(
        (train.len(), dev.len()),
        purse
            .left()?
            .map(|left| left * BASELINE_FIFTHS / 5 / bench.repeats()),
    );
    let (train, dev) = (&train[..of_train], &dev[..of_dev]);
    let both: Vec<usize> = train.iter().chain(dev).copied().collect();
    ask(bench, parent.text(), cases, &both, &mut own, &mut purse)?;

    let known = |places: &[usize]| -> BTreeMap<usize, Judged> {
        let found = places
            .iter()
            .filter_map(|at| Some((*at, own.get(at)?.clone())));
        found.collect()
    };
    let answers = known(train);
    let dev_mean = mean(&own, dev);
    let score = dev_mean.map(|Mean { n, mean }| DevScore { n, mean });
    let view = TrainView::new(cases, ground.guard, ground.said, &answers, score);
    let Proposed { variants, refused } = Proposed::gather(proposers, parent, &view, ground.guard)?;

    let taught = taught(parent, cases, &variants)?;
    let mut pools = (
        train
            .iter()
            .copied()
            .filter(|at| !taught.contains(at))
            .collect::<Vec<_>>(),
        dev.to_vec(),
    );
    let ranked_train = pools.0.clone();
    let mut entries: Vec<Entry> = variants
        .into_iter()
        .map(|variant| Entry {
            variant,
            judged: BTreeMap::new(),
            dropped: None,
        })
        .collect();
    let mut rungs = Vec::new();
    let sizes = halving::sizes(entries.len());
    for at in 0..sizes.len() {
        let left = (pools.0.len(), pools.1.len());
        let Some(rung) = halving::next(&sizes[at..], left, purse.left()?, bench.repeats()) else {
            break;
        };
        if rung.cases == 0 {
            return Err(too_little(&sizes, &purse, bench.repeats()));
        }
        let pool = match rung.of {
            Use::Train => &mut pools.0,
            _ => &mut pools.1,
        };
        let places: Vec<usize> = pool.drain(..rung.cases).collect();
        for entry in entries.iter_mut().filter(|entry| entry.dropped.is_none()) {
            let text = &entry.variant.text;
            ask(bench, text, cases, &places, &mut entry.judged, &mut purse)?;
        }
        let by = match rung.of {
            Use::Train => &ranked_train[..],
            _ => dev,
        };
        rank(&mut entries, by);
        let kept = rung.keep.min(entries.len());
        for entry in entries[kept..]
            .iter_mut()
            .filter(|entry| entry.dropped.is_none())
        {
            entry.dropped = Some(at + 1);
        }
        rungs.push(rung);
    }
    let (finalist, cheaper) = choose(&entries, &own, dev, ground.margin);
    let finalist = finalist.map(|at| entries[at].variant.clone());
    let tried = entries
        .iter()
        .map(|entry| told(entry, &own, &ranked_train, dev))
        .collect();
    Ok(Search {
        baseline: (mean(&own, train), dev_mean),
        regressions: regressions(&view),
        withheld: view.withheld(),
        tried,
        refused,
        rungs,
        spent: purse.spent,
        variants: entries.into_iter().map(|entry| entry.variant).collect(),
        finalist,
        cheaper,
    })
}

/// Asks about those places that were not asked about yet.
fn ask(
    bench: &mut Bench<'_>,
    text: &std::sync::Arc<str>,
    cases: &Cases,
    places: &[usize],
    judged: &mut BTreeMap<usize, Judged>,
    purse: &mut Purse,
) -> Result<()> {
    let new: Vec<usize> = places
        .iter()
        .copied()
        .filter(|at| !judged.contains_key(at))
        .collect();
    let trial = bench.ask(text, cases, &new)?;
    purse.spent.add(&trial);
    judged.extend(trial.cases);
    Ok(())
}

/// How many cases of train and dev the bot answers at first, within so many in all.
fn baseline((train, dev): (usize, usize), within: Option<usize>) -> (usize, usize) {
    let (train, dev) = (train.min(BASELINE), dev.min(BASELINE));
    let all = train + dev;
    match within {
        Some(within) if within < all => {
            // One of each at least: without them there is nothing to go by.
            let share = |n: usize| (n * within / all).max(1);
            (share(train), share(dev))
        }
        _ => (train, dev),
    }
}

/// The places of train cases that stand in an example of any variant.
fn taught(parent: &Parent, cases: &Cases, variants: &[Variant]) -> Result<BTreeSet<usize>> {
    let mut questions = BTreeSet::new();
    for variant in variants {
        let value = parent.reading(&variant.text)?;
        let examples = value
            .pointer("/botsmith/examples")
            .and_then(Value::as_array);
        let users = examples.into_iter().flatten();
        questions.extend(users.filter_map(|e| Some(e.get("user")?.as_str()?.to_owned())));
    }
    Ok(cases
        .train()
        .filter(|train| questions.contains(&train.case().input))
        .map(|train| train.at())
        .collect())
}

fn mean(judged: &BTreeMap<usize, Judged>, places: &[usize]) -> Option<Mean> {
    let values: Vec<f64> = places
        .iter()
        .filter_map(|at| judged.get(at)?.value)
        .collect();
    (!values.is_empty()).then(|| Mean {
        n: values.len(),
        mean: values.iter().sum::<f64>() / values.len() as f64,
    })
}

/// Puts those that are left in front, the best first; of equals the cheaper, then the one proposed first.
fn rank(entries: &mut [Entry], places: &[usize]) {
    let left = || entries.iter().filter(|entry| entry.dropped.is_none());
    let asked: Vec<usize> = places
        .iter()
        .copied()
        .filter(|at| left().all(|entry| entry.judged.contains_key(at)))
        .collect();
    let values = left().flat_map(|entry| {
        let value = move |at: &usize| entry.judged.get(at)?.value;
        asked.iter().filter_map(value)
    });
    let worst = values.fold(f64::INFINITY, f64::min);
    let worst = if worst.is_finite() {
        worst.min(0.0)
    } else {
        0.0
    };
    let score = |entry: &Entry| -> f64 {
        let value = |at: &usize| entry.judged.get(at).and_then(|judged| judged.value);
        asked.iter().map(|at| value(at).unwrap_or(worst)).sum()
    };
    entries.sort_by(|a, b| {
        let out = |entry: &Entry| entry.dropped.is_some();
        let cost = |entry: &Entry| cost(&entry.judged).unwrap_or(0.0);
        out(a).cmp(&out(b)).then_with(|| match out(a) {
            // Those that were dropped stay in the order in which they were.
            true => std::cmp::Ordering::Equal,
            false => score(b)
                .total_cmp(&score(a))
                .then_with(|| cost(a).total_cmp(&cost(b))),
        })
    });
}

/// Mean price of an answer.
fn cost(judged: &BTreeMap<usize, Judged>) -> Option<f64> {
    per_answer(judged, |judged| judged.cost)
}

fn per_answer(
    judged: &BTreeMap<usize, Judged>,
    what: impl Fn(&Judged) -> Option<f64>,
) -> Option<f64> {
    let (mut sum, mut answers) = (0.0, 0);
    for judged in judged.values() {
        if let Some(value) = what(judged) {
            sum += value;
            answers += judged.answers;
        }
    }
    (answers > 0).then(|| sum / answers as f64)
}

fn failed(judged: &BTreeMap<usize, Judged>) -> f64 {
    let answers: usize = judged.values().map(|judged| judged.answers).sum();
    let failed: usize = judged.values().map(|judged| judged.failed).sum();
    failed as f64 / answers.max(1) as f64
}

/// The parent and a variant over the cases that both have a score for, and that many.
fn difference(entry: &Entry, own: &BTreeMap<usize, Judged>, places: &[usize]) -> Option<f64> {
    let pairs: Vec<f64> = places
        .iter()
        .filter_map(|at| Some(entry.judged.get(at)?.value? - own.get(at)?.value?))
        .collect();
    (!pairs.is_empty()).then(|| pairs.iter().sum::<f64>() / pairs.len() as f64)
}

/// Which entry goes to the gate: the best of dev where it is better than the parent, else, with a margin,
/// the cheapest that is within it.
fn choose(
    entries: &[Entry],
    own: &BTreeMap<usize, Judged>,
    dev: &[usize],
    margin: f64,
) -> (Option<usize>, bool) {
    let reliable = |entry: &Entry| failed(&entry.judged) <= failed(own).max(0.02);
    let on_dev = |at: usize| difference(&entries[at], own, dev);
    let fits = |at: &usize| reliable(&entries[*at]) && on_dev(*at).is_some();
    let left: Vec<usize> = (0..entries.len()).filter(fits).collect();
    let best = left
        .iter()
        .copied()
        .find(|at| entries[*at].dropped.is_none());
    if let Some(at) = best.filter(|at| on_dev(*at).is_some_and(|d| d > 0.0)) {
        return (Some(at), false);
    }
    if margin > 0.0 {
        let price = |judged: &BTreeMap<usize, Judged>| {
            cost(judged).or_else(|| per_answer(judged, |judged| judged.seconds))
        };
        let cheaper = left
            .into_iter()
            .filter(|at| on_dev(*at).is_some_and(|d| d >= -margin))
            .filter_map(|at| Some((at, price(&entries[at].judged)?)))
            .filter(|(_, theirs)| price(own).is_some_and(|ours| *theirs < ours))
            .min_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((at, _)) = cheaper {
            return (Some(at), true);
        }
    }
    (None, false)
}

fn told(entry: &Entry, own: &BTreeMap<usize, Judged>, train: &[usize], dev: &[usize]) -> Tried {
    let variant = &entry.variant;
    Tried {
        name: variant.name.clone(),
        proposer: variant.proposer,
        about: variant.about.clone(),
        hash: variant.hash().to_string(),
        train: mean(&entry.judged, train),
        dev: mean(&entry.judged, dev),
        difference: difference(entry, own, dev),
        failed: failed(&entry.judged),
        cost: cost(&entry.judged),
        dropped: entry.dropped,
    }
}

fn too_little(sizes: &[usize], purse: &Purse, repeats: usize) -> Error {
    // Five cases a rung, on top of the share that the bot's own answers take.
    let rungs: usize = sizes.iter().map(|variants| variants * 5 * repeats).sum();
    let wanted = rungs * 5 / (5 - BASELINE_FIFTHS);
    Error::Invalid(format!(
        "the budget is too small for {} variants: {} answers are spent, and nothing is left to tell them \
         apart by; {wanted} answers would do, or fewer `--proposers`",
        sizes.first().copied().unwrap_or(0),
        purse.spent.answers
    ))
}
