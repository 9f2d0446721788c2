//! The metadata of a GGUF file under the names of `config.json`.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::engine::error::{EngineError, Result};
use crate::engine::gguf::Gguf;
use crate::engine::header::Stored;

/// Most factors of positions: half a head has fewer numbers.
const FACTORS: usize = 4096;

/// Names of whole numbers.
const COUNTS: &[(&str, &str)] = &[
    ("embedding_length", "hidden_size"),
    ("block_count", "num_hidden_layers"),
    ("feed_forward_length", "intermediate_size"),
    ("attention.head_count", "num_attention_heads"),
    ("attention.head_count_kv", "num_key_value_heads"),
    ("attention.key_length", "head_dim"),
    ("context_length", "max_position_embeddings"),
    ("attention.sliding_window", "sliding_window"),
    ("vocab_size", "vocab_size"),
];

/// Names of numbers.
const NUMBERS: &[(&str, &str)] = &[
    ("rope.freq_base", "rope_theta"),
    ("attention.layer_norm_rms_epsilon", "rms_norm_eps"),
    ("attention.layer_norm_epsilon", "layer_norm_eps"),
    ("attn_logit_softcapping", "attn_logit_softcapping"),
    ("final_logit_softcapping", "final_logit_softcapping"),
];

/// The settings of a file.
pub(super) fn settings(gguf: &Gguf) -> Map<String, Value> {
    let kind = gguf.architecture();
    let key = |name: &str| format!("{kind}.{name}");
    let mut settings = Map::new();
    let model_type = match kind {
        "gemma3" => "gemma3_text",
        other => other,
    };
    settings.insert("model_type".into(), model_type.into());
    for (theirs, ours) in COUNTS {
        if let Some(number) = gguf.integer(&key(theirs)) {
            settings.insert((*ours).into(), number.into());
        }
    }
    for (theirs, ours) in NUMBERS {
        if let Some(number) = gguf.float(&key(theirs)) {
            // Single precision in the file: its shortest decimal is what was meant.
            let meant = (number as f32).to_string().parse().unwrap_or(number);
            settings.insert((*ours).into(), json!(meant));
        }
    }
    if let Some(table) = gguf
        .entries
        .iter()
        .find(|entry| entry.name == "token_embd.weight")
    {
        // The table rules: vocabularies are padded to it.
        settings.insert(
            "vocab_size".into(),
            table.shape.first().copied().unwrap_or(0).into(),
        );
    }
    // The converter writes 0 for "no window".
    if settings.get("sliding_window").and_then(Value::as_u64) == Some(0) {
        settings.remove("sliding_window");
    }
    let tied = !gguf
        .entries
        .iter()
        .any(|entry| entry.name == "output.weight");
    settings.insert("tie_word_embeddings".into(), tied.into());
    for (theirs, ours) in [
        ("bos", "bos_token_id"),
        ("eos", "eos_token_id"),
        ("padding", "pad_token_id"),
    ] {
        if let Some(id) = gguf.integer(&format!("tokenizer.ggml.{theirs}_token_id")) {
            settings.insert(ours.into(), id.into());
        }
    }
    if let Some(causal) = gguf.bool(&key("attention.causal")) {
        settings.insert("is_causal".into(), causal.into());
    }
    if let Some(part) = rotary_part(gguf, kind) {
        settings.insert("partial_rotary_factor".into(), part.into());
    }
    if let Some(scaling) = rope_scaling(gguf, kind) {
        settings.insert("rope_scaling".into(), scaling);
    }
    match kind {
        "gemma2" | "gemma3" => gemma(gguf, kind, &mut settings),
        "bert" => {
            settings.insert("type_vocab_size".into(), type_rows(gguf).into());
            settings.insert("hidden_act".into(), "gelu".into());
        }
        _ => {}
    }
    settings
}

fn type_rows(gguf: &Gguf) -> usize {
    let table = gguf
        .entries
        .iter()
        .find(|entry| entry.name == "token_types.weight");
    table
        .and_then(|entry| entry.shape.first().copied())
        .unwrap_or(0)
}

/// The share of a head that is turned by positions, where that is not all of it (Phi-4-mini: 96 numbers of 128).
fn rotary_part(gguf: &Gguf, kind: &str) -> Option<f64> {
    let integer = |name: &str| gguf.integer(&format!("{kind}.{name}"));
    let width = integer("attention.key_length")
        .or_else(|| integer("embedding_length")?.checked_div(integer("attention.head_count")?))?;
    let turned = integer("rope.dimension_count").filter(|n| (1..width).contains(n))?;
    // Half a number more: the product with the width is cut to a whole number, and must not end just below it.
    Some((turned as f64 + 0.5) / width as f64)
}

