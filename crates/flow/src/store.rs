//! Every transition of a run, each one atomic step on any state store.
//!
//! Runs are spread over partitions by the hash of their ids. All of a run lies in one partition,
//! and each transition is a unit of work ([`crate::unit`]): what it read has not changed when it is
//! written, or it is done anew. Time is the store's.
//!
//! | key in `flow/pNN` | holds |
//! |---|---|
//! | `run/RUN`, `step/RUN/STEP`, `out/RUN/STEP` | the run, its steps, their outputs |
//! | `event/RUN/N`, `signal/RUN/NAME` | what happened, some events from number N on (the last stand with the run); signals that came |
//! | `queues`, index `ready/…` | steps to claim, by what they require, in order of rank |
//! | index `timers`, `ended`, `dead` | leases, retries and waits; ended runs; dead letters |

mod claim;
mod commit;
mod control;
mod depth;
mod events;
mod heads;
mod heart;
mod layout;
mod live;
mod look;
mod permit;
mod promote;
mod remake;
mod schedule;
mod turn;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use botsmith_core::store::StateStore;
use serde_json::Value;

use crate::advance::{Change, TIMERS, member, output_key, run_key, step_key};
use crate::plan::MAX_STEPS;
use crate::state::{RunState, RunStatus, StepState, StepStatus};
use crate::unit::{Unit, read};
use crate::{Error, Plan, Result};

pub use claim::{Claimant, Claimed, Held};
pub use commit::{Commit, Committed, MAX_OUTPUT, Output};
pub use depth::{Depth, Queue};
pub use heart::Beat;
pub use live::WorkerState;
pub use look::{Filter, Standing};
pub use schedule::{Schedule, ScheduleState};
pub use turn::Turn;

/// How long the store's time is taken from its last answer.
const FRESH: Duration = Duration::from_millis(250);
/// How often a unit of work is done anew before the store counts as too busy.
const ATTEMPTS: u32 = 200;
/// The longest id of a run, in bytes.
const MAX_RUN: usize = 100;

/// Gives the time, in milliseconds since 1970-01-01T00:00Z.
type Clock = dyn Fn() -> u64 + Send + Sync;

/// Keeps runs on a state store, and moves them on.
///
/// ```
/// use std::sync::Arc;
/// use botsmith_core::store::MemoryStore;
/// use botsmith_flow::{Commit, Committed, FlowStore, Output, Plan, RunStatus, StepPlan, Claimant};
/// use serde_json::json;
///
/// let flows = FlowStore::open(Arc::new(MemoryStore::new()))?;
/// let step = |key: &str, needs: &[&str]| StepPlan {
///     key: key.into(),
///     needs: needs.iter().map(|need| (*need).into()).collect(),
///     ..StepPlan::default()
/// };
/// let plan = Plan::new(vec![step("load", &[]), step("report", &["load"])])?;
/// flows.start("nightly-1", "nightly", &plan, &json!({"folder": "texts"}))?;
///
/// let worker = Claimant::new([]);
/// while let Some(claimed) = flows.claim(&worker, 1, 30_000)?.pop() {
///     let output = Output::Done(json!(format!("{} is done", claimed.plan.key)));
///     assert_eq!(flows.commit(&[Commit::new(&claimed, output)])?, [Committed::Stored]);
/// }
/// assert_eq!(flows.run("nightly-1")?.status, RunStatus::Done);
/// assert_eq!(flows.output("nightly-1", "report")?, Some(json!("report is done")));
/// # Ok::<(), botsmith_flow::Error>(())
/// ```
pub struct FlowStore {
    store: Arc<dyn StateStore>,
    partitions: u64,
    clock: Option<Arc<Clock>>,
    /// The store's time when it was last asked for.
    asked: Mutex<Option<(Instant, u64)>>,
    seen: depth::Seen,
    /// The queues of each partition as they were last seen.
    queues: heads::Known,
    looked: heads::Looked,
    /// The partition that is looked to first where others are no more urgent.
    home: AtomicU64,
}

/// What came of starting a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// It was started.
    New,
    /// It was there, of the same plan and with the same inputs.
    Already,
}

impl FlowStore {
    /// The flows in `store`; where there are none yet, what they need is made.
    ///
    /// # Errors
    /// The store's; flows of a newer version.
    pub fn open(store: Arc<dyn StateStore>) -> Result<Self> {
        let partitions = layout::open(&*store)?;
        let home = AtomicU64::new(random());
        Ok(Self {
            store,
            partitions,
            clock: None,
            asked: Mutex::new(None),
            seen: depth::Seen::default(),
            queues: heads::Known::default(),
            looked: heads::Looked::default(),
            home,
        })
    }

    /// With another clock than the store's: for tests and simulations.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// The state store below.
    pub fn state(&self) -> &Arc<dyn StateStore> {
        &self.store
    }

    /// The time that leases and waits go by, in milliseconds since 1970-01-01T00:00Z.
    ///
    /// # Errors
    /// The store's.
    pub fn now_ms(&self) -> Result<u64> {
        match &self.clock {
            Some(clock) => Ok(clock()),
            None => self.store_ms(),
        }
    }

