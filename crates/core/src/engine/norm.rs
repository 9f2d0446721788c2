//! Norms over the last dimension: layer norm and root-mean-square norm.
//!
//! `[…, width]` in and out, each row by itself.

use candle_core::{D, Tensor};

use super::error::Result;

/// What norms over the last dimension share: a gain, and for layer norms a bias.
#[derive(Clone, Debug)]
pub struct Norm {
    gain: Tensor,
    bias: Option<Tensor>,
    epsilon: f64,
    centred: bool,
}

impl Norm {
    /// A layer norm: `(x - mean) / sqrt(variance + epsilon) * gain + bias` (Ba et al. 2016,
    /// <https://arxiv.org/abs/1607.06450>).
    pub fn layer(gain: Tensor, bias: Option<Tensor>, epsilon: f64) -> Self {
        Self {
            gain,
            bias,
            epsilon,
            centred: true,
        }
    }

    /// A root-mean-square norm: `x / sqrt(mean(x²) + epsilon) * gain` (Zhang and Sennrich 2019,
    /// <https://arxiv.org/abs/1910.07467>).
    pub fn root_mean_square(gain: Tensor, epsilon: f64) -> Self {
        Self {
            gain,
            bias: None,
            epsilon,
            centred: false,
        }
    }

    /// `[…, width]` to the same shape.
    ///
    /// # Errors
    /// [`EngineError::Compute`](super::EngineError::Compute) where the width is another.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if let Some(y) = super::ops::norm(
            x,
            &self.gain,
            self.bias.as_ref(),
            self.epsilon,
            self.centred,
        )? {
            return Ok(y);
        }
        let x = match self.centred {
            true => x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?,
            false => x.clone(),
        };
        let scale = (x.sqr()?.mean_keepdim(D::Minus1)? + self.epsilon)?.sqrt()?;
        let y = x.broadcast_div(&scale)?.broadcast_mul(&self.gain)?;
        Ok(match &self.bias {
            Some(bias) => y.broadcast_add(bias)?,
            None => y,
        })
    }

    /// The norm of a sum: what follows a residual connection.
    ///
    /// # Errors
    /// [`EngineError::Compute`](super::EngineError::Compute) where shapes differ.
    pub fn forward_sum(&self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        let bias = self.bias.as_ref();
        match super::ops::norm_of_sum(x, y, &self.gain, bias, self.epsilon, self.centred)? {
            Some(normed) => Ok(normed),
            None => self.forward(&(x + y)?),
        }
    }
}
