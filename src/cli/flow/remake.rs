//! `flow rerun` and `flow migrate`: a run again as a new one, and a run moved to a new definition.

use std::fmt::Write as _;

use botsmith::eval::{Error, Result};
use botsmith::flow::Started;
use serde_json::json;

use super::args::{Migrate, Rerun};
use super::{existing, next, read};
use crate::cli::context::Context;
use crate::cli::{Ended, output};

pub(super) fn rerun(context: &Context, args: &Rerun) -> Result<Ended> {
    let flows = existing(context)?;
    let run = flows.resolve(&args.run)?;
    let id = if let Some(id) = &args.id {
        id.clone()
    } else {
        // The first number that is free; where two take one, the second finds it taken over already.
        let stem = run
            .rsplit_once("-again")
            .map_or(run.as_str(), |(stem, _)| stem);
        let ids: std::collections::BTreeSet<_> =
            flows.runs()?.into_iter().map(|run| run.id).collect();
        let free = (1..=ids.len() + 1)
            .map(|n| format!("{stem}-again{n}"))
            .find(|id| !ids.contains(id));
        free.expect("one more number than there are runs")
    };
    let new = flows.rerun(&run, &id, args.from.as_deref())? == Started::New;
    let kept = flows.run(&id)?;
    let steps = flows.steps(&id)?;
    let events = flows.events(&id, 0, usize::MAX)?;
    let taken = events.iter().filter(|event| event.what == "kept").count();
    if args.json {
        output::print_json(&json!({
            "run": id, "of": run, "workflow": kept.workflow, "from": args.from, "kept": taken, "new": new,
        }))?;
        return Ok(Ended::Well);
    }
    let mut text = format!(
        "run {id} does {run} again; {taken} of {} steps are taken over\n",
        steps.len()
    );
    if !context.quiet() {
        if flows.workers()?.is_empty() {
            text.push_str("no worker is alive\n");
            let _ = writeln!(text, "next: {}", next(context, "worker --until-idle"));
        } else {
            let _ = writeln!(text, "next: {}", next(context, &format!("watch {id}")));
        }
    }
    output::print(&text)?;
    Ok(Ended::Well)
}

pub(super) fn migrate(context: &Context, args: &Migrate) -> Result<Ended> {
    let workflow = read(&args.workflow)?;
    let flows = existing(context)?;
    let id = flows.resolve(&args.run)?;
    let run = flows.run(&id)?;
    if run.workflow != workflow.name() {
        return Err(Error::Invalid(format!(
            "run `{id}` is of workflow `{}`, and {} is `{}`",
            run.workflow,
            args.workflow.display(),
            workflow.name()
        )));
    }
    workflow.check_inputs(&run.inputs)?;
    let plan = workflow.plan()?;
    let changed = flows.migrate(&id, &plan)?;
    if args.json {
        output::print_json(&json!({
            "run": id, "changed": changed, "before": run.plan_hash, "after": plan.hash(),
        }))?;
        return Ok(Ended::Well);
    }
    let mut text = match changed {
        true => format!("run {id} goes on by {}\n", args.workflow.display()),
        false => format!("run {id} goes by this definition already\n"),
    };
    if !context.quiet() {
        let _ = writeln!(text, "next: {}", next(context, &format!("show {id}")));
    }
    output::print(&text)?;
    Ok(Ended::Well)
}
