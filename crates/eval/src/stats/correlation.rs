//! Correlation of two scores over the same cases: Pearson, Spearman, Kendall's tau-b, each with a
//! two-sided p-value.
//!
//! Knight 1966 for tau in O(n log n) (<https://doi.org/10.2307/2282833>); Kendall, "Rank
//! correlation methods", for its exact distribution and its variance with ties.

use serde::{Deserialize, Serialize};

use super::mean::mean_of;
use super::special::{beta_cdf, normal_two_sided, t_two_sided};
use super::wilcoxon::mean_ranks;
use super::{Result, check, fail, same_length};

/// Up to so many values without ties, Kendall's p-value is exact.
const EXACT_UP_TO: usize = 33;

/// A correlation, its two-sided p-value, and of how many pairs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correlation {
    /// The coefficient, in `[-1, 1]`.
    pub value: f64,
    /// The two-sided p-value of no association.
    pub p: f64,
    /// How many pairs.
    pub n: usize,
}

fn check_pairs(statistic: &'static str, a: &[f64], b: &[f64]) -> Result<()> {
    same_length(
        statistic,
        ("first values", a.len()),
        ("second values", b.len()),
    )?;
    check(statistic, a, 3)?;
    check(statistic, b, 3)?;
    for (name, values) in [("first", a), ("second", b)] {
        if values.iter().all(|value| *value == values[0]) {
            return fail(
                statistic,
                format!("all {name} values are equal: nothing can vary with them"),
            );
        }
    }
    Ok(())
}

fn coefficient(a: &[f64], b: &[f64]) -> f64 {
    let (mean_a, mean_b) = (mean_of(a), mean_of(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - mean_a, y - mean_b);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    // One root is exact for a perfect line; two do not overflow.
    let product = aa * bb;
    let below = if product.is_normal() {
        product.sqrt()
    } else {
        aa.sqrt() * bb.sqrt()
    };
    (ab / below).clamp(-1.0, 1.0)
}

/// Pearson's r: how close to a straight line. The p-value takes both scores as normal
/// (`(1 - r²)` has a beta distribution).
///
/// ```
/// use botsmith_eval::stats::pearson;
/// assert_eq!(pearson(&[1.0, 2.0, 3.0, 4.0], &[2.0, 4.0, 6.0, 8.0])?.value, 1.0);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// Lists of different lengths, fewer than 3 pairs, a value that is not finite, or all equal.
pub fn pearson(a: &[f64], b: &[f64]) -> Result<Correlation> {
    check_pairs("pearson correlation", a, b)?;
    let r = coefficient(a, b);
    let n = a.len();
    Ok(Correlation {
        value: r,
        p: beta_cdf(n as f64 / 2.0 - 1.0, 0.5, (1.0 - r) * (1.0 + r)),
        n,
    })
}

/// Spearman's rho: Pearson's r of the ranks, ties at their mean rank; the p-value is that of t with
/// n - 2 degrees of freedom.
///
/// ```
/// use botsmith_eval::stats::spearman;
/// assert_eq!(spearman(&[1.0, 2.0, 3.0, 4.0], &[1.0, 10.0, 11.0, 900.0])?.value, 1.0);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// As [`pearson`].
pub fn spearman(a: &[f64], b: &[f64]) -> Result<Correlation> {
    check_pairs("spearman correlation", a, b)?;
    let rho = coefficient(&mean_ranks(a).0, &mean_ranks(b).0);
    let df = (a.len() - 2) as f64;
    let t = rho * (df / ((1.0 - rho) * (1.0 + rho))).sqrt();
    Ok(Correlation {
        value: rho,
        p: t_two_sided(t, df),
        n: a.len(),
    })
}

/// Sorts `values` and counts the pairs that stood in falling order.
fn sort_counting_inversions(values: &mut [f64]) -> u64 {
    if values.len() < 2 {
        return 0;
    }
    let (left, right) = values.split_at_mut(values.len() / 2);
    let mut inversions = sort_counting_inversions(left) + sort_counting_inversions(right);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut i, mut j) = (0, 0);
    while i < left.len() && j < right.len() {
        if right[j] < left[i] {
            inversions += (left.len() - i) as u64;
            merged.push(right[j]);
            j += 1;
        } else {
            merged.push(left[i]);
            i += 1;
        }
    }
    merged.extend_from_slice(&left[i..]);
    merged.extend_from_slice(&right[j..]);
    values.copy_from_slice(&merged);
    inversions
}

