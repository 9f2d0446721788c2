//! `flow dlq list|retry|drop`: steps whose leases ran out too often.

use std::fmt::Write as _;

use std::collections::BTreeSet;

use botsmith::eval::Result;
use botsmith::flow::FlowStore;
use serde_json::json;

use super::args::{DlqCommand, Letters, Plain};
use super::show::{clock, rfc3339};
use super::{existing, next};
use crate::cli::context::Context;
use crate::cli::terminal::{cut, grid};
use crate::cli::{Ended, output};

/// Dead letters that are listed of each partition.
const MOST: usize = 1000;

pub(super) fn run(context: &Context, command: &DlqCommand) -> Result<Ended> {
    match command {
        DlqCommand::List(args) => list(context, args),
        DlqCommand::Retry(args) => each(context, args, "goes on", |flows, run, _| {
            Ok(flows.requeue(run)?)
        }),
        DlqCommand::Drop(args) => each(context, args, "is off the list", |flows, run, steps| {
            for step in steps {
                flows.drop_dead(run, step)?;
            }
            Ok(())
        }),
    }
}

fn list(context: &Context, args: &Plain) -> Result<Ended> {
    let flows = existing(context)?;
    let mut letters = Vec::new();
    for (run, step) in flows.dead(MOST)? {
        letters.push((flows.run(&run)?, flows.step(&run, &step)?));
    }
    if args.json {
        let letters: Vec<_> = letters
            .iter()
            .map(|(run, step)| {
                json!({
                    "run": run.id, "workflow": run.workflow, "step": step.plan.key,
                    "expiries": step.expiries, "attempts": step.attempts,
                    "dead": step.ended_ms.map(rfc3339),
                })
            })
            .collect();
        output::print_json(&json!({ "letters": letters }))?;
        return Ok(Ended::Well);
    }
    if letters.is_empty() {
        output::print("no dead letters\n")?;
        return Ok(Ended::Well);
    }
    let head = ["run", "step", "leases lost", "dead since (UTC)"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for (run, step) in &letters {
        rows.push(vec![
            cut(&run.id, 34),
            cut(&step.plan.key, 14),
            step.expiries.to_string(),
            step.ended_ms
                .map_or("–".into(), |ms| clock(ms)[5..16].to_owned()),
        ]);
    }
    let mut text = grid(&rows, &[2]);
    if !context.quiet() {
        let _ = writeln!(
            text,
            "next: {}",
            next(context, &format!("dlq retry {}", letters[0].0.id))
        );
    }
    output::print(&text)?;
    Ok(Ended::Well)
}

fn each(
    context: &Context,
    args: &Letters,
    word: &str,
    act: impl Fn(&FlowStore, &str, &[String]) -> Result<()>,
) -> Result<Ended> {
    let flows = existing(context)?;
    let letters = flows.dead(usize::MAX)?;
    let runs: BTreeSet<String> = match args.all {
        true => letters.iter().map(|(run, _)| run.clone()).collect(),
        false => args
            .runs
            .iter()
            .map(|run| flows.resolve(run))
            .collect::<Result<_, _>>()?,
    };
    let mut text = String::new();
    for run in &runs {
        let steps: Vec<String> = letters
            .iter()
            .filter(|(of, _)| of == run)
            .map(|(_, step)| step.clone())
            .collect();
        act(&flows, run, &steps)?;
        let _ = writeln!(text, "{run} {word}");
    }
    match args.json {
        true => output::print_json(&json!({ "changed": runs }))?,
        false => output::print(&text)?,
    }
    Ok(Ended::Well)
}
