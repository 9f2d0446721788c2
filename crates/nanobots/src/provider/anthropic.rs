//! Anthropic's `POST /v1/messages` (<https://docs.anthropic.com/en/api/messages>).
//!
//! System messages become the `system` text, a backdrop gets the answer "Ok." after it, tools are
//! `tool_use` and `tool_result` blocks. There is no response format: an answer that must be JSON is
//! asked for as the input of a tool. Thinking blocks are read, and not sent back.

use botsmith_core::chat::{
    ChatRequest, ErrorClass, FinishReason, Message, ModelError, OutputFormat, Role, ToolCall,
    ToolChoice,
};
use serde_json::{Map, Value, json};

use super::assembly::Assembly;
use super::content::{Piece, pieces};
use super::openai;

/// The interface demands a limit; this one stands where nothing is said.
const MAX_TOKENS: u32 = 4096;

pub(super) fn body(request: &ChatRequest, output: &OutputFormat) -> Map<String, Value> {
    let mut body = Map::new();
    let system: Vec<String> = request
        .messages
        .iter()
        .filter(|message| message.role == Role::System)
        .map(|message| message.content.text())
        .collect();
    if !system.is_empty() {
        body.insert("system".into(), json!(system.join("\n\n")));
    }
    body.insert("messages".into(), messages(&request.messages).into());
    let mut tools: Vec<Value> = request
        .tools
        .iter()
        .map(|tool| {
            let mut out = Map::new();
            out.insert("name".into(), json!(tool.name));
            if let Some(description) = &tool.description {
                out.insert("description".into(), json!(description));
            }
            out.insert("input_schema".into(), openai::parameters(tool));
            Value::Object(out)
        })
        .collect();
    let mut choice = match &request.tool_choice {
        ToolChoice::Auto => None,
        ToolChoice::None => Some(json!({"type": "none"})),
        ToolChoice::Required => Some(json!({"type": "any"})),
        ToolChoice::Named(name) => Some(json!({"type": "tool", "name": name})),
    };
    if tools.is_empty() {
        choice = None;
    }
    if let Some(name) = answer_tool(output) {
        let schema = match output {
            OutputFormat::JsonSchema { schema, .. } => schema.clone(),
            _ => json!({"type": "object"}),
        };
        choice = Some(match tools.is_empty() {
            true => json!({"type": "tool", "name": name}),
            false => json!({"type": "any"}),
        });
        tools.push(
            json!({"name": name, "description": "Gives the final answer.",
            "input_schema": schema}),
        );
    }
    if !tools.is_empty() {
        body.insert("tools".into(), tools.into());
    }
    if let Some(choice) = choice {
        body.insert("tool_choice".into(), choice);
    }
    body
}

/// Fills in what the interface demands.
pub(super) fn complete(body: &mut Map<String, Value>) {
    body.entry("max_tokens")
        .or_insert_with(|| json!(MAX_TOKENS));
    if !body.contains_key("tools") {
        body.remove("tool_choice");
    }
}

/// The tool whose input is the answer, where JSON is wanted.
pub(super) fn answer_tool(output: &OutputFormat) -> Option<String> {
    match output {
        OutputFormat::Text => None,
        OutputFormat::Json => Some("answer".into()),
        OutputFormat::JsonSchema { name, .. } => Some(name_of(name)),
    }
}

/// Names and ids may have letters, digits, `_` and `-`, 64 at most.
fn name_of(name: &str) -> String {
    name.chars()
        .take(64)
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' => c,
            _ => '_',
        })
        .collect()
}

fn messages(messages: &[Message]) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::new();
    let mut results = false;
    for message in messages {
        let was_results = std::mem::replace(&mut results, message.role == Role::Tool);
        match message.role {
            Role::System => {}
            Role::Tool => {
                let result = json!({
                    "type": "tool_result",
                    "tool_use_id": name_of(message.tool_call_id.as_deref().unwrap_or_default()),
                    "content": message.content.text(),
                });
                // All results of one answer stand in one message.
                match out.last_mut().filter(|_| was_results) {
                    Some(last) => {
                        if let Some(list) = last["content"].as_array_mut() {
                            list.push(result);
                        }
                    }
                    None => out.push(json!({"role": "user", "content": [result]})),
                }
            }
            Role::User => {
                out.push(json!({"role": "user", "content": content(message)}));
                if message.backdrop {
                    out.push(json!({"role": "assistant", "content": "Ok."}));
                }
            }
            Role::Assistant => {
                out.push(json!({"role": "assistant", "content": content(message)}));
            }
        }
    }
    out
}

