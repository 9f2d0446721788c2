//! One step of training: the slope of the loss in every parameter, and a move against it.

use super::forward::contexts;
use super::{CLIP, Dropout, Example, Net, Shape, Work, input, plus, recurrence, times, zeros};
use crate::engine::WINDOW;
use crate::learn::gemm::{gemm, transpose};
use crate::learn::loss::{Goal, NO_LABEL};
use crate::learn::param::Step;
use crate::learn::rng::Rng;

/// How a step is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How<'a> {
    pub(crate) drop: Dropout,
    pub(crate) goal: &'a Goal,
    pub(crate) rate: f32,
    /// What a teacher says: rows of probabilities as those of scores.
    pub(crate) taught: Option<&'a [f32]>,
}

impl Net {
    /// One step of training. Returns the loss in nats, summed over words and heads.
    pub(crate) fn learn(
        &mut self,
        batch: &[&Example],
        how: How<'_>,
        rng: &mut Rng,
        work: &mut Work,
    ) -> f64 {
        self.forward(batch, Some((how.drop, rng)), work);
        let loss = self.slopes_of_scores(batch, how, work);
        self.back(batch, work);
        self.steps += 1;
        self.step(Step::new(self.steps, how.rate), work);
        loss
    }

    /// Turns the scores into slopes.
    fn slopes_of_scores(&self, batch: &[&Example], how: How<'_>, work: &mut Work) -> f64 {
        let (offsets, width) = self.shape.offsets();
        let used = self.shape.heads.iter().sum::<usize>();
        let total = work.scores.len() / width;
        let scale = 1.0 / total.max(1) as f32;
        let mut loss = 0.0;
        let places = batch
            .iter()
            .flat_map(|example| (0..example.len()).map(move |t| (example, t)));
        let rows = work.scores.chunks_exact_mut(width);
        for (row, ((example, t), scores)) in places.zip(rows).enumerate() {
            for (head, &labels) in self.shape.heads.iter().enumerate() {
                let part = &mut scores[offsets[head]..][..labels];
                let gold = example.labels[head][t];
                if gold == NO_LABEL {
                    part.fill(0.0);
                    continue;
                }
                let taught = how
                    .taught
                    .map(|taught| &taught[row * width + offsets[head]..][..labels]);
                loss += f64::from(how.goal.slope(part, gold as usize, taught));
                let scale = scale * how.goal.weights[head];
                for value in part {
                    *value *= scale;
                }
            }
            scores[used..].fill(0.0);
        }
        loss
    }

    /// Slopes of the scores -> slopes of the parameters.
    fn back(&mut self, batch: &[&Example], work: &mut Work) {
        let Shape {
            word,
            hidden,
            state,
            dense,
            ..
        } = self.shape;
        let summary = self.shape.summary();
        let (_, width) = self.shape.offsets();
        let w = work;
        let total = w.scores.len() / width;

        // Heads.
        transpose(&w.dense, dense, &mut w.turned);
        let pair = (&*w.turned, &*w.scores);
        gemm(pair, &mut self.heads.grad, (total, width), &mut w.strip);
        sum_rows(&w.scores, &mut self.heads_bias.grad);
        transpose(&self.heads.value, width, &mut w.turned);
        zeros(&mut w.d_dense, total * dense);
        let pair = (&*w.scores, &*w.turned);
        gemm(pair, &mut w.d_dense, (width, dense), &mut w.strip);
        deactivate(&mut w.d_dense, &w.dense, &w.dense_mask);

        // Dense layer and contexts.
        transpose(&w.summary, summary, &mut w.turned);
        let pair = (&*w.turned, &*w.d_dense);
        gemm(pair, &mut self.dense.grad, (total, dense), &mut w.strip);
        sum_rows(&w.d_dense, &mut self.dense_bias.grad);
        w.contexts_touched.clear();
        for (rows, slope) in contexts(batch).zip(w.d_dense.chunks_exact(dense)) {
            for &row in rows {
                w.contexts_touched.push(row);
                plus(self.contexts.grad_row(row as usize), slope);
            }
        }
        w.contexts_touched.sort_unstable();
        w.contexts_touched.dedup();
        transpose(&self.dense.value, dense, &mut w.turned);
        zeros(&mut w.d_summary, total * summary);
        let pair = (&*w.d_dense, &*w.turned);
        gemm(pair, &mut w.d_summary, (dense, summary), &mut w.strip);
        times(&mut w.d_summary, &w.summary_mask);

        // Recurrences.
        zeros(&mut w.d_gates, total * 4 * state);
        let sizes = self.recurrence();
        let mut at = 0;
        for example in batch {
            let end = at + example.len();
            let gates = at * 4 * state..end * 4 * state;
            let slopes = &w.d_summary[at * summary..end * summary];
            let d_gates = &mut w.d_gates[gates.clone()];
            recurrence::backward(sizes, &w.gates[gates], slopes, d_gates, &mut w.carried);
            at = end;
        }
        zeros(&mut w.d_hidden, total * hidden);
        let rows = w.d_hidden.chunks_exact_mut(hidden);
        for (row, slopes) in rows.zip(w.d_summary.chunks_exact(summary)) {
            row.copy_from_slice(&slopes[..hidden]);
        }
        transpose(&w.hidden, hidden, &mut w.turned);
        let pair = (&*w.turned, &*w.d_gates);
        gemm(pair, &mut self.gates.grad, (total, 4 * state), &mut w.strip);
        sum_rows(&w.d_gates, &mut self.gates_bias.grad);
        transpose(&self.gates.value, 4 * state, &mut w.turned);
        let pair = (&*w.d_gates, &*w.turned);
        gemm(pair, &mut w.d_hidden, (4 * state, hidden), &mut w.strip);
        deactivate(&mut w.d_hidden, &w.hidden, &w.hidden_mask);

        // Convolution and table.
        transpose(&w.input, WINDOW * word, &mut w.turned);
        let pair = (&*w.turned, &*w.d_hidden);
        gemm(pair, &mut self.window.grad, (total, hidden), &mut w.strip);
        sum_rows(&w.d_hidden, &mut self.window_bias.grad);
        w.touched.clear();
        if self.table.frozen {
            return;
        }
        transpose(&self.window.value, hidden, &mut w.turned);
        zeros(&mut w.d_input, total * WINDOW * word);
        let pair = (&*w.d_hidden, &*w.turned);
        gemm(pair, &mut w.d_input, (hidden, WINDOW * word), &mut w.strip);
        input::scatter(
            &mut self.table,
            batch,
            &w.input_mask,
            &w.d_input,
            &mut w.touched,
        );
    }

    fn step(&mut self, step: Step, work: &Work) {
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
        for row in &work.contexts_touched {
            self.contexts.step_row(*row as usize, step);
        }
        for row in &work.touched {
            self.table.step_row(*row as usize, step);
        }
    }
}

/// Slope through an activation: passes where the unit was on and unclipped.
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
        plus(sums, row);
    }
}
