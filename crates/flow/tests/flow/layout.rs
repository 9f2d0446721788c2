//! Stores that an older build wrote.

use botsmith_core::store::{StateStore, Transaction};
use botsmith_flow::{Commit, Committed, Event, FlowStore, Output, RunStatus, StepPlan, StepStatus};
use serde_json::{Value, json};

use crate::backends::{World, on_every_back_end, step};

const LEASE: u64 = 30_000;

fn value(store: &dyn StateStore, partition: &str, key: &str) -> Value {
    let record = store.get(partition, key).unwrap().unwrap();
    serde_json::from_slice(&record.value).unwrap()
}

fn write(store: &dyn StateStore, partition: &str, transaction: Transaction) {
    let _ = store.transact(partition, transaction).unwrap();
}

/// Writes a run as schema 1 did: every field of its steps, and each event in a record of its own.
fn as_schema_one(store: &dyn StateStore, run: &str) {
    let places = store.partitions("flow/p", None, 99).unwrap();
    let run_key = format!("run/{run}");
    let here = |place: &&String| store.get(place, &run_key).unwrap().is_some();
    let place = places.iter().find(here).unwrap();
    let mut state = value(store, place, &run_key);
    let recent = state.as_object_mut().unwrap().remove("recent").unwrap();
    for name in ["paused", "failed"] {
        state[name] = json!(false);
    }
    let mut old = Transaction::new().put(&run_key, state.to_string());
    for (n, event) in recent.as_array().unwrap().iter().enumerate() {
        old = old.put(format!("event/{run}/{n:012}"), event.to_string());
    }
    let prefix = format!("step/{run}/");
    for key in store.keys(place, &prefix, None, 99).unwrap() {
        let mut step = value(store, place, &key);
        let plan: StepPlan = serde_json::from_value(step["plan"].clone()).unwrap();
        step["plan"] = serde_json::to_value(&plan).unwrap();
        for name in ["lacking", "need_failed", "unwanted"] {
            step[name] = json!(false);
        }
        for name in ["open", "attempts", "failures", "expiries"] {
            let fields = step.as_object_mut().unwrap();
            fields.entry(name).or_insert(json!(0));
        }
        old = old.put(key, step.to_string());
    }
    write(store, place, old);
    let layout = json!({"schema": 1, "partitions": 8}).to_string();
    write(store, "flow/meta", Transaction::new().put("layout", layout));
}

#[test]
fn a_store_of_the_first_layout_is_brought_up_and_its_runs_go_on() {
    on_every_back_end(1, |name, _, store| {
        let world = World::new(store.clone());
        world.start("r", &[step("a", &[]), step("b", &["a"])]);
        let first = world.flows.claim(&world.worker, 1, LEASE).unwrap();
        as_schema_one(&*store, "r");

        let now = std::sync::Arc::clone(&world.now);
        let flows = FlowStore::open(store.clone()).unwrap();
        let flows = flows.with_clock(move || now.load(std::sync::atomic::Ordering::Relaxed));
        let wanted = json!({"schema": 2, "partitions": 8});
        assert_eq!(value(&*store, "flow/meta", "layout"), wanted, "{name}");
        assert_eq!(flows.step("r", "a").unwrap().status, StepStatus::Running);
        let what = |from| -> Vec<String> {
            let events = flows.events("r", from, 99).unwrap();
            events.into_iter().map(|event: Event| event.what).collect()
        };
        assert_eq!(what(0), ["started", "claimed"], "{name}");
        // The lease that was held before holds.
        let commit = [Commit::new(&first[0], Output::Done(json!(1)))];
        let turn = flows.turn(&commit, &world.worker, 1, LEASE).unwrap();
        assert_eq!(turn.committed, [Committed::Stored], "{name}");
        assert_eq!(what(0), ["started", "claimed", "done", "claimed"], "{name}");
        assert_eq!(what(1), ["claimed", "done", "claimed"], "{name}");
        assert_eq!(what(3), ["claimed"], "{name}");
        let commit = [Commit::new(&turn.claimed[0], Output::Done(json!(2)))];
        assert_eq!(flows.commit(&commit).unwrap(), [Committed::Stored]);
        assert_eq!(flows.run("r").unwrap().status, RunStatus::Done, "{name}");
        assert_eq!(flows.run("r").unwrap().events, 6, "{name}");
        assert_eq!(
            what(0),
            ["started", "claimed", "done", "claimed", "done", "run-done"],
            "{name}"
        );
        // Opened again, nothing is done a second time.
        let before = store.get("flow/meta", "layout").unwrap();
        FlowStore::open(store.clone()).unwrap();
        assert_eq!(store.get("flow/meta", "layout").unwrap(), before, "{name}");
    });
}
