//! Short words for pieces of a JSON Schema.

use serde_json::{Value, json};

/// A mapping that holds nothing but these keys.
pub(super) fn map(about: &str, properties: Value) -> Value {
    let mut map = json!({"type": "object", "description": about, "additionalProperties": false});
    map["properties"] = properties;
    map
}

/// A mapping from names of the author's choice.
pub(super) fn named(about: &str, item: &Value) -> Value {
    json!({"type": "object", "description": about, "additionalProperties": item})
}

pub(super) fn list(about: &str, item: &Value) -> Value {
    json!({"type": "array", "description": about, "items": item})
}

pub(super) fn text(about: &str) -> Value {
    json!({"type": "string", "description": about})
}

pub(super) fn text_or_null(about: &str) -> Value {
    json!({"type": ["string", "null"], "description": about})
}

pub(super) fn texts(about: &str) -> Value {
    json!({
        "description": about,
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
    })
}

pub(super) fn flag(about: &str) -> Value {
    json!({"type": "boolean", "description": about})
}

pub(super) fn number(about: &str) -> Value {
    json!({"type": "number", "description": about})
}

pub(super) fn count(about: &str) -> Value {
    json!({"type": "integer", "minimum": 0, "description": about})
}

pub(super) fn one_of(about: &str, words: &[&str]) -> Value {
    json!({"enum": words, "description": about})
}

pub(super) fn duration(about: &str) -> Value {
    json!({
        "description": format!("{about} `250ms`, `2s`, `5m`, `1h`, `2d`, or a number of seconds."),
        "type": ["string", "number"]
    })
}
