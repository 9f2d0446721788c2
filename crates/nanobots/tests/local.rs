//! Provider `local`: a cartridge written for ollama, answered by a model in this process.

#![cfg(feature = "engine")]

use std::fs;
use std::path::{Path, PathBuf};

use botsmith_core::chat::{Call, ChatModel, ChatRequest, ErrorClass, Message, collect};
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
        error.to_string().contains("no setting `mirostat`"),
        "{error}"
    );
}
