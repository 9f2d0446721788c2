//! Who changed what, and when: a log that is only ever added to, in which every entry carries the hash of
//! the one before it -> a change of any byte is found, and located.
//!
//! The log stands in one partition of a [`StateStore`], with a record of its head (how many entries, and the
//! hash of the last). Processes that add at the same time take turns by transactions. What changes together
//! with an entry, such as a pointer to the version in force, is kept in the same partition, so that neither
//! is ever there without the other ([`Audit::commit`]).
//!
//! Hashes are SHA-256 (FIPS 180-4). The chain has no key: it shows damage and changes by hand, and whoever
//! wants to know that nobody wrote the whole chain anew keeps the hash of its head elsewhere
//! ([`Audit::verify`] takes it). Nothing here decides what is worth an entry, and no secret belongs into one.

mod chain;

use serde::{Deserialize, Serialize};

use crate::store::{Check, Conflict, Outcome, StateStore, Transaction};
use crate::{Error, Result};

use chain::Chain;
pub use chain::{Damage, Entry, Event};

/// The partition that holds the log, and what changes together with its entries.
pub const PARTITION: &str = "audit";
/// The log's name in it.
pub const LOG: &str = "chain";
/// The record that says how long the log is and what its last hash is.
pub const HEAD: &str = "head";
/// Entries that are read at once.
const PAGE: usize = 256;

/// The end of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// How many entries there are.
    pub entries: u64,
    /// The hash of the last one: 64 hexadecimal digits.
    pub hash: String,
}

/// What came of checking the whole chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Verified {
    /// How many entries were read and found whole, from the first on.
    pub entries: u64,
    /// The hash of the last of these; `None` where there is none.
    pub head: Option<String>,
    /// The first thing that does not hold.
    pub damage: Option<Damage>,
}

/// The audit log of a store.
///
/// ```
/// use botsmith_core::audit::{Audit, Event};
/// let store = botsmith_core::store::open("memory:")?;
/// let audit = Audit::new(&*store);
/// audit.append(&Event::new(1_767_225_600_000, "ada", "promote", "bots/sum.yml"))?;
/// let second = audit.append(&Event::new(1_767_225_700_000, "ada", "rollback", "bots/sum.yml"))?;
/// assert_eq!(second.previous, audit.entries(0, 1)?[0].hash);
/// let verified = audit.verify(None)?;
/// assert_eq!((verified.entries, verified.head), (2, Some(second.hash)));
/// # Ok::<(), botsmith_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Audit<'a> {
    store: &'a dyn StateStore,
}

impl<'a> Audit<'a> {
    /// The log of this store; it is made with its first entry.
    pub fn new(store: &'a dyn StateStore) -> Self {
        Self { store }
    }

    /// Adds an entry, whoever else does so at the same time.
    ///
    /// # Errors
    /// The store's; [`Error::StoreCorrupt`] where log and head do not belong together.
    pub fn append(&self, event: &Event) -> Result<Entry> {
        match self.commit(event, Transaction::new())? {
            Ok(entry) => Ok(entry),
            Err(conflict) => {
                unreachable!("a transaction without checks has no conflict: {conflict}")
            }
        }
    }

    /// Adds an entry together with the checks and writes of `transaction`, which is one for
    /// [`PARTITION`]: all of it happens, or nothing.
    ///
    /// The inner result is the entry, or the first check of `transaction` that did not hold.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    #[allow(
        clippy::needless_pass_by_value,
        reason = "as a store's `transact` takes it"
    )]
    pub fn commit(
        &self,
        event: &Event,
        transaction: Transaction,
    ) -> Result<Result<Entry, Conflict>> {
        let own = transaction.checks.len();
        loop {
            let found = self.store.get(PARTITION, HEAD)?;
            let head = found
                .as_ref()
                .map(|record| self.read_head(&record.value))
                .transpose()?;
            let (n, previous) = match &head {
                Some(head) => (head.entries, head.hash.as_str()),
                None => (0, chain::FIRST),
            };
            let (entry, bytes) = chain::seal(event, n, previous);
            let head = Head {
                entries: n + 1,
                hash: entry.hash.clone(),
            };
            let step = transaction
                .clone()
                .unchanged(HEAD, found.as_ref())
                .log_length(LOG, n)
                .append(LOG, bytes)
                .put(HEAD, serde_json::to_vec(&head).expect("a head serialises"));
            match self.store.transact(PARTITION, step)? {
                Outcome::Committed(_) => return Ok(Ok(entry)),
                Outcome::Conflict(conflict) if conflict.index < own => return Ok(Err(conflict)),
                // Adding to a log that does not fit its head would hide that.
                Outcome::Conflict(conflict)
                    if matches!(conflict.check, Check::LogLength { .. }) =>
                {
                    return Err(self.corrupt(format!(
                        "{conflict}, as its head says; look at it with `botsmith store audit verify`"
                    )));
                }
                // Somebody else added an entry: after that one, then.
                Outcome::Conflict(_) => {}
            }
        }
    }

    /// The end of the chain, as its record says; `None` before the first entry.
    ///
    /// # Errors
    /// The store's; [`Error::StoreCorrupt`] where the record does not read.
    pub fn head(&self) -> Result<Option<Head>> {
        let found = self.store.get(PARTITION, HEAD)?;
        found
            .map(|record| self.read_head(&record.value))
            .transpose()
    }

    /// The entries from number `from` on, at most `limit`. Each is checked by itself, not against the
    /// one before it: see [`verify`](Self::verify).
    ///
    /// # Errors
    /// The store's; [`Error::StoreCorrupt`] at an entry whose hash does not fit it.
    pub fn entries(&self, from: u64, limit: usize) -> Result<Vec<Entry>> {
        let page = self.store.log(PARTITION, LOG, from, limit)?;
        let read = |(at, bytes): (u64, Vec<u8>)| {
            chain::open(&bytes)
                .map_err(|reason| self.corrupt(format!("audit entry {at}: {reason}")))
        };
        (from..).zip(page).map(read).collect()
    }

    /// Computes the whole chain anew, up to the first thing that does not hold. `known` is a hash that was
    /// kept elsewhere, of any entry: a chain without it was written anew, or cut.
    ///
    /// # Errors
    /// The store's. Damage of the chain is no error but [`Verified::damage`].
    pub fn verify(&self, known: Option<&str>) -> Result<Verified> {
        // In this order, entries that are added while this reads are no damage.
        let length = self.store.log_length(PARTITION, LOG)?;
        let record = self.store.get(PARTITION, HEAD)?;
        let head = record.map(|record| chain::read_head(&record.value));
        let mut chain = Chain::new(known, head);
        'all: loop {
            let page = self.store.log(PARTITION, LOG, chain.entries(), PAGE)?;
            if page.is_empty() {
                break;
            }
            for bytes in page {
                if !chain.next(&bytes) {
                    break 'all;
                }
            }
        }
        let mut verified = chain.end(length);
        if verified.damage.is_none() {
            let head = self.head()?.map_or(0, |head| head.entries);
            verified.damage = (head < verified.entries).then(|| Damage {
                entry: Some(head),
                reason: format!("the record of the head says that there are only {head} entries"),
            });
        }
        Ok(verified)
    }

    fn read_head(&self, bytes: &[u8]) -> Result<Head> {
        chain::read_head(bytes).map_err(|reason| self.corrupt(reason))
    }

    fn corrupt(&self, reason: impl Into<String>) -> Error {
        Error::StoreCorrupt {
            url: self.store.url().to_owned(),
            reason: reason.into(),
        }
    }
}
