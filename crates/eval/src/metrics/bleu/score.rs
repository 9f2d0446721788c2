//! BLEU from counts: the formula, its smoothing, and what it gives.

use super::{MAX_ORDER, Options, Smoothing};

/// What BLEU is made of: lengths, matches and totals of n-grams. Those of a corpus are the sums of
/// its segments'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Tokens of the candidate.
    pub sys_len: u64,
    /// Tokens of the reference nearest in length.
    pub ref_len: u64,
    pub(super) correct: [u64; MAX_ORDER],
    pub(super) total: [u64; MAX_ORDER],
    pub(super) order: usize,
}

impl Stats {
    /// Nothing yet, for n-grams up to the options' order.
    pub fn new(options: &Options) -> Self {
        Self::of_order(options.max_order())
    }

    pub(in crate::metrics) fn of_order(order: usize) -> Self {
        Self {
            sys_len: 0,
            ref_len: 0,
            correct: [0; MAX_ORDER],
            total: [0; MAX_ORDER],
            order,
        }
    }

    /// Counts of a text of `sys_len` tokens; all matches are 0.
    pub(in crate::metrics) fn of_lengths(order: usize, sys_len: usize, ref_len: usize) -> Self {
        let mut stats = Self::of_order(order);
        stats.sys_len = sys_len as u64;
        stats.ref_len = ref_len as u64;
        for (n, total) in stats.total[..order].iter_mut().enumerate() {
            *total = sys_len.saturating_sub(n) as u64;
        }
        stats
    }

    /// Clipped matches by order, 1 first.
    pub fn correct(&self) -> &[u64] {
        &self.correct[..self.order]
    }

    pub(in crate::metrics) fn correct_mut(&mut self) -> &mut [u64] {
        &mut self.correct[..self.order]
    }

    /// The candidate's n-grams by order, 1 first.
    pub fn total(&self) -> &[u64] {
        &self.total[..self.order]
    }

    /// Adds those of another segment.
    pub fn add(&mut self, other: &Self) {
        self.sys_len += other.sys_len;
        self.ref_len += other.ref_len;
        for n in 0..MAX_ORDER {
            self.correct[n] += other.correct[n];
            self.total[n] += other.total[n];
        }
    }

    /// As one row of numbers for [`paired`](crate::metrics::paired) tests: lengths, matches,
    /// totals (sacrebleu's order).
    pub fn row(&self) -> Vec<f64> {
        [self.sys_len, self.ref_len]
            .iter()
            .chain(self.correct())
            .chain(self.total())
            .map(|&n| n as f64)
            .collect()
    }

    /// Back from (a sum of) rows; `None` if the length is not that of a row.
    pub fn from_row(row: &[f64]) -> Option<Self> {
        let (lengths, counts) = row.split_first_chunk::<2>()?;
        let order = counts.len() / 2;
        if order == 0 || order > MAX_ORDER || counts.len() % 2 != 0 {
            return None;
        }
        let mut stats = Self::of_order(order);
        (stats.sys_len, stats.ref_len) = (lengths[0] as u64, lengths[1] as u64);
        let (correct, total) = counts.split_at(order);
        for n in 0..order {
            (stats.correct[n], stats.total[n]) = (correct[n] as u64, total[n] as u64);
        }
        Some(stats)
    }

    /// BLEU of these counts; smoothing and effective order are the options'.
    pub fn score(&self, options: &Options) -> BleuScore {
        let mut score = BleuScore {
            score: self.value(options),
            bp: brevity_penalty(self.sys_len, self.ref_len),
            sys_len: self.sys_len,
            ref_len: self.ref_len,
            counts: self.correct.map(|n| n as f64),
            totals: self.total.map(|n| n as f64),
            precisions: [0.0; MAX_ORDER],
            order: self.order,
        };
        if self.matches_nothing() {
            return score;
        }
        for (n, precision) in self.precisions(options.smoothing).enumerate() {
            (score.counts[n], score.totals[n]) = (precision.count, precision.total);
            score.precisions[n] = precision.percent;
        }
        score
    }

    /// The number alone.
    pub(in crate::metrics) fn value(&self, options: &Options) -> f64 {
        if self.matches_nothing() {
            return 0.0;
        }
        let (mut logs, mut found) = (0.0, 0);
        for precision in self.precisions(options.smoothing) {
            logs += log(precision.percent);
            found += 1;
        }
        let order = match options.effective_order && found > 0 {
            true => found,
            false => self.order,
        };
        for _ in found..order {
            logs += log(0.0);
        }
        brevity_penalty(self.sys_len, self.ref_len) * libm::exp(logs / order as f64)
    }

    fn matches_nothing(&self) -> bool {
        self.correct().iter().all(|&n| n == 0)
    }

    /// The precision of each order, up to the first that the candidate is too short for.
    fn precisions(&self, smoothing: Smoothing) -> impl Iterator<Item = Precision> {
        let mut halved = 1.0;
        let counts = self.correct().iter().zip(self.total()).enumerate();
        counts.map_while(move |(n, (&count, &total))| {
            let added = match smoothing {
                Smoothing::AddK(k) if n > 0 => k,
                _ => 0.0,
            };
            let (count, total) = (count as f64 + added, total as f64 + added);
            if total == 0.0 {
                return None;
            }
            let percent = match smoothing {
                Smoothing::Exp if count == 0.0 => {
                    halved *= 2.0;
                    100.0 / (halved * total)
                }
                Smoothing::Floor(value) if count == 0.0 => 100.0 * value / total,
                _ => 100.0 * count / total,
            };
            Some(Precision {
                count,
                total,
                percent,
            })
        })
    }
}

/// Of one order, with what smoothing added.
struct Precision {
    count: f64,
    total: f64,
    percent: f64,
}

/// `exp(1 - r/c)` for a candidate shorter than the reference, else 1.
pub(in crate::metrics) fn brevity_penalty(sys_len: u64, ref_len: u64) -> f64 {
    if sys_len >= ref_len {
        1.0
    } else if sys_len == 0 {
        0.0
    } else {
        libm::exp(1.0 - ref_len as f64 / sys_len as f64)
    }
}

/// The reference's logarithm of nothing.
fn log(precision: f64) -> f64 {
    if precision == 0.0 {
        -9_999_999_999.0
    } else {
        libm::log(precision)
    }
}

/// BLEU with its parts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BleuScore {
    /// 0 to 100 (with add-k or floor smoothing of more than one, more).
    pub score: f64,
    /// Brevity penalty, 0 to 1.
    pub bp: f64,
    /// Tokens of the candidate.
    pub sys_len: u64,
    /// Tokens of the reference nearest in length.
    pub ref_len: u64,
    counts: [f64; MAX_ORDER],
    totals: [f64; MAX_ORDER],
    precisions: [f64; MAX_ORDER],
    order: usize,
}

impl BleuScore {
    /// Clipped matches by order, with what add-k smoothing added.
    pub fn counts(&self) -> &[f64] {
        &self.counts[..self.order]
    }

    /// N-grams of the candidate by order, with what add-k smoothing added.
    pub fn totals(&self) -> &[f64] {
        &self.totals[..self.order]
    }

    /// Smoothed precisions in percent; all 0 if nothing matches.
    pub fn precisions(&self) -> &[f64] {
        &self.precisions[..self.order]
    }
}
