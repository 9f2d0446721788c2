//! The gate's rules, repeats, groups and slices, with numbers made by hand.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod common;

use std::fmt::Write as _;

use common::{Folder, close};
use serde_json::{Value, json};

/// Forty cases: `good` is right on 36, `poor` on 20; `poor` failed on 2 more and refused 1. Cases
/// alternate between the topics `north` and `south`; `good` errs in the south only.
fn data() -> String {
    let mut lines = String::new();
    for i in 0..40 {
        let right = json!("yes");
        let wrong = json!("no");
        let good = if i % 10 == 1 { &wrong } else { &right };
        let mut row = json!({
            "input": format!("question {i}"), "reference": "yes",
            "topic": if i % 2 == 0 { "north" } else { "south" },
            "good": good, "length": i,
        });
        match i {
            0 | 2 => {}
            4 => row["no"] = json!("I may not say"),
            _ => row["poor"] = if i < 17 || i % 4 == 0 { wrong } else { right },
        }
        let _ = writeln!(lines, "{row}");
    }
    lines
}

/// The gate's rules after a run; the exit code must agree with them.
fn gate(rules: &str) -> Vec<Value> {
    let folder = Folder::with_suite(&format!(
        "version: 1
dataset: data.jsonl
bots:
  - {{name: good, recorded: {{answer: /good}}}}
  - {{name: poor, recorded: {{answer: /poor, refusal: /no}}}}
evaluators:
  - equals
  - words: {{name: length}}
  - token-f1: {{threshold: 0.5}}
slices: [/topic]
gate: [{rules}]
"
    ));
    folder.write("data.jsonl", data());
    let ran = folder.run(&["eval", "suite.yaml", "--json", "--store", "memory:"]);
    let report = ran.json();
    let passed = report["gate"]["passed"] == true;
    assert_eq!(ran.code, Some(i32::from(!passed)), "{}", ran.stderr);
    let rules = report["gate"]["rules"].as_array().unwrap().clone();
    assert_eq!(rules.iter().all(|rule| rule["passed"] == true), passed);
    rules
}

fn one(rule: &str) -> (bool, Option<f64>) {
    let rules = gate(rule);
    assert_eq!(rules.len(), 1, "{rules:?}");
    (rules[0]["passed"] == true, rules[0]["observed"].as_f64())
}

/// Right answers of `poor`: odd or not divisible by four, from 17 on.
fn poor_right() -> usize {
    (17..40).filter(|i| i % 4 != 0).count()
}

#[test]
fn a_pass_rate_is_held_against_its_limits() {
    assert_eq!(
        one("{metric: equals, bot: good, pass-rate: {min: 0.9}}"),
        (true, Some(0.9))
    );
    assert_eq!(
        one("{metric: equals, bot: good, pass-rate: {min: 0.91}}"),
        (false, Some(0.9))
    );
    assert!(one("{metric: equals, bot: good, pass-rate: {min: 0.8, max: 0.95}}").0);
    assert!(!one("{metric: equals, bot: good, pass-rate: {max: 0.5}}").0);
}

#[test]
fn failed_and_refused_answers_are_outside_the_pass_rate() {
    let (_, observed) = one("{metric: equals, bot: poor, pass-rate: {min: 0.5}}");
    assert_eq!(observed, Some(poor_right() as f64 / 37.0));
}

#[test]
fn a_rule_without_a_bot_is_one_rule_for_each() {
    let rules = gate("{metric: equals, pass-rate: {min: 0.85}}");
    let verdicts: Vec<_> = rules
        .iter()
        .map(|r| (r["bot"].clone(), r["passed"].clone()))
        .collect();
    assert_eq!(
        verdicts,
        [(json!("good"), json!(true)), (json!("poor"), json!(false))]
    );
}

#[test]
fn an_end_of_the_interval_can_be_asked_for() {
    // Wilson for 36 of 40: 0.7695 to 0.9604 (Wilson 1927).
    let lower =
        |min| format!("{{metric: equals, bot: good, pass-rate: {{min: {min}, bound: lower}}}}");
    let (passed, observed) = one(&lower(0.76));
    assert!(passed);
    assert!((observed.unwrap() - 0.7695).abs() < 5e-4, "{observed:?}");
    assert!(!one(&lower(0.78)).0);
    let upper =
        |max| format!("{{metric: equals, bot: good, pass-rate: {{max: {max}, bound: upper}}}}");
    assert!(one(&upper(0.97)).0);
    let (passed, observed) = one(&upper(0.95));
    assert!(
        !passed && (observed.unwrap() - 0.9604).abs() < 5e-4,
        "{observed:?}"
    );
}

