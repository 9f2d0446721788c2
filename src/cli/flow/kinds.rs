//! The kinds of steps that workflows of the command line know: those of flow and eval, and two that write reports
//! and find keyphrases.

use std::path::PathBuf;
use std::sync::Arc;

use botsmith::core::store::{MemoryStore, StateStore};
use botsmith::eval::Error;
use botsmith::eval::ask::Given;
use botsmith::eval::flow::Desk;
use botsmith::eval::run::Runs;
use botsmith::eval::suite::Reports;
use botsmith::flow::{FlowStore, Kind, Kinds, StepError, Task, Type};
use botsmith::nlp::{Pipeline, keyphrases};
use serde::Deserialize;
use serde_json::{Value, json};

use super::args::Doing;
use crate::cli::args::Asking;
use crate::cli::context::Context;
use crate::cli::eval;

/// Phrases that a step gives, where it does not say how many.
const PHRASES: usize = 10;

/// What is known of kinds, for checks: what stands here does nothing.
pub(in crate::cli) fn known() -> Kinds {
    let store = Arc::new(MemoryStore::new());
    with_ours(
        Desk::new(store.clone(), Arc::new(Given::default())).kinds(),
        store,
    )
}

/// The kinds with what each does here.
pub(super) fn doing(context: &Context, flows: &Arc<FlowStore>, args: &Doing) -> Kinds {
    let asking = Asking {
        concurrency: None,
        allow_command: args.allow_command,
    };
    let store = Arc::clone(flows.state());
    let workshop = eval::workshop(context, &asking, &store);
    with_ours(
        Desk::new(Arc::clone(&store), Arc::new(workshop)).kinds(),
        store,
    )
}

fn with_ours(kinds: Kinds, store: Arc<dyn StateStore>) -> Kinds {
    let files = ["html", "markdown", "json", "jsonl", "csv", "junit"];
    let report = files.into_iter().fold(
        Kind::new("report", "Writes reports of a judged run to files.").takes(
            "run",
            Type::Text,
            "The run, as `run` in the output of a step of kind `eval`.",
        ),
        |kind, name| kind.may_take(name, Type::Text, "The file to write."),
    );
    let report = report
        .gives(Type::List)
        .does_blocking(move |task| write(&*store, &task));
    let phrases = Kind::new("keyphrases", "The phrases that an English text is about.")
        .takes("text", Type::Text, "The text.")
        .may_take("top", Type::Number, "How many at most.")
        .gives(Type::List)
        .does_blocking(|task| phrases(&task));
    kinds.with(report).with(phrases)
}

#[derive(Deserialize)]
struct Report {
    run: String,
    html: Option<PathBuf>,
    markdown: Option<PathBuf>,
    json: Option<PathBuf>,
    jsonl: Option<PathBuf>,
    csv: Option<PathBuf>,
    junit: Option<PathBuf>,
}

fn write(store: &dyn StateStore, task: &Task) -> Result<Value, StepError> {
    let with: Report = task.read()?;
    let place = |path: Option<PathBuf>| path.map(|path| task.path(path));
    let mut files = Reports::default();
    files.html = place(with.html);
    files.markdown = place(with.markdown);
    files.json = place(with.json);
    files.jsonl = place(with.jsonl);
    files.csv = place(with.csv);
    files.junit = place(with.junit);
    let write = || {
        let runs = Runs::new(store);
        let run = runs.open(&runs.resolve(&with.run)?)?;
        eval::write_files(&run, run.complete()?, &files)
    };
    Ok(json!(write().map_err(|error| failed(&error))?))
}

#[derive(Deserialize)]
struct Phrases {
    text: String,
    top: Option<usize>,
}

fn phrases(task: &Task) -> Result<Value, StepError> {
    let with: Phrases = task.read()?;
    let doc = Pipeline::english().and_then(|english| english.annotate(with.text));
    let doc = doc.map_err(|error| failed(&error.into()))?;
    let found = keyphrases::keyphrases(&doc, with.top.unwrap_or(PHRASES));
    let told = found
        .iter()
        .map(|phrase| json!({"text": phrase.text, "lemmas": phrase.lemmas, "score": phrase.score}));
    Ok(told.collect())
}

fn failed(error: &Error) -> StepError {
    StepError::new("invalid", format!("{error} ({})", error.code()))
}
