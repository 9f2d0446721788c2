//! Self-BLEU: how like each other the texts of a set are -> one number, 0 to 100; less is more varied.
//!
//! Zhu et al. 2018, "Texygen" (<https://doi.org/10.1145/3209978.3210080>): the mean BLEU of each text
//! with all others as its references. Takes time and memory in proportion to the length of all texts
//! together, not to its square: of every n-gram the two greatest counts are enough.

use super::Numbering;
use crate::metrics::bleu::{self, Stats};
use crate::metrics::ngram::Reading;

/// [`self_bleu`] of each set of texts, on `threads` threads (0: one a core).
///
/// ```
/// use botsmith_eval::metrics::{bleu, diversity::self_bleu_batch};
/// let sets = [vec!["the cat sat down", "the cat sat down"], vec!["alone"]];
/// let found = self_bleu_batch(&sets, &bleu::Options::default(), 1);
/// assert!(found[0].is_some_and(|score| (score - 100.0).abs() < 1e-9) && found[1].is_none());
/// ```
pub fn self_bleu_batch<L, T>(
    sets: &[L],
    options: &bleu::Options,
    threads: usize,
) -> Vec<Option<f64>>
where
    L: AsRef<[T]> + Sync,
    T: AsRef<str>,
{
    super::some_batch(sets, threads, |texts| self_bleu(texts.as_ref(), options))
}

/// Self-BLEU of a set of texts: the mean BLEU of each with all others as references, 0 to 100.
/// Higher is less varied. `None` for fewer than two texts.
///
/// BLEU is [`bleu::sentence`] with the options given, so that the smoothing is named there.
///
/// ```
/// use botsmith_eval::metrics::{bleu, diversity::self_bleu};
/// let same = self_bleu(&["the cat sat down", "the cat sat down"], &bleu::Options::default());
/// assert!(same.is_some_and(|score| (score - 100.0).abs() < 1e-9));
/// ```
pub fn self_bleu<T: AsRef<str>>(texts: &[T], options: &bleu::Options) -> Option<f64> {
    let mut corpus = SelfBleuCorpus::new(*options);
    for text in texts {
        corpus.add(text.as_ref());
    }
    corpus.score()
}

/// [`self_bleu`] of texts that come one after the other. Keeps four bytes a token.
///
/// ```
/// use botsmith_eval::metrics::{bleu, diversity::SelfBleuCorpus};
/// let mut corpus = SelfBleuCorpus::new(bleu::Options::default());
/// corpus.add("the cat sat down");
/// assert_eq!(corpus.score(), None);
/// corpus.add("a dog ran off");
/// assert_eq!(corpus.score(), Some(0.0));
/// ```
#[derive(Clone, Debug)]
pub struct SelfBleuCorpus {
    options: bleu::Options,
    numbering: Numbering,
    /// Of each text its tokens as numbers.
    texts: Vec<Vec<u32>>,
}

impl SelfBleuCorpus {
    /// Without texts.
    pub fn new(options: bleu::Options) -> Self {
        Self {
            options,
            numbering: Numbering::default(),
            texts: Vec::new(),
        }
    }

    /// Adds a text.
    pub fn add(&mut self, text: &str) {
        let reading = Reading {
            tokenizer: self.options.tokenizer,
            lowercase: self.options.lowercase,
        };
        self.texts.push(self.numbering.tokens(text, reading));
    }

    /// The mean BLEU of each text with all others as references, 0 to 100; `None` for fewer than two.
    pub fn score(&self) -> Option<f64> {
        if self.texts.len() < 2 {
            return None;
        }
        let order = self.options.max_order();
        let lengths: Vec<usize> = self.texts.iter().map(Vec::len).collect();
        let mut stats: Vec<Stats> = lengths
            .iter()
            .zip(nearest_others(&lengths))
            .map(|(&own, other)| Stats::of_lengths(order, own, other))
            .collect();
        let mut grams = self.texts.clone();
        let mut higher = Numbering::default();
        for n in 1..=order {
            if n > 1 {
                for grams in &mut grams {
                    higher.next_order(grams, n);
                }
            }
            let different = match n {
                1 => self.numbering.count(1),
                n => higher.count(n),
            };
            let sorted: Vec<Vec<u32>> = grams.iter().map(|grams| sorted(grams)).collect();
            let mut tops = vec![Top::default(); different];
            for (owner, grams) in (0..).zip(&sorted) {
                for run in grams.chunk_by(|a, b| a == b) {
                    tops[run[0] as usize].take(run.len() as u32, owner);
                }
            }
            for ((owner, grams), stats) in (0..).zip(&sorted).zip(&mut stats) {
                stats.correct_mut()[n - 1] = grams
                    .chunk_by(|a, b| a == b)
                    .map(|run| {
                        u64::from((run.len() as u32).min(tops[run[0] as usize].without(owner)))
                    })
                    .sum();
            }
        }
        let sum: f64 = stats.iter().map(|s| s.score(&self.options).score).sum();
        Some(sum / self.texts.len() as f64)
    }
}

fn sorted(grams: &[u32]) -> Vec<u32> {
    let mut grams = grams.to_vec();
    grams.sort_unstable();
    grams
}

/// The greatest counts of an n-gram in one text: of all texts, and of all but the one that has it.
#[derive(Clone, Copy, Debug, Default)]
struct Top {
    best: u32,
    owner: u32,
    second: u32,
}

impl Top {
    fn take(&mut self, count: u32, owner: u32) {
        if count > self.best {
            *self = Self {
                best: count,
                owner,
                second: self.best,
            };
        } else {
            self.second = self.second.max(count);
        }
    }

    fn without(self, text: u32) -> u32 {
        if self.owner == text {
            self.second
        } else {
            self.best
        }
    }
}

/// For each length the nearest of the others, the shorter of two.
fn nearest_others(lengths: &[usize]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&i| lengths[i]);
    let mut nearest = vec![0; lengths.len()];
    for (place, &i) in order.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|p| order.get(p));
        nearest[i] = before
            .into_iter()
            .chain(order.get(place + 1))
            .map(|&j| lengths[j])
            .min_by_key(|&length| (length.abs_diff(lengths[i]), length))
            .unwrap_or(0);
    }
    nearest
}
