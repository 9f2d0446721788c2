//! What others have labelled: records in the order they came -> whether an item has as many labels as it is to have.
//!
//! Only experts' words of the first round count, given under the plan's words of now. Whoever takes a word back has
//! not said it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Item, Plan, Question, Record, Source, State};

/// Whose first word counts, by what it is on and the question.
#[derive(Clone, Debug, Default)]
pub(super) struct Others(BTreeMap<(String, String), BTreeSet<String>>);

/// Whether it is an expert's first word, given under the plan's words of now.
pub(super) fn is_first_word(record: &Record, plan: &Plan) -> bool {
    record.round < 2 && record.source == Source::Expert && plan.asks_as(record)
}

impl Others {
    /// Takes in a record that somebody other than `rater` made; a later one of the same person on the same thing takes
    /// the place of the earlier one.
    pub(super) fn hear(&mut self, record: &Record, plan: &Plan, rater: &str) {
        if record.rater == rater || !is_first_word(record, plan) {
            return;
        }
        let key = (record.unit(), record.question.clone());
        if record.state == State::Submitted {
            self.0.entry(key).or_default().insert(record.rater.clone());
        } else if let Some(raters) = self.0.get_mut(&key) {
            raters.remove(&record.rater);
        }
    }

    /// Whether they have labelled an item as often as is wanted: twice, or once.
    pub(super) fn fill(&self, item: &Item, question: &Question) -> bool {
        let wanted = if item.double { 2 } else { 1 };
        let key = (item.record(question).unit(), question.name.clone());
        self.0
            .get(&key)
            .is_some_and(|raters| raters.len() >= wanted)
    }
}
