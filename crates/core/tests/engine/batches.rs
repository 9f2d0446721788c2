//! The batching law: a text's vector does not depend on what it is computed with.

use std::sync::LazyLock;

use botsmith_core::chat::CancelToken;
use botsmith_core::engine::{
    ClassifyOptions, ComputeDevice, CrossEncoder, EmbedOptions, EngineError, ModelFiles, Pair,
    SentenceEmbedder,
};
use proptest::prelude::*;

use crate::support::fixture;

const NAMES: [&str; 6] = [
    "bert",
    "roberta",
    "xlm-roberta",
    "distilbert",
    "modernbert",
    "deberta-v3",
];

static CLASSIFIERS: LazyLock<Vec<CrossEncoder>> = LazyLock::new(|| {
    NAMES
        .iter()
        .map(|model| {
            let files = ModelFiles::open(fixture(model)).expect("a model");
            CrossEncoder::load(&files, &ComputeDevice::Cpu).expect("a classifier")
        })
        .collect()
});

static MODELS: LazyLock<Vec<SentenceEmbedder>> = LazyLock::new(|| {
    NAMES
        .iter()
        .map(|model| {
            let files = ModelFiles::open(fixture(model)).expect("a model");
            SentenceEmbedder::load(&files, &ComputeDevice::Cpu).expect("an embedder")
        })
        .collect()
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_batch_is_its_singles_in_order(
        texts in proptest::collection::vec("[a-zé ]{0,40}|[a-z]{1,5}( [a-z]{1,5}){0,40}", 1..12),
        which in 0..NAMES.len(),
    ) {
        let model = &MODELS[which];
        let options = EmbedOptions::default();
        let together = model.embed(&texts, &options).expect("vectors");
        prop_assert_eq!(together.len(), texts.len());
        for (text, vector) in texts.iter().zip(together.rows()) {
            let alone = model.embed(&[text], &options).expect("a vector");
            for (a, b) in alone.row(0).iter().zip(vector) {
                prop_assert!((a - b).abs() <= 1e-5 * a.abs().max(1.0), "{} {}", a, b);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn classes_of_a_batch_are_those_of_its_singles(
        texts in proptest::collection::vec(
            ("[a-zé ]{0,40}", proptest::option::of("[a-z]{1,5}( [a-z]{1,5}){0,20}")), 1..10),
        which in 0..NAMES.len(),
    ) {
        let model = &CLASSIFIERS[which];
        let options = ClassifyOptions::default();
        let pairs: Vec<Pair<'_>> = texts
            .iter()
            .map(|(first, second)| Pair { first, second: second.as_deref() })
            .collect();
        let together = model.logits(&pairs, &options).expect("logits");
        prop_assert_eq!(together.len(), pairs.len());
        for (pair, row) in pairs.iter().zip(&together) {
            let alone = model.logits(&[*pair], &options).expect("logits");
            for (a, b) in alone[0].iter().zip(row) {
                prop_assert!((a - b).abs() <= 1e-5 * a.abs().max(1.0), "{} {}", a, b);
            }
        }
    }
}

#[test]
fn equal_texts_have_equal_vectors_and_keep_their_places() {
    let texts = ["the cat", "a mat", "the cat", "a mat", "a mat", "other"];
    let vectors = MODELS[0]
        .embed(&texts, &EmbedOptions::default())
        .expect("vectors");
    assert_eq!(vectors.row(0), vectors.row(2));
    assert_eq!(vectors.row(1), vectors.row(4));
    assert_ne!(vectors.row(0), vectors.row(1));
    assert_ne!(vectors.row(4), vectors.row(5));
}

#[test]
fn no_text_gives_no_vector_and_an_empty_text_gives_one() {
    let none = MODELS[0]
        .embed::<&str>(&[], &EmbedOptions::default())
        .expect("nothing");
    assert!(none.is_empty());
    let one = MODELS[0]
        .embed(&[""], &EmbedOptions::default())
        .expect("a vector");
    assert_eq!(one.len(), 1);
}

#[test]
fn a_stopped_caller_gets_no_vectors() {
    let mut options = EmbedOptions::default();
    options.cancel = CancelToken::new();
    options.cancel.cancel();
    let error = MODELS[0].embed(&["a"], &options).expect_err("stopped");
    assert!(matches!(error, EngineError::Cancelled), "{error}");
}
