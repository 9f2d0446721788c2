//! What scores are, verdicts or grades, which decides how their means and differences are reckoned.
//!
//! Whether a score of 1 is "passed" or "one sentence" no list of numbers can say: the metric knows.
//! [`estimate`](super::estimate) and [`compare`](super::compare) guess from the values, for lists of
//! which nothing else is known; here the caller says it.

use serde::{Deserialize, Serialize};

use super::compare::{graded, graded_groups, verdict_groups, verdicts};
use super::estimate::{clustered_mean, clustered_rate, mean, rate};
use super::{Comparison, Confidence, Estimate, Result};

/// What the values of a metric are.
///
/// ```
/// use botsmith_eval::stats::{Confidence, Method, Scale};
/// // Three answers of one sentence each are no pass rate of 100 %.
/// let sentences = Scale::Graded.estimate(&[1.0, 1.0, 1.0], Confidence::P95, 7)?;
/// assert_eq!(sentences.method, Method::Bca);
/// let passes = Scale::Verdicts.estimate(&[1.0, 1.0, 1.0], Confidence::P95, 7)?;
/// assert_eq!(passes.method, Method::Wilson);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Each value is a verdict: 1 passed, 0 did not. Their mean is a pass rate.
    Verdicts,
    /// Values of any size, which may be 0 or 1 by chance: a count, a share of words, seconds.
    Graded,
}

impl Scale {
    /// The scale that values look like: verdicts where all are exactly 0 or 1.
    ///
    /// ```
    /// use botsmith_eval::stats::Scale;
    /// assert_eq!(Scale::guess(&[0.0, 1.0, 1.0]), Scale::Verdicts);
    /// assert_eq!(Scale::guess(&[0.0, 0.5]), Scale::Graded);
    /// ```
    pub fn guess(values: &[f64]) -> Self {
        match values.iter().all(|value| *value == 0.0 || *value == 1.0) {
            true => Self::Verdicts,
            false => Self::Graded,
        }
    }

    /// The mean with its interval: of verdicts Wilson's, of grades as in
    /// [`estimate`](super::estimate).
    ///
    /// # Errors
    /// No values, one that is not finite, or a verdict that is neither 0 nor 1.
    pub fn estimate(self, values: &[f64], confidence: Confidence, seed: u64) -> Result<Estimate> {
        match self {
            Self::Verdicts => rate(values, confidence),
            Self::Graded => mean(values, confidence, seed),
        }
    }

    /// The mean of values that come in groups: of verdicts with
    /// [`clustered_wilson`](super::clustered_wilson), of grades with
    /// [`clustered_interval`](super::clustered_interval). With one group there is no interval.
    ///
    /// # Errors
    /// As [`Scale::estimate`], or not as many groups as values.
    pub fn clustered<G: Ord>(
        self,
        values: &[f64],
        groups: &[G],
        confidence: Confidence,
    ) -> Result<Estimate> {
        match self {
            Self::Verdicts => clustered_rate(values, groups, confidence),
            Self::Graded => clustered_mean(values, groups, confidence),
        }
    }

    /// How b differs from a: of verdicts Newcombe's interval and McNemar's exact test, of grades the
    /// interval of the mean difference and the sign-flip test.
    ///
    /// # Errors
    /// No cases, lists of different lengths, a score that is not finite, or a verdict that is neither
    /// 0 nor 1.
    pub fn compare(
        self,
        a: &[f64],
        b: &[f64],
        confidence: Confidence,
        seed: u64,
    ) -> Result<Comparison> {
        match self {
            Self::Verdicts => verdicts(a, b, confidence),
            Self::Graded => graded(a, b, confidence, seed),
        }
    }

    /// How b differs from a where cases come in groups: the clustered interval of the mean difference,
    /// and sign flips of whole groups.
    ///
    /// Where the groups do not differ from each other at all, their differences show no spread. Of
    /// grades the interval is then one point. Of verdicts each group counts as one case, of which the
    /// share that would differ otherwise may be as great as Wilson's interval of 0 in G groups says.
    ///
    /// # Errors
    /// As [`Scale::compare`], or not as many groups as cases.
    pub fn compare_grouped<G: Ord>(
        self,
        a: &[f64],
        b: &[f64],
        groups: &[G],
        confidence: Confidence,
        seed: u64,
    ) -> Result<Comparison> {
        match self {
            Self::Verdicts => verdict_groups(a, b, groups, confidence, seed),
            Self::Graded => graded_groups(a, b, groups, confidence, seed),
        }
    }
}
