//! The best place of the shorter text in the longer one.

use super::super::distance::Lcs;

/// Scratch.
#[derive(Clone, Debug, Default)]
pub(super) struct Partial {
    needle: Vec<u32>,
    hay: Vec<u32>,
}

impl Partial {
    /// The greatest ratio, 0 to 100, of the shorter sequence and a part of the longer one: one as
    /// long as it, or a shorter one at either end. 100 for two empty sequences, 0 for one.
    pub(super) fn ratio(&mut self, lcs: &mut Lcs, a: &[u32], b: &[u32], alphabet: usize) -> f64 {
        if a.is_empty() || b.is_empty() {
            return if a.len() == b.len() { 100.0 } else { 0.0 };
        }
        let (needle, hay) = if a.len() <= b.len() { (a, b) } else { (b, a) };
        let found = self.within(lcs, needle, hay, alphabet);
        if found < 100.0 && a.len() == b.len() {
            return found.max(self.within(lcs, hay, needle, alphabet));
        }
        found
    }

    fn within(&mut self, lcs: &mut Lcs, needle: &[u32], hay: &[u32], alphabet: usize) -> f64 {
        let length = needle.len();
        let beginnings = lcs.growth(needle, &hay[..length - 1], alphabet);
        let mut best = ends(length, beginnings);
        self.needle.clear();
        self.needle.extend(needle.iter().rev());
        self.hay.clear();
        self.hay.extend(hay[hay.len() - length..].iter().rev());
        let endings = lcs.growth(&self.needle, &self.hay, alphabet);
        best = best.max(ends(length, endings));
        // One step along the longer text changes the distance by at most 2, so a window far from
        // the best one so far says how many after it cannot be better.
        let mut at = 0;
        while at < hay.len() - length && best < 100.0 {
            let distance = lcs.indel(needle, &hay[at..at + length], alphabet);
            best = best.max(percent(distance, 2 * length));
            // At least as far as the best is no better.
            let no_better = ((1.0 - best / 100.0) * (2 * length) as f64) as usize + 1;
            at += distance.saturating_sub(no_better) / 2 + 1;
        }
        best
    }
}

/// The best of the parts of 1, 2, … symbols at one end.
fn ends(length: usize, growth: &[u8]) -> f64 {
    let mut common = 0;
    let mut best = 0.0_f64;
    for (i, grown) in growth.iter().enumerate() {
        common += usize::from(*grown);
        let both = length + i + 1;
        best = best.max(percent(both - 2 * common, both));
    }
    best
}

/// `100 (1 - distance / most)`, 100 where nothing can differ.
pub(super) fn percent(distance: usize, most: usize) -> f64 {
    if most == 0 {
        return 100.0;
    }
    (1.0 - distance as f64 / most as f64) * 100.0
}
