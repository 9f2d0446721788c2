//! A suite's questions spread over all workers of a store.
//!
//! Each share of the rows is a step; whichever worker claims it asks the suite's bots and judges and keeps
//! each answer in the store as soon as it is there. What is kept is never asked again, whoever is killed.
//! Judging is then one process's work, from the answers in the store, so that the result is that of one
//! process. Suite, cartridges and data have to be at the same paths on all machines.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use botsmith_flow::{FlowStore, Plan, RunStatus, StepError, StepPlan, StepStatus, Task};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Desk, failed};
use crate::run::{Part, Progress, RunOptions, Runner};
use crate::suite::{Overrides, Suite};
use crate::{Error, Result};

/// The kind of the steps.
pub(super) const PART: &str = "eval-part";
/// How often it is looked how far the steps are.
const LOOK: Duration = Duration::from_millis(100);

#[derive(Serialize, Deserialize)]
struct With {
    suite: String,
    run: String,
    index: u64,
    of: u64,
    #[serde(default)]
    overrides: Overrides,
    concurrency: Option<NonZeroUsize>,
}

/// What is spread, and how.
#[derive(Clone, Copy, Debug)]
pub struct Spread<'a> {
    /// The suite's file, at the same path on all machines.
    pub file: &'a Path,
    /// What is changed of it.
    pub overrides: &'a Overrides,
    /// Into how many shares, 1 or more: some for each worker, so that a slow one holds nobody up.
    pub parts: u64,
    /// Questions at once, for each bot and judge of a worker, in place of what the suite says.
    pub concurrency: Option<NonZeroUsize>,
}

/// Has all questions of a suite asked by the workers of `flows`, and waits until they are. `tick` is
/// called while it waits, with the number of shares that are done; it says whether to go on.
///
/// Afterwards [`Runner::run`] with [`RunOptions::asked`] judges. Gives whether there was anything to ask.
///
/// # Errors
/// If the suite cannot be read or a share failed; [`Error::Interrupted`] when `tick` said so: the
/// workers go on.
pub fn spread(
    desk: &Desk,
    flows: &FlowStore,
    what: Spread<'_>,
    mut tick: impl FnMut(u64) -> bool,
) -> Result<bool> {
    let file = std::path::absolute(what.file).map_err(|source| botsmith_core::Error::Read {
        path: what.file.to_owned(),
        source,
    })?;
    let suite = Suite::load_with(&file, &desk.registry, what.overrides)?;
    let (run, asks) = Runner::new(&*desk.store)
        .with(RunOptions {
            bots: Some(&*desk.bots),
            concurrency: what.concurrency,
            ..RunOptions::default()
        })
        .identify(&suite)?;
    if !asks {
        return Ok(false);
    }
    let of = what.parts.max(1);
    let steps = (0..of).map(|index| {
        let with = With {
            suite: file.to_string_lossy().into_owned(),
            run: run.clone(),
            index,
            of,
            overrides: what.overrides.clone(),
            concurrency: what.concurrency,
        };
        StepPlan {
            key: format!("part#{index}"),
            kind: PART.to_owned(),
            with: json!({"with": with}),
            requires: vec![format!("kind:{PART}")],
            ..StepPlan::default()
        }
    });
    let plan = Plan::new(steps.collect()).map_err(flowed)?;
    let id = format!("eval-{}-{of}", &run[..16]);
    // What failed before is tried again; what ended well asked everything that there was then.
    if flows.run(&id).is_ok_and(|old| old.status.is_final()) {
        let _ = flows.collect_run(&id).map_err(flowed)?;
    }
    let start = || {
        let inputs = json!({"run": run});
        flows.start(&id, "eval", &plan, &inputs).map_err(flowed)
    };
    start()?;
    loop {
        let state = match flows.run(&id) {
            // Another process that wants the same began anew.
            Err(botsmith_flow::Error::NotFound { .. }) => {
                start()?;
                continue;
            }
            state => state.map_err(flowed)?,
        };
        match state.status {
            RunStatus::Done => return Ok(true),
            RunStatus::Running | RunStatus::Cancelling => {}
            RunStatus::Failed | RunStatus::Cancelled => return Err(broken(flows, &id)),
        }
        if !tick(of - state.open.min(of)) {
            return Err(Error::Interrupted);
        }
        std::thread::sleep(LOOK);
    }
}

fn flowed(error: botsmith_flow::Error) -> Error {
    match error {
        botsmith_flow::Error::Core(error) => Error::Core(error),
        error => Error::Invalid(format!("{error} ({})", error.code())),
    }
}

/// Why a share failed.
fn broken(flows: &FlowStore, id: &str) -> Error {
    let steps = flows.steps(id).unwrap_or_default();
    let failed = steps
        .into_iter()
        .find(|step| matches!(step.status, StepStatus::Failed | StepStatus::Dead));
    let why = failed.and_then(|step| Some(format!("{}: {}", step.plan.key, step.error?.message)));
    Error::Invalid(match why {
        Some(why) => format!("a worker could not ask its share: {why}"),
        None => format!("flow run `{id}` was cancelled"),
    })
}

pub(super) fn part(desk: &Desk, task: &Task) -> Result<Value, StepError> {
    let with: With = task.read()?;
    let suite = Suite::load_with(&with.suite, &desk.registry, &with.overrides)
        .map_err(|error| failed(&error))?;
    let stop = AtomicBool::new(false);
    let look = |_: Progress| stop.store(task.cancel().is_cancelled(), Ordering::Relaxed);
    let options = RunOptions {
        bots: Some(&*desk.bots),
        concurrency: with.concurrency,
        cancel: Some(&stop),
        progress: Some(&look),
        ..RunOptions::default()
    };
    let runner = Runner::new(&*desk.store).with(options);
    let (run, _) = runner.identify(&suite).map_err(|error| failed(&error))?;
    if run != with.run {
        let message = format!(
            "{} or what it names is not the same on this machine: it would make run {}, {} was wanted",
            with.suite,
            &run[..12],
            &with.run[..12.min(with.run.len())]
        );
        return Err(StepError::new("other-suite", message));
    }
    let part = Part {
        index: with.index,
        of: with.of,
    };
    runner
        .ask_part(&suite, part)
        .map_err(|error| failed(&error))?;
    Ok(json!({"run": run}))
}
