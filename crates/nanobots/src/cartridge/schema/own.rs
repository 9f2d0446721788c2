//! The schema of what stands under `botsmith:`.

use serde_json::{Value, json};

use botsmith_core::chat::ErrorClass;

use super::super::native::{Cache, ContextPolicy};
use super::VariableType;
use super::words::{count, duration, flag, list, map, named, number, one_of, text, texts};

pub(super) fn own() -> Value {
    map(
        "What goes beyond the specification. Other implementations ignore this key.",
        json!({
            "extends": text(
                "A cartridge that this one builds on, by its path from this file's folder. It is merged first: \
                 mappings key by key, tools by name, of all else this file wins."
            ),
            "variables": variables(),
            "examples": list(
                "Turns that are shown to the model before the conversation. Variables are put in.",
                &required(map("A turn.", json!({
                    "user": text("What the user says."),
                    "assistant": text("What the bot answers.")
                })), &["user", "assistant"])
            ),
            "output-schema": {
                "description": "JSON Schema of the answer, or the path of a file that holds one. Providers that can \
                    are held to it; of others the answer is checked, and repaired once.",
                "type": ["object", "boolean", "string"]
            },
            "fallbacks": fallbacks(),
            "routing": routing(),
            "cache": {
                "description": "Whether answers are kept and given again for the same request: `true` or `deterministic` \
                    for those that would be the same each time (temperature 0, or a seed), `always` for all, `false` or \
                    `off` for none.",
                "anyOf": [
                    {"type": "boolean"},
                    {"enum": Cache::WORDS.map(|(word, _)| word)},
                    map("A cache whose answers age.", json!({
                        "mode": {"anyOf": [{"type": "boolean"}, {"enum": Cache::WORDS.map(|(word, _)| word)}],
                            "default": "deterministic",
                            "description": "Which answers are kept: `deterministic`, `always` or `off`."},
                        "ttl": duration("How long an answer is kept:")
                    }))
                ]
            },
            "limits": map("What one turn may use, all rounds between model and tools together.", json!({
                "tokens": count("Tokens, of prompts and answers. A provider that does not count them is noted, not stopped."),
                "seconds": number("Time, in seconds."),
                "tool-rounds": json!({"type": "integer", "minimum": 0, "maximum": 100, "default": 10,
                    "description": "Rounds between model and tools."}),
                "cost": number("Cost, in the currency of the price table. A model without a price is noted, not stopped.")
            })),
            "context": {
                "description": "How much of the conversation is sent: a number of tokens, or a mapping.",
                "anyOf": [
                    {"type": "integer", "minimum": 0},
                    required(map("A budget.", json!({
                        "budget": count("Tokens of the request at most."),
                        "policy": one_of(
                            "What is done when there is more. `drop-oldest` (the default) leaves out the oldest whole \
                             turns, never the directive, and says so; `fail` ends the turn.",
                            &ContextPolicy::WORDS.map(|(word, _)| word)
                        )
                    })), &["budget"])
                ]
            },
            "mcp": named("Servers of the Model Context Protocol whose tools the bot has, by name.", &server()),
            "evaluate": {
                "type": "object", "required": ["dataset", "evaluators"],
                "description": "The suite of `botsmith bot test`: `dataset`, `evaluators`, and where wanted `extract`, \
                                `slices`, `gate`, `repeat`, `seed`, as in a suite file. The cartridge is its bot."
            }
        }),
    )
}

fn required(mut map: Value, keys: &[&str]) -> Value {
    map["required"] = json!(keys);
    map
}

fn variables() -> Value {
    let words = VariableType::WORDS.map(|(word, _)| word);
    let declared = map(
        "A declaration.",
        json!({
            "type": one_of("What values it takes. Default: any.", &words),
            "default": {"description": "The value where none is given. Without one a value must be given."},
            "description": text("What it is for."),
            "required": flag("`false`: it may be left out, and is null then."),
            "choices": {"type": "array", "items": {}, "description": "The only values it takes."}
        }),
    );
    let item = json!({
        "description": "A declaration, or just the default.",
        "anyOf": [declared, {"type": ["string", "number", "boolean", "array", "null"]}]
    });
    named(
        "Variables of the texts under `behaviors` and `examples`, by name. Where there are any, those texts are \
         templates (minijinja): `{{ language }}`, `{% if notes %}…{% endif %}`.",
        &item,
    )
}

fn fallbacks() -> Value {
    let words = ErrorClass::WORDS.map(|(word, _)| word);
    let class = json!({"enum": words});
    let fallback = map(
        "A provider, and after which failures it is asked.",
        json!({
            "provider": required(super::provider("As the root key `provider`."), &["id"]),
            "on": {
                "description": "The failures after which it is asked. Default: load, rate-limit, context-too-long, \
                    server, network, timeout.",
                "anyOf": [class, {"type": "array", "items": class}]
            }
        }),
    );
    list(
        "Providers that are asked in turn when the cartridge's own fails before its first word.",
        &required(fallback, &["provider"]),
    )
}

fn routing() -> Value {
    let when = map(
        "What must hold, all of it.",
        json!({
            "input-longer-than": count("The newest message has more characters than this."),
            "input-shorter-than": count("The newest message has fewer characters than this."),
            "language": texts("The newest message is in this language, or in one of these (`de`)."),
            "tag": texts("The request has this tag, or one of these.")
        }),
    );
    let rule = map(
        "A rule, with either `use` or `provider`.",
        json!({
            "when": when,
            "use": count("Who is asked: 0 the cartridge's own provider, 1 the first of `fallbacks`, and so on."),
            "provider": required(super::provider("A provider of the rule's own."), &["id"])
        }),
    );
    list(
        "Rules that choose a provider before anything is asked. The first that holds decides; 64 at most.",
        &required(rule, &["when"]),
    )
}

fn server() -> Value {
    map(
        "A server, with either `command` or `url`.",
        json!({
            "command": texts("A program and its arguments; no shell runs it."),
            "env": named("Variables that the program gets; `ENV/NAME` is put in.", &json!({"type": ["string", "null"]})),
            "folder": text("The folder that it runs in."),
            "url": text("Its address, for streamable HTTP."),
            "headers": named("Headers of each request; `ENV/NAME` is put in.", &json!({"type": ["string", "null"]})),
            "tools": texts("The only tools of it that the bot has. Default: all."),
            "timeout": duration("How long a call may take:")
        }),
    )
}
