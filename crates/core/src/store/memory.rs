//! The store that lives in this process: for tests, and for runs that nobody wants to keep.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::limits::Limits;
use super::transaction::{Check, Committed, Conflict, Found, Outcome, Transaction, Write};
use super::{BlobInfo, Due, Names, Record, StateStore};
use crate::Result;
use crate::digest::Digest;

/// Keeps everything in memory; gone when dropped.
///
/// ```
/// use botsmith_core::store::{MemoryStore, StateStore, Transaction};
///
/// let store = MemoryStore::new();
/// let _ = store.transact("notes", Transaction::new().put("a", "first"))?;
/// assert_eq!(store.get("notes", "a")?.map(|record| record.value), Some(b"first".to_vec()));
/// # Ok::<(), botsmith_core::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The last version given, over all partitions.
    version: u64,
    partitions: BTreeMap<String, Partition>,
    blobs: BTreeMap<Digest, Blob>,
}

#[derive(Debug, Default)]
struct Partition {
    records: BTreeMap<String, Record>,
    logs: BTreeMap<String, Vec<Vec<u8>>>,
    due: BTreeMap<String, Index>,
}

#[derive(Debug, Default)]
struct Index {
    times: BTreeMap<String, u64>,
    order: BTreeSet<(u64, String)>,
}

#[derive(Debug)]
struct Blob {
    content: Vec<u8>,
    put_at_ms: u64,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn limits() -> Limits<'static> {
        Limits("memory:")
    }

    // Nothing panics between two changes that belong together, so a poisoned lock still guards a
    // whole state.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Partition {
    fn found(&self, check: &Check) -> Found {
        match check {
            Check::Absent { key } | Check::Version { key, .. } => self
                .records
                .get(key)
                .map_or(Found::Absent, |record| Found::Version(record.version)),
            Check::Value { key, value } => match self.records.get(key) {
                None => Found::Absent,
                Some(record) if record.value == *value => Found::Same,
                Some(record) => Found::Version(record.version),
            },
            Check::LogLength { log, .. } => {
                Found::LogLength(self.logs.get(log).map_or(0, |log| log.len() as u64))
            }
        }
    }

    fn apply(&mut self, writes: Vec<Write>, version: u64) -> Vec<u64> {
        let mut appended = Vec::new();
        for write in writes {
            match write {
                Write::Put { key, value } => {
                    self.records.insert(key, Record { version, value });
                }
                Write::Delete { key } => {
                    self.records.remove(&key);
                }
                Write::Append { log, entry } => {
                    let log = self.logs.entry(log).or_default();
                    appended.push(log.len() as u64);
                    log.push(entry);
                }
                Write::SetDue {
                    index,
                    member,
                    at_ms,
                } => {
                    let index = self.due.entry(index).or_default();
                    if let Some(before) = index.times.insert(member.clone(), at_ms) {
                        index.order.remove(&(before, member.clone()));
                    }
                    index.order.insert((at_ms, member));
                }
                Write::ClearDue { index, member } => {
                    if let Some(index) = self.due.get_mut(&index)
                        && let Some(before) = index.times.remove(&member)
                    {
                        index.order.remove(&(before, member));
                    }
                }
            }
        }
        appended
    }
}

/// The entries of `map` from the first that a page may hold, as long as they have the prefix.
fn page<'a, V>(
    map: &'a BTreeMap<String, V>,
    prefix: &'a str,
    after: Option<&'a str>,
    limit: usize,
) -> impl Iterator<Item = (&'a String, &'a V)> {
    let start = match after {
        Some(after) if after >= prefix => Bound::Excluded(after),
        _ => Bound::Included(prefix),
    };
    map.range::<str, _>((start, Bound::Unbounded))
        .take_while(move |(name, _)| name.starts_with(prefix))
        .take(limit)
}

