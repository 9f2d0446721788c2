//! Provider `local`: a cartridge written for ollama, answered by a model in this process.

#![cfg(feature = "engine")]

use std::fs;
use std::path::{Path, PathBuf};

use botsmith_core::chat::{
    Call, ChatModel, ChatRequest, ErrorClass, FinishReason, Message, ToolCall, ToolChoice,
    ToolSpec, collect,
};
use botsmith_nanobots::provider::{OpenOptions, ProviderConfig, open};
use serde_json::{Value, json};

/// A folder with a tiny model of random weights in `tiny/`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let tiny = folder.path().join("tiny");
    fs::create_dir(&tiny).expect("a folder");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/engine/models");
    for file in ["config.json", "model.safetensors"] {
        fs::copy(from.join("decoder-qwen2").join(file), tiny.join(file)).expect("a copy");
    }
    fs::copy(
        from.join("decoder-tokenizer.json"),
        tiny.join("tokenizer.json"),
    )
    .expect("a copy");
    let template = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}\
                    {% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
    let about = json!({"eos_token": "<|im_end|>", "chat_template": template});
    fs::write(tiny.join("tokenizer_config.json"), about.to_string()).expect("a file");
    folder
}

fn model(
    folder: &Path,
    settings: &Value,
) -> Result<std::sync::Arc<dyn ChatModel>, botsmith_core::chat::ModelError> {
    let provider = json!({"id": "local", "options": {"device": "cpu", "kv-bytes": 33_554_432}, "settings": settings});
    let config = ProviderConfig::from_provider(&provider).expect("a provider");
    open(&config, &OpenOptions::new(PathBuf::from(folder)))
}

#[tokio::test]
async fn settings_of_ollama_are_heeded_and_the_same_seed_gives_the_same_answer() {
    let folder = folder();
    let settings = |seed: u64| json!({"model": "./tiny", "options": {"temperature": 0.9, "seed": seed, "num_predict": 12}});
    let request = ChatRequest::new(vec![Message::user("Hello!")]);
    let ask = async |seed| {
        let model = model(folder.path(), &settings(seed)).unwrap();
        assert!(!model.info().remote);
        model.chat(&request, &Call::default()).await.unwrap()
    };
    let first = ask(1).await;
    assert_eq!(
        (first.provider.as_str(), first.model.as_str()),
        ("local", "./tiny")
    );
    assert!((1..=12).contains(&first.usage.unwrap().output_tokens));
    assert_eq!(ask(1).await.text, first.text);
    assert_ne!(ask(2).await.text, first.text);
    // The request's own words win over the cartridge's.
    let model = model(folder.path(), &settings(1)).unwrap();
    let mut shorter = request.clone();
    shorter.native = json!({"options": {"num_predict": 3}})
        .as_object()
        .unwrap()
        .clone();
    let call = Call::default();
    let answer = collect(model.stream(&shorter, &call)).await.unwrap();
    assert!(answer.usage.unwrap().output_tokens <= 3);
}

