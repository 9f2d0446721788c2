//! Bootstrap intervals: percentile and BCa, over any statistic and, much faster, over the mean.
//!
//! BCa (bias-corrected and accelerated) is second-order accurate: on skewed data it moves both ends
//! the right way where the percentile interval does not. Efron 1987, "Better bootstrap confidence
//! intervals" (<https://doi.org/10.1080/01621459.1987.10478410>). Its closed form for smooth
//! statistics is ABC: DiCiccio & Efron 1992 (<https://doi.org/10.1093/biomet/79.2.231>).
//!
//! Values are sorted before they are drawn from, so the order of the cases does not matter.
//! When all values are equal, the interval is that one point: the bootstrap knows no more than the
//! sample shows. For passes and failures use [`wilson`](super::wilson), which does know more.

use rand_chacha::ChaCha8Rng;

use super::mean::{central_sums, mean_of};
use super::sampling::{generator, resample, resample_sum, resample_table_sum, tabulate};
use super::special::{normal_cdf, normal_quantile};
use super::{Confidence, Interval, Result, check, fail};

/// How many resamples the defaults draw.
pub const DRAWS: usize = 2_000;

/// A binomial draw costs about as much as so many picks; decides how to resample.
pub(super) const PICKS_PER_BINOMIAL: usize = 24;

/// Values ready to be drawn from.
enum Pool {
    Sorted(Vec<f64>),
    Table(Vec<(f64, u64)>),
}

impl Pool {
    fn new(values: &[f64]) -> Self {
        // -0 and 0 are one value.
        let mut values: Vec<f64> = values.iter().map(|value| value + 0.0).collect();
        if let Some(table) = tabulate(&values, values.len() / PICKS_PER_BINOMIAL) {
            return Self::Table(table);
        }
        values.sort_unstable_by(f64::total_cmp);
        Self::Sorted(values)
    }

    fn mean_of_resample(&self, rng: &mut ChaCha8Rng, n: usize) -> f64 {
        let sum = match self {
            Self::Sorted(values) => resample_sum(rng, values),
            Self::Table(table) => resample_table_sum(rng, table, n as u64),
        };
        sum / n as f64
    }
}

/// Means of `draws` resamples, ascending.
fn resampled_means(values: &[f64], draws: usize, seed: u64) -> Vec<f64> {
    let mut rng = generator(seed, 0);
    let pool = Pool::new(values);
    let mut means: Vec<f64> = (0..draws)
        .map(|_| pool.mean_of_resample(&mut rng, values.len()))
        .collect();
    means.sort_unstable_by(f64::total_cmp);
    means
}

/// The statistic of `draws` resamples, ascending.
fn resampled(
    name: &'static str,
    values: &[f64],
    statistic: impl Fn(&[f64]) -> f64,
    draws: usize,
    seed: u64,
) -> Result<Vec<f64>> {
    let mut rng = generator(seed, 0);
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    let mut sample = values.clone();
    let mut replicates: Vec<f64> = (0..draws)
        .map(|_| {
            resample(&mut rng, &values, &mut sample);
            statistic(&sample)
        })
        .collect();
    if replicates.iter().any(|replicate| !replicate.is_finite()) {
        return fail(name, "the statistic of a resample is not a finite number");
    }
    replicates.sort_unstable_by(f64::total_cmp);
    Ok(replicates)
}

pub(super) fn check_draws(name: &'static str, draws: usize) -> Result<()> {
    if draws == 0 {
        return fail(name, "draws is 0; it has to be at least 1");
    }
    Ok(())
}

/// The quantile of ascending values, between neighbours by straight lines.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let below = at.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let (lo, hi) = (sorted[below], sorted[above]);
    (lo + (hi - lo) * (at - below as f64)).clamp(lo, hi)
}

pub(super) fn percentile_of(replicates: &[f64], confidence: Confidence) -> Result<Interval> {
    let tail = confidence.alpha() / 2.0;
    Interval::new(quantile(replicates, tail), quantile(replicates, 1.0 - tail))
}

