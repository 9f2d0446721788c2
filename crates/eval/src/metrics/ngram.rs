//! Counts the n-grams that a candidate shares with its references, exactly and without allocating
//! in steady state.
//!
//! Tokens become numbers; an n-gram is the pair of the numbers of its first and its last n - 1
//! tokens' (n-1)-gram, and gets a number again. So every order is a table of `u64` keys, nothing is
//! only hashed, and an n-gram whose parts are in no reference is never looked up.
//!
//! One open-addressing table serves all orders; each begins with a new stamp instead of a sweep.

use std::cell::RefCell;

use super::bleu::tokenizer::{Buffers, Tokenizer};

/// The number of no token.
const ABSENT: u32 = u32::MAX;

/// A tokenizer, and whether texts are put in lower case first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) tokenizer: Tokenizer,
    pub(super) lowercase: bool,
}

/// Tables and buffers for one candidate and its references, used again for the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Ngrams {
    candidate: Buffers,
    reference: Buffers,
    spans: Vec<(u32, u32)>,
    /// Numbers of the candidate's tokens.
    tokens: Vec<u32>,
    /// Numbers of the references' tokens, one reference after the other; [`ABSENT`] if not in the
    /// candidate.
    reference_tokens: Vec<u32>,
    /// Where each reference ends.
    ends: Vec<usize>,
    /// Numbers of n-grams of the current order by place.
    work: Vec<u32>,
    reference_work: Vec<u32>,
    table: Table,
    /// By n-gram number.
    tallies: Vec<Tally>,
}

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

impl Ngrams {
    /// Runs `work` with the tables of this thread.
    pub(super) fn with<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        thread_local! {
            static TABLES: RefCell<Ngrams> = RefCell::default();
        }
        TABLES.with_borrow_mut(|tables| {
            let result = work(tables);
            // One huge text does not keep its memory for ever.
            if tables.table.slots.len() > 1 << 18
                || tables.candidate.capacity() + tables.reference.capacity() > 1 << 22
            {
                *tables = Self::default();
            }
            result
        })
    }

    /// Takes in a candidate and its references.
    pub(super) fn read<R: AsRef<str>>(
        &mut self,
        candidate: &str,
        references: &[R],
        reading: Reading,
    ) {
        let Reading {
            tokenizer,
            lowercase,
        } = reading;
        let text = self.candidate.prepare(candidate, lowercase, tokenizer);
        let spans = &mut self.spans;
        spans.clear();
        // Texts are bounded far below 4 GiB by every reader of them.
        tokenizer.spans(text, |start, end| spans.push((start as u32, end as u32)));
        self.table.resize(spans.len());
        self.table.clear();
        let bytes = text.as_bytes();
        self.tokens.clear();
        // Spans of distinct tokens take the place of those of all tokens: never more of them.
        let mut distinct = 0;
        for i in 0..spans.len() {
            let (start, end) = spans[i];
            let token = &bytes[start as usize..end as usize];
            let key = key(bytes, start, end);
            let id = self.table.insert(key, distinct, |id| {
                if !is_hash(key) {
                    return true;
                }
                let (start, end) = spans[id as usize];
                token == &bytes[start as usize..end as usize]
            });
            if id == distinct {
                spans[id as usize] = (start, end);
                distinct += 1;
            }
            self.tokens.push(id);
        }
        self.reference_tokens.clear();
        self.ends.clear();
        for reference in references {
            let reference = self
                .reference
                .prepare(reference.as_ref(), lowercase, tokenizer);
            let wanted = reference.as_bytes();
            tokenizer.spans(reference, |start, end| {
                let key = key(wanted, start as u32, end as u32);
                let token = &wanted[start..end];
                let id = self.table.find(key, |id| {
                    if !is_hash(key) {
                        return true;
                    }
                    let (start, end) = spans[id as usize];
                    token == &bytes[start as usize..end as usize]
                });
                self.reference_tokens.push(id);
            });
            self.ends.push(self.reference_tokens.len());
        }
        spans.truncate(distinct as usize);
    }

    /// Tokens of the candidate.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Tokens of each reference.
    pub(super) fn reference_lengths(&self) -> impl Iterator<Item = usize> + '_ {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let length = end - start;
            start = end;
            length
        })
    }

    /// The length of the reference nearest in length to the candidate, the shorter of two; 0
    /// without references.
    pub(super) fn nearest_length(&self) -> usize {
        let own = self.len();
        self.reference_lengths()
            .min_by_key(|&length| (length.abs_diff(own), length))
            .unwrap_or(0)
    }

    /// For each order 1, 2, … of `matches`: n-grams of the candidate that are in a reference, each
    /// at most as often as in that reference where it is most frequent (clipped counts).
    pub(super) fn matches(&mut self, matches: &mut [u64]) {
        self.matches_in(0..self.ends.len(), matches);
    }

    /// [`matches`](Self::matches) with one reference only.
    pub(super) fn matches_with(&mut self, reference: usize, matches: &mut [u64]) {
        self.matches_in(reference..reference + 1, matches);
    }

    fn matches_in(&mut self, references: std::ops::Range<usize>, matches: &mut [u64]) {
        matches.fill(0);
        let Some((first, higher)) = matches.split_first_mut() else {
            return;
        };
        let start = match references.start {
            0 => 0,
            n => self.ends[n - 1],
        };
        let ends = &self.ends[references];
        let stop = ends.last().copied().unwrap_or(start);
        self.tallies.clear();
        self.tallies.resize(self.spans.len(), Tally::default());
        for &id in &self.tokens {
            self.tallies[id as usize].candidate += 1;
        }
        let mut from = start;
        for (reference, &end) in (1..).zip(ends) {
            for &id in &self.reference_tokens[from..end] {
                if id != ABSENT {
                    *first += self.tallies[id as usize].occur(reference);
                }
            }
            from = end;
        }
        if *first == 0 || higher.is_empty() {
            return;
        }
        self.work.clear();
        self.work.extend_from_slice(&self.tokens);
        self.reference_work.clear();
        self.reference_work
            .extend_from_slice(&self.reference_tokens[start..stop]);
        for (order, matched) in (2..).zip(higher) {
            if self.work.len() < 2 {
                return;
            }
            number_candidate(&mut self.work, &mut self.tallies, &mut self.table);
            let mut from = 0;
            for (reference, &end) in (1..).zip(ends) {
                let end = end - start;
                // The last n - 1 places of each reference begin no n-gram.
                let length = (end - from).saturating_sub(order - 1);
                let part = &mut self.reference_work[from..end];
                for i in 0..length {
                    let (a, b) = (part[i], part[i + 1]);
                    if a == ABSENT || b == ABSENT {
                        part[i] = ABSENT;
                        continue;
                    }
                    let id = self.table.find(pair(a, b), |_| true);
                    if id != ABSENT {
                        *matched += self.tallies[id as usize].occur(reference);
                    }
                    part[i] = id;
                }
                from = end;
            }
            if *matched == 0 {
                return;
            }
        }
    }

    /// For each order 1, 2, … of `distinct`: different n-grams of the candidate.
    pub(super) fn distinct(&mut self, distinct: &mut [u64]) {
        distinct.fill(0);
        self.work.clear();
        self.work.extend_from_slice(&self.tokens);
        for (i, count) in distinct.iter_mut().enumerate() {
            if i == 0 {
                *count = self.spans.len() as u64;
                continue;
            }
            if self.work.len() < 2 {
                return;
            }
            self.table.clear();
            let mut fresh = 0;
            for i in 0..self.work.len() - 1 {
                let key = pair(self.work[i], self.work[i + 1]);
                let id = self.table.insert(key, fresh, |_| true);
                fresh += u32::from(id == fresh);
                self.work[i] = id;
            }
            self.work.pop();
            *count = u64::from(fresh);
        }
    }

    /// Calls `each` with the tokens of the candidate, in order, as numbers and texts.
    pub(super) fn tokens_of(&mut self, text: &str, reading: Reading, mut each: impl FnMut(&str)) {
        let line = self
            .candidate
            .prepare(text, reading.lowercase, reading.tokenizer);
        reading
            .tokenizer
            .spans(line, |start, end| each(&line[start..end]));
    }
}

