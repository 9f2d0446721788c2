//! Decoders whose weights are stored in another way: F16, BF16, and GGUF as llama.cpp's converter writes it.
//!
//! What is stored with fewer bits computes as its rounded values do in F32. A GGUF file computes as the folder that it
//! was made from. The converter's ways (`conversion/` of llama.cpp) are written down here a second time, by hand: names,
//! interleaved rows of queries and keys, gains of norms with one added, factors of positions as tensors.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::Path;

use botsmith_core::engine::{EngineError, LocalModel};
use candle_core::quantized::gguf_file::{Value as Meta, write};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Tensor};
use serde_json::{Value, json};

use crate::models::{NAMES, cases, fixtures, folder, load, options};
use crate::parity::greedy;

type Tensors = HashMap<String, Tensor>;

fn tensors(name: &str) -> Tensors {
    let path = fixtures().join(format!("decoder-{name}/model.safetensors"));
    candle_core::safetensors::load(path, &Device::Cpu).expect("tensors")
}

fn config(name: &str) -> Value {
    let path = fixtures().join(format!("decoder-{name}/config.json"));
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("a configuration")
}

/// A folder with these weights and settings.
fn with(name: &str, config: &Value, tensors: &Tensors) -> LocalModel {
    let folder = folder(name);
    candle_core::safetensors::save(tensors, folder.path().join("model.safetensors"))
        .expect("a file");
    fs::write(folder.path().join("config.json"), config.to_string()).expect("a file");
    LocalModel::load(folder.path(), &options()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The greatest difference of logits, relative where they are large.
fn far(a: &LocalModel, b: &LocalModel, ids: &[u32]) -> f32 {
    let (a, b) = (a.logits(ids, true).unwrap(), b.logits(ids, true).unwrap());
    assert_eq!(a.len(), b.len());
    a.iter()
        .flatten()
        .zip(b.iter().flatten())
        .map(|(a, b)| (a - b).abs() / b.abs().max(1.0))
        .fold(0.0, f32::max)
}

#[test]
fn weights_of_sixteen_bits_compute_as_their_rounded_values_do() {
    for name in NAMES {
        let ids = cases(name).ids;
        for kind in [DType::F16, DType::BF16] {
            let halves: Tensors = tensors(name)
                .into_iter()
                .map(|(name, tensor)| (name, tensor.to_dtype(kind).unwrap()))
                .collect();
            let rounded: Tensors = halves
                .iter()
                .map(|(name, tensor)| (name.clone(), tensor.to_dtype(DType::F32).unwrap()))
                .collect();
            let config = config(name);
            let (stored, wanted) = (with(name, &config, &halves), with(name, &config, &rounded));
            let far_from_rounded = far(&stored, &wanted, &ids);
            assert!(
                far_from_rounded < 1e-5,
                "{name} {kind:?}: {far_from_rounded}"
            );
            // It was rounded at all.
            assert!(far(&stored, &load(name), &ids) > 1e-5, "{name} {kind:?}");
        }
    }
}

/// The settings that a GGUF file can say: windows of Mistral, scales of Gemma and which layers have positions are what
/// llama.cpp knows by heart.
fn sayable(name: &str) -> Value {
    let mut config = config(name);
    match name {
        "mistral" => config["sliding_window"] = Value::Null,
        "gemma2" => config["query_pre_attn_scalar"] = json!(8),
        "gemma3" => {
            config["query_pre_attn_scalar"] = json!(8);
            config["layer_types"] = json!(vec!["sliding_attention"; 3]);
        }
        "smollm3" => config["no_rope_layers"] = json!([1, 1]),
        _ => {}
    }
    config
}

fn architecture(name: &str) -> &'static str {
    match name {
        "qwen2" => "qwen2",
        "qwen3" | "qwen3-yarn" => "qwen3",
        "phi3" | "phi3-long" => "phi3",
        "gemma2" => "gemma2",
        "gemma3" => "gemma3",
        "smollm3" => "smollm3",
        _ => "llama",
    }
}

/// What the converter calls a tensor.
fn renamed(architecture: &str, name: &str) -> String {
    let gemma = architecture.starts_with("gemma");
    let parts = [
        ("input_layernorm", "attn_norm"),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("self_attn.qkv_proj", "attn_qkv"),
        ("self_attn.q_norm", "attn_q_norm"),
        ("self_attn.k_norm", "attn_k_norm"),
        ("self_attn.o_proj", "attn_output"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.gate_up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
        ("pre_feedforward_layernorm", "ffn_norm"),
        ("post_feedforward_layernorm", "post_ffw_norm"),
        (
            "post_attention_layernorm",
            if gemma {
                "post_attention_norm"
            } else {
                "ffn_norm"
            },
        ),
    ];
    let (stem, end) = name.rsplit_once('.').expect("a name with an end");
    let stem = match stem {
        "model.embed_tokens" => "token_embd".to_owned(),
        "model.norm" => "output_norm".to_owned(),
        "lm_head" => "output".to_owned(),
        layer => {
            let rest = layer.strip_prefix("model.layers.").expect("a layer");
            let (number, part) = rest.split_once('.').expect("a part");
            let (_, part) = parts
                .iter()
                .find(|(ours, _)| *ours == part)
                .expect("a known part");
            format!("blk.{number}.{part}")
        }
    };
    format!("{stem}.{end}")
}

/// The two halves of each head's rows, one row of each in turn.
fn interleaved(tensor: &Tensor, heads: usize) -> Tensor {
    let shape = tensor.dims().to_vec();
    let rest: usize = shape[1..].iter().product();
    let split = tensor
        .reshape((heads, 2, shape[0] / heads / 2, rest))
        .unwrap();
    let turned = split.transpose(1, 2).unwrap().contiguous().unwrap();
    turned.reshape(shape).unwrap()
}

fn number(config: &Value, key: &str) -> Option<Meta> {
    let number = config.get(key)?;
    match number.as_u64() {
        Some(whole) => Some(Meta::U32(whole as u32)),
        None => Some(Meta::F32(number.as_f64()? as f32)),
    }
}

/// The metadata that the converter writes of a configuration.
fn metadata(architecture: &str, config: &Value) -> Vec<(String, Meta)> {
    let mut found = vec![(
        "general.architecture".to_owned(),
        Meta::String(architecture.to_owned()),
    )];
    for (ours, theirs) in [
        ("hidden_size", "embedding_length"),
        ("num_hidden_layers", "block_count"),
        ("intermediate_size", "feed_forward_length"),
        ("num_attention_heads", "attention.head_count"),
        ("num_key_value_heads", "attention.head_count_kv"),
        ("max_position_embeddings", "context_length"),
        ("attn_logit_softcapping", "attn_logit_softcapping"),
        ("final_logit_softcapping", "final_logit_softcapping"),
    ] {
        if let Some(number) = number(config, ours) {
            found.push((format!("{architecture}.{theirs}"), number));
        }
    }
    let float = |value: &Value| Meta::F32(value.as_f64().expect("a number") as f32);
    let mut add = |key: &str, value: Meta| found.push((format!("{architecture}.{key}"), value));
    add(
        "attention.layer_norm_rms_epsilon",
        float(&config["rms_norm_eps"]),
    );
    let rope = &config["rope_parameters"];
    let base = if rope["full_attention"].is_object() {
        &rope["full_attention"]["rope_theta"]
    } else {
        &rope["rope_theta"]
    };
    add("rope.freq_base", float(base));
    if architecture == "phi3" {
        // It has no length of a head, and a window of 0 where there is none.
        add("attention.sliding_window", Meta::U32(0));
        let original = config["original_max_position_embeddings"]
            .as_u64()
            .expect("a length");
        add(
            "rope.scaling.original_context_length",
            Meta::U32(original as u32),
        );
    } else {
        let width = config["head_dim"].as_u64().expect("a width") as u32;
        add("attention.key_length", Meta::U32(width));
        add("attention.value_length", Meta::U32(width));
    }
    if architecture.starts_with("gemma") {
        add(
            "attention.sliding_window",
            number(config, "sliding_window").expect("a window"),
        );
    }
    if rope["rope_type"] == "yarn" {
        add("rope.scaling.type", Meta::String("yarn".into()));
        add("rope.scaling.factor", float(&rope["factor"]));
        let original = rope["original_max_position_embeddings"]
            .as_u64()
            .expect("a length");
        add(
            "rope.scaling.original_context_length",
            Meta::U32(original as u32),
        );
    }
    if rope["rope_type"] == "longrope" {
        let context = config["max_position_embeddings"]
            .as_f64()
            .expect("a length");
        let original = rope["original_max_position_embeddings"]
            .as_f64()
            .expect("a length");
        let factor = (1.0 + (context / original).ln() / original.ln()).sqrt();
        add("rope.scaling.attn_factor", Meta::F32(factor as f32));
    }
    found.extend(tokens());
    found
}

fn tokens() -> Vec<(String, Meta)> {
    let text = fs::read(fixtures().join("decoder-tokenizer.json")).expect("a file");
    let json: Value = serde_json::from_slice(&text).expect("a tokenizer");
    let mut ids: Vec<(u64, String)> = json["model"]["vocab"]
        .as_object()
        .expect("a vocabulary")
        .iter()
        .map(|(token, id)| (id.as_u64().expect("an id"), token.clone()))
        .collect();
    ids.sort_unstable();
    let kind = |token: &str| match token {
        "<s>" | "</s>" | "<|im_start|>" | "<|im_end|>" => 3,
        _ => 1,
    };
    let merges = json["model"]["merges"].as_array().expect("merges").iter();
    let merges = merges.map(|merge| match merge {
        Value::String(text) => text.clone(),
        pair => format!(
            "{} {}",
            pair[0].as_str().unwrap(),
            pair[1].as_str().unwrap()
        ),
    });
    [
        ("model", Meta::String("gpt2".into())),
        ("pre", Meta::String("gpt-2".into())),
        ("bos_token_id", Meta::U32(0)),
        ("eos_token_id", Meta::U32(1)),
        ("merges", Meta::Array(merges.map(Meta::String).collect())),
        (
            "token_type",
            Meta::Array(
                ids.iter()
                    .map(|(_, token)| Meta::I32(kind(token)))
                    .collect(),
            ),
        ),
        (
            "tokens",
            Meta::Array(
                ids.into_iter()
                    .map(|(_, token)| Meta::String(token))
                    .collect(),
            ),
        ),
    ]
    .map(|(key, value)| (format!("tokenizer.ggml.{key}"), value))
    .into()
}

/// Factors of positions, as tensors.
fn factors(config: &Value) -> Vec<(&'static str, Vec<f32>)> {
    let rope = &config["rope_parameters"];
    let list = |key: &str| -> Vec<f32> {
        let list = rope[key].as_array().expect("a list").iter();
        list.map(|x| x.as_f64().expect("a number") as f32).collect()
    };
    match rope["rope_type"].as_str() {
        Some("longrope") => vec![
            ("rope_factors_long.weight", list("long_factor")),
            ("rope_factors_short.weight", list("short_factor")),
        ],
        Some("llama3") => {
            let get = |key: &str| rope[key].as_f64().expect("a number");
            let (factor, low, high) = (
                get("factor"),
                get("low_freq_factor"),
                get("high_freq_factor"),
            );
            let (original, base) = (get("original_max_position_embeddings"), get("rope_theta"));
            let width = config["head_dim"].as_u64().expect("a width") as u32;
            let of_pair = |pair: u32| {
                let wave =
                    std::f64::consts::TAU * base.powf(f64::from(2 * pair) / f64::from(width));
                if wave < original / high {
                    1.0
                } else if wave > original / low {
                    factor
                } else {
                    let smooth = (original / wave - low) / (high - low);
                    1.0 / ((1.0 - smooth) / factor + smooth)
                }
            };
            vec![(
                "rope_freqs.weight",
                (0..width / 2).map(|pair| of_pair(pair) as f32).collect(),
            )]
        }
        _ => Vec::new(),
    }
}

/// Writes the model as llama.cpp's converter does: matrices of `kind`, all else in F32.
fn convert(name: &str, config: &Value, tensors: &Tensors, kind: GgmlDType, path: &Path) {
    let architecture = architecture(name);
    let heads = |key: &str| config[key].as_u64().expect("heads") as usize;
    let mut all = Vec::new();
    for (ours, tensor) in tensors {
        let mut tensor = tensor.clone();
        if ["llama", "smollm3"].contains(&architecture) {
            if ours.contains("q_proj") {
                tensor = interleaved(&tensor, heads("num_attention_heads"));
            } else if ours.contains("k_proj") {
                tensor = interleaved(&tensor, heads("num_key_value_heads"));
            }
        }
        if architecture.starts_with("gemma") && ours.ends_with("norm.weight") {
            tensor = (tensor + 1.0).unwrap();
        }
        let kind = if tensor.rank() == 2 {
            kind
        } else {
            GgmlDType::F32
        };
        all.push((
            renamed(architecture, ours),
            QTensor::quantize(&tensor, kind).expect("a tensor"),
        ));
    }
    for (name, values) in factors(config) {
        let values = Tensor::new(values, &Device::Cpu).unwrap();
        all.push((
            name.to_owned(),
            QTensor::quantize(&values, GgmlDType::F32).unwrap(),
        ));
    }
    let metadata = metadata(architecture, config);
    let metadata: Vec<(&str, &Meta)> = metadata.iter().map(|(k, v)| (k.as_str(), v)).collect();
    let all: Vec<(&str, &QTensor)> = all.iter().map(|(k, v)| (k.as_str(), v)).collect();
    write(&mut File::create(path).expect("a file"), &metadata, &all).expect("a GGUF file");
}

#[test]
fn a_gguf_file_computes_as_the_folder_that_it_was_made_from() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in NAMES {
        let (config, tensors, ids) = (sayable(name), tensors(name), cases(name).ids);
        for (kind, stored) in [
            (GgmlDType::F32, DType::F32),
            (GgmlDType::F16, DType::F16),
            (GgmlDType::BF16, DType::BF16),
        ] {
            // One model says it for BF16, which goes the way of F16.
            if kind == GgmlDType::BF16 && name != "qwen3" {
                continue;
            }
            let path = folder.path().join(format!("{name}-{kind:?}.gguf"));
            convert(name, &config, &tensors, kind, &path);
            let ours = LocalModel::load(&path, &options())
                .unwrap_or_else(|error| panic!("{name} {kind:?}: {error}"));
            let rounded = tensors.iter().map(|(name, tensor)| {
                let rounded = match tensor.rank() {
                    2 => tensor
                        .to_dtype(stored)
                        .unwrap()
                        .to_dtype(DType::F32)
                        .unwrap(),
                    _ => tensor.clone(),
                };
                (name.clone(), rounded)
            });
            let wanted = with(name, &config, &rounded.collect());
            let far = far(&ours, &wanted, &ids);
            assert!(far < 1e-4, "{name} {kind:?}: {far}");
        }
    }
}

#[test]
fn a_gguf_file_of_sayable_settings_has_the_answers_of_transformers() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in [
        "llama2",
        "llama3",
        "qwen2",
        "qwen3",
        "qwen3-yarn",
        "phi3",
        "phi3-long",
    ] {
        let path = folder.path().join(format!("{name}.gguf"));
        convert(name, &config(name), &tensors(name), GgmlDType::F32, &path);
        let model =
            LocalModel::load(&path, &options()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let cases = cases(name);
        assert_eq!(greedy(&model, &cases.ids, 64), cases.greedy, "{name}");
    }
}

#[test]
fn factors_of_positions_that_are_none_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("llama3.gguf");
    let mut config = config("llama3");
    config["rope_parameters"]["factor"] = json!(-8.0);
    convert("llama3", &config, &tensors("llama3"), GgmlDType::F32, &path);
    let error = LocalModel::load(&path, &options()).expect_err("a factor below 0");
    assert!(matches!(error, EngineError::Damaged { .. }), "{error}");
    assert!(
        error.to_string().contains("rope_freqs.weight") && error.to_string().contains("above 0"),
        "{error}"
    );
}
