//! What scripts rely on: the shape of a suite, the report's keys and numbers, exit codes, ids.
//!
//! Numbers are computed here a second time, from the rows alone.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests may")]

mod common;

use std::fmt::Write as _;

use common::{Folder, close, keys};
use serde_json::{Value, json};

/// One row: its number decides who is right. Right answers are the reference's number, written in
/// another way; what is wrong is off by one.
struct Row {
    i: usize,
    answers: [Said; 3],
}

#[derive(Clone, PartialEq)]
enum Said {
    Text { text: String, right: bool },
    Missing,
    Refused,
}

const BOTS: [&str; 3] = ["steady", "quick", "odd"];

fn right(i: usize, spelling: &str) -> Said {
    Said::Text {
        text: format!("Let me think, {i} first.\nA: {spelling}"),
        right: true,
    }
}

fn rows() -> Vec<Row> {
    (0..40)
        .map(|i| {
            let truth = 1000 + i * 7;
            let wrong = || Said::Text {
                text: format!("{truth}? No.\nA: {}", truth + 1),
                right: false,
            };
            let silent = || Said::Text {
                text: "I cannot \"tell\", sorry\nat all".into(),
                right: false,
            };
            let steady = match i {
                4 | 8 => silent(),
                i if i % 4 == 0 => wrong(),
                _ => right(i, &format!("1,{:03}", truth - 1000)),
            };
            let quick = match i % 7 {
                0 => wrong(),
                _ => right(i, &format!("${truth}.00")),
            };
            let odd = match i {
                6 => Said::Missing,
                9 | 11 => Said::Refused,
                i if i % 2 == 0 => wrong(),
                _ => right(i, &truth.to_string()),
            };
            Row {
                i,
                answers: [steady, quick, odd],
            }
        })
        .collect()
}

impl Row {
    fn question(&self) -> String {
        format!("What is {} times 7, plus a \"thousand\", \u{e9}?", self.i)
    }

    fn reference(&self) -> String {
        format!("{} * 7 and 1000\nA: {}", self.i, 1000 + self.i * 7)
    }

    fn json(&self) -> Value {
        let mut row = json!({"id": format!("q{}", self.i), "question": self.question(),
            "truth": self.reference()});
        for (bot, said) in BOTS.iter().zip(&self.answers) {
            row[*bot] = said.json();
        }
        row
    }
}

impl Said {
    fn json(&self) -> Value {
        match self {
            Self::Text { text, .. } => json!({"text": text}),
            Self::Missing => json!({"text": null}),
            Self::Refused => json!({"refusal": "I would rather not"}),
        }
    }

    fn score(&self) -> Option<f64> {
        match self {
            Self::Text { right, .. } => Some(f64::from(u8::from(*right))),
            _ => None,
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Text { text, .. } => Some(text),
            _ => None,
        }
    }
}

const JUDGE: &str = r#"
extract: [final-line, last-number]
evaluators:
  - number-equals
  - contains: {value: "A:", name: says-answer}
  - number-equals
gate: [{metric: number-equals, bot: quick, pass-rate: {min: 0.5}}]
"#;

fn suite(dataset: &str, bot: impl Fn(&str) -> String) -> String {
    let mut text = format!("version: 1\nname: sums\ndataset: {dataset}\nbots:\n");
    for name in BOTS {
        let _ = writeln!(text, "  - {{name: {name}, recorded: {}}}", bot(name));
    }
    text + JUDGE
}

/// The suite over JSONL, one row a case.
fn jsonl() -> Folder {
    let folder = Folder::new();
    let lines: Vec<_> = rows().iter().map(|row| row.json().to_string()).collect();
    folder.write("data.jsonl", lines.join("\n"));
    folder.write(
        "suite.yaml",
        suite(
            "{path: data.jsonl, id: /id, input: /question, reference: /truth}",
            |bot| format!("{{path: data.jsonl, answer: /{bot}/text, refusal: /{bot}/refusal}}"),
        ),
    );
    folder
}

