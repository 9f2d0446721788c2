//! A run in its store: report, cases, files, comparison with another.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use botsmith::core::store::StateStore;
use botsmith::core::yaml::Source;
use botsmith::eval::evaluators::Registry;
use botsmith::eval::report::{self, html, jsonl, junit, markdown, rows};
use botsmith::eval::run::{CompareOptions, Manifest, Runs};
use botsmith::eval::stats::Correction;
use botsmith::eval::suite::Suite;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::doorway;
use crate::fault::Fault;
use crate::stats::CORRECTIONS;
use crate::store::Store;

/// Cases that cross at once.
const BATCH: usize = 128;
/// How often a reader of cases looks for signals.
const TICK: Duration = Duration::from_millis(100);

/// A complete run; its report is in memory, its cases in the store.
#[pyclass(frozen, module = "botsmith._native")]
#[derive(Debug)]
pub(crate) struct Run {
    store: Store,
    manifest: Manifest,
    report: String,
}

impl Run {
    /// The run of this id.
    pub(crate) fn open(store: &Store, id: &str) -> Result<Self, Fault> {
        let open = store.open()?;
        let run = Runs::new(&*open).open(id)?;
        let report = serde_json::to_string(run.complete()?)?;
        Ok(Self {
            store: store.clone(),
            manifest: run.manifest,
            report,
        })
    }
}

#[pymethods]
impl Run {
    /// Its id.
    #[getter]
    fn id(&self) -> &str {
        &self.manifest.id
    }

    /// What it says, as the command line's `--json`.
    fn report_json(&self) -> &str {
        &self.report
    }

