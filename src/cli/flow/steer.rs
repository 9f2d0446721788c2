//! `flow cancel|pause|resume|retry|priority`: one run, several, or all that the options choose.
//!
//! What cannot be done to a run that was named is an error; runs that were chosen by options and for which it
//! cannot be done are counted and named.

use std::fmt::Write as _;

use botsmith::eval::{Error, Result};
use botsmith::flow::{FlowStore, Standing};
use serde_json::json;

use super::args::{Bulk, Priority};
use super::list::filter;
use super::{existing, next};
use crate::cli::context::Context;
use crate::cli::{Ended, output};

pub(super) fn cancel(context: &Context, args: &Bulk) -> Result<Ended> {
    each(context, args, "cancelled", |flows, run| {
        if flows.run(run)?.status.is_final() {
            return Ok(Some("it has ended".to_owned()));
        }
        flows.cancel(run)?;
        Ok(None)
    })
}

pub(super) fn pause(context: &Context, args: &Bulk) -> Result<Ended> {
    each(context, args, "paused", |flows, run| {
        if flows.run(run)?.paused {
            return Ok(Some("it is paused already".to_owned()));
        }
        flows.pause(run)?;
        Ok(None)
    })
}

pub(super) fn resume(context: &Context, args: &Bulk) -> Result<Ended> {
    each(context, args, "resumed", |flows, run| {
        if !flows.run(run)?.paused {
            return Ok(Some("it is not paused".to_owned()));
        }
        flows.resume(run)?;
        Ok(None)
    })
}

pub(super) fn retry(context: &Context, args: &Bulk) -> Result<Ended> {
    each(context, args, "retried", |flows, run| {
        flows.requeue(run)?;
        Ok(None)
    })
}

pub(super) fn priority(context: &Context, args: &Priority) -> Result<Ended> {
    each(context, &args.bulk, "changed", |flows, run| {
        flows.set_priority(run, args.priority)?;
        Ok(None)
    })
}

/// Does something to each run; it says why not where nothing was to be done.
fn each(
    context: &Context,
    args: &Bulk,
    done: &str,
    act: impl Fn(&FlowStore, &str) -> Result<Option<String>>,
) -> Result<Ended> {
    let flows = existing(context)?;
    let chosen = filter(&args.which, &flows)?;
    let named = !args.runs.is_empty();
    let runs: Vec<String> = match (named, chosen.is_empty()) {
        (true, true) => args
            .runs
            .iter()
            .map(|run| flows.resolve(run))
            .collect::<Result<_, _>>()?,
        (true, false) => {
            return Err(Error::Invalid(
                "name runs, or choose them by --status, --workflow and --older-than, not both"
                    .into(),
            ));
        }
        (false, true) => {
            let words: Vec<_> = Standing::ALL
                .iter()
                .map(|standing| standing.word())
                .collect();
            return Err(Error::Invalid(format!(
                "which runs? name them, or choose them by --status {}, --workflow or --older-than",
                words.join("|")
            )));
        }
        (false, false) => flows
            .find(&chosen, usize::MAX)?
            .into_iter()
            .map(|(run, _)| run.id)
            .collect(),
    };
    let mut changed = Vec::new();
    let mut unchanged = Vec::new();
    for run in runs {
        if args.dry_run {
            changed.push(run);
            continue;
        }
        match act(&flows, &run) {
            Ok(None) => changed.push(run),
            Ok(Some(reason)) => unchanged.push((run, reason)),
            // How it stands is no failure where nobody named it.
            Err(Error::Flow(error @ botsmith::flow::Error::State { .. })) if !named => {
                unchanged.push((run, error.to_string()));
            }
            Err(error) => return Err(error),
        }
    }
    if args.json {
        let unchanged: Vec<_> = unchanged
            .iter()
            .map(|(run, reason)| json!({"run": run, "reason": reason}))
            .collect();
        output::print_json(
            &json!({"changed": changed, "unchanged": unchanged, "dry_run": args.dry_run}),
        )?;
        return Ok(Ended::Well);
    }
    let mut text = String::new();
    let would = if args.dry_run { "would be " } else { "" };
    for run in &changed {
        let _ = writeln!(text, "{run} {would}{done}");
    }
    for (run, reason) in &unchanged {
        let _ = writeln!(text, "{run} is left as it is: {reason}");
    }
    if changed.is_empty() && unchanged.is_empty() {
        text += "no such runs\n";
    }
    if let ([run], false) = (&changed[..], context.quiet() || args.dry_run) {
        let _ = writeln!(text, "next: {}", next(context, &format!("show {run}")));
    }
    output::print(&text)?;
    Ok(Ended::Well)
}