/// The BCa interval from ascending replicates, the estimate and the acceleration.
pub(super) fn bca_of(
    replicates: &[f64],
    estimate: f64,
    acceleration: f64,
    confidence: Confidence,
) -> Result<Interval> {
    let draws = replicates.len();
    let below = replicates.partition_point(|&r| r < estimate);
    let up_to = replicates.partition_point(|&r| r <= estimate);
    // Ties count half. The share is kept off 0 and 1, whose quantiles are infinite.
    let share = (below + up_to) as f64 / (2 * draws) as f64;
    let edge = 0.5 / draws as f64;
    let bias = normal_quantile(share.clamp(edge, 1.0 - edge));
    let z = confidence.z();
    let level = |z: f64| {
        let w = bias + z;
        let shrink = 1.0 - acceleration * w;
        // Past the pole the formula turns round; its limit is the end of the distribution.
        if shrink <= 0.0 {
            f64::from(u8::from(w > 0.0))
        } else {
            normal_cdf(bias + w / shrink)
        }
    };
    let (lo, hi) = (
        quantile(replicates, level(-z)),
        quantile(replicates, level(z)),
    );
    Interval::new(lo.min(hi), lo.max(hi))
}

/// The percentile interval of the mean, from `draws` resamples.
///
/// Cost: `draws * n` picks, or, where a value repeats often, one binomial draw for each different
/// value instead; a million zeros and ones cost no more than fifty.
///
/// ```
/// use botsmith_eval::stats::{Confidence, mean_percentile};
/// let values = [0.0, 0.5, 0.5, 1.0, 1.0, 1.0, 0.25, 0.75];
/// let interval = mean_percentile(&values, Confidence::P95, 2_000, 7)?;
/// assert!(interval.contains(0.625));
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// Fewer than two values, one that is not finite, or no draws.
pub fn mean_percentile(
    values: &[f64],
    confidence: Confidence,
    draws: usize,
    seed: u64,
) -> Result<Interval> {
    check("percentile interval", values, 2)?;
    check_draws("percentile interval", draws)?;
    percentile_of(&resampled_means(values, draws, seed), confidence)
}

/// The BCa interval of the mean, from `draws` resamples.
///
/// The jackknife of a mean has a closed form, so the acceleration costs O(n):
/// `a = Σ(x - x̄)³ / (6 (Σ(x - x̄)²)^1.5)`. Resampling costs as in [`mean_percentile`].
///
/// ```
/// use botsmith_eval::stats::{Confidence, mean_bca};
/// let values = [0.1, 0.9, 0.4, 0.6, 1.0, 0.8, 0.95, 0.7];
/// let interval = mean_bca(&values, Confidence::P95, 2_000, 7)?;
/// assert_eq!(interval, mean_bca(&values, Confidence::P95, 2_000, 7)?, "same seed, same bytes");
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// As [`mean_percentile`].
pub fn mean_bca(
    values: &[f64],
    confidence: Confidence,
    draws: usize,
    seed: u64,
) -> Result<Interval> {
    check("bca interval", values, 2)?;
    check_draws("bca interval", draws)?;
    let mean = mean_of(values);
    let (square, cube) = central_sums(values, mean);
    if square == 0.0 {
        return Ok(Interval::point(mean));
    }
    let acceleration = cube / (6.0 * square * square.sqrt());
    bca_of(
        &resampled_means(values, draws, seed),
        mean,
        acceleration,
        confidence,
    )
}

