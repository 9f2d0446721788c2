//! GLEU, "Google-BLEU": the smaller of n-gram precision and recall over orders 1 to 4 together.
//! (candidate, references) -> 0 to 1.
//!
//! `GLEU = matches / max(n-grams of the candidate, n-grams of the reference)`, all orders summed;
//! of several references the one with the highest value. Wu et al. 2016, section 5
//! (<https://arxiv.org/abs/1609.08144>), as nltk 3.10.4's `gleu_score` computes it on
//! `text.split()`. Not Napoles' GLEU for grammatical correction.
//!
//! - Empty candidate or reference: 0. Symmetric with one reference.
//! - White space makes the tokens unless another tokenizer is set: punctuation sticks to words,
//!   Chinese and Japanese sentences are one token.
//! - A corpus adds up matches and totals of the best references (nltk's `corpus_gleu`).

use super::bleu::Tokenizer;
use super::ngram::{Ngrams, Reading};

/// The longest n-grams.
const ORDER: usize = 4;

/// How GLEU is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// How texts become tokens; nltk leaves that to the caller, white space by default.
    pub tokenizer: Tokenizer,
    /// Whether texts are put in lower case first.
    pub lowercase: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tokenizer: Tokenizer::None,
            lowercase: false,
        }
    }
}

/// Matches, and the greater of the totals of candidate and reference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// N-grams shared, clipped.
    pub matched: u64,
    /// The greater of the numbers of n-grams.
    pub total: u64,
}

impl Stats {
    /// Adds those of another candidate; a corpus scores the sum.
    ///
    /// ```
    /// use botsmith_eval::metrics::gleu::{Options, stats};
    /// let mut corpus = stats("a b", &["a b"], Options::default());
    /// corpus.add(&stats("a", &["b"], Options::default()));
    /// assert_eq!(corpus.score(), 0.75);
    /// ```
    pub fn add(&mut self, other: &Self) {
        self.matched += other.matched;
        self.total += other.total;
    }

    /// `matched / total`; 0 without n-grams.
    pub fn score(&self) -> f64 {
        if self.total == 0 {
            0.0
        } else {
            self.matched as f64 / self.total as f64
        }
    }
}

/// N-grams of orders 1 to 4 of a text of this many tokens.
fn ngrams_of(tokens: usize) -> u64 {
    (0..ORDER).map(|n| tokens.saturating_sub(n) as u64).sum()
}

fn counts<R: AsRef<str>>(
    tables: &mut Ngrams,
    candidate: &str,
    references: &[R],
    options: Options,
) -> Stats {
    let reading = Reading {
        tokenizer: options.tokenizer,
        lowercase: options.lowercase,
    };
    tables.read(candidate, references, reading);
    let own = ngrams_of(tables.len());
    let mut best: Option<Stats> = None;
    for reference in 0..references.len() {
        let mut matches = [0; ORDER];
        tables.matches_with(reference, &mut matches);
        let length = tables.reference_lengths().nth(reference).unwrap_or(0);
        let stats = Stats {
            matched: matches.iter().sum(),
            total: own.max(ngrams_of(length)),
        };
        if stats.total > 0 && best.is_none_or(|best| stats.score() > best.score()) {
            best = Some(stats);
        }
    }
    best.unwrap_or_default()
}

/// GLEU of one candidate.
///
/// ```
/// use botsmith_eval::metrics::gleu::{self, Options};
/// let score = gleu::sentence("the the the the the the the", &["the cat is on the mat"], Options::default());
/// assert!((score - 2.0 / 22.0).abs() < 1e-12);
/// ```
pub fn sentence<R: AsRef<str>>(candidate: &str, references: &[R], options: Options) -> f64 {
    stats(candidate, references, options).score()
}

/// Matches and total of one candidate; a corpus adds them up.
pub fn stats<R: AsRef<str>>(candidate: &str, references: &[R], options: Options) -> Stats {
    Ngrams::with(|tables| counts(tables, candidate, references, options))
}

/// GLEU of many candidates, in order, on `threads` threads (0: one a core).
pub fn batch<C, L, R>(pairs: &[(C, L)], options: Options, threads: usize) -> Vec<f64>
where
    C: AsRef<str> + Sync,
    L: AsRef<[R]> + Sync,
    R: AsRef<str>,
{
    super::batch(
        pairs,
        threads,
        Ngrams::default,
        |tables, (candidate, references)| {
            counts(tables, candidate.as_ref(), references.as_ref(), options).score()
        },
    )
}
