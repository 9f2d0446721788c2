//! `eval compare`: the bots of one run, or two runs.

use botsmith::eval::Result;
use botsmith::eval::run::{self, Runs};
use serde_json::json;

use super::args::Compare;
use super::context::Context;
use super::{Ended, output, terminal};

pub(super) fn run(context: &Context, args: &Compare) -> Result<Ended> {
    let store = context.existing_store()?;
    let runs = Runs::new(&*store);
    let a = runs.open(&runs.resolve(&args.a)?)?;
    let Some(b) = &args.b else {
        let report = a.complete()?;
        if args.json {
            output::print_json(&json!({
                "run": report.run, "bots": report.bots, "comparisons": report.comparisons,
            }))?;
        } else {
            output::print(&terminal::bots_compared(report, context.colored()))?;
        }
        return Ok(Ended::Well);
    };
    let b = runs.open(&runs.resolve(b)?)?;
    let comparison = run::compare(&a, &b)?;
    if args.json {
        output::print_json(&comparison)?;
    } else {
        output::print(&terminal::runs_compared(&comparison, context.colored()))?;
    }
    Ok(Ended::Well)
}
