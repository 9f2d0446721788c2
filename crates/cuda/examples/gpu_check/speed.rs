//! How fast a decoder of Qwen3-0.6B's sizes and an encoder of all-MiniLM-L6-v2's are, and what memory they take.

use std::path::Path;
use std::time::Instant;

use botsmith_core::chat::Call;
use botsmith_core::engine::{
    EmbedOptions, GenerateEvent, GenerateRequest, LoadOptions, LocalModel, ModelFiles, Place,
    SentenceEmbedder,
};
use candle_core::DType;
use candle_core::quantized::GgmlDType;

use crate::models::{self, LARGE, SMALL, Sizes};
use crate::{Failure, Report};

pub(crate) fn run(place: &Place, short: bool, report: &mut Report) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let sizes = if short { SMALL } else { LARGE };
    for (word, kind) in [
        ("Q4_K", Some(GgmlDType::Q4K)),
        ("Q8_0", Some(GgmlDType::Q8_0)),
        ("BF16", None),
    ] {
        let path = folder.path().join(match kind {
            Some(_) => format!("{word}.gguf"),
            None => word.to_owned(),
        });
        let begun = Instant::now();
        match kind {
            Some(kind) => models::quantised(&path, sizes, kind)?,
            None => models::dense(&path, sizes, DType::BF16)?,
        }
        println!(
            "        {word}: written in {:.1} s",
            begun.elapsed().as_secs_f64()
        );
        decoder(&path, word, place, sizes, report)?;
    }
    let path = folder.path().join("encoder");
    models::encoder(&path)?;
    encoder(&path, place, if short { 20 } else { 2000 }, report)
}

fn text(length: usize, seed: usize) -> Vec<u32> {
    (0..length)
        .map(|at| 4 + ((at * 7 + seed * 13) % 250) as u32)
        .collect()
}

fn decoder(
    path: &Path,
    word: &str,
    place: &Place,
    sizes: Sizes,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut name = |what: &str, number: f64, unit: &str| {
        report.measured(&format!("{word}: {what}"), number, unit);
    };
    let before = free(place)?;
    let begun = Instant::now();
    let mut options = LoadOptions::default();
    options.kv_bytes = Some(if sizes.layers > 4 {
        12 << 30
    } else {
        256 << 20
    });
    options.step = 4096;
    let model = LocalModel::load_on(&ModelFiles::open(path)?, place, &options)?;
    name("loading", begun.elapsed().as_secs_f64(), "s");
    if let (Some(before), Some(after)) = (before, free(place)?) {
        let taken = before.saturating_sub(after + model.kv().most_bytes);
        name("memory for weights", taken as f64 / 1e6, "MB");
    }
    // Kernels are compiled for the GPU when they are first used.
    model.logits(&text(512, 0), false)?;
    decode(&model, 2, 4)?;
    let mut times = Vec::new();
    for _ in 0..5 {
        let begun = Instant::now();
        model.logits(&text(512, 1), false)?;
        times.push(begun.elapsed().as_secs_f64());
    }
    name("reading 512 tokens", 512.0 / middle(times), "tokens/s");
    if sizes.layers > 4 {
        let mut times = Vec::new();
        for seed in 2..5 {
            let begun = Instant::now();
            model.logits(&text(16_384, seed), false)?;
            times.push(begun.elapsed().as_secs_f64());
        }
        name(
            "reading 16,384 tokens",
            16_384.0 / middle(times),
            "tokens/s",
        );
    }
    for (count, tokens) in [(1, 128), (16, 128), (64, 128)] {
        model.forget();
        let (made, seconds) = decode(&model, count, tokens)?;
        name(
            &format!("answering, {count} at once"),
            made as f64 / seconds,
            "tokens/s",
        );
    }
    // 200 questions of 60 tokens after a beginning of 400 that they share; two words each.
    let questions = |shared: bool| -> Vec<(Vec<u32>, usize)> {
        (0..200)
            .flat_map(|at| {
                let start = text(400, if shared { 3 } else { 1000 + at });
                [260_u32, 261].map(|word| {
                    let mut tokens = start.clone();
                    tokens.extend(text(60, 5000 + at));
                    tokens.push(word);
                    let first = tokens.len() - 1;
                    (tokens, first)
                })
            })
            .collect()
    };
    for (what, shared) in [
        ("200 yes/no questions, a shared beginning", true),
        ("200 yes/no questions, none shared", false),
    ] {
        let questions = questions(shared);
        model.forget();
        let begun = Instant::now();
        model.score_tokens(&questions, &Call::default())?;
        name(what, begun.elapsed().as_secs_f64(), "s");
    }
    let kv = model.kv();
    name(
        "keys and values of a token",
        kv.most_bytes as f64 / kv.most_tokens as f64 / 1024.0,
        "KiB",
    );
    Ok(())
}

fn free(place: &Place) -> Result<Option<u64>, Failure> {
    Ok(match place {
        Place::There(there) => there.free()?,
        _ => None,
    })
}

/// So many answers of so many tokens at once: tokens made, and seconds.
fn decode(model: &LocalModel, count: usize, tokens: usize) -> Result<(usize, f64), Failure> {
    let begun = Instant::now();
    let all: Vec<_> = (0..count)
        .map(|at| {
            let request = GenerateRequest {
                prompt: text(64, 100 + at),
                max_tokens: Some(tokens),
                ignore_end: true,
                ..GenerateRequest::default()
            };
            model.generate(request, Call::default())
        })
        .collect::<Result<_, _>>()?;
    let mut made = 0;
    for answer in all {
        for event in answer {
            made += usize::from(matches!(event?, GenerateEvent::Token { .. }));
        }
    }
    Ok((made, begun.elapsed().as_secs_f64()))
}

fn encoder(path: &Path, place: &Place, count: usize, report: &mut Report) -> Result<(), Failure> {
    let model = SentenceEmbedder::load(&ModelFiles::open(path)?, place)?;
    // Lengths as in `scripts/bench-engine`: 5 to 200 words, 40 in the middle of the most of them.
    let texts: Vec<String> = (0..count)
        .map(|at| {
            let words = 5 + (at * at * 31 + at * 17) % 36 + if at % 20 == 0 { 120 } else { 0 };
            let word = |word: usize| format!("w{}", (at * 7 + word * 3) % 97);
            (0..words).map(word).collect::<Vec<_>>().join(" ")
        })
        .collect();
    model.embed(&texts[..count / 10], &EmbedOptions::default())?;
    let mut times = Vec::new();
    for _ in 0..5 {
        let begun = Instant::now();
        model.embed(&texts, &EmbedOptions::default())?;
        times.push(begun.elapsed().as_secs_f64());
    }
    report.measured(
        "MiniLM's sizes, 2,000 texts",
        count as f64 / middle(times),
        "texts/s",
    );
    Ok(())
}

fn middle(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
