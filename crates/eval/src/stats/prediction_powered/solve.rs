//! The estimate itself: λ, value, standard error and degrees of freedom, over groups.
//!
//! Each case's influence is `A + λ B`, linear in λ, so the λ with the least variance is a ratio of sums:
//! with weights w = 1/chance scaled to mean 1 over all cases (0 where there is no label),
//! `A = w (human - weighted mean)` and `B = (judge - mean) - w (judge - weighted mean of the labelled)`.

use std::collections::BTreeMap;

use super::super::{Result, fail};
use super::Judged;

/// What is known of the scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bounds {
    /// Nothing.
    None,
    /// All scores are in `[0, 1]`.
    Unit,
    /// Differences of such scores.
    Difference,
}

/// What comes of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Solved {
    pub(super) value: f64,
    pub(super) error: f64,
    pub(super) lambda: f64,
    pub(super) df: f64,
    /// As how many equally weighted groups the labels count.
    pub(super) effective: f64,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    a: f64,
    b: f64,
    weight: f64,
    labels: usize,
}

/// The estimate with the λ given, or with the best one.
pub(super) fn solve<G: Ord>(
    name: &'static str,
    cases: &[Judged],
    groups: &[G],
    lambda: Option<f64>,
    bounds: Bounds,
) -> Result<Solved> {
    let n = cases.len() as f64;
    let labelled = || cases.iter().filter_map(|case| Some((case, case.human?)));
    let total: f64 = labelled().map(|(case, _)| 1.0 / case.inclusion).sum();
    let mean_of = |value: fn(&Judged, f64) -> f64| {
        labelled()
            .map(|(case, human)| value(case, human) / case.inclusion)
            .sum::<f64>()
            / total
    };
    let human = mean_of(|_, human| human);
    let judge_labelled = mean_of(|case, _| case.judge);
    let judge_all = cases.iter().map(|case| case.judge).sum::<f64>() / n;
    let mut sums: BTreeMap<&G, Sums> = BTreeMap::new();
    let mut label_squares = 0.0;
    for (case, group) in cases.iter().zip(groups) {
        let sum = sums.entry(group).or_default();
        sum.b += case.judge - judge_all;
        if let Some(label) = case.human {
            let weight = n / total / case.inclusion;
            sum.a += weight * (label - human);
            sum.b -= weight * (case.judge - judge_labelled);
            sum.weight += weight;
            label_squares += weight * weight;
            sum.labels += 1;
        }
    }
    let mut with_labels = 0_usize;
    let (mut aa, mut ab, mut bb, mut weights, mut squares) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for sum in sums.values() {
        with_labels += usize::from(sum.labels > 0);
        aa += sum.a * sum.a;
        ab += sum.a * sum.b;
        bb += sum.b * sum.b;
        weights += sum.weight;
        squares += sum.weight * sum.weight;
    }
    let effective = weights * weights / squares;
    if with_labels < 3 || effective < 2.5 {
        return fail(
            name,
            format!(
                "the labels are in {with_labels} groups, which count as {effective:.1}; at least 3 are needed"
            ),
        );
    }
    let tuned = lambda.is_none();
    // A judge whose scores do not vary has nothing to add.
    let lambda = lambda.unwrap_or(if bb > 1e-12 * n { -ab / bb } else { 0.0 });
    let variance = (aa + 2.0 * lambda * ab + lambda * lambda * bb).max(0.0);
    // Few labels may show no disagreement where there is some: two more labels are assumed on which judge
    // and people differ by all that they can, at the labels' mean weight.
    let assumed = match bounds {
        Bounds::None => 0.0,
        Bounds::Unit => 2.0 * lambda * lambda,
        Bounds::Difference => (2.0 * lambda * lambda).max(1.0),
    };
    let scale = label_squares / weights;
    let variance = variance + assumed * scale * scale;
    // The mean, and λ where it was tuned, are fitted to the labels.
    let fitted = if tuned { 2.0 } else { 1.0 };
    let factor = effective / (effective - fitted).max(0.5);
    Ok(Solved {
        value: human + lambda * (judge_all - judge_labelled),
        error: (variance * factor).sqrt() / n,
        lambda,
        df: (effective - fitted).max(1.0),
        effective,
    })
}
