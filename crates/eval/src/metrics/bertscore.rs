//! `BERTScore`: how well the tokens of two texts find each other, by the cosines of their vectors.
//!
//! In: one vector a token, of candidate and reference, and what each token weighs. Out: precision (each
//! candidate token with its best partner), recall (each reference token with its) and F1. After Zhang et
//! al. 2020 (<https://arxiv.org/abs/1904.09675>): greedy matching, weights by inverse document frequency
//! over the references, rescaling by a baseline. Where the vectors come from is the caller's: a static
//! table or a model. Values are those of the package `bert-score`, in double precision.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use crate::{Error, Result};

/// The vectors of a text's tokens, one after another.
#[derive(Clone, Copy, Debug)]
pub struct TokenVectors<'a, V> {
    width: usize,
    values: &'a [V],
    weights: Option<&'a [f64]>,
}

impl<'a, V: Copy + Into<f64>> TokenVectors<'a, V> {
    /// Vectors of `width` numbers each; all tokens weigh the same.
    ///
    /// # Errors
    /// [`Error::Statistic`] where the values do not fill whole vectors, or one is not finite.
    pub fn new(width: usize, values: &'a [V]) -> Result<Self> {
        let wrong = |reason: String| Error::Statistic {
            statistic: "bertscore",
            reason,
        };
        if values.len().checked_rem(width).unwrap_or(values.len()) != 0 {
            return Err(wrong(format!(
                "{} numbers do not make whole vectors of {width}",
                values.len()
            )));
        }
        if let Some(at) = values.iter().position(|value| !(*value).into().is_finite()) {
            return Err(wrong(format!("number {at} is not finite")));
        }
        Ok(Self {
            width,
            values,
            weights: None,
        })
    }

    /// The same vectors with a weight for each, 0 or more.
    ///
    /// # Errors
    /// [`Error::Statistic`] where there are not as many weights as vectors, or one is below 0 or not
    /// finite.
    pub fn weighted(self, weights: &'a [f64]) -> Result<Self> {
        let wrong = |reason: String| Error::Statistic {
            statistic: "bertscore",
            reason,
        };
        if weights.len() != self.len() {
            return Err(wrong(format!(
                "{} weights for {} tokens",
                weights.len(),
                self.len()
            )));
        }
        if let Some(weight) = weights.iter().find(|w| !(w.is_finite() && **w >= 0.0)) {
            return Err(wrong(format!("a weight is {weight}; 0 or more is wanted")));
        }
        Ok(Self {
            weights: Some(weights),
            ..self
        })
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// All vectors at length 1; one without a length stays as it is and is like nothing.
    fn unit(&self) -> Vec<f64> {
        let mut values: Vec<f64> = self.values.iter().map(|value| (*value).into()).collect();
        for row in values.chunks_exact_mut(self.width.max(1)) {
            let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
            if length > 0.0 {
                for x in row {
                    *x /= length;
                }
            }
        }
        values
    }

    /// The mean of `of`, one value a token, weighted; 0 where nothing weighs anything.
    fn mean(&self, of: &[f64]) -> f64 {
        let (sum, weight) = match self.weights {
            None => (of.iter().sum(), of.len() as f64),
            Some(weights) => (
                of.iter().zip(weights).map(|(x, w)| x * w).sum::<f64>(),
                weights.iter().sum::<f64>(),
            ),
        };
        if weight > 0.0 { sum / weight } else { 0.0 }
    }
}

/// Precision, recall and F1; each at most 1, and of tokens that are unlike below 0 at times.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BertScore {
    /// How well the candidate's tokens are borne out by the reference.
    pub precision: f64,
    /// How well the reference's tokens are found in the candidate.
    pub recall: f64,
    /// `2PR / (P + R)`; 0 where that has no value.
    pub f1: f64,
}

/// A [`BertScore`] with which token found which.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matched {
    /// The score.
    pub score: BertScore,
    /// For each candidate token the nearest token of the reference, and the cosine.
    pub nearest: Vec<(usize, f64)>,
}

