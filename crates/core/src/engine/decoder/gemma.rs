//! Gemma 2 and 3: norms around both halves of a layer, gains with one added, embeddings multiplied
//! by the root of their width, local and global layers in turn; 2 caps its logits, 3 normalises heads.
//!
//! <https://arxiv.org/abs/2408.00118>, <https://arxiv.org/abs/2503.19786>; transformers'
//! `models/gemma2` and `models/gemma3`. Of Gemma 3 only text is read, no pictures.

use serde_json::{Value, json};

use super::super::config::Config;
use super::super::error::Result;
use super::Shape;
use super::rope::RopeKind;
use super::shape::Activation;

fn both(config: &Config) -> Result<Shape> {
    let mut shape = Shape::base(config)?;
    if config.get("head_dim").is_none() {
        return Err(config.error("head_dim", "`head_dim` is missing"));
    }
    // The activation stands under two names; the one without `hidden_act` is right where both do.
    let words = [
        ("gelu_pytorch_tanh", Activation::GeluTanh),
        ("gelu", Activation::Gelu),
    ];
    shape.activation = config.word("hidden_activation", &words)?;
    shape.tied = config.bool_or("tie_word_embeddings", true)?;
    shape.gain_plus_one = true;
    shape.outer_norms = true;
    shape.embedding_scale = (shape.hidden as f64).sqrt();
    let scalar = config.number_or("query_pre_attn_scalar", 256.0, 1.0..=1e6)?;
    shape.attention_scale = (scalar as f32).powf(-0.5);
    shape.final_softcap = Shape::softcap(config, "final_logit_softcapping")?;
    Ok(shape)
}