    /// The store's time, asked for anew when the last answer is [`FRESH`] old: between two answers this
    /// machine's clock counts on. A process that slept lags by less than that, which makes a lease shorter
    /// and never longer.
    fn store_ms(&self) -> Result<u64> {
        let known = *self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, now_ms)) = known
            && at.elapsed() < FRESH
        {
            return Ok(now_ms + at.elapsed().as_millis() as u64);
        }
        let before = Instant::now();
        let now_ms = self.store.now_ms()?;
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some((before, now_ms));
        Ok(now_ms)
    }

    fn partition(&self, run: &str) -> String {
        let hash = blake3::hash(run.as_bytes());
        let head = u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("eight bytes"));
        Self::place(head % self.partitions)
    }

    fn place(number: u64) -> String {
        format!("flow/p{number:02}")
    }

    fn places(&self) -> impl Iterator<Item = String> {
        (0..self.partitions).map(Self::place)
    }

    /// Does a unit of work, anew while others come between.
    fn change<T>(
        &self,
        partition: &str,
        mut work: impl FnMut(&mut Unit<'_>, u64) -> Result<T>,
    ) -> Result<T> {
        for attempt in 0..ATTEMPTS {
            let now_ms = self.now_ms()?;
            let mut unit = Unit::new(&*self.store, partition);
            let done = work(&mut unit, now_ms)?;
            let events = unit.events();
            if unit.finish()? {
                self.seen.add(events);
                return Ok(done);
            }
            if attempt > 2 {
                let longest = 1 << attempt.min(6);
                std::thread::sleep(Duration::from_micros(random() % (longest * 200)));
            }
        }
        Err(Error::Busy {
            partition: partition.to_owned(),
        })
    }

    /// Changes one run that has to be there.
    fn change_run<T>(
        &self,
        run: &str,
        mut work: impl FnMut(&mut Change<'_, '_>) -> Result<T>,
    ) -> Result<T> {
        self.change(&self.partition(run), |unit, now_ms| {
            let mut change = Change::open(unit, run, now_ms)?.ok_or_else(|| missing(run))?;
            let done = work(&mut change)?;
            change.save();
            Ok(done)
        })
    }

    /// Starts a run. Starting it again with the same plan and inputs changes nothing.
    ///
    /// # Errors
    /// An id that does not fit; [`Error::Taken`] if there is another run of this id; the store's.
    pub fn start(&self, id: &str, workflow: &str, plan: &Plan, inputs: &Value) -> Result<Started> {
        self.start_for(id, workflow, plan, inputs, None)
    }

    /// As [`start`](Self::start); after `timeout_ms` milliseconds the run fails: attempts hear of it
    /// with their next heartbeat, and only steps that run always or on failure begin.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_for(
        &self,
        id: &str,
        workflow: &str,
        plan: &Plan,
        inputs: &Value,
        timeout_ms: Option<u64>,
    ) -> Result<Started> {
        let fits = |c: char| !c.is_control() && c != '/';
        if id.is_empty() || id.len() > MAX_RUN || !id.chars().all(fits) {
            return Err(Error::Plan {
                reason: format!("the run's id is not 1 to {MAX_RUN} bytes without `/`"),
            });
        }
        let (hash, epoch) = (plan.hash(), random());
        let steps = plan.steps();
        let mut dependants: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for step in steps {
            for need in &step.needs {
                dependants.entry(need).or_default().insert(&step.key);
            }
        }
        self.change(&self.partition(id), |unit, now_ms| {
            if let Some(there) = unit.get::<RunState>(&run_key(id))? {
                return match there.plan_hash == hash && there.inputs == *inputs {
                    true => Ok(Started::Already),
                    false => Err(Error::Taken { run: id.to_owned() }),
                };
            }
            let run = RunState {
                id: id.to_owned(),
                workflow: workflow.to_owned(),
                plan_hash: hash.clone(),
                inputs: inputs.clone(),
                status: RunStatus::Running,
                epoch,
                created_ms: now_ms,
                ended_ms: None,
                paused: false,
                failed: false,
                priority: None,
                deadline_ms: timeout_ms.map(|ms| now_ms.saturating_add(ms)),
                timed_out: false,
                notices: plan.notices().to_vec(),
                open: steps.len() as u64,
                events: 0,
                recent: Vec::new(),
            };
            if let Some(deadline) = run.deadline_ms {
                unit.set_due(TIMERS, &member(id, ""), deadline);
            }
            let mut change = Change { unit, run, now_ms };
            change.event("started", None, None);
            change.size(None, "steps", steps.len(), MAX_STEPS);
            for step in steps {
                let needs: BTreeSet<_> = step.needs.iter().collect();
                let mut state = StepState::new(step.clone(), needs.len() as u64);
                let of_step = dependants.get(step.key.as_str()).into_iter().flatten();
                state.dependants = of_step.map(|key| (*key).to_owned()).collect();
                change.put(&state);
            }
            for step in steps.iter().filter(|step| step.needs.is_empty()) {
                let state = change.find(&step.key)?;
                if let Some(mut state) = state.filter(|state| state.status == StepStatus::Pending) {
                    match change.verdict(&state) {
                        StepStatus::Ready => change.ready(&mut state)?,
                        verdict => change.finish(&step.key, verdict)?,
                    }
                }
            }
            change.save();
            Ok(Started::New)
        })
    }

    /// A run as it stands.
    ///
    /// # Errors
    /// [`Error::NotFound`]; the store's.
    pub fn run(&self, id: &str) -> Result<RunState> {
        self.record(id, &run_key(id))?.ok_or_else(|| missing(id))
    }

    /// All runs, newest first.
    ///
    /// # Errors
    /// The store's.
    pub fn runs(&self) -> Result<Vec<RunState>> {
        let mut runs = Vec::new();
        self.each_run(|run| runs.push(run))?;
        runs.sort_by(|a, b| (b.created_ms, &a.id).cmp(&(a.created_ms, &b.id)));
        Ok(runs)
    }

    /// A step as it stands.
    ///
    /// # Errors
    /// [`Error::NotFound`]; the store's.
    pub fn step(&self, run: &str, key: &str) -> Result<StepState> {
        let found = self.record(run, &step_key(run, key))?;
        found.ok_or_else(|| Error::NotFound {
            what: "step",
            name: format!("{run}/{key}"),
        })
    }

    /// The steps of a run, by name.
    ///
    /// # Errors
    /// The store's.
    pub fn steps(&self, run: &str) -> Result<Vec<StepState>> {
        let place = self.partition(run);
        let found = self
            .store
            .scan(&place, &step_key(run, ""), None, usize::MAX)?;
        found
            .into_iter()
            .map(|(key, record)| read(&place, &key, &record.value))
            .collect()
    }

    /// What a step gave, once it is done.
    ///
    /// # Errors
    /// The store's.
    pub fn output(&self, run: &str, key: &str) -> Result<Option<Value>> {
        self.record(run, &output_key(run, key))
    }

    /// What several steps of a run gave, in their order; `None` where one is not done.
    ///
    /// # Errors
    /// The store's.
    pub fn outputs(&self, run: &str, keys: &[String]) -> Result<Vec<Option<Value>>> {
        self.records(run, keys, output_key)
    }

    /// Several steps of a run as they stand, in their order; `None` where there is none.
    ///
    /// # Errors
    /// The store's.
    pub fn some_steps(&self, run: &str, keys: &[String]) -> Result<Vec<Option<StepState>>> {
        self.records(run, keys, step_key)
    }

    fn records<T: serde::de::DeserializeOwned>(
        &self,
        run: &str,
        keys: &[String],
        named: fn(&str, &str) -> String,
    ) -> Result<Vec<Option<T>>> {
        let place = self.partition(run);
        let names: Vec<_> = keys.iter().map(|key| named(run, key)).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let found = self.store.get_many(&place, &names)?;
        let read = |(record, key): (Option<_>, &&str)| {
            record
                .map(|record: botsmith_core::store::Record| read(&place, key, &record.value))
                .transpose()
        };
        found.into_iter().zip(&names).map(read).collect()
    }

    fn record<T: serde::de::DeserializeOwned>(&self, run: &str, key: &str) -> Result<Option<T>> {
        let place = self.partition(run);
        let found = self.store.get(&place, key)?;
        found
            .map(|record| read(&place, key, &record.value))
            .transpose()
    }
}

