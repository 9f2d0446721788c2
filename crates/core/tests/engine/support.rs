//! What the tests share: fixtures by name, their cases, differences.

use std::path::{Path, PathBuf};

use botsmith_core::engine::{ComputeDevice, ModelFiles, Tensor, Weights};
use serde::Deserialize;

/// A fixture's path.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/engine/models")
        .join(name)
}

/// One text or pair, and its tokens according to the reference.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    pub(crate) first: String,
    pub(crate) second: Option<String>,
    pub(crate) ids: Vec<u32>,
    pub(crate) types: Vec<u32>,
}

/// The cases of a model.
pub(crate) fn cases(model: &str) -> Vec<Case> {
    let text = std::fs::read_to_string(fixture(model).join("cases.json")).expect("cases");
    serde_json::from_str(&text).expect("cases are JSON")
}

/// A tensor of expected values.
pub(crate) fn expected(file: &Path, name: &str) -> Tensor {
    let files = ModelFiles::open(file).expect("expected values");
    let weights = Weights::open(&files, &ComputeDevice::Cpu).expect("expected values");
    let (_, shape) = weights.about(name).expect("the tensor");
    weights.tensor(name, shape).expect("the values")
}

/// The largest difference.
pub(crate) fn far(a: &Tensor, b: &Tensor) -> f32 {
    let far = (a - b).expect("one shape").abs().expect("sizes");
    far.max_all()
        .expect("a largest")
        .to_scalar()
        .expect("a number")
}
