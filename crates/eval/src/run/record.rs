//! What a run keeps of each case.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ask::Asked;
use crate::{Answer, Case, Message, Outcome, Verdict};

/// A case with its answers and their verdicts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "FlatCase")]
pub struct CaseRecord {
    /// The case.
    #[serde(flatten)]
    pub case: Case,
    /// Its line in the data file, from 1.
    pub line: usize,
    /// Its groups, for each slice of the suite in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<Vec<String>>,
    /// The answers, by bot in suite order, then by repeat.
    pub answers: Vec<AnswerRecord>,
}

/// One answer and what the evaluators made of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "FlatAnswer")]
pub struct AnswerRecord {
    /// Index of the bot in the suite.
    pub bot: usize,
    /// The repeat, from 1.
    pub repeat: usize,
    /// The answer.
    #[serde(flatten)]
    pub answer: Answer,
    /// One verdict an evaluator, in suite order; empty unless answered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Verdict>,
    /// Weighted mean of the scores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overall: Option<f64>,
}

/// [`CaseRecord`] as it is read. `flatten` would keep every value aside until it has seen all keys,
/// which takes several times as long.
#[derive(Deserialize)]
struct FlatCase {
    id: String,
    input: String,
    #[serde(default)]
    messages: Vec<Message>,
    #[serde(default)]
    references: Vec<String>,
    #[serde(default)]
    context: Vec<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    group: Option<String>,
    #[serde(default)]
    vars: Map<String, Value>,
    line: usize,
    #[serde(default)]
    slices: Vec<Vec<String>>,
    answers: Vec<AnswerRecord>,
}

impl From<FlatCase> for CaseRecord {
    fn from(flat: FlatCase) -> Self {
        Self {
            case: Case {
                id: flat.id,
                input: flat.input,
                messages: flat.messages,
                references: flat.references,
                context: flat.context,
                tags: flat.tags,
                group: flat.group,
                vars: flat.vars,
            },
            line: flat.line,
            slices: flat.slices,
            answers: flat.answers,
        }
    }
}

/// [`AnswerRecord`] as it is read.
#[derive(Deserialize)]
struct FlatAnswer {
    bot: usize,
    repeat: usize,
    outcome: Outcome,
    text: String,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    latency: Option<f64>,
    #[serde(default)]
    cost: Option<f64>,
    #[serde(default)]
    asked: Option<Box<Asked>>,
    #[serde(default)]
    verdicts: Vec<Verdict>,
    #[serde(default)]
    overall: Option<f64>,
}

impl From<FlatAnswer> for AnswerRecord {
    fn from(flat: FlatAnswer) -> Self {
        Self {
            bot: flat.bot,
            repeat: flat.repeat,
            answer: Answer {
                outcome: flat.outcome,
                text: flat.text,
                error: flat.error,
                latency: flat.latency,
                cost: flat.cost,
                asked: flat.asked,
            },
            verdicts: flat.verdicts,
            overall: flat.overall,
        }
    }
}
