//! What a run costs that waits for somebody, and how much many of them slow a claim.
//!
//! Each run has one step, inputs of 180 bytes of text, and waits for a signal, a month at most: its bytes are what
//! all records of the run, its events included, take of the server's memory or of the file.

use std::time::Instant;

use botsmith_flow::{Claimant, Commit, FlowStore, Output, Wait};
use serde_json::{Value, json};

use crate::crew::store;
use crate::{Options, flows, plan};

/// Claims that are timed.
const CLAIMS: usize = 400;

pub(crate) fn measure(options: &Options) -> Value {
    let (_server, url) = store(options);
    let flows = flows(&url);
    let (runs, more) = (
        options.number("runs", 10_000),
        options.number("more", 90_000),
    );
    let worker = Claimant::new(["kind:empty".to_owned()]);
    // Whatever is made once is there before.
    wait(&flows, &worker, "before", 10);
    let before = used(&url);
    wait(&flows, &worker, "a", runs);
    let bytes = (used(&url) - before) as f64 / runs as f64;
    let few = claims(&flows, &worker, "few");
    wait(&flows, &worker, "b", more);
    let many = claims(&flows, &worker, "many");
    json!({
        "store": url.split(':').next(),
        "waiting": runs + more + 10,
        "bytes_each": bytes,
        "claim_us_few": few,
        "claim_us_many": many,
        "slower": many / few - 1.0,
    })
}

/// Runs that wait for a signal.
fn wait(flows: &FlowStore, worker: &Claimant, prefix: &str, runs: usize) {
    let plan = plan(1, false);
    let inputs = json!({"text": "x".repeat(180)});
    let until_ms = Some(flows.now_ms().unwrap() + 30 * 86_400_000);
    let mut started = 0;
    while started < runs {
        for n in started..runs.min(started + 256) {
            flows
                .start(&format!("{prefix}-{n:06}"), "wait", &plan, &inputs)
                .unwrap();
            started += 1;
        }
        loop {
            let claimed = flows.claim(worker, 256, 600_000).unwrap();
            if claimed.is_empty() {
                break;
            }
            let on = Wait {
                signal: Some("go".into()),
                until_ms,
                ..Wait::default()
            };
            let waits = |one| Commit::new(one, Output::Waits(on.clone()));
            let _ = flows
                .commit(&claimed.iter().map(waits).collect::<Vec<_>>())
                .unwrap();
        }
    }
}

/// The median time of a claim, in microseconds, each of one step of a run of its own.
fn claims(flows: &FlowStore, worker: &Claimant, prefix: &str) -> f64 {
    let plan = plan(1, false);
    let mut times: Vec<f64> = (0..CLAIMS)
        .map(|n| {
            let id = format!("{prefix}-{n:06}");
            flows.start(&id, "claim", &plan, &json!({})).unwrap();
            let began = Instant::now();
            let claimed = flows.claim(worker, 1, 600_000).unwrap();
            let took = began.elapsed().as_secs_f64() * 1e6;
            assert_eq!(claimed.len(), 1);
            let done = Commit::new(&claimed[0], Output::Done(Value::Null));
            let _ = flows.commit(&[done]).unwrap();
            took
        })
        .collect();
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
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
