//! `flow schedule add|list|remove|pause|resume`: runs that start by the clock, as long as a worker is there.

use std::fmt::Write as _;

use botsmith::eval::{Error, Result};
use botsmith::flow::{Cron, Schedule, ScheduleState};
use serde_json::{Value, json};

use super::args::{Names, Plain, ScheduleAdd, ScheduleCommand};
use super::run::inputs;
use super::show::{clock, rfc3339};
use super::{existing, next, open, read};
use crate::cli::context::Context;
use crate::cli::terminal::{cut, grid};
use crate::cli::{Ended, output};

pub(super) fn run(context: &Context, command: &ScheduleCommand) -> Result<Ended> {
    match command {
        ScheduleCommand::Add(args) => add(context, args),
        ScheduleCommand::List(args) => list(context, args),
        ScheduleCommand::Remove(args) => remove(context, args),
        ScheduleCommand::Pause(args) => hold(context, args, true),
        ScheduleCommand::Resume(args) => hold(context, args, false),
    }
}

fn add(context: &Context, args: &ScheduleAdd) -> Result<Ended> {
    let workflow = read(&args.start.workflow)?;
    let inputs = inputs(&args.start, &workflow)?;
    workflow.check_inputs(&inputs)?;
    let flows = open(context)?;
    let state = flows.schedule(&Schedule {
        name: args.name.clone(),
        cron: args.cron.clone(),
        zone: args.zone.clone(),
        misfire: args.misfire,
        workflow: workflow.name().to_owned(),
        plan: workflow.plan()?,
        inputs,
        timeout_ms: workflow.timeout_ms(),
    })?;
    if args.json {
        output::print_json(&told(&state))?;
        return Ok(Ended::Well);
    }
    let words = Cron::new(&state.cron, &state.zone)?.describe();
    let words = words.trim_end_matches('.');
    let mut text = format!(
        "schedule {}: {words} ({}), next at {} UTC\n",
        state.name,
        state.zone,
        clock(state.next_ms)
    );
    if !context.quiet() && flows.workers()?.is_empty() {
        let _ = writeln!(
            text,
            "no worker is alive to start its runs\nnext: {}",
            next(context, "worker")
        );
    }
    output::print(&text)?;
    Ok(Ended::Well)
}

fn list(context: &Context, args: &Plain) -> Result<Ended> {
    let schedules = existing(context)?.schedules()?;
    if args.json {
        let all: Vec<_> = schedules.iter().map(told).collect();
        output::print_json(&json!({ "schedules": all }))?;
        return Ok(Ended::Well);
    }
    if schedules.is_empty() {
        output::print("no schedules\n")?;
        return Ok(Ended::Well);
    }
    let head = ["schedule", "when", "zone", "next (UTC)", "runs", "missed"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for state in &schedules {
        rows.push(vec![
            cut(&state.name, 18),
            cut(&state.cron, 16),
            cut(&state.zone, 16),
            match state.paused {
                true => "paused".into(),
                false => clock(state.next_ms)[5..16].to_owned(),
            },
            state.fired.to_string(),
            state.missed.to_string(),
        ]);
    }
    output::print(&grid(&rows, &[4, 5]))?;
    Ok(Ended::Well)
}

fn remove(context: &Context, args: &Names) -> Result<Ended> {
    let flows = existing(context)?;
    for name in &args.names {
        if !flows.unschedule(name)? {
            return Err(Error::NotFound {
                what: "schedule",
                name: name.clone(),
                hint: Some(next(context, "schedule list names them")),
            });
        }
    }
    said(&args.names, "removed", args.json)
}

fn hold(context: &Context, args: &Names, paused: bool) -> Result<Ended> {
    let flows = existing(context)?;
    for name in &args.names {
        flows.pause_schedule(name, paused)?;
    }
    said(
        &args.names,
        if paused { "paused" } else { "resumed" },
        args.json,
    )
}

fn said(names: &[String], word: &str, as_json: bool) -> Result<Ended> {
    match as_json {
        true => output::print_json(&json!({ "schedules": names, "done": word }))?,
        false => output::print(&format!("schedule {} {word}\n", names.join(", ")))?,
    }
    Ok(Ended::Well)
}

fn told(state: &ScheduleState) -> Value {
    json!({
        "name": state.name, "workflow": state.workflow, "cron": state.cron, "zone": state.zone,
        "misfire": state.misfire.word(), "paused": state.paused, "next": rfc3339(state.next_ms),
        "last_run": state.last_run, "fired": state.fired, "missed": state.missed,
    })
}
