//! Keys that are not known, and values of the wrong kind: tree and schema -> warnings.
//!
//! The hint names the place where the key belongs if it is known elsewhere (its indentation is wrong),
//! else the nearest key that is known here. `miscellaneous` is nobody's business; `botsmith` is read
//! strictly elsewhere.

use serde_json::Value;

use botsmith_core::Diagnostic;
use botsmith_core::hint::{list, nearest, shown};
use botsmith_core::yaml::{Entry, Mark, Node, Value as Yaml};

use super::env::is_placeholder;
use super::layers::Layers;
use super::schema::known;

/// More warnings than this help nobody, and each costs a look at the text.
pub(crate) const MOST: usize = 100;

/// Warnings about a cartridge.
pub(super) fn lint(root: &Node, layers: &Layers) -> Vec<Diagnostic> {
    let mut lint = Lint {
        layers,
        path: Vec::new(),
        warnings: Vec::new(),
    };
    lint.node(root, known());
    lint.warnings
}

struct Lint<'a> {
    layers: &'a Layers,
    path: Vec<String>,
    warnings: Vec<Diagnostic>,
}

impl Lint<'_> {
    fn warn(&mut self, mark: Mark, message: String, hint: Option<String>) {
        let warning = self.layers.diagnostic(mark, message);
        let warning = warning.field(self.path.join("."));
        self.warnings.push(match hint {
            Some(hint) => warning.hint(hint),
            None => warning,
        });
    }

    fn node(&mut self, node: &Node, schema: &Value) {
        if self.warnings.len() >= MOST {
            return;
        }
        let schema = alternative(node, schema);
        if !fits(node, schema) {
            let wanted = wanted(schema);
            let found = match node.text() {
                Some(text) => format!("`{}`", shown(text)),
                None => node.kind().to_owned(),
            };
            let hint = match &node.value {
                Yaml::String(text) if wanted == "`true` or `false`" => boolean_hint(text),
                _ => None,
            };
            self.warn(node.mark, format!("expected {wanted}, found {found}"), hint);
            return;
        }
        match &node.value {
            Yaml::Map(entries) => self.entries(entries, schema),
            Yaml::Seq(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.below(at.to_string(), item, &schema["items"]);
                }
            }
            _ => {}
        }
    }

    fn below(&mut self, key: String, node: &Node, schema: &Value) {
        self.path.push(key);
        self.node(node, schema);
        self.path.pop();
    }

    fn entries(&mut self, entries: &[Entry], schema: &Value) {
        let properties = schema["properties"].as_object();
        for entry in entries {
            if self.warnings.len() >= MOST {
                return;
            }
            let key = entry.key.as_str();
            // Dashes and underscores are the same in the names of credentials.
            let dashed = key.replace('_', "-");
            let property = properties.and_then(|properties| {
                let same = self.path.last().is_some_and(|last| last == "credentials");
                let dashed = properties.get(&dashed).filter(|_| same);
                properties.get(key).or(dashed)
            });
            if self.path.is_empty() && matches!(key, "botsmith" | "miscellaneous") {
                continue;
            }
            match (property, &schema["additionalProperties"]) {
                (Some(property), _) => self.below(key.to_owned(), &entry.value, property),
                (None, Value::Bool(false)) => {
                    let here = properties.into_iter().flat_map(|p| p.keys());
                    let here: Vec<&str> = here.map(String::as_str).collect();
                    let hint = self.hint(key, &here);
                    let message = format!("unknown key `{}`, which is ignored", shown(key));
                    self.warn(entry.key_mark, message, Some(hint));
                }
                (None, more) => self.below(key.to_owned(), &entry.value, more),
            }
        }
    }

    fn hint(&self, key: &str, here: &[&str]) -> String {
        let mut places = Vec::new();
        homes(known(), key, &mut Vec::new(), &mut places);
        // A place below this one first: the key lacks a level, which is the commonest mistake.
        let below = |place: &&Vec<&str>| place.starts_with(&self.path_words());
        let near: Vec<_> = match places.iter().any(|place| below(&place)) {
            true => places.iter().filter(below).collect(),
            false => places.iter().collect(),
        };
        match (near.as_slice(), nearest(key, here.iter().copied())) {
            ([], Some(near)) => format!("did you mean `{near}`?"),
            ([], None) => format!("valid here: {}", list(here.iter().copied())),
            (places, _) if places.len() <= 3 => {
                let names: Vec<String> = places.iter().map(|place| place.join(".")).collect();
                let places = list(names.iter().map(String::as_str));
                format!(
                    "`{}` belongs under {places}: look at its indentation",
                    shown(key)
                )
            }
            (_, Some(near)) => format!("did you mean `{near}`?"),
            (_, None) => format!("valid here: {}", list(here.iter().copied())),
        }
    }

    fn path_words(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }
}

fn boolean_hint(text: &str) -> Option<String> {
    let meant = match text.to_ascii_lowercase().as_str() {
        "yes" | "on" | "y" => "true",
        "no" | "off" | "n" => "false",
        _ => return None,
    };
    Some(format!(
        "write `{meant}`: `{}` is text in YAML 1.2",
        shown(text)
    ))
}

/// The places where the schema has this key.
fn homes<'s>(schema: &'s Value, key: &str, path: &mut Vec<&'s str>, found: &mut Vec<Vec<&'s str>>) {
    let Some(properties) = schema["properties"].as_object() else {
        return;
    };
    if properties.contains_key(key) && !path.is_empty() {
        found.push(path.clone());
    }
    for (name, property) in properties {
        // Ours has names of its own, which are no home for a key of the specification.
        if path.is_empty() && name == "botsmith" {
            continue;
        }
        path.push(name);
        homes(property, key, path, found);
        path.pop();
    }
}

/// The alternative of a schema that is of the node's kind, or the first.
fn alternative<'s>(node: &Node, schema: &'s Value) -> &'s Value {
    let Some(alternatives) = schema["anyOf"].as_array() else {
        return schema;
    };
    let fitting = alternatives.iter().find(|schema| fits(node, schema));
    fitting.or(alternatives.first()).unwrap_or(schema)
}

/// Whether the node's kind is one that the schema asks for. A null is as good as absent, and a
/// placeholder stands for anything.
fn fits(node: &Node, schema: &Value) -> bool {
    if node
        .text()
        .is_some_and(|text| is_placeholder(text).is_some())
    {
        return true;
    }
    let kinds = match &schema["type"] {
        Value::String(kind) => vec![kind.as_str()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return true,
    };
    let one_of = |wanted: &[&str]| kinds.iter().any(|kind| wanted.contains(kind));
    match &node.value {
        Yaml::Null => true,
        Yaml::Bool(_) => one_of(&["boolean", "string"]),
        Yaml::Int(_) => one_of(&["integer", "number", "string"]),
        Yaml::Float(_) => one_of(&["number", "string"]),
        Yaml::String(_) => one_of(&["string"]),
        Yaml::Seq(_) => one_of(&["array"]),
        Yaml::Map(_) => one_of(&["object"]),
    }
}

fn wanted(schema: &Value) -> &'static str {
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.first().and_then(Value::as_str),
        kind => kind.as_str(),
    };
    match kind {
        Some("object") => "a mapping",
        Some("array") => "a list",
        Some("boolean") => "`true` or `false`",
        Some("integer" | "number") => "a number",
        _ => "text",
    }
}
