//! The `parameters` of a cartridge's tool -> the JSON Schema that models see.
//!
//! Nano Bots specification 3.2: a JSON Schema, passed on as it is; an empty object by default.
//! Early cartridges wrote a list of `{name, type, description, items}`, which is read too.

use serde_json::{Value, json};

/// The schema of the arguments.
pub(super) fn schema(written: Option<Value>) -> Value {
    match written {
        None | Some(Value::Null) => json!({"type": "object", "properties": {}}),
        Some(Value::Array(list)) => listed(&list),
        Some(schema) => schema,
    }
}

fn listed(list: &[Value]) -> Value {
    let mut schema = json!({"type": "object", "properties": {}});
    let mut required = Vec::new();
    for item in list {
        let Some(name) = item.get("name").and_then(Value::as_str) else {
            continue;
        };
        let kind = item.get("type").cloned().unwrap_or("string".into());
        let mut property = json!({"type": kind});
        for key in ["description", "items", "enum"] {
            if let Some(value) = item.get(key) {
                property[key] = value.clone();
            }
        }
        schema["properties"][name] = property;
        if item.get("required") == Some(&Value::Bool(true)) {
            required.push(Value::from(name));
        }
    }
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_both_forms_become_json_schema() {
        let empty = json!({"type": "object", "properties": {}});
        assert_eq!(schema(None), empty);
        assert_eq!(schema(Some(Value::Null)), empty);
        let given = json!({"type": "object", "properties": {"a": {"x": 1}}, "required": ["a"]});
        assert_eq!(schema(Some(given.clone())), given);
        let list = json!([
            {"name": "values", "type": "array", "items": {"type": "number"}, "required": true},
            {"name": "unit", "description": "of the sum"},
            "nonsense"
        ]);
        assert_eq!(
            schema(Some(list)),
            json!({
                "type": "object",
                "properties": {
                    "values": {"type": "array", "items": {"type": "number"}},
                    "unit": {"type": "string", "description": "of the sum"}
                },
                "required": ["values"]
            })
        );
    }
}
