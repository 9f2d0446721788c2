//! Wilcoxon's signed-rank test on paired differences.
//!
//! Differences of 0 are left out; equal sizes share their mean rank. Wilcoxon 1945
//! (<https://doi.org/10.2307/3001968>); variance with ties: Hollander & Wolfe, "Nonparametric
//! Statistical Methods", 3.1.

use super::special::{normal_cdf, normal_two_sided};
use super::{Result, Side, Test, TestResult, check, fail};

/// The most differences that [`wilcoxon_exact`] counts through.
const EXACT_UP_TO: usize = 200;

/// Mean ranks of `values`, from 1, and Σ(t³ - t) over groups of t equal values.
pub(super) fn mean_ranks(values: &[f64]) -> (Vec<f64>, f64) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut ranks = vec![0.0; values.len()];
    let (mut start, mut ties) = (0, 0.0);
    for group in order.chunk_by(|&i, &j| values[i] == values[j]) {
        let size = group.len() as f64;
        let rank = start as f64 + f64::midpoint(1.0, size);
        for &i in group {
            ranks[i] = rank;
        }
        ties += size * size * size - size;
        start += group.len();
    }
    (ranks, ties)
}

struct SignedRanks {
    ranks: Vec<f64>,
    ties: f64,
    /// The sum of the ranks of differences above 0.
    above: f64,
}

impl SignedRanks {
    fn new(differences: &[f64]) -> Self {
        let kept: Vec<f64> = differences.iter().copied().filter(|&d| d != 0.0).collect();
        let sizes: Vec<f64> = kept.iter().map(|d| d.abs()).collect();
        let (ranks, ties) = mean_ranks(&sizes);
        let above = kept
            .iter()
            .zip(&ranks)
            .filter(|(d, _)| **d > 0.0)
            .map(|(_, rank)| rank)
            .sum();
        Self { ranks, ties, above }
    }

    fn total(&self) -> f64 {
        let n = self.ranks.len() as f64;
        n * (n + 1.0) / 2.0
    }

    fn result(&self, test: Test, side: Side, p: f64, n: usize) -> TestResult {
        let statistic = match side {
            Side::TwoSided => self.above.min(self.total() - self.above),
            Side::Greater | Side::Less => self.above,
        };
        TestResult {
            test,
            statistic,
            p: p.min(1.0),
            n,
        }
    }
}

/// The test with the rank sum taken as normal (variance corrected for ties, no continuity
/// correction). The statistic is the smaller rank sum (two-sided) or that of the differences above
/// 0. Nothing but zeros gives p = 1.
///
/// ```
/// use botsmith_eval::stats::{Side, wilcoxon};
/// let test = wilcoxon(&[0.1, 0.3, -0.2, 0.4, 0.5, 0.6], Side::TwoSided)?;
/// assert_eq!(test.statistic, 2.0);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// No differences, or one that is not finite.
pub fn wilcoxon(differences: &[f64], side: Side) -> Result<TestResult> {
    check("wilcoxon test", differences, 1)?;
    let signed = SignedRanks::new(differences);
    let n = signed.ranks.len() as f64;
    let variance = (n * (n + 1.0) * (2.0 * n + 1.0) - signed.ties / 2.0) / 24.0;
    let p = if variance > 0.0 {
        let z = (signed.above - signed.total() / 2.0) / variance.sqrt();
        match side {
            Side::TwoSided => normal_two_sided(z),
            Side::Greater => normal_cdf(-z),
            Side::Less => normal_cdf(z),
        }
    } else {
        1.0
    };
    Ok(signed.result(Test::Wilcoxon, side, p, differences.len()))
}

/// The test with every assignment of signs counted, ties included; for up to 200 differences that
/// are not 0. The statistic is as in [`wilcoxon`].
///
/// ```
/// use botsmith_eval::stats::{Side, wilcoxon_exact};
/// let test = wilcoxon_exact(&[0.1, 0.3, 0.2, 0.4, 0.5, 0.6], Side::TwoSided)?;
/// assert_eq!(test.p, 2.0 / 64.0);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// No differences, one that is not finite, or more than 200.
pub fn wilcoxon_exact(differences: &[f64], side: Side) -> Result<TestResult> {
    check("exact wilcoxon test", differences, 1)?;
    let signed = SignedRanks::new(differences);
    if signed.ranks.len() > EXACT_UP_TO {
        return fail(
            "exact wilcoxon test",
            format!(
                "counts up to {EXACT_UP_TO} differences, there are {}; the normal form is good there",
                signed.ranks.len()
            ),
        );
    }
    // Twice a mean rank is a whole number. chance[s]: that the doubled ranks above 0 sum to s.
    let doubled: Vec<usize> = signed
        .ranks
        .iter()
        .map(|rank| (2.0 * rank) as usize)
        .collect();
    let total: usize = doubled.iter().sum();
    let mut chance = vec![0.0; total + 1];
    chance[0] = 1.0;
    let mut reach = 0;
    for rank in doubled {
        reach += rank;
        for sum in (0..=reach).rev() {
            let with = if sum >= rank { chance[sum - rank] } else { 0.0 };
            chance[sum] = 0.5 * (chance[sum] + with);
        }
    }
    let above = (2.0 * signed.above) as usize;
    let at_most = |sum: usize| chance[..=sum].iter().sum::<f64>();
    let p = match side {
        Side::TwoSided => 2.0 * at_most(above.min(total - above)),
        Side::Greater => at_most(total - above),
        Side::Less => at_most(above),
    };
    Ok(signed.result(Test::WilcoxonExact, side, p, differences.len()))
}
