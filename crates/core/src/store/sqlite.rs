//! The store in one file: SQLite in WAL mode, synced at every commit.
//!
//! Several processes may use one file, on one machine: SQLite's locks do not hold over a network
//! file system. Writes go through one thread that commits what has queued up while the disk was
//! busy as one ([`writer`]); reads use their own connections and never wait for it.
//!
//! The method and its numbers: <https://www.sqlite.org/wal.html>,
//! <https://www.sqlite.org/pragma.html#pragma_synchronous>.

mod apply;
mod connect;
mod failure;
mod read;
#[cfg(test)]
mod tests;
mod upgrade;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use self::connect::Access;
use self::writer::{Done, Op, Writer};
use super::limits::Limits;
use super::transaction::{Outcome, Transaction};
use super::{Answer, Ask, BlobInfo, Due, Names, Record, StateStore};
use crate::digest::Digest;
use crate::{Error, Result};

/// How long to wait for another process to finish its write.
const BUSY: Duration = Duration::from_secs(10);

/// How many idle reading connections are kept.
const READERS: usize = 4;

/// Keeps everything in one SQLite file, shared with other processes of this machine.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("state.db");
/// use botsmith_core::store::{SqliteStore, StateStore, Transaction};
///
/// let store = SqliteStore::open(&path)?;
/// let _ = store.transact("notes", Transaction::new().put("a", "first"))?;
/// drop(store);
///
/// let store = SqliteStore::open_existing(&path)?.expect("it was made above");
/// assert_eq!(store.get("notes", "a")?.map(|record| record.value), Some(b"first".to_vec()));
/// # Ok::<(), botsmith_core::Error>(())
/// ```
#[derive(Debug)]
pub struct SqliteStore {
    at: Arc<Location>,
    /// Why nothing can be written, if so.
    read_only: Option<String>,
    /// Started by the first write. Stands before `readers`: it ends first.
    writer: OnceLock<std::io::Result<Writer>>,
    readers: Mutex<Vec<Connection>>,
}

/// What the writer of a [`SqliteStore`] has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqliteStats {
    /// Writes handed to the writer.
    pub submitted: u64,
    /// Writes whose outcome is durable, conflicts among them.
    pub finished: u64,
    /// SQLite commits made for these, each with one sync of the disk.
    pub commits: u64,
}

/// Where a store is, and how to treat it.
#[derive(Debug)]
struct Location {
    url: String,
    /// Absolute: a later change of the working directory does not move the store.
    path: PathBuf,
    busy: Duration,
    /// Lets tests fill a store.
    #[cfg(test)]
    max_pages: Option<u32>,
}

impl Location {
    fn new(path: &Path) -> Result<Self> {
        let url = format!("sqlite:{}", path.display());
        match std::path::absolute(path) {
            Ok(path) => Ok(Self {
                url,
                path,
                busy: BUSY,
                #[cfg(test)]
                max_pages: None,
            }),
            Err(source) => Err(Error::StoreOpen {
                url,
                reason: source.to_string(),
            }),
        }
    }
}

impl SqliteStore {
    /// Opens the store in the file `path`; makes file and folder where they are missing.
    ///
    /// # Errors
    /// As [`open`](super::open).
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_at(Location::new(path.as_ref())?)
    }

    /// Opens the store in the file `path`, if there is one; makes nothing.
    ///
    /// # Errors
    /// As [`open`](super::open).
    pub fn open_existing(path: impl AsRef<Path>) -> Result<Option<Self>> {
        let at = Location::new(path.as_ref())?;
        Ok(connect::existing(&at)?.map(|found| Self::from_parts(at, found)))
    }

    fn open_at(at: Location) -> Result<Self> {
        let found = match connect::existing(&at)? {
            Some(found) => found,
            None => connect::create(&at)?,
        };
        Ok(Self::from_parts(at, found))
    }

    fn from_parts(at: Location, (reader, access): (Connection, Access)) -> Self {
        Self {
            at: Arc::new(at),
            read_only: match access {
                Access::Full => None,
                Access::ReadOnly(reason) => Some(reason),
            },
            writer: OnceLock::new(),
            readers: Mutex::new(vec![reader]),
        }
    }

    /// What the writer has done since this store was opened; other processes are not counted.
    pub fn stats(&self) -> SqliteStats {
        match self.writer.get() {
            Some(Ok(writer)) => writer.stats(),
            _ => SqliteStats::default(),
        }
    }

    fn limits(&self) -> Limits<'_> {
        Limits(&self.at.url)
    }

    fn write(&self, op: Op) -> Result<Done> {
        self.write_all(vec![op])?
            .pop()
            .ok_or_else(|| self.mixed_up())
    }

    /// Writes that are made durable together.
    fn write_all(&self, ops: Vec<Op>) -> Result<Vec<Done>> {
        if let Some(reason) = &self.read_only {
            return Err(Error::StoreReadOnly {
                url: self.at.url.clone(),
                reason: reason.clone(),
            });
        }
        match self.writer.get_or_init(|| Writer::start(&self.at)) {
            Ok(writer) => writer.run(ops),
            Err(error) => Err(Error::Store {
                url: self.at.url.clone(),
                reason: format!("cannot start its writing thread: {error}"),
            }),
        }
    }

    fn read<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let idle = || self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let connection = match kept {
            Some(connection) => connection,
            None => match connect::existing(&self.at)? {
                Some((connection, _)) => connection,
                None => {
                    return Err(Error::Store {
                        url: self.at.url.clone(),
                        reason: "its file is gone".to_owned(),
                    });
                }
            },
        };
        // A connection that failed is not used again.
        let found = query(&connection).map_err(|error| self.at.failure(&error))?;
        let mut idle = idle();
        if idle.len() < READERS {
            idle.push(connection);
        }
        Ok(found)
    }

    /// For an answer of the writer that does not fit what it was asked.
    fn mixed_up(&self) -> Error {
        Error::Store {
            url: self.at.url.clone(),
            reason: "its writer answered another question; this is a bug".to_owned(),
        }
    }
}

