//! The files of a model as the hub lists them, and which of them are wanted.

use std::path::Path;

use serde_json::Value;

use crate::engine::error::{EngineError, Result};
use crate::engine::files::index_of;
use crate::engine::gguf::parts;
use crate::engine::library::{HubModel, is_inside};

/// Most files of a model that are looked at.
const FILES: usize = 10_000;

/// What a file's content must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sum {
    /// SHA-256, in hexadecimal.
    Sha256(String),
    /// The SHA-1 that Git gives to a file, in hexadecimal.
    Git(String),
}

/// A file to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) sum: Sum,
}

/// The commit and the wanted files of an answer of `/api/models/…/revision/…?blobs=true`.
pub(super) fn read(url: &str, answer: &Value, model: &HubModel) -> Result<(String, Vec<Listed>)> {
    let wrong = |reason: String| EngineError::Hub {
        url: url.to_owned(),
        reason,
    };
    let hexadecimal = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit())
    };
    let commit = answer
        .get("sha")
        .and_then(Value::as_str)
        .filter(|sha| hexadecimal(sha, 40));
    let commit = commit.ok_or_else(|| wrong("the answer names no commit".into()))?;
    let files = answer
        .get("siblings")
        .and_then(Value::as_array)
        .filter(|files| files.len() <= FILES);
    let files =
        files.ok_or_else(|| wrong(format!("the answer lists no files, or over {FILES}")))?;
    let mut listed = Vec::new();
    for file in files {
        let name = file
            .get("rfilename")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !is_inside(name) {
            let name = crate::hint::shown(name);
            return Err(wrong(format!(
                "it lists the file `{name}`, which would lie outside of the model"
            )));
        }
        if !wanted(name, model.file.as_deref()) {
            continue;
        }
        let lfs = file.get("lfs");
        let bytes = lfs
            .and_then(|lfs| lfs.get("size"))
            .or_else(|| file.get("size"))
            .and_then(Value::as_u64);
        let large = lfs
            .and_then(|lfs| lfs.get("sha256"))
            .and_then(Value::as_str)
            .filter(|sum| hexadecimal(sum, 64));
        let small = file
            .get("blobId")
            .and_then(Value::as_str)
            .filter(|sum| hexadecimal(sum, 40));
        let sum = match (large, small, lfs) {
            (Some(sum), _, _) => Sum::Sha256(sum.to_lowercase()),
            (None, Some(sum), None) => Sum::Git(sum.to_lowercase()),
            _ => return Err(wrong(format!("it lists `{name}` without a checksum"))),
        };
        let bytes = bytes.ok_or_else(|| wrong(format!("it lists `{name}` without a size")))?;
        listed.push(Listed {
            name: name.to_owned(),
            bytes,
            sum,
        });
    }
    match (&model.file, listed.is_empty()) {
        (_, false) => Ok((commit.to_owned(), listed)),
        (Some(file), true) => Err(wrong(format!("the model has no file `{file}`"))),
        (None, true) => Err(wrong(
            "the model has no safetensors; name one of its files, such as a `.gguf`, after a `:`"
                .into(),
        )),
    }
}

/// Whether a file is fetched, of a whole model or of one that is named by a file of its weights.
fn wanted(name: &str, only: Option<&str>) -> bool {
    match only {
        None => usual(name),
        // A model in several files is named by one of them.
        Some(only) => name == only || parts::together(name, only) || goes_with(name, only),
    }
}

/// Whether weights of safetensors cannot be read without the file: what is usual beside them, but other weights.
fn goes_with(name: &str, weights: &str) -> bool {
    let folder = weights.rsplit_once('/').map_or("", |(folder, _)| folder);
    let beside = match folder {
        "" => Some(name),
        _ => name
            .strip_prefix(folder)
            .and_then(|rest| rest.strip_prefix('/')),
    };
    let other = |beside: &str| !beside.contains('/') && is_weights(beside);
    weights.ends_with(WEIGHTS)
        && (index_of(Path::new(weights)).is_some_and(|index| index == Path::new(name))
            || beside.is_some_and(|beside| usual(beside) && !other(beside)))
}

const WEIGHTS: &str = ".safetensors";

