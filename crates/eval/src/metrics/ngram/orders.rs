//! Clipped matches of n-grams by numbers: for texts of any kind, in time that grows with their
//! length only.
//!
//! An n-gram is the pair of the numbers of its first and its last n - 1 tokens' (n-1)-gram, and gets
//! a number again. So every order is a table of `u64` keys, nothing is only hashed, and an n-gram
//! whose parts are in no reference is never looked up.

use super::table::{ABSENT, Table, pair};

/// Occurrences of one n-gram.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    candidate: u32,
    /// The greatest count in one reference, at most `candidate`.
    best: u32,
    /// In the reference that is read.
    now: u32,
    /// Which reference `now` is for, counted from 1.
    reference: u32,
}

impl Tally {
    /// One more occurrence in a reference; 1 if that makes one more match.
    #[inline]
    fn occur(&mut self, reference: u32) -> u64 {
        if self.reference != reference {
            self.reference = reference;
            self.now = 0;
        }
        self.now += 1;
        let more = self.now > self.best && self.best < self.candidate;
        self.best += u32::from(more);
        u64::from(more)
    }
}

/// Counts of single tokens.
#[derive(Clone, Debug, Default)]
pub(super) struct Singles {
    tallies: Vec<Tally>,
}

impl Singles {
    /// Clipped matches of order 1; parameters as of [`Bits::matches`](super::bits::Bits::matches).
    pub(super) fn matches(
        &mut self,
        (tokens, distinct): (&[u32], usize),
        (reference_tokens, start, ends): (&[u32], usize, &[usize]),
    ) -> u64 {
        self.tallies.clear();
        self.tallies.resize(distinct, Tally::default());
        for &id in tokens {
            self.tallies[id as usize].candidate += 1;
        }
        let mut matched = 0;
        let mut from = start;
        for (reference, &end) in (1..).zip(ends) {
            for &id in &reference_tokens[from..end] {
                if id != ABSENT {
                    matched += self.tallies[id as usize].occur(reference);
                }
            }
            from = end;
        }
        matched
    }

    /// Whether this token of the candidate is in a reference.
    #[inline]
    pub(super) fn shared(&self, token: u32) -> bool {
        self.tallies[token as usize].best > 0
    }
}

/// Numbers and counts of the n-grams of one order.
#[derive(Clone, Debug, Default)]
pub(super) struct Orders {
    /// Numbers of n-grams by place.
    candidate: Vec<u32>,
    references: Vec<u32>,
    /// By n-gram number.
    tallies: Vec<Tally>,
}

impl Orders {
    /// For each order 2, 3, … of `matches` the clipped matches, after those of order 1.
    pub(super) fn matches(
        &mut self,
        singles: &Singles,
        tokens: &[u32],
        (reference_tokens, start, ends): (&[u32], usize, &[usize]),
        table: &mut Table,
        matches: &mut [u64],
    ) {
        self.tallies.clone_from(&singles.tallies);
        self.candidate.clear();
        self.candidate.extend_from_slice(tokens);
        self.references.clear();
        let stop = ends.last().copied().unwrap_or(start);
        self.references
            .extend_from_slice(&reference_tokens[start..stop]);
        for (order, matched) in (2..).zip(matches) {
            if self.candidate.len() < 2 {
                return;
            }
            self.number_candidate(table);
            let mut from = 0;
            for (reference, &end) in (1..).zip(ends) {
                let end = end - start;
                let length = (end - from).saturating_sub(order - 1);
                *matched += self.number_reference((from, length), reference, table);
                from = end;
            }
            if *matched == 0 {
                return;
            }
        }
    }

    /// Numbers the candidate's n-grams from those one shorter, leaving out those with a part that
    /// is in no reference.
    fn number_candidate(&mut self, table: &mut Table) {
        let Self {
            candidate, tallies, ..
        } = self;
        for id in candidate.iter_mut() {
            if *id != ABSENT && tallies[*id as usize].best == 0 {
                *id = ABSENT;
            }
        }
        table.reset(candidate.len());
        tallies.clear();
        for i in 1..candidate.len() {
            let (a, b) = (candidate[i - 1], candidate[i]);
            candidate[i - 1] = if a == ABSENT || b == ABSENT {
                ABSENT
            } else {
                let id = table.insert(pair(a, b), |_| true);
                if id as usize == tallies.len() {
                    tallies.push(Tally::default());
                }
                tallies[id as usize].candidate += 1;
                id
            };
        }
        candidate.pop();
    }

    /// Numbers a reference's n-grams, `length` from `from` on, and counts new matches. The last
    /// places of a reference begin no n-gram.
    fn number_reference(
        &mut self,
        (from, length): (usize, usize),
        reference: u32,
        table: &Table,
    ) -> u64 {
        let mut matched = 0;
        if length == 0 {
            return matched;
        }
        let part = &mut self.references[from..=from + length];
        for i in 0..length {
            let (a, b) = (part[i], part[i + 1]);
            if a == ABSENT || b == ABSENT {
                part[i] = ABSENT;
                continue;
            }
            let id = table.find(pair(a, b), |_| true);
            if id != ABSENT {
                matched += self.tallies[id as usize].occur(reference);
            }
            part[i] = id;
        }
        matched
    }

    /// For each order 1, 2, … of `counts`: different n-grams of the candidate.
    pub(super) fn distinct(
        &mut self,
        (tokens, distinct): (&[u32], usize),
        table: &mut Table,
        counts: &mut [u64],
    ) {
        self.candidate.clear();
        self.candidate.extend_from_slice(tokens);
        for (i, count) in counts.iter_mut().enumerate() {
            if i == 0 {
                *count = distinct as u64;
                continue;
            }
            if self.candidate.len() < 2 {
                return;
            }
            table.reset(self.candidate.len());
            for i in 0..self.candidate.len() - 1 {
                let key = pair(self.candidate[i], self.candidate[i + 1]);
                self.candidate[i] = table.insert(key, |_| true);
            }
            self.candidate.pop();
            *count = u64::from(table.len());
        }
    }
}
