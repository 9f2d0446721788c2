//! An answer: what a bot said to a case.

use serde::{Deserialize, Serialize};

use crate::ask::Asked;

/// How a bot's turn ended. Only `Answered` is judged: a failure is never a zero score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The bot gave an answer.
    #[default]
    Answered,
    /// The bot (or its provider) declined to answer.
    Refused,
    /// There is no answer: missing, timed out, an error.
    Failed,
}

/// What a bot said to a case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Answer {
    /// How the turn ended.
    pub outcome: Outcome,
    /// The text; empty unless answered (a refusal may carry its words).
    pub text: String,
    /// Why it failed or was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Time to the whole answer, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<f64>,
    /// Price of the answer, in the currency of the price table or recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// How it came about, where a bot was asked for it (or its recording says).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<Box<Asked>>,
}

impl Answer {
    /// An answer with this text.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// A failure with its reason.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Failed,
            error: Some(reason.into()),
            ..Self::default()
        }
    }
}
