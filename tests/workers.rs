//! `botsmith eval --workers`: several processes share a suite's questions, to its bots and to its judge, and the
//! judging; killing any of them loses and repeats nothing that was committed, and the result is that of one process.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests may")]

mod common;
#[path = "../crates/core/tests/store/server.rs"]
#[allow(dead_code, reason = "its clusters and sentinels are for others")]
mod server;

use std::collections::HashSet;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use botsmith::core::store;
use common::{Folder, timeless};
use serde_json::{Value, json};

const CASES: usize = 40;

const SUITE: &str = "version: 1
dataset: data.jsonl
bots: [{name: slow, cartridge: slow.yml, concurrency: 2}]
evaluators:
  - equals
  - levenshtein
  - judge: {name: grade, cartridge: judge.yml, kind: score, scale: [0, 9], criteria: It is true., prompt: '{{ answer }}', concurrency: 2}
";

/// Writes down each question, takes its time, and repeats it. A program whose worker was killed before the question
/// was written to it reads nothing, and writes nothing down.
const BOT: &str = "provider:
  id: command
  settings:
    run: [sh, -c, 'read -r q; test -n \"$q\" || exit 1; echo \"$q\" >> \"$0/asked\"; sleep 0.03; echo \"$q\"', FOLDER]
";

/// Writes down each answer, takes its time, and grades it by its last digit.
const JUDGE: &str = r#"provider:
  id: command
  settings:
    run: [sh, -c, 'q=$(grep -o "q[0-9][0-9]*" | head -n 1); test -n "$q" || exit 1; echo "$q" >> "$0/judged"; sleep 0.03; echo "{\"reason\": \"$q\", \"score\": ${q#"${q%?}"}}"', FOLDER]
"#;

fn folder() -> Folder {
    let folder = Folder::with_suite(SUITE);
    let rows: Vec<String> = (0..CASES)
        .map(|at| json!({"input": format!("q{at}"), "reference": format!("q{at}")}).to_string())
        .collect();
    folder.write("data.jsonl", rows.join("\n"));
    for (name, text) in [("slow.yml", BOT), ("judge.yml", JUDGE)] {
        folder.write(
            name,
            text.replace("FOLDER", folder.path().to_str().unwrap()),
        );
    }
    for kind in KINDS {
        folder.write(kind.file, "");
    }
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

/// What is asked of somebody: where they write it down, and the keys of what they said.
struct Asked {
    file: &'static str,
    keys: &'static str,
}

const KINDS: [Asked; 2] = [
    Asked {
        file: "asked",
        keys: "ask/a/",
    },
    Asked {
        file: "judged",
        keys: "ask/v/",
    },
];

impl Asked {
    fn all(&self, folder: &Folder) -> Vec<String> {
        folder.read(self.file).lines().map(str::to_owned).collect()
    }

    /// The questions whose answers are committed.
    fn committed(&self, url: &str) -> HashSet<String> {
        let store = store::open(url).unwrap();
        let mut found = HashSet::new();
        for partition in store.partitions("run/", None, 100).unwrap() {
            for key in store.keys(&partition, self.keys, None, 1000).unwrap() {
                let row: usize = key[self.keys.len()..][..10].parse().unwrap();
                found.insert(format!("q{row}"));
            }
        }
        found
    }
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
    for kind in KINDS {
        folder.write(kind.file, "");
    }
    let url = url.replace("FOLDER", folder.path().to_str().unwrap());
    for round in 1..=2 {
        let mut crowd: Vec<Child> = (0..2).map(|_| eval(&folder, &url, true)).collect();
        let began = Instant::now();
        while KINDS
            .iter()
            .any(|kind| kind.committed(&url).len() < round * CASES / 4)
        {
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
        let before = KINDS
            .each_ref()
            .map(|kind| (kind.all(&folder).len(), kind.committed(&url)));
        assert!(before[1].1.len() < CASES, "it was killed in the middle");
        if round == 2 {
            let mut last = eval(&folder, &url, true);
            assert!(last.wait().unwrap().success());
            for (kind, (seen, kept)) in KINDS.iter().zip(&before) {
                let later = kind.all(&folder).split_off(*seen);
                let repeated: Vec<_> = later.iter().filter(|one| kept.contains(*one)).collect();
                assert!(
                    repeated.is_empty(),
                    "committed and {} again: {repeated:?}",
                    kind.file
                );
            }
        }
    }
    let of_many = result(&folder);
    assert_eq!(of_many.0, of_one.0);
    assert_eq!(of_many.1, of_one.1);
    for kind in &KINDS {
        let all: HashSet<_> = kind.all(&folder).into_iter().collect();
        assert_eq!(all.len(), CASES, "{}", kind.file);
    }
}

#[test]
fn killed_workers_of_a_suite_lose_and_repeat_nothing_on_sqlite() {
    killed_and_finished("sqlite:FOLDER/state.db");
}

#[test]
fn killed_workers_of_a_suite_lose_and_repeat_nothing_on_redis() {
    if let Some(redis) = server::one(&[]) {
        killed_and_finished(&redis.url());
    }
}
