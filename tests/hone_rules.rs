//! What the promotion gate is held to, with the real commands: alpha stated once, budgets of latency and cost, and
//! the power that `eval power --gate` says it has.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod common;

use std::fmt::Write as _;

use botsmith::eval::hone::{Split, Use};
use common::Folder;
use serde_json::{Value, json};

const SUITE: &str = "\
version: 1
name: prices
dataset: cases.jsonl
bots: [{name: prices, cartridge: bots/prices.yml}]
evaluators: [equals]
";

const BOT: &str = "\
meta: {name: Prices, version: 1.0.0}
provider:
  id: script
  settings:
    answers:
      - when: /price of (\\d+)/
        say: \"{{ match[1] }} {% if messages | length > 2 %}EUR{% else %}dollars{% endif %}\"
";

/// A project whose bot learns from corrections, which are there.
fn project() -> Folder {
    let folder = Folder::with_suite(SUITE);
    folder.write("bots/prices.yml", BOT);
    let (mut rows, mut said) = (String::new(), String::new());
    let split = Split::default();
    for i in 0..120 {
        let (id, right) = (format!("case-{i}"), format!("{i} EUR"));
        let row = json!({"id": id, "input": format!("The price of {i}?"), "reference": right});
        let _ = writeln!(rows, "{row}");
        if split.of_key(&id) == Use::Train && i < 20 {
            let record = json!({
                "case": id, "bot": "prices", "rater": "ana", "question": "verdict", "value": "down",
                "correction": right,
            });
            let _ = writeln!(said, "{record}");
        }
    }
    folder.write("cases.jsonl", rows);
    folder.write("said.jsonl", said);
    folder.run(&["eval", "suite.yaml", "--quiet"]).ends(0);
    folder.run(&["feedback", "import", "said.jsonl"]).ends(0);
    folder
}

fn hone(folder: &Folder, more: &[&str], code: i32) -> Value {
    let args = ["hone", "prices", "--suite", "suite.yaml", "--yes", "--json"];
    folder.run(&[&args, more].concat()).ends(code).json()
}

fn guard<'a>(story: &'a Value, name: &str) -> Option<&'a Value> {
    let guards = story["gate"]["guards"].as_array().unwrap();
    guards.iter().find(|guard| guard["name"] == name)
}

#[test]
fn alpha_is_stated_by_the_first_look_and_another_one_is_refused() {
    let folder = project();
    let first = hone(&folder, &["--alpha", "0.1"], 0);
    assert_eq!(first["gate"]["alpha"], 0.1);
    // Left out, it is what was stated.
    let again = hone(&folder, &[], 0);
    assert_eq!(
        (&again["gate"]["look"], &again["outlook"]["alpha"]),
        (&json!(1), &json!(0.1 / 6.0))
    );
    let error = hone(&folder, &["--alpha", "0.45"], 2);
    let text = error["error"]["message"].as_str().unwrap();
    assert!(
        text.contains("alpha is 0.45") && text.contains("stated 0.1"),
        "{text}"
    );
}

#[test]
fn budgets_of_latency_and_cost_are_read_from_the_suite_and_the_command_line() {
    // A script answers at once, and has no price: that budget is not kept.
    let folder = project();
    folder.write(
        "suite.yaml",
        format!("{SUITE}hone: {{p95-latency: 1m, cost: 0.5}}\n"),
    );
    let story = hone(&folder, &[], 1);
    assert_eq!(story["end"], "refused");
    assert_eq!(guard(&story, "latency").unwrap()["held"], true, "{story}");
    assert_eq!(guard(&story, "cost").unwrap()["held"], false);
    assert!(
        story["reasons"][0]
            .as_str()
            .unwrap()
            .contains("a budget of cost is set"),
        "{story}"
    );

    let folder = project();
    let story = hone(&folder, &["--p95-latency", "1m"], 0);
    assert!(
        guard(&story, "latency").unwrap()["saw"]
            .as_str()
            .unwrap()
            .ends_with("of 60.00 s")
    );
    assert_eq!(guard(&story, "cost"), None);
    let none = project();
    assert_eq!(guard(&hone(&none, &[], 0), "latency"), None);
}

#[test]
fn a_budget_that_is_none_is_told_with_its_place() {
    let folder = project();
    for (budget, wanted) in [
        ("p95-latency: soon", "a duration"),
        ("p95-latency: 0", "above 0"),
        ("cost: -1", "above 0"),
        ("latency: 2s", "p95-latency"),
    ] {
        folder.write("suite.yaml", format!("{SUITE}hone: {{{budget}}}\n"));
        let error = hone(&folder, &[], 2);
        let text = error["error"].to_string();
        assert!(
            text.contains(wanted) && text.contains("suite.yaml"),
            "{text}"
        );
        assert!(
            text.contains("\"line\":6") || text.contains("suite.yaml:6"),
            "{text}"
        );
    }
    folder.write("suite.yaml", SUITE);
    let ran = folder.run(&[
        "hone",
        "prices",
        "--suite",
        "suite.yaml",
        "--cost",
        "-1",
        "--yes",
    ]);
    ran.ends(2);
}

