//! Every store keeps the same promises: a table of cases and a model, run against each back end;
//! then what only a file can suffer: other processes, kills, full disks, foreign files.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test stops at the first surprise, and says which case it is at or why it is skipped"
)]

mod archive;
mod audit;
mod conformance;
mod model;

#[cfg(feature = "sqlite")]
mod child;
#[cfg(feature = "sqlite")]
mod damage;
#[cfg(feature = "sqlite")]
mod processes;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "redis")]
mod server;

use botsmith_core::store::{Committed, StateStore, Transaction};

/// Commits a transaction that must not conflict.
fn commit(store: &dyn StateStore, partition: &str, transaction: Transaction) -> Committed {
    let outcome = store.transact(partition, transaction).unwrap();
    outcome.committed().unwrap()
}

/// A folder for a store, in memory where there is such: for tests of what is stored, not of how
/// durably.
#[cfg(feature = "sqlite")]
fn quick_folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}
