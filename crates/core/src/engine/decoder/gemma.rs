//! Gemma 2 and 3: norms around both halves of a layer, gains with one added, embeddings multiplied
//! by the root of their width, local and global layers in turn; 2 caps its logits, 3 normalises heads.
//!
//! <https://arxiv.org/abs/2408.00118>, <https://arxiv.org/abs/2503.19786>; transformers'
//! `models/gemma2` and `models/gemma3`. Of Gemma 3 only text is read, no pictures.

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

/// Gemma 2.
pub(super) fn shape2(config: &Config) -> Result<Shape> {
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

/// Gemma 3.
pub(super) fn shape3(config: &Config) -> Result<Shape> {
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
    let local = match config.get("rope_local_base_freq") {
        Some(_) => RopeKind::plain(config.number("rope_local_base_freq", 1.0..=1e12)?, width),
        None => RopeKind::read(config, Some("sliding_attention"), width, context, 10_000.0)?,
    };
    shape.ropes = vec![global, local];
    shape.rope_of = sliding
        .iter()
        .map(|slides| Some(usize::from(*slides)))
        .collect();
    Ok(shape)
}
