//! Many comparisons at once: p-values adjusted so that they can be read as if each stood alone.
//!
//! Holm 1979 (<https://www.jstor.org/stable/4615733>); Benjamini & Hochberg 1995
//! (<https://doi.org/10.1111/j.2517-6161.1995.tb02031.x>); Benjamini & Yekutieli 2001
//! (<https://doi.org/10.1214/aos/1013699998>).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Result, fail};

/// What the adjusted p-values keep below alpha.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Correction {
    /// The chance of any false finding; the simplest, and always beaten by Holm.
    Bonferroni,
    /// The chance of any false finding.
    #[default]
    Holm,
    /// The share of false findings, for tests that are independent or positively related.
    BenjaminiHochberg,
    /// The share of false findings, however the tests are related.
    BenjaminiYekutieli,
}

impl Correction {
    /// The name, as it is serialised.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bonferroni => "bonferroni",
            Self::Holm => "holm",
            Self::BenjaminiHochberg => "benjamini-hochberg",
            Self::BenjaminiYekutieli => "benjamini-yekutieli",
        }
    }
}

impl fmt::Display for Correction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The adjusted p-values, in the order given; each is at least the raw one and at most 1.
///
/// ```
/// use botsmith_eval::stats::{Correction, adjust};
/// assert_eq!(adjust(&[0.01, 0.04, 0.03], Correction::Holm)?, [0.03, 0.06, 0.06]);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// A value outside `[0, 1]`.
pub fn adjust(p_values: &[f64], correction: Correction) -> Result<Vec<f64>> {
    if let Some(at) = p_values.iter().position(|p| !(0.0..=1.0).contains(p)) {
        return fail(
            "adjusted p-values",
            format!("value {} is {}, not a probability", at + 1, p_values[at]),
        );
    }
    let n = p_values.len();
    let count = n as f64;
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| p_values[i].total_cmp(&p_values[j]));
    let mut adjusted = vec![0.0; n];
    match correction {
        Correction::Bonferroni => {
            for (slot, p) in adjusted.iter_mut().zip(p_values) {
                *slot = (p * count).min(1.0);
            }
        }
        Correction::Holm => {
            let mut highest = 0.0_f64;
            for (rank, &i) in order.iter().enumerate() {
                highest = highest.max(p_values[i] * (n - rank) as f64);
                adjusted[i] = highest.min(1.0);
            }
        }
        Correction::BenjaminiHochberg | Correction::BenjaminiYekutieli => {
            let factor = if correction == Correction::BenjaminiYekutieli {
                (1..=n).map(|i| 1.0 / i as f64).sum()
            } else {
                1.0
            };
            let mut lowest = 1.0_f64;
            for (rank, &i) in order.iter().enumerate().rev() {
                let p = p_values[i] * (factor * count / (rank + 1) as f64);
                lowest = lowest.min(p.max(p_values[i]));
                adjusted[i] = lowest;
            }
        }
    }
    Ok(adjusted)
}
