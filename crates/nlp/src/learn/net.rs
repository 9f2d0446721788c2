//! The tagger's network in `f32`, for training.
//!
//! A word's vector is the sum of its features' rows. A convolution over five words, a pair of
//! gated recurrences (one each way), a dense layer to which contexts add, and one softmax a column. The
//! integer twin of the forward pass, which tags, is `engine`.

mod backward;
mod forward;
mod input;
mod recurrence;

pub(crate) use backward::How;

use super::gemm::{Strips, padded};
use super::param::Param;
use super::rng::Rng;
use crate::engine::WINDOW;

/// Activations are clipped here, so that 16 bits hold them.
pub(crate) const CLIP: f32 = 8.0;
/// Rows of the table that stand for "before the sentence" and "behind it".
pub(crate) const BEFORE: u32 = 0;
pub(crate) const BEHIND: u32 = 1;

/// Sizes of the layers.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) rows: usize,
    /// Rows of the context table, which adds to the dense layer.
    pub(crate) contexts: usize,
    pub(crate) word: usize,
    pub(crate) hidden: usize,
    pub(crate) state: usize,
    pub(crate) dense: usize,
    /// Labels of each column.
    pub(crate) heads: Vec<usize>,
}

impl Shape {
    /// Where each head begins in the row of scores, and the row's width.
    pub(crate) fn offsets(&self) -> (Vec<usize>, usize) {
        let mut at = 0;
        let mut offsets = Vec::new();
        for &labels in &self.heads {
            offsets.push(at);
            at += labels;
        }
        (offsets, padded(at))
    }

    /// Values that stand for a word before the dense layer.
    fn summary(&self) -> usize {
        self.hidden + 2 * self.state
    }
}

/// Rates of dropout.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dropout {
    pub(crate) hidden: f32,
    pub(crate) summary: f32,
    pub(crate) dense: f32,
    pub(crate) input: f32,
}

impl Dropout {
    const NONE: Self = Self {
        hidden: 0.0,
        summary: 0.0,
        dense: 0.0,
        input: 0.0,
    };
}

/// One sentence to learn from: rows of each word's features, and a label a word and head.
#[derive(Clone, Debug, Default)]
pub(crate) struct Example {
    pub(crate) rows: Vec<u32>,
    pub(crate) ends: Vec<u32>,
    pub(crate) labels: Vec<Vec<u32>>,
    /// Rows of the context table, as `rows`; both are empty where there is none.
    pub(crate) context: Vec<u32>,
    pub(crate) context_ends: Vec<u32>,
}

impl Example {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    fn contexts(&self, word: usize) -> &[u32] {
        part(&self.context, &self.context_ends, word)
    }

    fn word(&self, word: usize) -> &[u32] {
        part(&self.rows, &self.ends, word)
    }
}

/// The rows of one word; none where `ends` does not know it.
fn part<'a>(rows: &'a [u32], ends: &[u32], word: usize) -> &'a [u32] {
    let Some(&end) = ends.get(word) else {
        return &[];
    };
    let start = match word {
        0 => 0,
        _ => ends[word - 1],
    };
    &rows[start as usize..end as usize]
}

/// The parameters.
#[derive(Clone, Debug)]
pub(crate) struct Net {
    pub(crate) shape: Shape,
    pub(crate) table: Param,
    pub(crate) contexts: Param,
    pub(crate) window: Param,
    pub(crate) window_bias: Param,
    pub(crate) gates: Param,
    pub(crate) gates_bias: Param,
    pub(crate) dense: Param,
    pub(crate) dense_bias: Param,
    pub(crate) heads: Param,
    pub(crate) heads_bias: Param,
    steps: i32,
}

/// What one pass over a batch leaves behind; kept between batches.
#[derive(Clone, Debug, Default)]
pub(crate) struct Work {
    input: Vec<f32>,
    input_mask: Vec<f32>,
    hidden: Vec<f32>,
    hidden_mask: Vec<f32>,
    gates: Vec<f32>,
    summary: Vec<f32>,
    summary_mask: Vec<f32>,
    dense: Vec<f32>,
    dense_mask: Vec<f32>,
    /// A row a word, all heads beside each other.
    pub(crate) scores: Vec<f32>,
    d_input: Vec<f32>,
    d_hidden: Vec<f32>,
    d_gates: Vec<f32>,
    d_summary: Vec<f32>,
    d_dense: Vec<f32>,
    turned: Vec<f32>,
    carried: Vec<f32>,
    touched: Vec<u32>,
    contexts_touched: Vec<u32>,
    strip: Strips,
}

impl Net {
    pub(crate) fn new(shape: Shape, rng: &mut Rng) -> Self {
        let Shape {
            rows,
            word,
            hidden,
            state,
            dense,
            ..
        } = shape;
        let (_, scores) = shape.offsets();
        let summary = shape.summary();
        let scale = |input: usize, output: usize| (6.0 / (input + output) as f32).sqrt();
        let mut gates_bias = Param::new(1, 4 * state, 0.0, rng);
        // Gates start half open towards the past.
        gates_bias.value[..2 * state].fill(0.5);
        Self {
            table: Param::new(rows, word, 0.3, rng),
            contexts: Param::new(shape.contexts, dense, 0.0, rng),
            window: Param::new(WINDOW * word, hidden, scale(WINDOW * word, hidden), rng),
            window_bias: Param::new(1, hidden, 0.0, rng),
            gates: Param::new(hidden, 4 * state, scale(hidden, 2 * state), rng),
            gates_bias,
            dense: Param::new(summary, dense, scale(summary, dense), rng),
            dense_bias: Param::new(1, dense, 0.0, rng),
            heads: Param::new(dense, scores, scale(dense, 100), rng),
            heads_bias: Param::new(1, scores, 0.0, rng),
            steps: 0,
            shape,
        }
    }

    /// Keeps the first heads alone.
    pub(crate) fn keep_heads(&mut self, count: usize) {
        self.shape.heads.truncate(count);
        let (_, width) = self.shape.offsets();
        let labels = self.shape.heads.iter().sum();
        self.heads.keep_columns(labels, width);
        self.heads_bias.keep_columns(labels, width);
    }

    pub(crate) fn params_mut(&mut self) -> [&mut Param; 10] {
        [
            &mut self.table,
            &mut self.contexts,
            &mut self.window,
            &mut self.window_bias,
            &mut self.gates,
            &mut self.gates_bias,
            &mut self.dense,
            &mut self.dense_bias,
            &mut self.heads,
            &mut self.heads_bias,
        ]
    }
}

fn zeros(buffer: &mut Vec<f32>, size: usize) {
    buffer.clear();
    buffer.resize(size, 0.0);
}

fn biased(buffer: &mut Vec<f32>, rows: usize, bias: &[f32]) {
    buffer.clear();
    for _ in 0..rows {
        buffer.extend_from_slice(bias);
    }
}

fn times(values: &mut [f32], mask: &[f32]) {
    for (value, mask) in values.iter_mut().zip(mask) {
        *value *= mask;
    }
}

fn plus(sums: &mut [f32], values: &[f32]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}
