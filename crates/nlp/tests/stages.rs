//! Pipelines by configuration: what fits, what does not and how it is said, and that a stage left out
//! changes nothing of the others.
#![cfg(feature = "english")]

use botsmith_core::yaml::Source;
use botsmith_nlp::stages::{Annotate, Hidden, Layers, Mask, Stage};
use botsmith_nlp::{Analyser, Doc, Error, Pipeline, PipelineBuilder, Result};

const TEXT: &str = "Dr. Lee doesn’t like “fast” cars. She sold 3 of them!\n\n- one\n- two";

fn yaml(text: &str) -> Result<Analyser> {
    PipelineBuilder::from_yaml(&Source::new("pipeline.yaml", text))?.build()
}

fn error(text: &str) -> String {
    yaml(text).expect_err(text).to_string()
}

/// Hides every stretch of stars, keeps what is between backquotes whole, ends sentences at `;`.
#[derive(Debug)]
struct Marks;

impl Stage for Marks {
    fn name(&self) -> &'static str {
        "marks"
    }
    fn gives(&self) -> Vec<&str> {
        vec!["marks"]
    }
    fn masks(&self) -> bool {
        true
    }
    fn prepare(&self, text: &str, mask: &mut Mask, layers: &mut Layers) -> Result<()> {
        let mut open = None;
        for (at, c) in text.char_indices() {
            match (c, open) {
                ('*', _) => mask.hide(at..at + 1, Hidden::Space),
                ('#', _) => mask.hide(at..at + 1, Hidden::Break),
                (';', _) => mask.end_sentence(at + 1),
                ('`', None) => open = Some(at),
                ('`', Some(start)) => {
                    mask.hide(start..at + 1, Hidden::Token);
                    open = None;
                }
                _ => {}
            }
        }
        layers.put("marks", text.matches('*').count());
        Ok(())
    }
    fn run(&self, _: &Doc, _: &mut Layers) -> Result<()> {
        Ok(())
    }
}

#[test]
fn all_stages_of_annotation_give_what_the_pipeline_gives() {
    let whole = Pipeline::english().and_then(|english| english.annotate(TEXT));
    let stages = yaml("stages: [tokenise, sentences, tag, morphology, lemma]");
    let analysis = stages
        .and_then(|stages| stages.analyse(TEXT))
        .expect("all is English");
    assert_eq!(analysis.doc, whole.expect("all is English"));
    assert_eq!(analysis.layers.names().len(), 0);
}

#[test]
fn a_stage_left_out_leaves_its_column_empty_and_the_others_as_they_are() {
    let whole = PipelineBuilder::new().annotation().build().expect("fits");
    let whole = whole.analyse(TEXT).expect("short").doc;
    for (stages, tags, feats, lemmas) in [
        ("tokenise, sentences", false, false, false),
        ("tokenise, sentences, tag", true, false, false),
        ("tokenise, sentences, tag, lemma", true, false, true),
        ("tokenise, sentences, tag, morphology", true, true, false),
    ] {
        let part = yaml(&format!("{{language: en, stages: [{stages}]}}")).expect("fits");
        let part = part.analyse(TEXT).expect("short").doc;
        assert_eq!(part.sentences().len(), whole.sentences().len());
        assert_eq!(part.words().len(), whole.words().len());
        for (part, whole) in part.words().zip(whole.words()) {
            assert_eq!((part.span(), part.form()), (whole.span(), whole.form()));
            assert_eq!(part.upos(), if tags { whole.upos() } else { "_" });
            assert_eq!(part.xpos(), if tags { whole.xpos() } else { "_" });
            let wanted = if feats { whole.feats().as_str() } else { "_" };
            assert_eq!(part.feats().as_str(), wanted);
            assert_eq!(part.lemma(), if lemmas { whole.lemma() } else { "_" });
        }
    }
    let tokens = yaml("stages: [tokenise]").expect("fits");
    let tokens = tokens.analyse(TEXT).expect("short").doc;
    assert_eq!(tokens.sentences().len(), 1);
    assert_eq!(tokens.tokens().len(), whole.tokens().len());
    let nothing = yaml("stages: []").expect("fits");
    assert!(nothing.pipeline().is_none());
    let nothing = nothing.analyse(TEXT).expect("short").doc;
    assert_eq!((nothing.text(), nothing.tokens().len()), (TEXT, 0));
}

