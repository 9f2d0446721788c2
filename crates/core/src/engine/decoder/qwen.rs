//! Qwen 2, 2.5 and 3: biases on queries, keys and values; since 3 norms on each head instead.
//!
//! <https://arxiv.org/abs/2412.15115>, <https://arxiv.org/abs/2505.09388>; transformers'
//! `models/qwen2` and `models/qwen3`. The mixture-of-experts models are others.

use super::super::config::Config;
use super::super::error::Result;
use super::Shape;

/// Qwen 2 and 2.5.
pub(super) fn shape2(config: &Config) -> Result<Shape> {
    let mut shape = Shape::base(config)?;
    if config.bool_or("use_sliding_window", false)? {
        let window = Shape::window(config)?;
        let first = config.count_or("max_window_layers", 28, 0..=4096)?;
        let sliding = Shape::sliding(config, shape.layers, |layer| layer >= first)?;
        shape.windows = sliding
            .iter()
            .map(|slides| window.filter(|_| *slides))
            .collect();
    }
    Ok(shape)
}

/// Qwen 3.
pub(super) fn shape3(config: &Config) -> Result<Shape> {
    let mut shape = shape2(config)?;
    if config.get("head_dim").is_none() {
        return Err(config.error("head_dim", "`head_dim` is missing"));
    }
    shape.head_norms = true;
    Ok(shape)
}
