//! A decoder that makes vectors and no words: tokens of many texts -> the hidden states after the last norm.
//!
//! That is what sentence embedders are made of that were decoders (Qwen3-Embedding, <https://arxiv.org/abs/2506.05176>;
//! e5-mistral, <https://arxiv.org/abs/2401.00368>), as transformers' `AutoModel` gives it. Each token sees those before it:
//! models that were trained to see both ways are refused (`backbone/causal.rs`). All tokens go through one layer after
//! the other, and a layer's keys and values are of no use to the next, so they take the room of one layer, which is given
//! back with the result.
//!
//! On the CPU alone; what is made of the vectors is somebody else's.

mod causal;

use std::ops::Range;

use candle_core::{Device, Tensor};

use super::super::config::Config;
use super::super::error::{EngineError, Result};
use super::super::kv::{BLOCK, Pool, Sequence};
use super::super::weights::Weights;
use super::host::Packed;
use super::looks::stopped;
use super::stack::Body;
use super::{Shape, Span, Stop};

/// A decoder without its output layer.
#[derive(Debug)]
pub(crate) struct Backbone {
    shape: Shape,
    /// Each layer's own shape: that of a decoder of this one layer.
    layers: Vec<Shape>,
    body: Body,
}

impl Backbone {
    /// Reads the weights of a decoder, but those of its output layer.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`] and [`EngineError::Config`] for a model that is no causal one;
    /// [`EngineError::Device`] for weights on a GPU; those of configuration and weights.
    pub(crate) fn load(config: &Config, weights: &Weights) -> Result<Self> {
        causal::check(config)?;
        if !weights.device().is_cpu() {
            return Err(not_there(&format!("{:?}", weights.device().location())));
        }
        let shape = super::shape(config)?;
        let of_layer = |layer: usize| Shape {
            layers: 1,
            windows: vec![shape.windows[layer]],
            ..shape.clone()
        };
        Ok(Self {
            layers: (0..shape.layers).map(of_layer).collect(),
            body: Body::load(&shape, weights)?,
            shape,
        })
    }

    /// Numbers of a token's vector.
    pub(crate) fn width(&self) -> usize {
        self.shape.hidden
    }

    /// Tokens that have an embedding.
    pub(crate) fn rows(&self) -> usize {
        self.shape.vocabulary
    }

    /// The most tokens of a text.
    pub(crate) fn limit(&self) -> usize {
        self.shape.context
    }

    /// The vectors of `ids`, `[tokens, width]`; each text is one of `spans`, which follow one another. A text may have
    /// no token.
    ///
    /// # Errors
    /// [`EngineError::Vocabulary`]; [`EngineError::Cancelled`], looked for in every layer; [`EngineError::Compute`].
    pub(crate) fn forward(
        &self,
        ids: &[u32],
        spans: &[Range<usize>],
        stop: Stop<'_>,
    ) -> Result<Tensor> {
        if ids.is_empty() {
            return Ok(Tensor::from_vec(
                Vec::<f32>::new(),
                (0, self.shape.hidden),
                &Device::Cpu,
            )?);
        }
        let texts: Vec<&[u32]> = (spans.iter())
            .map(|span| &ids[span.clone()])
            .filter(|tokens| !tokens.is_empty())
            .collect();
        let mut x = self.body.embedded(&self.shape, ids)?;
        let Some(kv) = self.layers.first().map(Shape::kv) else {
            return self.body.norm.forward(&x);
        };
        let blocks: usize = texts.iter().map(|text| text.len().div_ceil(BLOCK)).sum();
        let pool = Pool::new(kv, kv.bytes().saturating_mul(blocks as u64));
        let mut sequences = vec![Sequence::default(); texts.len()];
        for (sequence, tokens) in sequences.iter_mut().zip(&texts) {
            sequence.reserve(&pool, tokens.len())?;
        }
        let mut spans: Vec<Span<'_>> = (texts.iter().zip(&mut sequences))
            .map(|(tokens, sequence)| Span {
                tokens,
                sequence,
                wanted: &[],
            })
            .collect();
        let packed = Packed::of(&spans);
        for (number, (layer, shape)) in self.body.layers.iter().zip(&self.layers).enumerate() {
            stopped(stop)?;
            let rope = shape.rope_of[number].map(|rope| &self.body.ropes[rope]);
            // Never the last: that one gives the wanted rows alone, and here all are.
            let made = layer.forward(shape, 0, x, &mut spans, &packed, rope, false, stop)?;
            x = made.ok_or_else(|| EngineError::Step("a layer gave no rows".into()))?;
        }
        stopped(stop)?;
        self.body.norm.forward(&x)
    }
}

