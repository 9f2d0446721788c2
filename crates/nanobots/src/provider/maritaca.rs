//! Maritaca's `POST /api/chat/inference`, as the reference implementation's client speaks it
//! (<https://github.com/gbaptista/maritaca-ai>): messages with `chat_mode`, the answer in `answer`,
//! a stream of server-sent events with `text`.
//!
//! The directive is a user's message. There are no tools and no response format; both come by the
//! prompt. For the newer interface of the same address use provider `openai` with
//! `address: https://chat.maritaca.ai/api/chat/completions`.

use botsmith_core::chat::{ChatRequest, ErrorClass, FinishReason, ModelError, Role};
use serde_json::{Map, Value, json};

use super::assembly::Assembly;

pub(super) fn body(request: &ChatRequest) -> Map<String, Value> {
    let messages = request.messages.iter().map(|message| {
        let role = match message.role {
            Role::Assistant => "assistant",
            _ => "user",
        };
        json!({"role": role, "content": message.content.text()})
    });
    let mut body = Map::new();
    body.insert("chat_mode".into(), json!(true));
    body.insert("messages".into(), messages.collect());
    body
}

pub(super) fn url(address: &str) -> String {
    let base = address.trim_end_matches('/').trim_end_matches("/api");
    format!("{base}/api/chat/inference")
}

/// Reads a whole answer.
pub(super) fn whole(value: &Value, into: &mut Assembly) -> Result<(), ModelError> {
    let Some(text) = value.get("answer").and_then(Value::as_str) else {
        return Err(ModelError::new(
            ErrorClass::Protocol,
            "maritaca",
            "the answer has no `answer`",
        ));
    };
    into.model(value.get("model"));
    into.text(text);
    usage(value, into);
    into.finish(FinishReason::Stop);
    Ok(())
}

/// Reads an event of a stream. It ends with the connection: the interface has no last event.
pub(super) fn piece(value: &Value, into: &mut Assembly) {
    if let Some(text) = value.get("text").and_then(Value::as_str) {
        into.text(text);
        into.ended = true;
    }
    into.model(value.get("model"));
    usage(value, into);
}

fn usage(value: &Value, into: &mut Assembly) {
    let found = value.get("usage").unwrap_or(value);
    let count = |key| found.get(key).and_then(Value::as_u64);
    if let Some(output) = count("completion_tokens") {
        let input = count("prompt_tokens").unwrap_or(0);
        let usage = into.usage();
        usage.input_tokens = input;
        usage.output_tokens = output;
    }
}
