//! BERT, RoBERTa, XLM-R and CamemBERT: one graph, which differs in names and in where positions begin.
//!
//! Devlin et al. 2019 (<https://arxiv.org/abs/1810.04805>), Liu et al. 2019 (<https://arxiv.org/abs/1907.11692>);
//! configurations and names as transformers has them. Relative positions of old checkpoints are not supported.

use candle_core::Tensor;

use super::block::{Activation, Layer, LayerNames, Sizes};
use super::{LAYERS, Packed, ROWS, WIDTH};
use crate::engine::config::Config;
use crate::engine::error::Result;
use crate::engine::linear::Embedding;
use crate::engine::norm::Norm;
use crate::engine::weights::Weights;

/// Names of a layer's parts.
const NAMES: LayerNames = LayerNames {
    qkv: [
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
    ],
    out: "attention.output.dense",
    attention_norm: "attention.output.LayerNorm",
    up: "intermediate.dense",
    down: "output.dense",
    norm: "output.LayerNorm",
};

/// The graph.
#[derive(Debug)]
pub(crate) struct Bert {
    words: Embedding,
    positions: Embedding,
    types: Option<Embedding>,
    norm: Norm,
    layers: Vec<Layer>,
    first_position: u32,
}

impl Bert {
    pub(crate) fn load(config: &Config, weights: &Weights) -> Result<Self> {
        let width = config.count("hidden_size", WIDTH)?;
        let sizes = Sizes {
            width,
            heads: heads(config, "num_attention_heads", width)?,
            inner: config.count("intermediate_size", WIDTH)?,
            epsilon: config.number_or("layer_norm_eps", 1e-12, 0.0..=1.0)?,
            activation: Activation::of(config, "hidden_act")?,
        };
        config.word("position_embedding_type", &[("absolute", ())])?;
        // RoBERTa counts from the number of its padding token on.
        let roberta = config.model_type() != "bert";
        let first_position = match roberta {
            true => config.count_or("pad_token_id", 1, 0..=1 << 20)? as u32 + 1,
            false => 0,
        };
        let names = ["", "bert.", "roberta.", "model."];
        let body = weights.part(weights.prefix(&names, "embeddings.word_embeddings.weight"));
        let tables = body.part("embeddings");
        let types = config.count_or("type_vocab_size", 2, 0..=1 << 16)?;
        let layers = config.count("num_hidden_layers", LAYERS)?;
        Ok(Self {
            words: tables.embedding("word_embeddings", config.count("vocab_size", ROWS)?, width)?,
            positions: tables.embedding(
                "position_embeddings",
                config.count("max_position_embeddings", ROWS)?,
                width,
            )?,
            types: match types {
                0 => None,
                types => Some(tables.embedding("token_type_embeddings", types, width)?),
            },
            norm: tables.layer_norm("LayerNorm", width, sizes.epsilon)?,
            layers: (0..layers)
                .map(|n| Layer::load(&body.part(&format!("encoder.layer.{n}")), &NAMES, sizes))
                .collect::<Result<_>>()?,
            first_position,
        })
    }

    pub(crate) fn width(&self) -> usize {
        self.words.width()
    }

    pub(crate) fn rows(&self) -> usize {
        self.words.rows()
    }

    pub(crate) fn limit(&self) -> usize {
        self.positions
            .rows()
            .saturating_sub(self.first_position as usize)
    }

    pub(crate) fn forward(&self, batch: &Packed) -> Result<Tensor> {
        let words = self.words.forward(&batch.ids)?;
        let mut places = self
            .positions
            .forward(&batch.positions(self.first_position))?;
        if let Some(types) = &self.types {
            // RoBERTa has one type for all.
            let ids = match types.rows() {
                1 => vec![0; batch.ids.len()],
                _ => batch.types.clone(),
            };
            places = (types.forward(&ids)? + places)?;
        }
        let mut x = self.norm.forward_sum(&words, &places)?;
        for layer in &self.layers {
            x = layer.forward(&x, &batch.spans)?;
        }
        Ok(x)
    }
}

/// The number of heads, which must share the width.
pub(crate) fn heads(config: &Config, key: &str, width: usize) -> Result<usize> {
    let heads = config.count(key, 1..=width)?;
    match width.is_multiple_of(heads) {
        true => Ok(heads),
        false => Err(config.error(
            key,
            format!("{heads} heads cannot share a width of {width}"),
        )),
    }
}
