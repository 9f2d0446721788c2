//! A step of a workflow -> what its worker is given, and the steps that it adds when it runs.
//!
//! Templates are kept as they were written and rendered when an attempt runs, so that no secret is stored.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::scan;
use super::scope::Scope;
use super::{Step, Workflow};
use crate::{Error, Result, StepPlan};

/// What the worker of a step is given: [`StepPlan::with`] of a step that came from a workflow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
#[non_exhaustive]
pub struct Work {
    /// Options of the kind, with templates in them.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub with: Value,
    /// An expression: the step is skipped unless it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// How long one attempt may take, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Of `map`: a step for each item of a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub each: Option<Each>,
    /// Of `loop`: a step again and again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Repeat>,
    /// Of `workflow`: the other workflow, as it was when this one was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<Box<Workflow>>,
    /// The step of kind `workflow` that this one is under: names of steps are those below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub under: Option<String>,
    /// Names that templates know here besides the run's: an item, an iteration, inputs.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub names: Map<String, Value>,
}

/// A step for each item of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Each {
    /// The list, or the template that gives it.
    pub over: Value,
    /// What templates of the step call the item; its place in the list, from 0, is `index`.
    pub item: String,
    /// How many may run at once; `None`: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<u32>,
    /// The step.
    pub step: Box<Step>,
}

/// A step again and again, until an expression holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Repeat {
    /// The expression; it knows `output` and `iteration`, from 1.
    pub until: String,
    /// The most iterations.
    pub at_most: u32,
    /// The step; its templates know `iteration` and `previous`, the output before, null at first.
    pub step: Box<Step>,
}

impl Work {
    /// What a planned step's worker is given.
    ///
    /// # Errors
    /// [`Error::Plan`] if the step did not come from a workflow.
    pub fn of(plan: &StepPlan) -> Result<Self> {
        serde_json::from_value(plan.with.clone()).map_err(|error| Error::Plan {
            reason: format!("step `{}` is of no workflow: {error}", plan.key),
        })
    }

    /// The steps whose outcome its templates read, as keys of the run.
    pub fn reads(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        reads(&self.with, &mut names);
        let mut expression = |text: &str| {
            let scanned = scan::expression(text).unwrap_or_default();
            names.extend(steps_of(&scanned));
        };
        self.when.iter().for_each(|when| expression(when));
        if let Some(repeat) = &self.repeat {
            expression(&repeat.until);
        }
        if let Some(each) = &self.each {
            reads(&each.over, &mut names);
        }
        names
            .into_iter()
            .map(|name| key(self.under.as_deref(), &name))
            .collect()
    }

    /// What its templates can read, over that of the run.
    #[must_use]
    pub fn scope(&self, run: Scope) -> Scope {
        let named = self.names.iter();
        named.fold(run, |scope, (name, value)| scope.name(name, value.clone()))
    }

    /// Whether it is to run.
    ///
    /// # Errors
    /// [`Error::Template`] if `when` breaks.
    pub fn is_wanted(&self, scope: &Scope) -> Result<bool> {
        self.when
            .as_deref()
            .map_or(Ok(true), |when| scope.holds(when))
    }

    /// The steps that a step of kind `map`, with this key, adds for these items: `KEY#0`, `KEY#1`, ….
    pub fn for_items(&self, key: &str, items: &[Value]) -> Vec<StepPlan> {
        let Some(each) = &self.each else {
            return Vec::new();
        };
        let plans = items.iter().enumerate().map(|(at, item)| {
            let mut names = self.names.clone();
            names.insert(each.item.clone(), item.clone());
            names.insert("index".into(), json!(at));
            each.step
                .plan(&format!("{key}#{at}"), self.under.as_deref(), names)
        });
        plans.collect()
    }

    /// The step that a step of kind `loop`, with this key, adds for an iteration, from 1: `KEY#1`, …;
    /// `None` when there is to be no other.
    ///
    /// # Errors
    /// [`Error::Template`] if `until` breaks.
    pub fn next_iteration(
        &self,
        key: &str,
        iteration: u32,
        previous: &Value,
        scope: &Scope,
    ) -> Result<Option<StepPlan>> {
        let Some(repeat) = self
            .repeat
            .as_ref()
            .filter(|repeat| iteration <= repeat.at_most)
        else {
            return Ok(None);
        };
        if iteration > 1 {
            let so_far = scope.clone().name("output", previous.clone());
            if so_far
                .name("iteration", json!(iteration - 1))
                .holds(&repeat.until)?
            {
                return Ok(None);
            }
        }
        let mut names = self.names.clone();
        names.insert("iteration".into(), json!(iteration));
        names.insert("previous".into(), previous.clone());
        let key = format!("{key}#{iteration}");
        Ok(Some(repeat.step.plan(&key, self.under.as_deref(), names)))
    }

    /// The steps that a step of kind `workflow`, with this key, adds: `KEY.NAME` for each of the other
    /// workflow, with these inputs.
    ///
    /// # Errors
    /// [`Error::Inputs`] if the inputs do not fit its schema.
    pub fn below(&self, key: &str, inputs: &Value) -> Result<Vec<StepPlan>> {
        let Some(workflow) = &self.workflow else {
            return Ok(Vec::new());
        };
        workflow.check_inputs(inputs)?;
        let mut names = Map::new();
        names.insert("inputs".into(), inputs.clone());
        Ok(workflow.step_plans(Some(key), &names))
    }
}

/// The key of a step by its name and the step of kind `workflow` that it is under.
pub(super) fn key(under: Option<&str>, name: &str) -> String {
    under.map_or_else(|| name.to_owned(), |under| format!("{under}.{name}"))
}

fn steps_of(scanned: &scan::Scanned) -> impl Iterator<Item = String> {
    let steps = scanned
        .readings
        .iter()
        .filter(|reading| reading.parts[0] == "steps");
    steps.filter_map(|reading| reading.parts.get(1).cloned())
}

fn reads(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if scan::is_template(text) => {
            names.extend(steps_of(&scan::template(text).unwrap_or_default()));
        }
        Value::Array(items) => items.iter().for_each(|item| reads(item, names)),
        Value::Object(fields) => fields.values().for_each(|value| reads(value, names)),
        _ => {}
    }
}
