//! Workflows: checked, run, watched and steered; and workers whose steps are Python functions.
//!
//! Runs, steps and events cross as JSON. What a function takes and gives is settled in Python
//! (`botsmith._steps`).

mod schedule;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use botsmith::core::store::MemoryStore;
use botsmith::eval::ask::Given as Bots;
use botsmith::eval::flow::Desk;
use botsmith::flow::{self as rust, FlowStore, Kind, Kinds, RunState, StepState, Type, Workflow};
use botsmith::nanobots::{Allow, Workshop};
use pyo3::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::callback::Callback;
use crate::doorway::{self, Stop};
use crate::fault::Fault;
use crate::store::Store;

pub(crate) use schedule::{flow_schedule, flow_schedule_steer, flow_schedules};
pub(crate) use worker::{FlowWorker, flow_work};

/// A kind of step that is a Python function.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Function {
    name: String,
    about: String,
    /// Name, type, whether it has to be there, what it is.
    takes: Vec<(String, String, bool, String)>,
    /// Whether it takes other keys too.
    open: bool,
    gives: String,
    version: u32,
}

/// Kinds of Python with what they are, as JSON, and their functions.
type Given = Vec<(String, Callback)>;

fn type_of(word: &str) -> Type {
    match word {
        "text" => Type::Text,
        "number" => Type::Number,
        "bool" => Type::Bool,
        "list" => Type::List,
        "map" => Type::Map,
        _ => Type::Any,
    }
}

/// All kinds: those of flow, those about bots, texts and suites, and those of Python. Without a store they are
/// for checks, and what they do is not asked for.
fn kinds(store: Option<&Store>, allow_commands: bool, given: Given) -> Result<Kinds, Fault> {
    let desk = match store {
        None => Desk::new(Arc::new(MemoryStore::new()), Arc::new(Bots::default())),
        Some(store) => {
            let open = store.open()?;
            let workshop = Workshop::of_process()?
                .allow(Allow::default().commands(allow_commands))
                .store(Arc::clone(&open));
            Desk::new(open, Arc::new(workshop))
        }
    };
    let mut kinds = desk.kinds();
    for (facts, callback) in given {
        let facts: Function = serde_json::from_str(&facts)?;
        let mut kind = Kind::new(&facts.name, &facts.about)
            .version(facts.version)
            .gives(type_of(&facts.gives));
        for (name, wants, required, about) in &facts.takes {
            kind = match required {
                true => kind.takes(name, type_of(wants), about),
                false => kind.may_take(name, type_of(wants), about),
            };
        }
        if facts.open {
            kind = kind.open();
        }
        kinds = kinds.with(worker::does(kind, callback));
    }
    Ok(kinds)
}

/// Reads a workflow's file.
fn read(path: &Path, given: Given) -> Result<Workflow, Fault> {
    Ok(Workflow::read(path, &kinds(None, false, given)?)?)
}

fn flows(store: &Store) -> Result<Arc<FlowStore>, Fault> {
    Ok(Arc::new(FlowStore::open(store.open()?)?))
}

/// Reads a workflow's file and says what is in it, as JSON.
#[pyfunction]
pub(crate) fn flow_check(py: Python<'_>, path: PathBuf, given: Given) -> PyResult<String> {
    doorway::apart(py, move || {
        let workflow = read(&path, given)?;
        let steps: Vec<_> = workflow.steps().keys().collect();
        let finally: Vec<_> = workflow.finally().keys().collect();
        Ok::<_, Fault>(
            json!({
                "name": workflow.name(), "hash": workflow.hash(), "steps": steps, "finally": finally,
                "inputs": workflow.inputs(), "timeout_ms": workflow.timeout_ms(),
            })
            .to_string(),
        )
    })
}

/// The graph of a workflow as SVG, or as Mermaid.
#[pyfunction]
pub(crate) fn flow_graph(
    py: Python<'_>,
    path: PathBuf,
    given: Given,
    mermaid: bool,
) -> PyResult<String> {
    doorway::apart(py, move || {
        let plan = read(&path, given)?.plan()?;
        Ok::<_, Fault>(drawn(&rust::Graph::of_plan(&plan), mermaid))
    })
}

/// The graph of a run with how each step stands, as SVG, or as Mermaid.
#[pyfunction]
pub(crate) fn flow_run_graph(
    py: Python<'_>,
    store: &Store,
    run: String,
    mermaid: bool,
) -> PyResult<String> {
    let store = store.clone();
    doorway::apart(py, move || {
        let steps = flows(&store)?.steps(&run)?;
        Ok::<_, Fault>(drawn(&rust::Graph::of_run(&steps), mermaid))
    })
}

fn drawn(graph: &rust::Graph, mermaid: bool) -> String {
    match mermaid {
        true => graph.mermaid(),
        false => graph.svg(),
    }
}

/// Starts a run, or goes on with one of this id; workers do its steps.
#[pyfunction]
pub(crate) fn flow_start(
    py: Python<'_>,
    store: &Store,
    path: PathBuf,
    given: Given,
    id: String,
    inputs: String,
) -> PyResult<()> {
    let store = store.clone();
    doorway::apart(py, move || {
        let workflow = read(&path, given)?;
        let flows = flows(&store)?;
        start(&flows, &workflow, &id, &inputs)
    })
}

fn start(flows: &FlowStore, workflow: &Workflow, id: &str, inputs: &str) -> Result<(), Fault> {
    let inputs: Value = serde_json::from_str(inputs)?;
    workflow.check_inputs(&inputs)?;
    let timeout = workflow.timeout_ms();
    flows.start_for(id, workflow.name(), &workflow.plan()?, &inputs, timeout)?;
    Ok(())
}

