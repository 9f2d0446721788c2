//! `tense`, `person`, `voice`, `mood`, `modality`, `lemma-overlap` on answers as bots write them: a file
//! of cases each under `tests/linguistic/`, at least 20 that pass and 20 that fail; then evidence,
//! laws and errors.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use botsmith_core::yaml::{Cursor, Source, parse};
use botsmith_eval::evaluators::{Configured, Panel, Registry, read_list};
use botsmith_eval::extract::Extract;
use botsmith_eval::metrics::lemma::{self, Options, Variant, overlap};
use botsmith_eval::{Answer, Case, Result, Score, Verdict};
use proptest::prelude::*;

fn read(list: &str) -> Result<Vec<Configured>> {
    let source = Source::new("suite.yaml", list);
    let node = parse(&source)?;
    let at = Cursor::new(&source, &node);
    read_list(&at, &Registry::builtin(), &Extract::default())
}

fn verdict(entry: &str, answer: &str, references: &[String]) -> Verdict {
    let list = read(&format!("- {entry}")).unwrap_or_else(|error| panic!("{entry}: {error}"));
    let panel = Panel::new(list);
    let case = Case {
        id: "c1".into(),
        input: "What?".into(),
        references: references.to_vec(),
        ..Case::default()
    };
    let prepared = panel.prepare(&case).unwrap();
    let mut verdicts = panel.judge(&prepared, &Answer::text(answer)).unwrap();
    verdicts.remove(0)
}

fn score(entry: &str, answer: &str, references: &[String]) -> Score {
    match verdict(entry, answer, references) {
        Verdict::Judged(score) => {
            for span in &score.evidence {
                let shown = answer.get(span.start..span.end);
                assert!(
                    shown.is_some_and(|text| !text.is_empty()),
                    "{entry} on {answer:?}"
                );
            }
            if score.passed == Some(false) && !entry.starts_with("lemma-overlap") {
                let why = score.explanation.as_deref().unwrap_or_default();
                assert!(
                    !why.is_empty() && !why.contains('\n'),
                    "{entry} on {answer:?}: {why:?}"
                );
            }
            score
        }
        other => panic!("{entry} on {answer:?}: {other:?}"),
    }
}

/// Runs a file of cases: a list of `{with, references, pass, fail}`.
fn cases(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/linguistic/{name}.yaml"));
    let source = Source::read(&path, 1 << 20).unwrap();
    let node = parse(&source).unwrap();
    let (mut passed, mut failed, mut wrong) = (0, 0, Vec::new());
    for group in Cursor::new(&source, &node).items().unwrap() {
        let fields = group.fields().unwrap();
        let entry = format!(
            "{name}: {}",
            fields.required("with").unwrap().text().unwrap()
        );
        let texts = |key| {
            fields
                .get(key)
                .map_or(Ok(Vec::new()), |at| at.texts())
                .unwrap()
        };
        let references = texts("references");
        for (key, wanted, count) in [("pass", true, &mut passed), ("fail", false, &mut failed)] {
            for answer in texts(key) {
                *count += 1;
                if let skipped @ Verdict::Skipped(_) = verdict(&entry, &answer, &references) {
                    wrong.push(format!("{entry}\n    {answer:?} must {key}: {skipped:?}"));
                    continue;
                }
                let score = score(&entry, &answer, &references);
                if score.passed != Some(wanted) {
                    wrong.push(format!("{entry}\n    {answer:?} must {key}: {score:?}"));
                }
            }
        }
        fields.finish().unwrap();
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        passed + failed,
        wrong.join("\n")
    );
    assert!(
        passed >= 20 && failed >= 20,
        "{name}: {passed} pass, {failed} fail"
    );
}

#[test]
fn tense_is_told_of_what_bots_write() {
    cases("tense");
}

#[test]
fn person_is_told_of_what_bots_write() {
    cases("person");
}

#[test]
fn voice_is_told_of_what_bots_write() {
    cases("voice");
}

#[test]
fn mood_is_told_of_what_bots_write() {
    cases("mood");
}

#[test]
fn modality_is_told_of_what_bots_write() {
    cases("modality");
}

#[test]
fn lemma_overlap_is_told_of_what_bots_write() {
    cases("lemma-overlap");
}

