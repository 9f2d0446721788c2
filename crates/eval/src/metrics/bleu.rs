//! BLEU: n-gram precision against references, with a penalty for answers that are too short.
//! (candidate, references) -> 0 to 100.
//!
//! `BLEU = BP * exp(mean over n = 1..N of ln p_n)`, where `p_n` is the share of the candidate's
//! n-grams that are in a reference (each counted at most as often as in one reference), in percent,
//! and `BP = min(1, exp(1 - r/c))` with `c` tokens of the candidate and `r` of the reference nearest
//! in length. Papineni et al. 2002 (<https://doi.org/10.3115/1073083.1073135>); smoothing: Chen and
//! Cherry 2014 (<https://doi.org/10.3115/v1/W14-3346>); all else as sacrebleu 2.6.0 (Post 2018,
//! <https://doi.org/10.18653/v1/W18-6319>) computes it.
//!
//! - Empty candidate, or no n-gram shared: 0.
//! - Chinese, Japanese, Thai: `13a` sees a sentence as one word; take `zh` for Chinese, `char`
//!   otherwise, or chrF.
//! - Punctuation is tokens like words, case counts unless `lowercase`.
//! - Not for one short answer: with four orders, one sentence gives a coarse number. Not for
//!   comparing across tokenizers, or with numbers that do not say theirs.
//!
//! A corpus is scored by its summed counts, not by the mean of its sentences' scores.

mod score;
pub(super) mod tokenizer;

use super::ngram::{Ngrams, Reading};
use crate::{Error, Result};

pub(super) use score::brevity_penalty;
pub use score::{BleuScore, Stats};
pub use tokenizer::Tokenizer;

/// The longest n-grams that can be asked for.
pub const MAX_ORDER: usize = 8;

/// What is put in the place of a precision of 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Smoothing {
    /// 1/2, 1/4, … of a match for the first, second, … order without one (NIST's, the default).
    #[default]
    Exp,
    /// This many matches, the reference's default is 0.1. At least 0.
    Floor(f64),
    /// This many added to matches and totals of orders above 1, the reference's default is 1. At
    /// least 0.
    AddK(f64),
    /// Nothing: the score is 0 if an order has no match.
    None,
}

/// How BLEU is computed. The default is for sentences; see [`Options::corpus`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// How texts become tokens.
    pub tokenizer: Tokenizer,
    /// Whether texts are put in lower case first.
    pub lowercase: bool,
    /// What is put in the place of a precision of 0.
    pub smoothing: Smoothing,
    /// Whether orders that the candidate is too short for are left out of the mean.
    pub effective_order: bool,
    max_order: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tokenizer: Tokenizer::V13a,
            lowercase: false,
            smoothing: Smoothing::Exp,
            effective_order: true,
            max_order: 4,
        }
    }
}

impl Options {
    /// The reference's options for a corpus: the order is always the greatest.
    pub fn corpus() -> Self {
        Self {
            effective_order: false,
            ..Self::default()
        }
    }

    /// The length of the longest n-grams, 4 unless set.
    pub fn max_order(&self) -> usize {
        self.max_order
    }

    /// Sets the length of the longest n-grams.
    ///
    /// # Errors
    /// If it is not 1 to [`MAX_ORDER`].
    pub fn with_max_order(mut self, order: usize) -> Result<Self> {
        if !(1..=MAX_ORDER).contains(&order) {
            return Err(Error::Invalid(format!(
                "BLEU's order is {order}, and can be 1 to {MAX_ORDER}"
            )));
        }
        self.max_order = order;
        Ok(self)
    }

    /// sacrebleu's signature: what a number of BLEU needs beside it. `references`: how many each
    /// segment has, `None` if that varies. An order other than 4, which sacrebleu does not name,
    /// is named.
    ///
    /// ```
    /// use botsmith_eval::metrics::bleu::Options;
    /// let signature = Options::default().signature(Some(1));
    /// assert!(signature.starts_with("nrefs:1|case:mixed|eff:yes|tok:13a|smooth:exp|version:botsmith-"));
    /// ```
    pub fn signature(&self, references: Option<usize>) -> String {
        let references = references.map_or("var".to_owned(), |n| n.to_string());
        let case = if self.lowercase { "lc" } else { "mixed" };
        let effective = if self.effective_order { "yes" } else { "no" };
        let smoothing = match self.smoothing {
            Smoothing::Exp => "exp".to_owned(),
            Smoothing::Floor(value) => format!("floor[{value:.2}]"),
            Smoothing::AddK(value) => format!("add-k[{value:.2}]"),
            Smoothing::None => "none".to_owned(),
        };
        let order = match self.max_order {
            4 => String::new(),
            n => format!("|order:{n}"),
        };
        format!(
            "nrefs:{references}|case:{case}|eff:{effective}|tok:{}|smooth:{smoothing}{order}|version:botsmith-{}",
            self.tokenizer.name(),
            env!("CARGO_PKG_VERSION")
        )
    }

    fn reading(&self) -> Reading {
        Reading {
            tokenizer: self.tokenizer,
            lowercase: self.lowercase,
        }
    }

