//! What was spent, and what is left of a budget.

use serde::Serialize;

use crate::{Error, Result};

use super::Budget;
use super::trial::Trial;

/// What a honing spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spent {
    /// Answers, those that were there already included: a honing that goes on where it stopped spends the
    /// same.
    pub answers: usize,
    /// Answers that were asked for now.
    pub asked: usize,
    /// Price of all answers, where they have one.
    pub cost: Option<f64>,
}

impl Spent {
    /// Adds a trial.
    pub(super) fn add(&mut self, trial: &Trial) {
        self.asked += trial.asked;
        for judged in trial.cases.values() {
            self.answers += judged.answers;
            if let Some(cost) = judged.cost {
                *self.cost.get_or_insert(0.0) += cost;
            }
        }
    }
}

/// A budget and what was taken of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Purse {
    pub(super) budget: Option<Budget>,
    pub(super) spent: Spent,
}

impl Purse {
    pub(super) fn new(budget: Option<Budget>) -> Self {
        Self {
            budget,
            spent: Spent::default(),
        }
    }

    /// Answers that may still be asked for; `None`: as many as is sensible. A price is turned into answers
    /// by what answers cost so far.
    ///
    /// # Errors
    /// If the budget is a price and the answers have none.
    pub(super) fn left(&self) -> Result<Option<usize>> {
        let Spent { answers, cost, .. } = self.spent;
        match self.budget {
            None => Ok(None),
            Some(Budget::Answers(budget)) => Ok(Some(budget.saturating_sub(answers))),
            Some(Budget::Cost(budget)) => {
                let Some(cost) = cost else {
                    return Err(Error::Invalid(
                        "the answers of this bot carry no price: give the budget in answers (`--budget 400`)"
                            .into(),
                    ));
                };
                let each = cost / answers.max(1) as f64;
                Ok((each > 0.0).then(|| ((budget - cost).max(0.0) / each) as usize))
            }
        }
    }
}