#[test]
fn evidence_shows_what_speaks_for_the_answer_and_against_it() {
    let rows: &[(&str, &str, f64, &[&str])] = &[
        (
            "tense: {want: past}",
            "We tested it, and it will ship.",
            0.5,
            &["+tested", "-will ship"],
        ),
        (
            "tense: {want: future, max-share: 0.5}",
            "We tested it, and it will ship.",
            0.5,
            &["+tested", "-will ship"],
        ),
        (
            "tense",
            "It works. It is fast. It was slow.",
            2.0 / 3.0,
            &["+works", "+is", "-was"],
        ),
        (
            "person: {avoid: first}",
            "I can't see your order, but my colleague can.",
            1.0 / 3.0,
            &["-I", "-my"],
        ),
        (
            "person: {want: second}",
            "We sent you the form.",
            0.5,
            &["-We", "+you"],
        ),
        (
            "voice: {max: 0.5}",
            "The order was cancelled and refunded. We are sorry.",
            2.0 / 3.0,
            &["-was cancelled", "-refunded"],
        ),
        (
            "mood: {want: question}",
            "It is late. Shall we go?",
            0.5,
            &["-It is late.", "+Shall we go?"],
        ),
        (
            "modality: {measure: score}",
            "I think it is definitely broken.",
            0.5,
            &["-think", "+definitely"],
        ),
        (
            "modality: {measure: hedges, per: sentence}",
            "It might rain, more or less. It rains.",
            1.0,
            &["+might", "+more or less"],
        ),
        (
            "modality: {measure: boosters}",
            "Of course it works.",
            25.0,
            &["+Of course"],
        ),
    ];
    for (entry, answer, value, evidence) in rows {
        let score = score(entry, answer, &[]);
        let shown: Vec<_> = score
            .evidence
            .iter()
            .map(|span| {
                let sign = if span.supports { '+' } else { '-' };
                format!("{sign}{}", &answer[span.start..span.end])
            })
            .collect();
        assert_eq!(shown, *evidence, "{entry} on {answer:?}: {score:?}");
        assert!(
            (score.value - value).abs() < 1e-12,
            "{entry} on {answer:?}: {score:?}"
        );
    }
}

#[test]
fn evidence_points_into_the_whole_answer_behind_an_extraction() {
    let answer = "Thoughts first.\nThe file was deleted.";
    let score = score("voice: {max: 0, extract: [final-line]}", answer, &[]);
    let span = &score.evidence[0];
    assert_eq!(&answer[span.start..span.end], "was deleted");
}

#[test]
fn an_answer_with_nothing_to_judge_is_skipped_or_judged_as_the_page_says() {
    for (entry, answer) in [
        ("tense: past", ""),
        ("tense: past", "Good morning!"),
        ("tense: past", "Open the file."),
        ("modality", "…"),
    ] {
        let verdict = verdict(entry, answer, &[]);
        assert!(
            matches!(verdict, Verdict::Skipped(_)),
            "{entry} on {answer:?}: {verdict:?}"
        );
    }
    for (entry, answer, passed) in [
        ("person: {avoid: first}", "", true),
        ("person: {want: first}", "", false),
        ("voice: {max: 0}", "", true),
        ("mood: {want: question}", "", false),
        ("mood: {avoid: question}", "", true),
    ] {
        assert_eq!(score(entry, answer, &[]).passed, Some(passed), "{entry}");
    }
}

#[test]
fn a_wrong_option_names_its_place_and_what_was_wanted() {
    for (entry, wanted) in [
        ("tense: {want: passt}", "did you mean `past`"),
        ("tense: {want: []}", "must not be empty"),
        (
            "tense: {only: true, min-share: 0.5}",
            "leave out `min-share`",
        ),
        (
            "tense: {min-share: 0.5, max-share: 0.2}",
            "max-share 0.2 is below min-share 0.5",
        ),
        ("tense: {min-share: 50}", "50"),
        ("tense: {wants: past}", "did you mean `want`"),
        ("person", "needs `want` or `avoid`"),
        ("person: {avoid: first, only: true}", "go with `want`"),
        ("person: {want: frist}", "did you mean `first`"),
        ("voice: {max: 2}", "2"),
        ("voice: {max: 0.1, min: 0.5}", "max 0.1 is below min 0.5"),
        ("mood: {want: imperativ}", "did you mean `imperative`"),
        ("mood: {only: true}", "needs `want` or `avoid`"),
        ("modality: {measure: hedge}", "did you mean `hedges`"),
        ("modality: {per: sentence}", "the score is no rate"),
        ("modality: {max: 3}", "3"),
        ("lemma-overlap: {variant: 9}", "1 to 8 lemmas"),
        ("lemma-overlap: {variant: l1}", "`f1`"),
        ("lemma-overlap: {measure: F}", "`f`"),
    ] {
        let error = read(&format!("- {entry}")).expect_err(entry).to_string();
        assert!(error.contains(wanted), "{entry}: {error}");
        assert!(error.contains("suite.yaml:1:"), "{entry}: {error}");
    }
}