/// The score of a candidate against one reference; all 0 where either has no tokens.
///
/// ```
/// use botsmith_eval::metrics::bertscore::{TokenVectors, bertscore};
/// let candidate = [1.0, 0.0, 0.0, 1.0];
/// let reference = [2.0, 0.0];
/// let score = bertscore(
///     &TokenVectors::new(2, &candidate)?,
///     &TokenVectors::new(2, &reference)?,
/// )?;
/// assert_eq!((score.precision, score.recall), (0.5, 1.0));
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// [`Error::Statistic`] where the two are of different widths.
pub fn bertscore<V: Copy + Into<f64>>(
    candidate: &TokenVectors<'_, V>,
    reference: &TokenVectors<'_, V>,
) -> Result<BertScore> {
    matched(candidate, reference).map(|matched| matched.score)
}

/// [`bertscore`], with the token that each token of the candidate found.
///
/// # Errors
/// As [`bertscore`].
pub fn matched<V: Copy + Into<f64>>(
    candidate: &TokenVectors<'_, V>,
    reference: &TokenVectors<'_, V>,
) -> Result<Matched> {
    if candidate.is_empty() || reference.is_empty() {
        return Ok(Matched {
            nearest: vec![(0, 0.0); candidate.len()],
            ..Matched::default()
        });
    }
    let width = candidate.width;
    if width != reference.width {
        return Err(Error::Statistic {
            statistic: "bertscore",
            reason: format!(
                "vectors of {width} numbers are compared with vectors of {}",
                reference.width
            ),
        });
    }
    let (ours, theirs) = (candidate.unit(), reference.unit());
    let mut nearest = Vec::with_capacity(candidate.len());
    let mut found = vec![f64::NEG_INFINITY; reference.len()];
    for a in ours.chunks_exact(width) {
        let mut best = (0, f64::NEG_INFINITY);
        for (at, (b, found)) in theirs.chunks_exact(width).zip(&mut found).enumerate() {
            let cosine: f64 = a.iter().zip(b).map(|(x, y)| x * y).sum();
            if cosine > best.1 {
                best = (at, cosine);
            }
            *found = found.max(cosine);
        }
        nearest.push(best);
    }
    let best: Vec<f64> = nearest.iter().map(|(_, cosine)| *cosine).collect();
    Ok(Matched {
        score: BertScore::of(candidate.mean(&best), reference.mean(&found)),
        nearest,
    })
}

impl BertScore {
    /// A score of this precision and recall.
    pub fn of(precision: f64, recall: f64) -> Self {
        let f1 = 2.0 * precision * recall / (precision + recall);
        Self {
            precision,
            recall,
            f1: if f1.is_finite() { f1 } else { 0.0 },
        }
    }

    /// Each number measured from `baseline`, what unrelated texts get, to 1: `(x - b) / (1 - b)`. What is
    /// below the baseline is below 0.
    ///
    /// ```
    /// use botsmith_eval::metrics::bertscore::BertScore;
    /// let baseline = BertScore { precision: 0.8, recall: 0.8, f1: 0.8 };
    /// let score = BertScore::of(0.9, 0.9).rescaled(&baseline)?;
    /// assert!((score.f1 - 0.5).abs() < 1e-12);
    /// # Ok::<(), botsmith_eval::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Statistic`] for a baseline that is not below 1.
    pub fn rescaled(&self, baseline: &Self) -> Result<Self> {
        let one = |x: f64, b: f64| match b < 1.0 {
            true => Ok((x - b) / (1.0 - b)),
            false => Err(Error::Statistic {
                statistic: "bertscore",
                reason: format!("the baseline is {b}; it has to be below 1"),
            }),
        };
        Ok(Self {
            precision: one(self.precision, baseline.precision)?,
            recall: one(self.recall, baseline.recall)?,
            f1: one(self.f1, baseline.f1)?,
        })
    }
}

/// How rare each token is among some documents: `ln((n + 1) / (documents with it + 1))`, as `bert-score`
/// weighs tokens.
///
/// ```
/// use botsmith_eval::metrics::bertscore::Idf;
/// let idf = Idf::new([vec!["the", "cat"], vec!["the", "dog"]]);
/// assert_eq!(idf.weight(&"the"), 0.0);
/// assert!(idf.weight(&"cat") < idf.weight(&"cow"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Idf<T: Eq + Hash> {
    documents: usize,
    with: HashMap<T, usize>,
}