fn is_weights(file: &str) -> bool {
    file.ends_with(WEIGHTS) || file.ends_with(".safetensors.index.json")
}

/// The configuration, the tokenizer, the templates and the weights, of the model and of its modules; nothing that runs code.
#[allow(
    clippy::case_sensitive_file_extension_comparisons,
    reason = "the hub tells cases apart, and the loader looks for these names"
)]
fn usual(name: &str) -> bool {
    let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
    // Modules of sentence-transformers: `1_Pooling`, `2_Dense`.
    let module = folder.split_once('_').is_some_and(|(number, rest)| {
        !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) && !rest.contains('/')
    });
    if folder == "additional_chat_templates" {
        return file.ends_with(".jinja");
    }
    if !folder.is_empty() && !module {
        return false;
    }
    let named = ["config.json", "chat_template.jinja", "LICENSE", "README.md"].contains(&file)
        || [
            "tokenizer",
            "config_",
            "generation_config",
            "modules",
            "sentence_",
            "special_tokens",
            "added_tokens",
            "vocab",
            "merges",
        ]
        .iter()
        .any(|start| {
            file.starts_with(start) && (file.ends_with(".json") || file.ends_with(".txt"))
        });
    named || is_weights(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_model_needs_is_wanted_and_nothing_that_runs() {
        for (name, take) in [
            ("config.json", true),
            ("model.safetensors", true),
            ("model.safetensors.index.json", true),
            ("tokenizer.json", true),
            ("1_Pooling/config.json", true),
            ("2_Dense/model.safetensors", true),
            ("sentence_bert_config.json", true),
            ("pytorch_model.bin", false),
            ("modeling_custom.py", false),
            ("onnx/model.onnx", false),
            ("openvino/config.json", false),
            ("model.Q4_K_M.gguf", false),
            ("0_Transformer/model.safetensors", true),
            ("additional_chat_templates/tool_use.jinja", true),
            ("additional_chat_templates/x.py", false),
            ("templates/tool_use.jinja", false),
        ] {
            assert_eq!(wanted(name, None), take, "{name}");
        }
        assert!(wanted("model.Q4_K_M.gguf", Some("model.Q4_K_M.gguf")));
        assert!(!wanted("config.json", Some("model.Q4_K_M.gguf")));
        let part = |number: u32| format!("Q8_0/model-{number:05}-of-00002.gguf");
        assert!(wanted(&part(2), Some(&part(1))));
        assert!(!wanted("model-00002-of-00002.gguf", Some(&part(1))));
        assert!(!wanted("Q8_0/other-00002-of-00002.gguf", Some(&part(1))));
    }

    #[test]
    fn safetensors_by_name_come_with_what_they_cannot_be_read_without() {
        let take = |only: &str, name: &str| wanted(name, Some(only));
        for (name, with_one) in [
            ("model.safetensors", true),
            ("config.json", true),
            ("tokenizer.json", true),
            ("generation_config.json", true),
            ("chat_template.jinja", true),
            ("additional_chat_templates/tool_use.jinja", true),
            ("modules.json", true),
            ("1_Pooling/config.json", true),
            ("2_Dense/model.safetensors", true),
            ("model.fp16.safetensors", false),
            ("model.safetensors.index.json", false),
            ("model-00001-of-00002.safetensors", false),
            ("model.Q4_K_M.gguf", false),
            ("pytorch_model.bin", false),
            ("modeling_custom.py", false),
            ("fp16/config.json", false),
        ] {
            assert_eq!(take("model.safetensors", name), with_one, "{name}");
        }
        let part = "model-00001-of-00002.safetensors";
        assert!(take(part, "model-00002-of-00002.safetensors"));
        assert!(take(part, "model.safetensors.index.json"));
        assert!(take(part, "config.json"));
        assert!(!take(part, "model.safetensors"));
        assert!(!take(part, "other.safetensors.index.json"));
        assert!(!take(part, "model-00002-of-00003.safetensors"));
        // In a folder of its own it is another model than the one above.
        assert!(take("fp16/model.safetensors", "fp16/config.json"));
        assert!(!take("fp16/model.safetensors", "config.json"));
        assert!(!take("fp16/model.safetensors", "fp16x/config.json"));
        assert!(!take("config.json", "tokenizer.json"));
    }
}