fn csv_cell(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn csv() -> Folder {
    let folder = Folder::new();
    let mut text = String::from("id,question,truth");
    for bot in BOTS {
        let _ = write!(text, ",{bot},{bot}_refusal");
    }
    text.push_str("\r\n");
    for row in rows() {
        let mut cells = vec![
            format!("q{}", row.i),
            csv_cell(&row.question()),
            csv_cell(&row.reference()),
        ];
        for said in &row.answers {
            cells.push(said.text().map(csv_cell).unwrap_or_default());
            cells.push(if *said == Said::Refused {
                "no".into()
            } else {
                String::new()
            });
        }
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    folder.write("data.csv", text);
    folder.write(
        "suite.yaml",
        suite(
            "{path: data.csv, id: id, input: question, reference: truth}",
            |bot| format!("{{answer: {bot}, refusal: {bot}_refusal}}"),
        ),
    );
    folder
}

/// Answers in a file a bot, in another order, joined by id; numbers as ids.
fn joined() -> Folder {
    let folder = Folder::new();
    let mut cases = String::new();
    let mut answers = [String::new(), String::new(), String::new()];
    for row in rows() {
        let question = json!({"id": row.i, "input": row.question(), "reference": row.reference()});
        let _ = writeln!(cases, "{question}");
    }
    for row in rows().iter().rev() {
        for (file, said) in answers.iter_mut().zip(&row.answers) {
            // A missing answer is no line at all here.
            if *said != Said::Missing {
                let _ = writeln!(file, "{}", json!({"case": row.i, "said": said.json()}));
            }
        }
    }
    folder.write("cases.jsonl", cases);
    for (bot, lines) in BOTS.iter().zip(answers) {
        folder.write(&format!("said/{bot}.jsonl"), lines);
    }
    folder.write(
        "suite.yaml",
        suite("cases.jsonl", |bot| {
            format!(
                "{{path: said/{bot}.jsonl, id: /case, answer: /said/text, refusal: /said/refusal}}"
            )
        }),
    );
    folder
}

fn inline() -> Folder {
    let cases: Vec<String> = rows()
        .iter()
        .map(|row| format!("\n  - {}", row.json()))
        .collect();
    let dataset = format!(
        "\n  input: /question\n  reference: /truth\n  cases:{}",
        cases.concat().replace("\n  - ", "\n    - ")
    );
    Folder::with_suite(&suite(&dataset, |bot| {
        format!("{{answer: /{bot}/text, refusal: /{bot}/refusal}}")
    }))
}

/// Conversations instead of questions, and no ids.
fn messages() -> Folder {
    let folder = Folder::new();
    let mut lines = String::new();
    for row in rows() {
        let mut json = row.json();
        json.as_object_mut().unwrap().shift_remove("id");
        json["messages"] = json!([
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": [{"type": "text", "text": row.question()}]},
        ]);
        let _ = writeln!(lines, "{json}");
    }
    folder.write("data.jsonl", lines);
    folder.write(
        "suite.yaml",
        suite(
            "{path: data.jsonl, messages: /messages, reference: /truth}",
            |bot| format!("{{answer: /{bot}/text, refusal: /{bot}/refusal}}"),
        ),
    );
    folder
}

/// Wilson, "Probable inference, the law of succession, and statistical inference" (1927).
fn wilson(passed: usize, n: usize) -> (f64, f64) {
    let (z, n) = (1.959_963_984_540_054_f64, n as f64);
    let p = passed as f64 / n;
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    (middle - half, middle + half)
}

/// Exact `McNemar`: twice the smaller binomial tail, at most 1.
fn mcnemar(only_a: u64, only_b: u64) -> f64 {
    let n = only_a + only_b;
    let (mut tail, mut term) = (0.0, 0.5f64.powi(i32::try_from(n).unwrap()));
    for k in 0..=only_a.min(only_b) {
        tail += term;
        term *= (n - k) as f64 / (k + 1) as f64;
    }
    (2.0 * tail).min(1.0)
}

/// Holm, "A simple sequentially rejective multiple test procedure" (1979).
fn holm(ps: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..ps.len()).collect();
    order.sort_by(|a, b| ps[*a].total_cmp(&ps[*b]));
    let (mut adjusted, mut highest) = (vec![0.0; ps.len()], 0.0f64);
    for (rank, i) in order.into_iter().enumerate() {
        highest = highest.max((ps[i] * (ps.len() - rank) as f64).min(1.0));
        adjusted[i] = highest;
    }
    adjusted
}

/// Scores of a bot, case by case, on `number-equals` or `says-answer`.
fn truth(bot: usize, metric: &str) -> Vec<Option<f64>> {
    let score = |row: Row| match metric {
        // `extract` is for what compares with the reference; `contains` sees the whole answer.
        "says-answer" => row.answers[bot]
            .text()
            .map(|t| f64::from(u8::from(t.contains("A:")))),
        _ => row.answers[bot].score(),
    };
    rows().into_iter().map(score).collect()
}

fn check_numbers(report: &Value) {
    let metrics = ["number-equals", "says-answer", "number-equals#2"];
    for (b, bot) in report["bots"].as_array().unwrap().iter().enumerate() {
        assert_eq!(bot["name"], BOTS[b]);
        assert_eq!(bot["cases"], 40);
        let count =
            |wanted: fn(&Said) -> bool| rows().iter().filter(|row| wanted(&row.answers[b])).count();
        assert_eq!(bot["answered"], count(|s| s.text().is_some()));
        assert_eq!(bot["refused"], count(|s| *s == Said::Refused));
        assert_eq!(bot["failed"], count(|s| *s == Said::Missing));
        assert_eq!(keys(&bot["scores"]), metrics);
        for metric in metrics {
            let values: Vec<f64> = truth(b, metric).into_iter().flatten().collect();
            let passed = values.iter().filter(|v| **v == 1.0).count();
            let (n, score) = (values.len(), &bot["scores"][metric]);
            assert_eq!(
                (&score["n"], &score["passed"]),
                (&json!(n), &json!(passed)),
                "{metric}"
            );
            close(&score["mean"], passed as f64 / n as f64);
            close(&score["pass_rate"], passed as f64 / n as f64);
            let (lo, hi) = wilson(passed, n);
            close(&score["interval"][0], lo);
            close(&score["interval"][1], hi);
        }
    }
    let comparisons = report["comparisons"].as_array().unwrap();
    let mut wanted = Vec::new();
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        for metric in metrics {
            wanted.push((a, b, metric));
        }
    }
    assert_eq!(comparisons.len(), wanted.len());
    let mut ps = Vec::new();
    for (found, (a, b, metric)) in comparisons.iter().zip(wanted) {
        let names = [&found["a"], &found["b"], &found["metric"]];
        assert_eq!(names, [BOTS[a], BOTS[b], metric]);
        let both: Vec<(f64, f64)> = truth(a, metric)
            .into_iter()
            .zip(truth(b, metric))
            .filter_map(|(a, b)| a.zip(b))
            .collect();
        assert_eq!(found["n"], both.len());
        let difference: f64 = both.iter().map(|(a, b)| b - a).sum::<f64>() / both.len() as f64;
        close(&found["difference"], difference);
        let (lo, hi) = (&found["interval"][0], &found["interval"][1]);
        assert!(lo.as_f64().unwrap() <= difference && difference <= hi.as_f64().unwrap());
        let only = |x| both.iter().filter(|(a, b)| b - a == x).count() as u64;
        let p = mcnemar(only(-1.0), only(1.0));
        close(&found["p"], p);
        assert_eq!(found["test"], "mcnemar-exact");
        ps.push(p);
    }
    for (found, wanted) in comparisons.iter().zip(holm(&ps)) {
        close(&found["p_adjusted"], wanted);
        assert!(found["p_adjusted"].as_f64() >= found["p"].as_f64());
    }
}

