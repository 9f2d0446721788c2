//! What a session remembers: one event for each thing said.

use botsmith_core::chat::{Message, Role, ToolCall};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cartridge::fetch;
use crate::interface::Mode;

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Who {
    /// The user.
    #[serde(rename = "user")]
    User,
    /// The model.
    #[serde(rename = "AI")]
    Ai,
    /// A tool.
    #[serde(rename = "tool")]
    Tool,
}

impl Who {
    /// The word for it in a state file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Ai => "AI",
            Self::Tool => "tool",
        }
    }
}

/// Something that was said, in the shape of the reference implementation's state files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// When, RFC 3339.
    pub at: String,
    /// By whom.
    pub who: Who,
    /// Through which interface.
    #[serde(default)]
    pub mode: Option<Mode>,
    /// What the user wrote, before adapter and affixes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// What the model was shown, or said; `None` where it only asked for tools.
    pub message: Option<String>,
    /// What the user was shown of it, affixes included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// `tool_calls` of the model, or `id` and `name` of a tool's call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Value>,
}

impl Event {
    /// Of a message.
    pub(crate) fn of(message: &Message, at: String, mode: Mode) -> Self {
        let who = match message.role {
            Role::Assistant => Who::Ai,
            Role::Tool => Who::Tool,
            Role::User | Role::System => Who::User,
        };
        let text = message.content.text();
        let meta = match message.role {
            Role::Tool => Some(json!({"id": message.tool_call_id, "name": message.name})),
            _ if message.tool_calls.is_empty() => None,
            _ => Some(
                json!({"tool_calls": message.tool_calls.iter().map(written).collect::<Vec<_>>()}),
            ),
        };
        let silent = who == Who::Ai && text.is_empty() && meta.is_some();
        Self {
            at,
            who,
            mode: Some(mode),
            input: None,
            message: (!silent).then_some(text),
            output: None,
            meta,
        }
    }

    /// As the model is shown it again.
    pub fn message(&self) -> Message {
        let text = self.message.clone().unwrap_or_default();
        let meta = |key: &str| {
            self.meta
                .as_ref()
                .and_then(|meta| fetch(meta, &[key]))
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        match self.who {
            Who::User => Message::user(text),
            Who::Tool => Message::tool(meta("id"), meta("name"), text),
            Who::Ai => {
                let calls = self
                    .meta
                    .as_ref()
                    .and_then(|meta| fetch(meta, &["tool_calls"]));
                let calls = calls
                    .and_then(Value::as_array)
                    .map_or(&[][..], Vec::as_slice);
                Message {
                    tool_calls: calls.iter().map(read).collect(),
                    ..Message::assistant(text)
                }
            }
        }
    }
}

/// A call as state files hold it, in OpenAI's words.
fn written(call: &ToolCall) -> Value {
    json!({
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    })
}

/// A call out of a state file: OpenAI's words, or Google's (`functionCall`, without an id).
fn read(call: &Value) -> ToolCall {
    let text = |path: &[&str]| match fetch(call, path) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    match call.get("functionCall") {
        Some(_) => ToolCall {
            id: text(&["id"]),
            name: text(&["functionCall", "name"]),
            arguments: text(&["functionCall", "args"]),
        },
        None => ToolCall {
            id: text(&["id"]),
            name: text(&["function", "name"]),
            arguments: text(&["function", "arguments"]),
        },
    }
}
