//! Runs made over: a run again from a step on, a run moved to another definition, a run made more
//! urgent. Each is one atomic step, by hand only; no worker does any of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::advance::{AGEING_MS, Change, DEAD, TIMERS, member, output_key, run_key};
use crate::state::{RunState, RunStatus, StepState, StepStatus};
use crate::{Error, Plan, Result, StepPlan};

use super::control::recount;
use super::{FlowStore, Started, random};

impl FlowStore {
    /// Starts run `id` as `run` was, of the same plan and with the same inputs. With `from`, what
    /// got done and does not come after that step is taken over with its output; the rest runs.
    /// Starting it again changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a run or step that is not there; [`Error::Taken`] if `id` is a run of
    /// something else; the store's.
    pub fn rerun(&self, run: &str, id: &str, from: Option<&str>) -> Result<Started> {
        let old = self.run(run)?;
        let steps = self.steps(run)?;
        let again: BTreeMap<String, Reached> = match from {
            None => steps
                .iter()
                .map(|step| (step.plan.key.clone(), Reached::Again))
                .collect(),
            Some(from) => after(&steps, from)?,
        };
        let mut kept: BTreeMap<String, (StepState, Value)> = BTreeMap::new();
        let mut fresh: Vec<StepState> = Vec::new();
        for step in steps {
            let key = step.plan.key.clone();
            if let Some(reached) = again.get(&key) {
                let spawner = step.spawner.as_ref();
                if *reached == Reached::Through {
                    // What it added stays: it is claimed again once that has ended.
                    fresh.push(StepState {
                        resume: step.resume.clone(),
                        ..anew(step)
                    });
                } else if spawner.is_none_or(|of| again.get(of) != Some(&Reached::Again)) {
                    fresh.push(anew(step));
                }
                continue;
            }
            match step.status {
                StepStatus::Done => {
                    let output = self.output(run, &key)?.unwrap_or_default();
                    kept.insert(key, (step, output));
                }
                // What it waits for is there, or is done anew.
                _ => fresh.push(StepState {
                    resume: step.resume.clone(),
                    ..anew(step)
                }),
            }
        }
        let epoch = random();
        self.change(&self.partition(id), |unit, now_ms| {
            if let Some(there) = unit.get::<RunState>(&run_key(id))? {
                let same = there.plan_hash == old.plan_hash && there.inputs == old.inputs;
                return match same {
                    true => Ok(Started::Already),
                    false => Err(Error::Taken { run: id.to_owned() }),
                };
            }
            let state = RunState {
                id: id.to_owned(),
                status: RunStatus::Running,
                epoch,
                created_ms: now_ms,
                ended_ms: None,
                paused: false,
                failed: false,
                timed_out: false,
                deadline_ms: old
                    .deadline_ms
                    .map(|end| now_ms + end.saturating_sub(old.created_ms)),
                open: fresh.len() as u64,
                events: 0,
                recent: Vec::new(),
                ..old.clone()
            };
            if let Some(deadline) = state.deadline_ms {
                unit.set_due(TIMERS, &member(id, ""), deadline);
            }
            let mut change = Change {
                unit,
                run: state,
                now_ms,
            };
            change.event("started", None, Some(format!("again from {run}")));
            let names: BTreeSet<_> = fresh
                .iter()
                .map(|step| &step.plan.key)
                .chain(kept.keys())
                .collect();
            for (step, output) in kept.values() {
                change
                    .unit
                    .put_once(&output_key(id, &step.plan.key), output);
                change.event("kept", Some(&step.plan.key), None);
            }
            for step in kept.values().map(|(step, _)| step).chain(&fresh) {
                let mut step = step.clone();
                step.dependants.retain(|key| names.contains(key));
                change.put(&step);
            }
            recount(&mut change)?;
            change.save();
            Ok(Started::New)
        })
    }

