//! The tiny models, as folders that can be loaded.

use std::fs;
use std::path::PathBuf;

use botsmith_core::engine::{Device, LoadOptions, LocalModel};
use serde::Deserialize;

pub(crate) const NAMES: [&str; 11] = [
    "llama2",
    "llama3",
    "qwen2",
    "qwen3",
    "qwen3-yarn",
    "mistral",
    "phi3",
    "phi3-long",
    "gemma2",
    "gemma3",
    "smollm3",
];

#[derive(Deserialize)]
pub(crate) struct Cases {
    pub(crate) prompt: String,
    pub(crate) ids: Vec<u32>,
    pub(crate) greedy: Vec<u32>,
}

pub(crate) fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/engine/models")
}

pub(crate) fn cases(name: &str) -> Cases {
    let path = fixtures().join(format!("decoder-{name}/cases.json"));
    serde_json::from_slice(&fs::read(path).expect("the cases")).expect("cases")
}

/// `ChatML` with Hermes' tools, as Qwen writes it, in short.
pub(crate) const TEMPLATE: &str = "{%- if tools %}{{- '<|im_start|>system\\n# Tools\\n<tool_call>' }}\
{%- for tool in tools %}{{- tool.function.name }}{% endfor %}{{- '<|im_end|>\\n' }}{% endif %}\
{%- for message in messages %}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}\
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{% endif %}";

/// The model's folder with everything that loading wants.
pub(crate) fn folder(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let from = fixtures();
    for file in ["config.json", "model.safetensors"] {
        fs::copy(
            from.join(format!("decoder-{name}")).join(file),
            folder.path().join(file),
        )
        .expect("a copy");
    }
    fs::copy(
        from.join("decoder-tokenizer.json"),
        folder.path().join("tokenizer.json"),
    )
    .expect("a copy");
    let about = serde_json::json!({"eos_token": "<|im_end|>", "bos_token": "<s>", "chat_template": TEMPLATE});
    fs::write(
        folder.path().join("tokenizer_config.json"),
        about.to_string(),
    )
    .expect("a file");
    folder
}

/// The model with another chat template.
pub(crate) fn load_with_template(name: &str, template: &str) -> LocalModel {
    let folder = folder(name);
    let about = serde_json::json!({"eos_token": "<|im_end|>", "bos_token": "<s>", "chat_template": template});
    fs::write(
        folder.path().join("tokenizer_config.json"),
        about.to_string(),
    )
    .expect("a file");
    LocalModel::load(folder.path(), &options()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A template of `chats.json`.
pub(crate) fn kept_template(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/decoder/chats.json");
    let kept: serde_json::Value =
        serde_json::from_slice(&fs::read(path).expect("the templates")).expect("JSON");
    kept["templates"][name]
        .as_str()
        .expect("a template of this name")
        .to_owned()
}

pub(crate) fn options() -> LoadOptions {
    let mut options = LoadOptions::default();
    options.device = Device::Cpu;
    options.kv_bytes = Some(64 << 20);
    options
}

pub(crate) fn load(name: &str) -> LocalModel {
    load_with(name, &options())
}

pub(crate) fn load_with(name: &str, options: &LoadOptions) -> LocalModel {
    let folder = folder(name);
    LocalModel::load(folder.path(), options).unwrap_or_else(|error| panic!("{name}: {error}"))
}
