//! Tools: what a model may ask a bot to do.
//!
//! A [`Tool`] is Lua or Fennel of a cartridge in the sandbox ([`FunctionTool`]), a closure
//! ([`FnTool`]), or a tool of a server of the Model Context Protocol (`mcp`). A [`Toolbox`] finds
//! the tools that a model asks for. Each one in it is [`Checked`]: arguments are held against the
//! JSON Schema first, the call has a time limit, and what comes back a length.
//!
//! Asking the user and the rounds between model and tools are the bot's.

mod checked;
mod closure;
mod function;
#[cfg(feature = "mcp")]
pub mod mcp;
mod parameters;
mod toolbox;

pub use checked::{Bounds, Checked};
pub use closure::FnTool;
pub use function::FunctionTool;

pub use toolbox::{PreparedCall, Toolbox};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use botsmith_core::chat::{BoxFuture, Call, ToolSpec};

use crate::sandbox::Function;

/// A tool that broke; its words go back to the model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ToolFailure(pub String);

impl From<crate::sandbox::SandboxError> for ToolFailure {
    fn from(error: crate::sandbox::SandboxError) -> Self {
        Self(error.to_string())
    }
}

/// A tool: Lua or Fennel in a sandbox, a tool of an MCP server, a closure.
pub trait Tool: Send + Sync + std::fmt::Debug {
    /// Name, description and parameters, as the model sees them.
    fn spec(&self) -> &ToolSpec;

    /// Calls it with arguments that fit its schema.
    ///
    /// # Errors
    /// If it breaks; the words go to the model.
    fn call(&self, arguments: Value, call: Call) -> BoxFuture<'_, Result<String, ToolFailure>>;

    /// Whether the arguments fit its schema.
    ///
    /// # Errors
    /// Words for the model that name each field and what is wanted there.
    fn check(&self, arguments: &Value) -> Result<(), ToolFailure> {
        let _ = arguments;
        Ok(())
    }

    /// Whether it can be called at all; asked before it is, and ends the turn.
    ///
    /// # Errors
    /// [`Error::MissingSource`](crate::Error::MissingSource) and
    /// [`Error::ConflictingTools`](crate::Error::ConflictingTools) for a cartridge's tool.
    fn ready(&self) -> crate::Result<()> {
        Ok(())
    }

    /// Its source, where a cartridge has it.
    fn function(&self) -> Option<&Function> {
        None
    }
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