/// The error for a device that a decoder makes no vectors on.
pub(crate) fn not_there(device: &str) -> EngineError {
    EngineError::Device {
        wanted: device.to_owned(),
        reason: "embedders that are decoders compute on the processor alone; try `cpu`".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::stack::Stack;
    use super::*;
    use crate::engine::files::ModelFiles;

    const NAMES: [&str; 11] = [
        "gemma2",
        "gemma3",
        "llama2",
        "llama3",
        "mistral",
        "phi3",
        "phi3-long",
        "qwen2",
        "qwen3",
        "qwen3-yarn",
        "smollm3",
    ];

    fn open(name: &str) -> (Config, Weights) {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine/models");
        let files = ModelFiles::open(models.join(format!("decoder-{name}"))).unwrap();
        let config = Config::open(&files).unwrap();
        (config, Weights::open(&files, &Device::Cpu).unwrap())
    }

    /// Texts of several lengths, one of which has no token, longer than a block and than the windows of the models.
    fn texts() -> (Vec<u32>, Vec<Range<usize>>) {
        let ids: Vec<u32> = (0..90).map(|at| 4 + at * 7 % 250).collect();
        (ids, vec![0..40, 40..40, 40..41, 41..57, 57..90])
    }

    #[test]
    fn the_room_of_one_layer_is_enough_for_all_architectures() {
        let (ids, spans) = texts();
        for name in NAMES {
            let (config, weights) = open(name);
            let backbone = Backbone::load(&config, &weights).unwrap();
            let hidden = backbone.forward(&ids, &spans, &|| false).unwrap();
            let shape = super::super::shape(&config).unwrap();
            let stack = Stack::load(&shape, &weights).unwrap();
            let ours = stack.logits(&hidden, 64, &|| false).unwrap();
            // The same text by text, with room for all layers, as decoders that answer have it.
            let kv = shape.kv();
            let pool = Pool::new(kv, kv.bytes() * 16);
            let mut wanted = Vec::new();
            for text in &spans {
                let tokens = &ids[text.clone()];
                let all: Vec<usize> = (0..tokens.len()).collect();
                let mut sequence = Sequence::default();
                sequence.reserve(&pool, tokens.len()).unwrap();
                let span = Span {
                    tokens,
                    sequence: &mut sequence,
                    wanted: &all,
                };
                if !tokens.is_empty() {
                    let logits = stack.read(&shape, &mut [span], &|| false).unwrap();
                    wanted.extend(logits.into_numbers());
                }
            }
            let ours = ours.into_numbers();
            assert_eq!(ours.len(), wanted.len(), "{name}");
            for (a, b) in ours.iter().zip(&wanted) {
                assert!((a - b).abs() < 1e-4, "{name}: {a} {b}");
            }
        }
    }

    #[test]
    fn reading_stops_within_a_layer() {
        let (config, weights) = open("qwen3");
        let backbone = Backbone::load(&config, &weights).unwrap();
        let (ids, spans) = texts();
        let until = |last: usize| {
            let looks = AtomicUsize::new(0);
            let stop = || looks.fetch_add(1, Ordering::SeqCst) >= last;
            let found = backbone.forward(&ids, &spans, &stop);
            (found, looks.into_inner())
        };
        let (whole, looks) = until(usize::MAX);
        let whole = whole.unwrap().to_vec2::<f32>().unwrap();
        assert!(looks >= 2 * 4, "{looks} looks in two layers");
        for last in 0..looks {
            let (found, looked) = until(last);
            assert!(matches!(found, Err(EngineError::Cancelled)), "look {last}");
            assert_eq!(looked, last + 1, "nothing is computed after the signal");
        }
        let again = until(usize::MAX).0.unwrap();
        assert_eq!(again.to_vec2::<f32>().unwrap(), whole);
    }

    #[test]
    fn no_token_gives_no_row_and_an_unknown_one_is_an_error() {
        let (config, weights) = open("qwen3");
        let backbone = Backbone::load(&config, &weights).unwrap();
        let none = backbone.forward(&[], &[0..0, 0..0], &|| false).unwrap();
        assert_eq!(none.dims(), [0, backbone.width()]);
        let error = backbone
            .forward(&[5, 272], &[0..1, 1..2], &|| false)
            .unwrap_err();
        assert_eq!(error.code(), "BS-ENG-012", "{error}");
    }
}
