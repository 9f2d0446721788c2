//! Whether a judge may gate: decide by itself what ships.
//!
//! A judge that agrees with people well enough, shown by enough labels, may; any other is advisory, and the
//! reasons say what is missing.

use serde::{Deserialize, Serialize};

use super::quality::Quality;

/// What is wanted of a judge that gates.
///
/// ```
/// use botsmith_eval::calibration::Requirements;
/// let strict = Requirements { kappa: 0.6, ..Requirements::default() };
/// assert_eq!((strict.labels, strict.rarer, strict.tpr), (100, 30, 0.7));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Requirements {
    /// Labels at least.
    pub labels: usize,
    /// Labels of the rarer verdict at least.
    pub rarer: usize,
    /// The lower 95 % bound of kappa at least.
    pub kappa: f64,
    /// The lower 95 % bound of the true positive rate at least.
    pub tpr: f64,
    /// The lower 95 % bound of the true negative rate at least.
    pub tnr: f64,
}

impl Default for Requirements {
    fn default() -> Self {
        Self {
            labels: 100,
            rarer: 30,
            kappa: 0.4,
            tpr: 0.7,
            tnr: 0.7,
        }
    }
}

impl Requirements {
    /// What is missing, in words; nothing where the judge may gate.
    pub(super) fn missing(&self, quality: &Quality) -> Vec<String> {
        let mut missing = Vec::new();
        if quality.n < self.labels {
            missing.push(format!("{} labels of {} wanted", quality.n, self.labels));
        }
        if quality.rarer() < self.rarer {
            let verdict = if 2 * quality.passed <= quality.n {
                "passes"
            } else {
                "failures"
            };
            missing.push(format!(
                "{} {verdict} among the labels, {} wanted",
                quality.rarer(),
                self.rarer
            ));
        }
        let bounds = [
            (
                "kappa",
                quality.kappa.map(|kappa| kappa.interval.lo()),
                self.kappa,
            ),
            (
                "the true positive rate",
                quality.tpr.map(|rate| rate.interval.lo()),
                self.tpr,
            ),
            (
                "the true negative rate",
                quality.tnr.map(|rate| rate.interval.lo()),
                self.tnr,
            ),
        ];
        for (name, found, wanted) in bounds {
            match found {
                Some(found) if found >= wanted => {}
                Some(found) => missing.push(format!(
                    "the lower bound of {name} is {found:.2}, {wanted:.2} wanted"
                )),
                None => missing.push(format!("the labels leave {name} open")),
            }
        }
        missing
    }
}

/// Whether a judge may gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "permission", content = "reasons", rename_all = "kebab-case")]
pub enum Permission {
    /// It may.
    Gates,
    /// It may not; why.
    Advisory(Vec<String>),
}

impl Permission {
    /// Whether it may.
    pub fn gates(&self) -> bool {
        matches!(self, Self::Gates)
    }
}
