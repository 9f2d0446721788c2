//! A judge's score beside a person's verdict, and the checks that a list of them has to pass.

use serde::{Deserialize, Serialize};

use crate::stats::check_weights;
use crate::{Error, Result};

/// One answer that a judge scored and a person judged.
///
/// ```
/// use botsmith_eval::calibration::Label;
/// let label = Label::new(0.8, true).weighted(2.5).of_group("case-7");
/// assert_eq!((label.weight, label.group.as_str()), (2.5, "case-7"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// The judge's score, in `[0, 1]`; higher is better.
    pub judge: f64,
    /// Whether the judge itself lets the answer pass; `None`: where its calibrated score is at least 1/2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed: Option<bool>,
    /// Whether the person lets it pass.
    pub human: bool,
    /// One over the chance that it had of being labelled, up to a common factor; above 0.
    pub weight: f64,
    /// The slices that it is in, such as `topic: billing`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<String>,
    /// The case or conversation that it is of: labels of one group are not independent. Empty: its own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
}

impl Label {
    /// A label of a plain random sample, independent of all others.
    pub fn new(judge: f64, human: bool) -> Self {
        Self {
            judge,
            passed: None,
            human,
            weight: 1.0,
            slices: Vec::new(),
            group: String::new(),
        }
    }

    /// The same with the judge's own verdict.
    #[must_use]
    pub fn judged(mut self, passed: bool) -> Self {
        self.passed = Some(passed);
        self
    }

    /// The same with its weight.
    #[must_use]
    pub fn weighted(mut self, weight: f64) -> Self {
        self.weight = weight;
        self
    }

    /// The same in a slice.
    #[must_use]
    pub fn in_slice(mut self, slice: impl Into<String>) -> Self {
        self.slices.push(slice.into());
        self
    }

    /// The same in a group.
    #[must_use]
    pub fn of_group(mut self, group: impl Into<String>) -> Self {
        self.group = group.into();
        self
    }

    /// 1 where the person lets it pass, else 0.
    pub(super) fn truth(&self) -> f64 {
        f64::from(u8::from(self.human))
    }
}

/// A label with when it was given.
#[derive(Clone, Debug, PartialEq)]
pub struct Dated {
    /// Milliseconds since 1970: the last word on the answer.
    pub at: u64,
    /// The label.
    pub label: Label,
    /// Whether its weight is known from its chance of having been chosen.
    pub drawn: bool,
    /// What it is about, the same wherever the same answer is judged.
    pub key: String,
}

/// The least labels that a calibration is made from: with fewer, a fold has none.
pub(super) const LEAST: usize = 20;

/// Whether a calibration can be made from them.
pub(super) fn check(labels: &[Label]) -> Result<()> {
    let fail = |reason: String| {
        Err(Error::Statistic {
            statistic: "calibration",
            reason,
        })
    };
    if labels.len() < LEAST {
        return fail(format!(
            "needs at least {LEAST} labels, there are {}",
            labels.len()
        ));
    }
    let outside = |label: &Label| !(0.0..=1.0).contains(&label.judge);
    if let Some(at) = labels.iter().position(outside) {
        return fail(format!(
            "the judge's score of label {} is {}; it has to be in [0, 1]",
            at + 1,
            labels[at].judge
        ));
    }
    check_weights("calibration", &weights(labels))
}

/// The weights alone.
pub(super) fn weights(labels: &[Label]) -> Vec<f64> {
    labels.iter().map(|label| label.weight).collect()
}

/// Each label's group as a number from 0, and how many groups there are.
pub(super) fn groups(labels: &[Label]) -> (Vec<usize>, usize) {
    let mut names: Vec<&str> = labels.iter().map(|label| label.group.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| !name.is_empty());
    let mut count = names.len();
    let of = labels
        .iter()
        .map(|label| {
            names
                .binary_search(&label.group.as_str())
                .unwrap_or_else(|_| {
                    count += 1;
                    count - 1
                })
        })
        .collect();
    (of, count)
}
