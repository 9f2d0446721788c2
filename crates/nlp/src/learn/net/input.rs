//! Rows of the table <-> the convolution's input: each word's vector stands once for every place of
//! the window that reaches it.

use super::{BEFORE, BEHIND, Example, plus, times};
use crate::engine::{REACH, WINDOW};
use crate::learn::param::Param;

/// Vectors that a batch needs, those around its sentences among them.
pub(super) fn vectors(batch: &[&Example]) -> usize {
    batch.iter().map(|example| example.len() + 2 * REACH).sum()
}

/// The rows of the word at `t`, counted from [`REACH`] before the sentence.
fn rows(example: &Example, t: usize) -> &[u32] {
    if t < REACH {
        &[BEFORE]
    } else if t >= example.len() + REACH {
        &[BEHIND]
    } else {
        example.word(t - REACH)
    }
}

/// Where, in the input that begins with a sentence of `len` words, the word at `t` stands.
fn slots(t: usize, len: usize) -> impl Iterator<Item = usize> {
    (0..WINDOW)
        .filter(move |slot| t >= *slot && t - slot < len)
        .map(move |slot| (t - slot) * WINDOW + slot)
}

/// Fills `input`, `[words x WINDOW x width]`; `mask` has a value for each of a vector's.
pub(super) fn gather(table: &Param, batch: &[&Example], mask: &[f32], input: &mut [f32]) {
    let width = table.width;
    let mut vector = vec![0f32; width];
    let (mut at, mut masks) = (0, mask.chunks_exact(width));
    for example in batch {
        for t in 0..example.len() + 2 * REACH {
            vector.fill(0.0);
            for &row in rows(example, t) {
                plus(&mut vector, table.row(row as usize));
            }
            times(&mut vector, masks.next().expect("one a vector"));
            for slot in slots(t, example.len()) {
                input[(at * WINDOW + slot) * width..][..width].copy_from_slice(&vector);
            }
        }
        at += example.len();
    }
}

/// Adds the slopes of the input to those of the table; `touched` gets the rows, sorted.
pub(super) fn scatter(
    table: &mut Param,
    batch: &[&Example],
    mask: &[f32],
    slopes: &[f32],
    touched: &mut Vec<u32>,
) {
    let width = table.width;
    let mut vector = vec![0f32; width];
    let (mut at, mut masks) = (0, mask.chunks_exact(width));
    touched.clear();
    for example in batch {
        for t in 0..example.len() + 2 * REACH {
            vector.fill(0.0);
            for slot in slots(t, example.len()) {
                plus(
                    &mut vector,
                    &slopes[(at * WINDOW + slot) * width..][..width],
                );
            }
            times(&mut vector, masks.next().expect("one a vector"));
            for &row in rows(example, t) {
                touched.push(row);
                plus(table.grad_row(row as usize), &vector);
            }
        }
        at += example.len();
    }
    touched.sort_unstable();
    touched.dedup();
}
