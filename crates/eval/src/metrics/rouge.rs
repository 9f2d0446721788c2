//! ROUGE-N, ROUGE-L and ROUGE-Lsum, as Google's rouge-score 0.1.2 computes them.
//!
//! Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries"
//! (<https://aclanthology.org/W04-1013/>). Hits over the tokens of the candidate are the
//! precision P, over those of the reference the recall R; F = 2PR / (P + R), 0 where P + R is 0.
//! All three are between 0 and 1.
//!
//! - **N**: hits are shared n-grams, as a multiset.
//! - **L**: hits are the longest common subsequence of the whole texts; line ends count as spaces.
//! - **Lsum**: hits are, for each line of the reference, the union of its longest common
//!   subsequences with every line of the candidate, no token more often than both texts have it.
//!
//! A token is a run of `[a-z0-9]` after lower-casing; all else separates. So texts in Chinese,
//! Arabic, Russian and other scripts have no tokens and score 0, and accents split words: use
//! [chrF or another metric](crate::metrics) there. Empty texts score 0, also against each other.
//! With the stemmer, tokens longer than three letters are [stemmed](super::porter) as nltk does.
//! Of several references the one with the greatest F counts, the first of equals.
//!
//! ROUGE counts surface overlap with a reference: it does not see whether a summary is true.

mod ngrams;
mod read;
mod summary;

use super::intern::Interner;
use super::lcs::Lcs;
use ngrams::Ngrams;
use read::Text;
use summary::Summary;

/// What counts as a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Variant {
    /// Shared n-grams of this many tokens; of 0 tokens there are none.
    N(usize),
    /// The longest common subsequence of the texts.
    L,
    /// The longest common subsequences line by line.
    Lsum,
}

/// Which number is the score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// The harmonic mean of precision and recall.
    #[default]
    F,
    /// Hits over tokens of the candidate.
    Precision,
    /// Hits over tokens of the reference.
    Recall,
}

/// How ROUGE is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// What counts as a hit; [`Variant::L`] by default.
    pub variant: Variant,
    /// Whether tokens are stemmed; no by default.
    pub stemmer: bool,
    /// Which number [`batch`] gives; F by default.
    pub measure: Measure,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            variant: Variant::L,
            stemmer: false,
            measure: Measure::F,
        }
    }
}

/// Precision, recall and F, each between 0 and 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rouge {
    /// Hits over tokens (n-grams) of the candidate.
    pub precision: f64,
    /// Hits over tokens (n-grams) of the reference.
    pub recall: f64,
    /// `2PR / (P + R)`.
    pub f: f64,
}

impl Rouge {
    pub(crate) fn new(hits: usize, candidate: usize, reference: usize) -> Self {
        let precision = hits as f64 / candidate.max(1) as f64;
        let recall = hits as f64 / reference.max(1) as f64;
        let f = match precision + recall {
            // In this order, so that the bits are those of the reference implementation.
            sum if sum > 0.0 => 2.0 * precision * recall / sum,
            _ => 0.0,
        };
        Self {
            precision,
            recall,
            f,
        }
    }

    /// One of the three.
    pub fn get(&self, measure: Measure) -> f64 {
        match measure {
            Measure::F => self.f,
            Measure::Precision => self.precision,
            Measure::Recall => self.recall,
        }
    }
}

/// ROUGE of a candidate and its references; zeros without a reference.
///
/// ```
/// use botsmith_eval::metrics::rouge::{Options, sentence};
/// let rouge = sentence("the cat sat", &["The cat was sitting."], &Options::default());
/// assert_eq!((rouge.precision, rouge.recall), (2.0 / 3.0, 0.5));
/// ```
pub fn sentence<R: AsRef<str>>(candidate: &str, references: &[R], options: &Options) -> Rouge {
    Scorer::new(options.stemmer).best(candidate, references, options.variant)
}

/// The measure of each pair of a candidate and its references, on `threads` threads (0: one a
/// core).
///
/// ```
/// use botsmith_eval::metrics::rouge::{Options, batch};
/// let pairs = [("a b c", vec!["a b c"]), ("a b", vec!["x", "a b c d e f"])];
/// assert_eq!(batch(&pairs, &Options::default(), 1), [1.0, 0.5]);
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
        || Scorer::new(options.stemmer),
        |scorer, (candidate, references)| {
            scorer
                .best(candidate.as_ref(), references.as_ref(), options.variant)
                .get(options.measure)
        },
    )
}

/// Computes ROUGE of pair after pair in the same memory, and several variants of one pair from
/// one tokenisation.
///
/// ```
/// use botsmith_eval::metrics::rouge::{Scorer, Variant};
/// let mut scorer = Scorer::new(true);
/// scorer.candidate("two dogs barked");
/// scorer.reference("dogs bark");
/// assert_eq!(scorer.score(Variant::N(1)).recall, 1.0);
/// assert_eq!(scorer.score(Variant::N(2)).precision, 0.5);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Scorer {
    stemmer: bool,
    tokens: Interner,
    candidate: Text,
    reference: Text,
    word: Vec<u8>,
    ngrams: Ngrams,
    lcs: Lcs,
    summary: Summary,
}

impl Scorer {
    /// A scorer with or without the stemmer.
    pub fn new(stemmer: bool) -> Self {
        let mut scorer = Self {
            stemmer,
            ..Self::default()
        };
        scorer.tokens.clear();
        scorer
    }

    /// Takes another candidate. The reference is empty until it is given.
    pub fn candidate(&mut self, text: &str) {
        self.tokens.clear();
        self.reference.clear();
        self.candidate
            .read(text, self.stemmer, &mut self.tokens, &mut self.word);
    }

    /// Takes another reference for the candidate.
    pub fn reference(&mut self, text: &str) {
        self.reference
            .read(text, self.stemmer, &mut self.tokens, &mut self.word);
    }

    /// ROUGE of the candidate and the reference.
    pub fn score(&mut self, variant: Variant) -> Rouge {
        let (candidate, reference) = (&self.candidate, &self.reference);
        let (c, r) = (candidate.tokens.len(), reference.tokens.len());
        match variant {
            Variant::N(n) => {
                let hits =
                    self.ngrams
                        .shared(n, &candidate.tokens, &reference.tokens, self.tokens.len());
                let count = |tokens: usize| match n {
                    0 => 0,
                    n => (tokens + 1).saturating_sub(n),
                };
                Rouge::new(hits, count(c), count(r))
            }
            Variant::L => {
                self.lcs.load(&reference.tokens, self.tokens.len());
                Rouge::new(self.lcs.length(&candidate.tokens), c, r)
            }
            Variant::Lsum => {
                let hits =
                    self.summary
                        .hits(candidate, reference, self.tokens.len(), &mut self.lcs);
                Rouge::new(hits, c, r)
            }
        }
    }

    /// ROUGE of the candidate and the reference with the greatest F; zeros without a reference.
    pub fn best<R: AsRef<str>>(
        &mut self,
        candidate: &str,
        references: &[R],
        variant: Variant,
    ) -> Rouge {
        self.candidate(candidate);
        let mut best = None::<Rouge>;
        for reference in references {
            self.reference(reference.as_ref());
            let rouge = self.score(variant);
            if best.is_none_or(|best| rouge.f > best.f) {
                best = Some(rouge);
            }
        }
        best.unwrap_or_default()
    }

    /// Bytes that the buffers hold on to, about.
    pub fn capacity(&self) -> usize {
        self.tokens.capacity()
            + self.lcs.capacity()
            + self.ngrams.capacity()
            + 4 * (self.candidate.tokens.capacity() + self.reference.tokens.capacity())
    }
}
