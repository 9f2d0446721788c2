//! What llama.cpp's converter (`conversion/`) does to a model, written down by hand: names, metadata, interleaved rows of
//! queries and keys, factors of positions as tensors.

use std::fs;

use candle_core::Tensor;
use candle_core::quantized::gguf_file::Value as Meta;
use serde_json::Value;

use crate::models::fixtures;

/// What GGUF calls the architecture of a model of the fixtures.
pub(crate) fn architecture(name: &str) -> &'static str {
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
pub(crate) fn renamed(architecture: &str, name: &str) -> String {
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
pub(crate) fn interleaved(tensor: &Tensor, heads: usize) -> Tensor {
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
pub(crate) fn metadata(architecture: &str, config: &Value) -> Vec<(String, Meta)> {
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
    let width = config["head_dim"].as_u64().expect("a width") as u32;
    if !architecture.starts_with("gemma") {
        let share = rope["partial_rotary_factor"].as_f64().unwrap_or(1.0);
        let turned = (f64::from(width) * share) as u32;
        add("rope.dimension_count", Meta::U32(turned));
    }
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
    let global = &rope["full_attention"];
    if global["rope_type"] == "linear" {
        add("rope.scaling.type", Meta::String("linear".into()));
        add("rope.scaling.factor", float(&global["factor"]));
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
pub(crate) fn factors(config: &Value) -> Vec<(&'static str, Vec<f32>)> {
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
