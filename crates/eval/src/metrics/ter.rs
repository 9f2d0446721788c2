//! TER: translation edit rate.
//!
//! `TER = 100 * edits / length`: the fewest insertions, deletions and substitutions of words, and
//! moves of runs of words (each one edit, however long and far), that make the candidate into the
//! reference; over the length of the reference in words. Of several references the one that takes
//! the fewest edits counts, and the mean of their lengths.
//!
//! Finding the fewest moves is NP-hard; the search is Tercom's greedy one. Snover et al. 2006
//! (<https://aclanthology.org/2006.amta-papers.25/>); exact to sacrebleu 2.6.0
//! (<https://github.com/mjpost/sacrebleu>), whose numbers can differ from Tercom's own in extreme
//! cases. Range: 0 and up, less is better; more than 100 where more is edited than the reference
//! has words. A corpus is the sum of edits over the sum of lengths.
//!
//! - Words are what stands between white space, punctuation included, in lower case; the options
//!   change that. Chinese, Japanese and Thai need `normalized` and `asian_support`, or a whole
//!   sentence is one word; kana stay together even then, as in the reference implementation.
//! - With `normalized`, references are normalised twice, a slip of sacrebleu's that is kept: a text
//!   such as `a,.5` is then not quite equal to itself.
//! - Two empty texts give 0, an empty reference alone 100, an empty candidate alone 100.
//! - Long texts: the beam and the limit of 1,000 moves tried make the result an upper bound.
//! - Not for meaning, nor for languages with free word order: one wrong word and a synonym cost the
//!   same.

mod beam;
mod shifts;
mod tokens;

use std::cell::RefCell;

use shifts::Search;
use tokens::Tokenizer;

/// How texts become words. The default is sacrebleu's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[allow(
    clippy::struct_excessive_bools,
    reason = "four independent switches, as in the reference implementation"
)]
pub struct Options {
    /// Whether punctuation is parted from words, lines are joined and XML's entities resolved.
    pub normalized: bool,
    /// Whether `. , ? : ; ! " ( )` are left out.
    pub no_punct: bool,
    /// With `normalized`: ideographs and Asian marks are words by themselves; with `no_punct`:
    /// Asian marks are left out too. Nothing alone.
    pub asian_support: bool,
    /// Whether upper and lower case differ.
    pub case_sensitive: bool,
}

impl Options {
    /// Name and settings as sacrebleu signs its scores, without the number of references, which is
    /// the data's.
    ///
    /// ```
    /// use botsmith_eval::metrics::ter::Options;
    /// assert_eq!(
    ///     Options::default().signature(),
    ///     "TER|case:lc|tok:tercom|norm:no|punct:yes|asian:no|version:2.6.0"
    /// );
    /// ```
    pub fn signature(&self) -> String {
        let yes = |is| if is { "yes" } else { "no" };
        format!(
            "TER|case:{}|tok:tercom|norm:{}|punct:{}|asian:{}|version:{}",
            if self.case_sensitive { "mixed" } else { "lc" },
            yes(self.normalized),
            yes(!self.no_punct),
            yes(self.asian_support),
            super::SACREBLEU,
        )
    }
}

/// What a rate is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Edits {
    /// Edits, moves included.
    pub edits: u64,
    /// Words of the reference; the mean over several.
    pub length: f64,
}

impl Edits {
    /// As one row of numbers for [`paired`](super::paired) tests: edits, length.
    pub fn row(&self) -> [f64; 2] {
        [self.edits as f64, self.length]
    }

    /// Back from (a sum of) rows; `None` if the length is not that of a row.
    pub fn from_row(row: &[f64]) -> Option<Self> {
        let &[edits, length] = row else { return None };
        Some(Self {
            edits: edits as u64,
            length,
        })
    }

    /// TER in percent: 0 and up, less is better.
    ///
    /// ```
    /// use botsmith_eval::metrics::ter::Edits;
    /// assert_eq!(Edits { edits: 3, length: 2.0 }.score(), 150.0);
    /// assert_eq!(Edits { edits: 3, length: 0.0 }.score(), 100.0);
    /// ```
    pub fn score(&self) -> f64 {
        100.0
            * if self.length > 0.0 {
                self.edits as f64 / self.length
            } else if self.edits > 0 {
                1.0
            } else {
                0.0
            }
    }
}

