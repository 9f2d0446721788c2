//! Phi-3 and Phi-4-mini: one matrix for queries, keys and values, one for gate and up.
//!
//! Abdin et al. 2024, <https://arxiv.org/abs/2404.14219>; transformers' `models/phi3`. Of the long
//! variants, texts up to the original length are read with the short factors.

use super::super::config::Config;
use super::super::error::Result;
use super::Shape;
use super::rope::RopeKind;

pub(super) fn shape(config: &Config) -> Result<Shape> {
    let mut shape = Shape::base(config)?;
    let window = Shape::window(config)?;
    shape.windows = vec![window; shape.layers];
    shape.fused = true;
    if let Some(original) = shape.ropes.iter().filter_map(RopeKind::short_context).min() {
        shape.context = shape.context.min(original);
    }
    Ok(shape)
}
