//! Writes a model of Qwen3-0.6B's shape with seeded random weights, as GGUF: for measurements, where
//! what a model says does not matter. `scripts/make-bench-model` calls it.
//!
//!     make_bench_model q4_k_m|q8_0 FILE [LAYERS]
//!
//! `Q4_K_M` is laid out as llama.cpp's quantiser does it: `Q6_K` for the table and, in some layers, for
//! values and the way down; `Q4_K` for the rest. The same arguments give the same bytes.

use std::fs::File;
use std::io::BufWriter;

use candle_core::quantized::gguf_file::{Value, write};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

type Failure = Box<dyn std::error::Error>;

const HIDDEN: usize = 1024;
const INTERMEDIATE: usize = 3072;
const HEADS: usize = 16;
const KV_HEADS: usize = 8;
const WIDTH: usize = 128;
const VOCABULARY: usize = 151_936;

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

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, path, rest @ ..] = arguments.as_slice() else {
        return Err("usage: make_bench_model q4_k_m|q8_0 FILE [LAYERS]".into());
    };
    let (most, some) = match kind.as_str() {
        "q4_k_m" => (GgmlDType::Q4K, GgmlDType::Q6K),
        "q8_0" => (GgmlDType::Q8_0, GgmlDType::Q8_0),
        other => return Err(format!("`{other}`: q4_k_m or q8_0 is wanted").into()),
    };
    let layers: usize = rest.first().map_or(Ok(28), |text| text.parse())?;
    let mut tensors: Vec<(String, QTensor)> = Vec::new();
    let mut seed = 0;
    let mut add =
        |name: String, rows: usize, columns: usize, kind: GgmlDType| -> Result<(), Failure> {
            seed += 1;
            tensors.push((
                name,
                QTensor::quantize(&random(seed, rows, columns)?, kind)?,
            ));
            Ok(())
        };
    add("token_embd.weight".into(), VOCABULARY, HIDDEN, some)?;
    for layer in 0..layers {
        let name = |part: &str| format!("blk.{layer}.{part}.weight");
        // llama.cpp's `use_more_bits`: the first and last eighth, and every third between.
        let more = layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
        let better = if more { some } else { most };
        add(name("attn_q"), HEADS * WIDTH, HIDDEN, most)?;
        add(name("attn_k"), KV_HEADS * WIDTH, HIDDEN, most)?;
        add(name("attn_v"), KV_HEADS * WIDTH, HIDDEN, better)?;
        add(name("attn_output"), HIDDEN, HEADS * WIDTH, most)?;
        add(name("ffn_gate"), INTERMEDIATE, HIDDEN, most)?;
        add(name("ffn_up"), INTERMEDIATE, HIDDEN, most)?;
        add(name("ffn_down"), HIDDEN, INTERMEDIATE, better)?;
    }
    let mut norm = |name: String, width: usize| -> Result<(), Failure> {
        let ones = Tensor::ones(width, candle_core::DType::F32, &Device::Cpu)?;
        tensors.push((name, QTensor::quantize(&ones, GgmlDType::F32)?));
        Ok(())
    };
    norm("output_norm.weight".into(), HIDDEN)?;
    for layer in 0..layers {
        norm(format!("blk.{layer}.attn_norm.weight"), HIDDEN)?;
        norm(format!("blk.{layer}.ffn_norm.weight"), HIDDEN)?;
        norm(format!("blk.{layer}.attn_q_norm.weight"), WIDTH)?;
        norm(format!("blk.{layer}.attn_k_norm.weight"), WIDTH)?;
    }
    let metadata = metadata(layers);
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

fn metadata(layers: usize) -> Vec<(&'static str, Value)> {
    let count = |number: usize| Value::U32(number as u32);
    // Letters for the bytes, as GPT-2 has them, and made-up words for all other ids.
    let shown = |byte: &u32| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    let letters = (0..256_u32)
        .filter(shown)
        .chain(256..324)
        .filter_map(char::from_u32)
        .map(String::from);
    let words = (257..VOCABULARY - 1).map(|id| format!("w{id}"));
    let tokens: Vec<String> = letters
        .take(256)
        .chain(["th".to_owned()])
        .chain(words)
        .chain(["<|endoftext|>".to_owned()])
        .collect();
    let kinds = (0..VOCABULARY)
        .map(|id| Value::I32(if id + 1 == VOCABULARY { 3 } else { 1 }))
        .collect();
    vec![
        ("general.architecture", Value::String("qwen3".into())),
        ("general.name", Value::String("bench".into())),
        ("qwen3.block_count", count(layers)),
        ("qwen3.context_length", count(40_960)),
        ("qwen3.embedding_length", count(HIDDEN)),
        ("qwen3.feed_forward_length", count(INTERMEDIATE)),
        ("qwen3.attention.head_count", count(HEADS)),
        ("qwen3.attention.head_count_kv", count(KV_HEADS)),
        ("qwen3.attention.key_length", count(WIDTH)),
        ("qwen3.attention.value_length", count(WIDTH)),
        ("qwen3.attention.layer_norm_rms_epsilon", Value::F32(1e-6)),
        ("qwen3.rope.freq_base", Value::F32(1_000_000.0)),
        ("tokenizer.ggml.model", Value::String("gpt2".into())),
        ("tokenizer.ggml.pre", Value::String("qwen2".into())),
        (
            "tokenizer.ggml.tokens",
            Value::Array(tokens.into_iter().map(Value::String).collect()),
        ),
        ("tokenizer.ggml.token_type", Value::Array(kinds)),
        (
            "tokenizer.ggml.merges",
            Value::Array(vec![Value::String("t h".into())]),
        ),
        ("tokenizer.ggml.eos_token_id", count(VOCABULARY - 1)),
    ]
}
