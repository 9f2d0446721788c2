//! The hits of ROUGE-Lsum: unions of longest common subsequences, line by line.

use super::read::Text;
use crate::metrics::lcs::Lcs;

/// Memory of the computation, used again.
#[derive(Clone, Debug, Default)]
pub(super) struct Summary {
    /// How often each token may still be a hit: the lesser of its counts in both texts.
    left: Vec<u32>,
    counts: Vec<u32>,
    /// Places of the reference's line that are in some common subsequence.
    union: Vec<bool>,
}

impl Summary {
    /// Tokens of the reference that count as hits; token numbers are below `ids`.
    pub(super) fn hits(
        &mut self,
        candidate: &Text,
        reference: &Text,
        ids: usize,
        lcs: &mut Lcs,
    ) -> usize {
        count(&mut self.left, &candidate.tokens, ids);
        count(&mut self.counts, &reference.tokens, ids);
        for (left, &count) in self.left.iter_mut().zip(&self.counts) {
            *left = count.min(*left);
        }
        let mut hits = 0;
        for line in reference.lines() {
            lcs.load(line, ids);
            self.union.clear();
            self.union.resize(line.len(), false);
            for other in candidate.lines() {
                lcs.positions(other, |at| self.union[at] = true);
            }
            for (&token, _) in line.iter().zip(&self.union).filter(|(_, hit)| **hit) {
                if let left @ 1.. = &mut self.left[token as usize] {
                    *left -= 1;
                    hits += 1;
                }
            }
        }
        hits
    }
}

fn count(counts: &mut Vec<u32>, tokens: &[u32], ids: usize) {
    counts.clear();
    counts.resize(ids, 0);
    for &token in tokens {
        counts[token as usize] += 1;
    }
}
