//! Attention of a packed batch: each text over its own keys and values, block by block.
//!
//! Queries of all heads that share keys go together in tiles, so that a block is read once a tile.
//! Keys are kept number by number (`[number][token]`), so that one pass gives the products with all
//! tokens of a block (`attention/block.rs`); each product and each sum is built in the same order whatever the tile, the
//! batch or the share of the prefix, so a text's numbers here do not depend on what stands beside it.

mod block;

use std::sync::atomic::{AtomicBool, Ordering};

use pulp::Simd;

use super::super::error::{EngineError, Result};
use super::super::kv::{BLOCK, KvShape, Sequence};
use super::super::ops::spread::spread;
use super::host::Packed;
use super::looks::is_long;
use super::{Shape, Span, Stop};

/// Queries that one task takes: a few tiles of eight.
const TASK: usize = 32;

/// One layer's attention.
#[derive(Debug)]
pub(super) struct Heads<'a> {
    pub(super) shape: &'a Shape,
    pub(super) layer: usize,
    pub(super) kv: KvShape,
}

/// A query: a head of a row, and the position of its token.
#[derive(Clone, Copy, Debug)]
struct Query {
    /// Where its numbers start in the batch's queries.
    from: usize,
    /// Where its answer starts in the output.
    to: usize,
    position: usize,
}

impl Heads<'_> {
    /// What each query sees, `[row][head][number]`; with `wanted_only`, for the wanted rows alone.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`], looked for where there is much to see.
    pub(super) fn attend(
        &self,
        queries: &[f32],
        spans: &[Span<'_>],
        packed: &Packed,
        wanted_only: bool,
        stop: Stop<'_>,
    ) -> Result<Vec<f32>> {
        let Shape {
            heads,
            kv_heads,
            head_width: width,
            ..
        } = *self.shape;
        let group = heads / kv_heads;
        let mut tasks = Vec::new();
        let mut work: usize = 0;
        let mut out_row = 0;
        for (span, start) in spans.iter().zip(&packed.starts) {
            let all: Vec<usize>;
            let rows = if wanted_only {
                span.wanted
            } else {
                all = (0..span.tokens.len()).collect();
                &all
            };
            for kv_head in 0..kv_heads {
                let mut list = Vec::with_capacity(rows.len() * group);
                for (at, row) in rows.iter().enumerate() {
                    for head in kv_head * group..(kv_head + 1) * group {
                        list.push(Query {
                            from: ((start + row) * heads + head) * width,
                            to: ((out_row + at) * heads + head) * width,
                            position: packed.positions[start + row],
                        });
                    }
                }
                for part in list.chunks(TASK) {
                    tasks.push((kv_head, &*span.sequence, part.to_vec()));
                }
            }
            let seen = span.sequence.len() + span.tokens.len();
            work = work.saturating_add(rows.len() * heads * seen * 2 * width);
            out_row += rows.len();
        }
        let looks = is_long(work);
        let over = AtomicBool::new(false);
        let done: Vec<(Vec<Query>, Vec<f32>)> = spread(tasks, |(kv_head, sequence, list)| {
            if looks && (over.load(Ordering::Relaxed) || stop()) {
                over.store(true, Ordering::Relaxed);
                return (Vec::new(), Vec::new());
            }
            let mut seen = vec![0.0; list.len() * width];
            let tiles = Tiles {
                heads: self,
                kv_head,
                sequence,
                queries,
            };
            pulp::Arch::new().dispatch(Work {
                tiles,
                list: &list,
                seen: &mut seen,
            });
            (list, seen)
        });
        if over.into_inner() {
            return Err(EngineError::Cancelled);
        }
        let mut out = vec![0.0; out_row * heads * width];
        for (list, seen) in done {
            for (query, seen) in list.iter().zip(seen.chunks_exact(width)) {
                out[query.to..query.to + width].copy_from_slice(seen);
            }
        }
        Ok(out)
    }
}

