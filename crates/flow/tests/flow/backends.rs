//! Every back end, each with flows that go by a clock in the test's hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use botsmith_core::store::{MemoryStore, RedisStore, SqliteStore, StateStore};
use botsmith_flow::{Claimant, FlowStore, Plan, StepPlan};
use serde_json::json;

/// Flows on a store of their own, and their clock.
pub(crate) struct World {
    pub(crate) flows: FlowStore,
    pub(crate) now: Arc<AtomicU64>,
    pub(crate) worker: Claimant,
}

impl World {
    pub(crate) fn new(store: Arc<dyn StateStore>) -> Self {
        let now = Arc::new(AtomicU64::new(1_700_000_000_000));
        let clock = Arc::clone(&now);
        let flows = FlowStore::open(store).unwrap();
        Self {
            flows: flows.with_clock(move || clock.load(Ordering::Relaxed)),
            now,
            worker: Claimant::new([]),
        }
    }

    pub(crate) fn pass(&self, ms: u64) {
        self.now.fetch_add(ms, Ordering::Relaxed);
    }

    pub(crate) fn start(&self, run: &str, steps: &[StepPlan]) {
        let plan = Plan::new(steps.to_vec()).unwrap();
        self.flows
            .start(run, "test", &plan, &json!({"n": 1}))
            .unwrap();
    }
}

pub(crate) fn step(key: &str, needs: &[&str]) -> StepPlan {
    StepPlan {
        key: key.into(),
        needs: needs.iter().map(|need| (*need).into()).collect(),
        ..StepPlan::default()
    }
}

/// Gives a test an empty store of each kind in turn, `rounds` times.
pub(crate) fn on_every_back_end(
    rounds: usize,
    mut test: impl FnMut(&str, usize, Arc<dyn StateStore>),
) {
    for round in 0..rounds {
        test("memory", round, Arc::new(MemoryStore::new()));
    }
    for round in 0..rounds {
        let folder = tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .unwrap();
        let store = SqliteStore::open(folder.path().join("state.db")).unwrap();
        test("sqlite", round, Arc::new(store));
    }
    let Some(redis) = crate::server::one(&[]) else {
        return;
    };
    for round in 0..rounds {
        let url = format!("{}?namespace=round-{round}", redis.url());
        test("redis", round, Arc::new(RedisStore::open(&url).unwrap()));
    }
}
