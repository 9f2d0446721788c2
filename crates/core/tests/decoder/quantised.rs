//! Decoders of quantised matrices in GGUF files, beside what transformers computes with the values of their blocks.
//!
//! The blocks are made of seeded bits by a rule that `scripts/engine_fixtures/quantised.py` has too, so that models of a
//! million weights need no room in the repository. Kernels round what they multiply to eight bits, and the expected logits
//! are made with inputs rounded so; the greedy tokens are the same with and without.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::Command;

use botsmith_core::chat::Call;
use botsmith_core::engine::{ComputeDevice, LocalModel, ModelFiles, Processor, Weights};
use botsmith_core::score::{ScoreRequest, Scores};
use candle_core::Device;
use candle_core::quantized::gguf_file::{Value as Meta, write};
use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use serde::Deserialize;
use serde_json::Value;

use crate::converter::{metadata, renamed};
use crate::models::{fixtures, options};
use crate::parity::greedy;

/// How far logits may be from those of transformers, as a share of their spread: the largest difference where nothing is
/// rounded, else the root of the mean square. `Q8_0` (and `Q4_0`, which becomes it) has kernels that round blocks of 32
/// and others that round blocks of 256, by processor; transformers was given blocks of 256.
fn most(kind: &str) -> f64 {
    match kind {
        "F16" => 1e-4,
        "Q4_0" | "Q8_0" => 0.04,
        _ => 0.02,
    }
}

/// Tells this program, run again, to keep matrices out of tiles.
const UNTILED: &str = "QUANTISED_TESTS_WITHOUT_TILES";

#[derive(Deserialize)]
pub(crate) struct Fixture {
    pub(crate) ids: Vec<u32>,
    /// Every so many places the logits are kept.
    step: usize,
    /// Of each type: byte, exponent and kept bits of the 16-bit scales of a block.
    scales: BTreeMap<String, Vec<(usize, u16, u16)>>,
    architectures: BTreeMap<String, Architecture>,
    pub(crate) models: Vec<Model>,
}

#[derive(Deserialize)]
struct Architecture {
    config: Value,
    tied: bool,
    tensors: BTreeMap<String, Vec<usize>>,
}

#[derive(Deserialize)]
pub(crate) struct Model {
    pub(crate) architecture: String,
    /// The type of the matrices, or the mixture's name.
    pub(crate) kind: String,
    salt: u64,
    pub(crate) greedy: Vec<u32>,
}

/// Where a block has its first scale, and how many values it holds.
pub(crate) struct Scale {
    pub(crate) byte: usize,
    pub(crate) values: usize,
}

impl Fixture {
    /// The scales of the matrix that GGUF calls `name`, which is one of no special kind in any mixture.
    pub(crate) fn scale_at(&self, model: &Model, name: &str) -> Scale {
        let kind = kind_of(&model.kind, name, false);
        Scale {
            byte: self.scales[kind][0].0,
            values: ggml(kind).block_size(),
        }
    }
}

pub(crate) fn fixture() -> Fixture {
    let text = std::fs::read(fixtures().join("quantised/cases.json")).expect("the cases");
    serde_json::from_slice(&text).expect("cases")
}

/// `SplitMix64` from the FNV-1a hash of a name.
fn bits(name: &str, count: usize) -> Vec<u8> {
    let mut state = name.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    let mut bytes = Vec::with_capacity(count + 8);
    while bytes.len() < count {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bytes.extend((z ^ (z >> 31)).to_le_bytes());
    }
    bytes.truncate(count);
    bytes
}

fn ggml(kind: &str) -> GgmlDType {
    match kind {
        "Q4_0" => GgmlDType::Q4_0,
        "Q4_K" => GgmlDType::Q4K,
        "Q5_K" => GgmlDType::Q5K,
        "Q6_K" => GgmlDType::Q6K,
        "Q8_0" => GgmlDType::Q8_0,
        "F16" => GgmlDType::F16,
        other => panic!("no type {other}"),
    }
}

/// The type of a matrix in a model of this mixture.
fn kind_of<'a>(mix: &'a str, name: &str, tied: bool) -> &'a str {
    let finer = ["v_proj", "down_proj", "lm_head"]
        .iter()
        .any(|part| name.contains(part));
    match mix {
        "Q4_K_M" if finer || (tied && name.contains("embed_tokens")) => "Q6_K",
        "Q4_K_M" => "Q4_K",
        kind => kind,
    }
}

