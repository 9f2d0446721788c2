//! Does each token of this model see those before it alone? A configuration in, nothing or an error out.
//!
//! Embedders were made of decoders in two ways: some kept the causal attention (Qwen3-Embedding, e5-mistral), some were
//! trained on to see both ways (GTE-Qwen2, `EmbeddingGemma`, `LLM2Vec`). Their weights have the same names and shapes, so
//! what says which it is has to be read: a wrong guess would give vectors, but wrong ones.

use serde_json::Value;

use crate::engine::config::Config;
use crate::engine::decoder::DECODERS;
use crate::engine::error::{EngineError, Result};

/// The names of architectures begin with one of these …
const FAMILIES: &[&str] = &[
    "Gemma2",
    "Gemma3",
    "Gemma3Text",
    "Llama",
    "Mistral",
    "Phi3",
    "Qwen2",
    "Qwen3",
    "SmolLM3",
];
/// … and end with one of these.
const HEADS: &[&str] = &["Model", "ForCausalLM", "ForConditionalGeneration"];

const BOTH_WAYS: &str =
    "tokens of this model see those after them too, and only causal attention is known here";

/// # Errors
/// [`EngineError::Config`] where a setting says that attention goes both ways, or that code of the model's own decides;
/// [`EngineError::Unsupported`] for an architecture that is no plain decoder.
pub(super) fn check(config: &Config) -> Result<()> {
    let inner = config.section("text_config");
    for config in [Some(config), inner.as_ref()].into_iter().flatten() {
        if !config.bool_or("is_causal", true)? {
            return Err(config.error("is_causal", format!("`is_causal` is false: {BOTH_WAYS}")));
        }
        // Of models that see, `vision` means the tokens of pictures alone.
        let key = "use_bidirectional_attention";
        match config.get(key) {
            None | Some(Value::Bool(false)) => {}
            Some(Value::String(word)) if word == "vision" => {}
            Some(_) => return Err(config.error(key, format!("`{key}` is set: {BOTH_WAYS}"))),
        }
    }
    let plain = |name: &str| {
        (FAMILIES
            .iter()
            .filter_map(|family| name.strip_prefix(family)))
        .any(|head| HEADS.contains(&head))
    };
    if let Some(other) = config.architectures().find(|name| !plain(name)) {
        return Err(EngineError::Unsupported {
            what: "architecture of an embedder",
            found: crate::hint::shown(other),
            known: format!("`…Model` and `…ForCausalLM` of {}", DECODERS.join(", ")),
        });
    }
    // Code that comes with a model is not run: what it would do is known where the configuration says it.
    let own = config
        .section("auto_map")
        .filter(|map| map.get("AutoModel").is_some() && config.get("is_causal").is_none());
    match own {
        None => Ok(()),
        Some(map) => Err(map.error(
            "AutoModel",
            "the model brings code of its own, which is not run here, and `is_causal` does not say how tokens see one \
             another: where it is known that they see those before them alone, write `\"is_causal\": true` into this file",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sees_both_ways_or_may_is_refused_by_name() {
        let read = |text: &str| check(&Config::parse("config.json", text).expect("settings"));
        for text in [
            "{}",
            r#"{"architectures": ["Qwen3Model"]}"#,
            r#"{"architectures": ["MistralForCausalLM"], "is_causal": true}"#,
            r#"{"architectures": ["Gemma3TextModel"], "use_bidirectional_attention": false}"#,
            r#"{"architectures": ["Gemma3ForConditionalGeneration"], "use_bidirectional_attention": "vision"}"#,
            r#"{"auto_map": {"AutoModelForCausalLM": "modeling_phi3.Phi3ForCausalLM"}}"#,
            r#"{"auto_map": {"AutoModel": "own.Qwen2Model"}, "is_causal": true}"#,
        ] {
            read(text).expect(text);
        }
        for (text, code, said) in [
            (
                r#"{"is_causal": false}"#,
                "BS-ENG-004",
                "`is_causal` is false",
            ),
            (
                r#"{"is_causal": "no"}"#,
                "BS-ENG-004",
                "true or false is wanted",
            ),
            (
                r#"{"text_config": {"is_causal": false}}"#,
                "BS-ENG-004",
                "text_config.is_causal",
            ),
            (
                r#"{"use_bidirectional_attention": true}"#,
                "BS-ENG-004",
                "`use_bidirectional_attention` is set",
            ),
            (
                r#"{"use_bidirectional_attention": "all"}"#,
                "BS-ENG-004",
                "those after them too",
            ),
            (
                r#"{"architectures": ["LlamaEncoderModel"]}"#,
                "BS-ENG-005",
                "`LlamaEncoderModel` is not supported",
            ),
            (
                r#"{"architectures": ["Qwen3ForSequenceClassification"]}"#,
                "BS-ENG-005",
                "`Qwen3ForSequenceClassification` is not supported",
            ),
            (
                r#"{"auto_map": {"AutoModel": "modeling_qwen.Qwen2Model"}}"#,
                "BS-ENG-004",
                "code of its own",
            ),
        ] {
            let error = read(text).expect_err(text);
            assert_eq!(error.code(), code, "{text}: {error}");
            assert!(error.to_string().contains(said), "{text}: {error}");
        }
    }
}
