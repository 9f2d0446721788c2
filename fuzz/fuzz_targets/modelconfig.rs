//! Configurations and names of models: any text gives settings or an error at a place inside it; no name leads out of
//! a folder. What a decoder, an encoder or sentence embeddings read of a configuration is made or refused without a panic,
//! and so are the steps of `modules.json` and chat templates.
//!
//! Covers: crates/core/src/engine/config.rs crates/core/src/engine/library/reference.rs crates/core/src/engine/decoder/shape.rs crates/core/src/engine/decoder/rope.rs crates/core/src/engine/decoder/gemma.rs crates/core/src/engine/decoder/phi.rs crates/core/src/engine/decoder/qwen.rs crates/core/src/engine/decoder/smollm.rs crates/core/src/engine/encoder crates/core/src/engine/embed/layout.rs crates/core/src/engine/files/modules.rs crates/core/src/engine/local/load.rs crates/core/src/engine/chat_template.rs crates/core/src/engine/chat_template
#![no_main]

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use botsmith_core::engine::{
    ChatInput, ChatTemplate, ComputeDevice, Config, Encoder, EngineError, LocalModel, ModelFiles, ModelRef,
    SentenceEmbedder, Weights,
};
use libfuzzer_sys::fuzz_target;

const TOKENIZER: &str = include_str!("../../crates/core/tests/engine/models/decoder-tokenizer.json");
const MODULES: &str = r#"[{"type": "Transformer", "path": ""}, {"type": "Pooling", "path": "1_Pooling"}]"#;
const BERT: &str = r#"{"model_type": "bert", "hidden_size": 8}"#;

/// A folder of a model without weights; each process has its own.
fn model(name: &str, config: &str, modules: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("botsmith-fuzz-{}", std::process::id())).join(name);
    fs::create_dir_all(folder.join("1_Pooling")).expect("a folder");
    let header = [&2_u64.to_le_bytes()[..], b"{}"].concat();
    fs::write(folder.join("model.safetensors"), header).expect("a file");
    for (name, text) in [("tokenizer.json", TOKENIZER), ("config.json", config), ("modules.json", modules)] {
        fs::write(folder.join(name), text).expect("a file");
    }
    fs::write(folder.join("1_Pooling/config.json"), "{}").expect("a file");
    folder
}

/// The text as every file of settings that a model has.
static SETTINGS: LazyLock<PathBuf> = LazyLock::new(|| model("settings", BERT, MODULES));
/// The text as its list of steps.
static STEPS: LazyLock<PathBuf> = LazyLock::new(|| model("steps", BERT, MODULES));

/// All that reads settings before it reads weights.
fn settings(text: &str, wrong: &dyn Fn(EngineError)) {
    for name in [
        "config.json",
        "generation_config.json",
        "tokenizer_config.json",
        "sentence_bert_config.json",
        "config_sentence_transformers.json",
        "1_Pooling/config.json",
    ] {
        fs::write(SETTINGS.join(name), text).expect("a file");
    }
    let files = ModelFiles::open(&*SETTINGS).expect("a model");
    let weights = Weights::open(&files, &ComputeDevice::Cpu).expect("no weights");
    let _ = LocalModel::describe(&files).map_err(wrong);
    let _ = Encoder::load(&files, &weights).map_err(wrong);
    let _ = SentenceEmbedder::load(&files, &ComputeDevice::Cpu).map_err(wrong);
}

fuzz_target!(|text: &str| {
    let named = |error: EngineError| {
        assert!(error.code().starts_with("BS-ENG-"), "{error}");
        assert!(!error.to_string().contains('\u{1b}'), "{error}");
        if let EngineError::Config(place) = &error {
            assert!(place.line <= text.split('\n').count(), "{error}");
        }
    };
    let inside = |error: EngineError| {
        assert!(matches!(error, EngineError::Config(_)), "{error}");
        named(error);
    };
    match Config::parse("config.json", text) {
        Ok(config) => {
            for key in ["hidden_size", "vocab_size", "layer_types", "rope_theta"] {
                let _ = config.count(key, 1..=1 << 16).map_err(inside);
                let _ = config.number(key, 0.0..=1e6).map_err(inside);
                let _ = config.bool_or(key, true).map_err(inside);
                let _ = config.word(key, &[("a", 1), ("b", 2)]).map_err(inside);
            }
            let _ = config.labels().map_err(inside);
            if let Some(rope) = config.section("rope_parameters") {
                let _ = rope.number("rope_theta", 1.0..=1e9).map_err(inside);
            }
            settings(text, &named);
        }
        Err(error) => inside(error),
    }
    if text.starts_with('[') {
        fs::write(STEPS.join("modules.json"), text).expect("a file");
        let files = ModelFiles::open(&*STEPS).expect("a model");
        let _ = SentenceEmbedder::load(&files, &ComputeDevice::Cpu).map_err(named);
    }
    if (text.contains("{{") || text.contains("{%"))
        && let Ok(template) = ChatTemplate::new(text, serde_json::Map::new())
    {
        let _ = template.mentions("tools");
        let _ = template.render(&ChatInput {
            messages: vec![serde_json::json!({"role": "user", "content": "Some text"})],
            ..ChatInput::default()
        });
    }
    if let Ok(ModelRef::Hub(hub)) = text.parse() {
        for word in [&hub.owner, &hub.name, &hub.revision].into_iter().chain(&hub.file) {
            let plain = Path::new(word).components().all(|part| matches!(part, Component::Normal(_)));
            assert!(plain, "{word}");
        }
        assert_eq!(hub.to_string().parse::<ModelRef>().ok(), Some(ModelRef::Hub(hub)));
    }
});
