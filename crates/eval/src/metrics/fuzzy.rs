//! Fuzzy ratios, 0 to 100: how alike two texts are, whatever the order of words or the text around.
//! Exact to rapidfuzz 3.14.6 (<https://github.com/rapidfuzz/RapidFuzz>).
//!
//! All rest on `100 (1 - d / (|a| + |b|))`, where `d` counts insertions and deletions of code
//! points. Texts are compared as they are unless [`Scorer::processed`]. Two empty texts give 100,
//! but 0 for those that the list says so of. Chinese, Japanese and Thai have no spaces: a sentence
//! is one token there. Not a measure of meaning: `not` changes little.

mod partial;
mod process;
mod tokens;

use super::batch;
use super::distance::{Lcs, Symbols};
use partial::percent;
use tokens::{Shared, Side, compare};

pub use process::default_process;

/// Which ratio.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ratio {
    /// Of the texts.
    #[default]
    Ratio,
    /// Of the shorter text and the part of the longer one that is most like it.
    Partial,
    /// Of the texts with their words sorted.
    TokenSort,
    /// The best of: words that only one text has, after the words of both; words of both against
    /// either text. 0 if a text has no words.
    TokenSet,
    /// The greater of token sort and token set.
    Token,
    /// Partial ratio of the texts with their words sorted.
    PartialTokenSort,
    /// 100 if the texts share a word, else the partial ratio of their different words, sorted. 0 if
    /// a text has no words.
    PartialTokenSet,
    /// The greater of both partial token ratios.
    PartialToken,
    /// The best of several, weighted by how the lengths compare. 0 if a text is empty.
    Weighted,
    /// As ratio, but 0 if a text is empty.
    Quick,
}

impl Ratio {
    /// Names as options and reports write them, each with its ratio.
    pub const ALL: [(&'static str, Self); 10] = [
        ("ratio", Self::Ratio),
        ("partial-ratio", Self::Partial),
        ("token-sort-ratio", Self::TokenSort),
        ("token-set-ratio", Self::TokenSet),
        ("token-ratio", Self::Token),
        ("partial-token-sort-ratio", Self::PartialTokenSort),
        ("partial-token-set-ratio", Self::PartialTokenSet),
        ("partial-token-ratio", Self::PartialToken),
        ("w-ratio", Self::Weighted),
        ("q-ratio", Self::Quick),
    ];
}

/// Computes ratios; keep one and use it again, then a pair allocates nothing.
///
/// ```
/// use botsmith_eval::metrics::fuzzy::{Ratio, Scorer};
/// let mut scorer = Scorer::new();
/// assert_eq!(scorer.score(Ratio::TokenSort, "fuzzy wuzzy", "wuzzy fuzzy"), 100.0);
/// assert_eq!(scorer.score(Ratio::Partial, "a bear", "was a bear!"), 100.0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Scorer {
    process: bool,
    processed: (String, String),
    symbols: Symbols,
    a: Side,
    b: Side,
    lcs: Lcs,
    partial: partial::Partial,
}

impl Scorer {
    /// A scorer of texts as they are.
    pub fn new() -> Self {
        Self::default()
    }

    /// A scorer of what [`default_process`] makes of texts.
    pub fn processed() -> Self {
        Self {
            process: true,
            ..Self::default()
        }
    }

    /// The ratio of one pair.
    pub fn score(&mut self, ratio: Ratio, a: &str, b: &str) -> f64 {
        if !self.process {
            return self.plain(ratio, a, b);
        }
        let (mut x, mut y) = std::mem::take(&mut self.processed);
        default_process(a, &mut x);
        default_process(b, &mut y);
        let score = self.plain(ratio, &x, &y);
        self.processed = (x, y);
        score
    }

