//! DeBERTa-v3 (and v2 without convolution): attention by content and by relative position, kept apart.
//!
//! He et al. 2021 (<https://arxiv.org/abs/2006.03654>, <https://arxiv.org/abs/2111.09543>). What layers make of the
//! relative positions does not depend on a text, so it is computed once, on loading. Scores of positions are computed
//! only for distances that a text has.

#![allow(
    clippy::cast_possible_wrap,
    reason = "numbers of tokens are far below 2^63"
)]

use std::ops::Range;

use candle_core::{Device, Tensor};

use super::bert::heads;
use super::block::{Activation, AfterAttention, LayerNames, Sizes, softmax};
use super::{LAYERS, Packed, ROWS, WIDTH};
use crate::engine::config::Config;
use crate::engine::error::Result;
use crate::engine::linear::{Embedding, Linear};
use crate::engine::norm::Norm;
use crate::engine::weights::{Part, Weights};

/// Names of a layer's parts.
const NAMES: LayerNames = LayerNames {
    qkv: [
        "attention.self.query_proj",
        "attention.self.key_proj",
        "attention.self.value_proj",
    ],
    out: "attention.output.dense",
    attention_norm: "attention.output.LayerNorm",
    up: "intermediate.dense",
    down: "output.dense",
    norm: "output.LayerNorm",
};

/// The graph.
#[derive(Debug)]
pub(crate) struct Deberta {
    words: Embedding,
    positions: Option<Embedding>,
    types: Option<Embedding>,
    norm: Norm,
    layers: Vec<DebertaLayer>,
    distances: Distances,
    limit: usize,
}

#[derive(Debug)]
struct DebertaLayer {
    query: Linear,
    key: Linear,
    value: Linear,
    /// Keys and queries of the relative positions, `[heads, 2 · span, head]`.
    position_keys: Option<Tensor>,
    position_queries: Option<Tensor>,
    heads: usize,
    scale: f64,
    output: AfterAttention,
}

/// From a distance between tokens to a row of the table of relative positions.
#[derive(Clone, Copy, Debug)]
struct Distances {
    /// Rows to each side.
    span: usize,
    /// Buckets to which far distances are gathered; 0: none.
    buckets: usize,
    /// The farthest distance told apart.
    most: usize,
}

impl Deberta {
    pub(crate) fn load(config: &Config, weights: &Weights) -> Result<Self> {
        let width = config.count("hidden_size", WIDTH)?;
        let sizes = Sizes {
            width,
            heads: heads(config, "num_attention_heads", width)?,
            inner: config.count("intermediate_size", WIDTH)?,
            epsilon: config.number_or("layer_norm_eps", 1e-7, 0.0..=1.0)?,
            activation: Activation::of(config, "hidden_act")?,
        };
        if config.count_or("conv_kernel_size", 0, 0..=64)? > 0 {
            return Err(config.error(
                "conv_kernel_size",
                "models with a convolution are not supported",
            ));
        }
        if config.count_or("embedding_size", width, WIDTH)? != width {
            return Err(config.error(
                "embedding_size",
                format!("embeddings of another width than {width} are not supported"),
            ));
        }
        let body =
            weights.part(weights.prefix(&["", "deberta."], "embeddings.word_embeddings.weight"));
        let tables = body.part("embeddings");
        let limit = config.count("max_position_embeddings", ROWS)?;
        let kinds = Kinds::of(config)?;
        let distances = Distances::of(config, limit)?;
        let relative = match kinds.any() {
            true => Some(relative(config, &body, distances, sizes)?),
            false => None,
        };
        let layers = config.count("num_hidden_layers", LAYERS)?;
        let shared = config.bool_or("share_att_key", false)?;
        let types = config.count_or("type_vocab_size", 0, 0..=1 << 16)?;
        Ok(Self {
            words: tables.embedding("word_embeddings", config.count("vocab_size", ROWS)?, width)?,
            positions: match config.bool_or("position_biased_input", true)? {
                true => Some(tables.embedding("position_embeddings", limit, width)?),
                false => None,
            },
            types: match types {
                0 => None,
                types => Some(tables.embedding("token_type_embeddings", types, width)?),
            },
            norm: tables.layer_norm("LayerNorm", width, sizes.epsilon)?,
            layers: (0..layers)
                .map(|n| {
                    let part = body.part(&format!("encoder.layer.{n}"));
                    DebertaLayer::load(&part, sizes, relative.as_ref(), kinds, shared)
                })
                .collect::<Result<_>>()?,
            distances,
            // Without a table of absolute positions a text may be longer than those it was trained on.
            limit,
        })
    }

    pub(crate) fn width(&self) -> usize {
        self.words.width()
    }

