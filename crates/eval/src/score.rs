//! Scores: what evaluators make of answers.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A span of the answer that a score rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// First byte of the span in the whole answer text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Whether the span speaks for the answer (`true`) or against it.
    pub supports: bool,
}

/// A value with what it rests on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The value; its range is the evaluator's ([`Range`](crate::evaluators::Range)).
    pub value: f64,
    /// Pass or fail, where the evaluator or a threshold decides one.
    pub passed: Option<bool>,
    /// Why, in one line.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub explanation: Option<Cow<'static, str>>,
    /// Spans in the answer.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub evidence: Vec<Evidence>,
}

impl Score {
    /// 1 and passed, or 0 and not.
    pub fn pass_fail(passed: bool) -> Self {
        Self {
            value: f64::from(u8::from(passed)),
            passed: Some(passed),
            ..Self::default()
        }
    }

    /// A value without a verdict; a threshold in the suite may add one.
    pub fn graded(value: f64) -> Self {
        Self {
            value,
            ..Self::default()
        }
    }

    /// Adds the reason.
    #[must_use]
    pub fn because(mut self, explanation: impl Into<Cow<'static, str>>) -> Self {
        self.explanation = Some(explanation.into());
        self
    }

    /// Adds a span of evidence.
    #[must_use]
    pub fn with(mut self, start: usize, end: usize, supports: bool) -> Self {
        self.evidence.push(Evidence {
            start,
            end,
            supports,
        });
        self
    }
}

/// What became of judging one answer with one evaluator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// There is a score.
    Judged(Score),
    /// Nothing to judge here: `when` was false, or the answer carries no latency or cost.
    Skipped(Cow<'static, str>),
    /// The evaluator itself failed; never a zero score.
    Failed(String),
}

impl From<Score> for Verdict {
    fn from(score: Score) -> Self {
        Self::Judged(score)
    }
}