/// Counts pair after pair with buffers of its own; in steady state it allocates nothing.
///
/// ```
/// use botsmith_eval::metrics::{batch, ter};
/// let (options, pairs) = (ter::Options::default(), [("a cat", "the cat"), ("c a b", "a b c")]);
/// let rates = batch(&pairs, 1, ter::Scorer::default, |scorer, (candidate, reference)| {
///     scorer.edits(candidate, &[reference], &options).score()
/// });
/// assert_eq!(rates[0], 50.0);
/// assert!((rates[1] - 100.0 / 3.0).abs() < 1e-9);
/// ```
#[derive(Debug, Default)]
pub struct Scorer {
    tokenizer: Tokenizer,
    search: Search,
    candidate: Vec<u32>,
    reference: Vec<u32>,
}

impl Scorer {
    /// Edits of a candidate. Without references, as with one empty reference.
    pub fn edits(
        &mut self,
        candidate: &str,
        references: &[impl AsRef<str>],
        options: &Options,
    ) -> Edits {
        self.tokenizer.clear();
        self.tokenizer
            .candidate(candidate, *options, &mut self.candidate);
        let (mut fewest, mut length) = (None, 0);
        for reference in references {
            self.tokenizer
                .reference(reference.as_ref(), *options, &mut self.reference);
            let edits = self.search.edits(&self.candidate, &self.reference);
            fewest = Some(fewest.map_or(edits, |fewest: u64| fewest.min(edits)));
            length += self.reference.len();
        }
        Edits {
            edits: fewest.unwrap_or(self.candidate.len() as u64),
            length: length as f64 / references.len().max(1) as f64,
        }
    }

    /// Bytes that it keeps for the next texts.
    fn kept(&self) -> usize {
        self.tokenizer.kept() + self.search.kept()
    }
}

/// The edits of one candidate; [`Edits::score`] is the rate.
///
/// ```
/// use botsmith_eval::metrics::ter::{Options, sentence};
/// let edits = sentence("the cat on the mat sat", &["the cat sat on the mat"], &Options::default());
/// assert_eq!((edits.edits, edits.length), (1, 6.0));
/// ```
pub fn sentence(candidate: &str, references: &[impl AsRef<str>], options: &Options) -> Edits {
    thread_local! {
        static SCORER: RefCell<Scorer> = RefCell::default();
    }
    SCORER.with_borrow_mut(|scorer| {
        let edits = scorer.edits(candidate, references, options);
        // One huge answer does not keep its memory for ever.
        if scorer.kept() > 8 << 20 {
            *scorer = Scorer::default();
        }
        edits
    })
}

/// TER of many candidates in percent, in order, on `threads` threads (0: one a core).
///
/// ```
/// use botsmith_eval::metrics::ter::{Options, batch};
/// let pairs = [("a cat", ["the cat"]), ("a cat", ["a cat"])];
/// assert_eq!(batch(&pairs, &Options::default(), 1), [50.0, 0.0]);
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
            scorer
                .edits(candidate.as_ref(), references.as_ref(), options)
                .score()
        },
    )
}

/// TER of a corpus: the sum of all edits over the sum of all lengths.
///
/// ```
/// use botsmith_eval::metrics::ter::{Corpus, Options};
/// let mut corpus = Corpus::new(Options::default());
/// assert_eq!(corpus.score(), None);
/// corpus.add("a cat", &["the cat"]);
/// corpus.add("here it is", &["it is here", "here it is"]);
/// assert_eq!(corpus.score(), Some(20.0));
/// ```
#[derive(Debug, Default)]
pub struct Corpus {
    options: Options,
    scorer: Scorer,
    sum: Edits,
    last: Edits,
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
        let edits = self.scorer.edits(candidate, references, &self.options);
        self.pairs += 1;
        self.last = edits;
        self.sum.edits += edits.edits;
        self.sum.length += edits.length;
    }

    /// The edits of the pair that was added last.
    pub fn last(&self) -> Edits {
        self.last
    }

    /// The sums of all that was added.
    pub fn edits(&self) -> Edits {
        self.sum
    }

    /// The rate of all that was added, in percent; `None` while that is nothing.
    pub fn score(&self) -> Option<f64> {
        (self.pairs > 0).then(|| self.sum.score())
    }
}
