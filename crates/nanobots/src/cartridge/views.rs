//! Typed views of what the specification defines, made from the value.

use serde_json::Value;

use botsmith_core::yaml::{Node, Value as Yaml};

use super::{Cartridge, Profile, fetch};

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

/// Which behaviour is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Answers to what the user says.
    #[default]
    Interaction,
    /// The first words, before the user says anything.
    Boot,
}

impl Mode {
    /// The key under `behaviors`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interaction => "interaction",
            Self::Boot => "boot",
        }
    }
}

/// What a bot is told in one [`Mode`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Behavior {
    /// What it is and does.
    pub directive: Option<String>,
    /// What it knows of the situation.
    pub backdrop: Option<String>,
    /// In mode boot, the first message of the user. In mode interaction the reference implementation never
    /// sends it; see [`Cartridge::system_text`].
    pub instruction: Option<String>,
}

/// What tools and functions may do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Safety {
    /// Whether functions run without access to the system. Only `false` turns it off.
    pub sandboxed: bool,
    /// Whether the user is asked before a tool runs. Only `false` turns it off.
    pub confirmable: bool,
    /// Answers that mean yes.
    pub yeses: Vec<String>,
    /// The answer of a user who just presses Enter.
    pub default_answer: String,
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

    /// What the bot is told in this mode.
    pub fn behavior(&self, mode: Mode) -> Behavior {
        let get = |key| self.text_at(&["behaviors", mode.as_str(), key]);
        Behavior {
            directive: get("directive"),
            backdrop: get("backdrop"),
            instruction: get("instruction"),
        }
    }

    /// The text for the system's place: the directive; in profile native followed by the instruction of
    /// mode interaction, which many cartridges write and the reference implementation never sends.
    pub fn system_text(&self, mode: Mode) -> Option<String> {
        let behavior = self.behavior(mode);
        let instruction = match (self.profile(), mode) {
            (Profile::Native, Mode::Interaction) => behavior.instruction,
            _ => None,
        };
        match (behavior.directive, instruction) {
            (Some(directive), Some(instruction)) => {
                Some(format!("{}\n\n{instruction}", directive.trim_end()))
            }
            (directive, instruction) => directive.or(instruction),
        }
    }

    /// Id of the provider.
    pub fn provider_id(&self) -> Option<&str> {
        self.fetch(&["provider", "id"]).and_then(Value::as_str)
    }

    /// What tools and functions may do. `interface` is `repl` or `eval`: in profile native its own
    /// `tools.confirming` comes first, as the specification shows; the reference implementation reads the
    /// common one only.
    pub fn safety(&self, interface: &str) -> Safety {
        let off = |path: &[&str]| self.fetch(path) == Some(&Value::Bool(false));
        // As written: `yes` and `no` are words here, whatever YAML makes of them.
        let written = |path: &[&str]| {
            let root = &self.text.node;
            let found = path.iter().try_fold(root, |node, key| node.get(key))?;
            Some(found).filter(|node| node.value != Yaml::Null)
        };
        let confirming = |key: &str| {
            let own = ["interfaces", interface, "tools", "confirming", key];
            let own = match self.profile() {
                Profile::Native => written(&own),
                Profile::Compat => None,
            };
            own.or_else(|| written(&["interfaces", "tools", "confirming", key]))
        };
        let yeses = confirming("yeses").map(|node| match &node.value {
            Yaml::Seq(items) => items
                .iter()
                .filter_map(Node::text)
                .map(str::to_owned)
                .collect(),
            _ => node.text().map(str::to_owned).into_iter().collect(),
        });
        Safety {
            sandboxed: !off(&["safety", "functions", "sandboxed"]),
            confirmable: !off(&["safety", "tools", "confirmable"]),
            yeses: yeses.unwrap_or_else(|| vec!["y".into(), "yes".into()]),
            default_answer: confirming("default")
                .and_then(Node::text)
                .map(str::to_owned)
                .unwrap_or_else(|| "n".into()),
        }
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
