//! `botsmith eval SUITE`: judge, report, decide.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use botsmith::core::Diagnostic;
use botsmith::core::store::StateStore;
use botsmith::eval::evaluators::Registry;
use botsmith::eval::flow::{Desk, Spread, spread};
use botsmith::eval::report;
use botsmith::eval::run::{Finished, RunOptions, Runner, Runs};
use botsmith::eval::suite::{Overrides, Reports, Suite};
use botsmith::eval::{Error, Result};
use botsmith::flow::{FlowStore, Worker};
use botsmith::nanobots::{Allow, Workshop};

use super::args::{Asking, Eval, EvalCommand, Files, Output};
use super::context::Context;
use super::progress::Bar;
use super::{Ended, compare, output, power, runs, show, terminal};

/// Into how many shares a suite is spread.
const PARTS: u64 = 16;
/// How many shares this process works on at once.
const SHARES: usize = 2;
/// How long a share stays a process's that was killed.
const LEASE: Duration = Duration::from_secs(10);
/// How long shares of other suites may go on once this one is judged.
const GRACE: Duration = Duration::from_secs(30);

pub(super) fn run(context: &Context, args: Eval) -> Result<Ended> {
    match args.command {
        Some(EvalCommand::List(list)) => runs::list(context, &list),
        Some(EvalCommand::Show(args)) => show::run(context, &args),
        Some(EvalCommand::Compare(args)) => compare::run(context, &args),
        Some(EvalCommand::Export(args)) => runs::export(context, &args),
        Some(EvalCommand::Import(args)) => runs::import(context, &args),
        Some(EvalCommand::Rerun(args)) => runs::rerun(context, &args),
        Some(EvalCommand::Gc(args)) => runs::collect(context, &args),
        Some(EvalCommand::Power(args)) => power::run(context, &args),
        None => suite(context, args),
    }
}

/// `--json suite.yaml` takes the suite for the file to write: told by its being the only name.
fn untangle(args: &mut Eval) -> Result<PathBuf> {
    if let Some(suite) = args.suite.take() {
        return Ok(suite);
    }
    let yaml = |path: &Path| path.extension().is_some_and(|e| e == "yaml" || e == "yml");
    match args.output.json.take() {
        Some(Some(path)) if yaml(&path) => {
            args.output.json = Some(None);
            Ok(path)
        }
        _ => Err(Error::Invalid(
            "which suite? `botsmith eval suite.yaml`; `botsmith init` makes one to start from"
                .into(),
        )),
    }
}

/// A suite that is not there: perhaps one beside it is meant, or a command is misspelt.
pub(super) fn exists(path: &Path) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let name = |path: &Path| Some(path.file_name()?.to_str()?.to_owned());
    let mut near: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| name(&entry.ok()?.path()))
        .filter(|name| {
            let extension = Path::new(name).extension();
            extension.is_some_and(|e| e == "yaml" || e == "yml")
        })
        .collect();
    near.sort();
    let commands = <EvalCommand as clap::Subcommand>::augment_subcommands(clap::Command::new(""));
    near.extend(commands.get_subcommands().map(|c| c.get_name().to_owned()));
    let wanted = name(path).unwrap_or_default();
    let hint = match botsmith::core::hint::nearest(&wanted, near.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`botsmith init` makes a suite to start from".into(),
    };
    Err(Diagnostic::new(path, "no such suite file")
        .hint(hint)
        .into())
}

