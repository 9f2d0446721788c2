//! Chunks, clauses, keyphrases and languages over the English model: cases by hand, and laws for any text.
#![cfg(feature = "english")]

use std::sync::LazyLock;

use botsmith_core::yaml::Source;
use botsmith_nlp::chunks::{Chunk, chunks};
use botsmith_nlp::clauses::{Clause, ClauseKind, clauses};
use botsmith_nlp::keyphrases::{Keyphrase, keyphrases};
use botsmith_nlp::language::{Language, LanguageId};
use botsmith_nlp::matcher::Match;
use botsmith_nlp::{Analyser, Doc, Pipeline, PipelineBuilder};
use proptest::prelude::*;
use serde_json::Value;

static ENGLISH: LazyLock<Pipeline> =
    LazyLock::new(|| Pipeline::english().expect("the model inside"));

const EVERYTHING: &str = "
language: en
stages:
  - language-id: {min-confidence: 0.8}
  - normalise
  - tokenise
  - sentences
  - tag
  - morphology
  - lemma
  - matcher:
      patterns:
        - name: described
          words: [{upos: ADJ, op: '+'}, {upos: [NOUN, PROPN]}]
        - name: past
          words: [{feats: Tense=Past}]
  - phrases: {phrases: {place: [New York, Paris], thing: car}, compare: lemma}
  - chunks
  - clauses
  - keyphrases: {top: 3}
";

fn everything() -> Analyser {
    let source = Source::new("pipeline.yaml", EVERYTHING);
    PipelineBuilder::from_yaml(&source)
        .and_then(PipelineBuilder::build)
        .expect("the stages fit")
}

fn annotate(text: &str) -> Doc {
    ENGLISH.annotate(text).expect("short")
}

#[test]
fn noun_phrases_are_found_whole_and_with_their_head() {
    for (text, wanted) in [
        ("The old dog barked.", &[("The old dog", "dog")][..]),
        (
            "She sold three very old cars.",
            &[("She", "She"), ("three very old cars", "cars")],
        ),
        (
            "The company's new car broke.",
            &[("The company's new car", "car")],
        ),
        (
            "My sister visited New York City.",
            &[("My sister", "sister"), ("New York City", "City")],
        ),
        ("A big, red bus stopped.", &[("A big, red bus", "bus")]),
        (
            "We read the book about the war.",
            &[("We", "We"), ("the book", "book"), ("the war", "war")],
        ),
        (
            "All the students passed the exam.",
            &[("All the students", "students"), ("the exam", "exam")],
        ),
        ("He ran quickly.", &[("He", "He")]),
        ("Run!", &[]),
        ("The man who called left.", &[("The man", "man")]),
        (
            "They swept the broken glass.",
            &[("They", "They"), ("the broken glass", "glass")],
        ),
    ] {
        let doc = annotate(text);
        let found = chunks(&doc);
        let head = |chunk: &Chunk| doc.word(chunk.head).expect("inside").form();
        let found: Vec<_> = found
            .iter()
            .map(|chunk| (chunk.span.text(&doc), head(chunk)))
            .collect();
        assert_eq!(found, wanted, "{text}");
    }
}

#[test]
fn sentences_fall_into_clauses_by_the_stated_rules() {
    use ClauseKind::{Coordinate, Fragment, Main, Relative, Subordinate};
    for (text, wanted) in [
        (
            "The dog barked.",
            &[("The dog barked.", Main, Some("barked"))][..],
        ),
        (
            "If it rains, we stay here.",
            &[
                ("If it rains,", Subordinate, Some("rains")),
                ("we stay here.", Main, Some("stay")),
            ],
        ),
        (
            "She left because she was tired.",
            &[
                ("She left", Main, Some("left")),
                ("because she was tired.", Subordinate, Some("was")),
            ],
        ),
        (
            "He opened the door and the cat ran away.",
            &[
                ("He opened the door", Main, Some("opened")),
                ("and the cat ran away.", Coordinate, Some("ran")),
            ],
        ),
        (
            "I know the man who called you.",
            &[
                ("I know the man", Main, Some("know")),
                ("who called you.", Relative, Some("called")),
            ],
        ),
        (
            "I think he left.",
            &[
                ("I think", Main, Some("think")),
                ("he left.", Main, Some("left")),
            ],
        ),
        (
            "She wants to go home.",
            &[("She wants to go home.", Main, Some("go"))],
        ),
        (
            "Did you see the house?",
            &[("Did you see the house?", Main, Some("Did"))],
        ),
        ("What a day!", &[("What a day!", Fragment, None)]),
        (
            "They swept the broken glass.",
            &[("They swept the broken glass.", Main, Some("swept"))],
        ),
    ] {
        let doc = annotate(text);
        let found = clauses(&doc);
        let verb = |clause: &Clause| {
            clause
                .verb
                .and_then(|at| doc.word(at))
                .map(botsmith_nlp::Word::form)
        };
        let found: Vec<_> = found
            .iter()
            .map(|clause| (clause.span.text(&doc), clause.kind, verb(clause)))
            .collect();
        assert_eq!(found, wanted, "{text}");
    }
}

