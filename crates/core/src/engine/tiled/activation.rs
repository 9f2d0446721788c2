//! What a tiled matrix is multiplied with, rounded to 8 bits.

use super::tile::BLOCK;
use crate::engine::ops::spread::spread;
use crate::engine::ops::widest;

/// Rows that go through a tile together.
pub(super) const GROUP: usize = 16;
/// Adding it to a number of at most 127 leaves the nearest whole number in the lowest bits.
const ROUND: f32 = 12_582_912.0;

/// 256 numbers of a row: whole numbers of -127 to 127, times a scale of all of them, or of each 32.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(super) struct Act {
    /// Four numbers each, the first in the lowest byte.
    pub(super) quads: [i32; BLOCK / 4],
    /// The sums of 32 numbers, two to each, the first in the lower half.
    pub(super) pairs: [i32; 4],
    /// The sums of 32, times -8.
    pub(super) less8: [i32; 8],
    /// The sums of 32, times -128.
    pub(super) less128: [i32; 8],
    /// The sums of 16, times -32.
    pub(super) less32: [i32; 16],
    /// Of each 32; all are equal where they share one.
    pub(super) scales: [f32; 8],
}

impl Act {
    const ZERO: Self = Self {
        quads: [0; BLOCK / 4],
        pairs: [0; 4],
        less8: [0; 8],
        less128: [0; 8],
        less32: [0; 16],
        scales: [0.0; 8],
    };

    /// Rounds each 32 by itself, or all together.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "must be compiled with the instructions of its caller"
    )]
    fn of(x: &[f32; BLOCK], fine: bool) -> Self {
        let mut act = Self::ZERO;
        // Of positive numbers, infinity and what is no number, the order is that of their bits.
        let mut highest = [0_u32; 8];
        for (highest, x) in highest.iter_mut().zip(x.as_chunks::<32>().0) {
            *highest = x
                .iter()
                .fold(0, |highest: u32, x| highest.max(x.to_bits() & 0x7FFF_FFFF));
        }
        if !fine {
            highest = [highest.into_iter().max().unwrap_or(0); 8];
        }
        let mut whole = [0_i8; BLOCK];
        let parts = whole.as_chunks_mut::<32>().0.iter_mut();
        for (at, (whole, x)) in parts.zip(x.as_chunks::<32>().0).enumerate() {
            let highest = f32::from_bits(highest[at]);
            let by = 127.0 / highest;
            if !highest.is_finite() {
                act.scales[at] = f32::NAN;
            } else if by.is_finite() {
                for (whole, x) in whole.iter_mut().zip(x) {
                    *whole = (x * by + ROUND).to_bits() as i8;
                }
                act.scales[at] = highest / 127.0;
            }
        }
        let (quads, _) = whole.as_chunks::<4>();
        for (quad, bytes) in act.quads.iter_mut().zip(quads) {
            *quad = i32::from_le_bytes(bytes.map(i8::cast_unsigned));
        }
        let mut sums = [0_i32; 16];
        let (sixteens, _) = whole.as_chunks::<16>();
        for (sum, numbers) in sums.iter_mut().zip(sixteens) {
            *sum = numbers.iter().map(|n| i32::from(*n)).sum();
        }
        for (at, sum) in sums.iter().enumerate() {
            act.less32[at] = -32 * sum;
        }
        for at in 0..8 {
            let sum = sums[2 * at] + sums[2 * at + 1];
            act.less8[at] = -8 * sum;
            act.less128[at] = -128 * sum;
            act.pairs[at / 2] |= (sum & 0xFFFF) << (at % 2 * 16);
        }
        act
    }
}

/// Rows, in groups that go through a tile together.
#[derive(Debug)]
pub(super) struct Rows {
    /// Of each group its blocks one after another, of each block the group's rows.
    groups: Vec<Vec<Act>>,
    rows: usize,
}

impl Rows {
    /// Rows of `columns` numbers, each `stride` after the one before; with a scale for every 32 if `fine`, else for 256.
    pub(super) fn new(x: &[f32], columns: usize, stride: usize, fine: bool) -> Self {
        let rows: Vec<&[f32]> = x.chunks(stride.max(1)).map(|row| &row[..columns]).collect();
        let group = |rows: &[&[f32]]| {
            let mut acts = vec![Act::ZERO; rows.len() * (columns / BLOCK)];
            widest(
                #[inline(always)]
                || {
                    for (at, row) in rows.iter().enumerate() {
                        let (blocks, _) = row.as_chunks::<BLOCK>();
                        for (block, x) in blocks.iter().enumerate() {
                            acts[block * rows.len() + at] = Act::of(x, fine);
                        }
                    }
                },
            );
            acts
        };
        Self {
            groups: spread(rows.chunks(GROUP).collect(), group),
            rows: rows.len(),
        }
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// Of each group its first row, how many rows it has, and its blocks.
    pub(super) fn groups(&self) -> impl Iterator<Item = (usize, usize, &[Act])> {
        self.groups.iter().enumerate().map(|(number, acts)| {
            let first = number * GROUP;
            (first, GROUP.min(self.rows - first), acts.as_slice())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_to_within_half_a_step() {
        let x: [f32; BLOCK] = std::array::from_fn(|at| (at as f32 * 0.37).sin() * at as f32);
        for fine in [false, true] {
            let act = Act::of(&x, fine);
            let whole: Vec<i8> = act
                .quads
                .iter()
                .flat_map(|quad| quad.to_le_bytes())
                .map(u8::cast_signed)
                .collect();
            for (at, (whole, x)) in whole.iter().zip(x).enumerate() {
                let scale = act.scales[at / 32];
                assert!((f32::from(*whole) * scale - x).abs() <= scale * 0.501);
            }
            assert_eq!(act.scales[0] < act.scales[7], fine);
            let sum = |range: std::ops::Range<usize>| -> i32 {
                whole[range].iter().map(|n| i32::from(*n)).sum()
            };
            for at in 0..16 {
                assert_eq!(act.less32[at], -32 * sum(at * 16..at * 16 + 16));
            }
            for at in 0..8 {
                let sum = sum(at * 32..at * 32 + 32);
                assert_eq!((act.less8[at], act.less128[at]), (-8 * sum, -128 * sum));
                let half = (act.pairs[at / 2] >> (at % 2 * 16)) as i16;
                assert_eq!(i32::from(half), sum);
            }
        }
    }

    #[test]
    fn zeros_stay_zeros_and_no_number_stays_none() {
        for fine in [false, true] {
            assert_eq!(Act::of(&[0.0; BLOCK], fine).scales, [0.0; 8]);
            assert_eq!(Act::of(&[1e-40; BLOCK], fine).scales, [0.0; 8]);
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let mut x = [1.0; BLOCK];
                x[77] = bad;
                let scales = Act::of(&x, fine).scales;
                assert!(scales[2].is_nan());
                assert_eq!(scales[0].is_nan(), !fine);
            }
        }
    }
}