#[test]
fn the_report_has_these_keys_and_no_others() {
    let report = jsonl().report();
    assert_eq!(
        keys(&report),
        [
            "run",
            "suite",
            "seed",
            "gate",
            "bots",
            "comparisons",
            "metrics",
            "slices",
            "warnings",
            "facts",
            "timings"
        ]
    );
    assert_eq!(keys(&report["gate"]), ["passed", "rules"]);
    assert_eq!(
        keys(&report["gate"]["rules"][0]),
        ["rule", "metric", "bot", "passed", "observed", "wanted"]
    );
    assert_eq!(
        keys(&report["bots"][0]),
        [
            "name", "cases", "answered", "refused", "failed", "overall", "scores"
        ]
    );
    assert_eq!(
        keys(&report["bots"][0]["scores"]["number-equals"]),
        [
            "n",
            "mean",
            "passed",
            "pass_rate",
            "interval",
            "pass_interval",
            "method",
            "sd",
            "skipped",
            "errors",
            "repeats"
        ]
    );
    assert_eq!(
        keys(&report["comparisons"][0]),
        [
            "a",
            "b",
            "metric",
            "n",
            "difference",
            "interval",
            "p",
            "p_adjusted",
            "test",
            "effect",
            "higher_is_better",
            "better"
        ]
    );
    assert_eq!(report["suite"], "sums");
    assert_eq!(report["seed"], 0);
    assert_eq!(report["facts"]["cases"], 40);
    let run = report["run"].as_str().unwrap();
    assert!(run.len() == 64 && run.bytes().all(|b| b.is_ascii_hexdigit()));
}

