//! Laws of BLEU, GLEU, nltk's BLEU and the metrics of variety.

use botsmith_eval::metrics::bleu::{self, Corpus, Options, Smoothing, Tokenizer};
use botsmith_eval::metrics::diversity::{self, distinct_n, repetition, self_bleu};
use botsmith_eval::metrics::nltk_bleu::{self, Method};
use botsmith_eval::metrics::{gleu, paired};
use proptest::prelude::*;

/// Texts of few words, so that n-grams match, with what tokenizers look at; now and then anything.
fn text() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "a",
        "b",
        "the",
        "5",
        "5.",
        ",,5",
        "-",
        "5-",
        "e.g.",
        "(x)",
        "&amp;",
        "<skipped>",
        "-\n",
        "我",
        "。",
        "é",
        "👩‍👩‍👧",
        "½",
        "“",
        "\u{1c}",
        "\u{a0}",
        "extraordinary",
        "extraordinarx",
    ]);
    let joint = prop::sample::select(vec![" ", " ", "", "\n"]);
    prop_oneof![
        4 => prop::collection::vec((word, joint), 0..12)
            .prop_map(|parts| parts.into_iter().flat_map(|(w, j)| [w, j]).collect()),
        1 => any::<String>(),
    ]
}

fn references() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(text(), 1..4)
}

fn variants() -> Vec<Options> {
    let mut list = Vec::new();
    for tokenizer in Tokenizer::ALL {
        for smoothing in [
            Smoothing::Exp,
            Smoothing::Floor(0.1),
            Smoothing::AddK(1.0),
            Smoothing::None,
        ] {
            for effective_order in [true, false] {
                let mut options = Options::default();
                options.tokenizer = tokenizer;
                options.smoothing = smoothing;
                options.effective_order = effective_order;
                options.lowercase = effective_order;
                list.push(options);
            }
        }
    }
    list
}

