//! What a store holds: counted, and read through in search of damage.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{BlobInfo, StateStore};
use crate::{Error, Result};

/// Counts of what a store holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Survey {
    /// By kind of partition: what stands before the first `/` of its name.
    pub kinds: BTreeMap<String, Counts>,
    /// How many blobs there are.
    pub blobs: u64,
    /// Their size, in bytes.
    pub blob_bytes: u64,
    /// What is damaged, one line each.
    pub damage: Vec<String>,
}

/// Counts over some partitions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// Partitions.
    pub partitions: u64,
    /// Records.
    pub records: u64,
    /// Log entries.
    pub entries: u64,
    /// Members of due-time indexes.
    pub due: u64,
    /// The values of records and entries, in bytes.
    pub bytes: u64,
}

/// Reads all that a store holds and counts it; reads the content of blobs too when `blobs` is set.
/// What cannot be read is listed as damage, and the survey goes on.
///
/// ```
/// use botsmith_core::store::{MemoryStore, StateStore, Transaction, survey};
///
/// let store = MemoryStore::new();
/// let _ = store.transact("run/7", Transaction::new().put("a", "four").append("log", "five!"))?;
/// let found = survey(&store, true)?;
/// assert_eq!((found.kinds["run"].partitions, found.kinds["run"].bytes), (1, 9));
/// assert!(found.damage.is_empty());
/// # Ok::<(), botsmith_core::Error>(())
/// ```
///
/// # Errors
/// When the back end cannot be read at all.
pub fn survey(store: &dyn StateStore, blobs: bool) -> Result<Survey> {
    let mut survey = Survey::default();
    let mut after = None;
    loop {
        let page = store.partitions("", after.as_deref(), 256)?;
        for partition in &page {
            let kind = partition.split('/').next().unwrap_or_default();
            let counts = survey.kinds.entry(kind.to_owned()).or_default();
            match count(store, partition, counts) {
                Err(error) if is_damage(&error) => {
                    survey
                        .damage
                        .push(format!("partition `{partition}`: {error}"));
                }
                counted => counted?,
            }
        }
        after = page.into_iter().next_back();
        if after.is_none() {
            break;
        }
    }
    let mut after = None;
    loop {
        let page = store.blobs(after.as_ref(), 256)?;
        for blob in &page {
            survey.blobs += 1;
            survey.blob_bytes += blob.size;
            if blobs {
                survey.damage.extend(damaged(store, blob)?);
            }
        }
        after = page.last().map(|blob| blob.digest);
        if after.is_none() {
            return Ok(survey);
        }
    }
}

fn is_damage(error: &Error) -> bool {
    matches!(error, Error::StoreCorrupt { .. })
}

fn count(store: &dyn StateStore, partition: &str, counts: &mut Counts) -> Result<()> {
    counts.partitions += 1;
    let mut after = None;
    loop {
        let page = store.scan(partition, "", after.as_deref(), 64)?;
        counts.records += page.len() as u64;
        counts.bytes += page
            .iter()
            .map(|(_, record)| record.value.len() as u64)
            .sum::<u64>();
        after = page.into_iter().next_back().map(|(key, _)| key);
        if after.is_none() {
            break;
        }
    }
    let names = store.names(partition)?;
    for log in &names.logs {
        let length = store.log_length(partition, log)?;
        let mut from = 0;
        while from < length {
            let page = store.log(partition, log, from, 64)?;
            if page.is_empty() {
                return Err(Error::StoreCorrupt {
                    url: store.url().to_owned(),
                    reason: format!("log `{log}` has {length} entries, and only {from} are there"),
                });
            }
            from += page.len() as u64;
            counts.bytes += page.iter().map(|entry| entry.len() as u64).sum::<u64>();
        }
        counts.entries += from;
    }
    for index in &names.indexes {
        let due = store.due(partition, index, u64::MAX, usize::MAX)?;
        counts.due += due.len() as u64;
    }
    Ok(())
}

fn damaged(store: &dyn StateStore, blob: &BlobInfo) -> Result<Option<String>> {
    match store.blob(&blob.digest) {
        // One that was deleted since it was listed is no damage.
        Ok(None) => Ok(None),
        Ok(Some(content)) if content.len() as u64 == blob.size => Ok(None),
        Ok(Some(content)) => Ok(Some(format!(
            "blob {} has {} bytes, {} were put",
            blob.digest,
            content.len(),
            blob.size
        ))),
        Err(error) if is_damage(&error) => Ok(Some(error.to_string())),
        Err(error) => Err(error),
    }
}