impl fmt::Debug for FlowStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowStore")
            .field("store", &self.store)
            .field("partitions", &self.partitions)
            .finish_non_exhaustive()
    }
}

impl StepState {
    pub(crate) fn new(plan: crate::StepPlan, open: u64) -> Self {
        Self {
            plan,
            status: StepStatus::Pending,
            open,
            lacking: false,
            need_failed: false,
            unwanted: false,
            spawner: None,
            resume: None,
            dependants: Vec::new(),
            attempts: 0,
            failures: 0,
            expiries: 0,
            attempt: None,
            committed_by: None,
            wait: None,
            error: None,
            rank: None,
            started_ms: None,
            ended_ms: None,
        }
    }
}

fn missing(run: &str) -> Error {
    Error::NotFound {
        what: "run",
        name: run.to_owned(),
    }
}

/// 128 bits that no other process draws, as hexadecimal digits.
fn nonce() -> String {
    static DRAWN: AtomicU64 = AtomicU64::new(0);
    // Each has 128 bits that the system drew; process, time and count keep them apart besides.
    let seeds = [
        RandomState::new().hash_one(1),
        RandomState::new().hash_one(2),
    ];
    let count = DRAWN.fetch_add(1, Ordering::Relaxed);
    let facts = (
        seeds,
        count,
        std::process::id(),
        std::time::SystemTime::now(),
    );
    blake3::hash(format!("{facts:?}").as_bytes()).to_hex()[..32].to_owned()
}

fn random() -> u64 {
    u64::from_str_radix(&nonce()[..16], 16).expect("hexadecimal digits are a number")
}