#[test]
fn the_power_of_an_assumed_gate_is_simulated_with_the_guards_that_are_stated() {
    let folder = Folder::new();
    let base = [
        "eval",
        "power",
        "--effect",
        "10",
        "--discordance",
        "20",
        "--gate",
        "--loops",
        "200",
    ];
    let with = |more: &[&str]| -> Value {
        let args = [&base[..], more, &["--json"]].concat();
        folder.run(&args).ends(0).json()
    };
    let first = with(&[]);
    assert_eq!(first["alpha_of_look"], 0.025);
    let cases = first["cases"].as_u64().unwrap();
    assert!((150..400).contains(&cases), "{first}");
    assert_eq!(with(&[]), first, "the same seed gives the same numbers");
    let third = with(&["--look", "3", "--cases", "100"]);
    assert!(third["cases"].as_u64().unwrap() > cases);
    assert!(third["with"]["rate"].as_f64().unwrap() < 0.8);
    let never = with(&["--must-pass", "20"]);
    assert_eq!(never["cases"], json!(null));
    assert!(never["simulated"]["by_must_pass"].as_f64().unwrap() > 0.5);
    assert_eq!(never["drawn"], "assumed");
    // Three slices, each with a chance of its own to look worse.
    let sliced = with(&["--slices", "40,30,30", "--cases", "600"]);
    assert_eq!(sliced["slices"], json!([0.4, 0.3, 0.3]));
    assert!(sliced["with"]["rate"].as_f64().unwrap() > 0.9, "{sliced}");
    let text = folder.run(&base).ends(0).stdout;
    assert!(text.contains("is promoted in"), "{text}");
    // What belongs to the gate is refused without it.
    folder
        .run(&["eval", "power", "--effect", "10", "--look", "3"])
        .ends(2);
}

#[test]
fn the_power_of_an_observed_gate_is_drawn_from_the_pairs_of_the_run() {
    // 30 % gained, 10 % lost, by tens in one group, all losses on one topic.
    let folder = Folder::with_suite(
        "version: 1
dataset: data.jsonl
bots: [{name: a, recorded: {answer: /a, cost: /ca}}, {name: b, recorded: {answer: /b, cost: /cb}}]
evaluators: [equals]
slices: [/topic]
",
    );
    let lines = |groups: bool| -> String {
        let line = |i: usize| {
            let mut row = json!({
                "id": format!("{i}"), "input": i, "reference": "y", "ca": 0.002, "cb": 0.004,
                "a": if i < 30 { "n" } else { "y" }, "b": if i < 90 { "y" } else { "n" },
                "topic": if i < 60 { "easy" } else { "hard" },
            });
            if groups {
                row["group"] = (i / 10).to_string().into();
            }
            format!("{row}\n")
        };
        (0..100).map(line).collect()
    };
    let power = |more: &[&str]| -> Value {
        let base = [
            "eval", "power", "--gate", "--run", "latest", "--effect", "10", "--loops", "100",
            "--json", "--cases", "200",
        ];
        folder.run(&[&base[..], more].concat()).ends(0).json()
    };
    let rate = |power: &Value, key: &str| power["with"][key].as_f64().unwrap();
    folder.write("data.jsonl", lines(false));
    folder.run(&["eval", "suite.yaml"]).ends(0);
    let alone = power(&[]);
    assert_eq!(alone["drawn"], "pairs");
    let differ = alone["discordance"].as_f64().unwrap();
    assert!((differ - 0.4).abs() < 1e-5, "{differ}");
    assert!(rate(&alone, "by_slices") > 0.9, "{alone}");
    let dear = power(&["--cost", "0.003"]);
    assert_eq!(rate(&dear, "by_cost"), 1.0);
    assert_eq!(rate(&power(&["--cost", "0.005"]), "by_cost"), 0.0);
    // What is said besides takes the place of what was seen.
    let assumed = power(&["--slices", "0", "--discordance", "40"]);
    assert_eq!(
        (&assumed["drawn"], rate(&assumed, "by_slices")),
        (&json!("assumed"), 0.0)
    );

    folder.write("data.jsonl", lines(true));
    folder.run(&["eval", "suite.yaml"]).ends(0);
    let grouped = power(&[]);
    assert!(
        rate(&grouped, "by_test") > rate(&alone, "by_test") + 0.2,
        "{grouped}\n{alone}"
    );
    // Budgets want a run that says what answers took.
    let without = [
        "eval",
        "power",
        "--gate",
        "--effect",
        "10",
        "--discordance",
        "20",
        "--cost",
        "1",
    ];
    folder.run(&without).ends(2);
}
