//! Counts the n-grams that a candidate shares with its references, exactly and without allocating
//! in steady state.
//!
//! Tokens become numbers by a [table](table). Short candidates are counted by sets of
//! [places](bits), longer ones by [pairs](pairs) of tokens, and those that repeat themselves by
//! numbering n-grams [order by order](orders): the same counts.

mod bits;
mod orders;
mod pairs;
mod table;

use std::cell::RefCell;
use std::ops::Range;

use super::bleu::tokenizer::{Buffers, Tokenizer};
use bits::Bits;
use orders::Orders;
use pairs::Pairs;
use table::{Table, is_hash, key};

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
    /// Where the candidate's different tokens stand in it, by number.
    spans: Vec<(u32, u32)>,
    /// Numbers of the candidate's tokens.
    tokens: Vec<u32>,
    /// Numbers of the references' tokens, one reference after the other; [`ABSENT`](table::ABSENT)
    /// if not in the candidate.
    reference_tokens: Vec<u32>,
    /// Where each reference ends.
    ends: Vec<usize>,
    table: Table,
    bits: Bits,
    pairs: Pairs,
    orders: Orders,
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
            if tables.table.capacity() > 1 << 18
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
        let (spans, table) = (&mut self.spans, &mut self.table);
        number_candidate(text, tokenizer, spans, table, &mut self.tokens);
        self.reference_tokens.clear();
        self.ends.clear();
        for reference in references {
            let reference = reference.as_ref();
            let reference = self.reference.prepare(reference, lowercase, tokenizer);
            let out = &mut self.reference_tokens;
            number_reference(reference, text, tokenizer, (spans, table), out);
            self.ends.push(out.len());
        }
        spans.truncate(table.len() as usize);
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

    fn matches_in(&mut self, references: Range<usize>, matches: &mut [u64]) {
        matches.fill(0);
        let start = match references.start {
            0 => 0,
            n => self.ends[n - 1],
        };
        let candidate = (self.tokens.as_slice(), self.spans.len());
        let references = (
            self.reference_tokens.as_slice(),
            start,
            &self.ends[references],
        );
        if self.tokens.len() <= bits::MOST {
            self.bits.matches(candidate, references, matches);
        } else {
            let Self {
                pairs,
                orders,
                table,
                ..
            } = self;
            pairs.matches(candidate, references, table, orders, matches);
        }
    }

    /// For each order 1, 2, … of `distinct`: different n-grams of the candidate.
    pub(super) fn distinct(&mut self, distinct: &mut [u64]) {
        distinct.fill(0);
        let candidate = (self.tokens.as_slice(), self.spans.len());
        self.orders.distinct(candidate, &mut self.table, distinct);
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

/// Numbers of the candidate's tokens into `tokens`; `spans` gets, by number, where each different one stands.
// This and the next are most of the work, and of no generic type: compiled once, by themselves, they are as fast in a
// large program (Python's module) as in a small one. As a part of their callers they took an eighth longer there.
#[inline(never)]
fn number_candidate(
    text: &str,
    tokenizer: Tokenizer,
    spans: &mut Vec<(u32, u32)>,
    table: &mut Table,
    tokens: &mut Vec<u32>,
) {
    spans.clear();
    // Texts are bounded far below 4 GiB by every reader of them.
    tokenizer.spans(text, |start, end| spans.push((start as u32, end as u32)));
    table.reset(spans.len());
    let bytes = text.as_bytes();
    tokens.clear();
    for i in 0..spans.len() {
        let (start, end) = spans[i];
        let key = key(bytes, start as usize, end as usize);
        // Spans of distinct tokens take the place of those of all tokens: never more of them.
        let fresh = table.len();
        let id = table.insert(key, |id| {
            !is_hash(key) || {
                let (other, other_end) = spans[id as usize];
                bytes[start as usize..end as usize] == bytes[other as usize..other_end as usize]
            }
        });
        if id == fresh {
            spans[id as usize] = (start, end);
        }
        tokens.push(id);
    }
}

/// Appends the numbers that a reference's tokens have in the candidate.
#[inline(never)]
fn number_reference(
    reference: &str,
    candidate: &str,
    tokenizer: Tokenizer,
    (spans, table): (&[(u32, u32)], &Table),
    out: &mut Vec<u32>,
) {
    let (bytes, wanted) = (candidate.as_bytes(), reference.as_bytes());
    tokenizer.spans(reference, |start, end| {
        let key = key(wanted, start, end);
        let id = table.find(key, |id| {
            !is_hash(key) || {
                let (other, other_end) = spans[id as usize];
                wanted[start..end] == bytes[other as usize..other_end as usize]
            }
        });
        out.push(id);
    });
}

#[cfg(test)]
mod tests {
    use super::orders::Singles;
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
        let candidate = (ngrams.tokens.as_slice(), ngrams.spans.len());
        let references = (
            ngrams.reference_tokens.as_slice(),
            0,
            ngrams.ends.as_slice(),
        );
        let mut paired = [0; 4];
        let (table, orders) = (&mut ngrams.table, &mut ngrams.orders);
        (ngrams.pairs).matches(candidate, references, table, orders, &mut paired);
        assert_eq!(matches, paired, "by bits and by pairs");
        let mut singles = Singles::default();
        let mut numbered = [singles.matches(candidate, references), 0, 0, 0];
        let higher = &mut numbered[1..];
        orders.matches(&singles, candidate.0, references, table, higher);
        assert_eq!(matches, numbered, "by bits and by numbers");
        matches
    }

    #[test]
    fn all_ways_of_counting_agree_at_every_length() {
        let mut rng = crate::metrics::paired::Pcg64::new(1);
        let mut text = |words: u32, of: u32| -> String {
            let letters = (0..words).map(|_| char::from(b'a' + rng.below(of) as u8));
            letters.flat_map(|letter| [letter, ' ']).collect()
        };
        for words in (0..12).chain(60..70).chain(124..132).chain(250..260) {
            for of in [1, 2, 5, 26] {
                let references = [text(words, of), text(words / 2 + 3, of)];
                let references = references.each_ref().map(String::as_str);
                let found = matches(&text(words, of), &references);
                let same = matches(references[0], &references);
                let all = [0, 1, 2, 3].map(|n| u64::from(words.saturating_sub(n)));
                assert_eq!(same, all, "{words} words of {of}");
                assert!(found.iter().zip(all).all(|(found, all)| *found <= all));
            }
        }
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
}
