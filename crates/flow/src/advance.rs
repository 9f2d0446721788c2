//! How one change of a step moves its run on: successors become ready, are skipped or cancelled,
//! and the run ends with its last step. Pure but for the unit of work that it reads and fills.

use std::collections::{BTreeMap, VecDeque};

use crate::state::{Event, RunState, RunStatus, StepState, StepStatus};
use crate::unit::Unit;
use crate::{Error, OnFailure, Result, RunIf, StepPlan};

/// The index of what becomes due: leases, retries, waits.
pub(crate) const TIMERS: &str = "timers";
/// The index of runs that ended, by when.
pub(crate) const ENDED: &str = "ended";
/// The index of dead letters, by when.
pub(crate) const DEAD: &str = "dead";
/// The record of the queues of a partition: their names and what they require.
pub(crate) const QUEUES: &str = "queues";

/// How many events stand in one record at most. Until there are so many, they stand with the run, which is
/// written with each of them anyway.
pub(crate) const CHUNK: usize = 8;
/// Above so many bytes of their details, events go into a record of their own before that.
const CHUNK_BYTES: usize = 1024;

/// One more for each minute waited.
pub(crate) const AGEING_MS: u64 = 60_000;

/// Queues by name. One that stands with [`MARK`] before its name was empty when it was last looked at, and
/// goes if it still is: see `FlowStore::forget`.
pub(crate) type Queues = BTreeMap<String, Vec<String>>;
/// Stands before the name of a queue that may go.
pub(crate) const MARK: char = '-';

/// The name of a queue, marked or not.
pub(crate) fn unmarked(name: &str) -> &str {
    name.strip_prefix(MARK).unwrap_or(name)
}

pub(crate) fn run_key(run: &str) -> String {
    format!("run/{run}")
}

pub(crate) fn step_key(run: &str, step: &str) -> String {
    format!("step/{run}/{step}")
}

pub(crate) fn output_key(run: &str, step: &str) -> String {
    format!("out/{run}/{step}")
}

pub(crate) fn event_key(run: &str, number: u64) -> String {
    format!("event/{run}/{number:012}")
}

pub(crate) fn signal_key(run: &str, name: &str) -> String {
    format!("signal/{run}/{name}")
}

/// A step's name in indexes.
pub(crate) fn member(run: &str, step: &str) -> String {
    format!("{run}/{step}")
}

/// The queue of steps that require the same of a worker and share a concurrency key: where that one
/// admits no more, the steps behind it in other queues are not held up.
pub(crate) fn queue(plan: &StepPlan) -> String {
    let key = plan.concurrency.as_ref().map_or("", |limit| &limit.key);
    let facts = format!("{}\n\n{key}", plan.requires.join("\n"));
    let hash = blake3::hash(facts.as_bytes()).to_hex();
    format!("ready/{}", &hash[..16])
}

/// A run that is being changed.
pub(crate) struct Change<'u, 'a> {
    pub(crate) unit: &'u mut Unit<'a>,
    pub(crate) run: RunState,
    pub(crate) now_ms: u64,
}

impl<'u, 'a> Change<'u, 'a> {
    /// Reads the run; `None` where there is none.
    pub(crate) fn open(unit: &'u mut Unit<'a>, run: &str, now_ms: u64) -> Result<Option<Self>> {
        let run = unit.get(&run_key(run))?;
        Ok(run.map(|run| Self { unit, run, now_ms }))
    }

    pub(crate) fn find(&mut self, key: &str) -> Result<Option<StepState>> {
        self.unit.get(&step_key(&self.run.id, key))
    }

    fn step(&mut self, key: &str) -> Result<StepState> {
        self.find(key)?.ok_or_else(|| Error::NotFound {
            what: "step",
            name: member(&self.run.id, key),
        })
    }

    pub(crate) fn steps(&mut self) -> Result<Vec<StepState>> {
        self.unit.scan(&step_key(&self.run.id, ""))
    }

    pub(crate) fn put(&mut self, step: &StepState) {
        self.unit.put(&step_key(&self.run.id, &step.plan.key), step);
    }

    pub(crate) fn event(&mut self, what: &str, step: Option<&str>, detail: Option<String>) {
        let event = Event {
            at_ms: self.now_ms,
            what: what.to_owned(),
            step: step.map(str::to_owned),
            detail,
        };
        self.run.events += 1;
        self.run.recent.push(event);
        let long = |event: &Event| event.detail.as_ref().map_or(0, String::len);
        let recent = &self.run.recent;
        if recent.len() >= CHUNK || recent.iter().map(long).sum::<usize>() > CHUNK_BYTES {
            let first = self.run.events - recent.len() as u64;
            self.unit.put_once(&event_key(&self.run.id, first), recent);
            self.run.recent.clear();
        }
        self.unit.count(what);
    }

    /// Tells the run of something that has more than half of what fits: before it is refused, there is time to do
    /// something about it.
    pub(crate) fn size(&mut self, step: Option<&str>, what: &str, size: usize, limit: usize) {
        if size > limit / 2 {
            let detail = format!("{what}: {size}, at most {limit} fit");
            self.event("large", step, Some(detail));
        }
    }

