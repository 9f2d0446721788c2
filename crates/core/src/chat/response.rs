//! What a model answers.

use serde::{Deserialize, Serialize};

use super::{ErrorClass, Message, ToolCall};

/// Why the answer ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FinishReason {
    /// The model was done, or met a stop string.
    #[default]
    Stop,
    /// It reached the greatest number of tokens.
    Length,
    /// It wants tools called.
    ToolCalls,
    /// The provider withheld it.
    ContentFilter,
    /// Something else.
    Other,
}

/// Tokens used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Tokens of the request.
    pub input_tokens: u64,
    /// Tokens of the answer, those of hidden thought included.
    pub output_tokens: u64,
    /// Those of the request that the provider had in a cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub cached_tokens: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.cached_tokens += other.cached_tokens;
    }
}

/// A token of the answer with its log-probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenLogprob {
    /// The token's text.
    pub token: String,
    /// Natural logarithm of its probability; at most 0.
    pub logprob: f64,
    /// The likeliest tokens at this place with theirs, likeliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<(String, f64)>,
}

/// One attempt at getting an answer: what a router tried, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hop {
    /// Id of the provider.
    pub provider: String,
    /// The model that was asked for.
    pub model: String,
    /// What went wrong; `None` for the one that answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Its class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<ErrorClass>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Whether the answer came out of the cache.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
}

/// A whole answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ChatResponse {
    /// The text; empty where the model only asks for tools.
    pub text: String,
    /// The model's thought, where the provider shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<String>,
    /// Tools that the model wants called.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// Why it ended.
    pub finish: FinishReason,
    /// Why the model or its provider declined, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// Tokens used, where the provider counts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Id of the provider that answered.
    pub provider: String,
    /// The model that answered, in the provider's own words.
    pub model: String,
    /// Log-probabilities, where they were asked for and given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub logprobs: Vec<TokenLogprob>,
    /// What was tried, where more than one provider could answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<Hop>,
    /// Price, in the currency of the price table, where the model is in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Whether it came out of a cache.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
}

impl ChatResponse {
    /// An answer of `text`.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// An answer that only asks for tools.
    pub fn calls(tool_calls: Vec<ToolCall>) -> Self {
        Self {
            tool_calls,
            finish: FinishReason::ToolCalls,
            ..Self::default()
        }
    }

    /// The answer as the next message of its conversation.
    pub fn message(&self) -> Message {
        Message {
            tool_calls: self.tool_calls.clone(),
            ..Message::assistant(self.text.as_str())
        }
    }
}

/// A piece of a tool call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCallDelta {
    /// Which call of the answer, from 0.
    pub index: usize,
    /// Its id, in the first piece.
    pub id: Option<String>,
    /// The tool's name, in the first piece.
    pub name: Option<String>,
    /// The next characters of the arguments.
    pub arguments: String,
}

/// A piece of an answer that is still coming.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ChatEvent {
    /// The next characters of the text.
    Text(String),
    /// The next characters of the model's thought.
    Reasoning(String),
    /// A piece of a tool call.
    ToolCall(ToolCallDelta),
    /// The whole answer, once, at the end.
    Done(Box<ChatResponse>),
}
