//! The paired permutation test: were the two bots alike, each difference could as well have had the
//! other sign.
//!
//! The statistic is the mean difference. Up to 24 differences that are not 0, every flip is
//! counted: the p-value is exact. Up to 50,000, 10,000 random flips are drawn and the observed one
//! is counted with them, `p = (1 + extreme) / (1 + draws)`, so that p is never 0 and the test never
//! too bold. Above that, the flips' distribution is taken as normal with variance Σd²; its error is
//! at most `0.56 Σ|d|³ / (Σd²)^1.5` (Berry-Esseen), below 0.003 unless few cases carry all.
//!
//! Sources: Fisher 1935, "The design of experiments", 21; Phipson & Smyth 2010, "Permutation
//! P-values should never be zero" (<https://doi.org/10.2202/1544-6115.1585>).

use std::collections::BTreeMap;

use rand_chacha::rand_core::Rng;

use super::sampling::generator;
use super::special::{normal_cdf, normal_two_sided};
use super::{Result, Side, Test, TestResult, check, same_length};

const EXACT_UP_TO: usize = 24;
const DRAWN_UP_TO: usize = 50_000;
const DRAWS: usize = 10_000;

/// The sign-flip test of a mean difference of 0. The p-value depends neither on the order of the
/// differences nor, two-sided, on their common sign. Nothing but zeros gives p = 1.
///
/// ```
/// use botsmith_eval::stats::{Side, Test, sign_flip};
/// let test = sign_flip(&[0.1, 0.3, 0.2, 0.4, 0.0], Side::TwoSided, 7)?;
/// assert_eq!((test.test, test.p), (Test::SignFlipExact, 2.0 / 16.0));
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// No differences, or one that is not finite.
pub fn sign_flip(differences: &[f64], side: Side, seed: u64) -> Result<TestResult> {
    check("sign-flip test", differences, 1)?;
    Ok(flip(differences.to_vec(), differences.len(), side, seed))
}

/// The sign-flip test where differences come in groups (repeats of a case, turns of a
/// conversation): all differences of a group flip together.
///
/// ```
/// use botsmith_eval::stats::{Side, sign_flip_grouped};
/// let differences = [0.1, 0.3, 0.2, 0.4, 0.3, 0.2];
/// let test = sign_flip_grouped(&differences, &["a", "a", "a", "b", "b", "b"], Side::TwoSided, 7)?;
/// assert_eq!(test.p, 0.5, "two groups cannot show more");
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// As [`sign_flip`], or not as many groups as differences.
pub fn sign_flip_grouped<G: Ord>(
    differences: &[f64],
    groups: &[G],
    side: Side,
    seed: u64,
) -> Result<TestResult> {
    check("sign-flip test", differences, 1)?;
    same_length(
        "sign-flip test",
        ("differences", differences.len()),
        ("groups", groups.len()),
    )?;
    let mut sums: BTreeMap<&G, f64> = BTreeMap::new();
    for (difference, group) in differences.iter().zip(groups) {
        *sums.entry(group).or_default() += difference;
    }
    Ok(flip(
        sums.into_values().collect(),
        differences.len(),
        side,
        seed,
    ))
}

/// Tests the sum of `units`, each of which flips as one; `n` is what the mean divides by.
fn flip(mut units: Vec<f64>, n: usize, side: Side, seed: u64) -> TestResult {
    units.retain(|&unit| unit != 0.0);
    // A fixed order by size: neither the order of the cases nor their signs reach the draws.
    units.sort_unstable_by(|x, y| x.abs().total_cmp(&y.abs()).then(x.total_cmp(y)));
    let observed: f64 = units.iter().sum();
    let mut sizes = units;
    for unit in &mut sizes {
        *unit = unit.abs();
    }
    // Flips that tie with the observed sum count, also where rounding put them just below.
    let slack = 1e-12 * sizes.iter().sum::<f64>();
    let towards = match side {
        Side::TwoSided => observed.abs(),
        Side::Greater => observed,
        Side::Less => -observed,
    };
    let threshold = towards - slack;
    let both = side == Side::TwoSided;
    let (test, p) = if sizes.len() <= EXACT_UP_TO {
        (Test::SignFlipExact, exact(&sizes, threshold, both))
    } else if sizes.len() <= DRAWN_UP_TO {
        (Test::SignFlip, drawn(&sizes, threshold, both, seed))
    } else {
        (Test::SignFlipNormal, normal(&sizes, observed, side))
    };
    TestResult {
        test,
        statistic: observed / n as f64,
        p: p.min(1.0),
        n,
    }
}

/// All sums of `±sizes`; sum number `mask` has a plus where `mask` has a bit.
fn signed_sums(sizes: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0];
    for size in sizes {
        let minus: Vec<f64> = sums.iter().map(|sum| sum - size).collect();
        for sum in &mut sums {
            *sum += size;
        }
        sums.splice(0..0, minus);
    }
    sums
}

/// Meets in the middle: two halves of at most 2^12 sums instead of 2^24 together.
fn exact(sizes: &[f64], threshold: f64, both: bool) -> f64 {
    if both && threshold <= 0.0 {
        return 1.0;
    }
    let (left, right) = sizes.split_at(sizes.len() / 2);
    let (mut left, mut right) = (signed_sums(left), signed_sums(right));
    left.sort_unstable_by(f64::total_cmp);
    right.sort_unstable_by(|x, y| y.total_cmp(x));
    // As the right sum falls, the first left sum that reaches the threshold moves up.
    let (mut first, mut extreme) = (0, 0_u64);
    for sum in &right {
        while first < left.len() && left[first] + sum < threshold {
            first += 1;
        }
        extreme += (left.len() - first) as u64;
    }
    let share = extreme as f64 / (left.len() * right.len()) as f64;
    if both { 2.0 * share } else { share }
}

/// Random flips, eight at a time: one random byte looks up the sum of eight signed sizes.
fn drawn(sizes: &[f64], threshold: f64, both: bool, seed: u64) -> f64 {
    let mut rng = generator(seed, 1);
    let mut sums = vec![0.0_f64; DRAWS];
    let mut bytes = vec![0_u8; DRAWS];
    for block in sizes.chunks(8) {
        let table = signed_sums(block);
        let mask = table.len() - 1;
        rng.fill_bytes(&mut bytes);
        for (sum, &byte) in sums.iter_mut().zip(&bytes) {
            *sum += table[usize::from(byte) & mask];
        }
    }
    let extreme = sums
        .iter()
        .filter(|&&sum| (if both { sum.abs() } else { sum }) >= threshold)
        .count();
    (1 + extreme) as f64 / (1 + DRAWS) as f64
}

fn normal(sizes: &[f64], observed: f64, side: Side) -> f64 {
    let spread = sizes.iter().map(|size| size * size).sum::<f64>().sqrt();
    let z = observed / spread;
    match side {
        Side::TwoSided => normal_two_sided(z),
        Side::Greater => normal_cdf(-z),
        Side::Less => normal_cdf(z),
    }
}
