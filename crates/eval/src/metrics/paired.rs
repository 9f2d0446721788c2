//! Is one system better than another on a corpus metric? Paired bootstrap and paired approximate
//! randomisation over segments' counts, as sacrebleu 2.6.0's `significance.py`.
//!
//! Input: for each system one row of counts a segment ([`bleu::Stats::row`](super::bleu::Stats::row))
//! and a function that scores a sum of rows. Koehn 2004 (<https://aclanthology.org/W04-3250>);
//! Riezler and Maxwell 2005 (<https://aclanthology.org/W05-0908>).
//!
//! With the reference's seed, 12345, the draws are the reference's own ([`Pcg64`]), and so are the
//! p-values: its generator is part of what a published number means. The reference adds up in
//! `f32` when it bootstraps; sums here are exact. For statistics of scores that are means over
//! cases see [`stats`](crate::stats).

mod difference;
mod pcg;

pub use difference::{Difference, difference};
pub use pcg::Pcg64;

use crate::{Error, Result};

/// sacrebleu's seed.
pub const SEED: u64 = 12_345;

/// The score of one system, and its resamples'.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resampled {
    /// On all segments.
    pub score: f64,
    /// Mean over the resamples.
    pub mean: f64,
    /// Half the width of the middle 95 % of the resamples; sacrebleu prints `mean ± this`.
    pub half_width: f64,
}

/// What a paired bootstrap finds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bootstrap {
    /// The system compared with.
    pub baseline: Resampled,
    /// The system.
    pub system: Resampled,
    /// Two-sided: how often a resampled absolute difference, less their mean, exceeds the real one.
    pub p_value: f64,
}

/// What a paired approximate randomisation finds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Randomisation {
    /// The baseline's score on all segments.
    pub baseline: f64,
    /// The system's.
    pub system: f64,
    /// Two-sided: how often systems of shuffled segments differ by more than the real ones.
    pub p_value: f64,
}

/// Rows of both systems, checked.
struct Rows<'a, R> {
    baseline: &'a [R],
    system: &'a [R],
    width: usize,
}

impl<'a, R: AsRef<[f64]>> Rows<'a, R> {
    fn new(baseline: &'a [R], system: &'a [R], test: &'static str, draws: usize) -> Result<Self> {
        let refuse = |reason: String| Error::Statistic {
            statistic: test,
            reason,
        };
        if baseline.len() != system.len() || baseline.is_empty() {
            return Err(refuse(format!(
                "needs the same segments of both systems, at least one; there are {} and {}",
                baseline.len(),
                system.len()
            )));
        }
        if u32::try_from(baseline.len()).is_err() || draws == 0 {
            return Err(refuse(format!(
                "needs fewer than 2^32 segments and at least one draw; there are {} and {draws}",
                baseline.len()
            )));
        }
        let width = baseline[0].as_ref().len();
        for (i, row) in baseline.iter().chain(system).enumerate() {
            if row.as_ref().len() != width {
                return Err(refuse(format!(
                    "segment {} has {} counts, the first has {width}",
                    i % baseline.len(),
                    row.as_ref().len()
                )));
            }
        }
        Ok(Self {
            baseline,
            system,
            width,
        })
    }

    fn totals(&self) -> (Vec<f64>, Vec<f64>) {
        let sum = |rows: &[R]| {
            let mut sum = vec![0.0; self.width];
            for row in rows {
                add(&mut sum, row.as_ref());
            }
            sum
        };
        (sum(self.baseline), sum(self.system))
    }
}

fn add(sum: &mut [f64], row: &[f64]) {
    for (sum, value) in sum.iter_mut().zip(row) {
        *sum += value;
    }
}

