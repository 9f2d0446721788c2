//! `botsmith model bench`: how fast a model reads, answers, answers many together, and scores; or how fast it turns
//! texts into vectors.
//!
//! Tokens are drawn from the vocabulary by a fixed rule, so every run and every machine measures the
//! same work. The best of some repeats counts, by the clock on the wall, with the CPU time of all threads
//! beside it; loading is measured by itself. No two repeats share a beginning.

use std::path::{Path, PathBuf};
use std::time::Instant;

use botsmith::core::chat::Call;
use botsmith::core::engine::{
    Device, EmbedOptions, GenerateEvent, GenerateRequest, LocalModel, SentenceEmbedder,
};
use botsmith::eval::Result;
use serde_json::{Value, json};

use super::Bench;
use super::input::texts;
use crate::cli::context::Context;
use crate::cli::{Ended, output};

/// Texts that are read at a time.
const PIECE: usize = 4096;

pub(super) fn run(context: &Context, args: &Bench) -> Result<Ended> {
    if let Some(path) = &args.texts {
        return embedding(context, args, path);
    }
    let begun = Instant::now();
    let model = super::load::decoder(context, &args.decoder)?;
    let load = begun.elapsed().as_secs_f64();
    // Each time other tokens: nothing that was read before is of use.
    // Each time other tokens: nothing that was read before is of use.
    let best = |measure: &dyn Fn(u32) -> Result<Cost>| -> Result<Cost> {
        let mut best = measure(0)?;
        for round in 1..args.repeat as u32 {
            best = best.or(measure(round)?);
        }
        Ok(best)
    };
    let long = |seed: u32| [tokens(&model, args.prompt_tokens, seed)];
    let prefill = best(&|round| Ok(answers(&model, &long(1 + round), 1)?.0))?;
    let most = args.answer_tokens + 1;
    let decode = best(&|round| Ok(answers(&model, &long(1_000 + round), most)?.1))?;
    let together = best(&|round| {
        let short: Vec<Vec<u32>> = (0..args.parallel as u32)
            .map(|number| tokens(&model, 16, 2_000 + 1_000 * round + number))
            .collect();
        Ok(answers(&model, &short, most)?.1)
    })?;
    let mut result = json!({
        "model": args.decoder.model,
        "load_seconds": load,
        "prefill": prefill.json(args.prompt_tokens),
        "decode": decode.json(args.answer_tokens),
        "together": together.json(args.parallel * args.answer_tokens),
    });
    result["together"]["answers"] = json!(args.parallel);
    if args.questions > 0 {
        result["questions"] = questions(&model, args.questions)?;
    }
    if args.json {
        output::print_json(&result)?;
    } else {
        let rate = |key: &str| {
            result[key]["tokens_per_second"]
                .as_f64()
                .unwrap_or_default()
        };
        output::print(&format!(
            "load      {load:8.2} s\nprefill   {:8.1} tokens/s\ndecode    {:8.1} tokens/s\ntogether  {:8.1} tokens/s ({} answers)\n",
            rate("prefill"),
            rate("decode"),
            rate("together"),
            args.parallel,
        ))?;
        if let Some(seconds) = result["questions"]["seconds"].as_f64() {
            output::print(&format!("questions {seconds:8.2} s ({})\n", args.questions))?;
        }
    }
    Ok(Ended::Well)
}

/// Texts a second of a model of embeddings, tokenising included; equal texts are computed once.
fn embedding(context: &Context, args: &Bench, path: &Path) -> Result<Ended> {
    let begun = Instant::now();
    let files = super::files(context, &args.decoder.model)?;
    let device = super::engine(
        args.decoder
            .device
            .parse::<Device>()
            .and_then(Device::start),
    )?;
    let model = super::engine(SentenceEmbedder::load(&files, device))?;
    let load = begun.elapsed().as_secs_f64();
    let mut all = Vec::new();
    texts(&[PathBuf::from(path)], PIECE, |piece| {
        all.extend(piece.into_iter().map(|text| text.text));
        Ok(())
    })?;
    let pass = || -> Result<Cost> {
        let begun = Begun::now();
        super::engine(model.embed(&all, &EmbedOptions::default()))?;
        Ok(begun.elapsed())
    };
    let mut best = pass()?;
    for _ in 1..args.repeat {
        best = best.or(pass()?);
    }
    let rate = all.len() as f64 / best.seconds;
    if args.json {
        output::print_json(&json!({
            "model": args.decoder.model,
            "load_seconds": load,
            "embedding": {
                "texts": all.len(),
                "seconds": best.seconds,
                "cpu_seconds": best.cpu_seconds,
                "texts_per_second": rate,
            },
        }))?;
    } else {
        let count = all.len();
        output::print(&format!(
            "load      {load:8.2} s\nembedding {rate:8.1} texts/s ({count} texts)\n"
        ))?;
    }
    Ok(Ended::Well)
}

