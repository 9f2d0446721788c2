//! Provider `http` against a real server on this machine.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "http")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use botsmith_core::chat::{
    Call, ChatEvent, ChatModel, ChatRequest, ErrorClass, Message, ModelError,
};
use botsmith_nanobots::provider::{OpenOptions, ProviderConfig, open, request_preview};
use futures_util::StreamExt;
use serde_json::{Value, json};

/// What the server saw: method, path with query, headers, body.
type Seen = Arc<Mutex<Vec<(String, String, Value, String)>>>;

async fn answer(State(seen): State<Seen>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let headers: serde_json::Map<_, _> = head
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap())))
        .collect();
    seen.lock().unwrap().push((
        head.method.to_string(),
        head.uri.to_string(),
        Value::Object(headers),
        String::from_utf8(body.to_vec()).unwrap(),
    ));
    let say = |status: u16, kind: &str, body: Body| {
        Response::builder()
            .status(StatusCode::from_u16(status).unwrap())
            .header("content-type", kind)
            .header("retry-after", "7")
            .body(body)
            .unwrap()
    };
    let json =
        |status, value: Value| say(status, "application/json", Body::from(value.to_string()));
    match head.uri.path() {
        "/ok" => json(
            200,
            json!({"out": [{"text": "Hi!"}], "in": 5, "made": 2, "model": "m-1"}),
        ),
        "/text" => say(200, "text/plain", Body::from("just text")),
        "/busy" => json(
            429,
            json!({"detail": {"why": "too many of planted-secret-1"}}),
        ),
        "/down" => say(500, "text/html", Body::from("<h1>oops</h1>")),
        "/denied" => json(
            401,
            json!({"error": {"message": "bad key planted-secret-1"}}),
        ),
        "/broken" => say(200, "application/json", Body::from("{\"out\": ")),
        "/wrong" => json(200, json!({"detail": {"why": "no quota"}, "out": null})),
        "/events" => say(
            200,
            "text/event-stream",
            Body::from(
                "data: {\"t\": \"one \"}\n\ndata: {\"t\": \"two\", \"in\": 4, \"made\": 2}\n\ndata: [DONE]\n\n",
            ),
        ),
        "/lines" => say(
            200,
            "application/x-ndjson",
            Body::from("{\"t\": \"one \"}\n{\"t\": \"two\"}"),
        ),
        "/cut" => say(
            200,
            "text/event-stream",
            Body::from("data: {\"t\": \"one \"}\n\n"),
        ),
        "/silent" => {
            tokio::time::sleep(Duration::from_secs(30)).await;
            json(200, json!({}))
        }
        path => json(404, json!({"error": {"message": format!("no {path}")}})),
    }
}

async fn server() -> (String, Seen) {
    let seen = Seen::default();
    let app = Router::new().fallback(answer).with_state(Arc::clone(&seen));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (address, seen)
}

fn config(settings: &Value) -> ProviderConfig {
    let provider =
        json!({"id": "http", "credentials": {"my-key": "planted-secret-1"}, "settings": settings});
    ProviderConfig::from_provider(&provider).unwrap()
}

fn model(settings: &Value) -> Result<Arc<dyn ChatModel>, ModelError> {
    open(&config(settings), &OpenOptions::default())
}

fn question() -> ChatRequest {
    let mut request = ChatRequest::new(vec![
        Message::system("Be brief."),
        Message::user("How \"far\" is the moon?"),
    ]);
    request.sampling.temperature = Some(0.5);
    request
}

#[tokio::test]
async fn a_template_makes_the_request_and_pointers_read_the_answer() {
    let (address, seen) = server().await;
    let settings = json!({
        "url": format!("{address}/ok?q={{{{ model }}}}"), "method": "PUT", "model": "small",
        "headers": {"Authorization": "Token {{ credentials.my_key }}", "X-Turn": "{{ messages | length }}"},
        "body": {"prompt": "{{ system }}\nQ: {{ input }}", "heat": "{{ sampling.temperature }}",
            "top": "{{ sampling.top_p }}", "messages": "{{ messages }}", "fixed": [1, true]},
        "answer": "/out/0/text", "usage": {"input": "/in", "output": "/made"}, "answered-model": "/model",
    });
    let answer = model(&settings)
        .unwrap()
        .chat(&question(), &Call::default())
        .await
        .unwrap();
    assert_eq!(
        (
            answer.text.as_str(),
            answer.provider.as_str(),
            answer.model.as_str()
        ),
        ("Hi!", "http", "m-1")
    );
    assert_eq!(
        answer
            .usage
            .map(|used| (used.input_tokens, used.output_tokens)),
        Some((5, 2))
    );
    let (method, path, headers, body) = seen.lock().unwrap()[0].clone();
    assert_eq!((method.as_str(), path.as_str()), ("PUT", "/ok?q=small"));
    assert_eq!(
        (&headers["authorization"], &headers["x-turn"]),
        (&json!("Token planted-secret-1"), &json!("2"))
    );
    assert_eq!(headers["content-type"], "application/json");
    let body: Value = serde_json::from_str(&body).unwrap();
    let wanted = json!({
        "prompt": "Be brief.\nQ: How \"far\" is the moon?", "heat": 0.5, "top": null,
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How \"far\" is the moon?"}],
        "fixed": [1, true],
    });
    assert_eq!(body, wanted);

    let shown = request_preview(&config(&settings), &question(), false)
        .unwrap()
        .to_string();
    assert!(
        shown.starts_with("PUT http://127.0.0.1") && shown.contains("Token ***"),
        "{shown}"
    );
    assert!(!shown.contains("planted"), "{shown}");
}

