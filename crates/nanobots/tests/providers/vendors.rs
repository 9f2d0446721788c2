//! What each vendor answers, in its own format: the same text, the same call, the same error.
//!
//! Written after the vendors' references: `OpenAI` chat completions, Ollama `/api/chat`, Anthropic
//! messages, Gemini `generateContent`, Mistral chat completions, Cohere chat v1, Maritaca inference.

use std::sync::Arc;
use std::time::Duration;

use botsmith_core::chat::{ChatModel, ChatRequest, Message, ToolSpec};
use botsmith_nanobots::provider::{OpenOptions, ProviderConfig, open};
use serde_json::{Value, json};

pub(crate) const KEY: &str = "planted-key-31415";

pub(crate) struct Vendor {
    pub(crate) id: &'static str,
    /// More than `address` and the key, under `credentials`.
    pub(crate) credentials: Value,
    pub(crate) path: &'static str,
    pub(crate) stream_path: &'static str,
    /// The header that the key goes into, and its value.
    pub(crate) key: (&'static str, &'static str),
    /// `Hello, Ada` with 9 tokens in and 3 out.
    pub(crate) plain: Value,
    pub(crate) form: &'static str,
    pub(crate) stream: String,
    /// The tool `roll` with `{"n":2}`.
    pub(crate) call: Value,
    pub(crate) call_stream: String,
    /// An error that says `these are my words`, for a status.
    pub(crate) error: fn(u16) -> Value,
    /// An event in the middle of a stream that is an error with the same words.
    pub(crate) error_event: Option<String>,
}

impl Vendor {
    pub(crate) fn config(&self, address: &str) -> ProviderConfig {
        let mut credentials = self.credentials.clone();
        credentials["address"] = json!(address);
        credentials[if self.id == "openai" {
            "access-token"
        } else {
            "api-key"
        }] = json!(KEY);
        ProviderConfig::from_provider(&json!({
            "id": self.id,
            "credentials": credentials,
            "settings": {"model": "the-model"},
        }))
        .unwrap()
    }

    pub(crate) fn open(&self, address: &str) -> Arc<dyn ChatModel> {
        open(&self.config(address), &options()).unwrap()
    }
}

/// Limits that let a test end soon.
pub(crate) fn options() -> OpenOptions {
    let mut options = OpenOptions::new(".");
    options.http.first_byte = Duration::from_millis(1500);
    options.http.silence = Duration::from_millis(1500);
    options.http.body = 64 << 10;
    options
}

pub(crate) fn request() -> ChatRequest {
    ChatRequest::new(vec![
        Message::system("Be kind."),
        Message::user("I am Ada."),
    ])
}

pub(crate) fn roll() -> ToolSpec {
    ToolSpec {
        name: "roll".into(),
        description: Some("Rolls dice.".into()),
        parameters: json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}),
    }
}

fn joined(values: &[Value], part: impl Fn(&Value) -> String) -> String {
    values.iter().map(part).collect()
}

fn events(values: &[Value]) -> String {
    joined(values, |value| format!("data: {value}\n\n"))
}

fn named(values: &[Value]) -> String {
    let name = |value: &Value| value["type"].as_str().unwrap_or("x").to_owned();
    joined(values, |value| {
        format!("event: {}\r\ndata: {value}\r\n\r\n", name(value))
    })
}

fn lines(values: &[Value]) -> String {
    joined(values, |value| format!("{value}\n"))
}

fn completion(message: &Value, finish: &str) -> Value {
    json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "the-model-2024",
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12,
            "prompt_tokens_details": {"cached_tokens": 4}}})
}

fn chunk(delta: &Value, finish: &Value) -> Value {
    json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "the-model-2024",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
}

fn openai() -> Vendor {
    let usage = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
        "model": "the-model-2024", "choices": [],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}});
    let none = Value::Null;
    Vendor {
        id: "openai",
        credentials: json!({}),
        path: "/v1/chat/completions",
        stream_path: "/v1/chat/completions",
        key: ("authorization", "Bearer planted-key-31415"),
        plain: completion(
            &json!({"role": "assistant", "content": "Hello, Ada", "refusal": null}),
            "stop",
        ),
        form: "text/event-stream",
        stream: format!(
            ": keep-alive\n\n{}data: [DONE]\n\n",
            events(&[
                chunk(&json!({"role": "assistant", "content": ""}), &none),
                chunk(&json!({"content": "Hello"}), &none),
                chunk(&json!({"content": ", Ada"}), &none),
                chunk(&json!({}), &json!("stop")),
                usage,
            ])
        ),
        call: completion(
            &json!({"role": "assistant", "content": null, "tool_calls": [
                {"id": "call_abc", "type": "function", "function": {"name": "roll", "arguments": "{\"n\":2}"}}]}),
            "tool_calls",
        ),
        call_stream: format!(
            "{}data: [DONE]\n\n",
            events(&[
                chunk(
                    &json!({"role": "assistant", "content": null, "tool_calls": [
                    {"index": 0, "id": "call_abc", "type": "function", "function": {"name": "roll", "arguments": ""}}]}),
                    &none
                ),
                chunk(
                    &json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"n\""}}]}),
                    &none
                ),
                chunk(
                    &json!({"tool_calls": [{"index": 0, "function": {"arguments": ":2}"}}]}),
                    &none
                ),
                chunk(&json!({}), &json!("tool_calls")),
            ])
        ),
        error: |_| json!({"error": {"message": "these are my words", "type": "x", "param": null, "code": null}}),
        error_event: Some(events(&[
            json!({"error": {"message": "these are my words", "type": "server_error"}}),
        ])),
    }
}

