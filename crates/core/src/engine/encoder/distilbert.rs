//! DistilBERT: BERT with half the layers and no types (Sanh et al. 2019, <https://arxiv.org/abs/1910.01108>).

use candle_core::Tensor;

use super::bert::heads;
use super::block::{Activation, Layer, LayerNames, Sizes};
use super::{LAYERS, Packed, ROWS, WIDTH};
use crate::engine::config::Config;
use crate::engine::error::Result;
use crate::engine::linear::Embedding;
use crate::engine::norm::Norm;
use crate::engine::weights::Weights;

/// Names of a layer's parts.
const NAMES: LayerNames = LayerNames {
    qkv: ["attention.q_lin", "attention.k_lin", "attention.v_lin"],
    out: "attention.out_lin",
    attention_norm: "sa_layer_norm",
    up: "ffn.lin1",
    down: "ffn.lin2",
    norm: "output_layer_norm",
};

/// What transformers adds to a variance here, whatever the configuration says.
const EPSILON: f64 = 1e-12;

/// The graph.
#[derive(Debug)]
pub(crate) struct DistilBert {
    words: Embedding,
    positions: Embedding,
    norm: Norm,
    layers: Vec<Layer>,
}

impl DistilBert {
    pub(crate) fn load(config: &Config, weights: &Weights) -> Result<Self> {
        let width = config.count("dim", WIDTH)?;
        let sizes = Sizes {
            width,
            heads: heads(config, "n_heads", width)?,
            inner: config.count("hidden_dim", WIDTH)?,
            epsilon: EPSILON,
            activation: Activation::of(config, "activation")?,
        };
        let names = ["", "distilbert."];
        let body = weights.part(weights.prefix(&names, "embeddings.word_embeddings.weight"));
        let tables = body.part("embeddings");
        let layers = config.count("n_layers", LAYERS)?;
        Ok(Self {
            words: tables.embedding("word_embeddings", config.count("vocab_size", ROWS)?, width)?,
            positions: tables.embedding(
                "position_embeddings",
                config.count("max_position_embeddings", ROWS)?,
                width,
            )?,
            norm: tables.layer_norm("LayerNorm", width, EPSILON)?,
            layers: (0..layers)
                .map(|n| Layer::load(&body.part(&format!("transformer.layer.{n}")), &NAMES, sizes))
                .collect::<Result<_>>()?,
        })
    }

    pub(crate) fn width(&self) -> usize {
        self.words.width()
    }

    pub(crate) fn rows(&self) -> usize {
        self.words.rows()
    }

    pub(crate) fn limit(&self) -> usize {
        self.positions.rows()
    }

    pub(crate) fn forward(&self, batch: &Packed) -> Result<Tensor> {
        let words = self.words.forward(&batch.ids)?;
        let places = self.positions.forward(&batch.positions(0))?;
        let mut x = self.norm.forward_sum(&words, &places)?;
        for layer in &self.layers {
            x = layer.forward(&x, &batch.spans)?;
        }
        Ok(x)
    }
}