#[tokio::test]
async fn text_bodies_and_the_openai_form_and_answers_without_pointer() {
    let (address, seen) = server().await;
    let text = json!({"url": format!("{address}/text"), "body": "<q>{{ input }}</q>"});
    let answer = model(&text)
        .unwrap()
        .chat(&question(), &Call::default())
        .await
        .unwrap();
    assert_eq!(answer.text, "just text");
    let openai = json!({"url": format!("{address}/text"), "model": "m", "body": "{{ openai }}"});
    model(&openai)
        .unwrap()
        .chat(&question(), &Call::default())
        .await
        .unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0].3, "<q>How \"far\" is the moon?</q>");
    assert_eq!(seen[0].2["content-type"], "text/plain; charset=utf-8");
    let body: Value = serde_json::from_str(&seen[1].3).unwrap();
    assert_eq!(
        (&body["model"], &body["temperature"]),
        (&json!("m"), &json!(0.5))
    );
    assert_eq!(body["messages"].as_array().unwrap().len(), 2);
    assert!(body.get("url").is_none(), "{body}");
}

#[tokio::test]
async fn failures_have_their_class_and_the_server_s_own_words_without_secrets() {
    let (address, _) = server().await;
    let cases = [
        ("/busy", ErrorClass::RateLimit, "too many of ***"),
        ("/down", ErrorClass::Server, "HTTP 500"),
        ("/denied", ErrorClass::Auth, "bad key ***"),
        ("/broken", ErrorClass::Protocol, "not JSON"),
        ("/wrong", ErrorClass::Server, "no quota"),
        ("/text", ErrorClass::Protocol, "not JSON"),
        ("/none", ErrorClass::Load, "no /none"),
        ("/silent", ErrorClass::Timeout, "no answer within"),
    ];
    for (path, class, wanted) in cases {
        let settings = json!({"url": format!("{address}{path}"), "body": {}, "answer": "/out/0/text",
            "error": "/detail/why", "timeout": "500ms"});
        let error = model(&settings)
            .unwrap()
            .chat(&question(), &Call::default())
            .await
            .unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(
            shown.contains(wanted) && !shown.contains("planted"),
            "{path}: {shown}"
        );
        assert_eq!(error.class, class, "{path}: {error}");
        if path == "/busy" {
            assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
        }
    }
    let settings = json!({"url": "http://127.0.0.1:1/x", "answer": "/a"});
    let error = model(&settings)
        .unwrap()
        .chat(&question(), &Call::default())
        .await
        .unwrap_err();
    assert_eq!(error.class, ErrorClass::Load, "{error}");
}

#[tokio::test]
async fn answers_come_in_pieces_as_events_or_lines_and_a_cut_one_is_an_error() {
    let (address, seen) = server().await;
    let form = |path: &str, stream: Value| {
        json!({"url": format!("{address}{path}"), "body": {"stream": "{{ stream }}"}, "answer": "/t",
            "usage": {"input": "/in", "output": "/made"}, "stream": stream})
    };
    let cases = [
        ("/events", json!({"text": "/t", "end": "[DONE]"}), None),
        ("/lines", json!({"as": "lines", "text": "/t"}), None),
        (
            "/cut",
            json!({"text": "/t", "end": "[DONE]"}),
            Some("ended in the middle"),
        ),
    ];
    let request = question();
    let call = Call::default();
    for (path, stream, fails) in cases {
        let model = model(&form(path, stream)).unwrap();
        let events: Vec<_> = model.stream(&request, &call).collect().await;
        assert_eq!(
            *events[0].as_ref().unwrap(),
            ChatEvent::Text("one ".into()),
            "{path}"
        );
        match (events.last().unwrap(), fails) {
            (Ok(ChatEvent::Done(done)), None) => assert_eq!(done.text, "one two"),
            (Err(error), Some(wanted)) => {
                assert!(error.began && error.message.contains(wanted), "{error}");
            }
            (last, _) => panic!("{path}: {last:?}"),
        }
    }
    assert_eq!(seen.lock().unwrap()[0].3, "{\"stream\":true}");
}

#[test]
fn wrong_settings_and_templates_are_told_by_their_field() {
    let cases = [
        (json!({}), "key `url` is missing"),
        (json!({"ulr": "http://x"}), "did you mean `url`?"),
        (
            json!({"url": "ftp://x", "answer": "/a"}),
            "no http or https address",
        ),
        (
            json!({"url": "http://x", "answer": "a.b"}),
            "did you mean `/a/b`?",
        ),
        (
            json!({"url": "http://x", "body": {"a": ["{{ b"]}}),
            "at `a[0]`",
        ),
        (
            json!({"url": "http://x", "method": "GET", "body": {}}),
            "GET has no body",
        ),
    ];
    for (settings, wanted) in cases {
        let error = model(&settings).unwrap_err().to_string();
        assert!(error.contains(wanted), "{settings}: {error}");
    }
    let unknown = config(&json!({"url": "http://x", "body": {"a": "{{ credentials.other }}"}}));
    let error = request_preview(&unknown, &question(), false)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`provider.settings.body.a`") && error.contains("known are"),
        "{error}"
    );
}
