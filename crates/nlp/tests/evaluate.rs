//! The scorer, rule by rule, on cases worked out by hand from the official scorer's definition.

#![allow(clippy::format_push_string, reason = "a few lines of test data")]

use botsmith_nlp::evaluate::{Evaluation, evaluate};
use botsmith_nlp::{Doc, conllu};

/// A sentence a line; words with a blank between; `abc=a+bc` is a multi-word token; `x_` glues.
fn doc(text: &str) -> Doc {
    let mut out = String::new();
    for line in text.lines() {
        let mut id = 0;
        for piece in line.split_whitespace() {
            let (piece, misc) = match piece.strip_suffix('_') {
                Some(piece) => (piece, "SpaceAfter=No"),
                None => (piece, "_"),
            };
            if let Some((token, words)) = piece.split_once('=') {
                let words: Vec<_> = words.split('+').collect();
                out += &format!(
                    "{}-{}\t{token}\t_\t_\t_\t_\t_\t_\t_\t{misc}\n",
                    id + 1,
                    id + words.len()
                );
                for word in words {
                    id += 1;
                    out += &format!("{id}\t{word}\t{word}\tX\tX\t_\t_\t_\t_\t_\n");
                }
            } else {
                id += 1;
                out += &format!("{id}\t{piece}\t{piece}\tX\tX\t_\t_\t_\t_\t{misc}\n");
            }
        }
        out.push('\n');
    }
    conllu::read("case", &out).expect("a case")
}

fn scores(gold: &str, system: &str) -> Evaluation {
    evaluate(&doc(gold), &doc(system)).expect("same text")
}

/// `(name, gold, system, [tokens], [sentences], [words])`, each correct, gold, system.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    [u32; 3],
    [u32; 3],
    [u32; 3],
);

const CASES: &[Case] = &[
    (
        "the same",
        "a b c",
        "a b c",
        [3, 3, 3],
        [1, 1, 1],
        [3, 3, 3],
    ),
    (
        "one token cut",
        "ab c",
        "a_ b c",
        [1, 2, 3],
        [1, 1, 1],
        [1, 2, 3],
    ),
    (
        "a sentence cut",
        "a b",
        "a\nb",
        [2, 2, 2],
        [0, 1, 2],
        [2, 2, 2],
    ),
    (
        "sentences joined",
        "a\nb\nc",
        "a b\nc",
        [3, 3, 3],
        [1, 3, 2],
        [3, 3, 3],
    ),
    (
        "white space moved",
        "a_ b",
        "a b",
        [2, 2, 2],
        [1, 1, 1],
        [2, 2, 2],
    ),
    (
        "multi-word against multi-word",
        "dont=do+nt x",
        "dont=do+nt x",
        [2, 2, 2],
        [1, 1, 1],
        [3, 3, 3],
    ),
    (
        "multi-word missed",
        "dont=do+nt x",
        "dont x",
        [2, 2, 2],
        [1, 1, 1],
        [1, 3, 2],
    ),
    (
        "multi-word where none is",
        "dont x",
        "dont=do+nt x",
        [2, 2, 2],
        [1, 1, 1],
        [1, 2, 3],
    ),
    (
        "multi-word cut as tokens",
        "dont=do+nt x",
        "do_ nt x",
        [1, 2, 3],
        [1, 1, 1],
        [3, 3, 3],
    ),
    (
        "words in another case",
        "Dont=Do+nt",
        "Dont=do+NT",
        [1, 1, 1],
        [1, 1, 1],
        [2, 2, 2],
    ),
    (
        "one word of two",
        "vámonos=vamos+nos",
        "vámonos=vamo+nos",
        [1, 1, 1],
        [1, 1, 1],
        [1, 2, 2],
    ),
    (
        "a subsequence",
        "abc=a+b+c",
        "abc=a+x+c",
        [1, 1, 1],
        [1, 1, 1],
        [2, 3, 3],
    ),
    (
        "multi-words that overlap",
        "ab=a+b cd=c+d",
        "a_ bc=b+c_ d",
        [0, 2, 3],
        [1, 1, 1],
        [4, 4, 4],
    ),
    (
        "word before a multi-word",
        "ab_ cd=c+d",
        "a_ bcd=b+c+d",
        [0, 2, 2],
        [1, 1, 1],
        [2, 3, 4],
    ),
];

