//! Decoders: tokens of many texts at once -> the logits that follow the places asked for.
//!
//! One graph for all architectures, driven by a [`Shape`] that one small file an architecture reads
//! from the configuration. Rows of all texts stand one under another without padding ([`Packed`]);
//! only attention looks at each text by itself, over its keys and values in `kv.rs`. The output
//! layer is applied to the rows asked for alone. Matrix products are Candle's, dense or quantised;
//! attention, rotary positions and gates are our own (`decoder/attention.rs`).
//!
//! This file knows no tokenizer, no sampling and no schedule.

mod attention;
mod gemma;
mod layer;
mod llama;
mod mistral;
mod phi;
mod qwen;
mod rope;
mod shape;
mod smollm;
#[cfg(test)]
mod stops;

use candle_core::Tensor;

pub(crate) use shape::Shape;

use super::config::Config;
use super::error::{EngineError, Result};
use super::kv::{KvShape, Pool, Sequence};
use super::linear::{Embedding, Linear};
use super::norm::Norm;
use super::weights::Weights;
use layer::Layer;
use rope::Rope;

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
    ropes: Vec<Rope>,
    embedding: Embedding,
    layers: Vec<Layer>,
    norm: Norm,
    head: Linear,
}

impl Decoder {
    /// Reads the weights of a decoder.
    ///
    /// # Errors
    /// Where a weight is missing, of another shape or damaged.
    pub(crate) fn load(shape: Shape, weights: &Weights) -> Result<Self> {
        let first = "model.embed_tokens.weight";
        let prefix = weights.prefix(&["", "language_model.", "model.language_model."], first);
        let prefix = match prefix {
            // Older multimodal checkpoints: `model.language_model.embed_tokens`.
            "" if !weights.contains(first)
                && weights.contains("model.language_model.embed_tokens.weight") =>
            {
                "model.language_model.".to_owned()
            }
            prefix => format!("{prefix}model."),
        };
        let embedding = weights.embedding(
            &format!("{prefix}embed_tokens"),
            shape.vocabulary,
            shape.hidden,
        )?;
        let head_name = match prefix.strip_suffix("model.") {
            Some(outside) => format!("{outside}lm_head"),
            None => "lm_head".to_owned(),
        };
        // Gemma and small models share the table, whatever the configuration says of the head.
        let head = match weights.contains(&format!("{head_name}.weight")) && !shape.tied {
            true => weights.linear(&head_name, shape.hidden, shape.vocabulary)?,
            false => embedding.as_linear(),
        };
        let mut layers = Vec::with_capacity(shape.layers);
        for number in 0..shape.layers {
            layers.push(Layer::load(
                &shape,
                weights,
                &format!("{prefix}layers.{number}"),
                number,
            )?);
        }
        Ok(Self {
            norm: layer::norm(&shape, weights, &format!("{prefix}norm"), shape.hidden)?,
            ropes: shape.ropes.iter().map(Rope::new).collect(),
            embedding,
            layers,
            head,
            shape,
        })
    }

    /// What the decoder is like.
    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// What a block of keys and values holds.
    pub(crate) fn kv_shape(&self) -> KvShape {
        self.shape.kv()
    }

    /// Reads all spans at once. Gives the logits after each wanted token, in order of the spans:
    /// `[wanted, vocabulary]`; `None` if nothing is wanted.
    ///
    /// On an error the sequences hold what they held before.
    ///
    /// # Errors
    /// [`EngineError::KvBudget`], [`EngineError::Cancelled`] (looked at before every layer), and
    /// those of the computation.
    pub(crate) fn forward(
        &self,
        pool: &Pool,
        spans: &mut [Span<'_>],
        stop: Stop<'_>,
    ) -> Result<Option<Vec<Vec<f32>>>> {
        let Some(hidden) = self.hidden(pool, spans, stop)? else {
            return Ok(None);
        };
        let mut logits = Vec::new();
        let rows = hidden.dim(0)?;
        for from in (0..rows).step_by(HEAD_ROWS) {
            if stop() {
                return Err(EngineError::Cancelled);
            }
            let part = hidden.narrow(0, from, HEAD_ROWS.min(rows - from))?;
            let part = self.head.forward(&part)?.to_vec2::<f32>()?;
            logits.extend(part);
        }
        if let Some(cap) = self.shape.final_softcap {
            for logit in logits.iter_mut().flatten() {
                *logit = cap * (*logit / cap).tanh();
            }
        }
        Ok(Some(logits))
    }

    /// The normalised hidden states of the wanted tokens, `[wanted, hidden]`.
    pub(crate) fn hidden(
        &self,
        pool: &Pool,
        spans: &mut [Span<'_>],
        stop: Stop<'_>,
    ) -> Result<Option<Tensor>> {
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
        let done = self.read(spans, stop);
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

    fn read(&self, spans: &mut [Span<'_>], stop: Stop<'_>) -> Result<Option<Tensor>> {
        let tokens: Vec<u32> = spans.iter().flat_map(|span| span.tokens).copied().collect();
        let mut packed = Packed::default();
        for span in spans.iter() {
            let start = packed.positions.len();
            let from = span.sequence.len();
            packed.positions.extend(from..from + span.tokens.len());
            packed.starts.push(start);
            packed
                .wanted
                .extend(span.wanted.iter().map(|at| (start + at) as u32));
        }
        let mut x = self.embedding.forward(&tokens)?;
        if self.shape.embedding_scale != 1.0 {
            x = (x * self.shape.embedding_scale)?;
        }
        for (number, layer) in self.layers.iter().enumerate() {
            if stop() {
                return Err(EngineError::Cancelled);
            }
            // After the last layer's keys and values only the wanted rows matter.
            let last = number + 1 == self.layers.len();
            let rope = self.shape.rope_of[number].map(|rope| &self.ropes[rope]);
            x = match layer.forward(&self.shape, number, x, spans, &packed, rope, last)? {
                Some(x) => x,
                None => return Ok(None),
            };
        }
        self.norm.forward(&x).map(Some)
    }
}

/// Rows that go through the output layer at once: each takes a number for every token there is.
const HEAD_ROWS: usize = 32;

/// Where the rows of a batch come from.
#[derive(Debug, Default)]
pub(crate) struct Packed {
    /// Position of each row in its text.
    positions: Vec<usize>,
    /// First row of each span.
    starts: Vec<usize>,
    /// Rows that are asked for.
    wanted: Vec<u32>,
}
