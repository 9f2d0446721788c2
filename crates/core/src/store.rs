//! Where state lives: one [`StateStore`] trait, and back ends addressed by URL.
//!
//! | URL | back end |
//! |---|---|
//! | `memory:` | this process only, gone with it |
//! | `sqlite:PATH`, by default `sqlite:.botsmith/state.db` | one file, shared by the processes of one machine (feature `sqlite`) |
//! | `redis://HOST`, `redis+cluster://…`, `redis+sentinel://…` | a Redis server, a cluster, or what sentinels name; `rediss` for TLS; shared by many machines (feature `redis`) |
//!
//! A store holds **partitions** and **blobs**. A partition is named by its user (one per run, one
//! per session, …) and holds records (key to bytes, each with a version), append-only logs and
//! due-time indexes. All that is inside one partition changes by [`Transaction`]: some checks and
//! some writes that happen together or not at all. Nothing spans two partitions, so that a
//! back end may keep them on different servers. Blobs are outside of partitions and addressed by
//! the blake3 hash of their content.
//!
//! Values up to [`MAX_VALUE`] may stand in records and logs. Values over [`INLINE`] that several
//! records share, or that are seldom read, are better kept as blobs with the digest in the record:
//! the caller does that, since only the caller knows when a blob is no longer used.
//!
//! ```
//! use botsmith_core::store::{self, Outcome, Transaction};
//!
//! let store = store::open("memory:")?;
//! let claim = || Transaction::new().absent("owner").put("owner", "me").append("events", "claimed");
//!
//! let outcome = store.transact("run-7", claim())?;
//! assert!(matches!(outcome, Outcome::Committed(_)));
//! assert_eq!(store.log("run-7", "events", 0, 10)?, [b"claimed"]);
//!
//! // The second claim finds the record there and changes nothing.
//! let Outcome::Conflict(conflict) = store.transact("run-7", claim())? else { panic!() };
//! assert!(conflict.to_string().starts_with("record `owner` was wanted absent"));
//! assert_eq!(store.log_length("run-7", "events")?, 1);
//! # Ok::<(), botsmith_core::Error>(())
//! ```

pub mod archive;
mod ask;
mod health;
mod limits;
mod memory;
mod open;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sqlite")]
mod sqlite;
mod survey;
mod transaction;

use std::fmt::Debug;

use crate::Result;
use crate::digest::Digest;

pub use ask::{Answer, Ask};
pub use health::{Finding, Level, health};
pub use limits::{INLINE, MAX_NAME, MAX_TIME_MS, MAX_VALUE};
pub use memory::MemoryStore;
pub use open::{DEFAULT_URL, open, open_existing};
#[cfg(feature = "redis")]
pub use redis::RedisStore;
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteStats, SqliteStore};
pub use survey::{Counts, Survey, survey};
pub use transaction::{Check, Committed, Conflict, Found, Outcome, Transaction, Write};

/// Keeps state: records, logs and due times in partitions, and blobs.
///
/// Calls block until done; a write that returned `Ok` is durable as far as the back end can make
/// it so. A write that returned an error did not happen, except that nobody knows when the
/// connection to the back end, or its disk, failed in the middle: then send the transaction again
/// with checks that tell whether it happened, as a conflict would show.
///
/// Names (partitions, keys, logs, indexes, members) are 1 to [`MAX_NAME`] bytes of UTF-8 without
/// control characters, and sort by their bytes. A list is cut at `limit`; its next page is asked
/// for with `after` = the last name of this one. Each call sees one state of the partition; two
/// calls may see two.
pub trait StateStore: Send + Sync + Debug {
    /// The URL this store was opened with, without secrets.
    fn url(&self) -> &str;

    /// The store's time, in milliseconds since 1970-01-01T00:00Z. Leases and due times are
    /// compared with this, never with a worker's own clock. It may stand still or be set back, as
    /// any clock of a computer.
    ///
    /// # Errors
    /// When the back end cannot be asked.
    fn now_ms(&self) -> Result<u64>;

    /// Makes all writes of `transaction` in one atomic step if all its checks hold, and says so;
    /// else changes nothing and says which check failed first. Checks see the state before any of
    /// the writes; writes are made in their order.
    ///
    /// # Errors
    /// A name or value beyond the limits; the back end full, read-only, busy or out of reach.
    fn transact(&self, partition: &str, transaction: Transaction) -> Result<Outcome>;

    /// Several transactions in one go: each happens or not for itself, as [`transact`](Self::transact) says,
    /// and those of one partition in their order. They share what a write costs, such as a sync of the disk or
    /// the way to a server and back, where the back end can.
    ///
    /// # Errors
    /// As [`transact`](Self::transact); any of the others may have happened then.
    fn transact_all(&self, all: Vec<(String, Transaction)>) -> Result<Vec<Outcome>> {
        let one_by_one = all.into_iter();
        one_by_one
            .map(|(partition, transaction)| self.transact(&partition, transaction))
            .collect()
    }

    /// Several reads in one go, answered in their order: see [`Ask`].
    ///
    /// # Errors
    /// When the back end cannot be read.
    fn ask(&self, asks: &[Ask]) -> Result<Vec<Answer>> {
        let answer = |ask: &Ask| match ask {
            Ask::Records { partition, keys } => {
                let keys: Vec<_> = keys.iter().map(String::as_str).collect();
                self.get_many(partition, &keys).map(Answer::Records)
            }
            Ask::Due {
                partition,
                index,
                until_ms,
                limit,
            } => self
                .due(partition, index, *until_ms, *limit)
                .map(Answer::Due),
        };
        asks.iter().map(answer).collect()
    }