/// A run with its steps and their outputs, as JSON.
#[pyfunction]
pub(crate) fn flow_show(py: Python<'_>, store: &Store, run: String) -> PyResult<String> {
    let store = store.clone();
    doorway::apart(py, move || {
        let flows = flows(&store)?;
        let id = flows.resolve(&run)?;
        let state = flows.run(&id)?;
        let steps = flows.steps(&id)?;
        let keys: Vec<_> = steps.iter().map(|step| step.plan.key.clone()).collect();
        let outputs = flows.outputs(&id, &keys)?;
        let steps: Vec<_> = steps.iter().zip(outputs).map(step).collect();
        let mut shown = shown(&state);
        shown["steps"] = steps.into();
        Ok::<_, Fault>(shown.to_string())
    })
}

fn shown(state: &RunState) -> Value {
    json!({
        "run": state.id, "workflow": state.workflow, "status": state.status.word(),
        "paused": state.paused, "timed_out": state.timed_out, "inputs": state.inputs,
        "started_ms": state.created_ms, "ended_ms": state.ended_ms,
    })
}

fn step((step, output): (&StepState, Option<Value>)) -> Value {
    json!({
        "key": step.plan.key, "kind": step.plan.kind, "status": step.status.word(),
        "attempts": step.attempts, "started_ms": step.started_ms, "ended_ms": step.ended_ms,
        "output": output, "wait": step.wait,
        "error": step.error.as_ref().map(|error| json!([error.class, error.message])),
    })
}

/// The runs of a store as JSON, without their steps.
#[pyfunction]
pub(crate) fn flow_list(py: Python<'_>, store: &Store) -> PyResult<String> {
    let store = store.clone();
    doorway::apart(py, move || {
        let runs: Vec<_> = flows(&store)?.runs()?.iter().map(shown).collect();
        Ok::<_, Fault>(Value::from(runs).to_string())
    })
}

/// What happened in a run, from an event on, as JSON.
#[pyfunction]
pub(crate) fn flow_events(
    py: Python<'_>,
    store: &Store,
    run: String,
    start: u64,
) -> PyResult<String> {
    let store = store.clone();
    doorway::apart(py, move || {
        let events = flows(&store)?.events(&run, start, 10_000)?;
        Ok::<_, Fault>(serde_json::to_string(&events)?)
    })
}

/// `cancel`, `pause`, `resume` or `requeue`s a run.
#[pyfunction]
pub(crate) fn flow_steer(py: Python<'_>, store: &Store, run: String, how: String) -> PyResult<()> {
    let store = store.clone();
    doorway::apart(py, move || {
        let flows = flows(&store)?;
        match how.as_str() {
            "cancel" => flows.cancel(&run).map(drop)?,
            "pause" => flows.pause(&run)?,
            "resume" => flows.resume(&run)?,
            "requeue" => flows.requeue(&run)?,
            other => return Err(Fault::Wrong(format!("no way to steer a run `{other}`"))),
        }
        Ok(())
    })
}

/// Gives a signal; its data, and what is given back, are JSON.
#[pyfunction]
pub(crate) fn flow_signal(
    py: Python<'_>,
    store: &Store,
    run: String,
    name: String,
    data: String,
) -> PyResult<String> {
    let store = store.clone();
    doorway::apart(py, move || {
        let data: Value = serde_json::from_str(&data)?;
        let held = flows(&store)?.signal(&run, &name, &data)?;
        Ok::<_, Fault>(held.to_string())
    })
}

/// Approves or rejects a step that waits for it; gives back the word that counts, as JSON.
#[pyfunction]
pub(crate) fn flow_decide(
    py: Python<'_>,
    store: &Store,
    run: String,
    step: String,
    approved: bool,
    by: Option<String>,
    comment: Option<String>,
) -> PyResult<String> {
    let store = store.clone();
    doorway::apart(py, move || {
        let held =
            flows(&store)?.decide(&run, &step, approved, by.as_deref(), comment.as_deref())?;
        Ok::<_, Fault>(held.to_string())
    })
}

/// Answers a step that asks; gives back the answer that counts, as JSON.
#[pyfunction]
pub(crate) fn flow_answer(
    py: Python<'_>,
    store: &Store,
    run: String,
    step: String,
    answer: String,
) -> PyResult<String> {
    let store = store.clone();
    doorway::apart(py, move || {
        let answer: Value = serde_json::from_str(&answer)?;
        let held = flows(&store)?.answer(&run, &step, &answer)?;
        Ok::<_, Fault>(held.to_string())
    })
}

/// Waits until a run has ended, or waits for a signal, or is paused; says whether it has.
#[pyfunction]
pub(crate) fn flow_wait(
    py: Python<'_>,
    store: &Store,
    run: String,
    seconds: f64,
    stop: &Stop,
) -> PyResult<bool> {
    let (store, until) = (store.clone(), stop.clone());
    doorway::long(
        py,
        stop,
        |_| Ok(()),
        move || {
            let flows = flows(&store)?;
            let begun = std::time::Instant::now();
            loop {
                if !matches!(rust::outlook(&flows, &run)?, rust::Outlook::Goes) {
                    return Ok::<_, Fault>(true);
                }
                if until.is_stopped() || begun.elapsed().as_secs_f64() >= seconds {
                    return Ok(false);
                }
                std::thread::sleep(worker::LOOK);
            }
        },
    )
}
