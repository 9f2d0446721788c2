//! Laws of edit distances, fuzzy ratios and word error rates.
#![allow(clippy::unwrap_used)]

use botsmith_eval::evaluators::Registry;
use botsmith_eval::metric::Metric as Judge;
use botsmith_eval::metrics::distance::{Change, Form, Metric, Scorer, Weights};
use botsmith_eval::metrics::fuzzy::{self, Ratio};
use botsmith_eval::metrics::wer::{self, Rate, Unit};
use botsmith_eval::{Score, Verdict};
use proptest::prelude::*;

/// Texts long enough for several strips, of few letters so that much is in common, or of any.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[abcé ]{0,40}",
        2 => "[ab日 ]{0,700}",
        2 => "\\PC{0,90}",
        1 => "[a-z \\n\\t]{0,300}",
    ]
}

/// A text and the same with some stretches cut out and put elsewhere.
fn pair() -> impl Strategy<Value = (String, String)> {
    let edited = (
        text(),
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        "[abé]{0,5}",
    );
    let edited = edited.prop_map(|(text, from, to, new)| {
        let mut chars: Vec<char> = text.chars().collect();
        if !chars.is_empty() {
            let (from, to) = (from.index(chars.len()), to.index(chars.len()));
            chars[from.min(to)..=from.max(to)].rotate_left(1);
            chars.splice(from..from, new.chars());
        }
        (text, chars.into_iter().collect())
    });
    prop_oneof![(text(), text()), edited]
}

/// Wagner and Fischer 1974 over whole tables, with swaps of neighbours where asked.
fn plain(a: &str, b: &str, weights: Weights, swaps: bool) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            let mut best = usize::MAX;
            if i > 0 {
                best = best.min(table[i - 1][j] + weights.deletion);
            }
            if j > 0 {
                best = best.min(table[i][j - 1] + weights.insertion);
            }
            if i > 0 && j > 0 {
                let cost = if a[i - 1] == b[j - 1] {
                    0
                } else {
                    weights.substitution
                };
                best = best.min(table[i - 1][j - 1] + cost);
            }
            let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if swaps && swapped {
                best = best.min(table[i - 2][j - 2] + 1);
            }
            table[i][j] = if i + j == 0 { 0 } else { best };
        }
    }
    table[a.len()][b.len()]
}

fn weights(insertion: usize, deletion: usize, substitution: usize) -> Weights {
    Weights {
        insertion,
        deletion,
        substitution,
    }
}

fn judged(judge: &Judge, candidate: &str, references: &[String]) -> Score {
    match judge.judge(candidate, references).unwrap() {
        Verdict::Judged(score) => score,
        other => panic!("{other:?}"),
    }
}

#[test]
fn distances_of_empty_texts_and_of_one() {
    let mut scorer = Scorer::new();
    for (name, metric) in Metric::ALL {
        let score = |scorer: &mut Scorer, form, a, b| scorer.score(metric, form, a, b);
        assert_eq!(
            score(&mut scorer, Form::NormalizedSimilarity, "", ""),
            1.0,
            "{name}"
        );
        assert_eq!(score(&mut scorer, Form::Distance, "", ""), 0.0, "{name}");
        assert_eq!(
            score(&mut scorer, Form::NormalizedDistance, "", "a"),
            1.0,
            "{name}"
        );
    }
    assert_eq!(
        scorer.levenshtein(&"a".repeat(1000), &"b".repeat(900)),
        1000
    );
}

#[test]
fn a_swap_is_one_edit_that_osa_does_not_edit_again() {
    let mut scorer = Scorer::new();
    let mut distance = |metric| scorer.score(metric, Form::Distance, "ca", "abc");
    assert_eq!(distance(Metric::Levenshtein), 3.0);
    assert_eq!(distance(Metric::Osa), 3.0);
    assert_eq!(distance(Metric::DamerauLevenshtein), 2.0);
}

#[test]
fn blank_references_follow_jiwer() {
    let mut scorer = wer::Scorer::new(Unit::Words);
    let rates = [Rate::Error, Rate::Match, Rate::Lost, Rate::Preserved];
    for (reference, candidate, wanted) in [
        ("", "", [0.0, 0.0, 0.0, 1.0]),
        (" ", "a b", [2.0, 1.0, 1.0, 0.0]),
        ("a b", "", [1.0, 1.0, 1.0, 0.0]),
    ] {
        for (rate, wanted) in rates.into_iter().zip(wanted) {
            assert_eq!(
                scorer.score(rate, reference, candidate),
                wanted,
                "{rate:?} {reference:?}"
            );
        }
    }
}

