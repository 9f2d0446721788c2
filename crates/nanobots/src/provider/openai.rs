//! Chat completions as `OpenAI` defines them, and as vLLM, llama.cpp, LM Studio and `LocalAI` speak them.
//!
//! Request and response of `POST /v1/chat/completions`
//! (<https://platform.openai.com/docs/api-reference/chat>), with any address. Mistral shares the
//! shape of messages, tools and answers. Does not speak the Responses interface.

use botsmith_core::chat::{
    ChatRequest, Content, ErrorClass, FinishReason, Message, ModelError, OutputFormat, Role,
    TokenLogprob, ToolChoice, ToolSpec,
};
use serde_json::{Map, Value, json};

use super::assembly::Assembly;
use super::{ProviderConfig, ProviderKind};

/// The body without what all providers share.
pub(super) fn body(
    config: &ProviderConfig,
    request: &ChatRequest,
    output: &OutputFormat,
    stream: bool,
) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert(
        "messages".into(),
        request.messages.iter().map(message).collect(),
    );
    if let Some(user) = &request.user {
        body.insert("user".into(), json!(user));
    }
    tools(&mut body, request, "required");
    if let Some(format) = response_format(output) {
        body.insert("response_format".into(), format);
    }
    if stream && config.settings.get("stream_options").is_none() {
        body.insert("stream_options".into(), json!({"include_usage": true}));
    }
    body
}

/// `OpenAI` itself has a newer word for the limit, and no top-k; its likes have the older and one.
pub(super) fn vendor_words(request: &ChatRequest, body: &mut Map<String, Value>) {
    body.remove("top_k");
    if request.sampling.max_tokens.is_some()
        && let Some(limit) = body.remove("max_tokens")
    {
        body.insert("max_completion_tokens".into(), limit);
    }
}

/// Where chat completions are under an address that may end with the version or the whole path.
pub(super) fn url(address: &str) -> String {
    let (address, query) = match address.split_once('?') {
        Some((address, query)) => (address, format!("?{query}")),
        None => (address, String::new()),
    };
    let base = address.trim_end_matches('/');
    let last = base.rsplit('/').next().unwrap_or_default();
    let versioned = last
        .strip_prefix('v')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let path = if base.ends_with("/chat/completions") {
        ""
    } else if versioned || last == "openai" {
        "/chat/completions"
    } else {
        "/v1/chat/completions"
    };
    format!("{base}{path}{query}")
}

pub(super) fn message(message: &Message) -> Value {
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    let mut out = Map::new();
    out.insert("role".into(), json!(role));
    let content = match &message.content {
        Content::Text(text) if text.is_empty() && !message.tool_calls.is_empty() => Value::Null,
        Content::Text(text) => json!(text),
        Content::Parts(parts) => json!(parts),
    };
    out.insert("content".into(), content);
    if !message.tool_calls.is_empty() {
        let calls: Vec<Value> = message
            .tool_calls
            .iter()
            .map(|call| {
                let arguments = match call.arguments.trim() {
                    "" => "{}",
                    _ => call.arguments.as_str(),
                };
                json!({"id": call.id, "type": "function",
                    "function": {"name": call.name, "arguments": arguments}})
            })
            .collect();
        out.insert("tool_calls".into(), calls.into());
    }
    if let Some(id) = &message.tool_call_id {
        out.insert("tool_call_id".into(), json!(id));
    }
    if let Some(name) = &message.name {
        out.insert("name".into(), json!(name));
    }
    Value::Object(out)
}

/// A tool's definition.
pub(super) fn tool(tool: &ToolSpec) -> Value {
    json!({"type": "function", "function": function(tool)})
}

/// Name, description and parameters of a tool, as most interfaces want them.
pub(super) fn function(tool: &ToolSpec) -> Value {
    let mut function = Map::new();
    function.insert("name".into(), json!(tool.name));
    if let Some(description) = &tool.description {
        function.insert("description".into(), json!(description));
    }
    function.insert("parameters".into(), parameters(tool));
    Value::Object(function)
}

/// The schema of a tool's arguments; one that takes none has an empty object.
pub(super) fn parameters(tool: &ToolSpec) -> Value {
    match &tool.parameters {
        Value::Null => json!({"type": "object", "properties": {}}),
        schema => schema.clone(),
    }
}

pub(super) fn tools(body: &mut Map<String, Value>, request: &ChatRequest, required: &str) {
    if request.tools.is_empty() {
        return;
    }
    body.insert("tools".into(), request.tools.iter().map(tool).collect());
    let choice = match &request.tool_choice {
        ToolChoice::Auto => return,
        ToolChoice::None => json!("none"),
        ToolChoice::Required => json!(required),
        ToolChoice::Named(name) => json!({"type": "function", "function": {"name": name}}),
    };
    body.insert("tool_choice".into(), choice);
}

pub(super) fn response_format(output: &OutputFormat) -> Option<Value> {
    match output {
        OutputFormat::Text => None,
        OutputFormat::Json => Some(json!({"type": "json_object"})),
        OutputFormat::JsonSchema { name, schema } => Some(json!({
            "type": "json_schema",
            "json_schema": {"name": name, "schema": schema, "strict": is_strict(schema)},
        })),
    }
}

/// Whether a schema keeps the rules without which strict mode is refused: objects are closed, and
/// all of their properties required.
fn is_strict(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => {
            let closed = match map.get("properties") {
                Some(Value::Object(properties)) => {
                    let required = map.get("required").and_then(Value::as_array);
                    map.get("additionalProperties") == Some(&Value::Bool(false))
                        && properties.keys().all(|name| {
                            required.is_some_and(|list| list.iter().any(|r| r == name.as_str()))
                        })
                }
                _ => map.get("type").and_then(Value::as_str) != Some("object"),
            };
            closed && map.values().all(is_strict)
        }
        Value::Array(list) => list.iter().all(is_strict),
        _ => true,
    }
}

