//! A run that is killed goes on where it stopped, and ends as if nothing had happened.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests may")]

mod common;

use std::fmt::Write as _;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use common::{Draw, Folder, timeless};
use serde_json::{Value, json};

/// Enough for a run of a second or two in a debug build, with several commits on its way.
const ROWS: usize = 12_000;

const ARGS: [&str; 8] = [
    "eval",
    "suite.yaml",
    "--json",
    "report.json",
    "--jsonl",
    "cases.jsonl",
    "--threads",
    "2",
];

fn folder() -> Folder {
    let folder = Folder::with_suite(
        "version: 1
dataset: data.jsonl
bots:
  - {name: a, recorded: {answer: /a}}
  - {name: b, recorded: {path: b.jsonl, answer: /said}}
evaluators: [equals, {contains: {value: yes}}]
slices: [/topic]
",
    );
    let (mut data, mut said) = (
        String::with_capacity(ROWS * 90),
        String::with_capacity(ROWS * 30),
    );
    for i in 0..ROWS {
        let (a, b) = (
            if i % 3 == 0 { "no" } else { "yes" },
            if i % 5 == 0 { "maybe" } else { "yes" },
        );
        let topic = i % 7;
        let _ = writeln!(
            data,
            r#"{{"id":"{i}","input":"question {i}","reference":"yes","topic":"{topic}","a":"{a}"}}"#
        );
        let _ = writeln!(said, r#"{{"id":"{i}","said":"{b}"}}"#);
    }
    folder.write("data.jsonl", data);
    folder.write("b.jsonl", said);
    folder
}

fn start(folder: &Folder) -> Child {
    let mut command = folder.command(&ARGS);
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Cases that the store holds, told by a process that only looks.
fn unfinished(folder: &Folder) -> Option<Value> {
    let list = folder.run(&["eval", "list", "--json"]).ends(0).json();
    let runs = list["runs"].as_array().unwrap().clone();
    assert!(runs.len() <= 1, "a resumed run is the same run: {list}");
    runs.into_iter().next()
}

fn outcome(folder: &Folder) -> (Value, String) {
    let report = serde_json::from_str(&folder.read("report.json")).unwrap();
    (timeless(report), folder.read("cases.jsonl"))
}

/// What "N cases were judged before" says on a run's last lines.
fn resumed(stdout: &str) -> usize {
    let Some((before, _)) = stdout.split_once(" cases were judged before") else {
        return if stdout.contains("judged before, nothing to do") {
            ROWS
        } else {
            0
        };
    };
    let number = before.rsplit(' ').next().unwrap();
    number.parse().unwrap()
}

#[test]
fn kills_change_nothing() {
    // More of them for a long test: `BOTSMITH_KILLS=500`.
    let wanted_kills = std::env::var("BOTSMITH_KILLS").map_or(50, |n| n.parse().unwrap());
    let undisturbed = folder();
    let started = Instant::now();
    undisturbed.run(&ARGS).ends(0);
    let whole = started.elapsed();
    let wanted = outcome(&undisturbed);

    let mut draw = Draw::new(2026);
    let (mut kills, mut rounds, mut most) = (0, 0, 0);
    while kills < wanted_kills {
        rounds += 1;
        let folder = folder_like(&undisturbed);
        // Each round is killed on its way until it is through; progress is kept in between.
        loop {
            let mut child = start(&folder);
            // From before the first commit to after the last report file.
            let after = whole.mul_f64(draw.below(1000) as f64 / 1000.0 * 0.6);
            std::thread::sleep(after);
            if kills < wanted_kills && child.try_wait().unwrap().is_none() {
                child.kill().unwrap();
                let output = child.wait_with_output().unwrap();
                assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
                kills += usize::from(output.status.code().is_none());
                unfinished(&folder);
                continue;
            }
            let output = child.wait_with_output().unwrap();
            let stdout = String::from_utf8(output.stdout).unwrap();
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            most = most.max(resumed(&stdout));
            break;
        }
        let found = outcome(&folder);
        assert_eq!(found.0, wanted.0, "round {rounds}");
        assert!(
            found.1 == wanted.1,
            "round {rounds}: the exported cases differ"
        );
        let list = unfinished(&folder).unwrap();
        assert_eq!(
            (&list["complete"], &list["cases"]),
            (&json!(true), &json!(ROWS))
        );
    }
    println!(
        "{kills} kills in {rounds} rounds; an undisturbed run takes {whole:?}; at most {most} cases were found"
    );
    assert!(
        most > 0,
        "no round went on with what an earlier one had judged"
    );
}

fn folder_like(other: &Folder) -> Folder {
    let folder = Folder::new();
    for name in ["suite.yaml", "data.jsonl", "b.jsonl"] {
        std::fs::copy(other.at(name), folder.at(name)).unwrap();
    }
    folder
}

#[test]
fn what_was_committed_is_not_judged_again() {
    let folder = folder();
    let mut child = start(&folder);
    // Killed once a part of the run is committed.
    let deadline = Instant::now() + Duration::from_secs(60);
    while unfinished(&folder).is_none() {
        assert!(
            Instant::now() < deadline,
            "nothing was committed in a minute"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let before = unfinished(&folder).unwrap();
    if before["complete"] == true {
        println!("skipped: the run was through before it could be killed");
        return;
    }
    let ran = folder.run(&["eval", "show"]).ends(2);
    assert!(
        ran.stderr
            .contains("is not complete; `botsmith eval suite.yaml` goes on with it"),
        "{}",
        ran.stderr
    );
    let ran = folder.run(&ARGS).ends(0);
    let found = resumed(&ran.stdout);
    // Batches are of 256 rows; none was judged a second time, none is missing.
    assert!(
        found > 0 && found < ROWS && found.is_multiple_of(256),
        "{}",
        ran.stdout
    );
    let cases = folder.read("cases.jsonl");
    let ids = cases.lines().map(|line| {
        let rest = line.strip_prefix("{\"id\":\"").unwrap();
        rest.split_once('"').unwrap().0.parse::<usize>().unwrap()
    });
    assert!(ids.eq(0..ROWS), "each case stands once, in order");
    let ran = folder.run(&ARGS).ends(0);
    assert_eq!(resumed(&ran.stdout), ROWS);
}

#[test]
fn an_interrupt_leaves_a_store_to_go_on_with() {
    let undisturbed = folder();
    undisturbed.run(&ARGS).ends(0);
    let wanted = outcome(&undisturbed);
    let folder = folder_like(&undisturbed);
    for wait in [100, 300, 600] {
        let mut child = start(&folder);
        std::thread::sleep(Duration::from_millis(wait));
        let signal = folder.shell(&format!("kill -INT {}", child.id())).status();
        assert!(signal.unwrap().success() || child.try_wait().unwrap().is_some());
        let output = child.wait_with_output().unwrap();
        assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
    }
    folder.run(&ARGS).ends(0);
    let found = outcome(&folder);
    assert_eq!(found.0, wanted.0);
    assert!(found.1 == wanted.1);
}
