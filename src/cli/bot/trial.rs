//! `botsmith bot test`: judge a bot by the cases in its own file.
//!
//! What stands under `botsmith: evaluate:` is a suite without bots; the cartridge itself is its bot.

use std::path::Path;
use std::sync::Arc;

use botsmith::core::yaml::Source;
use botsmith::eval::Result;
use botsmith::eval::evaluators::Registry;
use botsmith::eval::report::Report;
use botsmith::eval::run::{RunOptions, Runner};
use botsmith::eval::suite::{Overrides, Reports, Suite};
use botsmith::nanobots::Cartridge;
use serde_json::{Value, json};

use super::args::Test;
use crate::cli::context::Context;
use crate::cli::progress::Bar;
use crate::cli::{Ended, eval, output};

pub(super) fn run(context: &Context, args: &Test) -> Result<Ended> {
    let store = context.store()?;
    let workshop = super::told(context, &args.which, args.allow)?.store(Arc::clone(&store));
    let cartridge = workshop.cartridge(&args.which.cartridge)?;
    super::warn(context, &workshop, &cartridge);
    let variables = super::variables(&cartridge, &args.which.variables);
    let suite = suite(&cartridge, &variables.into(), args.allow.yes)?;
    let bar = Bar::new(context.quiet());
    let update = |progress| bar.update(progress);
    let mut options = RunOptions::default();
    options.threads = context.threads();
    options.progress = Some(&update);
    options.bots = Some(&workshop);
    let finished = Runner::new(&*store).with(options).run(&suite)?;
    drop(bar);
    let ended = eval::finish(context, &*store, &finished, &Reports::default(), args.json)?;
    Ok(match (ended, all_passed(&finished.report)) {
        (Ended::Well, true) => Ended::Well,
        _ => Ended::GateFailed,
    })
}

/// The suite of a cartridge, with the cartridge as its bot.
fn suite(cartridge: &Cartridge, variables: &Value, call_tools: bool) -> Result<Suite> {
    let path = cartridge.path();
    let Some(Value::Object(mut suite)) = cartridge.native().evaluate.clone() else {
        return Err(cartridge
            .diagnostic(&["botsmith"], "the cartridge brings no cases to be judged by")
            .hint("`evaluate: {dataset: [{input: …, reference: …}], evaluators: […]}` under `botsmith:` does")
            .into());
    };
    let meta = cartridge.as_written().meta();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    // It stands in reports and on the terminal, beside what is ours.
    let name = output::one_line(&meta.name.unwrap_or_else(|| stem.into_owned()));
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    suite.insert("version".into(), 1.into());
    suite.entry("name").or_insert_with(|| name.clone().into());
    suite.insert(
        "bots".into(),
        json!([{
            "name": name, "cartridge": file, "variables": variables, "call-tools": call_tools,
        }]),
    );
    // JSON is YAML: what is wrong in it is named by its field under `evaluate`.
    let text = serde_json::to_string_pretty(&suite).expect("a JSON value serialises");
    let folder = path.parent().unwrap_or(Path::new(""));
    let source = Source::new(folder.join(format!("{file} (evaluate)")), text);
    Suite::read(&source, &Registry::builtin(), &Overrides::default())
}

/// Whether every answer passed everything that passes or fails. A gate of the suite's own may ask for less.
fn all_passed(report: &Report) -> bool {
    if !report.gate.rules.is_empty() {
        return true;
    }
    report.bots.iter().all(|bot| {
        bot.failed == 0
            && bot
                .scores
                .values()
                .all(|score| score.pass_rate.is_none_or(|rate| rate >= 1.0))
    })
}