    /// Moves a run to another plan. What has ended stays as it ended; of what has not, steps that
    /// are the same go on as they stand, others begin anew, and those that are no more go. Says
    /// whether anything was changed: moving it to the plan that it has changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::State`] for a run that has ended, or of which a step runs;
    /// [`Error::Plan`] where a step of the plan is named as one that a step added; the store's.
    pub fn migrate(&self, run: &str, plan: &Plan) -> Result<bool> {
        let hash = plan.hash();
        self.change_run(run, |change| {
            if change.run.plan_hash == hash {
                return Ok(false);
            }
            let refuse = |state: String, wanted| {
                Err(Error::State {
                    what: "run",
                    name: run.to_owned(),
                    state,
                    wanted,
                })
            };
            if change.run.status != RunStatus::Running {
                return refuse(
                    change.run.status.word().into(),
                    "only a run that goes on is migrated",
                );
            }
            let steps = change.steps()?;
            if let Some(step) = steps.iter().find(|step| step.status == StepStatus::Running) {
                return refuse(
                    format!("running step `{}`", step.plan.key),
                    "pause it, and migrate it once no step runs",
                );
            }
            let steps = moved(change, steps, plan)?;
            change.run.open = 0;
            for mut step in steps {
                // What was ready stands in no queue any more, and is counted anew.
                if step.status == StepStatus::Ready {
                    step.status = StepStatus::Pending;
                }
                change.run.open += u64::from(!step.status.is_final());
                change.put(&step);
            }
            change.run.notices = plan.notices().to_vec();
            let old = std::mem::replace(&mut change.run.plan_hash, hash.clone());
            change.event(
                "migrated",
                None,
                Some(format!("{} to {}", &old[..12], &hash[..12])),
            );
            recount(change).map(|()| true)
        })
    }

    /// Takes a dead letter off the list; the step stays dead. Says whether it was on it.
    ///
    /// # Errors
    /// [`Error::NotFound`]; the store's.
    pub fn drop_dead(&self, run: &str, step: &str) -> Result<bool> {
        let found = self.step(run, step)?;
        self.change_run(run, |change| {
            change.unit.clear_due(DEAD, &member(run, step));
            let detail = "from the dead letters".to_owned();
            change.event("dropped", Some(step), Some(detail));
            Ok(found.status == StepStatus::Dead)
        })
    }

    /// Makes all steps of a run that have not begun as urgent as `priority`, 0 to 9, those that are
    /// yet to be added included.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::State`] for a run that has ended; [`Error::Plan`] for a number
    /// above 9; the store's.
    pub fn set_priority(&self, run: &str, priority: u8) -> Result<()> {
        if priority > 9 {
            return Err(Error::Plan {
                reason: format!("priority {priority}: 0 to 9 is wanted"),
            });
        }
        self.change_run(run, |change| {
            if change.run.status.is_final() {
                return Err(Error::State {
                    what: "run",
                    name: run.to_owned(),
                    state: change.run.status.word().to_owned(),
                    wanted: "only a run that goes on has a priority",
                });
            }
            let steps = change.steps()?;
            let before = change.run.priority;
            change.run.priority = Some(priority);
            change.event("priority", None, Some(priority.to_string()));
            for mut step in steps {
                if step.status != StepStatus::Ready {
                    continue;
                }
                // It keeps how long it has waited.
                let was = u64::from(before.unwrap_or(step.plan.priority)) * AGEING_MS;
                let is = u64::from(priority) * AGEING_MS;
                step.rank = step.rank.map(|rank| (rank + was).saturating_sub(is));
                change.ready(&mut step)?;
            }
            Ok(())
        })
    }
}

/// How a step comes to be done again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reached {
    /// From its beginning; what it added is added anew.
    Again,
    /// From where it awaited what it added.
    Through,
}

/// The step and all that comes after it, what a step among them added included.
fn after(steps: &[StepState], from: &str) -> Result<BTreeMap<String, Reached>> {
    let by_key: BTreeMap<&str, &StepState> =
        steps.iter().map(|s| (s.plan.key.as_str(), s)).collect();
    if !by_key.contains_key(from) {
        let near = botsmith_core::hint::nearest(from, by_key.keys().copied());
        return Err(Error::NotFound {
            what: "step",
            name: match near {
                Some(near) => format!("{from}`; did you mean `{near}"),
                None => from.to_owned(),
            },
        });
    }
    let mut again = BTreeMap::new();
    let mut next = vec![(from.to_owned(), Reached::Again)];
    while let Some((key, reached)) = next.pop() {
        match again.get(&key) {
            Some(Reached::Again) => continue,
            Some(Reached::Through) if reached == Reached::Through => continue,
            _ => again.insert(key.clone(), reached),
        };
        if reached == Reached::Again {
            let added = steps
                .iter()
                .filter(|step| step.spawner.as_ref() == Some(&key));
            next.extend(added.map(|step| (step.plan.key.clone(), Reached::Again)));
        }
        let Some(step) = by_key.get(key.as_str()) else {
            continue;
        };
        for dependant in &step.dependants {
            // The step that added this one awaits it, and keeps what else it added.
            let awaits = step.spawner.as_ref() == Some(dependant);
            let reached = match awaits {
                true => Reached::Through,
                false => Reached::Again,
            };
            next.push((dependant.clone(), reached));
        }
    }
    Ok(again)
}

