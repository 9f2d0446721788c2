//! What a cartridge has under `botsmith:`, for people and as JSON: whom it asks and when, what it keeps, what a
//! turn may use, which servers give it tools. Shown as written, never with the environment put in.

use std::time::Duration;

use botsmith::core::hint::shown;
use botsmith::eval::report::plain;
use botsmith::nanobots::Cartridge;
use botsmith::nanobots::cartridge::{ContextPolicy, Native, Route, Target, When};
use serde_json::{Map, Value, json};

/// Keys of the JSON object and their values.
pub(super) fn object(cartridge: &Cartridge) -> Map<String, Value> {
    let native = cartridge.native();
    let fallbacks: Vec<_> = native
        .fallbacks
        .iter()
        .map(|fallback| {
            let on: Vec<_> = fallback.on.iter().map(ToString::to_string).collect();
            let mut row = named(&fallback.original);
            row.insert("on".into(), json!(on));
            row
        })
        .collect();
    let routing: Vec<_> = native.routing.iter().map(route).collect();
    let cache = native.cache.enabled().then(|| {
        let mode = native.cache.mode;
        let words = botsmith::nanobots::cartridge::Cache::WORDS;
        let word = words.iter().find(|(_, known)| *known == mode);
        json!({
            "mode": word.map(|(word, _)| *word),
            "ttl_s": native.cache.ttl.map(|ttl| ttl.as_secs_f64()),
        })
    });
    let limits = &native.limits;
    let context = &native.context;
    let examples: Vec<_> = native
        .examples
        .iter()
        .map(|example| json!({"user": example.user, "assistant": example.assistant}))
        .collect();
    let values = json!({
        "extends": native.extends,
        "fallbacks": fallbacks,
        "routing": routing,
        "cache": cache,
        "limits": {
            "tokens": limits.tokens, "seconds": limits.seconds,
            "tool_rounds": limits.tool_rounds, "cost": limits.cost,
        },
        "context": context.budget.map(|budget| json!({"budget": budget, "policy": context.policy.as_str()})),
        "mcp": servers(cartridge),
        "examples": examples,
        "output_schema": native.output_schema,
    });
    match values {
        Value::Object(values) => values,
        _ => Map::new(),
    }
}

/// `{"provider", "model"}` of a provider as written.
fn named(provider: &Value) -> Map<String, Value> {
    let mut row = Map::new();
    row.insert("provider".into(), provider["id"].clone());
    row.insert("model".into(), json!(model(provider)));
    row
}

fn model(provider: &Value) -> Option<&str> {
    ["settings", "options"]
        .iter()
        .find_map(|part| provider[*part]["model"].as_str())
}

fn route(route: &Route) -> Value {
    let When {
        input_longer_than,
        input_shorter_than,
        languages,
        tags,
        ..
    } = &route.when;
    let when = json!({
        "input_longer_than": input_longer_than, "input_shorter_than": input_shorter_than,
        "language": languages, "tag": tags,
    });
    let mut row = match &route.target {
        Target::Provider { original, .. } => named(original),
        Target::Fallback(at) => Map::from_iter([("use".to_owned(), json!(at + 1))]),
        _ => Map::from_iter([("use".to_owned(), json!(0))]),
    };
    row.insert("when".into(), when);
    Value::Object(row)
}

/// The servers as written: how each is reached, and which of its tools the bot has.
fn servers(cartridge: &Cartridge) -> Vec<Value> {
    let written = &cartridge.original()["botsmith"]["mcp"];
    let native = cartridge.native();
    let server = |(name, server): (&String, &botsmith::nanobots::cartridge::Server)| {
        let names = |key: &str| {
            let map = written[name][key].as_object();
            map.map(|map| map.keys().cloned().collect::<Vec<_>>())
        };
        json!({
            "name": name,
            "command": written[name]["command"],
            "url": written[name]["url"],
            "env": names("env"),
            "headers": names("headers"),
            "tools": server.tools,
            "timeout_s": server.timeout.map(|timeout| timeout.as_secs_f64()),
        })
    };
    native.mcp.iter().map(server).collect()
}

