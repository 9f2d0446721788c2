//! Steps a second through worker processes, claimed and committed.
//!
//! All runs stand in the store before the first worker starts. The pace is that of the middle nine tenths of the
//! commits by the store's clock: neither the start of processes nor the last few steps count.

use serde_json::{Value, json};

use crate::crew::{ended, spawn, store, turns};
use crate::{Options, flows, plan, start};

/// Steps of one run, none of which needs another.
const EACH: usize = 20;

pub(crate) fn measure(options: &Options) -> Value {
    let (_server, url) = store(options);
    let flows = flows(&url);
    let (steps, workers) = (
        options.number("steps", 10_000),
        options.number("workers", 4),
    );
    let runs = start(&flows, steps.div_ceil(EACH), &plan(EACH, false));
    let busy_ms = options.number("busy", 0) as u64;
    let options = &match busy_ms {
        0 => options.clone(),
        ms => options.with("turns", turns(ms)),
    };
    let crew: Vec<_> = (0..workers).map(|_| spawn(options, &url)).collect();
    ended(&flows, &runs);
    drop(crew);
    let mut times = Vec::new();
    for id in &runs {
        let steps = flows.steps(id).unwrap();
        times.extend(steps.into_iter().filter_map(|step| step.ended_ms));
    }
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let seconds = (at(0.95) - at(0.05)).max(1) as f64 / 1000.0;
    json!({
        "steps": times.len(),
        "workers": workers,
        "batch": options.number("batch", 64),
        "slots": options.number("slots", 64),
        "wait_ms": options.number("wait", 0),
        "busy_ms": busy_ms,
        "seconds": seconds / 0.9,
        "steps_per_s": times.len() as f64 * 0.9 / seconds,
    })
}
