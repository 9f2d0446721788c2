//! How well a judge agrees with people: true rates, kappa, agreement, Brier score and calibration error.
//!
//! Labels and predictions for them that were fitted without them in, [`Quality`] out, each number with its
//! interval, weights and groups accounted for. The judge says "pass" where it says so itself, else where its
//! prediction is at least 1/2.

use serde::{Deserialize, Serialize};

use super::ece::{Bin, CalibrationError, bins, calibration_error};
use super::label::{Label, groups};
use crate::Result;
use crate::stats::{
    Confidence, Interval, WeightedShare, below, generator, weighted_wilson, weighted_wilson_at,
};

const DRAWS: usize = 1_000;

/// A number before the map and after it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change<T> {
    /// Of the scores as they are.
    pub before: T,
    /// Of the calibrated ones, each by a map fitted without it.
    pub after: T,
}

/// Agreement beyond chance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kappa {
    /// Cohen's kappa, at most 1.
    pub value: f64,
    /// Its bootstrap interval over groups.
    pub interval: Interval,
}

/// How well a judge agrees with people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Labels.
    pub n: usize,
    /// Those that people let pass.
    pub passed: usize,
    /// The share on which judge and people say the same.
    pub agreement: WeightedShare,
    /// Its one-sided lower bound at 95 %, which newer labels are held against.
    pub agreement_bound: f64,
    /// Of what people let pass, the share that the judge does; null without any.
    pub tpr: Option<WeightedShare>,
    /// Of what people do not let pass, the share that the judge does not; null without any.
    pub tnr: Option<WeightedShare>,
    /// Cohen's kappa; null where one side has a single verdict.
    pub kappa: Option<Kappa>,
    /// The mean squared distance of the scores from the verdicts, in `[0, 1]`; 0 is best.
    pub brier: Change<f64>,
    /// How far the scores are from the shares that pass.
    pub ece: Change<CalibrationError>,
    /// The reliability diagram.
    pub bins: Change<Vec<Bin>>,
}

impl Quality {
    /// Labels of the rarer verdict.
    pub fn rarer(&self) -> usize {
        self.passed.min(self.n - self.passed)
    }
}

/// Measures it.
///
/// # Errors
/// No labels.
pub(super) fn quality(labels: &[Label], predictions: &[f64], seed: u64) -> Result<Quality> {
    let says: Vec<bool> = labels
        .iter()
        .zip(predictions)
        .map(|(label, p)| label.passed.unwrap_or(*p >= 0.5))
        .collect();
    let (of, _) = groups(labels);
    let share = |wanted: Option<bool>, tail: f64| {
        let (mut hits, mut weights, mut groups) = (Vec::new(), Vec::new(), Vec::new());
        for ((label, says), group) in labels.iter().zip(&says).zip(&of) {
            if wanted.is_none_or(|wanted| label.human == wanted) {
                hits.push(*says == label.human);
                weights.push(label.weight);
                groups.push(*group);
            }
        }
        if hits.is_empty() {
            return Ok(None);
        }
        weighted_wilson_at(&hits, &weights, &groups, tail).map(Some)
    };
    let two_sided = (1.0 - Confidence::P95.level()) / 2.0;
    let all: Vec<bool> = labels
        .iter()
        .zip(&says)
        .map(|(label, says)| label.human == *says)
        .collect();
    let weights: Vec<f64> = labels.iter().map(|label| label.weight).collect();
    let agreement = weighted_wilson(&all, &weights, &of, Confidence::P95)?;
    let bound = weighted_wilson_at(&all, &weights, &of, 0.05)?.interval.lo();
    let scores: Vec<f64> = labels.iter().map(|label| label.judge).collect();
    let brier = |p: &[f64]| {
        let terms = labels.iter().zip(p);
        let sum: f64 = terms
            .map(|(label, p)| label.weight * (p - label.truth()).powi(2))
            .sum();
        sum / weights.iter().sum::<f64>()
    };
    Ok(Quality {
        n: labels.len(),
        passed: labels.iter().filter(|label| label.human).count(),
        agreement,
        agreement_bound: bound,
        tpr: share(Some(true), two_sided)?,
        tnr: share(Some(false), two_sided)?,
        kappa: kappa(labels, &says, seed)?,
        brier: Change {
            before: brier(&scores),
            after: brier(predictions),
        },
        ece: Change {
            before: calibration_error(labels, &scores, seed)?,
            after: calibration_error(labels, predictions, seed)?,
        },
        bins: Change {
            before: bins(labels, &scores)?,
            after: bins(labels, predictions)?,
        },
    })
}

/// Weights of both pass, only the judge, only the person, neither.
type Cells = [f64; 4];

