//! Products of a few queries with a block of keys, and of their shares with a block of values.
//!
//! Each number is summed in one order, over the numbers of a head or over the tokens of a block, whatever the width of the
//! machine's vectors and however many queries go together. Sums stay in registers: with eight queries there are eight
//! chains of additions, as many as it takes to keep the machine busy.

#![allow(
    clippy::inline_always,
    reason = "must be compiled with the instructions of the caller"
)]

use std::ops::Range;

use pulp::Simd;

use crate::engine::kv::BLOCK;

/// Scores of the tokens of a block: of each query one row.
pub(super) type Scores = [f32; BLOCK];

/// Queries side by side, `[number][query]`, for [`products`].
#[inline(always)]
pub(super) fn pack<const R: usize>(queries: [&[f32]; R], packed: &mut Vec<[f32; R]>) {
    packed.clear();
    let width = queries.first().map_or(0, |query| query.len());
    packed.extend((0..width).map(|number| queries.map(|query| query[number])));
}

/// The products of queries with a block of keys, `[number][token]`.
#[inline(always)]
pub(super) fn products<S: Simd, const R: usize>(
    simd: S,
    queries: &[[f32; R]],
    keys: &[f32],
    out: &mut [Scores; R],
) {
    let (keys, _) = S::as_simd_f32s(keys);
    let step = BLOCK / S::F32_LANES;
    for at in 0..step {
        let mut sums = [simd.splat_f32s(0.0); R];
        for (queries, keys) in queries.iter().zip(keys.chunks_exact(step)) {
            let keys = keys[at];
            for (sum, query) in sums.iter_mut().zip(queries) {
                *sum = simd.mul_add_f32s(simd.splat_f32s(*query), keys, *sum);
            }
        }
        for (out, sum) in out.iter_mut().zip(sums) {
            S::as_mut_simd_f32s(out).0[at] = sum;
        }
    }
}

/// Adds to what each query has seen its shares of some values of a block, `[token][number]`.
#[inline(always)]
pub(super) fn add_shares<S: Simd, const R: usize>(
    simd: S,
    shares: [&[f32]; R],
    values: &[f32],
    tokens: Range<usize>,
    seen: [&mut [f32]; R],
) {
    let width = values.len() / BLOCK;
    let whole = width / S::F32_LANES;
    let mut seen = seen.map(|seen| S::as_mut_simd_f32s(seen));
    let values = &values[tokens.start * width..tokens.end * width];
    let rows = || values.chunks_exact(width);
    let shares = shares.map(|shares| &shares[tokens.clone()]);
    for at in 0..whole {
        let mut sums = [simd.splat_f32s(0.0); R];
        for (sum, (seen, _)) in sums.iter_mut().zip(&seen) {
            *sum = seen[at];
        }
        for (token, row) in rows().enumerate() {
            let value = S::as_simd_f32s(row).0[at];
            for (sum, shares) in sums.iter_mut().zip(shares) {
                *sum = simd.mul_add_f32s(simd.splat_f32s(shares[token]), value, *sum);
            }
        }
        for ((seen, _), sum) in seen.iter_mut().zip(sums) {
            seen[at] = sum;
        }
    }
    for ((_, rest), shares) in seen.iter_mut().zip(shares) {
        for (share, row) in shares.iter().zip(rows()) {
            for (seen, value) in rest.iter_mut().zip(&row[whole * S::F32_LANES..]) {
                *seen = share.mul_add(*value, *seen);
            }
        }
    }
}
