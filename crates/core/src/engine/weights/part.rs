//! A part of the weights: everything whose name begins with a prefix.

use candle_core::Tensor;

use super::Weights;
use crate::engine::error::Result;
use crate::engine::linear::{Embedding, Linear};
use crate::engine::norm::Norm;

/// The tensors under a prefix, read by the rest of their names.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    weights: &'a Weights,
    prefix: String,
}

impl<'a> Part<'a> {
    pub(super) fn new(weights: &'a Weights, prefix: String) -> Self {
        Self { weights, prefix }
    }

    /// The full name of `name` in this part.
    pub fn name(&self, name: &str) -> String {
        match self.prefix.is_empty() || self.prefix.ends_with('.') {
            true => format!("{}{name}", self.prefix),
            false => format!("{}.{name}", self.prefix),
        }
    }

    /// All the weights.
    pub fn weights(&self) -> &'a Weights {
        self.weights
    }

    /// A part of this part.
    #[must_use]
    pub fn part(&self, name: &str) -> Self {
        Self::new(self.weights, self.name(name))
    }

    /// Whether there is a tensor of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.weights.contains(&self.name(name))
    }

    /// A dense tensor; see [`Weights::tensor`].
    ///
    /// # Errors
    /// As [`Weights::tensor`].
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        self.weights.tensor(&self.name(name), shape)
    }

    /// A linear map; see [`Weights::linear`].
    ///
    /// # Errors
    /// As [`Weights::tensor`].
    pub fn linear(&self, name: &str, inputs: usize, outputs: usize) -> Result<Linear> {
        self.weights.linear(&self.name(name), inputs, outputs)
    }

    /// A table of embeddings; see [`Weights::embedding`].
    ///
    /// # Errors
    /// As [`Weights::tensor`].
    pub fn embedding(&self, name: &str, rows: usize, width: usize) -> Result<Embedding> {
        self.weights.embedding(&self.name(name), rows, width)
    }

    /// A layer norm: `name.weight`, and `name.bias` where that is there.
    ///
    /// # Errors
    /// As [`Weights::tensor`].
    pub fn layer_norm(&self, name: &str, width: usize, epsilon: f64) -> Result<Norm> {
        let part = self.part(name);
        let gain = part.tensor("weight", &[width])?;
        let bias = match part.contains("bias") {
            true => Some(part.tensor("bias", &[width])?),
            false => None,
        };
        Ok(Norm::layer(gain, bias, epsilon))
    }
}
