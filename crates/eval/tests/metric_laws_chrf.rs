//! Laws of chrF and TER, over any text: ranges, identity, order of the corpus, threads; and what
//! the evaluators of these names say.

use botsmith_core::yaml::{Cursor, Source, parse};
use botsmith_eval::Verdict;
use botsmith_eval::evaluators::{Evaluator, Registry, Scope};
use botsmith_eval::extract::Extract;
use botsmith_eval::metric::Metric;
use botsmith_eval::metrics::{batch, chrf, ter};
use proptest::prelude::*;

/// Any text, or one of few letters, in which much is repeated.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ab c]{0,60}",
        "([a-e]( |, |\\. )){0,40}",
        "[ぁ-ん一-十、。 A-C😀&;'s\n-]{0,30}",
        Just(String::new()),
    ]
}

fn chrf_options() -> impl Strategy<Value = chrf::Options> {
    (0..9_usize, 0..4_usize, 0..4_u32, any::<[bool; 3]>()).prop_map(
        |(chars, words, beta, flags)| {
            let mut options = chrf::Options::default();
            (options.char_order, options.word_order, options.beta) = (chars, words, beta);
            [options.lowercase, options.whitespace, options.eps_smoothing] = flags;
            options
        },
    )
}

fn ter_options() -> impl Strategy<Value = ter::Options> {
    any::<[bool; 4]>().prop_map(|flags| {
        let mut options = ter::Options::default();
        [
            options.normalized,
            options.no_punct,
            options.asian_support,
            options.case_sensitive,
        ] = flags;
        options
    })
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * b.abs().max(1.0)
}

