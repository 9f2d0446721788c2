//! Ollama's `POST /api/chat` (<https://docs.ollama.com/api/chat>): one JSON object, or one a line
//! while it streams.

use botsmith_core::chat::{
    ChatRequest, ErrorClass, FinishReason, Message, ModelError, OutputFormat, Role, ToolChoice,
};
use serde_json::{Map, Value, json};

use super::assembly::Assembly;
use super::content::{Piece, pieces};
use super::openai;

pub(super) fn body(request: &ChatRequest, output: &OutputFormat) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert(
        "messages".into(),
        request.messages.iter().map(message).collect(),
    );
    // There is no choice of tools: none is said by naming none.
    if !request.tools.is_empty() && request.tool_choice != ToolChoice::None {
        body.insert(
            "tools".into(),
            request.tools.iter().map(openai::tool).collect(),
        );
    }
    match output {
        OutputFormat::Text => {}
        OutputFormat::Json => {
            body.insert("format".into(), json!("json"));
        }
        OutputFormat::JsonSchema { schema, .. } => {
            body.insert("format".into(), schema.clone());
        }
    }
    body
}

fn message(message: &Message) -> Value {
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    let mut out = Map::new();
    out.insert("role".into(), json!(role));
    out.insert("content".into(), json!(message.content.text()));
    let images: Vec<_> = pieces(&message.content)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Image(_, data) => Some(data),
            _ => None,
        })
        .collect();
    if !images.is_empty() {
        out.insert("images".into(), json!(images));
    }
    if !message.tool_calls.is_empty() {
        let calls: Vec<Value> = message
            .tool_calls
            .iter()
            .map(|call| {
                let arguments = call.parsed().unwrap_or_else(|_| json!({}));
                json!({"function": {"name": call.name, "arguments": arguments}})
            })
            .collect();
        out.insert("tool_calls".into(), calls.into());
    }
    if message.role == Role::Tool
        && let Some(name) = &message.name
    {
        out.insert("tool_name".into(), json!(name));
    }
    Value::Object(out)
}

pub(super) fn url(address: &str) -> String {
    let base = address.trim_end_matches('/').trim_end_matches("/api");
    format!("{base}/api/chat")
}

/// Reads a whole answer.
pub(super) fn whole(value: &Value, into: &mut Assembly) -> Result<(), ModelError> {
    if value.get("message").is_none() {
        return Err(ModelError::new(
            ErrorClass::Protocol,
            "ollama",
            "the answer has no `message`",
        ));
    }
    piece(value, into);
    into.ended = true;
    Ok(())
}

/// Reads a line of a stream.
pub(super) fn piece(value: &Value, into: &mut Assembly) {
    into.model(value.get("model"));
    if let Some(message) = value.get("message") {
        if let Some(thought) = message.get("thinking").and_then(Value::as_str) {
            into.reasoning(thought);
        }
        if let Some(text) = message.get("content").and_then(Value::as_str) {
            into.text(text);
        }
        for call in openai::list(message, "tool_calls") {
            let name = call.pointer("/function/name").and_then(Value::as_str);
            let arguments = call.pointer("/function/arguments").unwrap_or(&Value::Null);
            let id = call.get("id").and_then(Value::as_str);
            into.call(id, name.unwrap_or_default(), arguments);
        }
    }
    if value.get("done") == Some(&Value::Bool(true)) {
        into.finish(match value.get("done_reason").and_then(Value::as_str) {
            Some("length") => FinishReason::Length,
            None | Some("stop") => FinishReason::Stop,
            Some(_) => FinishReason::Other,
        });
        into.complete = true;
        let count = |key| value.get(key).and_then(Value::as_u64);
        if let (input, Some(output)) = (count("prompt_eval_count"), count("eval_count")) {
            let usage = into.usage();
            // Absent where all of the prompt was in Ollama's cache.
            usage.input_tokens = input.unwrap_or(0);
            usage.output_tokens = output;
        }
    }
}
