//! Ranked lists of ids against the relevant ones: reciprocal rank, nDCG, average precision, hit.
//!
//! Input: ids in the order retrieved, best first, and how relevant ids are. Output: one number in
//! `[0, 1]` a list; means over queries are MRR, mean nDCG, MAP and the hit rate. All take the first
//! `k` ranks, or every rank with `None`. An id retrieved twice counts where it first stands; its
//! copy still takes up a rank. What is relevant and was not retrieved lowers nDCG and average
//! precision, as in `trec_eval` 9 (`ndcg_cut`, `map_cut`, `recip_rank`) and other than in
//! [`stats`](crate::stats), whose functions of the same ideas see scored items only.
//!
//! These compare ids byte by byte. They say nothing of whether the passages answer the question,
//! and an unjudged passage counts as not relevant.

use std::collections::{HashMap, HashSet};

use crate::{Error, Result};

/// Which ids are relevant, and how much.
///
/// ```
/// use botsmith_eval::metrics::retrieval::{Relevance, ndcg, reciprocal_rank};
/// let relevance = Relevance::graded([("intro", 1.0), ("faq", 3.0)])?;
/// let ranked = ["news", "faq", "intro"];
/// assert_eq!(reciprocal_rank(&ranked, &relevance, None), 0.5);
/// assert!((ndcg(&ranked, &relevance, Some(3)) - 0.6590).abs() < 1e-4);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Relevance {
    gains: HashMap<String, f64>,
    /// All gains, the greatest first.
    ideal: Vec<f64>,
}

impl Relevance {
    /// Ids that are all equally relevant (gain 1).
    pub fn binary<S: Into<String>>(ids: impl IntoIterator<Item = S>) -> Self {
        Self::of(ids.into_iter().map(|id| (id.into(), 1.0)).collect())
    }

    /// Ids with their gains; those of gain 0 are not relevant.
    ///
    /// # Errors
    /// [`Error::Statistic`] at a gain that is below 0 or not finite.
    pub fn graded<S: Into<String>>(ids: impl IntoIterator<Item = (S, f64)>) -> Result<Self> {
        let gains: HashMap<String, f64> = ids
            .into_iter()
            .map(|(id, gain)| (id.into(), gain))
            .collect();
        let wrong = |gain: f64| !gain.is_finite() || gain < 0.0;
        match gains.iter().find(|(_, gain)| wrong(**gain)) {
            Some((id, gain)) => Err(Error::Statistic {
                statistic: "relevance",
                reason: format!("the gain of `{id}` is {gain}; it has to be 0 or more"),
            }),
            None => Ok(Self::of(gains)),
        }
    }

    fn of(mut gains: HashMap<String, f64>) -> Self {
        gains.retain(|_, gain| *gain > 0.0);
        let mut ideal: Vec<f64> = gains.values().copied().collect();
        ideal.sort_unstable_by(|a, b| b.total_cmp(a));
        Self { gains, ideal }
    }

    /// How many ids are relevant.
    pub fn len(&self) -> usize {
        self.ideal.len()
    }

    /// Whether no id is relevant: there is nothing to find then, and every metric gives 0.
    pub fn is_empty(&self) -> bool {
        self.ideal.is_empty()
    }

    /// Ranks from 1 and gains of the relevant ids among the first `k` of `ranked`.
    fn found<'a, S: AsRef<str>>(
        &'a self,
        ranked: &'a [S],
        k: Option<usize>,
    ) -> impl Iterator<Item = (usize, f64)> + 'a {
        let mut seen = HashSet::new();
        let first = ranked.iter().take(k.unwrap_or(usize::MAX)).enumerate();
        first.filter_map(move |(at, id)| {
            let gain = *self.gains.get(id.as_ref())?;
            seen.insert(id.as_ref()).then_some((at + 1, gain))
        })
    }
}

/// One over the rank of the first relevant id, 0 without one. Its mean is MRR.
///
/// Voorhees 1999, the TREC-8 question answering track report. Looks at one id alone: use it where
/// the first good passage is all that is read.
///
/// ```
/// use botsmith_eval::metrics::retrieval::{Relevance, reciprocal_rank};
/// let relevance = Relevance::binary(["b"]);
/// assert_eq!(reciprocal_rank(&["a", "b"], &relevance, None), 0.5);
/// assert_eq!(reciprocal_rank(&["a", "b"], &relevance, Some(1)), 0.0);
/// ```
pub fn reciprocal_rank<S: AsRef<str>>(
    ranked: &[S],
    relevance: &Relevance,
    k: Option<usize>,
) -> f64 {
    let first = relevance.found(ranked, k).next();
    first.map_or(0.0, |(rank, _)| 1.0 / rank as f64)
}