#[test]
fn numbers_are_those_of_the_rows_however_the_data_comes() {
    for (name, folder) in [
        ("jsonl", jsonl()),
        ("csv", csv()),
        ("joined by id", joined()),
        ("inline", inline()),
        ("messages", messages()),
    ] {
        let report = folder.report();
        println!("{name}");
        check_numbers(&report);
        assert_eq!(report["gate"]["passed"], true);
    }
}

#[test]
fn a_failed_gate_exits_1_and_still_prints_its_one_object() {
    let folder = jsonl();
    folder.write(
        "suite.yaml",
        folder.read("suite.yaml").replace("min: 0.5", "min: 0.95"),
    );
    for _ in 0..2 {
        let report = folder.run(&["eval", "suite.yaml", "--json"]).ends(1).json();
        assert_eq!(report["gate"]["passed"], false);
        let rule = &report["gate"]["rules"][0];
        assert_eq!(
            rule["rule"],
            "quick: pass rate of number-equals at least 95.0 %"
        );
        close(&rule["observed"], 34.0 / 40.0);
        check_numbers(&report);
    }
    folder.run(&["eval", "suite.yaml"]).ends(1);
}

#[test]
fn extract_that_finds_nothing_in_an_answer_counts_and_does_not_pass() {
    let folder = jsonl();
    folder.report();
    let case = folder
        .run(&["eval", "show", "--case", "q4", "--json"])
        .ends(0)
        .json();
    let score = &case["answers"][0]["scores"]["number-equals"];
    assert_eq!(
        (&score["value"], &score["passed"]),
        (&json!(0.0), &json!(false))
    );
    let why = score["explanation"].as_str().unwrap();
    assert!(
        why.contains("last-number") && why.contains("nothing"),
        "{why}"
    );
}

#[test]
fn extract_that_finds_nothing_in_a_reference_names_the_case() {
    let folder = jsonl();
    folder.write(
        "data.jsonl",
        folder
            .read("data.jsonl")
            .replace("1000\\nA: 1021", "1000\\nA: twelve"),
    );
    let ran = folder.run(&["eval", "suite.yaml", "--json"]).ends(2);
    assert_eq!(ran.json()["error"]["code"], "BS-EVAL-002");
    assert_eq!(
        ran.stderr,
        "error[BS-EVAL-002]: case `q3`: final-line | last-number finds nothing in its \
         reference \"3 * 7 and 1000 A: twelve\"\n  --> data.jsonl:4 in `/truth`\n"
    );
}