fn rope_scaling(gguf: &Gguf, kind: &str) -> Option<Value> {
    let name = gguf.text(&format!("{kind}.rope.scaling.type"))?;
    if name == "none" {
        return None;
    }
    let mut scaling = Map::from_iter([("rope_type".to_owned(), Value::from(name))]);
    let key = |name: &str| format!("{kind}.rope.scaling.{name}");
    for (theirs, ours) in [("factor", "factor"), ("attn_factor", "attention_factor")] {
        if let Some(number) = gguf.float(&key(theirs)) {
            scaling.insert(ours.into(), json!(number));
        }
    }
    if let Some(number) = gguf.integer(&key("original_context_length")) {
        scaling.insert("original_max_position_embeddings".into(), number.into());
    }
    Some(scaling.into())
}

/// The factors of positions, which llama.cpp keeps as tensors: of Llama since 3.1 one for each pair (`rope_freqs`), of
/// Phi-3's long variants those for short texts and those for long ones, of which the first are taken.
///
/// # Errors
/// [`EngineError::Read`]; [`EngineError::Damaged`] where they are no numbers above 0.
pub(super) fn positions(path: &Path, gguf: &Gguf, settings: &mut Map<String, Value>) -> Result<()> {
    let find = |name: &str| gguf.entries.iter().find(|entry| entry.name == name);
    let (entry, long) = match (find("rope_freqs.weight"), find("rope_factors_short.weight")) {
        (Some(entry), _) => (entry, false),
        (None, Some(entry)) => (entry, true),
        (None, None) => return Ok(()),
    };
    let damaged = |what: &str| EngineError::damaged(path, format!("`{}` {what}", entry.name));
    if entry.stored != Stored::F32 || entry.shape.len() != 1 || entry.bytes > 4 * FACTORS {
        return Err(damaged("is no short list of F32"));
    }
    let mut file = File::open(path).map_err(EngineError::read(path))?;
    let mut bytes = vec![0; entry.bytes];
    file.seek(SeekFrom::Start(entry.start))
        .and_then(|_| file.read_exact(&mut bytes))
        .map_err(EngineError::read(path))?;
    let factors: Vec<f32> = bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|four| f32::from_le_bytes(*four))
        .collect();
    if let Some(factor) = factors.iter().find(|x| !(x.is_finite() && **x > 0.0)) {
        return Err(damaged(&format!(
            "holds {factor}; numbers above 0 are wanted"
        )));
    }
    let scaling = if long {
        let key = |name: &str| format!("{}.rope.scaling.{name}", gguf.architecture());
        let mut scaling = json!({"rope_type": "longrope", "short_factor": factors});
        if let Some(number) = gguf.float(&key("attn_factor")) {
            scaling["attention_factor"] = json!(number);
        }
        if let Some(number) = gguf.integer(&key("original_context_length")) {
            scaling["original_max_position_embeddings"] = json!(number);
        }
        scaling
    } else {
        json!({"rope_type": "factors", "factors": factors})
    };
    settings.insert("rope_scaling".into(), scaling);
    Ok(())
}

/// What llama.cpp knows of Gemma by heart.
fn gemma(gguf: &Gguf, kind: &str, settings: &mut Map<String, Value>) {
    let integer = |name: &str| gguf.integer(&format!("{kind}.{name}"));
    settings.insert("hidden_activation".into(), "gelu_pytorch_tanh".into());
    let layers = integer("block_count").unwrap_or(0);
    let scalar = match (kind, layers) {
        // The two 27B models scale by the width of the model's share of a head.
        ("gemma2", 46) | ("gemma3", 62) => integer("embedding_length")
            .zip(integer("attention.head_count"))
            .and_then(|(width, heads)| width.checked_div(heads)),
        _ => integer("attention.key_length"),
    };
    if let Some(scalar) = scalar {
        settings.insert("query_pre_attn_scalar".into(), scalar.into());
    }
    if kind == "gemma3" {
        settings.insert("rope_local_base_freq".into(), json!(10_000.0));
        // A file without a window is of a model without local layers.
        let every = match settings.contains_key("sliding_window") {
            true => 6,
            false => 1,
        };
        settings.insert("sliding_window_pattern".into(), every.into());
    }
}
