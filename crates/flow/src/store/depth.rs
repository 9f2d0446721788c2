//! How full the queues are, and what this process saw happen: numbers for people and for Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use crate::Result;
use crate::advance::{AGEING_MS, DEAD, QUEUES, Queues, TIMERS, run_key, step_key, unmarked};
use crate::state::{RunState, StepState};
use crate::unit::read;

use super::FlowStore;

/// Members of one queue that are counted; a longer one counts as so long.
const COUNTED: usize = 10_000;

/// What happened in this process, by what.
#[derive(Default)]
pub(super) struct Seen(Mutex<BTreeMap<String, u64>>);

impl Seen {
    pub(super) fn add(&self, events: BTreeMap<String, u64>) {
        if events.is_empty() {
            return;
        }
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (what, n) in events {
            *seen.entry(what).or_default() += n;
        }
    }

    fn get(&self) -> BTreeMap<String, u64> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Steps that ask the same of a worker and are ready, over all partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Queue {
    /// What a worker has to offer.
    pub requires: Vec<String>,
    /// How many steps are ready; each partition counts 10,000 at most.
    pub ready: u64,
    /// How long the longest waiting head of it has been ready, in milliseconds.
    pub oldest_ms: u64,
}

/// How much there is to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Depth {
    /// The queues that hold a step, by what they require.
    pub queues: Vec<Queue>,
    /// Leases, retries and waits that are to come due.
    pub timers: u64,
    /// Dead letters.
    pub dead: u64,
    /// What happened by the hands of this process since it opened the store: `claimed`, `done`,
    /// `failed`, `retry`, `expired`, `dead`, ….
    pub seen: BTreeMap<String, u64>,
}

impl FlowStore {
    /// How full the queues are.
    ///
    /// # Errors
    /// The store's.
    pub fn depth(&self) -> Result<Depth> {
        let now_ms = self.now_ms()?;
        let mut queues: BTreeMap<Vec<String>, Queue> = BTreeMap::new();
        let mut depth = Depth {
            seen: self.seen.get(),
            ..Depth::default()
        };
        for place in self.places() {
            let count = |index: &str| -> Result<u64> {
                Ok(self.state().due(&place, index, u64::MAX, COUNTED)?.len() as u64)
            };
            depth.timers += count(TIMERS)?;
            depth.dead += count(DEAD)?;
            let Some(record) = self.state().get(&place, QUEUES)? else {
                continue;
            };
            let known: Queues = read(&place, QUEUES, &record.value)?;
            for (name, requires) in known {
                let ready = self
                    .state()
                    .due(&place, unmarked(&name), u64::MAX, COUNTED)?;
                let Some(head) = ready.first() else { continue };
                let since = self.ready_since(&head.member, head.at_ms)?;
                let queue = queues.entry(requires.clone()).or_default();
                queue.requires = requires;
                queue.ready += ready.len() as u64;
                queue.oldest_ms = queue.oldest_ms.max(now_ms.saturating_sub(since));
            }
        }
        depth.queues = queues.into_values().collect();
        Ok(depth)
    }

    /// When the step of this rank became ready: a rank counts priority as time waited.
    fn ready_since(&self, member: &str, rank: u64) -> Result<u64> {
        let Some((run, key)) = member.split_once('/') else {
            return Ok(rank);
        };
        let state: Option<RunState> = self.record(run, &run_key(run))?;
        let step: Option<StepState> = self.record(run, &step_key(run, key))?;
        let planned = step.map_or(0, |step| step.plan.priority);
        let priority = state.and_then(|state| state.priority).unwrap_or(planned);
        Ok(rank + u64::from(priority) * AGEING_MS)
    }
}

impl Depth {
    /// The numbers in the text format of Prometheus.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use botsmith_core::store::MemoryStore;
    ///
    /// let flows = botsmith_flow::FlowStore::open(Arc::new(MemoryStore::new()))?;
    /// let text = flows.depth()?.prometheus();
    /// assert!(text.contains("\nbotsmith_flow_dead_letters 0\n"));
    /// # Ok::<(), botsmith_flow::Error>(())
    /// ```
    pub fn prometheus(&self) -> String {
        let mut text = String::new();
        let mut head = |name: &str, kind: &str, about: &str, lines: &[(String, f64)]| {
            let _ = writeln!(text, "# HELP {name} {about}\n# TYPE {name} {kind}");
            for (labels, value) in lines {
                let _ = writeln!(text, "{name}{labels} {value}");
            }
        };
        let of = |queue: &Queue| format!("{{requires=\"{}\"}}", escaped(&queue.requires.join(",")));
        let ready: Vec<_> = self
            .queues
            .iter()
            .map(|q| (of(q), q.ready as f64))
            .collect();
        let oldest: Vec<_> = self
            .queues
            .iter()
            .map(|q| (of(q), q.oldest_ms as f64 / 1000.0))
            .collect();
        let one = |value: u64| [(String::new(), value as f64)];
        let total: u64 = self.queues.iter().map(|q| q.ready).sum();
        let eldest = self.queues.iter().map(|q| q.oldest_ms).max().unwrap_or(0);
        head(
            "botsmith_flow_queue_depth",
            "gauge",
            "Steps that are ready, by what they require.",
            &ready,
        );
        head(
            "botsmith_flow_ready_steps",
            "gauge",
            "Steps that are ready.",
            &one(total),
        );
        head(
            "botsmith_flow_queue_oldest_seconds",
            "gauge",
            "How long the first step of a queue has been ready.",
            &oldest,
        );
        head(
            "botsmith_flow_oldest_ready_seconds",
            "gauge",
            "How long the step that waits longest has been ready.",
            &[(String::new(), eldest as f64 / 1000.0)],
        );
        head(
            "botsmith_flow_timers",
            "gauge",
            "Leases, retries and waits that are to come due.",
            &one(self.timers),
        );
        head(
            "botsmith_flow_dead_letters",
            "gauge",
            "Steps whose leases ran out too often.",
            &one(self.dead),
        );
        let seen = |what: &str| one(self.seen.get(what).copied().unwrap_or(0));
        for (name, about, what) in [
            (
                "botsmith_flow_leases_expired_total",
                "Leases that ran out, as this process found.",
                "expired",
            ),
            (
                "botsmith_flow_retries_total",
                "Failed attempts that another follows.",
                "retry",
            ),
            (
                "botsmith_flow_steps_claimed_total",
                "Attempts begun by this process.",
                "claimed",
            ),
            (
                "botsmith_flow_steps_done_total",
                "Steps that this process got done.",
                "done",
            ),
            (
                "botsmith_flow_steps_failed_total",
                "Steps that failed in this process.",
                "failed",
            ),
            (
                "botsmith_flow_steps_dead_total",
                "Steps that this process made dead letters.",
                "dead",
            ),
        ] {
            head(name, "counter", about, &seen(what));
        }
        text
    }
}

/// A label's value (Prometheus text format 0.0.4).
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
