//! Operations on tools and functions: defined, found, run.

use std::sync::Arc;

use botsmith_core::chat::ToolCall;
use botsmith_nanobots::Bot;
use botsmith_nanobots::bot::Behavior;
use botsmith_nanobots::cartridge::Profile;
use botsmith_nanobots::provider::{self, ProviderConfig, ProviderKind};
use botsmith_nanobots::sandbox::{self, Function, Language, Limits};
use serde_json::{Map, Value, json};

use super::models::{Step, Steps};
use super::wanted::{Case, Found, plain, words};

fn bot(case: &Case<'_>) -> Result<Bot, String> {
    Bot::new(
        case.cartridge()?,
        Arc::new(Steps::new(vec![Step::text("ok")])),
    )
    .map_err(words)
}

pub fn tool_schema(case: &Case<'_>) -> Found {
    let kind = ProviderKind::parse(case.arg_text("provider")).map_err(words)?;
    let config = ProviderConfig::new(kind).with_profile(Profile::Compat);
    let request = bot(case)?
        .request(Behavior::Interaction, &[])
        .map_err(words)?;
    let schemas: Vec<_> = request
        .tools
        .iter()
        .map(|tool| provider::tool_schema(&config, tool))
        .collect();
    match case.expected() {
        Value::Array(_) => Ok(schemas.into()),
        _ => schemas
            .into_iter()
            .next()
            .ok_or_else(|| "the bot has no tool".to_owned()),
    }
}

/// A call as OpenAI and as Google write it.
pub fn call(value: &Value) -> ToolCall {
    let inner = ["function", "functionCall"]
        .iter()
        .find_map(|key| value.get(key))
        .unwrap_or(value);
    let text = |value: Option<&Value>| value.map(plain).unwrap_or_default();
    ToolCall {
        id: text(value.get("id")),
        name: text(inner.get("name")),
        arguments: text(inner.get("arguments").or_else(|| inner.get("args"))),
    }
}

pub fn tool_prepare(case: &Case<'_>) -> Found {
    let calls = case.arg("calls").as_array().ok_or("`calls` is no list")?;
    let calls: Vec<_> = calls.iter().map(call).collect();
    let prepared = bot(case)?.prepare(&calls).map_err(words)?;
    let rows = prepared.into_iter().map(|call| {
        let mut row = json!({
            "label": call.label,
            "name": call.name,
            "type": "function",
            "parameters": call.parameters,
            "source": call.source.map_or_else(Map::new, |function| {
                Map::from_iter([(language(function.language).to_owned(), function.source.into())])
            }),
        });
        if !call.id.is_empty() {
            row["id"] = call.id.into();
        }
        row
    });
    Ok(rows.collect())
}

fn language(language: Language) -> &'static str {
    match language {
        Language::Lua => "lua",
        Language::Fennel => "fennel",
        Language::Clojure => "clojure",
    }
}

pub fn run_function(case: &Case<'_>) -> Found {
    let named = [Language::Lua, Language::Fennel, Language::Clojure]
        .into_iter()
        .find(|known| language(*known) == case.arg_text("language"))
        .ok_or_else(|| format!("there is no language {}", case.arg("language")))?;
    let function = Function {
        language: named,
        source: case.arg_text("source").to_owned(),
    };
    let values = case.arg("values").as_object().cloned().unwrap_or_default();
    let values: Vec<_> = values
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect();
    let sandboxed = case.arg("sandboxed").as_bool().unwrap_or(true);
    let limits = Limits::default().for_profile(Profile::Compat);
    let found = sandbox::run(&function, &values, sandboxed, &limits).map_err(words)?;
    match case.expected() {
        Value::Object(_) => {
            let error = ["attempt to", "nil value", "error"];
            let is_error = error.iter().any(|word| found.contains(word));
            Ok(json!({"error_text_returned_as_value": is_error}))
        }
        Value::String(_) => Ok(found.into()),
        // Numbers and the like: the result is always text.
        other => Ok(match plain(other) == found {
            true => other.clone(),
            false => found.into(),
        }),
    }
}
