//! What a worker costs: syncs of the disk, and memory.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use botsmith_core::store::{self, SqliteStore};
use botsmith_flow::{FlowStore, Kind, Kinds, Plan, StepPlan, Worker};
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

/// Sixteen runs of sixteen steps, each of which needs the one before, on one worker on SQLite. Steps end when one of
/// each run has begun: how fast the machine is does not matter. Gives the commits of steps and those of SQLite.
fn sixteen(folder: &Path) -> (u64, u64) {
    const RUNS: usize = 16;
    let store = Arc::new(SqliteStore::open(folder.join("state.db")).unwrap());
    let flows = Arc::new(FlowStore::open(store.clone()).unwrap());
    let all = Arc::new(tokio::sync::Barrier::new(RUNS));
    let meets = Kind::new("echo", "Waits for the others.").does(move |_| {
        let all = Arc::clone(&all);
        async move {
            all.wait().await;
            Ok(json!(null))
        }
    });
    let runs = start(&flows, "r", RUNS, &chain(16));
    std::fs::write(folder.join("began"), "").unwrap();
    let before = store.stats().commits;
    let worker = Worker::new(flows.clone(), Kinds::new().with(meets)).concurrency(RUNS);
    let running = worker.start().unwrap();
    ended(&flows, &runs);
    std::fs::write(folder.join("ended"), "").unwrap();
    let commits = store.stats().commits - before;
    running.drain(Duration::from_secs(5));
    (running.join().stored, commits)
}

/// A folder on a disk: where a sync costs nothing, nobody waits to share one.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

#[test]
fn sixteen_runs_at_once_on_sqlite_take_at_most_one_write_for_eight_step_commits() {
    let folder = folder();
    let (stored, commits) = sixteen(folder.path());
    assert_eq!(stored, 256);
    assert!(commits * 8 <= stored, "{commits} for {stored} step commits");
}

/// The sixteen runs of the next test, in a process of its own; else it does nothing.
#[test]
fn sixteen_runs_in_a_process_of_their_own() {
    if let Some(folder) = std::env::var_os("BOTSMITH_TEST_SIXTEEN") {
        assert_eq!(sixteen(Path::new(&folder)).0, 256);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn sixteen_runs_at_once_on_sqlite_take_at_most_one_sync_of_the_disk_for_eight_step_commits() {
    let folder = folder();
    let trace = folder.path().join("trace");
    let traced = Command::new("strace")
        .args(["-f", "-e", "trace=fsync,fdatasync,openat", "-o"])
        .arg(&trace)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "cost::sixteen_runs_in_a_process_of_their_own"])
        .env("BOTSMITH_TEST_SIXTEEN", folder.path())
        .output();
    let Some(output) = traced.ok().filter(|_| trace.exists()) else {
        eprintln!("skipped: strace is not installed or may not trace (apt install strace)");
        return;
    };
    let text = std::fs::read_to_string(&trace).unwrap();
    let at = |mark: &str| text.find(&format!("/{mark}\""));
    let (Some(began), Some(ended)) = (at("began"), at("ended")) else {
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("ptrace"), "{said}{text}");
        eprintln!("skipped: strace may not trace here: {said}");
        return;
    };
    assert!(output.status.success(), "{output:?}");
    let syncs = |text: &str| text.matches("sync(").count();
    assert!(syncs(&text[..began]) > 0, "the start syncs too: {text}");
    let during = syncs(&text[began..ended]);
    assert!(
        (1..=256 / 8).contains(&during),
        "{during} for 256 step commits"
    );
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