    /// The records at `keys`, in their order, as they stood at one moment.
    ///
    /// # Errors
    /// When the back end cannot be read.
    fn get_many(&self, partition: &str, keys: &[&str]) -> Result<Vec<Option<Record>>>;

    /// The record at `key`.
    ///
    /// # Errors
    /// When the back end cannot be read.
    fn get(&self, partition: &str, key: &str) -> Result<Option<Record>> {
        Ok(self.get_many(partition, &[key])?.pop().flatten())
    }

    /// The keys that start with `prefix` and come after `after`, in order, at most `limit`.
    ///
    /// # Errors
    /// When the back end cannot be read.
    fn keys(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>>;

    /// As [`keys`](Self::keys), with their records.
    ///
    /// # Errors
    /// When the back end cannot be read.
    fn scan(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Record)>>;

    /// The entries of a log from number `from` on, at most `limit`. Entries are numbered from 0
    /// without gaps, so the `i`-th of these has number `from + i`. A log never written is empty.
    ///
    /// # Errors
    /// When the back end cannot be read.
    fn log(&self, partition: &str, log: &str, from: u64, limit: usize) -> Result<Vec<Vec<u8>>>;

    /// How many entries a log has, which is the number its next one gets.
    ///
    /// # Errors
    /// When the back end cannot be read.
    fn log_length(&self, partition: &str, log: &str) -> Result<u64>;

    /// The members of a due-time index whose time is `until_ms` or before, soonest first, those of
    /// one time by name; at most `limit`. They stay in the index until a transaction moves them.
    ///
    /// # Errors
    /// When the back end cannot be read.
    fn due(&self, partition: &str, index: &str, until_ms: u64, limit: usize) -> Result<Vec<Due>>;

    /// The partitions whose names start with `prefix` and come after `after`, in order, at most
    /// `limit`. Every partition that holds something is listed; one that holds nothing any more
    /// may be.
    ///
    /// # Errors
    /// When the back end cannot be read.
    fn partitions(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>>;

    /// The names of a partition's logs and due-time indexes. Every one that holds something is
    /// listed; one that holds nothing any more may be.
    ///
    /// # Errors
    /// When the back end cannot be read.
    fn names(&self, partition: &str) -> Result<Names>;

    /// What is damaged in the back end itself, one line each, as far as it can tell.
    ///
    /// # Errors
    /// When the back end cannot be read.
    fn inspect(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Deletes a partition with its records, logs and indexes; says whether there was one. Blobs
    /// stay. A partition made anew under the name does not give old versions again.
    ///
    /// # Errors
    /// As [`transact`](Self::transact).
    fn delete_partition(&self, partition: &str) -> Result<bool>;

    /// Keeps blobs and gives their digests, in order. A blob that is there already is not kept
    /// twice, but counts as put now (see [`delete_blobs`](Self::delete_blobs)). All are durable
    /// when this returns; put blobs before the transaction that names them.
    ///
    /// # Errors
    /// As [`transact`](Self::transact); blobs before the failing one may have been kept.
    fn put_blobs(&self, blobs: Vec<Vec<u8>>) -> Result<Vec<Digest>>;

    /// Keeps one blob; see [`put_blobs`](Self::put_blobs).
    ///
    /// # Errors
    /// As [`transact`](Self::transact).
    fn put_blob(&self, blob: Vec<u8>) -> Result<Digest> {
        let digest = Digest::of(&blob);
        self.put_blobs(vec![blob])?;
        Ok(digest)
    }

    /// The content of a blob, checked against its digest.
    ///
    /// # Errors
    /// When the back end cannot be read, or what it holds does not have this digest.
    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>>;

    /// The blobs after `after`, by digest, at most `limit`.
    ///
    /// # Errors
    /// When the back end cannot be read.
    fn blobs(&self, after: Option<&Digest>, limit: usize) -> Result<Vec<BlobInfo>>;

    /// Deletes those of `digests` that were last put before `put_before_ms`; says how many there
    /// were. A collector of unused blobs passes a time well before it began to look, so that it
    /// never takes a blob that someone has put but not yet named in a record.
    ///
    /// # Errors
    /// As [`transact`](Self::transact).
    fn delete_blobs(&self, digests: &[Digest], put_before_ms: u64) -> Result<u64>;
}

/// A record's value and version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Changes with every put and is never given twice in a partition: a later put has a higher
    /// one, also when the record, or the whole partition, was deleted between. Nothing else is
    /// promised about it.
    pub version: u64,
    /// The bytes.
    pub value: Vec<u8>,
}

/// What a partition holds beside records, by name, each list in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Its logs.
    pub logs: Vec<String>,
    /// Its due-time indexes.
    pub indexes: Vec<String>,
}

/// A member of a due-time index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// When it is due, in milliseconds since 1970-01-01T00:00Z.
    pub at_ms: u64,
    /// Its name.
    pub member: String,
}

/// What a store knows about a blob without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobInfo {
    /// The blake3 hash of its content.
    pub digest: Digest,
    /// Its size, in bytes.
    pub size: u64,
    /// When it was last put, in milliseconds since 1970-01-01T00:00Z.
    pub put_at_ms: u64,
}

/// This machine's clock, in milliseconds since 1970-01-01T00:00Z; 0 when it stands before that.
fn system_time_ms() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}
