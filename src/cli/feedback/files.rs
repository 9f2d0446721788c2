//! `feedback import` and `feedback export`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use botsmith::eval::feedback::{Filter, Log, Plan, export, import};
use botsmith::eval::run::Runs;
use botsmith::eval::{Error, Result, report};
use serde_json::json;

use super::args::{Export, Import};
use crate::cli::context::Context;
use crate::cli::{Ended, output};

pub(super) fn import(context: &Context, args: &Import) -> Result<Ended> {
    let store = context.existing_store()?;
    let runs = Runs::new(&*store);
    let run = runs.open(&runs.resolve(&args.run)?)?;
    let plan = Plan::of_run(&run.manifest, args.suite.as_deref())?;
    let only = match run.manifest.bots.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    };
    let defaults = import::Defaults {
        rater: args.rater.clone(),
        bot: args.bot.clone().or(only),
        source: args.source.into(),
    };
    let read = import::read(&args.file, args.shape.map(Into::into), &defaults)?;
    let mut unasked = BTreeMap::new();
    let records = import::attach(
        &args.file,
        read.records,
        &run,
        &plan,
        store.now_ms()?,
        &mut unasked,
    )?;
    let mut passed_over = read.passed_over;
    passed_over.extend(unasked.into_iter().map(|(question, n)| {
        (
            format!("records of `{question}`, which the suite does not ask"),
            n,
        )
    }));
    let log = Log::open(&*store);
    let (mut new, mut known) = (0, 0);
    for record in records {
        if args.dry_run {
            new += 1;
            continue;
        }
        match log.import(record)?.new {
            true => new += 1,
            false => known += 1,
        }
    }
    if args.json {
        let passed_over: Vec<_> = passed_over
            .iter()
            .map(|(why, n)| json!({"what": why, "n": n}))
            .collect();
        output::print_json(&json!({
            "run": run.manifest.id, "shape": read.shape.as_str(), "new": new, "known": known,
            "passed_over": passed_over, "dry_run": args.dry_run,
        }))?;
        return Ok(Ended::Well);
    }
    let mut text = match args.dry_run {
        true => format!("{new} records would be kept\n"),
        false => format!("{new} records kept, {known} were there already\n"),
    };
    for (why, n) in &passed_over {
        let _ = writeln!(text, "passed over: {n} {why}");
    }
    output::print(&text)?;
    Ok(Ended::Well)
}

pub(super) fn export(context: &Context, args: &Export) -> Result<Ended> {
    let write = match extension(&args.file).as_deref() {
        Some("jsonl" | "ndjson") => export::jsonl,
        Some("csv") => export::csv,
        _ => {
            let file = args.file.display();
            return Err(Error::Invalid(format!(
                "{file}: a .jsonl or .csv file is wanted"
            )));
        }
    };
    let records = super::list::records(context, &args.which)?;
    report::save(&args.file, |out| write(out, &records))?;
    if args.json {
        output::print_json(&json!({"file": args.file, "records": records.len()}))?;
    } else {
        let n = records.len();
        output::print(&format!("{n} records written to {}\n", args.file.display()))?;
    }
    Ok(Ended::Well)
}

fn extension(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_lowercase())
}

/// What a filter of the command line means for the log.
pub(super) fn filter(context: &Context, which: &super::args::Which) -> Result<Filter> {
    let run = match &which.run {
        Some(name) => Some(Runs::new(&*context.existing_store()?).resolve(name)?),
        None => None,
    };
    let mut filter = Filter::default();
    filter.run = run;
    filter.suite.clone_from(&which.suite_name);
    filter.question.clone_from(&which.question);
    filter.rater.clone_from(&which.rater);
    filter.case.clone_from(&which.case);
    filter.bot.clone_from(&which.bot);
    Ok(filter)
}
