//! Canaries and bandits that many processes change at once: nothing is lost, nothing counts twice, on SQLite and on
//! a real Redis.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests may")]

#[path = "../crates/core/tests/store/server.rs"]
#[allow(dead_code, reason = "shared")]
mod server;

use std::process::{Child, Command, Stdio};

use botsmith::core::store;
use botsmith::eval::online::{
    Bandit, BanditPlan, Canary, CanaryPlan, FixedVersions, SessionOutcome,
};

/// In a child: the store, and which worker it is.
const URL: &str = "BOTSMITH_TEST_ONLINE_URL";
const WORKER: &str = "BOTSMITH_TEST_ONLINE_WORKER";

const WORKERS: u64 = 8;
/// Sessions of each worker; the first of them are its neighbour's too.
const SESSIONS: u64 = 30;
const SHARED: u64 = 10;

fn versions() -> FixedVersions {
    FixedVersions::new(["old", "new"])
}

fn passed(session: u64) -> f64 {
    f64::from(u8::from(session % 3 > 0))
}

/// What a child does: this file's test program runs it as a process of its own.
#[test]
fn worker() {
    let (Ok(url), Ok(worker)) = (std::env::var(URL), std::env::var(WORKER)) else {
        return;
    };
    let first = worker.parse::<u64>().unwrap() * SESSIONS;
    let store = store::open(&url).unwrap();
    let bandit = Bandit::open(store.clone(), "helper").unwrap();
    let canary = Canary::open(store, "helper").unwrap();
    let last = (first + SESSIONS + SHARED).min(WORKERS * SESSIONS);
    for session in first..last {
        let id = format!("s{session}");
        bandit.version_for(&id, session).unwrap();
        bandit.record(&id, passed(session), session).unwrap();
        // All the same, so that nothing is ever decided, in whatever order they come.
        let outcome = SessionOutcome::Value(0.5);
        canary.record(&id, outcome, &versions(), session).unwrap();
    }
}

fn start(url: &str, worker: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["worker", "--exact", "--quiet"])
        .env(URL, url)
        .env(WORKER, worker.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

fn eight_processes(url: &str) {
    let store = store::open(url).unwrap();
    let versions = versions();
    let plan = BanditPlan::new("helper", ["old", "new"], "salt");
    let bandit = Bandit::start(store.clone(), &versions, plan, 0).unwrap();
    let plan = CanaryPlan::new("helper", "old", "new", "salt");
    let canary = Canary::start(store.clone(), &versions, plan, 0).unwrap();

    let mut children: Vec<Child> = (0..WORKERS).map(|worker| start(url, worker)).collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }

    let sessions = WORKERS * SESSIONS;
    let good: f64 = (0..sessions).map(passed).sum();
    let status = bandit.status().unwrap();
    assert_eq!(status.rewards, sessions);
    let seen = status.versions.iter().map(|of| of.seen);
    assert_eq!(seen.clone().map(|of| of.n).sum::<u64>(), sessions);
    assert_eq!(seen.map(|of| of.sum).sum::<f64>(), good);
    // The log tells the same as the sums: each reward once, with the propensity of its draw.
    let (mut logged, mut sum) = (0, 0.0);
    bandit
        .rewards(|of| {
            assert!(of.propensity >= 0.05 && of.propensity <= 0.95);
            (logged, sum) = (logged + 1, sum + of.reward);
            Ok(())
        })
        .unwrap();
    assert_eq!((logged, sum), (sessions, good));

    let status = canary.status().unwrap();
    assert_eq!(status.sessions, sessions);
    assert_eq!(status.old.sum + status.new.sum, sessions as f64 / 2.0);
    let kept = store.keys("canary/helper", "session/1/", None, 10_000);
    assert_eq!(kept.unwrap().len() as u64, sessions);
}

#[test]
fn eight_processes_lose_no_update_on_redis() {
    // `BOTSMITH_REDIS_URL` is other tests' server, with state of theirs.
    let Some(server) = server::one(&[]) else {
        return;
    };
    eight_processes(&server.url());
}

#[test]
fn eight_processes_lose_no_update_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    eight_processes(&format!(
        "sqlite:{}",
        folder.path().join("state.db").display()
    ));
}
