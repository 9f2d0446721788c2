//! What a run remembers of a batch once its records are packed: numbers and hashes of ids.
//!
//! The thread that judged the batch makes them and frees the texts; the one that puts batches in
//! order is left with little to do.

use crate::dataset::hash_id;
use crate::report::BotTotals;
use crate::{Outcome, Verdict};

use super::{AnswerRecord, CaseRecord};

/// The numbers of a batch, in flat lists.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    pub(super) cases: Vec<CaseNumbers>,
    /// Of all cases, one after the other.
    pub(super) answers: Vec<AnswerNumbers>,
    /// Of all answers, one after the other.
    pub(super) cells: Vec<Cell>,
}

/// One case.
#[derive(Debug)]
pub(super) struct CaseNumbers {
    /// Hash of the id, without its `#2` where it has one.
    pub(super) key: u128,
    pub(super) line: usize,
    pub(super) group: Option<String>,
    pub(super) slices: Vec<Vec<String>>,
    /// How many answers are its.
    pub(super) answers: usize,
}

/// One answer.
#[derive(Debug)]
pub(super) struct AnswerNumbers {
    pub(super) bot: usize,
    pub(super) repeat: usize,
    pub(super) outcome: Outcome,
    /// NaN where there is none.
    pub(super) overall: f64,
    /// How many cells are its.
    pub(super) cells: usize,
    /// What it used.
    pub(super) used: BotTotals,
}

/// One verdict.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell {
    Judged { value: f64, passed: Option<bool> },
    Skipped,
    Failed,
}

impl Numbers {
    /// The numbers of judged records, whose texts are dropped.
    pub(super) fn of(records: Vec<CaseRecord>) -> Self {
        let mut numbers = Self {
            cases: Vec::with_capacity(records.len()),
            answers: Vec::with_capacity(records.len()),
            cells: Vec::new(),
        };
        for record in records {
            for answer in &record.answers {
                numbers.push(answer);
            }
            numbers.cases.push(CaseNumbers {
                key: hash_id(base(&record.case.id)),
                line: record.line,
                group: record.case.group,
                slices: record.slices,
                answers: record.answers.len(),
            });
        }
        numbers
    }

    fn push(&mut self, answer: &AnswerRecord) {
        let cells = answer.verdicts.iter().map(|verdict| match verdict {
            Verdict::Judged(score) => Cell::Judged {
                value: score.value,
                passed: score.passed,
            },
            Verdict::Skipped(_) => Cell::Skipped,
            Verdict::Failed(_) => Cell::Failed,
        });
        self.cells.extend(cells);
        let mut used = BotTotals::default();
        used.add(&answer.answer);
        self.answers.push(AnswerNumbers {
            bot: answer.bot,
            repeat: answer.repeat,
            outcome: answer.answer.outcome,
            overall: answer.overall.unwrap_or(f64::NAN),
            cells: answer.verdicts.len(),
            used,
        });
    }
}

/// An id made from content without the `#2` of a repeat; any other id as it is.
fn base(id: &str) -> &str {
    match id.split_once('#') {
        Some((base, _)) if base.len() == 64 => base,
        _ => id,
    }
}