/// The bytes of a matrix: drawn, but for what makes its scales small finite numbers.
fn block_bytes(
    label: &str,
    kind: GgmlDType,
    count: usize,
    scales: &[(usize, u16, u16)],
) -> Vec<u8> {
    let size = kind.type_size();
    let mut bytes = bits(label, count / kind.block_size() * size);
    for block in bytes.chunks_exact_mut(size) {
        for &(at, exponent, keep) in scales {
            let drawn = u16::from_le_bytes([block[at], block[at + 1]]);
            let scale = (drawn & keep) | (exponent << 10);
            block[at..at + 2].copy_from_slice(&scale.to_le_bytes());
        }
    }
    bytes
}

/// The tensors of a model under their names in GGUF.
pub(crate) fn tensors(fixture: &Fixture, model: &Model) -> Vec<(String, QTensor)> {
    let about = &fixture.architectures[&model.architecture];
    let one = |(name, shape): (&String, &Vec<usize>)| {
        let label = format!("{}/{}/{name}", model.salt, model.kind);
        let (kind, bytes) = if shape.len() == 1 {
            let drawn = bits(&label, shape[0]).into_iter();
            let drawn = drawn.map(|byte| f32::from(byte) - 128.0);
            let values = drawn.map(|drawn| match name.ends_with("bias") {
                true => drawn / 640.0,
                false => 1.0 + drawn / 512.0,
            });
            (GgmlDType::F32, values.flat_map(f32::to_le_bytes).collect())
        } else {
            let kind = kind_of(&model.kind, name, about.tied);
            let (scales, kind) = (&fixture.scales[kind], ggml(kind));
            (
                kind,
                block_bytes(&label, kind, shape.iter().product(), scales),
            )
        };
        let storage = QStorage::from_data(bytes.into(), &Device::Cpu, kind).expect("storage");
        let tensor = QTensor::new(storage, shape.as_slice()).expect("a tensor");
        (renamed(&model.architecture, name), tensor)
    };
    about.tensors.iter().map(one).collect()
}

/// Writes tensors with metadata.
pub(crate) fn write_file(path: &Path, metadata: &[(String, Meta)], tensors: &[&(String, QTensor)]) {
    let metadata: Vec<(&str, &Meta)> = metadata.iter().map(|(k, v)| (k.as_str(), v)).collect();
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(k, v)| (k.as_str(), v)).collect();
    write(
        &mut File::create(path).expect("a file"),
        &metadata,
        &tensors,
    )
    .expect("a GGUF file");
}

/// The metadata of a model.
pub(crate) fn head(fixture: &Fixture, model: &Model) -> Vec<(String, Meta)> {
    let about = &fixture.architectures[&model.architecture];
    metadata(&model.architecture, &about.config)
}

/// The model of this architecture and type, and its file.
pub(crate) fn load(fixture: &Fixture, model: &Model, folder: &Path) -> LocalModel {
    let path = folder.join(format!("{}-{}.gguf", model.architecture, model.kind));
    let tensors = tensors(fixture, model);
    write_file(
        &path,
        &head(fixture, model),
        &tensors.iter().collect::<Vec<_>>(),
    );
    let mut options = options();
    options.tiles = std::env::var_os(UNTILED).is_none();
    LocalModel::load(&path, &options)
        .unwrap_or_else(|error| panic!("{} {}: {error}", model.architecture, model.kind))
}

