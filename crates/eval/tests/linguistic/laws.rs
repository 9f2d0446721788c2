//! What holds for every answer, and what wrong options are told.

use botsmith_core::yaml::{Cursor, Source, parse};
use botsmith_eval::evaluators::{Panel, Registry, read_list};
use botsmith_eval::extract::Extract;
use botsmith_eval::{Answer, Case, Result, Verdict};
use proptest::prelude::*;

const ALL: &str = "- new-numbers: {allow: [counts, sums, products, shares, ordinals], references: true}
- new-names
- negation-flip
- answers-question
- answers-question: {kind: where, name: where}
- instruction: {max-sentences: 2, max-words: 9, bullets: true, first-person: false, questions: true, only-imperatives: true, mentions: [refund], avoids: [you], starts-with: verb}
";

fn panel(list: &str) -> Result<Panel> {
    let source = Source::new("suite.yaml", list);
    let node = parse(&source)?;
    let cursor = Cursor::new(&source, &node);
    Ok(Panel::new(read_list(
        &cursor,
        &Registry::builtin(),
        &Extract::default(),
    )?))
}

fn case(text: &str) -> Case {
    Case {
        id: "c1".into(),
        input: format!("When is it, and how much? {text}"),
        references: vec![
            "You cannot return 3 pots to Acme within 30 days.".into(),
            text.into(),
        ],
        ..Case::default()
    }
}

/// Pieces of what bots write, and of what nobody writes.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "**",
            "- ",
            "\n",
            "\n\n",
            "```",
            "# ",
            "1. ",
            "| a |",
            "[x](y)",
            "You cannot return it. ",
            "Acme ",
            "NASA's ",
            "not ",
            "three ",
            "half an hour ",
            "$3m",
            "5:30 p.m. ",
            "March 3, 2024",
            "2 to 5 ",
            "%",
            "€",
            "twenty-",
            "and a half ",
            "I ",
            "Click ",
            "because ",
            "?",
            "https://a.org/5",
            "İ",
            "ß",
            "🎉",
            "\u{301}",
            "—",
            "24/7",
            "one or two ",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,8}",
        "[0-9.,:/-]{0,8}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn values_and_evidence_stay_in_their_range(text in texts(), about in texts()) {
        let panel = panel(ALL).unwrap();
        let case = case(&about);
        let prepared = panel.prepare(&case).unwrap();
        for verdict in panel.judge(&prepared, &Answer::text(text.as_str())).unwrap() {
            if let Verdict::Judged(score) = verdict {
                prop_assert!((0.0..=1.0).contains(&score.value), "{score:?}");
                for span in &score.evidence {
                    prop_assert!(text.get(span.start..span.end).is_some_and(|part| !part.is_empty()), "{span:?} of {text:?}");
                }
            }
        }
    }

    #[test]
    fn an_answer_that_repeats_its_context_brings_no_numbers(text in texts()) {
        let panel = panel("- new-numbers").unwrap();
        let case = Case { id: "c1".into(), context: vec![text.clone()], ..Case::default() };
        let prepared = panel.prepare(&case).unwrap();
        let verdicts = panel.judge(&prepared, &Answer::text(text.as_str())).unwrap();
        let Verdict::Judged(score) = &verdicts[0] else { panic!("{verdicts:?}") };
        // Markup is read in the context and not in the answer: what it hides may be read anew.
        let hides = text.contains(['*', '`', '|', '[', '#', '_', '<', '~', '>', '-', '\n']);
        prop_assert!(score.value == 1.0 || hides, "{score:?} of {text:?}");
    }
}

#[test]
fn long_texts_of_one_kind_are_judged_in_their_stride() {
    let panel = panel(ALL).unwrap();
    for piece in [
        "7 ",
        "[",
        "(",
        "*",
        "Acme ",
        "March 3 ",
        "not ",
        "I don't know when. ",
        "in 5 days ",
        "a|",
        "twenty ",
        "A.",
        "- x\n",
        "How many? ",
        "£",
    ] {
        let text = piece.repeat(2_000);
        let case = case(&text);
        let prepared = panel.prepare(&case).unwrap();
        panel.judge(&prepared, &Answer::text(text)).unwrap();
    }
}

#[test]
fn wrong_options_name_their_place_and_what_was_meant() {
    for (list, wanted) in [
        ("- new-numbers: {allow: [sum]}", "sums"),
        ("- new-numbers: {tolerance: 2}", "tolerance"),
        ("- new-numbers: {contxt: x}", "context"),
        ("- new-names: {ignored: x}", "ignore"),
        ("- new-names: {max: -1}", "max"),
        ("- answers-question: {kind: whene}", "when"),
        ("- instruction", "states nothing"),
        ("- instruction: {max-sentence: 3}", "max-sentences"),
        ("- instruction: {min-words: 5, max-words: 3}", "below"),
        ("- instruction: {mentions: []}", "must not be empty"),
        ("- instruction: {starts-with: verbs}", "verb"),
        ("- instruction: {first-person: none}", "first-person"),
        ("- negation-flip: {value: '{{ x'}", "template"),
        ("- negation-flip: {valu: x}", "value"),
    ] {
        let error = panel(list).map(|_| ()).unwrap_err().to_string();
        assert!(
            error.contains(wanted) && error.contains("suite.yaml:1"),
            "{list}: {error}"
        );
    }
}
