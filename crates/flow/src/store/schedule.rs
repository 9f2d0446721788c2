//! Schedules: runs that start by the clock. Any worker fires what is due; that several try is no harm,
//! since the id of a run is made of the schedule's name and the time that it is for.
//!
//! All schedules lie in one partition, `flow/schedules`: records `schedule/NAME`, index `next`.

use botsmith_core::hint;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::unit::read;
use crate::{Cron, Error, Misfire, Plan, Result, StepPlan};

use super::{FlowStore, MAX_RUN};

const PLACE: &str = "flow/schedules";
const NEXT: &str = "next";
/// Schedules that are looked at in one go.
const LOOK: usize = 64;
/// Times of one schedule that are looked at in one go.
const TIMES: usize = 10_000;

/// A run that is started again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Its name: 1 to 80 bytes without `/`.
    pub name: String,
    /// When, as [`Cron`] reads it.
    pub cron: String,
    /// The time zone.
    pub zone: String,
    /// What is done about times that were missed.
    pub misfire: Misfire,
    /// The workflow's name.
    pub workflow: String,
    /// What its runs are pinned to.
    pub plan: Plan,
    /// What they are started with.
    pub inputs: Value,
    /// How long each may take, in milliseconds.
    pub timeout_ms: Option<u64>,
}

/// A schedule as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScheduleState {
    /// Its name.
    pub name: String,
    /// When, as [`Cron`] reads it.
    pub cron: String,
    /// The time zone.
    pub zone: String,
    /// What is done about times that were missed.
    pub misfire: Misfire,
    /// The workflow's name.
    pub workflow: String,
    /// What its runs are started with.
    pub inputs: Value,
    /// How long each of them may take, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Whether it is held.
    #[serde(default)]
    pub paused: bool,
    /// When it is due next, in milliseconds since 1970-01-01T00:00Z.
    pub next_ms: u64,
    /// The last run that it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<String>,
    /// How many runs it started.
    #[serde(default)]
    pub fired: u64,
    /// How many times were missed and have no run.
    #[serde(default)]
    pub missed: u64,
    steps: Vec<StepPlan>,
}

fn key(name: &str) -> String {
    format!("schedule/{name}")
}

impl FlowStore {
    /// Keeps a schedule; one of the same name is replaced.
    ///
    /// # Errors
    /// [`Error::Schedule`] for a name, pattern or zone that does not fit; the store's.
    pub fn schedule(&self, schedule: &Schedule) -> Result<ScheduleState> {
        let name = &schedule.name;
        let fits = |c: char| !c.is_control() && c != '/';
        // A run's id is the name and a time.
        if name.is_empty() || name.len() > MAX_RUN - 20 || !name.chars().all(fits) {
            return Err(Error::Schedule {
                reason: format!(
                    "the name `{}` is not 1 to {} bytes without `/`",
                    hint::shown(name),
                    MAX_RUN - 20
                ),
            });
        }
        let cron = Cron::new(&schedule.cron, &schedule.zone)?;
        self.change(PLACE, |unit, now_ms| {
            let state = ScheduleState {
                name: name.clone(),
                cron: schedule.cron.clone(),
                zone: schedule.zone.clone(),
                misfire: schedule.misfire,
                workflow: schedule.workflow.clone(),
                inputs: schedule.inputs.clone(),
                timeout_ms: schedule.timeout_ms,
                paused: false,
                next_ms: next(&cron, now_ms)?,
                last_run: None,
                fired: 0,
                missed: 0,
                steps: schedule.plan.steps().to_vec(),
            };
            unit.put(&key(name), &state);
            unit.set_due(NEXT, name, state.next_ms);
            Ok(state)
        })
    }

    /// All schedules, by name.
    ///
    /// # Errors
    /// The store's.
    pub fn schedules(&self) -> Result<Vec<ScheduleState>> {
        let found = self.state().scan(PLACE, "schedule/", None, usize::MAX)?;
        found
            .into_iter()
            .map(|(key, record)| read(PLACE, &key, &record.value))
            .collect()
    }