    pub(crate) fn rows(&self) -> usize {
        self.words.rows()
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn forward(&self, batch: &Packed) -> Result<Tensor> {
        let mut x = self.words.forward(&batch.ids)?;
        if let Some(positions) = &self.positions {
            x = (x + positions.forward(&batch.positions(0))?)?;
        }
        if let Some(types) = &self.types {
            x = (x + types.forward(&batch.types)?)?;
        }
        let mut x = self.norm.forward(&x)?;
        for layer in &self.layers {
            x = layer.forward(&x, &batch.spans, self.distances)?;
        }
        Ok(x)
    }
}

/// The vectors of relative positions, normed, `[2 · span, width]`.
fn relative(
    config: &Config,
    body: &Part<'_>,
    distances: Distances,
    sizes: Sizes,
) -> Result<Tensor> {
    let part = body.part("encoder");
    let table = part.tensor("rel_embeddings.weight", &[distances.span * 2, sizes.width])?;
    let normed = config
        .text_or("norm_rel_ebd", "none")?
        .split('|')
        .any(|word| word.trim() == "layer_norm");
    match normed {
        true => part
            .layer_norm("LayerNorm", sizes.width, sizes.epsilon)?
            .forward(&table),
        false => Ok(table),
    }
}

/// Which scores of positions there are.
#[derive(Clone, Copy)]
struct Kinds {
    content_to_position: bool,
    position_to_content: bool,
}

impl Kinds {
    fn of(config: &Config) -> Result<Self> {
        let mut kinds = Self {
            content_to_position: false,
            position_to_content: false,
        };
        if !config.bool_or("relative_attention", false)? {
            return Ok(kinds);
        }
        let words: Vec<String> = match config.get("pos_att_type") {
            Some(serde_json::Value::Array(list)) => list
                .iter()
                .filter_map(|word| word.as_str().map(str::to_owned))
                .collect(),
            _ => config
                .text_or("pos_att_type", "")?
                .split('|')
                .map(|word| word.trim().to_owned())
                .collect(),
        };
        for word in words.iter().filter(|word| !word.is_empty()) {
            match word.as_str() {
                "c2p" => kinds.content_to_position = true,
                "p2c" => kinds.position_to_content = true,
                other => {
                    let other = crate::hint::shown(other);
                    return Err(config.error(
                        "pos_att_type",
                        format!("`{other}` is neither `c2p` nor `p2c`"),
                    ));
                }
            }
        }
        Ok(kinds)
    }

    fn any(self) -> bool {
        self.content_to_position || self.position_to_content
    }

    /// How many scores are added up.
    fn count(self) -> usize {
        1 + usize::from(self.content_to_position) + usize::from(self.position_to_content)
    }
}

impl Distances {
    fn of(config: &Config, limit: usize) -> Result<Self> {
        // -1 stands for none in both.
        let given = |key: &str| -> Result<Option<usize>> {
            match config.get(key).and_then(serde_json::Value::as_i64) {
                Some(number) if number < 1 => Ok(None),
                _ => config
                    .get(key)
                    .map(|_| config.count(key, 1..=1 << 20))
                    .transpose(),
            }
        };
        let most = given("max_relative_positions")?.unwrap_or(limit);
        let buckets = given("position_buckets")?.unwrap_or(0);
        Ok(Self {
            span: if buckets > 0 { buckets } else { most },
            buckets,
            most,
        })
    }

    /// The row for a distance, query minus key.
    fn row(self, distance: i64) -> usize {
        let last = self.span as i64 * 2 - 1;
        (self.bucket(distance) + self.span as i64).clamp(0, last) as usize
    }

    /// Near distances stay, far ones share buckets of growing size (f32, as the model was trained).
    fn bucket(self, distance: i64) -> i64 {
        let middle = self.buckets as i64 / 2;
        if self.buckets == 0 || distance.abs() <= middle {
            return distance;
        }
        let middle_f = middle as f32;
        let farthest = ((self.most as f32 - 1.0) / middle_f).ln();
        let share = (distance.abs() as f32 / middle_f).ln() / farthest;
        let log = (share * (middle_f - 1.0)).ceil() as i64 + middle;
        log * distance.signum()
    }
}

impl DebertaLayer {
    fn load(
        part: &Part<'_>,
        sizes: Sizes,
        relative: Option<&Tensor>,
        kinds: Kinds,
        shared: bool,
    ) -> Result<Self> {
        let width = sizes.width;
        let [query, key, value] = NAMES.qkv;
        let query = part.linear(query, width, width)?;
        let key = part.linear(key, width, width)?;
        let project = |wanted: bool, map: &Linear, own: &str| -> Result<Option<Tensor>> {
            let Some(relative) = relative.filter(|_| wanted) else {
                return Ok(None);
            };
            let rows = match shared {
                true => map.forward(relative)?,
                false => part.linear(own, width, width)?.forward(relative)?,
            };
            split(&rows, sizes.heads).map(Some)
        };
        Ok(Self {
            position_keys: project(
                kinds.content_to_position,
                &key,
                "attention.self.pos_key_proj",
            )?,
            position_queries: project(
                kinds.position_to_content,
                &query,
                "attention.self.pos_query_proj",
            )?,
            value: part.linear(value, width, width)?,
            query,
            key,
            heads: sizes.heads,
            scale: 1.0 / ((width / sizes.heads * kinds.count()) as f64).sqrt(),
            output: AfterAttention::load(part, &NAMES, sizes)?,
        })
    }

