//! What the user sees of tools: the question before, the note while, the result after.

use serde_json::{Value, json};

use super::adapters::{LANGUAGES, only_one};
use super::{Mode, paint, text_of};
use crate::Result;
use crate::cartridge::fetch;
use crate::sandbox::{self, Limits};

/// What is happening with a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// The user is asked whether it may run.
    Confirming,
    /// It starts.
    Executing,
    /// It gave something back.
    Responding,
}

impl Action {
    /// All three, in their order.
    pub const ALL: [Self; 3] = [Self::Confirming, Self::Executing, Self::Responding];

    /// The key under `tools`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirming => "confirming",
            Self::Executing => "executing",
            Self::Responding => "responding",
        }
    }
}

/// One call of a tool, as its user is told of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ToolFeedback {
    /// What is happening.
    pub action: Action,
    /// Id of the call.
    pub id: String,
    /// The tool's name, as its owner wrote it.
    pub name: String,
    /// The arguments.
    pub parameters: Value,
    /// What it gave back, when responding.
    pub output: Option<String>,
}

impl ToolFeedback {
    /// A call without a result yet.
    pub fn new(
        action: Action,
        id: impl Into<String>,
        name: impl Into<String>,
        parameters: Value,
    ) -> Self {
        Self {
            action,
            id: id.into(),
            name: name.into(),
            parameters,
            output: None,
        }
    }

    /// The same call, with what the tool gave back.
    #[must_use]
    pub fn responding(&self, output: impl Into<String>) -> Self {
        Self {
            action: Action::Responding,
            output: Some(output.into()),
            ..self.clone()
        }
    }

    /// The same call, doing something else.
    #[must_use]
    pub fn with(&self, action: Action) -> Self {
        Self {
            action,
            ..self.clone()
        }
    }
}

/// The value at `path` for an action: the interface's own, that of the action, that of all tools; the
/// first that is not null.
fn cascade<'a>(
    cartridge: &'a Value,
    mode: Mode,
    action: Action,
    path: &[&str],
) -> Option<&'a Value> {
    let starts: [&[&str]; 3] = [
        &["interfaces", mode.as_str(), "tools", action.as_str()],
        &["interfaces", "tools", action.as_str()],
        &["interfaces", "tools"],
    ];
    starts
        .iter()
        .find_map(|start| fetch(cartridge, &[start, path].concat()))
}

/// The value of `key` (`prefix`, `suffix`, `color`, or `adapter` and a language with a dot between) for
/// an action. The first value that is not null wins, so that null falls through and only `""` switches
/// a default off. Defaults: a question ends with ` [yN] `, a result with two line feeds.
///
/// ```
/// use botsmith_nanobots::interface::{tool_value, Action, Mode};
/// let suffix = tool_value(&serde_json::json!({}), Mode::Eval, Action::Confirming, "suffix");
/// assert_eq!(suffix.as_deref(), Some(" [yN] "));
/// ```
pub fn tool_value(cartridge: &Value, mode: Mode, action: Action, key: &str) -> Option<String> {
    let path: Vec<&str> = key.split('.').collect();
    match cascade(cartridge, mode, action, &path) {
        Some(value) => text_of(value),
        None => match (action, key) {
            (Action::Confirming, "suffix") => Some(" [yN] ".into()),
            (Action::Responding, "suffix") => Some("\n\n".into()),
            _ => None,
        },
    }
}

/// Whether the user is told of an action. A question is always shown.
pub fn feedback_enabled(cartridge: &Value, mode: Mode, action: Action) -> bool {
    match cascade(cartridge, mode, action, &["feedback"]) {
        _ if action == Action::Confirming => true,
        Some(value) => *value != Value::Bool(false),
        None => action != Action::Executing,
    }
}

/// What is printed for a call, or `None` where the cartridge wants nothing printed. By default the
/// tool's name and its arguments as JSON, with the result on a line of its own; an adapter may say it
/// in other words and sees `id`, `name`, `parameters`, `parameters_as_json` (in Fennel also
/// `parameters-as-json`) and `output`.
///
/// # Errors
/// Two adapters at once; an adapter that was stopped.
pub fn tool_text(
    cartridge: &Value,
    mode: Mode,
    feedback: &ToolFeedback,
    colors: bool,
    sandboxed: bool,
    limits: &Limits,
) -> Result<Option<String>> {
    let action = feedback.action;
    if !feedback_enabled(cartridge, mode, action) {
        return Ok(None);
    }
    let adapter = only_one(
        LANGUAGES.map(|(key, _)| cascade(cartridge, mode, action, &["adapter", key])),
        || format!("{} tools.{}", mode.as_str(), action.as_str()),
    )?;
    let parameters = feedback.parameters.to_string();
    let words = match adapter {
        Some(function) => {
            let as_json = match function.language {
                sandbox::Language::Lua => "parameters_as_json",
                _ => "parameters-as-json",
            };
            let values = [
                ("id", json!(feedback.id)),
                ("name", json!(feedback.name)),
                ("parameters", feedback.parameters.clone()),
                (as_json, json!(parameters)),
                ("output", json!(feedback.output)),
            ];
            sandbox::run(&function, &values, sandboxed, limits)?
        }
        None => match &feedback.output {
            Some(output) if action == Action::Responding => {
                format!("{} {parameters}\n{output}", feedback.name)
            }
            _ => format!("{} {parameters}", feedback.name),
        },
    };
    let value = |key| tool_value(cartridge, mode, action, key);
    let text = format!(
        "{}{words}{}",
        value("prefix").unwrap_or_default(),
        value("suffix").unwrap_or_default()
    );
    Ok(Some(match value("color") {
        Some(color) if colors => paint(&text, &color),
        _ => text,
    }))
}