    fn stats<R: AsRef<str>>(
        &self,
        ngrams: &mut Ngrams,
        candidate: &str,
        references: &[R],
    ) -> Stats {
        ngrams.read(candidate, references, self.reading());
        let mut stats = Stats::of_lengths(self.max_order, ngrams.len(), ngrams.nearest_length());
        ngrams.matches(stats.correct_mut());
        stats
    }
}

/// BLEU of one candidate.
///
/// ```
/// use botsmith_eval::metrics::bleu::{self, Options};
/// let score = bleu::sentence("the cat sat on a mat", &["the cat sat on the mat"], &Options::default());
/// assert!((score.score - 53.7284965911771).abs() < 1e-9);
/// assert_eq!(score.counts(), [5.0, 3.0, 2.0, 1.0]);
/// ```
pub fn sentence<R: AsRef<str>>(candidate: &str, references: &[R], options: &Options) -> BleuScore {
    Ngrams::with(|ngrams| options.stats(ngrams, candidate, references)).score(options)
}

/// The score of [`sentence`] alone.
pub(crate) fn value(candidate: &str, references: &[&str], options: &Options) -> f64 {
    Ngrams::with(|ngrams| options.stats(ngrams, candidate, references)).value(options)
}

/// Counts of one candidate, to add up or to resample.
pub fn stats<R: AsRef<str>>(candidate: &str, references: &[R], options: &Options) -> Stats {
    Ngrams::with(|ngrams| options.stats(ngrams, candidate, references))
}

/// BLEU of many candidates, in order, on `threads` threads (0: one a core).
///
/// ```
/// use botsmith_eval::metrics::bleu::{self, Options};
/// let pairs = [("a b", ["a b"]), ("a", ["b"])];
/// let scores = bleu::batch(&pairs, &Options::default(), 1);
/// assert!(scores[0] > 99.99 && scores[1] == 0.0);
/// ```
pub fn batch<C, L, R>(pairs: &[(C, L)], options: &Options, threads: usize) -> Vec<f64>
where
    C: AsRef<str> + Sync,
    L: AsRef<[R]> + Sync,
    R: AsRef<str>,
{
    super::batch(
        pairs,
        threads,
        || Scorer::new(*options),
        |scorer, (candidate, references)| {
            scorer.score(candidate.as_ref(), references.as_ref()).score
        },
    )
}

/// BLEU of one candidate after the other, with tables that are used again.
///
/// ```
/// use botsmith_eval::metrics::bleu::{Options, Scorer};
/// let mut scorer = Scorer::new(Options::default());
/// assert_eq!(scorer.score("", &["some reference"]).score, 0.0);
/// ```
#[derive(Clone, Debug)]
pub struct Scorer {
    options: Options,
    ngrams: Ngrams,
}

impl Scorer {
    /// With these options.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            ngrams: Ngrams::default(),
        }
    }

    /// Counts of one candidate.
    pub fn stats<R: AsRef<str>>(&mut self, candidate: &str, references: &[R]) -> Stats {
        self.options.stats(&mut self.ngrams, candidate, references)
    }

    /// The score of one candidate.
    pub fn score<R: AsRef<str>>(&mut self, candidate: &str, references: &[R]) -> BleuScore {
        self.stats(candidate, references).score(&self.options)
    }
}

/// BLEU of a corpus: counts are summed, then scored.
///
/// ```
/// use botsmith_eval::metrics::bleu::{Corpus, Options};
/// let mut corpus = Corpus::new(Options::corpus());
/// assert!(corpus.score().is_none());
/// corpus.add("the cat sat on the mat", &["the cat sat on the mat"]);
/// corpus.add("a dog", &["the dog"]);
/// assert_eq!(corpus.score().map(|s| s.counts().to_vec()), Some(vec![7.0, 5.0, 4.0, 3.0]));
/// ```
#[derive(Clone, Debug)]
pub struct Corpus {
    scorer: Scorer,
    stats: Stats,
    last: Stats,
    segments: u64,
}

impl Corpus {
    /// An empty corpus; [`Options::corpus`] has the reference's options.
    pub fn new(options: Options) -> Self {
        Self {
            scorer: Scorer::new(options),
            stats: Stats::new(&options),
            last: Stats::new(&options),
            segments: 0,
        }
    }

    /// Adds a candidate with its references; how many there are may vary.
    pub fn add<R: AsRef<str>>(&mut self, candidate: &str, references: &[R]) {
        let stats = self.scorer.stats(candidate, references);
        self.stats.add(&stats);
        self.last = stats;
        self.segments += 1;
    }

    /// The counts of the candidate that was added last; all 0 while nothing was.
    pub fn last(&self) -> &Stats {
        &self.last
    }

    /// The options.
    pub fn options(&self) -> &Options {
        &self.scorer.options
    }

    /// The score so far; `None` while nothing was added.
    pub fn score(&self) -> Option<BleuScore> {
        (self.segments > 0).then(|| self.stats.score(&self.scorer.options))
    }
}
