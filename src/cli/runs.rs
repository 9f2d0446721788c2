//! `eval list|export|import|rerun|gc`.

use std::fs::File;
use std::io::BufReader;

use botsmith::core::yaml::Source;
use botsmith::eval::evaluators::Registry;
use botsmith::eval::run::{RunInfo, RunOptions, Runner, Runs};
use botsmith::eval::suite::{Reports, Suite};
use botsmith::eval::{Error, Result, report};
use serde_json::json;

use super::args::{Export, Gc, Import, List, Rerun};
use super::context::Context;
use super::progress::Bar;
use super::{Ended, eval, output, terminal};

pub(super) fn list(context: &Context, args: &List) -> Result<Ended> {
    let url = context.config.store.value.as_str();
    let runs = match botsmith::core::store::open_existing(url)? {
        Some(store) => Runs::new(&*store).list()?,
        None => Vec::new(),
    };
    if args.json {
        let rows: Vec<_> = runs.iter().map(named).collect();
        output::print_json(&json!({ "runs": rows }))?;
    } else {
        output::print(&terminal::list(&runs))?;
    }
    Ok(Ended::Well)
}

/// A run as JSON, its id under the name that it has everywhere else too.
fn named(run: &RunInfo) -> serde_json::Value {
    let mut row = serde_json::to_value(run).expect("our types serialise to JSON");
    row["run"] = run.id.clone().into();
    row
}

pub(super) fn export(context: &Context, args: &Export) -> Result<Ended> {
    let store = context.existing_store()?;
    let runs = Runs::new(&*store);
    let id = runs.resolve(&args.run)?;
    Runs::may_export_to(&args.file)?;
    report::save(&args.file, |out| runs.export(&id, out))?;
    let bytes = args.file.metadata().map_or(0, |meta| meta.len());
    if args.json {
        output::print_json(&json!({"run": id, "file": args.file, "bytes": bytes}))?;
    } else {
        let file = args.file.display();
        output::print(&format!(
            "run {} written to {file} ({bytes} bytes)\n",
            &id[..12]
        ))?;
    }
    Ok(Ended::Well)
}

pub(super) fn import(context: &Context, args: &Import) -> Result<Ended> {
    let fail = |source| botsmith::core::Error::Read {
        path: args.file.clone(),
        source,
    };
    let mut file = BufReader::new(File::open(&args.file).map_err(fail)?);
    let store = context.store()?;
    let manifest = Runs::new(&*store).import(&args.file, &mut file)?;
    if args.json {
        output::print_json(&json!({"run": manifest.id, "suite": manifest.suite}))?;
    } else {
        let short = &manifest.id[..12];
        output::print(&format!(
            "run {short} of {} imported\nnext: botsmith eval show {short}\n",
            manifest.suite
        ))?;
    }
    Ok(Ended::Well)
}

pub(super) fn rerun(context: &Context, args: &Rerun) -> Result<Ended> {
    let store = context.existing_store()?;
    let runs = Runs::new(&*store);
    let run = runs.open(&runs.resolve(&args.run)?)?;
    run.complete()?;
    let source = Source::new(&run.manifest.suite_file, run.manifest.suite_text.clone());
    let suite = Suite::stored(&source, &Registry::builtin(), &run.manifest)?;
    let bar = Bar::new(context.quiet());
    let update = |progress| bar.update(progress);
    let mut options = RunOptions::default();
    options.threads = context.threads();
    options.progress = Some(&update);
    let workshop = eval::workshop(context, &args.asking, &store);
    options.bots = Some(&workshop);
    options.concurrency = args.asking.concurrency;
    let runner = Runner::new(&*store).with(options);
    let finished = match args.failed {
        true => runner.rerun_failed(&suite, &run.manifest)?,
        false => runner.rerun(&suite, &run.manifest)?,
    };
    drop(bar);
    eval::finish(context, &*store, &finished, &Reports::default(), args.json)
}

pub(super) fn collect(context: &Context, args: &Gc) -> Result<Ended> {
    if args.keep == Some(0) {
        return Err(Error::Invalid(
            "--keep 0 would remove every run; delete `.botsmith/` for that".into(),
        ));
    }
    let store = context.existing_store()?;
    let collected = Runs::new(&*store).collect(args.keep, args.dry_run)?;
    if args.json {
        output::print_json(&json!({
            "runs": collected.runs, "blobs": collected.blobs, "young": collected.young,
            "dry_run": args.dry_run,
        }))?;
        return Ok(Ended::Well);
    }
    let mut text = match args.dry_run {
        true => format!("{} runs would be removed\n", collected.runs),
        false => format!(
            "{} runs and {} blobs removed\n",
            collected.runs, collected.blobs
        ),
    };
    let stays = match collected.young {
        0 => String::new(),
        1 => "1 unfinished run is younger than an hour and stays: it may be going on\n".into(),
        n => {
            format!("{n} unfinished runs are younger than an hour and stay: they may be going on\n")
        }
    };
    text.push_str(&stays);
    output::print(&text)?;
    Ok(Ended::Well)
}
