//! `botsmith feedback` as a person and a script have it; the review on a real pseudo-terminal.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod common;

use std::fmt::Write as _;

use common::Folder;
use serde_json::Value;

const SUITE: &str = "version: 1
name: greet
dataset: {path: data.jsonl, id: /id, input: /q, reference: /r}
bots: [{name: plain, recorded: {answer: /plain}}, {name: loud, recorded: {answer: /loud}}]
evaluators: [token-f1, equals]
feedback:
  guidelines: Think of a hurried reader.
  questions:
    - {name: verdict, kind: thumb, ask: Does it help?}
    - {name: stars, kind: rating}
  budget: 9
";

/// A folder with a judged suite of so many cases.
fn judged(suite: &str, cases: usize) -> Folder {
    let folder = Folder::with_suite(suite);
    let rows = (0..cases).fold(String::new(), |mut rows, i| {
        writeln!(
            rows,
            r#"{{"id": "c{i}", "q": "greet {i}", "r": "hello {i}", "plain": "hello {i}", "loud": "HELLO \u001b[31m {i}"}}"#
        )
        .unwrap();
        rows
    });
    folder.write("data.jsonl", rows);
    folder.run(&["eval", "suite.yaml"]).ends(0);
    folder
}

fn listed(folder: &Folder, more: &[&str]) -> Vec<Value> {
    let args = [&["feedback", "list", "--json"], more].concat();
    let list = folder.run(&args).ends(0).json();
    list["records"].as_array().unwrap().clone()
}

fn add(folder: &Folder, case: &str, rater: &str, value: &str) -> Value {
    let args = [
        "feedback",
        "add",
        "latest",
        "--case",
        case,
        "--bot",
        "plain",
        "--question",
        "verdict",
        "--rater",
        rater,
        "--value",
        value,
        "--json",
    ];
    folder.run(&args).ends(0).json()["record"].clone()
}

#[test]
fn what_is_added_is_listed_exported_and_read_in_again() {
    let folder = judged(SUITE, 4);
    let first = add(&folder, "c0", "ana", "up");
    assert_eq!(first["suite"], "greet");
    assert_eq!(first["answer_hash"].as_str().unwrap().len(), 64);
    let edit = add(&folder, "c0", "ana", "no");
    assert_eq!(edit["replaces"], first["id"]);
    assert_eq!(edit["value"], "down");
    add(&folder, "c1", "ben", "up");
    assert_eq!(listed(&folder, &[]).len(), 2);
    assert_eq!(listed(&folder, &["--all"]).len(), 3);
    assert_eq!(
        listed(&folder, &["--rater", "ben", "--run", "latest"]).len(),
        1
    );
    let shown = folder.run(&["feedback", "list"]).ends(0).stdout;
    assert!(shown.contains("c1") && shown.contains("ben"), "{shown}");
    for file in ["all.jsonl", "all.csv"] {
        let wrote = folder
            .run(&["feedback", "export", file, "--json"])
            .ends(0)
            .json();
        assert_eq!(wrote["records"], 2);
        let read = folder
            .run(&["feedback", "import", file, "--json"])
            .ends(0)
            .json();
        assert_eq!(
            (&read["new"], &read["known"]),
            (&0.into(), &2.into()),
            "{file}"
        );
    }
    // Into another store it goes, too.
    let other = ["--store", "sqlite:other.db"];
    folder
        .run(&[&["eval", "suite.yaml"], &other[..]].concat())
        .ends(0);
    let read = folder.run(&[&["feedback", "import", "all.csv", "--json"], &other[..]].concat());
    assert_eq!(read.ends(0).json()["new"], 2);
}

#[test]
fn mistakes_are_named() {
    let folder = judged(SUITE, 2);
    for (more, wanted) in [
        (
            vec!["--case", "c0", "--bot", "plan", "--value", "up"],
            "did you mean `plain`?",
        ),
        (
            vec!["--case", "c7", "--bot", "plain", "--value", "up"],
            "c7",
        ),
        (vec!["--case", "c0", "--value", "up"], "--bot"),
        (
            vec!["--case", "c0", "--bot", "plain", "--value", "sideways"],
            "`up` or `down`",
        ),
    ] {
        let args = [
            "feedback",
            "add",
            "latest",
            "--question",
            "verdict",
            "--rater",
            "ana",
        ];
        let ran = folder.run(&[&args[..], &more].concat()).ends(2);
        assert!(ran.stderr.contains(wanted), "{}", ran.stderr);
    }
    let ran = folder
        .run(&["feedback", "review", "--rater", "ana"])
        .ends(2);
    assert!(ran.stderr.contains("needs a terminal"), "{}", ran.stderr);
    folder.write("suite.yaml", SUITE.replace("kind: thumb", "kind: thum"));
    let ran = folder.run(&["feedback", "agreement"]).ends(2);
    assert!(
        ran.stderr.contains("did you mean `thumb`?"),
        "{}",
        ran.stderr
    );
}

