//! The tagger's network in `f32`, for training: forward and backward.
//!
//! A word's vector is the sum of its features' rows. A convolution over five words, a pair of
//! gated recurrences (one each way), a dense layer, and one softmax a column. The integer twin of
//! the forward pass, which tags, is `tagger`.

use pulp::Arch;

use super::gemm::{gemm, padded, transpose};
use super::param::{Param, Step};
use super::rng::Rng;
use crate::engine::{REACH, WINDOW};

/// Activations are clipped here, so that 16 bits hold them.
pub(crate) const CLIP: f32 = 8.0;
/// Rows of the table that stand for "before the sentence" and "behind it".
pub(crate) const BEFORE: u32 = 0;
pub(crate) const BEHIND: u32 = 1;
/// No gold label: the column takes no part in the loss.
pub(crate) const NO_LABEL: u32 = u32::MAX;

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
        let Some(&end) = self.context_ends.get(word) else {
            return &[];
        };
        let start = match word {
            0 => 0,
            _ => self.context_ends[word - 1],
        };
        &self.context[start as usize..end as usize]
    }

    pub(crate) fn word(&self, word: usize) -> &[u32] {
        let start = if word == 0 {
            0
        } else {
            self.ends[word - 1] as usize
        };
        &self.rows[start..self.ends[word] as usize]
    }
}

/// The parameters.
#[derive(Clone, Debug)]
pub(crate) struct Net {
    pub(crate) shape: Shape,
    pub(crate) table: Param,
    pub(crate) contexts: Param,
    contexts_touched: Vec<u32>,
    pub(crate) window: Param,
    pub(crate) window_bias: Param,
    pub(crate) gates: Param,
    pub(crate) gates_bias: Param,
    pub(crate) dense: Param,
    pub(crate) dense_bias: Param,
    pub(crate) heads: Param,
    pub(crate) heads_bias: Param,
    steps: i32,
    touched: Vec<bool>,
    touched_list: Vec<u32>,
    buffers: Buffers,
}

