//! Attention over packed sequences on a CPU: no padding, each sequence by itself.
//!
//! In: one row a token, `[tokens, 3 · width]`, the queries, keys and values of all heads side by side; the lengths of
//! the sequences. Out: `[tokens, width]`. Scores of a window outside which a token sees nothing are not computed for
//! whole blocks. One sequence's numbers do not depend on its neighbours: the same bits alone or in a batch.

#![allow(
    clippy::inline_always,
    reason = "what is not inlined is compiled for the narrowest instructions only"
)]

use std::ops::Range;

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::fast::exp;
use super::{plain, widest};
use crate::engine::error::Result;

/// Rows of queries worked on together.
const ROWS: usize = 4;
/// Columns worked on together.
const COLUMNS: usize = 32;

/// How tokens attend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heads {
    /// How many heads.
    pub count: usize,
    /// What scores are multiplied with.
    pub scale: f32,
    /// How far a token sees to each side; `None`: the whole sequence.
    pub reach: Option<usize>,
}

struct Packed<'a> {
    spans: &'a [Range<usize>],
    heads: Heads,
}

/// Attention within each of `spans`; `None` where Candle's own operations are needed.
pub(crate) fn attention(
    qkv: &Tensor,
    spans: &[Range<usize>],
    heads: Heads,
) -> Result<Option<Tensor>> {
    if !plain(qkv) {
        return Ok(None);
    }
    Ok(Some(qkv.apply_op1_no_bwd(&Packed { spans, heads })?))
}

impl CustomOp1 for Packed<'_> {
    fn name(&self) -> &'static str {
        "packed-attention"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (tokens, width) = layout.shape().dims2()?;
        let values = storage.as_slice::<f32>()?;
        let values = &values[layout.start_offset()..layout.start_offset() + tokens * width];
        let (width, head) = (width / 3, width / 3 / self.heads.count);
        // Each task owns the rows of its sequence.
        let mut out = vec![0_f32; tokens * width];
        let mut rest = out.as_mut_slice();
        let mut tasks = Vec::with_capacity(self.spans.len());
        for span in self.spans {
            let (own, after) = rest.split_at_mut(span.len() * width);
            tasks.push((span, own));
            rest = after;
        }
        tasks.into_par_iter().for_each(|(span, out)| {
            let rows = &values[span.start * width * 3..span.end * width * 3];
            widest(
                #[inline(always)]
                || sequence(rows, out, width, head, self.heads),
            );
        });
        Ok((CpuStorage::F32(out), Shape::from((tokens, width))))
    }
}

/// All heads of one sequence.
#[inline(always)]
fn sequence(rows: &[f32], out: &mut [f32], width: usize, head: usize, how: Heads) {
    let n = out.len() / width;
    let padded = n.next_multiple_of(COLUMNS);
    let wide = head.next_multiple_of(COLUMNS);
    let mut keys = vec![0_f32; head * padded];
    let mut values = vec![0_f32; n * wide];
    let mut queries = vec![0_f32; ROWS * head];
    let mut scores = vec![0_f32; ROWS * padded];
    let mut mixed = vec![0_f32; ROWS * wide];
    for at in (0..width).step_by(head) {
        for (j, row) in rows.chunks_exact(width * 3).enumerate() {
            for (c, key) in row[width + at..width + at + head].iter().enumerate() {
                keys[c * padded + j] = *key;
            }
            values[j * wide..j * wide + head]
                .copy_from_slice(&row[width * 2 + at..width * 2 + at + head]);
        }
        for first in (0..n).step_by(ROWS) {
            let count = ROWS.min(n - first);
            for r in 0..ROWS {
                // A block that is not full repeats its last row.
                let i = (first + r).min(n - 1);
                let query = &rows[i * width * 3 + at..i * width * 3 + at + head];
                for (to, from) in queries[r * head..(r + 1) * head].iter_mut().zip(query) {
                    *to = from * how.scale;
                }
            }
            let (lo, hi) = match how.reach {
                Some(reach) => (
                    first.saturating_sub(reach) / COLUMNS * COLUMNS,
                    (first + count + reach).min(n),
                ),
                None => (0, n),
            };
            product(
                &queries,
                head,
                &keys,
                padded,
                &mut scores,
                lo..hi.next_multiple_of(COLUMNS),
            );
            for r in 0..ROWS {
                let i = (first + r).min(n - 1);
                let seen = how.reach.map_or(0..n, |reach| {
                    i.saturating_sub(reach)..(i + reach + 1).min(n)
                });
                let row = &mut scores[r * padded..(r + 1) * padded];
                softmax(&mut row[seen.clone()]);
                row[lo..seen.start].fill(0.0);
                row[seen.end..].fill(0.0);
            }
            product_of_rows(&scores, padded, &values, wide, &mut mixed, lo..hi);
            for r in 0..count {
                let to = (first + r) * width + at;
                out[to..to + head].copy_from_slice(&mixed[r * wide..r * wide + head]);
            }
        }
    }
}

/// `out[r, j] = Σ a[r, c] · b[c, j]` for the columns `range`, of which there are whole blocks.
#[inline(always)]
fn product(
    a: &[f32],
    inner: usize,
    b: &[f32],
    columns: usize,
    out: &mut [f32],
    range: Range<usize>,
) {
    for j in range.step_by(COLUMNS) {
        let mut sums = [[0_f32; COLUMNS]; ROWS];
        for c in 0..inner {
            let row: &[f32; COLUMNS] = b[c * columns + j..c * columns + j + COLUMNS]
                .try_into()
                .expect("a block");
            for (r, sums) in sums.iter_mut().enumerate() {
                let factor = a[r * inner + c];
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum = factor.mul_add(*value, *sum);
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            out[r * columns + j..r * columns + j + COLUMNS].copy_from_slice(sums);
        }
    }
}

/// `out[r, c] = Σ a[r, j] · b[j, c]` over the rows `range` of `b`.
#[inline(always)]
fn product_of_rows(
    a: &[f32],
    stride: usize,
    b: &[f32],
    columns: usize,
    out: &mut [f32],
    range: Range<usize>,
) {
    for c in (0..columns).step_by(COLUMNS) {
        let mut sums = [[0_f32; COLUMNS]; ROWS];
        for j in range.clone() {
            let row: &[f32; COLUMNS] = b[j * columns + c..j * columns + c + COLUMNS]
                .try_into()
                .expect("a block");
            for (r, sums) in sums.iter_mut().enumerate() {
                let factor = a[r * stride + j];
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum = factor.mul_add(*value, *sum);
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            out[r * columns + c..r * columns + c + COLUMNS].copy_from_slice(sums);
        }
    }
}

/// Softmax in place.
#[inline(always)]
pub(crate) fn softmax(row: &mut [f32]) {
    let (blocks, rest) = row.as_chunks::<16>();
    let mut largest = [f32::NEG_INFINITY; 16];
    for block in blocks {
        for (largest, value) in largest.iter_mut().zip(block) {
            *largest = largest.max(*value);
        }
    }
    let largest = (largest.iter().chain(rest)).fold(f32::NEG_INFINITY, |a, b| a.max(*b));
    let (blocks, rest) = row.as_chunks_mut::<16>();
    let mut sums = [0_f32; 16];
    for block in blocks {
        for (value, sum) in block.iter_mut().zip(&mut sums) {
            *value = exp(*value - largest);
            *sum += *value;
        }
    }
    let mut total: f32 = sums.iter().sum();
    for value in rest {
        *value = exp(*value - largest);
        total += *value;
    }
    let share = 1.0 / total;
    for value in row {
        *value *= share;
    }
}