#[test]
fn lemmas_make_one_word_of_its_forms() {
    let all = |variant, content| {
        let mut options = Options::default();
        options.variant = variant;
        options.content = content;
        options
    };
    let one = all(Variant::N(1), false);
    let rows = [
        ("The mice ran.", "the mouse runs", one, 1.0),
        ("She went home.", "They are going home.", one, 4.0 / 7.0),
        (
            "the cat sat on the mat",
            "the cat sits on a mat",
            all(Variant::N(2), false),
            3.0 / 5.0,
        ),
        (
            "red blue green",
            "green red blue",
            all(Variant::L, false),
            2.0 / 3.0,
        ),
        (
            "The file is on the desk.",
            "A file at her desk",
            all(Variant::N(1), true),
            1.0,
        ),
        ("", "a", one, 0.0),
        ("…", "…", one, 0.0),
    ];
    for (candidate, reference, options, wanted) in rows {
        let found = overlap(candidate, &[reference], &options).unwrap().rouge.f;
        assert!(
            (found - wanted).abs() < 1e-12,
            "{candidate:?} {reference:?}: {found}"
        );
    }
    let found = overlap("a b c", &["x", "a b", "a b c"], &one).unwrap();
    assert_eq!(found.rouge.f, 1.0, "of several references the best counts");
    assert_eq!(overlap::<&str>("a", &[], &one).unwrap().rouge.f, 0.0);
}

/// Few words, so that texts share some.
fn text() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "the", "The", "mouse", "mice", "run", "ran", "running", "tests", "tested", "left", "is",
        "was", "quickly", "Ann", "42", ",", ".", "not",
    ]);
    prop::collection::vec(word, 0..14).prop_map(|words| words.join(" "))
}

fn variants() -> impl Strategy<Value = Options> {
    let variant = prop_oneof![(1usize..4).prop_map(Variant::N), Just(Variant::L)];
    (variant, any::<bool>()).prop_map(|(variant, content)| {
        let mut options = Options::default();
        options.variant = variant;
        options.content = content;
        options
    })
}

proptest! {
    #[test]
    fn lemma_overlap_is_within_0_and_1_symmetric_and_1_of_itself(a in text(), b in text(), options in variants()) {
        let ab = overlap(&a, &[&b], &options).unwrap();
        let ba = overlap(&b, &[&a], &options).unwrap();
        prop_assert!((0.0..=1.0).contains(&ab.rouge.f));
        prop_assert_eq!(ab.rouge.f.to_bits(), ba.rouge.f.to_bits());
        prop_assert_eq!(ab.rouge.precision, ba.rouge.recall);
        let own = overlap(&a, &[&a], &options).unwrap().rouge;
        prop_assert!(own.f == 1.0 || own.f == 0.0, "0 only of texts without an n-gram");
        let words = a.split(' ').filter(|word| word.chars().any(char::is_alphanumeric)).count();
        let grams = match options.variant { Variant::N(n) => words >= n, _ => words > 0 };
        if !options.content {
            prop_assert_eq!(own.f == 1.0, grams);
        }
        for span in ab.shared {
            prop_assert!(a.get(span).is_some_and(|text| !text.is_empty()));
        }
    }

    #[test]
    fn many_pairs_at_once_give_the_scores_of_each(texts in prop::collection::vec((text(), text()), 0..5)) {
        let pairs: Vec<_> = texts.iter().map(|(a, b)| (a.as_str(), vec![b.as_str()])).collect();
        let many = lemma::batch(&pairs, &Options::default(), 2).unwrap();
        let each: Vec<_> = pairs
            .iter()
            .map(|(a, b)| overlap(a, b, &Options::default()).unwrap().rouge.f)
            .collect();
        prop_assert_eq!(many, each);
    }

    #[test]
    fn any_text_gives_a_value_in_range_and_evidence_inside(answer in prop_oneof!["\\PC{0,80}", text()]) {
        for entry in ["tense", "person: {avoid: first}", "person: {want: third}", "voice", "mood: {want: question}", "modality"] {
            if let Verdict::Judged(score) = verdict(entry, &answer, &[]) {
                prop_assert!((0.0..=1.0).contains(&score.value), "{entry}: {score:?}");
                for span in &score.evidence {
                    prop_assert!(answer.get(span.start..span.end).is_some());
                }
            }
        }
    }
}
