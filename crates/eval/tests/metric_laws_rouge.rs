//! Laws of ROUGE, METEOR and the stemmer, and cases whose values rouge-score 0.1.2 and nltk 3.10.4
//! gave.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, where a panic is a failure"
)]

use std::path::Path;
use std::sync::Arc;

use botsmith_core::yaml::{Cursor, Source, parse};
use botsmith_eval::Verdict;
use botsmith_eval::evaluators::{Registry, Scope};
use botsmith_eval::extract::Extract;
use botsmith_eval::metric::Metric;
use botsmith_eval::metrics::meteor::{self, WordNet};
use botsmith_eval::metrics::porter::{Mode, Stemmer, stem};
use botsmith_eval::metrics::rouge::{self, Measure, Scorer, Variant};
use proptest::prelude::*;

const VARIANTS: [Variant; 5] = [
    Variant::N(1),
    Variant::N(2),
    Variant::N(4),
    Variant::L,
    Variant::Lsum,
];

fn options(variant: Variant, stemmer: bool) -> rouge::Options {
    let mut options = rouge::Options::default();
    options.variant = variant;
    options.stemmer = stemmer;
    options
}

/// Words that meet again, lines, and anything else.
fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        4 => prop::sample::select(vec![
            "the", "cat", "cats", "running", "ran", "happily", "X1", "don't", "ΣΑΣ", "İK", "你好",
            "👍", "\n", "...", "e\u{301}"
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ];
    prop::collection::vec(word, 0..40).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn rouge_stays_in_range_and_turns_round(a in text(), b in text(), stemmer: bool) {
        for variant in VARIANTS {
            let options = options(variant, stemmer);
            let ab = rouge::sentence(&a, &[&b], &options);
            for value in [ab.precision, ab.recall, ab.f] {
                prop_assert!((0.0..=1.0).contains(&value), "{variant:?} gave {value}");
            }
            // The union of Lsum is over the candidate's lines only, so it does not turn round.
            if variant != Variant::Lsum {
                let ba = rouge::sentence(&b, &[&a], &options);
                prop_assert_eq!((ab.precision, ab.recall), (ba.recall, ba.precision));
            }
        }
    }

    #[test]
    fn a_text_with_tokens_has_rouge_one_with_itself(a in text(), stemmer: bool) {
        let tokens = a.to_lowercase().chars().any(|c| c.is_ascii_alphanumeric());
        for variant in [Variant::N(1), Variant::L, Variant::Lsum] {
            let rouge = rouge::sentence(&a, &[&a], &options(variant, stemmer));
            prop_assert_eq!(rouge.f, f64::from(u8::from(tokens)));
        }
    }

    #[test]
    fn on_one_line_lsum_is_l(a in text(), b in text()) {
        let (a, b) = (a.replace('\n', " "), b.replace('\n', " "));
        let l = rouge::sentence(&a, &[&b], &options(Variant::L, false));
        prop_assert_eq!(l, rouge::sentence(&a, &[&b], &options(Variant::Lsum, false)));
    }

    #[test]
    fn meteor_stays_in_range_and_more_references_do_no_harm(a in text(), b in text(), c in text()) {
        let options = meteor::Options::default();
        let one = meteor::sentence(&a, &[&b], &options);
        prop_assert!((0.0..1.0).contains(&one.score), "{one:?}");
        prop_assert!(one.chunks <= one.matches);
        prop_assert!(one.matches <= one.candidate.min(one.reference));
        prop_assert!(meteor::sentence(&a, &[&b, &c], &options).score >= one.score);
        let own = meteor::sentence(&a, &[&a], &options);
        prop_assert_eq!(own.matches, own.candidate);
        prop_assert_eq!(meteor::sentence("", &[&a], &options).score, 0.0);
    }

    #[test]
    fn a_scorer_that_is_used_again_gives_what_a_new_one_gives(pairs in prop::collection::vec((text(), text(), text()), 1..8)) {
        let mut scorers = [Scorer::new(false), Scorer::new(true)];
        let mut meteors = meteor::Scorer::new(meteor::Options::default());
        for (a, b, c) in &pairs {
            for (scorer, stemmer) in scorers.iter_mut().zip([false, true]) {
                for variant in VARIANTS {
                    let fresh = rouge::sentence(a, &[b, c], &options(variant, stemmer));
                    prop_assert_eq!(scorer.best(a, &[b, c], variant), fresh);
                }
            }
            let fresh = meteor::sentence(a, &[b, c], &meteor::Options::default());
            prop_assert_eq!(meteors.best(a, &[b, c]), fresh);
        }
    }

    #[test]
    fn any_word_has_a_stem_in_every_mode(word in "\\PC{0,12}", suffix in "(ed|ing|y|ational|ies|ll|e)?") {
        let word = word + &suffix;
        for mode in [Mode::Nltk, Mode::Martin, Mode::Original] {
            let first = stem(&word, mode);
            let lower = word.to_lowercase();
            prop_assert!(first.chars().count() <= lower.chars().count());
            let mut again = Stemmer::new(mode);
            prop_assert_eq!(again.stem("running"), stem("running", mode));
            prop_assert_eq!(again.stem(&word), first);
        }
    }
}

