//! Files that lie: each is a named error, at once and without much memory.

use std::path::Path;

use botsmith_core::engine::gguf::Gguf;
use botsmith_core::engine::{
    ComputeDevice, CrossEncoder, Encoder, EngineError, ModelFiles, SentenceEmbedder, Tokenizer,
    Weights,
};

use crate::support::fixture;

/// A copy of a fixture to break.
fn copy(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for entry in std::fs::read_dir(fixture(name)).expect("a fixture") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            std::fs::copy(&path, folder.path().join(path.file_name().expect("a name")))
                .expect("a copy");
        }
    }
    folder
}

fn load(folder: &Path) -> Result<CrossEncoder, EngineError> {
    CrossEncoder::load(&ModelFiles::open(folder)?, &ComputeDevice::Cpu)
}

fn change(folder: &Path, file: &str, from: &str, to: &str) {
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).expect("a file");
    assert!(text.contains(from), "{file} has no {from}");
    std::fs::write(path, text.replace(from, to)).expect("a file");
}

#[test]
fn every_cut_of_a_gguf_head_is_an_error_at_once() {
    let whole = std::fs::read(fixture("bert.gguf")).expect("a file");
    let head = whole.len().min(12_000);
    for end in (0..head).step_by(61).chain([whole.len() - 1]) {
        let mut cut = std::io::Cursor::new(&whole[..end]);
        let error = Gguf::read(Path::new("cut.gguf"), &mut cut).expect_err("cut short");
        assert_eq!(error.code(), "BS-ENG-003", "{end}: {error}");
    }
}

#[test]
fn a_flipped_byte_in_a_gguf_head_never_panics() {
    let whole = std::fs::read(fixture("quants.gguf")).expect("a file");
    for at in 0..800 {
        for bit in [0x01, 0x80, 0xff] {
            let mut bent = whole.clone();
            bent[at] ^= bit;
            // Some still hold: a letter of a name may be any.
            let _ = Gguf::read(Path::new("bent.gguf"), &mut std::io::Cursor::new(bent));
        }
    }
}

#[test]
fn settings_that_do_not_fit_the_weights_are_named() {
    for (from, to, code, said) in [
        (
            "\"hidden_size\": 16",
            "\"hidden_size\": 32",
            "BS-ENG-007",
            "wants [160, 32]",
        ),
        (
            "\"hidden_size\": 16",
            "\"hidden_size\": 0",
            "BS-ENG-004",
            "from 1 to",
        ),
        (
            "\"hidden_size\": 16",
            "\"hidden_size\": 1e99",
            "BS-ENG-004",
            "hidden_size",
        ),
        (
            "\"num_hidden_layers\": 2",
            "\"num_hidden_layers\": 3",
            "BS-ENG-006",
            "encoder.layer.2",
        ),
        (
            "\"num_attention_heads\": 2",
            "\"num_attention_heads\": 3",
            "BS-ENG-004",
            "cannot share",
        ),
        (
            "\"hidden_act\": \"gelu\"",
            "\"hidden_act\": \"golu\"",
            "BS-ENG-004",
            "did you mean `gelu`",
        ),
        (
            "\"model_type\": \"bert\"",
            "\"model_type\": \"bort\"",
            "BS-ENG-005",
            "`bort` is not supported; known: bert, roberta, xlm-roberta, camembert, distilbert, modernbert, deberta-v2",
        ),
        (
            "\"model_type\": \"bert\"",
            "\"model_type\": \"qwen3\"",
            "BS-ENG-005",
            "deberta-v2; this is a decoder: it answers, scores and embeds, but classifies",
        ),
        (
            "\"vocab_size\": 160",
            "\"vocab_size\": 10",
            "BS-ENG-007",
            "wants [10, 16]",
        ),
    ] {
        let folder = copy("bert");
        change(folder.path(), "config.json", from, to);
        let error = load(folder.path()).expect_err(to);
        assert_eq!(error.code(), code, "{to}: {error}");
        assert!(error.to_string().contains(said), "{to}: {error}");
    }
}

#[test]
fn a_tokenizer_of_another_model_is_refused() {
    let folder = copy("bert");
    std::fs::copy(
        fixture("roberta").join("tokenizer.json"),
        folder.path().join("tokenizer.json"),
    )
    .expect("a copy");
    let error = load(folder.path()).expect_err("300 tokens, 160 embeddings");
    assert_eq!(error.code(), "BS-ENG-012", "{error}");
    assert!(error.to_string().contains("160 embeddings"), "{error}");
    for text in ["", "{}", "[1]", "{\"model\": {\"type\": \"BPE\"}}"] {
        std::fs::write(folder.path().join("tokenizer.json"), text).expect("a file");
        assert_eq!(
            load(folder.path()).expect_err(text).code(),
            "BS-ENG-011",
            "{text}"
        );
    }
    std::fs::remove_file(folder.path().join("tokenizer.json")).expect("removed");
    assert_eq!(load(folder.path()).expect_err("none").code(), "BS-ENG-001");
}

