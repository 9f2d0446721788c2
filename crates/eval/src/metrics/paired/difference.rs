//! How two systems differ on a corpus metric, as `eval` reports it: rows of counts of the same units
//! of both -> scores, difference, its interval, its p-value.
//!
//! If the systems are alike, each unit's counts could as well be the other's. All ways of swapping are
//! counted up to 13 units that differ; otherwise 10,000 are drawn. Swaps whose difference is as large
//! as the one found count, it among them, so that the test is never too bold (Phipson and Smyth 2010,
//! <https://doi.org/10.2202/1544-6115.1585>); sacrebleu's own count, in
//! [`randomisation`](super::randomisation), takes larger ones only and calls two equal systems
//! different. The interval is the middle 95 % of the differences on units drawn with replacement
//! (Koehn 2004, <https://aclanthology.org/W04-3250>).

use super::{Pcg64, Rows, add};
use crate::Result;

/// Units that differ, up to which every swap is counted.
const EXACT_UP_TO: usize = 13;
/// Swaps drawn beyond that.
const TRIALS: usize = 10_000;
/// Draws of the interval.
const DRAWS: usize = 2_000;

/// What [`difference`] finds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The score of the first system on all units.
    pub a: f64,
    /// The second's.
    pub b: f64,
    /// Where `b - a` is likely to be, at 95 %; `None` with one unit.
    pub interval: Option<(f64, f64)>,
    /// The two-sided p-value of no difference.
    pub p_value: f64,
    /// Whether every swap was counted.
    pub exact: bool,
}

/// Compares `b` with `a`, unit by unit; the same seed gives the same numbers.
///
/// ```
/// use botsmith_eval::metrics::{bleu, paired};
/// let options = bleu::Options::corpus();
/// let rows = |text: &str| vec![bleu::stats(text, &["a b c d e"], &options).row(); 5];
/// let score = |row: &[f64]| bleu::Stats::from_row(row).map_or(0.0, |s| s.score(&options).score);
/// let (a, b) = (rows("a b x d e"), rows("a b c d e"));
/// let found = paired::difference(&a, &b, score, 1)?;
/// // Five units, all for b: of 32 ways to swap, all and none of them are as far apart.
/// assert_eq!((found.b, found.p_value, found.exact), (score(&b[0]), 2.0 / 32.0, true));
/// assert_eq!(paired::difference(&a, &a, score, 1)?.p_value, 1.0);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// As [`bootstrap`](super::bootstrap).
pub fn difference<R: AsRef<[f64]>>(
    a: &[R],
    b: &[R],
    score: impl Fn(&[f64]) -> f64,
    seed: u64,
) -> Result<Difference> {
    let rows = Rows::new(a, b, "paired randomisation", TRIALS)?;
    let (sum_a, sum_b) = rows.totals();
    let found = (score(&sum_a), score(&sum_b));
    // What a swap puts on `a` and takes from `b`; units that are alike change nothing.
    let changes: Vec<Vec<f64>> = a
        .iter()
        .zip(b)
        .map(|(a, b)| (a.as_ref().iter().zip(b.as_ref())).map(|(a, b)| b - a))
        .map(Iterator::collect::<Vec<f64>>)
        .filter(|change| change.iter().any(|&value| value != 0.0))
        .collect();
    let exact = changes.len() <= EXACT_UP_TO;
    let apart = (found.1 - found.0).abs();
    // Swaps that tie with what was found count, also where rounding put them just below.
    let least = apart - 1e-9 * apart.max(1.0);
    let (mut one, mut other) = (sum_a.clone(), sum_b.clone());
    let mut extreme = |swapped: &mut dyn FnMut() -> bool| {
        one.copy_from_slice(&sum_a);
        for change in &changes {
            if swapped() {
                add(&mut one, change);
            }
        }
        for (((other, one), a), b) in other.iter_mut().zip(&one).zip(&sum_a).zip(&sum_b) {
            *other = a + b - one;
        }
        (score(&other) - score(&one)).abs() >= least
    };
    let p_value = if exact {
        let all = 1_u32 << changes.len();
        let count = (0..all)
            .filter(|&swaps| {
                let mut left = swaps;
                extreme(&mut || {
                    let swap = left & 1 == 1;
                    left >>= 1;
                    swap
                })
            })
            .count();
        count as f64 / f64::from(all)
    } else {
        let mut coins = Pcg64::new(seed).coins();
        let count = (0..TRIALS)
            .filter(|_| extreme(&mut || coins.toss()))
            .count();
        (count + 1) as f64 / (TRIALS + 1) as f64
    };
    Ok(Difference {
        a: found.0,
        b: found.1,
        interval: (a.len() > 1).then(|| interval((a, b), rows.width, score, seed)),
        p_value,
        exact,
    })
}

fn interval<R: AsRef<[f64]>>(
    (a, b): (&[R], &[R]),
    width: usize,
    score: impl Fn(&[f64]) -> f64,
    seed: u64,
) -> (f64, f64) {
    let mut rng = Pcg64::new(seed);
    let units = a.len() as u32;
    let (mut sum_a, mut sum_b) = (vec![0.0; width], vec![0.0; width]);
    let mut differences: Vec<f64> = (0..DRAWS)
        .map(|_| {
            sum_a.fill(0.0);
            sum_b.fill(0.0);
            for _ in 0..units {
                let pick = rng.below(units) as usize;
                add(&mut sum_a, a[pick].as_ref());
                add(&mut sum_b, b[pick].as_ref());
            }
            score(&sum_b) - score(&sum_a)
        })
        .collect();
    differences.sort_unstable_by(f64::total_cmp);
    let out = DRAWS / 40;
    (differences[out], differences[DRAWS - 1 - out])
}
