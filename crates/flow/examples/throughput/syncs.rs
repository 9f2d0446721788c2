//! Runs at once on SQLite, for whoever counts the syncs of the disk: one process, one worker, runs of steps each of
//! which needs the one before, so that there is never more than one step of a run to commit.

use std::sync::Arc;

use botsmith_core::store::SqliteStore;
use botsmith_flow::{FlowStore, Tally};
use serde_json::{Value, json};

use crate::crew::{ended, worker};
use crate::{Options, plan, start};

pub(crate) fn measure(options: &Options) -> Value {
    let folder = tempfile::tempdir_in(".").unwrap();
    let store = Arc::new(SqliteStore::open(folder.path().join("state.db")).unwrap());
    let flows = Arc::new(FlowStore::open(store.clone()).unwrap());
    let (runs, steps) = (options.number("runs", 16), options.number("steps", 50));
    let ids = start(&flows, runs, &plan(steps, true));
    // What the start cost is told apart: whoever counts sees the marks.
    let began = mark(folder.path(), "began");
    let before = store.stats().commits;
    let running = worker(options, flows.clone()).start().unwrap();
    ended(&flows, &ids);
    running.drain(std::time::Duration::from_secs(10));
    let Tally {
        claimed, stored, ..
    } = running.join();
    let ended = mark(folder.path(), "ended");
    let commits = store.stats().commits - before;
    json!({
        "runs": runs,
        "claimed": claimed,
        "stored": stored,
        "commits_of_sqlite": commits,
        "seconds": ended.duration_since(began).unwrap().as_secs_f64(),
    })
}

/// A file that is made at this moment, for a trace of the system's calls.
fn mark(folder: &std::path::Path, name: &str) -> std::time::SystemTime {
    std::fs::write(folder.join(name), "").unwrap();
    std::time::SystemTime::now()
}