    /// What it is of, as JSON.
    fn manifest_json(&self) -> PyResult<String> {
        let text = serde_json::to_string(&self.manifest);
        text.map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// All cases in order, in batches of JSON lists.
    fn cases(&self, py: Python<'_>) -> PyResult<Cases> {
        let open = self.store.open().map_err(|fault| fault.into_py(py))?;
        let id = self.manifest.id.clone();
        // Read ahead by a batch, so that reading and Python's work go on at once.
        let (sender, receiver) = sync_channel(2);
        std::thread::Builder::new()
            .name("botsmith".into())
            .spawn(move || {
                let end = doorway::caught(|| read(open, &id, &sender)).map(|()| None);
                // The reader may have gone.
                let _ = sender.send(end);
            })?;
        Ok(Cases(Mutex::new(Some(receiver))))
    }

    /// One case by its id or the beginning of it, as JSON.
    fn case(&self, py: Python<'_>, name: String) -> PyResult<String> {
        let (store, id) = (self.store.clone(), self.manifest.id.clone());
        doorway::apart(py, move || {
            let open = store.open()?;
            let run = Runs::new(&*open).open(&id)?;
            let case = run.case(&name)?;
            let row = rows::case(&case, &run.manifest, rows::Offsets::CodePoints);
            Ok::<_, Fault>(row.to_string())
        })
    }

    /// Writes a report: `json`, `jsonl`, `csv`, `markdown`, `junit` or `html`.
    fn write(&self, py: Python<'_>, kind: String, path: PathBuf) -> PyResult<()> {
        let (store, id) = (self.store.clone(), self.manifest.id.clone());
        doorway::apart(py, move || write(&store, &id, &kind, &path))
    }
}

/// Sends all cases of a run, batch after batch, as long as somebody takes them.
fn read(open: Arc<dyn StateStore>, id: &str, sender: &SyncSender<Batch>) -> Result<(), Fault> {
    let runs = Runs::new(&*open);
    let run = runs.open(id)?;
    let mut cases = run.cases().peekable();
    while cases.peek().is_some() {
        let batch = cases
            .by_ref()
            .take(BATCH)
            .map(|case| Ok(rows::case(&case?, &run.manifest, rows::Offsets::CodePoints)))
            .collect::<Result<Vec<_>, Fault>>()?;
        let text = serde_json::to_string(&batch)?;
        if sender.send(Ok(Some(text))).is_err() {
            break;
        }
    }
    Ok(())
}

fn write(store: &Store, id: &str, kind: &str, path: &Path) -> Result<(), Fault> {
    let open = store.open()?;
    let run = Runs::new(&*open).open(id)?;
    let report = run.complete()?;
    let manifest = &run.manifest;
    let failed = |source| {
        botsmith::eval::Error::Core(botsmith::core::Error::Write {
            path: path.to_owned(),
            source,
        })
    };
    report::save(path, |out| match kind {
        "json" => {
            let text = serde_json::to_string_pretty(report).expect("our types serialise to JSON");
            writeln!(out, "{text}").map_err(failed)
        }
        "jsonl" => jsonl::write(out, manifest, &mut run.cases()),
        "csv" => report::csv::write(out, manifest, &mut run.cases()),
        "markdown" => out
            .write_all(markdown::render(report).as_bytes())
            .map_err(failed),
        "junit" => junit::write(out, report, manifest, || run.cases()),
        "html" => {
            let row = |case: botsmith::eval::Result<_>| {
                case.map(|case| rows::case(&case, manifest, rows::Offsets::Utf16))
            };
            html::write(out, path, report, run.cases().map(row))
        }
        other => Err(botsmith::eval::Error::Invalid(format!(
            "no report `{other}`: `json`, `jsonl`, `csv`, `markdown`, `junit` or `html` is wanted"
        ))),
    })?;
    Ok(())
}

/// A batch of cases; none says that these were all.
type Batch = Result<Option<String>, Fault>;

/// Batches of cases, read ahead. A reader that goes without a word has broken.
#[pyclass(frozen, module = "botsmith._native")]
#[derive(Debug)]
pub(crate) struct Cases(Mutex<Option<Receiver<Batch>>>);

#[pymethods]
impl Cases {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<String>> {
        loop {
            let next = py.detach(|| {
                let mut receiver = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(open) = &*receiver else {
                    return Some(Ok(None));
                };
                let next = match open.recv_timeout(TICK) {
                    Err(RecvTimeoutError::Timeout) => return None,
                    Err(RecvTimeoutError::Disconnected) => {
                        Err(Fault::Broken("the reader of cases is gone".into()))
                    }
                    Ok(next) => next,
                };
                if !matches!(next, Ok(Some(_))) {
                    receiver.take();
                }
                Some(next)
            });
            match next {
                Some(next) => return next.map_err(|fault| fault.into_py(py)),
                None => py.check_signals()?,
            }
        }
    }
}

/// A run by its id, the beginning of it, or `latest`.
#[pyfunction]
pub(crate) fn open_run(py: Python<'_>, store: &Store, name: String) -> PyResult<Run> {
    let store = store.clone();
    doorway::apart(py, move || {
        let open = store.open()?;
        let id = Runs::new(&*open).resolve(&name)?;
        Run::open(&store, &id)
    })
}

/// The runs of a store as JSON, newest first.
#[pyfunction]
pub(crate) fn list_runs(py: Python<'_>, store: &Store) -> PyResult<String> {
    let store = store.clone();
    doorway::apart(py, move || {
        let open = store.open()?;
        let runs = Runs::new(&*open).list()?;
        Ok::<_, Fault>(serde_json::to_string(&runs)?)
    })
}

/// Two runs case by case, as JSON.
#[pyfunction]
pub(crate) fn compare(py: Python<'_>, a: &Run, b: &Run, correction: &str) -> PyResult<String> {
    let Some(correction) = super::correction(correction) else {
        let words = CORRECTIONS.map(Correction::as_str).join("`, `");
        return Err(PyValueError::new_err(format!(
            "no correction `{correction}`: one of `{words}` is wanted"
        )));
    };
    let sides = [a, b].map(|run| (run.store.clone(), run.manifest.id.clone()));
    doorway::apart(py, move || {
        let open = [sides[0].0.open()?, sides[1].0.open()?];
        let a = Runs::new(&*open[0]).open(&sides[0].1)?;
        let b = Runs::new(&*open[1]).open(&sides[1].1)?;
        let suites = [stored(&a.manifest), stored(&b.manifest)];
        let mut options = CompareOptions::default();
        options.correction = correction;
        // A suite of Python functions cannot be read again; scores are compared all the same.
        options.suites = match &suites {
            [Some(a), Some(b)] => Some([a, b]),
            _ => None,
        };
        let found = botsmith::eval::run::compare(&a, &b, &options)?;
        Ok::<_, Fault>(serde_json::to_string(&found)?)
    })
}

fn stored(manifest: &Manifest) -> Option<Suite> {
    let source = Source::new(&manifest.suite_file, manifest.suite_text.clone());
    Suite::stored(&source, &Registry::builtin(), manifest).ok()
}