    /// Puts a step into its queue; while the run is held, it is only marked.
    pub(crate) fn ready(&mut self, step: &mut StepState) -> Result<()> {
        self.leave(step);
        step.status = StepStatus::Ready;
        // Urgent and long waiting come first; the order never changes while they wait.
        let priority = self.run.priority.unwrap_or(step.plan.priority);
        let ahead = u64::from(priority) * AGEING_MS;
        let rank = *step.rank.get_or_insert(self.now_ms.saturating_sub(ahead));
        if !self.run.paused {
            let name = queue(&step.plan);
            let mut queues: Queues = self.unit.get(QUEUES)?.unwrap_or_default();
            // Whoever wants to forget the queue finds the record changed.
            let marked = queues.remove(&format!("{MARK}{name}")).is_some();
            let known = queues.insert(name.clone(), step.plan.requires.clone());
            if marked || known.is_none() {
                self.unit.put(QUEUES, &queues);
            }
            let member = member(&self.run.id, &step.plan.key);
            self.unit.set_due(&name, &member, rank);
            self.unit.note_ready(rank, member);
        }
        self.put(step);
        Ok(())
    }

    /// Takes a step out of the indexes.
    pub(crate) fn leave(&mut self, step: &StepState) {
        let member = member(&self.run.id, &step.plan.key);
        match step.status {
            StepStatus::Ready => self.unit.clear_due(&queue(&step.plan), &member),
            StepStatus::Running | StepStatus::Delayed | StepStatus::Waiting => {
                self.unit.clear_due(TIMERS, &member);
            }
            StepStatus::Dead => self.unit.clear_due(DEAD, &member),
            _ => {}
        }
    }

    /// Takes a ready step out of its queue; it stays ready.
    pub(crate) fn leave_queue(&mut self, step: &StepState) {
        if step.status == StepStatus::Ready {
            self.leave(step);
        }
    }

    /// Ends a step and whatever ends with it. `step` is as it stood, with what else has changed.
    pub(crate) fn end(&mut self, step: &StepState, status: StepStatus) -> Result<()> {
        self.put(step);
        self.finish(&step.plan.key, status)
    }

    /// As [`end`](Self::end), of a step as it is stored; one that has ended already stays so.
    pub(crate) fn finish(&mut self, key: &str, status: StepStatus) -> Result<()> {
        let mut ends = VecDeque::from([(key.to_owned(), status)]);
        while let Some((key, status)) = ends.pop_front() {
            let mut step = self.step(&key)?;
            if step.status.is_final() {
                continue;
            }
            self.leave(&step);
            step.status = status;
            (step.attempt, step.wait, step.rank) = (None, None, None);
            step.ended_ms = Some(self.now_ms);
            self.run.open -= 1;
            let detail = step.error.as_ref().filter(|_| status != StepStatus::Done);
            self.event(
                status.word(),
                Some(&key),
                detail.map(|error| error.message.clone()),
            );
            self.put(&step);
            let failed = matches!(status, StepStatus::Failed | StepStatus::Dead);
            for dependant in &step.dependants {
                let mut next = self.step(dependant)?;
                // One that has begun, before this step was requeued, does not wait for it again.
                if next.status != StepStatus::Pending {
                    continue;
                }
                next.open -= 1;
                next.lacking |= status != StepStatus::Done;
                next.need_failed |= failed;
                self.put(&next);
                if next.open == 0 {
                    match self.verdict(&next) {
                        StepStatus::Ready => self.ready(&mut next)?,
                        verdict => ends.push_back((next.plan.key, verdict)),
                    }
                }
            }
            if failed && step.plan.on_failure == OnFailure::Fail && !self.run.failed {
                self.run.failed = true;
                for step in self.steps()? {
                    let begun = step.status == StepStatus::Running || step.status.is_final();
                    if !begun && step.plan.run_if == RunIf::Done {
                        ends.push_back((step.plan.key, StepStatus::Skipped));
                    }
                }
            }
        }
        Ok(())
    }

    /// What becomes of a step whose needs have ended.
    pub(crate) fn verdict(&self, step: &StepState) -> StepStatus {
        let runs = match step.plan.run_if {
            _ if self.run.status == RunStatus::Cancelling => return StepStatus::Cancelled,
            // Its needs were met when it first ran; what it awaited counts for itself to judge.
            run_if if step.resume.is_some() => run_if != RunIf::Done || !self.run.failed,
            RunIf::Always => true,
            RunIf::Failed => step.need_failed,
            RunIf::Done => !step.lacking && !self.run.failed,
        };
        match runs {
            true => StepStatus::Ready,
            false => StepStatus::Skipped,
        }
    }

    /// Ends a run whose time is over: what has not begun never will, unless it runs always or on
    /// failure.
    pub(crate) fn time_out(mut self) -> Result<()> {
        if self.run.status == RunStatus::Running {
            (self.run.timed_out, self.run.failed) = (true, true);
            self.event("timeout", None, None);
            for step in self.steps()? {
                let begun = step.status == StepStatus::Running || step.status.is_final();
                if !begun && step.plan.run_if == RunIf::Done {
                    self.finish(&step.plan.key, StepStatus::Skipped)?;
                }
            }
        }
        self.save();
        Ok(())
    }

    /// Stores the run, ended if nothing of it is open.
    pub(crate) fn save(mut self) {
        if self.run.open == 0 && !self.run.status.is_final() {
            self.run.status = match self.run.status {
                RunStatus::Cancelling => RunStatus::Cancelled,
                _ if self.run.failed => RunStatus::Failed,
                _ => RunStatus::Done,
            };
            self.run.ended_ms = Some(self.now_ms);
            self.event(&format!("run-{}", self.run.status.word()), None, None);
            let id = self.run.id.clone();
            self.unit.set_due(ENDED, &id, self.now_ms);
            if self.run.deadline_ms.is_some() {
                self.unit.clear_due(TIMERS, &member(&id, ""));
            }
        }
        self.unit.put_own(&run_key(&self.run.id), self.run);
    }
}
