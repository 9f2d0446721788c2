//! The weights of a decoder, by the names that all architectures share.

use super::super::error::Result;
use super::super::linear::{Embedding, Linear};
use super::super::norm::Norm;
use super::super::weights::Weights;
use super::layer::{self, Layer};
use super::rope::Rope;
use super::shape::Shape;

/// Table, layers, last norm and output layer.
#[derive(Debug)]
pub(super) struct Stack {
    pub(super) ropes: Vec<Rope>,
    pub(super) embedding: Embedding,
    pub(super) layers: Vec<Layer>,
    pub(super) norm: Norm,
    pub(super) head: Linear,
}

impl Stack {
    /// Reads all weights onto their device.
    ///
    /// # Errors
    /// Where a weight is missing, of another shape or damaged.
    pub(super) fn load(shape: &Shape, weights: &Weights) -> Result<Self> {
        let first = "model.embed_tokens.weight";
        let prefix = weights.prefix(&["", "language_model.", "model.language_model."], first);
        let prefix = match prefix {
            // Older multimodal checkpoints: `model.language_model.embed_tokens`.
            "" if !weights.contains(first)
                && weights.contains("model.language_model.embed_tokens.weight") =>
            {
                "model.language_model.".to_owned()
            }
            prefix => format!("{prefix}model."),
        };
        let embedding = weights.embedding(
            &format!("{prefix}embed_tokens"),
            shape.vocabulary,
            shape.hidden,
        )?;
        let head_name = match prefix.strip_suffix("model.") {
            Some(outside) => format!("{outside}lm_head"),
            None => "lm_head".to_owned(),
        };
        // A head that is said to stand by itself and does not is missing: the table in its place would give
        // words, but wrong ones.
        let head = match shape.tied {
            true => embedding.as_linear(),
            false => weights.linear(&head_name, shape.hidden, shape.vocabulary)?,
        };
        let mut layers = Vec::with_capacity(shape.layers);
        for number in 0..shape.layers {
            layers.push(Layer::load(
                shape,
                weights,
                &format!("{prefix}layers.{number}"),
                number,
            )?);
        }
        Ok(Self {
            norm: layer::norm(shape, weights, &format!("{prefix}norm"), shape.hidden)?,
            ropes: shape.ropes.iter().map(Rope::new).collect(),
            embedding,
            layers,
            head,
        })
    }

    /// The rows of `tokens`, as the first layer takes them.
    ///
    /// # Errors
    /// [`EngineError::Vocabulary`](super::super::EngineError::Vocabulary).
    pub(super) fn embedded(&self, shape: &Shape, tokens: &[u32]) -> Result<candle_core::Tensor> {
        let x = self.embedding.forward(tokens)?;
        Ok(match shape.embedding_scale == 1.0 {
            true => x,
            false => (x * shape.embedding_scale)?,
        })
    }
}
