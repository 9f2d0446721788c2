//! Commits: the result of an attempt, its successors and the event, in one atomic write.

use std::collections::BTreeSet;
use std::io;

use serde_json::Value;

use crate::advance::{Change, QUEUES, TIMERS, member, output_key, run_key, signal_key, step_key};
use crate::plan::MAX_STEPS;
use crate::state::{StepError, StepState, StepStatus, Wait};
use crate::unit::Unit;
use crate::{Error, Plan, Result, RunIf, StepPlan};

use super::{Claimant, Claimed, FlowStore, Held, random};

/// The largest output of a step, in bytes of JSON (16 MiB).
pub const MAX_OUTPUT: usize = 16 << 20;

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// It is done, with this output.
    Done(Value),
    /// It was not to run: its condition does not hold.
    Skipped,
    /// It failed; it is tried again if its plan says so.
    Failed(StepError),
    /// It goes on by itself at a time or on a signal, and holds no worker until then.
    Waits(Wait),
    /// It is claimed again, with `resume`, once these steps have ended, however they did. Until then
    /// it holds no worker.
    Awaits {
        /// What to add to the run; none: it is claimed again at once.
        steps: Vec<StepPlan>,
        /// What it will be given: how far it has come.
        resume: Value,
    },
    /// It was not done and is given back, as if it had not been claimed: the worker leaves.
    Released,
}

/// The end of an attempt.
#[derive(Clone, Debug)]
pub struct Commit {
    held: Held,
    output: Output,
    spawns: Vec<StepPlan>,
}

impl Commit {
    /// The end of the attempt that was claimed.
    pub fn new(claimed: &Claimed, output: Output) -> Self {
        Self {
            held: claimed.held.clone(),
            output,
            spawns: Vec::new(),
        }
    }

    /// The lease that it shows.
    pub(super) fn held(&self) -> &Held {
        &self.held
    }

    /// Whether it can be stored at all.
    pub(super) fn check(&self) -> Result<()> {
        if !self.spawns.is_empty() && !matches!(self.output, Output::Done(_)) {
            return Err(Error::Plan {
                reason: format!(
                    "step `{}` adds steps, and only one that is done may",
                    self.held.step
                ),
            });
        }
        if let Output::Done(output) | Output::Awaits { resume: output, .. } = &self.output {
            let bytes = length(output);
            if bytes > MAX_OUTPUT {
                return Err(Error::TooLarge {
                    step: self.held.step.clone(),
                    bytes,
                    limit: MAX_OUTPUT,
                });
            }
        }
        Ok(())
    }

    /// What the attempt came to.
    pub(crate) fn output(&self) -> &Output {
        &self.output
    }

    /// The same attempt, ended with another output.
    pub(crate) fn instead(mut self, output: Output) -> Self {
        self.output = output;
        self.spawns.clear();
        self
    }

    /// Adds steps to the run, which the steps that need this one then need too.
    #[must_use]
    pub fn spawning(mut self, steps: Vec<StepPlan>) -> Self {
        self.spawns = steps;
        self
    }
}

/// What came of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a fenced commit stored nothing"]
pub enum Committed {
    /// It is stored.
    Stored,
    /// It was stored before: this is how the step stands.
    Already(StepStatus),
    /// Another attempt has begun, or none is wanted any more; nothing was stored.
    Fenced,
}

impl FlowStore {
    /// Ends attempts, those of one partition in one write; answers in their order. A commit whose
    /// answer was lost may be sent again.
    ///
    /// # Errors
    /// [`Error::TooLarge`] and [`Error::Plan`] for what cannot be stored; the store's.
    pub fn commit(&self, commits: &[Commit]) -> Result<Vec<Committed>> {
        let nobody = Claimant {
            id: String::new(),
            offers: BTreeSet::new(),
        };
        Ok(self.turn(commits, &nobody, 0, 0)?.committed)
    }
}

/// Reads all that commits will ask for, in two goes.
pub(super) fn foresee<'h>(
    unit: &mut Unit<'_>,
    held: impl Iterator<Item = &'h Held> + Clone,
) -> Result<()> {
    let mut keys: BTreeSet<String> = BTreeSet::from([QUEUES.to_owned()]);
    for held in held.clone() {
        keys.extend([run_key(&held.run), step_key(&held.run, &held.step)]);
    }
    unit.load(&keys.into_iter().collect::<Vec<_>>())?;
    let mut next: BTreeSet<String> = BTreeSet::new();
    for held in held {
        if let Some(step) = unit.get::<StepState>(&step_key(&held.run, &held.step))? {
            next.extend(step.dependants.iter().map(|key| step_key(&held.run, key)));
        }
    }
    unit.load(&next.into_iter().collect::<Vec<_>>())
}