#[test]
fn a_value_that_is_no_number_is_found_before_it_spreads() {
    let folder = copy("bert");
    let path = folder.path().join("model.safetensors");
    let mut bytes = std::fs::read(&path).expect("weights");
    let at = bytes.len() - 40;
    bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&path, bytes).expect("weights");
    let error = load(folder.path()).expect_err("not a number");
    assert_eq!(error.code(), "BS-ENG-008", "{error}");
}

#[test]
fn weights_cut_short_are_refused_by_their_header() {
    let folder = copy("bert");
    let path = folder.path().join("model.safetensors");
    let bytes = std::fs::read(&path).expect("weights");
    std::fs::write(&path, &bytes[..bytes.len() - 1]).expect("weights");
    let error = load(folder.path()).expect_err("cut short");
    assert_eq!(error.code(), "BS-ENG-003", "{error}");
    assert!(error.to_string().contains("cut short"), "{error}");
}

#[test]
fn modules_outside_of_the_model_are_refused() {
    let folder = copy("sentence");
    change(
        folder.path(),
        "modules.json",
        "\"1_Pooling\"",
        "\"../../etc\"",
    );
    let files = ModelFiles::open(folder.path()).expect("a model");
    let error = SentenceEmbedder::load(&files, &ComputeDevice::Cpu).expect_err("outside");
    assert!(
        error.to_string().contains("outside of the model"),
        "{error}"
    );
}

#[test]
fn a_model_larger_than_memory_is_refused_before_it_is_read() {
    let files = ModelFiles::open(fixture("bert")).expect("a model");
    let weights = Weights::open(&files, &ComputeDevice::Cpu).expect("weights");
    let needed = weights.bytes_needed();
    assert!((30_000..60_000).contains(&needed), "{needed}");
    weights.check_memory(Some(needed)).expect("it fits exactly");
    let error = weights
        .check_memory(Some(needed - 1))
        .expect_err("a byte too few");
    assert!(error.to_string().contains("try Q4_K"), "{error}");
}

#[test]
fn a_stopped_load_ends_with_its_next_tensor() {
    let files = ModelFiles::open(fixture("bert")).expect("a model");
    let cancel = botsmith_core::chat::CancelToken::new();
    let weights = Weights::open(&files, &ComputeDevice::Cpu)
        .expect("weights")
        .with_cancel(cancel.clone());
    cancel.cancel();
    let error = Encoder::load(&files, &weights).expect_err("stopped");
    assert!(matches!(error, EngineError::Cancelled), "{error}");
}

#[test]
fn a_gguf_tokenizer_with_scores_missing_is_refused() {
    let gguf = Gguf::open(&fixture("bert.gguf")).expect("a head");
    let mut bent = gguf.clone();
    let kind = |name: &str| botsmith_core::engine::gguf::Value::Text(name.into());
    bent.metadata
        .insert("tokenizer.ggml.model".into(), kind("llama"));
    let error = Tokenizer::from_gguf(Path::new("m.gguf"), &bent).expect_err("no scores");
    assert!(
        error.to_string().contains("160 tokens and 0 scores"),
        "{error}"
    );
    bent.metadata
        .insert("tokenizer.ggml.model".into(), kind("rwkv"));
    assert_eq!(
        Tokenizer::from_gguf(Path::new("m.gguf"), &bent)
            .expect_err("unknown")
            .code(),
        "BS-ENG-005"
    );
}

#[test]
fn bent_tokenizers_in_gguf_never_panic() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/gguf");
    for (seed, text, ids) in [
        ("seed-pieces", "ab", &[1, 7][..]),
        ("seed-merges", "ab<|end|>", &[2, 3][..]),
    ] {
        let whole = std::fs::read(seeds.join(seed)).expect("a seed");
        let read = |bytes: &[u8]| {
            let gguf = Gguf::read(Path::new("m.gguf"), &mut std::io::Cursor::new(bytes))?;
            Tokenizer::from_gguf(Path::new("m.gguf"), &gguf)?.encode(text, true)
        };
        assert_eq!(read(&whole).expect("ids"), ids, "{seed}");
        // A tokenizer takes milliseconds to make; the fuzzer tries every byte.
        for at in (24..whole.len()).step_by(5) {
            for byte in [0, 0xff] {
                let mut bent = whole.clone();
                bent[at] = byte;
                let _ = read(&bent);
            }
        }
    }
}
