//! A case, what an operation found, and whether that is what the case wants.

use std::collections::BTreeMap;

use botsmith_nanobots::Error;
use botsmith_nanobots::cartridge::{Cartridge, Format, Options, Profile};
use botsmith_nanobots::interface::Mode;
use serde_json::Value;

/// One case of the file.
pub struct Case<'a>(&'a Value);

/// What an operation gave: a value, or an error's words (message and code).
pub type Found = Result<Value, String>;

pub const NULL: Value = Value::Null;

impl<'a> Case<'a> {
    pub fn new(value: &'a Value) -> Self {
        Self(value)
    }

    fn text(&self, key: &str) -> &'a str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    pub fn name(&self) -> &'a str {
        self.text("name")
    }

    pub fn operation(&self) -> &'a str {
        self.text("operation")
    }

    pub fn level(&self) -> &'a str {
        self.text("level")
    }

    pub fn expected(&self) -> &'a Value {
        self.0.get("expected").unwrap_or(&NULL)
    }

    /// An argument; null where there is none.
    pub fn arg(&self, key: &str) -> &'a Value {
        self.0
            .get("args")
            .and_then(|args| args.get(key))
            .unwrap_or(&NULL)
    }

    pub fn arg_text(&self, key: &str) -> &'a str {
        self.arg(key).as_str().unwrap_or_default()
    }

    pub fn mode(&self) -> Mode {
        mode(self.arg_text("mode"))
    }

    /// The map of an argument as texts by name.
    pub fn variables(&self, key: &str) -> BTreeMap<String, String> {
        let map = self.arg(key).as_object();
        map.into_iter()
            .flatten()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), plain(value)))
            .collect()
    }

    /// The cartridge as the file format that the case names.
    pub fn cartridge(&self) -> Result<Cartridge, String> {
        let environment = self.variables("env");
        let options = Options::default()
            .profile(Profile::Compat)
            .variables(&environment);
        let format = match self.text("format") {
            "" => Format::Yaml,
            format => Format::of(format).map_err(words)?,
        };
        Cartridge::parse(self.text("cartridge"), format, &options).map_err(words)
    }
}

pub fn mode(word: &str) -> Mode {
    match word {
        "repl" => Mode::Repl,
        _ => Mode::Eval,
    }
}

/// A scalar as text.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// An error as it is compared.
pub fn words(error: impl Into<Error>) -> String {
    let error = error.into();
    format!("{error} [{}]", error.code())
}

/// Runs the operation and compares.
pub fn compare(case: &Case<'_>, run: fn(&Case<'_>) -> Found) -> Result<(), String> {
    let found = run(case);
    let wanted = case.expected();
    let error = wanted
        .get("error")
        .filter(|_| case.operation() != "parse" || is_only_error(wanted));
    match (found, error) {
        // A tool loop tells its error beside other facts.
        (Ok(found), _) if found.get("error").is_some() && case.operation() != "parse" => {
            holds(wanted, &found)
        }
        (Err(found), Some(Value::String(text))) => match found.contains(text.as_str()) {
            true => Ok(()),
            false => Err(format!("wanted an error with `{text}`, found `{found}`")),
        },
        (Err(found), _) => Err(format!("wanted {wanted}, found the error `{found}`")),
        (Ok(found), Some(Value::String(text))) => {
            Err(format!("wanted an error with `{text}`, found {found}"))
        }
        (Ok(found), _) => match is_open(case.operation()) {
            true => holds(wanted, &found),
            false => same(wanted, &found),
        },
    }
}

fn is_only_error(wanted: &Value) -> bool {
    wanted.as_object().is_some_and(|map| map.len() == 1)
}

/// Whether only the keys that the case lists count.
fn is_open(operation: &str) -> bool {
    !matches!(
        operation,
        "affixes"
            | "tool_interface_value"
            | "deep_merge"
            | "fetch"
            | "env_substitute"
            | "dump_cartridge"
            | "list_cartridges"
            | "slug"
            | "stateless"
            | "tool_schema"
            | "tool_prepare"
    )
}

fn same(wanted: &Value, found: &Value) -> Result<(), String> {
    match wanted == found {
        true => Ok(()),
        false => Err(format!("wanted {wanted}, found {found}")),
    }
}

/// Whether every key that is wanted has the wanted value; null: is absent. `error` is a part of the
/// found words. A map without keys wants a map without keys.
fn holds(wanted: &Value, found: &Value) -> Result<(), String> {
    let (Value::Object(wanted), Value::Object(have)) = (wanted, found) else {
        return same(wanted, found);
    };
    if wanted.is_empty() && !have.is_empty() {
        return Err(format!("wanted nothing, found {found}"));
    }
    for (key, value) in wanted {
        let have = have.get(key).unwrap_or(&NULL);
        let right = match (key.as_str(), value, have) {
            ("error", Value::String(text), Value::String(have)) => have.contains(text.as_str()),
            // Events and messages: the keys that are listed.
            ("history_first" | "history_last", wanted, have) => holds(wanted, have).is_ok(),
            _ => value == have,
        };
        if !right {
            return Err(format!("`{key}`: wanted {value}, found {have}"));
        }
    }
    Ok(())
}