#[test]
fn a_case_without_id_is_named_by_its_content_and_repeats_are_counted() {
    let folder = Folder::with_suite(
        "version: 1
dataset: data.jsonl
bots: [{name: b, recorded: {answer: /b}}]
evaluators: [equals]
",
    );
    let row = |q: &str, r: Value, b: &str| {
        json!({"input": q, "reference": r, "b": b, "topic": b}).to_string() + "\n"
    };
    let lines = [
        row("2+2?", json!("4"), "4"),
        row("2+2?", json!("5"), "4"),
        row("2+2?", json!("4"), "six"),
        row("caf\u{e9} \"x\"\n", json!(["a", "b"]), "a"),
        row("2+2?", json!("4"), "7"),
    ];
    folder.write("data.jsonl", lines.concat());
    folder
        .run(&["eval", "suite.yaml", "--jsonl", "out.jsonl"])
        .ends(0);
    let ids: Vec<String> = folder
        .read("out.jsonl")
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["id"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let hash = |canonical: &str| blake3::hash(canonical.as_bytes()).to_hex().to_string();
    let four = hash(r#"{"input":"2+2?","references":["4"]}"#);
    assert_eq!(
        ids,
        [
            four.clone(),
            hash(r#"{"input":"2+2?","references":["5"]}"#),
            format!("{four}#2"),
            hash("{\"input\":\"caf\u{e9} \\\"x\\\"\\n\",\"references\":[\"a\",\"b\"]}"),
            format!("{four}#3"),
        ]
    );
}

#[test]
fn exit_codes_are_0_1_and_2() {
    let folder = jsonl();
    folder.run(&["eval", "suite.yaml"]).ends(0);
    folder.run(&["eval", "nothing.yaml"]).ends(2);
    folder
        .run(&["eval", "suite.yaml", "--no-such-flag"])
        .ends(2);
    folder.run(&["nothing"]).ends(2);
    folder.run(&["--help"]).ends(0);
}

#[test]
fn an_error_is_one_json_object_when_json_was_asked_for() {
    let folder = Folder::with_suite("version: 1\ndataset: x.jsonl\n");
    let ran = folder.run(&["eval", "suite.yaml", "--json"]).ends(2);
    let error = ran.json()["error"].clone();
    assert_eq!(keys(&error), ["code", "message", "at"]);
    assert_eq!(error["at"]["path"], "suite.yaml");
    assert_eq!(error["at"]["line"], 2);
    assert!(ran.stderr.starts_with("error["), "{}", ran.stderr);
    // Also where the arguments are wrong.
    let ran = folder
        .run(&["eval", "suite.yaml", "--json", "--sed", "3"])
        .ends(2);
    let message = ran.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("--sed"), "{message}");
    let ran = folder.run(&["eval", "show", "abc", "--json"]).ends(2);
    assert_eq!(ran.json()["error"]["code"], "BS-EVAL-004");
}

#[test]
fn overrides_from_the_command_line_make_a_run_of_their_own() {
    let folder = jsonl();
    let whole = folder.report();
    let eval = |more: &[&str]| {
        let args = [&["eval", "suite.yaml", "--json"], more].concat();
        folder.run(&args).ends(0).json()
    };
    let limited = eval(&["--limit", "7"]);
    assert_eq!(limited["bots"][0]["cases"], 7);
    assert_ne!(limited["run"], whole["run"]);
    assert_eq!(eval(&["--sample", "11"])["bots"][0]["cases"], 11);
    assert_eq!(eval(&["--seed", "5"])["seed"], 5);
    assert_eq!(
        eval(&["--filter", "id in ['q1', 'q2']"])["bots"][0]["cases"],
        2
    );
    let some = eval(&["--bot", "odd", "--bot", "quick"]);
    assert_eq!(some["bots"].as_array().unwrap().len(), 2);
    assert_eq!(some["comparisons"].as_array().unwrap().len(), 3);
    assert_eq!(folder.report()["run"], whole["run"]);
}

#[test]
fn a_sample_has_its_size_also_where_all_rows_share_a_line() {
    let folder = Folder::with_suite(
        "version: 1
dataset: {path: data.json, sample: 5}
bots: [{name: b, recorded: {answer: /b}}]
evaluators: [equals]
",
    );
    let rows: Vec<Value> = (0..30)
        .map(|i| json!({"input": i, "reference": "x", "b": "x"}))
        .collect();
    folder.write("data.json", Value::from(rows).to_string());
    assert_eq!(folder.report()["bots"][0]["cases"], 5);
}

#[test]
fn quiet_prints_results_and_nothing_else() {
    let folder = jsonl();
    let ran = folder.run(&["eval", "suite.yaml", "--quiet"]).ends(0);
    assert_eq!(ran.stderr, "");
    assert!(!ran.stdout.contains("next:"));
    let colored = folder.run(&["eval", "suite.yaml", "--color", "always"]);
    assert!(colored.stdout.contains('\u{1b}') && !ran.stdout.contains('\u{1b}'));
}
