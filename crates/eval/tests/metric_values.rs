//! Values of many pairs, which are computed without explanation and evidence, against verdicts one by one.

#![allow(clippy::unwrap_used, reason = "tests may")]

use botsmith_eval::Verdict;
use botsmith_eval::evaluators::Registry;
use botsmith_eval::metric::Metric;
use proptest::prelude::*;

/// Every evaluator that may say its value alone, and options that take that from it.
const TABLE: &[(&str, Option<&str>)] = &[
    ("bleu", None),
    ("bleu", Some(r#"{"smooth": "none", "max-order": 2}"#)),
    ("chrf", None),
    ("chrf", Some(r#"{"word-order": 2}"#)),
    ("ter", None),
    ("gleu", None),
    ("nltk-bleu", None),
    ("rouge", None),
    (
        "rouge",
        Some(r#"{"variant": "2", "stemmer": true, "measure": "r"}"#),
    ),
    ("meteor", None),
    ("wer", None),
    ("cer", None),
    ("mer", None),
    ("wip", None),
    ("wer", Some(r#"{"value": "a b"}"#)),
    ("fuzzy", Some(r#"{"ratio": "token-set-ratio"}"#)),
    ("edit-distance", None),
    (
        "edit-distance",
        Some(r#"{"metric": "jaro", "form": "similarity"}"#),
    ),
    ("edit-distance", Some(r#"{"ignore-case": true}"#)),
    ("levenshtein", None),
    ("levenshtein", Some(r#"{"invert": true}"#)),
    ("levenshtein", Some(r#"{"threshold": 0.5}"#)),
    ("levenshtein", Some(r#"{"ignore-case": true}"#)),
    ("token-f1", None),
    ("exact-match", None),
    ("exact-match", Some(r#"{"value": "a b"}"#)),
    ("equals", None),
    ("equals", Some(r#"{"ignore-case": true, "trim": true}"#)),
    ("wil", None),
    ("rouge", Some(r#"{"variant": "Lsum"}"#)),
    ("distinct-n", None),
    ("repetition", Some(r#"{"n": 1}"#)),
];

/// Those that want a number in every reference.
const NUMBERS: &[Option<&str>] = &[
    None,
    Some(r#"{"tolerance": 3, "units": "same"}"#),
    Some(r#"{"percent": "fraction", "relative": 0.5}"#),
];

fn one_by_one(metric: &Metric, pair: &(String, Vec<String>)) -> Option<f64> {
    match metric.judge(&pair.0, &pair.1).unwrap() {
        Verdict::Judged(score) => Some(score.value),
        _ => None,
    }
}

fn text() -> impl Strategy<Value = String> {
    "([abAé日] ?){0,8}[.!]?"
}

fn number() -> impl Strategy<Value = String> {
    "(a |-)?[0-9]{1,2}([.,][05])?( ?%| m| kg)?"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn many_pairs_have_the_values_of_their_verdicts(
        pairs in prop::collection::vec((text(), prop::collection::vec(text(), 1..4)), 1..6)
    ) {
        for (name, options) in TABLE {
            let metric = Metric::new(&Registry::builtin(), name, *options).unwrap();
            let values = metric.scores(&pairs, 1, |pair| (&pair.0, &pair.1)).unwrap();
            let wanted: Vec<_> = pairs.iter().map(|pair| one_by_one(&metric, pair)).collect();
            prop_assert_eq!(values, wanted, "{} {:?}", name, options);
        }
    }

    #[test]
    fn many_numbers_have_the_values_of_their_verdicts(
        pairs in prop::collection::vec((prop_oneof![number(), text()], prop::collection::vec(number(), 1..4)), 1..6)
    ) {
        for options in NUMBERS {
            let metric = Metric::new(&Registry::builtin(), "number-equals", *options).unwrap();
            let values = metric.scores(&pairs, 1, |pair| (&pair.0, &pair.1)).unwrap();
            let wanted: Vec<_> = pairs.iter().map(|pair| one_by_one(&metric, pair)).collect();
            prop_assert_eq!(values, wanted, "{:?}", options);
        }
    }
}

#[test]
fn texts_that_differ_by_a_little_are_the_same_only_where_options_say_so() {
    let same = Some(r#"{"ignore-case": true, "trim": true}"#);
    for (name, options, text, reference, wanted) in [
        ("equals", None, "a b", "a b", 1.0),
        ("equals", None, "a b", "A b", 0.0),
        ("equals", None, "a b", "a b ", 0.0),
        ("equals", same, "a b", "A b ", 1.0),
        ("exact-match", None, "The cat!", "cat", 1.0),
        ("exact-match", None, "cat", "cats", 0.0),
        ("token-f1", None, "a cat", "the cat sat", 2.0 / 3.0),
        ("number-equals", None, "It is 4.0 m", "4", 1.0),
        ("number-equals", None, "none", "4", 0.0),
    ] {
        let metric = Metric::new(&Registry::builtin(), name, options).unwrap();
        let values = metric.scores(&[(text, [reference])], 1, |(text, of)| (text, of));
        assert_eq!(
            values.unwrap(),
            [Some(wanted)],
            "{name}: {text} {reference}"
        );
        let pair = (text.to_owned(), vec![reference.to_owned()]);
        assert_eq!(one_by_one(&metric, &pair), Some(wanted), "{name}");
    }
}

#[test]
fn a_reference_that_is_no_number_is_an_error_beside_others_that_are() {
    for (options, wanted) in [(None, "none"), (Some(r#"{"decimal": "comma"}"#), "1234.5")] {
        let metric = Metric::new(&Registry::builtin(), "number-equals", options).unwrap();
        let pairs = [("5", vec!["5"]), ("5", vec!["5", wanted])];
        let found = metric.scores(&pairs, 1, |(text, of)| (text, of));
        let alone = metric.judge("5", &["5".to_owned(), wanted.to_owned()]);
        let (found, alone) = (found.unwrap_err(), alone.unwrap_err());
        assert_eq!(found.to_string(), alone.to_string());
    }
}

#[test]
fn a_pair_without_a_reference_is_an_error_of_its_own() {
    let metric = Metric::new(&Registry::builtin(), "wer", None).unwrap();
    let none: &[&str] = &[];
    let error = metric.scores(&[("a", none)], 1, |pair| *pair).unwrap_err();
    assert_eq!(error.code(), "BS-EVAL-003");
}
