//! What fits into a store: the same limits for every back end, so that state can move between them.

use super::transaction::{Check, Transaction, Write};
use crate::{Error, Result};

/// The longest name (partition, key, log, index, member), in bytes.
pub const MAX_NAME: usize = 512;

/// The largest value of a record, log entry or blob, in bytes (64 MiB).
pub const MAX_VALUE: usize = 64 << 20;

/// Values over this many bytes (64 KiB) are better kept as blobs.
pub const INLINE: usize = 64 << 10;

/// The latest due time, in milliseconds since 1970-01-01T00:00Z: the last whole number that a
/// double holds exactly (2^53 - 1), since some back ends compute in doubles.
pub const MAX_TIME_MS: u64 = (1 << 53) - 1;

/// Checks names and values against the limits, for one store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits<'a>(pub(super) &'a str);

impl Limits<'_> {
    fn refuse(self, reason: String) -> Error {
        Error::StoreLimit {
            url: self.0.to_owned(),
            reason,
        }
    }

    /// A name: not empty, not too long, no control characters.
    pub(super) fn name(self, what: &str, name: &str) -> Result<()> {
        if name.is_empty() {
            return Err(self.refuse(format!("the {what}'s name is empty")));
        }
        if name.len() > MAX_NAME {
            let start: String = name.chars().take(40).collect();
            return Err(self.refuse(format!(
                "the {what}'s name `{start}…` has {} bytes, at most {MAX_NAME} fit",
                name.len()
            )));
        }
        if let Some(found) = name.chars().find(|c| c.is_control()) {
            return Err(self.refuse(format!(
                "the {what}'s name {name:?} holds the control character {found:?}, which no name may"
            )));
        }
        Ok(())
    }

    /// A value: not too large.
    pub(super) fn value(self, what: &str, name: &str, value: &[u8]) -> Result<()> {
        if value.len() > MAX_VALUE {
            return Err(self.refuse(format!(
                "{what} `{name}` has {} bytes, at most {MAX_VALUE} fit",
                value.len()
            )));
        }
        Ok(())
    }

    /// Every name, value and time of a transaction.
    pub(super) fn transaction(self, partition: &str, transaction: &Transaction) -> Result<()> {
        self.name("partition", partition)?;
        for check in &transaction.checks {
            match check {
                Check::Absent { key } | Check::Version { key, .. } => self.name("record", key)?,
                Check::Value { key, value } => {
                    self.name("record", key)?;
                    self.value("the wanted value of record", key, value)?;
                }
                Check::LogLength { log, .. } => self.name("log", log)?,
            }
        }
        for write in &transaction.writes {
            match write {
                Write::Put { key, value } => {
                    self.name("record", key)?;
                    self.value("the value of record", key, value)?;
                }
                Write::Delete { key } => self.name("record", key)?,
                Write::Append { log, entry } => {
                    self.name("log", log)?;
                    self.value("an entry of log", log, entry)?;
                }
                Write::SetDue {
                    index,
                    member,
                    at_ms,
                } => {
                    self.name("index", index)?;
                    self.name("member", member)?;
                    if *at_ms > MAX_TIME_MS {
                        return Err(self.refuse(format!(
                            "`{member}` of index `{index}` is due at {at_ms} ms, the latest time is {MAX_TIME_MS} ms"
                        )));
                    }
                }
                Write::ClearDue { index, member } => {
                    self.name("index", index)?;
                    self.name("member", member)?;
                }
            }
        }
        Ok(())
    }

    /// Every blob of a call.
    pub(super) fn blobs(self, blobs: &[Vec<u8>]) -> Result<()> {
        for (i, blob) in blobs.iter().enumerate() {
            self.value("blob number", &(i + 1).to_string(), blob)?;
        }
        Ok(())
    }
}
