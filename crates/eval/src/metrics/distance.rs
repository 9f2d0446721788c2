//! Edit distances over code points: ten of them, each as distance or similarity, plain or
//! normalised. Exact to rapidfuzz 3.14.6 (<https://github.com/rapidfuzz/RapidFuzz>).
//!
//! Texts are compared as they are: case, spaces and punctuation count, `é` as one code point and
//! as two differ. Two empty texts have distance 0 and normalised similarity 1. CJK text needs no
//! care: a character is a code point. Not for judging meaning: a paraphrase is far away.

mod affix;
mod align;
mod damerau;
mod jaro;
mod lcs;
mod levenshtein;
mod strips;
mod symbols;
mod weighted;

pub(crate) use align::Align;
pub use align::{Change, Chunk, Counts};
pub(crate) use lcs::Lcs;
pub(crate) use symbols::Symbols;
pub use weighted::Weights;

use super::batch;

/// A way to count how far two texts are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Metric {
    /// Insertions, deletions, substitutions (Levenshtein 1966).
    Levenshtein,
    /// Insertions and deletions.
    Indel,
    /// Optimal string alignment: as Levenshtein, and swaps of neighbours that are not edited again.
    Osa,
    /// As Levenshtein, and swaps of neighbours (Damerau 1964).
    DamerauLevenshtein,
    /// Characters outside the longest common subsequence, counted in the longer text.
    LcsSeq,
    /// Positions that differ; the longer text's last ones count.
    Hamming,
    /// What the longer text has after the common beginning.
    Prefix,
    /// What the longer text has before the common end.
    Postfix,
    /// Jaro 1989: characters that match within a window, in order or not. `[0, 1]`.
    Jaro,
    /// Winkler 1990: Jaro with a bonus for up to four common first characters.
    JaroWinkler,
}

impl Metric {
    /// Names as options and reports write them, each with its metric.
    pub const ALL: [(&'static str, Self); 10] = [
        ("levenshtein", Self::Levenshtein),
        ("indel", Self::Indel),
        ("osa", Self::Osa),
        ("damerau-levenshtein", Self::DamerauLevenshtein),
        ("lcs-seq", Self::LcsSeq),
        ("hamming", Self::Hamming),
        ("prefix", Self::Prefix),
        ("postfix", Self::Postfix),
        ("jaro", Self::Jaro),
        ("jaro-winkler", Self::JaroWinkler),
    ];
}

/// How a distance is given. The most that a distance can be is the length of the longer text; for
/// [`Metric::Indel`] that of both together; for Jaro and Winkler 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// The distance itself.
    #[default]
    Distance,
    /// The most it can be less the distance.
    Similarity,
    /// The distance as a share of the most it can be; 0 for two empty texts.
    NormalizedDistance,
    /// 1 less [`Form::NormalizedDistance`].
    NormalizedSimilarity,
}

impl Form {
    /// Names as options and reports write them, each with its form.
    pub const ALL: [(&'static str, Self); 4] = [
        ("distance", Self::Distance),
        ("similarity", Self::Similarity),
        ("normalized-distance", Self::NormalizedDistance),
        ("normalized-similarity", Self::NormalizedSimilarity),
    ];

    /// Whether greater values mean that texts are more alike.
    pub fn higher_is_closer(self) -> bool {
        matches!(self, Self::Similarity | Self::NormalizedSimilarity)
    }
}

/// Computes distances; keep one and use it again, then a pair allocates nothing.
///
/// ```
/// use botsmith_eval::metrics::distance::{Form, Metric, Scorer};
/// let mut scorer = Scorer::new();
/// assert_eq!(scorer.score(Metric::Osa, Form::Distance, "abcd", "acbd"), 1.0);
/// assert_eq!(scorer.score(Metric::Levenshtein, Form::NormalizedSimilarity, "flaw", "lawn"), 0.5);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Scorer {
    symbols: Symbols,
    a: Vec<u32>,
    b: Vec<u32>,
    row: Vec<usize>,
    strips: strips::Strips,
    lcs: Lcs,
    damerau: damerau::Damerau,
    jaro: jaro::Jaro,
    align: Align,
}