#[test]
fn normalised_forms_are_looked_up_plain_and_offsets_stay() {
    let stages = yaml("stages: [normalise, tokenise, sentences, tag, morphology, lemma]");
    let doc = stages.expect("fits").analyse(TEXT).expect("short").doc;
    assert_eq!(doc.text(), TEXT);
    let forms: Vec<_> = doc.words().map(botsmith_nlp::Word::form).collect();
    assert!(forms.contains(&"n't") && forms.contains(&"\""), "{forms:?}");
    let token = doc.tokens().find(|token| token.is_multiword());
    assert_eq!(token.expect("two words").form(), "doesn’t");
}

#[test]
fn what_is_hidden_gets_no_tags_and_offsets_point_into_the_original() {
    let text = "Call **the** `f(x, y)` now; it works # fine";
    let builder = PipelineBuilder::new().stage(Marks).annotation();
    let analysis = builder.build().expect("fits").analyse(text).expect("short");
    assert_eq!(analysis.layers.get::<usize>("marks"), Some(&4));
    let doc = analysis.doc;
    assert_eq!(doc.text(), text);
    let forms: Vec<_> = doc.tokens().map(botsmith_nlp::Token::form).collect();
    assert_eq!(
        forms,
        [
            "Call", "the", "`f(x,", "y)`", "now", ";", "it", "works", "fine"
        ]
    );
    let code = doc.words().nth(2).expect("the code");
    assert_eq!(
        (code.upos(), code.xpos(), code.lemma()),
        ("X", "_", "`f(x,")
    );
    assert_eq!(
        doc.words().next().map(botsmith_nlp::Word::upos),
        Some("VERB")
    );
    let sentences: Vec<_> = doc.sentences().map(botsmith_nlp::Sentence::text).collect();
    assert_eq!(
        sentences,
        ["Call **the** `f(x, y)` now;", "it works", "fine"]
    );
    let back = Doc::from_json("doc", &doc.to_json()).expect("our JSON");
    assert_eq!(back, doc);
    let back = botsmith_nlp::conllu::read("doc", &botsmith_nlp::conllu::write(&doc));
    assert_eq!(back.expect("our CoNLL-U"), doc);
}

#[test]
fn a_misfit_names_both_stages_what_is_missing_and_the_place() {
    for (stages, wanted, place) in [
        (
            "[tag]",
            "stage `tag` needs tokens, which `tokenise` gives; put `tokenise` before it",
            ":1:10",
        ),
        (
            "[tokenise, tag, sentences]",
            "stage `tag` needs sentences, which `sentences` gives; move `sentences` before it",
            ":1:20",
        ),
        (
            "[tokenise, tokenise]",
            "stage `tokenise` gives tokens, which `tokenise` gives already; leave one out",
            ":1:20",
        ),
        (
            "[tokenise, normalise]",
            "stage `normalise` changes what `tokenise` sees; put `normalise` before `tokenise`",
            ":1:20",
        ),
    ] {
        let message = error(&format!("stages: {stages}"));
        assert!(message.starts_with(wanted), "{message}");
        assert!(message.contains(place), "{message}");
    }
    let misfit = PipelineBuilder::new().stage(Annotate::Lemma).build();
    let misfit = misfit.expect_err("tags are missing");
    assert_eq!(misfit.code(), "BS-NLP-020");
    assert!(matches!(misfit, Error::Pipeline { .. }));
    let late = PipelineBuilder::new().annotation().stage(Marks).build();
    let late = late.expect_err("too late").to_string();
    assert_eq!(
        late,
        "stage `marks` changes what `tokenise` sees; put `marks` before `tokenise`"
    );
}

#[test]
fn a_mistake_in_the_file_is_named_with_the_nearest_word() {
    for (text, wanted) in [
        ("stages: [tokenize]", "did you mean `tokenise`?"),
        ("stages: [tokenise: {fast: true}]", "unknown key `fast`"),
        ("stagse: []", "did you mean `stages`?"),
        ("{stages: [], langauge: en}", "did you mean `language`?"),
        ("{stages: [], language: eng}", "did you mean `en`?"),
        ("{stages: [], language: en, model: x.bsm}", "not both"),
        ("stages: tokenise", "expected a list"),
        ("{model: none.bsm, stages: [tokenise]}", "none.bsm"),
    ] {
        let message = error(text);
        assert!(message.contains(wanted), "{text}: {message}");
    }
}

#[test]
fn many_texts_give_what_single_ones_give_in_order() {
    let texts: Vec<_> = (0..40)
        .map(|n| format!("It cost {n} dollars. {TEXT}"))
        .collect();
    let analyser = PipelineBuilder::new().annotation().build().expect("fits");
    let all = analyser.analyse_all(&texts).expect("short");
    for (text, many) in texts.iter().zip(&all) {
        let single = analyser.analyse(text.as_str()).expect("short");
        assert_eq!(single.doc, many.doc);
        assert_eq!(single.to_json(), many.to_json());
    }
}