/// The ABC interval of the mean: BCa without resampling, O(n), no seed.
///
/// For the mean, which is linear, ABC's bias term is the acceleration `a` itself and its quadratic
/// term vanishes: each end is `x̄ + s w / (1 - a w)²` with `w = a ± z`, `s² = Σ(x - x̄)² / n²`. The
/// ends are kept between the least and the largest value.
///
/// ```
/// use botsmith_eval::stats::{Confidence, mean_abc};
/// let values: Vec<f64> = (0..10_000).map(|i| f64::from(i % 100) / 100.0).collect();
/// let interval = mean_abc(&values, Confidence::P95)?;
/// assert_eq!(format!("{interval:.4}"), "[0.4893, 0.5007]");
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// Fewer than two values, or one that is not finite.
pub fn mean_abc(values: &[f64], confidence: Confidence) -> Result<Interval> {
    check("abc interval", values, 2)?;
    let mean = mean_of(values);
    let (square, cube) = central_sums(values, mean);
    if square == 0.0 {
        return Ok(Interval::point(mean));
    }
    let a = cube / (6.0 * square * square.sqrt());
    let spread = square.sqrt() / values.len() as f64;
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for &value in values {
        least = least.min(value);
        most = most.max(value);
    }
    let end = |z: f64| {
        let w = a + z;
        let shrink = 1.0 - a * w;
        let pole = if w > 0.0 { most } else { least };
        let end = if shrink <= 0.0 {
            pole
        } else {
            mean + spread * w / (shrink * shrink)
        };
        end.clamp(least, most)
    };
    let z = confidence.z();
    Interval::new(end(-z), end(z))
}

/// The percentile interval of any statistic, from `draws` resamples.
///
/// ```
/// use botsmith_eval::stats::{Confidence, percentile};
/// let longest = |sample: &[f64]| sample.iter().copied().fold(0.0, f64::max);
/// let interval = percentile(&[1.0, 4.0, 2.0, 9.0], longest, Confidence::P95, 500, 1)?;
/// assert_eq!(interval.hi(), 9.0);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// As [`mean_percentile`], or a resample whose statistic is not finite.
pub fn percentile(
    values: &[f64],
    statistic: impl Fn(&[f64]) -> f64,
    confidence: Confidence,
    draws: usize,
    seed: u64,
) -> Result<Interval> {
    check("percentile interval", values, 2)?;
    check_draws("percentile interval", draws)?;
    let replicates = resampled("percentile interval", values, statistic, draws, seed)?;
    percentile_of(&replicates, confidence)
}

/// The BCa interval of any statistic, from `draws` resamples and n jackknife samples.
///
/// The statistic is called `draws + n + 1` times on n or n - 1 values, in ascending order or in the
/// order drawn: it must not depend on order.
///
/// ```
/// use botsmith_eval::stats::{Confidence, bca};
/// let spread = |sample: &[f64]| {
///     let mean = sample.iter().sum::<f64>() / sample.len() as f64;
///     sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / sample.len() as f64
/// };
/// let interval = bca(&[1.0, 4.0, 2.0, 9.0, 3.0], spread, Confidence::P95, 500, 1)?;
/// assert!(interval.lo() > 0.0);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// As [`percentile`], or a jackknife sample whose statistic is not finite.
pub fn bca(
    values: &[f64],
    statistic: impl Fn(&[f64]) -> f64,
    confidence: Confidence,
    draws: usize,
    seed: u64,
) -> Result<Interval> {
    check("bca interval", values, 2)?;
    check_draws("bca interval", draws)?;
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let estimate = statistic(&sorted);
    let mut left_out = Vec::with_capacity(sorted.len());
    let jackknife: Vec<f64> = (0..sorted.len())
        .map(|out| {
            left_out.clear();
            left_out.extend_from_slice(&sorted[..out]);
            left_out.extend_from_slice(&sorted[out + 1..]);
            statistic(&left_out)
        })
        .collect();
    if !estimate.is_finite() || jackknife.iter().any(|value| !value.is_finite()) {
        return fail(
            "bca interval",
            "the statistic of a jackknife sample is not a finite number",
        );
    }
    let replicates = resampled("bca interval", &sorted, statistic, draws, seed)?;
    bca_of(&replicates, estimate, acceleration(&jackknife), confidence)
}

/// The acceleration from the statistic of each sample that leaves one value out.
pub(super) fn acceleration(jackknife: &[f64]) -> f64 {
    let (square, cube) = central_sums(jackknife, mean_of(jackknife));
    // Leaving a high value out lowers the statistic, so the skewness changes its sign.
    if square == 0.0 {
        0.0
    } else {
        -cube / (6.0 * square * square.sqrt())
    }
}
