//! chrF and chrF++: F-score of character (and word) n-grams.
//!
//! Precision is the share of the candidate's n-grams that the reference has too, recall the share
//! of the reference's that the candidate has; both are means over the orders n of which both texts
//! have n-grams. With `R` and `P` these means,
//!
//! `chrF = 100 * (1 + beta^2) * P * R / (beta^2 * P + R)`
//!
//! chrF counts n-grams of 1 to 6 characters, white space left out; chrF++ also words and pairs of
//! words. Popović 2015 (<https://doi.org/10.18653/v1/W15-3049>), 2017
//! (<https://doi.org/10.18653/v1/W17-4770>); exact to sacrebleu 2.6.0
//! (<https://github.com/mjpost/sacrebleu>), the reference implementation. Range: 0 to 100, more is
//! better. A corpus adds up counts, not scores.
//!
//! - Characters are code points, in every script; nothing is normalised, so `é` in one and in two
//!   code points differ. It needs no tokenizer and suits Chinese, Japanese and Thai.
//! - Punctuation counts like any character. For word n-grams one mark of ASCII punctuation is split
//!   off a word's end, or else off its beginning.
//! - An empty candidate or reference gives 0, also two empty ones (1e-14 or less with
//!   `eps_smoothing`). Of several references the one that gives the best score counts.
//! - Not for meaning: word order hardly matters to it, and `not` is three characters.

mod ngrams;
mod score;
mod symbols;

use std::cell::RefCell;

use super::interner::Interner;
use super::strings::lower_into;
use ngrams::{FIRST, Matcher};
use score::Counts;
pub use score::Stats;
use symbols::{Characters, read_words};

/// How chrF counts. The default is sacrebleu's: chrF2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Longest n-grams of characters.
    pub char_order: usize,
    /// Longest n-grams of words; 2 is chrF++.
    pub word_order: usize,
    /// How many times as much recall matters as precision.
    pub beta: u32,
    /// Whether both texts are put in lower case first.
    pub lowercase: bool,
    /// Whether white space is part of the n-grams of characters.
    pub whitespace: bool,
    /// Whether the score is the mean of all orders' F-scores, with 1e-16 for those without
    /// n-grams (chrF++.py, NLTK, Moses), rather than an F-score over the orders that both have.
    pub eps_smoothing: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            char_order: 6,
            word_order: 0,
            beta: 2,
            lowercase: false,
            whitespace: false,
            eps_smoothing: false,
        }
    }
}

impl Options {
    /// chrF++: pairs of words too.
    ///
    /// ```
    /// use botsmith_eval::metrics::chrf::Options;
    /// assert!(Options::plus_plus().signature().starts_with("chrF2++|"));
    /// ```
    pub fn plus_plus() -> Self {
        Self {
            word_order: 2,
            ..Self::default()
        }
    }

    /// Name and settings as sacrebleu signs its scores, without the number of references, which is
    /// the data's.
    ///
    /// ```
    /// use botsmith_eval::metrics::chrf::Options;
    /// assert_eq!(
    ///     Options::default().signature(),
    ///     "chrF2|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0"
    /// );
    /// ```
    pub fn signature(&self) -> String {
        let yes = |is| if is { "yes" } else { "no" };
        format!(
            "chrF{}{}|case:{}|eff:{}|nc:{}|nw:{}|space:{}|version:{}",
            self.beta,
            "+".repeat(self.word_order),
            if self.lowercase { "lc" } else { "mixed" },
            yes(!self.eps_smoothing),
            self.char_order,
            self.word_order,
            yes(self.whitespace),
            super::SACREBLEU,
        )
    }
}

/// Scores pair after pair with buffers of its own; in steady state it allocates nothing.
///
/// ```
/// use botsmith_eval::metrics::{batch, chrf};
/// let (options, pairs) = (chrf::Options::default(), [("a cat", "the cat"), ("x", "x")]);
/// let scores = batch(&pairs, 1, chrf::Scorer::default, |scorer, (candidate, reference)| {
///     scorer.score(candidate, &[reference], &options)
/// });
/// assert_eq!(scores[1], 100.0);
/// ```
#[derive(Debug, Default)]
pub struct Scorer {
    characters: Characters,
    words: Interner,
    matcher: Matcher,
    lower: String,
    candidate: Symbols,
    reference: Symbols,
    shared: Vec<u64>,
    counts: Vec<Counts>,
    best: Vec<Counts>,
}

#[derive(Debug, Default)]
struct Symbols {
    characters: Vec<u32>,
    words: Vec<u32>,
}

impl Scorer {
    /// chrF of a candidate, 0 to 100. Without references, as with one empty reference.
    pub fn score(
        &mut self,
        candidate: &str,
        references: &[impl AsRef<str>],
        options: &Options,
    ) -> f64 {
        self.count(candidate, references, options)
            .unwrap_or_else(|| options.f_score(&self.best))
    }

    /// Leaves in `best` the counts with the reference of the best score, the first of equals; gives that score.
    fn count(
        &mut self,
        candidate: &str,
        references: &[impl AsRef<str>],
        options: &Options,
    ) -> Option<f64> {
        self.characters.clear();
        self.words.clear();
        self.best.clear();
        self.best
            .resize(options.char_order + options.word_order, Counts::default());
        read(
            candidate,
            options,
            &mut self.lower,
            (&mut self.characters, &mut self.words),
            &mut self.candidate,
        );
        let mut best = None;
        for reference in references {
            read(
                reference.as_ref(),
                options,
                &mut self.lower,
                (&mut self.characters, &mut self.words),
                &mut self.reference,
            );
            self.counts.clear();
            self.orders(false, options.char_order);
            self.orders(true, options.word_order);
            let score = options.f_score(&self.counts);
            if best.is_none_or(|best| score > best) {
                best = Some(score);
                std::mem::swap(&mut self.best, &mut self.counts);
            }
        }
        best
    }

