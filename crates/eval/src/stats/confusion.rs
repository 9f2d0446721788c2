//! Labels against labels: the confusion table, and what is read from it: accuracy, precision,
//! recall, F1, Matthews' correlation, Cohen's kappa.
//!
//! Values and conventions are those of scikit-learn, with one difference: what divides by zero is
//! `None`, not 0 or NaN. Kappa: Cohen 1960 (<https://doi.org/10.1177/001316446002000104>), weighted:
//! Cohen 1968 (<https://doi.org/10.1037/h0026256>); MCC for several classes: Gorodkin 2004
//! (<https://doi.org/10.1016/j.compbiolchem.2004.09.006>).

use super::{Result, fail, same_length};

/// How much a disagreement counts, by the distance of the two labels in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Weights {
    /// All alike; for labels without an order.
    #[default]
    None,
    /// The distance.
    Linear,
    /// The distance squared.
    Quadratic,
}

impl Weights {
    fn of(self, i: usize, j: usize) -> f64 {
        let distance = i.abs_diff(j) as f64;
        match self {
            Self::None => f64::from(u8::from(i != j)),
            Self::Linear => distance,
            Self::Quadratic => distance * distance,
        }
    }
}

/// Precision, recall and F1, each in `[0, 1]`; 0 where a label was never given or never true.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClassScores {
    /// The share of cases given the label that have it.
    pub precision: f64,
    /// The share of cases that have the label and were given it.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
    /// How many cases have the label.
    pub support: u64,
}

/// How often each true label was given each label.
///
/// ```
/// use botsmith_eval::stats::{Confusion, Weights};
/// let truth = ["no", "no", "yes", "yes", "yes"];
/// let given = ["no", "yes", "yes", "yes", "no"];
/// let confusion = Confusion::new(&truth, &given)?;
/// assert_eq!(confusion.labels(), ["no", "yes"]);
/// assert_eq!(confusion.accuracy(), 0.6);
/// assert!((confusion.kappa(Weights::None).unwrap() - 1.0 / 6.0).abs() < 1e-12);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion<L> {
    labels: Vec<L>,
    counts: Vec<Vec<u64>>,
}

impl<L: Ord + Clone> Confusion<L> {
    /// Counts the pairs of true and given labels; labels are ordered by `Ord`.
    ///
    /// # Errors
    /// Lists of different lengths, or no cases.
    pub fn new(truth: &[L], given: &[L]) -> Result<Self> {
        same_length(
            "confusion",
            ("true labels", truth.len()),
            ("given labels", given.len()),
        )?;
        if truth.is_empty() {
            return fail("confusion", "there are no cases");
        }
        let mut labels: Vec<L> = truth.iter().chain(given).cloned().collect();
        labels.sort_unstable();
        labels.dedup();
        let mut counts = vec![vec![0; labels.len()]; labels.len()];
        for (t, g) in truth.iter().zip(given) {
            // Both were put into `labels` above.
            if let (Ok(i), Ok(j)) = (labels.binary_search(t), labels.binary_search(g)) {
                counts[i][j] += 1;
            }
        }
        Ok(Self { labels, counts })
    }
}

impl<L> Confusion<L> {
    /// The labels in order: the rows and columns of [`counts`](Self::counts).
    pub fn labels(&self) -> &[L] {
        &self.labels
    }

    /// `counts[i][j]`: cases with true label i that were given label j.
    pub fn counts(&self) -> &[Vec<u64>] {
        &self.counts
    }

