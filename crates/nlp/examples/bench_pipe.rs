//! Times the English pipeline on many texts with two threads, for `scripts/bench-python`.
//!
//! `bench_pipe TEXTS.json SECONDS` reads a list of texts, annotates them over and over for so many seconds, and prints one
//! JSON object: the words of the texts, and the least CPU and wall seconds of a pass. Reading and loading are outside.

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use botsmith_nlp::Pipeline;
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(path), Some(seconds)) = (args.next(), args.next()) else {
        return Err("bench_pipe TEXTS.json SECONDS".into());
    };
    let texts: Vec<String> = serde_json::from_slice(&std::fs::read(path)?)?;
    let seconds = Duration::from_secs_f64(seconds.parse()?);
    let pipeline = Pipeline::english()?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
    // One pass grows the memory, and counts.
    let docs = pool.install(|| pipeline.annotate_all(&texts))?;
    let words: usize = docs.iter().map(|doc| doc.words().len()).sum();
    drop(docs);
    let (mut cpu_s, mut wall_s) = (f64::INFINITY, f64::INFINITY);
    let start = Instant::now();
    while start.elapsed() < seconds {
        let (cpu_before, wall_before) = (cpu(), Instant::now());
        black_box(pool.install(|| pipeline.annotate_all(&texts)))?;
        wall_s = wall_s.min(wall_before.elapsed().as_secs_f64());
        cpu_s = cpu_s.min(cpu() - cpu_before);
    }
    println!(
        "{}",
        json!({"words": words, "cpu_s": cpu_s, "wall_s": wall_s})
    );
    Ok(())
}

/// CPU seconds of all threads of this process.
fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
