//! Workers whose steps may be Python functions.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use botsmith::flow::{Kind, Outlook, Running, StepError, Task, Worker, outlook};
use pyo3::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Given, flows, kinds, read, start};
use crate::bounds;
use crate::callback::Callback;
use crate::doorway::{self, Stop};
use crate::fault::Fault;
use crate::store::Store;

/// How often it is looked how a run stands.
pub(super) const LOOK: Duration = Duration::from_millis(20);
/// How long attempts may go on when their worker was stopped.
const GRACE: Duration = Duration::from_secs(10);

/// What a worker is to be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    concurrency: usize,
    labels: Vec<String>,
    devices: Vec<String>,
    memory: u32,
    lease: f64,
    folder: Option<PathBuf>,
    allow_commands: bool,
}

/// What a Python function gave: an output, or an error of some class.
#[derive(Deserialize)]
#[serde(untagged)]
enum Gave {
    Output { output: Value },
    Error { class: String, message: String },
}

/// A kind that a Python function does.
pub(super) fn does(kind: Kind, callback: Callback) -> Kind {
    kind.does(move |task: Task| {
        let callback = callback.clone();
        async move {
            let given = json!({
                "run": task.run(), "workflow": task.workflow(), "step": task.step(),
                "attempt": task.attempt(), "idempotency_key": task.idempotency_key(),
                "folder": task.folder(), "devices": task.devices(), "with": task.with(),
                "inputs": task.inputs(),
            });
            let gave = callback.ask(given.to_string(), None).await;
            let gave = gave.map_err(|raised| StepError::new("python", raised.words))?;
            match serde_json::from_str(&gave) {
                Ok(Gave::Output { output }) => Ok(output),
                Ok(Gave::Error { class, message }) => Err(StepError::new(class, message)),
                Err(error) => Err(StepError::new("python", error.to_string())),
            }
        }
    })
}

fn worker(store: &Store, given: Given, wanted: &str) -> Result<Worker, Fault> {
    let wanted: Wanted = serde_json::from_str(wanted)?;
    let lease = Duration::try_from_secs_f64(wanted.lease)
        .map_err(|error| Fault::Wrong(format!("lease={}: {error}", wanted.lease)))?;
    let kinds = kinds(Some(store), wanted.allow_commands, given)?;
    let mut worker = Worker::new(flows(store)?, kinds)
        .concurrency(bounds::concurrency(wanted.concurrency)?)
        .labels(wanted.labels)
        .devices(wanted.devices)
        .memory(wanted.memory)
        .lease(lease)
        .allow_commands(wanted.allow_commands);
    if let Some(folder) = wanted.folder {
        worker = worker.folder(folder);
    }
    Ok(worker)
}

/// A worker at work.
#[pyclass(frozen, module = "botsmith._native")]
#[derive(Debug)]
pub(crate) struct FlowWorker {
    id: String,
    running: Arc<Mutex<Option<Running>>>,
}

#[pymethods]
impl FlowWorker {
    /// Starts one.
    #[new]
    fn new(py: Python<'_>, store: &Store, given: Given, wanted: String) -> PyResult<Self> {
        let store = store.clone();
        doorway::apart(py, move || {
            let running = worker(&store, given, &wanted)?.start()?;
            Ok::<_, Fault>(Self {
                id: running.id().to_owned(),
                running: Arc::new(Mutex::new(Some(running))),
            })
        })
    }

    /// Its name in the store.
    #[getter]
    fn id(&self) -> &str {
        &self.id
    }

    /// Claims no more; what it has may go on for so many seconds. Waits for it, and says what it did in
    /// all, as JSON; none where it had ended before.
    fn stop(&self, py: Python<'_>, grace: f64, stop: &Stop) -> PyResult<Option<String>> {
        let grace = Duration::try_from_secs_f64(grace)
            .map_err(|error| pyo3::exceptions::PyValueError::new_err(format!("{error}")))?;
        let held = Arc::clone(&self.running);
        doorway::long(
            py,
            stop,
            |_| Ok(()),
            move || {
                let running = held.lock().unwrap_or_else(PoisonError::into_inner).take();
                let Some(running) = running else {
                    return Ok::<_, Fault>(None);
                };
                running.drain(grace);
                let tally = running.join();
                Ok(Some(
                    json!({
                        "claimed": tally.claimed, "stored": tally.stored, "already": tally.already,
                        "fenced": tally.fenced, "errors": tally.errors,
                    })
                    .to_string(),
                ))
            },
        )
    }
}

/// Starts a run, or goes on with one of this id, and works on it here until it has ended, waits for a signal or
/// is paused.
#[pyfunction]
#[allow(clippy::too_many_arguments, reason = "each is a fact of its own")]
pub(crate) fn flow_work(
    py: Python<'_>,
    store: &Store,
    path: PathBuf,
    given: Given,
    id: String,
    inputs: String,
    wanted: String,
    stop: &Stop,
) -> PyResult<()> {
    let (store, until) = (store.clone(), stop.clone());
    // The file is read with the kinds that do it.
    let again = given
        .iter()
        .map(|(facts, call)| (facts.clone(), call.clone()));
    let again: Given = again.collect();
    doorway::long(
        py,
        stop,
        |_| Ok(()),
        move || {
            let workflow = read(&path, again)?;
            let worker = worker(&store, given, &wanted)?;
            let flows = Arc::clone(worker.flows());
            start(&flows, &workflow, &id, &inputs)?;
            let running = worker.start()?;
            let found = loop {
                match outlook(&flows, &id) {
                    Ok(Outlook::Goes) if until.is_stopped() => break Ok(()),
                    Ok(Outlook::Goes) => std::thread::sleep(LOOK),
                    Ok(_) => break Ok(()),
                    Err(error) => break Err(error),
                }
            };
            // Who stops it does not wait for what is at work.
            running.drain(match until.is_stopped() {
                true => Duration::ZERO,
                false => GRACE,
            });
            running.join();
            Ok::<_, Fault>(found?)
        },
    )
}
