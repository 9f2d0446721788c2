//! Evaluators as suites use them: a table of cases, laws, errors, and a kind from outside.
#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use botsmith_core::yaml::{Cursor, Fields, Source, parse};
use botsmith_eval::evaluators::{
    Configured, Docs, Evaluator, Kind, Panel, Range, Registry, Scope, Subject, read_list,
};
use botsmith_eval::extract::{self, Extract};
use botsmith_eval::metric::Metric;
use botsmith_eval::{Answer, Case, Error, Result, Score, Verdict};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

fn extract(yaml: &str) -> Result<Extract> {
    let source = Source::new("suite.yaml", yaml);
    let node = parse(&source)?;
    Extract::read(&Cursor::new(&source, &node))
}

fn read(list: &str, suite_extract: &Extract) -> Result<Vec<Configured>> {
    let source = Source::new("suite.yaml", list);
    let node = parse(&source)?;
    read_list(
        &Cursor::new(&source, &node),
        &Registry::builtin(),
        suite_extract,
    )
}

fn panel(list: &str) -> Panel {
    Panel::new(read(list, &Extract::default()).unwrap_or_else(|error| panic!("{list}: {error}")))
}

fn case(references: &[&str]) -> Case {
    let vars = serde_json::json!({
        "facts": ["Paris", "1889"],
        "name": "Ada",
        "level": 3,
        "options": ["Rome", "Paris", "New York"],
        "nested": {"a": 1},
        "lettered": {"A": "Rome", "B": "Paris"},
        "arc": {"text": ["Rome", "Paris"], "label": ["A", "B"]},
    });
    Case {
        id: "c1".into(),
        input: "What?".into(),
        references: references.iter().map(|r| (*r).to_owned()).collect(),
        tags: vec!["vip".into()],
        vars: vars.as_object().cloned().unwrap(),
        ..Case::default()
    }
}

fn verdicts(panel: &Panel, answer: &Answer, references: &[&str]) -> Result<Vec<Verdict>> {
    let case = case(references);
    let prepared = panel.prepare(&case)?;
    panel.judge(&prepared, answer)
}

fn score(entry: &str, answer: &str, references: &[&str]) -> Score {
    let panel = panel(&format!("- {entry}"));
    match verdicts(&panel, &Answer::text(answer), references)
        .unwrap()
        .remove(0)
    {
        Verdict::Judged(score) => score,
        other => panic!("{entry} on {answer:?}: {other:?}"),
    }
}

/// Entry of a suite, answer, references, value, passed, the evidence's text (`+` or `-` first).
type Row<'a> = (
    &'a str,
    &'a str,
    &'a [&'a str],
    f64,
    Option<bool>,
    &'a [&'a str],
);