#[test]
fn a_batch_gives_what_single_calls_give_on_any_number_of_threads() {
    let texts = [
        "the cat sat",
        "cats sit\nthe dog",
        "",
        "你好 the",
        "running runs ran the dog",
    ];
    let pairs: Vec<(&str, [&str; 2])> = (0..200)
        .map(|i| (texts[i % 5], [texts[i / 5 % 5], texts[i / 25 % 5]]))
        .collect();
    for variant in VARIANTS {
        for measure in [Measure::F, Measure::Precision, Measure::Recall] {
            let mut options = options(variant, true);
            options.measure = measure;
            let singles: Vec<_> = pairs
                .iter()
                .map(|(c, r)| rouge::sentence(c, r, &options).get(measure))
                .collect();
            for threads in [1, 2, 8] {
                assert_eq!(rouge::batch(&pairs, &options, threads), singles);
            }
        }
    }
    let options = meteor::Options::default();
    let singles: Vec<_> = pairs
        .iter()
        .map(|(c, r)| meteor::sentence(c, r, &options).score)
        .collect();
    for threads in [1, 2, 8] {
        assert_eq!(meteor::batch(&pairs, &options, threads), singles);
    }
}

#[test]
fn empty_texts_and_texts_without_latin_letters_score_zero() {
    for (a, b) in [
        ("", ""),
        ("", "a"),
        ("a", ""),
        ("你好", "你好"),
        ("!", "!"),
        ("\n", "\n"),
    ] {
        for variant in VARIANTS {
            let rouge = rouge::sentence(a, &[b], &options(variant, true));
            assert_eq!(rouge.f, 0.0, "{variant:?} of {a:?} and {b:?}");
        }
    }
    let none: [&str; 0] = [];
    assert_eq!(
        rouge::sentence("a", &none, &options(Variant::L, false)).f,
        0.0
    );
    assert_eq!(
        meteor::sentence("a", &none, &meteor::Options::default()).score,
        0.0
    );
}

#[test]
fn the_kelvin_sign_and_the_dotted_i_are_letters_in_lower_case() {
    let f = |a, b| rouge::sentence(a, &[b], &options(Variant::N(1), false)).f;
    assert_eq!(f("3\u{212a} \u{212a}", "3k k"), 1.0);
    // The dotted I is i and a combining dot, which separates.
    assert_eq!(f("D\u{130}N", "di n"), 1.0);
}

#[test]
fn the_first_of_references_with_the_same_f_counts() {
    let rouge = rouge::sentence(
        "a b",
        &["a", "a b x x x", "a"],
        &options(Variant::N(1), false),
    );
    assert_eq!((rouge.precision, rouge.recall), (0.5, 1.0));
    let rouge = rouge::sentence("a b", &["a x x x", "x a"], &options(Variant::N(1), false));
    assert_eq!((rouge.precision, rouge.recall), (0.5, 0.5));
}

