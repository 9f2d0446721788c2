//! Which shape: the one with the least log loss on labels that it was not fitted to.
//!
//! Labels and a seed in; the map fitted to all of them, each shape's loss, and the predictions of the
//! chosen shape for labels outside of each fit, which is what its quality is measured on. Folds are drawn
//! over groups, with verdicts spread evenly. Where two shapes do equally well the simpler one is taken.

use serde::{Deserialize, Serialize};

use super::fit::{Point, fit};
use super::label::{Label, groups};
use super::map::{Map, Shape};
use crate::stats::{below, generator};

/// The least labels for the isotonic map: with fewer its steps follow chance.
pub const ISOTONIC_FROM: usize = 1_000;

const FOLDS: usize = 10;
/// How near to 0 and 1 a prediction is taken to be.
const EDGE: f64 = 1e-6;

/// How well a shape predicts labels that it was not fitted to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loss {
    /// The shape.
    pub shape: Shape,
    /// Its mean log loss in nats.
    pub log_loss: f64,
}

/// The choice.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub(super) map: Map,
    pub(super) losses: Vec<Loss>,
    /// For each label, the chosen shape fitted without its fold.
    pub(super) held_out: Vec<f64>,
}

/// Chooses and fits.
pub(super) fn choose(labels: &[Label], seed: u64) -> Chosen {
    let points: Vec<Point> = labels
        .iter()
        .map(|label| Point {
            score: label.judge,
            passed: label.human,
            weight: label.weight,
        })
        .collect();
    let folds = folds(labels, seed);
    let count = folds.iter().max().map_or(0, |last| last + 1);
    let shapes = Shape::ALL
        .into_iter()
        .filter(|shape| *shape != Shape::Isotonic || labels.len() >= ISOTONIC_FROM);
    let mut losses = Vec::new();
    let mut best: Option<(f64, Shape, Vec<f64>)> = None;
    for shape in shapes {
        let mut held_out = vec![0.0; labels.len()];
        let mut rest = Vec::with_capacity(labels.len());
        for fold in 0..count {
            rest.clear();
            rest.extend(
                points
                    .iter()
                    .zip(&folds)
                    .filter(|(_, f)| **f != fold)
                    .map(|(p, _)| *p),
            );
            let map = fit(shape, &rest);
            for (at, point) in points
                .iter()
                .enumerate()
                .filter(|(at, _)| folds[*at] == fold)
            {
                held_out[at] = map.apply(point.score);
            }
        }
        let log_loss = log_loss(labels, &held_out);
        losses.push(Loss { shape, log_loss });
        if best.as_ref().is_none_or(|(least, ..)| log_loss < *least) {
            best = Some((log_loss, shape, held_out));
        }
    }
    let (_, shape, held_out) = best.expect("identity is always tried");
    Chosen {
        map: fit(shape, &points),
        losses,
        held_out,
    }
}

/// The weighted mean of `-ln` of the probability given to each verdict.
fn log_loss(labels: &[Label], predictions: &[f64]) -> f64 {
    let (mut sum, mut total) = (0.0, 0.0);
    for (label, p) in labels.iter().zip(predictions) {
        let p = p.clamp(EDGE, 1.0 - EDGE);
        sum -= label.weight * libm::log(if label.human { p } else { 1.0 - p });
        total += label.weight;
    }
    sum / total
}

/// Each label's fold.
fn folds(labels: &[Label], seed: u64) -> Vec<usize> {
    let (of, count) = groups(labels);
    let mut sums = vec![(0.0_f64, 0.0_f64); count];
    for (label, group) in labels.iter().zip(&of) {
        sums[*group].0 += label.truth();
        sums[*group].1 += 1.0;
    }
    let mut order: Vec<usize> = (0..count).collect();
    let mut rng = generator(seed, 0);
    for at in (1..count).rev() {
        order.swap(at, below(&mut rng, at + 1));
    }
    // Dealt out in order of their verdicts, each fold gets its share of passes.
    order.sort_by(|a, b| (sums[*a].0 / sums[*a].1).total_cmp(&(sums[*b].0 / sums[*b].1)));
    let mut fold_of = vec![0; count];
    for (at, group) in order.into_iter().enumerate() {
        fold_of[group] = at % FOLDS.min(count);
    }
    of.into_iter().map(|group| fold_of[group]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_one_group_share_a_fold_and_passes_are_spread() {
        let labels: Vec<Label> = (0..100)
            .map(|i| Label::new(0.5, i % 10 < 2).of_group(format!("case {}", i / 2)))
            .collect();
        let folds = folds(&labels, 3);
        assert!(folds.chunks(2).all(|pair| pair[0] == pair[1]));
        for fold in 0..10 {
            let of: Vec<&Label> = labels
                .iter()
                .zip(&folds)
                .filter(|(_, f)| **f == fold)
                .map(|(l, _)| l)
                .collect();
            assert_eq!(of.len(), 10);
            assert_eq!(
                of.iter().filter(|label| label.human).count(),
                2,
                "fold {fold}"
            );
        }
    }

    #[test]
    fn a_judge_that_is_right_keeps_its_scores_and_a_harsh_one_does_not() {
        let labels = |shift: f64| -> Vec<Label> {
            (0..600)
                .map(|i| {
                    let p = (f64::from(i) * 0.618_033_988_749_895).fract();
                    let u = (f64::from(i) * 0.754_877_666_246_693).fract();
                    Label::new(p.powf(shift), u < p)
                })
                .collect()
        };
        let right = choose(&labels(1.0), 1);
        assert_eq!(right.map.shape(), Shape::Identity, "{:?}", right.losses);
        let harsh = choose(&labels(3.0), 1);
        assert_ne!(harsh.map.shape(), Shape::Identity, "{:?}", harsh.losses);
        assert_eq!(
            harsh.losses.len(),
            3,
            "isotonic is not tried below 1,000 labels"
        );
    }
}
