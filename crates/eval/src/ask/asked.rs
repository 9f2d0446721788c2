//! What is known of an answer beyond its text: how it came about.

use botsmith_core::chat::{ErrorClass, Hop, Message, Usage};
use botsmith_nanobots::tools::ToolTrace;
use serde::{Deserialize, Serialize};

/// How an answer came about. Of recorded answers that say nothing of it, there is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Asked {
    /// Id of the provider that answered, after fallbacks.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub provider: String,
    /// The model that answered, in the provider's own words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// Of a failure: its class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<ErrorClass>,
    /// Tokens of all turns and rounds together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// What was tried, where more than one provider could answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<Hop>,
    /// Calls of tools, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ToolTrace>,
    /// The conversation with all its turns, the answer last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transcript: Vec<Message>,
    /// Times that the model was asked.
    #[serde(skip_serializing_if = "is_zero")]
    pub rounds: usize,
    /// What the bot had to say of it: turns that were dropped, an answer that was repaired.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Whether the answer is made up by a script, for tests and demonstrations.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub scripted: bool,
    /// Whether it came out of a cache.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}