#[test]
fn agreement_says_who_is_at_odds_and_ends_with_1_where_the_rubric_is_the_defect() {
    let folder = judged(SUITE, 60);
    let mut lines = String::new();
    for i in 0..60 {
        for (rater, up) in [
            ("ana", i % 3 != 0),
            ("ben", i % 3 != 0),
            ("odd", i % 3 == 0),
        ] {
            let value = if up { "up" } else { "down" };
            writeln!(
                lines,
                r#"{{"case": "c{i}", "bot": "plain", "rater": "{rater}", "question": "verdict", "value": "{value}"}}"#
            )
            .unwrap();
        }
    }
    folder.write("three.jsonl", &lines);
    folder.run(&["feedback", "import", "three.jsonl"]).ends(0);
    let args = ["feedback", "agreement", "--question", "verdict"];
    let found = folder
        .run(&[&args[..], &["--json"]].concat())
        .ends(0)
        .json();
    let found = &found["questions"][0];
    assert_eq!(found["verdict"], "sound");
    assert_eq!(found["raters"][2]["rater"], "odd");
    assert_eq!(found["raters"][2]["excluded"], true);
    assert_eq!(found["disputes"].as_array().unwrap().len(), 60);
    let shown = folder.run(&args).ends(0).stdout;
    assert!(
        shown.contains("odd is excluded") && shown.contains("Krippendorff's alpha"),
        "{shown}"
    );
    // Of two who contradict each other nobody can be excluded.
    let two = judged(SUITE, 60);
    let two_of_them = lines.lines().filter(|line| !line.contains("\"ben\""));
    two.write("two.jsonl", two_of_them.collect::<Vec<_>>().join("\n"));
    two.run(&["feedback", "import", "two.jsonl"]).ends(0);
    let shown = two.run(&args).ends(1).stdout;
    assert!(shown.contains("the rubric is the defect"), "{shown}");
}

/// Labels of two raters on so many cases, without a time: they are given when they come in.
fn two(folder: &Folder, cases: usize, ben: impl Fn(usize) -> bool) {
    let lines = (0..cases).fold(String::new(), |mut lines, i| {
        for (rater, up) in [("ana", i % 2 == 0), ("ben", ben(i))] {
            let value = if up { "up" } else { "down" };
            writeln!(
                lines,
                r#"{{"case": "c{i}", "bot": "plain", "rater": "{rater}", "question": "verdict", "value": "{value}"}}"#
            )
            .unwrap();
        }
        lines
    });
    folder.write("two.jsonl", &lines);
    folder.run(&["feedback", "import", "two.jsonl"]).ends(0);
}

#[test]
fn mended_guidelines_are_a_way_on_after_the_rubric_was_the_defect() {
    let folder = judged(SUITE, 60);
    let agreement = ["feedback", "agreement", "--question", "verdict", "--json"];
    let found = |code: i32| folder.run(&agreement).ends(code).json()["questions"][0].clone();
    two(&folder, 60, |i| i % 3 == 0);
    assert_eq!(found(1)["verdict"], "halted");

    folder.write(
        "suite.yaml",
        SUITE.replace("a hurried reader", "somebody who pays"),
    );
    let mended = found(0);
    assert_eq!(
        (&mended["verdict"], &mended["labels"], &mended["reworded"]),
        (&"undecided".into(), &0.into(), &120.into())
    );
    let shown = folder.run(&agreement[..4]).ends(0).stdout;
    assert!(
        shown.contains("120 more labels were given when the question read otherwise"),
        "{shown}"
    );
    let none = folder
        .run(&["feedback", "calibrate", "--metric", "equals"])
        .ends(2)
        .stderr;
    assert!(
        none.contains("120 were given when the question read otherwise"),
        "{none}"
    );

    // The same answers, labelled anew: what ana says again is said under the new words.
    two(&folder, 60, |i| i % 2 == 0);
    let anew = found(0);
    assert_eq!(
        (&anew["verdict"], &anew["labels"], &anew["reworded"]),
        (&"sound".into(), &120.into(), &0.into())
    );
    let records = listed(&folder, &[]);
    assert_eq!(records.len(), 120, "each takes the place of the one before");
    assert_eq!(listed(&folder, &["--all"]).len(), 240);
    let wording = records[0]["wording"].as_str().unwrap();
    assert_eq!(wording.len(), 16);

    // A table carries the words.
    folder.run(&["feedback", "export", "all.csv"]).ends(0);
    let table = folder.read("all.csv");
    assert!(
        table.lines().next().unwrap().ends_with(",wording"),
        "{table}"
    );
    assert_eq!(table.matches(wording).count(), 120);
}

