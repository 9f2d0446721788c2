//! `botsmith eval --workers`: several processes share a suite's questions; killing any of them loses and repeats
//! nothing that was committed, and the result is that of one process.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests may")]

mod common;

use std::collections::HashSet;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use botsmith::core::store;
use common::{Folder, timeless};
use serde_json::{Value, json};

const CASES: usize = 40;

const SUITE: &str = "version: 1
dataset: data.jsonl
bots: [{name: slow, cartridge: slow.yml, concurrency: 2}]
evaluators: [equals]
";

/// Writes down each question, takes its time, and repeats it. A program whose worker was killed before the question
/// was written to it reads nothing, and writes nothing down.
const BOT: &str = "provider:
  id: command
  settings:
    run: [sh, -c, 'read -r q; test -n \"$q\" || exit 1; echo \"$q\" >> \"$0/asked\"; sleep 0.03; echo \"$q\"', FOLDER]
";

fn folder() -> Folder {
    let folder = Folder::with_suite(SUITE);
    let rows: Vec<String> = (0..CASES)
        .map(|at| json!({"input": format!("q{at}"), "reference": format!("q{at}")}).to_string())
        .collect();
    folder.write("data.jsonl", rows.join("\n"));
    folder.write(
        "slow.yml",
        BOT.replace("FOLDER", folder.path().to_str().unwrap()),
    );
    folder.write("asked", "");
    folder
}

fn eval(folder: &Folder, url: &str, workers: bool) -> Child {
    let mut args = vec![
        "eval",
        "suite.yaml",
        "--allow-command",
        "--quiet",
        "--store",
        url,
        "--json",
        "report.json",
        "--jsonl",
        "cases.jsonl",
    ];
    if workers {
        args.push("--workers");
    }
    let mut command = folder.command(&args);
    command
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

fn asked(folder: &Folder) -> Vec<String> {
    folder.read("asked").lines().map(str::to_owned).collect()
}

/// The questions whose answers are committed.
fn committed(url: &str) -> HashSet<String> {
    let store = store::open(url).unwrap();
    let mut found = HashSet::new();
    for partition in store.partitions("run/", None, 100).unwrap() {
        for key in store.keys(&partition, "ask/a/", None, 1000).unwrap() {
            let row: usize = key["ask/a/".len()..][..10].parse().unwrap();
            found.insert(format!("q{row}"));
        }
    }
    found
}

fn result(folder: &Folder) -> (Value, Vec<Value>) {
    let report = timeless(serde_json::from_str(&folder.read("report.json")).unwrap());
    let cases = folder.read("cases.jsonl");
    let case = |line: &str| {
        let mut case: Value = serde_json::from_str(line).unwrap();
        without_times(&mut case);
        case
    };
    (report, cases.lines().map(case).collect())
}

fn without_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|key, _| !matches!(key.as_str(), "latency" | "seconds"));
            fields.values_mut().for_each(without_times);
        }
        Value::Array(items) => items.iter_mut().for_each(without_times),
        _ => {}
    }
}

fn killed_and_finished(url: &str) {
    let folder = folder();
    let ended = eval(&folder, "sqlite:alone.db", false).wait().unwrap();
    assert!(ended.success());
    let of_one = result(&folder);
    folder.write("asked", "");
    let url = url.replace("FOLDER", folder.path().to_str().unwrap());
    let mut seen = 0;
    for round in 1..=2 {
        let mut crowd: Vec<Child> = (0..2).map(|_| eval(&folder, &url, true)).collect();
        let began = Instant::now();
        while committed(&url).len() < round * CASES / 4 {
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "nothing is asked"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        for child in &mut crowd {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        // A program that a killed process had started may still write.
        std::thread::sleep(Duration::from_millis(200));
        let kept = committed(&url);
        assert!(kept.len() < CASES, "it was killed in the middle");
        let again: Vec<_> = asked(&folder).split_off(seen);
        seen += again.len();
        if round == 2 {
            let mut last = eval(&folder, &url, true);
            assert!(last.wait().unwrap().success());
            let later = asked(&folder).split_off(seen);
            let repeated: Vec<_> = later
                .iter()
                .filter(|question| kept.contains(*question))
                .collect();
            assert!(
                repeated.is_empty(),
                "committed and asked again: {repeated:?}"
            );
        }
    }
    let of_many = result(&folder);
    assert_eq!(of_many.0, of_one.0);
    assert_eq!(of_many.1, of_one.1);
    let all: HashSet<_> = asked(&folder).into_iter().collect();
    assert_eq!(all.len(), CASES);
}

#[test]
fn killed_workers_of_a_suite_lose_and_repeat_nothing_on_sqlite() {
    killed_and_finished("sqlite:FOLDER/state.db");
}

#[test]
fn killed_workers_of_a_suite_lose_and_repeat_nothing_on_redis() {
    let data = tempfile::tempdir().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let server = Command::new("redis-server")
        .current_dir(data.path())
        .args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
        ])
        .stdout(Stdio::null())
        .spawn();
    let Ok(mut server) = server else {
        eprintln!("skipped: redis-server is not installed");
        return;
    };
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "redis-server does not start"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    let ended =
        std::panic::catch_unwind(|| killed_and_finished(&format!("redis://127.0.0.1:{port}")));
    server.kill().unwrap();
    server.wait().unwrap();
    ended.unwrap();
}
