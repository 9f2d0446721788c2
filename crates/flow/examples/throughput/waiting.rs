//! What a run costs that waits for somebody, and how much many of them slow a claim.
//!
//! Each run has one step, inputs of 180 bytes of text, and waits for a signal, a month at most: its bytes are what
//! all records of the run, its events included, take of the server's memory or of the file. Claims are timed in turns
//! on two stores that are alike, but for how many runs wait in them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use botsmith_flow::{Claimant, Commit, FlowStore, Output, Wait};
use serde_json::{Value, json};

use crate::crew::store;
use crate::{Options, flows, plan};

/// Claims that are timed on each store.
const CLAIMS: usize = 400;
/// How many start runs at once, so that they share what a write costs.
const STARTERS: usize = 16;

pub(crate) fn measure(options: &Options) -> Value {
    let (_server, url) = store(options);
    let (few, runs) = (options.number("few", 100), options.number("runs", 100_000));
    let beside = match url.strip_suffix(".db") {
        Some(path) => format!("{path}-few.db"),
        None => format!("{url}?namespace=few"),
    };
    let (small, large) = (flows(&beside), flows(&url));
    let worker = Claimant::new(["kind:empty".to_owned()]);
    wait(&small, &worker, "few", few);
    // Whatever is made once is there before.
    wait(&large, &worker, "before", few);
    let before = used(&url);
    wait(&large, &worker, "many", runs - few);
    let bytes = (used(&url) - before) as f64 / (runs - few) as f64;
    let mut times = [Vec::new(), Vec::new()];
    for n in 0..CLAIMS {
        // Which one is first changes too.
        for at in [n % 2, (n + 1) % 2] {
            times[at].push(claim([&small, &large][at], &worker, n));
        }
    }
    let [few_us, many_us] = times.map(|mut times| {
        times.sort_unstable_by(f64::total_cmp);
        times[times.len() / 2]
    });
    json!({
        "store": url.split(':').next(),
        "waiting": [few, runs],
        "bytes_each": bytes,
        "claim_us": [few_us, many_us],
        "slower": many_us / few_us - 1.0,
    })
}

/// Runs that wait for a signal.
fn wait(flows: &FlowStore, worker: &Claimant, prefix: &str, runs: usize) {
    let plan = plan(1, false);
    let inputs = json!({"text": "x".repeat(180)});
    let on = Wait {
        signal: Some("go".into()),
        until_ms: Some(flows.now_ms().unwrap() + 30 * 86_400_000),
        ..Wait::default()
    };
    for first in (0..runs).step_by(1024) {
        let next = AtomicUsize::new(first);
        let end = runs.min(first + 1024);
        std::thread::scope(|scope| {
            for _ in 0..STARTERS {
                scope.spawn(|| {
                    loop {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        if n >= end {
                            break;
                        }
                        let id = format!("{prefix}-{n:06}");
                        flows.start(&id, "wait", &plan, &inputs).unwrap();
                    }
                });
            }
        });
        loop {
            let claimed = flows.claim(worker, 256, 600_000).unwrap();
            if claimed.is_empty() {
                break;
            }
            let waits = |one| Commit::new(one, Output::Waits(on.clone()));
            let _ = flows
                .commit(&claimed.iter().map(waits).collect::<Vec<_>>())
                .unwrap();
        }
    }
}

/// The time of a claim of one step, in microseconds.
fn claim(flows: &FlowStore, worker: &Claimant, n: usize) -> f64 {
    let id = format!("claim-{n:06}");
    flows
        .start(&id, "claim", &plan(1, false), &json!({}))
        .unwrap();
    let began = Instant::now();
    let claimed = flows.claim(worker, 1, 600_000).unwrap();
    let took = began.elapsed().as_secs_f64() * 1e6;
    assert_eq!(claimed.len(), 1);
    let done = Commit::new(&claimed[0], Output::Done(Value::Null));
    let _ = flows.commit(&[done]).unwrap();
    took
}

/// Bytes that a store takes: of the server's memory, or of its file.
fn used(url: &str) -> u64 {
    if let Some(path) = url.strip_prefix("sqlite:") {
        let file = rusqlite::Connection::open(path).unwrap();
        let fact = |name: &str| -> u64 {
            file.pragma_query_value(None, name, |row| row.get::<_, i64>(0))
                .unwrap()
                .unsigned_abs()
        };
        return fact("page_count") * fact("page_size");
    }
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_connection().unwrap();
    let text: String = redis::cmd("INFO")
        .arg("memory")
        .query(&mut connection)
        .unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    line.unwrap().trim().parse().unwrap()
}
