//! JSON Schema of a cartridge: every key with a description, for editors, the reference page, and the
//! warnings about keys that are not known.
//!
//! The specification's own keys stand here, ours in `schema/own.rs`. What providers take under `settings`
//! is open: it is in their words.

mod own;
mod words;

use std::sync::OnceLock;

use serde_json::{Value, json};

use super::native::VariableType;
use crate::provider::ProviderKind;
use words::{flag, list, map, number, one_of, text, text_or_null};

/// The JSON Schema (draft 2020-12) of a cartridge in YAML.
///
/// ```
/// let schema = botsmith_nanobots::cartridge::schema();
/// let limits = &schema["properties"]["botsmith"]["properties"]["limits"]["properties"];
/// assert!(limits["tool-rounds"]["description"].is_string());
/// ```
pub fn schema() -> Value {
    known().clone()
}

/// The schema, made once.
pub(super) fn known() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(root)
}

fn root() -> Value {
    let mut root = map(
        "A bot as one file, by the Nano Bots specification 3.2.",
        json!({
            "meta": meta(),
            "behaviors": behaviors(),
            "interfaces": interfaces(),
            "tools": list("What the model may ask the bot to do; 512 tools at most.", &tool()),
            "safety": safety(),
            "state": map("Where the reference implementation keeps state; `botsmith` keeps it in its store.", json!({
                "path": text("A folder."),
                "directory": text("The older name of `path`.")
            })),
            "provider": provider("What answers for the bot."),
            "miscellaneous": {"description": "Anything; nobody reads it."},
            "botsmith": own::own()
        }),
    );
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root["title"] = json!("Botsmith cartridge, Nano Bots 3.2");
    root
}

fn meta() -> Value {
    map(
        "Who the bot is. Sessions are kept under author, name and version.",
        json!({
            "symbol": text("A character that stands for it."),
            "name": text("Its name. Lists show cartridges that have one."),
            "author": text("Who wrote it."),
            "version": text("Its version, by semantic versioning. A new version starts new sessions."),
            "license": text("Its licence, as an SPDX identifier."),
            "description": text("What it is for, in a sentence.")
        }),
    )
}

fn behaviors() -> Value {
    let texts = |about: &str, instruction: &str| {
        map(
            about,
            json!({
                "directive": text("What the bot is and does: the system's text."),
                "backdrop": text("What it should know of the situation; sent before the conversation."),
                "instruction": text(instruction)
            }),
        )
    };
    map(
        "What the bot is told.",
        json!({
            "interaction": texts(
                "While it answers.",
                "More of the system's text. Only profile native sends it; the reference implementation does not."
            ),
            "boot": texts(
                "When it speaks first.",
                "The message that makes it speak, sent in the user's name. Without it the bot stays silent."
            )
        }),
    )
}

fn adapter(what: &str) -> Value {
    map(
        &format!(
            "Code that changes {what}, in one language; null takes one off that is set for all."
        ),
        json!({
            "lua": text_or_null("A function's body in Lua, with `return`."),
            "fennel": text_or_null("Fennel; the last form is the result."),
            "clojure": text_or_null("Clojure, which is not run here.")
        }),
    )
}

fn input() -> Value {
    map(
        "What is done with the user's words before the model sees them.",
        json!({
            "prefix": text_or_null("Put in front. A null takes off one that is set for all."),
            "suffix": text_or_null("Put behind. A null takes off one that is set for all."),
            "adapter": adapter("the text; `content` is in scope")
        }),
    )
}

fn output() -> Value {
    map(
        "How the model's words are shown. The model never sees this.",
        json!({
            "stream": flag("Whether words are shown as they come; default true. The output adapter does not run then."),
            "color": text("A colour by name, such as `blue`."),
            "prefix": text_or_null("Printed before. Default in `repl`: a line feed."),
            "suffix": text_or_null("Printed after. Default: a line feed."),
            "adapter": adapter("the whole answer; `content` is in scope")
        }),
    )
}

fn feedback() -> Value {
    let action = |about: &str| {
        map(
            about,
            json!({
                "feedback": flag("Whether it is shown at all. Asking for a permission always is."),
                "prefix": text("Printed before."),
                "suffix": text("Printed after."),
                "color": text("A colour by name."),
                "adapter": adapter("the text; id, name, parameters, parameters-as-json and output are in scope")
            }),
        )
    };
    let mut confirming = action("When the user is asked whether a tool may run.");
    confirming["properties"]["yeses"] = list(
        "Answers that mean yes, in small letters. Default: y, yes.",
        &text("An answer."),
    );
    confirming["properties"]["default"] =
        text("The answer of a user who just presses Enter. Default: n.");
    map(
        "How the use of tools is shown.",
        json!({
            "feedback": flag("Whether it is shown, for all actions that do not say themselves."),
            "confirming": confirming,
            "executing": action("When a tool starts; not shown by default."),
            "responding": action("When a tool has answered; shown by default.")
        }),
    )
}

