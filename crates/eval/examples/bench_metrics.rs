//! Times the text metrics on pairs from files, for `scripts/bench-metrics`.
//!
//! `bench_metrics [METRIC…] PAIRS.json…` reads lists of `[candidate, reference]` and prints one JSON
//! object a file and metric (all unless some are named): CPU seconds on one thread, and wall seconds
//! of batches on one and on two. Reading the file and starting up are outside.

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]
#![allow(unreachable_pub, reason = "its module is shared with a benchmark")]

#[path = "../benches/metrics/table.rs"]
mod table;

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use botsmith_eval::metrics::batch;
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;
use table::{Line, TABLE};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let is_file = |arg: &String| Path::new(arg).extension().is_some_and(|e| e == "json");
    let (paths, only) = std::env::args().skip(1).partition::<Vec<_>, _>(is_file);
    for path in paths {
        let pairs: Vec<(String, String)> = serde_json::from_slice(&std::fs::read(&path)?)?;
        let wanted = |line: &&Line| only.is_empty() || only.iter().any(|name| name == line.name);
        for line in TABLE.iter().filter(wanted) {
            let mut score = (line.start)();
            let pairs = &pairs[..enough(&pairs, &mut score)];
            let mut pass = || {
                for (candidate, reference) in pairs {
                    black_box(score(candidate, reference));
                }
            };
            // One pass grows the memory; then as many as make a tenth of a second, the best of five.
            let passes = passes(&mut pass);
            let mut best = f64::INFINITY;
            for _ in 0..5 {
                let before = cpu();
                (0..passes).for_each(|_| pass());
                best = best.min((cpu() - before) / f64::from(passes));
            }
            // Batches take turns on one thread and on two, so that what else the machine does
            // touches both alike. A batch is long enough that starting threads does not show.
            let many: Vec<_> = (0..passes).flat_map(|_| pairs).collect();
            let mut walls = [f64::INFINITY; 2];
            for _ in 0..15 {
                for (threads, wall) in (1..).zip(&mut walls) {
                    let before = Instant::now();
                    black_box(batch(&many, threads, line.start, |score, (a, b)| {
                        score(a, b)
                    }));
                    *wall = wall.min(before.elapsed().as_secs_f64() / f64::from(passes));
                }
            }
            let name = Path::new(&path).file_stem().and_then(|stem| stem.to_str());
            println!(
                "{}",
                json!({
                    "metric": line.name, "texts": name, "pairs": pairs.len(), "cpu_s": best,
                    "wall_1_s": walls[0], "wall_2_s": walls[1],
                })
            );
        }
    }
    Ok(())
}

/// How many of the pairs a pass takes: all, or as many as a second has time for where the metric is slow.
fn enough(pairs: &[(String, String)], score: &mut impl FnMut(&str, &str) -> f64) -> usize {
    let before = cpu();
    let mut used = 0;
    for (candidate, reference) in pairs {
        black_box(score(candidate, reference));
        used += 1;
        if cpu() - before > 1.0 {
            break;
        }
    }
    used
}

fn passes(pass: &mut impl FnMut()) -> u32 {
    pass();
    let before = cpu();
    pass();
    let once = cpu() - before;
    (0.1 / once.max(1e-6)).ceil().clamp(1.0, 10_000.0) as u32
}

/// CPU seconds of this thread.
fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
