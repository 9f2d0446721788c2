//! Mistral: Llama with a window over the last tokens in every layer, where one is given.
//!
//! Jiang et al. 2023, <https://arxiv.org/abs/2310.06825>; transformers' `models/mistral`.

use super::super::config::Config;
use super::super::error::Result;
use super::Shape;

pub(super) fn shape(config: &Config) -> Result<Shape> {
    let mut shape = Shape::base(config)?;
    let window = Shape::window(config)?;
    shape.windows = vec![window; shape.layers];
    Ok(shape)
}