#[test]
fn lsum_takes_the_union_over_lines_and_no_token_twice() {
    // Lin 2004, section 3.2: w1 w2 w3 w4 w5 with w1 w2 w6 w7 w8 and w1 w3 w8 w9 w5.
    let rouge = rouge::sentence(
        "w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5",
        &["w1 w2 w3 w4 w5"],
        &options(Variant::Lsum, false),
    );
    assert_eq!((rouge.recall, rouge.precision), (0.8, 0.4));
    let rouge = rouge::sentence("a\nb", &["a a\na"], &options(Variant::Lsum, false));
    assert_eq!((rouge.recall, rouge.precision), (1.0 / 3.0, 0.5));
}

#[test]
fn meteor_takes_the_last_free_place_of_a_word() {
    // From nltk: the last `a` goes with the last `a`, and so on back.
    let meteor = meteor::sentence("a b a", &["a a b"], &meteor::Options::default());
    assert_eq!((meteor.matches, meteor.chunks), (3, 3));
    assert_eq!(meteor.score, 0.5);
}

fn small_wordnet(folder: &Path) {
    let files = [
        (
            "data.noun",
            "  1 WordNet 3.0 Copyright 2006 by Princeton University.\n\
             00000100 03 n 03 car 0 auto 0 motor_car 0 000 | a vehicle\n\
             00000200 03 n 01 child 0 000 | a young person\n\
             00000300 03 n 02 kid 0 child 1 000 | informal\n",
        ),
        (
            "index.noun",
            "  1 licence\n\
             car n 1 2 @ ~ 1 1 00000100\nauto n 1 0 1 0 00000100\n\
             child n 2 0 2 0 00000200 00000300\nkid n 1 0 1 0 00000300\n",
        ),
        ("noun.exc", "children child\n"),
        (
            "data.verb",
            "00000100 29 v 02 buy 0 purchase 0 000 01 + 08 00 | \n",
        ),
        (
            "index.verb",
            "buy v 1 0 1 1 00000100\npurchase v 1 0 1 1 00000100\n",
        ),
        ("verb.exc", "bought buy\n"),
        (
            "data.adj",
            "00000100 00 s 02 abundant(p) 0 galore(ip) 0 000 | \n",
        ),
        (
            "index.adj",
            "abundant a 1 0 1 0 00000100\ngalore a 1 0 1 0 00000100\n",
        ),
        ("adj.exc", ""),
        ("data.adv", ""),
        ("index.adv", ""),
        ("adv.exc", ""),
    ];
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
}

#[test]
fn synonyms_match_where_a_wordnet_is_given() {
    let folder = tempfile::tempdir().unwrap();
    small_wordnet(folder.path());
    let wordnet = WordNet::open(folder.path()).unwrap();
    assert_eq!(wordnet.version(), "3.0");
    let plain = meteor::Options::default();
    let mut with = meteor::Options::default();
    with.wordnet = Some(Arc::new(wordnet));
    for (a, b, matches) in [
        ("car", "auto", 1),
        ("cars", "autos", 1),
        ("car", "motor_car", 0),
        ("bought", "purchase", 0), // the stem of purchase is purchas, no word of the synset
        ("purchase", "buy", 0),    // likewise
        ("bought", "buy", 1),
        ("children", "kid", 1), // the stem `children` is an irregular form of child
        ("abundant", "galore", 0), // the stem of galore is galor
        ("car", "child", 0),
    ] {
        assert_eq!(meteor::sentence(a, &[b], &plain).matches, 0, "{a} {b}");
        assert_eq!(meteor::sentence(a, &[b], &with).matches, matches, "{a} {b}");
    }
}

#[test]
fn a_broken_wordnet_is_refused_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let error = WordNet::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("data.noun: no such file"), "{error}");
    for (name, text, wanted) in [
        (
            "index.noun",
            "car n 1 0 1 1 00000999\n",
            "index.noun:1: there is no synset 00000999",
        ),
        (
            "data.verb",
            "\n00000100 29 v zz buy",
            "data.verb:2: the count of words was wanted",
        ),
        (
            "data.verb",
            "00000100 29 v 02 buy 0",
            "data.verb:1: the line ends where a word",
        ),
    ] {
        small_wordnet(folder.path());
        std::fs::write(folder.path().join(name), text).unwrap();
        let error = WordNet::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
}

