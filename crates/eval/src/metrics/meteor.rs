//! METEOR, as nltk 3.10.4's `meteor_score` computes it.
//!
//! Lavie and Agarwal 2007 (<https://aclanthology.org/W07-0734/>). Words of the candidate are
//! matched one to one with words of the reference: first equal ones, then those with the same
//! [stem](super::porter), then, where a [WordNet] is given, synonyms. With P = matches / words of
//! the candidate, R = matches / words of the reference:
//!
//! ```text
//! F = P R / (alpha P + (1 - alpha) R)
//! score = (1 - gamma (chunks / matches)^beta) F
//! ```
//!
//! where chunks are the fewest runs of matches that are side by side in both texts. The score is
//! between 0 and 1 (never 1: one chunk costs `gamma / matches^beta`); 0 without a match, and for
//! empty texts. Of several references the greatest score counts.
//!
//! Words are the matches of Python's `\w+|[^\w\s]` in lower case: a mark of punctuation is a word,
//! and a whole run of Chinese or Japanese, which has no spaces, is one word; use
//! [chrF or another metric](crate::metrics) there. Stems and WordNet know English only.
//!
//! As in nltk, and unlike the authors' program: each stage goes through the candidate from its
//! last word and takes the last free place of the reference, rather than the alignment with the
//! fewest crossings; synonyms are looked up by stem; there are no paraphrases and no weights for
//! function words. Its values are not those of METEOR 1.5.

#![allow(clippy::doc_markdown, reason = "WordNet is a name")]

mod align;
mod wordnet;

use std::sync::Arc;

use align::Aligner;
pub use wordnet::WordNet;

/// How METEOR is computed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Weight of recall in F, between 0 and 1: at 1 F is the recall; 0.9 by default.
    pub alpha: f64,
    /// How fast the penalty falls with fewer chunks, at least 0; 3 by default.
    pub beta: f64,
    /// The greatest penalty, between 0 and 1; 0.5 by default.
    pub gamma: f64,
    /// Where synonyms come from; none by default.
    pub wordnet: Option<Arc<WordNet>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            alpha: 0.9,
            beta: 3.0,
            gamma: 0.5,
            wordnet: None,
        }
    }
}

/// A score, between 0 and 1, and the counts that it is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Meteor {
    /// The score.
    pub score: f64,
    /// Words that are matched.
    pub matches: usize,
    /// Runs of matches that are side by side in both texts; 0 without a match.
    pub chunks: usize,
    /// Words of the candidate.
    pub candidate: usize,
    /// Words of the reference.
    pub reference: usize,
}

/// METEOR of a candidate and its references; 0 without a reference.
///
/// ```
/// use botsmith_eval::metrics::meteor::{Options, sentence};
/// let meteor = sentence("Dogs barked.", &["The dog barks."], &Options::default());
/// assert_eq!((meteor.matches, meteor.chunks), (3, 1));
/// assert!((meteor.score - 0.754985754985755).abs() < 1e-12);
/// ```
pub fn sentence<R: AsRef<str>>(candidate: &str, references: &[R], options: &Options) -> Meteor {
    Scorer::new(options.clone()).best(candidate, references)
}

/// The score of each pair of a candidate and its references, on `threads` threads (0: one a
/// core).
///
/// ```
/// use botsmith_eval::metrics::meteor::{Options, batch};
/// assert_eq!(batch(&[("yes", ["yes"]), ("yes", ["no"])], &Options::default(), 1), [0.5, 0.0]);
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
        || Scorer::new(options.clone()),
        |scorer, (candidate, references)| {
            scorer.best(candidate.as_ref(), references.as_ref()).score
        },
    )
}

/// Computes METEOR of pair after pair in the same memory.
#[derive(Clone, Debug)]
pub struct Scorer {
    options: Options,
    aligner: Aligner,
}

impl Scorer {
    /// A scorer with these options.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            aligner: Aligner::default(),
        }
    }

    /// METEOR of the candidate and the reference with the greatest score; 0 without a reference.
    pub fn best<R: AsRef<str>>(&mut self, candidate: &str, references: &[R]) -> Meteor {
        best(&mut self.aligner, &self.options, candidate, references)
    }

    /// The same with other options than the scorer's own.
    pub(crate) fn with<R: AsRef<str>>(
        &mut self,
        options: &Options,
        candidate: &str,
        references: &[R],
    ) -> Meteor {
        best(&mut self.aligner, options, candidate, references)
    }

    /// Bytes that the buffers hold on to, about.
    pub fn capacity(&self) -> usize {
        self.aligner.capacity()
    }
}

fn best<R: AsRef<str>>(
    aligner: &mut Aligner,
    options: &Options,
    candidate: &str,
    references: &[R],
) -> Meteor {
    aligner.candidate(candidate);
    let mut best = None::<Meteor>;
    for reference in references {
        aligner.reference(reference.as_ref());
        aligner.align(options.wordnet.as_deref());
        let meteor = score(aligner, options);
        if best.is_none_or(|best| meteor.score > best.score) {
            best = Some(meteor);
        }
    }
    best.unwrap_or_default()
}

fn score(aligner: &Aligner, options: &Options) -> Meteor {
    let (matches, chunks) = aligner.matches_and_chunks();
    let (candidate, reference) = aligner.lengths();
    let mut meteor = Meteor {
        matches,
        chunks,
        candidate,
        reference,
        score: 0.0,
    };
    if matches == 0 {
        return meteor;
    }
    let Options {
        alpha, beta, gamma, ..
    } = *options;
    let precision = matches as f64 / candidate as f64;
    let recall = matches as f64 / reference as f64;
    let below = alpha * precision + (1.0 - alpha) * recall;
    if below != 0.0 {
        let mean = (precision * recall) / below;
        let penalty = gamma * libm::pow(chunks as f64 / matches as f64, beta);
        meteor.score = (1.0 - penalty) * mean;
    }
    meteor
}
