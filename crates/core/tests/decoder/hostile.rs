//! Decoders whose files lie: settings that do not fit the weights, numbers that are none, files cut short. Each is an
//! error with its code and the place, before anything large is asked for.

use std::fs;
use std::path::Path;

use botsmith_core::engine::gguf::Gguf;
use botsmith_core::engine::{LoadOptions, LocalModel};

use crate::models::{folder, load_with, options};
use crate::quantised;

fn change(folder: &Path, from: &str, to: &str) {
    let path = folder.join("config.json");
    let text = fs::read_to_string(&path).expect("a configuration");
    assert!(text.contains(from), "no {from}");
    fs::write(path, text.replace(from, to)).expect("a file");
}

fn refused(path: &Path, options: &LoadOptions) -> (&'static str, String) {
    match LocalModel::load(path, options) {
        Ok(_) => panic!("a model of files that lie was loaded"),
        Err(error) => (error.code(), error.to_string()),
    }
}

#[test]
fn settings_that_do_not_fit_the_weights_or_each_other_are_named() {
    for (key, from, to, code, said) in [
        ("hidden_size", "16", "32", "BS-ENG-007", "wants [272, 32]"),
        ("hidden_size", "16", "0", "BS-ENG-004", "from 1 to"),
        ("hidden_size", "16", "-16", "BS-ENG-004", "from 1 to"),
        (
            "num_hidden_layers",
            "2",
            "3",
            "BS-ENG-006",
            "model.layers.2.",
        ),
        (
            "num_hidden_layers",
            "2",
            "1000000000000",
            "BS-ENG-004",
            "from 1 to 1024",
        ),
        (
            "num_attention_heads",
            "4",
            "3",
            "BS-ENG-004",
            "does not divide 3 heads",
        ),
        ("num_key_value_heads", "2", "8", "BS-ENG-004", "from 1 to 4"),
        ("num_key_value_heads", "2", "4", "BS-ENG-007", "k_proj"),
        ("head_dim", "8", "7", "BS-ENG-004", "an even number"),
        ("head_dim", "8", "16", "BS-ENG-007", "q_proj"),
        ("intermediate_size", "24", "48", "BS-ENG-007", "mlp."),
        ("vocab_size", "272", "300", "BS-ENG-007", "wants [300, 16]"),
        ("vocab_size", "272", "100", "BS-ENG-012", "100 embeddings"),
        ("vocab_size", "272", "1e18", "BS-ENG-004", "vocab_size"),
        (
            "max_position_embeddings",
            "256",
            "1e15",
            "BS-ENG-004",
            "max_position_embeddings",
        ),
        ("rms_norm_eps", "1e-06", "-1", "BS-ENG-004", "rms_norm_eps"),
        ("rope_theta", "10000.0", "-1.0", "BS-ENG-004", "rope_theta"),
        (
            "rope_type",
            "\"default\"",
            "\"sideways\"",
            "BS-ENG-004",
            "sideways",
        ),
        (
            "hidden_act",
            "\"silu\"",
            "\"silo\"",
            "BS-ENG-004",
            "did you mean `silu`",
        ),
        (
            "model_type",
            "\"qwen3\"",
            "\"qwen33\"",
            "BS-ENG-005",
            "qwen33",
        ),
        (
            "tie_word_embeddings",
            "true",
            "7",
            "BS-ENG-004",
            "true or false",
        ),
    ] {
        let folder = folder("qwen3");
        change(
            folder.path(),
            &format!("\"{key}\": {from}"),
            &format!("\"{key}\": {to}"),
        );
        let (found, message) = refused(folder.path(), &options());
        assert_eq!(found, code, "{key} {to}: {message}");
        assert!(message.contains(said), "{key} {to}: {message}");
    }
}

#[test]
fn a_context_beyond_measure_is_a_promise_that_costs_nothing() {
    let folder = folder("qwen3");
    let key = "\"max_position_embeddings\": ";
    change(
        folder.path(),
        &format!("{key}256"),
        &format!("{key}268435456"),
    );
    let model = LocalModel::load(folder.path(), &options()).expect("a model");
    assert_eq!(model.context(), 1 << 28);
    assert!(model.kv().most_bytes <= 64 << 20);
    let mut short = options();
    short.context = Some(40);
    assert_eq!(load_with("qwen3", &short).context(), 40);
}

