//! The weights of a decoder, by the names that all architectures share.

use super::super::error::Result;
use super::super::linear::{Embedding, Linear};
use super::super::norm::Norm;
use super::super::weights::Weights;
use super::layer::{self, Layer};
use super::rope::Rope;
use super::shape::Shape;

/// What stands before the names of the body, and what the output layer is called: of a model of text, and of one inside a
/// model that sees, as transformers has written it before 4.52, and since; then of each without its output layer, which has
/// no name of a body before its own.
const PLACES: [(&str, &str); 6] = [
    ("model.", "lm_head"),
    ("language_model.model.", "language_model.lm_head"),
    ("model.language_model.", "lm_head"),
    (
        "model.language_model.model.",
        "model.language_model.lm_head",
    ),
    ("", "lm_head"),
    ("language_model.", "lm_head"),
];

fn place(weights: &Weights) -> (&'static str, &'static str) {
    let there = |(body, _): &&(&'static str, &'static str)| {
        weights.contains(&format!("{body}embed_tokens.weight"))
    };
    *PLACES.iter().find(there).unwrap_or(&PLACES[0])
}

/// Table, layers and last norm: what makes hidden states of tokens.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) ropes: Vec<Rope>,
    pub(super) embedding: Embedding,
    pub(super) layers: Vec<Layer>,
    pub(super) norm: Norm,
}

/// A body, and the output layer that makes logits of what it gives.
#[derive(Debug)]
pub(super) struct Stack {
    pub(super) body: Body,
    pub(super) head: Linear,
}

impl Body {
    /// Reads all weights but those of the output layer onto their device.
    ///
    /// # Errors
    /// Where a weight is missing, of another shape or damaged.
    pub(super) fn load(shape: &Shape, weights: &Weights) -> Result<Self> {
        let (body, _) = place(weights);
        let embedding = weights.embedding(
            &format!("{body}embed_tokens"),
            shape.vocabulary,
            shape.hidden,
        )?;
        let mut layers = Vec::with_capacity(shape.layers);
        for number in 0..shape.layers {
            layers.push(Layer::load(
                shape,
                weights,
                &format!("{body}layers.{number}"),
                number,
            )?);
        }
        Ok(Self {
            norm: layer::norm(shape, weights, &format!("{body}norm"), shape.hidden)?,
            ropes: shape.ropes.iter().map(Rope::new).collect(),
            embedding,
            layers,
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

impl Stack {
    /// Reads all weights onto their device.
    ///
    /// # Errors
    /// As [`Body::load`].
    pub(super) fn load(shape: &Shape, weights: &Weights) -> Result<Self> {
        let body = Body::load(shape, weights)?;
        // A head that is said to stand by itself and does not is missing: the table in its place would give
        // words, but wrong ones.
        let head = match shape.tied {
            true => body.embedding.as_linear(),
            false => weights.linear(place(weights).1, shape.hidden, shape.vocabulary)?,
        };
        Ok(Self { body, head })
    }
}