/// Reads a whole answer.
pub(super) fn whole(
    kind: ProviderKind,
    value: &Value,
    into: &mut Assembly,
) -> Result<(), ModelError> {
    let Some(choice) = value.pointer("/choices/0") else {
        return Err(ModelError::new(
            ErrorClass::Protocol,
            kind.as_str(),
            "the answer has no `choices`",
        ));
    };
    into.model(value.get("model"));
    if let Some(message) = choice.get("message") {
        part(message, into);
    }
    end(choice, into);
    usage(value, into);
    into.ended = true;
    Ok(())
}

/// Reads an event of a stream.
pub(super) fn piece(value: &Value, into: &mut Assembly) {
    into.model(value.get("model"));
    if let Some(choice) = value.pointer("/choices/0") {
        if let Some(delta) = choice.get("delta") {
            part(delta, into);
        }
        end(choice, into);
    }
    usage(value, into);
}

fn part(message: &Value, into: &mut Assembly) {
    for name in ["reasoning_content", "reasoning"] {
        if let Some(thought) = message.get(name).and_then(Value::as_str) {
            into.reasoning(thought);
            break;
        }
    }
    match message.get("content") {
        Some(Value::String(text)) => into.text(text),
        // Mistral's reasoning models answer in parts.
        Some(Value::Array(parts)) => {
            for part in parts {
                if let Some(text) = part.get("text").and_then(Value::as_str) {
                    into.text(text);
                } else if let Some(Value::Array(thoughts)) = part.get("thinking") {
                    for thought in thoughts {
                        if let Some(text) = thought.get("text").and_then(Value::as_str) {
                            into.reasoning(text);
                        }
                    }
                }
            }
        }
        _ => {}
    }
    if let Some(refusal) = message.get("refusal").and_then(Value::as_str) {
        into.refuse(refusal);
    }
    for (at, call) in list(message, "tool_calls").iter().enumerate() {
        let function = call.get("function").unwrap_or(&Value::Null);
        let arguments = match function.get("arguments") {
            Some(Value::String(text)) => text.clone(),
            None | Some(Value::Null) => String::new(),
            Some(other) => other.to_string(),
        };
        into.call_piece(
            call.get("index")
                .and_then(Value::as_u64)
                .unwrap_or(at as u64),
            call.get("id").and_then(Value::as_str),
            function.get("name").and_then(Value::as_str),
            &arguments,
        );
    }
}

fn end(choice: &Value, into: &mut Assembly) {
    for token in choice
        .pointer("/logprobs/content")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice)
    {
        if let Some((text, logprob)) = token_logprob(token) {
            let top = list(token, "top_logprobs");
            into.logprob(TokenLogprob {
                token: text,
                logprob,
                top: top.iter().filter_map(token_logprob).collect(),
            });
        }
    }
    if let Some(reason) = choice.get("finish_reason").and_then(Value::as_str) {
        into.finish(match reason {
            "stop" | "eos" | "end_turn" => FinishReason::Stop,
            "length" | "model_length" | "max_tokens" => FinishReason::Length,
            "tool_calls" | "function_call" => FinishReason::ToolCalls,
            "content_filter" => FinishReason::ContentFilter,
            _ => FinishReason::Other,
        });
    }
}

fn token_logprob(token: &Value) -> Option<(String, f64)> {
    let text = token.get("token")?.as_str()?.to_owned();
    Some((text, token.get("logprob")?.as_f64()?))
}

fn usage(value: &Value, into: &mut Assembly) {
    if let Some(found) = value.get("usage").filter(|usage| usage.is_object()) {
        let count = |path| found.pointer(path).and_then(Value::as_u64).unwrap_or(0);
        let usage = into.usage();
        usage.input_tokens = count("/prompt_tokens");
        usage.output_tokens = count("/completion_tokens");
        usage.cached_tokens = count("/prompt_tokens_details/cached_tokens");
    }
}

pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_address_leads_to_chat_completions() {
        for (address, expected) in [
            (
                "https://api.openai.com",
                "https://api.openai.com/v1/chat/completions",
            ),
            (
                "http://localhost:8000/",
                "http://localhost:8000/v1/chat/completions",
            ),
            (
                "http://localhost:8000/v1",
                "http://localhost:8000/v1/chat/completions",
            ),
            ("https://h/api/v1/", "https://h/api/v1/chat/completions"),
            (
                "https://h/v1beta/openai",
                "https://h/v1beta/openai/chat/completions",
            ),
            (
                "https://h/x/chat/completions?api-version=1",
                "https://h/x/chat/completions?api-version=1",
            ),
        ] {
            assert_eq!(url(address), expected);
        }
    }

    #[test]
    fn strict_mode_is_asked_for_only_where_the_schema_keeps_its_rules() {
        let closed = json!({"type": "object", "properties": {"a": {"type": "string"}},
            "required": ["a"], "additionalProperties": false});
        assert!(is_strict(&closed));
        let mut open = closed.clone();
        open["additionalProperties"] = json!(true);
        assert!(!is_strict(&open));
        let mut optional = closed.clone();
        optional["required"] = json!([]);
        assert!(!is_strict(&optional));
        assert!(!is_strict(&json!({"type": "array", "items": optional})));
        assert!(!is_strict(&json!({"type": "object"})));
    }
}