/// The caps that transformers' `Gemma2Config`, and llama.cpp, take where nothing is said of them; `null` is none.
fn caps2() -> [(&'static str, Value); 2] {
    [
        ("attn_logit_softcapping", json!(50.0)),
        ("final_logit_softcapping", json!(30.0)),
    ]
}

/// Gemma 2.
pub(super) fn shape2(config: &Config) -> Result<Shape> {
    let config = &config.with_defaults(&caps2());
    let mut shape = both(config)?;
    shape.attention_softcap = Shape::softcap(config, "attn_logit_softcapping")?;
    let window = config.count_or("sliding_window", 4096, 1..=1 << 28)?;
    let sliding = Shape::sliding(config, shape.layers, |layer| layer % 2 == 0)?;
    shape.windows = sliding
        .iter()
        .map(|slides| slides.then_some(window))
        .collect();
    Ok(shape)
}

/// The sizes that transformers' `Gemma3TextConfig` takes where a configuration says nothing. Models that also see name only
/// what differs: of the 4B that is width, layers and window.
fn sizes3() -> [(&'static str, Value); 8] {
    [
        ("vocab_size", json!(262_208)),
        ("hidden_size", json!(2304)),
        ("intermediate_size", json!(9216)),
        ("num_hidden_layers", json!(26)),
        ("num_attention_heads", json!(8)),
        ("num_key_value_heads", json!(4)),
        ("head_dim", json!(256)),
        ("max_position_embeddings", json!(131_072)),
    ]
}

/// Positions of local layers: their own section of `rope_parameters`, else unscaled ones. `rope_theta` and `rope_scaling`
/// beside it are those of global layers.
fn local_rope(config: &Config, width: usize, context: usize) -> Result<RopeKind> {
    let kinds = config.section("rope_parameters");
    let own = kinds.and_then(|kinds| kinds.section("sliding_attention"));
    let base_in = own.as_ref().filter(|own| own.get("rope_theta").is_some());
    let base = match base_in {
        Some(own) => own.number("rope_theta", 1.0..=1e12)?,
        None => config.number_or("rope_local_base_freq", 10_000.0, 1.0..=1e12)?,
    };
    RopeKind::scaled(config, own, width, context, base)
}

/// Gemma 3.
pub(super) fn shape3(config: &Config) -> Result<Shape> {
    let config = &config.with_defaults(&sizes3());
    let mut shape = both(config)?;
    shape.head_norms = true;
    let window = config.count_or("sliding_window", 4096, 1..=1 << 28)?;
    let pattern = config.count_or("sliding_window_pattern", 6, 1..=1024)?;
    let sliding = Shape::sliding(config, shape.layers, |layer| {
        !(layer + 1).is_multiple_of(pattern)
    })?;
    shape.windows = sliding
        .iter()
        .map(|slides| slides.then_some(window))
        .collect();
    let (width, context) = (shape.head_width, shape.context);
    let global = RopeKind::read(config, Some("full_attention"), width, context, 1e6)?;
    shape.ropes = vec![global, local_rope(config, width, context)?];
    shape.rope_of = sliding
        .iter()
        .map(|slides| Some(usize::from(*slides)))
        .collect();
    Ok(shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::decoder::shape;

    fn read(text: &str) -> Shape {
        shape(&Config::parse("config.json", text).expect("settings")).expect("a shape")
    }

    fn sizes(shape: &Shape) -> [usize; 8] {
        [
            shape.vocabulary,
            shape.hidden,
            shape.intermediate,
            shape.layers,
            shape.heads,
            shape.kv_heads,
            shape.head_width,
            shape.context,
        ]
    }

    /// `config.json` of the published models, what is about pictures left out.
    #[test]
    fn the_models_that_see_are_read_by_what_they_leave_out() {
        let scaling = r#""rope_scaling": {"factor": 8.0, "rope_type": "linear"}"#;
        for (said, wanted, scale) in [
            ("", [262_208, 2304, 9216, 34, 8, 4, 256, 131_072], 256.0_f32),
            (
                r#""hidden_size": 2560, "intermediate_size": 10240, "#,
                [262_208, 2560, 10_240, 34, 8, 4, 256, 131_072],
                256.0,
            ),
            (
                r#""hidden_size": 5376, "intermediate_size": 21504, "head_dim": 128, "num_attention_heads": 32,
                "num_key_value_heads": 16, "query_pre_attn_scalar": 168, "#,
                [262_208, 5376, 21_504, 34, 32, 16, 128, 131_072],
                168.0,
            ),
        ] {
            let shape = read(&format!(
                r#"{{"model_type": "gemma3", "text_config": {{"model_type": "gemma3_text", {said}{scaling},
                "num_hidden_layers": 34, "sliding_window": 1024}}}}"#
            ));
            assert_eq!(sizes(&shape), wanted, "{said}");
            assert_eq!(shape.attention_scale, scale.powf(-0.5), "{said}");
            assert!(shape.tied && shape.epsilon == 1e-6, "{said}");
            let windows = [Some(1024), Some(1024), None, Some(1024)];
            assert_eq!(shape.windows[3..7], windows, "{said}");
            let config = Config::parse("config.json", "{}").expect("settings");
            let plain = |base| {
                RopeKind::scaled(&config, None, wanted[6], 1, base).expect("unscaled positions")
            };
            // Scaled in global layers alone.
            assert_eq!(shape.ropes[1], plain(10_000.0), "{said}");
            assert_ne!(shape.ropes[0], plain(1e6), "{said}");
            assert_eq!(shape.rope_of[4..7], [Some(1), Some(0), Some(1)], "{said}");
        }
        let shape = read(r#"{"model_type": "gemma3", "text_config": {}}"#);
        assert_eq!(sizes(&shape), [262_208, 2304, 9216, 26, 8, 4, 256, 131_072]);
        assert_eq!(shape.windows[0], Some(4096));
    }

    #[test]
    fn caps_that_gemma_2_leaves_out_are_the_usual_ones_and_null_is_none() {
        let caps = |kind: &str, said: &str| {
            let shape = read(&format!(
                r#"{{"model_type": "{kind}", "vocab_size": 8, "hidden_size": 8, "intermediate_size": 8,
                "num_hidden_layers": 1, "num_attention_heads": 4, "head_dim": 8{said}}}"#
            ));
            (shape.attention_softcap, shape.final_softcap)
        };
        let (attention, last) = ("attn_logit_softcapping", "final_logit_softcapping");
        for (said, wanted) in [
            (String::new(), (Some(50.0), Some(30.0))),
            (format!(r#", "{attention}": null"#), (None, Some(30.0))),
            (format!(r#", "{last}": null"#), (Some(50.0), None)),
            (
                format!(r#", "{attention}": null, "{last}": null"#),
                (None, None),
            ),
            (
                format!(r#", "{attention}": 5.0, "{last}": 8"#),
                (Some(5.0), Some(8.0)),
            ),
        ] {
            assert_eq!(caps("gemma2", &said), wanted, "{said}");
        }
        assert_eq!(caps("gemma3_text", ""), (None, None));
    }
}