/// Sums over groups of t equal values: t(t-1)/2, t(t-1)(t-2), t(t-1)(2t+5).
#[derive(Default)]
struct Ties {
    pairs: f64,
    triples: f64,
    variance: f64,
}

impl Ties {
    fn of<T: PartialEq>(sorted: &[T]) -> Self {
        let mut ties = Self::default();
        for group in sorted.chunk_by(|x, y| x == y) {
            let t = group.len() as f64;
            ties.pairs += t * (t - 1.0) / 2.0;
            ties.triples += t * (t - 1.0) * (t - 2.0);
            ties.variance += t * (t - 1.0) * (2.0 * t + 5.0);
        }
        ties
    }
}

/// The two-sided chance of at most `few` inversions, or as many too many, in a random order of n.
fn exact_p(n: usize, few: usize) -> f64 {
    // chance[i]: that j shuffled items have i inversions; the j-th adds 0 to j - 1 evenly.
    let mut chance = vec![0.0; few + 1];
    chance[0] = 1.0;
    for j in 2..=n {
        let mut next = vec![0.0; few + 1];
        let mut window = 0.0;
        for i in 0..=few {
            window += chance[i];
            if i >= j {
                window -= chance[i - j];
            }
            next[i] = window / j as f64;
        }
        chance = next;
    }
    (2.0 * chance.iter().sum::<f64>()).min(1.0)
}

/// Kendall's tau-b: concordant less discordant pairs, corrected for ties. O(n log n). The p-value is
/// exact without ties up to 33 pairs (or with at most one pair out of order), otherwise normal with
/// the variance that ties leave.
///
/// ```
/// use botsmith_eval::stats::kendall;
/// assert_eq!(kendall(&[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0])?.value, 1.0 / 3.0);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// As [`pearson`].
pub fn kendall(a: &[f64], b: &[f64]) -> Result<Correlation> {
    check_pairs("kendall correlation", a, b)?;
    let n = a.len();
    // -0 and 0 are one value.
    let mut pairs: Vec<(f64, f64)> = a.iter().zip(b).map(|(x, y)| (x + 0.0, y + 0.0)).collect();
    pairs.sort_unstable_by(|x, y| x.0.total_cmp(&y.0).then(x.1.total_cmp(&y.1)));
    let both = Ties::of(&pairs);
    let ties_a = Ties::of(&pairs.iter().map(|pair| pair.0).collect::<Vec<_>>());
    let mut second: Vec<f64> = pairs.iter().map(|pair| pair.1).collect();
    let discordant = sort_counting_inversions(&mut second) as f64;
    let ties_b = Ties::of(&second);
    let m = n as f64;
    let all = m * (m - 1.0) / 2.0;
    let balance = all - ties_a.pairs - ties_b.pairs + both.pairs - 2.0 * discordant;
    let tau = balance / ((all - ties_a.pairs) * (all - ties_b.pairs)).sqrt();
    let few = discordant.min(all - discordant);
    let p = if ties_a.pairs == 0.0 && ties_b.pairs == 0.0 && (n <= EXACT_UP_TO || few <= 1.0) {
        exact_p(n, few as usize)
    } else {
        let square = m * (m - 1.0);
        let variance = (square * (2.0 * m + 5.0) - ties_a.variance - ties_b.variance) / 18.0
            + 2.0 * ties_a.pairs * ties_b.pairs / square
            + ties_a.triples * ties_b.triples / (9.0 * square * (m - 2.0));
        normal_two_sided(balance / variance.sqrt())
    };
    Ok(Correlation {
        value: tau.clamp(-1.0, 1.0),
        p,
        n,
    })
}