/// The value that `botsmith metric NAME --options OPTIONS` gives.
fn judged(name: &str, options: &str, candidate: &str, references: &[&str]) -> f64 {
    let metric = Metric::new(&Registry::builtin(), name, Some(options)).unwrap();
    let references: Vec<_> = references.iter().map(|&r| r.to_owned()).collect();
    match metric.judge(candidate, &references).unwrap() {
        Verdict::Judged(score) => score.value,
        other => panic!("{name} {options} gave {other:?}"),
    }
}

#[test]
fn the_evaluators_take_their_options() {
    let wanted = ["The dog barks.", "Two dogs barked\nat me"];
    for (options, value) in [
        ("{}", 0.5),
        (r#"{"variant": "1", "measure": "p"}"#, 0.5),
        (r#"{"variant": 1, "stemmer": true, "measure": "p"}"#, 1.0),
        (
            r#"{"variant": "N", "n": 2, "stemmer": true, "measure": "r"}"#,
            0.5,
        ),
        (r#"{"n": 2}"#, 0.0),
        (r#"{"variant": "Lsum", "stemmer": true}"#, 0.8),
        (r#"{"value": "dogs bark", "variant": "L"}"#, 1.0),
    ] {
        let found = judged("rouge", options, "dogs bark", &wanted);
        // F of (1/2, 1/5) for the second reference without the stemmer.
        let value = if options == "{}" { 2.0 / 7.0 } else { value };
        assert!((found - value).abs() < 1e-12, "{options} gave {found}");
    }
    let folder = tempfile::tempdir().unwrap();
    small_wordnet(folder.path());
    let wordnet = serde_json::json!({"wordnet": folder.path()}).to_string();
    for (options, value) in [
        ("{}", 0.0),
        (wordnet.as_str(), 0.5),
        (r#"{"value": "car", "gamma": 0}"#, 1.0),
    ] {
        assert_eq!(
            judged("meteor", options, "car", &["auto"]),
            value,
            "{options}"
        );
    }
}

#[test]
fn wrong_options_are_refused_with_what_was_wanted() {
    for (name, options, wanted) in [
        ("rouge", r#"{"variant": "LCS"}"#, "unknown variant \"LCS\""),
        ("rouge", r#"{"variant": "0"}"#, "unknown variant \"0\""),
        ("rouge", r#"{"variant": 0}"#, "at least 1 word"),
        ("rouge", r#"{"variant": "N"}"#, "needs `n`"),
        (
            "rouge",
            r#"{"variant": "L", "n": 2}"#,
            "goes with variant `N`",
        ),
        ("rouge", r#"{"n": 0}"#, "at least 1 word"),
        ("rouge", r#"{"measure": "f1"}"#, "f1"),
        ("meteor", r#"{"alpha": 2}"#, "alpha"),
        ("meteor", r#"{"wordnet": "no/such/folder"}"#, "no such file"),
    ] {
        let error = Metric::new(&Registry::builtin(), name, Some(options)).unwrap_err();
        assert!(error.to_string().contains(wanted), "{options}: {error}");
    }
}

#[test]
fn signatures_name_settings_and_reference_version() {
    for (name, options, wanted) in [
        (
            "rouge",
            r#"{"variant": 2, "stemmer": true}"#,
            "rouge:2|measure:f|stemmer:yes|refs:greatest-f|version:rouge-score-0.1.2",
        ),
        (
            "meteor",
            "{}",
            "meteor|alpha:0.9|beta:3|gamma:0.5|stemmer:porter-nltk|wordnet:no|refs:max|version:nltk-3.10.4",
        ),
    ] {
        let registry = Registry::builtin();
        let source = Source::new("--options", options);
        let node = parse(&source).unwrap();
        let fields = Cursor::new(&source, &node).fields().unwrap();
        let scope = Scope {
            registry: &registry,
            extract: &Extract::default(),
        };
        let evaluator = registry.get(name).unwrap().build(&fields, &scope).unwrap();
        assert_eq!(evaluator.signature(), wanted);
    }
}