/// What the tiles of a task share.
#[derive(Clone, Copy, Debug)]
struct Tiles<'a> {
    heads: &'a Heads<'a>,
    kv_head: usize,
    sequence: &'a Sequence,
    queries: &'a [f32],
}

/// A task, for the widest vectors that are here.
struct Work<'a> {
    tiles: Tiles<'a>,
    list: &'a [Query],
    seen: &'a mut [f32],
}

impl pulp::WithSimd for Work<'_> {
    type Output = ();

    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "must be compiled with the instructions of its caller"
    )]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            tiles,
            mut list,
            mut seen,
        } = self;
        let width = tiles.heads.kv.width;
        let mut scores = Vec::new();
        while !list.is_empty() {
            let take = match list.len() {
                8.. => 8,
                4.. => 4,
                2.. => 2,
                _ => 1,
            };
            let (now, later) = list.split_at(take);
            let (out, rest) = seen.split_at_mut(take * width);
            match take {
                8 => tiles.tile::<S, 8>(simd, now, &mut scores, out),
                4 => tiles.tile::<S, 4>(simd, now, &mut scores, out),
                2 => tiles.tile::<S, 2>(simd, now, &mut scores, out),
                _ => tiles.tile::<S, 1>(simd, now, &mut scores, out),
            }
            (list, seen) = (later, rest);
        }
    }
}

impl Tiles<'_> {
    /// `R` queries over all that they see.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "must be compiled with the instructions of its caller"
    )]
    fn tile<S: Simd, const R: usize>(
        &self,
        simd: S,
        list: &[Query],
        scores: &mut Vec<f32>,
        seen: &mut [f32],
    ) {
        let Heads { shape, layer, kv } = *self.heads;
        let width = kv.width;
        let list: &[Query; R] = list.first_chunk().expect("as many queries as the tile has");
        let window = shape.windows[layer];
        let first_of =
            |query: &Query| window.map_or(0, |window| (query.position + 1).saturating_sub(window));
        let (mut first, mut last) = (usize::MAX, 0);
        // What all of them see.
        let (mut from_all, mut to_all) = (0, usize::MAX);
        for query in list {
            first = first.min(first_of(query));
            last = last.max(query.position);
            from_all = from_all.max(first_of(query));
            to_all = to_all.min(query.position + 1);
        }
        let (first_block, last_block) = (first / BLOCK, last / BLOCK);
        let stride = (last_block + 1 - first_block) * BLOCK;
        scores.clear();
        scores.resize(R * stride, f32::NEG_INFINITY);
        let mut packed = Vec::with_capacity(width);
        block::pack(
            list.map(|query| &self.queries[query.from..query.from + width]),
            &mut packed,
        );
        let score = |product: f32| {
            let score = product * shape.attention_scale;
            match shape.attention_softcap {
                Some(cap) => cap * (score / cap).tanh(),
                None => score,
            }
        };
        for block in first_block..=last_block {
            let keys = self.sequence.head(kv, layer, 0, self.kv_head, block);
            let mut products = [[0.0; BLOCK]; R];
            block::products(simd, &packed, keys, &mut products);
            let start = block * BLOCK;
            for ((query, products), scores) in list
                .iter()
                .zip(&products)
                .zip(scores.chunks_exact_mut(stride))
            {
                let from = first_of(query).saturating_sub(start).min(BLOCK);
                let to = (query.position + 1).saturating_sub(start).min(BLOCK);
                let place = (block - first_block) * BLOCK;
                let scores = &mut scores[place..place + BLOCK];
                if (from, to) == (0, BLOCK) {
                    for (slot, product) in scores.iter_mut().zip(products) {
                        *slot = score(*product);
                    }
                } else if from < to {
                    for (slot, product) in scores[from..to].iter_mut().zip(&products[from..to]) {
                        *slot = score(*product);
                    }
                }
            }
        }
        for scores in scores.chunks_exact_mut(stride) {
            softmax(scores);
        }
        for block in first_block..=last_block {
            let values = self.sequence.head(kv, layer, 1, self.kv_head, block);
            let start = block * BLOCK;
            let place = start - first_block * BLOCK;
            let shares = |row: usize| &scores[row * stride + place..row * stride + place + BLOCK];
            let mut seen = seen.chunks_exact_mut(width);
            if from_all <= start && to_all >= start + BLOCK {
                let shares = std::array::from_fn(shares);
                let seen: [&mut [f32]; R] =
                    std::array::from_fn(|_| seen.next().unwrap_or_default());
                block::add_shares(simd, shares, values, 0..BLOCK, seen);
                continue;
            }
            // What stands in a block before a query's window is not for it, nor what stands after its own token, which
            // may be of no text: no number times nothing would be no number.
            for (row, (query, seen)) in list.iter().zip(seen).enumerate() {
                let from = first_of(query).saturating_sub(start).min(BLOCK);
                let to = (query.position + 1).saturating_sub(start).min(BLOCK);
                if from < to {
                    block::add_shares(simd, [shares(row)], values, from..to, [seen]);
                }
            }
        }
    }
}