pub(super) fn apply(unit: &mut Unit<'_>, commit: &Commit, now_ms: u64) -> Result<Committed> {
    let held = &commit.held;
    let Some(mut change) = Change::open(unit, &held.run, now_ms)? else {
        return Ok(Committed::Fenced);
    };
    let Some(mut step) = change.find(&held.step)? else {
        return Ok(Committed::Fenced);
    };
    if step.committed_by.as_ref() == Some(&held.token) {
        return Ok(Committed::Already(step.status));
    }
    if step
        .attempt
        .as_ref()
        .is_none_or(|attempt| attempt.token != held.token)
    {
        return Ok(Committed::Fenced);
    }
    step.committed_by = Some(held.token.clone());
    if !commit.spawns.is_empty() {
        spawn(&mut change, &mut step, &commit.spawns, false)?;
    }
    match &commit.output {
        Output::Done(output) => {
            let key = output_key(&held.run, &held.step);
            let bytes = change.unit.put_once(&key, output);
            change.size(Some(&held.step), "bytes of output", bytes, MAX_OUTPUT);
            step.error = None;
            change.end(&step, StepStatus::Done)?;
        }
        Output::Skipped => {
            step.unwanted = true;
            change.end(&step, StepStatus::Skipped)?;
        }
        Output::Failed(error) => fail(&mut change, step, error)?,
        Output::Waits(wait) => waits(&mut change, step, wait)?,
        Output::Awaits { steps, resume } => awaits(&mut change, step, steps, resume)?,
        Output::Released => again(&mut change, step)?,
    }
    change.save();
    Ok(Committed::Stored)
}

fn fail(change: &mut Change<'_, '_>, mut step: StepState, error: &StepError) -> Result<()> {
    let cancelled = change.run.status == crate::RunStatus::Cancelling;
    if cancelled && error.class == "cancelled" {
        return change.end(&step, StepStatus::Cancelled);
    }
    step.failures += 1;
    step.error = Some(error.clone());
    // Steps that it waited for are not done again by it: another attempt would find the same.
    let stopped = step.resume.is_some() || change.run.failed && step.plan.run_if == RunIf::Done;
    let wait = step
        .plan
        .retry
        .wait_ms(step.failures, &error.class, random());
    match wait {
        Some(wait) if !stopped && !cancelled => {
            let key = step.plan.key.clone();
            step.attempt = None;
            step.rank = None;
            step.status = StepStatus::Delayed;
            change.event("retry", Some(&key), Some(error.message.clone()));
            change.put(&step);
            let name = member(&change.run.id, &key);
            change.unit.set_due(TIMERS, &name, change.now_ms + wait);
            Ok(())
        }
        _ => change.end(&step, StepStatus::Failed),
    }
}

fn waits(change: &mut Change<'_, '_>, mut step: StepState, wait: &Wait) -> Result<()> {
    let (run, key) = (change.run.id.clone(), step.plan.key.clone());
    if change.run.status == crate::RunStatus::Cancelling {
        return change.end(&step, StepStatus::Cancelled);
    }
    // A signal that came before the step waited for it counts.
    if let Some(signal) = &wait.signal
        && let Some(data) = change.unit.get::<Value>(&signal_key(&run, signal))?
    {
        if let Some(reason) = misfit(wait.schema.as_ref(), &data) {
            step.error = Some(StepError {
                class: "answer".into(),
                message: format!("the signal `{signal}` came before it was asked for and {reason}"),
            });
            return change.end(&step, StepStatus::Failed);
        }
        change.unit.put_once(&output_key(&run, &key), &data);
        return change.end(&step, StepStatus::Done);
    }
    if change.run.failed && step.plan.run_if == RunIf::Done {
        return change.end(&step, StepStatus::Skipped);
    }
    change.leave(&step);
    step.attempt = None;
    step.status = StepStatus::Waiting;
    step.wait = Some(wait.clone());
    change.event("waiting", Some(&key), wait.signal.clone());
    change.put(&step);
    if let Some(until) = wait.until_ms {
        change.unit.set_due(TIMERS, &member(&run, &key), until);
    }
    Ok(())
}

