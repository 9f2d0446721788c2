//! Encoders and classifiers give what transformers gives.

use botsmith_core::engine::{
    ClassifyOptions, ComputeDevice, CrossEncoder, Encoder, ModelFiles, Packed, Pair, Tensor,
    Tokenizer, Weights,
};

use crate::support::{cases, expected, far, fixture};

const MODELS: [&str; 8] = [
    "bert",
    "bert-f16",
    "bert-bf16",
    "roberta",
    "xlm-roberta",
    "distilbert",
    "modernbert",
    "deberta-v3",
];

#[test]
fn tokens_are_those_of_the_reference() {
    for model in MODELS {
        let files = ModelFiles::open(fixture(model)).expect("a model");
        let tokenizer = Tokenizer::open(&files).expect("a tokenizer");
        for case in cases(model) {
            let encoded = tokenizer
                .encode_with_offsets(&case.first, case.second.as_deref(), true)
                .expect("tokens");
            assert_eq!(
                (encoded.ids, encoded.types),
                (case.ids, case.types),
                "{model}: {}",
                case.first
            );
        }
    }
}

#[test]
fn last_layers_are_those_of_transformers() {
    for model in MODELS {
        let files = ModelFiles::open(fixture(model)).expect("a model");
        let weights = Weights::open(&files, &ComputeDevice::Cpu).expect("weights");
        let encoder =
            Encoder::load(&files, &weights).unwrap_or_else(|error| panic!("{model}: {error}"));
        let wanted = expected(&fixture(model).join("expected.safetensors"), "hidden");
        // As few types as the reference was given: it left them out except for BERT.
        let encoded: Vec<_> = (cases(model).iter())
            .map(|case| {
                let tokenizer = encoder.tokenizer();
                tokenizer
                    .encode_with_offsets(&case.first, case.second.as_deref(), true)
                    .expect("tokens")
            })
            .collect();
        let packed = Packed::new(&encoded, encoder.limit()).expect("short texts");
        let hidden = encoder.forward(&packed).expect("vectors");
        let far = far(&hidden, &wanted);
        assert!(far < 1e-4, "{model}: {far}");
    }
}

#[test]
fn logits_are_those_of_transformers_in_a_batch_with_repeats() {
    for model in MODELS {
        let files = ModelFiles::open(fixture(model)).expect("a model");
        let classifier = CrossEncoder::load(&files, &ComputeDevice::Cpu)
            .unwrap_or_else(|error| panic!("{model}: {error}"));
        let wanted = expected(&fixture(model).join("expected.safetensors"), "logits");
        let cases = cases(model);
        let mut pairs: Vec<Pair<'_>> = (cases.iter())
            .map(|case| Pair {
                first: &case.first,
                second: case.second.as_deref(),
            })
            .collect();
        pairs.extend_from_within(..2);
        let logits = classifier
            .logits(&pairs, &ClassifyOptions::default())
            .expect("logits");
        assert_eq!(logits[cases.len()..], logits[..2]);
        let count = cases.len();
        let flat: Vec<f32> = logits.into_iter().take(count).flatten().collect();
        let ours = Tensor::from_vec(flat, wanted.shape(), &ComputeDevice::Cpu).expect("logits");
        let far = far(&ours, &wanted);
        assert!(far < 1e-4, "{model}: {far}");
    }
}

#[test]
fn labels_are_those_of_the_configuration() {
    let load = |model: &str| {
        let files = ModelFiles::open(fixture(model)).expect("a model");
        CrossEncoder::load(&files, &ComputeDevice::Cpu).expect("a classifier")
    };
    let nli = load("bert");
    assert_eq!(nli.labels(), ["entailment", "neutral", "contradiction"]);
    assert_eq!(nli.label("Neutral"), Some(1));
    let pair = Pair {
        first: "a",
        second: Some("b"),
    };
    let shares = nli
        .probabilities(&[pair], &ClassifyOptions::default())
        .expect("probabilities");
    assert!((shares[0].iter().sum::<f64>() - 1.0).abs() < 1e-9);
    let relevance = load("xlm-roberta");
    assert_eq!(relevance.labels(), ["LABEL_0"]);
    let shares = relevance
        .probabilities(&[pair], &ClassifyOptions::default())
        .expect("a probability");
    assert!((0.0..=1.0).contains(&shares[0][0]));
}

#[test]
fn a_pair_that_is_too_long_is_cut_unless_that_is_an_error() {
    let files = ModelFiles::open(fixture("bert")).expect("a model");
    let classifier = CrossEncoder::load(&files, &ComputeDevice::Cpu).expect("a classifier");
    let long = "cat ".repeat(200);
    let pair = Pair {
        first: &long,
        second: Some("the cat"),
    };
    let mut options = ClassifyOptions::default();
    assert_eq!(
        classifier.logits(&[pair], &options).expect("cut")[0].len(),
        3
    );
    options.strict = true;
    let error = classifier.logits(&[pair], &options).expect_err("too long");
    assert_eq!(error.code(), "BS-ENG-013");
    assert!(error.to_string().contains("at most 96"), "{error}");
}
