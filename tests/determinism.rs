//! Same suite, same data, same seed: the same bytes, with any number of threads.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod common;

use std::fmt::Write as _;

use common::{Draw, Folder, timeless};
use serde_json::{Value, json};

const BOTS: [&str; 3] = ["a", "b", "c"];
const EVALUATORS: [&str; 3] = ["equals", "token-f1", "words: {name: length}"];

fn folder(bots: &[&str], evaluators: &[&str]) -> Folder {
    let mut suite =
        String::from("version: 1\ndataset: data.jsonl\nslices: [/topic]\nseed: 3\nbots:\n");
    for bot in bots {
        let _ = writeln!(suite, "  - {{name: {bot}, recorded: {{answer: /{bot}}}}}");
    }
    suite.push_str("evaluators:\n");
    for evaluator in evaluators {
        let _ = writeln!(suite, "  - {evaluator}");
    }
    let folder = Folder::with_suite(&suite);
    let mut draw = Draw::new(11);
    let words = ["red", "green", "blue", "white", "and", "of", "seven"];
    let mut lines = String::new();
    // More than one batch of 256 rows for each thread, and not a multiple of it.
    for i in 0..1345 {
        let mut text = || {
            let n = 1 + draw.below(5);
            let picked: Vec<_> = (0..n).map(|_| words[draw.below(7) as usize]).collect();
            picked.join(" ")
        };
        let mut row = json!({"input": format!("question {}", i % 1200), "reference": text()});
        row["topic"] = json!(text().len() % 4);
        for bot in BOTS {
            row[bot] = match text() {
                said if said.len() == 4 => Value::Null,
                said => json!(said),
            };
        }
        let _ = writeln!(lines, "{row}");
    }
    folder.write("data.jsonl", lines);
    folder
}

/// The report and all files of one run, times taken out.
fn everything(threads: &str) -> Vec<String> {
    let folder = folder(&BOTS, &EVALUATORS);
    let args = [
        "eval",
        "suite.yaml",
        "--json",
        "--threads",
        threads,
        "--jsonl",
        "r.jsonl",
        "--csv",
        "r.csv",
        "--markdown",
        "r.md",
        "--junit",
        "r.xml",
        "--html",
        "r.html",
    ];
    let report = folder.run(&args).ends(0).json();
    let timings = report["timings"].to_string();
    let created = report["facts"]["created"].as_str().unwrap().to_owned();
    let xml = folder.read("r.xml");
    let (head, tests) = xml.split_once(" time=\"").unwrap();
    let (_, tests) = tests.split_once('"').unwrap();
    vec![
        timeless(report).to_string(),
        folder.read("r.jsonl"),
        folder.read("r.csv"),
        folder.read("r.md").replace(&created, "CREATED"),
        format!("{head}{tests}"),
        folder
            .read("r.html")
            .replace(&timings, "TIMINGS")
            .replace(&created, "CREATED"),
    ]
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let one = everything("1");
    for threads in ["2", "8"] {
        for (i, (a, b)) in one.iter().zip(everything(threads)).enumerate() {
            assert!(*a == b, "file {i} differs with {threads} threads");
        }
    }
}

fn score<'r>(report: &'r Value, bot: &str, metric: &str) -> &'r Value {
    let bots = report["bots"].as_array().unwrap();
    &bots.iter().find(|found| found["name"] == bot).unwrap()["scores"][metric]
}

#[test]
fn another_seed_changes_drawn_numbers_only() {
    let folder = folder(&BOTS, &EVALUATORS);
    let seed = |seed| {
        let args = [
            "eval",
            "suite.yaml",
            "--json",
            "--store",
            "memory:",
            "--seed",
            seed,
        ];
        folder.run(&args).ends(0).json()
    };
    let (a, b) = (seed("3"), seed("4"));
    assert_ne!(a["run"], b["run"]);
    let mut drawn = false;
    for bot in BOTS {
        for metric in ["equals", "token-f1", "length"] {
            let (a, b) = (score(&a, bot, metric), score(&b, bot, metric));
            for key in [
                "n",
                "mean",
                "passed",
                "pass_rate",
                "method",
                "sd",
                "skipped",
                "errors",
            ] {
                assert_eq!(a[key], b[key], "{bot} {metric} {key}");
            }
            // Wilson draws nothing.
            if metric == "equals" {
                assert_eq!(a["interval"], b["interval"]);
            }
            drawn |= a["interval"] != b["interval"];
        }
    }
    let pairs = a["comparisons"]
        .as_array()
        .unwrap()
        .iter()
        .zip(b["comparisons"].as_array().unwrap());
    for (a, b) in pairs {
        for key in ["a", "b", "metric", "n", "difference", "test", "effect"] {
            assert_eq!(a[key], b[key]);
        }
        drawn |= a["p"] != b["p"] || a["interval"] != b["interval"];
        // Two seeds are two draws of the same thing.
        let (pa, pb) = (a["p"].as_f64().unwrap(), b["p"].as_f64().unwrap());
        assert!((pa - pb).abs() < 0.05, "{pa} {pb}");
    }
    assert!(drawn, "nothing depends on the seed");
}

#[test]
fn company_changes_no_bots_numbers() {
    let whole = folder(&BOTS, &EVALUATORS).judge();
    let turned: (Vec<_>, Vec<_>) = (
        BOTS.iter().rev().copied().collect(),
        EVALUATORS.iter().rev().copied().collect(),
    );
    let turned = folder(&turned.0, &turned.1).judge();
    let alone = folder(&["b"], &["token-f1"]).judge();
    for bot in BOTS {
        for metric in ["equals", "token-f1", "length"] {
            assert_eq!(
                score(&whole, bot, metric),
                score(&turned, bot, metric),
                "{bot} {metric}"
            );
        }
    }
    assert_eq!(
        score(&whole, "b", "token-f1"),
        score(&alone, "b", "token-f1")
    );
}
