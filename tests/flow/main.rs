//! `botsmith flow` through the real binary: commands and their words (`commands.rs`), people in the middle
//! (`people.rs`), workers that are stopped and killed (`workers.rs`), the clock (`clock.rs`), moving a store
//! (`moved.rs`), secrets (`secrets.rs`). On SQLite, and on a Redis server of the test's own where it matters.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests may, and a skipped one says so"
)]

#[path = "../common/mod.rs"]
mod common;

mod clock;
mod commands;
mod moved;
mod people;
mod secrets;
#[path = "../../crates/core/tests/store/server.rs"]
#[allow(dead_code, reason = "its clusters and sentinels are for others")]
mod server;
mod templates;
mod workers;

use std::time::{Duration, Instant};

use common::Folder;
use serde_json::Value;

/// Three steps in a row, done by programs.
const CHAIN: &str = "version: 1
name: chain
inputs: {type: object, properties: {word: {type: string}}, required: [word]}
steps:
  one: {uses: command, with: {run: [echo, '{{ inputs.word }}']}}
  two: {uses: command, with: {run: [tr, a-z, A-Z], stdin: '{{ steps.one.output.stdout }}'}}
  three: {uses: command, needs: [two], with: {run: ['true']}}
";

/// A step, then somebody's word, then another step.
const ASKS: &str = "version: 1
name: release
steps:
  draft: {uses: command, with: {run: [echo, ready]}}
  check: {uses: approval, needs: [draft], with: {who: [lead], message: 'Send it?', deadline: 2d, default: reject}}
  send: {uses: command, needs: [check], when: steps.check.output.approved, with: {run: [echo, sent]}}
";

/// Waits until something holds.
#[track_caller]
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The step of this name in what `flow show --json` printed.
#[track_caller]
fn step<'a>(shown: &'a Value, key: &str) -> &'a Value {
    let steps = shown["steps"].as_array().expect("steps");
    let found = steps.iter().find(|step| step["key"] == key);
    found.unwrap_or_else(|| panic!("no step {key}: {shown}"))
}

fn folder(files: &[(&str, &str)]) -> Folder {
    let folder = Folder::new();
    for (name, text) in files {
        folder.write(name, text);
    }
    folder
}

/// Runs `release.yaml`, which is [`ASKS`], as run `r` up to where it waits for somebody's word.
#[track_caller]
fn begin(folder: &Folder) {
    let args = [
        "flow",
        "run",
        "release.yaml",
        "--allow-command",
        "--id",
        "r",
    ];
    folder.run(&args).ends(3);
}

/// A worker that does what can be done and leaves.
#[track_caller]
fn work(folder: &Folder, store: &str) {
    let args = [
        "flow",
        "worker",
        "--until-idle",
        "--allow-command",
        "--store",
        store,
    ];
    folder.run(&args).ends(0);
}

/// `flow show RUN --json`.
fn show(folder: &Folder, run: &str, store: &str) -> Value {
    folder
        .run(&["flow", "show", run, "--json", "--store", store])
        .ends(0)
        .json()
}

const SQLITE: &str = "sqlite:.botsmith/state.db";