#[test]
fn shares_of_failed_and_refused_answers_are_held_against_theirs() {
    assert_eq!(one("{bot: poor, failed: {max: 0.05}}"), (true, Some(0.05)));
    assert_eq!(one("{bot: poor, failed: {max: 0.04}}"), (false, Some(0.05)));
    assert_eq!(
        one("{bot: poor, refused: {max: 0.025}}"),
        (true, Some(0.025))
    );
    assert_eq!(one("{bot: good, refused: {max: 0}}"), (true, Some(0.0)));
}

#[test]
fn the_interval_of_a_share_of_failures_is_wilsons() {
    // 2 of 40: 0.0138 to 0.1650.
    let (passed, observed) = one("{bot: poor, failed: {max: 0.2, bound: upper}}");
    assert!(
        passed && (observed.unwrap() - 0.1650).abs() < 5e-4,
        "{observed:?}"
    );
    let (passed, observed) = one("{bot: poor, failed: {max: 0.1, bound: upper}}");
    assert!(!passed && observed.is_some());
}

#[test]
fn a_mean_is_held_in_the_metrics_unit() {
    assert_eq!(
        one("{metric: length, bot: good, mean: {max: 1}}"),
        (true, Some(1.0))
    );
    assert_eq!(
        one("{metric: length, bot: good, mean: {min: 1.5}}"),
        (false, Some(1.0))
    );
}

#[test]
fn better_than_wants_an_adjusted_p_of_at_most_five_hundredths() {
    let (passed, observed) = one("{metric: equals, bot: good, better-than: poor}");
    assert!(passed && observed.unwrap() > 0.3, "{observed:?}");
    let (passed, observed) = one("{metric: equals, bot: poor, better-than: good}");
    assert!(!passed && observed.unwrap() < -0.3, "{observed:?}");
}

#[test]
fn not_worse_than_looks_at_the_bad_end_of_the_difference() {
    assert!(one("{metric: equals, bot: good, not-worse-than: {bot: poor, margin: 0.05}}").0);
    let (passed, worst) =
        one("{metric: equals, bot: poor, not-worse-than: {bot: good, margin: 0.1}}");
    assert!(!passed && worst.unwrap() < -0.35, "{worst:?}");
    // With a margin wide enough even the worse one holds.
    assert!(one("{metric: equals, bot: poor, not-worse-than: {bot: good, margin: 0.9}}").0);
}

#[test]
fn a_rule_may_look_at_one_slice() {
    let slice = |value: &str, min: &str| {
        one(&format!(
            "{{metric: equals, bot: good, slice: {{topic: {value}}}, pass-rate: {{min: {min}}}}}"
        ))
    };
    assert_eq!(slice("north", "1"), (true, Some(1.0)));
    assert_eq!(slice("south", "0.85"), (false, Some(0.8)));
    // A value that no case has gives nothing to measure, which does not pass.
    assert_eq!(slice("west", "0.1"), (false, None));
}

#[test]
fn in_a_slice_a_bound_is_the_pass_rates_own() {
    // token-f1 passes from 0.5 on and is 0 or 1 here; its mean and its rate share an interval.
    // Where they do not, the rate's is wanted: 3 of 4 words shared is 0.86, and all of them pass.
    let folder = Folder::with_suite(
        "version: 1
dataset: data.jsonl
bots: [{name: b, recorded: {answer: /b}}]
evaluators: [token-f1: {threshold: 0.5}]
slices: [/topic]
gate: [{metric: token-f1, slice: {topic: x}, pass-rate: {max: 0.99, bound: lower}}]
",
    );
    let row = |i| json!({"input": i, "reference": "a b c d", "b": "a b c", "topic": "x"});
    let lines: Vec<String> = (0..20).map(|i| row(i).to_string()).collect();
    folder.write("data.jsonl", lines.join("\n"));
    let report = folder.run(&["eval", "suite.yaml", "--json"]).json();
    let rule = &report["gate"]["rules"][0];
    // Wilson for 20 of 20: 0.8389 to 1.
    assert!(
        (rule["observed"].as_f64().unwrap() - 0.8389).abs() < 5e-4,
        "{rule}"
    );
}

