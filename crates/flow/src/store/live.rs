//! Workers that are alive, and the steps that none of them can run.
//!
//! A worker says that it is there with each beat of its heart; one that has been silent for three
//! beats does not count. Nothing is decided by this: it is for people, and for `doctor`.

use std::collections::BTreeSet;
use std::time::Duration;

use botsmith_core::store::Transaction;
use serde::{Deserialize, Serialize};

use crate::state::{StepState, StepStatus};
use crate::unit::read;
use crate::{Claimant, Result};

use super::FlowStore;

const PLACE: &str = "flow/workers";
/// How long a worker that was killed is still listed in the store, in milliseconds.
const KEPT_MS: u64 = 3_600_000;

/// A worker, as it last said of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WorkerState {
    /// New for each start of a process: 128 random bits as hexadecimal digits.
    pub id: String,
    /// The machine's name.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// What it can do.
    pub offers: BTreeSet<String>,
    /// How many steps it does at once.
    pub concurrency: usize,
    /// How many it is doing.
    pub running: usize,
    /// Whether it takes no more steps.
    pub draining: bool,
    /// When it started, in milliseconds since 1970-01-01T00:00Z.
    pub started_ms: u64,
    /// When it was last heard of.
    pub seen_ms: u64,
    /// How often it is heard of, in milliseconds.
    pub beat_ms: u64,
}

impl WorkerState {
    /// A worker that starts now, by the store's time.
    ///
    /// # Errors
    /// The store's.
    pub fn new(
        flows: &FlowStore,
        worker: &Claimant,
        concurrency: usize,
        beat: Duration,
    ) -> Result<Self> {
        let now_ms = flows.now_ms()?;
        Ok(Self {
            id: worker.id.clone(),
            host: host(),
            pid: std::process::id(),
            offers: worker.offers.clone(),
            concurrency,
            running: 0,
            draining: false,
            started_ms: now_ms,
            seen_ms: now_ms,
            beat_ms: beat.as_millis() as u64,
        })
    }

    fn is_alive(&self, now_ms: u64) -> bool {
        self.silent_ms(now_ms) <= self.beat_ms.saturating_mul(3) + 1000
    }

    fn silent_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.seen_ms)
    }

    /// What a step requires that this worker does not offer.
    pub fn lacks(&self, step: &StepState) -> Vec<String> {
        let requires = step.plan.requires.iter();
        requires
            .filter(|one| !self.offers.contains(*one))
            .cloned()
            .collect()
    }
}

/// The machine's name, as far as files and the environment tell.
fn host() -> String {
    let file = ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok());
    let named = file.or_else(|| std::env::var("HOSTNAME").ok());
    let named = named.or_else(|| std::env::var("COMPUTERNAME").ok());
    let named = named.unwrap_or_default();
    match named.trim() {
        "" => "localhost".to_owned(),
        name => name.chars().filter(|c| !c.is_control()).take(100).collect(),
    }
}

impl FlowStore {
    /// Says that a worker is there.
    ///
    /// # Errors
    /// The store's.
    pub fn announce(&self, worker: &WorkerState) -> Result<()> {
        let mut worker = worker.clone();
        worker.seen_ms = self.now_ms()?;
        let bytes = serde_json::to_vec(&worker).expect("a worker serialises to JSON");
        let put = Transaction::new().put(format!("worker/{}", worker.id), bytes);
        let _ = self.state().transact(PLACE, put)?;
        Ok(())
    }

    /// Says that a worker is gone.
    ///
    /// # Errors
    /// The store's.
    pub fn leave(&self, worker: &str) -> Result<()> {
        let gone = Transaction::new().delete(format!("worker/{worker}"));
        let _ = self.state().transact(PLACE, gone)?;
        Ok(())
    }

    /// The workers that are alive, by start. Those long dead are forgotten.
    ///
    /// # Errors
    /// The store's.
    pub fn workers(&self) -> Result<Vec<WorkerState>> {
        let now_ms = self.now_ms()?;
        let mut alive = Vec::new();
        for (key, record) in self.state().scan(PLACE, "worker/", None, usize::MAX)? {
            let worker: WorkerState = read(PLACE, &key, &record.value)?;
            if worker.is_alive(now_ms) {
                alive.push(worker);
            } else if worker.silent_ms(now_ms) > KEPT_MS {
                self.leave(&worker.id)?;
            }
        }
        alive.sort_by(|a, b| (a.started_ms, &a.id).cmp(&(b.started_ms, &b.id)));
        Ok(alive)
    }

    /// The steps of a run that could be claimed and that no live worker can run, each with what is
    /// lacking at the worker that lacks least.
    ///
    /// # Errors
    /// The store's.
    pub fn stranded(&self, run: &str) -> Result<Vec<(StepState, Vec<String>)>> {
        let workers = self.workers()?;
        let mut stranded = Vec::new();
        for step in self.steps(run)? {
            if step.status != StepStatus::Ready {
                continue;
            }
            let lacking = workers.iter().map(|worker| worker.lacks(&step));
            match lacking.min_by_key(Vec::len) {
                Some(lacking) if lacking.is_empty() => {}
                Some(lacking) => stranded.push((step, lacking)),
                None => {
                    let lacking = step.plan.requires.clone();
                    stranded.push((step, lacking));
                }
            }
        }
        Ok(stranded)
    }
}
