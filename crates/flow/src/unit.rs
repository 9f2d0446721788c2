//! A unit of work: records that were read, what is to be written, and one transaction that makes it
//! all happen if nothing of what was read has changed.

use std::any::Any;
use std::collections::BTreeMap;

use botsmith_core::store::{Outcome, Record, StateStore, Transaction, Write};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, Result};

/// What is known of a partition before units of it begin that go together, each building on those before it.
pub(crate) struct Known {
    /// Records that were read.
    found: BTreeMap<String, Option<Record>>,
    /// What the units so far will have written; `None` where the record will be gone.
    written: BTreeMap<String, Option<Vec<u8>>>,
    /// The same as values, so that they need not be read.
    values: BTreeMap<String, Box<dyn Stored>>,
}

impl Known {
    pub(crate) fn new(found: impl IntoIterator<Item = (String, Option<Record>)>) -> Self {
        Self {
            found: found.into_iter().collect(),
            written: BTreeMap::new(),
            values: BTreeMap::new(),
        }
    }

    /// Takes in what a transaction is to write, and what of it is known as a value.
    pub(crate) fn add(&mut self, transaction: &Transaction, values: Values) {
        for write in &transaction.writes {
            let (key, value) = match write {
                Write::Put { key, value } => (key, Some(value.clone())),
                Write::Delete { key } => (key, None),
                _ => continue,
            };
            self.values.remove(key);
            self.written.insert(key.clone(), value);
        }
        self.values.extend(values);
    }
}

pub(crate) struct Unit<'a> {
    store: &'a dyn StateStore,
    partition: &'a str,
    known: Option<&'a Known>,
    seen: BTreeMap<String, Seen>,
    /// What index and member are to be: due at a time, or out.
    due: BTreeMap<(String, String), Option<u64>>,
    /// Steps that became ready in it, by rank.
    ready: Vec<(u64, String)>,
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
    /// Whether it is not there yet, but will be: its version is unknown, its value is what hangs on.
    foreseen: bool,
    /// The same as a value, once it was asked for.
    value: Option<Box<dyn Any>>,
    /// What it is to be; `None` where it stays.
    after: Option<Option<After>>,
    /// Whether something hangs on what it was.
    used: bool,
}

/// What a record is to be: written out once, however often it changes before.
enum After {
    Bytes(Vec<u8>),
    Value(Box<dyn Stored>),
}

impl After {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes.clone(),
            Self::Value(value) => value.bytes(),
        }
    }

    fn value<T: Clone + 'static>(&self) -> Option<T> {
        match self {
            Self::Bytes(_) => None,
            Self::Value(value) => value.any().downcast_ref().cloned(),
        }
    }
}

/// Values that were written, by key.
pub(crate) type Values = Vec<(String, Box<dyn Stored>)>;

/// A value that can be written out.
pub(crate) trait Stored {
    fn bytes(&self) -> Vec<u8>;
    fn any(&self) -> &dyn Any;
}

impl<T: Serialize + 'static> Stored for T {
    fn bytes(&self) -> Vec<u8> {
        written(self)
    }

    fn any(&self) -> &dyn Any {
        self
    }
}

fn written<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("states serialise to JSON")
}

impl<'a> Unit<'a> {
    pub(crate) fn new(store: &'a dyn StateStore, partition: &'a str) -> Self {
        Self {
            store,
            partition,
            known: None,
            seen: BTreeMap::new(),
            due: BTreeMap::new(),
            ready: Vec::new(),
            events: BTreeMap::new(),
        }
    }

    /// One that builds on what is known.
    pub(crate) fn after(store: &'a dyn StateStore, partition: &'a str, known: &'a Known) -> Self {
        Self {
            known: Some(known),
            ..Self::new(store, partition)
        }
    }

    /// Takes a record as it is known, once.
    fn recall(&mut self, key: &str) {
        let Some(known) = self.known.filter(|_| !self.known(key)) else {
            return;
        };
        let written = known.written.get(key);
        let before = match written {
            Some(value) => value.clone().map(|value| Record { version: 0, value }),
            None => match known.found.get(key) {
                Some(found) => found.clone(),
                None => return,
            },
        };
        let seen = self.seen.entry(key.to_owned()).or_default();
        (seen.before, seen.foreseen) = (Some(before), written.is_some());
    }

