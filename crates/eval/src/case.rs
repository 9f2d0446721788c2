//! A case: one thing to ask, and how to judge the answer.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use botsmith_core::digest::Digest;

/// One message of a conversation, in OpenAI's shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// `system`, `user`, `assistant` or `tool`.
    pub role: String,
    /// Text, or a list of content parts.
    #[serde(default)]
    pub content: Value,
    /// Whatever else the message carries (`name`, `tool_calls`, …), kept as it is.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Message {
    /// The text of the message; text parts are joined by line feeds.
    pub fn text(&self) -> String {
        match &self.content {
            Value::String(text) => text.clone(),
            Value::Array(parts) => parts
                .iter()
                .filter_map(|part| part.get("text").and_then(Value::as_str))
                .collect::<Vec<_>>()
                .join("\n"),
            _ => String::new(),
        }
    }
}

/// One thing to ask and how to judge it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Case {
    /// Unique in its dataset.
    pub id: String,
    /// The question; with `messages`, the last user message's text.
    pub input: String,
    /// The conversation so far, when there is one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Message>,
    /// Right answers; an answer is as good as its best match among them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// Passages that the answer may draw on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<String>,
    /// Labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Cases of one group are not independent (one customer, one document): intervals and tests
    /// are clustered over it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Every other field of the row, for templates, filters and slices.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub vars: Map<String, Value>,
}

impl Case {
    /// The id of a case that brings none: blake3 of its canonical input and references, in
    /// hexadecimal. Canonical is compact JSON `{"input": …, "references": […]}`, where `input` is
    /// the list of messages if there are any.
    ///
    /// ```
    /// use botsmith_eval::Case;
    /// let case = Case { input: "2+2?".into(), references: vec!["4".into()], ..Case::default() };
    /// assert_eq!(case.content_id().len(), 64);
    /// ```
    pub fn content_id(&self) -> String {
        #[derive(Serialize)]
        struct Canonical<'a> {
            input: Input<'a>,
            references: &'a [String],
        }
        #[derive(Serialize)]
        #[serde(untagged)]
        enum Input<'a> {
            Text(&'a str),
            Messages(&'a [Message]),
        }
        let input = match self.messages.as_slice() {
            [] => Input::Text(&self.input),
            messages => Input::Messages(messages),
        };
        let canonical = Canonical {
            input,
            references: &self.references,
        };
        let bytes = serde_json::to_vec(&canonical).expect("strings and JSON values serialise");
        Digest::of(&bytes).to_string()
    }
}