/// Cases with lists of answers: passes of n by case.
fn repeated(passes: &[(usize, usize)]) -> String {
    let mut lines = String::new();
    for (i, (passed, n)) in passes.iter().enumerate() {
        let answers: Vec<_> = (0..*n)
            .map(|k| if k < *passed { "yes" } else { "no" })
            .collect();
        let row = json!({"input": i, "reference": "yes", "b": answers});
        let _ = writeln!(lines, "{row}");
    }
    lines
}

fn repeats(more: &str, passes: &[(usize, usize)]) -> Value {
    let folder = Folder::with_suite(&format!(
        "version: 1
dataset: data.jsonl
bots: [{{name: b, recorded: {{answer: /b}}}}]
evaluators: [equals]
{more}"
    ));
    folder.write("data.jsonl", repeated(passes));
    folder.judge()["bots"][0].clone()
}

#[test]
fn a_list_of_answers_gives_pass_at_k_and_pass_hat_k() {
    // Chen et al. 2021: 1 - C(n-c, k) / C(n, k); pass^k: C(c, k) / C(n, k).
    let bot = repeats("", &[(4, 4), (2, 4), (1, 4), (0, 4)]);
    assert_eq!((&bot["cases"], &bot["answered"]), (&json!(4), &json!(16)));
    let score = &bot["scores"]["equals"];
    assert_eq!(score["n"], 16);
    close(&score["mean"], 7.0 / 16.0);
    let repeats = &score["repeats"];
    assert_eq!((&repeats["n"], &repeats["cases"]), (&json!(4), &json!(4)));
    close(&repeats["pass_at"]["1"], 7.0 / 16.0);
    close(
        &repeats["pass_at"]["2"],
        (1.0 + 5.0 / 6.0 + 0.5 + 0.0) / 4.0,
    );
    close(&repeats["pass_at"]["3"], (1.0 + 1.0 + 0.75 + 0.0) / 4.0);
    close(&repeats["pass_at"]["4"], 0.75);
    close(&repeats["pass_all"]["1"], 7.0 / 16.0);
    close(&repeats["pass_all"]["2"], (1.0 + 1.0 / 6.0) / 4.0);
    close(&repeats["pass_all"]["4"], 0.25);
    // Answers of one case are not independent.
    assert_eq!(score["method"], "clustered-wilson");
}

#[test]
fn an_interval_stays_within_the_metrics_range() {
    let bot = repeats("", &[(2, 2), (1, 2)]);
    let interval = &bot["scores"]["equals"]["interval"];
    let (lo, hi) = (interval[0].as_f64().unwrap(), interval[1].as_f64().unwrap());
    assert!(
        (0.0..=0.75).contains(&lo) && (0.75..=1.0).contains(&hi),
        "{interval}"
    );
    let overall = &bot["overall"]["interval"];
    assert!(overall[0].as_f64().unwrap() >= 0.0 && overall[1].as_f64().unwrap() <= 1.0);
}

#[test]
fn repeat_takes_so_many_and_counts_the_rest_as_failed() {
    let bot = repeats("repeat: 3", &[(3, 4), (1, 1), (2, 3)]);
    assert_eq!((&bot["answered"], &bot["failed"]), (&json!(7), &json!(2)));
    let score = &bot["scores"]["equals"];
    assert_eq!((&score["n"], &score["passed"]), (&json!(7), &json!(6)));
    // The fewest judged answers of a case bound k.
    assert_eq!(score["repeats"]["pass_at"].as_object().unwrap().len(), 1);
}

#[test]
fn two_bots_with_repeats_are_compared_by_case() {
    let folder = Folder::with_suite(
        "version: 1
dataset: data.jsonl
bots: [{name: a, recorded: {answer: /a}}, {name: b, recorded: {answer: /b}}]
evaluators: [equals]
",
    );
    let mut lines = String::new();
    for i in 0..30 {
        let answers = |n: usize| {
            (0..4)
                .map(|k| if k < n { "yes" } else { "no" })
                .collect::<Vec<_>>()
        };
        let row =
            json!({"input": i, "reference": "yes", "a": answers(i % 3), "b": answers(1 + i % 4)});
        let _ = writeln!(lines, "{row}");
    }
    folder.write("data.jsonl", lines);
    let found = folder.judge()["comparisons"][0].clone();
    let mean = |f: fn(usize) -> usize| (0..30).map(|i| f(i) as f64 / 4.0).sum::<f64>() / 30.0;
    assert_eq!(found["n"], 30);
    close(&found["difference"], mean(|i| 1 + i % 4) - mean(|i| i % 3));
    assert_eq!(found["test"], "sign-flip-exact");
}

