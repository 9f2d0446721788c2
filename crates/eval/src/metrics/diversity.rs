//! How varied texts are, without references: distinct-n, repeated n-grams, self-BLEU.

mod self_bleu;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::bleu::{self, Tokenizer};
use super::ngram::{Ngrams, Reading};

pub use self_bleu::{SelfBleuCorpus, self_bleu, self_bleu_batch};

/// How texts become tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// White space makes the tokens unless set.
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

impl Options {
    fn reading(self) -> Reading {
        Reading {
            tokenizer: self.tokenizer,
            lowercase: self.lowercase,
        }
    }
}

/// Distinct-n: different n-grams of a text by all its n-grams, above 0 to 1; `None` if the text
/// has fewer than `n` tokens, or `n` is not 1 to [`MAX_ORDER`](bleu::MAX_ORDER).
///
/// Li et al. 2016 (<https://doi.org/10.18653/v1/N16-1014>), who divide by the number of tokens, which
/// for bigrams can never give 1; here, as is usual since, by the number of n-grams. Long texts have
/// lower values: compare texts of like length only.
///
/// ```
/// use botsmith_eval::metrics::diversity::{Options, distinct_n};
/// assert_eq!(distinct_n("to be or not to be", 2, Options::default()), Some(0.8));
/// assert_eq!(distinct_n("yes", 2, Options::default()), None);
/// ```
pub fn distinct_n(text: &str, n: usize, options: Options) -> Option<f64> {
    let (distinct, all) = counts(text, n, options)?;
    Some(distinct as f64 / all as f64)
}

/// [`distinct_n`] of each text, on `threads` threads (0: one a core).
///
/// ```
/// use botsmith_eval::metrics::diversity::{Options, distinct_n_batch};
/// let texts = ["to be or not to be", "yes"];
/// assert_eq!(distinct_n_batch(&texts, 2, Options::default(), 1), [Some(0.8), None]);
/// ```
pub fn distinct_n_batch<T: AsRef<str> + Sync>(
    texts: &[T],
    n: usize,
    options: Options,
    threads: usize,
) -> Vec<Option<f64>> {
    some_batch(texts, threads, |text| distinct_n(text.as_ref(), n, options))
}

/// Scores items that may have none, on `threads` threads.
fn some_batch<T: Sync>(
    items: &[T],
    threads: usize,
    score: impl Fn(&T) -> Option<f64> + Sync,
) -> Vec<Option<f64>> {
    // No score of this file is NaN.
    let scores = super::batch(
        items,
        threads,
        || (),
        |(), item| score(item).unwrap_or(f64::NAN),
    );
    let some = |score: f64| (!score.is_nan()).then_some(score);
    scores.into_iter().map(some).collect()
}

/// Repetition: the share of a text's n-grams that occurred before in it, 0 to 1; 0 for a text of
/// fewer than `n` tokens. `None` only if `n` is not 1 to [`MAX_ORDER`](bleu::MAX_ORDER).
///
/// `1 - different n-grams / n-grams`, seq-rep-n of Welleck et al. 2020
/// (<https://arxiv.org/abs/1908.04319>), who take n = 4. Text without spaces needs
/// [`Tokenizer::Char`].
///
/// ```
/// use botsmith_eval::metrics::diversity::{Options, repetition};
/// let text = "I do not know. I do not know. I do not know.";
/// assert_eq!(repetition(text, 4, Options::default()), Some(5.0 / 9.0));
/// ```
pub fn repetition(text: &str, n: usize, options: Options) -> Option<f64> {
    if !(1..=bleu::MAX_ORDER).contains(&n) {
        return None;
    }
    Some(
        counts(text, n, options)
            .map_or(0.0, |(distinct, all)| (all - distinct) as f64 / all as f64),
    )
}

/// [`repetition`] of each text, on `threads` threads (0: one a core).
///
/// ```
/// use botsmith_eval::metrics::diversity::{Options, repetition_batch};
/// let texts = ["to be or not to be", "yes"];
/// let found = repetition_batch(&texts, 1, Options::default(), 1);
/// assert_eq!(found, [Some(2.0 / 6.0), Some(0.0)]);
/// ```
pub fn repetition_batch<T: AsRef<str> + Sync>(
    texts: &[T],
    n: usize,
    options: Options,
    threads: usize,
) -> Vec<Option<f64>> {
    some_batch(texts, threads, |text| repetition(text.as_ref(), n, options))
}