proptest! {
    #[test]
    fn chrf_is_0_to_100(a in text(), b in text(), c in text(), options in chrf_options()) {
        let score = chrf::sentence(&a, &[&b, &c], &options);
        prop_assert!((0.0..=100.000_000_1).contains(&score), "{score}");
    }

    #[test]
    fn chrf_of_a_text_with_itself_is_100_unless_it_is_empty(a in text()) {
        let empty = a.split_whitespace().next().is_none();
        let score = chrf::sentence(&a, &[&a], &chrf::Options::plus_plus());
        // U+001C to U+001F are white space to Python alone.
        prop_assume!(!a.contains(|c| matches!(c, '\u{1c}'..='\u{1f}')));
        prop_assert!(close(score, if empty { 0.0 } else { 100.0 }), "{score}");
    }

    #[test]
    fn chrf_with_beta_1_is_symmetric(a in text(), b in text(), mut options in chrf_options()) {
        options.beta = 1;
        // Smoothing counts orders that one side alone has.
        options.eps_smoothing = false;
        let there = chrf::sentence(&a, &[&b], &options);
        prop_assert!(close(there, chrf::sentence(&b, &[&a], &options)));
    }

    #[test]
    fn more_references_never_lower_chrf(a in text(), b in text(), c in text(), options in chrf_options()) {
        let both = chrf::sentence(&a, &[&b, &c], &options);
        let best = chrf::sentence(&a, &[&b], &options).max(chrf::sentence(&a, &[&c], &options));
        prop_assert_eq!(both, best);
    }

    #[test]
    fn ter_is_no_more_than_replacing_all_and_no_less_than_the_difference_in_length(
        a in text(), b in text(), options in ter_options(),
    ) {
        let edits = ter::sentence(&a, &[&b], &options);
        let words = ter::sentence(&a, &[""], &options).edits;
        prop_assert!(edits.edits <= words.max(edits.length as u64));
        prop_assert!(edits.edits >= words.abs_diff(edits.length as u64));
        prop_assert!(edits.score() >= 0.0);
    }

    #[test]
    fn ter_of_a_text_with_itself_is_0(a in text(), mut options in ter_options()) {
        // References are normalised once more than candidates.
        options.normalized = false;
        prop_assert_eq!(ter::sentence(&a, &[&a], &options).edits, 0);
    }

    #[test]
    fn ter_of_several_references_is_the_fewest_edits_over_the_mean_length(
        a in text(), b in text(), c in text(), options in ter_options(),
    ) {
        let both = ter::sentence(&a, &[&b, &c], &options);
        let (b, c) = (ter::sentence(&a, &[&b], &options), ter::sentence(&a, &[&c], &options));
        prop_assert_eq!(both.edits, b.edits.min(c.edits));
        prop_assert_eq!(both.length, f64::midpoint(b.length, c.length));
    }

    #[test]
    fn a_corpus_does_not_depend_on_the_order_of_its_cases(
        mut pairs in proptest::collection::vec((text(), proptest::collection::vec(text(), 1..4)), 1..8),
        chrf_options in chrf_options(), ter_options in ter_options(),
    ) {
        let score = |pairs: &[(String, Vec<String>)]| {
            let mut corpora = (chrf::Corpus::new(chrf_options), ter::Corpus::new(ter_options));
            for (candidate, references) in pairs {
                corpora.0.add(candidate, references);
                corpora.1.add(candidate, references);
            }
            (corpora.0.score().unwrap(), corpora.1.score().unwrap())
        };
        let there = score(&pairs);
        pairs.reverse();
        let back = score(&pairs);
        prop_assert_eq!(there.0, back.0);
        prop_assert!(close(there.1, back.1));
    }

    #[test]
    fn a_corpus_of_one_pair_scores_as_the_pair(
        a in text(), b in text(), chrf_options in chrf_options(), ter_options in ter_options(),
    ) {
        let mut corpora = (chrf::Corpus::new(chrf_options), ter::Corpus::new(ter_options));
        corpora.0.add(&a, &[&b]);
        corpora.1.add(&a, &[&b]);
        prop_assert_eq!(corpora.0.score(), Some(chrf::sentence(&a, &[&b], &chrf_options)));
        prop_assert_eq!(corpora.1.score(), Some(ter::sentence(&a, &[&b], &ter_options).score()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn a_batch_scores_as_pairs_by_themselves_on_any_number_of_threads(
        pairs in proptest::collection::vec((text(), text()), 100..150),
    ) {
        let options = (chrf::Options::plus_plus(), ter::Options::default());
        let single: Vec<f64> = pairs.iter()
            .map(|(a, b)| chrf::sentence(a, &[b], &options.0) + ter::sentence(a, &[b], &options.1).score())
            .collect();
        for threads in [1, 2, 8] {
            let together = batch(
                &pairs,
                threads,
                || (chrf::Scorer::default(), ter::Scorer::default()),
                |(chrf, ter), (a, b)| {
                    chrf.score(a, &[b], &options.0) + ter.edits(a, &[b], &options.1).score()
                },
            );
            prop_assert_eq!(&together, &single);
        }
    }
}

fn judged(name: &str, options: Option<&str>, candidate: &str, references: &[&str]) -> f64 {
    let metric = Metric::new(&Registry::builtin(), name, options).expect("options are fine");
    let references: Vec<String> = references.iter().map(|&r| r.to_owned()).collect();
    match metric.judge(candidate, &references) {
        Ok(Verdict::Judged(score)) => score.value,
        other => panic!("{name} gave {other:?}"),
    }
}

#[test]
fn evaluators_give_sacrebleus_numbers() {
    for (name, options, candidate, references, wanted) in [
        (
            "chrf",
            None,
            "a cat sat",
            &["the cat sat"][..],
            53.609_774_551_726_23,
        ),
        (
            "chrf",
            Some(r#"{"word-order": 2}"#),
            "a cat sat",
            &["the cat sat"],
            54.998_103_663_876_64,
        ),
        (
            "chrf",
            Some(r#"{"lowercase": true}"#),
            "A",
            &["b", "a"],
            100.0,
        ),
        (
            "chrf",
            Some(r#"{"eps-smoothing": true}"#),
            "a",
            &["a"],
            100.0 / 6.0,
        ),
        (
            "chrf",
            Some(r#"{"whitespace": true}"#),
            "a\u{a0}b\u{2003}c",
            &["a b c"],
            12.0,
        ),
        (
            "ter",
            None,
            "the cat on the mat sat",
            &["the cat sat on the mat"],
            100.0 / 6.0,
        ),
        (
            "ter",
            Some(r#"{"normalized": true}"#),
            "hello world !",
            &["Hello, world!"],
            25.0,
        ),
        (
            "ter",
            Some(r#"{"no-punct": true}"#),
            "hello world",
            &["Hello, world!"],
            0.0,
        ),
        (
            "ter",
            Some(r#"{"case-sensitive": true}"#),
            "hello",
            &["Hello"],
            100.0,
        ),
        (
            "ter",
            Some(r#"{"normalized": true, "asian-support": true}"#),
            "今天",
            &["今日"],
            50.0,
        ),
    ] {
        let ours = judged(name, options, candidate, references);
        assert!(
            close(ours, wanted),
            "{name} {options:?} gave {ours}, wanted {wanted}"
        );
    }
}

fn built(name: &str, options: &str) -> Box<dyn Evaluator> {
    let registry = Registry::builtin();
    let source = Source::new("options", options);
    let node = parse(&source).expect("YAML");
    let fields = Cursor::new(&source, &node).fields().expect("a mapping");
    let extract = Extract::default();
    let scope = Scope {
        registry: &registry,
        extract: &extract,
    };
    let kind = registry.get(name).expect("a built-in name");
    kind.build(&fields, &scope).expect("options are fine")
}

#[test]
fn evaluators_sign_as_sacrebleu_does_and_score_a_corpus_by_its_sums() {
    let chrf = built("chrf", "{lowercase: true, word-order: 2, beta: 3}");
    assert_eq!(
        chrf.signature(),
        "chrF3++|case:lc|eff:yes|nc:6|nw:2|space:no|version:2.6.0"
    );
    let ter = built("ter", "{no-punct: true}");
    assert_eq!(
        ter.signature(),
        "TER|case:lc|tok:tercom|norm:no|punct:no|asian:no|version:2.6.0"
    );
    let mut corpus = ter.corpus().expect("a corpus score");
    assert_eq!(corpus.score(), None);
    corpus.add("a b c", &["a b d".to_owned()]);
    corpus.add("e", &["e".to_owned(), "e f g".to_owned()]);
    assert_eq!(corpus.score(), Some(20.0));
    assert_eq!(chrf.corpus().expect("a corpus score").score(), None);
}

#[test]
fn options_out_of_range_are_refused_at_their_place() {
    for (options, wanted) in [
        (r#"{"char-order": 101}"#, "101 is more than 100"),
        (r#"{"char-order": 0}"#, "nothing to count"),
        (r#"{"beta": -1}"#, "whole number"),
        (r#"{"word_order": 2}"#, "word-order"),
    ] {
        let error = Metric::new(&Registry::builtin(), "chrf", Some(options)).expect_err("refused");
        assert!(error.to_string().contains(wanted), "{options}: {error}");
    }
}

#[test]
fn the_search_for_moves_ends_on_long_texts_of_few_words() {
    let words: Vec<&str> = (0..3_000_u32)
        .map(|i| ["a", "b", "c"][(i.wrapping_mul(i) % 7 % 3) as usize])
        .collect();
    let back: Vec<&str> = words.iter().rev().copied().collect();
    let edits = ter::sentence(
        &words.join(" "),
        &[back.join(" ")],
        &ter::Options::default(),
    );
    assert!(edits.edits > 0 && edits.length == 3_000.0);
}