impl<T: Eq + Hash + Clone> Idf<T> {
    /// Counts the documents, each as its tokens.
    pub fn new<D: IntoIterator<Item = T>>(documents: impl IntoIterator<Item = D>) -> Self {
        let mut idf = Self {
            documents: 0,
            with: HashMap::new(),
        };
        for document in documents {
            idf.documents += 1;
            let different: HashSet<T> = document.into_iter().collect();
            for token in different {
                *idf.with.entry(token).or_insert(0) += 1;
            }
        }
        idf
    }

    /// What a token weighs, 0 or more; one that no document has weighs most.
    pub fn weight(&self, token: &T) -> f64 {
        let with = self.with.get(token).copied().unwrap_or(0);
        ((self.documents + 1) as f64 / (with + 1) as f64).ln()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[f64]) -> TokenVectors<'_, f64> {
        TokenVectors::new(2, values).unwrap()
    }

    proptest! {
        #[test]
        fn a_text_is_wholly_like_itself_and_swapping_swaps_precision_and_recall(
            a in proptest::collection::vec(0.1_f64..9.0, 2..12), b in proptest::collection::vec(-9.0_f64..9.0, 2..12)
        ) {
            let (a, b) = (&a[..a.len() / 2 * 2], &b[..b.len() / 2 * 2]);
            let own = bertscore(&of(a), &of(a)).unwrap();
            prop_assert!((own.f1 - 1.0).abs() < 1e-12, "{own:?}");
            let (one, other) = (bertscore(&of(a), &of(b)).unwrap(), bertscore(&of(b), &of(a)).unwrap());
            prop_assert!((one.precision - other.recall).abs() < 1e-12);
            prop_assert!((-1.0 - 1e-12..=1.0 + 1e-12).contains(&one.precision));
        }
    }

    #[test]
    fn a_token_that_weighs_nothing_counts_for_nothing() {
        let (candidate, reference) = ([1.0, 0.0, 0.0, 1.0], [1.0, 0.0]);
        let weighted = of(&candidate).weighted(&[1.0, 0.0]).unwrap();
        let found = matched(&weighted, &of(&reference)).unwrap();
        assert_eq!((found.score.precision, found.score.recall), (1.0, 1.0));
        assert_eq!(found.nearest, [(0, 1.0), (0, 0.0)]);
        let nothing = of(&candidate).weighted(&[0.0, 0.0]).unwrap();
        assert_eq!(bertscore(&nothing, &of(&reference)).unwrap().precision, 0.0);
    }

    #[test]
    fn nothing_against_something_is_nothing() {
        assert_eq!(
            bertscore(&of(&[]), &of(&[1.0, 0.0])).unwrap(),
            BertScore::default()
        );
        let opposite = bertscore(&of(&[1.0, 0.0]), &of(&[-1.0, 0.0])).unwrap();
        assert_eq!((opposite.precision, opposite.f1), (-1.0, -1.0));
    }

    #[test]
    fn what_has_no_score_says_what_it_is() {
        let three = TokenVectors::new(2, &[1.0, 2.0, 3.0]).unwrap_err();
        assert!(three.to_string().contains("whole vectors of 2"), "{three}");
        assert!(TokenVectors::new(0, &[1.0]).is_err());
        assert!(TokenVectors::new(1, &[f64::NAN]).is_err());
        assert!(of(&[1.0, 0.0]).weighted(&[1.0, 1.0]).is_err());
        assert!(of(&[1.0, 0.0]).weighted(&[-1.0]).is_err());
        let wide = TokenVectors::new(1, &[1.0]).unwrap();
        assert!(bertscore(&wide, &of(&[1.0, 0.0])).is_err());
        assert!(
            BertScore::of(1.0, 1.0)
                .rescaled(&BertScore::of(1.0, 1.0))
                .is_err()
        );
    }
}