impl StateStore for SqliteStore {
    fn url(&self) -> &str {
        &self.at.url
    }

    fn now_ms(&self) -> Result<u64> {
        // Every process that can reach the file has this same clock.
        Ok(super::system_time_ms())
    }

    fn transact(&self, partition: &str, transaction: Transaction) -> Result<Outcome> {
        self.limits().transaction(partition, &transaction)?;
        match self.write(Op::Transact(partition.to_owned(), transaction))? {
            Done::Transacted(outcome) => Ok(outcome),
            _ => Err(self.mixed_up()),
        }
    }

    fn transact_all(&self, all: Vec<(String, Transaction)>) -> Result<Vec<Outcome>> {
        for (partition, transaction) in &all {
            self.limits().transaction(partition, transaction)?;
        }
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let ops = all
            .into_iter()
            .map(|(partition, transaction)| Op::Transact(partition, transaction));
        let done = self.write_all(ops.collect())?.into_iter();
        done.map(|done| match done {
            Done::Transacted(outcome) => Ok(outcome),
            _ => Err(self.mixed_up()),
        })
        .collect()
    }

    fn ask(&self, asks: &[Ask]) -> Result<Vec<Answer>> {
        self.read(|db| asks.iter().map(|ask| read::answer(db, ask)).collect())
    }

    fn get_many(&self, partition: &str, keys: &[&str]) -> Result<Vec<Option<Record>>> {
        self.read(|db| read::get_many(db, partition, keys))
    }

    fn keys(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>> {
        self.read(|db| read::keys(db, partition, prefix, after, limit))
    }

    fn scan(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Record)>> {
        self.read(|db| read::scan(db, partition, prefix, after, limit))
    }

    fn log(&self, partition: &str, log: &str, from: u64, limit: usize) -> Result<Vec<Vec<u8>>> {
        self.read(|db| read::log(db, partition, log, from, limit))
    }

    fn log_length(&self, partition: &str, log: &str) -> Result<u64> {
        self.read(|db| read::log_length(db, partition, log))
    }

    fn due(&self, partition: &str, index: &str, until_ms: u64, limit: usize) -> Result<Vec<Due>> {
        self.read(|db| read::due(db, partition, index, until_ms, limit))
    }

    fn partitions(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>> {
        self.read(|db| read::partitions(db, prefix, after, limit))
    }

    fn names(&self, partition: &str) -> Result<Names> {
        self.read(|db| read::names(db, partition))
    }

    fn inspect(&self) -> Result<Vec<String>> {
        let lines = self.read(read::damage)?;
        Ok(lines.into_iter().filter(|line| line != "ok").collect())
    }

    fn delete_partition(&self, partition: &str) -> Result<bool> {
        match self.write(Op::DeletePartition(partition.to_owned()))? {
            Done::PartitionDeleted(existed) => Ok(existed),
            _ => Err(self.mixed_up()),
        }
    }

    fn put_blobs(&self, blobs: Vec<Vec<u8>>) -> Result<Vec<Digest>> {
        self.limits().blobs(&blobs)?;
        if blobs.is_empty() {
            return Ok(Vec::new());
        }
        // Hashed here, so that callers hash side by side and the writer only writes.
        let digests: Vec<_> = blobs.iter().map(|blob| Digest::of(blob)).collect();
        let named = digests.iter().copied().zip(blobs).collect();
        match self.write(Op::PutBlobs(named))? {
            Done::BlobsPut => Ok(digests),
            _ => Err(self.mixed_up()),
        }
    }

    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        let found = self.read(|db| read::blob(db, digest))?;
        match found {
            Some(content) if Digest::of(&content) != *digest => Err(Error::StoreCorrupt {
                url: self.at.url.clone(),
                reason: format!("the content of blob {digest} has another digest"),
            }),
            found => Ok(found),
        }
    }

    fn blobs(&self, after: Option<&Digest>, limit: usize) -> Result<Vec<BlobInfo>> {
        self.read(|db| read::blobs(db, after, limit))
    }

    fn delete_blobs(&self, digests: &[Digest], put_before_ms: u64) -> Result<u64> {
        if digests.is_empty() {
            return Ok(0);
        }
        match self.write(Op::DeleteBlobs(digests.to_vec(), put_before_ms))? {
            Done::BlobsDeleted(count) => Ok(count),
            _ => Err(self.mixed_up()),
        }
    }
}