#[test]
fn a_number_that_is_none_is_found_in_every_way_of_storing() {
    let fixture = quantised::fixture();
    let (name, bad) = ("blk.1.ffn_up.weight", half::f16::NAN.to_le_bytes());
    for model in fixture
        .models
        .iter()
        .filter(|model| model.architecture == "llama")
    {
        let folder = tempfile::tempdir().expect("a folder");
        quantised::load(&fixture, model, folder.path());
        let path = folder.path().join(format!("llama-{}.gguf", model.kind));
        let gguf = Gguf::open(&path).expect("a head");
        let entry = gguf
            .entries
            .iter()
            .find(|entry| entry.name == name)
            .expect("the tensor");
        // The scale of the third block; of F16 the third number.
        let scale = fixture.scale_at(model, name);
        let block = entry.bytes / (entry.count() / scale.values);
        let at = usize::try_from(entry.start).expect("small") + 2 * block + scale.byte;
        let mut bytes = fs::read(&path).expect("a file");
        bytes[at..at + 2].copy_from_slice(&bad);
        fs::write(&path, bytes).expect("a file");
        let (code, said) = refused(&path, &options());
        assert_eq!(code, "BS-ENG-008", "{}: {said}", model.kind);
        let place = format!("at position {}", 2 * scale.values);
        assert!(
            said.contains("up_proj") && said.contains(&place),
            "{}: {said}",
            model.kind
        );
    }
    for (kind, bad) in [
        (candle_core::DType::F16, half::f16::INFINITY.to_le_bytes()),
        (candle_core::DType::BF16, half::bf16::NAN.to_le_bytes()),
    ] {
        let folder = folder("qwen3");
        let path = folder.path().join("model.safetensors");
        let tensors = candle_core::safetensors::load(&path, &candle_core::Device::Cpu).unwrap();
        let halves: std::collections::HashMap<String, candle_core::Tensor> = tensors
            .into_iter()
            .map(|(name, tensor)| (name, tensor.to_dtype(kind).unwrap()))
            .collect();
        candle_core::safetensors::save(&halves, &path).expect("a file");
        let mut bytes = fs::read(&path).expect("a file");
        let at = bytes.len() - 6;
        bytes[at..at + 2].copy_from_slice(&bad);
        fs::write(&path, bytes).expect("a file");
        let (code, said) = refused(folder.path(), &options());
        assert_eq!(code, "BS-ENG-008", "{kind:?}: {said}");
    }
}

#[test]
fn a_head_that_is_not_there_is_named_where_the_table_does_not_stand_for_it() {
    let folder = folder("llama2");
    let path = folder.path().join("model.safetensors");
    let mut tensors = candle_core::safetensors::load(&path, &candle_core::Device::Cpu).unwrap();
    assert!(tensors.remove("lm_head.weight").is_some());
    candle_core::safetensors::save(&tensors, &path).expect("a file");
    let (code, said) = refused(folder.path(), &options());
    assert_eq!(code, "BS-ENG-006", "{said}");
    assert!(said.contains("lm_head"), "{said}");
    change(
        folder.path(),
        "\"tie_word_embeddings\": false",
        "\"tie_word_embeddings\": true",
    );
    LocalModel::load(folder.path(), &options()).expect("the table stands for the head");
}

#[test]
fn a_gguf_file_cut_anywhere_is_refused_by_name() {
    let fixture = quantised::fixture();
    let folder = tempfile::tempdir().expect("a folder");
    quantised::load(&fixture, &fixture.models[0], folder.path());
    let path = folder
        .path()
        .join(format!("llama-{}.gguf", fixture.models[0].kind));
    let gguf = Gguf::open(&path).expect("a head");
    let last = gguf.entries.last().expect("tensors");
    let end = usize::try_from(last.start).expect("small") + last.bytes;
    let whole = fs::read(&path).expect("a file");
    for cut in [0, 3, 4, 20, 24, 1000, end / 2, end - 1] {
        fs::write(&path, &whole[..cut]).expect("a file");
        let (code, said) = refused(&path, &options());
        assert_eq!(code, "BS-ENG-003", "{cut}: {said}");
    }
}

#[test]
fn a_model_that_does_not_fit_into_memory_says_what_would() {
    let fixture = quantised::fixture();
    let folder = tempfile::tempdir().expect("a folder");
    quantised::load(&fixture, &fixture.models[0], folder.path());
    let path = folder
        .path()
        .join(format!("llama-{}.gguf", fixture.models[0].kind));
    for (path, remedy) in [
        (path.as_path(), "try a smaller model"),
        (
            crate::models::folder("qwen3").path(),
            "try Q4_K or a smaller model",
        ),
    ] {
        let files = botsmith_core::engine::ModelFiles::open(path).expect("a model");
        let device = botsmith_core::engine::ComputeDevice::Cpu;
        let weights = botsmith_core::engine::Weights::open(&files, &device).expect("weights");
        let needed = weights.bytes_needed();
        weights.check_memory(Some(needed)).expect("it fits exactly");
        let error = weights
            .check_memory(Some(needed - 1))
            .expect_err("a byte too few");
        assert_eq!(error.code(), "BS-ENG-009");
        let said = error.to_string();
        assert!(
            said.starts_with("the model needs ") && said.contains(" free: "),
            "{said}"
        );
        assert!(said.ends_with(remedy), "{said}");
    }
}
