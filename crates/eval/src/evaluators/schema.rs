//! JSON Schema (draft 2020-12) of an entry of `evaluators:`, for editors and `botsmith schema`.

use serde_json::{Map, Value, json};

use super::{Better, Docs, Kind, Registry};
use crate::extract;

impl Registry {
    /// The schema of one entry of `evaluators:`: a bare name, or a mapping of one name to its
    /// options. It refers to `#/$defs/evaluator` (itself) and `#/$defs/extract`; see
    /// [`Registry::json_schema_defs`].
    pub fn json_schema(&self) -> Value {
        let bare: Vec<_> = self
            .kinds()
            .map(Kind::docs)
            .filter(|docs| !needs_options(docs))
            .map(|docs| docs.name)
            .collect();
        let properties: Map<_, _> = self
            .kinds()
            .map(|kind| (kind.docs().name.to_owned(), options(kind.docs())))
            .collect();
        json!({
            "description": "an evaluator: its name, or a mapping of its name to its options",
            "anyOf": [
                {"enum": bare},
                {
                    "type": "object",
                    "properties": properties,
                    "additionalProperties": false,
                    "minProperties": 1,
                    "maxProperties": 1,
                },
            ],
        })
    }

    /// The definitions that a schema with [`Registry::json_schema`] in it needs under `$defs`:
    /// `evaluator`, `extract` and `provider`.
    pub fn json_schema_defs(&self) -> Value {
        json!({
            "evaluator": self.json_schema(),
            "extract": extract::json_schema(),
            "provider": provider(),
        })
    }
}

/// What is laid over a cartridge's provider.
fn provider() -> Value {
    json!({
        "description": "A provider: its id, or what is laid over the cartridge's `provider`.",
        "anyOf": [
            {"type": "string", "minLength": 1},
            {
                "type": "object", "additionalProperties": false,
                "properties": {
                    "id": {"type": "string", "minLength": 1, "description": "openai, ollama, anthropic, google, mistral, cohere, maritaca, http, command, replay, script."},
                    "credentials": {
                        "type": "object",
                        "description": "Secrets as `ENV/NAME`; addresses as they are.",
                        "additionalProperties": {"type": ["string", "number", "boolean"]}
                    },
                    "settings": {"type": "object", "description": "The provider's settings, `model` among them."},
                    "options": {"type": "object", "description": "The provider's options."}
                }
            }
        ]
    })
}

fn needs_options(docs: &Docs) -> bool {
    docs.options.iter().any(|option| option.required)
}

/// An option's own schema. Built-in ones are checked by a test; a foreign one that is no JSON
/// allows anything.
fn option_schema(schema: &str) -> Value {
    serde_json::from_str(schema).unwrap_or(Value::Bool(true))
}

fn options(docs: &Docs) -> Value {
    let mut properties = common(docs);
    for option in docs.options {
        let mut schema = option_schema(option.schema);
        if let Value::Object(schema) = &mut schema {
            schema.insert("description".to_owned(), option.about.into());
        }
        properties.insert(option.name.to_owned(), schema);
    }
    let required: Vec<_> = docs
        .options
        .iter()
        .filter(|option| option.required)
        .map(|option| option.name)
        .collect();
    let mapping = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    let mut forms = vec![mapping];
    if let Some(main) = docs
        .options
        .iter()
        .find(|option| Some(option.name) == docs.scalar)
    {
        forms.push(short(main.schema));
    }
    if docs.options.iter().any(|option| option.name == "of") {
        // `not: {icontains: guarantee}`, with one evaluator in place of a list.
        forms.push(json!({"$ref": "#/$defs/evaluator"}));
        if let Some(of) = forms[0].pointer_mut("/properties/of") {
            *of = json!({"anyOf": [of.take(), {"$ref": "#/$defs/evaluator"}]});
        }
    }
    if required.is_empty() {
        forms.push(json!({"type": "null"}));
    }
    json!({"description": about(docs), "anyOf": forms})
}

/// The schema of a short form: a mapping would be read as options.
fn short(schema: &str) -> Value {
    json!({"allOf": [option_schema(schema), {"not": {"type": "object"}}]})
}

fn about(docs: &Docs) -> String {
    let mut about = docs.about.to_owned();
    if !docs.formula.is_empty() {
        about.push_str(" Value: ");
        about.push_str(docs.formula);
        about.push('.');
    }
    if !docs.example.is_empty() {
        about.push_str("\nExample: ");
        about.push_str(docs.example);
    }
    about
}

/// What all evaluators take.
fn common(docs: &Docs) -> Map<String, Value> {
    let mut threshold = json!({
        "type": "number",
        "description": match docs.range.better {
            Better::Lower => "passes if the value is at most this",
            Better::Higher | Better::Neither => "passes if the value is at least this",
        },
        "minimum": docs.range.lo,
    });
    if docs.range.hi.is_finite() {
        threshold["maximum"] = docs.range.hi.into();
    }
    let mut map = Map::new();
    map.insert("name".into(), json!({"type": ["string", "number", "boolean"], "pattern": "\\S", "description": "key of the score; by default the evaluator's own name, `#2` and so on for repeats"}));
    map.insert("threshold".into(), threshold);
    map.insert("weight".into(), json!({"type": "number", "minimum": 0, "default": 1, "description": "weight among other evaluators"}));
    map.insert("invert".into(), json!({"type": "boolean", "default": false, "description": "turns the verdict round, and a value of 0 to 1 into 1 - value"}));
    map.insert("when".into(), json!({"type": ["string", "boolean"], "description": "expression over the case; where it is false, the case is skipped"}));
    map.insert("extract".into(), json!({"$ref": "#/$defs/extract"}));
    map
}