fn check(rows: &[Row<'_>]) {
    for (entry, answer, references, value, passed, evidence) in rows {
        let score = score(entry, answer, references);
        let place = format!("{entry} on {answer:?} with {references:?}: {score:?}");
        assert!((score.value - value).abs() < 1e-12, "{place}");
        assert_eq!(score.passed, *passed, "{place}");
        let shown: Vec<_> = score
            .evidence
            .iter()
            .map(|e| {
                format!(
                    "{}{}",
                    if e.supports { '+' } else { '-' },
                    &answer[e.start..e.end]
                )
            })
            .collect();
        assert_eq!(shown, *evidence, "{place}");
        if score.passed == Some(false) {
            let why = score.explanation.as_deref().unwrap_or_default();
            assert!(
                !why.is_empty() && !why.contains('\n'),
                "a failure says why on one line: {place}"
            );
        }
    }
}

const YES: Option<bool> = Some(true);
const NO: Option<bool> = Some(false);

#[test]
fn equality_is_exact_unless_told_otherwise() {
    check(&[
        ("equals", "Paris", &["Paris"], 1.0, YES, &["+Paris"]),
        ("equals", "Paris", &["Rome", "Paris"], 1.0, YES, &["+Paris"]),
        ("equals", "paris", &["Paris"], 0.0, NO, &[]),
        ("equals", "Paris\r\n", &["Paris"], 0.0, NO, &[]),
        (
            "equals: {trim: true}",
            " Paris\r\n",
            &["Paris"],
            1.0,
            YES,
            &["+ Paris\r\n"],
        ),
        (
            "equals: {ignore-case: true}",
            "ÉTÉ",
            &["été"],
            1.0,
            YES,
            &["+ÉTÉ"],
        ),
        ("equals", "", &[""], 1.0, YES, &["+"]),
        ("equals: Paris", "Paris", &[], 1.0, YES, &["+Paris"]),
        (
            "equals: {value: 'I am {{ name }}'}",
            "I am Ada",
            &["x"],
            1.0,
            YES,
            &["+I am Ada"],
        ),
        ("equals: {value: 1.10}", "1.10", &[], 1.0, YES, &["+1.10"]),
        ("equals: {value: 1.10}", "1.1", &[], 0.0, NO, &[]),
        (
            "equals: {value: a, invert: true}",
            "a",
            &[],
            0.0,
            NO,
            &["-a"],
        ),
        ("equals: {value: a, invert: true}", "b", &[], 1.0, YES, &[]),
        ("equals", "👩‍👩‍👧", &["👩‍👩‍👧"], 1.0, YES, &["+👩‍👩‍👧"]),
    ]);
}

#[test]
fn containment_shows_its_place() {
    check(&[
        (
            "contains: refund",
            "I want a refund now",
            &[],
            1.0,
            YES,
            &["+refund"],
        ),
        (
            "contains: {value: refund}",
            "I want a REFUND",
            &[],
            0.0,
            NO,
            &[],
        ),
        (
            "contains: {value: refund, ignore-case: true}",
            "I want a REFUND",
            &[],
            1.0,
            YES,
            &["+REFUND"],
        ),
        ("contains: refund", "", &[], 0.0, NO, &[]),
        (
            "contains: '{{ name }}'",
            "Dear Ada,",
            &[],
            1.0,
            YES,
            &["+Ada"],
        ),
        ("contains: 42", "it is 42", &[], 1.0, YES, &["+42"]),
        ("contains: ' '", "a b", &[], 1.0, YES, &["+ "]),
        ("icontains: ÉTÉ", "en été 🌞", &[], 1.0, YES, &["+été"]),
        ("icontains: straße", "STRAßE", &[], 1.0, YES, &["+STRAßE"]),
        ("icontains: i", "xİ", &[], 1.0, YES, &["+İ"]),
        (
            "icontains: {value: '{{ name }}'}",
            "ADA",
            &[],
            1.0,
            YES,
            &["+ADA"],
        ),
        ("starts-with: Dear", "Dear Ada", &[], 1.0, YES, &["+Dear"]),
        ("starts-with: Dear", " Dear Ada", &[], 0.0, NO, &[]),
        (
            "starts-with: {value: dear, ignore-case: true}",
            "DEAR Ada",
            &[],
            1.0,
            YES,
            &["+DEAR"],
        ),
        ("ends-with: '?'", "Which order?", &[], 1.0, YES, &["+?"]),
        ("ends-with: '?'", "Which order?\n", &[], 0.0, NO, &[]),
        (
            "ends-with: {value: ÄÖ, ignore-case: true}",
            "ß äö",
            &[],
            1.0,
            YES,
            &["+äö"],
        ),
        (
            "contains-any: [money, refund]",
            "a refund",
            &[],
            1.0,
            YES,
            &["+refund"],
        ),
        (
            "contains-any: {values: [money, refund]}",
            "nothing",
            &[],
            0.0,
            NO,
            &[],
        ),
        (
            "contains-any: refund",
            "a refund",
            &[],
            1.0,
            YES,
            &["+refund"],
        ),
        (
            "contains-all: {values: [a, b]}",
            "b a",
            &[],
            1.0,
            YES,
            &["+a", "+b"],
        ),
        (
            "contains-all: {values: [a, x]}",
            "b a",
            &[],
            0.0,
            NO,
            &["+a"],
        ),
        (
            "contains-all: {values: {from: facts}}",
            "Paris in 1889",
            &[],
            1.0,
            YES,
            &["+Paris", "+1889"],
        ),
        (
            "contains-all: {values: [PARIS, '{{ level }}'], ignore-case: true}",
            "3 in Paris",
            &[],
            1.0,
            YES,
            &["+Paris", "+3"],
        ),
        (
            "contains: {value: refund, invert: true, name: no-refund}",
            "a refund",
            &[],
            0.0,
            NO,
            &["-refund"],
        ),
    ]);
}

#[test]
fn regular_expressions_match_anywhere_or_in_full() {
    check(&[
        (
            r"regex: '\d{5}'",
            "order 48213!",
            &[],
            1.0,
            YES,
            &["+48213"],
        ),
        (r"regex: '\d{6}'", "order 48213!", &[], 0.0, NO, &[]),
        (
            r"regex: {pattern: 'order', ignore-case: true}",
            "ORDER",
            &[],
            1.0,
            YES,
            &["+ORDER"],
        ),
        (
            r"regex: {pattern: 'a|ab', full: true}",
            "ab",
            &[],
            1.0,
            YES,
            &["+ab"],
        ),
        (
            r"regex: {pattern: 'a', full: true}",
            "ab",
            &[],
            0.0,
            NO,
            &[],
        ),
        (r"regex: '(?m)^b$'", "a\nb\nc", &[], 1.0, YES, &["+b"]),
        (
            r"regex: '\p{Emoji_Presentation}'",
            "ok 👍",
            &[],
            1.0,
            YES,
            &["+👍"],
        ),
        ("regex: '^$'", "", &[], 1.0, YES, &["+"]),
    ]);
}

#[test]
fn numbers_are_equal_however_they_are_written() {
    check(&[
        ("number-equals", "18", &["18.00"], 1.0, YES, &["+18"]),
        ("number-equals", "It is $18.", &["18"], 1.0, YES, &["+18"]),
        ("number-equals", "1,200", &["1200"], 1.0, YES, &["+1,200"]),
        ("number-equals", "1 200", &["1,200"], 1.0, YES, &["+1 200"]),
        (
            "number-equals: {decimal: comma}",
            "1.200,5 €",
            &["1200,50"],
            1.0,
            YES,
            &["+1.200,5"],
        ),
        ("number-equals", "-5", &["5"], 0.0, NO, &["--5"]),
        (
            "number-equals",
            "first 3, then 7",
            &["3", "7"],
            1.0,
            YES,
            &["+7"],
        ),
        ("number-equals", "none", &["3"], 0.0, NO, &[]),
        ("number-equals", "", &["3"], 0.0, NO, &[]),
        ("number-equals: 42", "42.0", &["7"], 1.0, YES, &["+42.0"]),
        (
            "number-equals: {value: '{{ level }}'}",
            "3",
            &[],
            1.0,
            YES,
            &["+3"],
        ),
        (
            "number-equals: {tolerance: 0.1}",
            "1.1",
            &["1"],
            1.0,
            YES,
            &["+1.1"],
        ),
        (
            "number-equals: {tolerance: 0.1}",
            "1.11",
            &["1"],
            0.0,
            NO,
            &["-1.11"],
        ),
        (
            "number-equals: {relative: 0.01}",
            "101",
            &["100"],
            1.0,
            YES,
            &["+101"],
        ),
        (
            "number-equals: {relative: 0.01}",
            "102",
            &["100"],
            0.0,
            NO,
            &["-102"],
        ),
        ("number-equals", "18%", &["18"], 1.0, YES, &["+18%"]),
        (
            "number-equals: {percent: fraction}",
            "18%",
            &["0.18"],
            1.0,
            YES,
            &["+18%"],
        ),
        (
            "number-equals: {percent: fraction}",
            "18%",
            &["18 %"],
            1.0,
            YES,
            &["+18%"],
        ),
        ("number-equals", "1/2", &["0.5"], 1.0, YES, &["+1/2"]),
        (
            "number-equals: {fractions: false}",
            "1/2",
            &["2"],
            1.0,
            YES,
            &["+2"],
        ),
        (
            "number-equals: {units: same}",
            "5 kg",
            &["5 km"],
            0.0,
            NO,
            &["-5"],
        ),
        (
            "number-equals: {units: same}",
            "5 km long",
            &["5 km"],
            1.0,
            YES,
            &["+5"],
        ),
        (
            "number-equals",
            "6.02e23",
            &["6.02×10^23"],
            1.0,
            YES,
            &["+6.02e23"],
        ),
        (
            "number-equals",
            "9007199254740993",
            &["9007199254740992"],
            0.0,
            NO,
            &["-9007199254740993"],
        ),
        ("number-equals", "答案是18。", &["18"], 1.0, YES, &["+18"]),
    ]);
}

#[test]
fn choices_are_read_the_ways_people_say_them() {
    for said in [
        "B",
        "b",
        "(B)",
        "B.",
        "**B**",
        "B)",
        "The answer is B",
        "The answer is B.",
        "answer: b",
        "Answer: (b)",
        "Option B: because",
        "Option B",
        "I choose B.",
        "The correct answer is **B**.",
        "The correct option is therefore B",
        "B. Paris",
        "**B)** Paris",
        "Final answer: B\n",
        "Let me think. A is wrong.\n\nAnswer: B",
        "\\boxed{B}",
        "$\\boxed{\\text{B}}$",
        "It is (B).",
        "The answer is A. No, wait: the answer is B.",
        "ANSWER IS B",
        "answer - B",
        "Answer: B\r\n",
        "Answer: `B`",
        "The answer is option B.",
        "My answer would be B, since A is false",
    ] {
        let score = score("choice", said, &["B"]);
        assert_eq!(score.passed, YES, "{said:?}: {score:?}");
        let place = &score.evidence[0];
        assert!(
            said[place.start..place.end].eq_ignore_ascii_case("b"),
            "{said:?}: {score:?}"
        );
    }
    for not_said in [
        "",
        "A",
        "I think it is a boy",
        "The answer is a cat",
        "Answer: A or B",
        "(A) or (B)",
        "Answer: B and C",
        "No idea.",
        "🅱",
        "I would say so",
        "Answer: A/B",
    ] {
        let score = score("choice", not_said, &["B"]);
        assert_eq!(score.passed, NO, "{not_said:?}: {score:?}");
    }
    check(&[
        (
            "choice: {choices: {from: options}}",
            "Paris.",
            &["B"],
            1.0,
            YES,
            &["+Paris"],
        ),
        (
            "choice: {choices: {from: options}}",
            "I am sure it is paris, yes",
            &["Paris"],
            1.0,
            YES,
            &["+paris"],
        ),
        (
            "choice: {choices: {from: options}}",
            "Rome or Paris",
            &["B"],
            0.0,
            NO,
            &[],
        ),
        (
            "choice: {choices: {from: lettered}}",
            "Paris",
            &["B"],
            1.0,
            YES,
            &["+Paris"],
        ),
        (
            "choice: {choices: {from: arc}}",
            "rome",
            &["A"],
            1.0,
            YES,
            &["+rome"],
        ),
        (
            "choice: {choices: [Rome, Paris]}",
            "answer: b",
            &["Paris"],
            1.0,
            YES,
            &["+b"],
        ),
        (
            "choice: {value: c, choices: [x, y, z]}",
            "(C)",
            &[],
            1.0,
            YES,
            &["+C"],
        ),
        ("choice", "J", &["J"], 1.0, YES, &["+J"]),
        ("choice", "B", &["A", "B"], 1.0, YES, &["+B"]),
    ]);
    assert_eq!(
        score("choice", "A or B? Answer: A or B", &["B"])
            .explanation
            .as_deref(),
        Some("expected B, the answer names both A and B")
    );
}

#[test]
fn json_is_found_parsed_and_validated() {
    let schema = "schema: {type: object, required: [age], properties: {age: {type: integer}}}";
    check(&[
        ("is-json", "{\"a\": 1}", &[], 1.0, YES, &["+{\"a\": 1}"]),
        ("is-json", " [1]\r\n", &[], 1.0, YES, &["+ [1]\r\n"]),
        ("is-json", "42", &[], 1.0, YES, &["+42"]),
        ("is-json", "{\n \"ä\": x}", &[], 0.0, NO, &["-x"]),
        ("is-json", "", &[], 0.0, NO, &[]),
        ("is-json", "[1, 2", &[], 0.0, NO, &["-2"]),
        ("is-json", "```json\n{\"a\": 1}\n```", &[], 0.0, NO, &["-`"]),
        (
            "is-json: {code-block: true}",
            "```json\n{\"a\": 1}\n```",
            &[],
            1.0,
            YES,
            &["+{\"a\": 1}"],
        ),
        (
            "contains-json",
            "Sure [see]: {\"a\": [1, \"}\"]} ok",
            &[],
            1.0,
            YES,
            &["+{\"a\": [1, \"}\"]}"],
        ),
        ("contains-json", "no json {here}", &[], 0.0, NO, &[]),
        (
            &format!("contains-json: {{{schema}}}"),
            "[1] {\"age\": 3}",
            &[],
            1.0,
            YES,
            &["+{\"age\": 3}"],
        ),
        (
            &format!("contains-json: {{{schema}}}"),
            "[1] {\"age\": \"x\"}",
            &[],
            0.0,
            NO,
            &["-[1]"],
        ),
        (
            &format!("json-schema: {{{schema}}}"),
            "{\"age\": 3}",
            &[],
            1.0,
            YES,
            &["+{\"age\": 3}"],
        ),
        (
            &format!("json-schema: {{{schema}, code-block: true}}"),
            "Here:\n```\n{\"age\": 3}\n```",
            &[],
            1.0,
            YES,
            &["+{\"age\": 3}"],
        ),
        (
            &format!("json-schema: {{{schema}}}"),
            "{\"age\": \"x\"}",
            &[],
            0.0,
            NO,
            &["-{\"age\": \"x\"}"],
        ),
        (
            "json-schema: {schema: '{\"type\": \"string\", \"pattern\": \"^(a+)+$\"}'}",
            "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"",
            &[],
            0.0,
            NO,
            &["-\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\""],
        ),
    ]);
    let wrong = score(
        &format!("json-schema: {{{schema}}}"),
        "{\"age\": \"x\"}",
        &[],
    );
    assert_eq!(
        wrong.explanation.as_deref(),
        Some("`/age`: \"x\" is not of type \"integer\"")
    );
    let missing = score(&format!("json-schema: {{{schema}}}"), "{}", &[]);
    assert_eq!(
        missing.explanation.as_deref(),
        Some("the value: \"age\" is a required property")
    );
    let deep = "[".repeat(100_000);
    assert_eq!(score("contains-json", &deep, &[]).passed, NO);
    assert_eq!(score("is-json", &deep, &[]).passed, NO);
}

#[test]
fn counts_pass_within_their_limits() {
    check(&[
        ("length", "naïve 👍", &[], 7.0, None, &[]),
        ("length: {max: 3}", "abcd", &[], 4.0, NO, &[]),
        ("length: {min: 0, max: 3}", "", &[], 0.0, YES, &[]),
        ("length: {threshold: 5}", "abcd", &[], 4.0, NO, &[]),
        ("words", "Don't panic, 42 times!", &[], 4.0, None, &[]),
        ("words: {min: 2}", "one", &[], 1.0, NO, &[]),
        ("words", "", &[], 0.0, None, &[]),
        (
            "sentences: {max: 2}",
            "Yes. Is it? It is!",
            &[],
            3.0,
            NO,
            &[],
        ),
        ("sentences", "こんにちは。元気ですか？", &[], 2.0, None, &[]),
        ("lines: {max: 2}", "a\r\n\r\nb\r\n", &[], 3.0, NO, &[]),
        ("lines", "", &[], 0.0, None, &[]),
        ("lines", "a\rb", &[], 2.0, None, &[]),
    ]);
    let why = score("words: {min: 2}", "one", &[]);
    assert_eq!(
        why.explanation.as_deref(),
        Some("1 word, at least 2 wanted")
    );
}

#[test]
fn squad_metrics_are_those_of_the_official_script() {
    // Values of evaluate-v1.1.py on the same texts.
    check(&[
        (
            "exact-match",
            "The Eiffel Tower!",
            &["eiffel tower"],
            1.0,
            YES,
            &["+The Eiffel Tower!"],
        ),
        (
            "exact-match",
            "eiffeltower",
            &["eiffel tower"],
            0.0,
            NO,
            &[],
        ),
        ("exact-match", "the", &[""], 1.0, YES, &["+the"]),
        ("exact-match: {value: U.S.}", "us", &[], 1.0, YES, &["+us"]),
        ("exact-match", "don’t", &["dont"], 0.0, NO, &[]),
        ("token-f1", "a cat", &["the cat sat"], 2.0 / 3.0, None, &[]),
        ("token-f1", "cat cat", &["cat"], 2.0 / 3.0, None, &[]),
        ("token-f1", "", &["cat"], 0.0, None, &[]),
        ("token-f1", "the", &["a"], 0.0, None, &[]),
        (
            "token-f1: {threshold: 0.5}",
            "a cat",
            &["dog", "the cat sat"],
            2.0 / 3.0,
            YES,
            &[],
        ),
        (
            "token-f1: {threshold: 0.9}",
            "a cat",
            &["the cat sat"],
            2.0 / 3.0,
            NO,
            &[],
        ),
        ("token-f1", "ÉTÉ à Paris", &["été à paris"], 1.0, None, &[]),
        (
            "token-f1: {threshold: 0.5, invert: true}",
            "x",
            &["x"],
            0.0,
            NO,
            &[],
        ),
    ]);
}

#[test]
fn likeness_by_edit_distance() {
    check(&[
        (
            "levenshtein",
            "sitting",
            &["kitten"],
            1.0 - 3.0 / 7.0,
            None,
            &[],
        ),
        ("levenshtein", "", &[""], 1.0, None, &[]),
        ("levenshtein", "", &["abc"], 0.0, None, &[]),
        (
            "levenshtein",
            "日本語",
            &["x", "日本"],
            2.0 / 3.0,
            None,
            &[],
        ),
        (
            "levenshtein: {threshold: 0.9}",
            "abc",
            &["abd"],
            2.0 / 3.0,
            NO,
            &[],
        ),
        (
            "levenshtein: {ignore-case: true}",
            "ÀB",
            &["àb"],
            1.0,
            None,
            &[],
        ),
    ]);
}

#[test]
fn latency_and_cost_are_skipped_where_there_are_none() {
    let panel = panel("[latency: 2s, latency: {max: 100ms}, latency, {cost: {max: 0.01}}]");
    let answer = Answer {
        latency: Some(1.5),
        ..Answer::text("x")
    };
    let got = verdicts(&panel, &answer, &[]).unwrap();
    let passed: Vec<_> = got
        .iter()
        .map(|v| match v {
            Verdict::Judged(score) => (score.value, score.passed),
            _ => (-1.0, None),
        })
        .collect();
    assert_eq!(passed, [(1.5, YES), (1.5, NO), (1.5, None), (-1.0, None)]);
    assert_eq!(
        got[3],
        Verdict::Skipped("the answer carries no cost".into())
    );
    let names: Vec<_> = panel.evaluators().iter().map(Configured::name).collect();
    assert_eq!(names, ["latency", "latency#2", "latency#3", "cost"]);
    assert_eq!(
        panel
            .evaluators()
            .iter()
            .map(Configured::decides)
            .collect::<Vec<_>>(),
        [true, true, false, true]
    );
}

#[test]
fn evaluators_are_made_of_evaluators() {
    check(&[
        (
            "all-of: [contains: a, contains: b]",
            "a b",
            &[],
            1.0,
            YES,
            &["+a", "+b"],
        ),
        (
            "all-of: {of: [contains: a, contains: x]}",
            "a b",
            &[],
            0.0,
            NO,
            &[],
        ),
        (
            "any-of: [contains: x, contains: b]",
            "a b",
            &[],
            1.0,
            YES,
            &["+b"],
        ),
        (
            "any-of: [contains: x, contains: y]",
            "a b",
            &[],
            0.0,
            NO,
            &[],
        ),
        (
            "not: {icontains: guarantee}",
            "We GUARANTEE it",
            &[],
            0.0,
            NO,
            &["-GUARANTEE"],
        ),
        ("not: {icontains: guarantee}", "We hope", &[], 1.0, YES, &[]),
        (
            "not: {icontains: guarantee, name: no-promise}",
            "We hope",
            &[],
            1.0,
            YES,
            &[],
        ),
        (
            "not: {of: [contains: x, contains: b]}",
            "a b",
            &[],
            0.0,
            NO,
            &["-b"],
        ),
        ("not: [is-json]", "{}", &[], 0.0, NO, &["-{}"]),
        (
            "weighted: [{contains: {value: a, weight: 3}}, contains: x]",
            "a",
            &[],
            0.75,
            None,
            &["+a"],
        ),
        (
            "weighted: {of: [{contains: {value: a, weight: 3}}, contains: x], threshold: 0.75}",
            "a",
            &[],
            0.75,
            YES,
            &["+a"],
        ),
        (
            "weighted: {of: [words: {max: 3}, token-f1]}",
            "the cat",
            &["cat"],
            1.0,
            None,
            &[],
        ),
        (
            "all-of: [{contains: {value: x, when: \"'x' in tags\"}}, contains: a]",
            "a",
            &[],
            1.0,
            YES,
            &["+a"],
        ),
        (
            "all-of: [number-equals, {any-of: [contains: cm, contains: metre]}]",
            "5 cm",
            &["5"],
            1.0,
            YES,
            &["+5", "+cm"],
        ),
    ]);
    let failing = score("all-of: [contains: a, words: {max: 1}]", "a b", &[]);
    assert_eq!(
        failing.explanation.as_deref(),
        Some("words: 2 words, at most 1 wanted")
    );
    let skipped = verdicts(&panel("- all-of: [latency: 2s]"), &Answer::text("x"), &[]).unwrap();
    assert_eq!(skipped, [Verdict::Skipped("every part was skipped".into())]);
}

#[test]
fn failures_are_explained() {
    for (entry, answer, references, why) in [
        (
            "equals",
            "London",
            &["Paris"][..],
            "expected \"Paris\", found \"London\"",
        ),
        (
            "equals",
            "x",
            &["a", "b"],
            "expected \"a\" or \"b\", found \"x\"",
        ),
        (
            "contains: refund",
            "x",
            &[],
            "\"refund\" is not in the answer",
        ),
        (
            "starts-with: Dear",
            "x",
            &[],
            "the answer does not start with \"Dear\"",
        ),
        (
            "ends-with: Dear",
            "x",
            &[],
            "the answer does not end with \"Dear\"",
        ),
        (
            "contains-any: [a, b]",
            "x",
            &[],
            "none of \"a\", \"b\" is in the answer",
        ),
        (
            "contains-all: [a, b, x]",
            "x",
            &[],
            "\"a\" and 1 more not in the answer (1 of 3 found)",
        ),
        ("regex: '[ab]+'", "x", &[], "`[ab]+` does not match"),
        ("number-equals", "so 26", &["18"], "expected 18, found 26"),
        ("number-equals", "none", &["18"], "no number in the answer"),
        ("choice", "A", &["B"], "expected B, found A"),
        ("choice", "hm", &["B"], "expected B, the answer picks none"),
        ("is-json", "{a: 1}", &[], "not JSON: key must be a string"),
        (
            "contains-json",
            "x",
            &[],
            "no JSON object or list in the answer",
        ),
        (
            "token-f1: {threshold: 0.9}",
            "a",
            &["b"],
            "0.000 is below the threshold 0.9",
        ),
        (
            "contains: {value: a, invert: true}",
            "a",
            &[],
            "contains holds, and must not",
        ),
        (
            "not: {contains: a}",
            "a",
            &[],
            "contains passes, and must not",
        ),
    ] {
        assert_eq!(
            score(entry, answer, references).explanation.as_deref(),
            Some(why),
            "{entry}"
        );
    }
    let long = score("equals", &"x".repeat(5_000), &["y"])
        .explanation
        .unwrap();
    assert!(long.chars().count() < 120, "{long}");
}

#[test]
fn hostile_texts_take_linear_time() {
    let start = std::time::Instant::now();
    let a = "a".repeat(300_000);
    let entries = [
        (
            "contains: {value: 'aaaaaaaaab', ignore-case: true}",
            a.clone(),
        ),
        ("choice: {value: A, choices: [aa, aaa]}", a.clone()),
        ("choice", "answer is ".repeat(30_000)),
        ("contains-json", "[".repeat(300_000)),
        ("contains-json", "[\"".repeat(100_000)),
        ("contains-json", "{\"a\":[".repeat(50_000)),
        ("number-equals", "1,".repeat(150_000)),
        ("number-equals", "CO2\n".repeat(70_000)),
        ("token-f1", "a b ".repeat(70_000)),
        ("regex: '(a+)+$'", format!("{a}b")),
        (
            "equals: {value: x, extract: [{between: [aa, b]}]}",
            a.clone(),
        ),
        (
            "equals: {value: x, extract: code-block}",
            "``` `\n".repeat(50_000),
        ),
    ];
    for (entry, answer) in entries {
        verdicts(
            &panel(&format!("- {entry}")),
            &Answer::text(answer),
            &["Answer: B (1)"],
        )
        .unwrap();
    }
    // Far above what it takes, far below what anything quadratic would.
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
}

#[test]
fn a_panel_may_be_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&panel("[equals, regex: a, {json-schema: {schema: {}}}]"));
}

