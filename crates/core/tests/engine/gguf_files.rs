//! GGUF: numbers of every type are those of the package `gguf`; a model and its tokenizer are those of its original.

use botsmith_core::engine::gguf::Gguf;
use botsmith_core::engine::{
    ComputeDevice, Config, Encoder, ModelFiles, Packed, Pooling, SentenceEmbedder, Tokenizer,
    Weights,
};

use crate::support::{cases, expected, far, fixture};

#[test]
fn every_type_has_the_values_of_the_reference() {
    let files = ModelFiles::open(fixture("quants.gguf")).expect("a file");
    let weights = Weights::open(&files, &ComputeDevice::Cpu).expect("weights");
    let names: Vec<&str> = weights.names().collect();
    assert_eq!(names.len(), 13, "{names:?}");
    for name in names {
        let ours = weights.tensor(name, &[3, 256]).expect("a tensor");
        let wanted = expected(&fixture("quants.safetensors"), name);
        let far = far(&ours, &wanted);
        assert!(far <= 1e-6, "{name}: {far}");
    }
}

#[test]
fn quantised_matrices_multiply_as_their_values_do() {
    let files = ModelFiles::open(fixture("quants.gguf")).expect("a file");
    let weights = Weights::open(&files, &ComputeDevice::Cpu).expect("weights");
    let x: Vec<f32> = (0..512_u16)
        .map(|i| f32::from(i % 23) / 11.0 - 1.0)
        .collect();
    let x = botsmith_core::engine::Tensor::from_vec(x, (2, 256), &ComputeDevice::Cpu).expect("x");
    for name in ["Q4_0", "Q5_0", "Q8_0", "Q4_K", "Q5_K", "Q6_K", "F16"] {
        let dense = weights.tensor(name, &[3, 256]).expect("a tensor");
        let wanted = x.matmul(&dense.t().expect("turned")).expect("a product");
        let table = weights.embedding_named(name, 3, 256).expect("a table");
        let ours = table.as_linear().forward(&x).expect("a product");
        // The kernels quantise x to eight bits.
        let size: f32 = wanted
            .abs()
            .unwrap()
            .max_all()
            .unwrap()
            .to_scalar()
            .unwrap();
        assert!(
            far(&ours, &wanted) < size * 0.02 + 0.05,
            "{name}: {}",
            far(&ours, &wanted)
        );
        let rows = table.forward(&[2, 0]).expect("rows");
        let picked = dense
            .index_select(
                &botsmith_core::engine::Tensor::new(&[2_u32, 0], &ComputeDevice::Cpu).unwrap(),
                0,
            )
            .unwrap();
        assert!(far(&rows, &picked) < 1e-6, "{name}");
    }
}

#[test]
fn a_bert_in_gguf_is_the_one_that_it_was_made_from() {
    let files = ModelFiles::open(fixture("bert.gguf")).expect("a file");
    let tokenizer = Tokenizer::open(&files).expect("a tokenizer");
    for case in cases("bert") {
        let encoded = tokenizer
            .encode_with_offsets(&case.first, None, true)
            .expect("tokens");
        if case.second.is_none() {
            assert_eq!(encoded.ids, case.ids, "{}", case.first);
        }
    }
    let config = Config::open(&files).expect("a configuration");
    assert_eq!(config.count("num_hidden_layers", 1..=9).expect("layers"), 2);
    assert!((config.number("layer_norm_eps", 0.0..=1.0).expect("epsilon") - 1e-12).abs() < 1e-20);
    let weights = Weights::open(&files, &ComputeDevice::Cpu).expect("weights");
    let encoder = Encoder::load(&files, &weights).expect("an encoder");
    // Types of second texts are lost in llama.cpp's tokenizer, so single texts are compared.
    let original = ModelFiles::open(fixture("bert")).expect("a model");
    let original_weights = Weights::open(&original, &ComputeDevice::Cpu).expect("weights");
    let original = Encoder::load(&original, &original_weights).expect("an encoder");
    let encoded: Vec<_> = ["the cat", "a mat and a cat on it"]
        .iter()
        .map(|text| {
            tokenizer
                .encode_with_offsets(text, None, true)
                .expect("tokens")
        })
        .collect();
    let packed = Packed::new(&encoded, 96).expect("short texts");
    let far = far(
        &encoder.forward(&packed).expect("ours"),
        &original.forward(&packed).expect("theirs"),
    );
    assert!(far < 1e-6, "{far}");
    let embedder = SentenceEmbedder::load(&files, &ComputeDevice::Cpu).expect("an embedder");
    assert_eq!(embedder.pooling(), Pooling::Cls);
}

#[test]
fn metadata_is_read_as_written() {
    let gguf = Gguf::open(&fixture("bert.gguf")).expect("a head");
    assert_eq!(gguf.architecture(), "bert");
    assert_eq!(gguf.integer("bert.embedding_length"), Some(16));
    assert_eq!(gguf.text("tokenizer.ggml.model"), Some("bert"));
    assert_eq!(
        gguf.texts("tokenizer.ggml.tokens").map(<[String]>::len),
        Some(160)
    );
}