#[test]
fn groups_make_intervals_and_tests_clustered() {
    let suite = |group: &str| {
        let folder = Folder::with_suite(&format!(
            "version: 1
dataset: {{path: data.jsonl, id: /id{group}}}
bots: [{{name: a, recorded: {{answer: /a}}}}, {{name: b, recorded: {{answer: /b}}}}]
evaluators: [equals]
"
        ));
        // Ten customers of six questions each; an answer depends on the customer alone.
        let mut lines = String::new();
        for i in 0..60 {
            let customer = i / 6;
            let said = |yes: bool| if yes { "yes" } else { "no" };
            let row = json!({"id": i, "input": "?", "reference": "yes", "customer": customer,
                "a": said(customer % 2 == 0), "b": said(customer % 5 != 0)});
            let _ = writeln!(lines, "{row}");
        }
        folder.write("data.jsonl", lines);
        folder.judge()
    };
    let (apart, grouped) = (suite(""), suite(", group: /customer"));
    let width = |report: &Value| {
        let interval = &report["bots"][0]["scores"]["equals"]["interval"];
        interval[1].as_f64().unwrap() - interval[0].as_f64().unwrap()
    };
    assert_eq!(
        grouped["bots"][0]["scores"]["equals"]["method"],
        "clustered-wilson"
    );
    assert!(width(&grouped) > 2.0 * width(&apart));
    assert_eq!(
        grouped["comparisons"][0]["test"],
        "sign-flip-exact-clustered"
    );
    assert!(grouped["comparisons"][0]["p"].as_f64() > apart["comparisons"][0]["p"].as_f64());
    // The estimate is the same.
    close(&grouped["comparisons"][0]["difference"], 0.3);
}