    /// The number of cases.
    pub fn n(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    fn row(&self, i: usize) -> f64 {
        self.counts[i].iter().sum::<u64>() as f64
    }

    fn column(&self, j: usize) -> f64 {
        self.counts.iter().map(|row| row[j]).sum::<u64>() as f64
    }

    fn right(&self) -> f64 {
        (0..self.labels.len())
            .map(|i| self.counts[i][i])
            .sum::<u64>() as f64
    }

    /// The share of cases given their true label, in `[0, 1]`.
    pub fn accuracy(&self) -> f64 {
        self.right() / self.n() as f64
    }

    /// The mean recall over the labels that occur as true ones, in `[0, 1]`.
    pub fn balanced_accuracy(&self) -> f64 {
        let recalls: Vec<f64> = (0..self.labels.len())
            .filter(|&i| self.row(i) > 0.0)
            .map(|i| self.counts[i][i] as f64 / self.row(i))
            .collect();
        recalls.iter().sum::<f64>() / recalls.len() as f64
    }

    /// Precision, recall and F1 of each label, in the order of [`labels`](Self::labels).
    pub fn per_class(&self) -> Vec<ClassScores> {
        let share = |part: f64, whole: f64| if whole == 0.0 { 0.0 } else { part / whole };
        (0..self.labels.len())
            .map(|i| {
                let (hits, given, support) =
                    (self.counts[i][i] as f64, self.column(i), self.row(i));
                ClassScores {
                    precision: share(hits, given),
                    recall: share(hits, support),
                    f1: share(2.0 * hits, given + support),
                    support: support as u64,
                }
            })
            .collect()
    }

    fn averaged(&self, weight: impl Fn(&ClassScores) -> f64) -> ClassScores {
        let classes = self.per_class();
        let total: f64 = classes.iter().map(&weight).sum();
        let mean = |part: fn(&ClassScores) -> f64| {
            classes
                .iter()
                .map(|class| weight(class) * part(class))
                .sum::<f64>()
                / total
        };
        ClassScores {
            precision: mean(|class| class.precision),
            recall: mean(|class| class.recall),
            f1: mean(|class| class.f1),
            support: self.n(),
        }
    }

    /// The means over labels, each label counting the same.
    pub fn macro_average(&self) -> ClassScores {
        self.averaged(|_| 1.0)
    }

    /// The means over labels, each counting as often as it is true.
    pub fn weighted_average(&self) -> ClassScores {
        self.averaged(|class| class.support as f64)
    }

    /// Over all cases at once, labels not told apart: precision, recall and F1 are then all the
    /// accuracy, for each case has one label and is given one.
    pub fn micro_average(&self) -> ClassScores {
        let share = self.accuracy();
        ClassScores {
            precision: share,
            recall: share,
            f1: share,
            support: self.n(),
        }
    }

    /// Matthews' correlation of truth and labels, in `[-1, 1]`; `None` where one side has a single
    /// label only.
    pub fn matthews(&self) -> Option<f64> {
        let n = self.n() as f64;
        let (mut rows, mut columns, mut product) = (0.0, 0.0, 0.0);
        for i in 0..self.labels.len() {
            let (row, column) = (self.row(i), self.column(i));
            rows += row * row;
            columns += column * column;
            product += row * column;
        }
        let below = (n * n - rows) * (n * n - columns);
        (below > 0.0).then(|| (self.right() * n - product) / below.sqrt())
    }

    /// Cohen's kappa: agreement beyond chance, at most 1; `None` where chance alone would agree
    /// always (a single label).
    pub fn kappa(&self, weights: Weights) -> Option<f64> {
        let counts = self.counts.iter().flatten().map(|count| *count as f64);
        kappa_of(&counts.collect::<Vec<_>>(), self.labels.len(), weights)
    }
}

/// Kappa of a table of `labels` rows, written one after the other, whose counts may be of any weight.
pub(crate) fn kappa_of(counts: &[f64], labels: usize, weights: Weights) -> Option<f64> {
    let row = |i: usize| counts[i * labels..(i + 1) * labels].iter().sum::<f64>();
    let column = |j: usize| (0..labels).map(|i| counts[i * labels + j]).sum::<f64>();
    let rows: Vec<f64> = (0..labels).map(row).collect();
    let columns: Vec<f64> = (0..labels).map(column).collect();
    let n: f64 = rows.iter().sum();
    let (mut observed, mut expected) = (0.0, 0.0);
    for i in 0..labels {
        for j in 0..labels {
            let weight = weights.of(i, j);
            observed += weight * counts[i * labels + j];
            expected += weight * rows[i] * columns[j] / n;
        }
    }
    (expected > 0.0).then(|| 1.0 - observed / expected)
}
