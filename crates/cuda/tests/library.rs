//! The library opened as the program opens it, held against the engine of this process: on the CPU, since the interface
//! is the same for every device. `scripts/gpu-check` does the same on a GPU.

#[path = "../examples/gpu_check/apart.rs"]
mod apart;

use std::path::{Path, PathBuf};

use botsmith_core::chat::{Call, CancelToken};
use botsmith_core::engine::{
    Accelerator, ClassifyOptions, ComputeDevice, CrossEncoder, EmbedOptions, LoadOptions,
    LocalModel, ModelFiles, Pair, Place, SentenceEmbedder,
};
use botsmith_core::score::ScoreRequest;

/// The library that cargo has built for this test.
fn library() -> PathBuf {
    let test = std::env::current_exe().expect("this program");
    let folder = test.parent().expect("deps");
    let name = format!(
        "{}botsmith_cuda{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    );
    let places = [folder.join(&name), folder.join("..").join(&name)];
    let found = places.into_iter().find(|path| path.is_file());
    found.expect("cargo builds the library before its tests")
}

fn place() -> Place {
    let library = Accelerator::open(library()).expect("the library");
    library.device("cpu").expect("a device")
}

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/engine/models")
}

fn model(name: &str) -> ModelFiles {
    ModelFiles::open(models().join(name)).expect("a model")
}

/// A decoder's files, with the tokenizer that all of them share.
fn decoder_files(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = |from: &str, to: &str| {
        std::fs::copy(models().join(from), folder.path().join(to)).expect("a copy");
    };
    copy(&format!("{name}/config.json"), "config.json");
    copy(&format!("{name}/model.safetensors"), "model.safetensors");
    copy("decoder-tokenizer.json", "tokenizer.json");
    folder
}

fn decoder(name: &str, place: &Place) -> LocalModel {
    let folder = decoder_files(name);
    let files = ModelFiles::open(folder.path()).expect("a model");
    let mut options = LoadOptions::default();
    options.kv_bytes = Some(16 << 20);
    LocalModel::load_on(&files, place, &options).expect("a decoder")
}

#[test]
fn a_decoder_in_the_library_scores_as_one_in_the_program() {
    let here = Place::Here(ComputeDevice::Cpu);
    for name in ["decoder-llama3", "decoder-qwen3", "decoder-gemma3"] {
        let both = [decoder(name, &here), decoder(name, &place())];
        let requests = [
            ScoreRequest::text("The sky is", [" blue", " green as grass"]),
            ScoreRequest::text("The sky is what", [" it is"]),
        ];
        let [ours, theirs] = both.map(|model| {
            model
                .score_now(&requests, &Call::default())
                .expect("scores")
        });
        for (ours, theirs) in ours.iter().zip(&theirs) {
            for (ours, theirs) in ours.continuations.iter().zip(&theirs.continuations) {
                let far = (ours.logprob - theirs.logprob).abs();
                assert!(far < 1e-3, "{name}: {} {}", ours.logprob, theirs.logprob);
                assert_eq!(ours.tokens.len(), theirs.tokens.len());
            }
        }
    }
}

#[test]
fn blocks_of_the_library_are_given_back() {
    let model = decoder("decoder-llama3", &place());
    let before = model.kv();
    let request = [ScoreRequest::text(
        "A long enough prompt, so that it takes several blocks of keys and values",
        [" yes", " no"],
    )];
    model.score_now(&request, &Call::default()).expect("scores");
    assert!(model.kv().tokens > 0, "what was read is remembered");
    model.forget();
    assert_eq!(model.kv(), before);
}

#[test]
fn an_encoder_in_the_library_gives_the_vectors_of_one_in_the_program() {
    let texts = ["a short text", "another one that is a little longer", ""];
    let here =
        SentenceEmbedder::load(&model("sentence"), &ComputeDevice::Cpu).expect("an embedder");
    let there = SentenceEmbedder::load(&model("sentence"), place()).expect("an embedder");
    let [ours, theirs] = [here, there].map(|model| {
        model
            .embed(&texts, &EmbedOptions::default())
            .expect("vectors")
    });
    for (ours, theirs) in ours.values().iter().zip(theirs.values()) {
        assert!((ours - theirs).abs() < 1e-6, "{ours} {theirs}");
    }
}

#[test]
fn a_decoder_that_embeds_is_refused_by_name_before_it_is_read_there() {
    let error = SentenceEmbedder::load(&model("embedder-qwen3"), place()).expect_err("elsewhere");
    assert_eq!(error.code(), "BS-ENG-010", "{error}");
    assert!(error.to_string().contains("try `cpu`"), "{error}");
}

#[test]
fn errors_of_the_library_keep_their_code_and_name_the_file() {
    let whole = decoder_files("decoder-llama3");
    let folder = decoder_files("decoder-llama3");
    let weights = folder.path().join("model.safetensors");
    let bytes = std::fs::read(&weights).expect("weights");
    std::fs::write(&weights, &bytes[..bytes.len() / 2]).expect("half of them");
    let files = ModelFiles::open(folder.path()).expect("files");
    let error =
        LocalModel::load_on(&files, &place(), &LoadOptions::default()).expect_err("damaged");
    assert_eq!(error.code(), "BS-ENG-003");
    assert!(error.to_string().contains("safetensors"), "{error}");

    let options = LoadOptions::default();
    let cancel = CancelToken::new();
    cancel.cancel();
    let mut stopped = options.clone();
    stopped.cancel = cancel;
    let error = LocalModel::load_on(
        &ModelFiles::open(whole.path()).expect("a model"),
        &place(),
        &stopped,
    );
    assert_eq!(error.expect_err("stopped").code(), "BS-ENG-014");
}

#[test]
fn a_file_that_is_no_engine_library_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = folder.path().join("libbotsmith_cuda.so");
    std::fs::write(&text, "no library").expect("a file");
    let error = Accelerator::open(&text).expect_err("no library");
    assert_eq!(error.code(), "BS-ENG-030");
    assert!(error.to_string().contains("libbotsmith_cuda.so"), "{error}");
    let error = Accelerator::open(folder.path().join("none.so")).expect_err("nothing there");
    assert_eq!(error.code(), "BS-ENG-030");
}

#[test]
fn a_device_that_the_library_has_not_says_why() {
    let library = Accelerator::open(library()).expect("the library");
    let error = library.device("cuda:7").expect_err("no such device");
    assert_eq!(error.code(), "BS-ENG-010");
    let error = library.device("gpu").expect_err("no such word");
    assert!(error.to_string().contains("gpu"), "{error}");
}

#[test]
fn a_classifier_reads_pairs_through_the_library() {
    let files = ["deberta-v3", "roberta"].map(model);
    for files in files {
        let Ok(here) = CrossEncoder::load(&files, &ComputeDevice::Cpu) else {
            continue;
        };
        let there = CrossEncoder::load(&files, place()).expect("a classifier");
        let pairs = [
            Pair {
                first: "It rains.",
                second: Some("It is wet."),
            },
            Pair {
                first: "One text alone",
                second: None,
            },
        ];
        let of = |model: &CrossEncoder| {
            model
                .logits(&pairs, &ClassifyOptions::default())
                .expect("logits")
        };
        for (ours, theirs) in of(&here).iter().flatten().zip(of(&there).iter().flatten()) {
            assert!((ours - theirs).abs() < 1e-5, "{ours} {theirs}");
        }
    }
}
