//! Clipped matches of n-grams by sets of places: for candidates of up to 256 tokens.
//!
//! For each place of a reference and each order, one set of bits holds the places of the candidate
//! where the n-gram that ends here ends too: that of order n is that of order n - 1 one place
//! before, moved on by one, less the places of another token. One place of it is then used up, the
//! first that is free. N-grams that differ share no place, so the places used are the clipped
//! matches; and as the first are used first, those of several references lie one in the other.
//!
//! A few instructions a token and order: nothing is hashed or looked up.

use super::super::bleu::MAX_ORDER;
use super::table::ABSENT;

/// Candidates of more tokens than this are not for [`Bits`].
pub(super) const MOST: usize = 256;

/// Places of the candidate's tokens.
#[derive(Clone, Debug, Default)]
pub(super) struct Bits {
    /// By token number, `W` words each.
    places: Vec<u64>,
}

/// A set of places.
type Set<const W: usize> = [u64; W];

impl Bits {
    /// For each order 1, 2, … of `matches` (at most [`MAX_ORDER`]) the clipped matches. `tokens` are
    /// the candidate's, numbered below `distinct`; `ends` say where each reference in
    /// `reference_tokens` ends, the first begins at `start`.
    pub(super) fn matches(
        &mut self,
        (tokens, distinct): (&[u32], usize),
        (reference_tokens, start, ends): (&[u32], usize, &[usize]),
        matches: &mut [u64],
    ) {
        let references = (reference_tokens, start, ends);
        let few = matches.len() <= 4;
        match (tokens.len(), few) {
            (..=64, true) => self.count::<1, 4>(tokens, distinct, references, matches),
            (..=64, false) => self.count::<1, MAX_ORDER>(tokens, distinct, references, matches),
            (..=128, true) => self.count::<2, 4>(tokens, distinct, references, matches),
            (..=128, false) => self.count::<2, MAX_ORDER>(tokens, distinct, references, matches),
            (_, true) => self.count::<4, 4>(tokens, distinct, references, matches),
            (_, false) => self.count::<4, MAX_ORDER>(tokens, distinct, references, matches),
        }
    }

    fn count<const W: usize, const ORDERS: usize>(
        &mut self,
        tokens: &[u32],
        distinct: usize,
        (reference_tokens, start, ends): (&[u32], usize, &[usize]),
        matches: &mut [u64],
    ) {
        self.places.clear();
        self.places.resize(distinct * W, 0);
        let (places, _) = self.places.as_chunks_mut::<W>();
        for (i, &id) in tokens.iter().enumerate() {
            places[id as usize][i / 64] |= 1 << (i % 64);
        }
        let places = &*places;
        let mut all = [[0; W]; ORDERS];
        let mut from = start;
        for &end in ends {
            let mut used = [[0; W]; ORDERS];
            let mut here = [[0; W]; ORDERS];
            for &id in &reference_tokens[from..end] {
                if id == ABSENT {
                    here = [[0; W]; ORDERS];
                    continue;
                }
                let token = &places[id as usize];
                for n in (1..ORDERS).rev() {
                    here[n] = next(&here[n - 1], token);
                }
                here[0] = *token;
                for (here, used) in here.iter().zip(&mut used) {
                    take_first(here, used);
                }
            }
            for (all, used) in all.iter_mut().flatten().zip(used.iter().flatten()) {
                *all |= used;
            }
            from = end;
        }
        for (matches, all) in matches.iter_mut().zip(&all) {
            *matches = all.iter().map(|word| u64::from(word.count_ones())).sum();
        }
    }
}

/// Moved on by one place, and in `within`.
#[inline]
fn next<const W: usize>(set: &Set<W>, within: &Set<W>) -> Set<W> {
    let mut moved = [0; W];
    let mut carry = 0;
    for w in 0..W {
        moved[w] = (set[w] << 1 | carry) & within[w];
        carry = set[w] >> 63;
    }
    moved
}

/// Adds to `used` the first place of `set` that is not in it, if there is one.
#[inline]
fn take_first<const W: usize>(set: &Set<W>, used: &mut Set<W>) {
    for w in 0..W {
        let free = set[w] & !used[w];
        used[w] |= free & free.wrapping_neg();
        if free != 0 {
            return;
        }
    }
}
