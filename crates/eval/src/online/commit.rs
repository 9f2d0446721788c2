//! Changing records that other processes change too: read, decide, write if nothing moved, else
//! again.

use std::thread;
use std::time::Duration;

use botsmith_core::digest::Digest;
use botsmith_core::store::{Outcome, Record, StateStore, Transaction};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::share::seed;
use crate::{Error, Result};

/// How often a change is tried before the store counts as too busy: over half a minute of waiting.
const TRIES: u64 = 2_000;

/// What is to be done after looking at the records.
pub(super) enum Step<T> {
    /// Nothing is written.
    Done(T),
    /// These writes, if the records are still as they were.
    Write(Transaction, T),
}

/// Looks at the records at `keys` and does what `change` says, as often as another process comes
/// between; `who` keeps the waits of different callers apart.
pub(super) fn update<T>(
    store: &dyn StateStore,
    partition: &str,
    keys: &[&str],
    who: &Digest,
    mut change: impl FnMut(&[Option<Record>]) -> Result<Step<T>>,
) -> Result<T> {
    for attempt in 0..TRIES {
        let found = store.get_many(partition, keys)?;
        let (transaction, value) = match change(&found)? {
            Step::Done(value) => return Ok(value),
            Step::Write(transaction, value) => (transaction, value),
        };
        let guarded = keys.iter().zip(&found);
        let transaction = guarded.fold(transaction, |all, (key, record)| {
            all.unchanged(*key, record.as_ref())
        });
        if let Outcome::Committed(_) = store.transact(partition, transaction)? {
            return Ok(value);
        }
        thread::sleep(wait(who, attempt));
    }
    Err(Error::Invalid(format!(
        "`{partition}` in the store is changed by others without a pause: nothing could be written in {TRIES} tries"
    )))
}

/// Up to 200 µs at first, up to 20 ms later, spread by who waits and how often.
fn wait(who: &Digest, attempt: u64) -> Duration {
    let most = 200 * (attempt + 1).min(100);
    let mixed = (seed(who) ^ attempt).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    Duration::from_micros(mixed % most)
}

/// A record's value, which this module has written as JSON.
pub(super) fn read<T: DeserializeOwned>(partition: &str, key: &str, record: &Record) -> Result<T> {
    parse(partition, key, &record.value)
}

/// An entry or value, which this module has written as JSON.
pub(super) fn parse<T: DeserializeOwned>(partition: &str, key: &str, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| {
        Error::Invalid(format!(
            "`{key}` of `{partition}` in the store cannot be read: {error}; a newer version of botsmith may have written it"
        ))
    })
}

/// A value as JSON.
pub(super) fn write(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("numbers and text always make JSON")
}

/// Deletes the records under a prefix, some at a time.
pub(super) fn clear(store: &dyn StateStore, partition: &str, prefix: &str) -> Result<()> {
    loop {
        let keys = store.keys(partition, prefix, None, 500)?;
        if keys.is_empty() {
            return Ok(());
        }
        let deletes = keys
            .into_iter()
            .fold(Transaction::new(), Transaction::delete);
        let _ = store.transact(partition, deletes)?;
    }
}
