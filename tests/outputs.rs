//! Report files: each is asked for by a flag or by the suite, and holds what the run holds.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod common;

use common::{Folder, keys, timeless};
use quick_xml::events::Event;
use serde_json::{Value, json};

/// Text that breaks whatever does not escape it.
const HOSTILE: &str = "</script><b a='1' c=\"2\">&amp; ]]> =1+1 | \u{1}\u{fffe} 🦆 {{ x }} \\ # _";

fn folder(report: &str) -> Folder {
    let folder = Folder::with_suite(&format!(
        "version: 1
name: 'out & <in>'
dataset: data.jsonl
bots:
  - {{name: 'a <&> \"b\"', recorded: {{answer: /a, latency: /s}}}}
  - {{name: plain, recorded: {{answer: /b, refusal: /no, error: /error}}}}
evaluators: [equals, token-f1]
gate: [{{metric: equals, bot: plain, pass-rate: {{min: 0.9}}}}]
{report}"
    ));
    let rows = [
        json!({"id": "c1", "input": HOSTILE, "reference": "yes", "a": "yes", "b": "yes", "s": 1.25}),
        json!({"id": HOSTILE, "input": "?", "reference": "yes", "a": HOSTILE, "b": "no\nno"}),
        json!({"id": "c3", "input": "?", "reference": HOSTILE, "a": HOSTILE, "no": HOSTILE}),
        json!({"id": "c4", "input": "?", "reference": "yes", "a": "=1+1", "error": HOSTILE}),
        json!({"id": "c5", "input": "?", "reference": "yes", "a": "-3", "b": null}),
    ];
    let lines: Vec<String> = rows.iter().map(ToString::to_string).collect();
    folder.write("data.jsonl", lines.join("\n"));
    folder
}

const FLAGS: [(&str, &str); 6] = [
    ("--json", "r.json"),
    ("--jsonl", "r.jsonl"),
    ("--csv", "r.csv"),
    ("--markdown", "r.md"),
    ("--junit", "r.xml"),
    ("--html", "r.html"),
];

/// A run with every file.
fn all() -> Folder {
    let folder = folder("");
    let mut args = vec!["eval", "suite.yaml"];
    args.extend(FLAGS.iter().flat_map(|(flag, file)| [*flag, *file]));
    let ran = folder.run(&args).ends(1);
    for (_, file) in FLAGS {
        assert!(
            ran.stdout.contains(&format!("wrote {file}")),
            "{}",
            ran.stdout
        );
    }
    folder
}

#[test]
fn json_to_a_file_is_the_object_of_stdout() {
    let folder = all();
    let file: Value = serde_json::from_str(&folder.read("r.json")).unwrap();
    let stdout = folder.run(&["eval", "suite.yaml", "--json"]).ends(1).json();
    assert_eq!(file, stdout);
    let shown = folder.run(&["eval", "show", "--json"]).ends(0).json();
    assert_eq!(file, shown);
}

#[test]
fn jsonl_has_one_line_a_case_with_all_that_is_known() {
    let folder = all();
    let text = folder.read("r.jsonl");
    let rows: Vec<Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(rows.len(), 5);
    assert_eq!(
        keys(&rows[0]),
        [
            "id",
            "row",
            "input",
            "references",
            "tags",
            "slices",
            "answers"
        ]
    );
    assert_eq!(
        keys(&rows[0]["answers"][0]),
        [
            "bot", "repeat", "outcome", "text", "error", "latency", "cost", "overall", "scores"
        ]
    );
    assert_eq!(rows[0]["input"], HOSTILE);
    assert_eq!(
        (&rows[1]["id"], &rows[1]["row"]),
        (&json!(HOSTILE), &json!(2))
    );
    assert_eq!(rows[0]["answers"][0]["latency"], 1.25);
    let outcome = |row: usize| rows[row]["answers"][1]["outcome"].clone();
    assert_eq!(
        [outcome(1), outcome(2), outcome(3), outcome(4)],
        ["answered", "refused", "failed", "failed"]
    );
    assert_eq!(rows[2]["answers"][0]["scores"]["equals"]["passed"], true);
}