/// Paired bootstrap: scores of both systems on segments drawn with replacement. The reference
/// draws 1,000 times.
///
/// # Errors
/// Without segments or draws, with different numbers of segments, or rows of different lengths.
///
/// ```
/// use botsmith_eval::metrics::{bleu, paired};
/// let options = bleu::Options::corpus();
/// let rows = |texts: &[&str]| -> Vec<Vec<f64>> {
///     texts.iter().map(|text| bleu::stats(text, &["a b c d e"], &options).row()).collect()
/// };
/// let (baseline, system) = (rows(&["a b c d", "a b x d e"]), rows(&["a b c d e", "a b c d e"]));
/// let score = |row: &[f64]| bleu::Stats::from_row(row).map_or(0.0, |s| s.score(&options).score);
/// let found = paired::bootstrap(&baseline, &system, score, 1000, paired::SEED)?;
/// assert!(found.system.score > found.baseline.score);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
pub fn bootstrap<R: AsRef<[f64]>>(
    baseline: &[R],
    system: &[R],
    score: impl Fn(&[f64]) -> f64,
    draws: usize,
    seed: u64,
) -> Result<Bootstrap> {
    let rows = Rows::new(baseline, system, "paired bootstrap", draws)?;
    let (all_baseline, all_system) = rows.totals();
    let (real_baseline, real_system) = (score(&all_baseline), score(&all_system));
    let mut rng = Pcg64::new(seed);
    let segments = baseline.len() as u32;
    let (mut baselines, mut systems) = (Vec::with_capacity(draws), Vec::with_capacity(draws));
    let (mut sum_baseline, mut sum_system) = (all_baseline, all_system);
    for _ in 0..draws {
        sum_baseline.fill(0.0);
        sum_system.fill(0.0);
        for _ in 0..segments {
            let pick = rng.below(segments) as usize;
            add(&mut sum_baseline, baseline[pick].as_ref());
            add(&mut sum_system, system[pick].as_ref());
        }
        baselines.push(score(&sum_baseline));
        systems.push(score(&sum_system));
    }
    let differences: Vec<f64> = baselines
        .iter()
        .zip(&systems)
        .map(|(b, s)| (s - b).abs())
        .collect();
    let mean = differences.iter().sum::<f64>() / draws as f64;
    let real = (real_baseline - real_system).abs();
    let p_value = p_value(differences.iter().map(|d| d - mean), real);
    Ok(Bootstrap {
        baseline: resampled(real_baseline, baselines),
        system: resampled(real_system, systems),
        p_value,
    })
}

/// Paired approximate randomisation: each segment of the two systems is swapped or not by the toss
/// of a coin. The reference tosses 10,000 times.
///
/// # Errors
/// As [`bootstrap`].
///
/// ```
/// use botsmith_eval::metrics::paired;
/// let same = [[1.0, 2.0], [3.0, 4.0]];
/// let score = |row: &[f64]| row[0] / row[1];
/// let found = paired::randomisation(&same, &same, score, 99, paired::SEED)?;
/// // No trial differs by more than nothing: (0 + 1) / (99 + 1), as the reference counts.
/// assert_eq!(found.p_value, 0.01);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
pub fn randomisation<R: AsRef<[f64]>>(
    baseline: &[R],
    system: &[R],
    score: impl Fn(&[f64]) -> f64,
    trials: usize,
    seed: u64,
) -> Result<Randomisation> {
    let rows = Rows::new(baseline, system, "paired randomisation", trials)?;
    let (all_baseline, all_system) = rows.totals();
    let (real_baseline, real_system) = (score(&all_baseline), score(&all_system));
    let mut coins = Pcg64::new(seed).coins();
    let mut one = vec![0.0; rows.width];
    let mut other = vec![0.0; rows.width];
    let mut differences = Vec::with_capacity(trials);
    for _ in 0..trials {
        one.fill(0.0);
        other.fill(0.0);
        for (b, s) in baseline.iter().zip(system) {
            let (to_one, to_other) = if coins.toss() { (b, s) } else { (s, b) };
            add(&mut one, to_one.as_ref());
            add(&mut other, to_other.as_ref());
        }
        differences.push((score(&one) - score(&other)).abs());
    }
    let real = (real_baseline - real_system).abs();
    Ok(Randomisation {
        baseline: real_baseline,
        system: real_system,
        p_value: p_value(differences.into_iter(), real),
    })
}

/// `(more extreme + 1) / (all + 1)`.
fn p_value(differences: impl ExactSizeIterator<Item = f64>, real: f64) -> f64 {
    let all = differences.len();
    let more = differences.filter(|&d| d > real).count();
    (more + 1) as f64 / (all + 1) as f64
}

fn resampled(score: f64, mut scores: Vec<f64>) -> Resampled {
    let n = scores.len();
    let mean = scores.iter().sum::<f64>() / n as f64;
    scores.sort_unstable_by(f64::total_cmp);
    let lower = n / 40;
    Resampled {
        score,
        mean,
        half_width: 0.5 * (scores[n - lower - 1] - scores[lower]),
    }
}
