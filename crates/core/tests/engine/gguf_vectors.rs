//! Vectors of a GGUF file that are quantised, which converters do not write and nothing forbids.

use std::fs::File;
use std::path::Path;

use botsmith_core::engine::{ComputeDevice, EngineError, ModelFiles, Tensor, Weights};
use candle_core::quantized::gguf_file::{Value, write};
use candle_core::quantized::{GgmlDType, QTensor};

/// One vector of rising numbers in blocks of 32, in a file of this architecture.
fn opened(folder: &Path, architecture: &str, name: &str, count: usize) -> Weights {
    let path = folder.join(format!("{architecture}.gguf"));
    let numbers: Vec<f32> = (0..count).map(|at| at as f32 / 64.0).collect();
    let numbers = Tensor::from_vec(numbers, count, &ComputeDevice::Cpu).expect("a vector");
    let vector = QTensor::quantize(&numbers, GgmlDType::Q8_0).expect("blocks");
    let heads = format!("{architecture}.attention.head_count");
    write(
        &mut File::create(&path).expect("a file"),
        &[
            ("general.architecture", &Value::String(architecture.into())),
            (&heads, &Value::U32(4)),
        ],
        &[(name, &vector)],
    )
    .expect("a GGUF file");
    let files = ModelFiles::open(&path).expect("the file");
    Weights::open(&files, &ComputeDevice::Cpu).expect("weights")
}

#[test]
fn gemmas_one_is_taken_off_a_quantised_norm_once() {
    let folder = tempfile::tempdir().expect("a folder");
    for architecture in ["gemma2", "gemma3"] {
        let weights = opened(folder.path(), architecture, "output_norm.weight", 64);
        let gain = weights.tensor("model.norm.weight", &[64]).expect("a norm");
        for (at, gain) in gain.to_vec1::<f32>().expect("numbers").iter().enumerate() {
            let wanted = at as f32 / 64.0 - 1.0;
            assert!((gain - wanted).abs() < 0.005, "{at}: {gain}");
        }
    }
}

#[test]
fn rows_that_end_inside_a_block_cannot_be_put_back_and_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let weights = opened(folder.path(), "llama", "blk.0.attn_q.bias", 64);
    let error = weights
        .tensor("model.layers.0.self_attn.q_proj.bias", &[64])
        .expect_err("two blocks have no 64 rows");
    assert!(matches!(error, EngineError::Damaged { .. }), "{error:?}");
    let said = error.to_string();
    for part in ["llama.gguf", "self_attn.q_proj.bias", "end inside a block"] {
        assert!(said.contains(part), "{said}");
    }
}
