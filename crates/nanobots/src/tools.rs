//! Tools: what a model may ask a bot to do.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use botsmith_core::chat::{BoxFuture, Call, ToolSpec};

/// A tool that broke; its words go back to the model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ToolFailure(pub String);

/// A tool: Lua or Fennel in a sandbox, a tool of an MCP server, a closure.
pub trait Tool: Send + Sync + std::fmt::Debug {
    /// Name, description and parameters, as the model sees them.
    fn spec(&self) -> &ToolSpec;

    /// Calls it with arguments that fit its schema.
    ///
    /// # Errors
    /// If it breaks; the words go to the model.
    fn call(&self, arguments: Value, call: Call) -> BoxFuture<'_, Result<String, ToolFailure>>;
}

/// What became of one call of a tool in a turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolTrace {
    /// Id of the call.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// Its arguments.
    pub arguments: Value,
    /// What it gave back, or the words of its failure.
    pub output: String,
    /// Whether it was run: not where the user denied it, or the arguments did not fit.
    pub ran: bool,
    /// Whether it failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
    /// In which round between model and tools, from 1.
    pub round: usize,
    /// How long it took, in seconds.
    pub seconds: f64,
}
