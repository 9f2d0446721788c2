//! One item of a cartridge's `tools:` -> what the model sees of it, and its code.
//!
//! Nano Bots specification 3.2: `name`, `description`, `parameters` (JSON Schema, passed on as it
//! is; an empty object by default), and one of `fennel`, `lua`, `clojure`. `type: function` and
//! parameters as a list of `{name, type, description, items}` are of an older form, and read too.

use botsmith_core::chat::ToolSpec;
use serde_json::{Map, Value, json};

use crate::sandbox::{Function, Language};

/// What an item says.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) spec: ToolSpec,
    /// Code, in each language that has some.
    pub(super) functions: Vec<Function>,
}

impl Item {
    pub(super) fn read(item: &Value) -> Self {
        let text = |key: &str| item.get(key).and_then(Value::as_str).map(str::to_owned);
        let functions = Language::ALL
            .into_iter()
            .filter_map(|language| Some(Function::new(language, text(language.as_str())?)))
            .collect();
        Self {
            spec: ToolSpec {
                name: text("name").unwrap_or_default(),
                description: text("description"),
                parameters: parameters(item),
            },
            functions,
        }
    }
}

fn parameters(item: &Value) -> Value {
    match item.get("parameters") {
        None | Some(Value::Null) => json!({"type": "object", "properties": {}}),
        Some(Value::Array(list)) => listed(list, item.get("required")),
        Some(schema) => schema.clone(),
    }
}

/// The older form: a list of parameters, and `required` beside it.
fn listed(list: &[Value], required: Option<&Value>) -> Value {
    let mut properties = Map::new();
    for parameter in list {
        let Some(name) = parameter.get("name").and_then(Value::as_str) else {
            continue;
        };
        let mut property = Map::new();
        let kind = parameter.get("type").cloned();
        property.insert("type".into(), kind.unwrap_or_else(|| "string".into()));
        if let Some(description) = parameter.get("description") {
            property.insert("description".into(), description.clone());
        }
        if let Some(kind) = parameter.get("items").and_then(|items| items.get("type")) {
            property.insert("items".into(), json!({"type": kind}));
        }
        properties.insert(name.to_owned(), Value::Object(property));
    }
    let mut schema = Map::new();
    schema.insert("type".into(), "object".into());
    schema.insert("properties".into(), Value::Object(properties));
    if let Some(required) = required.filter(|required| required.is_array()) {
        schema.insert("required".into(), required.clone());
    }
    Value::Object(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_both_forms_become_json_schema() {
        let none = Item::read(&json!({"name": "clock", "fennel": "1"}));
        assert_eq!(
            none.spec.parameters,
            json!({"type": "object", "properties": {}})
        );
        assert_eq!(none.functions, [Function::new(Language::Fennel, "1")]);
        let schema =
            json!({"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]});
        let given = Item::read(&json!({"name": "add", "parameters": schema, "lua": "return 1"}));
        assert_eq!(given.spec.parameters, schema);
        let old = Item::read(&json!({
            "type": "function", "name": "sum", "required": ["values"],
            "parameters": [
                {"name": "values", "type": "array", "items": {"type": "number", "x": 1}},
                {"name": "unit", "description": "of the sum"}
            ]
        }));
        assert_eq!(
            old.spec.parameters,
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
