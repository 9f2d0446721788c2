//! Schedules: runs of a workflow that start by the clock, as long as a worker is there.

use std::path::PathBuf;

use botsmith::flow::{Misfire, Schedule, ScheduleState};
use pyo3::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Given, flows, read};
use crate::doorway;
use crate::fault::Fault;
use crate::store::Store;

/// When, and what with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
    cron: String,
    zone: String,
    misfire: Misfire,
    inputs: Value,
}

fn told(state: &ScheduleState) -> Value {
    json!({
        "name": state.name, "workflow": state.workflow, "cron": state.cron, "zone": state.zone,
        "misfire": state.misfire.word(), "paused": state.paused, "next_ms": state.next_ms,
        "last_run": state.last_run, "fired": state.fired, "missed": state.missed,
    })
}

/// Keeps a schedule, or replaces that of the same name; gives it as JSON.
#[pyfunction]
pub(crate) fn flow_schedule(
    py: Python<'_>,
    store: &Store,
    path: PathBuf,
    given: Given,
    wanted: String,
) -> PyResult<String> {
    let store = store.clone();
    doorway::apart(py, move || {
        let wanted: Wanted = serde_json::from_str(&wanted)?;
        let workflow = read(&path, given)?;
        workflow.check_inputs(&wanted.inputs)?;
        let state = flows(&store)?.schedule(&Schedule {
            name: wanted.name,
            cron: wanted.cron,
            zone: wanted.zone,
            misfire: wanted.misfire,
            workflow: workflow.name().to_owned(),
            plan: workflow.plan()?,
            inputs: wanted.inputs,
            timeout_ms: workflow.timeout_ms(),
        })?;
        Ok::<_, Fault>(told(&state).to_string())
    })
}

/// The schedules of a store as JSON.
#[pyfunction]
pub(crate) fn flow_schedules(py: Python<'_>, store: &Store) -> PyResult<String> {
    let store = store.clone();
    doorway::apart(py, move || {
        let all: Vec<_> = flows(&store)?.schedules()?.iter().map(told).collect();
        Ok::<_, Fault>(Value::from(all).to_string())
    })
}

/// `pause`s, `resume`s or `remove`s a schedule; whether there was one.
#[pyfunction]
pub(crate) fn flow_schedule_steer(
    py: Python<'_>,
    store: &Store,
    name: String,
    how: String,
) -> PyResult<bool> {
    let store = store.clone();
    doorway::apart(py, move || {
        let flows = flows(&store)?;
        match how.as_str() {
            "pause" => flows.pause_schedule(&name, true).map(drop)?,
            "resume" => flows.pause_schedule(&name, false).map(drop)?,
            "remove" => return Ok(flows.unschedule(&name)?),
            other => {
                return Err(Fault::Wrong(format!(
                    "no way to steer a schedule `{other}`"
                )));
            }
        }
        Ok(true)
    })
}
