//! What is stated before anything is looked at: alpha, margin, budgets, and what counts as enough.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The rules of a gate. They are kept with the look, and cannot be changed after it.
///
/// ```
/// use botsmith_eval::promotion::Rules;
/// let rules = Rules::default().alpha(0.1).margin(0.02);
/// rules.check()?;
/// assert!(Rules::default().alpha(1.5).check().is_err());
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Rules {
    /// The chance, over all looks, of promoting a variant that is no better; above 0, below 0.5.
    pub alpha: f64,
    /// How much worse a cheaper or faster variant may be, in `(0, 0.2]` of the score; without it a variant
    /// has to be better.
    pub margin: Option<f64>,
    /// The chance of seeing an effect that is there, wherever a number of cases is computed.
    pub power: f64,
    /// The effect for which a number of cases is given where the variant is no better.
    pub effect: f64,
    /// Where a judge made the scores: cases whose two answers people have labelled, at least.
    pub least_labels: usize,
    /// Slices of fewer cases are not tested.
    pub slice_cases: usize,
    /// The chance that any slice is taken for worse by chance (Holm over slices).
    pub slice_alpha: f64,
    /// The share of pairs in which either bot failed that is too much.
    pub most_errors: f64,
    /// The 95th percentile of latency that is too much, in seconds.
    pub p95_latency: Option<f64>,
    /// The mean cost of an answer that is too much, in the currency of the prices.
    pub cost: Option<f64>,
    /// A gate that could not detect an effect of this size is refused before anything is spent.
    pub most_detectable: f64,
    /// Where chance is needed (sign flips).
    pub seed: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            alpha: 0.05,
            margin: None,
            power: 0.8,
            effect: 0.05,
            least_labels: 50,
            slice_cases: 30,
            slice_alpha: 0.05,
            most_errors: 0.02,
            p95_latency: None,
            cost: None,
            most_detectable: 0.3,
            seed: 7,
        }
    }
}

impl Rules {
    /// Sets alpha.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    /// Sets the margin.
    #[must_use]
    pub fn margin(mut self, margin: f64) -> Self {
        self.margin = Some(margin);
        self
    }

    /// Sets the budget of latency, in seconds.
    #[must_use]
    pub fn p95_latency(mut self, seconds: f64) -> Self {
        self.p95_latency = Some(seconds);
        self
    }

    /// Sets the budget of cost.
    #[must_use]
    pub fn cost(mut self, cost: f64) -> Self {
        self.cost = Some(cost);
        self
    }

    /// Checks all ranges.
    ///
    /// # Errors
    /// The first value that is outside its range.
    pub fn check(&self) -> Result<()> {
        let open = |name: &str, x: f64, most: f64| match x > 0.0 && x < most {
            true => Ok(()),
            false => Err(Error::Invalid(format!(
                "{name} is {x}: a number above 0 and below {most} is wanted"
            ))),
        };
        open("alpha", self.alpha, 0.5)?;
        open("power", self.power, 1.0)?;
        open("effect", self.effect, 1.0)?;
        open("the alpha of slices", self.slice_alpha, 1.0)?;
        open("the share of errors", self.most_errors, 1.0)?;
        if self.power <= self.alpha {
            return Err(Error::Invalid(format!(
                "power is {}: it has to be above alpha, {}",
                self.power, self.alpha
            )));
        }
        let budgets = [
            ("the budget of latency", self.p95_latency, "seconds"),
            ("the budget of cost", self.cost, "a price"),
        ];
        for (name, budget, unit) in budgets {
            if let Some(budget) = budget
                && !(budget.is_finite() && budget > 0.0)
            {
                return Err(Error::Invalid(format!(
                    "{name} is {budget}: {unit} above 0 is wanted"
                )));
            }
        }
        match self.margin {
            Some(margin) if !(margin > 0.0 && margin <= 0.2) => Err(Error::Invalid(format!(
                "the margin is {margin}: above 0 and at most 0.2 is wanted (2 points are 0.02)"
            ))),
            _ => Ok(()),
        }
    }
}
