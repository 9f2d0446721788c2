//! What was asked for and is not yet judged: answers and judges' verdicts in the run's partition.
//!
//! Each is a record of its own, committed as soon as it exists, so that a run that is killed asks
//! nothing twice. Keys are `ask/KIND/ROW.BOT.REPEAT[.EVALUATOR]`, where ROW is the number of the
//! row in its file (of a rerun: its place in the run before) and KIND is `a` an answer, `f` an
//! answer that failed, `v` a verdict, `w` a verdict that failed. What failed is asked again when the
//! run goes on. Once a run is complete its log of cases holds all of it, and these records go.

use std::collections::HashSet;

use botsmith_core::store::{Record, StateStore, Transaction};
use serde::de::DeserializeOwned;

use crate::suite::Suite;
use crate::{Answer, Outcome, Result, Verdict};

use super::AnswerRecord;

/// All keys of this module start so.
pub(super) const PREFIX: &str = "ask/";
const PAGE: usize = 1000;

/// Which answer: row, bot in suite order, repeat from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Slot {
    pub(super) row: u64,
    pub(super) bot: usize,
    pub(super) repeat: usize,
}

impl Slot {
    fn key(self) -> String {
        format!("{:010}.{:04}.{:04}", self.row, self.bot, self.repeat)
    }

    /// The key of its answer.
    pub(super) fn answer(self, failed: bool) -> String {
        format!("{PREFIX}{}/{}", if failed { 'f' } else { 'a' }, self.key())
    }

    /// The key of what the evaluator at `place` makes of it.
    pub(super) fn verdict(self, place: usize, failed: bool) -> String {
        let kind = if failed { 'w' } else { 'v' };
        format!("{PREFIX}{kind}/{}.{place:04}", self.key())
    }
}

/// The records of one run.
#[derive(Clone, Debug)]
pub(super) struct Kept<'a> {
    store: &'a dyn StateStore,
    partition: String,
}

/// Keys of what need not be asked for again, without `ask/`.
pub(super) type Done = HashSet<Box<str>>;

impl<'a> Kept<'a> {
    pub(super) fn new(store: &'a dyn StateStore, partition: String) -> Self {
        Self { store, partition }
    }

    /// What is there already.
    pub(super) fn done(&self) -> Result<Done> {
        let mut done = Done::new();
        for kind in ["ask/a/", "ask/v/"] {
            let mut after: Option<String> = None;
            loop {
                let keys = self
                    .store
                    .keys(&self.partition, kind, after.as_deref(), PAGE)?;
                let Some(last) = keys.last() else { break };
                after = Some(last.clone());
                done.extend(keys.iter().map(|key| key.as_str().into()));
            }
        }
        Ok(done)
    }

    /// One answer, or the failure of it.
    pub(super) fn answer(&self, slot: Slot) -> Result<Option<Answer>> {
        Ok(self.answers(&[slot])?.pop().flatten())
    }

    fn answers(&self, slots: &[Slot]) -> Result<Vec<Option<Answer>>> {
        let keys: Vec<_> = slots
            .iter()
            .flat_map(|slot| [slot.answer(false), slot.answer(true)])
            .collect();
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        let records = self.store.get_many(&self.partition, &keys)?;
        records
            .chunks(2)
            .map(|pair| {
                pair.iter()
                    .flatten()
                    .next()
                    .map(|r| self.read(r))
                    .transpose()
            })
            .collect()
    }

    /// Adds the answers of bots that were asked, in suite order.
    pub(super) fn add_answers(
        &self,
        suite: &Suite,
        row: u64,
        answers: &mut Vec<AnswerRecord>,
    ) -> Result<()> {
        let slots = slots(suite, row);
        if slots.is_empty() {
            return Ok(());
        }
        for (slot, answer) in slots.iter().zip(self.answers(&slots)?) {
            let answer = answer.unwrap_or_else(|| Answer::failed("the bot was not asked"));
            answers.push(AnswerRecord {
                bot: slot.bot,
                repeat: slot.repeat,
                answer,
                ..AnswerRecord::default()
            });
        }
        answers.sort_by_key(|answer| (answer.bot, answer.repeat));
        Ok(())
    }

    /// For each answer the verdicts of judges, by the places of their evaluators; empty where no
    /// evaluator of the suite asks.
    pub(super) fn verdicts(
        &self,
        suite: &Suite,
        row: u64,
        answers: &[AnswerRecord],
    ) -> Result<Vec<Vec<(usize, Verdict)>>> {
        let places = asking(suite);
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let mut all = Vec::with_capacity(answers.len());
        for answer in answers {
            let mut verdicts = Vec::with_capacity(places.len());
            if answer.answer.outcome == Outcome::Answered {
                let slot = Slot {
                    row,
                    bot: answer.bot,
                    repeat: answer.repeat,
                };
                let keys: Vec<_> = places
                    .iter()
                    .flat_map(|place| [slot.verdict(*place, false), slot.verdict(*place, true)])
                    .collect();
                let keys: Vec<_> = keys.iter().map(String::as_str).collect();
                let records = self.store.get_many(&self.partition, &keys)?;
                for (place, pair) in places.iter().zip(records.chunks(2)) {
                    if let Some(record) = pair.iter().flatten().next() {
                        verdicts.push((*place, self.read(record)?));
                    }
                }
            }
            all.push(verdicts);
        }
        Ok(all)
    }

    fn read<T: DeserializeOwned>(&self, record: &Record) -> Result<T> {
        serde_json::from_slice(&record.value).map_err(|error| {
            botsmith_core::Error::StoreCorrupt {
                url: self.store.url().into(),
                reason: format!("an answer of {} does not read: {error}", self.partition),
            }
            .into()
        })
    }

    /// Removes all of it: the run is complete.
    pub(super) fn clear(&self) -> Result<()> {
        clear(self.store, &self.partition, PREFIX)
    }
}

/// Removes the records whose keys start so.
pub(super) fn clear(store: &dyn StateStore, partition: &str, prefix: &str) -> Result<()> {
    loop {
        let keys = store.keys(partition, prefix, None, PAGE)?;
        if keys.is_empty() {
            return Ok(());
        }
        let gone = keys
            .into_iter()
            .fold(Transaction::new(), Transaction::delete);
        let _ = store.transact(partition, gone)?;
    }
}

/// The answers that a row wants of bots that are asked.
pub(super) fn slots(suite: &Suite, row: u64) -> Vec<Slot> {
    let live = suite
        .bots
        .iter()
        .enumerate()
        .filter(|(_, bot)| bot.live().is_some());
    let repeats = suite.repeat.unwrap_or(1);
    live.flat_map(|(bot, _)| (1..=repeats).map(move |repeat| Slot { row, bot, repeat }))
        .collect()
}

/// The places of evaluators that ask a model.
pub(super) fn asking(suite: &Suite) -> Vec<usize> {
    let evaluators = suite.panel.evaluators().iter().enumerate();
    evaluators
        .filter(|(_, evaluator)| evaluator.asks().is_some())
        .map(|(place, _)| place)
        .collect()
}
