//! What one turn of a bot gave.

use botsmith_core::chat::{ChatResponse, Message};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::tools::ToolTrace;

/// One turn of a bot: what it said, and what happened on the way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Turn {
    /// What the bot said, output adapter and affixes left out.
    pub text: String,
    /// The same as JSON, where the cartridge has an `output-schema`; it fits the schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json: Option<Value>,
    /// The last answer of the model; usage and cost are those of all rounds together.
    pub response: ChatResponse,
    /// Calls of tools, in order.
    pub tools: Vec<ToolTrace>,
    /// Messages that this turn added to the conversation: the user's, the model's, the tools'.
    pub messages: Vec<Message>,
    /// Times that the model was asked.
    pub rounds: usize,
    /// Time to the whole answer, in seconds.
    pub seconds: f64,
    /// What the user should know: turns that were dropped for want of room, an answer that was repaired.
    pub notes: Vec<String>,
}
