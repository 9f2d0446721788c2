//! BLEU of one sentence with nltk's smoothing methods. (candidate, references) -> about 0 to 1.
//!
//! `BP * exp(1/4 sum over n = 1..4 of ln p_n)` with `p_n` smoothed, as nltk 3.10.4's
//! `sentence_bleu` on `text.split()`; methods by Chen and Cherry 2014
//! (<https://doi.org/10.3115/v1/W14-3346>). As in nltk, an order whose smoothed precision is 0 is
//! left out of the sum, and methods 5 and 7 can exceed 1.
//!
//! - No token in common (an empty text too): 0, whatever the method.
//! - White space makes the tokens unless another tokenizer is set.
//! - For a score that others can repeat take [`bleu`](super::bleu); this one is for comparing with
//!   numbers that were computed with nltk. Method 6 is not here: it has no value where bigrams or
//!   trigrams do not match, and nltk stops there.

use super::bleu::{Tokenizer, brevity_penalty};
use super::ngram::{Ngrams, Reading};

/// One of nltk's smoothing methods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// `method0`: the smallest normal number in the place of 0.
    None,
    /// `method1`: 0.1 matches in the place of none.
    #[default]
    Epsilon,
    /// `method2`: 1 added to matches and totals of orders above 1.
    AddOne,
    /// `method3`: 1/2, 1/4, … matches in the place of none (NIST's).
    Halving,
    /// `method4`: as `method3`, times `ln(length) / 5`.
    Length,
    /// `method5`: the mean of the precisions of orders n - 1, n and n + 1.
    Average,
    /// `method7`: `method4`, then `method5`.
    LengthAverage,
}

impl Method {
    /// nltk's number of it.
    pub fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Epsilon => 1,
            Self::AddOne => 2,
            Self::Halving => 3,
            Self::Length => 4,
            Self::Average => 5,
            Self::LengthAverage => 7,
        }
    }

    /// The method of this number, if it is one of these.
    pub fn from_number(number: u8) -> Option<Self> {
        [
            Self::None,
            Self::Epsilon,
            Self::AddOne,
            Self::Halving,
            Self::Length,
            Self::Average,
            Self::LengthAverage,
        ]
        .into_iter()
        .find(|method| method.number() == number)
    }
}

/// How the score is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// The smoothing.
    pub method: Method,
    /// How texts become tokens; nltk leaves that to the caller, white space by default.
    pub tokenizer: Tokenizer,
    /// Whether texts are put in lower case first.
    pub lowercase: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            method: Method::default(),
            tokenizer: Tokenizer::None,
            lowercase: false,
        }
    }
}

/// nltk's `epsilon` and `k`.
const EPSILON: f64 = 0.1;
const K: f64 = 5.0;

/// Matches and total of one order; nltk's totals are at least 1.
#[derive(Clone, Copy)]
struct Precision {
    matched: u64,
    total: f64,
}

fn score<R: AsRef<str>>(
    tables: &mut Ngrams,
    candidate: &str,
    references: &[R],
    options: Options,
) -> f64 {
    let reading = Reading {
        tokenizer: options.tokenizer,
        lowercase: options.lowercase,
    };
    tables.read(candidate, references, reading);
    let length = tables.len();
    // The fifth order is for the averages.
    let mut matches = [0; 5];
    tables.matches(&mut matches);
    if matches[0] == 0 {
        return 0.0;
    }
    let mut n = 0;
    let counts = matches.map(|matched| {
        let total = length.saturating_sub(n).max(1) as f64;
        n += 1;
        Precision { matched, total }
    });
    let penalty = brevity_penalty(length as u64, tables.nearest_length() as u64);
    let logs: f64 = smoothed(&counts, length, options.method)
        .into_iter()
        .filter(|&p| p > 0.0)
        .map(|p| 0.25 * libm::log(p))
        .sum();
    penalty * libm::exp(logs)
}

fn smoothed(counts: &[Precision; 5], length: usize, method: Method) -> [f64; 4] {
    let plain = counts.map(|c| c.matched as f64 / c.total);
    let mut p = [plain[0], plain[1], plain[2], plain[3]];
    let missing = |n: usize| counts[n].matched == 0;
    match method {
        Method::None => {
            for n in (0..4).filter(|&n| missing(n)) {
                p[n] = f64::MIN_POSITIVE;
            }
        }
        Method::Epsilon => {
            for n in (0..4).filter(|&n| missing(n)) {
                p[n] = EPSILON / counts[n].total;
            }
        }
        Method::AddOne => {
            for n in 1..4 {
                p[n] = (counts[n].matched as f64 + 1.0) / (counts[n].total + 1.0);
            }
        }
        Method::Halving => {
            let mut share = 1.0;
            for n in (0..4).filter(|&n| missing(n)) {
                share /= 2.0;
                p[n] = share / counts[n].total;
            }
        }
        Method::Length | Method::Average | Method::LengthAverage => {
            if method != Method::Average && length > 1 {
                let mut share = libm::log(length as f64) / K;
                for n in (0..4).filter(|&n| missing(n)) {
                    share /= 2.0;
                    p[n] = share / counts[n].total;
                }
            }
            if method != Method::Length {
                let next = [p[1], p[2], p[3], plain[4]];
                let mut before = p[0] + 1.0;
                for n in 0..4 {
                    p[n] = (before + p[n] + next[n]) / 3.0;
                    before = p[n];
                }
            }
        }
    }
    p
}

/// The score of one candidate.
///
/// ```
/// use botsmith_eval::metrics::nltk_bleu::{self, Method, Options};
/// let mut options = Options::default();
/// options.method = Method::AddOne;
/// let score = nltk_bleu::sentence("the cat sat on a mat", &["the cat sat on the mat"], options);
/// assert!((score - 0.6389431042462724).abs() < 1e-12);
/// ```
pub fn sentence<R: AsRef<str>>(candidate: &str, references: &[R], options: Options) -> f64 {
    Ngrams::with(|tables| score(tables, candidate, references, options))
}

/// The scores of many candidates, in order, on `threads` threads (0: one a core).
pub fn batch<C, L, R>(pairs: &[(C, L)], options: Options, threads: usize) -> Vec<f64>
where
    C: AsRef<str> + Sync,
    L: AsRef<[R]> + Sync,
    R: AsRef<str>,
{
    super::batch(
        pairs,
        threads,
        Ngrams::default,
        |tables, (candidate, references)| {
            score(tables, candidate.as_ref(), references.as_ref(), options)
        },
    )
}
