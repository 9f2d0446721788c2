//! Sentence embeddings give what sentence-transformers gives: a tiny model in its layout, and all-MiniLM-L6-v2.

use std::path::PathBuf;

use botsmith_core::engine::{
    ComputeDevice, EmbedOptions, Encoder, EngineError, ModelFiles, Pooling, SentenceEmbedder,
    Vectors, Weights,
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

/// The files of the model, those of its encoder moved into a folder of their own.
fn moved(modules: &serde_json::Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = |from: &str, to: &str| {
        let to = folder.path().join(to);
        std::fs::create_dir_all(to.parent().expect("a parent")).expect("a folder");
        std::fs::copy(fixture("sentence").join(from), to).expect("a copy");
    };
    for file in std::fs::read_dir(fixture("sentence")).expect("files") {
        let path = file.expect("a file").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name");
        match name {
            "config_sentence_transformers.json" => copy(name, name),
            "modules.json" | "cases.json" => {}
            folder if path.is_dir() => {
                for file in std::fs::read_dir(&path).expect("files") {
                    let file = file
                        .expect("a file")
                        .file_name()
                        .into_string()
                        .expect("a name");
                    copy(&format!("{folder}/{file}"), &format!("{folder}/{file}"));
                }
            }
            of_encoder => copy(of_encoder, &format!("0_Transformer/{of_encoder}")),
        }
    }
    std::fs::write(folder.path().join("modules.json"), modules.to_string()).expect("a file");
    folder
}

#[test]
fn an_encoder_in_a_folder_of_its_own_gives_the_same_vectors() {
    let text = std::fs::read_to_string(fixture("sentence").join("modules.json")).expect("modules");
    let mut modules: serde_json::Value = serde_json::from_str(&text).expect("modules");
    assert_eq!(modules[0]["path"], "");
    modules[0]["path"] = "0_Transformer".into();
    let folder = moved(&modules);
    let files = ModelFiles::open(folder.path()).expect("a model");
    assert_eq!(files.folder, folder.path().join("0_Transformer"));
    let model = SentenceEmbedder::load(&files, &ComputeDevice::Cpu).expect("an embedder");
    let plain = tiny();
    assert_eq!(
        (model.width(), model.limit(), model.normalises()),
        (plain.width(), plain.limit(), plain.normalises())
    );
    let text = std::fs::read_to_string(fixture("sentence").join("cases.json")).expect("cases");
    let cases: Cases = serde_json::from_str(&text).expect("cases");
    let mut options = EmbedOptions::default();
    let vectors = model.embed(&cases.texts, &options).expect("vectors");
    close(&vectors, &cases.plain);
    options.prompt_name = Some("query".into());
    let vectors = model.embed(&cases.texts, &options).expect("vectors");
    close(&vectors, &cases.query);
    // Who wants the encoder alone finds it too.
    let weights = Weights::open(&files, &ComputeDevice::Cpu).expect("weights");
    Encoder::load(&files, &weights).expect("an encoder");
    // It may lie nowhere else.
    modules[0]["path"] = "../x".into();
    let folder = moved(&modules);
    let error = ModelFiles::open(folder.path()).expect_err("outside");
    assert_eq!(error.code(), "BS-ENG-003", "{error}");
    modules[0]["path"] = "".into();
    let folder = moved(&modules);
    let error = ModelFiles::open(folder.path()).expect_err("no weights at the top");
    assert_eq!(error.code(), "BS-ENG-001", "{error}");
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
