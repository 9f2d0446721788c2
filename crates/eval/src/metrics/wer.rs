//! Word and character error rates, exact to jiwer 4.0.0 (<https://github.com/jitsi/jiwer>).
//!
//! Hits `H`, substitutions `S`, insertions `I` and deletions `D` of one shortest alignment of the
//! candidate with the reference:
//!
//! - WER `(S + D + I) / (H + S + D)`: 0 and up, above 1 where much is inserted; CER the same over
//!   characters
//! - MER `(S + D + I) / (H + S + D + I)`, WIP `H / |reference| * H / |candidate|`, WIL `1 - WIP`:
//!   0 to 1 (Morris, Maier and Green 2004, <https://doi.org/10.21437/Interspeech.2004-668>)
//!
//! With a reference without words WER is the number of insertions; MER is 0 and WIP 1 if the
//! candidate has none either, else MER is 1 and WIP 0. A candidate without words has WIP 0.
//! Case and punctuation count. Chinese, Japanese and Thai have no spaces between words: a sentence
//! is one word there, so use CER. Not for free text with many right answers.

mod show;
mod words;

use super::batch;
use super::distance::{Align, Chunk, Counts, Symbols};
pub(crate) use words::is_space;

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Words between spaces.
    #[default]
    Words,
    /// Code points; white space at the ends does not count, spaces within do.
    Characters,
}

/// A rate over counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rate {
    /// Word error rate, or character error rate over characters.
    Error,
    /// Match error rate.
    Match,
    /// Word information lost.
    Lost,
    /// Word information preserved.
    Preserved,
}

impl Rate {
    /// The rate of one pair's counts, or of a corpus's added up.
    ///
    /// ```
    /// use botsmith_eval::metrics::{distance::Counts, wer::Rate};
    /// let counts = Counts { hits: 3, substitutions: 1, insertions: 1, deletions: 0 };
    /// assert_eq!(Rate::Error.of(&counts), 0.5);
    /// assert_eq!(Rate::Match.of(&counts), 0.4);
    /// ```
    pub fn of(self, counts: &Counts) -> f64 {
        let edits = counts.edits() as f64;
        let (reference, candidate) = (counts.from_length(), counts.to_length());
        match self {
            Self::Error if reference == 0 => counts.insertions as f64,
            Self::Error => edits / reference as f64,
            Self::Match if reference + counts.insertions == 0 => 0.0,
            Self::Match => edits / (reference + counts.insertions) as f64,
            Self::Lost => 1.0 - Self::Preserved.of(counts),
            Self::Preserved if reference == 0 => f64::from(u8::from(candidate == 0)),
            Self::Preserved if candidate == 0 => 0.0,
            Self::Preserved => {
                let hits = counts.hits as f64;
                (hits / reference as f64) * (hits / candidate as f64)
            }
        }
    }
}

/// Aligns pairs; keep one and use it again, then a pair allocates nothing.
///
/// ```
/// use botsmith_eval::metrics::wer::{Rate, Scorer, Unit};
/// let mut scorer = Scorer::new(Unit::Words);
/// let counts = scorer.counts("a b c d", "a x c");
/// assert_eq!((counts.hits, counts.substitutions, counts.deletions), (2, 1, 1));
/// assert_eq!(scorer.score(Rate::Error, "a b c d", "a x c"), 0.5);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Scorer {
    unit: Unit,
    symbols: Symbols,
    interner: words::Interner,
    reference: Vec<u32>,
    candidate: Vec<u32>,
    align: Align,
}

impl Scorer {
    /// A scorer without memory of its own yet.
    pub fn new(unit: Unit) -> Self {
        Self {
            unit,
            ..Self::default()
        }
    }

    fn encode(&mut self, reference: &str, candidate: &str) -> usize {
        match self.unit {
            Unit::Words => {
                let texts = [reference, candidate];
                self.interner.begin();
                self.interner.encode(texts, false, &mut self.reference);
                self.interner.encode(texts, true, &mut self.candidate);
                self.interner.size()
            }
            Unit::Characters => {
                self.symbols.begin();
                self.symbols
                    .encode(words::strip(reference), &mut self.reference);
                self.symbols
                    .encode(words::strip(candidate), &mut self.candidate);
                self.symbols.size()
            }
        }
    }

    /// The counts of one pair.
    pub fn counts(&mut self, reference: &str, candidate: &str) -> Counts {
        let alphabet = self.encode(reference, candidate);
        self.align
            .counts(&self.reference, &self.candidate, alphabet)
    }

    /// The rate of one pair. The error rate needs no alignment, and is faster than the others.
    pub fn score(&mut self, rate: Rate, reference: &str, candidate: &str) -> f64 {
        if rate != Rate::Error {
            return rate.of(&self.counts(reference, candidate));
        }
        let alphabet = self.encode(reference, candidate);
        let distance = self
            .align
            .distance(&self.reference, &self.candidate, alphabet);
        distance as f64 / self.reference.len().max(1) as f64
    }

    /// The alignment of one pair.
    pub fn align<'a>(&mut self, reference: &'a str, candidate: &'a str) -> Alignment<'a> {
        let alphabet = self.encode(reference, candidate);
        let units = |text: &'a str| match self.unit {
            Unit::Words => words::words(text).collect(),
            Unit::Characters => {
                let text = words::strip(text);
                text.char_indices()
                    .map(|(at, c)| &text[at..at + c.len_utf8()])
                    .collect()
            }
        };
        Alignment {
            unit: self.unit,
            reference: units(reference),
            candidate: units(candidate),
            chunks: self
                .align
                .chunks(&self.reference, &self.candidate, alphabet),
        }
    }

    /// The rates of many (reference, candidate) pairs on `threads` threads (0: one a core), in
    /// order.
    pub fn batch(unit: Unit, rate: Rate, pairs: &[(&str, &str)], threads: usize) -> Vec<f64> {
        let scratch = || Self::new(unit);
        batch(pairs, threads, scratch, |scorer, (reference, candidate)| {
            scorer.score(rate, reference, candidate)
        })
    }
}

/// How a candidate was aligned with a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alignment<'a> {
    unit: Unit,
    /// The reference's words or characters: parts of its text.
    pub reference: Vec<&'a str>,
    /// The candidate's.
    pub candidate: Vec<&'a str>,
    /// Stretches, in order; ranges are indices of `reference` (`from`) and `candidate` (`to`).
    pub chunks: Vec<Chunk>,
}

/// The error rate of one pair of texts, over words.
///
/// ```
/// assert_eq!(botsmith_eval::metrics::wer::wer("a b c d", "a b x d e"), 0.5);
/// ```
pub fn wer(reference: &str, candidate: &str) -> f64 {
    Scorer::new(Unit::Words).score(Rate::Error, reference, candidate)
}

/// The error rate of one pair of texts, over characters.
///
/// ```
/// assert_eq!(botsmith_eval::metrics::wer::cer("abcd", "abxd"), 0.25);
/// ```
pub fn cer(reference: &str, candidate: &str) -> f64 {
    Scorer::new(Unit::Characters).score(Rate::Error, reference, candidate)
}
