//! `botsmith store audit|check|export|import|gc|stats|migrate`: the store as a whole, whatever is in it.

pub(super) mod audit;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use botsmith::core::audit::Audit as Log;
use botsmith::core::store::{self, StateStore, archive};
use botsmith::eval::run::Runs;
use botsmith::eval::{Result, report};
use clap::{Subcommand, ValueHint};
use serde_json::json;

use super::args::Gc;
use super::context::Context;
use super::{Ended, output, runs};

/// The store as a whole.
#[derive(Debug, clap::Args)]
pub(crate) struct Store {
    #[command(subcommand)]
    pub(super) command: StoreCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Show or verify the log of who changed what
    Audit(audit::Audit),
    /// Read everything and say what is damaged
    Check(Plain),
    /// Count what is there
    Stats(Plain),
    /// Write all of it, or the partitions under a prefix, to one file
    Export(Export),
    /// Read such a file into the store
    Import(Import),
    /// Remove runs that are not complete, old ones, and unused blobs
    Gc(Gc),
    /// Bring an older store to this version, or copy all of it into another store
    Migrate(Migrate),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Plain {
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// The file to write
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// Only partitions whose names start so, like `session/`; blobs stay out
    #[arg(long, value_name = "TEXT", default_value = "")]
    prefix: String,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// The file that `store export` wrote
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// Replace partitions that are there with other content
    #[arg(long)]
    replace: bool,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Migrate {
    /// The store to copy everything into; it is made if it is not there
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

impl StoreCommand {
    pub(super) fn json(&self) -> bool {
        match self {
            Self::Audit(args) => args.json(),
            Self::Check(Plain { json })
            | Self::Stats(Plain { json })
            | Self::Export(Export { json, .. })
            | Self::Import(Import { json, .. })
            | Self::Gc(Gc { json, .. })
            | Self::Migrate(Migrate { json, .. }) => *json,
        }
    }
}

pub(super) fn run(context: &Context, command: &StoreCommand) -> Result<Ended> {
    match command {
        StoreCommand::Audit(args) => audit::run(context, args),
        StoreCommand::Check(args) => check(context, args),
        StoreCommand::Stats(args) => stats(context, args),
        StoreCommand::Export(args) => export(context, args),
        StoreCommand::Import(args) => import(context, args),
        StoreCommand::Gc(args) => runs::collect(context, args),
        StoreCommand::Migrate(args) => migrate(context, args),
    }
}

fn check(context: &Context, args: &Plain) -> Result<Ended> {
    let store = context.existing_store()?;
    let survey = store::survey(&*store, true)?;
    let mut damage = store.inspect()?;
    damage.extend(survey.damage);
    let runs = Runs::new(&*store);
    let list = runs.list()?;
    for run in list.iter().filter(|run| run.complete) {
        let read = || -> Result<()> {
            let run = runs.open(&run.id)?;
            run.complete()?;
            run.cases().try_for_each(|case| case.map(drop))
        };
        if let Err(error) = read() {
            damage.push(format!("run {}: {error}", &run.id[..12.min(run.id.len())]));
        }
    }
    if let Some(found) = Log::new(&*store).verify(None)?.damage {
        damage.push(audit::told(&found));
    }
    let partitions: u64 = survey.kinds.values().map(|counts| counts.partitions).sum();
    if args.json {
        output::print_json(&json!({
            "ok": damage.is_empty(), "partitions": partitions, "runs": list.len(),
            "blobs": survey.blobs, "damage": damage,
        }))?;
    } else {
        let mut text = format!(
            "{partitions} partitions, {} runs among them, and {} blobs read\n",
            list.len(),
            survey.blobs
        );
        match damage.len() {
            0 => text.push_str("nothing is damaged\n"),
            n => {
                for line in &damage {
                    let _ = writeln!(text, "✗ {line}");
                }
                let _ = writeln!(text, "{n} damaged: restore the store from a copy");
            }
        }
        output::print(&text)?;
    }
    Ok(match damage.is_empty() {
        true => Ended::Well,
        false => Ended::GateFailed,
    })
}

fn stats(context: &Context, args: &Plain) -> Result<Ended> {
    let store = context.existing_store()?;
    let survey = store::survey(&*store, false)?;
    if args.json {
        output::print_json(&json!({
            "store": store.url(), "kinds": survey.kinds,
            "blobs": survey.blobs, "blob_bytes": survey.blob_bytes,
        }))?;
        return Ok(Ended::Well);
    }
    let mut text = format!(
        "{:16} {:>10} {:>10} {:>12} {:>8} {:>14}\n",
        "", "partitions", "records", "log entries", "due", "bytes"
    );
    for (kind, counts) in &survey.kinds {
        let _ = writeln!(
            text,
            "{kind:16} {:>10} {:>10} {:>12} {:>8} {:>14}",
            counts.partitions, counts.records, counts.entries, counts.due, counts.bytes
        );
    }
    let _ = writeln!(
        text,
        "{:16} {:>10} {:>49}",
        "blobs", survey.blobs, survey.blob_bytes
    );
    output::print(&text)?;
    Ok(Ended::Well)
}

fn export(context: &Context, args: &Export) -> Result<Ended> {
    let store = context.existing_store()?;
    let mut moved = archive::Moved::default();
    report::save(&args.file, |out| {
        let mut out = BufWriter::new(out);
        moved = archive::export(&*store, &args.prefix, &args.file, &mut out)?;
        let flushed = std::io::Write::flush(&mut out);
        flushed.map_err(|source| {
            botsmith::core::Error::Write {
                path: args.file.clone(),
                source,
            }
            .into()
        })
    })?;
    let bytes = args.file.metadata().map_or(0, |meta| meta.len());
    if args.json {
        output::print_json(&json!({"file": args.file, "bytes": bytes, "moved": moved}))?;
    } else {
        let file = args.file.display();
        output::print(&format!(
            "{} partitions and {} blobs written to {file} ({bytes} bytes)\n",
            moved.partitions, moved.blobs
        ))?;
    }
    Ok(Ended::Well)
}

fn import(context: &Context, args: &Import) -> Result<Ended> {
    let file = File::open(&args.file).map_err(|source| botsmith::core::Error::Read {
        path: args.file.clone(),
        source,
    })?;
    let store = context.store()?;
    let mut input = BufReader::new(file);
    let moved = archive::import(&*store, &args.file, &mut input, args.replace)?;
    if args.json {
        output::print_json(&json!({"file": args.file, "moved": moved}))?;
    } else {
        output::print(&said("imported", &moved))?;
    }
    Ok(Ended::Well)
}

fn said(what: &str, moved: &archive::Moved) -> String {
    format!(
        "{} partitions {what}, {} of them were there already; {} blobs\n",
        moved.partitions, moved.unchanged, moved.blobs
    )
}

fn migrate(context: &Context, args: &Migrate) -> Result<Ended> {
    // Opening brings an older schema up, and refuses a newer one.
    let from = context.existing_store()?;
    let Some(to) = &args.to else {
        if args.json {
            output::print_json(&json!({"store": from.url(), "current": true}))?;
        } else {
            output::print("the store has the schema of this build\n")?;
        }
        return Ok(Ended::Well);
    };
    let to = store::open(to)?;
    let moved = copy(&from, &*to)?;
    if args.json {
        output::print_json(&json!({"store": from.url(), "to": to.url(), "moved": moved}))?;
    } else {
        let mut text = said("copied", &moved);
        let _ = writeln!(text, "next: use it with --store {}", to.url());
        output::print(&text)?;
    }
    Ok(Ended::Well)
}

/// Copies all of one store into another, as an export that is imported while it is written.
fn copy(from: &Arc<dyn StateStore>, to: &dyn StateStore) -> Result<archive::Moved> {
    let name = Path::new("the copy");
    let failed = |source| botsmith::core::Error::Write {
        path: name.to_owned(),
        source,
    };
    let (reader, writer) = std::io::pipe().map_err(failed)?;
    let from = Arc::clone(from);
    let export = std::thread::spawn(move || {
        let mut out = BufWriter::new(writer);
        let moved = archive::export(&*from, "", name, &mut out)?;
        std::io::Write::flush(&mut out).map_err(failed)?;
        botsmith::core::Result::Ok(moved)
    });
    let imported = archive::import(to, name, &mut BufReader::new(reader), false);
    let exported = export.join().expect("an export does not panic");
    match (imported, exported) {
        // A reader that gave up breaks the pipe: its reason is the one to tell.
        (Err(error), Ok(_) | Err(botsmith::core::Error::Write { .. })) | (_, Err(error)) => {
            Err(error.into())
        }
        (Ok(moved), Ok(_)) => Ok(moved),
    }
}
