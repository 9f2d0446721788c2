//! Lemma overlap: ROUGE-N and ROUGE-L over the lemmas of English words, so that "tests" and
//! "tested" are one.
//!
//! Lin 2004 (<https://aclanthology.org/W04-1013/>), with lemmas in place of words and stems: a
//! lemma comes from the word in its sentence ("left" the verb is `leave`, the direction is `left`).
//! ROUGE-1's F over lemmas is the F1 of lemmas as multisets. Hits over the words of the candidate
//! are the precision, over those of the reference the recall.
//!
//! Lemmas are in lower case; words without a letter or digit are left out. Of text with Markdown, markup
//! counts nothing, and code is words as it is written. A text without words
//! scores 0, also against itself.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;

use botsmith_nlp::Doc;

use super::lcs::Lcs;
use super::rouge::{Measure, Rouge};
use crate::{Result, reading};

/// What counts as a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Variant {
    /// Shared n-grams of this many lemmas, at least 1.
    N(usize),
    /// The longest common subsequence.
    L,
}

/// How overlap is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// What counts as a hit; [`Variant::N`] of 1 by default.
    pub variant: Variant,
    /// Whether only nouns, names, verbs, adjectives, adverbs and numbers count; no by default.
    pub content: bool,
    /// Which number [`batch`] gives; F by default.
    pub measure: Measure,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            variant: Variant::N(1),
            content: false,
            measure: Measure::F,
        }
    }
}

/// What a candidate shares with the reference that it shares most with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overlap {
    /// Precision, recall and F.
    pub rouge: Rouge,
    /// Bytes of the candidate that are hits, neighbours as one.
    pub shared: Vec<Range<usize>>,
}

/// Overlap of a candidate with its references: with the one of greatest F, the first of equals;
/// zeros without a reference.
///
/// ```
/// use botsmith_eval::metrics::lemma::{Options, overlap};
/// let found = overlap("She tested it.", &["They were testing it."], &Options::default())?;
/// assert_eq!((found.rouge.precision, found.rouge.recall), (2.0 / 3.0, 0.5));
/// assert_eq!(found.shared, [4..13]);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// If this build holds no English model, or a text is longer than a document can be.
pub fn overlap<R: AsRef<str>>(
    candidate: &str,
    references: &[R],
    options: &Options,
) -> Result<Overlap> {
    let doc = reading::read_answer(candidate)?;
    let mut numbers = HashMap::new();
    let candidate = words(&doc, options.content, &mut numbers);
    let mut best = Overlap::default();
    for reference in references {
        let doc = reading::read_answer(reference.as_ref())?;
        let reference = words(&doc, options.content, &mut numbers);
        let (ours, theirs) = (&candidate.lemmas, &reference.lemmas);
        let (hits, n) = match options.variant {
            Variant::N(n) => (ngrams(ours, theirs, n.max(1)), n.max(1)),
            Variant::L => (subsequence(ours, theirs, numbers.len()), 1),
        };
        let grams = |lemmas: &[u32]| (lemmas.len() + 1).saturating_sub(n);
        let rouge = Rouge::new(hits.len(), grams(ours), grams(theirs));
        if rouge.f > best.rouge.f {
            best = Overlap {
                rouge,
                shared: joined(&candidate.spans, &hits, n),
            };
        }
    }
    Ok(best)
}

/// The measure of each pair of a candidate and its references, on `threads` threads (0: one a
/// core).
///
/// ```
/// use botsmith_eval::metrics::lemma::{Options, batch};
/// let pairs = [("The mice ran.", vec!["the mouse runs"]), ("Yes.", vec!["no"])];
/// assert_eq!(batch(&pairs, &Options::default(), 1)?, [1.0, 0.0]);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// As [`overlap`], if any pair has one.
pub fn batch<C, L, R>(pairs: &[(C, L)], options: &Options, threads: usize) -> Result<Vec<f64>>
where
    C: AsRef<str> + Sync,
    L: AsRef<[R]> + Sync,
    R: AsRef<str>,
{
    let failure = OnceLock::new();
    let scores = super::batch(
        pairs,
        threads,
        || (),
        |(), (candidate, references)| match overlap(
            candidate.as_ref(),
            references.as_ref(),
            options,
        ) {
            Ok(found) => found.rouge.get(options.measure),
            Err(error) => {
                let _ = failure.set(error);
                0.0
            }
        },
    );
    match failure.into_inner() {
        Some(error) => Err(error),
        None => Ok(scores),
    }
}

/// The words of a text that count: the number of each one's lemma, and where it stands.
struct Words {
    lemmas: Vec<u32>,
    spans: Vec<Range<usize>>,
}

fn words(doc: &Doc, content: bool, numbers: &mut HashMap<String, u32>) -> Words {
    let (mut lemmas, mut spans) = (Vec::new(), Vec::new());
    for word in doc.words() {
        let said = word.form().chars().any(char::is_alphanumeric);
        let of_content = matches!(
            word.upos(),
            "NOUN" | "PROPN" | "VERB" | "ADJ" | "ADV" | "NUM"
        );
        if !said || (content && !of_content) {
            continue;
        }
        let lemma = match word.lemma() {
            "_" => word.form(),
            lemma => lemma,
        };
        let next = numbers.len() as u32;
        lemmas.push(*numbers.entry(lemma.to_lowercase()).or_insert(next));
        spans.push(word.span());
    }
    Words { lemmas, spans }
}

/// Places in `ours` where n-grams begin that `theirs` has too, each at most as often as there.
fn ngrams(ours: &[u32], theirs: &[u32], n: usize) -> Vec<usize> {
    let mut left: HashMap<&[u32], usize> = HashMap::new();
    for gram in theirs.windows(n) {
        *left.entry(gram).or_default() += 1;
    }
    let hit = |(at, gram): (usize, &[u32])| {
        let left = left.get_mut(gram).filter(|left| **left > 0)?;
        *left -= 1;
        Some(at)
    };
    ours.windows(n).enumerate().filter_map(hit).collect()
}

/// Places in `ours` of a longest common subsequence.
fn subsequence(ours: &[u32], theirs: &[u32], ids: usize) -> Vec<usize> {
    let mut lcs = Lcs::default();
    lcs.load(ours, ids);
    let mut hits = Vec::new();
    lcs.positions(theirs, |at| hits.push(at));
    hits.reverse();
    hits
}

/// Spans of the words of `hits`, each of `n` words; those next to each other as one.
fn joined(spans: &[Range<usize>], hits: &[usize], n: usize) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::new();
    // One past the last word of the last span.
    let mut end = 0;
    for &at in hits {
        let bytes = spans[at].start..spans[at + n - 1].end;
        match joined.last_mut().filter(|_| at <= end) {
            Some(last) => last.end = last.end.max(bytes.end),
            None => joined.push(bytes),
        }
        end = at + n;
    }
    joined
}
