//! `botsmith hone`: from what people said to a version that waits for a yes, with the real command, a bot of
//! provider `script`, and no network.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod common;

use std::fmt::Write as _;

use botsmith::eval::hone::{Split, Use};
use common::Folder;
use serde_json::{Value, json};

const BOT: &str = "\
meta: {name: Prices, version: 1.0.0}   # the price bot
provider:
  id: script
  settings:
    answers:
      - when: /price of (\\d+)/
        say: \"{{ match[1] }} {% if messages | length > 2 %}EUR{% else %}dollars{% endif %}\"
    otherwise: I do not know.
";

const SUITE: &str = "\
version: 1
name: prices
dataset: cases.jsonl
bots: [{name: prices, cartridge: bots/prices.yml}]
evaluators: [equals]
hone: {metric: equals}
";

/// A project with so many cases.
fn project(cases: usize) -> Folder {
    let folder = Folder::with_suite(SUITE);
    folder.write("bots/prices.yml", BOT);
    let mut rows = String::new();
    for i in 0..cases {
        let row = json!({"id": format!("case-{i}"), "input": format!("The price of {i}?"), "reference": format!("{i} EUR")});
        let _ = writeln!(rows, "{row}");
    }
    folder.write("cases.jsonl", rows);
    folder
}

/// Has the bot judged, and corrections of so many train cases imported.
fn corrected(folder: &Folder, cases: usize, corrections: usize) {
    folder.run(&["eval", "suite.yaml", "--quiet"]).ends(0);
    let split = Split::default();
    let train = (0..cases).filter(|i| split.of_key(&format!("case-{i}")) == Use::Train);
    let mut lines = String::new();
    for i in train.take(corrections) {
        let record = json!({
            "case": format!("case-{i}"), "bot": "prices", "rater": "ana", "question": "verdict",
            "value": "down", "correction": format!("{i} EUR"),
        });
        let _ = writeln!(lines, "{record}");
    }
    folder.write("said.jsonl", lines);
    folder.run(&["feedback", "import", "said.jsonl"]).ends(0);
}

fn hone(folder: &Folder, more: &[&str], code: i32) -> Value {
    let args = ["hone", "prices", "--suite", "suite.yaml", "--json"];
    folder.run(&[&args, more].concat()).ends(code).json()
}

#[test]
fn corrections_become_examples_pass_the_gate_and_are_promoted_by_a_person() {
    let folder = project(120);
    corrected(&folder, 120, 5);
    let story = hone(&folder, &["--yes"], 0);
    assert_eq!(story["end"], "ready", "{story}");
    assert_eq!(story["gate"]["decision"], "passed");
    assert_eq!(story["tried"][0]["proposer"], "examples");
    assert_eq!(story["tried"][0]["difference"], 1.0);
    assert_eq!(
        folder.read("bots/prices.yml"),
        BOT,
        "nothing changes before a yes"
    );
    let regressions = folder.read("suite.regressions.jsonl");
    assert_eq!(
        regressions.lines().count() as u64,
        story["cases"]["train"].as_u64().unwrap()
    );

    let next: Vec<&str> = story["next"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_str().unwrap())
        .collect();
    let promote: Vec<&str> = next[1].split(' ').skip(1).chain(["--yes"]).collect();
    assert_eq!(promote[..3], ["bot", "promote", "bots/prices.yml"]);
    folder.run(&promote).ends(0);
    let text = folder.read("bots/prices.yml");
    assert!(
        text.starts_with("meta: {name: Prices, version: 1.0.1}   # the price bot\n"),
        "{text}"
    );
    assert!(text.contains("examples:"), "{text}");
    let history = folder.run(&["bot", "history", "bots/prices.yml"]).ends(0);
    assert!(history.stdout.contains("1.0.1"), "{}", history.stdout);
    folder.run(&["store", "audit", "verify"]).ends(0);
}

#[test]
fn the_story_is_told_in_words_and_a_second_time_nobody_is_asked() {
    let folder = project(120);
    corrected(&folder, 120, 5);
    let args = ["hone", "bots/prices.yml", "--suite", "suite.yaml", "--yes"];
    let ran = folder.run(&args).ends(0);
    for words in ["cases teach", "a true gain of"] {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
    for words in [
        "dev (selected)",
        "the gate: examples-",
        "expect less",
        "next: botsmith bot promote",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    let story = hone(&folder, &["--yes"], 0);
    assert_eq!(
        (&story["spent"]["asked"], &story["gate"]["look"]),
        (&json!(0), &json!(1))
    );
}

#[test]
fn nothing_is_asked_before_a_yes() {
    let folder = project(120);
    let story = hone(&folder, &["--dry-run"], 0);
    assert_eq!(
        (&story["end"], &story["spent"]["answers"]),
        (&json!("planned"), &json!(0))
    );
    assert!(
        story["outlook"]["detectable"].as_f64().unwrap() < 0.3,
        "{story}"
    );
    let error = hone(&folder, &[], 2);
    assert!(
        error["error"]["message"]
            .as_str()
            .unwrap()
            .contains("--yes"),
        "{error}"
    );
    let runs = folder.run(&["eval", "list", "--json"]).ends(0).json();
    assert_eq!(runs["runs"], json!([]));
}

#[test]
fn too_small_a_gate_is_refused_and_so_is_a_bot_that_nothing_helps() {
    let story = hone(&project(20), &["--yes"], 1);
    assert_eq!(story["end"], "refused");
    assert!(
        story["reasons"][0]
            .as_str()
            .unwrap()
            .contains("fresh cases"),
        "{story}"
    );

    let folder = project(120);
    folder.write("bots/prices.yml", BOT.replace("EUR", "dollars"));
    corrected(&folder, 120, 5);
    let story = hone(&folder, &["--yes", "--proposers", "examples"], 1);
    assert!(
        story["reasons"][0].as_str().unwrap().contains("no look"),
        "{story}"
    );
    assert_eq!(
        (&story["gate"], &story["regressions"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn what_cannot_be_honed_is_told_by_name() {
    let folder = project(60);
    let error = |args: &[&str]| {
        let ran = folder
            .run(&[&["hone"], args, &["--json", "--yes"]].concat())
            .ends(2);
        ran.json()["error"]["message"].as_str().unwrap().to_owned()
    };
    let text = error(&["price", "--suite", "suite.yaml"]);
    assert!(
        text.contains("no bot `price`; did you mean `prices`?"),
        "{text}"
    );
    let text = error(&["prices", "--suite", "suit.yaml"]);
    assert!(text.contains("no such suite file"), "{text}");
    let text = error(&["prices", "--suite", "suite.yaml", "--metric", "equal"]);
    assert!(text.contains("did you mean `equals`?"), "{text}");
    let text = error(&[
        "prices",
        "--suite",
        "suite.yaml",
        "--proposers",
        "instructions",
    ]);
    assert!(text.contains("--optimiser"), "{text}");
    let text = error(&["prices", "--suite", "suite.yaml", "--margin", "0.5"]);
    assert!(text.contains("margin is 0.5"), "{text}");
    folder.write(
        "suite.yaml",
        SUITE.replace("metric: equals", "metrics: equals"),
    );
    let text = error(&["prices", "--suite", "suite.yaml"]);
    assert!(text.contains("metrics"), "{text}");
}
