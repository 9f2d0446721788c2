//! What a worker costs: syncs of the disk, and memory.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use botsmith_core::store::{self, SqliteStore};
use botsmith_flow::{FlowStore, Plan, StepPlan, Worker};
use serde_json::json;

use crate::{test_kinds, wait_for};

/// A step that gives what it is given, after another.
fn chain(steps: usize) -> Plan {
    let step = |n: usize| StepPlan {
        key: format!("s{n}"),
        needs: match n {
            0 => Vec::new(),
            n => vec![format!("s{}", n - 1)],
        },
        kind: "echo".into(),
        requires: vec!["kind:echo".into()],
        ..StepPlan::default()
    };
    Plan::new((0..steps).map(step).collect()).unwrap()
}

fn ended(flows: &FlowStore, runs: &[String]) {
    for id in runs {
        wait_for("the end of a run", || {
            flows.run(id).unwrap().status.is_final()
        });
    }
}

fn start(flows: &FlowStore, prefix: &str, runs: usize, plan: &Plan) -> Vec<String> {
    let begin = |n: usize| {
        let id = format!("{prefix}-{n}");
        flows.start(&id, "test", plan, &json!({})).unwrap();
        id
    };
    (0..runs).map(begin).collect()
}

#[test]
fn sixteen_runs_at_once_on_sqlite_take_at_most_one_sync_for_eight_step_commits() {
    // On a disk: where a sync costs nothing, nobody waits to share one.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = Arc::new(SqliteStore::open(folder.path().join("state.db")).unwrap());
    let flows = Arc::new(FlowStore::open(store.clone()).unwrap());
    // Steps of 20 ms begin and end together, as long as they are claimed together.
    let kinds = botsmith_flow::Kinds::new().with(botsmith_flow::Kind::new("echo", "Waits.").does(
        |_| async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok(json!(null))
        },
    ));
    let runs = start(&flows, "r", 16, &chain(8));
    let before = store.stats().commits;
    let worker = Worker::new(flows.clone(), kinds).concurrency(16);
    let running = worker.start().unwrap();
    ended(&flows, &runs);
    let commits = store.stats().commits - before;
    running.drain(Duration::from_secs(5));
    assert_eq!(running.join().stored, 128);
    // Each commit of SQLite is one sync: that the system is asked no more often, `scripts/bench-flow` counts.
    assert!(commits * 8 <= 128 + 16, "{commits} syncs for 128 commits");
}

/// The worker of the next test, in a process of its own; else it does nothing.
#[test]
fn a_worker_in_a_process_of_its_own() {
    let Ok(url) = std::env::var("BOTSMITH_TEST_WORKER") else {
        return;
    };
    let flows = Arc::new(FlowStore::open(store::open(&url).unwrap()).unwrap());
    let worker = Worker::new(flows, test_kinds()).concurrency(16);
    worker.start().unwrap().join();
}

#[cfg(target_os = "linux")]
#[test]
fn the_memory_of_a_worker_is_flat_over_thousands_of_steps() {
    struct Killed(std::process::Child);
    impl Drop for Killed {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
    let Some(redis) = crate::server::one(&["--appendfsync", "no"]) else {
        return;
    };
    let flows = FlowStore::open(store::open(&redis.url()).unwrap()).unwrap();
    let wide: Vec<StepPlan> = (0..20)
        .map(|n| StepPlan {
            key: format!("s{n}"),
            kind: "echo".into(),
            requires: vec!["kind:echo".into()],
            ..StepPlan::default()
        })
        .collect();
    let plan = Plan::new(wide).unwrap();
    let worker = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "cost::a_worker_in_a_process_of_its_own"])
        .env("BOTSMITH_TEST_WORKER", redis.url())
        .spawn()
        .unwrap();
    let worker = Killed(worker);
    let resident = || -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", worker.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.unwrap().trim().trim_end_matches(" kB");
        kib.parse::<u64>().unwrap()
    };
    ended(&flows, &start(&flows, "first", 50, &plan));
    let early = resident();
    ended(&flows, &start(&flows, "then", 100, &plan));
    let late = resident();
    // 2,000 steps that left a kibibyte each behind would show.
    assert!(
        late < early + early / 10 + 1024,
        "{early} KiB after 1,000 steps, {late} KiB after 3,000"
    );
}
