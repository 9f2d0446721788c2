//! Llama 2 and 3, and what is built like them (`SmolLM`, `TinyLlama`, Yi).
//!
//! Touvron et al. 2023, <https://arxiv.org/abs/2307.09288>; transformers' `models/llama`.

use super::super::config::Config;
use super::super::error::Result;
use super::Shape;

pub(super) fn shape(config: &Config) -> Result<Shape> {
    Shape::base(config)
}
