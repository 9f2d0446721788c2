//! JSON Schema of workflow files, for completion and checks in editors.

use serde_json::{Value, json};

use super::Kinds;
use crate::Occasion;

/// The JSON Schema (draft 2020-12) of a workflow file. The `with` of these kinds is described; other kinds
/// are taken as they are.
///
/// ```
/// let schema = botsmith_flow::schema(&botsmith_flow::Kinds::builtin());
/// assert_eq!(schema["properties"]["version"]["const"], 1);
/// ```
pub fn schema(kinds: &Kinds) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Botsmith workflow, format v1",
        "type": "object",
        "required": ["version", "name", "steps"],
        "additionalProperties": false,
        "properties": {
            "version": {"const": 1, "description": "The format; always 1."},
            "name": {"type": "string", "minLength": 1, "maxLength": 200, "description": "The workflow's name."},
            "inputs": {
                "type": "object",
                "description": "The JSON Schema of what a run is started with; templates read `inputs.NAME`."
            },
            "timeout": duration("How long the whole run may take."),
            "notify": {
                "description": "Who is told of a run: one entry, or a list.",
                "anyOf": [
                    {"$ref": "#/$defs/notice"},
                    {"type": "array", "maxItems": 20, "items": {"$ref": "#/$defs/notice"}}
                ]
            },
            "steps": {
                "type": "object", "minProperties": 1, "propertyNames": {"$ref": "#/$defs/name"},
                "additionalProperties": {"$ref": "#/$defs/step"},
                "description": "Steps by name, in any order."
            },
            "finally": {
                "type": "object", "propertyNames": {"$ref": "#/$defs/name"},
                "additionalProperties": {"$ref": "#/$defs/step"},
                "description": "Steps that run after all others, however those ended."
            }
        },
        "$defs": {
            "name": {"pattern": "^[A-Za-z_][A-Za-z0-9_-]{0,63}$"},
            "notice": notice(),
            "step": with_kinds(step(true), kinds),
            "inner": with_kinds(step(false), kinds)
        }
    })
}

fn notice() -> Value {
    let words = Occasion::ALL.map(Occasion::word);
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "on": {
                "description": "Of what; without it, of all.",
                "anyOf": [{"enum": words}, {"type": "array", "minItems": 1, "items": {"enum": words}}]
            },
            "webhook": {"type": "string", "minLength": 1, "description": "A web address, by POST; may be a template over inputs and secrets."},
            "command": {
                "type": ["array", "string"], "minItems": 1, "items": {"type": "string"},
                "description": "A program and its arguments; it reads the notice. Only where the worker's owner allows programs."
            }
        },
        "oneOf": [{"required": ["webhook"]}, {"required": ["command"]}]
    })
}

fn duration(about: &str) -> Value {
    json!({"type": ["string", "number"], "description": format!("{about} Like `250ms`, `2s`, `2d`; a number is seconds.")})
}

fn step(of_graph: bool) -> Value {
    let mut schema = json!({
        "type": "object",
        "required": ["uses"],
        "additionalProperties": false,
        "properties": {
            "uses": {"type": "string", "description": "The kind of step."},
            "with": {"type": "object", "description": "What the kind takes; texts may be templates."},
            "when": {
                "type": ["string", "boolean"],
                "description": "An expression: the step is skipped unless it holds."
            },
            "over": {"type": ["array", "string"], "description": "Of `map`: the list, or a template that gives it."},
            "item": {"type": "string", "default": "item", "description": "Of `map`: what templates call the item."},
            "max-parallel": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "Of `map`: how many at once."},
            "until": {"type": "string", "description": "Of `loop`: an expression over `output` and `iteration`."},
            "at-most": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "Of `loop`: the most iterations."},
            "step": {"$ref": "#/$defs/inner", "description": "Of `map` and `loop`: the step."},
            "retry": {
                "type": "object", "required": ["max"], "additionalProperties": false,
                "description": "When a failed attempt is followed by another.",
                "properties": {
                    "max": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "How many attempts may fail."},
                    "base": duration("The longest first wait; it doubles each time."),
                    "cap": duration("The longest wait."),
                    "on": {"type": ["array", "string"], "items": {"type": "string"}, "description": "Only errors of these classes."}
                }
            },
            "timeout": duration("How long one attempt may take."),
            "priority": {"type": "integer", "minimum": 0, "maximum": 9, "default": 5, "description": "9 is most urgent."},
            "concurrency-key": {
                "description": "At most `limit` such steps run at once, over all runs; as text: one.",
                "anyOf": [
                    {"type": "string", "minLength": 1},
                    {
                        "type": "object", "required": ["key"], "additionalProperties": false,
                        "properties": {
                            "key": {"type": "string", "minLength": 1},
                            "limit": {"type": "integer", "minimum": 1, "maximum": 1000}
                        }
                    }
                ]
            },
            "requires": {
                "type": ["array", "string"], "items": {"type": "string"},
                "description": "What a worker has to offer besides the kind, such as `device:cuda`."
            }
        }
    });
    if of_graph {
        let own = [
            (
                "needs",
                json!({
                    "type": ["array", "string"], "items": {"type": "string"},
                    "description": "Steps that have to end before; those that templates read are found."
                }),
            ),
            (
                "run-if",
                json!({
                    "enum": ["done", "failed", "always"],
                    "description": "Whether it runs when a step that it needs did not get done."
                }),
            ),
            (
                "on-failure",
                json!({
                    "enum": ["fail", "continue"], "default": "fail",
                    "description": "What its failure means for the run."
                }),
            ),
        ];
        for (key, value) in own {
            schema["properties"][key] = value;
        }
    }
    schema
}

/// The schema of a step with what each kind takes.
fn with_kinds(mut step: Value, kinds: &Kinds) -> Value {
    let names: Vec<_> = kinds.iter().map(super::Kind::name).collect();
    step["properties"]["uses"]["examples"] = json!(names);
    let rules = kinds.iter().map(|kind| {
        let with = kind.schema();
        let mut then = json!({"properties": {"with": with}});
        let mut required: Vec<&str> = match kind.name() {
            "map" => vec!["over", "step"],
            "loop" => vec!["until", "at-most", "step"],
            _ => Vec::new(),
        };
        if with["required"].as_array().is_some_and(|keys| !keys.is_empty()) {
            required.push("with");
        }
        then["required"] = json!(required);
        json!({"if": {"properties": {"uses": {"const": kind.name()}}, "required": ["uses"]}, "then": then})
    });
    step["allOf"] = rules.collect();
    step
}
