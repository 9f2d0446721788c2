//! Provider `replay`: record once, replay for ever; what is missing and what is damaged.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use botsmith_core::SecretString;
use botsmith_core::chat::{
    Call, ChatEvent, ChatModel, ChatRequest, ChatResponse, FnModel, Message, ToolCall,
};
use botsmith_nanobots::provider::{
    OpenOptions, ProviderConfig, ReplayMode, ReplayModel, open, request_key,
};
use futures_util::StreamExt;
use serde_json::{Value, json};

fn user(text: &str) -> ChatRequest {
    ChatRequest::new(vec![Message::user(text)])
}

/// A model that counts its answers, and how often it was asked.
fn counter() -> (Arc<dyn ChatModel>, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let model = FnModel::new("counter", move |request: ChatRequest, _| {
        let n = count.fetch_add(1, Ordering::SeqCst) + 1;
        async move {
            let asked = request.last_user().unwrap_or_default();
            let mut answer = ChatResponse::text(format!("answer {n} to {asked}"));
            answer.tool_calls.push(ToolCall {
                id: format!("id-{n}"),
                name: "note".into(),
                arguments: "{}".into(),
            });
            Ok(answer)
        }
    });
    (Arc::new(model), asked)
}

#[tokio::test]
async fn what_was_recorded_is_replayed_word_for_word_whole_and_in_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/answers.jsonl");
    let call = Call::default();
    let (model, asked) = counter();
    let auto = ReplayModel::open(&path, ReplayMode::Auto, Some(Arc::clone(&model))).unwrap();
    let first = auto.chat(&user("a"), &call).await.unwrap();
    let again = auto.chat(&user("a"), &call).await.unwrap();
    assert_eq!(
        (first.text.as_str(), &again.text),
        ("answer 1 to a", &first.text)
    );
    assert_eq!(
        (first.provider.as_str(), again.provider.as_str()),
        ("function", "replay")
    );
    let request = user("b");
    let events: Vec<_> = auto.stream(&request, &call).collect().await;
    assert!(
        matches!(events.last(), Some(Ok(ChatEvent::Done(done))) if done.text == "answer 2 to b")
    );
    assert_eq!((asked.load(Ordering::SeqCst), auto.recorded()), (2, 2));

    let record = ReplayModel::open(&path, ReplayMode::Record, Some(model)).unwrap();
    assert_eq!(
        record.chat(&user("a"), &call).await.unwrap().text,
        "answer 3 to a"
    );

    let replay = ReplayModel::open(&path, ReplayMode::Replay, None).unwrap();
    assert!(replay.info().deterministic && !replay.info().remote);
    let answer = replay.chat(&user("a"), &call).await.unwrap();
    assert_eq!(
        (answer.text.as_str(), answer.model.as_str()),
        ("answer 3 to a", "counter")
    );
    assert_eq!(answer.tool_calls[0].id, "id-3");
    let events: Vec<_> = replay.stream(&request, &call).collect().await;
    let pieces = events
        .iter()
        .filter(|event| matches!(event, Ok(ChatEvent::Text(_))))
        .count();
    assert_eq!(pieces, 4);
    assert!(
        matches!(&events[4], Ok(ChatEvent::ToolCall(call)) if call.name.as_deref() == Some("note"))
    );
}

#[tokio::test]
async fn a_missing_answer_names_its_key_and_the_nearest_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("answers.jsonl");
    let lines = [
        json!({"request": {"messages": [{"role": "user", "content": "x"}], "sampling": {"seed": 1}}, "response": {"text": "1"}}),
        json!({"request": {"messages": [{"role": "user", "content": "y"}]}, "response": {"text": "2"}}),
    ];
    std::fs::write(&path, format!("{}\n\n{}\n", lines[0], lines[1])).unwrap();
    let replay = ReplayModel::open(&path, ReplayMode::Replay, None).unwrap();
    assert_eq!(
        replay
            .chat(&user("y"), &Call::default())
            .await
            .unwrap()
            .text,
        "2"
    );
    let mut request = user("x");
    request.sampling.seed = Some(2);
    let error = replay
        .chat(&request, &Call::default())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(&request_key(&request).to_string()),
        "{error}"
    );
    assert!(error.contains("the nearest of 2 is line 1"), "{error}");
    assert!(
        error.contains("`/sampling/seed`") && error.contains("mode: auto"),
        "{error}"
    );
}