/// Softmax in place; the sum runs over lanes of [`BLOCK`], then over the lanes.
#[inline(always)]
#[allow(
    clippy::inline_always,
    reason = "must be compiled with the instructions of its caller"
)]
fn softmax(scores: &mut [f32]) {
    let mut highest = [f32::NEG_INFINITY; BLOCK];
    for lane in scores.chunks_exact(BLOCK) {
        for (highest, score) in highest.iter_mut().zip(lane) {
            *highest = if *score > *highest { *score } else { *highest };
        }
    }
    let highest = highest.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sums = [0.0_f32; BLOCK];
    for lane in scores.chunks_exact_mut(BLOCK) {
        for (sum, score) in sums.iter_mut().zip(lane) {
            *score = exp(*score - highest);
            *sum += *score;
        }
    }
    let sum: f32 = sums.iter().sum();
    for score in scores {
        *score /= sum;
    }
}

/// `e^x` for `x <= 0` (and a little above) within 2 units in the last place; 0 below -87.
///
/// Cephes' polynomial (`expf.c`) on what a power of two leaves: no table, so that it is done for many
/// numbers at once.
#[inline(always)]
#[allow(
    clippy::inline_always,
    reason = "must be compiled with the instructions of its caller"
)]
#[allow(
    clippy::excessive_precision,
    clippy::unreadable_literal,
    reason = "Cephes' constants, digit by digit"
)]
fn exp(x: f32) -> f32 {
    // Adding and taking away 1.5 * 2^23 rounds to a whole number.
    const ROUND: f32 = 12_582_912.0;
    let low = x < -87.0;
    let x = if low { -87.0 } else { x };
    let power = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let rest = power.mul_add(-0.693359375, x);
    let rest = power.mul_add(2.12194440e-4, rest);
    let mut y = 1.9875691500e-4_f32;
    for term in [
        1.3981999507e-3,
        8.3334519073e-3,
        4.1665795894e-2,
        1.6666665459e-1,
        5.0000001201e-1,
    ] {
        y = y.mul_add(rest, term);
    }
    let y = y.mul_add(rest * rest, rest) + 1.0;
    // The whole number, as an exponent.
    let scale = f32::from_bits(((power as i32 + 127) as u32) << 23);
    if low { 0.0 } else { y * scale }
}

/// `gate / (1 + exp(-gate)) * up`, in place of `gate`.
#[inline(always)]
#[allow(
    clippy::inline_always,
    reason = "must be compiled with the instructions of its caller"
)]
pub(super) fn silu_times(gate: &mut [f32], up: &[f32]) {
    for (gate, up) in gate.iter_mut().zip(up) {
        let size = if *gate < 0.0 { -*gate } else { *gate };
        // exp(-|x|) never overflows: 1 / (1 + e) for x >= 0, e / (1 + e) below.
        let e = exp(-size);
        let share = if *gate < 0.0 { e } else { 1.0 } / (1.0 + e);
        *gate = *gate * share * up;
    }
}