/// `DCG / ideal DCG`, where `DCG = Σ gain / log2(rank + 1)`; 0 where nothing is relevant.
///
/// Linear gains: Järvelin & Kekäläinen 2002 (<https://doi.org/10.1145/582415.582418>). The ideal is
/// of all relevant ids in the best order, cut at `k` too.
///
/// ```
/// use botsmith_eval::metrics::retrieval::{Relevance, ndcg};
/// let relevance = Relevance::graded([("a", 3.0), ("b", 1.0)])?;
/// assert_eq!(ndcg(&["a", "b", "c"], &relevance, None), 1.0);
/// assert!(ndcg(&["a"], &relevance, None) < 1.0, "b is missing");
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
pub fn ndcg<S: AsRef<str>>(ranked: &[S], relevance: &Relevance, k: Option<usize>) -> f64 {
    let discounted = |rank: usize, gain: f64| gain / libm::log2((rank + 1) as f64);
    let best = relevance.ideal.iter().take(k.unwrap_or(usize::MAX));
    let best: f64 = best
        .enumerate()
        .map(|(at, gain)| discounted(at + 1, *gain))
        .sum();
    if best == 0.0 {
        return 0.0;
    }
    let found = relevance.found(ranked, k);
    (found
        .map(|(rank, gain)| discounted(rank, gain))
        .sum::<f64>()
        / best)
        .min(1.0)
}

/// The mean, over all relevant ids, of the precision at each one's rank (0 for those not found
/// among the first `k`). Its mean is MAP. Gains do not matter beyond being above 0.
///
/// ```
/// use botsmith_eval::metrics::retrieval::{Relevance, average_precision};
/// let relevance = Relevance::binary(["a", "c"]);
/// assert_eq!(average_precision(&["a", "b", "c"], &relevance, None), (1.0 + 2.0 / 3.0) / 2.0);
/// assert_eq!(average_precision(&["a"], &relevance, None), 0.5);
/// ```
pub fn average_precision<S: AsRef<str>>(
    ranked: &[S],
    relevance: &Relevance,
    k: Option<usize>,
) -> f64 {
    if relevance.is_empty() {
        return 0.0;
    }
    let found = relevance.found(ranked, k).enumerate();
    let precisions = found.map(|(before, (rank, _))| (before + 1) as f64 / rank as f64);
    precisions.sum::<f64>() / relevance.len() as f64
}

/// Whether any relevant id is among the first `k`. Its mean is the hit rate (success at k).
///
/// ```
/// use botsmith_eval::metrics::retrieval::{Relevance, hit};
/// let relevance = Relevance::binary(["b"]);
/// assert!(hit(&["a", "b"], &relevance, Some(2)));
/// assert!(!hit(&["a", "b"], &relevance, Some(1)));
/// ```
pub fn hit<S: AsRef<str>>(ranked: &[S], relevance: &Relevance, k: Option<usize>) -> bool {
    relevance.found(ranked, k).next().is_some()
}

/// Which number of a ranked list [`batch`] gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// [`reciprocal_rank`]; its mean is MRR.
    ReciprocalRank,
    /// [`ndcg`].
    Ndcg,
    /// [`average_precision`]; its mean is MAP.
    AveragePrecision,
    /// [`hit`] as 0 or 1; its mean is the hit rate.
    Hit,
}

/// The measure of each ranked list with what is relevant to its query, of the first `k` ranks, on
/// `threads` threads (0: one a core).
///
/// ```
/// use botsmith_eval::metrics::retrieval::{Measure, Relevance, batch};
/// let queries = [
///     (vec!["a", "b"], Relevance::binary(["b"])),
///     (vec!["c"], Relevance::binary(["c"])),
/// ];
/// assert_eq!(batch(&queries, Measure::ReciprocalRank, None, 1), [0.5, 1.0]);
/// assert_eq!(batch(&queries, Measure::Hit, Some(1), 1), [0.0, 1.0]);
/// ```
pub fn batch<L, S>(
    queries: &[(L, Relevance)],
    measure: Measure,
    k: Option<usize>,
    threads: usize,
) -> Vec<f64>
where
    L: AsRef<[S]> + Sync,
    S: AsRef<str>,
{
    super::batch(
        queries,
        threads,
        || (),
        |(), (ranked, relevance)| {
            let ranked = ranked.as_ref();
            match measure {
                Measure::ReciprocalRank => reciprocal_rank(ranked, relevance, k),
                Measure::Ndcg => ndcg(ranked, relevance, k),
                Measure::AveragePrecision => average_precision(ranked, relevance, k),
                Measure::Hit => f64::from(u8::from(hit(ranked, relevance, k))),
            }
        },
    )
}