#[test]
fn other_weights_under_the_same_name_are_another_model() {
    let folder = folder();
    let settings = json!({"model": "./tiny"});
    let revision = || {
        let model = model(folder.path(), &settings).unwrap();
        model.info().revision.clone().expect("a revision")
    };
    let first = revision();
    assert_eq!(revision(), first);
    let weights = folder.path().join("tiny/model.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&weights, bytes).unwrap();
    assert_ne!(revision(), first);
}

#[tokio::test]
async fn a_format_holds_the_answer_to_its_schema() {
    let folder = folder();
    let schema = json!({"enum": ["yes", "no"]});
    let settings = json!({"model": "./tiny", "format": schema, "options": {"num_predict": 40}});
    let model = model(folder.path(), &settings).unwrap();
    let request = ChatRequest::new(vec![Message::user("Is it?")]);
    let answer = model.chat(&request, &Call::default()).await.unwrap();
    let value: Value = serde_json::from_str(&answer.text).unwrap();
    assert!(value == "yes" || value == "no", "{value}");
}

/// As [`folder`], with Hermes' tools; `<tool_call>` is a token, 271.
fn with_tools() -> tempfile::TempDir {
    let folder = folder();
    let tiny = folder.path().join("tiny");
    let text = fs::read_to_string(tiny.join("tokenizer.json")).expect("a tokenizer");
    let mut tokenizer: Value = serde_json::from_str(&text).expect("JSON");
    let vocabulary = tokenizer["model"]["vocab"].as_object_mut().expect("a map");
    vocabulary.remove("re");
    let merges = tokenizer["model"]["merges"].as_array_mut().expect("a list");
    merges.retain(|merge| *merge != json!(["r", "e"]) && *merge != json!("r e"));
    let token = json!({"id": 271, "content": "<tool_call>", "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": false});
    tokenizer["added_tokens"]
        .as_array_mut()
        .expect("a list")
        .push(token);
    fs::write(tiny.join("tokenizer.json"), tokenizer.to_string()).expect("a file");
    let template = "{% if tools %}<|im_start|>system\n{% for t in tools %}{{ t.function.name }}{% endfor %}\
                    <tool_call><|im_end|>\n{% endif %}{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}\
                    <|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
    let about = json!({"eos_token": "<|im_end|>", "chat_template": template});
    fs::write(tiny.join("tokenizer_config.json"), about.to_string()).expect("a file");
    folder
}

fn tool(name: &str) -> ToolSpec {
    ToolSpec {
        name: name.into(),
        description: None,
        parameters: json!({
            "type": "object", "properties": {"n": {"type": "integer", "minimum": 0, "maximum": 9}},
            "required": ["n"], "additionalProperties": false,
        }),
    }
}

#[tokio::test]
async fn a_cartridge_says_whether_a_tool_must_be_called() {
    let folder = with_tools();
    // Random weights would fill a call with blanks (tab, line end, carriage return, blank), and open one by chance.
    let bias = json!({"201": -100, "202": -100, "205": -100, "224": -100, "271": -100});
    let settings = |choice: Value| {
        json!({"model": "./tiny", "tool_choice": choice, "logit_bias": bias,
            "options": {"temperature": 0.9, "num_predict": 90}})
    };
    let mut request = ChatRequest::new(vec![Message::user("Two and two?")]);
    request.tools = vec![tool("add"), tool("take")];
    let ask = async |choice: Value, request: &ChatRequest| {
        let model = model(folder.path(), &settings(choice)).unwrap();
        assert!(model.info().tools);
        model.chat(request, &Call::default()).await
    };
    let named = json!({"type": "function", "function": {"name": "take"}});
    for (choice, names) in [
        (json!("required"), &["add", "take"][..]),
        (json!("take"), &["take"]),
        (named, &["take"]),
    ] {
        let answer = ask(choice, &request).await.unwrap();
        assert_eq!(answer.finish, FinishReason::ToolCalls, "{answer:?}");
        assert!(
            names.contains(&answer.tool_calls[0].name.as_str()),
            "{answer:?}"
        );
        assert!(answer.tool_calls[0].parsed().unwrap()["n"].is_u64());
    }
    for choice in ["none", "auto"] {
        let answer = ask(json!(choice), &request).await.unwrap();
        assert!(answer.tool_calls.is_empty(), "{answer:?}");
    }
    let error = ask(json!("tke"), &request).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no tool `tke` is on offer; did you mean `take`?"),
        "{error}"
    );
    // What the request says wins, and a tool that has answered sets the model free.
    let mut forbidden = request.clone();
    forbidden.tool_choice = ToolChoice::None;
    assert!(
        ask(json!("required"), &forbidden)
            .await
            .unwrap()
            .tool_calls
            .is_empty()
    );
    let call = ToolCall {
        id: "call_0".into(),
        name: "add".into(),
        arguments: r#"{"n": 4}"#.into(),
    };
    let mut asked = Message::assistant("");
    asked.tool_calls = vec![call];
    request.messages.push(asked);
    request.messages.push(Message::tool("call_0", "add", "4"));
    let answer = ask(json!("required"), &request).await.unwrap();
    assert!(answer.tool_calls.is_empty(), "{answer:?}");
}