fn mistral() -> Vendor {
    let none = Value::Null;
    let usage = json!({"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12});
    let mut last = chunk(&json!({"content": ""}), &json!("stop"));
    last["usage"] = usage;
    let call = json!([{"index": 0, "id": "D681PevKs", "function": {"name": "roll", "arguments": "{\"n\":2}"}}]);
    Vendor {
        id: "mistral",
        stream: format!(
            "{}data: [DONE]\n\n",
            events(&[
                chunk(&json!({"role": "assistant", "content": ""}), &none),
                chunk(&json!({"content": "Hello"}), &none),
                chunk(&json!({"content": ", Ada"}), &none),
                last,
            ])
        ),
        call: completion(
            &json!({"role": "assistant", "content": "", "tool_calls": call}),
            "tool_calls",
        ),
        call_stream: format!(
            "{}data: [DONE]\n\n",
            events(&[chunk(
                &json!({"content": "", "tool_calls": call}),
                &json!("tool_calls")
            )])
        ),
        error: |_| json!({"object": "error", "message": "these are my words", "type": "x", "code": "1"}),
        error_event: None,
        ..openai()
    }
}

fn ollama() -> Vendor {
    let line = |content: &str| {
        json!({"model": "the-model", "created_at": "2024-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": content}, "done": false})
    };
    let end = json!({"model": "the-model", "created_at": "2024-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": ""}, "done_reason": "stop", "done": true,
        "prompt_eval_count": 9, "eval_count": 3});
    let mut plain = end.clone();
    plain["message"]["content"] = json!("Hello, Ada");
    let mut call = end.clone();
    call["message"]["tool_calls"] = json!([{"function": {"name": "roll", "arguments": {"n": 2}}}]);
    let mut call_line = line("");
    call_line["message"]["tool_calls"] = call["message"]["tool_calls"].clone();
    Vendor {
        id: "ollama",
        credentials: json!({}),
        path: "/api/chat",
        stream_path: "/api/chat",
        key: ("authorization", "Bearer planted-key-31415"),
        plain,
        form: "application/x-ndjson",
        stream: lines(&[line("Hello"), line(", Ada"), end.clone()]),
        call,
        call_stream: lines(&[call_line, end]),
        error: |_| json!({"error": "these are my words"}),
        error_event: Some(lines(&[json!({"error": "these are my words"})])),
    }
}

fn anthropic() -> Vendor {
    let message = |content: Value, reason: &str| {
        json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "the-model-2024",
            "content": content, "stop_reason": reason, "stop_sequence": null,
            "usage": {"input_tokens": 5, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 0, "output_tokens": 3}})
    };
    let start = json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant",
        "model": "the-model-2024", "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": {"input_tokens": 5, "cache_read_input_tokens": 4, "output_tokens": 1}}});
    let delta = |delta: Value| json!({"type": "content_block_delta", "index": 0, "delta": delta});
    let text = |text: &str| delta(json!({"type": "text_delta", "text": text}));
    let part = |text: &str| delta(json!({"type": "input_json_delta", "partial_json": text}));
    let stop = json!({"type": "content_block_stop", "index": 0});
    let end = |reason: &str| {
        json!({"type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": null}, "usage": {"output_tokens": 3}})
    };
    let last = json!({"type": "message_stop"});
    let block =
        |block: Value| json!({"type": "content_block_start", "index": 0, "content_block": block});
    Vendor {
        id: "anthropic",
        credentials: json!({}),
        path: "/v1/messages",
        stream_path: "/v1/messages",
        key: ("x-api-key", KEY),
        plain: message(json!([{"type": "text", "text": "Hello, Ada"}]), "end_turn"),
        form: "text/event-stream; charset=utf-8",
        stream: named(&[
            start.clone(),
            block(json!({"type": "text", "text": ""})),
            json!({"type": "ping"}),
            text("Hello"),
            text(", Ada"),
            stop.clone(),
            end("end_turn"),
            last.clone(),
        ]),
        call: message(
            json!([{"type": "tool_use", "id": "toolu_1", "name": "roll", "input": {"n": 2}}]),
            "tool_use",
        ),
        call_stream: named(&[
            start,
            block(json!({"type": "tool_use", "id": "toolu_1", "name": "roll", "input": {}})),
            part(""),
            part("{\"n\""),
            part(":2}"),
            stop,
            end("tool_use"),
            last,
        ]),
        error: |_| json!({"type": "error", "error": {"type": "x", "message": "these are my words"}}),
        error_event: Some(named(&[
            json!({"type": "error", "error": {"type": "overloaded_error", "message": "these are my words"}}),
        ])),
    }
}

