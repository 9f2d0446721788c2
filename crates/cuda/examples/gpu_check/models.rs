//! Models with seeded random weights: a decoder of Qwen 3's kind and an encoder of BERT's, of any size and any kind of
//! weights.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use candle_core::quantized::gguf_file::{Value, write};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Tensor};
use rayon::prelude::*;
use serde_json::json;

use crate::Failure;
use crate::fixtures::tokenizer_of;

/// A decoder's sizes.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) hidden: usize,
    pub(crate) intermediate: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) head: usize,
    pub(crate) vocabulary: usize,
}

/// Small, with rows that every kind of quantised weights can have.
pub(crate) const SMALL: Sizes = Sizes {
    hidden: 256,
    intermediate: 512,
    layers: 2,
    heads: 4,
    kv_heads: 2,
    head: 64,
    vocabulary: 512,
};

/// Qwen3-0.6B.
pub(crate) const LARGE: Sizes = Sizes {
    hidden: 1024,
    intermediate: 3072,
    layers: 28,
    heads: 16,
    kv_heads: 8,
    head: 128,
    vocabulary: 151_936,
};

/// Uniform numbers around 0, by Knuth's linear congruential generator.
fn random(seed: u64, rows: usize, columns: usize) -> Result<Tensor, Failure> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let spread = 1.7 / (columns as f32).sqrt();
    let numbers: Vec<f32> = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / 16_777_216.0 - 0.5) * 2.0 * spread
    })
    .take(rows * columns)
    .collect();
    Ok(Tensor::from_vec(numbers, (rows, columns), &Device::Cpu)?)
}

/// Matrices of the decoder: name here, name in GGUF, rows, columns.
fn matrices(sizes: Sizes) -> Vec<(String, String, usize, usize)> {
    let Sizes {
        hidden,
        intermediate,
        heads,
        kv_heads,
        head,
        ..
    } = sizes;
    let mut all = vec![(
        "model.embed_tokens.weight".to_owned(),
        "token_embd.weight".to_owned(),
        sizes.vocabulary,
        hidden,
    )];
    for layer in 0..sizes.layers {
        for (name, gguf, rows, columns) in [
            ("self_attn.q_proj", "attn_q", heads * head, hidden),
            ("self_attn.k_proj", "attn_k", kv_heads * head, hidden),
            ("self_attn.v_proj", "attn_v", kv_heads * head, hidden),
            ("self_attn.o_proj", "attn_output", hidden, heads * head),
            ("mlp.gate_proj", "ffn_gate", intermediate, hidden),
            ("mlp.up_proj", "ffn_up", intermediate, hidden),
            ("mlp.down_proj", "ffn_down", hidden, intermediate),
        ] {
            all.push((
                format!("model.layers.{layer}.{name}.weight"),
                format!("blk.{layer}.{gguf}.weight"),
                rows,
                columns,
            ));
        }
    }
    all
}

/// Norms of the decoder: name here, name in GGUF, width.
fn norms(sizes: Sizes) -> Vec<(String, String, usize)> {
    let mut all = vec![(
        "model.norm.weight".to_owned(),
        "output_norm.weight".to_owned(),
        sizes.hidden,
    )];
    for layer in 0..sizes.layers {
        for (name, gguf, width) in [
            ("input_layernorm", "attn_norm", sizes.hidden),
            ("post_attention_layernorm", "ffn_norm", sizes.hidden),
            ("self_attn.q_norm", "attn_q_norm", sizes.head),
            ("self_attn.k_norm", "attn_k_norm", sizes.head),
        ] {
            all.push((
                format!("model.layers.{layer}.{name}.weight"),
                format!("blk.{layer}.{gguf}.weight"),
                width,
            ));
        }
    }
    all
}

/// A folder with dense weights of this kind.
pub(crate) fn dense(folder: &Path, sizes: Sizes, kind: DType) -> Result<(), Failure> {
    dense_of(folder, sizes, kind, Ok)
}