#[tokio::test]
async fn a_call_that_nobody_demanded_is_held_to_its_tool_once_it_is_opened() {
    let folder = with_tools();
    // The model is driven to open a call, and may end it with the mark alone.
    let settings = json!({"model": "./tiny", "stop": ["</tool_call>"],
        "logit_bias": {"201": -100, "202": -100, "205": -100, "224": -100, "271": 100},
        "options": {"temperature": 0.9, "num_predict": 90}});
    let model = model(folder.path(), &settings).unwrap();
    let mut request = ChatRequest::new(vec![Message::user("Two and two?")]);
    request.tools = vec![tool("add"), tool("take")];
    for seed in 0..4 {
        request.sampling.seed = Some(seed);
        let answer = model.chat(&request, &Call::default()).await.unwrap();
        assert_eq!(answer.tool_calls.len(), 1, "{answer:?}");
        assert!(["add", "take"].contains(&answer.tool_calls[0].name.as_str()));
        assert!(answer.tool_calls[0].parsed().unwrap()["n"].is_u64());
    }
}

#[tokio::test]
async fn a_context_that_is_no_number_is_an_error() {
    let folder = folder();
    for (settings, said) in [
        (
            json!({"model": "./tiny", "options": {"num_ctx": "8k"}}),
            "`num_ctx` is \"8k\"",
        ),
        (
            json!({"model": "./tiny", "num_ctx": 0}),
            "`num_ctx` is 0, a whole number from 1 is wanted",
        ),
    ] {
        let error = model(folder.path(), &settings).unwrap_err();
        assert_eq!(error.class, ErrorClass::Load);
        assert!(error.to_string().contains(said), "{error}");
    }
    let small = json!({"model": "./tiny", "options": {"num_ctx": 16}});
    let small = model(folder.path(), &small).unwrap();
    let request = ChatRequest::new(vec![Message::user("long ".repeat(30))]);
    let error = small.chat(&request, &Call::default()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::ContextTooLong);
}

#[tokio::test]
async fn a_raw_prompt_has_no_template_around_it() {
    let folder = folder();
    let settings =
        |raw: Value| json!({"model": "./tiny", "raw": raw, "options": {"num_predict": 2}});
    let request = ChatRequest::new(vec![Message::user("Hello!")]);
    let read = async |raw: Value| {
        let model = model(folder.path(), &settings(raw)).unwrap();
        model.chat(&request, &Call::default()).await
    };
    let raw = read(json!(true)).await.unwrap().usage.unwrap().input_tokens;
    let written = read(json!(false))
        .await
        .unwrap()
        .usage
        .unwrap()
        .input_tokens;
    assert!(raw < written, "{raw} {written}");
    let error = read(json!("yes")).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`raw` is \"yes\", true or false is wanted"),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_wrong_is_said_when_the_bot_is_opened_or_asked() {
    let folder = folder();
    let error = model(folder.path(), &json!({})).unwrap_err();
    assert_eq!(error.class, ErrorClass::Load);
    assert!(
        error
            .to_string()
            .contains("`provider.settings.model` is missing"),
        "{error}"
    );
    let error = model(folder.path(), &json!({"model": "./none"})).unwrap_err();
    assert_eq!(error.class, ErrorClass::Load);
    let model = model(
        folder.path(),
        &json!({"model": "./tiny", "options": {"mirostat": 2}}),
    )
    .unwrap();
    let request = ChatRequest::new(vec![Message::user("a")]);
    let error = model.chat(&request, &Call::default()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Request);
    assert!(
        error
            .to_string()
            .contains("`mirostat` is 2: the sampler Mirostat is not done here"),
        "{error}"
    );
}
