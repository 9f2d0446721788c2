//! The search for moves of words that lessen the edit distance: Tercom's greedy heuristic, as
//! sacrebleu 2.6.0 has it, limits and order of preference included.

use super::beam::{Alignment, Beam};

/// Longest run of words that is moved.
const MAX_LENGTH: usize = 10;
/// How far apart the places of a run may be in hypothesis and reference.
const MAX_DISTANCE: usize = 50;
/// So many moves are tried for a pair, over all rounds; the round that gets there is given up.
const MAX_TRIED: usize = 1000;

/// Buffers that are used again.
#[derive(Debug, Default)]
pub(super) struct Search {
    beam: Beam,
    alignment: Alignment,
    words: Vec<u32>,
    moved: Vec<u32>,
    tried: usize,
}

/// A run of words and the place to put it before.
#[derive(Clone, Copy, Debug)]
struct Move {
    gain: i64,
    length: usize,
    start: usize,
    target: usize,
}

impl Move {
    /// Greatest gain first, then the longest run, the earliest, the earliest place.
    fn is_better(&self, other: &Self) -> bool {
        (self.gain, self.length, other.start, other.target)
            > (other.gain, other.length, self.start, self.target)
    }

    /// What stands between the first and the last word whose place changes.
    fn apply(&self, words: &[u32], out: &mut Vec<u32>) -> usize {
        let (start, end) = (self.start, self.start + self.length);
        out.clear();
        if self.target < start {
            out.extend_from_slice(&words[start..end]);
            out.extend_from_slice(&words[self.target..start]);
            return self.target;
        }
        // A place inside the run itself: the run goes as many words to the right.
        let until = match self.target {
            place if place > end => place,
            place => (place + self.length).min(words.len()),
        };
        out.extend_from_slice(&words[end..until]);
        out.extend_from_slice(&words[start..end]);
        start
    }
}

impl Search {
    /// Edits, each move being one, that make `hypothesis` into `reference`.
    pub(super) fn edits(&mut self, hypothesis: &[u32], reference: &[u32]) -> u64 {
        if reference.is_empty() || hypothesis.is_empty() {
            return hypothesis.len().max(reference.len()) as u64;
        }
        self.words.clear();
        self.words.extend_from_slice(hypothesis);
        self.tried = 0;
        self.beam.start(&self.words, reference);
        let mut moves = 0;
        while let Some(best) = self.best(reference)
            && self.tried < MAX_TRIED
            && best.gain > 0
        {
            moves += 1;
            let lo = best.apply(&self.words, &mut self.moved);
            let hi = lo + self.moved.len();
            self.words[lo..hi].copy_from_slice(&self.moved);
            self.beam.renew(&self.words, reference, lo, hi);
        }
        moves + u64::from(self.beam.distance())
    }

    /// Bytes that it keeps for the next texts.
    pub(super) fn kept(&self) -> usize {
        self.beam.kept() + 8 * self.words.capacity()
    }

    /// The best move, if there is any at all.
    fn best(&mut self, reference: &[u32]) -> Option<Move> {
        let before = i64::from(self.beam.distance());
        // Nothing to gain; sacrebleu goes on to find just that.
        if before == 0 {
            return None;
        }
        self.beam.align(&self.words, reference, &mut self.alignment);
        let mut best: Option<Move> = None;
        for start in 0..self.words.len() {
            let near =
                start.saturating_sub(MAX_DISTANCE)..reference.len().min(start + MAX_DISTANCE + 1);
            for to in near {
                if self.words[start] != reference[to] {
                    continue;
                }
                let run = self.words[start..].iter().zip(&reference[to..]);
                let longest = run.take_while(|(a, b)| a == b).take(MAX_LENGTH).count();
                let (mut wrong, mut wanted) = (false, false);
                for length in 1..=longest {
                    wrong |= self.alignment.errors[start + length - 1];
                    wanted |= self.alignment.reference_errors[to + length - 1];
                    // `faces` is one past the word that is faced.
                    let inside =
                        (start + 1..start + length + 1).contains(&self.alignment.faces[to]);
                    if !wrong || !wanted || inside {
                        continue;
                    }
                    self.places(reference, (start, to, length), before, &mut best);
                    if self.tried >= MAX_TRIED {
                        return best;
                    }
                }
            }
        }
        best
    }

    /// Tries to put a run before and after each of the words that its own words in the reference
    /// face.
    fn places(
        &mut self,
        reference: &[u32],
        (start, to, length): (usize, usize, usize),
        before: i64,
        best: &mut Option<Move>,
    ) {
        let mut last = None;
        for place in to..=to + length {
            let target = match place {
                0 => 0,
                _ => self.alignment.faces[place - 1],
            };
            if last == Some(target) {
                continue;
            }
            last = Some(target);
            self.tried += 1;
            let mut candidate = Move {
                gain: 0,
                length,
                start,
                target,
            };
            let lo = candidate.apply(&self.words, &mut self.moved);
            let after = self.beam.distance_with(&self.moved, lo, reference);
            candidate.gain = before - i64::from(after);
            if best.is_none_or(|best| candidate.is_better(&best)) {
                *best = Some(candidate);
            }
        }
    }
}
