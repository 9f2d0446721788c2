//! JSON Schema of a suite, for completion and checks in editors.

use serde_json::{Value, json};

use crate::evaluators::Registry;

/// The JSON Schema (draft 2020-12) of a suite file, with the evaluators of this registry.
pub fn schema(registry: &Registry) -> Value {
    let mut defs = registry.json_schema_defs();
    let own = definitions();
    if let (Some(defs), Value::Object(own)) = (defs.as_object_mut(), own) {
        defs.extend(own);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Botsmith suite, format v1",
        "type": "object",
        "required": ["version", "dataset", "evaluators"],
        "anyOf": [{"required": ["bots"]}, {"required": ["matrix"]}],
        "additionalProperties": false,
        "properties": {
            "version": {"const": 1, "description": "The format; always 1."},
            "name": {"$ref": "#/$defs/name", "description": "The suite's name. Default: the file's name."},
            "dataset": {"$ref": "#/$defs/dataset"},
            "bots": {
                "type": "array", "minItems": 1, "items": {"$ref": "#/$defs/bot"},
                "description": "What answers: cartridges, providers, recorded answers."
            },
            "matrix": {"$ref": "#/$defs/matrix"},
            "extract": {"$ref": "#/$defs/extract"},
            "evaluators": {
                "type": "array", "minItems": 1, "items": {"$ref": "#/$defs/evaluator"},
                "description": "What judges the answers."
            },
            "slices": {
                "description": "Groups of cases to report by.",
                "anyOf": [{"$ref": "#/$defs/slice"}, {"type": "array", "uniqueItems": true, "items": {"$ref": "#/$defs/slice"}}]
            },
            "gate": {
                "description": "Rules that decide the exit code: 0 if all hold, else 1.",
                "anyOf": [{"$ref": "#/$defs/rule"}, {"type": "array", "items": {"$ref": "#/$defs/rule"}}]
            },
            "hone": super::hone::schema(),
            "feedback": crate::feedback::schema(),
            "repeat": {"type": "integer", "minimum": 1, "maximum": super::MAX_REPEATS, "description": "Answers a case and bot. Default: as many as are recorded."},
            "seed": {"type": "integer", "minimum": 0, "maximum": i64::MAX, "default": 0, "description": "Seed of samples, bootstraps and permutations."},
            "report": {
                "type": "object", "additionalProperties": false,
                "description": "Files to write after the run, relative to the suite.",
                "properties": {
                    "json": {"$ref": "#/$defs/name", "description": "The whole report."},
                    "jsonl": {"$ref": "#/$defs/name", "description": "One line a case."},
                    "csv": {"$ref": "#/$defs/name", "description": "One line an answer."},
                    "markdown": {"$ref": "#/$defs/name", "description": "A summary for pull requests."},
                    "junit": {"$ref": "#/$defs/name", "description": "JUnit XML for CI."},
                    "html": {"$ref": "#/$defs/name", "description": "One self-contained page."}
                }
            }
        },
        "$defs": defs
    })
}

