//! Decoders: tokens of many texts at once -> the logits that follow the places asked for.
//!
//! One graph for all architectures, driven by a [`Shape`] that one small file an architecture reads
//! from the configuration. Rows of all texts stand one under another without padding ([`Packed`]);
//! only attention looks at each text by itself, over its keys and values in `kv.rs`. The output
//! layer is applied to the rows asked for alone. Matrix products are Candle's, or of tiles of our own (`tiled.rs`);
//! attention, rotary positions and gates are our own: on a CPU over blocks in main memory
//! (`decoder/host.rs`), on other devices over a slab there (`decoder/device.rs`), which may be in a
//! library of its own (`engine/plugin.rs`).
//!
//! This file knows no tokenizer, no sampling and no schedule.

mod attention;
mod backbone;
mod device;
mod gemma;
mod graph;
mod host;
mod layer;
mod llama;
mod looks;
mod mistral;
mod phi;
mod qwen;
mod rope;
mod shape;
mod smollm;
mod stack;
#[cfg(test)]
mod stops;

use std::sync::Arc;

pub(crate) use backbone::{Backbone, not_there};
pub(crate) use device::DeviceGraph;
pub(crate) use graph::{Graph, LogitAt, Logits, Step, Summaries, Summary};
pub(crate) use shape::{Activation, Shape};

use super::config::Config;
use super::error::{EngineError, Result};
use super::kv::{KvShape, Pool, Sequence, Slab};
use super::weights::Weights;
use stack::Stack;

/// The model types that are known.
pub const DECODERS: &[&str] = &[
    "gemma2",
    "gemma3",
    "gemma3_text",
    "llama",
    "mistral",
    "phi3",
    "qwen2",
    "qwen3",
    "smollm3",
];

/// The shape of a decoder of this configuration.
pub(crate) fn shape(config: &Config) -> Result<Shape> {
    match config.model_type() {
        "llama" => llama::shape(config),
        "qwen2" => qwen::shape2(config),
        "qwen3" => qwen::shape3(config),
        "mistral" => mistral::shape(config),
        "phi3" => phi::shape(config),
        "gemma2" => gemma::shape2(config),
        "gemma3_text" | "gemma3" => gemma::shape3(
            &config
                .section("text_config")
                .unwrap_or_else(|| config.clone()),
        ),
        "smollm3" => smollm::shape(config),
        other => Err(EngineError::Unsupported {
            what: "decoder",
            found: crate::hint::shown(other),
            known: DECODERS.join(", "),
        }),
    }
}

/// Says whether nobody wants the result any more.
pub(crate) type Stop<'a> = &'a (dyn Fn() -> bool + Sync);

/// New tokens of one text, to be read after those that its sequence holds.
#[derive(Debug)]
pub(crate) struct Span<'a> {
    /// The tokens; at least one.
    pub(crate) tokens: &'a [u32],
    /// Keys and values before them; those of the tokens are added.
    pub(crate) sequence: &'a mut Sequence,
    /// Which of the tokens are asked for what follows them, rising.
    pub(crate) wanted: &'a [usize],
}

/// A decoder with its weights.
#[derive(Debug)]
pub(crate) struct Decoder {
    shape: Shape,
    work: Work,
}

/// Where a decoder computes.
#[derive(Debug)]
enum Work {
    /// On this CPU.
    Host(Box<Stack>),
    /// On another device; keys and values are kept there.
    Device(Arc<dyn Graph>),
}

impl Decoder {
    /// Reads the weights of a decoder onto their device.
    ///
    /// # Errors
    /// Where a weight is missing, of another shape or damaged.
    pub(crate) fn load(shape: Shape, weights: &Weights) -> Result<Self> {
        if weights.device().is_cpu() {
            let stack = Box::new(Stack::load(&shape, weights)?);
            return Ok(Self {
                shape,
                work: Work::Host(stack),
            });
        }
        let graph = DeviceGraph::load(shape.clone(), weights)?;
        Ok(Self::over(shape, Arc::new(graph)))
    }

    /// A decoder of this shape that computes in `graph`.
    pub(crate) fn over(shape: Shape, graph: Arc<dyn Graph>) -> Self {
        Self {
            shape,
            work: Work::Device(graph),
        }
    }

