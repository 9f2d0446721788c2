//! Which questions are open: the dataset (or an earlier run) case by case, less what is kept.

use botsmith_core::store::StateStore;

use crate::dataset::Answers;
use crate::suite::Suite;
use crate::{Outcome, Result, Verdict};

use super::crew::Task;
use super::judge::{Given, Judge};
use super::kept::{Done, Kept, Slot, asking, slots};
use super::runner::Part;
use super::runs::{CASES, partition};
use super::select::Selection;
use super::{AnswerRecord, AskProgress, CaseRecord, chunk};

/// Rows of one batch of an earlier run are numbered from its place times this.
pub(super) const STRIDE: u64 = 1 << 20;

/// How far the run has come in its log of cases.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Begun {
    pub(super) batches: usize,
    pub(super) cases: usize,
    /// Which share of the rows is asked about here, where others ask about the rest.
    pub(super) part: Option<Part>,
}

/// The answers of the bots, opened where they are recorded.
pub(super) fn given(suite: &Suite) -> Result<Vec<Given>> {
    let open = |bot: &crate::suite::BotSpec| match bot.recorded() {
        Some(recorded) => Answers::open(recorded, &suite.dataset.source)
            .map(|answers| Given::Recorded(Box::new(answers))),
        None => Ok(Given::Asked),
    };
    suite.bots.iter().map(open).collect()
}

/// What is open of a suite over its dataset; `send` says whether more is wanted.
pub(super) fn dataset(
    suite: &Suite,
    kept: &Kept<'_>,
    begun: Begun,
    mut send: impl FnMut(Task) -> bool,
) -> Result<()> {
    let done = kept.done()?;
    let places = asking(suite);
    let answers = match places.is_empty() {
        // Recorded answers matter to judges alone.
        true => suite.bots.iter().map(|_| Given::Asked).collect(),
        false => given(suite)?,
    };
    let selection = Selection::new(&suite.dataset, suite.seed)?;
    let judge = Judge::new(suite, &selection, &answers, kept.clone());
    let mut rows = suite.dataset.source.rows()?;
    for _ in 0..begun.batches {
        rows.next_batch()?;
    }
    let mut cases = begun.cases;
    while let Some(batch) = rows.next_batch()? {
        for row in batch.rows()? {
            if suite.dataset.limit.is_some_and(|limit| cases >= limit) {
                return Ok(());
            }
            let Some(chosen) = judge.choose(&row)? else {
                continue;
            };
            cases += 1;
            let (line, row) = (row.line, row.number as u64);
            if begun.part.is_some_and(|part| !part.has(row)) {
                continue;
            }
            let mut answers: Vec<_> = chosen
                .recorded
                .into_iter()
                .map(|record| (slot(row, &record), Some(record.answer)))
                .collect();
            for slot in slots(suite, row) {
                let answer = match done.contains(slot.answer(false).as_str()) {
                    true => kept.answer(slot)?,
                    false => None,
                };
                answers.push((slot, answer));
            }
            let task = Task {
                case: chosen.case,
                line,
                verdicts: open(&answers, &places, &done),
                answers,
            };
            if !is_done(&task) && !send(task) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// What is open of the answers of an earlier run, from a batch on. Where `failed` is set, answers
/// of bots that failed are asked for again; the other answers stay, and of verdicts those that
/// failed are asked for again.
pub(super) fn earlier(
    suite: &Suite,
    store: &dyn StateStore,
    of: &str,
    kept: &Kept<'_>,
    (begun, failed): (Begun, bool),
    mut send: impl FnMut(Task) -> bool,
) -> Result<()> {
    let done = kept.done()?;
    let places = asking(suite);
    let source = partition(of);
    for at in begun.batches as u64.. {
        let Some(entry) = store.log(&source, CASES, at, 1)?.pop() else {
            return Ok(());
        };
        let records = chunk::decode(&chunk::resolve(entry, store)?, store.url())?;
        for (i, record) in records.into_iter().enumerate() {
            let row = at * STRIDE + i as u64;
            let mut answers = Vec::with_capacity(record.answers.len());
            let mut stay = Vec::new();
            for (i, given) in record.answers.iter().enumerate() {
                let slot = slot(row, given);
                let answer = match failed && again(suite, given) {
                    true if done.contains(slot.answer(false).as_str()) => kept.answer(slot)?,
                    true => None,
                    false => Some(given.answer.clone()),
                };
                if failed && !again(suite, given) {
                    stay.extend(places.iter().filter_map(|place| {
                        let judged = given.verdicts.get(*place)?;
                        (!matches!(judged, Verdict::Failed(_))).then_some((i, *place))
                    }));
                }
                answers.push((slot, answer));
            }
            let mut verdicts = open(&answers, &places, &done);
            verdicts.retain(|verdict| !stay.contains(verdict));
            let task = Task {
                case: record.case,
                line: record.line,
                answers,
                verdicts,
            };
            if !is_done(&task) && !send(task) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Whether an answer of an earlier run is to be asked for again.
fn again(suite: &Suite, given: &AnswerRecord) -> bool {
    let live = suite
        .bots
        .get(given.bot)
        .is_some_and(|bot| bot.live().is_some());
    live && given.answer.outcome == Outcome::Failed
}

/// Puts what was asked for again into a case of an earlier run.
pub(super) fn renew(
    suite: &Suite,
    kept: &Kept<'_>,
    row: u64,
    record: &mut CaseRecord,
) -> Result<()> {
    for given in &mut record.answers {
        if again(suite, given)
            && let Some(answer) = kept.answer(slot(row, given))?
        {
            given.answer = answer;
            given.verdicts.clear();
            given.overall = None;
        }
    }
    Ok(())
}

/// How much a run asks for in all, and how much of it is there.
pub(super) fn count(suite: &Suite, kept: &Kept<'_>, begun: Begun) -> Result<AskProgress> {
    let selection = Selection::new(&suite.dataset, suite.seed)?;
    let mut rows = suite.dataset.source.rows()?;
    let (mut cases, limit) = (0, suite.dataset.limit.unwrap_or(usize::MAX));
    while let Some(batch) = rows.next_batch()? {
        for row in batch.rows()? {
            cases += usize::from(selection.case(&row)?.is_some());
        }
        if cases >= limit {
            break;
        }
    }
    let each = slots(suite, 0).len();
    let done = kept.done()?;
    let there = done.iter().filter(|key| key.starts_with("ask/a/")).count();
    Ok(AskProgress {
        answers: there + begun.cases * each,
        of: Some(cases.min(limit) * each),
        ..AskProgress::default()
    })
}

fn slot(row: u64, record: &AnswerRecord) -> Slot {
    Slot {
        row,
        bot: record.bot,
        repeat: record.repeat,
    }
}

/// Verdicts that are not there yet; of an answer that is not there yet, all.
fn open(
    answers: &[(Slot, Option<crate::Answer>)],
    places: &[usize],
    done: &Done,
) -> Vec<(usize, usize)> {
    let mut verdicts = Vec::new();
    for (i, (slot, answer)) in answers.iter().enumerate() {
        let judged = answer
            .as_ref()
            .is_none_or(|a| a.outcome == Outcome::Answered);
        let open = places
            .iter()
            .filter(|place| !done.contains(slot.verdict(**place, false).as_str()));
        verdicts.extend(open.filter(|_| judged).map(|place| (i, *place)));
    }
    verdicts
}

fn is_done(task: &Task) -> bool {
    task.verdicts.is_empty() && task.answers.iter().all(|(_, answer)| answer.is_some())
}
