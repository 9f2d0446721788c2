//! How much raters agree: ratings of several raters -> raw agreement, Krippendorff's alpha with its
//! interval, and each rater against the others.
//!
//! Not every rater need rate every unit. Units with fewer than two ratings say nothing about agreement
//! and are left out. Two raters with all units: [`Confusion::kappa`](super::Confusion::kappa); tables of
//! counts: [`fleiss_kappa`] and [`randolph_kappa`]. What a low value means for the loop is decided
//! elsewhere ([`feedback`](crate::feedback)).

mod alpha;
mod fleiss;
mod raters;
mod resample;

use super::{Confidence, Interval, Result, fail, mean_bca};

pub use alpha::{alpha_interval, krippendorff_alpha};
pub(crate) use fleiss::kappas_of;
pub use fleiss::{fleiss_kappa, randolph_kappa};
pub use raters::{RaterAgreement, rater_agreement};
pub(crate) use resample::units_interval;

/// Ratings may have this many different values; more is a measurement, not a rating.
const MOST_VALUES: usize = 256;

/// What the distance between two ratings means.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Equal or not: labels.
    #[default]
    Nominal,
    /// Ranks: how many ratings lie between.
    Ordinal,
    /// The difference, squared.
    Interval,
    /// The difference as a share of the sum, squared: for amounts from 0 up.
    Ratio,
}

/// The ratings of some units by some raters.
///
/// ```
/// use botsmith_eval::stats::{Level, Ratings, krippendorff_alpha};
/// // Two raters, five units, one rating missing.
/// let ratings = Ratings::by_rater(&[
///     vec![Some(1.0), Some(2.0), Some(2.0), Some(1.0), Some(2.0)],
///     vec![Some(1.0), Some(2.0), Some(1.0), Some(1.0), None],
/// ])?;
/// assert_eq!(ratings.shared(), 4);
/// assert_eq!(ratings.raw(), Some(0.75));
/// assert!((krippendorff_alpha(&ratings, Level::Nominal)?.unwrap() - 8.0 / 15.0).abs() < 1e-12);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Ratings {
    /// The different values, ascending.
    values: Vec<f64>,
    /// The units with two ratings or more: (rater, index of the value).
    units: Vec<Vec<(usize, usize)>>,
    raters: usize,
}

impl Ratings {
    /// Ratings as a list a rater, each with one place a unit.
    ///
    /// # Errors
    /// Lists of different lengths, a rating that is no finite number, or more than 256 different ones.
    pub fn by_rater(rows: &[Vec<Option<f64>>]) -> Result<Self> {
        let units = rows.first().map_or(0, Vec::len);
        if let Some(at) = rows.iter().position(|row| row.len() != units) {
            return fail(
                "agreement",
                format!(
                    "rater 1 has {units} units but rater {} has {}",
                    at + 1,
                    rows[at].len()
                ),
            );
        }
        let triples = rows.iter().enumerate().flat_map(|(rater, row)| {
            let given = row.iter().enumerate();
            given.filter_map(move |(unit, value)| value.map(|value| (unit, rater, value)))
        });
        Self::new(triples)
    }

    /// Ratings as (unit, rater, value), units and raters numbered from 0. A rater's later rating of a
    /// unit takes the place of the earlier one.
    ///
    /// # Errors
    /// A rating that is no finite number, or more than 256 different ones.
    pub fn new(given: impl IntoIterator<Item = (usize, usize, f64)>) -> Result<Self> {
        let mut by_unit: std::collections::BTreeMap<usize, std::collections::BTreeMap<usize, f64>> =
            std::collections::BTreeMap::new();
        let mut raters = 0;
        for (unit, rater, value) in given {
            if !value.is_finite() {
                return fail(
                    "agreement",
                    format!(
                        "a rating of unit {} is {value}, not a finite number",
                        unit + 1
                    ),
                );
            }
            raters = raters.max(rater + 1);
            // -0 and 0 are one value.
            by_unit.entry(unit).or_default().insert(rater, value + 0.0);
        }
        by_unit.retain(|_, ratings| ratings.len() >= 2);
        let mut values: Vec<f64> = by_unit.values().flat_map(|r| r.values().copied()).collect();
        values.sort_unstable_by(f64::total_cmp);
        values.dedup();
        if values.len() > MOST_VALUES {
            return fail(
                "agreement",
                format!(
                    "there are {} different ratings, at most {MOST_VALUES} are counted: put them into classes",
                    values.len()
                ),
            );
        }
        let index = |value: f64| values.partition_point(|known| *known < value);
        let units = by_unit
            .into_values()
            .map(|unit| unit.into_iter().map(|(r, v)| (r, index(v))).collect())
            .collect();
        Ok(Self {
            values,
            units,
            raters,
        })
    }

