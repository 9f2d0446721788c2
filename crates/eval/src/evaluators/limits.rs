//! `min` and `max` of evaluators that give a number: options -> pass or fail.

use botsmith_core::yaml::Fields;

use super::OptionDocs;
use crate::{Result, Score};

pub(super) const MIN: OptionDocs = OptionDocs {
    name: "min",
    schema: r#"{"type": "number"}"#,
    about: "passes where the value is at least this",
    required: false,
};

pub(super) const MAX: OptionDocs = OptionDocs {
    name: "max",
    schema: r#"{"type": "number"}"#,
    about: "passes where the value is at most this",
    required: false,
};

/// Where a number may lie.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Limits {
    min: Option<f64>,
    max: Option<f64>,
}

/// On which side of its limits a number lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Below,
    Above,
}

impl Limits {
    pub(super) fn read(options: &Fields<'_>) -> Result<Self> {
        let min = options.get("min").map(|at| at.number()).transpose()?;
        let max = options.get("max").map(|at| at.number()).transpose()?;
        if let (Some(min), Some(max), Some(at)) = (min, max, options.get("max"))
            && max < min
        {
            return Err(at.error(format!("max {max} is below min {min}")).into());
        }
        Ok(Self { min, max })
    }

    /// Whether there is a limit.
    pub(super) fn any(self) -> bool {
        self.min.is_some() || self.max.is_some()
    }

    /// On which side of the limits `value` lies, if outside.
    pub(super) fn outside(self, value: f64) -> Option<Side> {
        let below = self.min.is_some_and(|min| value < min);
        let above = self.max.is_some_and(|max| value > max);
        match (below, above) {
            (true, _) => Some(Side::Below),
            (_, true) => Some(Side::Above),
            _ => None,
        }
    }

    /// A score of `value`, which passes or fails where there is a limit; `what` is its name.
    pub(super) fn score(self, value: f64, what: &str) -> Score {
        let mut score = Score::graded(value);
        if self.any() {
            let outside = self.outside(value);
            score.passed = Some(outside.is_none());
            let limit = match outside {
                Some(Side::Below) => self.min.map(|min| ("least", min)),
                Some(Side::Above) => self.max.map(|max| ("most", max)),
                None => None,
            };
            if let Some((side, limit)) = limit {
                score = score.because(format!("{what} is {value:.3}, at {side} {limit} wanted"));
            }
        }
        score
    }
}