/// The largest difference and the root of the mean square, as shares of the spread of what is wanted.
fn far(ours: &[Vec<f32>], wanted: &[Vec<f32>]) -> (f64, f64) {
    assert_eq!(ours.len(), wanted.len());
    let all: Vec<f64> = wanted.iter().flatten().copied().map(f64::from).collect();
    let count = all.len() as f64;
    let mean = all.iter().sum::<f64>() / count;
    let spread = (all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
    let apart: Vec<f64> = (ours.iter().flatten().zip(&all))
        .map(|(ours, wanted)| (f64::from(*ours) - wanted).abs() / spread)
        .collect();
    let square = apart.iter().map(|x| x * x).sum::<f64>() / count;
    (apart.into_iter().fold(0.0, f64::max), square.sqrt())
}

#[test]
fn every_type_and_mixture_has_the_logits_and_greedy_tokens_of_transformers() {
    let fixture = fixture();
    let folder = tempfile::tempdir().expect("a folder");
    let expected = ModelFiles::open(fixtures().join("quantised/expected.safetensors")).unwrap();
    let expected = Weights::open(&expected, &ComputeDevice::Cpu).unwrap();
    let kinds: Vec<&str> = fixture.models.iter().map(|model| &*model.kind).collect();
    for kind in ["Q4_0", "Q4_K", "Q5_K", "Q6_K", "Q8_0", "F16", "Q4_K_M"] {
        assert!(kinds.contains(&kind), "{kind}");
    }
    let mut wrong = Vec::new();
    for model in &fixture.models {
        let name = format!("{}-{}", model.architecture, model.kind);
        let loaded = load(&fixture, model, folder.path());
        let shape = expected.about(&name).unwrap().1.to_vec();
        let wanted = expected.tensor(&name, &shape).unwrap();
        let wanted = wanted.to_vec2::<f32>().unwrap();
        let logits = loaded.logits(&fixture.ids, true).unwrap();
        let logits: Vec<Vec<f32>> = logits.into_iter().step_by(fixture.step).collect();
        let (largest, square) = far(&logits, &wanted);
        let measured = if model.kind == "F16" { largest } else { square };
        let tokens = greedy(&loaded, &fixture.ids, 64);
        let same = tokens.iter().zip(&model.greedy);
        let same = same.take_while(|(ours, wanted)| ours == wanted).count();
        if measured > most(&model.kind) || tokens != model.greedy {
            wrong.push(format!(
                "{name}: {largest:.4} away at most, {square:.4} mostly; {same} tokens equal"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The kernels that this machine would not take by itself: where it is fast at tiles, Candle's, of which a process chooses
/// one kind for good; so each kind has a process of its own. Candle's kernels without vector instructions run only where
/// there are none.
#[test]
#[allow(clippy::print_stdout, reason = "it says what it skips")]
fn the_kernels_of_other_processors_have_the_same_logits_and_tokens() {
    let features = Processor::here().features;
    let has = |name| features.contains(&(name, true));
    let (avx2, vnni) = (has("AVX2"), has("AVX-512 VNNI"));
    for (kernels, here, forced) in [
        ("Candle's by AVX-512 VNNI", vnni, None),
        (
            "Candle's by AVX-VNNI",
            avx2 && has("AVX-VNNI"),
            Some("MISTRALRS_FORCE_AVXVNNI"),
        ),
        ("Candle's by AVX2", avx2, Some("MISTRALRS_FORCE_AVX2")),
        (
            "Candle's without vector instructions",
            features.iter().all(|(_, here)| !here),
            None,
        ),
    ] {
        if !here {
            println!("skipped: {kernels}, which this processor cannot be told to take");
            continue;
        }
        let test =
            "quantised::every_type_and_mixture_has_the_logits_and_greedy_tokens_of_transformers";
        let mut again = Command::new(std::env::current_exe().expect("this program"));
        again.args(["--exact", test]).env(UNTILED, "1");
        if let Some(forced) = forced {
            again.env(forced, "1");
        }
        let ran = again.output().expect("it runs");
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success(), "{kernels}: {said}");
        assert!(said.contains("1 passed"), "{kernels}: {said}");
        println!("ran: {kernels}");
    }
}

#[test]
fn a_score_is_the_same_alone_and_in_a_batch() {
    let fixture = fixture();
    let folder = tempfile::tempdir().expect("a folder");
    let words = "Bots are judged by what they say, and by nothing else at all";
    let requests: Vec<ScoreRequest> = (1..=7)
        .map(|at| ScoreRequest::text(&words[..at * 8], [words.split_at(at * 8).1, " no"]))
        .collect();
    let mut apart = Vec::new();
    for model in fixture
        .models
        .iter()
        .filter(|model| model.architecture == "llama")
    {
        let loaded = load(&fixture, model, folder.path());
        let score = |requests: &[ScoreRequest]| {
            loaded.forget();
            loaded
                .score_now(requests, &Call::default())
                .expect("scores")
        };
        let together = score(&requests);
        let alone: Vec<Scores> = requests
            .iter()
            .map(|request| score(std::slice::from_ref(request)).remove(0))
            .collect();
        // Again in the same shapes: the same bits.
        assert_eq!(score(&requests), together, "{}", model.kind);
        let each = |scores: &[Scores]| -> Vec<f64> {
            let all = scores.iter().flat_map(|one| &one.continuations);
            all.map(|one| one.logprob).collect()
        };
        let pairs = each(&alone).into_iter().zip(each(&together));
        let far = pairs
            .map(|(a, b)| (a - b).abs() / b.abs().max(1.0))
            .fold(0.0, f64::max);
        apart.push((model.kind.as_str(), far));
    }
    for (kind, far) in &apart {
        assert!(*far < 1e-5, "{kind}: {far} ({apart:?})");
    }
}