    /// How many units have two ratings or more.
    pub fn shared(&self) -> usize {
        self.units.len()
    }

    /// How many raters there are, those included who share no unit.
    pub fn raters(&self) -> usize {
        self.raters
    }

    /// The share of pairs of ratings of one unit that are equal, in `[0, 1]`: the mean over units.
    /// `None` where no unit has two.
    pub fn raw(&self) -> Option<f64> {
        if self.units.is_empty() {
            return None;
        }
        let shares = self.units.iter().map(|unit| equal_share(unit));
        Some(shares.sum::<f64>() / self.units.len() as f64)
    }

    /// The interval of [`raw`](Self::raw), from `draws` resamples of the units; `None` where fewer than two units
    /// have two ratings.
    ///
    /// ```
    /// use botsmith_eval::stats::{Confidence, Ratings};
    /// let ana = [1, 2, 3, 3, 2, 1, 4, 1, 2, 5, 3, 2].map(|x| Some(f64::from(x)));
    /// let ben = [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 4, 2].map(|x| Some(f64::from(x)));
    /// let ratings = Ratings::by_rater(&[ana.to_vec(), ben.to_vec()])?;
    /// let interval = ratings.raw_interval(Confidence::P95, 2_000, 7)?.unwrap();
    /// assert!(interval.contains(10.0 / 12.0) && interval.hi() < 1.0 + 1e-12);
    /// # Ok::<(), botsmith_eval::Error>(())
    /// ```
    ///
    /// # Errors
    /// No draws.
    pub fn raw_interval(
        &self,
        confidence: Confidence,
        draws: usize,
        seed: u64,
    ) -> Result<Option<Interval>> {
        let shares: Vec<f64> = self.units.iter().map(|unit| equal_share(unit)).collect();
        match shares.len() {
            0 | 1 => Ok(None),
            _ => mean_bca(&shares, confidence, draws, seed).map(Some),
        }
    }

    /// The same without one rater.
    #[must_use]
    pub fn without(&self, rater: usize) -> Self {
        let kept = |unit: &Vec<(usize, usize)>| -> Vec<_> {
            unit.iter().copied().filter(|(r, _)| *r != rater).collect()
        };
        let mut units: Vec<Vec<(usize, usize)>> = self.units.iter().map(kept).collect();
        units.retain(|unit| unit.len() >= 2);
        Self {
            values: self.values.clone(),
            units,
            raters: self.raters,
        }
    }

    fn check(&self, level: Level) -> Result<()> {
        match self.values.first() {
            Some(least) if level == Level::Ratio && *least < 0.0 => fail(
                "alpha",
                format!("the ratio level wants ratings of 0 or more, there is {least}"),
            ),
            _ => Ok(()),
        }
    }
}

/// The share of pairs of a unit's ratings that are equal.
fn equal_share(unit: &[(usize, usize)]) -> f64 {
    let m = unit.len() as f64;
    let equal = pairs(unit).filter(|((_, a), (_, b))| a == b).count() as f64;
    equal / (m * (m - 1.0) / 2.0)
}

/// Every pair of ratings of a unit, once.
fn pairs(unit: &[(usize, usize)]) -> impl Iterator<Item = ((usize, usize), (usize, usize))> + '_ {
    unit.iter()
        .enumerate()
        .flat_map(|(i, a)| unit[i + 1..].iter().map(move |b| (*a, *b)))
}

/// The squared distance between the values `c` and `k`. `counts`: how often each value was given.
fn distance(level: Level, values: &[f64], counts: &[f64], c: usize, k: usize) -> f64 {
    if c == k {
        return 0.0;
    }
    match level {
        Level::Nominal => 1.0,
        Level::Ordinal => {
            let (lo, hi) = (c.min(k), c.max(k));
            let between: f64 = counts[lo..=hi].iter().sum();
            (between - f64::midpoint(counts[lo], counts[hi])).powi(2)
        }
        Level::Interval => (values[c] - values[k]).powi(2),
        Level::Ratio => ((values[c] - values[k]) / (values[c] + values[k])).powi(2),
    }
}