/// Where a text repeats itself: the bytes of n-grams of its words between white space that occurred before,
/// those that touch or overlap put together. None if `n` is 0.
///
/// ```
/// use botsmith_eval::metrics::diversity::repeats;
/// let text = "I do not know. He said: I do not know.";
/// assert_eq!(repeats(text, 3, false), [24..38]);
/// ```
pub fn repeats(text: &str, n: usize, lowercase: bool) -> Vec<Range<usize>> {
    let lower = lowercase.then(|| {
        text.split_whitespace()
            .map(str::to_lowercase)
            .collect::<Vec<_>>()
    });
    let words: Vec<&str> = text.split_whitespace().collect();
    let compared: Vec<&str> = match &lower {
        Some(lower) => lower.iter().map(String::as_str).collect(),
        None => words.clone(),
    };
    let mut found: Vec<Range<usize>> = Vec::new();
    if n == 0 {
        return found;
    }
    let mut seen = HashSet::new();
    for (at, gram) in compared.windows(n).enumerate() {
        if seen.insert(gram) {
            continue;
        }
        match found.last_mut() {
            Some(open) if at <= open.end => open.end = at + n,
            _ => found.push(at..at + n),
        }
    }
    let place = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    let bytes = |run: Range<usize>| {
        let last = words[run.end - 1];
        place(words[run.start])..place(last) + last.len()
    };
    found.into_iter().map(bytes).collect()
}

/// Different n-grams, and all.
fn counts(text: &str, n: usize, options: Options) -> Option<(u64, u64)> {
    if !(1..=bleu::MAX_ORDER).contains(&n) {
        return None;
    }
    Ngrams::with(|tables| {
        tables.read::<&str>(text, &[], options.reading());
        let all = (tables.len() + 1).saturating_sub(n) as u64;
        if all == 0 {
            return None;
        }
        let mut distinct = [0; bleu::MAX_ORDER];
        tables.distinct(&mut distinct[..n]);
        Some((distinct[n - 1], all))
    })
}

/// Distinct-n of many texts together: the n-grams of all are one set, as in Li et al. 2016.
///
/// ```
/// use botsmith_eval::metrics::diversity::{DistinctCorpus, Options};
/// let mut corpus = DistinctCorpus::new(1, Options::default());
/// corpus.add("I do");
/// corpus.add("I know");
/// assert_eq!(corpus.score(), Some(0.75));
/// ```
#[derive(Clone, Debug)]
pub struct DistinctCorpus {
    n: usize,
    options: Options,
    numbering: Numbering,
    distinct: usize,
    all: usize,
}

impl DistinctCorpus {
    /// Of n-grams of this length; 0 counts as 1.
    pub fn new(n: usize, options: Options) -> Self {
        Self {
            n: n.max(1),
            options,
            numbering: Numbering::default(),
            distinct: 0,
            all: 0,
        }
    }

    /// Adds a text.
    pub fn add(&mut self, text: &str) {
        let mut ids = self.numbering.tokens(text, self.options.reading());
        for order in 2..=self.n {
            self.numbering.next_order(&mut ids, order);
        }
        self.all += ids.len();
        self.distinct = self.numbering.count(self.n);
    }

    /// Different n-grams by all; `None` while there are none.
    pub fn score(&self) -> Option<f64> {
        (self.all > 0).then(|| self.distinct as f64 / self.all as f64)
    }
}

/// Numbers for the n-grams of many texts.
#[derive(Clone, Debug, Default)]
struct Numbering {
    tokens: HashMap<Box<str>, u32>,
    /// By order, 2 first: the numbers of the two n-grams one shorter, to a number.
    higher: Vec<HashMap<(u32, u32), u32>>,
}

impl Numbering {
    fn tokens(&mut self, text: &str, reading: Reading) -> Vec<u32> {
        let mut ids = Vec::new();
        Ngrams::with(|tables| {
            tables.tokens_of(text, reading, |token| {
                let id = if let Some(&id) = self.tokens.get(token) {
                    id
                } else {
                    let id = self.tokens.len() as u32;
                    self.tokens.insert(token.into(), id);
                    id
                };
                ids.push(id);
            });
        });
        ids
    }

    /// Makes numbers of (n-1)-grams into those of n-grams.
    fn next_order(&mut self, ids: &mut Vec<u32>, order: usize) {
        if self.higher.len() < order - 1 {
            self.higher.resize_with(order - 1, HashMap::new);
        }
        let map = &mut self.higher[order - 2];
        for i in 1..ids.len() {
            let fresh = map.len() as u32;
            ids[i - 1] = *map.entry((ids[i - 1], ids[i])).or_insert(fresh);
        }
        ids.pop();
    }

    /// Different n-grams of this order.
    fn count(&self, order: usize) -> usize {
        match order {
            1 => self.tokens.len(),
            n => self.higher.get(n - 2).map_or(0, HashMap::len),
        }
    }
}
