//! A version that comes into the store: proposed, or found in the file; and the pointer that moves, with its
//! line in the history and its entry in the audit log.
//!
//! Each is one transaction. A version is kept once and never changed.

use std::path::Path;

use botsmith_core::audit::{Audit, Event};
use botsmith_core::digest::Digest;
use botsmith_core::store::{Record, Transaction};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Action, By, Move, Origin, Pointer, Version, Versions};
use crate::Result;
use crate::cartridge::own_version;

impl Versions<'_> {
    /// Keeps `bytes` as a proposed version. One that is there already stays as it is; evidence that is new
    /// is kept after what there was, and is what the version shows.
    ///
    /// # Errors
    /// The store's; a text that is no cartridge.
    pub fn propose(
        &self,
        bytes: &[u8],
        parent: Option<&str>,
        evidence: Value,
        by: &By,
    ) -> Result<Version> {
        loop {
            let hash = Digest::of(bytes).to_string();
            if let Some(mut version) = self.get(&hash)? {
                if !evidence.is_null() && version.evidence != evidence {
                    let log = self.key(&format!("evidence/{hash}"));
                    let step = Transaction::new().append(log, bytes_of(&evidence));
                    let details = json!({"version": hash, "evidence": evidence});
                    let event = self.event("evidence", by, details);
                    // Nothing is checked, so that nothing can be in the way.
                    let _ = Audit::new(self.store).commit(&event, step)?;
                    version.evidence = evidence;
                }
                return Ok(version);
            }
            let (record, mut pointer) = self.found()?;
            let mut version = self.draft(bytes, Origin::Proposed, by)?;
            version.parent = parent.map(str::to_owned);
            version.evidence.clone_from(&evidence);
            let step = self.keep(Transaction::new(), &mut pointer, &mut version, bytes);
            let step = step
                .unchanged(self.key("pointer"), record.as_ref())
                .put(self.key("pointer"), bytes_of(&pointer));
            let event = self.event(
                "propose",
                by,
                json!({"version": version.hash, "parent": version.parent}),
            );
            if Audit::new(self.store).commit(&event, step)?.is_ok() {
                return Ok(version);
            }
        }
    }

    /// Takes `bytes`, which stand in the file, for the version in force; does nothing if it is that already.
    ///
    /// # Errors
    /// The store's; a text that is no cartridge.
    pub fn adopt(&self, bytes: &[u8], by: &By) -> Result<Version> {
        loop {
            let hash = Digest::of(bytes).to_string();
            let (record, mut pointer) = self.found()?;
            let mut step = Transaction::new();
            let version = match self.get(&hash)? {
                Some(version) if pointer.current.as_ref() == Some(&hash) => return Ok(version),
                Some(version) => version,
                None => {
                    let mut version = self.draft(bytes, Origin::Found, by)?;
                    version.parent.clone_from(&pointer.current);
                    step = self.keep(step, &mut pointer, &mut version, bytes);
                    version
                }
            };
            let mut moved = Self::line(Action::Adopt, &pointer, Some(&hash), by);
            if pointer.current.is_some() {
                moved.note = Some("the file was edited".into());
                pointer.previous = pointer.current.take();
            }
            pointer.current = Some(hash);
            if self.moved(step, record.as_ref(), &pointer, &moved, Value::Null)? {
                return Ok(version);
            }
        }
    }

    /// A version that is not kept yet.
    pub(super) fn draft(&self, bytes: &[u8], origin: Origin, by: &By) -> Result<Version> {
        let text = self.text(bytes)?;
        let path = Path::new(self.bot);
        Ok(Version {
            hash: Digest::of(bytes).to_string(),
            n: 0,
            name: own_version(path, text, self.format())?,
            parent: None,
            origin,
            who: by.who.clone(),
            at_ms: by.at_ms,
            evidence: Value::Null,
        })
    }

    /// Adds the writes that keep a version, and counts it.
    pub(super) fn keep(
        &self,
        step: Transaction,
        pointer: &mut Pointer,
        version: &mut Version,
        bytes: &[u8],
    ) -> Transaction {
        pointer.versions += 1;
        version.n = pointer.versions;
        let key = self.key(&format!("version/{}", version.hash));
        step.absent(key.as_str())
            .put(key, bytes_of(version))
            .put(self.key(&format!("bytes/{}", version.hash)), bytes)
    }

    /// Adds the writes that forget a version again, and gives its number back if it is the last.
    pub(super) fn forget(
        &self,
        step: Transaction,
        pointer: &mut Pointer,
        hash: &str,
    ) -> Result<Transaction> {
        let last = self
            .get(hash)?
            .is_some_and(|version| version.n == pointer.versions);
        pointer.versions -= u64::from(last);
        Ok(step
            .delete(self.key(&format!("version/{hash}")))
            .delete(self.key(&format!("bytes/{hash}"))))
    }

    /// A line of the history.
    pub(super) fn line(action: Action, pointer: &Pointer, to: Option<&str>, by: &By) -> Move {
        Move {
            action,
            from: pointer.current.clone(),
            to: to.map(str::to_owned),
            who: by.who.clone(),
            at_ms: by.at_ms,
            note: None,
        }
    }

    /// Moves the pointer with its line in the history and its entry in the audit log; says whether the
    /// pointer was still as `record` found it.
    pub(super) fn moved(
        &self,
        step: Transaction,
        record: Option<&Record>,
        pointer: &Pointer,
        moved: &Move,
        evidence: Value,
    ) -> Result<bool> {
        let step = step
            .unchanged(self.key("pointer"), record)
            .put(self.key("pointer"), bytes_of(pointer))
            .append(self.key("history"), bytes_of(moved));
        let mut details = json!({"from": moved.from, "to": moved.to});
        if let Some(note) = &moved.note {
            details["note"] = note.as_str().into();
        }
        if !evidence.is_null() {
            details["evidence"] = evidence;
        }
        let by = By::new(moved.who.as_str(), moved.at_ms);
        let event = self.event(moved.action.as_str(), &by, details);
        Ok(Audit::new(self.store).commit(&event, step)?.is_ok())
    }

    pub(super) fn event(&self, action: &str, by: &By, details: Value) -> Event {
        Event::new(by.at_ms, by.who.as_str(), action, self.bot).details(details)
    }
}

pub(super) fn bytes_of(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("our types serialise to JSON")
}
