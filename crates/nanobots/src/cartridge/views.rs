//! Typed views of what the specification defines, made from the value.

use serde_json::Value;

use super::{Cartridge, Profile, fetch};
use crate::bot::Behavior;

/// The root key `meta`. Numbers are read as text: `version: 1.0`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Meta {
    /// A character that stands for the bot.
    pub symbol: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// Its version, by semantic versioning.
    pub version: Option<String>,
    /// Its licence, as an SPDX identifier.
    pub license: Option<String>,
    /// What it is for.
    pub description: Option<String>,
}

/// What a bot is told in one [`Behavior`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Texts {
    /// What it is and does.
    pub directive: Option<String>,
    /// What it knows of the situation.
    pub backdrop: Option<String>,
    /// In behaviour boot, the first message of the user. In behaviour interaction the reference implementation never
    /// sends it; see [`Cartridge::system_text`].
    pub instruction: Option<String>,
}

/// A tool as the cartridge has it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ToolSource {
    /// Its name; empty if it has none.
    pub name: String,
    /// What it does, for the model to read.
    pub description: Option<String>,
    /// JSON Schema of its arguments, as written.
    pub parameters: Option<Value>,
    /// Its code by language (`lua`, `fennel`, `clojure`); one entry in a tool that can run.
    pub code: Vec<(&'static str, String)>,
}

/// Text; numbers and Booleans as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

impl Cartridge {
    fn text_at(&self, path: &[&str]) -> Option<String> {
        self.fetch(path).and_then(text)
    }

    /// Who the bot is.
    pub fn meta(&self) -> Meta {
        let get = |key| self.text_at(&["meta", key]);
        Meta {
            symbol: get("symbol"),
            name: get("name"),
            author: get("author"),
            version: get("version"),
            license: get("license"),
            description: get("description"),
        }
    }

    /// What the bot is told in this behaviour.
    pub fn texts(&self, which: Behavior) -> Texts {
        let get = |key| self.text_at(&["behaviors", which.as_str(), key]);
        Texts {
            directive: get("directive"),
            backdrop: get("backdrop"),
            instruction: get("instruction"),
        }
    }

    /// The text for the system's place: the directive; in profile native followed by the instruction of
    /// behaviour interaction, which many cartridges write and the reference implementation never sends.
    pub fn system_text(&self, which: Behavior) -> Option<String> {
        let texts = self.texts(which);
        let sent = self.profile() == Profile::Native && which == Behavior::Interaction;
        let instruction = texts.instruction.filter(|_| sent);
        match (texts.directive, instruction) {
            (Some(directive), Some(instruction)) => Some(format!("{directive}\n\n{instruction}")),
            (directive, instruction) => directive.or(instruction),
        }
    }

    /// Id of the provider.
    pub fn provider_id(&self) -> Option<&str> {
        self.fetch(&["provider", "id"]).and_then(Value::as_str)
    }

    /// The tools, in order. What is no mapping is left out.
    pub fn tools(&self) -> Vec<ToolSource> {
        let items = self.fetch(&["tools"]).and_then(Value::as_array);
        let tools = items.into_iter().flatten().filter(|tool| tool.is_object());
        tools.map(tool).collect()
    }
}

fn tool(value: &Value) -> ToolSource {
    let get = |key: &str| fetch(value, &[key]);
    ToolSource {
        name: get("name").and_then(text).unwrap_or_default(),
        description: get("description").and_then(text),
        parameters: get("parameters").cloned(),
        code: ["lua", "fennel", "clojure"]
            .into_iter()
            .filter_map(|language| Some((language, get(language).and_then(text)?)))
            .collect(),
    }
}
