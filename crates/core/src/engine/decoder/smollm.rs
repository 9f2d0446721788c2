//! `SmolLM3`: Llama with no positions in every fourth layer. (`SmolLM` 1 and 2 are Llama models.)
//!
//! <https://huggingface.co/blog/smollm3>; transformers' `models/smollm3`.

use super::super::config::Config;
use super::super::error::Result;
use super::Shape;

pub(super) fn shape(config: &Config) -> Result<Shape> {
    let mut shape = Shape::base(config)?;
    let every = config.count_or("no_rope_layer_interval", 4, 1..=1024)?;
    let given = config
        .get("no_rope_layers")
        .and_then(|layers| layers.as_array());
    shape.rope_of = (0..shape.layers)
        .map(|layer| {
            let usual = u64::from(!(layer + 1).is_multiple_of(every));
            let says = given
                .and_then(|given| given.get(layer)?.as_u64())
                .unwrap_or(usual);
            (says != 0).then_some(0)
        })
        .collect();
    if config.bool_or("use_sliding_window", false)? {
        let window = Shape::window(config)?;
        // Where it is not said, the layers without positions.
        let sliding = Shape::sliding(config, shape.layers, |layer| shape.rope_of[layer].is_none())?;
        shape.windows = sliding
            .iter()
            .map(|slides| window.filter(|_| *slides))
            .collect();
    }
    shape.tied = config.bool_or("tie_word_embeddings", true)?;
    Ok(shape)
}
