//! Decoders whose weights are stored in another way: F16, BF16, and GGUF as llama.cpp's converter writes it.
//!
//! What is stored with fewer bits computes as its rounded values do in F32. A GGUF file computes as the folder that it
//! was made from; the converter's ways stand in `converter.rs`, but that gains of Gemma's norms have one added.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::Path;

use botsmith_core::engine::{EngineError, LocalModel};
use candle_core::quantized::gguf_file::{Value as Meta, write};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Tensor};
use serde_json::{Value, json};

use crate::converter::{architecture, factors, interleaved, metadata, renamed};
use crate::models::{NAMES, cases, fixtures, folder, load, options};
use crate::parity::greedy;

pub(crate) type Tensors = HashMap<String, Tensor>;

pub(crate) fn tensors(name: &str) -> Tensors {
    let path = fixtures().join(format!("decoder-{name}/model.safetensors"));
    candle_core::safetensors::load(path, &Device::Cpu).expect("tensors")
}

pub(crate) fn config(name: &str) -> Value {
    let path = fixtures().join(format!("decoder-{name}/config.json"));
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("a configuration")
}

/// A folder with these weights and settings.
pub(crate) fn with(name: &str, config: &Value, tensors: &Tensors) -> LocalModel {
    let folder = folder(name);
    candle_core::safetensors::save(tensors, folder.path().join("model.safetensors"))
        .expect("a file");
    fs::write(folder.path().join("config.json"), config.to_string()).expect("a file");
    LocalModel::load(folder.path(), &options()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The greatest difference of logits, relative where they are large.
pub(crate) fn far(a: &LocalModel, b: &LocalModel, ids: &[u32]) -> f32 {
    let (a, b) = (a.logits(ids, true).unwrap(), b.logits(ids, true).unwrap());
    assert_eq!(a.len(), b.len());
    a.iter()
        .flatten()
        .zip(b.iter().flatten())
        .map(|(a, b)| (a - b).abs() / b.abs().max(1.0))
        .fold(0.0, f32::max)
}

#[test]
fn weights_of_sixteen_bits_compute_as_their_rounded_values_do() {
    for name in NAMES {
        let ids = cases(name).ids;
        for kind in [DType::F16, DType::BF16] {
            let halves: Tensors = tensors(name)
                .into_iter()
                .map(|(name, tensor)| (name, tensor.to_dtype(kind).unwrap()))
                .collect();
            let rounded: Tensors = halves
                .iter()
                .map(|(name, tensor)| (name.clone(), tensor.to_dtype(DType::F32).unwrap()))
                .collect();
            let config = config(name);
            let (stored, wanted) = (with(name, &config, &halves), with(name, &config, &rounded));
            let far_from_rounded = far(&stored, &wanted, &ids);
            assert!(
                far_from_rounded < 1e-5,
                "{name} {kind:?}: {far_from_rounded}"
            );
            // It was rounded at all.
            assert!(far(&stored, &load(name), &ids) > 1e-5, "{name} {kind:?}");
        }
    }
}

/// The settings that a GGUF file can say: windows of Mistral, scales of Gemma and which layers have positions are what
/// llama.cpp knows by heart.
fn sayable(name: &str) -> Value {
    let mut config = config(name);
    match name {
        "mistral" => config["sliding_window"] = Value::Null,
        "gemma2" => config["query_pre_attn_scalar"] = json!(8),
        "gemma3" => {
            config["query_pre_attn_scalar"] = json!(8);
            // Every sixth layer is global: with these positions, which the others do not have.
            let mut types = vec!["sliding_attention"; 7];
            types[5] = "full_attention";
            config["layer_types"] = json!(types);
            let global = json!({"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6});
            config["rope_parameters"]["full_attention"] = global;
        }
        // Every fourth layer has no positions.
        "smollm3" => config["no_rope_layers"] = json!([1, 1, 1, 0, 1]),
        _ => {}
    }
    config
}

/// The model with as many layers as a rule of llama.cpp needs to show: those that there are, again and again.
fn deepened(name: &str, config: &mut Value) -> Tensors {
    let tensors = tensors(name);
    let layers = match name {
        "gemma3" => 7,
        "smollm3" => 5,
        _ => return tensors,
    };
    let there = config["num_hidden_layers"].as_u64().expect("layers");
    config["num_hidden_layers"] = json!(layers);
    config["layer_types"] = match name {
        "smollm3" => Value::Null,
        _ => config["layer_types"].take(),
    };
    let mut all = Tensors::new();
    for (name, tensor) in tensors {
        let Some((number, part)) = name
            .strip_prefix("model.layers.")
            .and_then(|rest| rest.split_once('.'))
        else {
            all.insert(name, tensor);
            continue;
        };
        let number: u64 = number.parse().expect("a number");
        for layer in (number..layers).step_by(there as usize) {
            all.insert(format!("model.layers.{layer}.{part}"), tensor.clone());
        }
    }
    all
}

/// Writes the model as llama.cpp's converter does: matrices of `kind`, all else in F32.
fn convert(name: &str, config: &Value, tensors: &Tensors, kind: GgmlDType, path: &Path) {
    convert_with(name, config, tensors, kind, &[], path);
}

/// The same with further metadata.
pub(crate) fn convert_with(
    name: &str,
    config: &Value,
    tensors: &Tensors,
    kind: GgmlDType,
    more: &[(&str, Meta)],
    path: &Path,
) {
    let architecture = architecture(name);
    let heads = |key: &str| config[key].as_u64().expect("heads") as usize;
    let mut all = Vec::new();
    for (ours, tensor) in tensors {
        let mut tensor = tensor.clone();
        if ["llama", "smollm3"].contains(&architecture) {
            if ours.contains("q_proj") {
                tensor = interleaved(&tensor, heads("num_attention_heads"));
            } else if ours.contains("k_proj") {
                tensor = interleaved(&tensor, heads("num_key_value_heads"));
            }
        }
        if architecture.starts_with("gemma") && ours.ends_with("norm.weight") {
            tensor = (tensor + 1.0).unwrap();
        }
        let kind = if tensor.rank() == 2 {
            kind
        } else {
            GgmlDType::F32
        };
        all.push((
            renamed(architecture, ours),
            QTensor::quantize(&tensor, kind).expect("a tensor"),
        ));
    }
    for (name, values) in factors(config) {
        let values = Tensor::new(values, &Device::Cpu).unwrap();
        all.push((
            name.to_owned(),
            QTensor::quantize(&values, GgmlDType::F32).unwrap(),
        ));
    }
    let metadata = metadata(architecture, config);
    let metadata = metadata.iter().map(|(k, v)| (k.as_str(), v));
    let more = more.iter().map(|(k, v)| (*k, v));
    let metadata: Vec<(&str, &Meta)> = metadata.chain(more).collect();
    let all: Vec<(&str, &QTensor)> = all.iter().map(|(k, v)| (k.as_str(), v)).collect();
    write(&mut File::create(path).expect("a file"), &metadata, &all).expect("a GGUF file");
}

#[test]
fn a_gguf_file_computes_as_the_folder_that_it_was_made_from() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in NAMES {
        let (mut config, ids) = (sayable(name), cases(name).ids);
        let tensors = deepened(name, &mut config);
        for (kind, stored) in [
            (GgmlDType::F32, DType::F32),
            (GgmlDType::F16, DType::F16),
            (GgmlDType::BF16, DType::BF16),
        ] {
            // One model says it for BF16, which goes the way of F16.
            if kind == GgmlDType::BF16 && name != "qwen3" {
                continue;
            }
            let path = folder.path().join(format!("{name}-{kind:?}.gguf"));
            convert(name, &config, &tensors, kind, &path);
            let ours = LocalModel::load(&path, &options())
                .unwrap_or_else(|error| panic!("{name} {kind:?}: {error}"));
            let rounded = tensors.iter().map(|(name, tensor)| {
                let rounded = match tensor.rank() {
                    2 => tensor
                        .to_dtype(stored)
                        .unwrap()
                        .to_dtype(DType::F32)
                        .unwrap(),
                    _ => tensor.clone(),
                };
                (name.clone(), rounded)
            });
            let wanted = with(name, &config, &rounded.collect());
            let far = far(&ours, &wanted, &ids);
            assert!(far < 1e-4, "{name} {kind:?}: {far}");
        }
    }
}

#[test]
fn a_gguf_file_without_a_window_has_no_local_layers() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("gemma3.gguf");
    let mut config = sayable("gemma3");
    let tensors = deepened("gemma3", &mut config);
    config["layer_types"] = json!(vec!["full_attention"; 7]);
    let mut file = config.clone();
    file["sliding_window"] = json!(0);
    convert("gemma3", &file, &tensors, GgmlDType::F32, &path);
    let ours = LocalModel::load(&path, &options()).expect("the model");
    let far = far(
        &ours,
        &with("gemma3", &config, &tensors),
        &cases("gemma3").ids,
    );
    assert!(far < 1e-4, "{far}");
}

/// As Phi-4-mini: of each head the first numbers are turned, and there are factors for these alone.
#[test]
fn a_gguf_file_says_how_much_of_a_head_is_turned() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["phi3", "phi3-long", "qwen2"] {
        let path = folder.path().join(format!("{name}.gguf"));
        let (whole, ids) = (config(name), cases(name).ids);
        // 6 of 8, and 2 of 8.
        for share in [0.75, 0.25] {
            let mut config = whole.clone();
            let rope = &mut config["rope_parameters"];
            rope["partial_rotary_factor"] = json!(share);
            for key in ["short_factor", "long_factor"] {
                if let Some(list) = rope.get_mut(key).and_then(Value::as_array_mut) {
                    list.truncate((share * 4.0) as usize);
                }
            }
            let tensors = tensors(name);
            convert(name, &config, &tensors, GgmlDType::F32, &path);
            let ours = LocalModel::load(&path, &options())
                .unwrap_or_else(|error| panic!("{name} {share}: {error}"));
            let wanted = with(name, &config, &tensors);
            let apart = far(&ours, &wanted, &ids);
            assert!(apart < 1e-4, "{name} {share}: {apart}");
            // It is another model than the one whose heads are turned whole.
            assert!(far(&wanted, &load(name), &ids) > 1e-3, "{name} {share}");
            // Where it stands in older configurations.
            let rope = config["rope_parameters"].as_object_mut().expect("settings");
            let share = rope.remove("partial_rotary_factor").expect("a share");
            config["partial_rotary_factor"] = share;
            let older = with(name, &config, &tensors);
            assert_eq!(
                older.logits(&ids, true).unwrap(),
                wanted.logits(&ids, true).unwrap()
            );
        }
    }
}

#[test]
fn a_gguf_file_of_sayable_settings_has_the_answers_of_transformers() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in [
        "llama2",
        "llama3",
        "qwen2",
        "qwen3",
        "qwen3-yarn",
        "phi3",
        "phi3-long",
    ] {
        let path = folder.path().join(format!("{name}.gguf"));
        convert(name, &config(name), &tensors(name), GgmlDType::F32, &path);
        let model =
            LocalModel::load(&path, &options()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let cases = cases(name);
        assert_eq!(greedy(&model, &cases.ids, 64), cases.greedy, "{name}");
    }
}

#[test]
fn factors_of_positions_that_are_none_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("llama3.gguf");
    let mut config = config("llama3");
    config["rope_parameters"]["factor"] = json!(-8.0);
    convert("llama3", &config, &tensors("llama3"), GgmlDType::F32, &path);
    let error = LocalModel::load(&path, &options()).expect_err("a factor below 0");
    assert!(matches!(error, EngineError::Damaged { .. }), "{error}");
    assert!(
        error.to_string().contains("rope_freqs.weight") && error.to_string().contains("above 0"),
        "{error}"
    );
}
