//! A unit of work: records that were read, what is to be written, and one transaction that makes it
//! all happen if nothing of what was read has changed.

use std::collections::BTreeMap;

use botsmith_core::store::{Outcome, Record, StateStore, Transaction};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, Result};

pub(crate) struct Unit<'a> {
    store: &'a dyn StateStore,
    partition: &'a str,
    seen: BTreeMap<String, Seen>,
    /// Writes of due times, in their order.
    due: Vec<Due>,
    /// How often each thing happens in it.
    events: BTreeMap<String, u64>,
}

#[allow(
    clippy::option_option,
    reason = "not read and not there are two things"
)]
#[derive(Default)]
struct Seen {
    /// What was there when it was first read; `None` where it was not read.
    before: Option<Option<Record>>,
    /// What it is to be; `None` where it stays.
    after: Option<Option<Vec<u8>>>,
}

enum Due {
    Set(String, String, u64),
    Clear(String, String),
}

impl<'a> Unit<'a> {
    pub(crate) fn new(store: &'a dyn StateStore, partition: &'a str) -> Self {
        Self {
            store,
            partition,
            seen: BTreeMap::new(),
            due: Vec::new(),
            events: BTreeMap::new(),
        }
    }

    /// Reads records that will be asked for, at one moment.
    pub(crate) fn load(&mut self, keys: &[String]) -> Result<()> {
        let new: Vec<_> = keys
            .iter()
            .filter(|key| !self.known(key))
            .cloned()
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = new.iter().map(String::as_str).collect();
        let found = self.store.get_many(self.partition, &names)?;
        for (key, record) in new.into_iter().zip(found) {
            self.seen.entry(key).or_default().before = Some(record);
        }
        Ok(())
    }

    fn known(&self, key: &str) -> bool {
        self.seen
            .get(key)
            .is_some_and(|seen| seen.before.is_some() || seen.after.is_some())
    }

    /// A record as it is, or as it is to be.
    pub(crate) fn get<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>> {
        if !self.known(key) {
            let found = self.store.get(self.partition, key)?;
            self.seen.entry(key.to_owned()).or_default().before = Some(found);
        }
        let seen = &self.seen[key];
        let bytes = match (&seen.after, &seen.before) {
            (Some(after), _) => after.as_deref(),
            (None, before) => before
                .as_ref()
                .and_then(Option::as_ref)
                .map(|r| r.value.as_slice()),
        };
        bytes
            .map(|bytes| read(self.partition, key, bytes))
            .transpose()
    }

    /// All records under a prefix, as they are or are to be.
    pub(crate) fn scan<T: DeserializeOwned>(&mut self, prefix: &str) -> Result<Vec<T>> {
        for (key, record) in self.store.scan(self.partition, prefix, None, usize::MAX)? {
            let seen = self.seen.entry(key).or_default();
            seen.before.get_or_insert(Some(record));
        }
        let keys: Vec<_> = self
            .seen
            .keys()
            .filter(|key| key.starts_with(prefix))
            .cloned()
            .collect();
        let mut all = Vec::with_capacity(keys.len());
        for key in keys {
            all.extend(self.get(&key)?);
        }
        Ok(all)
    }

    pub(crate) fn put<T: Serialize>(&mut self, key: &str, value: &T) {
        let bytes = serde_json::to_vec(value).expect("states serialise to JSON");
        self.seen.entry(key.to_owned()).or_default().after = Some(Some(bytes));
    }

    pub(crate) fn delete(&mut self, key: &str) {
        self.seen.entry(key.to_owned()).or_default().after = Some(None);
    }

    /// Deletes every record under a prefix.
    pub(crate) fn delete_all(&mut self, prefix: &str) -> Result<()> {
        for key in self.store.keys(self.partition, prefix, None, usize::MAX)? {
            self.delete(&key);
        }
        Ok(())
    }

    pub(crate) fn set_due(&mut self, index: &str, member: &str, at_ms: u64) {
        self.due
            .push(Due::Set(index.to_owned(), member.to_owned(), at_ms));
    }

    pub(crate) fn clear_due(&mut self, index: &str, member: &str) {
        self.due
            .push(Due::Clear(index.to_owned(), member.to_owned()));
    }

    /// Counts something that happens if all does.
    pub(crate) fn count(&mut self, what: &str) {
        *self.events.entry(what.to_owned()).or_default() += 1;
    }

    /// What was counted so far.
    pub(crate) fn events(&mut self) -> BTreeMap<String, u64> {
        std::mem::take(&mut self.events)
    }

    /// Makes it happen; `false` when something that was read has changed since.
    pub(crate) fn finish(self) -> Result<bool> {
        let mut transaction = Transaction::new();
        let mut writes = false;
        for (key, seen) in self.seen {
            if let Some(before) = &seen.before {
                transaction = transaction.unchanged(&key, before.as_ref());
            }
            match seen.after {
                Some(Some(bytes)) => transaction = transaction.put(key, bytes),
                Some(None) => transaction = transaction.delete(key),
                None => continue,
            }
            writes = true;
        }
        for due in self.due {
            writes = true;
            transaction = match due {
                Due::Set(index, member, at_ms) => transaction.set_due(index, member, at_ms),
                Due::Clear(index, member) => transaction.clear_due(index, member),
            };
        }
        if !writes {
            return Ok(true);
        }
        match self.store.transact(self.partition, transaction)? {
            Outcome::Committed(_) => Ok(true),
            Outcome::Conflict(_) => Ok(false),
        }
    }
}

pub(crate) fn read<T: DeserializeOwned>(partition: &str, key: &str, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| Error::Corrupt {
        partition: partition.to_owned(),
        key: key.to_owned(),
        reason: error.to_string(),
    })
}
