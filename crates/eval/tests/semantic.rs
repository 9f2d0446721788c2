//! Evaluators of meaning over the table of token vectors inside: real texts, no model.
#![allow(clippy::unwrap_used, reason = "tests may")]

use botsmith_core::yaml::{Cursor, Source, parse};
use botsmith_eval::evaluators::{Panel, Registry};
use botsmith_eval::extract::Extract;
use botsmith_eval::metric::Metric;
use botsmith_eval::{Answer, Case, Result, Score, Verdict};

fn panel(entry: &str) -> Panel {
    let source = Source::new("suite.yaml", format!("- {entry}"));
    let node = parse(&source).unwrap();
    let at = Cursor::new(&source, &node);
    Panel::read(&at, &Registry::builtin(), &Extract::default()).unwrap()
}

fn verdict(entry: &str, case: &Case, answer: &str) -> Result<Verdict> {
    let panel = panel(entry);
    let prepared = panel.prepare(case)?;
    Ok(panel.judge(&prepared, &Answer::text(answer))?.remove(0))
}

fn score(entry: &str, case: &Case, answer: &str) -> Score {
    match verdict(entry, case, answer).unwrap() {
        Verdict::Judged(score) => score,
        other => panic!("{entry}: {other:?}"),
    }
}

fn case(input: &str, references: &[&str], context: &[&str]) -> Case {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Case {
        id: "c".into(),
        input: input.into(),
        references: texts(references),
        context: texts(context),
        ..Case::default()
    }
}

#[test]
fn similarity_puts_what_means_the_same_before_what_does_not() {
    for (reference, near, far) in [
        (
            "The cat is sleeping on the sofa.",
            "A kitten naps on the couch.",
            "The bank raised its interest rates.",
        ),
        (
            "The parcel arrives on Monday.",
            "Your package will be delivered on Monday.",
            "Our plants need water twice a week.",
        ),
        (
            "The train to Lisbon was cancelled.",
            "There is no railway service to Lisbon today.",
            "She bakes bread every morning.",
        ),
        (
            "How do I reset my password?",
            "I forgot my password, how can I log in again?",
            "Which wine goes with fish?",
        ),
    ] {
        let case = case("", &[reference], &[]);
        let value = |answer| score("similarity", &case, answer).value;
        assert!(
            value(near) > value(far) + 0.15,
            "{reference}: {} {}",
            value(near),
            value(far)
        );
        assert_eq!(value(reference), 1.0);
        assert_eq!(value(""), 0.0);
        if reference.contains("parcel") {
            // As the page of evaluators says; computed from the table by another program too.
            assert!((value(near) - 0.728).abs() < 5e-4, "{}", value(near));
            assert!((value(far) - 0.181).abs() < 5e-4, "{}", value(far));
        }
    }
}

#[test]
fn similarity_takes_the_nearest_of_several_references_and_a_threshold() {
    let case = case(
        "",
        &["We open at nine.", "The shop opens at 9 o'clock."],
        &[],
    );
    let passed = score(
        "similarity: {threshold: 0.6}",
        &case,
        "The store opens at nine o'clock.",
    );
    assert_eq!(passed.passed, Some(true), "{passed:?}");
    let failed = score("similarity: {threshold: 0.6}", &case, "Tulips are red.");
    assert_eq!(failed.passed, Some(false));
    assert!(
        failed
            .explanation
            .unwrap()
            .contains("below the threshold 0.6")
    );
    let own = score(
        "similarity: {value: \"Tulips are red.\"}",
        &case,
        "Red tulips.",
    );
    assert!(own.value > 0.7, "{own:?}");
}

#[test]
fn a_metric_of_many_pairs_says_what_judging_one_by_one_says() {
    for name in ["similarity", "bertscore"] {
        let metric = Metric::new(&Registry::builtin(), name, None).unwrap();
        let pairs: Vec<(String, [String; 2])> = (0..70)
            .map(|at| {
                (
                    format!("{at} cats sat on mats"),
                    [format!("a cat sat {at} times"), "dogs bark".to_owned()],
                )
            })
            .collect();
        let together = metric.scores(&pairs, 2, |(text, of)| (text, of)).unwrap();
        for ((candidate, references), value) in pairs.iter().zip(together) {
            let Verdict::Judged(score) = metric.judge(candidate, references).unwrap() else {
                panic!("{name} judges");
            };
            assert!(
                (score.value - value.unwrap()).abs() < 1e-12,
                "{name}: {candidate}"
            );
        }
    }
}

