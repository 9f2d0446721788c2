//! Judging suites into runs, and looking at runs.

mod run;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use botsmith::core::yaml::Source;
use botsmith::eval::ask::Bots;
use botsmith::eval::evaluators::{Configured, Registry};
use botsmith::eval::run::{RunOptions, Runner};
use botsmith::eval::stats::Correction;
use botsmith::eval::suite::{BotSource, Overrides, Suite};
use botsmith::nanobots::{self, Allow, Workshop};
use pyo3::prelude::*;
use serde::Deserialize;

use crate::bots;
use crate::bounds;
use crate::callback::Callback;
use crate::doorway::{self, Stop};
use crate::fault::Fault;
use crate::function::{FunctionKind, Judging};
use crate::progress::Newest;
use crate::stats::CORRECTIONS;
use crate::store::Store;

pub(crate) use run::{Cases, Run, compare, list_runs, open_run};

/// What is to be judged, and how.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// The suite's file, or a name in its place.
    path: PathBuf,
    /// The suite's text, if it is not in the file.
    text: Option<String>,
    #[serde(default)]
    overrides: Overrides,
    threads: usize,
    concurrency: Option<NonZeroUsize>,
    allow_commands: bool,
}

/// The bots that Python gives by name; all others are opened as ever.
#[derive(Debug)]
struct Given {
    bots: Vec<(String, nanobots::Bot)>,
    workshop: Workshop,
}

impl Bots for Given {
    fn open(&self, source: &BotSource) -> botsmith::eval::Result<nanobots::Bot> {
        let given = self.bots.iter().find(|(name, _)| *name == source.name);
        match given {
            Some((_, bot)) => Ok(bot.clone()),
            None => self.workshop.open(source),
        }
    }
}

/// Judges a suite, or goes on with it, or finds the run that is there.
#[pyfunction]
#[pyo3(signature = (wanted, store, given, judging, stop, progress=None))]
pub(crate) fn evaluate(
    py: Python<'_>,
    wanted: &str,
    store: &Store,
    given: Vec<(String, PyRef<'_, bots::Bot>)>,
    judging: Vec<(String, Callback)>,
    stop: &Stop,
    progress: Option<Py<PyAny>>,
) -> PyResult<Run> {
    let wanted: Wanted = parsed(wanted).map_err(|fault| fault.into_py(py))?;
    let bots: Vec<_> = given
        .into_iter()
        .map(|(name, bot)| (name, bot.rust().clone()))
        .collect();
    let newest = Newest::default();
    let told = newest.clone();
    let tick = |py: Python<'_>| told.tell(py, progress.as_ref());
    let (until, store) = (stop.clone(), store.clone());
    let done = doorway::long(py, stop, tick, move || {
        let registry = registry(judging)?;
        let suite = suite(&wanted, &registry)?;
        let open = store.open()?;
        let allow = Allow::default().commands(wanted.allow_commands);
        let workshop = Workshop::of_process()?
            .allow(allow)
            .store(Arc::clone(&open));
        let given = Given { bots, workshop };
        let update = |progress| newest.update(progress);
        let mut options = RunOptions::default();
        options.threads = bounds::threads(wanted.threads)?;
        options.progress = Some(&update);
        options.cancel = Some(until.flag());
        options.bots = Some(&given);
        options.concurrency = wanted.concurrency;
        bounds::concurrency(wanted.concurrency.map_or(0, NonZeroUsize::get))?;
        let finished = Runner::new(&*open).with(options).run(&suite)?;
        Run::open(&store, &finished.report.run)
    })?;
    // The last word, which no tick has told.
    tick(py)?;
    Ok(done)
}

/// Checks a suite without running it: its bots, metrics and cases as JSON.
#[pyfunction]
pub(crate) fn check_suite(
    py: Python<'_>,
    wanted: &str,
    judging: Vec<(String, Callback)>,
) -> PyResult<String> {
    let wanted: Wanted = parsed(wanted).map_err(|fault| fault.into_py(py))?;
    doorway::apart(py, move || {
        let registry = registry(judging)?;
        let suite = suite(&wanted, &registry)?;
        let bots: Vec<_> = suite.bots.iter().map(|bot| &bot.name).collect();
        let metrics: Vec<_> = suite
            .panel
            .evaluators()
            .iter()
            .map(Configured::name)
            .collect();
        let found = serde_json::json!({"name": suite.name, "bots": bots, "metrics": metrics});
        Ok::<_, Fault>(found.to_string())
    })
}

/// A correction by its name.
pub(crate) fn correction(name: &str) -> Option<Correction> {
    CORRECTIONS.into_iter().find(|known| known.as_str() == name)
}

fn parsed<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, Fault> {
    Ok(serde_json::from_str(text)?)
}

fn registry(judging: Vec<(String, Callback)>) -> Result<Registry, Fault> {
    let mut registry = Registry::builtin();
    for (index, (facts, callback)) in judging.into_iter().enumerate() {
        let judging: Judging = parsed(&facts)?;
        registry.register(FunctionKind::new(index, &judging, callback));
    }
    Ok(registry)
}

fn suite(wanted: &Wanted, registry: &Registry) -> Result<Suite, Fault> {
    Ok(match &wanted.text {
        Some(text) => {
            let source = Source::new(&wanted.path, text.clone());
            Suite::read(&source, registry, &wanted.overrides)?
        }
        None => Suite::load_with(&wanted.path, registry, &wanted.overrides)?,
    })
}
