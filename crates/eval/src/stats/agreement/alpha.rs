//! Krippendorff's alpha: ratings -> 1 - observed / expected disagreement, and its bootstrap interval.
//!
//! Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability"
//! (<https://repository.upenn.edu/asc_papers/43/>). 1: all agree; 0: as often as by chance; below 0:
//! raters contradict each other. The interval draws units with replacement, since the units are the
//! sample; BCa, with the acceleration from leaving out one unit at a time.

use crate::stats::bootstrap::{acceleration, bca_of, check_draws};
use crate::stats::sampling::{below, generator};
use crate::stats::{Confidence, Interval, Result, fail};

use super::{Level, Ratings, distance};

/// What one unit adds to the table of coincidences.
struct Part {
    /// How often each value was given.
    counts: Vec<(usize, f64)>,
    /// Pairs of different values, with their weight; each once, both directions counted.
    pairs: Vec<(usize, usize, f64)>,
}

fn parts(ratings: &Ratings) -> Vec<Part> {
    ratings
        .units
        .iter()
        .map(|unit| {
            let mut counts: Vec<(usize, f64)> = Vec::new();
            for (_, value) in unit {
                match counts.iter_mut().find(|(known, _)| known == value) {
                    Some((_, count)) => *count += 1.0,
                    None => counts.push((*value, 1.0)),
                }
            }
            let others = unit.len() as f64 - 1.0;
            let mut pairs = Vec::new();
            for (i, (c, n)) in counts.iter().enumerate() {
                for (k, m) in &counts[i + 1..] {
                    pairs.push((*c, *k, 2.0 * n * m / others));
                }
            }
            Part { counts, pairs }
        })
        .collect()
}

/// The table of coincidences: how often each value occurs, and how often two different ones meet.
struct Table<'a> {
    level: Level,
    values: &'a [f64],
    counts: Vec<f64>,
    /// `c * values + k` for `c < k`, both directions together.
    meet: Vec<f64>,
}

impl<'a> Table<'a> {
    fn new(level: Level, values: &'a [f64]) -> Self {
        Self {
            level,
            values,
            counts: vec![0.0; values.len()],
            meet: vec![0.0; values.len() * values.len()],
        }
    }

    fn clear(&mut self) {
        self.counts.fill(0.0);
        self.meet.fill(0.0);
    }

    /// Adds a unit `times` times.
    fn add(&mut self, part: &Part, times: f64) {
        for (value, count) in &part.counts {
            self.counts[*value] += times * count;
        }
        for (c, k, weight) in &part.pairs {
            let (lo, hi) = (c.min(k), c.max(k));
            self.meet[lo * self.values.len() + hi] += times * weight;
        }
    }

    /// `None` where every rating is the same: nothing could have been otherwise.
    fn alpha(&self) -> Option<f64> {
        let (mut observed, mut expected) = (0.0, 0.0);
        for c in 0..self.values.len() {
            for k in c + 1..self.values.len() {
                let together = self.counts[c] * self.counts[k];
                if together > 0.0 {
                    let d = distance(self.level, self.values, &self.counts, c, k);
                    observed += self.meet[c * self.values.len() + k] * d;
                    expected += 2.0 * together * d;
                }
            }
        }
        let n: f64 = self.counts.iter().sum();
        (expected > 0.0).then(|| 1.0 - (n - 1.0) * observed / expected)
    }
}

/// Krippendorff's alpha, at most 1; `None` where no unit has two ratings, or all ratings are equal.
///
/// # Errors
/// A rating below 0 at the ratio level.
pub fn krippendorff_alpha(ratings: &Ratings, level: Level) -> Result<Option<f64>> {
    ratings.check(level)?;
    let mut table = Table::new(level, &ratings.values);
    for part in &parts(ratings) {
        table.add(part, 1.0);
    }
    Ok(table.alpha())
}

