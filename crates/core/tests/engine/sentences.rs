//! Sentence embeddings give what sentence-transformers gives: a tiny model in its layout, and all-MiniLM-L6-v2.

use std::path::PathBuf;

use botsmith_core::engine::{
    ComputeDevice, EmbedOptions, EngineError, ModelFiles, Pooling, SentenceEmbedder, Vectors,
};
use serde::Deserialize;

use crate::support::{expected, fixture};

#[derive(Deserialize)]
struct Cases {
    texts: Vec<String>,
    plain: Vec<Vec<f32>>,
    query: Vec<Vec<f32>>,
    four: Vec<Vec<f32>>,
}

fn tiny() -> SentenceEmbedder {
    let files = ModelFiles::open(fixture("sentence")).expect("a model");
    SentenceEmbedder::load(&files, &ComputeDevice::Cpu).expect("an embedder")
}

fn close(ours: &Vectors, wanted: &[Vec<f32>]) {
    assert_eq!(ours.len(), wanted.len());
    for (at, (ours, wanted)) in ours.rows().zip(wanted).enumerate() {
        for (a, b) in ours.iter().zip(wanted) {
            assert!((a - b).abs() < 1e-5, "vector {at}: {a} {b}");
        }
    }
}

#[test]
fn the_layout_of_sentence_transformers_is_read_as_it_is() {
    let model = tiny();
    assert_eq!(
        (model.width(), model.limit(), model.pooling()),
        (8, 24, Pooling::Mean)
    );
    assert!(model.normalises());
    assert!(model.prompts().any(|prompt| prompt == ("query", "query: ")));
    let text = std::fs::read_to_string(fixture("sentence").join("cases.json")).expect("cases");
    let cases: Cases = serde_json::from_str(&text).expect("cases");
    let mut options = EmbedOptions::default();
    close(
        &model.embed(&cases.texts, &options).expect("vectors"),
        &cases.plain,
    );
    options.prompt_name = Some("query".into());
    close(
        &model.embed(&cases.texts, &options).expect("vectors"),
        &cases.query,
    );
    options.prompt = Some("query: ".into());
    options.prompt_name = None;
    close(
        &model.embed(&cases.texts, &options).expect("vectors"),
        &cases.query,
    );
    let mut options = EmbedOptions::default();
    options.dimensions = Some(4);
    let four = model.embed(&cases.texts, &options).expect("vectors");
    assert_eq!(four.width(), 4);
    close(&four, &cases.four);
}

#[test]
fn what_the_model_has_not_is_an_error_that_says_what_it_has() {
    let model = tiny();
    let mut options = EmbedOptions::default();
    options.prompt_name = Some("passage".into());
    let error = model.embed(&["a"], &options).expect_err("no such prompt");
    assert!(error.to_string().contains("`query`"), "{error}");
    let mut options = EmbedOptions::default();
    options.dimensions = Some(9);
    let error = model.embed(&["a"], &options).expect_err("too wide");
    assert!(error.to_string().contains("the model has 8"), "{error}");
    let mut options = EmbedOptions::default();
    options.strict = true;
    let error = model
        .embed(&["cat ".repeat(99)], &options)
        .expect_err("too long");
    assert!(
        matches!(error, EngineError::TooLong { limit: 24, .. }),
        "{error}"
    );
}

#[allow(clippy::print_stdout, reason = "a word on what was not tested")]
#[test]
fn all_minilm_gives_the_vectors_of_sentence_transformers_on_200_sentences() {
    let Some(folder) = std::env::var_os("BOTSMITH_MINILM").map(PathBuf::from) else {
        // A word for those who read the test's output.
        println!("skipped: BOTSMITH_MINILM names no folder with all-MiniLM-L6-v2");
        return;
    };
    let files = ModelFiles::open(&folder).expect("all-MiniLM-L6-v2");
    let model = SentenceEmbedder::load(&files, &ComputeDevice::Cpu).expect("an embedder");
    let text = std::fs::read_to_string(fixture("minilm").join("texts.json")).expect("texts");
    let texts: Vec<String> = serde_json::from_str(&text).expect("texts");
    assert_eq!(texts.len(), 200);
    let wanted = expected(&fixture("minilm").join("expected.safetensors"), "vectors");
    let wanted: Vec<Vec<f32>> = wanted.to_vec2().expect("rows");
    let ours = model
        .embed(&texts, &EmbedOptions::default())
        .expect("vectors");
    assert_eq!(ours.width(), 384);
    close(&ours, &wanted);
}
