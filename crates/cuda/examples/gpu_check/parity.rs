//! The same numbers as on the CPU: decoders and encoders of every architecture, weights of every kind, alone and in a
//! batch.

use std::path::Path;

use botsmith_core::chat::Call;
use botsmith_core::engine::{
    ComputeDevice, EmbedOptions, GenerateEvent, GenerateRequest, LoadOptions, LocalModel,
    ModelFiles, Place, SentenceEmbedder,
};
use candle_core::DType;
use candle_core::quantized::GgmlDType;

use crate::models::{self, SMALL, Sizes};
use crate::{Failure, Report, apart, fixtures};

pub(crate) fn run(place: &Place, _short: bool, report: &mut Report) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let [decoders, encoders] = fixtures::write(folder.path())?;
    for name in decoders {
        let path = folder.path().join(name);
        check(&path, &path, name, place, report)?;
    }
    for (word, kind) in [
        ("F32", DType::F32),
        ("F16", DType::F16),
        ("BF16", DType::BF16),
    ] {
        let path = folder.path().join(word);
        models::dense(&path, SMALL, kind)?;
        check(&path, &path, &format!("safetensors {word}"), place, report)?;
    }
    // One kernel of attention for each of these widths; a text that is longer than its tiles.
    for head in [20, 32, 64, 96, 128, 192, 256] {
        let path = folder.path().join(format!("heads {head}"));
        models::dense(&path, Sizes { head, ..SMALL }, DType::F32)?;
        long(&path, &format!("heads of {head}"), place, report)?;
    }
    for (word, kind) in [
        ("F32", GgmlDType::F32),
        ("F16", GgmlDType::F16),
        ("Q4_0", GgmlDType::Q4_0),
        ("Q4_K", GgmlDType::Q4K),
        ("Q5_K", GgmlDType::Q5K),
        ("Q6_K", GgmlDType::Q6K),
        ("Q8_0", GgmlDType::Q8_0),
    ] {
        let path = folder.path().join(format!("{word}.gguf"));
        models::quantised(&path, SMALL, kind)?;
        // On the CPU quantised matrices are multiplied with numbers rounded to 8 bits, here with the numbers as they
        // are: what they are held against is the same matrices, dense.
        let dense = folder.path().join(format!("{word} dense"));
        models::dequantised(&dense, SMALL, kind)?;
        check(&path, &dense, &format!("GGUF {word}"), place, report)?;
    }
    for name in encoders {
        encoder(&folder.path().join(name), name, place, report)?;
    }
    Ok(())
}

/// A text for these models: ids that each of them has.
fn text(length: u32, seed: u32) -> Vec<u32> {
    (0..length)
        .map(|at| 4 + (at * 7 + seed * 13) % 200)
        .collect()
}

fn load(path: &Path, place: &Place) -> Result<LocalModel, Failure> {
    let mut options = LoadOptions::default();
    options.kv_bytes = Some(64 << 20);
    Ok(LocalModel::load_on(
        &ModelFiles::open(path)?,
        place,
        &options,
    )?)
}

/// The decoder at `path` on the device, held against the one at `exact` on the CPU.
fn check(
    path: &Path,
    exact: &Path,
    name: &str,
    place: &Place,
    report: &mut Report,
) -> Result<(), Failure> {
    let here = load(exact, &Place::from(&ComputeDevice::Cpu))?;
    let there = load(path, place)?;
    let text_of = text(40, 0);
    let (ours, theirs) = (there.logits(&text_of, true)?, here.logits(&text_of, true)?);
    // The library of a build without CUDA computes on the CPU, which rounds; it shows no more than that all runs.
    let rounds = path != exact && place.to_string() == "cpu";
    let limit = if rounds { 0.5 } else { 1e-4 };
    report.at_most(
        &format!("{name}: logits"),
        apart::logits(&ours, &theirs),
        limit,
    );
    // The same text among others of other lengths.
    let texts: Vec<(Vec<u32>, usize)> = [(40, 0), (1, 1), (17, 2), (33, 3), (40, 4)]
        .map(|(n, seed)| (text(n + 1, seed), 1))
        .into();
    let together = there.score_tokens(&texts, &Call::default())?;
    let mut alone = Vec::with_capacity(texts.len());
    for text in &texts {
        there.forget();
        alone.extend(there.score_tokens(std::slice::from_ref(text), &Call::default())?);
    }
    let apart = apart::numbers(&alone.concat(), &together.concat());
    report.at_most(&format!("{name}: alone and in a batch"), apart, 1e-5);
    let (ours, theirs) = (greedy(&there)?, greedy(&here)?);
    let same = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
    let what = format!("{name}: greedy tokens that differ, of 64");
    report.at_most(&what, (64 - same) as f64, if rounds { 64.0 } else { 0.0 });
    Ok(())
}

/// Logits of a long text, as one and as what follows a beginning that was read before.
fn long(path: &Path, name: &str, place: &Place, report: &mut Report) -> Result<(), Failure> {
    let here = load(path, &Place::from(&ComputeDevice::Cpu))?;
    let there = load(path, place)?;
    let text = text(300, 7);
    let theirs = here.logits(&text, true)?;
    let ours = there.logits(&text, true)?;
    report.at_most(
        &format!("{name}: logits"),
        apart::logits(&ours, &theirs),
        1e-4,
    );
    let of = |model: &LocalModel, texts: &[(Vec<u32>, usize)]| -> Result<Vec<f64>, Failure> {
        Ok(model.score_tokens(texts, &Call::default())?.concat())
    };
    there.forget();
    let whole = of(&there, &[(text.clone(), 200)])?;
    there.forget();
    of(&there, &[(text[..190].to_vec(), 180)])?;
    let resumed = of(&there, &[(text, 200)])?;
    let apart = apart::numbers(&whole, &resumed);
    report.at_most(&format!("{name}: at once and resumed"), apart, 1e-5);
    Ok(())
}

fn greedy(model: &LocalModel) -> Result<Vec<u32>, Failure> {
    let request = GenerateRequest {
        prompt: text(20, 5),
        max_tokens: Some(64),
        ignore_end: true,
        ..GenerateRequest::default()
    };
    let mut tokens = Vec::new();
    for event in model.generate(request, Call::default())? {
        if let GenerateEvent::Token { token, .. } = event? {
            tokens.push(token.token);
        }
    }
    Ok(tokens)
}

fn encoder(path: &Path, name: &str, place: &Place, report: &mut Report) -> Result<(), Failure> {
    let files = ModelFiles::open(path)?;
    let here = SentenceEmbedder::load(&files, &ComputeDevice::Cpu)?;
    let there = SentenceEmbedder::load(&files, place)?;
    let texts: Vec<String> = (1..30)
        .map(|n| "the bot says what it is asked to say ".repeat(n % 7 + 1))
        .collect();
    let of = |model: &SentenceEmbedder| model.embed(&texts, &EmbedOptions::default());
    let (ours, theirs) = (of(&there)?, of(&here)?);
    let apart = apart::numbers(ours.values(), theirs.values());
    report.at_most(&format!("{name}: vectors"), apart, 1e-4);
    Ok(())
}