/// The interval of alpha, from `draws` resamples of the units.
///
/// A resample in which all ratings are equal counts as full agreement. With fewer than ten units the
/// interval is worth little.
///
/// ```
/// use botsmith_eval::stats::{Confidence, Level, Ratings, alpha_interval};
/// let ana = [1, 2, 3, 3, 2, 1, 4, 1, 2, 5, 3, 2].map(|x| Some(f64::from(x)));
/// let ben = [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 4, 2].map(|x| Some(f64::from(x)));
/// let ratings = Ratings::by_rater(&[ana.to_vec(), ben.to_vec()])?;
/// let interval = alpha_interval(&ratings, Level::Ordinal, Confidence::P95, 2_000, 7)?;
/// assert!(interval.lo() > 0.7 && interval.hi() <= 1.0);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// Fewer than two units with two ratings, equal ratings throughout, no draws, or a rating below 0 at the
/// ratio level.
pub fn alpha_interval(
    ratings: &Ratings,
    level: Level,
    confidence: Confidence,
    draws: usize,
    seed: u64,
) -> Result<Interval> {
    ratings.check(level)?;
    check_draws("alpha interval", draws)?;
    let parts = parts(ratings);
    if parts.len() < 2 {
        return fail(
            "alpha interval",
            format!(
                "needs at least 2 units with two ratings, there are {}",
                parts.len()
            ),
        );
    }
    let mut table = Table::new(level, &ratings.values);
    for part in &parts {
        table.add(part, 1.0);
    }
    let Some(estimate) = table.alpha() else {
        return fail(
            "alpha interval",
            "all ratings are equal, so there is no agreement beyond chance to measure",
        );
    };
    let left_out: Vec<f64> = parts
        .iter()
        .map(|part| {
            table.add(part, -1.0);
            let alpha = table.alpha().unwrap_or(1.0);
            table.add(part, 1.0);
            alpha
        })
        .collect();
    let mut rng = generator(seed, 0);
    let mut times = vec![0.0_f64; parts.len()];
    let mut replicates: Vec<f64> = (0..draws)
        .map(|_| {
            times.fill(0.0);
            for _ in 0..parts.len() {
                times[below(&mut rng, parts.len())] += 1.0;
            }
            table.clear();
            for (part, times) in parts.iter().zip(&times) {
                if *times > 0.0 {
                    table.add(part, *times);
                }
            }
            table.alpha().unwrap_or(1.0)
        })
        .collect();
    replicates.sort_unstable_by(f64::total_cmp);
    bca_of(&replicates, estimate, acceleration(&left_out), confidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Krippendorff 2011: four observers, twelve units, ratings missing.
    fn example() -> Ratings {
        let rows = [
            "1 2 3 3 2 1 4 1 2 . . .",
            "1 2 3 3 2 2 4 1 2 5 . 3",
            ". 3 3 3 2 3 4 2 2 5 1 .",
            "1 2 3 3 2 4 4 1 2 5 1 .",
        ];
        let row = |row: &str| row.split(' ').map(|x| x.parse().ok()).collect();
        Ratings::by_rater(&rows.map(row)).unwrap()
    }

    #[test]
    fn the_four_levels_give_the_values_of_the_paper() {
        for (level, wanted) in [
            (Level::Nominal, 0.743),
            (Level::Ordinal, 0.815),
            (Level::Interval, 0.849),
            (Level::Ratio, 0.797),
        ] {
            let alpha = krippendorff_alpha(&example(), level).unwrap().unwrap();
            assert!((alpha - wanted).abs() < 6e-4, "{level:?}: {alpha}");
        }
    }

    #[test]
    fn the_interval_holds_the_estimate_and_narrows_with_more_units() {
        let few = example();
        let many = {
            let mut all = few.clone();
            for _ in 0..7 {
                all.units.extend(few.units.clone());
            }
            all
        };
        let interval = |r| alpha_interval(r, Level::Nominal, Confidence::P95, 500, 3).unwrap();
        let (wide, narrow) = (interval(&few), interval(&many));
        assert!(wide.contains(0.743) && narrow.contains(0.74));
        assert!(narrow.width() < 0.5 * wide.width(), "{wide} {narrow}");
    }

    #[test]
    fn ratings_that_say_nothing_give_no_alpha() {
        for rows in [
            vec![],
            vec![vec![Some(1.0), None], vec![None, Some(1.0)]],
            vec![vec![Some(2.0); 3], vec![Some(2.0); 3]],
        ] {
            let ratings = Ratings::by_rater(&rows).unwrap();
            assert_eq!(krippendorff_alpha(&ratings, Level::Ordinal).unwrap(), None);
            assert!(alpha_interval(&ratings, Level::Ordinal, Confidence::P95, 10, 1).is_err());
        }
        let below = Ratings::by_rater(&[vec![Some(-1.0)], vec![Some(1.0)]]).unwrap();
        assert!(krippendorff_alpha(&below, Level::Ratio).is_err());
    }
}