impl StateStore for MemoryStore {
    fn url(&self) -> &'static str {
        "memory:"
    }

    fn now_ms(&self) -> Result<u64> {
        Ok(super::system_time_ms())
    }

    fn transact(&self, partition: &str, transaction: Transaction) -> Result<Outcome> {
        Self::limits().transaction(partition, &transaction)?;
        let mut state = self.write();
        let empty = Partition::default();
        let before = state.partitions.get(partition).unwrap_or(&empty);
        for (index, check) in transaction.checks.iter().enumerate() {
            let found = before.found(check);
            if !check.holds(found) {
                return Ok(Outcome::Conflict(Conflict {
                    index,
                    check: check.clone(),
                    found,
                }));
            }
        }
        state.version += 1;
        let version = state.version;
        let appended = if transaction.writes.is_empty() {
            Vec::new()
        } else {
            let partition = state.partitions.entry(partition.to_owned()).or_default();
            partition.apply(transaction.writes, version)
        };
        Ok(Outcome::Committed(Committed { version, appended }))
    }

    fn get_many(&self, partition: &str, keys: &[&str]) -> Result<Vec<Option<Record>>> {
        let state = self.read();
        let partition = state.partitions.get(partition);
        Ok(keys
            .iter()
            .map(|key| partition?.records.get(*key).cloned())
            .collect())
    }

    fn keys(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>> {
        let state = self.read();
        let Some(partition) = state.partitions.get(partition) else {
            return Ok(Vec::new());
        };
        Ok(page(&partition.records, prefix, after, limit)
            .map(|(key, _)| key.clone())
            .collect())
    }

    fn scan(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Record)>> {
        let state = self.read();
        let Some(partition) = state.partitions.get(partition) else {
            return Ok(Vec::new());
        };
        Ok(page(&partition.records, prefix, after, limit)
            .map(|(key, record)| (key.clone(), record.clone()))
            .collect())
    }

    fn log(&self, partition: &str, log: &str, from: u64, limit: usize) -> Result<Vec<Vec<u8>>> {
        let state = self.read();
        let entries = state
            .partitions
            .get(partition)
            .and_then(|p| p.logs.get(log));
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        Ok(entries
            .into_iter()
            .flatten()
            .skip(from)
            .take(limit)
            .cloned()
            .collect())
    }

    fn log_length(&self, partition: &str, log: &str) -> Result<u64> {
        let state = self.read();
        let entries = state
            .partitions
            .get(partition)
            .and_then(|p| p.logs.get(log));
        Ok(entries.map_or(0, |entries| entries.len() as u64))
    }

    fn due(&self, partition: &str, index: &str, until_ms: u64, limit: usize) -> Result<Vec<Due>> {
        let state = self.read();
        let index = state
            .partitions
            .get(partition)
            .and_then(|p| p.due.get(index));
        Ok(index
            .into_iter()
            .flat_map(|index| &index.order)
            .take_while(|(at_ms, _)| *at_ms <= until_ms)
            .take(limit)
            .map(|(at_ms, member)| Due {
                at_ms: *at_ms,
                member: member.clone(),
            })
            .collect())
    }

    fn partitions(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>> {
        let state = self.read();
        Ok(page(&state.partitions, prefix, after, limit)
            .map(|(name, _)| name.clone())
            .collect())
    }

    fn names(&self, partition: &str) -> Result<Names> {
        let state = self.read();
        let partition = state.partitions.get(partition);
        Ok(partition.map_or_else(Names::default, |partition| Names {
            logs: partition.logs.keys().cloned().collect(),
            indexes: partition.due.keys().cloned().collect(),
        }))
    }

    fn delete_partition(&self, partition: &str) -> Result<bool> {
        Ok(self.write().partitions.remove(partition).is_some())
    }

    fn put_blobs(&self, blobs: Vec<Vec<u8>>) -> Result<Vec<Digest>> {
        Self::limits().blobs(&blobs)?;
        let digests: Vec<_> = blobs.iter().map(|blob| Digest::of(blob)).collect();
        let mut state = self.write();
        let put_at_ms = super::system_time_ms();
        for (digest, content) in digests.iter().zip(blobs) {
            state
                .blobs
                .entry(*digest)
                .and_modify(|blob| blob.put_at_ms = blob.put_at_ms.max(put_at_ms))
                .or_insert(Blob { content, put_at_ms });
        }
        Ok(digests)
    }

    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        Ok(self
            .read()
            .blobs
            .get(digest)
            .map(|blob| blob.content.clone()))
    }

    fn blobs(&self, after: Option<&Digest>, limit: usize) -> Result<Vec<BlobInfo>> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        Ok(self
            .read()
            .blobs
            .range::<Digest, _>((start, Bound::Unbounded))
            .take(limit)
            .map(|(digest, blob)| BlobInfo {
                digest: *digest,
                size: blob.content.len() as u64,
                put_at_ms: blob.put_at_ms,
            })
            .collect())
    }

    fn delete_blobs(&self, digests: &[Digest], put_before_ms: u64) -> Result<u64> {
        let mut state = self.write();
        let mut deleted = 0;
        for digest in digests {
            if let Some(blob) = state.blobs.get(digest)
                && blob.put_at_ms < put_before_ms
            {
                state.blobs.remove(digest);
                deleted += 1;
            }
        }
        Ok(deleted)
    }
}