#[derive(Clone, Debug, Default)]
struct Buffers {
    input: Vec<f32>,
    input_mask: Vec<f32>,
    hidden: Vec<f32>,
    hidden_mask: Vec<f32>,
    gates: Vec<f32>,
    summary: Vec<f32>,
    summary_mask: Vec<f32>,
    dense: Vec<f32>,
    dense_mask: Vec<f32>,
    scores: Vec<f32>,
    d_input: Vec<f32>,
    d_hidden: Vec<f32>,
    d_gates: Vec<f32>,
    d_summary: Vec<f32>,
    d_dense: Vec<f32>,
    turned: Vec<f32>,
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

/// Fills a mask of zeros and `1 / keep`.
fn mask(buffer: &mut Vec<f32>, size: usize, drop: f32, rng: &mut Rng) {
    buffer.clear();
    if drop <= 0.0 {
        buffer.resize(size, 1.0);
        return;
    }
    let below = (f64::from(drop) * 65536.0) as u64;
    let keep = 1.0 / (1.0 - drop);
    while buffer.len() < size {
        let bits = rng.next();
        for part in 0..4 {
            let kept = (bits >> (16 * part)) & 0xffff >= below;
            buffer.push(if kept { keep } else { 0.0 });
        }
    }
    buffer.truncate(size);
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
        let summary = hidden + 2 * state;
        let scale = |input: usize, output: usize| (6.0 / (input + output) as f32).sqrt();
        let mut gates_bias = Param::new(1, 4 * state, 0.0, rng);
        // Gates start half open towards the past.
        gates_bias.value[..2 * state].fill(0.5);
        Self {
            table: Param::new(rows, word, 0.3, rng),
            contexts: Param::new(shape.contexts, dense, 0.0, rng),
            contexts_touched: Vec::new(),
            window: Param::new(WINDOW * word, hidden, scale(WINDOW * word, hidden), rng),
            window_bias: Param::new(1, hidden, 0.0, rng),
            gates: Param::new(hidden, 4 * state, scale(hidden, 2 * state), rng),
            gates_bias,
            dense: Param::new(summary, dense, scale(summary, dense), rng),
            dense_bias: Param::new(1, dense, 0.0, rng),
            heads: Param::new(dense, scores, scale(dense, 100), rng),
            heads_bias: Param::new(1, scores, 0.0, rng),
            steps: 0,
            touched: vec![false; rows],
            touched_list: Vec::new(),
            buffers: Buffers::default(),
            shape,
        }
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
    /// Scores of every word of the batch, one row a word, all heads beside each other.
    pub(crate) fn forward(
        &mut self,
        arch: Arch,
        batch: &[&Example],
        drop: Option<(Dropout, &mut Rng)>,
    ) -> &[f32] {
        let Shape {
            word,
            hidden,
            state,
            dense,
            ..
        } = self.shape;
        let (_, width) = self.shape.offsets();
        let total: usize = batch.iter().map(|e| e.len()).sum();
        let b = &mut self.buffers;
        let mut drop = drop;
        let padded = (total + 2 * REACH * batch.len()) * word;
        match &mut drop {
            Some((rates, rng)) => mask(&mut b.input_mask, padded, rates.input, rng),
            None => mask(&mut b.input_mask, padded, 0.0, &mut Rng::new(0)),
        }
        let mut mask_at = 0;
        zeros(&mut b.input, total * WINDOW * word);
        let mut at = 0;
        let mut vector = vec![0f32; word];
        for example in batch {
            let len = example.len();
            for t in 0..len + 2 * REACH {
                vector.fill(0.0);
                let rows: &[u32] = if t < REACH {
                    &[BEFORE]
                } else if t >= len + REACH {
                    &[BEHIND]
                } else {
                    example.word(t - REACH)
                };
                for &row in rows {
                    for (v, x) in vector.iter_mut().zip(self.table.row(row as usize)) {
                        *v += x;
                    }
                }
                for (v, m) in vector.iter_mut().zip(&b.input_mask[mask_at..]) {
                    *v *= m;
                }
                mask_at += word;
                // Padded word t stands at slot k of centre t - k.
                for k in 0..WINDOW {
                    if t >= k && t - k < len {
                        let row = at + t - k;
                        b.input[(row * WINDOW + k) * word..][..word].copy_from_slice(&vector);
                    }
                }
            }
            at += len;
        }
        biased(&mut b.hidden, total, &self.window_bias.value);
        gemm(
            arch,
            &b.input,
            &self.window.value,
            &mut b.hidden,
            WINDOW * word,
            hidden,
        );
        let summary_width = hidden + 2 * state;
        let mut none = Rng::new(0);
        let (rates, rng) = match drop {
            Some((rates, rng)) => (rates, rng),
            None => (Dropout::NONE, &mut none),
        };
        mask(&mut b.hidden_mask, total * hidden, rates.hidden, rng);
        mask(
            &mut b.summary_mask,
            total * summary_width,
            rates.summary,
            rng,
        );
        mask(&mut b.dense_mask, total * dense, rates.dense, rng);
        activate(&mut b.hidden, &b.hidden_mask);
        biased(&mut b.gates, total, &self.gates_bias.value);
        gemm(
            arch,
            &b.hidden,
            &self.gates.value,
            &mut b.gates,
            hidden,
            4 * state,
        );
        zeros(&mut b.summary, total * summary_width);
        let mut at = 0;
        for example in batch {
            let len = example.len();
            let gates = &b.gates[at * 4 * state..(at + len) * 4 * state];
            let summary = &mut b.summary[at * summary_width..(at + len) * summary_width];
            for t in 0..len {
                summary[t * summary_width..][..hidden]
                    .copy_from_slice(&b.hidden[(at + t) * hidden..][..hidden]);
            }
            for direction in 0..2 {
                let mut carried = vec![0f32; state];
                for step in 0..len {
                    let t = if direction == 0 { step } else { len - 1 - step };
                    let row = &gates[t * 4 * state..][..4 * state];
                    let out =
                        &mut summary[t * summary_width + hidden + direction * state..][..state];
                    for i in 0..state {
                        let f = hard_sigmoid(row[direction * state + i]);
                        let z = row[(2 + direction) * state + i].clamp(-1.0, 1.0);
                        carried[i] = f * carried[i] + (1.0 - f) * z;
                        out[i] = carried[i];
                    }
                }
            }
            at += len;
        }
        for (s, m) in b.summary.iter_mut().zip(&b.summary_mask) {
            *s *= m;
        }
        biased(&mut b.dense, total, &self.dense_bias.value);
        gemm(
            arch,
            &b.summary,
            &self.dense.value,
            &mut b.dense,
            summary_width,
            dense,
        );
        let all = batch
            .iter()
            .flat_map(|e| (0..e.len()).map(|word| e.contexts(word)));
        for (rows, dense) in all.zip(b.dense.chunks_exact_mut(dense)) {
            for &row in rows {
                for (value, x) in dense.iter_mut().zip(self.contexts.row(row as usize)) {
                    *value += x;
                }
            }
        }
        activate(&mut b.dense, &b.dense_mask);
        biased(&mut b.scores, total, &self.heads_bias.value);
        gemm(
            arch,
            &b.dense,
            &self.heads.value,
            &mut b.scores,
            dense,
            width,
        );
        &self.buffers.scores
    }

    /// One step of training. Returns the loss in nats, summed over words and heads.
    #[allow(
        clippy::too_many_arguments,
        reason = "one caller, which holds them all"
    )]
    pub(crate) fn learn(
        &mut self,
        arch: Arch,
        batch: &[&Example],
        drop: Dropout,
        weights: &[f32],
        smoothing: f32,
        rate: f32,
        rng: &mut Rng,
    ) -> f64 {
        self.forward(arch, batch, Some((drop, rng)));
        let Shape {
            word,
            hidden,
            state,
            dense,
            ref heads,
            ..
        } = self.shape;
        let (offsets, width) = self.shape.offsets();
        let total: usize = batch.iter().map(|e| e.len()).sum();
        let b = &mut self.buffers;
        let mut loss = 0.0;
        let scale = 1.0 / total as f32;
        let mut row = 0;
        for example in batch {
            for t in 0..example.len() {
                let scores = &mut b.scores[row * width..][..width];
                row += 1;
                for (head, &labels) in heads.iter().enumerate() {
                    let part = &mut scores[offsets[head]..][..labels];
                    let gold = example.labels[head][t];
                    if gold == NO_LABEL {
                        part.fill(0.0);
                        continue;
                    }
                    loss += f64::from(softmax_loss(part, gold as usize, smoothing));
                    let scale = scale * weights[head];
                    for value in part {
                        *value *= scale;
                    }
                }
                let used = offsets.last().map_or(0, |at| at + heads[heads.len() - 1]);
                scores[used..].fill(0.0);
            }
        }
        // Heads.
        transpose(&b.dense, dense, &mut b.turned);
        gemm(
            arch,
            &b.turned,
            &b.scores,
            &mut self.heads.grad,
            total,
            width,
        );
        sum_rows(&b.scores, &mut self.heads_bias.grad);
        transpose(&self.heads.value, width, &mut b.turned);
        zeros(&mut b.d_dense, total * dense);
        gemm(arch, &b.scores, &b.turned, &mut b.d_dense, width, dense);
        deactivate(&mut b.d_dense, &b.dense, &b.dense_mask);
        // Dense layer.
        let summary_width = hidden + 2 * state;
        transpose(&b.summary, summary_width, &mut b.turned);
        gemm(
            arch,
            &b.turned,
            &b.d_dense,
            &mut self.dense.grad,
            total,
            dense,
        );
        sum_rows(&b.d_dense, &mut self.dense_bias.grad);
        let all = batch
            .iter()
            .flat_map(|e| (0..e.len()).map(|word| e.contexts(word)));
        for (rows, slope) in all.zip(b.d_dense.chunks_exact(dense)) {
            for &row in rows {
                self.contexts_touched.push(row);
                let grad = &mut self.contexts.grad[row as usize * dense..][..dense];
                for (g, x) in grad.iter_mut().zip(slope) {
                    *g += x;
                }
            }
        }
        self.contexts_touched.sort_unstable();
        self.contexts_touched.dedup();
        transpose(&self.dense.value, dense, &mut b.turned);
        zeros(&mut b.d_summary, total * summary_width);
        gemm(
            arch,
            &b.d_dense,
            &b.turned,
            &mut b.d_summary,
            dense,
            summary_width,
        );
        for (s, m) in b.d_summary.iter_mut().zip(&b.summary_mask) {
            *s *= m;
        }
        // Recurrences: the carried values are computed again, the summary holds them masked.
        zeros(&mut b.d_gates, total * 4 * state);
        zeros(&mut b.d_hidden, total * hidden);
        let mut at = 0;
        let mut carried = Vec::new();
        for example in batch {
            let len = example.len();
            for t in 0..len {
                b.d_hidden[(at + t) * hidden..][..hidden]
                    .copy_from_slice(&b.d_summary[(at + t) * summary_width..][..hidden]);
            }
            for direction in 0..2 {
                let place = |step: usize| at + if direction == 0 { step } else { len - 1 - step };
                zeros(&mut carried, (len + 1) * state);
                for step in 0..len {
                    let row = &b.gates[place(step) * 4 * state..][..4 * state];
                    for i in 0..state {
                        let f = hard_sigmoid(row[direction * state + i]);
                        let z = row[(2 + direction) * state + i].clamp(-1.0, 1.0);
                        carried[(step + 1) * state + i] =
                            f * carried[step * state + i] + (1.0 - f) * z;
                    }
                }
                let mut back = vec![0f32; state];
                for step in (0..len).rev() {
                    let t = place(step);
                    let row = &b.gates[t * 4 * state..][..4 * state];
                    let d_out =
                        &b.d_summary[t * summary_width + hidden + direction * state..][..state];
                    let d_row = &mut b.d_gates[t * 4 * state..][..4 * state];
                    for i in 0..state {
                        let d = back[i] + d_out[i];
                        let x = row[direction * state + i];
                        let f = hard_sigmoid(x);
                        let raw = row[(2 + direction) * state + i];
                        let z = raw.clamp(-1.0, 1.0);
                        if x > -2.5 && x < 2.5 {
                            d_row[direction * state + i] =
                                d * (carried[step * state + i] - z) * 0.2;
                        }
                        if raw > -1.0 && raw < 1.0 {
                            d_row[(2 + direction) * state + i] = d * (1.0 - f);
                        }
                        back[i] = d * f;
                    }
                }
            }
            at += len;
        }
        transpose(&b.hidden, hidden, &mut b.turned);
        gemm(
            arch,
            &b.turned,
            &b.d_gates,
            &mut self.gates.grad,
            total,
            4 * state,
        );
        sum_rows(&b.d_gates, &mut self.gates_bias.grad);
        transpose(&self.gates.value, 4 * state, &mut b.turned);
        gemm(
            arch,
            &b.d_gates,
            &b.turned,
            &mut b.d_hidden,
            4 * state,
            hidden,
        );
        deactivate(&mut b.d_hidden, &b.hidden, &b.hidden_mask);
        // Convolution and table.
        transpose(&b.input, WINDOW * word, &mut b.turned);
        gemm(
            arch,
            &b.turned,
            &b.d_hidden,
            &mut self.window.grad,
            total,
            hidden,
        );
        sum_rows(&b.d_hidden, &mut self.window_bias.grad);
        transpose(&self.window.value, hidden, &mut b.turned);
        zeros(&mut b.d_input, total * WINDOW * word);
        gemm(
            arch,
            &b.d_hidden,
            &b.turned,
            &mut b.d_input,
            hidden,
            WINDOW * word,
        );
        let mut at = 0;
        let mut vector = vec![0f32; word];
        let mut mask_at = 0;
        for example in batch {
            let len = example.len();
            for t in 0..len + 2 * REACH {
                vector.fill(0.0);
                for k in 0..WINDOW {
                    if t >= k && t - k < len {
                        let d = &b.d_input[((at + t - k) * WINDOW + k) * word..][..word];
                        for (v, x) in vector.iter_mut().zip(d) {
                            *v += x;
                        }
                    }
                }
                for (v, m) in vector.iter_mut().zip(&b.input_mask[mask_at..]) {
                    *v *= m;
                }
                mask_at += word;
                let rows: &[u32] = if t < REACH {
                    &[BEFORE]
                } else if t >= len + REACH {
                    &[BEHIND]
                } else {
                    example.word(t - REACH)
                };
                for &row in rows {
                    let row = row as usize;
                    if !self.touched[row] {
                        self.touched[row] = true;
                        self.touched_list.push(row as u32);
                    }
                    let grad = &mut self.table.grad[row * word..][..word];
                    for (g, x) in grad.iter_mut().zip(&vector) {
                        *g += x;
                    }
                }
            }
            at += len;
        }
        self.steps += 1;
        let step = Step::new(self.steps, rate);
        for param in [
            &mut self.window,
            &mut self.window_bias,
            &mut self.gates,
            &mut self.gates_bias,
            &mut self.dense,
            &mut self.dense_bias,
            &mut self.heads,
            &mut self.heads_bias,
        ] {
            param.step(step);
        }
        for row in self.contexts_touched.drain(..) {
            self.contexts.step_row(row as usize, step);
        }
        for row in self.touched_list.drain(..) {
            self.touched[row as usize] = false;
            self.table.step_row(row as usize, step);
        }
        loss
    }
}

