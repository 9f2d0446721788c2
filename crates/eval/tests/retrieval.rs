//! Evaluators of ranked lists, and their laws.

use botsmith_core::yaml::{Cursor, Source, parse};
use botsmith_eval::evaluators::{Panel, Registry};
use botsmith_eval::extract::Extract;
use botsmith_eval::metric::Metric;
use botsmith_eval::metrics::retrieval::{Relevance, average_precision, hit, ndcg, reciprocal_rank};
use botsmith_eval::{Answer, Case, Verdict, stats};
use proptest::prelude::*;
use serde_json::json;

fn value(verdict: &Verdict) -> f64 {
    match verdict {
        Verdict::Judged(score) => score.value,
        other => panic!("{other:?} is no score"),
    }
}

#[test]
fn answers_are_json_lists_or_lines() {
    let registry = Registry::builtin();
    let relevant = ["d2".to_owned(), "7".to_owned()];
    for (name, options, candidate, wanted) in [
        ("mrr", "{}", r#"["d1", "d2", "7"]"#, 0.5),
        ("mrr", "{}", "d1\n\n  d2  \r\n7", 0.5),
        ("mrr", "{}", r#"[{"id": "d1"}, {"id": 7}]"#, 0.5),
        ("mrr", "{}", "[null, 7]", 0.5),
        ("mrr", r#"{"k": 1}"#, r#"["d1", "d2"]"#, 0.0),
        ("mrr", "{}", "", 0.0),
        ("mrr", "{}", "[\"d2\", ", 0.0),
        ("hit", r#"{"k": 2}"#, r#"["d1", "d2"]"#, 1.0),
        (
            "hit",
            "{}",
            r#"["1","1","1","1","1","1","1","1","1","1","d2"]"#,
            0.0,
        ),
        ("map", "{}", r#"["d2", "x", "7"]"#, 5.0 / 6.0),
        ("map", "{}", r#"["d2", "d2", "7"]"#, 5.0 / 6.0),
        ("ndcg", "{}", r#"["7", "d2", "x"]"#, 1.0),
        ("ndcg", r#"{"k": 1}"#, r#"["7"]"#, 1.0),
    ] {
        let metric = Metric::new(&registry, name, Some(options)).expect("good options");
        let verdict = metric.judge(candidate, &relevant).expect("judges");
        let found = value(&verdict);
        assert!(
            (found - wanted).abs() < 1e-15,
            "{name} {options} of {candidate} is {found}"
        );
    }
}

#[test]
fn wrong_options_are_refused_at_their_place() {
    for (options, wanted) in [
        (r#"{"k": 0}"#, "1 or more"),
        (r#"{"k": "all"}"#, "whole number"),
        (r#"{"gains": "grades"}"#, "`/grades`"),
    ] {
        let error = Metric::new(&Registry::builtin(), "ndcg", Some(options)).expect_err(options);
        assert!(
            format!("{error} {error:?}").contains(wanted),
            "{options}: {error:?}"
        );
    }
}

/// Judges with `ndcg` whose gains come from the case.
fn graded(vars: &serde_json::Value, answer: &str) -> botsmith_eval::Result<Verdict> {
    let source = Source::new("suite.yaml", "[ndcg: {gains: /judged/grades}]");
    let node = parse(&source)?;
    let panel = Panel::read(
        &Cursor::new(&source, &node),
        &Registry::builtin(),
        &Extract::default(),
    )?;
    let case = Case {
        id: "q1".into(),
        vars: vars.as_object().cloned().unwrap_or_default(),
        ..Case::default()
    };
    let prepared = panel.prepare(&case)?;
    Ok(panel.judge(&prepared, &Answer::text(answer))?.remove(0))
}

#[test]
fn gains_come_from_a_field_of_the_case() {
    let vars = json!({"judged": {"grades": {"a": 3, "b": 1, "c": 0}}});
    let found = value(&graded(&vars, r#"["b", "a"]"#).expect("judges"));
    let log3 = 3f64.log2();
    assert!((found - (1.0 + 3.0 / log3) / (3.0 + 1.0 / log3)).abs() < 1e-12);
}

#[test]
fn a_case_without_gains_is_named() {
    for (vars, wanted) in [
        (json!({}), "nothing is at `/judged/grades`"),
        (json!({"judged": {"grades": [1]}}), "no mapping"),
        (
            json!({"judged": {"grades": {"a": -1}}}),
            "the gain -1 of `a`",
        ),
        (
            json!({"judged": {"grades": {"a": "high"}}}),
            "\"high\" of `a`",
        ),
    ] {
        let error = graded(&vars, "a").expect_err(wanted).to_string();
        assert!(error.contains("q1") && error.contains(wanted), "{error}");
    }
}

#[test]
fn nothing_relevant_is_skipped() {
    let verdict = graded(&json!({"judged": {"grades": {"a": 0}}}), "a").expect("judges");
    assert!(matches!(verdict, Verdict::Skipped(_)));
}

/// Up to twelve ids in an order, and the gains of all of them.
fn lists() -> impl Strategy<Value = (Vec<String>, Vec<f64>)> {
    (1usize..12).prop_flat_map(|n| {
        let ids: Vec<String> = (0..n).map(|i| format!("d{i}")).collect();
        let gains = proptest::collection::vec((0u8..4).prop_map(f64::from), n);
        (Just(ids).prop_shuffle(), gains)
    })
}

fn gain_of(id: &str, gains: &[f64]) -> f64 {
    gains[id[1..].parse::<usize>().expect("an index")]
}

proptest! {
    #[test]
    fn where_every_relevant_id_is_retrieved_they_agree_with_the_statistics(
        (ranked, gains) in lists(),
        k in 1usize..14,
    ) {
        let by_rank: Vec<f64> = ranked.iter().map(|id| gain_of(id, &gains)).collect();
        prop_assume!(by_rank.iter().any(|gain| *gain > 0.0));
        let scores: Vec<f64> = (0..ranked.len()).map(|at| -(at as f64)).collect();
        let relevant: Vec<bool> = by_rank.iter().map(|gain| *gain > 0.0).collect();
        let named = gains.iter().enumerate().map(|(i, gain)| (format!("d{i}"), *gain));
        let relevance = Relevance::graded(named).expect("good gains");
        let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
        prop_assert!(near(
            ndcg(&ranked, &relevance, Some(k)),
            stats::ndcg(&by_rank, &scores, Some(k)).expect("gains"),
        ));
        prop_assert!(near(
            average_precision(&ranked, &relevance, None),
            stats::average_precision(&relevant, &scores).expect("one is relevant"),
        ));
        prop_assert!(near(
            reciprocal_rank(&ranked, &relevance, None),
            stats::reciprocal_rank(&relevant, &scores).expect("scores"),
        ));
    }

    #[test]
    fn they_stay_between_0_and_1_and_do_not_fall_with_k(
        ranked in proptest::collection::vec("[a-e]", 0..10),
        relevant in proptest::collection::hash_set("[a-g]", 0..5),
        k in 1usize..10,
    ) {
        let relevance = Relevance::binary(relevant);
        for metric in [reciprocal_rank, average_precision] {
            let (few, more) = (metric(&ranked, &relevance, Some(k)), metric(&ranked, &relevance, None));
            prop_assert!((0.0..=1.0).contains(&few) && few <= more && more <= 1.0);
        }
        prop_assert!((0.0..=1.0).contains(&ndcg(&ranked, &relevance, Some(k))));
        prop_assert!(!hit(&ranked, &relevance, Some(k)) || hit(&ranked, &relevance, None));
        prop_assert_eq!(hit(&ranked, &relevance, Some(k)), reciprocal_rank(&ranked, &relevance, Some(k)) > 0.0);
    }

    #[test]
    fn any_text_can_be_judged(candidate in "\\PC*", reference in "\\PC*") {
        let registry = Registry::builtin();
        for name in ["mrr", "ndcg", "map", "hit"] {
            let metric = Metric::new(&registry, name, None).expect("no options");
            metric.judge(&candidate, std::slice::from_ref(&reference)).expect("judges");
        }
    }
}
