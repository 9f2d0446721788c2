//! What is asked of a model.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Message;

/// A tool that the model may ask for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// Its name.
    pub name: String,
    /// What it does, for the model to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON Schema of its arguments.
    pub parameters: Value,
}

/// Whether the model may, must or must not call tools.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolChoice {
    /// It may.
    #[default]
    Auto,
    /// It must not.
    None,
    /// It must call some tool.
    Required,
    /// It must call this one.
    Named(String),
}

/// The form that the answer must have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputFormat {
    /// Any text.
    #[default]
    Text,
    /// Any JSON.
    Json,
    /// JSON of this schema.
    JsonSchema {
        /// A name for it, as some providers want one.
        name: String,
        /// The schema.
        schema: Value,
    },
}

impl OutputFormat {
    /// Whether any text will do.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text)
    }
}

/// How the next token is chosen. What is `None` is left to the provider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "snake_case")]
#[non_exhaustive]
pub struct Sampling {
    /// 0 takes the likeliest token; at least 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Nucleus: the likeliest tokens that together have this probability.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// The likeliest so many tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u32>,
    /// Tokens of the answer at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// The answer ends before any of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// Seed of the choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Against tokens that stand there already, -2 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// Against tokens by how often they stand there, -2 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// Whether the answer brings the log-probability of each token, and of how many others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_logprobs: Option<u32>,
}

/// A request, the same for every provider.
///
/// `sampling` says in neutral words what is wanted; `native` holds settings in the provider's own
/// words, which go into the body as they are and win over `sampling`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ChatRequest {
    /// Another model than the provider's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The conversation.
    pub messages: Vec<Message>,
    /// Tools on offer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ToolSpec>,
    /// Whether tools may be called.
    pub tool_choice: ToolChoice,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// The form of the answer.
    pub output: OutputFormat,
    /// Settings in the provider's own words.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub native: Map<String, Value>,
    /// A name for the end user, where the provider wants one. Never a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Labels of the request, for routing; never sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl ChatRequest {
    /// A request with these messages.
    ///
    /// ```
    /// use botsmith_core::chat::{ChatRequest, Message};
    /// let request = ChatRequest::new(vec![Message::user("Hello!")]);
    /// assert_eq!(request.last_user().as_deref(), Some("Hello!"));
    /// ```
    pub fn new(messages: Vec<Message>) -> Self {
        Self {
            messages,
            ..Self::default()
        }
    }

    /// The text of the newest user message.
    pub fn last_user(&self) -> Option<String> {
        self.messages
            .iter()
            .rev()
            .find(|message| message.role == super::Role::User && !message.backdrop)
            .map(|message| message.content.text())
    }
}
