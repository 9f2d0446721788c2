//! One model, its configuration in several words: what older versions of transformers wrote, what is left out because it
//! is usual, and a text model inside one that sees. The logits are the same.

use botsmith_core::engine::LocalModel;
use candle_core::{Device, Tensor};
use serde_json::{Value, json};

use crate::models::{cases, load};
use crate::stored::{Tensors, config, far, tensors, with};

fn logits(model: &LocalModel, ids: &[u32]) -> Vec<Vec<f32>> {
    model.logits(ids, true).expect("logits")
}

/// The configuration with some settings taken away and others put there.
fn changed(config: &Value, without: &[&str], with: &Value) -> Value {
    let mut config = config.clone();
    let settings = config.as_object_mut().expect("settings");
    for key in without {
        settings.remove(*key);
    }
    settings.extend(with.as_object().expect("settings").clone());
    config
}

#[test]
fn what_older_versions_wrote_is_read_as_what_newer_ones_write() {
    let windows = json!({"use_sliding_window": true, "sliding_window": 5, "max_window_layers": 1});
    let phi = config("phi3-long");
    let factors = |key: &str| phi["rope_parameters"][key].clone();
    for (name, new, old) in [
        (
            "llama2",
            json!({"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 5e3}}),
            json!({"rope_scaling": {"type": "linear", "factor": 4.0}, "rope_theta": 5e3}),
        ),
        (
            "llama2",
            json!({"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 5e3}}),
            json!({"rope_scaling": {"rope_type": "linear", "factor": 4.0}, "rope_theta": 5e3}),
        ),
        (
            "mistral",
            json!({"rope_parameters": {"rope_type": "default", "rope_theta": 1e6}}),
            json!({"rope_theta": 1e6, "rope_scaling": null}),
        ),
        (
            "llama3",
            json!({}),
            json!({"rope_theta": 1e4, "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                "high_freq_factor": 4.0, "original_max_position_embeddings": 32}}),
        ),
        (
            "qwen3-yarn",
            json!({}),
            json!({"rope_theta": 1e4, "rope_scaling":
                {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}}),
        ),
        (
            "phi3-long",
            json!({}),
            json!({"rope_theta": 1e4, "rope_scaling":
                {"type": "su", "short_factor": factors("short_factor"), "long_factor": factors("long_factor")}}),
        ),
        (
            "gemma3",
            json!({"rope_parameters": {
                "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 2e5},
                "sliding_attention": {"rope_type": "default", "rope_theta": 5e3}}}),
            json!({"rope_theta": 2e5, "rope_scaling": {"rope_type": "linear", "factor": 8.0},
                "rope_local_base_freq": 5e3, "sliding_window_pattern": 2}),
        ),
        // Local layers have their own usual base, and no scaling.
        (
            "gemma3",
            json!({"rope_parameters": {
                "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 2e5},
                "sliding_attention": {"rope_type": "default", "rope_theta": 1e4}}}),
            json!({"rope_theta": 2e5, "rope_scaling": {"type": "linear", "factor": 8.0},
                "sliding_window_pattern": 2}),
        ),
        (
            "qwen2",
            changed(
                &windows,
                &[],
                &json!({"layer_types": ["full_attention", "sliding_attention"]}),
            ),
            changed(&windows, &[], &json!({"rope_theta": 1e4})),
        ),
        // The layers without positions have the window.
        (
            "smollm3",
            changed(
                &windows,
                &[],
                &json!({"layer_types": ["full_attention", "sliding_attention"]}),
            ),
            changed(&windows, &[], &json!({"rope_theta": 2e6})),
        ),
    ] {
        let (base, tensors, ids) = (config(name), tensors(name), cases(name).ids);
        let newer = with(name, &changed(&base, &[], &new), &tensors);
        let gone = ["rope_parameters", "layer_types", "_sliding_window_pattern"];
        let older = changed(&base, &gone, &old);
        let older = with(name, &older, &tensors);
        assert_eq!(logits(&newer, &ids), logits(&older, &ids), "{name}: {old}");
        // What is said is heard.
        if new != json!({}) {
            assert!(far(&newer, &load(name), &ids) > 1e-3, "{name}: {new}");
        }
    }
}

/// Numbers of no meaning, the same on every machine.
fn drawn(shape: &[usize], name: &str) -> Tensor {
    let mut state = name
        .bytes()
        .fold(7_u32, |hash, byte| hash.wrapping_mul(31) + u32::from(byte));
    let count = shape.iter().product();
    let numbers: Vec<f32> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    })
    .take(count)
    .collect();
    Tensor::from_vec(numbers, shape, &Device::Cpu).expect("a tensor")
}

/// A narrow Gemma 3 of 7 layers whose heads are as many and as wide as usual.
fn usual_heads() -> Tensors {
    let (hidden, feed) = (16, 24);
    let mut shapes = vec![
        ("model.embed_tokens".to_owned(), vec![272, hidden]),
        ("model.norm".to_owned(), vec![hidden]),
    ];
    for layer in 0..7 {
        for (part, shape) in [
            ("input_layernorm", vec![hidden]),
            ("post_attention_layernorm", vec![hidden]),
            ("pre_feedforward_layernorm", vec![hidden]),
            ("post_feedforward_layernorm", vec![hidden]),
            ("self_attn.q_proj", vec![8 * 256, hidden]),
            ("self_attn.k_proj", vec![4 * 256, hidden]),
            ("self_attn.v_proj", vec![4 * 256, hidden]),
            ("self_attn.o_proj", vec![hidden, 8 * 256]),
            ("self_attn.q_norm", vec![256]),
            ("self_attn.k_norm", vec![256]),
            ("mlp.gate_proj", vec![feed, hidden]),
            ("mlp.up_proj", vec![feed, hidden]),
            ("mlp.down_proj", vec![hidden, feed]),
        ] {
            shapes.push((format!("model.layers.{layer}.{part}"), shape));
        }
    }
    shapes
        .into_iter()
        .map(|(name, shape)| {
            let tensor = drawn(&shape, &name);
            (format!("{name}.weight"), tensor)
        })
        .collect()
}

/// The names that the tensors have inside a model that sees, and one of its own.
fn inside(tensors: &Tensors, body: &str) -> Tensors {
    let renamed = tensors.iter().map(|(name, tensor)| {
        let rest = name.strip_prefix("model.").expect("a name of the body");
        (format!("{body}{rest}"), tensor.clone())
    });
    let sees = "vision_tower.vision_model.post_layernorm.weight";
    renamed
        .chain([(sees.to_owned(), drawn(&[4], sees))])
        .collect()
}

#[test]
fn a_text_model_inside_one_that_sees_is_the_same() {
    let (text, tensors, ids) = (config("gemma3"), tensors("gemma3"), cases("gemma3").ids);
    let wanted = logits(&load("gemma3"), &ids);
    let whole = json!({
        "architectures": ["Gemma3ForConditionalGeneration"],
        "model_type": "gemma3",
        "text_config": text,
        "vision_config": {"model_type": "siglip_vision_model", "hidden_size": 4},
    });
    for body in ["language_model.model.", "model.language_model."] {
        let model = with("gemma3", &whole, &inside(&tensors, body));
        assert_eq!(logits(&model, &ids), wanted, "{body}");
    }
}

#[test]
fn what_a_configuration_of_gemma_leaves_out_is_as_transformers_has_it() {
    let tensors = usual_heads();
    let said = json!({
        "model_type": "gemma3_text",
        "vocab_size": 272,
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_hidden_layers": 7,
        "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
    });
    let mut types = vec!["sliding_attention"; 7];
    types[5] = "full_attention";
    let all = json!({
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "hidden_activation": "gelu_pytorch_tanh",
        "query_pre_attn_scalar": 256,
        "max_position_embeddings": 131_072,
        "rms_norm_eps": 1e-6,
        "sliding_window": 4096,
        "layer_types": types,
        "tie_word_embeddings": true,
        "rope_parameters": {
            "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
            "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
        },
    });
    let ids = cases("gemma3").ids;
    let all = with("gemma3", &changed(&said, &["rope_scaling"], &all), &tensors);
    let wanted = logits(&all, &ids);
    assert_eq!(logits(&with("gemma3", &said, &tensors), &ids), wanted);
    let whole = json!({"model_type": "gemma3", "text_config": said, "vision_config": {}});
    let sees = inside(&tensors, "language_model.model.");
    let model = with("gemma3", &whole, &sees);
    assert_eq!(logits(&model, &ids), wanted);
    assert_eq!(model.context(), 131_072);
}
