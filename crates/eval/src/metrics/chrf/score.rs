//! chrF from counts: the formula, and the sums that it is made of.

use super::Options;

/// Numbers of n-grams of one order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) candidate: u64,
    pub(super) reference: u64,
    pub(super) shared: u64,
}

/// Numbers of n-grams by order, characters before words, of a candidate and its best reference.
/// Those of a corpus are the sums of its pairs'.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats(Vec<Counts>);

impl Stats {
    pub(super) fn of(counts: Vec<Counts>) -> Self {
        Self(counts)
    }

    /// As one row of numbers for [`paired`](crate::metrics::paired) tests: candidate, reference, shared, order
    /// after order (sacrebleu's row).
    pub fn row(&self) -> Vec<f64> {
        let numbers = |c: &Counts| [c.candidate as f64, c.reference as f64, c.shared as f64];
        self.0.iter().flat_map(numbers).collect()
    }

    /// Back from (a sum of) rows; `None` if the length is not that of a row.
    pub fn from_row(row: &[f64]) -> Option<Self> {
        let (orders, rest) = row.as_chunks::<3>();
        let counts = |&[candidate, reference, shared]: &[f64; 3]| Counts {
            candidate: candidate as u64,
            reference: reference as u64,
            shared: shared as u64,
        };
        (rest.is_empty()).then(|| Self(orders.iter().map(counts).collect()))
    }

    /// chrF of these counts, 0 to 100; `options` are those that they were counted with.
    pub fn score(&self, options: &Options) -> f64 {
        options.f_score(&self.0)
    }
}

impl Options {
    /// The score from the counts of each order.
    pub(super) fn f_score(&self, counts: &[Counts]) -> f64 {
        const EPSILON: f64 = 1e-16;
        let factor = f64::from(self.beta) * f64::from(self.beta);
        let (mut smoothed, mut precisions, mut recalls, mut orders) = (0.0, 0.0, 0.0, 0);
        for counts in counts {
            let share = |of: u64| match of {
                0 => EPSILON,
                of => counts.shared as f64 / of as f64,
            };
            let (precision, recall) = (share(counts.candidate), share(counts.reference));
            let below = factor * precision + recall;
            smoothed += if below > 0.0 {
                ((1.0 + factor) * precision * recall) / below
            } else {
                EPSILON
            };
            if counts.candidate > 0 && counts.reference > 0 {
                precisions += precision;
                recalls += recall;
                orders += 1;
            }
        }
        if self.eps_smoothing && !counts.is_empty() {
            return 100.0 * smoothed / counts.len() as f64;
        }
        if precisions + recalls == 0.0 {
            return 0.0;
        }
        let (precision, recall) = (precisions / f64::from(orders), recalls / f64::from(orders));
        100.0 * ((1.0 + factor) * precision * recall / (factor * precision + recall))
    }
}
