//! What people and other programs do to runs: signal, cancel, pause, resume, requeue, collect.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::advance::{Change, ENDED, TIMERS, member, output_key, queue, run_key, signal_key};
use crate::state::{RunStatus, StepState, StepStatus};
use crate::unit::Unit;
use crate::{Error, Result, RunState};

use super::FlowStore;

impl FlowStore {
    /// Gives a run a signal. The first one of a name counts: what is answered are the data that
    /// count, those of this call or of an earlier one.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::State`] for a run that has ended; [`Error::Answer`] for data that do
    /// not fit what a step waits for; the store's.
    pub fn signal(&self, run: &str, name: &str, data: &Value) -> Result<Value> {
        self.change_run(run, |change| {
            let key = signal_key(run, name);
            if let Some(first) = change.unit.get::<Value>(&key)? {
                return Ok(first);
            }
            ended(&change.run, "only a run that goes on takes signals")?;
            let waits = |step: &StepState| {
                let wait = step
                    .wait
                    .as_ref()
                    .filter(|_| step.status == StepStatus::Waiting);
                wait.filter(|wait| wait.signal.as_deref() == Some(name))
                    .cloned()
            };
            for wait in change.steps()?.iter().filter_map(waits) {
                if let Some(reason) = super::commit::misfit(wait.schema.as_ref(), data) {
                    return Err(Error::Answer {
                        run: run.to_owned(),
                        signal: name.to_owned(),
                        reason,
                    });
                }
            }
            change.unit.put(&key, data);
            change.event("signal", None, Some(name.to_owned()));
            for step in change.steps()? {
                let waits = step.wait.as_ref().and_then(|wait| wait.signal.as_deref());
                if step.status == StepStatus::Waiting && waits == Some(name) {
                    change.unit.put_once(&output_key(run, &step.plan.key), data);
                    change.finish(&step.plan.key, StepStatus::Done)?;
                }
            }
            Ok(data.clone())
        })
    }

    /// Cancels a run: what has not begun never will; attempts that run hear of it with their next
    /// heartbeat. Cancelling one that has ended changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`]; the store's.
    pub fn cancel(&self, run: &str) -> Result<RunStatus> {
        self.change_run(run, |change| {
            if change.run.status != RunStatus::Running {
                return Ok(change.run.status);
            }
            change.run.status = RunStatus::Cancelling;
            change.event("cancel", None, None);
            for step in change.steps()? {
                if step.status != StepStatus::Running && !step.status.is_final() {
                    change.finish(&step.plan.key, StepStatus::Cancelled)?;
                }
            }
            Ok(match change.run.open {
                0 => RunStatus::Cancelled,
                _ => RunStatus::Cancelling,
            })
        })
    }

    /// Holds a run: nothing of it is claimed until it is resumed. Attempts that run go on.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::State`] for a run that has ended; the store's.
    pub fn pause(&self, run: &str) -> Result<()> {
        self.change_run(run, |change| {
            ended(&change.run, "only a run that goes on can be paused")?;
            if !change.run.paused {
                change.run.paused = true;
                change.event("paused", None, None);
                for step in change.steps()? {
                    change.leave_queue(&step);
                }
            }
            Ok(())
        })
    }

    /// Lets a run go on.
    ///
    /// # Errors
    /// [`Error::NotFound`]; the store's.
    pub fn resume(&self, run: &str) -> Result<()> {
        self.change_run(run, |change| {
            if change.run.paused {
                change.run.paused = false;
                change.event("resumed", None, None);
                for mut step in change.steps()? {
                    if step.status == StepStatus::Ready {
                        change.ready(&mut step)?;
                    }
                }
            }
            Ok(())
        })
    }

    /// Gives the failed and dead steps of a run another chance, and with them all that was skipped
    /// for want of them. The run goes on.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::State`] for a run of which no step has failed, or that was
    /// cancelled; the store's.
    pub fn requeue(&self, run: &str) -> Result<()> {
        self.change_run(run, |change| {
            let state = change.run.status.word();
            let refuse = |wanted| {
                Err(Error::State {
                    what: "run",
                    name: run.to_owned(),
                    state: state.to_owned(),
                    wanted,
                })
            };
            if matches!(
                change.run.status,
                RunStatus::Cancelled | RunStatus::Cancelling
            ) {
                return refuse("only a run that was not cancelled goes on");
            }
            let failed =
                |step: &StepState| matches!(step.status, StepStatus::Failed | StepStatus::Dead);
            let steps = change.unit.scan::<StepState>(&format!("step/{run}/"))?;
            if !steps.iter().any(failed) {
                return refuse("only a run with a failed or dead step is requeued");
            }
            change.unit.clear_due(ENDED, run);
            (change.run.status, change.run.ended_ms) = (RunStatus::Running, None);
            (change.run.failed, change.run.timed_out) = (false, false);
            change.run.deadline_ms = None;
            for mut step in steps {
                // What was skipped by a condition of its own stays so.
                let skipped = step.status == StepStatus::Skipped && !step.unwanted;
                if !failed(&step) && !skipped {
                    continue;
                }
                if failed(&step) {
                    change.event("requeued", Some(&step.plan.key), None);
                }
                change.leave(&step);
                (step.failures, step.expiries, step.ended_ms) = (0, 0, None);
                step.status = StepStatus::Pending;
                change.run.open += 1;
                change.put(&step);
            }
            recount(change)
        })
    }

