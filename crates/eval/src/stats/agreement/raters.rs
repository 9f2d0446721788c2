//! One rater against the others: ratings -> each rater's agreement beyond chance, with its interval.
//!
//! The value is a kappa with the level's distance, over the pairs of a rater's rating with each other
//! rating of the unit: 1 - observed / expected disagreement, expected from how this rater and how the
//! others use the values. So one who always says the same, or answers at random, is at 0, and one who
//! turns every answer round is below. Cohen 1960, 1968, and Krippendorff's weights 1 / (m - 1).

use crate::stats::bootstrap::{check_draws, percentile_of};
use crate::stats::sampling::{below, generator};
use crate::stats::{Confidence, Interval, Result};

use super::{Level, Ratings, distance, krippendorff_alpha};

/// How one rater agrees with the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RaterAgreement {
    /// The rater's number.
    pub rater: usize,
    /// How many units the rater shares with another.
    pub shared: usize,
    /// Agreement beyond chance with the others, at most 1; `None` where nothing is shared or nobody's
    /// rating ever differs.
    pub value: Option<f64>,
    /// Its interval, from resampled units; `None` with fewer than two of them.
    pub interval: Option<Interval>,
    /// Krippendorff's alpha of the others without this rater.
    pub rest: Option<f64>,
}

/// A rater's own value, the others' value, and how much the pair weighs.
type Pair = (usize, usize, f64);

/// Every rater against the others, in the raters' order.
///
/// ```
/// use botsmith_eval::stats::{Confidence, Level, Ratings, rater_agreement};
/// let truth = [1, 2, 1, 1, 2, 2, 1, 2, 1, 2].map(|x| Some(f64::from(x)));
/// let turned = truth.map(|x| x.map(|x| 3.0 - x));
/// let ratings = Ratings::by_rater(&[truth.to_vec(), truth.to_vec(), turned.to_vec()])?;
/// let raters = rater_agreement(&ratings, Level::Nominal, Confidence::P95, 500, 7)?;
/// assert!(raters[2].value.unwrap() < -0.9 && raters[2].rest == Some(1.0));
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// No draws, or a rating below 0 at the ratio level.
pub fn rater_agreement(
    ratings: &Ratings,
    level: Level,
    confidence: Confidence,
    draws: usize,
    seed: u64,
) -> Result<Vec<RaterAgreement>> {
    ratings.check(level)?;
    check_draws("rater agreement", draws)?;
    let mut counts = vec![0.0; ratings.values.len()];
    for (_, value) in ratings.units.iter().flatten() {
        counts[*value] += 1.0;
    }
    let apart: Vec<f64> = (0..counts.len() * counts.len())
        .map(|at| {
            let (c, k) = (at / counts.len(), at % counts.len());
            distance(level, &ratings.values, &counts, c, k)
        })
        .collect();
    (0..ratings.raters)
        .map(|rater| {
            let units = shared(ratings, rater);
            let all = 0..units.len();
            let mut margins = Margins::new(counts.len());
            let value = margins.value(&apart, all.clone().map(|at| &units[at]));
            let interval = match value {
                Some(_) if units.len() >= 2 => {
                    let mut rng = generator(seed, rater as u64 + 1);
                    let mut replicates: Vec<f64> = (0..draws)
                        .map(|_| {
                            let drawn = all.clone().map(|_| &units[below(&mut rng, units.len())]);
                            margins.value(&apart, drawn).unwrap_or(1.0)
                        })
                        .collect();
                    replicates.sort_unstable_by(f64::total_cmp);
                    Some(percentile_of(&replicates, confidence)?)
                }
                _ => None,
            };
            Ok(RaterAgreement {
                rater,
                shared: units.len(),
                value,
                interval,
                rest: krippendorff_alpha(&ratings.without(rater), level)?,
            })
        })
        .collect()
}

/// The pairs of a rater with the others, by unit.
fn shared(ratings: &Ratings, rater: usize) -> Vec<Vec<Pair>> {
    let of_unit = |unit: &Vec<(usize, usize)>| {
        let (_, own) = unit.iter().find(|(r, _)| *r == rater)?;
        let weight = 1.0 / (unit.len() as f64 - 1.0);
        let others = unit.iter().filter(|(r, _)| *r != rater);
        Some(others.map(|(_, value)| (*own, *value, weight)).collect())
    };
    ratings.units.iter().filter_map(of_unit).collect()
}

/// How often the rater, and the others, gave each value.
struct Margins {
    own: Vec<f64>,
    others: Vec<f64>,
}

impl Margins {
    fn new(values: usize) -> Self {
        Self {
            own: vec![0.0; values],
            others: vec![0.0; values],
        }
    }

    /// 1 - observed / expected disagreement over some units.
    fn value<'a>(
        &mut self,
        apart: &[f64],
        units: impl Iterator<Item = &'a Vec<Pair>>,
    ) -> Option<f64> {
        self.own.fill(0.0);
        self.others.fill(0.0);
        let values = self.own.len();
        let (mut observed, mut total) = (0.0, 0.0);
        for (own, other, weight) in units.flatten() {
            self.own[*own] += weight;
            self.others[*other] += weight;
            observed += weight * apart[own * values + other];
            total += weight;
        }
        let mut expected = 0.0;
        for (c, own) in self.own.iter().enumerate().filter(|(_, own)| **own > 0.0) {
            for (k, other) in self.others.iter().enumerate() {
                expected += own * other * apart[c * values + k];
            }
        }
        (expected > 0.0).then(|| 1.0 - observed * total / expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&str]) -> Vec<RaterAgreement> {
        let row = |row: &&str| row.chars().map(|c| c.to_digit(10).map(f64::from)).collect();
        let rows: Vec<Vec<Option<f64>>> = rows.iter().map(row).collect();
        let ratings = Ratings::by_rater(&rows).unwrap();
        rater_agreement(&ratings, Level::Nominal, Confidence::P95, 200, 1).unwrap()
    }

    #[test]
    fn one_who_always_says_the_same_is_no_better_than_chance() {
        let found = of(&["1212112212", "1212112212", "1111111111"]);
        assert_eq!(found[2].value, Some(0.0));
        assert!(found[0].value.unwrap() > 0.3);
    }

    #[test]
    fn two_raters_have_cohen_s_kappa() {
        let (a, b) = ("1122112211", "1122122211");
        let digits = |row: &str| row.chars().collect::<Vec<_>>();
        let kappa = crate::stats::Confusion::new(&digits(a), &digits(b)).unwrap();
        let wanted = kappa.kappa(crate::stats::Weights::None).unwrap();
        for rater in of(&[a, b]) {
            assert!((rater.value.unwrap() - wanted).abs() < 1e-12);
            assert_eq!(rater.rest, None);
        }
    }

    #[test]
    fn one_who_shares_nothing_has_no_value() {
        let found = of(&["12121.", "12122.", ".....1"]);
        assert_eq!((found[2].shared, found[2].value), (0, None));
    }
}