fn interfaces() -> Value {
    let own = |about: &str| {
        map(
            about,
            json!({"input": input(), "output": output(), "tools": feedback()}),
        )
    };
    let mut repl = own("At a prompt; comes before what is set for all.");
    let piece = map(
        "A piece of the prompt.",
        json!({"text": text("Its text."), "color": text("Its colour, by name.")}),
    );
    repl["properties"]["prompt"] = json!({
        "description": "What stands before the user's words: a text, or pieces with colours. Default: `🤖> `.",
        "anyOf": [{"type": "string"}, {"type": "array", "items": piece}]
    });
    map(
        "How the bot meets its user. What an interface says itself comes before what is set for all.",
        json!({
            "input": input(),
            "output": output(),
            "tools": feedback(),
            "repl": repl,
            "eval": own("One question, one answer; comes before what is set for all.")
        }),
    )
}

fn tool() -> Value {
    map(
        "A tool, with code in one language.",
        json!({
            "name": text("Its name, as the model sees it."),
            "description": text("What it does, for the model to read."),
            "parameters": {
                "description": "JSON Schema of its arguments, sent as it is. Default: an object without properties.",
                "type": ["object", "array"]
            },
            "type": text("`function`; older cartridges have it, and it means nothing."),
            "lua": text_or_null("A function's body in Lua 5.4, with `return`; `parameters` is in scope."),
            "fennel": text_or_null("Fennel 1.5; the last form is the result; `parameters` is in scope."),
            "clojure": text_or_null("Clojure, which is not run here.")
        }),
    )
}

fn safety() -> Value {
    map(
        "What the bot may do by itself.",
        json!({
            "functions": map("Code of tools and adapters.", json!({
                "sandboxed": flag("Whether it runs without access to the system. Default true; only `false` turns it off.")
            })),
            "tools": map("Calls that the model asks for.", json!({
                "confirmable": flag("Whether the user is asked before a tool runs. Default true; only `false` turns it off.")
            }))
        }),
    )
}

/// A provider, at the root or in a fallback.
fn provider(about: &str) -> Value {
    let ids: Vec<&str> = ProviderKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let mut settings = map(
        "Settings in the provider's own words, such as `model` and `temperature`.",
        json!({
            "model": text("The model."),
            "stream": flag("Whether the answer comes piece by piece; default true."),
            "temperature": number("How freely words are chosen; 0 takes the likeliest."),
            "max_tokens": number("Tokens of the answer at most."),
            "top_p": number("Only the likeliest words that together have this probability are chosen from."),
            "seed": number("Seed of the choice."),
            "user": text("A name for the end user (openai)."),
            "response_format": {"description": "The form of the answer (openai, mistral)."},
            "generationConfig": {"description": "Temperature, length and form of the answer (google)."},
            "safetySettings": {"description": "What is withheld (google)."},
            "options": {"description": "Settings of the model (ollama)."}
        }),
    );
    let mut options = map(
        "What is no part of the request's body (google, maritaca).",
        json!({
            "model": text("The model."),
            "stream": flag("Whether the answer comes piece by piece; default true.")
        }),
    );
    settings["additionalProperties"] = json!(true);
    options["additionalProperties"] = json!(true);
    let mut credentials = map(
        "Keys and addresses, best as `ENV/NAME`: the variable of that name is put in when the bot is loaded.",
        json!({
            "address": text("Where it answers, if not at the vendor's own address."),
            "access-token": text("The key (openai)."),
            "api-key": text("The key (all others)."),
            "anthropic-version": text("Version of the interface (anthropic)."),
            "service": text("`generative-language-api` or `vertex-ai-api` (google)."),
            "region": text("Region (google, Vertex AI)."),
            "project-id": text("Project (google, Vertex AI)."),
            "file-path": text("File of a service account (google, Vertex AI)."),
            "file-contents": text("What stands in that file (google, Vertex AI)."),
            "organization": text("Organisation (openai)."),
            "project": text("Project (openai)."),
            "version": text("Version of the interface (google).")
        }),
    );
    // A provider of our own may be an endpoint that wants a credential of any name.
    credentials["additionalProperties"] = json!({"type": "string"});
    map(
        about,
        json!({
            "id": one_of("Which provider.", &ids),
            "credentials": credentials,
            "settings": settings,
            "options": options
        }),
    )
}