fn dense_of(
    folder: &Path,
    sizes: Sizes,
    kind: DType,
    change: impl Fn(Tensor) -> Result<Tensor, Failure>,
) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)?;
    let mut tensors = HashMap::new();
    for (seed, (name, _, rows, columns)) in matrices(sizes).into_iter().enumerate() {
        let matrix = change(random(seed as u64 + 1, rows, columns)?)?;
        tensors.insert(name, matrix.to_dtype(kind)?);
    }
    for (name, _, width) in norms(sizes) {
        tensors.insert(name, Tensor::ones(width, kind, &Device::Cpu)?);
    }
    candle_core::safetensors::save(&tensors, folder.join("model.safetensors"))?;
    let config = json!({
        "model_type": "qwen3", "hidden_act": "silu", "hidden_size": sizes.hidden,
        "intermediate_size": sizes.intermediate, "num_hidden_layers": sizes.layers,
        "num_attention_heads": sizes.heads, "num_key_value_heads": sizes.kv_heads, "head_dim": sizes.head,
        "vocab_size": sizes.vocabulary, "max_position_embeddings": 40_960, "rms_norm_eps": 1e-6,
        "rope_theta": 1_000_000.0, "tie_word_embeddings": true, "eos_token_id": 1,
    });
    std::fs::write(folder.join("config.json"), config.to_string())?;
    tokenizer_of(&folder.join("tokenizer.json"), true)
}

/// A folder with the numbers that the matrices of [`quantised`] stand for, dense.
pub(crate) fn dequantised(folder: &Path, sizes: Sizes, kind: GgmlDType) -> Result<(), Failure> {
    dense_of(folder, sizes, DType::F32, |matrix| {
        Ok(QTensor::quantize(&matrix, kind)?.dequantize(&Device::Cpu)?)
    })
}

/// A GGUF file with matrices of this kind.
pub(crate) fn quantised(path: &Path, sizes: Sizes, kind: GgmlDType) -> Result<(), Failure> {
    let mut tensors: Vec<(String, QTensor)> = Vec::new();
    let matrices: Vec<_> = matrices(sizes).into_iter().enumerate().collect();
    let made: Vec<Result<(String, QTensor), String>> = matrices
        .into_par_iter()
        .map(|(seed, (_, name, rows, columns))| {
            let matrix =
                random(seed as u64 + 1, rows, columns).map_err(|error| error.to_string())?;
            let matrix = QTensor::quantize(&matrix, kind).map_err(|error| error.to_string())?;
            Ok((name, matrix))
        })
        .collect();
    for matrix in made {
        tensors.push(matrix?);
    }
    for (_, name, width) in norms(sizes) {
        let ones = Tensor::ones(width, DType::F32, &Device::Cpu)?;
        tensors.push((name, QTensor::quantize(&ones, GgmlDType::F32)?));
    }
    let metadata = metadata(sizes);
    let metadata: Vec<(&str, &Value)> = metadata
        .iter()
        .map(|(name, value)| (*name, value))
        .collect();
    let tensors: Vec<(&str, &QTensor)> = tensors
        .iter()
        .map(|(name, tensor)| (name.as_str(), tensor))
        .collect();
    write(
        &mut BufWriter::new(File::create(path)?),
        &metadata,
        &tensors,
    )?;
    Ok(())
}