#[test]
fn extraction_is_for_evaluators_that_compare() {
    let suite = extract("[final-line, last-number]").unwrap();
    let list = read("[number-equals, equals, contains: because, {contains: {value: '18', extract: final-line, name: in-line}}, {number-equals: {extract: [], name: whole}}]", &suite).unwrap();
    let shown: Vec<_> = list
        .iter()
        .map(|e| (e.name(), e.extract().to_string()))
        .collect();
    assert_eq!(
        shown,
        [
            ("number-equals", "final-line | last-number".to_owned()),
            ("equals", "final-line | last-number".to_owned()),
            ("contains", String::new()),
            ("in-line", "final-line".to_owned()),
            ("whole", String::new()),
        ]
    );
    let panel = Panel::new(list);
    let answer = "18 because\n#### 18.0";
    let got = verdicts(&panel, &Answer::text(answer), &["so\nA: 18"]).unwrap();
    let judged: Vec<_> = got
        .iter()
        .map(|v| match v {
            Verdict::Judged(score) => (
                score.passed,
                score.evidence.first().map(|e| (e.start, e.end)),
            ),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        judged,
        [
            (YES, Some((16, 20))),
            (NO, None),
            (YES, Some((3, 10))),
            (YES, Some((16, 18))),
            (YES, Some((16, 20))),
        ]
    );
}

#[test]
fn nothing_found_in_the_answer_is_not_passed_and_says_so() {
    let suite = extract("[final-line, last-number]").unwrap();
    let list =
        "[number-equals, {number-equals: {invert: true}}, token-f1, {token-f1: {threshold: 0.1}}]";
    let panel = Panel::new(read(list, &suite).unwrap());
    let got = verdicts(&panel, &Answer::text("no idea"), &["18"]).unwrap();
    let why = "final-line | last-number finds nothing in the answer";
    for (verdict, passed) in got.into_iter().zip([NO, NO, None, NO]) {
        let wanted = Score {
            passed,
            ..Score::graded(0.0)
        }
        .because(why);
        assert_eq!(verdict, Verdict::Judged(wanted));
    }
}

#[test]
fn a_reference_without_content_stops_and_names_the_case() {
    let suite = extract("[last-number]").unwrap();
    let panel = Panel::new(read("[number-equals]", &suite).unwrap());
    let error = verdicts(&panel, &Answer::text("1"), &["none"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "case `c1`: last-number finds nothing in its reference \"none\""
    );
    let error = verdicts(&panel, &Answer::text("1"), &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "case `c1` has no reference, and `number-equals` compares with one"
    );
    // Neither matters where the value is given, or the case is not judged.
    let free = Panel::new(
        read(
            "[number-equals: 1, {number-equals: {when: 'level > 9'}}]",
            &suite,
        )
        .unwrap(),
    );
    let got = verdicts(&free, &Answer::text("1"), &["none"]).unwrap();
    assert!(matches!(&got[0], Verdict::Judged(score) if score.passed == YES));
    assert_eq!(got[1], Verdict::Skipped("`when` is false".into()));
    let error = verdicts(&panel_of("number-equals"), &Answer::text("1"), &["none"]).unwrap_err();
    assert!(matches!(error, Error::EmptyReference { .. }), "{error}");
}

fn panel_of(entry: &str) -> Panel {
    panel(&format!("[{entry}]"))
}

#[test]
fn steps_take_what_they_say() {
    for (steps, text, wanted) in [
        ("[]", "a\nb", Some("a\nb")),
        ("first-line", "\n a \nb", Some("a")),
        ("final-line", "a\r\nb\r\n\r\n", Some("b")),
        ("final-line", " \n", None),
        ("last-number", "It is $1,080.", Some("1,080")),
        ("last-number", "He is 72.", Some("72")),
        ("last-number", "-3.5!", Some("-3.5")),
        ("last-number", "half is 1/2.", Some("1/2")),
        ("first-number", "3 of 4", Some("3")),
        ("trim", " a ", Some("a")),
        ("lowercase", "ÀB", Some("àb")),
        ("[regex: 'A: (\\d+)']", "A: 1 A: 2", Some("1")),
        (
            "[regex: {pattern: 'A: (\\d+)', match: last}]",
            "A: 1 A: 2",
            Some("2"),
        ),
        (
            "[regex: {pattern: '(?P<x>a)(b)', group: x}]",
            "ab",
            Some("a"),
        ),
        ("[regex: {pattern: '(a)(b)', group: 2}]", "ab", Some("b")),
        ("[regex: '[xyz]']", "ab", None),
        ("[regex: '(x)?b']", "ab", None),
        ("[after: '####']", "a #### 1 #### 2", Some(" 2")),
        ("[{after: '####'}, trim]", "a #### 1", Some("1")),
        ("[before: '(']", "a (b) (c)", Some("a ")),
        ("[between: [<a>, </a>]]", "x<a>1</a><a>2</a>", Some("1")),
        ("[between: [<a>, </a>]]", "x<a>1", None),
        ("[json: /a/0]", "Here: {\"a\": [\"x\\ny\"]}", Some("x\ny")),
        ("[json: /a]", "{\"a\": {\"b\": 1}}", Some("{\"b\":1}")),
        ("[json: /z]", "{\"a\": 1}", None),
        ("[json: /z]", "no", None),
        (
            "code-block",
            "x\n```rust\nfn a() {}\n```\ny",
            Some("fn a() {}"),
        ),
        ("code-block", "~~~~\na\n~~~\nb\n~~~~\n", Some("a\n~~~\nb")),
        ("code-block", "```\r\na\r\n```", Some("a")),
        ("code-block", "```\nopen", Some("open")),
        ("code-block", "none", None),
        ("[final-line, lowercase, last-number]", "A\nB 7", Some("7")),
    ] {
        let got = extract(steps).unwrap();
        assert_eq!(got.apply(text).as_deref(), wanted, "{steps} on {text:?}");
    }
}

#[test]
fn wrong_suites_are_told_what_is_wrong_and_where() {
    for (list, message, line, column, hint) in [
        (
            "- contians: x",
            "unknown evaluator `contians`",
            1,
            3,
            Some("did you mean `contains`?"),
        ),
        (
            "- equals\n- eqals",
            "unknown evaluator `eqals`",
            2,
            3,
            Some("did you mean `equals`?"),
        ),
        (
            "- contains: {vlaue: x}",
            "key `value` is missing",
            1,
            13,
            Some("`vlaue` stands here; did you mean `value`?"),
        ),
        (
            "- contains: {value: x, ignorecase: true}",
            "unknown key `ignorecase`",
            1,
            24,
            Some("did you mean `ignore-case`?"),
        ),
        (
            "- contains: {value: x, treshold: 1}",
            "unknown key `treshold`",
            1,
            24,
            Some("did you mean `threshold`?"),
        ),
        ("- contains", "key `value` is missing", 1, 3, None),
        ("- contains: ''", "must not be empty", 1, 13, None),
        (
            "- contains: [a]",
            "expected text, found a list",
            1,
            13,
            None,
        ),
        ("- contains: '{{ name'", "not a valid template", 1, 13, None),
        ("- contains-any: []", "must not be empty", 1, 17, None),
        (
            "- equals: {ignore-case: 1}",
            "expected `true` or `false`, found a number `1`",
            1,
            25,
            None,
        ),
        (
            "- regex: '('",
            "not a valid regular expression: unclosed group",
            1,
            10,
            None,
        ),
        (
            "- regex: '(?=a)'",
            "not a valid regular expression: look-around",
            1,
            10,
            None,
        ),
        (
            "- regex: '\\w{9999}{9999}'",
            "not a valid regular expression: compiled it is larger than 4194304 bytes",
            1,
            10,
            None,
        ),
        ("- json-schema", "key `schema` is missing", 1, 3, None),
        (
            "- json-schema: {schema: {type: strin}}",
            "not a valid JSON Schema: `/type`",
            1,
            25,
            None,
        ),
        (
            "- json-schema: {schema: {$ref: 'https://example.com/x'}}",
            "not a valid JSON Schema",
            1,
            25,
            None,
        ),
        (
            "- json-schema: {schema: '{'}",
            "the schema is not JSON",
            1,
            25,
            None,
        ),
        (
            "- json-schema: {schema: {pattern: '(?=a)'}}",
            "not a valid JSON Schema: `/pattern`",
            1,
            25,
            None,
        ),
        (
            "- length: 5",
            "expected a mapping, found a number `5`",
            1,
            11,
            None,
        ),
        (
            "- length: {min: 3, max: 2}",
            "max 2 is below min 3",
            1,
            25,
            None,
        ),
        (
            "- length: {max: -1}",
            "expected a whole number of 0 or more, found a number `-1`",
            1,
            17,
            None,
        ),
        ("- latency: soon", "expected a duration", 1, 12, None),
        (
            "- number-equals: {decimal: komma}",
            "`komma` is not known here",
            1,
            28,
            Some("did you mean `comma`?"),
        ),
        (
            "- number-equals: {tolerance: -1}",
            "-1 is below 0",
            1,
            30,
            None,
        ),
        (
            "- number-equals: none",
            "\"none\" holds no number",
            1,
            18,
            None,
        ),
        (
            "- token-f1: {threshold: 2}",
            "2 is outside 0 to 1",
            1,
            25,
            None,
        ),
        ("- equals: {weight: -1}", "-1 is below 0", 1, 20, None),
        (
            "- equals: {when: 'a >'}",
            "not a valid expression",
            1,
            18,
            None,
        ),
        (
            "- equals: {extract: finalline}",
            "unknown extract step `finalline`",
            1,
            21,
            Some("did you mean `final-line`?"),
        ),
        (
            "- equals: {extract: [after]}",
            "extract step `after` needs a value",
            1,
            22,
            Some("write `{after: …}`"),
        ),
        (
            "- equals: {extract: [trim: 1]}",
            "extract step `trim` takes no value",
            1,
            28,
            None,
        ),
        (
            "- equals: {extract: [json: a]}",
            "`a` is no JSON Pointer",
            1,
            28,
            Some("write `/a`"),
        ),
        (
            "- equals: {extract: [regex: {pattern: a, group: 1}]}",
            "the pattern has no group `1`",
            1,
            49,
            None,
        ),
        (
            "- equals: {extract: [between: [a]]}",
            "expected two texts, found 1",
            1,
            31,
            None,
        ),
        (
            "- choice: {choices: [a]}",
            "expected 2 to 26 options, found 1",
            1,
            21,
            None,
        ),
        (
            "- {contains: a, equals: b}",
            "an evaluator is one name with its options under it",
            1,
            3,
            None,
        ),
        (
            "- equals: {name: a}\n- exact-match: {name: a}",
            "two evaluators are named `a`",
            2,
            3,
            None,
        ),
        (
            "- all-of: [token-f1]",
            "`token-f1` gives no pass or fail by itself",
            1,
            11,
            Some("give it a `threshold`"),
        ),
        (
            "- weighted: [words]",
            "`words` gives no pass or fail by itself",
            1,
            13,
            Some("give it a `max` or a `threshold`"),
        ),
        ("- all-of: []", "must not be empty", 1, 11, None),
        (
            "- all-of: [contians: a]",
            "unknown evaluator `contians`",
            1,
            12,
            Some("did you mean `contains`?"),
        ),
        ("- not: {icontians: a}", "key `of` is missing", 1, 8, None),
        ("equals", "expected a list, found text `equals`", 1, 1, None),
    ] {
        let error = read(list, &Extract::default())
            .err()
            .unwrap_or_else(|| panic!("{list} was accepted"));
        let Error::Core(core) = &error else {
            panic!("{list}: {error}")
        };
        let diagnostic = core.diagnostic().unwrap();
        assert!(diagnostic.message.starts_with(message), "{list}: {error}");
        assert_eq!(
            (diagnostic.line, diagnostic.column),
            (line, column),
            "{list}: {error}"
        );
        if hint.is_some() {
            assert_eq!(diagnostic.hint.as_deref(), hint, "{list}: {error}");
        }
    }
}

#[test]
fn repeats_are_numbered_and_given_names_kept() {
    let list = read("[contains: a, contains: b, {contains: {value: c, name: mine}}, contains: d, {equals: {name: contains#2}}]", &Extract::default()).unwrap();
    let names: Vec<_> = list.iter().map(Configured::name).collect();
    assert_eq!(
        names,
        ["contains", "contains#3", "mine", "contains#4", "contains#2"]
    );
}

#[test]
fn a_missing_field_is_an_error_that_names_the_case() {
    for entry in [
        "contains: '{{ nothing }}'",
        "contains-all: {values: {from: nothing}}",
        "contains-any: {values: {from: nested}}",
        "choice: {choices: {from: nothing}}",
    ] {
        let error = verdicts(
            &panel_of(&format!("{{{entry}}}")),
            &Answer::text("x"),
            &["A"],
        )
        .unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("template failed on case `c1`: "),
            "{entry}: {error}"
        );
    }
}

#[test]
fn every_kind_is_documented_and_its_schemas_and_example_hold() {
    let registry = Registry::builtin();
    let mut schema = serde_json::json!({"type": "array", "items": {"$ref": "#/$defs/evaluator"}});
    schema["$defs"] = registry.json_schema_defs();
    let validator = jsonschema::options().offline().build(&schema).unwrap();
    for kind in registry.kinds() {
        let docs = kind.docs();
        assert!(
            docs.about.ends_with('.') && !docs.formula.is_empty(),
            "{}",
            docs.name
        );
        for option in docs.options {
            serde_json::from_str::<serde_json::Value>(option.schema).unwrap();
        }
        let source = Source::new("example.yaml", docs.example);
        let node = parse(&source).unwrap();
        let list = read_list(&Cursor::new(&source, &node), &registry, &Extract::default());
        assert_eq!(
            list.unwrap_or_else(|e| panic!("{}: {e}", docs.name))[0].kind(),
            docs.name
        );
        assert!(validator.is_valid(&node.to_json()), "{}", docs.example);
    }
    for (list, valid) in [
        (
            "[equals, {contains: a}, {length: {max: 3, name: short}}]",
            true,
        ),
        (
            "[not: {icontains: a}, {all-of: [equals, {any-of: {of: [is-json]}}]}]",
            true,
        ),
        (
            "[{equals: {extract: [final-line, {regex: a}], when: 'a > 1'}}]",
            true,
        ),
        ("[nonsense]", false),
        ("[contains]", false),
        ("[{contains: {valeu: a}}]", false),
        ("[{contains: a, equals: b}]", false),
        ("[{token-f1: {threshold: 2}}]", false),
        ("[{equals: {extract: [nothing]}}]", false),
    ] {
        let source = Source::new("x", list);
        assert_eq!(
            validator.is_valid(&parse(&source).unwrap().to_json()),
            valid,
            "{list}"
        );
    }
    let steps = extract::json_schema();
    assert!(jsonschema::validator_for(&steps).is_ok());
}

#[test]
fn a_metric_reads_its_options_as_json() {
    let registry = Registry::builtin();
    let metric = Metric::new(
        &registry,
        "equals",
        Some(r#"{"ignore-case": true, "value": "A"}"#),
    )
    .unwrap();
    assert!(
        matches!(metric.judge("a", &[]).unwrap(), Verdict::Judged(score) if score.passed == YES)
    );
    let error = Metric::new(&registry, "equals", Some(r#"{"ignorecase": true}"#)).unwrap_err();
    assert!(error.to_string().contains("--options:1:2"), "{error}");
    assert!(
        error.to_string().contains("did you mean `ignore-case`?"),
        "{error}"
    );
    let error = Metric::new(&registry, "equal", None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no evaluator `equal`; did you mean `equals`?"
    );
    let error = Metric::new(&registry, "token-f1", None)
        .unwrap()
        .judge("a", &[])
        .unwrap_err();
    assert!(matches!(error, Error::NoReference { .. }), "{error}");
}

/// A kind that a user brings: how many vowels, against a limit.
struct Vowels(Docs);

#[derive(Debug)]
struct CountVowels(usize);

impl Evaluator for CountVowels {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let vowels = subject
            .text
            .chars()
            .filter(|c| "aeiou".contains(*c))
            .count();
        Ok(Score {
            value: vowels as f64,
            passed: Some(vowels <= self.0),
            ..Score::default()
        }
        .into())
    }
}

impl Kind for Vowels {
    fn docs(&self) -> &Docs {
        &self.0
    }

    fn build(&self, options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
        Ok(Box::new(CountVowels(options.required("max")?.count()?)))
    }
}

#[test]
fn a_kind_from_outside_stands_beside_the_builtin_ones() {
    let mut registry = Registry::builtin();
    registry.register(Vowels(Docs {
        name: "vowels",
        about: "How many vowels.",
        formula: "",
        range: Range::COUNT,
        decides: true,
        compares: false,
        options: &[],
        example: "- vowels: {max: 2}",
        scalar: Some("max"),
    }));
    let source = Source::new(
        "suite.yaml",
        "[vowels: 2, {not: {vowels: 1}}, {vowels: {max: 0, name: none, extract: final-line}}]",
    );
    let node = parse(&source).unwrap();
    let panel = Panel::read(&Cursor::new(&source, &node), &registry, &Extract::default()).unwrap();
    let got = verdicts(&panel, &Answer::text("abide\nxyz"), &[]).unwrap();
    let passed: Vec<_> = got
        .iter()
        .map(|v| match v {
            Verdict::Judged(score) => score.passed,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(passed, [NO, YES, YES]);
    assert!(
        registry.json_schema()["anyOf"][1]["properties"]
            .get("vowels")
            .is_some()
    );
}

/// Entries that judge any text without vars.
const ALL: &[&str] = &[
    "equals",
    "{equals: {ignore-case: true, trim: true}}",
    "{contains: a}",
    "{icontains: é}",
    "{starts-with: {value: a, ignore-case: true}}",
    "{ends-with: {value: ß, ignore-case: true}}",
    "{contains-any: [a, İ]}",
    "{contains-all: {values: [σ, i], ignore-case: true}}",
    "{regex: '\\w+'}",
    "{number-equals: 5}",
    "{choice: B}",
    "{choice: {value: A, choices: [yes, no, é]}}",
    "is-json",
    "contains-json",
    "{json-schema: {schema: {type: array}, code-block: true}}",
    "length",
    "words",
    "sentences",
    "lines",
    "exact-match",
    "token-f1",
    "levenshtein",
    "edit-distance",
    "{edit-distance: {metric: jaro-winkler, form: similarity, name: jw}}",
    "{edit-distance: {metric: damerau-levenshtein, ignore-case: true, name: dl}}",
    "{fuzzy: w-ratio}",
    "{fuzzy: {ratio: token-set-ratio, process: true, name: ts}}",
    "wer",
    "mer",
    "wil",
    "wip",
    "cer",
    "{wer: {value: a b c, name: value-wer}}",
    "{not: {contains: a}}",
    "{weighted: [token-f1, is-json]}",
    "{equals: {extract: [final-line, trim], name: e1}}",
    "{equals: {extract: [last-number], value: a, name: e2}}",
    "{contains: {value: a, extract: [lowercase, code-block], name: e3}}",
    "{contains: {value: a, extract: [{json: ''}], name: e4}}",
    "{icontains: {value: a, invert: true, name: inverted}}",
];

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,60}",
        any::<String>(),
        "[aAbBİßσςé0-9.,$%/ (){}\\[\\]\"'`*:\\r\\n-]{0,60}",
        "(Answer|Option|The answer is|\\{\"a\": |```json\\n|1,0|£-|1e){0,4}[ a-eA-E0-9\\n.]{0,9}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 600,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_verdict_is_in_range_with_evidence_inside_the_answer(answer in any_text(), reference in any_text()) {
        static PANEL: LazyLock<Panel> = LazyLock::new(|| panel(&format!("[{}]", ALL.join(", "))));
        let panel = &*PANEL;
        // Every reference has to have something for the extraction to take.
        let reference = format!("x{reference}");
        let got = verdicts(panel, &Answer::text(answer.as_str()), &[&reference]).unwrap();
        for (evaluator, verdict) in panel.evaluators().iter().zip(got) {
            let Verdict::Judged(score) = verdict else {
                return Err(TestCaseError::fail(format!("{}: {verdict:?}", evaluator.name())));
            };
            let range = evaluator.docs().range;
            prop_assert!((range.lo..=range.hi).contains(&score.value), "{}: {score:?}", evaluator.name());
            prop_assert_eq!(score.passed.is_some(), evaluator.decides(), "{}", evaluator.name());
            for span in &score.evidence {
                prop_assert!(answer.get(span.start..span.end).is_some(), "{}: {score:?}", evaluator.name());
            }
        }
    }

    #[test]
    fn a_text_is_like_itself(text in any_text()) {
        for entry in ["equals", "{equals: {ignore-case: true}}", "exact-match", "levenshtein"] {
            let got = verdicts(&panel_of(entry), &Answer::text(text.as_str()), &[&text]).unwrap();
            prop_assert!(matches!(&got[0], Verdict::Judged(score) if score.value == 1.0), "{entry}");
        }
        let folded = botsmith_eval::evaluators::contains(&text, &text, true);
        prop_assert_eq!(folded, Some((0, text.len())));
    }

    #[test]
    fn likeness_is_symmetric(a in any_text(), b in any_text()) {
        use botsmith_eval::evaluators::{NumberOptions, equals, exact_match, number_equals, token_f1};
        prop_assert_eq!(token_f1(&a, &b), token_f1(&b, &a));
        prop_assert_eq!(exact_match(&a, &b), exact_match(&b, &a));
        prop_assert_eq!(equals(&a, &b, true), equals(&b, &a, true));
        let options = NumberOptions::default();
        prop_assert_eq!(number_equals(&a, &b, &options), number_equals(&b, &a, &options));
    }

    #[test]
    fn normalising_twice_changes_nothing_of_ascii(text in "[ -~\\n]{0,60}") {
        use botsmith_eval::evaluators::squad_normalise;
        let once = squad_normalise(&text);
        prop_assert_eq!(squad_normalise(&once), once.clone());
    }

    #[test]
    fn what_searching_steps_take_stands_in_the_text(text in any_text()) {
        for steps in ["first-line", "final-line", "first-number", "last-number", "trim", "code-block", "[final-line, last-number]", "[after: a]", "[before: '1']", "[between: [a, b]]", "[regex: '\\d+']"] {
            if let Some(part) = extract(steps).unwrap().apply(&text) {
                prop_assert!(matches!(part, std::borrow::Cow::Borrowed(_)), "{steps}");
                prop_assert!(text.contains(part.as_ref()), "{steps}");
            }
        }
    }

    #[test]
    fn numbers_written_in_other_ways_are_the_same(n in -10_000_000_i64..10_000_000) {
        use botsmith_eval::evaluators::{NumberOptions, number_equals};
        let plain = n.to_string();
        let digits = n.unsigned_abs().to_string();
        let mut grouped = String::new();
        for (i, c) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(c);
        }
        let sign = if n < 0 { "-" } else { "" };
        for other in [format!("{sign}${grouped}.00"), format!("so: {sign}{grouped}."), format!("{n}e0"), format!("{sign}{digits}0e-1")] {
            prop_assert_eq!(number_equals(&other, &plain, &NumberOptions::default()), Some(true), "{}", other);
        }
    }
}

#[test]
fn what_says_that_it_gives_verdicts_gives_nothing_between_0_and_1() {
    let answers = [
        "B",
        "It is not 18 apples, I think. You should pay 20 dollars, mustn't you?",
        "Paris was founded in 1889. We would love that! They said no.",
        "{\"a\": 1}",
        "",
    ];
    let registry = Registry::builtin();
    let mut verdicts = 0;
    for name in registry.names() {
        let Ok(list) = read(&format!("[{name}]"), &Extract::default()) else {
            continue; // It needs options.
        };
        if list[0].scale() != botsmith_eval::stats::Scale::Verdicts {
            continue;
        }
        assert!(list[0].decides(), "{name}");
        verdicts += 1;
        let panel = Panel::new(list);
        for text in answers {
            let case = case(&["B", "18", "Paris was not founded in 1889"]);
            let Ok(prepared) = panel.prepare(&case) else {
                continue;
            };
            let Ok(judged) = panel.judge(&prepared, &Answer::text(text)) else {
                continue;
            };
            if let Verdict::Judged(score) = &judged[0] {
                let value = f64::from(u8::from(score.passed == Some(true)));
                assert_eq!(score.value, value, "{name}: {text}");
            }
        }
    }
    assert!(verdicts >= 5, "{verdicts}");
}

#[test]
fn a_threshold_makes_no_verdicts_of_grades() {
    use botsmith_eval::stats::Scale;
    for (list, scale) in [
        ("[equals]", Scale::Verdicts),
        ("[{equals: {invert: true}}]", Scale::Verdicts),
        ("[{token-f1: {threshold: 0.5}}]", Scale::Graded),
        ("[{sentences: {max: 2}}]", Scale::Graded),
        ("[{latency: 2s}]", Scale::Graded),
        ("[new-numbers]", Scale::Graded),
        (
            "[{all-of: [{sentences: {max: 2}}, {contains: x}]}]",
            Scale::Verdicts,
        ),
        (
            "[{weighted: {of: [equals, {contains: x}], threshold: 0.5}}]",
            Scale::Graded,
        ),
    ] {
        assert_eq!(panel(list).evaluators()[0].scale(), scale, "{list}");
    }
}
