//! `botsmith feedback calibrate` as a person and a script have it.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod common;

use std::fmt::Write as _;

use common::Folder;

const SUITE: &str = "version: 1
name: greet
dataset: {path: data.jsonl, id: /id, input: /q, reference: /r}
bots: [{name: plain, recorded: {answer: /plain}}]
evaluators: [equals, {length: {name: long}}]
slices: [/topic]
";

/// Cases of which the evaluator lets every second pass.
fn judged(cases: usize) -> Folder {
    let folder = Folder::with_suite(SUITE);
    let rows = (0..cases).fold(String::new(), |mut rows, i| {
        let said = if i % 2 == 0 { "hello" } else { "bye" };
        let topic = ["start", "end"][i / 2 % 2];
        writeln!(
            rows,
            r#"{{"id": "c{i}", "q": "greet {i}", "r": "hello", "plain": "{said}", "topic": "{topic}"}}"#
        )
        .unwrap();
        rows
    });
    folder.write("data.jsonl", rows);
    folder.run(&["eval", "suite.yaml"]).ends(0);
    folder
}

/// Hands in verdicts on some cases; people agree with the evaluator on all but every `wrong`-th pair.
fn label(folder: &Folder, cases: std::ops::Range<usize>, wrong: usize, at: u64) {
    let rows = cases.fold(String::new(), |mut rows, i| {
        let says = (i % 2 == 0) == (i / 2 % wrong != 0);
        let value = if says { "up" } else { "down" };
        writeln!(
            rows,
            r#"{{"at": {}, "case": "c{i}", "bot": "plain", "rater": "ana", "source": "expert", "question": "verdict", "value": "{value}"}}"#,
            at + i as u64
        )
        .unwrap();
        rows
    });
    folder.write("labels.jsonl", rows);
    folder.run(&["feedback", "import", "labels.jsonl"]).ends(0);
}

const CALIBRATE: [&str; 6] = [
    "feedback",
    "calibrate",
    "suite.yaml",
    "--metric",
    "equals",
    "--json",
];

#[test]
fn a_metric_is_held_against_labels_kept_watched_and_void_after_drift() {
    let folder = judged(400);
    label(&folder, 0..200, 10, 1_000_000);
    let made = folder.run(&CALIBRATE).ends(0).json();
    assert_eq!(made["renewal"]["happened"], "made");
    assert_eq!(
        (&made["labels"], &made["gates"]),
        (&200.into(), &true.into())
    );
    let quality = &made["calibration"]["calibration"]["quality"];
    assert!((quality["agreement"]["value"].as_f64().unwrap() - 0.9).abs() < 1e-9);
    let slices = made["calibration"]["calibration"]["slices"]
        .as_array()
        .unwrap();
    assert_eq!(slices.len(), 2);
    assert_eq!(slices[0]["slice"], "topic: end");

    // Newer labels that agree as often are watched; the calibration stays.
    label(&folder, 200..240, 10, 2_000_000);
    let watched = folder.run(&CALIBRATE).ends(0).json();
    assert_eq!(watched["renewal"]["happened"], "watched");
    assert_eq!(watched["calibration"]["drift"]["labels"], 40);
    assert_eq!(watched["gates"], true);

    // Newer labels of which every second disagrees void it.
    label(&folder, 240..320, 2, 3_000_000);
    let void = folder.run(&CALIBRATE).ends(0).json();
    assert_eq!(
        (&void["renewal"]["happened"], &void["gates"]),
        (&"voided".into(), &false.into())
    );
    assert!(void["e_value"].as_f64().unwrap() >= 100.0);

    // The next one rests on the labels since, of which too many disagree.
    let anew = folder.run(&CALIBRATE).ends(0).json();
    assert_eq!(
        (&anew["renewal"]["labels"], &anew["gates"]),
        (&120.into(), &false.into())
    );
    let shown = folder.run(&CALIBRATE[..5]).ends(0).stdout;
    assert!(
        shown.contains("! advisory: ") && shown.contains("next: "),
        "{shown}"
    );
    assert!(
        shown.lines().all(|line| line.chars().count() <= 80),
        "{shown}"
    );
}

#[test]
fn what_people_would_let_pass_is_estimated_from_some_labels() {
    let folder = judged(400);
    let none = folder.run(&["feedback", "estimate"]).ends(2).stderr;
    assert!(none.contains("feedback review"), "{none}");
    label(&folder, 0..100, 10, 1_000_000);
    let args = ["feedback", "estimate", "--metric", "equals", "--json"];
    let found = folder.run(&args).ends(0).json();
    let plain = &found["bots"][0];
    assert_eq!(
        (
            &plain["bot"],
            &plain["answers"],
            &plain["labels"],
            &plain["judge"]
        ),
        (&"plain".into(), &400.into(), &100.into(), &0.5.into())
    );
    let width = |interval: &serde_json::Value| {
        interval[1].as_f64().unwrap() - interval[0].as_f64().unwrap()
    };
    let people = &plain["people"];
    assert!(
        (people["value"].as_f64().unwrap() - 0.5).abs() < 0.02,
        "{people}"
    );
    assert!(
        width(&people["interval"]) < width(&people["labels_alone"][1]),
        "{people}"
    );
    let shown = folder.run(&args[..4]).ends(0).stdout;
    assert!(
        shown.contains("100 of 400") && shown.contains("one person's view"),
        "{shown}"
    );
    assert!(
        shown.lines().all(|line| line.chars().count() <= 80),
        "{shown}"
    );
}

#[test]
fn the_diagram_is_written_and_what_cannot_be_calibrated_says_why() {
    let folder = judged(60);
    let none = folder.run(&CALIBRATE).ends(2);
    assert!(none.stdout.contains("feedback review") || none.stderr.contains("feedback review"));
    label(&folder, 0..60, 10, 1_000_000);
    let args = [
        "feedback",
        "calibrate",
        "--metric",
        "equals",
        "--svg",
        "diagram.svg",
    ];
    let shown = folder.run(&args).ends(0).stdout;
    assert!(
        shown.contains("advisory: 60 labels of 100 wanted"),
        "{shown}"
    );
    assert!(folder.read("diagram.svg").starts_with("<svg"));
    let refused = folder
        .run(&["feedback", "calibrate", "--metric", "long"])
        .ends(2)
        .stderr;
    assert!(
        refused.contains("`long` has no greatest value"),
        "{refused}"
    );
    let refused = folder.run(&["feedback", "calibrate"]).ends(2).stderr;
    assert!(refused.contains("name one with --metric"), "{refused}");
}