#[test]
fn a_damaged_line_names_file_line_and_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("answers.jsonl");
    let good = json!({"request": {"messages": []}, "response": {"text": "1"}});
    let cases = [
        (r#"{"key": "ab", "response": {}}"#, "64 hexadecimal digits"),
        (
            r#"{"response": {"text": "a"}}"#,
            "neither `key` nor `request`",
        ),
        (
            r#"{"request": {"messages": [{"role": "us"#,
            "cut off in the middle",
        ),
        (
            r#"{"request": {"messages": []}, "respons": {}}"#,
            "unknown field `respons`",
        ),
        (r#"{"request": 7, "response": {}}"#, "`request` is none"),
        ("[]", "no recorded answer"),
    ];
    for (line, wanted) in cases {
        std::fs::write(&path, format!("{good}\n{line}\n")).unwrap();
        let error = ReplayModel::open(&path, ReplayMode::Replay, None)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(wanted) && error.contains("answers.jsonl:2"),
            "{line}: {error}"
        );
    }
    let error =
        ReplayModel::open(&folder.path().join("none"), ReplayMode::Replay, None).unwrap_err();
    assert!(error.to_string().contains("no such file"), "{error}");
}

#[tokio::test]
async fn secrets_are_never_recorded_and_what_holds_one_is_still_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("answers.jsonl");
    let (model, asked) = counter();
    let secret = SecretString::new("sk-planted-123456");
    let auto = ReplayModel::open(&path, ReplayMode::Auto, Some(model))
        .unwrap()
        .hiding(&[secret]);
    let request = user("my key is sk-planted-123456");
    for _ in 0..2 {
        auto.chat(&request, &Call::default()).await.unwrap();
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(
        !written.contains("planted") && written.contains("***"),
        "{written}"
    );
    let replay = ReplayModel::open(&path, ReplayMode::Replay, None).unwrap();
    let answer = replay.chat(&request, &Call::default()).await.unwrap();
    assert_eq!(answer.text, "answer 1 to my key is ***");
}

fn config(settings: &Value) -> ProviderConfig {
    ProviderConfig::from_provider(&json!({"id": "replay", "settings": settings})).unwrap()
}

#[tokio::test]
async fn a_cartridge_records_another_provider_and_replays_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = OpenOptions::default();
    options.folder = folder.path().to_owned();
    let script = json!({"id": "script", "settings": {"otherwise": "from the script"}});
    let auto = json!({"path": "a.jsonl", "mode": "auto", "provider": script, "temperature": 0.5});
    let model = open(&config(&auto), &options).unwrap();
    let text = model.chat(&user("x"), &Call::default()).await.unwrap().text;
    assert_eq!(text, "from the script");
    // A file edited by hand may lack its last line end.
    let path = folder.path().join("a.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, whole.trim_end()).unwrap();
    let model = open(&config(&auto), &options).unwrap();
    model.chat(&user("y"), &Call::default()).await.unwrap();
    let model = open(&config(&json!({"path": "a.jsonl"})), &options).unwrap();
    let text = model.chat(&user("x"), &Call::default()).await.unwrap().text;
    assert_eq!(text, "from the script");

    let cases = [
        (json!({"pth": "a"}), "did you mean `path`?"),
        (
            json!({"path": "a.jsonl", "mode": "recrd"}),
            "did you mean `record`?",
        ),
        (
            json!({"path": "a.jsonl", "mode": "record"}),
            "provider.settings.provider",
        ),
        (json!({"path": "missing.jsonl"}), "missing.jsonl"),
    ];
    for (settings, wanted) in cases {
        let error = open(&config(&settings), &options).unwrap_err().to_string();
        assert!(error.contains(wanted), "{settings}: {error}");
    }
}
