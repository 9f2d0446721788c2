//! `flow signal|approve|reject`: what people and other programs say to a run that waits.

use std::fmt::Write as _;

use botsmith::eval::{Error, Result};
use botsmith::flow::{FlowStore, StepStatus};
use serde_json::{Value, json};

use super::args::{Decide, Signal};
use super::{existing, next};
use crate::cli::context::Context;
use crate::cli::{Ended, output};

pub(super) fn signal(context: &Context, args: &Signal) -> Result<Ended> {
    let flows = existing(context)?;
    let run = flows.resolve(&args.run)?;
    // What is no JSON is a text: `--data yes`.
    let data =
        serde_json::from_str(&args.data).unwrap_or_else(|_| Value::String(args.data.clone()));
    let steps = flows.steps(&run)?;
    let of_step = steps
        .iter()
        .filter(|step| step.plan.key == args.name && step.status == StepStatus::Waiting)
        .find_map(|step| step.wait.as_ref()?.signal.clone());
    let name = of_step.unwrap_or_else(|| args.name.clone());
    let counts = flows.signal(&run, &name, &data)?;
    let first = counts == data;
    if args.json {
        output::print_json(&json!({"run": run, "signal": name, "data": counts, "first": first}))?;
        return Ok(Ended::Well);
    }
    let mut text = match first {
        true => format!("run {run} has the signal `{name}`\n"),
        false => format!(
            "run {run} had the signal `{name}` before, and the first one counts: {counts}\n"
        ),
    };
    if !context.quiet() {
        let _ = writeln!(text, "next: {}", next(context, &format!("show {run}")));
    }
    output::print(&text)?;
    Ok(Ended::Well)
}

pub(super) fn decide(context: &Context, args: &Decide, approved: bool) -> Result<Ended> {
    let flows = existing(context)?;
    let run = flows.resolve(&args.run)?;
    let step = match &args.step {
        Some(step) => step.clone(),
        None => the_one(&flows, &run)?,
    };
    let by = args.by.clone().or_else(|| user(context));
    let counts = flows.decide(
        &run,
        &step,
        approved,
        by.as_deref(),
        args.comment.as_deref(),
    )?;
    let stands = counts["approved"].as_bool().unwrap_or(approved);
    if args.json {
        output::print_json(&json!({
            "run": run, "step": step, "decision": counts, "first": stands == approved,
        }))?;
        return Ok(Ended::Well);
    }
    let word = if stands { "approved" } else { "rejected" };
    let mut text = match stands == approved {
        true => format!("step {step} of run {run} is {word}\n"),
        false => format!("step {step} of run {run} was {word} before, and the first word counts\n"),
    };
    if !context.quiet() {
        let _ = writeln!(text, "next: {}", next(context, &format!("show {run}")));
    }
    output::print(&text)?;
    Ok(Ended::Well)
}

/// The one step that waits for approval.
fn the_one(flows: &FlowStore, run: &str) -> Result<String> {
    let mut waiting: Vec<_> = flows
        .steps(run)?
        .into_iter()
        .filter(|step| step.plan.kind == "approval" && step.status == StepStatus::Waiting)
        .map(|step| step.plan.key)
        .collect();
    match (waiting.pop(), waiting.len()) {
        (Some(step), 0) => Ok(step),
        (None, _) => Err(Error::Invalid(format!(
            "no step of run `{run}` waits for approval"
        ))),
        (Some(step), _) => {
            waiting.push(step);
            let names = botsmith::core::hint::list(waiting.iter().map(String::as_str));
            Err(Error::Invalid(format!(
                "which step? {names} wait for approval: give its name after the run's"
            )))
        }
    }
}

/// Who sits at this terminal, as far as the environment tells.
fn user(context: &Context) -> Option<String> {
    let variables = &context.environment.variables;
    let named = ["USER", "USERNAME"]
        .iter()
        .find_map(|name| variables.get(*name));
    named
        .and_then(|name| name.to_str())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
}