/// The step as if it had never begun.
fn anew(step: StepState) -> StepState {
    let mut fresh = StepState::new(step.plan, 0);
    (fresh.dependants, fresh.spawner) = (step.dependants, step.spawner);
    fresh
}

/// The steps of a run under another plan, with those that are to go taken out of the store.
fn moved(
    change: &mut Change<'_, '_>,
    steps: Vec<StepState>,
    plan: &Plan,
) -> Result<Vec<StepState>> {
    let run = change.run.id.clone();
    let plans: BTreeMap<&str, &StepPlan> =
        plan.steps().iter().map(|p| (p.key.as_str(), p)).collect();
    let mut there: BTreeMap<String, StepState> = BTreeMap::new();
    let stays = |step: &&StepState| {
        let same = || {
            plans
                .get(step.plan.key.as_str())
                .is_some_and(|plan| **plan == step.plan)
        };
        step.status == StepStatus::Done || step.resume.is_some() && same()
    };
    let done: BTreeSet<String> = steps
        .iter()
        .filter(stays)
        .map(|step| step.plan.key.clone())
        .collect();
    let anew: BTreeSet<String> = steps
        .iter()
        .filter(|step| step.resume.is_some() && !stays(step) && !step.status.is_final())
        .map(|step| step.plan.key.clone())
        .collect();
    for mut step in steps {
        let key = step.plan.key.clone();
        let planned = plans.get(key.as_str());
        if let Some(spawner) = &step.spawner {
            if planned.is_some() {
                return Err(Error::Plan {
                    reason: format!("step `{key}` is there already: `{spawner}` added it"),
                });
            }
            if done.contains(spawner) && plans.contains_key(spawner.as_str()) {
                change.leave_queue(&step);
                there.insert(key, step);
                continue;
            }
        }
        match planned {
            // What has ended stays, also where the plan knows it no more.
            _ if step.status.is_final()
                && step.status != StepStatus::Skipped
                && !step.spawner.as_ref().is_some_and(|of| anew.contains(of)) => {}
            Some(planned) if **planned == step.plan && step.status != StepStatus::Skipped => {
                change.leave_queue(&step);
            }
            Some(planned) => {
                change.leave(&step);
                let attempts = step.attempts;
                step = StepState::new((*planned).clone(), 0);
                step.attempts = attempts;
            }
            None => {
                change.leave(&step);
                change.event("dropped", Some(&key), None);
                change.unit.delete(&format!("step/{run}/{key}"));
                change.unit.delete(&output_key(&run, &key));
                change.unit.clear_due(DEAD, &member(&run, &key));
                continue;
            }
        }
        there.insert(key, step);
    }
    for planned in plan.steps() {
        let state = || StepState::new(planned.clone(), 0);
        there.entry(planned.key.clone()).or_insert_with(state);
    }
    // Who needs whom is the new plan's; what a step added is needed by those that need that step.
    let mut dependants: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for step in there.values() {
        for need in &step.plan.needs {
            dependants
                .entry(need.clone())
                .or_default()
                .insert(step.plan.key.clone());
        }
    }
    let inherit: Vec<(String, BTreeSet<String>)> = there
        .values()
        .filter_map(|step| {
            let mut of = step.spawner.clone()?;
            if there.get(&of).is_some_and(|step| step.resume.is_some()) {
                return Some((step.plan.key.clone(), BTreeSet::from([of])));
            }
            // Steps that an added step added count for the first one.
            while let Some(above) = there.get(&of).and_then(|step| step.spawner.clone()) {
                of = above;
            }
            let needed = dependants.get(&of)?.clone();
            Some((step.plan.key.clone(), needed))
        })
        .collect();
    for (key, needed) in inherit {
        let own = |other: &String| there[other].spawner.is_none() || there[other].resume.is_some();
        let needed: Vec<_> = needed.into_iter().filter(own).collect();
        dependants.entry(key).or_default().extend(needed);
    }
    Ok(there
        .into_values()
        .map(|mut step| {
            let of = dependants.remove(&step.plan.key).unwrap_or_default();
            step.dependants = of.into_iter().collect();
            step
        })
        .collect())
}
