//! Canaries and bandits that many processes change at once: nothing is lost, nothing counts twice, on SQLite and on
//! a real Redis. And the commands, on versions of a bot.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests may")]

#[path = "../crates/core/tests/store/server.rs"]
#[allow(dead_code, reason = "shared")]
mod server;

mod common;

use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use botsmith::core::store::{self, StateStore};
use botsmith::eval::online::{
    Bandit, BanditPlan, Canary, CanaryPlan, FixedVersions, SessionOutcome,
};
use botsmith::nanobots::versions::{By, Versions};
use common::Folder;
use serde_json::{Value, json};

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
    f64::from(u8::from(!session.is_multiple_of(3)))
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

const BOT: &str = "\
meta: {name: Helper, version: 1.0.0}   # stays
behaviors: {interaction: {directive: Help.}}
provider: {id: script, settings: {otherwise: fine}}
";

/// A folder with a bot whose second version passed the gate: its hash is given, too.
fn honed() -> (Folder, String) {
    let folder = Folder::new();
    folder.write("helper.yml", BOT);
    let store = open(&folder);
    let versions = Versions::of(&*store, "helper.yml");
    let ada = By::new("ada", 1);
    let first = versions.adopt(BOT.as_bytes(), &ada).unwrap();
    let text = BOT.replace("fine", "better");
    let evidence = json!({"gate": {"passed": true, "baseline": first.hash}});
    let variant = versions.propose(text.as_bytes(), Some(&first.hash), evidence, &ada);
    (folder, variant.unwrap().hash)
}

fn open(folder: &Folder) -> Arc<dyn StateStore> {
    let file = folder.at(".botsmith/state.db");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    store::open(&format!("sqlite:{}", file.display())).unwrap()
}

#[test]
fn a_promoted_version_that_fails_in_traffic_is_rolled_back_to_the_byte() {
    let (folder, variant) = honed();
    folder
        .run(&["bot", "promote", "helper.yml", &variant, "--yes", "--json"])
        .ends(0);
    let promoted = folder.read("helper.yml");
    assert!(promoted.contains("better") && promoted.contains("version: 1.0.1}   # stays"));
    let start = [
        "bot",
        "canary",
        "start",
        "helper.yml",
        "--salt",
        "s",
        "--json",
    ];
    let plan = folder.run(&start).ends(0).json()["plan"].clone();
    let again = folder.run(&start).ends(2).json();
    assert!(
        again["error"]["message"]
            .as_str()
            .unwrap()
            .contains("there already")
    );

    let mut last = Value::Null;
    for session in 0..120 {
        let id = session.to_string();
        let which = [
            "bot",
            "canary",
            "version",
            "helper.yml",
            "--session",
            &id,
            "--json",
        ];
        let version = folder.run(&which).ends(0).json()["version"].clone();
        let came: &[&str] = match version == plan["new"] {
            true => &["--failed"],
            false => &["--value", "1"],
        };
        let record = [
            "bot",
            "canary",
            "record",
            "helper.yml",
            "--session",
            &id,
            "--json",
        ];
        last = folder.run(&[&record[..], came].concat()).ends(0).json();
        if last["state"] != "watching" {
            break;
        }
    }
    assert_eq!(last["state"], "rolled-back");
    assert_eq!(folder.read("helper.yml"), BOT);
    let status = folder
        .run(&["bot", "canary", "status", "helper.yml", "--json"])
        .ends(0)
        .json();
    assert_eq!(status["settled"], true);
    assert_eq!(status["failed"][0], 0);
    let text = folder
        .run(&["bot", "canary", "status", "helper.yml"])
        .ends(0)
        .stdout;
    assert!(
        text.contains("rolled-back") && text.contains("canary: harm: evidence"),
        "{text}"
    );
    let audit = folder
        .run(&["store", "audit", "verify", "--json"])
        .ends(0)
        .json();
    assert!(audit["entries"].as_u64().unwrap() >= 4, "{audit}");
    folder
        .run(&[
            "bot",
            "canary",
            "stop",
            "helper.yml",
            "--keep",
            "new",
            "--json",
        ])
        .ends(2);
}

#[test]
fn a_bandit_shares_sessions_among_versions_that_passed_and_stops_with_one() {
    let (folder, variant) = honed();
    let raw = open(&folder);
    let raw = Versions::of(&*raw, "helper.yml")
        .propose(
            b"meta: {version: 2.0.0}\n",
            None,
            Value::Null,
            &By::new("bob", 2),
        )
        .unwrap()
        .hash;
    let start = |version: &str| {
        let words = [
            "bot",
            "bandit",
            "start",
            "helper.yml",
            "--version",
            "current",
            "--version",
        ];
        folder.run(&[&words[..], &[version, "--json"]].concat())
    };
    let refused = start(&raw).ends(2).json();
    assert!(
        refused["error"]["message"]
            .as_str()
            .unwrap()
            .contains("did not pass the gate")
    );
    start(&variant).ends(0);
    let session = ["--session", "s1", "--json"];
    let ask = |words: &[&str], code: i32| {
        let words = [&["bot", "bandit", words[0], "helper.yml"], &words[1..]].concat();
        folder.run(&words).ends(code).json()
    };
    let drawn = ask(&[&["version"][..], &session].concat(), 0);
    common::close(&drawn["propensity"], 0.5);
    assert_eq!(ask(&[&["version"][..], &session].concat(), 0), drawn);
    let record = [&["record", "--reward", "1"][..], &session].concat();
    assert_eq!(ask(&record, 0)["counted"], true);
    assert_eq!(ask(&record, 0)["counted"], false);
    let status = ask(&["status", "--json"], 0);
    assert_eq!(status["rewards"], 1);
    ask(&["stop", "--keep", &variant, "--by", "ada", "--json"], 0);
    assert!(folder.read("helper.yml").contains("better"));
}