fn hard_sigmoid(x: f32) -> f32 {
    (0.2 * x + 0.5).clamp(0.0, 1.0)
}

fn activate(values: &mut [f32], mask: &[f32]) {
    for (v, m) in values.iter_mut().zip(mask) {
        *v = v.clamp(0.0, CLIP) * m;
    }
}

/// Gradient through [`activate`]: passes where the unit was on and unclipped.
fn deactivate(grad: &mut [f32], values: &[f32], mask: &[f32]) {
    for ((g, v), m) in grad.iter_mut().zip(values).zip(mask) {
        *g = if *v > 0.0 && *v < CLIP * m {
            *g * m
        } else {
            0.0
        };
    }
}

fn sum_rows(rows: &[f32], sums: &mut [f32]) {
    for row in rows.chunks_exact(sums.len()) {
        for (s, x) in sums.iter_mut().zip(row) {
            *s += x;
        }
    }
}

/// Turns scores into the gradient of the cross-entropy; returns the loss.
fn softmax_loss(scores: &mut [f32], gold: usize, smoothing: f32) -> f32 {
    let top = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0;
    let at_gold = scores[gold] - top;
    for score in scores.iter_mut() {
        *score = exp(*score - top);
        sum += *score;
    }
    let share = smoothing / scores.len() as f32;
    for score in scores.iter_mut() {
        *score = *score / sum - share;
    }
    scores[gold] -= 1.0 - smoothing;
    libm::logf(sum) - at_gold
}

/// `e^x` for `x <= 0`, the same bits everywhere (the system's own differs between systems).
fn exp(x: f32) -> f32 {
    if x < -80.0 {
        return 0.0;
    }
    let scaled = x * std::f32::consts::LOG2_E;
    let whole = scaled.floor();
    let f = (scaled - whole) * std::f32::consts::LN_2;
    let series = 1.0
        + f * (1.0
            + f * (0.5 + f * (1.0 / 6.0 + f * (1.0 / 24.0 + f * (1.0 / 120.0 + f / 720.0)))));
    series * f32::from_bits(((127 + whole as i32) as u32) << 23)
}