    /// The dead letters, longest dead first, as run and step; at most `limit` of each partition.
    ///
    /// # Errors
    /// The store's.
    pub fn dead(&self, limit: usize) -> Result<Vec<(String, String)>> {
        let mut dead = Vec::new();
        for place in self.places() {
            dead.extend(
                self.state()
                    .due(&place, crate::advance::DEAD, u64::MAX, limit)?,
            );
        }
        dead.sort_by(|a, b| (a.at_ms, &a.member).cmp(&(b.at_ms, &b.member)));
        let split = |name: String| {
            name.split_once('/')
                .map(|(run, step)| (run.into(), step.into()))
        };
        Ok(dead
            .into_iter()
            .filter_map(|due| split(due.member))
            .collect())
    }

    /// Whether something is done for a run for the first time, by whoever asks first.
    ///
    /// # Errors
    /// [`Error::NotFound`]; the store's.
    pub(crate) fn first_time(&self, run: &str, what: &str) -> Result<bool> {
        self.change_run(run, |change| {
            let key = format!("once/{run}/{what}");
            if change.unit.get::<bool>(&key)?.is_some() {
                return Ok(false);
            }
            change.unit.put(&key, &true);
            Ok(true)
        })
    }

    /// Deletes a run that has ended, with all that belongs to it; says whether there was one.
    ///
    /// # Errors
    /// The store's. A run that goes on stays, and is no error.
    pub fn collect_run(&self, run: &str) -> Result<bool> {
        let own = format!("{run}/");
        let keys: BTreeSet<String> = self
            .steps(run)?
            .into_iter()
            .filter_map(|step| Some(step.plan.concurrency?.key))
            .filter(|key| key.starts_with(&own))
            .collect();
        let gone = self.change(&self.partition(run), |unit, _| delete(unit, run))?;
        if gone {
            self.forget_permits(&keys)?;
        }
        Ok(gone)
    }

    /// Deletes runs that ended before `before_ms` (milliseconds since 1970-01-01T00:00Z), with all
    /// that belongs to them, each in one step; at most `limit` of each partition. Says how many.
    ///
    /// # Errors
    /// The store's.
    pub fn collect(&self, before_ms: u64, limit: usize) -> Result<u64> {
        let Some(last) = before_ms.checked_sub(1) else {
            return Ok(0);
        };
        let mut collected = 0;
        for place in self.places() {
            for due in self.state().due(&place, ENDED, last, limit)? {
                collected += u64::from(self.collect_run(&due.member)?);
            }
        }
        Ok(collected)
    }
}

/// Counts anew what pending steps wait for, then moves on those that wait for nothing.
pub(super) fn recount(change: &mut Change<'_, '_>) -> Result<()> {
    let steps = change.steps()?;
    let mut needs: BTreeMap<&str, Vec<StepStatus>> = BTreeMap::new();
    for need in &steps {
        for dependant in &need.dependants {
            needs.entry(dependant).or_default().push(need.status);
        }
    }
    let pending = || {
        steps
            .iter()
            .filter(|step| step.status == StepStatus::Pending)
    };
    for step in pending() {
        let needs = needs.remove(step.plan.key.as_str()).unwrap_or_default();
        let failed = |status: &StepStatus| matches!(status, StepStatus::Failed | StepStatus::Dead);
        let lacking = |status: &StepStatus| status.is_final() && *status != StepStatus::Done;
        let mut step = step.clone();
        step.open = needs.iter().filter(|status| !status.is_final()).count() as u64;
        step.lacking = needs.iter().any(lacking);
        step.need_failed = needs.iter().any(failed);
        change.put(&step);
    }
    for step in pending() {
        let found = change.find(&step.plan.key)?;
        let free = |now: &StepState| now.open == 0 && now.status == StepStatus::Pending;
        if let Some(mut now) = found.filter(free) {
            match change.verdict(&now) {
                StepStatus::Ready => change.ready(&mut now)?,
                verdict => change.finish(&now.plan.key, verdict)?,
            }
        }
    }
    Ok(())
}

fn ended(run: &RunState, wanted: &'static str) -> Result<()> {
    match run.status.is_final() {
        false => Ok(()),
        true => Err(Error::State {
            what: "run",
            name: run.id.clone(),
            state: run.status.word().to_owned(),
            wanted,
        }),
    }
}

fn delete(unit: &mut Unit<'_>, run: &str) -> Result<bool> {
    let state: Option<RunState> = unit.get(&run_key(run))?;
    unit.clear_due(ENDED, run);
    // Requeued since it was listed.
    if state.as_ref().is_some_and(|state| !state.status.is_final()) {
        return Ok(false);
    }
    for step in unit.scan::<StepState>(&format!("step/{run}/"))? {
        let name = member(run, &step.plan.key);
        unit.clear_due(TIMERS, &name);
        unit.clear_due(crate::advance::DEAD, &name);
        unit.clear_due(&queue(&step.plan), &name);
    }
    for prefix in ["step/", "out/", "event/", "signal/", "once/"] {
        unit.delete_all(&format!("{prefix}{run}/"))?;
    }
    unit.delete(&run_key(run));
    Ok(state.is_some())
}
