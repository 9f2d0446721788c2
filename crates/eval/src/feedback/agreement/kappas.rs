//! Cohen's, Fleiss' and Randolph's kappa of the labels to a question, with intervals from resampled answers (BCa).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::feedback::Rules;
use crate::feedback::standing::Labels;
use crate::stats::{
    Confidence, Interval, Level, Weights, fleiss_kappa, kappa_of, kappas_of, randolph_kappa,
    units_interval,
};

/// Cohen's kappa over the answers that both of two raters labelled. Intervals are 95 % ones; `None` where there is too
/// little for one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cohen {
    /// How many labels are compared.
    pub n: usize,
    /// Every disagreement alike; `None` where nothing differs.
    pub plain: Option<f64>,
    /// Its interval.
    #[serde(default)]
    pub plain_interval: Option<Interval>,
    /// By distance; only where labels have an order.
    pub linear: Option<f64>,
    /// Its interval.
    #[serde(default)]
    pub linear_interval: Option<Interval>,
    /// By distance squared; only where labels have an order.
    pub quadratic: Option<f64>,
    /// Its interval.
    #[serde(default)]
    pub quadratic_interval: Option<Interval>,
}

/// Kappa of several raters. Intervals are 95 % ones; `None` where there is too little for one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fleiss {
    /// How many labels each answer has.
    pub raters: usize,
    /// How many answers have so many.
    pub n: usize,
    /// Fleiss' kappa; `None` where all labels are equal.
    pub fleiss: Option<f64>,
    /// Its interval.
    #[serde(default)]
    pub fleiss_interval: Option<Interval>,
    /// Randolph's kappa.
    pub randolph: Option<f64>,
    /// Its interval.
    #[serde(default)]
    pub randolph_interval: Option<Interval>,
}

/// The labels of each answer: rater, numbers.
pub(super) type Units<'a> = BTreeMap<usize, Vec<(usize, &'a [f64])>>;

/// Numbers as classes: answers are whole numbers or places in a list.
fn class(x: f64) -> i64 {
    x.round() as i64
}

fn classes<'a>(numbers: impl Iterator<Item = &'a f64>) -> Vec<i64> {
    let mut classes: Vec<i64> = numbers.map(|x| class(*x)).collect();
    classes.sort_unstable();
    classes.dedup();
    classes
}

pub(super) fn cohen(
    labels: &Labels,
    units: &Units<'_>,
    rules: &Rules,
    seed: u64,
) -> Result<Option<Cohen>> {
    if labels.raters.len() != 2 {
        return Ok(None);
    }
    let both: Vec<(&[f64], &[f64])> = units
        .values()
        .filter_map(|unit| {
            let of = |rater| unit.iter().find(|(r, _)| *r == rater).map(|(_, x)| *x);
            Some((of(0)?, of(1)?))
        })
        .collect();
    let n: usize = both.iter().map(|(a, _)| a.len()).sum();
    if n == 0 {
        return Ok(None);
    }
    let classes = classes(both.iter().flat_map(|(a, b)| a.iter().chain(*b)));
    let place = |x: f64| classes.binary_search(&class(x)).expect("it is among them");
    let k = classes.len();
    // The cells of the table that each answer counts in.
    let cells: Vec<Vec<usize>> = both
        .iter()
        .map(|(a, b)| {
            a.iter()
                .zip(*b)
                .map(|(a, b)| place(*a) * k + place(*b))
                .collect()
        })
        .collect();
    let of = |weights: Weights| {
        let kappa = |times: &[f64]| {
            let mut counts = vec![0.0; k * k];
            for (cells, times) in cells.iter().zip(times) {
                for cell in cells {
                    counts[*cell] += times;
                }
            }
            kappa_of(&counts, k, weights)
        };
        let value = kappa(&vec![1.0; cells.len()]);
        let interval = units_interval(cells.len(), kappa, Confidence::P95, rules.draws, seed)?;
        Ok::<_, crate::Error>((value, interval))
    };
    let ordered = |weights| match labels.level {
        Level::Nominal => Ok((None, None)),
        _ => of(weights),
    };
    let (plain, plain_interval) = of(Weights::None)?;
    let (linear, linear_interval) = ordered(Weights::Linear)?;
    let (quadratic, quadratic_interval) = ordered(Weights::Quadratic)?;
    Ok(Some(Cohen {
        n,
        plain,
        plain_interval,
        linear,
        linear_interval,
        quadratic,
        quadratic_interval,
    }))
}

pub(super) fn fleiss(
    labels: &Labels,
    units: &Units<'_>,
    rules: &Rules,
    seed: u64,
) -> Result<Option<Fleiss>> {
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    for unit in units.values().filter(|unit| unit.len() >= 2) {
        *sizes.entry(unit.len()).or_default() += 1;
    }
    let most = sizes.into_iter().max_by_key(|(size, n)| (*n, *size));
    let Some((raters, n)) = most else {
        return Ok(None);
    };
    let classes = classes(labels.first.iter().flat_map(|(_, _, numbers)| numbers));
    let mut table = Vec::new();
    for unit in units.values().filter(|unit| unit.len() == raters) {
        for i in 0..labels.width {
            let mut row = vec![0; classes.len()];
            for (_, numbers) in unit {
                let at = numbers.get(i).map(|x| classes.binary_search(&class(*x)));
                if let Some(Ok(at)) = at {
                    row[at] += 1;
                }
            }
            table.push(row);
        }
    }
    // Rows of one answer are drawn together.
    let resampled = |times: &[f64]| {
        let rows = times
            .iter()
            .flat_map(|t| std::iter::repeat_n(*t, labels.width));
        kappas_of(&table, &rows.collect::<Vec<_>>())
    };
    let interval = |kappa: &dyn Fn(&[f64]) -> Option<f64>| {
        units_interval(n, kappa, Confidence::P95, rules.draws, seed)
    };
    Ok(Some(Fleiss {
        raters,
        n,
        fleiss: fleiss_kappa(&table)?,
        fleiss_interval: interval(&|times| resampled(times).0)?,
        randolph: randolph_kappa(&table)?,
        randolph_interval: interval(&|times| resampled(times).1)?,
    }))
}