/// Why a signal's data do not fit what was asked for; `None` where they do.
pub(super) fn misfit(schema: Option<&Value>, data: &Value) -> Option<String> {
    match crate::workflow::schema_of(schema?) {
        Err(error) => Some(format!(
            "is not to be answered: the schema is none: {error}"
        )),
        Ok(schema) => schema.check(data).err().map(|error| {
            // Answers may be long or private: the place and the rule say enough.
            let place = match error.place() {
                "" => "it".to_owned(),
                place => format!("`{place}`"),
            };
            format!("does not fit: {place}: {}", error.masked("the value"))
        }),
    }
}

/// How many bytes of JSON a value has.
fn length(value: &Value) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, value).expect("a count takes any JSON");
    count.0
}

/// Waits for steps that it adds, then is claimed again.
fn awaits(
    change: &mut Change<'_, '_>,
    mut step: StepState,
    plans: &[StepPlan],
    resume: &Value,
) -> Result<()> {
    change.leave(&step);
    let key = step.plan.key.clone();
    let bytes = length(resume);
    change.size(Some(&key), "bytes to go on from", bytes, MAX_OUTPUT);
    step.attempt = None;
    step.rank = None;
    step.status = StepStatus::Pending;
    step.resume = Some(resume.clone());
    step.open = 0;
    match change.verdict(&step) {
        StepStatus::Ready if plans.is_empty() => change.ready(&mut step),
        StepStatus::Ready => {
            step.open = plans.len() as u64;
            change.event("awaits", Some(&key), Some(format!("{} steps", plans.len())));
            change.put(&step);
            spawn(change, &mut step, plans, true)
        }
        verdict => change.end(&step, verdict),
    }
}

/// Puts a step that was not done back into its queue.
fn again(change: &mut Change<'_, '_>, mut step: StepState) -> Result<()> {
    change.leave(&step);
    step.attempt = None;
    step.status = StepStatus::Pending;
    change.event("released", Some(&step.plan.key.clone()), None);
    let stopped = change.run.failed && step.plan.run_if == RunIf::Done;
    if change.run.status == crate::RunStatus::Cancelling {
        change.end(&step, StepStatus::Cancelled)
    } else if stopped {
        change.end(&step, StepStatus::Skipped)
    } else {
        change.ready(&mut step)
    }
}

/// Adds steps. Those that need `step` then need them too, or, where it awaits them, `step` itself.
fn spawn(
    change: &mut Change<'_, '_>,
    step: &mut StepState,
    plans: &[StepPlan],
    awaited: bool,
) -> Result<()> {
    let there: BTreeSet<_> = change
        .steps()?
        .into_iter()
        .map(|step| step.plan.key)
        .collect();
    let plan = Plan::after(plans.to_vec(), &there)?;
    // Told once: when it comes to more than half, not each time that steps are added.
    if there.len() <= MAX_STEPS / 2 {
        let steps = there.len() + plans.len();
        change.size(Some(&step.plan.key), "steps", steps, MAX_STEPS);
    }
    let added: BTreeSet<_> = plan.steps().iter().map(|step| step.key.clone()).collect();
    for dependant in step.dependants.iter().filter(|_| !awaited) {
        let next = change.find(dependant)?;
        if let Some(mut next) = next.filter(|next| next.status == StepStatus::Pending) {
            next.open += added.len() as u64;
            change.put(&next);
        }
    }
    for plan in plan.into_steps() {
        let mut open = 0;
        let mut state = StepState::new(plan.clone(), 0);
        state.spawner = Some(step.plan.key.clone());
        for need in plan.needs.iter().collect::<BTreeSet<_>>() {
            if added.contains(need) {
                // It stands before this one, and was put already.
                let mut other = change.find(need)?.expect("it was just put");
                other.dependants.push(plan.key.clone());
                change.put(&other);
                open += 1;
                continue;
            }
            if *need == step.plan.key {
                step.dependants.push(plan.key.clone());
                open += 1;
                continue;
            }
            let Some(mut other) = change.find(need)? else {
                continue;
            };
            if other.status.is_final() {
                state.lacking |= other.status != StepStatus::Done;
                state.need_failed |= matches!(other.status, StepStatus::Failed | StepStatus::Dead);
            } else {
                other.dependants.push(plan.key.clone());
                change.put(&other);
                open += 1;
            }
        }
        state.open = open;
        // Those that were there before the spawned ones came.
        if awaited {
            state.dependants.push(step.plan.key.clone());
        } else {
            let waiting = step.dependants.iter().filter(|key| !added.contains(*key));
            state.dependants.extend(waiting.cloned());
        }
        change.run.open += 1;
        change.put(&state);
        if state.open == 0 {
            match change.verdict(&state) {
                StepStatus::Ready => change.ready(&mut state)?,
                verdict => change.end(&state, verdict)?,
            }
        }
    }
    Ok(())
}
