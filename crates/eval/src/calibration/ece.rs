//! Expected calibration error: how far probabilities are from what happens, on average.
//!
//! Predictions, verdicts, weights and groups in; bins of about equal many labels (equal predictions stay
//! together), the error with its bias taken out, and its interval out. The plain error is never 0 in a
//! sample, because each bin's share is off by chance (Kumar, Liang & Ma 2019,
//! <https://arxiv.org/abs/1909.10155>): all gaps are scaled down by one factor until a sample with that much
//! noise would be expected to show the plain error, by the folded normal distribution; where noise alone
//! shows as much, the error is 0. The interval is a bootstrap over groups around that.

use serde::{Deserialize, Serialize};

use super::label::{Label, groups};
use crate::Result;
use crate::stats::{Confidence, Interval, below, generator, weighted_wilson};

/// Labels for each bin at least, and bins at most.
const PER_BIN: usize = 20;
const BINS: usize = 10;
const DRAWS: usize = 1_000;

/// Labels whose predictions are near one another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// The mean prediction.
    pub predicted: f64,
    /// The share that people let pass.
    pub observed: f64,
    /// Its interval.
    pub interval: Interval,
    /// Labels.
    pub n: usize,
    /// Its part of all weight.
    pub share: f64,
}

/// The expected calibration error, in `[0, 1]`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationError {
    /// With its bias taken out.
    pub value: f64,
    /// As the bins show it.
    pub plain: f64,
    /// Where the true one is likely to be.
    pub interval: Interval,
}

/// The bins of some predictions, ascending.
///
/// # Errors
/// As [`weighted_wilson`].
pub(super) fn bins(labels: &[Label], predictions: &[f64]) -> Result<Vec<Bin>> {
    let members = members(predictions);
    let (of, _) = groups(labels);
    let total: f64 = labels.iter().map(|label| label.weight).sum();
    members
        .iter()
        .map(|bin| {
            let weights: Vec<f64> = bin.iter().map(|&at| labels[at].weight).collect();
            let passed: Vec<bool> = bin.iter().map(|&at| labels[at].human).collect();
            let groups: Vec<usize> = bin.iter().map(|&at| of[at]).collect();
            let sum: f64 = weights.iter().sum();
            let predicted = bin
                .iter()
                .zip(&weights)
                .map(|(&at, w)| w * predictions[at])
                .sum::<f64>()
                / sum;
            let observed = weighted_wilson(&passed, &weights, &groups, Confidence::P95)?;
            Ok(Bin {
                predicted,
                observed: observed.value,
                interval: observed.interval,
                n: bin.len(),
                share: sum / total,
            })
        })
        .collect()
}

/// The labels of each bin.
fn members(predictions: &[f64]) -> Vec<Vec<usize>> {
    let n = predictions.len();
    let wanted = (n / PER_BIN).clamp(1, BINS);
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| predictions[*a].total_cmp(&predictions[*b]));
    let mut bins: Vec<Vec<usize>> = Vec::new();
    let mut bin = Vec::new();
    for (at, &label) in order.iter().enumerate() {
        bin.push(label);
        let last = at + 1 == n;
        let full = (at + 1) * wanted / n > bins.len();
        let tied = !last && predictions[order[at + 1]] == predictions[label];
        if last || (full && !tied) {
            bins.push(std::mem::take(&mut bin));
        }
    }
    bins
}

/// `E|X|` of a normal X with this mean and standard deviation.
fn folded(mean: f64, sd: f64) -> f64 {
    if sd <= 0.0 {
        return mean.abs();
    }
    let z = mean / sd;
    sd * (2.0 / std::f64::consts::PI).sqrt() * libm::exp(-z * z / 2.0)
        + mean * libm::erf(z / std::f64::consts::SQRT_2)
}

/// What a bin shows.
struct Gap {
    /// Its part of all weight.
    share: f64,
    /// How far its share of passes is from its predictions.
    size: f64,
    /// The standard deviation that chance gives that.
    sd: f64,
}

fn gap(bin: &[usize], labels: &[Label], predictions: &[f64], total: f64) -> Gap {
    let (mut weight, mut squares, mut passed, mut gap) = (0.0, 0.0, 0.0, 0.0);
    for &at in bin {
        let label = &labels[at];
        weight += label.weight;
        squares += label.weight * label.weight;
        passed += label.weight * label.truth();
        gap += label.weight * (label.truth() - predictions[at]);
    }
    let effective = weight * weight / squares;
    // One pass and one failure more than seen: no bin of a sample is free of noise.
    let share = (passed / weight * effective + 1.0) / (effective + 2.0);
    Gap {
        share: weight / total,
        size: (gap / weight).abs(),
        sd: (share * (1.0 - share) / effective).sqrt(),
    }
}