/// Root-mean-square norm of one head, in place.
pub(super) fn normalise(head: &mut [f32], gain: &[f32], epsilon: f32) {
    let sum: f32 = head.iter().map(|number| number * number).sum();
    let scale = 1.0 / (sum / head.len() as f32 + epsilon).sqrt();
    for (number, gain) in head.iter_mut().zip(gain) {
        *number = *number * scale * gain;
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::engine::config::Config;
    use crate::engine::decoder::shape;
    use crate::engine::files::ModelFiles;
    use crate::engine::kv::Pool;

    /// The shape of the tiny Mistral, with one layer that sees so many tokens back.
    fn shape_with(window: usize) -> Shape {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine/models/decoder-mistral");
        let files = ModelFiles::open(path).unwrap();
        let mut shape = shape(&Config::open(&files).unwrap()).unwrap();
        shape.layers = 1;
        shape.windows = vec![Some(window)];
        shape
    }

    #[test]
    fn what_stands_outside_of_a_window_is_not_seen_even_if_it_is_no_number() {
        let (tokens, window) = (3 * BLOCK - 3, 5);
        let shape = shape_with(window);
        let kv = shape.kv();
        let row = shape.kv_heads * shape.head_width;
        let numbers = |count: usize| -> Vec<f32> {
            (0..count).map(|at| (at % 7) as f32 / 7.0 - 0.4).collect()
        };
        let queries = numbers(tokens * shape.heads * shape.head_width);
        // Everything that stands before the window of the last two tokens is no number, or is.
        let seen = |before: Option<[f32; 2]>| {
            let pool = Pool::new(kv, kv.bytes() * 4);
            let mut sequence = Sequence::default();
            sequence.reserve(&pool, tokens).unwrap();
            let (mut keys, mut values) = (numbers(tokens * row), numbers(tokens * row));
            if let Some([key, value]) = before {
                keys[..(tokens - window - 1) * row].fill(key);
                values[..(tokens - window - 1) * row].fill(value);
            }
            sequence.write(kv, 0, 0, &keys, &values);
            let packed = Packed {
                positions: (0..tokens).collect(),
                starts: vec![0],
                wanted: Vec::new(),
            };
            let heads = Heads {
                shape: &shape,
                layer: 0,
                kv,
            };
            let spans = [Span {
                tokens: &vec![0; tokens],
                sequence: &mut sequence,
                wanted: &[tokens - 2, tokens - 1],
            }];
            heads
                .attend(&queries, &spans, &packed, true, &|| false)
                .unwrap()
        };
        let wanted = seen(None);
        assert!(wanted.iter().all(|number| number.is_finite()));
        for before in [[f32::NAN; 2], [f32::INFINITY; 2], [0.0, f32::NEG_INFINITY]] {
            assert_eq!(seen(Some(before)), wanted, "{before:?}");
        }
    }

    #[test]
    fn exponentials_are_right_to_two_units_in_the_last_place() {
        for step in 0..=87_000 {
            let x = -(step as f32) / 1000.0;
            let wanted = f64::from(x).exp();
            let got = f64::from(exp(x));
            assert!(
                (got - wanted).abs() <= wanted * 2.4e-7,
                "{x}: {got}, wanted {wanted}"
            );
        }
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(0.0), 1.0);
    }

    #[test]
    fn softmax_sums_to_one_and_leaves_out_what_is_hidden() {
        let mut scores = vec![f32::NEG_INFINITY; 32];
        scores[3] = 1.0;
        scores[20] = 2.0;
        softmax(&mut scores);
        assert!((scores[20] - 0.731_058_6).abs() < 1e-6);
        assert!((scores.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert_eq!(scores[0], 0.0);
    }

    #[test]
    fn the_gate_is_silu_times_up() {
        let mut gate = [-100.0, -1.0, 0.0, 2.0, 100.0];
        silu_times(&mut gate, &[1.0, 2.0, 3.0, 4.0, 1.0]);
        for (got, wanted) in gate.iter().zip([0.0, -0.537_882_8, 0.0, 7.046_376, 100.0]) {
            assert!((got - wanted).abs() < 1e-5, "{got} {wanted}");
        }
    }
}
