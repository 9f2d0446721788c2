//! A suite spread over all workers of a store: its questions, and the judging of what came of them.
//!
//! Each share of the rows is two steps. Whichever worker claims the first asks the suite's bots and judges, and
//! keeps each answer in the store as soon as it is there; the second has the other evaluators judge, and keeps
//! their verdicts. What is kept is neither asked nor judged again, whoever is killed. One process then puts
//! together the run from what is in the store, in the order of the rows, so that the result is that of one
//! process. Suite, cartridges and data have to be at the same paths on all machines.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use botsmith_flow::{FlowStore, Plan, RunStatus, StepError, StepPlan, StepStatus, Task};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Desk, failed};
use crate::run::{Part, Progress, RunOptions, Runner, Runs};
use crate::suite::{Overrides, Suite};
use crate::{Error, Result};

/// The kind of the steps that ask.
pub(super) const PART: &str = "eval-part";
/// The kind of the steps that judge.
pub(super) const JUDGE: &str = "eval-judge";
/// How often a share that judges looks whether it is to stop.
const HEED: Duration = Duration::from_millis(50);
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

/// Has all questions of a suite asked and all answers judged by the workers of `flows`, and waits until they are.
/// `tick` is called while it waits, with the number of steps that are done; it says whether to go on.
///
/// Afterwards [`Runner::run`] with [`RunOptions::asked`] puts the run together. Gives whether there was anything
/// to do.
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
    if Runs::new(&*desk.store).is_complete(&run)? {
        return Ok(false);
    }
    let of = what.parts.max(1);
    let step = |kind: &str, name: &str, index: u64, needs: Vec<String>| {
        let with = With {
            suite: file.to_string_lossy().into_owned(),
            run: run.clone(),
            index,
            of,
            overrides: what.overrides.clone(),
            concurrency: what.concurrency,
        };
        StepPlan {
            key: format!("{name}#{index}"),
            kind: kind.to_owned(),
            needs,
            with: json!({"with": with}),
            requires: vec![format!("kind:{kind}")],
            ..StepPlan::default()
        }
    };
    let mut steps = Vec::new();
    for index in 0..of {
        let mut needs = Vec::new();
        if asks {
            steps.push(step(PART, "part", index, Vec::new()));
            needs.push(format!("part#{index}"));
        }
        steps.push(step(JUDGE, "judge", index, needs));
    }
    let all = steps.len() as u64;
    let plan = Plan::new(steps).map_err(flowed)?;
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
        if !tick(all - state.open.min(all)) {
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
        Some(why) => format!("a worker could not do its share: {why}"),
        None => format!("flow run `{id}` was cancelled"),
    })
}

/// Asks about a share.
pub(super) fn part(desk: &Desk, task: &Task) -> Result<Value, StepError> {
    let with: With = task.read()?;
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
    let (suite, part) = same(desk, &with, &runner)?;
    runner
        .ask_part(&suite, part)
        .map_err(|error| failed(&error))?;
    Ok(json!({"run": with.run}))
}

/// Judges a share.
pub(super) fn judge(desk: &Desk, task: &Task) -> Result<Value, StepError> {
    let with: With = task.read()?;
    let (stop, over) = (AtomicBool::new(false), AtomicBool::new(false));
    let options = RunOptions {
        bots: Some(&*desk.bots),
        concurrency: with.concurrency,
        cancel: Some(&stop),
        ..RunOptions::default()
    };
    let runner = Runner::new(&*desk.store).with(options);
    let (suite, part) = same(desk, &with, &runner)?;
    let cancel = task.cancel().clone();
    // A share that computes hears of its end from a thread beside it.
    let judged = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                stop.store(cancel.is_cancelled(), Ordering::Relaxed);
                std::thread::sleep(HEED);
            }
        });
        let _over = Over(&over);
        runner.judge_part(&suite, part)
    });
    judged.map_err(|error| failed(&error))?;
    Ok(json!({"run": with.run}))
}

/// Says that it is over, also when a panic ends it.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The suite, if it is the one that was wanted also on this machine.
fn same(desk: &Desk, with: &With, runner: &Runner<'_>) -> Result<(Suite, Part), StepError> {
    let suite = Suite::load_with(&with.suite, &desk.registry, &with.overrides)
        .map_err(|error| failed(&error))?;
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
    Ok((suite, part))
}