fn gemini(service: &'static str) -> Vendor {
    let answer = |parts: Value, finish: Value| {
        let mut candidate = json!({"content": {"role": "model", "parts": parts}, "index": 0});
        if !finish.is_null() {
            candidate["finishReason"] = finish;
        }
        json!({"candidates": [candidate], "modelVersion": "the-model-001",
            "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 3, "totalTokenCount": 12}})
    };
    let call = json!([{"functionCall": {"name": "roll", "args": {"n": 2}}}]);
    let vertex = service == "vertex-ai-api";
    Vendor {
        id: "google",
        credentials: match vertex {
            true => json!({"service": service, "project-id": "p", "region": "us-east4"}),
            false => json!({"service": service}),
        },
        path: match vertex {
            true => {
                "/v1/projects/p/locations/us-east4/publishers/google/models/the-model:generateContent"
            }
            false => "/v1beta/models/the-model:generateContent",
        },
        stream_path: match vertex {
            true => {
                "/v1/projects/p/locations/us-east4/publishers/google/models/the-model:streamGenerateContent?alt=sse"
            }
            false => "/v1beta/models/the-model:streamGenerateContent?alt=sse",
        },
        key: ("x-goog-api-key", KEY),
        plain: answer(json!([{"text": "Hello, Ada"}]), json!("STOP")),
        form: "text/event-stream",
        stream: events(&[
            answer(json!([{"text": "Hello"}]), Value::Null),
            answer(json!([{"text": ", Ada"}]), json!("STOP")),
        ])
        .replace('\n', "\r\n"),
        call: answer(call.clone(), json!("STOP")),
        call_stream: events(&[answer(call, json!("STOP"))]),
        error: |status| json!({"error": {"code": status, "message": "these are my words", "status": "X"}}),
        error_event: Some(events(&[
            json!({"error": {"code": 503, "message": "these are my words", "status": "UNAVAILABLE"}}),
        ])),
    }
}

fn cohere() -> Vendor {
    let meta = json!({"api_version": {"version": "1"}, "tokens": {"input_tokens": 9.0, "output_tokens": 3.0}});
    let plain = |text: &str| {
        json!({"response_id": "r", "text": text, "generation_id": "g",
        "finish_reason": "COMPLETE", "meta": meta})
    };
    let piece =
        |text: &str| json!({"is_finished": false, "event_type": "text-generation", "text": text});
    let start = json!({"is_finished": false, "event_type": "stream-start", "generation_id": "g"});
    let end = |text: &str| {
        json!({"is_finished": true, "event_type": "stream-end", "finish_reason": "COMPLETE",
        "response": plain(text)})
    };
    Vendor {
        id: "cohere",
        credentials: json!({}),
        path: "/v1/chat",
        stream_path: "/v1/chat",
        key: ("authorization", "Bearer planted-key-31415"),
        plain: plain("Hello, Ada"),
        form: "application/stream+json",
        stream: lines(&[
            start.clone(),
            piece("Hello"),
            piece(", Ada"),
            end("Hello, Ada"),
        ]),
        call: plain(CALL),
        call_stream: lines(&[
            start,
            piece("{\"tool_calls\": [{\"name\": \"roll\","),
            piece(" \"arguments\": {\"n\":2}}]}"),
            end(CALL),
        ]),
        error: |_| json!({"message": "these are my words"}),
        error_event: None,
    }
}

/// A call by the protocol in the prompt.
const CALL: &str = "{\"tool_calls\": [{\"name\": \"roll\", \"arguments\": {\"n\":2}}]}";

fn maritaca() -> Vendor {
    let plain = |text: &str| {
        json!({"answer": text, "model": "the-model",
        "usage": {"prompt_tokens": 9, "completion_tokens": 3}})
    };
    let end = json!({"usage": {"prompt_tokens": 9, "completion_tokens": 3}});
    Vendor {
        id: "maritaca",
        credentials: json!({}),
        path: "/api/chat/inference",
        stream_path: "/api/chat/inference",
        key: ("authorization", "Key planted-key-31415"),
        plain: plain("Hello, Ada"),
        form: "text/event-stream",
        stream: events(&[
            json!({"text": "Hello"}),
            json!({"text": ", Ada"}),
            end.clone(),
        ]),
        call: plain(CALL),
        call_stream: events(&[
            json!({"text": "```json\n"}),
            json!({"text": CALL}),
            json!({"text": "\n```"}),
            end,
        ]),
        error: |_| json!({"detail": "these are my words"}),
        error_event: None,
    }
}

pub(crate) fn all() -> Vec<Vendor> {
    vec![
        openai(),
        ollama(),
        mistral(),
        anthropic(),
        gemini("generative-language-api"),
        gemini("vertex-ai-api"),
        cohere(),
        maritaca(),
    ]
}

pub(crate) fn one(id: &str) -> Vendor {
    all().into_iter().find(|vendor| vendor.id == id).unwrap()
}
