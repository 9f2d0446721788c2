//! What has become due is moved on: leases that ran out, retries, waits, the time of a run. Every claim, of any
//! worker, sees to that first.

use serde_json::Value;

use crate::advance::{Change, DEAD, TIMERS, output_key};
use crate::state::{RunStatus, StepError, StepStatus};
use crate::unit::Unit;
use crate::{Result, RunIf};

use super::FlowStore;

/// How many due members are moved on in one write.
pub(super) const LOOK: usize = 64;

impl FlowStore {
    /// Moves on what has become due in a partition: leases that ran out, retries, waits.
    pub(super) fn promote(&self, place: &str) -> Result<()> {
        let now_ms = self.now_ms()?;
        while !self.state().due(place, TIMERS, now_ms, 1)?.is_empty() {
            let due = self.state().due(place, TIMERS, now_ms, LOOK)?;
            self.change(place, |unit, now_ms| {
                for due in &due {
                    fire(unit, &due.member, now_ms)?;
                }
                Ok(())
            })?;
            if due.len() < LOOK {
                break;
            }
        }
        Ok(())
    }
}

/// Moves on one step whose time has come.
fn fire(unit: &mut Unit<'_>, name: &str, now_ms: u64) -> Result<()> {
    let Some((run, key)) = name.split_once('/') else {
        unit.clear_due(TIMERS, name);
        return Ok(());
    };
    if key.is_empty() {
        unit.clear_due(TIMERS, name);
        return match Change::open(unit, run, now_ms)? {
            Some(change) => change.time_out(),
            None => Ok(()),
        };
    }
    let found = match Change::open(unit, run, now_ms)? {
        None => None,
        Some(mut change) => change.find(key)?.map(|step| (change, step)),
    };
    let Some((mut change, mut step)) = found else {
        unit.clear_due(TIMERS, name);
        return Ok(());
    };
    match step.status {
        StepStatus::Running
            if step
                .attempt
                .as_ref()
                .is_some_and(|a| a.deadline_ms <= now_ms) =>
        {
            step.expiries += 1;
            change.event("expired", Some(key), None);
            let stopped = change.run.failed && step.plan.run_if == RunIf::Done;
            if change.run.status == RunStatus::Cancelling {
                change.end(&step, StepStatus::Cancelled)?;
            } else if step.expiries > step.plan.max_expiries {
                step.error = Some(StepError {
                    class: "poison".into(),
                    message: format!("its lease ran out {} times", step.expiries),
                });
                change.end(&step, StepStatus::Dead)?;
                change.unit.set_due(DEAD, name, now_ms);
            } else if stopped {
                change.end(&step, StepStatus::Skipped)?;
            } else {
                // The lease leaves the timers; the attempt's token is of no use from here on.
                change.leave(&step);
                step.attempt = None;
                step.rank = None;
                step.status = StepStatus::Pending;
                change.ready(&mut step)?;
            }
        }
        StepStatus::Delayed => change.ready(&mut step)?,
        StepStatus::Waiting => {
            let wait = step.wait.clone().unwrap_or_default();
            match (wait.default, wait.signal) {
                (None, Some(signal)) => {
                    step.error = Some(StepError {
                        class: "deadline".into(),
                        message: format!("the signal `{signal}` did not come in time"),
                    });
                    change.end(&step, StepStatus::Failed)?;
                }
                (default, _) => {
                    let output = default.unwrap_or(Value::Null);
                    change.unit.put_once(&output_key(run, key), &output);
                    change.end(&step, StepStatus::Done)?;
                }
            }
        }
        // Renewed since it was listed.
        StepStatus::Running => return Ok(()),
        _ => change.unit.clear_due(TIMERS, name),
    }
    change.save();
    Ok(())
}
