//! Provider `command` with real programs.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(unix)]

use std::path::Path;
use std::time::{Duration, Instant};

use botsmith_core::chat::{
    Call, ChatModel, ChatRequest, ErrorClass, Message, ModelError, ToolSpec,
};
use botsmith_nanobots::provider::{OpenOptions, ProviderConfig, open};
use serde_json::{Value, json};

fn model(folder: &Path, settings: &Value) -> Result<std::sync::Arc<dyn ChatModel>, ModelError> {
    let provider = json!({"id": "command", "settings": settings});
    let mut options = OpenOptions::new(folder);
    options.allow_commands = true;
    open(&ProviderConfig::from_provider(&provider).unwrap(), &options)
}

/// Settings that run a line of shell, which stands for any program.
fn shell(line: &str, more: &Value) -> Value {
    let mut settings = json!({"run": ["/bin/sh", "-c", line]});
    for (key, value) in more.as_object().unwrap() {
        settings[key] = value.clone();
    }
    settings
}

fn user(text: &str) -> ChatRequest {
    ChatRequest::new(vec![Message::user(text)])
}

async fn ask(settings: &Value, request: &ChatRequest) -> Result<String, ModelError> {
    let folder = tempfile::tempdir().unwrap();
    let model = model(folder.path(), settings)?;
    Ok(model.chat(request, &Call::default()).await?.text)
}

#[tokio::test]
async fn a_program_gets_the_question_and_its_output_is_the_answer() {
    let cases = [
        (shell("tr a-z A-Z", &json!({})), "HELLO"),
        (shell("printf 'a\\nb\\n\\n'", &json!({})), "a\nb"),
        (
            shell("cat", &json!({"send": "json", "answer": "/input"})),
            "hello",
        ),
        (
            shell(
                "cat",
                &json!({"send": "json", "answer": "/messages/0/role"}),
            ),
            "user",
        ),
        (
            shell("echo '{\"n\": [1]}'", &json!({"answer": "/n"})),
            "[1]",
        ),
        (
            shell(
                "echo $MODE-$HOME-$0",
                &json!({"environment": {"MODE": "fast"}}),
            ),
            "fast--/bin/sh",
        ),
        (shell("cd /; exec pwd", &json!({})), "/"),
        // It need not read what it is given.
        (shell("echo done", &json!({})), "done"),
    ];
    for (settings, wanted) in cases {
        assert_eq!(
            ask(&settings, &user("hello")).await.unwrap(),
            wanted,
            "{settings}"
        );
    }
    let long = "x".repeat(300_000);
    assert_eq!(
        ask(&shell("cat", &json!({})), &user(&long)).await.unwrap(),
        long
    );
}

#[tokio::test]
async fn no_shell_reads_the_words_and_the_folder_is_the_cartridge_s() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("inner")).unwrap();
    std::fs::write(folder.path().join("inner/note"), "here").unwrap();
    let settings = json!({"run": ["cat", "note"], "folder": "inner", "model": "note-reader"});
    let model = model(folder.path(), &settings).unwrap();
    let answer = model.chat(&user("x"), &Call::default()).await.unwrap();
    assert_eq!(
        (
            answer.text.as_str(),
            answer.provider.as_str(),
            answer.model.as_str()
        ),
        ("here", "command", "note-reader")
    );
    let words = json!({"run": ["echo", "$HOME; exit 3", "*"]});
    assert_eq!(ask(&words, &user("x")).await.unwrap(), "$HOME; exit 3 *");
}

#[tokio::test]
async fn programs_are_off_until_they_are_allowed() {
    let provider = json!({"id": "command", "settings": {"run": ["touch", "x"]}});
    let config = ProviderConfig::from_provider(&provider).unwrap();
    let error = open(&config, &OpenOptions::default()).unwrap_err();
    assert_eq!(error.class, ErrorClass::Unsupported);
    let text = error.to_string();
    assert!(
        text.contains("`touch`") && text.contains("--allow-command"),
        "{text}"
    );
}

