//! `latency`, `cost`: what an answer took. An answer that carries none is skipped, not failed.

use super::builtin::Builtin;
use super::{Docs, Evaluator, OptionDocs, Range, Subject};
use crate::{Answer, Result, Score, Verdict};

pub(super) const LATENCY: Builtin = Builtin {
    docs: Docs {
        name: "latency",
        about: "Seconds until the whole answer was there; with `max` it passes or fails.",
        formula: "the answer's latency in seconds",
        range: Range::COST,
        decides: false,
        compares: false,
        options: &[OptionDocs {
            name: "max",
            schema: r#"{"type": ["string", "number"]}"#,
            about: "longest time that passes: `250ms`, `2s`, `1m`, or seconds",
            required: false,
        }],
        example: "- latency: 2s   # 1.2 s gives 1.2 and passes",
        scalar: Some("max"),
    },
    build: |options, _| {
        let max = options.get("max").map(|at| at.duration()).transpose()?;
        Ok(Box::new(Budget {
            of: |answer| answer.latency,
            max: max.map(|max| max.as_secs_f64()),
            missing: "the answer carries no latency",
            unit: " s",
        }))
    },
};

pub(super) const COST: Builtin = Builtin {
    docs: Docs {
        name: "cost",
        about: "Price of the answer, in the currency of its recording; with `max` it passes or fails.",
        formula: "the answer's cost",
        range: Range::COST,
        decides: false,
        compares: false,
        options: &[OptionDocs {
            name: "max",
            schema: r#"{"type": "number", "minimum": 0}"#,
            about: "highest price that passes",
            required: false,
        }],
        example: "- cost: {max: 0.002}   # 0.001 gives 0.001 and passes",
        scalar: Some("max"),
    },
    build: |options, _| {
        let max = options
            .get("max")
            .map(|at| at.number_in(0.0, f64::INFINITY))
            .transpose()?;
        Ok(Box::new(Budget {
            of: |answer| answer.cost,
            max,
            missing: "the answer carries no cost",
            unit: "",
        }))
    },
};

/// Seconds until the whole answer was there; `None` where the answer carries none, or no amount of
/// time.
///
/// ```
/// use botsmith_eval::{Answer, evaluators::latency};
/// let answer = Answer { latency: Some(1.25), ..Answer::default() };
/// assert_eq!(latency(&answer), Some(1.25));
/// assert_eq!(latency(&Answer::default()), None);
/// ```
pub fn latency(answer: &Answer) -> Option<f64> {
    answer.latency.filter(|seconds| is_amount(*seconds))
}

/// Price of the answer, in the currency of its recording; `None` where the answer carries none, or no
/// price.
///
/// ```
/// use botsmith_eval::{Answer, evaluators::cost};
/// let answer = Answer { cost: Some(0.002), ..Answer::default() };
/// assert_eq!(cost(&answer), Some(0.002));
/// ```
pub fn cost(answer: &Answer) -> Option<f64> {
    answer.cost.filter(|price| is_amount(*price))
}

fn is_amount(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}

#[derive(Debug)]
struct Budget {
    of: fn(&Answer) -> Option<f64>,
    max: Option<f64>,
    missing: &'static str,
    unit: &'static str,
}

impl Evaluator for Budget {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let Some(value) = (self.of)(subject.answer) else {
            return Ok(Verdict::Skipped(self.missing.into()));
        };
        if !is_amount(value) {
            return Ok(Verdict::Failed(format!(
                "{value}{} is no amount",
                self.unit
            )));
        }
        let mut score = Score::graded(value);
        if let Some(max) = self.max {
            score.passed = Some(value <= max);
            if value > max {
                score = score.because(format!(
                    "{value}{unit}, at most {max}{unit} wanted",
                    unit = self.unit
                ));
            }
        }
        Ok(score.into())
    }

    fn decides(&self, _: &Docs) -> bool {
        self.max.is_some()
    }
}