    fn plain(&mut self, ratio: Ratio, a: &str, b: &str) -> f64 {
        self.symbols.begin();
        self.symbols.encode(a, &mut self.a.codes);
        self.symbols.encode(b, &mut self.b.codes);
        match ratio {
            Ratio::Quick | Ratio::Weighted if a.is_empty() || b.is_empty() => 0.0,
            Ratio::Ratio | Ratio::Quick => self.whole(),
            Ratio::Partial => self.partial(|side| &side.codes),
            Ratio::Weighted => self.weighted(a, b),
            _ => {
                let shared = self.split(a, b);
                match ratio {
                    Ratio::TokenSort => self.sorted(),
                    Ratio::TokenSet => self.set(shared),
                    Ratio::Token => self.set(shared).max(self.sorted()),
                    Ratio::PartialTokenSort => self.partial(|side| &side.sorted_codes),
                    Ratio::PartialTokenSet => self.partial_set(shared),
                    _ => self.partial_token(shared),
                }
            }
        }
    }

    fn split(&mut self, a: &str, b: &str) -> Shared {
        self.a.split(a);
        self.b.split(b);
        compare(&mut self.a, &mut self.b, (a, b))
    }

    fn of(&mut self, part: impl Fn(&Side) -> &Vec<u32>) -> f64 {
        let (a, b) = (part(&self.a), part(&self.b));
        let distance = self.lcs.indel(a, b, self.symbols.size());
        percent(distance, a.len() + b.len())
    }

    fn whole(&mut self) -> f64 {
        self.of(|side| &side.codes)
    }

    fn sorted(&mut self) -> f64 {
        self.of(|side| &side.sorted_codes)
    }

    fn partial(&mut self, part: impl Fn(&Side) -> &Vec<u32>) -> f64 {
        let (a, b) = (part(&self.a), part(&self.b));
        self.partial.ratio(&mut self.lcs, a, b, self.symbols.size())
    }

    fn set(&mut self, shared: Shared) -> f64 {
        let (a, b) = (&self.a, &self.b);
        if a.count() == 0 || b.count() == 0 {
            return 0.0;
        }
        if shared.count > 0 && (a.own_count() == 0 || b.own_count() == 0) {
            return 100.0;
        }
        // The shared words, then a space if there are any, then each text's own.
        let (own_a, own_b) = (a.own_codes.len(), b.own_codes.len());
        let space = usize::from(shared.length > 0);
        let (all_a, all_b) = (shared.length + space + own_a, shared.length + space + own_b);
        let percent = |distance: usize, most: usize| 100.0 - 100.0 * distance as f64 / most as f64;
        let distance = self
            .lcs
            .indel(&a.own_codes, &b.own_codes, self.symbols.size());
        let best = percent(distance, all_a + all_b);
        if shared.length == 0 {
            return best;
        }
        best.max(percent(space + own_a, shared.length + all_a))
            .max(percent(space + own_b, shared.length + all_b))
    }

    fn partial_set(&mut self, shared: Shared) -> f64 {
        if self.a.count() == 0 || self.b.count() == 0 {
            return 0.0;
        }
        if shared.count > 0 {
            return 100.0;
        }
        self.partial(|side| &side.own_codes)
    }

    fn partial_token(&mut self, shared: Shared) -> f64 {
        if shared.count > 0 {
            return 100.0;
        }
        let sorted = self.partial(|side| &side.sorted_codes);
        // Without repeats the own words are all words.
        let (a, b) = (&self.a, &self.b);
        if a.count() == a.own_count() && b.count() == b.own_count() {
            return sorted;
        }
        sorted.max(self.partial(|side| &side.own_codes))
    }

    fn weighted(&mut self, a: &str, b: &str) -> f64 {
        const ANY_ORDER: f64 = 0.95;
        let (x, y) = (self.a.codes.len() as f64, self.b.codes.len() as f64);
        let lengths = if x > y { x / y } else { y / x };
        let whole = self.whole();
        let shared = self.split(a, b);
        if lengths < 1.5 {
            let tokens = self.set(shared).max(self.sorted());
            return whole.max(tokens * ANY_ORDER);
        }
        let part = if lengths <= 8.0 { 0.9 } else { 0.6 };
        let partial = self.partial(|side| &side.codes) * part;
        whole
            .max(partial)
            .max(self.partial_token(shared) * ANY_ORDER * part)
    }

    /// The ratios of many pairs on `threads` threads (0: one a core), in order.
    pub fn batch(ratio: Ratio, pairs: &[(&str, &str)], threads: usize) -> Vec<f64> {
        batch(pairs, threads, Self::new, |scorer, (a, b)| {
            scorer.score(ratio, a, b)
        })
    }
}
