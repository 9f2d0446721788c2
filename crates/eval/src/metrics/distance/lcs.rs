//! The length of the longest common subsequence, bit-parallel.
//!
//! Hyyrö 2004, "Bit-parallel LCS-length computation revisited"; strips of four words as in
//! `strips`, one carry a column between them.

use super::affix::trimmed;

/// Words in a strip.
const WORDS: usize = 4;

/// Scratch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lcs {
    masks: Vec<[u64; WORDS]>,
    /// By column, by how much the value under the last strip grows: 0 or 1.
    edge: Vec<u8>,
}

impl Lcs {
    /// The length of the longest common subsequence of two sequences of symbols below `alphabet`.
    pub(crate) fn length(&mut self, a: &[u32], b: &[u32], alphabet: usize) -> usize {
        let (x, y, _) = trimmed(a, b);
        let shared = a.len() - x.len();
        let (pattern, text) = if x.len() <= y.len() { (x, y) } else { (y, x) };
        shared
            + self
                .growth(pattern, text, alphabet)
                .iter()
                .map(|grown| usize::from(*grown))
                .sum::<usize>()
    }

    /// Twice the symbols of both less twice the common ones: insertions and deletions.
    pub(crate) fn indel(&mut self, a: &[u32], b: &[u32], alphabet: usize) -> usize {
        a.len() + b.len() - 2 * self.length(a, b, alphabet)
    }

    /// By how much each column lengthens the longest common subsequence of the pattern and the
    /// text up to there.
    pub(crate) fn growth(&mut self, pattern: &[u32], text: &[u32], alphabet: usize) -> &[u8] {
        if self.masks.len() < alphabet {
            self.masks.resize(alphabet, [0; WORDS]);
        }
        self.edge.clear();
        self.edge.resize(text.len(), 0);
        for rows in pattern.chunks(64 * WORDS) {
            for (row, symbol) in rows.iter().enumerate() {
                self.masks[*symbol as usize][row / 64] |= 1 << (row % 64);
            }
            let (masks, edge) = (self.masks.as_slice(), self.edge.as_mut_slice());
            match rows.len().div_ceil(64) {
                1 => sweep::<1>(masks, text, edge, rows.len()),
                2 => sweep::<2>(masks, text, edge, rows.len()),
                3 => sweep::<3>(masks, text, edge, rows.len()),
                _ => sweep::<4>(masks, text, edge, rows.len()),
            }
            for symbol in rows {
                self.masks[*symbol as usize] = [0; WORDS];
            }
        }
        &self.edge
    }
}

/// All columns of one strip. The carry out of a row says that the value there grows.
#[inline(never)]
fn sweep<const W: usize>(masks: &[[u64; WORDS]], text: &[u32], edge: &mut [u8], rows: usize) {
    let mut state = [u64::MAX; W];
    // The last word's carry leaves at its last row; where that is not bit 63, it is the next bit.
    let open = rows % 64;
    for (symbol, edge) in text.iter().zip(edge) {
        let mask = &masks[*symbol as usize];
        let mut carry = *edge != 0;
        let mut out = 0;
        for k in 0..W {
            let both = state[k] & mask[k];
            let (sum, over) = state[k].overflowing_add(both);
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            carry = over | over_again;
            if k == W - 1 && open != 0 {
                out = (sum ^ state[k] ^ both) >> open & 1;
            }
            state[k] = sum | (state[k] - both);
        }
        *edge = if open == 0 {
            u8::from(carry)
        } else {
            out as u8
        };
    }
}