#[test]
fn csv_has_one_line_an_answer_and_disarms_formulas() {
    let folder = all();
    // Read with rules of our own: RFC 4180.
    let rows = rfc4180(&folder.read("r.csv"));
    assert_eq!(
        rows[0],
        [
            "case",
            "line",
            "bot",
            "repeat",
            "outcome",
            "input",
            "references",
            "answer",
            "error",
            "latency_s",
            "cost",
            "overall",
            "equals",
            "equals:passed",
            "equals:explanation",
            "token-f1",
            "token-f1:passed",
            "token-f1:explanation"
        ]
    );
    assert_eq!(rows.len(), 1 + 10);
    assert!(rows.iter().all(|row| row.len() == rows[0].len()));
    assert_eq!(rows[1][5], HOSTILE);
    assert_eq!((rows[1][12].as_str(), rows[1][13].as_str()), ("1", "true"));
    assert_eq!(rows[7][7], "'=1+1");
    assert_eq!(rows[9][7], "-3");
    let bad = ['=', '+', '@', '\t', '\r'];
    assert!(rows.iter().flatten().all(|cell| !cell.starts_with(bad)));
}

fn rfc4180(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (vec![], vec![], String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quoted, c) {
            (true, '"') if chars.peek() == Some(&'"') => cell.push(chars.next().unwrap()),
            (_, '"') => quoted = !quoted,
            (false, ',') => row.push(std::mem::take(&mut cell)),
            (false, '\n') => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            (false, '\r') => {}
            _ => cell.push(c),
        }
    }
    rows
}

#[test]
fn junit_is_well_formed_and_its_counts_are_those_of_its_tests() {
    let folder = all();
    let text = folder.read("r.xml");
    assert!(
        !text.contains('\u{1}') && !text.contains('\u{fffe}'),
        "XML 1.0 has no such characters"
    );
    let mut reader = quick_xml::Reader::from_str(&text);
    reader.config_mut().check_end_names = true;
    let mut suites: Vec<([usize; 4], [usize; 4])> = Vec::new();
    let (mut whole, mut depth, mut names) = ([0; 4], 0, Vec::new());
    let mut count = [0; 4];
    loop {
        let event = reader.read_event().unwrap();
        let (start, empty) = match &event {
            Event::Start(start) => (start, false),
            Event::Empty(start) => (start, true),
            Event::End(end) => {
                depth -= 1;
                if end.name().as_ref() == "testsuite" {
                    suites.last_mut().unwrap().1 = count;
                    count = [0; 4];
                }
                continue;
            }
            Event::Eof => break,
            _ => continue,
        };
        depth += i32::from(!empty);
        let attribute = |name: &str| {
            let found = start.try_get_attribute(name).unwrap()?;
            Some(
                quick_xml::escape::unescape(&found.value)
                    .unwrap()
                    .into_owned(),
            )
        };
        let claimed = || {
            ["tests", "failures", "errors", "skipped"]
                .map(|name| attribute(name).unwrap().parse::<usize>().unwrap())
        };
        match start.name().as_ref() {
            "testsuites" => {
                assert_eq!(attribute("name").unwrap(), "out & <in>");
                whole = claimed();
            }
            "testsuite" => {
                names.push(attribute("name").unwrap());
                suites.push((claimed(), [0; 4]));
            }
            "testcase" => count[0] += 1,
            "failure" => count[1] += 1,
            "error" => count[2] += 1,
            "skipped" => count[3] += 1,
            other => panic!("{}", other),
        }
    }
    assert_eq!(depth, 0);
    assert_eq!(names, ["gate", "a <&> \"b\"", "plain"]);
    let mut sum = [0; 4];
    for (claimed, found) in &suites {
        assert_eq!(claimed, found);
        for (sum, n) in sum.iter_mut().zip(found) {
            *sum += n;
        }
    }
    assert_eq!(sum, whole);
    // The gate's one rule failed; of `plain`, one answer is wrong, two failed, one was refused.
    assert_eq!(suites[0].0, [1, 1, 0, 0]);
    assert_eq!(suites[2].0, [5, 1, 2, 1]);
}

