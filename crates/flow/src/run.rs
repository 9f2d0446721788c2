//! A workflow and its inputs -> a run, done in this process as far as it goes.

use std::time::Duration;

use serde_json::Value;

use crate::{FlowStore, Result, RunState, StepState, StepStatus, Worker, Workflow};

/// How long attempts of other runs may go on once this one has ended.
const GRACE: Duration = Duration::from_secs(30);
/// How often it is looked whether the run has ended.
const LOOK: Duration = Duration::from_millis(10);
/// A wait for a signal that ends by itself within this time is sat out: nobody is called for that.
const SOON_MS: u64 = 5_000;

/// How a run stands, for whoever waits for it.
#[derive(Clone, Debug, PartialEq)]
pub enum Outlook {
    /// It has ended.
    Ended,
    /// It goes on by itself, or with workers that are there.
    Goes,
    /// It goes on when somebody gives a signal: these steps wait for one, for more than five seconds yet.
    Waits(Vec<StepState>),
    /// It is held until it is resumed.
    Paused,
}

/// How a run stands.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound); the store's.
pub fn outlook(flows: &FlowStore, run: &str) -> Result<Outlook> {
    let state = flows.run(run)?;
    if state.status.is_final() {
        return Ok(Outlook::Ended);
    }
    let soon = flows.now_ms()? + SOON_MS;
    let for_long = |step: &StepState| {
        let wait = step.wait.as_ref().filter(|wait| wait.signal.is_some());
        wait.is_some_and(|wait| wait.until_ms.is_none_or(|until| until > soon))
    };
    let mut waiting = Vec::new();
    let mut moves = false;
    for step in flows.steps(run)? {
        match step.status {
            StepStatus::Waiting if for_long(&step) => waiting.push(step),
            StepStatus::Running | StepStatus::Delayed | StepStatus::Waiting => moves = true,
            StepStatus::Ready => moves |= !state.paused,
            _ => {}
        }
    }
    Ok(match waiting.is_empty() {
        _ if moves => Outlook::Goes,
        false => Outlook::Waits(waiting),
        true if state.paused => Outlook::Paused,
        // Between two reads, something moved.
        true => Outlook::Goes,
    })
}

/// Starts a run and works on it until it has ended, is paused, or waits for a signal, and not just for a moment
/// (see [`Outlook`]). Starting one that is
/// there already goes on with it.
///
/// # Errors
/// Inputs that do not fit; a run of this id that is of something else; the store's.
pub fn run(worker: Worker, id: &str, workflow: &Workflow, inputs: &Value) -> Result<RunState> {
    workflow.check_inputs(inputs)?;
    let flows = worker.flows().clone();
    let timeout = workflow.timeout_ms();
    flows.start_for(id, workflow.name(), &workflow.plan()?, inputs, timeout)?;
    let running = worker.start()?;
    let mut seen = u64::MAX;
    let state = loop {
        let state = flows.run(id)?;
        let quiet = state.events == seen;
        seen = state.events;
        let over = state.status.is_final()
            || quiet && matches!(outlook(&flows, id)?, Outlook::Waits(_) | Outlook::Paused);
        if over {
            break state;
        }
        std::thread::sleep(LOOK);
    };
    running.drain(GRACE);
    running.join();
    Ok(state)
}
