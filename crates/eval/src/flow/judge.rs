//! Steps of kind `eval`: a suite -> its report; of kind `gate`: a report or a number -> passed, or the step
//! fails with class `gate` and says which rule does not hold.

use std::sync::Arc;

use botsmith_flow::{StepError, Task};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Desk, failed};
use crate::Error;
use crate::report::GateReport;
use crate::run::{AsyncOptions, run_async};
use crate::suite::{Overrides, Suite};

#[derive(Deserialize)]
struct With {
    suite: String,
    seed: Option<u64>,
    limit: Option<usize>,
}

pub(super) async fn eval(desk: Desk, task: Task) -> Result<Value, StepError> {
    let with: With = task.read()?;
    let path = task.path(&with.suite);
    let overrides = Overrides {
        seed: with.seed,
        limit: with.limit,
        ..Overrides::default()
    };
    let registry = desk.registry.clone();
    let suite = tokio::task::spawn_blocking(move || Suite::load_with(path, &registry, &overrides))
        .await
        .map_err(|_| failed(&Error::Interrupted))?
        .map_err(|error| failed(&error))?;
    let options = AsyncOptions {
        bots: Some(Arc::clone(&desk.bots)),
        ..AsyncOptions::default()
    };
    // A run that was begun by an attempt before goes on: nothing is asked twice.
    let finished = run_async(Arc::clone(&desk.store), Arc::new(suite), options)
        .await
        .map_err(|error| failed(&error))?;
    Ok(serde_json::to_value(&finished.report).expect("a report is JSON"))
}

#[derive(Deserialize)]
struct Gate {
    report: Option<Value>,
    value: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
}

pub(super) fn gate(task: &Task) -> Result<Value, StepError> {
    let with: Gate = task.read()?;
    let wrong = |what: &str| StepError::new("with", format!("step `{}`: {what}", task.step()));
    let stops = |what: String| Err(StepError::new("gate", what));
    if with.report.is_none() && with.value.is_none() {
        return Err(wrong("it holds neither a `report` nor a `value`"));
    }
    if let Some(report) = with.report {
        let gate = GateReport::deserialize(&report["gate"])
            .map_err(|_| wrong("`report` is not what a step of kind `eval` gives"))?;
        let broken: Vec<String> = gate
            .rules
            .iter()
            .filter(|rule| !rule.passed)
            .map(|rule| {
                let observed = rule
                    .observed
                    .map_or("nothing".to_owned(), |n| n.to_string());
                format!(
                    "{} of {}: {observed}, wanted {}",
                    rule.rule, rule.bot, rule.wanted
                )
            })
            .collect();
        if !gate.passed {
            return stops(broken.join("; "));
        }
    }
    if let Some(value) = with.value {
        if with.min.is_none() && with.max.is_none() {
            return Err(wrong("`value` is held against `min`, `max` or both"));
        }
        let low = with.min.is_some_and(|min| value.is_nan() || value < min);
        let high = with.max.is_some_and(|max| value.is_nan() || value > max);
        if low || high {
            let bound = |word: &str, bound: Option<f64>| {
                bound.map_or(String::new(), |bound| format!(" {word} {bound}"))
            };
            return stops(format!(
                "{value} is not{}{}",
                bound("at least", with.min),
                bound("at most", with.max)
            ));
        }
    }
    Ok(json!({"passed": true}))
}
