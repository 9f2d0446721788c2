//! The work on a run: its answers -> which of them are labelled, kept so that everybody gets the same.
//!
//! What is chosen depends on what users said so far, so it is chosen once and then kept: partition
//! `feedback`, log `chosen/RUN/PLAN`. Two passes over the run: one for the numbers, one for the texts
//! of what was chosen, so that a large run needs little memory.

use std::collections::{BTreeMap, HashMap, HashSet};

use botsmith_core::hint::nearest;
use botsmith_core::store::{Outcome as Stored, StateStore, Transaction};
use serde::{Deserialize, Serialize};

use crate::run::{AnswerRecord, CaseRecord, Manifest, StoredRun};
use crate::{Case, Error, Outcome, Result, Verdict};

use super::log::PARTITION;
use super::{Candidate, Chosen, Filter, Item, Log, Plan, Reason, Record, Side, Source, Subject};
use super::{bot_hashes, choose};

/// What is to be labelled in a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Work {
    /// The items, in the run's order.
    pub items: Vec<Item>,
}

/// The seed of a run's suite, which everything random about its feedback starts from.
pub fn seed(run: &Manifest) -> u64 {
    run.identity["suite"]["seed"].as_u64().unwrap_or(0)
}

/// An item that was chosen, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Assigned {
    #[serde(flatten)]
    subject: Subject,
    reason: Reason,
    probability: f64,
    double: bool,
}

impl Work {
    /// The work on a complete run: what was chosen for this plan and seed earlier, else chosen now.
    /// Answers are chosen for the questions about one answer, pairs for those about two; with both kinds
    /// each gets half of the budget.
    ///
    /// # Errors
    /// If the run is not complete, or the store fails.
    pub fn of_run(run: &StoredRun<'_>, plan: &Plan, log: &Log<'_>, seed: u64) -> Result<Self> {
        run.complete()?;
        known("slice", plan.by.as_deref(), &run.manifest.slices)?;
        known("metric", plan.judge.as_deref(), &run.manifest.metrics)?;
        let pairs = plan.questions.iter().any(|q| q.kind.of_two());
        let singles = plan.questions.iter().any(|q| !q.kind.of_two());
        let mut plan = plan.clone();
        if pairs && singles {
            plan.budget = (plan.budget / 2).max(1);
        }
        let mut assigned = Vec::new();
        for of_two in [singles.then_some(false), pairs.then_some(true)]
            .into_iter()
            .flatten()
        {
            let name = format!("chosen/{}/{}", run.manifest.id, plan.choice(seed, of_two));
            assigned.extend(settled(log, &name, || {
                let implicit = log.current(&Filter {
                    source: Some(Source::Implicit),
                    ..Filter::of_run(run.manifest.id.as_str())
                })?;
                let (subjects, candidates) = candidates(run, &plan, &implicit, of_two)?;
                Ok(chosen(&subjects, &choose(&candidates, &plan, seed)?))
            })?);
        }
        Self::load(run, assigned)
    }

