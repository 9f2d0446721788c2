//! Servers and worker processes that end with the one who started them.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use botsmith_flow::{FlowStore, Kind, Kinds, Worker};
use serde_json::json;

use crate::{Options, flows};

/// A process; killed when dropped.
pub(crate) struct Killed(pub(crate) Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A Redis server in a folder, and its URL.
pub(crate) fn redis(folder: &std::path::Path) -> (Killed, String) {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let child = Command::new("redis-server")
        .current_dir(folder)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "yes"])
        .args(["--appendfsync", "everysec"])
        .stdout(Stdio::null())
        .spawn();
    let child = Killed(child.unwrap());
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::sleep(Duration::from_millis(10));
    }
    (child, format!("redis://127.0.0.1:{port}"))
}

/// The store that is asked for, or a Redis server of its own; kept while the first lives.
pub(crate) fn store(options: &Options) -> (Option<(Killed, tempfile::TempDir)>, String) {
    if let Some(url) = options.text("store") {
        return (None, url.to_owned());
    }
    let folder = tempfile::tempdir().unwrap();
    let (server, url) = redis(folder.path());
    (Some((server, folder)), url)
}

/// The kind of step that is measured: it does nothing, waits, or computes.
pub(crate) fn kinds(options: &Options) -> Kinds {
    let wait = Duration::from_millis(options.number("wait", 0) as u64);
    let turns = options.number("turns", 0) as u64;
    let empty = Kind::new("empty", "Does nothing.");
    Kinds::new().with(match turns {
        0 => empty.does(move |_| async move {
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            Ok(json!(null))
        }),
        turns => empty.does_blocking(move |_| Ok(json!(compute(turns)))),
    })
}

/// Work of a fixed size: it takes longer where cores are shared.
fn compute(turns: u64) -> u64 {
    (0..turns).fold(1, |x: u64, n| {
        std::hint::black_box(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(n))
    })
}

/// How many turns keep an idle core busy for so many milliseconds: the most of several tries.
pub(crate) fn turns(ms: u64) -> u64 {
    const TRIED: u64 = 1 << 22;
    let took = (0..9).map(|_| {
        let began = Instant::now();
        std::hint::black_box(compute(TRIED));
        began.elapsed().as_nanos()
    });
    let least = took.min().unwrap().max(1);
    (u128::from(TRIED) * u128::from(ms) * 1_000_000 / least) as u64
}

/// A worker as it is asked for.
pub(crate) fn worker(options: &Options, flows: Arc<FlowStore>) -> Worker {
    Worker::new(flows, kinds(options))
        .concurrency(options.number("slots", 64))
        .batch(options.number("batch", 64))
}

/// A worker process: goes on until it is killed.
pub(crate) fn work(options: &Options) {
    let url = options.text("store").expect("a worker is told its store");
    worker(options, flows(url)).start().unwrap().join();
}

/// Starts a worker process of this program.
pub(crate) fn spawn(options: &Options, url: &str) -> Killed {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["worker", "--store", url]);
    for name in ["batch", "slots", "wait", "turns"] {
        if let Some(value) = options.text(name) {
            command.args([format!("--{name}"), value.to_owned()]);
        }
    }
    Killed(command.spawn().unwrap())
}

/// Waits until runs have ended, in any order; looks at one of them at a time.
pub(crate) fn ended(flows: &FlowStore, runs: &[String]) {
    for id in runs {
        while !flows.run(id).unwrap().status.is_final() {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