impl Scorer {
    /// A scorer without memory of its own yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn encode(&mut self, a: &str, b: &str) -> usize {
        self.symbols.begin();
        self.symbols.encode(a, &mut self.a);
        self.symbols.encode(b, &mut self.b);
        self.symbols.size()
    }

    /// The value of one pair.
    pub fn score(&mut self, metric: Metric, form: Form, a: &str, b: &str) -> f64 {
        let alphabet = self.encode(a, b);
        let (a, b) = (self.a.as_slice(), self.b.as_slice());
        let longest = a.len().max(b.len());
        let (distance, most) = match metric {
            Metric::Levenshtein => (
                levenshtein::distance(&mut self.strips, a, b, alphabet),
                longest,
            ),
            Metric::Osa => (levenshtein::osa(&mut self.strips, a, b, alphabet), longest),
            Metric::DamerauLevenshtein => (self.damerau.distance(a, b, alphabet), longest),
            Metric::Indel => (self.lcs.indel(a, b, alphabet), a.len() + b.len()),
            Metric::LcsSeq => (longest - self.lcs.length(a, b, alphabet), longest),
            Metric::Hamming => (affix::hamming(a, b), longest),
            Metric::Prefix => (longest - affix::prefix(a, b), longest),
            Metric::Postfix => (longest - affix::postfix(a, b), longest),
            Metric::Jaro | Metric::JaroWinkler => {
                let similarity = if metric == Metric::Jaro {
                    self.jaro.similarity(a, b, alphabet)
                } else {
                    self.jaro.winkler(a, b, alphabet)
                };
                return if form.higher_is_closer() {
                    similarity
                } else {
                    1.0 - similarity
                };
            }
        };
        let share = if most == 0 {
            0.0
        } else {
            distance as f64 / most as f64
        };
        match form {
            Form::Distance => distance as f64,
            Form::Similarity => (most - distance) as f64,
            Form::NormalizedDistance => share,
            Form::NormalizedSimilarity => 1.0 - share,
        }
    }

    /// Levenshtein's distance.
    pub fn levenshtein(&mut self, a: &str, b: &str) -> usize {
        let alphabet = self.encode(a, b);
        levenshtein::distance(&mut self.strips, &self.a, &self.b, alphabet)
    }

    /// What turning `from` into `to` costs at least; weights of 1, 1, 2 give [`Metric::Indel`].
    ///
    /// ```
    /// use botsmith_eval::metrics::distance::{Scorer, Weights};
    /// let weights = Weights { insertion: 1, deletion: 1, substitution: 2 };
    /// assert_eq!(Scorer::new().weighted("cat", "cut", weights), 2);
    /// ```
    pub fn weighted(&mut self, from: &str, to: &str, weights: Weights) -> usize {
        let alphabet = self.encode(from, to);
        weighted::distance(
            &mut self.lcs,
            &mut self.row,
            (&self.a, &self.b),
            weights,
            alphabet,
        )
    }

    /// The edits that turn `from` into `to`, in stretches of characters.
    ///
    /// ```
    /// use botsmith_eval::metrics::distance::{Change, Scorer};
    /// let chunks = Scorer::new().alignment("cat", "cut");
    /// assert_eq!(chunks[1].change, Change::Substitute);
    /// assert_eq!(chunks[1].to, 1..2);
    /// ```
    pub fn alignment(&mut self, from: &str, to: &str) -> Vec<Chunk> {
        let alphabet = self.encode(from, to);
        self.align.chunks(&self.a, &self.b, alphabet)
    }

    /// The scores of many pairs on `threads` threads (0: one a core), in order.
    pub fn batch(metric: Metric, form: Form, pairs: &[(&str, &str)], threads: usize) -> Vec<f64> {
        batch(pairs, threads, Self::new, |scorer, (a, b)| {
            scorer.score(metric, form, a, b)
        })
    }
}

/// The Levenshtein distance in code points.
///
/// ```
/// use botsmith_eval::metrics::distance::levenshtein;
/// assert_eq!(levenshtein("kitten", "sitting"), 3);
/// ```
pub fn levenshtein(a: &str, b: &str) -> usize {
    Scorer::new().levenshtein(a, b)
}

/// `1 - distance / max(length)`, in `[0, 1]`; two empty texts are alike (1).
///
/// ```
/// use botsmith_eval::metrics::distance::levenshtein_ratio;
/// assert_eq!(levenshtein_ratio("flaw", "lawn"), 0.5);
/// ```
pub fn levenshtein_ratio(a: &str, b: &str) -> f64 {
    Scorer::new().score(Metric::Levenshtein, Form::NormalizedSimilarity, a, b)
}