fn kappa_of(cells: Cells) -> Option<f64> {
    let total: f64 = cells.iter().sum();
    let [both, judge, person, neither] = cells.map(|cell| cell / total);
    let (by_judge, by_person) = (both + judge, both + person);
    let expected = by_judge * by_person + (1.0 - by_judge) * (1.0 - by_person);
    (expected < 1.0).then(|| (both + neither - expected) / (1.0 - expected))
}

fn kappa(labels: &[Label], says: &[bool], seed: u64) -> Result<Option<Kappa>> {
    let (of, count) = groups(labels);
    let mut cells = vec![[0.0; 4]; count];
    let mut all = [0.0; 4];
    for ((label, says), group) in labels.iter().zip(says).zip(of) {
        let cell = match (says, label.human) {
            (true, true) => 0,
            (true, false) => 1,
            (false, true) => 2,
            (false, false) => 3,
        };
        cells[group][cell] += label.weight;
        all[cell] += label.weight;
    }
    // With a single verdict on one side chance alone agrees as often: kappa says nothing.
    let single = |a: usize, b: usize| all[a] + all[b] == 0.0;
    if single(0, 1) || single(2, 3) || single(0, 2) || single(1, 3) {
        return Ok(None);
    }
    let Some(value) = kappa_of(all) else {
        return Ok(None);
    };
    let mut rng = generator(seed, 2);
    let mut replicates: Vec<f64> = (0..DRAWS)
        .filter_map(|_| {
            let mut sum = [0.0; 4];
            for _ in 0..count {
                let drawn = &cells[below(&mut rng, count)];
                for (sum, cell) in sum.iter_mut().zip(drawn) {
                    *sum += cell;
                }
            }
            kappa_of(sum)
        })
        .collect();
    if replicates.len() < DRAWS / 2 {
        return Ok(None);
    }
    replicates.sort_unstable_by(f64::total_cmp);
    let last = (replicates.len() - 1) as f64;
    let at = |share: f64| replicates[(share * last).round() as usize];
    Ok(Some(Kappa {
        value,
        interval: Interval::new(at(0.025).min(value), at(0.975).max(value))?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Confusion, Weights, wilson};

    /// 40 true passes, 10 missed, 5 wrongly passed, 45 rightly failed.
    fn labels() -> Vec<Label> {
        let counts = [
            (true, true, 40),
            (false, true, 10),
            (true, false, 5),
            (false, false, 45),
        ];
        let many = counts.into_iter().flat_map(|(judge, human, count)| {
            let label = Label::new(if judge { 0.9 } else { 0.2 }, human).judged(judge);
            std::iter::repeat_n(label, count)
        });
        many.collect()
    }

    #[test]
    fn rates_and_kappa_are_those_of_the_confusion_table() {
        let labels = labels();
        let scores: Vec<f64> = labels.iter().map(|label| label.judge).collect();
        let quality = quality(&labels, &scores, 1).unwrap();
        assert_eq!((quality.n, quality.passed, quality.rarer()), (100, 50, 50));
        let (tpr, tnr) = (quality.tpr.unwrap(), quality.tnr.unwrap());
        assert_eq!(
            (tpr.value, tnr.value, quality.agreement.value),
            (0.8, 0.9, 0.85)
        );
        assert_eq!(tpr.interval, wilson(40, 50, Confidence::P95).unwrap());
        let truth: Vec<bool> = labels.iter().map(|label| label.human).collect();
        let given: Vec<bool> = labels.iter().map(|label| label.passed.unwrap()).collect();
        let table = Confusion::new(&truth, &given).unwrap();
        let kappa = quality.kappa.unwrap();
        assert!((kappa.value - table.kappa(Weights::None).unwrap()).abs() < 1e-12);
        assert!(
            kappa.interval.lo() > 0.5 && kappa.interval.hi() < 0.87,
            "{kappa:?}"
        );
        assert!(quality.agreement_bound > quality.agreement.interval.lo());
        assert_eq!(quality.bins.before.len(), 2);
    }

    #[test]
    fn weights_count_as_so_many_labels() {
        let mut weighted = labels();
        weighted
            .iter_mut()
            .filter(|label| !label.human)
            .for_each(|label| label.weight = 2.0);
        let scores: Vec<f64> = weighted.iter().map(|label| label.judge).collect();
        let quality = quality(&weighted, &scores, 1).unwrap();
        assert!((quality.agreement.value - (40.0 + 90.0) / 150.0).abs() < 1e-12);
        assert_eq!(quality.tnr.unwrap().value, 0.9);
    }

    #[test]
    fn a_single_verdict_has_no_kappa_and_no_rate_of_the_other() {
        let labels: Vec<Label> = (0..30).map(|_| Label::new(0.9, true)).collect();
        let quality = quality(&labels, &[0.9; 30], 1).unwrap();
        assert!(quality.kappa.is_none() && quality.tnr.is_none());
        assert_eq!(quality.tpr.unwrap().value, 1.0);
    }
}