    /// Appends the counts of n-grams up to `orders`.
    #[inline(never)]
    fn orders(&mut self, words: bool, orders: usize) {
        let (candidate, reference, end) = if words {
            let end = FIRST + self.words.len() as u32;
            (&self.candidate.words, &self.reference.words, end)
        } else {
            let (candidate, reference) = (&self.candidate, &self.reference);
            let end = self.characters.end();
            (&candidate.characters, &reference.characters, end)
        };
        self.shared.clear();
        self.shared.resize(orders, 0);
        self.matcher
            .count(candidate, reference, end, &mut self.shared);
        for (n, &shared) in (1..).zip(&self.shared) {
            let grams = |symbols: &[u32]| (symbols.len() + 1).saturating_sub(n) as u64;
            let of_reference = grams(reference);
            self.counts.push(Counts {
                // As sacrebleu has it: none count where the reference has none.
                candidate: if of_reference > 0 {
                    grams(candidate)
                } else {
                    0
                },
                reference: of_reference,
                shared,
            });
        }
    }

    /// Bytes that it keeps for the next texts, but for the table of characters.
    fn kept(&self) -> usize {
        let symbols = |s: &Symbols| 4 * (s.characters.capacity() + s.words.capacity());
        self.words.kept()
            + self.matcher.kept()
            + self.lower.capacity()
            + symbols(&self.candidate)
            + symbols(&self.reference)
    }
}

// Of no generic type and compiled by itself, it is as fast in a large program as in a small one.
#[inline(never)]
fn read(
    text: &str,
    options: &Options,
    lower: &mut String,
    (characters, words): (&mut Characters, &mut Interner),
    out: &mut Symbols,
) {
    let text = if options.lowercase {
        lower_into(text, lower);
        lower
    } else {
        text
    };
    out.characters.clear();
    out.words.clear();
    if options.char_order > 0 {
        characters.read(text, options.whitespace, &mut out.characters);
    }
    if options.word_order > 0 {
        read_words(text, words, &mut out.words);
    }
}

/// chrF of one candidate, 0 to 100; the best of several references counts.
///
/// ```
/// use botsmith_eval::metrics::chrf::{Options, sentence};
/// let score = sentence("the the the the the the the", &["the cat is on the mat"], &Options::default());
/// assert!((score - 14.232426848159646).abs() < 1e-9);
/// ```
pub fn sentence(candidate: &str, references: &[impl AsRef<str>], options: &Options) -> f64 {
    thread_local! {
        static SCORER: RefCell<Scorer> = RefCell::default();
    }
    SCORER.with_borrow_mut(|scorer| {
        let score = scorer.score(candidate, references, options);
        // One huge answer does not keep its memory for ever.
        if scorer.kept() > 8 << 20 {
            *scorer = Scorer::default();
        }
        score
    })
}

/// Counts of one candidate and its best reference, to add up or to resample.
///
/// ```
/// use botsmith_eval::metrics::chrf::{Options, stats};
/// let mut options = Options::default();
/// options.char_order = 1;
/// let stats = stats("a cat", &["the cat"], &options);
/// assert_eq!(stats.row(), [4.0, 6.0, 3.0]);
/// ```
pub fn stats(candidate: &str, references: &[impl AsRef<str>], options: &Options) -> Stats {
    let mut corpus = Corpus::new(*options);
    corpus.add(candidate, references);
    corpus.last()
}

/// chrF of many candidates, in order, on `threads` threads (0: one a core).
///
/// ```
/// use botsmith_eval::metrics::chrf::{Options, batch};
/// assert_eq!(batch(&[("a cat", ["a cat"]), ("", ["x"])], &Options::default(), 1), [100.0, 0.0]);
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
        Scorer::default,
        |scorer, (candidate, references)| {
            scorer.score(candidate.as_ref(), references.as_ref(), options)
        },
    )
}

/// chrF of a corpus: from the sums of all pairs' counts, each with its best reference.
///
/// ```
/// use botsmith_eval::metrics::chrf::{Corpus, Options};
/// let mut corpus = Corpus::new(Options::default());
/// assert_eq!(corpus.score(), None);
/// corpus.add("a cat", &["a cat"]);
/// assert_eq!(corpus.score(), Some(100.0));
/// ```
#[derive(Debug, Default)]
pub struct Corpus {
    options: Options,
    scorer: Scorer,
    sums: Vec<Counts>,
    pairs: usize,
}

impl Corpus {
    /// An empty corpus.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    /// Adds a candidate and its references; their number may differ from pair to pair.
    pub fn add(&mut self, candidate: &str, references: &[impl AsRef<str>]) {
        self.scorer.count(candidate, references, &self.options);
        self.pairs += 1;
        self.sums.resize(self.scorer.best.len(), Counts::default());
        for (sum, counts) in self.sums.iter_mut().zip(&self.scorer.best) {
            sum.candidate += counts.candidate;
            sum.reference += counts.reference;
            sum.shared += counts.shared;
        }
    }

    /// The counts of the pair that was added last; all 0 while nothing was.
    pub fn last(&self) -> Stats {
        let orders = self.options.char_order + self.options.word_order;
        let mut counts = self.scorer.best.clone();
        counts.resize(orders, Counts::default());
        Stats::of(counts)
    }

    /// The options.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The score of all that was added, 0 to 100; `None` while that is nothing.
    pub fn score(&self) -> Option<f64> {
        (self.pairs > 0).then(|| self.options.f_score(&self.sums))
    }
}