    /// The work on two runs of the same cases, such as a bot's and its variant's over the cases of a gate: both
    /// answers to a random part of the cases that both runs answered, none for a reason, so that what people say of
    /// them bears on all. The budget counts cases, each of two answers; where both are the same words it is one.
    /// What was chosen earlier is kept, as in [`of_run`](Self::of_run).
    ///
    /// # Errors
    /// If a run is not complete, no case was answered in both, no question is about one answer, or the store fails.
    pub fn of_two(
        runs: [&StoredRun<'_>; 2],
        plan: &Plan,
        log: &Log<'_>,
        seed: u64,
    ) -> Result<Self> {
        let [first, second] = runs;
        for run in runs {
            run.complete()?;
            known("slice", plan.by.as_deref(), &run.manifest.slices)?;
        }
        if plan.questions.iter().all(|q| q.kind.of_two()) {
            return Err(Error::Invalid(
                "two runs are labelled an answer at a time, and the suite asks only about pairs"
                    .into(),
            ));
        }
        let plan = Plan {
            random: 1.0,
            judge: None,
            ..plan.clone()
        };
        let ids = runs.map(|run| run.manifest.id.as_str());
        let name = format!("chosen/{}/{}", ids.join("+"), plan.choice(seed, false));
        let assigned = settled(log, &name, || {
            let theirs: HashSet<String> = candidates(second, &plan, &[], false)?
                .0
                .iter()
                .map(Subject::key)
                .collect();
            let (subjects, found) = candidates(first, &plan, &[], false)?;
            let (subjects, found): (Vec<_>, Vec<_>) = subjects
                .into_iter()
                .zip(found)
                .filter(|(subject, _)| theirs.contains(&subject.key()))
                .unzip();
            if subjects.is_empty() {
                return Err(Error::Invalid(format!(
                    "no case was answered in both runs, {} and {}",
                    ids[0], ids[1]
                )));
            }
            Ok(chosen(&subjects, &choose(&found, &plan, seed)?))
        })?;
        let mut work = Self::load(first, assigned.clone())?;
        let mut texts: HashMap<String, String> = HashMap::new();
        for item in &work.items {
            texts.insert(item.subject.key(), item.a.text.clone());
        }
        let mut other = Self::load(second, assigned)?.items;
        other.retain(|item| texts.get(&item.subject.key()) != Some(&item.a.text));
        for item in &mut other {
            item.subject.bot += first.manifest.bots.len();
        }
        work.items.extend(other);
        Ok(work)
    }

    /// The items of what was chosen, with their texts.
    fn load(run: &StoredRun<'_>, assigned: Vec<Assigned>) -> Result<Self> {
        let mut by_case: HashMap<String, Vec<Assigned>> = HashMap::new();
        for one in assigned {
            by_case
                .entry(one.subject.case.clone())
                .or_default()
                .push(one);
        }
        let hashes = bot_hashes(&run.manifest);
        let mut items = Vec::new();
        for case in run.cases() {
            let case = case?;
            for one in by_case.remove(&case.case.id).unwrap_or_default() {
                items.extend(item(run, &case, one, &hashes));
            }
        }
        Ok(Self { items })
    }
}

/// Whether the run has what the plan names: the block may be newer than the run.
fn known(what: &'static str, name: Option<&str>, among: &[String]) -> Result<()> {
    match name {
        Some(name) if !among.iter().any(|known| known == name) => Err(Error::NotFound {
            what,
            name: name.to_owned(),
            hint: nearest(name, among.iter().map(String::as_str))
                .map(|near| format!("did you mean `{near}`?")),
        }),
        _ => Ok(()),
    }
}

fn item(run: &StoredRun<'_>, case: &CaseRecord, one: Assigned, hashes: &[String]) -> Option<Item> {
    let side = |bot: usize| {
        let answer = answers(case).find(|a| a.bot == bot && a.repeat == one.subject.repeat)?;
        Some(Side {
            bot: run.manifest.bots.get(bot)?.clone(),
            bot_hash: hashes.get(bot)?.clone(),
            text: answer.answer.text.clone(),
        })
    };
    let b = match one.subject.against {
        Some(other) => Some(side(other)?),
        None => None,
    };
    Some(Item {
        suite: run.manifest.suite.clone(),
        run: run.manifest.id.clone(),
        a: side(one.subject.bot)?,
        b,
        subject: one.subject,
        group: crate::hone::split_key(&case.case).to_owned(),
        said: said(&case.case),
        reason: one.reason,
        probability: one.probability,
        double: one.double,
    })
}

/// What was said to the bot.
fn said(case: &Case) -> Vec<(String, String)> {
    match case.messages.as_slice() {
        [] => vec![("user".to_owned(), case.input.clone())],
        messages => messages
            .iter()
            .map(|m| (m.role.clone(), m.text()))
            .collect(),
    }
}

fn answers(case: &CaseRecord) -> impl Iterator<Item = &AnswerRecord> {
    let answers = case.answers.iter();
    answers.filter(|a| a.answer.outcome == Outcome::Answered && !a.answer.text.trim().is_empty())
}

/// What was chosen earlier, else chosen and kept now.
fn settled(
    log: &Log<'_>,
    name: &str,
    choose: impl FnOnce() -> Result<Vec<Assigned>>,
) -> Result<Vec<Assigned>> {
    let store = log.store();
    if let Some(kept) = kept(store, name)? {
        return Ok(kept);
    }
    let assigned = choose()?;
    let mut transaction = Transaction::new().log_length(name, 0);
    for one in &assigned {
        let entry = serde_json::to_vec(one).expect("names and numbers serialise");
        transaction = transaction.append(name, entry);
    }
    match store.transact(PARTITION, transaction)? {
        Stored::Committed(_) => Ok(assigned),
        // Somebody else began at the same moment: theirs holds.
        Stored::Conflict(_) => Ok(kept(store, name)?.unwrap_or(assigned)),
    }
}

fn chosen(subjects: &[Subject], chosen: &[Chosen]) -> Vec<Assigned> {
    let of = |chosen: &Chosen| Assigned {
        subject: subjects[chosen.at].clone(),
        reason: chosen.reason,
        probability: chosen.probability,
        double: chosen.double,
    };
    chosen.iter().map(of).collect()
}

fn kept(store: &dyn StateStore, name: &str) -> Result<Option<Vec<Assigned>>> {
    let entries = store.log(PARTITION, name, 0, usize::MAX)?;
    if entries.is_empty() {
        return Ok(None);
    }
    let read = |entry: &Vec<u8>| {
        serde_json::from_slice(entry).map_err(|error| {
            crate::Error::from(botsmith_core::Error::StoreCorrupt {
                url: store.url().into(),
                reason: format!("what was chosen to be labelled does not read: {error}"),
            })
        })
    };
    entries.iter().map(read).collect::<Result<_>>().map(Some)
}

/// Everything that could be labelled, with what speaks for it.
fn candidates(
    run: &StoredRun<'_>,
    plan: &Plan,
    implicit: &[Record],
    of_two: bool,
) -> Result<(Vec<Subject>, Vec<Candidate>)> {
    let mut thumbs: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    for record in implicit {
        let step = match super::Question::verdict().passes(&record.value) {
            Some(true) => -1.0,
            Some(false) => 1.0,
            None => continue,
        };
        *thumbs.entry((&record.case, &record.bot)).or_default() += step;
    }
    let judge = plan
        .judge
        .as_ref()
        .and_then(|name| run.manifest.metrics.iter().position(|m| m == name));
    let slice = plan
        .by
        .as_ref()
        .and_then(|name| run.manifest.slices.iter().position(|s| s == name));
    let (mut subjects, mut found) = (Vec::new(), Vec::new());
    for case in run.cases() {
        let case = case?;
        let stratum = slice
            .and_then(|at| case.slices.get(at))
            .map(|groups| groups.join("\u{1f}"))
            .unwrap_or_default();
        let mut push = |subject: Subject, doubt: f64, dispute: f64, thumbs: f64| {
            found.push(Candidate {
                key: subject.key(),
                stratum: stratum.clone(),
                doubt,
                dispute,
                thumbs,
            });
            subjects.push(subject);
        };
        let thumbs_of = |answer: &AnswerRecord| {
            let bot = run.manifest.bots.get(answer.bot).map_or("", String::as_str);
            thumbs
                .get(&(case.case.id.as_str(), bot))
                .copied()
                .unwrap_or(0.0)
        };
        let all: Vec<&AnswerRecord> = answers(&case).collect();
        for (i, a) in all.iter().enumerate() {
            let subject = |against| Subject {
                case: case.case.id.clone(),
                repeat: a.repeat,
                bot: a.bot,
                against,
            };
            if !of_two {
                push(
                    subject(None),
                    doubt(a, judge),
                    dispute(a),
                    thumbs_of(a).max(0.0),
                );
                continue;
            }
            // The same words twice leave nothing to choose.
            let others = all[i + 1..].iter().filter(|b| {
                b.repeat == a.repeat && b.bot != a.bot && b.answer.text != a.answer.text
            });
            for b in others {
                let apart = (overall(a) - overall(b)).abs().min(1.0);
                let thumbs = (thumbs_of(a) - thumbs_of(b)).abs();
                push(
                    subject(Some(b.bot)),
                    1.0 - apart,
                    dispute(a).max(dispute(b)),
                    thumbs,
                );
            }
        }
    }
    Ok((subjects, found))
}

fn overall(answer: &AnswerRecord) -> f64 {
    answer.overall.unwrap_or(0.5)
}

/// How close scores are to the middle, the closest counts; scores outside 0 to 1 say nothing.
fn doubt(answer: &AnswerRecord, judge: Option<usize>) -> f64 {
    let judged = answer.verdicts.iter().enumerate();
    judged
        .filter(|(at, _)| judge.is_none_or(|judge| judge == *at))
        .filter_map(|(_, verdict)| match verdict {
            Verdict::Judged(score) if (0.0..=1.0).contains(&score.value) => {
                Some(1.0 - (2.0 * score.value - 1.0).abs())
            }
            _ => None,
        })
        .fold(0.0, f64::max)
}

/// 1 where half of the evaluators say passed and half not, 0 where all say the same.
fn dispute(answer: &AnswerRecord) -> f64 {
    let passed: Vec<bool> = answer
        .verdicts
        .iter()
        .filter_map(|verdict| match verdict {
            Verdict::Judged(score) => score.passed,
            _ => None,
        })
        .collect();
    if passed.len() < 2 {
        return 0.0;
    }
    let share = passed.iter().filter(|p| **p).count() as f64 / passed.len() as f64;
    4.0 * share * (1.0 - share)
}