fn definitions() -> Value {
    let field = json!({
        "type": "string",
        "description": "A JSON Pointer like /question (CSV: a column's name)."
    });
    let fields = json!({"anyOf": [field, {"type": "array", "items": field}]});
    let limits = |unit: &str, lo: Value, hi: Value| {
        let mut number = json!({"type": "number"});
        for (key, bound) in [("minimum", lo), ("maximum", hi)] {
            if !bound.is_null() {
                number[key] = bound;
            }
        }
        json!({
            "type": "object", "additionalProperties": false, "description": unit,
            "anyOf": [{"required": ["min"]}, {"required": ["max"]}],
            "properties": {
                "min": number, "max": number,
                "bound": {
                    "enum": ["point", "lower", "upper"], "default": "point",
                    "description": "Hold the estimate, or an end of its interval, against the limits."
                }
            }
        })
    };
    let share = || limits("A share from 0 to 1.", json!(0), json!(1));
    json!({
        "name": {
            "description": "A text that is not empty; a number or `true` stands for its text.",
            "type": ["string", "number", "boolean"], "pattern": "\\S"
        },
        "dataset": {
            "description": "Where cases come from: a file, or a list of cases.",
            "anyOf": [
                {"type": "string", "description": "A .jsonl, .csv, .tsv, .yaml or .json file."},
                {"type": "array", "items": {"type": "object"}},
                {
                    "type": "object", "additionalProperties": false,
                    "oneOf": [{"required": ["path"]}, {"required": ["cases"]}],
                    "properties": {
                        "path": {"type": "string", "description": "The file, relative to the suite."},
                        "cases": {"type": "array", "items": {"type": "object"}, "description": "The cases themselves."},
                        "format": {"enum": ["jsonl", "csv", "yaml", "json"], "description": "Where the file's name does not tell."},
                        "id": fields, "input": fields, "messages": fields, "turns": fields, "reference": fields,
                        "context": fields, "tags": fields, "group": fields,
                        "filter": {"type": "string", "description": "Only cases for which this expression holds."},
                        "only-tags": {
                            "description": "Only cases with one of these tags.",
                            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
                        },
                        "limit": {"type": "integer", "minimum": 0, "description": "At most the first so many."},
                        "sample": {"type": "integer", "minimum": 0, "description": "A seeded random sample of so many."}
                    }
                }
            ]
        },
        "bot": {
            "description": "A cartridge by its path, or a mapping with `cartridge`, `provider` or `recorded`.",
            "anyOf": [
                {"type": "string", "minLength": 1, "description": "A cartridge's path, relative to the suite."},
                {"$ref": "#/$defs/recorded-bot"},
                {"$ref": "#/$defs/asked-bot"}
            ]
        },
        "recorded-bot": {
            "type": "object", "additionalProperties": false, "required": ["name", "recorded"],
            "properties": {
                "name": {"$ref": "#/$defs/name"},
                "recorded": {
                    "type": "object", "additionalProperties": false, "required": ["answer"],
                    "description": "Answers that were given earlier.",
                    "properties": {
                        "path": {"type": "string", "description": "The file; without it, the dataset's own rows. Another file is joined by id."},
                        "format": {"enum": ["jsonl", "csv", "yaml", "json"]},
                        "id": field, "answer": field, "refusal": field, "error": field,
                        "latency": {"type": "string", "description": "Field with seconds."},
                        "latency-ms": {"type": "string", "description": "Field with milliseconds."},
                        "cost": field,
                        "tool-calls": {"type": "string", "description": "Field with a list of {name, arguments}."},
                        "transcript": {"type": "string", "description": "Field with the messages of the conversation."}
                    }
                }
            }
        },
        "asked-bot": {
            "type": "object", "additionalProperties": false,
            "anyOf": [{"required": ["cartridge"]}, {"required": ["name", "provider"]}],
            "properties": {
                "name": {"$ref": "#/$defs/name", "description": "Default: the cartridge's file name."},
                "cartridge": {"type": "string", "minLength": 1, "description": "The cartridge's path, relative to the suite."},
                "provider": {"$ref": "#/$defs/provider"},
                "model": {"type": "string", "minLength": 1, "description": "In place of the cartridge's model."},
                "variables": {"type": "object", "description": "Values of the cartridge's variables, and names in the prompt."},
                "prompt": {"type": "string", "description": "Template of what is said in place of each turn of the user, `{{ input }}`."},
                "call-tools": {"type": "boolean", "default": false, "description": "Whether tools run that want their user's yes."},
                "concurrency": {"type": "integer", "minimum": 1, "default": 4, "description": "Questions at once."},
                "rate": {"type": "string", "pattern": "^ *[0-9]+ */ *(s|m|min|h) *$", "description": "Questions in some time, like 60/m."},
                "timeout": {"type": ["string", "number"], "description": "Time for an answer, all its turns together. Default: 2m."}
            }
        },
        "matrix": {
            "type": "object", "additionalProperties": false, "required": ["bots"],
            "description": "Every bot with every prompt and every choice of variables, as bots of their own.",
            "properties": {
                "bots": {
                    "type": "array", "minItems": 1,
                    "items": {"anyOf": [{"type": "string", "minLength": 1}, {"$ref": "#/$defs/asked-bot"}]}
                },
                "prompts": {
                    "type": "array", "minItems": 1,
                    "items": {"anyOf": [
                        {"type": "string"},
                        {
                            "type": "object", "additionalProperties": false, "required": ["name", "template"],
                            "properties": {"name": {"$ref": "#/$defs/name"}, "template": {"type": "string"}}
                        }
                    ]}
                },
                "variables": {
                    "type": "object",
                    "description": "Each variable with its values.",
                    "additionalProperties": {"anyOf": [
                        {"type": "array", "minItems": 1},
                        {"type": ["string", "number", "boolean"]}
                    ]}
                }
            }
        },
        "slice": {
            "anyOf": [
                {"type": "string", "description": "A field like /topic, or `tags`."},
                {
                    "type": "object", "additionalProperties": false, "required": ["name"],
                    "oneOf": [{"required": ["by"]}, {"required": ["when"]}],
                    "properties": {
                        "name": {"$ref": "#/$defs/name"},
                        "by": {"type": "string", "description": "A field like /topic, or `tags`."},
                        "when": {"type": "string", "description": "An expression; cases fall into `yes` and `no`."}
                    }
                }
            ]
        },
        "rule": {
            "type": "object", "additionalProperties": false,
            "oneOf": [
                {"required": ["metric", "pass-rate"]}, {"required": ["metric", "mean"]},
                {"required": ["failed"]}, {"required": ["refused"]},
                {"required": ["metric", "bot", "better-than"]},
                {"required": ["metric", "bot", "not-worse-than"]}
            ],
            "properties": {
                "metric": {"type": "string", "description": "An evaluator's name."},
                "bot": {"type": "string", "description": "A bot's name. Default: each bot."},
                "slice": {
                    "type": "object", "minProperties": 1, "maxProperties": 1,
                    "description": "Only cases of this slice, like {topic: billing}.",
                    "additionalProperties": {"type": ["string", "number", "boolean"]}
                },
                "pass-rate": share(),
                "mean": limits("In the metric's unit.", Value::Null, Value::Null),
                "failed": share(),
                "refused": share(),
                "better-than": {"type": "string", "description": "A bot; better means an adjusted p of at most 0.05."},
                "not-worse-than": {
                    "type": "object", "additionalProperties": false, "required": ["bot", "margin"],
                    "properties": {
                        "bot": {"type": "string"},
                        "margin": {"type": "number", "minimum": 0, "description": "In the metric's unit."}
                    }
                }
            }
        }
    })
}