#[test]
fn every_rule_of_alignment_holds_on_a_case_worked_out_by_hand() {
    for (name, gold, system, tokens, sentences, words) in CASES {
        // The text is the same but for white space; two sentences need no blank between.
        let got = scores(gold, system);
        for (what, metric, [correct, gold, system]) in [
            ("tokens", got.tokens, tokens),
            ("sentences", got.sentences, sentences),
            ("words", got.words, words),
        ] {
            let (correct, gold, system) =
                (f64::from(*correct), f64::from(*gold), f64::from(*system));
            assert_eq!(metric.precision, 100.0 * correct / system, "{name}: {what}");
            assert_eq!(metric.recall, 100.0 * correct / gold, "{name}: {what}");
            assert_eq!(
                metric.f1,
                100.0 * 2.0 * correct / (gold + system),
                "{name}: {what}"
            );
        }
    }
}

fn tagged(rows: &[[&str; 5]]) -> Doc {
    let mut out = String::new();
    for (index, [form, lemma, upos, xpos, feats]) in rows.iter().enumerate() {
        out += &format!(
            "{}\t{form}\t{lemma}\t{upos}\t{xpos}\t{feats}\t_\t_\t_\t_\n",
            index + 1
        );
    }
    conllu::read("case", &(out + "\n")).expect("a case")
}

#[test]
fn tags_and_lemmas_count_on_words_that_match() {
    let gold = tagged(&[
        ["Dogs", "dog", "NOUN", "NNS", "Number=Plur"],
        [
            "bark",
            "bark",
            "VERB",
            "VBP",
            "Number=Plur|Tense=Pres|Typo=Yes",
        ],
        ["!", "_", "PUNCT", ".", "_"],
    ]);
    let system = tagged(&[
        ["Dogs", "dogs", "NOUN", "NN", "Number=Plur"],
        ["bark", "bark", "VERB", "VBP", "Tense=Pres|Number=Plur"],
        ["!", "anything", "PUNCT", ".", "ExtPos=X"],
    ]);
    let got = evaluate(&gold, &system).expect("same text");
    let third = 100.0 / 3.0;
    assert_eq!(got.upos.f1, 100.0);
    assert_eq!(got.xpos.f1, 2.0 * third);
    assert_eq!(
        got.ufeats.f1, 100.0,
        "order and features of the treebank's own do not count"
    );
    assert_eq!(got.all_tags.f1, 2.0 * third);
    assert_eq!(
        got.lemmas.f1,
        2.0 * third,
        "a gold lemma `_` is matched by anything"
    );
}

#[test]
fn aligned_accuracy_is_over_matched_words_alone() {
    let got = scores("ab c", "a_ b c");
    assert_eq!(got.upos.aligned, Some(100.0));
    assert_eq!(got.upos.f1, 100.0 * 2.0 / 5.0);
    assert_eq!(got.words.aligned, None);
}

#[test]
fn a_system_with_other_characters_is_refused_with_the_place() {
    let error = evaluate(&doc("ab cd"), &doc("ab xd")).expect_err("another text");
    assert_eq!(error.code(), "BS-NLP-005");
    assert!(error.to_string().contains("character 2"), "{error}");
    assert!(error.to_string().contains("\"xd\""), "{error}");
}

#[test]
fn the_metrics_are_serialised_under_the_names_of_the_shared_task() {
    let json = serde_json::to_value(scores("a", "a")).expect("numbers");
    for name in ["Tokens", "Sentences", "Words"] {
        assert_eq!(json[name]["f1"], 100.0, "{name}");
        assert!(json[name].get("aligned").is_none(), "{name}");
    }
    for name in ["UPOS", "XPOS", "UFeats", "AllTags", "Lemmas"] {
        assert_eq!(json[name]["aligned"], 100.0, "{name}");
    }
}