#[test]
fn slices_are_by_field_by_tag_and_by_expression() {
    let folder = Folder::with_suite(
        "version: 1
dataset: data.jsonl
bots: [{name: b, recorded: {answer: /b}}]
evaluators: [equals]
slices: [/topic/name, tags, {name: long, when: \"vars.size > 10\"}, {name: by-size, by: /size}]
",
    );
    folder.write(
        "data.jsonl",
        r#"{"input": 1, "reference": "y", "b": "y", "topic": {"name": "red"}, "tags": ["p", "q"], "size": 3}
{"input": 2, "reference": "y", "b": "n", "topic": {"name": "red"}, "tags": ["q"], "size": 30}
{"input": 3, "reference": "y", "b": "y", "tags": [], "size": 30}
"#,
    );
    let report = folder.judge();
    let slices: Vec<_> = report["slices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| {
            format!(
                "{}={} {} of {}",
                s["slice"].as_str().unwrap(),
                s["value"].as_str().unwrap(),
                s["mean"],
                s["n"]
            )
        })
        .collect();
    assert_eq!(
        slices,
        [
            "topic/name=red 0.5 of 2",
            "tags=p 1.0 of 1",
            "tags=q 0.5 of 2",
            "long=no 1.0 of 1",
            "long=yes 0.5 of 2",
            "by-size=3 1.0 of 1",
            "by-size=30 0.5 of 2",
        ]
    );
}

#[test]
fn a_rule_on_failed_or_refused_answers_counts_those_of_its_slice() {
    // `poor` failed on cases 0 and 2 and refused 4: all of them in the north, which has 20 cases.
    let rules = gate(
        "{bot: poor, failed: {max: 0.06}, slice: {topic: north}}, {bot: poor, failed: {max: 0.06}, slice: {topic: south}}, \
         {bot: poor, refused: {max: 0.04}, slice: {topic: north}}, {bot: poor, refused: {max: 0.04}, slice: {topic: south}}, \
         {bot: poor, failed: {max: 0.06}}, {bot: poor, failed: {max: 0.06}, slice: {topic: west}}",
    );
    let found: Vec<_> = rules
        .iter()
        .map(|rule| (rule["passed"] == true, rule["observed"].as_f64()))
        .collect();
    assert_eq!(
        found,
        [
            (false, Some(0.1)),
            (true, Some(0.0)),
            (false, Some(0.05)),
            (true, Some(0.0)),
            (true, Some(0.05)),
            (false, None),
        ]
    );
    let words = rules[0]["rule"].as_str().unwrap();
    assert_eq!(
        words,
        "poor: failed answers where topic is north at most 6.0 %"
    );
}

#[test]
fn with_groups_the_order_of_the_bots_changes_no_verdict_of_the_gate() {
    // Twenty cases in ten groups; b is right on one more.
    let judged = |bots: &str, rule: &str| {
        let folder = Folder::with_suite(&format!(
            "version: 1
dataset: {{path: data.jsonl, group: /group}}
bots: [{bots}]
evaluators: [equals]
gate: [{rule}]
"
        ));
        let mut lines = String::new();
        for i in 0..20 {
            let said = |yes: bool| if yes { "yes" } else { "no" };
            let row = json!({"input": i, "reference": "yes", "group": i / 2,
                "a": said(i % 3 == 0), "b": said(i % 3 == 0 || i == 1)});
            let _ = writeln!(lines, "{row}");
        }
        folder.write("data.jsonl", lines);
        let report = folder
            .run(&["eval", "suite.yaml", "--json", "--store", "memory:"])
            .json();
        let found = &report["comparisons"][0];
        let end = |i: usize| found["interval"][i].as_f64().unwrap();
        (
            report["gate"]["passed"] == true,
            end(0),
            end(1),
            found["p"].as_f64(),
        )
    };
    let (a, b) = (
        "{name: a, recorded: {answer: /a}}",
        "{name: b, recorded: {answer: /b}}",
    );
    let rule = "{metric: equals, bot: b, not-worse-than: {bot: a, margin: 0.05}}";
    let there = judged(&format!("{a}, {b}"), rule);
    let back = judged(&format!("{b}, {a}"), rule);
    assert_eq!((there.0, back.0), (false, false));
    assert!(
        (there.1 + back.2).abs() < 1e-12 && (there.2 + back.1).abs() < 1e-12,
        "{there:?} {back:?}"
    );
    assert!((there.1 + 0.0631).abs() < 1e-4, "{there:?}");
    assert_eq!((there.3, back.3), (Some(1.0), Some(1.0)));
}

#[test]
fn counts_and_graded_scores_of_0_and_1_are_no_pass_rates() {
    let folder = Folder::with_suite(
        "version: 1
dataset: data.jsonl
bots: [{name: a, recorded: {answer: /a}}, {name: b, recorded: {answer: /b}}]
evaluators: [equals, sentences, token-f1, {token-f1: {name: enough, threshold: 0.5}}]
slices: [/topic]
",
    );
    let mut lines = String::new();
    for (a, b) in [("no.", "yes."), ("no.", "yes."), ("yes.", "yes.")] {
        let row = json!({"input": "?", "reference": "yes.", "topic": "x", "a": a, "b": b});
        let _ = writeln!(lines, "{row}");
    }
    folder.write("data.jsonl", lines);
    let report = folder.judge();
    let scores = &report["bots"][0]["scores"];
    assert_eq!(scores["equals"]["method"], "wilson");
    for (metric, interval) in [("sentences", json!([1.0, 1.0])), ("token-f1", json!(null))] {
        assert_eq!(scores[metric]["method"], "bca", "{metric}");
        assert_eq!(scores[metric]["pass_rate"], Value::Null);
        if !interval.is_null() {
            assert_eq!(scores[metric]["interval"], interval);
        }
    }
    assert_eq!(scores["enough"]["method"], "bca");
    // Wilson for 1 of 3.
    let passed = &scores["enough"]["pass_interval"];
    assert!(
        (passed[0].as_f64().unwrap() - 0.0615).abs() < 1e-4,
        "{passed}"
    );
    let test = |metric: &str| {
        let all = report["comparisons"].as_array().unwrap();
        let found = all.iter().find(|c| c["metric"] == metric).unwrap();
        (found["test"].clone(), found["effect"]["name"].clone())
    };
    assert_eq!(test("equals"), (json!("mcnemar-exact"), json!("cohen-h")));
    assert_eq!(
        test("token-f1"),
        (json!("sign-flip-exact"), json!("cohen-dz"))
    );
    assert_eq!(test("sentences").0, json!("sign-flip-exact"));
    let shown = folder.run(&["eval", "suite.yaml"]).ends(0).stdout;
    let line = |name: &str| {
        shown
            .lines()
            .filter(|line| line.contains(name))
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert!(
        !line("sentences").contains('%') && !line("sentences").contains("pt"),
        "{shown}"
    );
    assert!(line("equals  ").contains("pt"), "{shown}");
}
