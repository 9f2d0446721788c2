//! The interval of a number about units that raters labelled, by drawing units with replacement: how often each unit
//! counts in, the number out -> its BCa interval.

use crate::stats::bootstrap::{acceleration, bca_of, check_draws};
use crate::stats::sampling::{below, generator};
use crate::stats::{Confidence, Interval, Result};

/// The interval of `statistic`, which is told how often each of `units` counts. Where a resample leaves it open, since
/// all its labels are equal, it counts as full agreement, as in [`alpha_interval`](super::alpha_interval).
///
/// `None` with fewer than two units, or where the statistic of all of them is open.
///
/// # Errors
/// No draws.
pub(crate) fn units_interval(
    units: usize,
    statistic: impl Fn(&[f64]) -> Option<f64>,
    confidence: Confidence,
    draws: usize,
    seed: u64,
) -> Result<Option<Interval>> {
    check_draws("agreement interval", draws)?;
    let mut times = vec![1.0; units];
    let Some(estimate) = statistic(&times).filter(|_| units > 1) else {
        return Ok(None);
    };
    let left_out: Vec<f64> = (0..units)
        .map(|out| {
            times[out] = 0.0;
            let value = statistic(&times).unwrap_or(1.0);
            times[out] = 1.0;
            value
        })
        .collect();
    let mut rng = generator(seed, 0);
    let mut replicates: Vec<f64> = (0..draws)
        .map(|_| {
            times.fill(0.0);
            for _ in 0..units {
                times[below(&mut rng, units)] += 1.0;
            }
            statistic(&times).unwrap_or(1.0)
        })
        .collect();
    replicates.sort_unstable_by(f64::total_cmp);
    bca_of(&replicates, estimate, acceleration(&left_out), confidence).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::mean_bca;

    #[test]
    fn of_a_mean_it_is_the_interval_that_means_have() {
        let values: Vec<f64> = (0..60).map(|i| f64::from(u8::from(i % 3 > 0))).collect();
        let mean = |times: &[f64]| {
            let sum: f64 = values.iter().zip(times).map(|(x, t)| x * t).sum();
            Some(sum / times.iter().sum::<f64>())
        };
        let found = units_interval(60, mean, Confidence::P95, 4_000, 3).unwrap();
        let wanted = mean_bca(&values, Confidence::P95, 4_000, 3).unwrap();
        let found = found.unwrap();
        assert!((found.lo() - wanted.lo()).abs() < 0.02, "{found} {wanted}");
        assert!((found.hi() - wanted.hi()).abs() < 0.02, "{found} {wanted}");
    }

    #[test]
    fn too_few_units_and_numbers_that_are_open_have_none() {
        let of = |units, value| units_interval(units, |_| value, Confidence::P95, 50, 1).unwrap();
        assert_eq!(of(1, Some(0.5)), None);
        assert_eq!(of(5, None), None);
        assert_eq!(of(5, Some(0.5)).unwrap().width(), 0.0);
    }
}