    fn forward(&self, x: &Tensor, spans: &[Range<usize>], distances: Distances) -> Result<Tensor> {
        let (q, k, v) = (
            self.query.forward(x)?,
            self.key.forward(x)?,
            self.value.forward(x)?,
        );
        let mixed = spans
            .iter()
            .filter(|span| !span.is_empty())
            .map(|span| {
                let rows = |of: &Tensor| split(&of.narrow(0, span.start, span.len())?, self.heads);
                let mixed = self.text(&rows(&q)?, &rows(&k)?, &rows(&v)?, distances)?;
                Ok(mixed.transpose(0, 1)?.reshape((span.len(), ()))?)
            })
            .collect::<Result<Vec<_>>>()?;
        self.output.forward(x, &Tensor::cat(&mixed, 0)?)
    }

    /// One text: queries, keys and values `[heads, tokens, head]`.
    fn text(&self, q: &Tensor, k: &Tensor, v: &Tensor, distances: Distances) -> Result<Tensor> {
        let (heads, n, _) = q.dims3()?;
        let mut scores = q.matmul(&k.transpose(1, 2)?.contiguous()?)?;
        if self.position_keys.is_some() || self.position_queries.is_some() {
            // Only rows between the farthest distances of this text can be called for.
            let rows: Vec<usize> = (1 - n as i64..n as i64).map(|d| distances.row(d)).collect();
            let first = rows.iter().copied().min().unwrap_or(0);
            let last = rows.iter().copied().max().unwrap_or(0);
            let row = |query: usize, key: usize| (rows[query + n - 1 - key] - first) as u32;
            let of = |positions: &Tensor,
                      tokens: &Tensor,
                      index: Vec<u32>,
                      device: &Device|
             -> Result<Tensor> {
                let positions = positions.narrow(1, first, last - first + 1)?;
                let all = tokens.matmul(&positions.transpose(1, 2)?.contiguous()?)?;
                let index = Tensor::from_vec(index, (1, n, n), device)?;
                Ok(all.gather(&index.broadcast_as((heads, n, n))?.contiguous()?, 2)?)
            };
            if let Some(keys) = &self.position_keys {
                let index = (0..n * n).map(|at| row(at / n, at % n)).collect();
                scores = (scores + of(keys, q, index, q.device())?)?;
            }
            if let Some(queries) = &self.position_queries {
                // Rows are keys here, and turned into columns afterwards.
                let index = (0..n * n).map(|at| row(at % n, at / n)).collect();
                scores = (scores + of(queries, k, index, q.device())?.transpose(1, 2)?)?;
            }
        }
        Ok(softmax(&(scores * self.scale)?)?.matmul(v)?)
    }
}

/// `[tokens, width]` to `[heads, tokens, head]`.
fn split(x: &Tensor, heads: usize) -> Result<Tensor> {
    let (n, width) = x.dims2()?;
    Ok(x.reshape((n, heads, width / heads))?
        .transpose(0, 1)?
        .contiguous()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_distances_have_rows_of_their_own_and_far_ones_share() {
        let distances = Distances {
            span: 256,
            buckets: 256,
            most: 512,
        };
        assert_eq!(distances.row(0), 256);
        assert_eq!(distances.row(-128), 128);
        assert_eq!(distances.row(128), 384);
        // log(256/128) / log(511/128) * 127 = 63.6.
        assert_eq!(distances.bucket(256), 128 + 64);
        assert_eq!(distances.bucket(-256), -(128 + 64));
        assert_eq!(distances.row(511), 511);
        assert_eq!(distances.row(-511), 1);
        assert_eq!(distances.row(100_000), 511);
        let plain = Distances {
            span: 16,
            buckets: 0,
            most: 16,
        };
        assert_eq!((plain.row(-99), plain.row(3), plain.row(99)), (0, 19, 31));
    }
}