/// Rows of the page for people, a name and what stands beside it; nothing for what the cartridge lacks.
pub(super) fn rows(cartridge: &Cartridge) -> Vec<(&'static str, String)> {
    let native = cartridge.native();
    let fallbacks = native.fallbacks.iter().enumerate().map(|(at, fallback)| {
        let on: Vec<_> = fallback.on.iter().map(ToString::to_string).collect();
        format!(
            "{}. {}, after {}",
            at + 1,
            whom(&fallback.original),
            on.join(", ")
        )
    });
    let routing = native.routing.iter().map(|route| {
        format!(
            "{}: {}",
            condition(&route.when),
            target(native, &route.target)
        )
    });
    vec![
        (
            "extends",
            native.extends.as_deref().map(shown).unwrap_or_default(),
        ),
        ("fallbacks", lines(fallbacks)),
        ("routing", lines(routing)),
        ("cache", cache(native)),
        ("limits", limits(native)),
        ("context", context(native)),
        ("mcp", lines(servers(cartridge).iter().map(server))),
        (
            "examples",
            match native.examples.len() {
                0 => String::new(),
                1 => "1 turn".into(),
                n => format!("{n} turns"),
            },
        ),
        ("answers", answers(native)),
    ]
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

/// `ollama qwen3`.
fn whom(provider: &Value) -> String {
    let id = provider["id"].as_str().unwrap_or_default();
    let words = [Some(id), model(provider)];
    words
        .into_iter()
        .flatten()
        .map(shown)
        .collect::<Vec<_>>()
        .join(" ")
}

fn target(native: &Native, target: &Target) -> String {
    match target {
        Target::Provider { original, .. } => whom(original),
        Target::Fallback(at) => match native.fallbacks.get(*at) {
            Some(fallback) => format!("{} (fallback {})", whom(&fallback.original), at + 1),
            None => format!("fallback {}", at + 1),
        },
        _ => "its own provider".into(),
    }
}

fn condition(when: &When) -> String {
    let longer = when
        .input_longer_than
        .map(|n| format!("input longer than {n}"));
    let shorter = when
        .input_shorter_than
        .map(|n| format!("input shorter than {n}"));
    let any = |what: &str, words: &[String]| {
        let words: Vec<_> = words.iter().map(|word| shown(word)).collect();
        (!words.is_empty()).then(|| format!("{what} {}", words.join(" or ")))
    };
    let parts = [
        longer,
        shorter,
        any("language", &when.languages),
        any("tag", &when.tags),
    ];
    parts
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" and ")
}

fn seconds(time: Duration) -> String {
    format!("{} s", plain(time.as_secs_f64()))
}

fn cache(native: &Native) -> String {
    if !native.cache.enabled() {
        return String::new();
    }
    let words = botsmith::nanobots::cartridge::Cache::WORDS;
    let word = words.iter().find(|(_, mode)| *mode == native.cache.mode);
    let which = match word {
        Some(("deterministic", _)) => "answers that are the same each time",
        _ => "all answers",
    };
    match native.cache.ttl {
        Some(ttl) => format!("{which}, for {}", seconds(ttl)),
        None => format!("{which}, for good"),
    }
}

fn limits(native: &Native) -> String {
    let limits = &native.limits;
    let parts = [
        limits.tokens.map(|n| format!("{n} tokens")),
        limits.seconds.map(|s| format!("{s} s")),
        limits.tool_rounds.map(|n| format!("{n} tool rounds")),
        limits.cost.map(|cost| format!("cost {cost}")),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    match parts.is_empty() {
        true => String::new(),
        false => format!("{} a turn", parts.join(", ")),
    }
}

fn context(native: &Native) -> String {
    let Some(budget) = native.context.budget else {
        return String::new();
    };
    let then = match native.context.policy {
        ContextPolicy::Fail => "longer ones fail",
        _ => "the oldest turns are left out",
    };
    format!("{budget} tokens a request; {then}")
}

fn server(server: &Value) -> String {
    let name = server["name"].as_str().unwrap_or_default();
    let reached = if let Some(url) = server["url"].as_str() {
        shown(url)
    } else {
        let words = server["command"].as_array().into_iter().flatten();
        let words: Vec<_> = words.filter_map(Value::as_str).map(shown).collect();
        format!("starts {}", words.join(" "))
    };
    let tools = server["tools"].as_array().map(|tools| {
        let names: Vec<_> = tools.iter().filter_map(Value::as_str).map(shown).collect();
        format!(", only {}", names.join(", "))
    });
    let time = server["timeout_s"].as_f64();
    let time = time.map(|time| format!(", {} s a call", plain(time)));
    format!(
        "{name}: {reached}{}{}",
        tools.unwrap_or_default(),
        time.unwrap_or_default()
    )
}

fn answers(native: &Native) -> String {
    let Some(schema) = &native.output_schema else {
        return String::new();
    };
    let names = schema["properties"].as_object().into_iter().flatten();
    let names: Vec<_> = names.map(|(name, _)| shown(name)).collect();
    match names.is_empty() {
        true => "JSON that fits its schema".into(),
        false => format!("JSON that fits its schema: {}", names.join(", ")),
    }
}
