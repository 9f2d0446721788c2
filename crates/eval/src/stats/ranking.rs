//! Scores that rank or predict: area under the ROC curve, average precision, Brier score, log loss
//! for yes/no truths; nDCG and reciprocal rank for graded relevance.
//!
//! Values and conventions are those of scikit-learn. `truth` is true for positives; ranking metrics
//! put the highest score first.

use super::special::log;
use super::{Result, check, fail, same_length};

fn check_scored(statistic: &'static str, truth: usize, scores: &[f64]) -> Result<()> {
    same_length(statistic, ("truths", truth), ("scores", scores.len()))?;
    check(statistic, scores, 1)
}

fn check_probabilities(statistic: &'static str, truth: &[bool], scores: &[f64]) -> Result<()> {
    check_scored(statistic, truth.len(), scores)?;
    match scores.iter().find(|score| !(0.0..=1.0).contains(*score)) {
        Some(score) => fail(statistic, format!("{score} is not a probability")),
        None => Ok(()),
    }
}

/// Positions by falling score, grouped by equal scores.
fn falling(scores: &[f64]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&i, &j| scores[j].total_cmp(&scores[i]));
    order
        .chunk_by(|&i, &j| scores[i] == scores[j])
        .map(<[usize]>::to_vec)
        .collect()
}

/// The chance that a positive has a higher score than a negative, ties counting half; in `[0, 1]`.
///
/// Hanley & McNeil 1982 (<https://doi.org/10.1148/radiology.143.1.7063747>).
///
/// ```
/// use botsmith_eval::stats::roc_auc;
/// assert_eq!(roc_auc(&[false, true, true, false], &[0.1, 0.9, 0.4, 0.5])?, 0.75);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// Lists of different lengths, a score that is not finite, or truths that are all alike.
pub fn roc_auc(truth: &[bool], scores: &[f64]) -> Result<f64> {
    check_scored("roc auc", truth.len(), scores)?;
    let (mut above, mut wins) = (0.0, 0.0);
    for group in falling(scores) {
        let positives = group.iter().filter(|&&i| truth[i]).count() as f64;
        let negatives = group.len() as f64 - positives;
        wins += negatives * (above + positives / 2.0);
        above += positives;
    }
    let negatives = truth.len() as f64 - above;
    if above == 0.0 || negatives == 0.0 {
        return fail(
            "roc auc",
            "all truths are alike; there is nothing to tell apart",
        );
    }
    Ok(wins / (above * negatives))
}

/// The mean precision at each positive in falling order of scores, equal scores taken together; in
/// `[0, 1]`.
///
/// ```
/// use botsmith_eval::stats::average_precision;
/// assert_eq!(average_precision(&[true, false, true], &[0.9, 0.8, 0.7])?, (1.0 + 2.0 / 3.0) / 2.0);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// Lists of different lengths, a score that is not finite, or no positives.
pub fn average_precision(truth: &[bool], scores: &[f64]) -> Result<f64> {
    check_scored("average precision", truth.len(), scores)?;
    let (mut seen, mut hits, mut sum) = (0.0, 0.0, 0.0);
    for group in falling(scores) {
        let positives = group.iter().filter(|&&i| truth[i]).count() as f64;
        seen += group.len() as f64;
        hits += positives;
        sum += positives * hits / seen;
    }
    if hits == 0.0 {
        return fail("average precision", "there are no positives");
    }
    Ok(sum / hits)
}

/// The mean squared distance of the given probabilities from the truth, in `[0, 1]`; 0 is best.
///
/// Brier 1950 (<https://doi.org/10.1175/1520-0493(1950)078%3C0001:VOFEIT%3E2.0.CO;2>).
///
/// ```
/// assert_eq!(botsmith_eval::stats::brier(&[true, false], &[0.5, 0.0])?, 0.125);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// Lists of different lengths, none, or a value that is not a probability.
pub fn brier(truth: &[bool], probabilities: &[f64]) -> Result<f64> {
    check_probabilities("brier score", truth, probabilities)?;
    let sum: f64 = truth
        .iter()
        .zip(probabilities)
        .map(|(&t, p)| (p - f64::from(u8::from(t))).powi(2))
        .sum();
    Ok(sum / truth.len() as f64)
}

