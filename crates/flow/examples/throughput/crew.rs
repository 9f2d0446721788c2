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
    match options.text("store") {
        Some(url) => (None, url.to_owned()),
        None => {
            let folder = tempfile::tempdir().unwrap();
            let (server, url) = redis(folder.path());
            (Some((server, folder)), url)
        }
    }
}

/// The kind of step that is measured: it does nothing, waits, or keeps a core busy.
pub(crate) fn kinds(options: &Options) -> Kinds {
    let wait = Duration::from_millis(options.number("wait", 0) as u64);
    let spin = Duration::from_millis(options.number("spin", 0) as u64);
    let empty = Kind::new("empty", "Does nothing.");
    Kinds::new().with(match spin.is_zero() {
        true => empty.does(move |_| async move {
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            Ok(json!(null))
        }),
        false => empty.does_blocking(move |_| {
            let began = Instant::now();
            let mut turns = 0_u64;
            while began.elapsed() < spin {
                turns = std::hint::black_box(turns + 1);
            }
            Ok(json!(turns > 0))
        }),
    })
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
    for name in ["batch", "slots", "wait", "spin"] {
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
