//! The files of a model as the hub lists them, and which of them are wanted.

use serde_json::Value;

use crate::engine::error::{EngineError, Result};
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

/// The configuration, the tokenizer and the weights, of the model and of its modules; nothing that runs code.
#[allow(
    clippy::case_sensitive_file_extension_comparisons,
    reason = "the hub tells cases apart, and the loader looks for these names"
)]
fn wanted(name: &str, only: Option<&str>) -> bool {
    if let Some(only) = only {
        // A model in several GGUF files is named by one of them.
        return name == only || parts::together(name, only);
    }
    let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
    // Modules of sentence-transformers: `1_Pooling`, `2_Dense`.
    let module = folder.split_once('_').is_some_and(|(number, rest)| {
        !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) && !rest.contains('/')
    });
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
    named || file.ends_with(".safetensors") || file.ends_with(".safetensors.index.json")
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
}
