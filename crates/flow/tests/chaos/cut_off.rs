//! A worker process loses its network in the middle of a step: another finishes the step, and the commit that the
//! first one sends when it is back is fenced. Once behind a proxy that holds back what is sent, and once in network
//! namespaces of which one is cut off, where this machine lets us make them.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use botsmith_core::store;
use botsmith_flow::{FlowStore, Plan, RunStatus};
use serde_json::{Value, json};

use crate::chaos::check::{Harm, Terms, check};
use crate::chaos::load::{hand, step};
use crate::chaos::proxy::Proxy;
use crate::chaos::world::{Redis, has_redis};

/// Long enough for the step to end before it is over, and for a busy machine.
const LEASE: Duration = Duration::from_secs(4);
const STEP_MS: u64 = 1500;

/// Set for a process that is to be a worker: its store, its log, its seed.
const WORKER: [&str; 3] = ["CUT_OFF_STORE", "CUT_OFF_LOG", "CUT_OFF_SEED"];

/// No test: where a worker is wanted, this process is one until it is killed.
#[test]
fn a_worker_process() {
    let [Ok(url), Ok(log), Ok(seed)] = WORKER.map(std::env::var) else {
        return;
    };
    let flows = FlowStore::open(store::open(&url).unwrap()).unwrap();
    hand(Arc::new(flows), &log, seed.parse().unwrap(), LEASE).join();
}

/// A process; killed when dropped.
struct Process(Child);

impl Process {
    fn start(mut command: Command, url: &str, log: &Path, seed: u64) -> Self {
        let child = command
            .args(["--exact", "cut_off::a_worker_process", "--nocapture"])
            .envs(
                WORKER
                    .into_iter()
                    .zip([url, log.to_str().unwrap(), &seed.to_string()]),
            )
            .stdout(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn this() -> Command {
    Command::new(std::env::current_exe().unwrap())
}

/// The lines of the log that say this, by the process that wrote them.
fn said(log: &Path, what: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    lines.filter(|line: &Value| line["what"] == what).collect()
}

#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// `first` starts the worker that is to lose its network; `cut` takes it away and gives it back.
fn cut_off(server: &Redis, log: &Path, first: impl FnOnce() -> Process, cut: impl Fn(bool)) {
    let flows = FlowStore::open(store::open(&server.url()).unwrap()).unwrap();
    let work = step(
        "work".into(),
        &[],
        "work",
        json!({"ms": STEP_MS, "sees": []}),
    );
    let plan = Plan::new(vec![work]).unwrap();
    flows.start("run-0", "cut", &plan, &json!({})).unwrap();
    let one = first();
    until("the first worker begins", || !said(log, "begin").is_empty());
    cut(true);
    until("its work is done", || !said(log, "finish").is_empty());
    assert!(said(log, "ended").is_empty(), "it could not commit");
    let two = Process::start(this(), &server.url(), log, 2);
    until("the second worker ends the run", || {
        flows.run("run-0").unwrap().status == RunStatus::Done
    });
    cut(false);
    until("the first worker hears of its commit", || {
        said(log, "ended").len() == 2
    });
    let ended = said(log, "ended");
    let by = |process: &Process| {
        let pid = u64::from(process.0.id());
        let line = ended.iter().find(|line| line["pid"] == pid).unwrap();
        (line["how"].clone(), line["committed"].clone())
    };
    // Under `ip netns exec` the process is the worker itself: the program is replaced.
    assert_eq!(by(&two), (json!("done"), json!("stored")));
    assert_eq!(by(&one), (json!("done"), json!("fenced")));
    assert_eq!(flows.step("run-0", "work").unwrap().expiries, 1);
    let terms = Terms {
        forgets: false,
        limit: 1,
    };
    let found = check(
        &terms,
        &flows,
        &["run-0".into()],
        log,
        &Harm::default(),
        true,
    );
    assert!(found.violations.is_empty(), "{found:?}");
}

#[test]
fn a_worker_process_that_is_cut_off_behind_a_proxy_is_fenced_and_another_finishes_its_step() {
    if !has_redis() {
        eprintln!("skipped: redis-server is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("history.jsonl");
    let server = Redis::start(folder.path(), "always");
    let proxy = Proxy::start(server.port, 1);
    proxy.calm();
    let url = format!("redis://127.0.0.1:{}?timeout=1s", proxy.port);
    cut_off(
        &server,
        &log,
        || Process::start(this(), &url, &log, 1),
        |cut| proxy.hold(cut),
    );
}

/// A network namespace with one wire to ours; gone when dropped.
struct Namespace {
    name: String,
    wire: String,
    /// Our end's address.
    here: String,
}

fn ip(args: &[&str]) -> Result<(), String> {
    let output = Command::new("ip").args(args).output();
    let output = output.map_err(|error| format!("ip: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

impl Namespace {
    fn make() -> Result<Self, String> {
        let number = std::process::id();
        let net = format!("10.213.{}", number % 250);
        let one = Self {
            name: format!("botsmith-{number}"),
            wire: format!("bs{number}"),
            here: format!("{net}.1"),
        };
        let there = format!("bt{number}");
        ip(&["netns", "add", &one.name])?;
        let ends = [
            "link", "add", &one.wire, "type", "veth", "peer", "name", &there, "netns", &one.name,
        ];
        ip(&ends)?;
        ip(&["addr", "add", &format!("{}/30", one.here), "dev", &one.wire])?;
        ip(&["link", "set", &one.wire, "up"])?;
        let inside = |args: &[&str]| ip(&[&["-n", one.name.as_str()], args].concat());
        inside(&["addr", "add", &format!("{net}.2/30"), "dev", &there])?;
        inside(&["link", "set", &there, "up"])?;
        Ok(one)
    }

    /// The wire is cut, or joined again.
    fn cut(&self, cut: bool) {
        ip(&["link", "set", &self.wire, if cut { "down" } else { "up" }]).unwrap();
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = ip(&["link", "del", &self.wire]);
        let _ = ip(&["netns", "del", &self.name]);
    }
}

#[test]
fn a_worker_in_a_namespace_that_loses_its_network_is_fenced_and_another_finishes_its_step() {
    if !has_redis() {
        eprintln!("skipped: redis-server is not installed");
        return;
    }
    let space = match Namespace::make() {
        Ok(space) => space,
        Err(why) => {
            eprintln!("skipped: no network namespace can be made here: {why}");
            return;
        }
    };
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("history.jsonl");
    let server = Redis::start_on(folder.path(), "always", &[&space.here]);
    let url = format!("redis://{}:{}?timeout=1s", space.here, server.port);
    let mut inside = Command::new("ip");
    inside
        .args(["netns", "exec", &space.name])
        .arg(std::env::current_exe().unwrap());
    cut_off(
        &server,
        &log,
        || Process::start(inside, &url, &log, 1),
        |cut| space.cut(cut),
    );
}