#[tokio::test]
async fn what_goes_wrong_is_told_in_the_program_s_own_words() {
    let cases = [
        (
            shell(
                "echo first >&2; echo 'no such planet' >&2; exit 3",
                &json!({}),
            ),
            ErrorClass::Server,
            "no such planet",
        ),
        (
            shell("exit 7", &json!({})),
            ErrorClass::Server,
            "exit status: 7",
        ),
        (
            shell("kill -9 $$", &json!({})),
            ErrorClass::Server,
            "signal: 9",
        ),
        (
            shell("yes", &json!({"longest": 1000})),
            ErrorClass::Protocol,
            "more than 1000 bytes",
        ),
        (
            shell("printf '\\377'", &json!({})),
            ErrorClass::Protocol,
            "no UTF-8",
        ),
        (
            shell("echo nonsense", &json!({"answer": "/a"})),
            ErrorClass::Protocol,
            "not JSON",
        ),
        (
            shell("echo '{\"b\": 1}'", &json!({"answer": "/a"})),
            ErrorClass::Protocol,
            "a map with `b`",
        ),
        (
            shell(
                "echo '{\"e\": \"full\"}'",
                &json!({"answer": "/a", "error": "/e"}),
            ),
            ErrorClass::Server,
            "full",
        ),
        (
            json!({"run": ["no-such-program-here"]}),
            ErrorClass::Load,
            "first word of `provider.settings.run`",
        ),
        (
            json!({"run": "echo x"}),
            ErrorClass::Load,
            "write `run: [python3, bot.py]`",
        ),
        (
            json!({"run": ["echo"], "anser": "/a"}),
            ErrorClass::Load,
            "did you mean `answer`?",
        ),
    ];
    for (settings, class, wanted) in cases {
        let error = ask(&settings, &user("x")).await.unwrap_err();
        assert!(error.to_string().contains(wanted), "{settings}: {error}");
        assert_eq!(error.class, class, "{settings}");
    }
}

/// Whether a process of this number runs (and is no zombie).
fn runs(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_program_that_takes_too_long_is_stopped_with_all_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let settings = shell(
        "sleep 600 & echo $! > child; wait",
        &json!({"timeout": "400ms"}),
    );
    let slow = model(folder.path(), &settings).unwrap();
    let start = Instant::now();
    let error = slow.chat(&user("x"), &Call::default()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Timeout);
    assert!(start.elapsed() < Duration::from_secs(60));
    let child = std::fs::read_to_string(folder.path().join("child")).unwrap();
    for _ in 0..200 {
        if !runs(child.trim()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("process {child} still runs");
}

#[tokio::test]
async fn tools_are_offered_in_words_and_read_out_of_the_answer() {
    let call = r#"echo '{"tool_calls": [{"name": "roll", "arguments": {"n": 2}}]}'"#;
    let mut request = user("Dice!");
    request.tools.push(ToolSpec {
        name: "roll".into(),
        description: Some("Rolls dice.".into()),
        parameters: json!({"type": "object"}),
    });
    let folder = tempfile::tempdir().unwrap();
    let caller = model(folder.path(), &shell(call, &json!({}))).unwrap();
    let answer = caller.chat(&request, &Call::default()).await.unwrap();
    assert_eq!(
        (answer.text.as_str(), answer.tool_calls[0].name.as_str()),
        ("", "roll")
    );
    let echo = shell(
        "cat",
        &json!({"send": "json", "answer": "/messages/0/content"}),
    );
    let echo = model(folder.path(), &echo).unwrap();
    let told = echo.chat(&request, &Call::default()).await.unwrap().text;
    assert!(told.contains("- roll: Rolls dice."), "{told}");
}

#[tokio::test]
async fn secrets_of_its_environment_are_not_in_its_errors() {
    let original = json!({"provider": {"id": "command", "settings": {
        "run": ["/bin/sh", "-c", "echo key is $KEY >&2; exit 1"], "environment": {"KEY": "ENV/MY_KEY"}}}});
    let mut value = original.clone();
    value["provider"]["settings"]["environment"]["KEY"] = json!("planted-secret-1");
    let config = ProviderConfig::from_cartridge(&value)
        .unwrap()
        .with_placeholders(&original);
    let mut options = OpenOptions::default();
    options.allow_commands = true;
    let model = open(&config, &options).unwrap();
    let error = model.chat(&user("x"), &Call::default()).await.unwrap_err();
    let shown = format!("{error} {error:?} {model:?}");
    assert!(error.message.contains("key is ***"), "{error}");
    assert!(!shown.contains("planted-secret"), "{shown}");
}