fn content(message: &Message) -> Value {
    let pieces = pieces(&message.content);
    if let ([Piece::Text(text)], true) = (&pieces[..], message.tool_calls.is_empty()) {
        return json!(text);
    }
    let mut blocks: Vec<Value> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Text("") | Piece::Other(_) => None,
            Piece::Text(text) => Some(json!({"type": "text", "text": text})),
            Piece::Image(media, data) => Some(json!({"type": "image",
                "source": {"type": "base64", "media_type": media, "data": data}})),
            Piece::ImageUrl(url) => {
                Some(json!({"type": "image", "source": {"type": "url", "url": url}}))
            }
        })
        .collect();
    blocks.extend(message.tool_calls.iter().map(tool_use));
    blocks.into()
}

fn tool_use(call: &ToolCall) -> Value {
    let input = call
        .parsed()
        .ok()
        .filter(Value::is_object)
        .unwrap_or_else(|| json!({}));
    json!({"type": "tool_use", "id": name_of(&call.id), "name": call.name, "input": input})
}

pub(super) fn url(address: &str) -> String {
    let base = address.trim_end_matches('/').trim_end_matches("/v1");
    format!("{base}/v1/messages")
}

/// Reads a whole answer.
pub(super) fn whole(value: &Value, into: &mut Assembly) -> Result<(), ModelError> {
    if value.get("content").and_then(Value::as_array).is_none() {
        return Err(ModelError::new(
            ErrorClass::Protocol,
            "anthropic",
            "the answer has no `content`",
        ));
    }
    into.model(value.get("model"));
    for block in openai::list(value, "content") {
        let text = |key| block.get(key).and_then(Value::as_str).unwrap_or_default();
        match text("type") {
            "text" => into.text(text("text")),
            "thinking" => into.reasoning(text("thinking")),
            "tool_use" => {
                let input = block.get("input").unwrap_or(&Value::Null);
                into.call(Some(text("id")), text("name"), input);
            }
            _ => {}
        }
    }
    usage(value, into);
    stop(value, into);
    into.ended = true;
    Ok(())
}

/// Reads an event of a stream.
pub(super) fn piece(value: &Value, into: &mut Assembly) {
    let at = value.get("index").and_then(Value::as_u64).unwrap_or(0);
    let kind = |value: &Value| value.get("type").and_then(Value::as_str).map(str::to_owned);
    match kind(value).as_deref() {
        Some("message_start") => {
            if let Some(message) = value.get("message") {
                into.model(message.get("model"));
                usage(message, into);
            }
        }
        Some("content_block_start") => {
            let block = value.get("content_block").unwrap_or(&Value::Null);
            let text = |key| block.get(key).and_then(Value::as_str);
            match text("type") {
                Some("text") => into.text(text("text").unwrap_or_default()),
                Some("tool_use") => into.call_piece(at, text("id"), text("name"), ""),
                _ => {}
            }
        }
        Some("content_block_delta") => {
            let delta = value.get("delta").unwrap_or(&Value::Null);
            let text = |key| delta.get(key).and_then(Value::as_str).unwrap_or_default();
            match text("type") {
                "text_delta" => into.text(text("text")),
                "thinking_delta" => into.reasoning(text("thinking")),
                "input_json_delta" => into.call_piece(at, None, None, text("partial_json")),
                _ => {}
            }
        }
        Some("message_delta") => {
            usage(value, into);
            if let Some(delta) = value.get("delta") {
                stop(delta, into);
            }
        }
        Some("message_stop") => {
            into.ended = true;
            into.complete = true;
        }
        _ => {}
    }
}

fn stop(value: &Value, into: &mut Assembly) {
    if let Some(reason) = value.get("stop_reason").and_then(Value::as_str) {
        into.finish(match reason {
            "end_turn" | "stop_sequence" => FinishReason::Stop,
            "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
            "tool_use" => FinishReason::ToolCalls,
            "refusal" => FinishReason::ContentFilter,
            _ => FinishReason::Other,
        });
        if reason == "refusal" {
            into.refuse("the model declined to answer");
        }
    }
}

fn usage(value: &Value, into: &mut Assembly) {
    let Some(found) = value.get("usage") else {
        return;
    };
    let count = |key| found.get(key).and_then(Value::as_u64);
    let usage = into.usage();
    if let Some(input) = count("input_tokens") {
        let read = count("cache_read_input_tokens").unwrap_or(0);
        usage.cached_tokens = read;
        usage.input_tokens = input + read + count("cache_creation_input_tokens").unwrap_or(0);
    }
    // Counts of a stream are totals, so that the last one stands.
    if let Some(output) = count("output_tokens") {
        usage.output_tokens = output;
    }
}
