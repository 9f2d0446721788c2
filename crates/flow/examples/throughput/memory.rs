//! Resident memory of a worker process, after its first steps and after all of them.

use serde_json::{Value, json};

use crate::crew::{ended, spawn, store};
use crate::{Options, flows, plan, start};

/// Steps of one run.
const EACH: usize = 20;

pub(crate) fn measure(options: &Options) -> Value {
    let (_server, url) = store(options);
    let flows = flows(&url);
    let (steps, first) = (
        options.number("steps", 50_000),
        options.number("first", 10_000),
    );
    let plan = plan(EACH, false);
    let first_runs = start(&flows, first.div_ceil(EACH), &plan);
    let worker = spawn(options, &url);
    ended(&flows, &first_runs);
    let early = resident(worker.0.id());
    let mut done = first_runs.len();
    while done * EACH < steps {
        let more: Vec<String> = (done..(done + 500).min(steps.div_ceil(EACH)))
            .map(|n| {
                let id = format!("more-{n:06}");
                flows.start(&id, "bench", &plan, &json!({})).unwrap();
                id
            })
            .collect();
        done += more.len();
        ended(&flows, &more);
    }
    let late = resident(worker.0.id());
    json!({
        "steps": [first_runs.len() * EACH, done * EACH],
        "resident_bytes": [early, late],
        "grown": late as f64 / early as f64 - 1.0,
    })
}

/// The resident memory of a process, in bytes, as Linux tells it.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() * 1024
}