#[test]
fn an_alignment_is_shown_as_jiwer_shows_it() {
    let mut scorer = wer::Scorer::new(Unit::Words);
    let shown = scorer.align("short one here", "shoe order one").to_string();
    let wanted = "REF: **** short one here\nHYP: shoe order one ****\n        I     S        D";
    assert_eq!(shown, wanted);
}

#[test]
fn wrong_words_are_evidence_and_the_reason_names_them() {
    let judge = Judge::new(&Registry::builtin(), "wer", None).unwrap();
    let score = judged(
        &judge,
        "the dog sat there",
        &["the cat sat".into(), "x".into()],
    );
    assert_eq!(score.value, 2.0 / 3.0);
    let spans: Vec<_> = score
        .evidence
        .iter()
        .map(|e| (e.start, e.end, e.supports))
        .collect();
    assert_eq!(spans, [(4, 7, false), (12, 17, false)]);
    assert_eq!(
        score.explanation.as_deref(),
        Some("1 wrong, 0 missing, 1 added of 3 words: \"cat\" → \"dog\", \"there\" added")
    );
}

#[test]
fn the_best_reference_counts_whichever_end_is_better() {
    let references = ["abcd".to_owned(), "abxx".to_owned()];
    for (name, options, wanted) in [
        ("edit-distance", None, 1.0),
        ("edit-distance", Some(r#"{"form": "similarity"}"#), 3.0),
        (
            "edit-distance",
            Some(r#"{"metric": "hamming", "form": "normalized-distance"}"#),
            0.25,
        ),
        ("fuzzy", None, 75.0),
        ("cer", None, 0.25),
        ("wip", None, 0.0),
    ] {
        let judge = Judge::new(&Registry::builtin(), name, options).unwrap();
        assert_eq!(
            judged(&judge, "abcx", &references).value,
            wanted,
            "{name} {options:?}"
        );
    }
}

#[test]
fn which_end_is_better_depends_on_the_form() {
    use botsmith_eval::evaluators::Better;
    for (form, better, hi) in [
        ("distance", Better::Lower, f64::INFINITY),
        ("similarity", Better::Higher, f64::INFINITY),
        ("normalized-distance", Better::Lower, 1.0),
        ("normalized-similarity", Better::Higher, 1.0),
    ] {
        let options = format!(r#"{{"form": "{form}"}}"#);
        let judge = Judge::new(&Registry::builtin(), "edit-distance", Some(&options)).unwrap();
        let range = judge.configured().range();
        assert_eq!((range.better, range.hi), (better, hi), "{form}");
    }
}

#[test]
fn a_processed_ratio_ignores_case_and_punctuation() {
    let judge = Judge::new(&Registry::builtin(), "fuzzy", Some(r#"{"process": true}"#)).unwrap();
    assert_eq!(
        judged(&judge, "Yes, İt is!", &["yes  it_is".into()]).value,
        100.0
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bit_parallel_distances_agree_with_the_plain_recurrence((a, b) in pair()) {
        let mut scorer = Scorer::new();
        prop_assert_eq!(scorer.levenshtein(&a, &b), plain(&a, &b, weights(1, 1, 1), false));
        for w in [weights(1, 1, 2), weights(2, 3, 4), weights(3, 1, 9), weights(0, 1, 1)] {
            prop_assert_eq!(scorer.weighted(&a, &b, w), plain(&a, &b, w, false));
        }
        let osa = plain(&a, &b, weights(1, 1, 1), true) as f64;
        prop_assert_eq!(scorer.score(Metric::Osa, Form::Distance, &a, &b), osa);
        let indel = plain(&a, &b, weights(1, 1, 2), false) as f64;
        prop_assert_eq!(scorer.score(Metric::Indel, Form::Distance, &a, &b), indel);
        prop_assert!(scorer.score(Metric::DamerauLevenshtein, Form::Distance, &a, &b) <= osa);
    }

    #[test]
    fn distances_are_symmetric_in_range_and_zero_for_the_same((a, b) in pair()) {
        let mut scorer = Scorer::new();
        for (name, metric) in Metric::ALL {
            for (form_name, form) in Form::ALL {
                let there = scorer.score(metric, form, &a, &b);
                let back = scorer.score(metric, form, &b, &a);
                prop_assert!((there - back).abs() < 1e-12, "{} {}", name, form_name);
                prop_assert!(there >= 0.0 && there.is_finite());
            }
            let share = scorer.score(metric, Form::NormalizedDistance, &a, &b);
            prop_assert!((0.0..=1.0).contains(&share), "{}", name);
            prop_assert_eq!(scorer.score(metric, Form::Distance, &a, &a), 0.0, "{}", name);
        }
    }

    #[test]
    fn ratios_are_in_range_and_100_for_the_same((a, b) in pair()) {
        for mut scorer in [fuzzy::Scorer::new(), fuzzy::Scorer::processed()] {
            for (name, ratio) in Ratio::ALL {
                let there = scorer.score(ratio, &a, &b);
                prop_assert!((-1e-9..=100.0).contains(&there), "{} {}", name, there);
                prop_assert!((there - scorer.score(ratio, &b, &a)).abs() < 1e-9, "{}", name);
            }
        }
        let same = fuzzy::Scorer::new().score(Ratio::Partial, &a, &format!("{b}{a}{b}"));
        prop_assert!(same == 100.0 || a.is_empty());
    }

    #[test]
    fn an_alignment_covers_both_texts_and_has_as_many_edits_as_the_distance((a, b) in pair()) {
        let mut scorer = Scorer::new();
        let chunks = scorer.alignment(&a, &b);
        let (from, to): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
        let (mut i, mut j, mut edits) = (0, 0, 0);
        for chunk in &chunks {
            prop_assert_eq!((chunk.from.start, chunk.to.start), (i, j));
            (i, j) = (chunk.from.end, chunk.to.end);
            match chunk.change {
                Change::Equal => prop_assert_eq!(&from[chunk.from.clone()], &to[chunk.to.clone()]),
                Change::Substitute => prop_assert_eq!(chunk.from.len(), chunk.to.len()),
                Change::Insert => prop_assert!(chunk.from.is_empty()),
                Change::Delete => prop_assert!(chunk.to.is_empty()),
            }
            if chunk.change != Change::Equal {
                edits += chunk.from.len().max(chunk.to.len());
            }
        }
        prop_assert_eq!((i, j), (from.len(), to.len()));
        prop_assert_eq!(edits, scorer.levenshtein(&a, &b));
    }

    #[test]
    fn rates_hold_together((a, b) in pair()) {
        for unit in [Unit::Words, Unit::Characters] {
            let mut scorer = wer::Scorer::new(unit);
            let counts = scorer.counts(&a, &b);
            prop_assert_eq!(scorer.score(Rate::Error, &a, &b), Rate::Error.of(&counts));
            for rate in [Rate::Match, Rate::Lost, Rate::Preserved] {
                prop_assert!((0.0..=1.0).contains(&scorer.score(rate, &a, &b)));
            }
            prop_assert_eq!(scorer.score(Rate::Error, &a, &a), 0.0);
            let alignment = scorer.align(&a, &b);
            prop_assert_eq!(alignment.counts(), counts);
            for span in alignment.wrong_spans(&b) {
                prop_assert!(b.get(span).is_some());
            }
        }
    }

    #[test]
    fn a_corpus_does_not_depend_on_the_order_of_its_cases(pairs in prop::collection::vec(pair(), 1..8)) {
        for (rate, unit) in [(Rate::Error, Unit::Words), (Rate::Lost, Unit::Characters)] {
            let mut scorer = wer::Scorer::new(unit);
            let mut sum = |pairs: &mut dyn Iterator<Item = &(String, String)>| {
                let mut counts = botsmith_eval::metrics::distance::Counts::default();
                for (a, b) in pairs {
                    counts += scorer.counts(a, b);
                }
                rate.of(&counts)
            };
            prop_assert_eq!(sum(&mut pairs.iter()), sum(&mut pairs.iter().rev()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn a_batch_is_its_singles_on_any_number_of_threads(pairs in prop::collection::vec(pair(), 64..80)) {
        let pairs: Vec<_> = pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let mut words = wer::Scorer::new(Unit::Words);
        let singles: Vec<_> = pairs.iter().map(|(a, b)| words.score(Rate::Lost, a, b)).collect();
        let form = Form::NormalizedDistance;
        for threads in [1, 2, 8] {
            prop_assert_eq!(&wer::Scorer::batch(Unit::Words, Rate::Lost, &pairs, threads), &singles);
            let distances = Scorer::batch(Metric::Osa, form, &pairs, threads);
            let ratios = fuzzy::Scorer::batch(Ratio::TokenSet, &pairs, threads);
            for ((a, b), (distance, ratio)) in pairs.iter().zip(distances.iter().zip(&ratios)) {
                prop_assert_eq!(Scorer::new().score(Metric::Osa, form, a, b), *distance);
                prop_assert_eq!(fuzzy::Scorer::new().score(Ratio::TokenSet, a, b), *ratio);
            }
        }
    }
}