    /// Reads records that will be asked for and are not known, at one moment.
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
    pub(crate) fn get<T: DeserializeOwned + Clone + 'static>(
        &mut self,
        key: &str,
    ) -> Result<Option<T>> {
        self.recall(key);
        if !self.known(key) {
            let found = self.store.get(self.partition, key)?;
            self.seen.entry(key.to_owned()).or_default().before = Some(found);
        }
        let seen = self.seen.get_mut(key).expect("it was read just now");
        seen.used = true;
        match &seen.after {
            Some(None) => return Ok(None),
            Some(Some(after)) => {
                return match after.value() {
                    Some(value) => Ok(Some(value)),
                    None => read(self.partition, key, &after.bytes()).map(Some),
                };
            }
            None => {}
        }
        if let Some(value) = seen
            .value
            .as_ref()
            .and_then(|value| value.downcast_ref::<T>())
        {
            return Ok(Some(value.clone()));
        }
        let Some(record) = seen.before.as_ref().and_then(Option::as_ref) else {
            return Ok(None);
        };
        let value = self.known.filter(|_| seen.foreseen);
        let value = value.and_then(|known| known.values.get(key));
        if let Some(value) = value.and_then(|value| value.any().downcast_ref::<T>()) {
            return Ok(Some(value.clone()));
        }
        let value: T = read(self.partition, key, &record.value)?;
        seen.value = Some(Box::new(value.clone()));
        Ok(Some(value))
    }

    /// All records under a prefix, as they are or are to be.
    pub(crate) fn scan<T: DeserializeOwned + Clone + 'static>(
        &mut self,
        prefix: &str,
    ) -> Result<Vec<T>> {
        if let Some(known) = self.known {
            let written = known.written.keys();
            let under = written.filter(|key| key.starts_with(prefix));
            under.for_each(|key| self.recall(key));
        }
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

    pub(crate) fn put<T: Serialize + Clone + 'static>(&mut self, key: &str, value: &T) {
        self.put_own(key, value.clone());
    }

    /// As [`put`](Self::put), of a value that is not needed any more.
    pub(crate) fn put_own<T: Serialize + 'static>(&mut self, key: &str, value: T) {
        let after = After::Value(Box::new(value));
        self.seen.entry(key.to_owned()).or_default().after = Some(Some(after));
    }

    /// As [`put`](Self::put), for what is not asked for again and may be large; gives how many bytes it has.
    pub(crate) fn put_once<T: Serialize>(&mut self, key: &str, value: &T) -> usize {
        let bytes = written(value);
        let count = bytes.len();
        self.seen.entry(key.to_owned()).or_default().after = Some(Some(After::Bytes(bytes)));
        count
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
        let name = (index.to_owned(), member.to_owned());
        self.due.insert(name, Some(at_ms));
    }

    pub(crate) fn clear_due(&mut self, index: &str, member: &str) {
        let name = (index.to_owned(), member.to_owned());
        self.due.insert(name, None);
    }

    /// Notes that a step became ready.
    pub(crate) fn note_ready(&mut self, rank: u64, member: String) {
        self.ready.push((rank, member));
    }

    /// The steps that became ready in it so far, the first to be claimed first.
    pub(crate) fn ready(&mut self) -> Vec<String> {
        let mut ready = std::mem::take(&mut self.ready);
        ready.sort_unstable();
        ready.into_iter().map(|(_, member)| member).collect()
    }

    /// Counts something that happens if all does.
    pub(crate) fn count(&mut self, what: &str) {
        *self.events.entry(what.to_owned()).or_default() += 1;
    }

    /// What was counted so far.
    pub(crate) fn events(&mut self) -> BTreeMap<String, u64> {
        std::mem::take(&mut self.events)
    }

    /// What makes it happen if nothing has changed that it hangs on; `None` where nothing is to be written.
    pub(crate) fn into_transaction(self) -> Option<Transaction> {
        self.into_writes().0
    }

    /// As [`into_transaction`](Self::into_transaction), with the values that it puts.
    pub(crate) fn into_writes(self) -> (Option<Transaction>, Values) {
        let mut transaction = Transaction::new();
        let mut values = Values::new();
        for (key, seen) in self.seen {
            if let Some(before) = seen.before.as_ref().filter(|_| seen.used) {
                transaction = match before {
                    Some(record) if seen.foreseen => {
                        transaction.at_value(&key, record.value.clone())
                    }
                    before => transaction.unchanged(&key, before.as_ref()),
                };
            }
            match seen.after {
                Some(Some(After::Bytes(bytes))) => transaction = transaction.put(key, bytes),
                Some(Some(After::Value(value))) => {
                    transaction = transaction.put(key.clone(), value.bytes());
                    values.push((key, value));
                }
                Some(None) => transaction = transaction.delete(key),
                None => {}
            }
        }
        for ((index, member), at_ms) in self.due {
            transaction = match at_ms {
                Some(at_ms) => transaction.set_due(index, member, at_ms),
                None => transaction.clear_due(index, member),
            };
        }
        let transaction = (!transaction.writes.is_empty()).then_some(transaction);
        (transaction, values)
    }

    /// Makes it happen; `false` when something that was read has changed since.
    pub(crate) fn finish(self) -> Result<bool> {
        let (store, partition) = (self.store, self.partition);
        let Some(transaction) = self.into_transaction() else {
            return Ok(true);
        };
        match store.transact(partition, transaction)? {
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
