//! Steps that add steps: `map`, `loop`, `workflow`. Each adds them, waits for them without a worker, and
//! is claimed again to make its output of theirs. What is finished is never repeated.
//!
//! A step inside that fails does not fail the run by itself: the step around it fails, and what that
//! means is for the step around it to say.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::prepare::Prepared;
use crate::{
    Claimed, Concurrency, FlowStore, OnFailure, Output, StepError, StepPlan, StepState, StepStatus,
};

/// Whether the engine itself does steps of this kind.
pub(super) fn is_control(kind: &str) -> bool {
    matches!(kind, "map" | "loop" | "workflow")
}

/// Does a step of such a kind.
pub(super) fn control(
    flows: &FlowStore,
    claimed: &Claimed,
    prepared: &Prepared,
) -> Result<Output, StepError> {
    match claimed.plan.kind.as_str() {
        "map" => map(flows, claimed, prepared),
        "loop" => repeat(flows, claimed, prepared),
        _ => below(flows, claimed, prepared),
    }
}

fn map(flows: &FlowStore, claimed: &Claimed, prepared: &Prepared) -> Result<Output, StepError> {
    let (work, key) = (&prepared.work, &claimed.plan.key);
    let broken = || StepError::new("plan", format!("step `{key}` is no `map`"));
    let each = work.each.as_ref().ok_or_else(broken)?;
    if let Some(items) = claimed.resume.as_ref().and_then(|at| at["items"].as_u64()) {
        let keys: Vec<_> = (0..items).map(|at| format!("{key}#{at}")).collect();
        let found = Found::read(flows, &claimed.held.run, &keys)?;
        found.all_done("item", &keys)?;
        let outputs = found.outputs.into_iter();
        return Ok(Output::Done(
            outputs.map(Option::unwrap_or_default).collect(),
        ));
    }
    let Value::Array(items) = prepared.scope.value(&each.over)? else {
        let message = format!("`over` of step `{key}` gave no list");
        return Err(StepError::new("type", message));
    };
    let mut steps = work.for_items(key, &items);
    for step in &mut steps {
        step.on_failure = OnFailure::Continue;
        let limit = each
            .max_parallel
            .filter(|most| (*most as usize) < items.len());
        if let (Some(limit), None) = (limit, &step.concurrency) {
            step.concurrency = Some(Concurrency {
                key: format!("{}/{key}", claimed.held.run),
                limit,
            });
        }
    }
    Ok(Output::Awaits {
        resume: json!({"items": steps.len()}),
        steps,
    })
}

fn repeat(flows: &FlowStore, claimed: &Claimed, prepared: &Prepared) -> Result<Output, StepError> {
    let (work, key) = (&prepared.work, &claimed.plan.key);
    let at = claimed
        .resume
        .as_ref()
        .and_then(|at| at["iteration"].as_u64());
    let at = at.unwrap_or(0) as u32;
    let mut output = Value::Null;
    if at > 0 {
        let keys = [format!("{key}#{at}")];
        let mut found = Found::read(flows, &claimed.held.run, &keys)?;
        found.all_done("iteration", &keys)?;
        output = found.outputs.pop().flatten().unwrap_or_default();
    }
    let Some(mut next) = work.next_iteration(key, at + 1, &output, &prepared.scope)? else {
        return Ok(Output::Done(output));
    };
    next.on_failure = OnFailure::Continue;
    Ok(Output::Awaits {
        steps: vec![next],
        resume: json!({"iteration": at + 1}),
    })
}

fn below(flows: &FlowStore, claimed: &Claimed, prepared: &Prepared) -> Result<Output, StepError> {
    let (work, key) = (&prepared.work, &claimed.plan.key);
    if let Some(Value::Object(steps)) = claimed.resume.as_ref().map(|at| &at["steps"]) {
        let names: Vec<&String> = steps.keys().collect();
        let keys: Vec<_> = names.iter().map(|name| format!("{key}.{name}")).collect();
        let found = Found::read(flows, &claimed.held.run, &keys)?;
        let fatal = |at: usize| steps[names[at]] == json!(true);
        found.none_failed("step", &keys, fatal)?;
        let outputs: Map<String, Value> = names
            .into_iter()
            .zip(found.outputs)
            .filter_map(|(name, output)| Some((name.clone(), output?)))
            .collect();
        return Ok(Output::Done(Value::Object(outputs)));
    }
    let inputs = prepared.scope.value(&work.with["inputs"])?;
    let inputs = if inputs.is_null() { json!({}) } else { inputs };
    let mut steps = work.below(key, &inputs)?;
    let mut fatal: BTreeMap<String, bool> = BTreeMap::new();
    for step in &mut steps {
        let name = step
            .key
            .strip_prefix(&format!("{key}."))
            .unwrap_or(&step.key);
        fatal.insert(name.to_owned(), step.on_failure == OnFailure::Fail);
        step.on_failure = OnFailure::Continue;
    }
    Ok(Output::Awaits {
        steps,
        resume: json!({"steps": fatal}),
    })
}

/// Steps that were waited for.
struct Found {
    steps: Vec<Option<StepState>>,
    outputs: Vec<Option<Value>>,
}

impl Found {
    fn read(flows: &FlowStore, run: &str, keys: &[String]) -> Result<Self, StepError> {
        let steps = flows.some_steps(run, keys)?;
        let mut outputs = flows.outputs(run, keys)?;
        // Only what got done has an output, whatever an attempt before wrote.
        for (step, output) in steps.iter().zip(&mut outputs) {
            let done = step
                .as_ref()
                .is_some_and(|step| step.status == StepStatus::Done);
            if !done {
                *output = None;
            }
        }
        Ok(Self { steps, outputs })
    }

    fn all_done(&self, what: &str, keys: &[String]) -> Result<(), StepError> {
        self.none_failed(what, keys, |_| true)
    }

    /// Skipped ones are fine.
    fn none_failed(
        &self,
        what: &str,
        keys: &[String],
        counts: impl Fn(usize) -> bool,
    ) -> Result<(), StepError> {
        let failed = |step: &Option<StepState>| {
            step.as_ref()
                .is_none_or(|step| !matches!(step.status, StepStatus::Done | StepStatus::Skipped))
        };
        let failed: Vec<usize> = (0..keys.len())
            .filter(|at| counts(*at) && failed(&self.steps[*at]))
            .collect();
        let Some(first) = failed.first() else {
            return Ok(());
        };
        let error = self.steps[*first]
            .as_ref()
            .and_then(|step| step.error.as_ref());
        let (class, why) = match error {
            Some(error) => (error.class.clone(), error.message.clone()),
            None => (what.to_owned(), "it did not get done".to_owned()),
        };
        let others = match failed.len() {
            1 => String::new(),
            n => format!("; {n} of {} failed", keys.len()),
        };
        let message = format!("{what} `{}` failed: {why}{others}", keys[*first]);
        Err(StepError::new(class, message))
    }
}

impl StepPlan {
    /// The step that added this one, by its key: `tag` of `tag#3`, `sub` of `sub.load`.
    pub fn parent(&self) -> Option<&str> {
        self.key.rfind(['#', '.']).map(|at| &self.key[..at])
    }
}