#[test]
fn what_a_text_is_about_comes_first() {
    let text = "The city library opens a new reading room. The reading room has forty desks. Readers \
                can reserve a desk in the reading room for two hours. Coffee is not allowed.";
    let doc = annotate(text);
    let found = keyphrases(&doc, 4);
    assert_eq!(found.len(), 4);
    assert!(found[0].lemmas.contains("room"), "{found:?}");
    assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score));
    let room = found
        .iter()
        .find(|phrase| phrase.spans.len() > 1)
        .expect("it stands twice");
    for span in &room.spans {
        assert!(span.text(&doc).contains("room"));
    }
    assert_eq!(found, keyphrases(&doc, 4));
    assert_eq!(keyphrases(&annotate(""), 4), []);
    assert_eq!(keyphrases(&annotate("Go! Run."), 4), []);
}

#[test]
fn the_language_of_a_text_is_named_or_not_sure() {
    let identify = LanguageId::default();
    for (text, code) in [
        (
            "The committee decided yesterday that the old library should stay open through the winter, although the roof needs repairs.",
            Some("eng"),
        ),
        (
            "Le conseil municipal a décidé hier soir de fermer la bibliothèque pendant les vacances.",
            Some("fra"),
        ),
        (
            "Ayer compramos pan y leche en la tienda que está al lado de nuestra casa.",
            Some("spa"),
        ),
        (
            "Wir haben gestern lange über das Wetter und die neue Wohnung gesprochen.",
            Some("deu"),
        ),
        (
            "Вчера мы долго гуляли по городу и говорили о новой книге.",
            Some("rus"),
        ),
        ("昨日は図書館で本を読みました。", Some("jpn")),
        ("오늘은 날씨가 좋아서 공원에 갔습니다.", Some("kor")),
        ("OK", None),
        ("12345 67", None),
        ("", None),
    ] {
        let found = identify.identify(text);
        assert_eq!(found.code, code, "{text}: {found:?}");
        assert!((0.0..=1.0).contains(&found.confidence), "{found:?}");
    }
}

#[test]
fn a_pipeline_file_of_all_stages_gives_typed_layers_and_json() {
    let analyser = everything();
    let text = "Ann drove red cars. She lives in Paris because she likes old houses.";
    let analysis = analyser.analyse(text).expect("short");
    let layers = &analysis.layers;
    assert_eq!(
        layers.names().collect::<Vec<_>>(),
        [
            "language",
            "matches",
            "phrases",
            "chunks",
            "clauses",
            "keyphrases"
        ]
    );
    let language = layers.get::<Language>("language").expect("a stage");
    assert_eq!(language.likeliest, Some("eng"));
    let matches = layers.get::<Vec<Match>>("matches").expect("a stage");
    let found: Vec<_> = matches
        .iter()
        .map(|one| (&*one.name, one.span.text(&analysis.doc)))
        .collect();
    assert_eq!(
        found,
        [
            ("past", "drove"),
            ("described", "red cars"),
            ("described", "old houses")
        ]
    );
    let phrases = layers.get::<Vec<Match>>("phrases").expect("a stage");
    let found: Vec<_> = phrases
        .iter()
        .map(|one| (&*one.name, one.span.text(&analysis.doc)))
        .collect();
    assert_eq!(found, [("thing", "cars"), ("place", "Paris")]);
    assert_eq!(
        layers.get::<Vec<Keyphrase>>("keyphrases").map(Vec::len),
        Some(3)
    );
    let json: Value = serde_json::from_str(&analysis.to_json()).expect("one JSON object");
    assert_eq!(json["text"], text);
    assert_eq!(
        json["layers"]["matches"][1],
        serde_json::json!({"name": "described", "start": 10, "end": 18, "tokens": [2, 4], "words": [2, 4]})
    );
    assert_eq!(json["layers"]["clauses"][2]["kind"], "subordinate");
    let again = analyser
        .analyse_doc(analysis.doc.clone())
        .expect("all is known");
    assert_eq!(again.layers.to_json(), layers.to_json());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn spans_of_all_stages_are_in_order_and_on_borders_of_characters(text in "(\\PC|[ a-zA-Z.,!?'\n]){0,80}") {
        static ALL: LazyLock<Analyser> = LazyLock::new(everything);
        let analysis = ALL.analyse(text.as_str()).expect("short");
        let doc = &analysis.doc;
        prop_assert_eq!(doc.text(), &text);
        let chunks = analysis.layers.get::<Vec<Chunk>>("chunks").expect("a stage");
        let clauses = analysis.layers.get::<Vec<Clause>>("clauses").expect("a stage");
        let mut next = 0;
        for clause in clauses {
            prop_assert_eq!(clause.span.words.start, next, "clauses are the whole text");
            next = clause.span.words.end;
            prop_assert!(text.get(clause.span.bytes.clone()).is_some());
            prop_assert!(clause.verb.is_none_or(|verb| clause.span.words.contains(&verb)));
        }
        prop_assert_eq!(next, doc.words().len());
        let mut next = 0;
        for chunk in chunks {
            prop_assert!(chunk.span.words.start >= next);
            next = chunk.span.words.end;
            prop_assert!(chunk.span.words.contains(&chunk.head));
            prop_assert!(text.get(chunk.span.bytes.clone()).is_some());
        }
        for phrase in analysis.layers.get::<Vec<Keyphrase>>("keyphrases").expect("a stage") {
            prop_assert!(phrase.score.is_finite() && phrase.score > 0.0);
            for span in &phrase.spans {
                prop_assert!(text.get(span.bytes.clone()).is_some());
            }
        }
        prop_assert!(serde_json::from_str::<Value>(&analysis.to_json()).is_ok());
    }
}
