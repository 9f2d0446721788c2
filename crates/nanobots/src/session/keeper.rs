//! Keeps a session in a store.
//!
//! A partition holds one session: the log `history` with an entry for each event, and the record `head`
//! that says how many of them count. A round is written in one transaction that checks the head, so
//! that two processes can never mix their turns: the second is told. Nothing is ever rewritten, so that
//! a turn costs the same after a thousand others. Events of a turn that failed half way stay in the log
//! and are named in the head as void.

use std::sync::Arc;

use botsmith_core::store::{Outcome, Record, StateStore, Transaction};
use serde::{Deserialize, Serialize};

use super::{Event, Vault};
use crate::{Error, Result};

const LOG: &str = "history";
const HEAD: &str = "head";

/// Entries that are read at once.
const PAGE: usize = 1000;

/// What the record `head` says.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Head {
    version: u32,
    /// Entries of the log, void ones included.
    entries: u64,
    /// Whether events are sealed.
    sealed: bool,
    /// Entries that do not count: from, and up to but not including.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    void: Vec<(u64, u64)>,
}

/// A session's place in a store.
#[derive(Clone, Debug)]
pub(super) struct Keeper {
    store: Arc<dyn StateStore>,
    partition: String,
    vault: Option<Vault>,
    /// The head's version in the store; `None`: there is none yet.
    seen: Option<u64>,
    head: Head,
}

impl Keeper {
    /// The session at `partition`, with its history so far.
    pub(super) fn open(
        store: Arc<dyn StateStore>,
        partition: String,
        vault: Option<Vault>,
    ) -> Result<(Self, Vec<Event>)> {
        let found = store.get(&partition, HEAD)?;
        let mut keeper = Self {
            head: Head {
                version: 1,
                sealed: vault.is_some(),
                ..Head::default()
            },
            store,
            partition,
            vault,
            seen: None,
        };
        let Some(record) = found else {
            return Ok((keeper, Vec::new()));
        };
        let head: Head = serde_json::from_slice(&record.value)
            .map_err(|error| keeper.broken(format!("its head cannot be read: {error}")))?;
        if head.version != 1 {
            return Err(keeper.broken(format!(
                "it has version {}, this build knows version 1: use a newer botsmith",
                head.version
            )));
        }
        keeper.seen = Some(record.version);
        keeper.head = head;
        let history = keeper.read()?;
        Ok((keeper, history))
    }

    /// Where it is, to be shown to people.
    pub(super) fn place(&self) -> String {
        format!("{}#{}", self.store.url(), self.partition)
    }

    /// Whether anything is there.
    pub(super) fn exists(&self) -> bool {
        self.seen.is_some()
    }

    fn broken(&self, reason: impl Into<String>) -> Error {
        Error::State {
            session: self.partition.clone(),
            reason: reason.into(),
        }
    }

    fn spot(&self, entry: u64) -> String {
        format!("{}#{entry}", self.partition)
    }

    fn read(&self) -> Result<Vec<Event>> {
        let mut history = Vec::new();
        let mut at = 0;
        while at < self.head.entries {
            let wanted = usize::try_from(self.head.entries - at)
                .unwrap_or(PAGE)
                .min(PAGE);
            let page = self.store.log(&self.partition, LOG, at, wanted)?;
            if page.is_empty() {
                return Err(self.broken(format!(
                    "its head counts {} events, its log ends after {at}",
                    self.head.entries
                )));
            }
            for bytes in page {
                let void = self
                    .head
                    .void
                    .iter()
                    .any(|(from, to)| (*from..*to).contains(&at));
                if !void {
                    history.push(self.event(at, bytes)?);
                }
                at += 1;
            }
        }
        Ok(history)
    }

    fn event(&self, entry: u64, bytes: Vec<u8>) -> Result<Event> {
        let wrong = |reason: String| self.broken(format!("event {entry} cannot be read: {reason}"));
        let bytes = match &self.vault {
            Some(vault) => vault.unseal(&self.spot(entry), &bytes).map_err(wrong)?,
            None => bytes,
        };
        serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))
    }

    fn commit(&mut self, head: Head, mut transaction: Transaction) -> Result<()> {
        let seen = self.seen.map(|version| Record {
            version,
            value: Vec::new(),
        });
        let bytes = serde_json::to_vec(&head).expect("numbers are JSON");
        transaction = transaction
            .unchanged(HEAD, seen.as_ref())
            .log_length(LOG, self.head.entries)
            .put(HEAD, bytes);
        match self.store.transact(&self.partition, transaction)? {
            Outcome::Committed(committed) => {
                self.seen = Some(committed.version);
                self.head = head;
                Ok(())
            }
            Outcome::Conflict(_) => Err(self.broken(
                "another process wrote to it since it was read; open it again and repeat the turn",
            )),
        }
    }

    /// Adds events, all or none.
    pub(super) fn append(&mut self, events: &[Event]) -> Result<()> {
        let mut transaction = Transaction::new();
        let mut head = self.head.clone();
        for event in events {
            let bytes = serde_json::to_vec(event).expect("text and JSON are JSON");
            let bytes = match &self.vault {
                Some(vault) => vault.seal(&self.spot(head.entries), &bytes),
                None => bytes,
            };
            transaction = transaction.append(LOG, bytes);
            head.entries += 1;
        }
        self.commit(head, transaction)
    }

    /// How many entries there are: a mark to return to.
    pub(super) fn mark(&self) -> u64 {
        self.head.entries
    }

    /// Voids all entries since `mark`.
    pub(super) fn void(&mut self, mark: u64) -> Result<()> {
        if mark >= self.head.entries {
            return Ok(());
        }
        let mut head = self.head.clone();
        match head.void.last_mut() {
            Some((_, end)) if *end == mark => *end = head.entries,
            _ => head.void.push((mark, head.entries)),
        }
        self.commit(head, Transaction::new())
    }

    /// Deletes the session from its store.
    pub(super) fn delete(&mut self) -> Result<()> {
        self.store.delete_partition(&self.partition)?;
        self.seen = None;
        self.head = Head {
            version: 1,
            sealed: self.vault.is_some(),
            ..Head::default()
        };
        Ok(())
    }
}
