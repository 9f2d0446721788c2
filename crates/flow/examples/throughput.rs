//! Empty steps through worker processes: `throughput --store URL --steps N --workers N --batch N --slots N --wait MS`
//! -> steps a second, claimed and committed, as one JSON object. Without a store it starts a Redis server of its
//! own with `appendfsync everysec`.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that stops at the first surprise"
)]

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use botsmith_core::store;
use botsmith_flow::{FlowStore, Kind, Kinds, Plan, StepPlan, Worker};
use serde_json::json;

/// Steps of one run, none of which needs another.
const EACH: usize = 20;

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn redis(folder: &std::path::Path) -> (Killed, String) {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let child = Command::new("redis-server")
        .current_dir(folder)
        .args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "yes",
        ])
        .args(["--appendfsync", "everysec"])
        .stdout(Stdio::null())
        .spawn();
    let child = Killed(child.unwrap());
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::sleep(Duration::from_millis(10));
    }
    (child, format!("redis://127.0.0.1:{port}"))
}

fn flows(url: &str) -> Arc<FlowStore> {
    Arc::new(FlowStore::open(store::open(url).unwrap()).unwrap())
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let after = |name: &str| {
        let at = arguments.iter().position(|one| one == name)?;
        arguments.get(at + 1).cloned()
    };
    let number = |name: &str, usual: usize| after(name).map_or(usual, |text| text.parse().unwrap());
    let (steps, workers) = (number("--steps", 10_000), number("--workers", 4));
    let (batch, slots, wait) = (
        number("--batch", 64),
        number("--slots", 64),
        number("--wait", 0),
    );
    if arguments.first().is_some_and(|first| first == "worker") {
        let pause = Duration::from_millis(wait as u64);
        let empty = Kind::new("empty", "Does nothing.").does(move |_| async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            Ok(json!(null))
        });
        let worker = Worker::new(flows(&after("--store").unwrap()), Kinds::new().with(empty));
        worker
            .concurrency(slots)
            .batch(batch)
            .start()
            .unwrap()
            .join();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (_server, url) = if let Some(url) = after("--store") {
        (None, url)
    } else {
        let (server, url) = redis(folder.path());
        (Some(server), url)
    };
    let flows = flows(&url);
    let plans: Vec<StepPlan> = (0..EACH)
        .map(|n| StepPlan {
            key: format!("s{n}"),
            kind: "empty".into(),
            requires: vec!["kind:empty".into()],
            ..StepPlan::default()
        })
        .collect();
    let plan = Plan::new(plans).unwrap();
    let runs = steps.div_ceil(EACH);
    for n in 0..runs {
        flows
            .start(&format!("bench-{n}"), "bench", &plan, &json!({}))
            .unwrap();
    }
    let began = Instant::now();
    let own = std::env::current_exe().unwrap();
    let spawn = |_| {
        let texts = [batch, slots, wait].map(|n| n.to_string());
        let mut command = Command::new(&own);
        command.args([
            "worker", "--store", &url, "--batch", &texts[0], "--slots", &texts[1], "--wait",
            &texts[2],
        ]);
        Killed(command.spawn().unwrap())
    };
    let crew: Vec<Killed> = (0..workers).map(spawn).collect();
    while flows
        .runs()
        .unwrap()
        .iter()
        .any(|run| !run.status.is_final())
    {
        std::thread::sleep(Duration::from_millis(50));
    }
    let seconds = began.elapsed().as_secs_f64();
    drop(crew);
    let all = runs * EACH;
    println!(
        "{}",
        json!({"steps": all, "workers": workers, "batch": batch, "slots": slots, "wait_ms": wait, "seconds": seconds, "steps_per_s": all as f64 / seconds})
    );
}