#[cfg(unix)]
mod terminal {
    use std::process::Stdio;

    use rexpect::process::WaitStatus;
    use rexpect::session::{PtySession, spawn_command};

    use super::*;

    /// Far more than anything takes; a test that fails waits for so long.
    const PATIENCE: u64 = 20_000;

    fn sit(folder: &Folder, more: &[&str]) -> PtySession {
        let args = [&["feedback", "review", "--color", "never"], more].concat();
        let mut command = folder.command(&args);
        command
            .env("TERM", "xterm")
            .env("USER", "ana")
            .stdin(Stdio::inherit());
        spawn_command(command, Some(PATIENCE)).unwrap()
    }

    /// Waits for words; gives what was shown before them.
    #[track_caller]
    fn see(person: &mut PtySession, words: &str) -> String {
        person.exp_string(words).unwrap()
    }

    #[track_caller]
    fn press(person: &mut PtySession, keys: &str) {
        person.send(keys).unwrap();
        person.flush().unwrap();
    }

    #[track_caller]
    fn leaves(mut person: PtySession) {
        person.exp_eof().unwrap();
        let status = person.process().wait().unwrap();
        assert!(matches!(status, WaitStatus::Exited(_, 0)), "{status:?}");
    }

    #[test]
    fn one_key_answers_undo_takes_back_and_the_next_sitting_goes_on() {
        let folder = judged(SUITE, 20);
        let mut person = sit(&folder, &[]);
        see(&mut person, "Think of a hurried reader.");
        see(&mut person, "any key goes on");
        press(&mut person, " ");
        let shown = see(&mut person, "q leave");
        assert!(
            shown.contains("1 of ") && shown.contains("ana") && shown.contains("blind"),
            "{shown}"
        );
        assert!(
            shown.contains("can teach") || shown.contains("only judges"),
            "{shown}"
        );
        assert!(
            shown.contains("Does it help?") && shown.contains("greet"),
            "{shown}"
        );
        // Blind: no bot's name, no score; and an answer cannot write to the terminal.
        assert!(
            !shown.contains("plain") && !shown.contains("loud"),
            "{shown}"
        );
        assert!(!shown.contains("\u{1b}[31m"), "{shown}");
        press(&mut person, "y");
        see(&mut person, "How good is this answer?");
        see(&mut person, "kept");
        press(&mut person, "4");
        see(&mut person, "Does it help?");
        see(&mut person, "kept");
        press(&mut person, "u");
        see(&mut person, "How good is this answer?");
        see(&mut person, "taken back");
        press(&mut person, "2");
        see(&mut person, "kept");
        press(&mut person, "q");
        see(&mut person, "the same command goes on");
        leaves(person);
        let said = listed(&folder, &[]);
        let values: Vec<_> = said.iter().map(|r| (&r["question"], &r["value"])).collect();
        assert_eq!(
            values,
            [
                (&"verdict".into(), &"up".into()),
                (&"stars".into(), &2.into())
            ]
        );
        assert!(
            said.iter()
                .all(|r| r["blind"] == true && r["from"] == "review" && r["rater"] == "ana")
        );
        assert_eq!(listed(&folder, &["--all"]).len(), 4);
        let mut person = sit(&folder, &[]);
        see(&mut person, "any key goes on");
        press(&mut person, " ");
        see(&mut person, "3 of ");
        press(&mut person, "\u{3}");
        leaves(person);
    }

