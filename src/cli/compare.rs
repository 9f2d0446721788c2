//! `eval compare`: the bots of one run, or two runs.

use botsmith::core::yaml::Source;
use botsmith::eval::Result;
use botsmith::eval::evaluators::Registry;
use botsmith::eval::run::{self, CompareOptions, Runs, StoredRun};
use botsmith::eval::suite::Suite;
use serde_json::json;

use super::args::Compare;
use super::context::Context;
use super::{Ended, output, terminal};

pub(super) fn run(context: &Context, args: &Compare) -> Result<Ended> {
    let store = context.existing_store()?;
    let runs = Runs::new(&*store);
    let a = runs.open(&runs.resolve(&args.a)?)?;
    let correction = args.correction.into();
    let Some(b) = &args.b else {
        let mut report = a.complete()?.clone();
        run::correct(&mut report.comparisons, correction)?;
        correction.as_str().clone_into(&mut report.facts.correction);
        if args.json {
            output::print_json(&json!({
                "run": report.run, "bots": report.bots, "comparisons": report.comparisons,
                "correction": report.facts.correction,
            }))?;
        } else {
            output::print(&terminal::bots_compared(&report, context.colored()))?;
        }
        return Ok(Ended::Well);
    };
    let b = runs.open(&runs.resolve(b)?)?;
    // A run of an older version whose suite is read differently now has its scores compared all the
    // same; only what its answers count as corpora cannot be made again.
    let suites = [suite(&a), suite(&b)];
    let mut options = CompareOptions::default();
    options.correction = correction;
    options.suites = match &suites {
        [Ok(a), Ok(b)] => Some([a, b]),
        _ => None,
    };
    let comparison = run::compare(&a, &b, &options)?;
    if args.json {
        output::print_json(&comparison)?;
    } else {
        output::print(&terminal::runs_compared(&comparison, context.colored()))?;
    }
    Ok(Ended::Well)
}

/// The suite that a run was made with.
fn suite(run: &StoredRun<'_>) -> Result<Suite> {
    let source = Source::new(&run.manifest.suite_file, run.manifest.suite_text.clone());
    Suite::stored(&source, &Registry::builtin(), &run.manifest)
}