/// Numbers the candidate's n-grams from those one shorter, leaving out those with a part that is in
/// no reference.
fn number_candidate(work: &mut Vec<u32>, tallies: &mut Vec<Tally>, table: &mut Table) {
    for id in work.iter_mut() {
        if *id != ABSENT && tallies[*id as usize].best == 0 {
            *id = ABSENT;
        }
    }
    table.clear();
    tallies.clear();
    for i in 1..work.len() {
        let (a, b) = (work[i - 1], work[i]);
        work[i - 1] = if a == ABSENT || b == ABSENT {
            ABSENT
        } else {
            let fresh = tallies.len() as u32;
            let id = table.insert(pair(a, b), fresh, |_| true);
            if id == fresh {
                tallies.push(Tally::default());
            }
            tallies[id as usize].candidate += 1;
            id
        };
    }
    work.pop();
}

fn pair(a: u32, b: u32) -> u64 {
    u64::from(a) << 32 | u64::from(b)
}

/// Whether a key is only a hash of its token.
fn is_hash(key: u64) -> bool {
    key >> 63 == 1
}

/// Up to seven bytes: the token itself, with its length in the highest byte. Longer ones: a hash,
/// with the highest bit set.
#[inline]
fn key(bytes: &[u8], start: u32, end: u32) -> u64 {
    let (start, end) = (start as usize, end as usize);
    let length = end - start;
    if length > 7 {
        return long_key(&bytes[start..end]) | 1 << 63;
    }
    let token = if let Some(chunk) = bytes[start..].first_chunk::<8>() {
        u64::from_le_bytes(*chunk) & ((1 << (8 * length)) - 1)
    } else {
        let mut chunk = [0; 8];
        chunk[..length].copy_from_slice(&bytes[start..end]);
        u64::from_le_bytes(chunk)
    };
    token | (length as u64) << 56
}

