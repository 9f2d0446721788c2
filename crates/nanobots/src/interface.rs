//! How a bot meets its user: affixes, adapters, streaming, prompt, feedback of tools.
//!
//! Every rule is a pure function over the cartridge's map, so that the same words decide in a session,
//! in a listing and in a test. A rule looks at the interface's own section first (`interfaces.repl`),
//! then at what is common to all, then at the default. Two kinds of that cascade exist, and they differ
//! for null: for affixes and adapters of input and output a key that *is there* wins, so that null
//! switches the default off; for tools the first value that *is not null* wins. Nano Bots 3.2.
//!
//! Nothing is printed here and no model is asked.

mod adapters;
mod affixes;
mod color;
mod feedback;
mod prompt;
mod safety;
mod streaming;
mod x11;

use serde::{Deserialize, Serialize};

pub use adapters::{adapt, adapter};
pub use affixes::{Direction, Kind, affix, input, output};
pub use color::{output_color, paint};
pub use feedback::{Action, ToolFeedback, feedback_enabled, tool_text, tool_value};
pub use prompt::prompt;
pub use safety::{Safety, safety};
pub use streaming::streaming_enabled;

/// Through which interface a bot is talked to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// One question, one answer.
    #[default]
    Eval,
    /// A conversation at a prompt.
    Repl,
}

impl Mode {
    /// Both, in the order in which listings show them.
    pub const ALL: [Self; 2] = [Self::Repl, Self::Eval];

    /// The word for it, as under `interfaces:`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eval => "eval",
            Self::Repl => "repl",
        }
    }
}

/// A scalar as text; nothing for null, text of JSON for anything else.
fn text_of(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