    /// Removes a schedule; says whether there was one. Its runs stay.
    ///
    /// # Errors
    /// The store's.
    pub fn unschedule(&self, name: &str) -> Result<bool> {
        self.change(PLACE, |unit, _| {
            let there = unit.get::<ScheduleState>(&key(name))?.is_some();
            if there {
                unit.delete(&key(name));
                unit.clear_due(NEXT, name);
            }
            Ok(there)
        })
    }

    /// Holds a schedule, or lets it go on from the next time after now.
    ///
    /// # Errors
    /// [`Error::NotFound`]; the store's.
    pub fn pause_schedule(&self, name: &str, paused: bool) -> Result<ScheduleState> {
        let there = self.schedules()?;
        self.change(PLACE, |unit, now_ms| {
            let Some(mut state) = unit.get::<ScheduleState>(&key(name))? else {
                let near = hint::nearest(name, there.iter().map(|one| one.name.as_str()));
                return Err(Error::NotFound {
                    what: "schedule",
                    name: near.map_or(name.to_owned(), |near| {
                        format!("{name}`; did you mean `{near}")
                    }),
                });
            };
            state.paused = paused;
            if paused {
                unit.clear_due(NEXT, name);
            } else {
                state.next_ms = next(&Cron::new(&state.cron, &state.zone)?, now_ms)?;
                unit.set_due(NEXT, name, state.next_ms);
            }
            unit.put(&key(name), &state);
            Ok(state)
        })
    }

    /// Starts the runs of schedules that have come due; their ids. Workers call it every second or so.
    ///
    /// # Errors
    /// The store's.
    pub fn fire_schedules(&self) -> Result<Vec<String>> {
        let now_ms = self.now_ms()?;
        let mut started = Vec::new();
        for due in self.state().due(PLACE, NEXT, now_ms, LOOK)? {
            let found = self.state().get(PLACE, &key(&due.member))?;
            let Some(record) = found else { continue };
            let state: ScheduleState = read(PLACE, &key(&due.member), &record.value)?;
            started.extend(self.fire(&state, now_ms)?);
        }
        Ok(started)
    }

    fn fire(&self, state: &ScheduleState, now_ms: u64) -> Result<Vec<String>> {
        let cron = Cron::new(&state.cron, &state.zone)?;
        let mut times = vec![state.next_ms];
        let mut following = next(&cron, state.next_ms)?;
        while following <= now_ms && times.len() < TIMES {
            times.push(following);
            following = next(&cron, following)?;
        }
        let following = following.max(next(&cron, now_ms)?);
        let chosen = state.misfire.choose(&times, now_ms);
        let plan = Plan::new(state.steps.clone())?;
        let mut started = Vec::new();
        for time in &chosen {
            let id = format!("{}-{}", state.name, stamp(*time));
            // What is there already was started by another worker, or by a schedule of the same name.
            match self.start_for(&id, &state.workflow, &plan, &state.inputs, state.timeout_ms) {
                Ok(_) | Err(Error::Taken { .. }) => started.push(id),
                Err(error) => return Err(error),
            }
        }
        let mine = self.change(PLACE, |unit, _| {
            let there = unit.get::<ScheduleState>(&key(&state.name))?;
            // Another worker was quicker, or somebody changed it.
            if there.as_ref() != Some(state) {
                return Ok(false);
            }
            let mut now = state.clone();
            now.next_ms = following;
            now.fired += chosen.len() as u64;
            now.missed += (times.len() - chosen.len()) as u64;
            now.last_run = started.last().cloned().or(now.last_run);
            unit.put(&key(&state.name), &now);
            unit.set_due(NEXT, &state.name, following);
            Ok(true)
        })?;
        Ok(if mine { started } else { Vec::new() })
    }
}

fn next(cron: &Cron, after_ms: u64) -> Result<u64> {
    cron.next_after(after_ms).ok_or_else(|| Error::Schedule {
        reason: "it is never due again".into(),
    })
}

/// `20261126T023000Z`.
fn stamp(ms: u64) -> String {
    let time = i64::try_from(ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let time = time.unwrap_or_default();
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}