fn long_key(token: &[u8]) -> u64 {
    let (chunks, _) = token.as_chunks::<8>();
    // The last eight bytes too, where they overlap the last whole chunk.
    let last = token.last_chunk::<8>();
    chunks
        .iter()
        .chain(last)
        .fold(token.len() as u64, |hash, chunk| {
            (hash.rotate_left(23) ^ u64::from_le_bytes(*chunk)).wrapping_mul(MIX)
        })
}

/// Multiplicative hashing (Knuth): odd, and both halves spread small numbers well, as keys are
/// pairs of them.
const MIX: u64 = 0xc2b2_ae3d_9e37_79b1;

/// Keys to numbers, by linear probing, at most half full.
#[derive(Clone, Debug, Default)]
struct Table {
    slots: Vec<Slot>,
    shift: u32,
    mask: usize,
    stamp: u32,
}

/// Free unless the stamp is the table's.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    key: u64,
    stamp: u32,
    id: u32,
}

impl Table {
    /// Room for `entries`; only as much of the slots as they need is used, so that short texts
    /// stay in the nearest cache whatever came before.
    fn resize(&mut self, entries: usize) {
        let slots = (entries * 2).next_power_of_two().max(16);
        if self.slots.len() < slots {
            self.slots.resize(slots, Slot::default());
        }
        self.mask = slots - 1;
        self.shift = 64 - slots.trailing_zeros();
    }

    fn clear(&mut self) {
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            self.slots.fill(Slot::default());
            self.stamp = 1;
        }
    }

    #[inline]
    fn home(&self, key: u64) -> usize {
        (key.wrapping_mul(MIX) >> self.shift) as usize
    }

    /// The number of this key, or [`ABSENT`]. `same` tells keys apart that only look the same.
    #[inline]
    fn find(&self, key: u64, same: impl Fn(u32) -> bool) -> u32 {
        let mut at = self.home(key);
        loop {
            let slot = &self.slots[at & self.mask];
            if slot.stamp != self.stamp {
                return ABSENT;
            }
            if slot.key == key && same(slot.id) {
                return slot.id;
            }
            at += 1;
        }
    }

    /// The number of this key, `fresh` if it had none.
    #[inline]
    fn insert(&mut self, key: u64, fresh: u32, same: impl Fn(u32) -> bool) -> u32 {
        let mut at = self.home(key);
        loop {
            let slot = &mut self.slots[at & self.mask];
            if slot.stamp != self.stamp {
                *slot = Slot {
                    key,
                    stamp: self.stamp,
                    id: fresh,
                };
                return fresh;
            }
            if slot.key == key && same(slot.id) {
                return slot.id;
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(candidate: &str, references: &[&str]) -> [u64; 4] {
        let mut ngrams = Ngrams::default();
        let reading = Reading {
            tokenizer: Tokenizer::None,
            lowercase: false,
        };
        ngrams.read(candidate, references, reading);
        let mut matches = [0; 4];
        ngrams.matches(&mut matches);
        matches
    }

    #[test]
    fn counts_are_clipped_by_the_reference_that_has_most() {
        assert_eq!(matches("a a a", &["a a"]), [2, 1, 0, 0]);
        assert_eq!(matches("a a a", &["a", "a a b"]), [2, 1, 0, 0]);
        assert_eq!(matches("a b a b", &["b a", "a b"]), [2, 2, 0, 0]);
        assert_eq!(matches("", &["a"]), [0; 4]);
        assert_eq!(matches("a", &["", ""]), [0; 4]);
    }

    #[test]
    fn no_ngram_reaches_over_the_end_of_a_reference() {
        assert_eq!(matches("a b c", &["a", "b c"]), [3, 1, 0, 0]);
        assert_eq!(matches("a b c d", &["a b c", "d"]), [4, 2, 1, 0]);
    }

    #[test]
    fn tokens_that_differ_in_zero_bytes_or_after_byte_eight_differ() {
        assert_eq!(matches("a\0 b", &["a b"])[0], 1);
        assert_eq!(matches("abcdefghi", &["abcdefghj"])[0], 0);
        assert_eq!(matches("abcdefgh", &["abcdefghi"])[0], 0);
        assert_eq!(matches("abcdefghijklmnopq", &["abcdefghijklmnopq"])[0], 1);
    }

    #[test]
    fn a_table_whose_stamp_runs_over_is_empty_again() {
        let mut table = Table::default();
        table.resize(4);
        table.clear();
        assert_eq!(table.insert(7, 0, |_| true), 0);
        table.stamp = u32::MAX;
        table.clear();
        assert_eq!(table.find(7, |_| true), ABSENT);
    }
}
