//! `variables:`: what a cartridge's texts may ask for, declared with type and default.
//!
//! ```yaml
//! variables:
//!   language: {type: string, default: English, description: What to answer in.}
//!   tone: {choices: [formal, friendly], default: friendly}
//!   customer: {type: string}                  # no default: it must be given
//!   notes: {type: list, required: false}      # may be left out, and is null then
//!   city: Lisbon                              # short for {default: Lisbon}
//! ```

use serde_json::Value;

use botsmith_core::hint::{list, nearest, shown};
use botsmith_core::yaml::{Cursor, Value as Yaml};

use super::super::Result;
use super::plain_name;

/// Bytes of a default: a template may go over it many times.
const DEFAULT_BYTES: usize = 64 << 10;

/// What values a variable takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum VariableType {
    /// Anything.
    #[default]
    Any,
    /// Text.
    String,
    /// A number.
    Number,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// A list.
    List,
    /// A mapping.
    Map,
}

impl VariableType {
    /// The words for them.
    pub const WORDS: [(&'static str, Self); 7] = [
        ("any", Self::Any),
        ("string", Self::String),
        ("number", Self::Number),
        ("integer", Self::Integer),
        ("boolean", Self::Boolean),
        ("list", Self::List),
        ("map", Self::Map),
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        let word = Self::WORDS.iter().find(|(_, kind)| *kind == self);
        word.map_or("any", |(word, _)| word)
    }

    /// Whether `value` is of this type.
    pub fn fits(self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::String => value.is_string(),
            Self::Number => value.is_number(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Boolean => value.is_boolean(),
            Self::List => value.is_array(),
            Self::Map => value.is_object(),
        }
    }

    /// Reads text, as it comes from a command line or a CSV file; `None` if it is no such value.
    ///
    /// ```
    /// use botsmith_nanobots::cartridge::VariableType;
    /// assert_eq!(VariableType::Integer.from_text("7"), Some(7.into()));
    /// assert_eq!(VariableType::Integer.from_text("seven"), None);
    /// assert_eq!(VariableType::String.from_text("7"), Some("7".into()));
    /// ```
    pub fn from_text(self, text: &str) -> Option<Value> {
        match self {
            Self::Any | Self::String => Some(Value::from(text)),
            _ => serde_json::from_str(text.trim())
                .ok()
                .filter(|value| self.fits(value)),
        }
    }
}

/// A declared variable.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Variable {
    /// What values it takes.
    pub kind: VariableType,
    /// The value where none is given.
    pub default: Option<Value>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether a value must be given where there is no default. If not, it is null.
    pub required: bool,
    /// The only values it takes; empty: all of its type.
    pub choices: Vec<Value>,
}

impl Variable {
    /// Why `value` cannot be this variable's; `None` if it can.
    pub fn refusal(&self, value: &Value) -> Option<String> {
        if !self.kind.fits(value) {
            return Some(format!(
                "a value of type {}, found {}",
                self.kind.as_str(),
                brief(value)
            ));
        }
        if self.choices.is_empty() || self.choices.contains(value) {
            return None;
        }
        let words: Vec<String> = self.choices.iter().map(brief_plain).collect();
        let near = nearest(&brief_plain(value), words.iter().map(String::as_str));
        let near = near.map(|near| format!("; did you mean `{near}`?"));
        Some(format!(
            "{}, found {}{}",
            list(words.iter().map(String::as_str)),
            brief(value),
            near.unwrap_or_default()
        ))
    }

    pub(super) fn read(name: &str, at: &Cursor<'_>) -> Result<Self> {
        if !plain_name(name) || name.contains(['-', '.']) {
            let diagnostic = at.diagnostic(format!("`{}` is no name of a variable", shown(name)));
            return Err(diagnostic
                .hint("letters, digits and `_`: templates write it as `{{ name }}`")
                .into());
        }
        if !matches!(at.node().value, Yaml::Map(_)) {
            // `city: Lisbon`, and `city:` for one that must be given.
            let default = (!at.is_null()).then(|| at.node().to_json());
            return Ok(Self {
                required: default.is_none(),
                default,
                ..Self::default()
            });
        }
        let fields = at.fields()?;
        let mut variable = Self {
            description: fields
                .get("description")
                .map(|at| at.text().map(str::to_owned))
                .transpose()?,
            ..Self::default()
        };
        if let Some(at) = fields.get("type") {
            variable.kind = at.one_of(&VariableType::WORDS)?;
        }
        if let Some(at) = fields.get("choices") {
            let mut choices = Vec::new();
            for item in at.items()? {
                variable.accept(&item)?;
                choices.push(item.node().to_json());
            }
            variable.choices = choices;
        }
        if let Some(at) = fields.get("default") {
            variable.accept(&at)?;
            if at.node().to_json().to_string().len() > DEFAULT_BYTES {
                let message = format!("a default of more than {DEFAULT_BYTES} bytes");
                return Err(at.error(message).into());
            }
            variable.default = Some(at.node().to_json());
        }
        let required = fields.get("required").map(|at| at.bool()).transpose()?;
        variable.required = required.unwrap_or(variable.default.is_none());
        fields.finish()?;
        Ok(variable)
    }

    fn accept(&self, at: &Cursor<'_>) -> Result<()> {
        match self.refusal(&at.node().to_json()) {
            None => Ok(()),
            Some(wanted) => Err(at.error(format!("expected {wanted}")).into()),
        }
    }
}

fn brief_plain(value: &Value) -> String {
    match value {
        Value::String(text) => shown(text),
        other => shown(&other.to_string()),
    }
}

fn brief(value: &Value) -> String {
    format!("`{}`", brief_plain(value))
}
