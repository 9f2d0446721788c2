//! ModernBERT: norms before each half, gated feed-forward halves, rotary positions, two layers in three with a window.
//!
//! Warner et al. 2024 (<https://arxiv.org/abs/2412.13663>); both the older configurations (`global_rope_theta`) and the
//! newer ones (`rope_parameters`, `layer_types`) of transformers are read. Scaled rotary positions are not supported.

use std::ops::Range;

use candle_core::{D, Tensor};

use super::bert::heads;
use super::block::{Activation, attend};
use super::{LAYERS, Packed, ROWS, WIDTH};
use crate::engine::config::Config;
use crate::engine::error::Result;
use crate::engine::linear::{Embedding, Linear};
use crate::engine::norm::Norm;
use crate::engine::ops::attention::Heads;
use crate::engine::ops::rotary;
use crate::engine::weights::{Part, Weights};

/// The graph.
#[derive(Debug)]
pub(crate) struct ModernBert {
    words: Embedding,
    norm: Norm,
    layers: Vec<ModernLayer>,
    last_norm: Norm,
    limit: usize,
}

/// What all layers share.
#[derive(Clone, Copy)]
struct Sizes {
    width: usize,
    heads: usize,
    inner: usize,
    epsilon: f64,
    activation: Activation,
}

#[derive(Debug)]
struct ModernLayer {
    attention_norm: Option<Norm>,
    qkv: Linear,
    out: Linear,
    heads: Heads,
    theta: f64,
    norm: Norm,
    up: Linear,
    activation: Activation,
    down: Linear,
}

impl ModernBert {
    pub(crate) fn load(config: &Config, weights: &Weights) -> Result<Self> {
        let width = config.count("hidden_size", WIDTH)?;
        let sizes = Sizes {
            width,
            heads: heads(config, "num_attention_heads", width)?,
            inner: config.count("intermediate_size", WIDTH)?,
            epsilon: config.number_or("norm_eps", 1e-5, 0.0..=1.0)?,
            activation: Activation::of(config, "hidden_activation")?,
        };
        let body =
            weights.part(weights.prefix(&["", "model."], "embeddings.tok_embeddings.weight"));
        let tables = body.part("embeddings");
        let layers = config.count("num_hidden_layers", LAYERS)?;
        let kinds = kinds(config, layers)?;
        let window = config.count_or("local_attention", 128, 1..=1 << 20)? / 2;
        let [whole, local] = thetas(config)?;
        Ok(Self {
            words: tables.embedding("tok_embeddings", config.count("vocab_size", ROWS)?, width)?,
            norm: tables.layer_norm("norm", width, sizes.epsilon)?,
            layers: (kinds.into_iter().enumerate())
                .map(|(n, slides)| {
                    let (reach, theta) = match slides {
                        true => (Some(window), local),
                        false => (None, whole),
                    };
                    ModernLayer::load(&body.part(&format!("layers.{n}")), sizes, reach, theta)
                })
                .collect::<Result<_>>()?,
            last_norm: body.layer_norm("final_norm", width, sizes.epsilon)?,
            limit: config.count("max_position_embeddings", ROWS)?,
        })
    }

    pub(crate) fn width(&self) -> usize {
        self.words.width()
    }

    pub(crate) fn rows(&self) -> usize {
        self.words.rows()
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn forward(&self, batch: &Packed) -> Result<Tensor> {
        let mut x = self.norm.forward(&self.words.forward(&batch.ids)?)?;
        let positions = batch.positions(0);
        for layer in &self.layers {
            x = layer.forward(&x, &positions, &batch.spans)?;
        }
        self.last_norm.forward(&x)
    }
}

/// Whether each layer sees a window only.
fn kinds(config: &Config, layers: usize) -> Result<Vec<bool>> {
    let Some(kinds) = config.get("layer_types").and_then(|kinds| kinds.as_array()) else {
        let every = config.count_or("global_attn_every_n_layers", 3, 1..=1 << 16)?;
        return Ok((0..layers).map(|n| !n.is_multiple_of(every)).collect());
    };
    if kinds.len() != layers {
        return Err(config.error(
            "layer_types",
            format!("`layer_types` names {} layers of {layers}", kinds.len()),
        ));
    }
    (kinds.iter())
        .map(|kind| match kind.as_str() {
            Some("sliding_attention") => Ok(true),
            Some("full_attention") => Ok(false),
            _ => Err(config.error(
                "layer_types",
                "a layer is neither `full_attention` nor `sliding_attention`",
            )),
        })
        .collect()
}

/// The bases of rotary positions: of whole and of windowed layers.
fn thetas(config: &Config) -> Result<[f64; 2]> {
    let theta = |old: &str, section: &str, default: f64| {
        let parameters = config
            .section("rope_parameters")
            .and_then(|all| all.section(section));
        match parameters {
            Some(parameters) => {
                parameters.word("rope_type", &[("default", ())])?;
                parameters.number_or("rope_theta", default, 1.0..=1e12)
            }
            None => config.number_or(old, default, 1.0..=1e12),
        }
    };
    Ok([
        theta("global_rope_theta", "full_attention", 160_000.0)?,
        theta("local_rope_theta", "sliding_attention", 10_000.0)?,
    ])
}

impl ModernLayer {
    fn load(part: &Part<'_>, sizes: Sizes, reach: Option<usize>, theta: f64) -> Result<Self> {
        let Sizes {
            width,
            inner,
            epsilon,
            ..
        } = sizes;
        Ok(Self {
            // The first layer has none: the embeddings are normed already.
            attention_norm: match part.contains("attn_norm.weight") {
                true => Some(part.layer_norm("attn_norm", width, epsilon)?),
                false => None,
            },
            qkv: part.linear("attn.Wqkv", width, width * 3)?,
            out: part.linear("attn.Wo", width, width)?,
            heads: Heads {
                count: sizes.heads,
                scale: 1.0 / ((width / sizes.heads) as f32).sqrt(),
                reach,
            },
            theta,
            norm: part.layer_norm("mlp_norm", width, epsilon)?,
            up: part.linear("mlp.Wi", width, inner * 2)?,
            activation: sizes.activation,
            down: part.linear("mlp.Wo", inner, width)?,
        })
    }

    fn forward(&self, x: &Tensor, positions: &[u32], spans: &[Range<usize>]) -> Result<Tensor> {
        let normed = match &self.attention_norm {
            Some(norm) => norm.forward(x)?,
            None => x.clone(),
        };
        let qkv = rotary(
            &self.qkv.forward(&normed)?,
            positions,
            self.heads.count,
            self.theta,
        )?;
        let x = (x + self.out.forward(&attend(&qkv, spans, self.heads)?)?)?;
        let both = self.up.forward(&self.norm.forward(&x)?)?;
        let inner = both.dim(1)? / 2;
        let value = self
            .activation
            .apply(&both.narrow(D::Minus1, 0, inner)?.contiguous()?, None)?;
        let gate = both.narrow(D::Minus1, inner, inner)?;
        Ok((x + self.down.forward(&(value * gate)?)?)?)
    }
}
