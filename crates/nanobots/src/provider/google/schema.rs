//! JSON Schema in Google's narrower kind of schema.
//!
//! A JSON Schema -> the same without the words that `responseSchema` and `parameters` have not
//! (<https://ai.google.dev/api/caching#Schema>); they are refused, not ignored. A list of types with
//! `null` becomes `nullable`; a `$ref` into the schema itself is put in place, not more than four deep.

use serde_json::{Map, Value, json};

const WORDS: [&str; 21] = [
    "type",
    "format",
    "title",
    "description",
    "nullable",
    "enum",
    "items",
    "maxItems",
    "minItems",
    "properties",
    "required",
    "minProperties",
    "maxProperties",
    "minLength",
    "maxLength",
    "pattern",
    "example",
    "anyOf",
    "propertyOrdering",
    "minimum",
    "maximum",
];

/// How often references are followed inside each other: a schema may name itself.
const DEEPEST: usize = 4;

/// The schema without what Google has no word for.
pub(super) fn plain(schema: &Value) -> Value {
    convert(schema, schema, 0)
}

fn convert(schema: &Value, root: &Value, depth: usize) -> Value {
    let Value::Object(map) = schema else {
        // `true` and `false` are schemas, too: anything will do.
        return json!({});
    };
    if let Some(found) = map
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|path| root.pointer(path.strip_prefix('#')?))
    {
        return match depth < DEEPEST {
            true => convert(found, root, depth + 1),
            false => json!({}),
        };
    }
    let mut out = Map::new();
    for (word, value) in map {
        match (word.as_str(), value) {
            ("type", Value::Array(types)) => {
                let mut named = types.iter().filter(|kind| *kind != "null");
                if let Some(first) = named.next() {
                    out.insert("type".into(), first.clone());
                }
                if types.iter().any(|kind| kind == "null") {
                    out.insert("nullable".into(), json!(true));
                }
            }
            ("properties", Value::Object(inner)) => {
                let inner: Map<_, _> = inner
                    .iter()
                    .map(|(name, schema)| (name.clone(), convert(schema, root, depth)))
                    .collect();
                out.insert("properties".into(), inner.into());
            }
            ("items", value) => {
                out.insert("items".into(), convert(value, root, depth));
            }
            ("anyOf" | "oneOf", Value::Array(list)) => {
                let list = list.iter().map(|schema| convert(schema, root, depth));
                out.insert("anyOf".into(), list.collect());
            }
            ("const", value) => {
                out.insert("enum".into(), json!([value]));
            }
            (word, value) if WORDS.contains(&word) => {
                out.insert(word.into(), value.clone());
            }
            _ => {}
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_google_has_not_are_left_out_or_said_otherwise() {
        let schema = json!({"$schema": "x", "type": "object", "additionalProperties": false,
            "$defs": {"n": {"type": ["integer", "null"], "exclusiveMinimum": 0}},
            "properties": {"pattern": {"$ref": "#/$defs/n"}, "b": {"const": "x", "type": "string"},
                "c": {"type": "array", "items": {"oneOf": [{"type": "string"}, true]}}},
            "required": ["b"]});
        assert_eq!(
            plain(&schema),
            json!({"type": "object", "required": ["b"], "properties": {
                "pattern": {"type": "integer", "nullable": true},
                "b": {"enum": ["x"], "type": "string"},
                "c": {"type": "array", "items": {"anyOf": [{"type": "string"}, {}]}}}})
        );
    }

    #[test]
    fn a_schema_that_names_itself_comes_to_an_end() {
        let schema = json!({"type": "object", "properties": {"next": {"$ref": "#"}}});
        assert!(plain(&schema).to_string().len() < 500);
    }
}
