//! What a run keeps of each case.

use serde::{Deserialize, Serialize};

use crate::{Answer, Case, Verdict};

/// A case with its answers and their verdicts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CaseRecord {
    /// The case.
    #[serde(flatten)]
    pub case: Case,
    /// Its line in the data file, from 1.
    pub line: usize,
    /// Its groups, for each slice of the suite in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<Vec<String>>,
    /// The answers, by bot in suite order, then by repeat.
    pub answers: Vec<AnswerRecord>,
}

/// One answer and what the evaluators made of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AnswerRecord {
    /// Index of the bot in the suite.
    pub bot: usize,
    /// The repeat, from 1.
    pub repeat: usize,
    /// The answer.
    #[serde(flatten)]
    pub answer: Answer,
    /// One verdict an evaluator, in suite order; empty unless answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Verdict>,
    /// Weighted mean of the scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overall: Option<f64>,
}