fn suite(context: &Context, mut args: Eval) -> Result<Ended> {
    let path = untangle(&mut args)?;
    exists(&path)?;
    let overrides = Overrides {
        seed: args.seed,
        limit: args.limit,
        sample: args.sample,
        filter: args.filter,
        bots: args.bots,
        provider: args.provider,
        model: args.model,
    };
    let suite = Suite::load_with(&path, &Registry::builtin(), &overrides)?;
    let files = files(&args.output, &suite.reports);
    files.check(&suite)?;
    let store = context.store()?;
    let bar = Bar::new(context.quiet());
    let update = |progress| bar.update(progress);
    let mut options = RunOptions::default();
    options.threads = context.threads();
    options.progress = Some(&update);
    let workshop = workshop(context, &args.asking, &store);
    options.bots = Some(&workshop);
    options.concurrency = args.asking.concurrency;
    if args.workers {
        let what = Spread {
            file: &path,
            overrides: &overrides,
            parts: PARTS,
            concurrency: args.asking.concurrency,
        };
        options.asked = share(&store, &workshop, what)?;
    }
    let finished = Runner::new(&*store).with(options).run(&suite)?;
    drop(bar);
    finish(
        context,
        &*store,
        &finished,
        &files,
        json_on_stdout(&args.output),
    )
}

/// Has a suite asked and judged by all workers of the store, this process among them; says whether there was
/// anything to do.
fn share(store: &Arc<dyn StateStore>, workshop: &Workshop, what: Spread<'_>) -> Result<bool> {
    let wrong = |error: botsmith::flow::Error| match error {
        botsmith::flow::Error::Core(error) => Error::Core(error),
        error => Error::Invalid(error.to_string()),
    };
    let flows = Arc::new(FlowStore::open(Arc::clone(store)).map_err(wrong)?);
    let desk = Desk::new(Arc::clone(store), Arc::new(workshop.clone()));
    let worker = Worker::new(Arc::clone(&flows), desk.kinds())
        .concurrency(SHARES)
        .lease(LEASE);
    let running = worker.start().map_err(wrong)?;
    let asked = spread(&desk, &flows, what, |_| true);
    running.drain(GRACE);
    running.join();
    asked
}

/// Opens the bots and judges of a suite.
pub(super) fn workshop(
    context: &Context,
    asking: &Asking,
    store: &Arc<dyn StateStore>,
) -> Workshop {
    context
        .workshop()
        .allow(Allow::default().commands(asking.allow_command))
        .store(Arc::clone(store))
}

fn json_on_stdout(output: &Output) -> bool {
    output.json.as_ref().is_some_and(Option::is_none)
}

/// Writes what was asked for and decides the exit code.
pub(super) fn finish(
    context: &Context,
    store: &dyn StateStore,
    finished: &Finished,
    files: &Reports,
    json: bool,
) -> Result<Ended> {
    let report = &finished.report;
    let run = Runs::new(store).open(&report.run)?;
    let written = report::write_files(&run, report, files)?;
    if json {
        output::print_json(report)?;
    } else {
        output::print(&terminal::report(report, context.colored()))?;
        if !context.quiet() {
            output::print(&terminal::footer(
                finished,
                &written,
                context.config.store.value.as_str(),
            ))?;
            let failed: usize = report.bots.iter().map(|bot| bot.failed).sum();
            if failed > 0 && run.manifest.identity.get("asked").is_some() {
                output::print(&format!(
                    "{failed} answers failed; `botsmith eval rerun --failed {}` asks for them again\n",
                    &report.run[..12]
                ))?;
            }
        }
    }
    Ok(if report.gate.passed {
        Ended::Well
    } else {
        Ended::GateFailed
    })
}

/// The files that flags and the suite ask for; a flag wins over the suite.
fn files(output: &Output, suite: &Reports) -> Reports {
    let flags = report_files(&output.files);
    let mut files = Reports::default();
    files.json = output.json.clone().flatten().or(suite.json.clone());
    files.jsonl = flags.jsonl.or(suite.jsonl.clone());
    files.csv = flags.csv.or(suite.csv.clone());
    files.markdown = flags.markdown.or(suite.markdown.clone());
    files.junit = flags.junit.or(suite.junit.clone());
    files.html = flags.html.or(suite.html.clone());
    files
}

/// The files that flags ask for.
pub(super) fn report_files(flags: &Files) -> Reports {
    let mut files = Reports::default();
    files.jsonl.clone_from(&flags.jsonl);
    files.csv.clone_from(&flags.csv);
    files.markdown.clone_from(&flags.markdown);
    files.junit.clone_from(&flags.junit);
    files.html.clone_from(&flags.html);
    files
}
