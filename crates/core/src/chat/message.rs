//! Messages of a conversation, in `OpenAI`'s shape.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// What the bot is told before anything is asked.
    #[serde(alias = "developer")]
    System,
    /// The person, or the program, that asks.
    User,
    /// The model.
    Assistant,
    /// What a tool gave back.
    #[serde(alias = "function")]
    Tool,
}

/// A part of a message's content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Part {
    /// Text.
    Text {
        /// Always `text`.
        #[serde(rename = "type")]
        kind: TextKind,
        /// The text.
        text: String,
    },
    /// Anything else (`image_url`, `input_audio`, …), kept as it is.
    Other(Value),
}

/// The tag of a text part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TextKind {
    /// `text`.
    #[default]
    Text,
}

impl Part {
    /// A part of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text {
            kind: TextKind::Text,
            text: text.into(),
        }
    }
}

/// Content of a message: text, or parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// Plain text.
    Text(String),
    /// Parts, in order.
    Parts(Vec<Part>),
}

impl Content {
    /// The text of it; text parts are joined by line feeds, other parts left out.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Parts(parts) => parts
                .iter()
                .filter_map(|part| match part {
                    Part::Text { text, .. } => Some(text.as_str()),
                    Part::Other(_) => None,
                })
                .collect::<Vec<_>>()
                .join("\n"),
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Parts(parts) => parts.is_empty(),
        }
    }
}

impl Default for Content {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// A model's wish that a tool be called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's id of this call; its result names it.
    pub id: String,
    /// The tool's name, as the model wrote it.
    pub name: String,
    /// Arguments as the model wrote them: JSON text, not yet checked.
    pub arguments: String,
}

impl ToolCall {
    /// The arguments as JSON; empty text is an empty object.
    ///
    /// # Errors
    /// If they are not JSON.
    pub fn parsed(&self) -> Result<Value, serde_json::Error> {
        match self.arguments.trim() {
            "" => Ok(Value::Object(serde_json::Map::new())),
            text => serde_json::from_str(text),
        }
    }
}

/// One message.
///
/// ```
/// use botsmith_core::chat::{Message, Role};
/// let asked = Message::user("How far is the moon?");
/// assert_eq!((asked.role, asked.content.text().as_str()), (Role::User, "How far is the moon?"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    #[serde(default)]
    pub content: Content,
    /// Calls that an assistant's message asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// For a tool's message: the call that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
    /// The speaker's name; for a tool's message the tool's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Background given as if a user had said it, to which nobody replied. A provider whose turns
    /// must alternate puts an acknowledgement after it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub backdrop: bool,
}

impl Message {
    /// A message of `role`.
    pub fn new(role: Role, content: impl Into<Content>) -> Self {
        Self {
            role,
            content: content.into(),
            tool_calls: Vec::new(),
            tool_call_id: None,
            name: None,
            backdrop: false,
        }
    }

    /// A system message.
    pub fn system(content: impl Into<Content>) -> Self {
        Self::new(Role::System, content)
    }

    /// A user's message.
    pub fn user(content: impl Into<Content>) -> Self {
        Self::new(Role::User, content)
    }

    /// An assistant's message.
    pub fn assistant(content: impl Into<Content>) -> Self {
        Self::new(Role::Assistant, content)
    }

    /// A user's message that is background only; see [`Message::backdrop`](field@Message::backdrop).
    pub fn backdrop(content: impl Into<Content>) -> Self {
        Self {
            backdrop: true,
            ..Self::user(content)
        }
    }

    /// What the tool `name` gave back for the call `id`.
    pub fn tool(
        id: impl Into<String>,
        name: impl Into<String>,
        content: impl Into<Content>,
    ) -> Self {
        Self {
            tool_call_id: Some(id.into()),
            name: Some(name.into()),
            ..Self::new(Role::Tool, content)
        }
    }
}