#[test]
fn markdown_keeps_its_table_whatever_the_names() {
    let folder = all();
    let text = folder.read("r.md");
    assert!(text.starts_with("## ") || text.starts_with("# "), "{text}");
    assert!(!text.contains("<in>"), "{text}");
    let mut columns = None;
    for line in text.lines() {
        if line.starts_with('|') {
            let plain = line.replace("\\|", "");
            let n = plain.matches('|').count();
            assert_eq!(*columns.get_or_insert(n), n, "{line}");
        } else {
            columns = None;
        }
    }
}

#[test]
fn html_is_one_page_that_no_text_can_break_out_of() {
    let folder = all();
    let page = folder.read("r.html");
    assert!(page.starts_with("<!doctype html>") || page.starts_with("<!DOCTYPE html>"));
    assert!(!page.contains(HOSTILE), "hostile text stands as it is");
    assert!(!page.contains("</script><b"));
    for load in ["src=\"http", "href=\"http", "@import", "url(http"] {
        assert!(!page.contains(load), "{load}");
    }
    let opened = page.matches("<script").count();
    assert_eq!(opened, page.matches("</script>").count());
}

#[test]
fn the_suite_names_files_beside_itself_and_a_flag_wins() {
    let folder = folder("report: {markdown: out/r.md, jsonl: r.jsonl}\n");
    folder.write("out/r.md", "old");
    folder.write("deep/none", "");
    let deep = folder.at("deep");
    let mut command = folder.command(&["eval", "../suite.yaml", "--jsonl", "mine.jsonl"]);
    assert_eq!(
        command.current_dir(&deep).output().unwrap().status.code(),
        Some(1)
    );
    assert_ne!(folder.read("out/r.md"), "old");
    assert!(folder.at("deep/mine.jsonl").exists() && !folder.at("r.jsonl").exists());
}

#[test]
fn where_reports_go_does_not_make_another_run() {
    let a = folder("");
    let b = folder("report: {markdown: r.md}\n");
    let id = |folder: &Folder| folder.run(&["eval", "suite.yaml", "--json"]).json()["run"].clone();
    assert_eq!(id(&a), id(&b));
}

#[test]
fn show_writes_the_same_files_later() {
    let folder = all();
    let mut args = vec!["eval", "show", "latest"];
    let names: Vec<(&str, &str, String)> = FLAGS[1..]
        .iter()
        .map(|(flag, file)| (*flag, *file, format!("again-{file}")))
        .collect();
    args.extend(
        names
            .iter()
            .flat_map(|(flag, _, again)| [*flag, again.as_str()]),
    );
    folder.run(&args).ends(0);
    for (_, first, again) in &names {
        assert_eq!(folder.read(first), folder.read(again), "{first}");
    }
}

#[test]
fn a_second_run_of_the_same_suite_is_the_same_run() {
    let folder = folder("");
    let first = folder.run(&["eval", "suite.yaml", "--json"]).ends(1).json();
    let second = folder.run(&["eval", "suite.yaml", "--json"]).ends(1).json();
    assert_eq!(first, second);
    let ran = folder.run(&["eval", "suite.yaml"]).ends(1);
    assert!(
        ran.stdout.contains("judged before, nothing to do"),
        "{}",
        ran.stdout
    );
    let elsewhere = folder
        .run(&["eval", "suite.yaml", "--json", "--store", "sqlite:b.db"])
        .json();
    assert_eq!(timeless(first), timeless(elsewhere));
}

#[test]
fn no_half_written_file_is_left() {
    let folder = all();
    let parts: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".part"))
        .collect();
    assert!(parts.is_empty(), "{parts:?}");
}