/// Ordinary tokens, by a fixed rule.
fn tokens(model: &LocalModel, count: usize, seed: u32) -> Vec<u32> {
    let size = model.tokenizer().size() as u32;
    let mut state = seed;
    let next = || {
        // Knuth's linear congruential generator.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % size
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// What it costs until every answer has its first token, and from there to the end.
fn answers(model: &LocalModel, prompts: &[Vec<u32>], most: usize) -> Result<(Cost, Cost)> {
    let begun = Begun::now();
    let mut under_way = Vec::new();
    for prompt in prompts {
        let request = GenerateRequest {
            prompt: prompt.clone(),
            max_tokens: Some(most),
            ignore_end: true,
            ..GenerateRequest::default()
        };
        under_way.push(super::engine(model.generate(request, Call::default()))?);
    }
    for answer in &mut under_way {
        if let Some(event) = answer.next() {
            super::engine(event)?;
        }
    }
    let first = begun.elapsed();
    let begun = Begun::now();
    for answer in under_way {
        for event in answer {
            if let GenerateEvent::Done { .. } = super::engine(event)? {
                break;
            }
        }
    }
    Ok((first, begun.elapsed()))
}

/// Questions with a shared beginning of 400 tokens and 60 of their own, of each the likelihood of two
/// answers of one token.
fn questions(model: &LocalModel, count: usize) -> Result<Value> {
    let prefix = tokens(model, 400, 99);
    let mut texts = Vec::new();
    for number in 0..count {
        let own = tokens(model, 60, 1000 + number as u32);
        for answer in [5, 7] {
            let text: Vec<u32> = prefix.iter().chain(&own).copied().chain([answer]).collect();
            texts.push((text, 460));
        }
    }
    model.forget();
    let begun = Begun::now();
    super::engine(model.score_tokens(&texts, &Call::default()))?;
    let together = begun.elapsed();
    // The naive way: each question read from its beginning.
    let few = count.min(3);
    let begun = Begun::now();
    for pair in texts.chunks(2).take(few) {
        model.forget();
        super::engine(model.score_tokens(pair, &Call::default()))?;
    }
    let naive = begun.elapsed().seconds / few as f64 * count as f64;
    Ok(json!({
        "count": count,
        "seconds": together.seconds,
        "cpu_seconds": together.cpu_seconds,
        "naive_seconds": naive,
        "times": naive / together.seconds,
    }))
}

/// When a measurement began.
struct Begun {
    wall: Instant,
    cpu: Option<f64>,
}

impl Begun {
    fn now() -> Self {
        Self {
            wall: Instant::now(),
            cpu: cpu_seconds(),
        }
    }

    fn elapsed(&self) -> Cost {
        Cost {
            seconds: self.wall.elapsed().as_secs_f64(),
            cpu_seconds: cpu_seconds().zip(self.cpu).map(|(now, then)| now - then),
        }
    }
}

/// What some work costs.
#[derive(Clone, Copy)]
struct Cost {
    seconds: f64,
    /// Of all threads; not known everywhere.
    cpu_seconds: Option<f64>,
}

impl Cost {
    /// The one that was over sooner.
    fn or(self, other: Self) -> Self {
        if other.seconds < self.seconds {
            other
        } else {
            self
        }
    }

    fn json(self, tokens: usize) -> Value {
        json!({
            "tokens": tokens,
            "tokens_per_second": tokens as f64 / self.seconds,
            "cpu_seconds": self.cpu_seconds,
        })
    }
}

/// CPU time of all threads of this process.
#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "elsewhere there is none")]
fn cpu_seconds() -> Option<f64> {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Some(time.tv_sec as f64 + time.tv_nsec as f64 / 1e9)
}

#[cfg(not(unix))]
fn cpu_seconds() -> Option<f64> {
    None
}
