//! What people said of the answers of one run: records -> for each answer, whether the majority lets it pass.
//!
//! Only words that count as truth are taken ([`Record::counts`]), of the first round, on the answer as it is in the
//! run. Words on an answer that reads otherwise now are about another answer.

use std::collections::HashMap;

use botsmith_core::digest::Digest;

use crate::feedback::{Question, Record};

/// Words on the answers of a run.
pub(super) struct Said<'a> {
    by: HashMap<(&'a str, &'a str, usize), Words<'a>>,
    /// The people.
    pub(super) raters: Vec<String>,
}

#[derive(Default)]
struct Words<'a> {
    yes: usize,
    no: usize,
    at: u64,
    probability: Option<f64>,
    hash: &'a str,
}

/// What people say of one answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Word {
    /// Nothing.
    None,
    /// So many words, on an answer that read otherwise.
    Stale(usize),
    /// As many say yes as no.
    Divided,
    /// The majority has a verdict.
    Settled {
        passes: bool,
        /// The last word's time, in milliseconds since 1970.
        at: u64,
        /// The chance that the answer had of being labelled, where it is known.
        probability: Option<f64>,
    },
}

impl<'a> Said<'a> {
    /// What `records`, edits resolved, say in answer to `question`.
    pub(super) fn of(question: &Question, records: impl Iterator<Item = &'a Record>) -> Self {
        let mut by: HashMap<_, Words<'a>> = HashMap::new();
        let mut raters = Vec::new();
        for record in records {
            let counts = record.counts() && record.against.is_none() && record.round == 1;
            if !counts || record.question != question.name {
                continue;
            }
            let Some(passes) = question.passes(&record.value) else {
                continue;
            };
            let key = (record.case.as_str(), record.bot.as_str(), record.repeat);
            let words = by.entry(key).or_default();
            *if passes {
                &mut words.yes
            } else {
                &mut words.no
            } += 1;
            words.at = words.at.max(record.at);
            // Of two plans, the one that made it likelier: what a larger budget draws holds what a smaller one drew.
            words.probability = match (words.probability, record.probability) {
                (Some(known), Some(other)) => Some(known.max(other)),
                (known, other) => known.or(other),
            };
            if words.hash.is_empty() {
                words.hash = &record.answer_hash;
            }
            if !raters.contains(&record.rater) {
                raters.push(record.rater.clone());
            }
        }
        raters.sort_unstable();
        Self { by, raters }
    }

    /// What people say of an answer with this text.
    pub(super) fn on(&self, case: &str, bot: &str, repeat: usize, text: &str) -> Word {
        let Some(words) = self.by.get(&(case, bot, repeat)) else {
            return Word::None;
        };
        if !words.hash.is_empty() && words.hash != Digest::of(text.as_bytes()).to_string() {
            return Word::Stale(words.yes + words.no);
        }
        if words.yes == words.no {
            return Word::Divided;
        }
        Word::Settled {
            passes: words.yes > words.no,
            at: words.at,
            probability: words.probability,
        }
    }
}