/// The error of predictions against labels.
///
/// # Errors
/// As [`bins`].
pub(super) fn calibration_error(
    labels: &[Label],
    predictions: &[f64],
    seed: u64,
) -> Result<CalibrationError> {
    let members = members(predictions);
    let total: f64 = labels.iter().map(|label| label.weight).sum();
    let gaps: Vec<Gap> = members
        .iter()
        .map(|bin| gap(bin, labels, predictions, total))
        .collect();
    let shown = |scale: f64| -> f64 {
        gaps.iter()
            .map(|gap| gap.share * folded(scale * gap.size, gap.sd))
            .sum()
    };
    let plain: f64 = gaps.iter().map(|gap| gap.share * gap.size).sum();
    // By what the gaps have to be scaled for a sample with this noise to show what this one does.
    let (mut lo, mut hi) = (0.0, 1.0);
    for _ in 0..40 {
        let middle = f64::midpoint(lo, hi);
        if shown(middle) < plain {
            lo = middle;
        } else {
            hi = middle;
        }
    }
    let value = plain * f64::midpoint(lo, hi);
    let mut replicates = replicates(labels, predictions, &members, seed);
    let mean = replicates.iter().sum::<f64>() / replicates.len() as f64;
    replicates.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| replicates[(share * (DRAWS - 1) as f64).round() as usize];
    let end = |share: f64| (value + at(share) - mean).clamp(0.0, 1.0);
    Ok(CalibrationError {
        value,
        plain,
        interval: Interval::new(end(0.025).min(value), end(0.975).max(value))?,
    })
}

/// The plain error of resamples of whole groups, bins kept.
fn replicates(
    labels: &[Label],
    predictions: &[f64],
    members: &[Vec<usize>],
    seed: u64,
) -> Vec<f64> {
    let (of, count) = groups(labels);
    let mut bin_of = vec![0; labels.len()];
    for (bin, members) in members.iter().enumerate() {
        for &at in members {
            bin_of[at] = bin;
        }
    }
    let mut of_group: Vec<Vec<(usize, f64, f64)>> = vec![Vec::new(); count];
    for (at, label) in labels.iter().enumerate() {
        let gap = label.weight * (label.truth() - predictions[at]);
        of_group[of[at]].push((bin_of[at], gap, label.weight));
    }
    let mut rng = generator(seed, 1);
    let mut sums = vec![0.0; members.len()];
    (0..DRAWS)
        .map(|_| {
            sums.fill(0.0);
            let mut total = 0.0;
            for _ in 0..count {
                for &(bin, gap, weight) in &of_group[below(&mut rng, count)] {
                    sums[bin] += gap;
                    total += weight;
                }
            }
            sums.iter().map(|gap| gap.abs()).sum::<f64>() / total
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(n: usize, seed: u64, truth: impl Fn(f64) -> f64) -> (Vec<Label>, Vec<f64>) {
        let mut rng = generator(seed, 9);
        let mut uniform = || below(&mut rng, 1 << 20) as f64 / f64::from(1 << 20);
        (0..n)
            .map(|_| {
                let p = uniform();
                (Label::new(p, uniform() < truth(p)), p)
            })
            .unzip()
    }

    #[test]
    fn of_a_judge_that_is_right_the_corrected_error_is_far_below_the_plain_one() {
        let (mut plain, mut corrected, mut held) = (0.0, 0.0, 0);
        for seed in 0..40 {
            let (labels, p) = labels(200, seed, |p| p);
            let error = calibration_error(&labels, &p, seed).unwrap();
            plain += error.plain / 40.0;
            corrected += error.value / 40.0;
            held += usize::from(error.interval.lo() <= 0.02);
        }
        assert!(plain > 0.06, "{plain}");
        assert!(corrected < 0.55 * plain, "{corrected} of {plain}");
        assert!(held >= 36, "{held} of 40");
    }

    #[test]
    fn of_a_judge_that_is_off_by_a_known_amount_it_is_that_amount() {
        // True chances are p²: the mean distance of p² from p is 1/6.
        let (mut mean, mut held) = (0.0, 0);
        for seed in 0..40 {
            let (labels, p) = labels(500, seed, |p| p * p);
            let error = calibration_error(&labels, &p, seed).unwrap();
            mean += error.value / 40.0;
            held += usize::from(error.interval.contains(1.0 / 6.0));
        }
        assert!((mean - 1.0 / 6.0).abs() < 0.015, "{mean}");
        assert!(held >= 34, "{held} of 40");
    }

    #[test]
    fn equal_predictions_stay_in_one_bin() {
        let labels: Vec<Label> = (0..100).map(|i| Label::new(0.5, i % 2 == 0)).collect();
        let predictions: Vec<f64> = (0..100).map(|i| if i < 90 { 0.4 } else { 0.9 }).collect();
        let bins = bins(&labels, &predictions).unwrap();
        assert_eq!(bins.iter().map(|bin| bin.n).collect::<Vec<_>>(), [90, 10]);
        assert!((bins[0].share - 0.9).abs() < 1e-12 && bins[0].interval.contains(0.5));
    }
}
