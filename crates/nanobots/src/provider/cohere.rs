//! Cohere's `POST /v1/chat` (<https://docs.cohere.com/v1/reference/chat>): one message, and the
//! history before it.
//!
//! The directive is `preamble_override` in profile `compat`, as the reference implementation sends
//! it, and `preamble` in `native`, as the interface calls it today. Streams are JSON lines. Tools
//! come by the prompt: this interface knows only parameters of a few plain types.

use botsmith_core::chat::{ChatRequest, ErrorClass, FinishReason, ModelError, OutputFormat, Role};
use serde_json::{Map, Value, json};

use super::ProviderConfig;
use super::assembly::Assembly;
use crate::cartridge::Profile;

pub(super) fn body(
    config: &ProviderConfig,
    request: &ChatRequest,
    output: &OutputFormat,
) -> Map<String, Value> {
    let mut body = Map::new();
    let system: Vec<String> = request
        .messages
        .iter()
        .filter(|message| message.role == Role::System)
        .map(|message| message.content.text())
        .collect();
    if !system.is_empty() {
        let key = match config.profile {
            Profile::Compat => "preamble_override",
            Profile::Native => "preamble",
        };
        body.insert(key.into(), json!(system.join("\n\n")));
    }
    let mut rest: Vec<_> = request
        .messages
        .iter()
        .filter(|message| message.role != Role::System)
        .collect();
    let newest = rest.pop().map(|message| message.content.text());
    if !rest.is_empty() {
        let history = rest.iter().map(|message| {
            let role = match message.role {
                Role::Assistant => "CHATBOT",
                _ => "USER",
            };
            json!({"role": role, "message": message.content.text()})
        });
        body.insert("chat_history".into(), history.collect());
    }
    body.insert("message".into(), json!(newest.unwrap_or_default()));
    match output {
        OutputFormat::Text => {}
        OutputFormat::Json => {
            body.insert("response_format".into(), json!({"type": "json_object"}));
        }
        OutputFormat::JsonSchema { schema, .. } => {
            body.insert(
                "response_format".into(),
                json!({"type": "json_object", "schema": schema}),
            );
        }
    }
    body
}

pub(super) fn url(address: &str) -> String {
    let base = address.trim_end_matches('/').trim_end_matches("/v1");
    format!("{base}/v1/chat")
}

/// Reads a whole answer.
pub(super) fn whole(value: &Value, into: &mut Assembly) -> Result<(), ModelError> {
    let Some(text) = value.get("text").and_then(Value::as_str) else {
        return Err(ModelError::new(
            ErrorClass::Protocol,
            "cohere",
            "the answer has no `text`",
        ));
    };
    into.text(text);
    end(value, value, into);
    into.ended = true;
    Ok(())
}

/// Reads an event of a stream.
pub(super) fn piece(value: &Value, into: &mut Assembly) {
    if value.get("event_type").and_then(Value::as_str) == Some("text-generation")
        && let Some(text) = value.get("text").and_then(Value::as_str)
    {
        into.text(text);
    }
    if value.get("is_finished") == Some(&Value::Bool(true)) {
        end(value, value.get("response").unwrap_or(&Value::Null), into);
        into.ended = true;
        into.complete = true;
    }
}

fn end(value: &Value, response: &Value, into: &mut Assembly) {
    let reason = value
        .get("finish_reason")
        .or_else(|| response.get("finish_reason"));
    into.finish(match reason.and_then(Value::as_str) {
        None | Some("COMPLETE" | "STOP_SEQUENCE") => FinishReason::Stop,
        Some("MAX_TOKENS" | "ERROR_LIMIT") => FinishReason::Length,
        Some("ERROR_TOXIC") => FinishReason::ContentFilter,
        Some(_) => FinishReason::Other,
    });
    let found = ["/meta/tokens", "/meta/billed_units"]
        .into_iter()
        .find_map(|path| response.pointer(path));
    if let Some(found) = found {
        let count = |key| {
            let number = found.get(key)?;
            // Counts come as 12 and as 12.0.
            number
                .as_u64()
                .or_else(|| number.as_f64().map(|n| n as u64))
        };
        let usage = into.usage();
        usage.input_tokens = count("input_tokens").unwrap_or(0);
        usage.output_tokens = count("output_tokens").unwrap_or(0);
    }
}