    /// What the decoder is like.
    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// What a block of keys and values holds.
    pub(crate) fn kv_shape(&self) -> KvShape {
        self.shape.kv()
    }

    /// Bytes that are free where keys and values would be kept, if that is not main memory.
    pub(crate) fn device_free(&self) -> Option<u64> {
        match &self.work {
            Work::Host(_) => None,
            Work::Device(graph) => graph.free(),
        }
    }

    /// Whether keys and values are kept in main memory.
    pub(crate) fn is_host(&self) -> bool {
        matches!(self.work, Work::Host(_))
    }

    /// A pool of at most `bytes`, at least two blocks, where the decoder computes.
    ///
    /// # Errors
    /// Those of the device, which makes room for all of it at once.
    pub(crate) fn pool(&self, bytes: u64) -> Result<Pool> {
        let shape = self.kv_shape();
        match &self.work {
            Work::Host(_) => Ok(Pool::new(shape, bytes)),
            Work::Device(graph) => {
                let most = (bytes / shape.bytes().max(1)).clamp(2, SLAB);
                let most = most as u32;
                graph.reserve(most)?;
                Ok(Pool::on(Arc::clone(graph) as Arc<dyn Slab>, shape, most))
            }
        }
    }

    /// Reads all spans at once. Gives the logits after each wanted token, in order of the spans.
    ///
    /// On an error the sequences hold what they held before.
    ///
    /// # Errors
    /// [`EngineError::KvBudget`], [`EngineError::Cancelled`] (looked for in every layer), and
    /// those of the computation.
    pub(crate) fn forward(
        &self,
        pool: &Pool,
        spans: &mut [Span<'_>],
        stop: Stop<'_>,
    ) -> Result<Logits> {
        let mut logits = reading(pool, spans, |spans| match &self.work {
            Work::Host(stack) => stack.read(&self.shape, spans, stop),
            Work::Device(graph) => graph.forward(&Step::of(spans), stop),
        })?;
        if let Some(cap) = self.shape.final_softcap {
            for logit in logits.numbers_mut() {
                *logit = cap * (*logit / cap).tanh();
            }
        }
        Ok(logits)
    }

    /// The same, with no more of the rows than their summaries, and the logits at `picks`.
    ///
    /// # Errors
    /// As [`Decoder::forward`]; [`EngineError::Vocabulary`] for a token that there is not.
    pub(crate) fn summarise(
        &self,
        pool: &Pool,
        spans: &mut [Span<'_>],
        picks: &[LogitAt],
        stop: Stop<'_>,
    ) -> Result<Summaries> {
        let rows = self.shape.vocabulary;
        let largest = picks.iter().map(|(_, token)| *token).max();
        if let Some(largest) = largest.filter(|token| *token as usize >= rows) {
            return Err(EngineError::Vocabulary { largest, rows });
        }
        match &self.work {
            Work::Host(_) => Ok(self.forward(pool, spans, stop)?.summaries(picks)),
            Work::Device(graph) => reading(pool, spans, |spans| {
                graph.summarise(&Step::of(spans), picks, stop)
            }),
        }
    }
}

/// Makes room for all spans, reads them, and counts what was read.
fn reading<T>(
    pool: &Pool,
    spans: &mut [Span<'_>],
    read: impl FnOnce(&mut [Span<'_>]) -> Result<T>,
) -> Result<T> {
    for at in 0..spans.len() {
        let Span {
            tokens, sequence, ..
        } = &mut spans[at];
        if let Err(error) = sequence.reserve(pool, tokens.len()) {
            for span in &mut *spans {
                let length = span.sequence.len();
                span.sequence.truncate(length);
            }
            return Err(error);
        }
    }
    let done = read(spans);
    for span in spans {
        if done.is_ok() {
            span.sequence.advance(span.tokens.len());
        } else {
            let length = span.sequence.len();
            span.sequence.truncate(length);
        }
    }
    done
}

/// The most blocks of a slab: their slots are counted in 32 bits.
const SLAB: u64 = 1 << 27;
