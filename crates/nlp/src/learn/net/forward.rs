//! A batch of sentences -> scores of every word.

use super::{
    CLIP, Dropout, Example, Net, Shape, Work, biased, input, plus, recurrence, times, zeros,
};
use crate::engine::WINDOW;
use crate::learn::gemm::gemm;
use crate::learn::loss::softmax;
use crate::learn::rng::Rng;

impl Net {
    /// Scores of every word of the batch, into `work.scores`: one row a word, all heads beside each
    /// other.
    pub(crate) fn forward(
        &self,
        batch: &[&Example],
        drop: Option<(Dropout, &mut Rng)>,
        work: &mut Work,
    ) {
        let Shape {
            word,
            hidden,
            state,
            dense,
            ..
        } = self.shape;
        let summary = self.shape.summary();
        let (_, width) = self.shape.offsets();
        let total: usize = batch.iter().map(|e| e.len()).sum();
        let mut none = Rng::new(0);
        let (rates, rng) = drop.unwrap_or((Dropout::NONE, &mut none));
        let w = work;
        let vectors = input::vectors(batch) * word;
        mask(&mut w.input_mask, vectors, rates.input, rng);
        mask(&mut w.hidden_mask, total * hidden, rates.hidden, rng);
        mask(&mut w.summary_mask, total * summary, rates.summary, rng);
        mask(&mut w.dense_mask, total * dense, rates.dense, rng);

        zeros(&mut w.input, total * WINDOW * word);
        input::gather(&self.table, batch, &w.input_mask, &mut w.input);
        biased(&mut w.hidden, total, &self.window_bias.value);
        let pair = (&*w.input, &*self.window.value);
        gemm(pair, &mut w.hidden, (WINDOW * word, hidden), &mut w.strip);
        activate(&mut w.hidden, &w.hidden_mask);

        biased(&mut w.gates, total, &self.gates_bias.value);
        let pair = (&*w.hidden, &*self.gates.value);
        gemm(pair, &mut w.gates, (hidden, 4 * state), &mut w.strip);
        zeros(&mut w.summary, total * summary);
        let rows = w.summary.chunks_exact_mut(summary);
        for (row, values) in rows.zip(w.hidden.chunks_exact(hidden)) {
            row[..hidden].copy_from_slice(values);
        }
        let sizes = self.recurrence();
        let mut at = 0;
        for example in batch {
            let end = at + example.len();
            let gates = &w.gates[at * 4 * state..end * 4 * state];
            let out = &mut w.summary[at * summary..end * summary];
            recurrence::forward(sizes, gates, out, &mut w.carried);
            at = end;
        }
        times(&mut w.summary, &w.summary_mask);

        biased(&mut w.dense, total, &self.dense_bias.value);
        let pair = (&*w.summary, &*self.dense.value);
        gemm(pair, &mut w.dense, (summary, dense), &mut w.strip);
        for (rows, sums) in contexts(batch).zip(w.dense.chunks_exact_mut(dense)) {
            for &row in rows {
                plus(sums, self.contexts.row(row as usize));
            }
        }
        activate(&mut w.dense, &w.dense_mask);
        biased(&mut w.scores, total, &self.heads_bias.value);
        let pair = (&*w.dense, &*self.heads.value);
        gemm(pair, &mut w.scores, (dense, width), &mut w.strip);
    }

    /// Probabilities of every word's labels: rows as those of scores.
    pub(crate) fn probabilities(&self, batch: &[&Example], work: &mut Work) -> Vec<f32> {
        self.forward(batch, None, work);
        let (offsets, width) = self.shape.offsets();
        let mut rows = work.scores.clone();
        for row in rows.chunks_exact_mut(width) {
            for (offset, labels) in offsets.iter().zip(&self.shape.heads) {
                softmax(&mut row[*offset..][..*labels]);
            }
        }
        rows
    }

    pub(super) fn recurrence(&self) -> recurrence::Sizes {
        recurrence::Sizes {
            state: self.shape.state,
            width: self.shape.summary(),
            first: self.shape.hidden,
        }
    }
}

/// Rows of the context table, word by word.
pub(super) fn contexts<'a>(batch: &'a [&Example]) -> impl Iterator<Item = &'a [u32]> {
    batch
        .iter()
        .flat_map(|example| (0..example.len()).map(|word| example.contexts(word)))
}

fn activate(values: &mut [f32], mask: &[f32]) {
    for (v, m) in values.iter_mut().zip(mask) {
        *v = v.clamp(0.0, CLIP) * m;
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