/// The mean of `-ln` of the probability given to the truth, in nats; 0 is best. Probabilities are
/// kept 2^-52 away from 0 and 1, so that one wrong certainty does not make it infinite.
///
/// ```
/// let loss = botsmith_eval::stats::log_loss(&[true, false], &[0.5, 0.5])?;
/// assert!((loss - 2.0_f64.ln()).abs() < 1e-12);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// As [`brier`].
pub fn log_loss(truth: &[bool], probabilities: &[f64]) -> Result<f64> {
    check_probabilities("log loss", truth, probabilities)?;
    let sum: f64 = truth
        .iter()
        .zip(probabilities)
        .map(|(&t, p)| {
            let p = p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
            -log(if t { p } else { 1.0 - p })
        })
        .sum();
    Ok(sum / truth.len() as f64)
}

/// 1 / log2(rank + 1) for rank from 1.
fn discount(rank: usize) -> f64 {
    1.0 / libm::log2((rank + 1) as f64)
}

/// Discounted gain of the first `k`; equal scores share their mean relevance.
fn discounted_gain(relevance: &[f64], scores: &[f64], k: usize) -> f64 {
    let (mut rank, mut gain) = (0, 0.0);
    for group in falling(scores) {
        let mean = group.iter().map(|&i| relevance[i]).sum::<f64>() / group.len() as f64;
        for _ in 0..group.len() {
            rank += 1;
            if rank <= k {
                gain += mean * discount(rank);
            }
        }
    }
    gain
}

/// Normalised discounted cumulative gain of the first `k` (all with `None`), with linear gain; in
/// `[0, 1]`, and 0 where nothing is relevant.
///
/// Jarvelin & Kekalainen 2002 (<https://doi.org/10.1145/582415.582418>); ties as in McSherry &
/// Najork 2008.
///
/// ```
/// use botsmith_eval::stats::ndcg;
/// assert_eq!(ndcg(&[3.0, 2.0, 0.0], &[0.9, 0.5, 0.1], None)?, 1.0);
/// assert!(ndcg(&[0.0, 2.0, 3.0], &[0.9, 0.5, 0.1], Some(2))? < 0.5);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// Lists of different lengths, none, a value that is not finite, a relevance below 0, or `k` 0.
pub fn ndcg(relevance: &[f64], scores: &[f64], k: Option<usize>) -> Result<f64> {
    check_scored("ndcg", relevance.len(), scores)?;
    check("ndcg", relevance, 1)?;
    if let Some(low) = relevance.iter().find(|gain| **gain < 0.0) {
        return fail(
            "ndcg",
            format!("a relevance is {low}; it has to be at least 0"),
        );
    }
    if k == Some(0) {
        return fail("ndcg", "k is 0; it has to be at least 1");
    }
    let k = k.unwrap_or(usize::MAX);
    let best = discounted_gain(relevance, relevance, k);
    if best == 0.0 {
        return Ok(0.0);
    }
    Ok((discounted_gain(relevance, scores, k) / best).min(1.0))
}

/// One over the rank of the first relevant item by falling score (ties in the order given), in
/// `[0, 1]`; 0 where nothing is relevant. Its mean over queries is MRR.
///
/// ```
/// use botsmith_eval::stats::reciprocal_rank;
/// assert_eq!(reciprocal_rank(&[false, true, true], &[0.9, 0.5, 0.1])?, 0.5);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// Lists of different lengths, none, or a score that is not finite.
pub fn reciprocal_rank(relevant: &[bool], scores: &[f64]) -> Result<f64> {
    check_scored("reciprocal rank", relevant.len(), scores)?;
    let first = falling(scores)
        .into_iter()
        .flatten()
        .position(|i| relevant[i]);
    Ok(first.map_or(0.0, |at| 1.0 / (at + 1) as f64))
}
