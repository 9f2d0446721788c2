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
}

#[test]
fn a_pair_without_a_reference_is_an_error_of_its_own() {
    let metric = Metric::new(&Registry::builtin(), "wer", None).unwrap();
    let none: &[&str] = &[];
    let error = metric.scores(&[("a", none)], 1, |pair| *pair).unwrap_err();
    assert_eq!(error.code(), "BS-EVAL-003");
}
