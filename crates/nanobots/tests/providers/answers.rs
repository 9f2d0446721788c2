//! Answers in one piece, in pieces, and with calls of tools: the same from every vendor.

use botsmith_core::chat::ChatModel;
use botsmith_core::chat::{
    Call, ChatEvent, ChatRequest, ChatResponse, ErrorClass, FinishReason, ModelError, OutputFormat,
    Usage,
};
use futures_util::StreamExt as _;
use serde_json::json;

use crate::server::{Reply, Server, Then};
use crate::vendors::{all, one, request, roll};

/// All events of a stream, and the error at its end.
pub(crate) async fn read(
    model: &dyn ChatModel,
    request: &ChatRequest,
    call: &Call,
) -> (Vec<ChatEvent>, Option<ModelError>) {
    let mut stream = model.stream(request, call);
    let mut events = Vec::new();
    while let Some(item) = stream.next().await {
        match item {
            Ok(event) => events.push(event),
            Err(error) => {
                assert!(stream.next().await.is_none(), "an error is the last item");
                return (events, Some(error));
            }
        }
    }
    (events, None)
}

pub(crate) fn text(events: &[ChatEvent]) -> String {
    let texts = events.iter().filter_map(|event| match event {
        ChatEvent::Text(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

fn done(events: &[ChatEvent]) -> &ChatResponse {
    match events.last() {
        Some(ChatEvent::Done(response)) => response,
        other => panic!("the last event is {other:?}"),
    }
}

fn check_hello(response: &ChatResponse, id: &str) {
    assert_eq!(response.text, "Hello, Ada", "{id}");
    assert_eq!(response.finish, FinishReason::Stop, "{id}");
    assert_eq!(response.provider, id);
    assert!(
        response.model.starts_with("the-model"),
        "{id}: {}",
        response.model
    );
    let usage = response.usage.unwrap_or_else(|| panic!("{id} counts"));
    assert_eq!((usage.input_tokens, usage.output_tokens), (9, 3), "{id}");
}

#[tokio::test]
async fn every_vendor_answers_in_one_piece() {
    for vendor in all() {
        let server = Server::with(Reply::json(200, &vendor.plain)).await;
        let model = vendor.open(&server.address);
        let response = model.chat(&request(), &Call::default()).await.unwrap();
        check_hello(&response, vendor.id);
        let seen = server.last();
        assert_eq!(seen.path, vendor.path);
        assert_eq!(
            seen.header(vendor.key.0),
            Some(vendor.key.1),
            "{}",
            vendor.id
        );
        assert_eq!(seen.header("content-type"), Some("application/json"));
        assert_ne!(seen.body["stream"], json!(true), "{}", vendor.id);
    }
}

#[tokio::test]
async fn every_vendor_answers_in_pieces_wherever_the_bytes_are_cut() {
    for vendor in all() {
        let replies =
            [1, 7, 100_000].map(|size| Reply::stream(vendor.form, &vendor.stream, size, Then::End));
        let server = Server::start(replies.to_vec()).await;
        let model = vendor.open(&server.address);
        for _ in 0..3 {
            let (events, error) = read(&*model, &request(), &Call::default()).await;
            assert!(error.is_none(), "{}: {error:?}", vendor.id);
            check_hello(done(&events), vendor.id);
            assert_eq!(text(&events), "Hello, Ada", "{}", vendor.id);
            assert_eq!(events.len(), 3, "{}: {events:?}", vendor.id);
        }
        assert_eq!(server.last().path, vendor.stream_path);
        if vendor.id != "google" {
            assert_eq!(server.last().body["stream"], json!(true), "{}", vendor.id);
        }
    }
}

#[tokio::test]
async fn tools_work_on_every_vendor() {
    for vendor in all() {
        let server = Server::start(vec![
            Reply::json(200, &vendor.call),
            Reply::stream(vendor.form, &vendor.call_stream, 11, Then::End),
        ])
        .await;
        let model = vendor.open(&server.address);
        assert!(model.info().tools);
        let mut request = request();
        request.tools = vec![roll()];
        let whole = model.chat(&request, &Call::default()).await.unwrap();
        let (events, error) = read(&*model, &request, &Call::default()).await;
        assert!(error.is_none(), "{}: {error:?}", vendor.id);
        for response in [&whole, done(&events)] {
            assert_eq!(response.text, "", "{}", vendor.id);
            assert_eq!(response.finish, FinishReason::ToolCalls, "{}", vendor.id);
            let [call] = &response.tool_calls[..] else {
                panic!("{}: {response:?}", vendor.id);
            };
            assert_eq!(
                (call.name.as_str(), call.arguments.as_str()),
                ("roll", "{\"n\":2}")
            );
            assert!(!call.id.is_empty());
        }
        assert_eq!(text(&events), "", "{}", vendor.id);
        let arguments: String = events
            .iter()
            .filter_map(|event| match event {
                ChatEvent::ToolCall(delta) => Some(delta.arguments.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(arguments, "{\"n\":2}", "{}", vendor.id);
    }
}

#[tokio::test]
async fn text_beside_offered_tools_still_streams_without_a_protocol_in_the_way() {
    for id in ["cohere", "maritaca"] {
        let vendor = one(id);
        let server = Server::with(Reply::stream(vendor.form, &vendor.stream, 100, Then::End)).await;
        let mut request = request();
        request.tools = vec![roll()];
        let (events, error) =
            read(&*vendor.open(&server.address), &request, &Call::default()).await;
        assert!(error.is_none());
        check_hello(done(&events), id);
        assert_eq!(events.len(), 3, "{id}: {events:?}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_stream_answers_all_the_same() {
    let vendor = one("openai");
    let server = Server::with(Reply::json(200, &vendor.plain)).await;
    let (events, error) = read(&*vendor.open(&server.address), &request(), &Call::default()).await;
    assert!(error.is_none());
    check_hello(done(&events), "openai");
}

#[tokio::test]
async fn counts_of_a_cache_are_kept() {
    for (id, cached) in [("openai", 4), ("anthropic", 4), ("ollama", 0)] {
        let vendor = one(id);
        let server = Server::with(Reply::json(200, &vendor.plain)).await;
        let response = vendor
            .open(&server.address)
            .chat(&request(), &Call::default())
            .await
            .unwrap();
        let expected = Usage {
            input_tokens: 9,
            output_tokens: 3,
            cached_tokens: cached,
        };
        assert_eq!(response.usage, Some(expected), "{id}");
    }
}

#[tokio::test]
async fn what_a_vendor_withholds_is_refused_and_no_answer() {
    let cases = [
        (
            "openai",
            json!({"model": "m", "choices": [{"message": {"content": null, "refusal": "I will not."}, "finish_reason": "stop"}]}),
            FinishReason::Stop,
            "I will not.",
        ),
        (
            "openai",
            json!({"model": "m", "choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}),
            FinishReason::ContentFilter,
            "withheld",
        ),
        (
            "anthropic",
            json!({"model": "m", "content": [], "stop_reason": "refusal", "usage": {}}),
            FinishReason::ContentFilter,
            "declined",
        ),
        (
            "google",
            json!({"promptFeedback": {"blockReason": "SAFETY"}}),
            FinishReason::ContentFilter,
            "SAFETY",
        ),
        (
            "google",
            json!({"candidates": [{"finishReason": "RECITATION"}]}),
            FinishReason::ContentFilter,
            "RECITATION",
        ),
        (
            "cohere",
            json!({"text": "", "finish_reason": "ERROR_TOXIC"}),
            FinishReason::ContentFilter,
            "withheld",
        ),
    ];
    for (id, body, finish, words) in cases {
        let server = Server::with(Reply::json(200, &body)).await;
        let response = one(id)
            .open(&server.address)
            .chat(&request(), &Call::default())
            .await
            .unwrap();
        assert_eq!(response.finish, finish, "{id}");
        let refusal = response.refusal.unwrap_or_default();
        assert!(refusal.contains(words), "{id}: {refusal}");
    }
}

#[tokio::test]
async fn an_answer_held_to_a_schema_by_a_tool_comes_as_text() {
    let vendor = one("anthropic");
    let mut asked = request();
    asked.output = OutputFormat::JsonSchema {
        name: "roll".into(),
        schema: json!({"type": "object"}),
    };
    let server = Server::start(vec![
        Reply::json(200, &vendor.call),
        Reply::stream(vendor.form, &vendor.call_stream, 9, Then::End),
    ])
    .await;
    let model = vendor.open(&server.address);
    let whole = model.chat(&asked, &Call::default()).await.unwrap();
    let (events, _) = read(&*model, &asked, &Call::default()).await;
    for response in [&whole, done(&events)] {
        assert_eq!(response.text, "{\"n\":2}");
        assert_eq!(response.finish, FinishReason::Stop);
        assert!(response.tool_calls.is_empty());
    }
    assert_eq!(text(&events), "{\"n\":2}");
}

#[tokio::test]
async fn log_probabilities_and_thoughts_are_read() {
    let body = json!({"model": "m", "choices": [{"message": {"content": "Hi", "reasoning_content": "Hm."},
        "logprobs": {"content": [{"token": "Hi", "logprob": -0.25, "bytes": [72, 105],
            "top_logprobs": [{"token": "Hi", "logprob": -0.25}, {"token": "Yo", "logprob": -1.5}]}]},
        "finish_reason": "length"}]});
    let server = Server::with(Reply::json(200, &body)).await;
    let response = one("openai")
        .open(&server.address)
        .chat(&request(), &Call::default())
        .await
        .unwrap();
    assert_eq!(response.finish, FinishReason::Length);
    assert_eq!(response.reasoning.as_deref(), Some("Hm."));
    let [token] = &response.logprobs[..] else {
        panic!("{response:?}");
    };
    assert_eq!((token.token.as_str(), token.logprob), ("Hi", -0.25));
    assert_eq!(token.top[1], ("Yo".to_owned(), -1.5));
}

#[tokio::test]
async fn an_endless_answer_is_an_error() {
    let vendor = one("ollama");
    let long = "x".repeat(100_000);
    let mut plain = vendor.plain.clone();
    plain["message"]["content"] = json!(long);
    let stream = vendor.stream.replace("Hello", &long);
    let server = Server::start(vec![
        Reply::json(200, &plain),
        Reply::stream(vendor.form, &stream, 10_000, Then::End),
    ])
    .await;
    let model = vendor.open(&server.address);
    let error = model.chat(&request(), &Call::default()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Protocol);
    let (_, error) = read(&*model, &request(), &Call::default()).await;
    assert_eq!(error.map(|error| error.class), Some(ErrorClass::Protocol));
}