#[test]
fn bertscore_shows_the_words_that_find_nothing() {
    let case = case("", &["The cat sat on the mat."], &[]);
    let same = score("bertscore", &case, "The cat sat on the mat.");
    assert!(
        (same.value - 1.0).abs() < 1e-9 && same.evidence.is_empty(),
        "{same:?}"
    );
    let answer = "The cat sat on the thermostat.";
    let other = score("bertscore", &case, answer);
    assert!(other.value < same.value);
    let shown: Vec<&str> = other
        .evidence
        .iter()
        .map(|span| &answer[span.start..span.end])
        .collect();
    assert_eq!(shown, ["thermostat"]);
    let value = |entry: &str| score(entry, &case, "the cat").value;
    assert!(value("bertscore: {measure: p}") > 0.999);
    assert!(value("bertscore: {measure: r}") < value("bertscore: {measure: p}"));
    assert!(value("bertscore: {measure: r, baseline: 0.3}") < value("bertscore: {measure: r}"));
    assert_eq!(score("bertscore", &case, "").value, 0.0);
}

#[test]
fn rare_tokens_weigh_more_with_documents_and_a_bad_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("references.txt");
    std::fs::write(&file, "the cat\n\nthe dog\nthe horse\n").unwrap();
    let case = case("", &["the cat"], &[]);
    let entry = format!("bertscore: {{idf: {}}}", file.display());
    let found = |answer: &str| score(&entry, &case, answer).value;
    let plain = |answer: &str| score("bertscore", &case, answer).value;
    assert!(
        (found("cat") - 1.0).abs() < 1e-9,
        "`the` weighs nothing: it is in every document"
    );
    assert!(plain("cat") < 0.999);
    let source = Source::new("suite.yaml", "- bertscore: {idf: nowhere.txt}");
    let node = parse(&source).unwrap();
    let error = Panel::read(
        &Cursor::new(&source, &node),
        &Registry::builtin(),
        &Extract::default(),
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("nowhere.txt") && error.to_string().contains("suite.yaml:1"),
        "{error}"
    );
}

#[test]
fn relevance_finds_the_sentence_that_speaks_to_the_question() {
    let case = case("How long does delivery take?", &[], &[]);
    let answer = "Thank you for asking. Delivery takes three to five days. Have a nice evening!";
    let good = score("relevance", &case, answer);
    let bad = score("relevance", &case, "Our roses are red and smell of summer.");
    assert!(good.value > bad.value + 0.2, "{} {}", good.value, bad.value);
    let spans: Vec<&str> = good
        .evidence
        .iter()
        .map(|span| &answer[span.start..span.end])
        .collect();
    assert_eq!(spans, ["Delivery takes three to five days."]);
    assert_eq!(score("relevance", &case, " ").value, 0.0);
    assert!(matches!(
        verdict("relevance", &Case::default(), "Yes."),
        Ok(Verdict::Skipped(_))
    ));
}

#[test]
fn context_is_judged_by_what_the_reference_needs() {
    let reference = "The museum opens at ten. Tickets cost twelve euros.";
    let passages = [
        "Parking is behind the station.",
        "The museum opens at ten in the morning, and closes at six.",
        "A ticket costs twelve euros.",
    ];
    let whole = case("", &[reference], &passages);
    assert_eq!(score("context-recall", &whole, "").value, 1.0);
    let precision = score("context-precision", &whole, "");
    assert!((precision.value - 7.0 / 12.0).abs() < 1e-9, "{precision:?}");
    assert!(precision.explanation.unwrap().ends_with(": 1"));
    let part = case("", &[reference], &passages[..2]);
    let recall = score("context-recall", &part, "");
    assert_eq!(recall.value, 0.5);
    assert!(recall.explanation.unwrap().contains("Tickets cost"));
    let none = case("", &[reference], &[]);
    assert!(matches!(
        verdict("context-recall", &none, ""),
        Ok(Verdict::Skipped(_))
    ));
    let unknown = verdict("context-precision", &case("", &[], &passages), "").unwrap_err();
    assert_eq!(unknown.code(), "BS-EVAL-003");
}

#[cfg(not(feature = "semantic"))]
#[test]
fn a_model_in_a_build_without_the_engine_is_an_error_that_says_what_to_build() {
    for entry in [
        "similarity: {model: models/m}",
        "nli: {model: models/m, against: [x]}",
        "perplexity: models/m",
    ] {
        let error = verdict(entry, &case("", &["x"], &["x"]), "An answer.").unwrap_err();
        assert!(
            error.to_string().contains("feature `engine`")
                && error.to_string().contains("suite.yaml:1"),
            "{error}"
        );
    }
}