    #[test]
    fn comments_and_corrections_are_typed_and_go_with_the_answer() {
        let folder = judged(
            &SUITE.replace("  guidelines: Think of a hurried reader.\n", ""),
            6,
        );
        let mut person = sit(&folder, &["--question", "verdict"]);
        see(&mut person, "q leave");
        press(&mut person, "c");
        see(&mut person, "comment: ");
        press(&mut person, "too short\r");
        see(&mut person, "comment: too short");
        see(&mut person, "q leave");
        press(&mut person, "x");
        see(&mut person, "should be: ");
        press(&mut person, ", friend\r");
        see(&mut person, "correction: ");
        see(&mut person, "q leave");
        press(&mut person, "n");
        see(&mut person, "kept");
        press(&mut person, "d");
        see(&mut person, "cannot be judged");
        press(&mut person, "q");
        leaves(person);
        let said = listed(&folder, &[]);
        assert_eq!(said.len(), 1);
        assert_eq!(said[0]["comment"], "too short");
        assert!(
            said[0]["correction"]
                .as_str()
                .unwrap()
                .ends_with(", friend")
        );
        let all = listed(&folder, &["--all"]);
        assert_eq!(all[1]["state"], "discarded");
    }

    #[test]
    fn answers_of_two_runs_are_shown_mixed_and_without_names() {
        let suite = SUITE
            .replace(
                "  guidelines: Think of a hurried reader.\n",
                "  blind: false\n",
            )
            .replace("    - {name: stars, kind: rating}\n", "");
        let folder = judged(&suite, 3);
        let id = || {
            let report = folder.run(&["eval", "suite.yaml", "--json"]).ends(0).json();
            report["run"].as_str().unwrap().to_owned()
        };
        let before = id();
        let data = folder.read("data.jsonl").replace("\"hello", "\"good day");
        folder.write("data.jsonl", data);
        let after = id();
        assert_ne!(before, after);
        let mut person = sit(&folder, &[&before[..12], "--beside", &after[..12]]);
        let shown = see(&mut person, "q leave");
        assert!(
            shown.contains("1 of 9") && shown.contains("blind"),
            "{shown}"
        );
        for _ in 0..8 {
            press(&mut person, "y");
            let shown = see(&mut person, "kept");
            assert!(
                !shown.contains("plain") && !shown.contains("loud"),
                "{shown}"
            );
        }
        press(&mut person, "n");
        see(&mut person, "9 of 9 answered");
        leaves(person);
        let said: Vec<Value> = [&before, &after]
            .iter()
            .flat_map(|run| listed(&folder, &["--run", run]))
            .collect();
        // The answers of `loud` read alike in both, and are asked about once.
        let of = |run: &str, bot: &str| {
            let of = |r: &&Value| r["run"] == run && r["bot"] == bot && r["blind"] == true;
            said.iter().filter(of).count()
        };
        assert_eq!((of(&before, "plain"), of(&after, "plain")), (3, 3));
        assert_eq!((of(&before, "loud"), of(&after, "loud")), (3, 0));
    }

    #[test]
    fn pairs_are_judged_without_names_until_all_is_done() {
        let suite = SUITE.replace(
            "    - {name: verdict, kind: thumb, ask: Does it help?}\n    - {name: stars, kind: rating}\n",
            "    - {name: better, kind: pairwise}\n",
        );
        let folder = judged(&suite, 3);
        let mut person = sit(&folder, &[]);
        see(&mut person, "any key goes on");
        press(&mut person, " ");
        let shown = see(&mut person, "t neither");
        assert!(
            !shown.contains("plain") && !shown.contains("loud"),
            "{shown}"
        );
        for _ in 0..2 {
            press(&mut person, "a");
            let shown = see(&mut person, "kept");
            assert!(
                !shown.contains("plain") && !shown.contains("loud"),
                "{shown}"
            );
        }
        press(&mut person, "t");
        see(
            &mut person,
            "3 of 3 answered; next: botsmith feedback agreement",
        );
        leaves(person);
        let said = listed(&folder, &[]);
        assert_eq!(said.len(), 3);
        for record in &said {
            assert_eq!(
                (&record["bot"], &record["against"]["bot"]),
                (&"plain".into(), &"loud".into())
            );
        }
        // What was seen first was taken: which bot that was follows from the order.
        for record in &said[..2] {
            let first = if record["swapped"] == true { "b" } else { "a" };
            assert_eq!(record["value"], first);
        }
        assert_eq!(said[2]["value"], "tie");
        let mut person = sit(&folder, &[]);
        see(&mut person, "nothing left to label: 3 answered");
        leaves(person);
    }
}