fn metadata(sizes: Sizes) -> Vec<(&'static str, Value)> {
    let count = |number: usize| Value::U32(number as u32);
    let last = sizes.vocabulary - 1;
    // Letters for the bytes, as GPT-2 has them, and made-up words for all other ids.
    let shown = |byte: &u32| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    let letters = (0..256_u32)
        .filter(shown)
        .chain(256..324)
        .filter_map(char::from_u32);
    let tokens: Vec<Value> = letters
        .map(String::from)
        .take(256)
        .chain(["th".to_owned()])
        .chain((257..last).map(|id| format!("w{id}")))
        .chain(["<|endoftext|>".to_owned()])
        .map(Value::String)
        .collect();
    let kinds = (0..=last)
        .map(|id| Value::I32(if id == last { 3 } else { 1 }))
        .collect();
    vec![
        ("general.architecture", Value::String("qwen3".into())),
        ("general.name", Value::String("check".into())),
        ("qwen3.block_count", count(sizes.layers)),
        ("qwen3.context_length", count(40_960)),
        ("qwen3.embedding_length", count(sizes.hidden)),
        ("qwen3.feed_forward_length", count(sizes.intermediate)),
        ("qwen3.attention.head_count", count(sizes.heads)),
        ("qwen3.attention.head_count_kv", count(sizes.kv_heads)),
        ("qwen3.attention.key_length", count(sizes.head)),
        ("qwen3.attention.value_length", count(sizes.head)),
        ("qwen3.attention.layer_norm_rms_epsilon", Value::F32(1e-6)),
        ("qwen3.rope.freq_base", Value::F32(1_000_000.0)),
        ("tokenizer.ggml.model", Value::String("gpt2".into())),
        ("tokenizer.ggml.pre", Value::String("qwen2".into())),
        ("tokenizer.ggml.tokens", Value::Array(tokens)),
        ("tokenizer.ggml.token_type", Value::Array(kinds)),
        (
            "tokenizer.ggml.merges",
            Value::Array(vec![Value::String("t h".into())]),
        ),
        ("tokenizer.ggml.eos_token_id", count(last)),
    ]
}

/// A folder with an encoder of all-MiniLM-L6-v2's sizes.
pub(crate) fn encoder(folder: &Path) -> Result<(), Failure> {
    const WIDTH: usize = 384;
    const INNER: usize = 1536;
    const LAYERS: usize = 6;
    const ROWS: usize = 30_522;
    std::fs::create_dir_all(folder)?;
    let mut tensors = HashMap::new();
    let mut seed = 100;
    let mut matrix = |name: String, rows: usize, columns: usize| -> Result<(), Failure> {
        seed += 1;
        tensors.insert(format!("{name}.weight"), random(seed, rows, columns)?);
        tensors.insert(
            format!("{name}.bias"),
            Tensor::zeros(rows, DType::F32, &Device::Cpu)?,
        );
        Ok(())
    };
    for layer in 0..LAYERS {
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        for part in ["query", "key", "value"] {
            matrix(name(&format!("attention.self.{part}")), WIDTH, WIDTH)?;
        }
        matrix(name("attention.output.dense"), WIDTH, WIDTH)?;
        matrix(name("intermediate.dense"), INNER, WIDTH)?;
        matrix(name("output.dense"), WIDTH, INNER)?;
    }
    for (name, rows) in [("word", ROWS), ("position", 512), ("token_type", 2)] {
        let name = format!("embeddings.{name}_embeddings.weight");
        tensors.insert(name, random(rows as u64, rows, WIDTH)?);
    }
    let mut norm = |name: String| -> Result<(), Failure> {
        tensors.insert(
            format!("{name}.weight"),
            Tensor::ones(WIDTH, DType::F32, &Device::Cpu)?,
        );
        tensors.insert(
            format!("{name}.bias"),
            Tensor::zeros(WIDTH, DType::F32, &Device::Cpu)?,
        );
        Ok(())
    };
    norm("embeddings.LayerNorm".into())?;
    for layer in 0..LAYERS {
        norm(format!("encoder.layer.{layer}.attention.output.LayerNorm"))?;
        norm(format!("encoder.layer.{layer}.output.LayerNorm"))?;
    }
    candle_core::safetensors::save(&tensors, folder.join("model.safetensors"))?;
    let config = json!({
        "model_type": "bert", "hidden_act": "gelu", "hidden_size": WIDTH, "intermediate_size": INNER,
        "num_hidden_layers": LAYERS, "num_attention_heads": 12, "vocab_size": ROWS,
        "max_position_embeddings": 512, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
    });
    std::fs::write(folder.join("config.json"), config.to_string())?;
    tokenizer_of(&folder.join("tokenizer.json"), false)
}
