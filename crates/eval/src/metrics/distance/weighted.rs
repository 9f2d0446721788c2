//! Levenshtein's distance with weights: what turns the first text into the second at least costs.

use super::affix::trimmed;
use super::lcs::Lcs;

/// What one edit costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// A symbol that only the second text has.
    pub insertion: usize,
    /// A symbol that only the first text has.
    pub deletion: usize,
    /// A symbol for another.
    pub substitution: usize,
}

impl Weights {
    /// What is the most that texts of these lengths can cost.
    pub fn most(self, from: usize, to: usize) -> usize {
        let rewritten = from * self.deletion + to * self.insertion;
        let paired = from.min(to) * self.substitution
            + from.saturating_sub(to) * self.deletion
            + to.saturating_sub(from) * self.insertion;
        rewritten.min(paired)
    }

    /// A substitution is never cheaper than a deletion and an insertion.
    pub(super) fn never_substitutes(self) -> bool {
        self.substitution >= self.insertion + self.deletion
    }
}

/// Wagner and Fischer 1974 row by row, or by the longest common subsequence where that says it.
pub(super) fn distance(
    lcs: &mut Lcs,
    row: &mut Vec<usize>,
    (from, to): (&[u32], &[u32]),
    weights: Weights,
    alphabet: usize,
) -> usize {
    if weights.never_substitutes() {
        let common = lcs.length(from, to, alphabet);
        return (from.len() - common) * weights.deletion + (to.len() - common) * weights.insertion;
    }
    let (from, to, _) = trimmed(from, to);
    row.clear();
    row.extend((0..=to.len()).map(|j| j * weights.insertion));
    for x in from {
        let mut diagonal = row[0];
        row[0] += weights.deletion;
        for (j, y) in to.iter().enumerate() {
            let substituted = diagonal + if x == y { 0 } else { weights.substitution };
            diagonal = row[j + 1];
            row[j + 1] = substituted
                .min(row[j] + weights.insertion)
                .min(diagonal + weights.deletion);
        }
    }
    row[to.len()]
}