/// Clipped matches by the definition, on strings: the independent reference.
fn plain_matches(candidate: &str, references: &[String], tokenizer: Tokenizer, n: usize) -> u64 {
    let count = |text: &str| {
        let line = tokenizer.tokenize(text);
        let words: Vec<&str> = line
            .split(|c: char| c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}'))
            .filter(|word| !word.is_empty())
            .collect();
        let mut counts = std::collections::BTreeMap::new();
        for gram in words.windows(n) {
            *counts.entry(gram.join(" ")).or_insert(0_u64) += 1;
        }
        counts
    };
    let references: Vec<_> = references.iter().map(|r| count(r)).collect();
    count(candidate)
        .iter()
        .map(|(gram, own)| {
            let most = references.iter().filter_map(|r| r.get(gram)).max();
            (*own).min(most.copied().unwrap_or(0))
        })
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn bleu_stays_in_range_and_counts_by_the_definition(c in text(), refs in references()) {
        for options in variants() {
            let score = bleu::sentence(&c, &refs, &options);
            prop_assert!((0.0..=100.0 + 1e-9).contains(&score.score), "{options:?} {score:?}");
            prop_assert!((0.0..=1.0).contains(&score.bp));
        }
        for tokenizer in Tokenizer::ALL {
            let mut options = Options::default();
            options.tokenizer = tokenizer;
            let stats = bleu::stats(&c, &refs, &options);
            for (n, matched) in stats.correct().iter().enumerate() {
                prop_assert_eq!(*matched, plain_matches(&c, &refs, tokenizer, n + 1), "{:?} {}", tokenizer, n);
            }
        }
    }

    #[test]
    fn a_text_that_is_a_reference_has_the_best_score(c in text(), mut refs in references()) {
        refs.push(c.clone());
        let score = bleu::sentence(&c, &refs, &Options::default());
        prop_assert!(score.sys_len == 0 || (score.score - 100.0).abs() < 1e-9, "{:?}", score);
        let gleu = gleu::sentence(&c, &refs, gleu::Options::default());
        prop_assert!(gleu == 1.0 || score.sys_len == 0);
    }

    #[test]
    fn an_empty_candidate_scores_nothing(refs in references()) {
        for options in variants() {
            prop_assert_eq!(bleu::sentence("", &refs, &options).score, 0.0);
        }
        prop_assert_eq!(gleu::sentence("", &refs, gleu::Options::default()), 0.0);
        prop_assert_eq!(nltk_bleu::sentence(" ", &refs, nltk_bleu::Options::default()), 0.0);
    }

    #[test]
    fn gleu_is_symmetric_and_in_range(a in text(), b in text()) {
        let options = gleu::Options::default();
        let forth = gleu::sentence(&a, &[&b], options);
        prop_assert!((0.0..=1.0).contains(&forth));
        prop_assert_eq!(forth, gleu::sentence(&b, &[&a], options));
    }

    #[test]
    fn nltk_bleu_is_finite_and_not_negative(c in text(), refs in references()) {
        for method in (0..8).filter_map(Method::from_number) {
            let mut options = nltk_bleu::Options::default();
            options.method = method;
            let score = nltk_bleu::sentence(&c, &refs, options);
            prop_assert!(score.is_finite() && score >= 0.0, "{method:?} {score}");
        }
    }

    #[test]
    fn a_corpus_does_not_depend_on_the_order_of_its_cases(
        mut cases in prop::collection::vec((text(), references()), 1..6),
    ) {
        let score = |cases: &[(String, Vec<String>)]| {
            let mut corpus = Corpus::new(Options::corpus());
            for (candidate, references) in cases {
                corpus.add(candidate, references);
            }
            corpus.score()
        };
        let forth = score(&cases);
        cases.reverse();
        prop_assert_eq!(forth, score(&cases));
    }

    #[test]
    fn a_batch_gives_what_singles_give(cases in prop::collection::vec((text(), references()), 70..90)) {
        let options = Options::default();
        let singles: Vec<f64> = cases.iter().map(|(c, r)| bleu::sentence(c, r, &options).score).collect();
        let gleu: Vec<f64> = cases.iter().map(|(c, r)| gleu::sentence(c, r, gleu::Options::default())).collect();
        let nltk: Vec<f64> = cases.iter().map(|(c, r)| nltk_bleu::sentence(c, r, nltk_bleu::Options::default())).collect();
        for threads in [1, 2, 8] {
            prop_assert_eq!(&bleu::batch(&cases, &options, threads), &singles);
            prop_assert_eq!(&gleu::batch(&cases, gleu::Options::default(), threads), &gleu);
            prop_assert_eq!(&nltk_bleu::batch(&cases, nltk_bleu::Options::default(), threads), &nltk);
        }
    }

    #[test]
    fn tokens_lose_no_character(line in text()) {
        for tokenizer in [Tokenizer::Intl, Tokenizer::Zh, Tokenizer::Char, Tokenizer::None] {
            let black = |text: &str| -> String {
                text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '\u{1c}'..='\u{1f}')).collect()
            };
            prop_assert_eq!(black(&tokenizer.tokenize(&line)), black(&line));
        }
    }

    #[test]
    fn distinct_and_repetition_are_two_sides(line in text(), n in 1_usize..5) {
        let options = diversity::Options::default();
        let repeated = repetition(&line, n, options);
        if let Some(distinct) = distinct_n(&line, n, options) {
            prop_assert!(distinct > 0.0 && distinct <= 1.0);
            prop_assert!(repeated.is_some_and(|r| (r + distinct - 1.0).abs() < 1e-12));
        } else {
            prop_assert_eq!(repeated, Some(0.0));
        }
    }

    #[test]
    fn self_bleu_is_the_mean_of_bleu_with_the_others(texts in prop::collection::vec(text(), 2..6)) {
        let options = Options::default();
        let sum: f64 = (0..texts.len())
            .map(|i| {
                let mut others = texts.clone();
                let own = others.remove(i);
                bleu::sentence(&own, &others, &options).score
            })
            .sum();
        let wanted = sum / texts.len() as f64;
        prop_assert!(self_bleu(&texts, &options).is_some_and(|s| (s - wanted).abs() < 1e-9));
    }

    #[test]
    fn self_bleu_stays_in_its_range_whatever_the_order(texts in prop::collection::vec(text(), 0..6)) {
        let options = Options::default();
        let found = self_bleu(&texts, &options);
        prop_assert_eq!(found.is_some(), texts.len() > 1);
        let Some(found) = found else { return Ok(()) };
        prop_assert!((0.0..=100.0 + 1e-9).contains(&found));
        let mut turned = texts.clone();
        turned.rotate_left(1);
        turned.reverse();
        prop_assert!(self_bleu(&turned, &options).is_some_and(|s| (s - found).abs() < 1e-9));
        // A text that comes again can only make the set more like itself.
        let mut again = texts.clone();
        again.extend(texts);
        prop_assert!(self_bleu(&again, &options).is_some_and(|s| s >= found - 1e-9));
    }
}

#[test]
fn paired_tests_refuse_rows_that_do_not_fit() {
    let score = |row: &[f64]| row[0];
    let one: Vec<Vec<f64>> = vec![vec![1.0]];
    let wide: Vec<Vec<f64>> = vec![vec![1.0, 2.0]];
    assert!(paired::bootstrap(&one, &wide, score, 10, 1).is_err());
    assert!(paired::bootstrap(&one, &one, score, 0, 1).is_err());
    assert!(paired::randomisation(&one, &[], score, 10, 1).is_err());
    assert!(paired::randomisation::<Vec<f64>>(&[], &[], score, 10, 1).is_err());
}

#[test]
fn a_better_system_is_told_from_its_baseline() {
    let options = Options::corpus();
    let rows = |good: bool| -> Vec<Vec<f64>> {
        (0..60)
            .map(|i| {
                let reference = format!("the answer to question {i} is number {}", i * 7);
                let worse = format!("answer to the question {i} is {}", i * 7);
                let candidate = if good || i % 3 == 0 {
                    &reference
                } else {
                    &worse
                };
                bleu::stats(candidate, &[&reference], &options).row()
            })
            .collect()
    };
    let score =
        |row: &[f64]| bleu::Stats::from_row(row).map_or(f64::NAN, |s| s.score(&options).score);
    let (worse, better) = (rows(false), rows(true));
    let found = paired::bootstrap(&worse, &better, score, 500, 1).expect("rows fit");
    assert!(found.p_value < 0.01, "{found:?}");
    assert!(found.system.half_width < found.baseline.half_width);
    let found = paired::randomisation(&worse, &better, score, 500, 1).expect("rows fit");
    assert!(found.p_value < 0.01, "{found:?}");
}
