//! How a version comes into force, so that a kill at any point leaves the old one or the new one.
//!
//! 1. The pointer's record says what is begun ([`Begun`]); a version that is made for it is kept with it.
//! 2. The file is replaced by a rename.
//! 3. The pointer moves, with its line in the history and its entry in the audit log.
//!
//! [`Versions::settle`] looks at the file: it holds the new version, and 3 is made up for; or it does not,
//! and 1 is undone. A caller without a file (a service that reads bytes from the store) has no step 2, and
//! 1 and 3 are one transaction.

use std::path::Path;

use botsmith_core::audit::Audit;
use botsmith_core::digest::Digest;
use botsmith_core::store::Transaction;
use serde::Serialize;
use serde_json::{Value, json};

use super::keep::bytes_of;
use super::place::Place;
use super::{Action, Begun, By, Move, Pointer, Version, Versions, short};
use crate::Result;

/// What became of a change that was begun and not finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Settled {
    /// The file had it already: the pointer followed.
    Finished(Move),
    /// The file did not have it yet: nothing of it is left.
    Undone(Move),
}

/// How a version comes into force.
pub(super) struct Change {
    pub(super) action: Action,
    pub(super) pin: bool,
    pub(super) note: Option<String>,
    pub(super) evidence: Value,
}

impl Versions<'_> {
    /// Finishes or undoes what a command that was killed had begun. The other changes do this first.
    ///
    /// # Errors
    /// The file's and the store's.
    pub fn settle(&self, file: &Path, by: &By) -> Result<Option<Settled>> {
        self.settle_at(&Place::lock(file)?, by)
    }

    pub(super) fn settle_at(&self, place: &Place, by: &By) -> Result<Option<Settled>> {
        place.tidy()?;
        loop {
            let (record, mut pointer) = self.found()?;
            let Some(begun) = pointer.begun.take() else {
                return Ok(None);
            };
            let there = place.read()?.map(|bytes| Digest::of(&bytes).to_string());
            let finished = there.as_ref() == Some(&begun.to);
            let mut step = Transaction::new();
            let mut evidence = Value::Null;
            let moved = if finished {
                if let Some(version) = self.get(&begun.to)? {
                    evidence = version.evidence;
                }
                go(&mut pointer, &begun)
            } else {
                let mut moved = Self::line(Action::Undo, &pointer, pointer.current.as_deref(), by);
                moved.note = Some(format!(
                    "{} to {}, begun by {}, had not reached the file",
                    begun.action.as_str(),
                    short(&begun.to),
                    begun.who
                ));
                if begun.made {
                    step = self.forget(step, &mut pointer, &begun.to)?;
                }
                moved
            };
            (self.watch)("settling");
            if self.moved(step, record.as_ref(), &pointer, &moved, evidence)? {
                return Ok(Some(match finished {
                    true => Settled::Finished(moved),
                    false => Settled::Undone(moved),
                }));
            }
        }
    }

    /// The three steps; the pointer has to be at `from` still.
    pub(super) fn go_to(
        &self,
        place: Option<&Place>,
        mut version: Version,
        bytes: &[u8],
        change: &Change,
        from: Option<&str>,
        by: &By,
    ) -> Result<Version> {
        let begun = loop {
            let (record, mut pointer) = self.found()?;
            if pointer.current.as_deref() != from || pointer.begun.is_some() {
                return Err(self.raced());
            }
            let mut step = Transaction::new();
            let made = self.get(&version.hash)?.is_none();
            if made {
                step = self.keep(step, &mut pointer, &mut version, bytes);
            }
            let begun = Begun {
                action: change.action,
                to: version.hash.clone(),
                made,
                pin: change.pin,
                who: by.who.clone(),
                at_ms: by.at_ms,
                note: change.note.clone(),
            };
            if place.is_none() {
                let moved = go(&mut pointer, &begun);
                let evidence = change.evidence.clone();
                if self.moved(step, record.as_ref(), &pointer, &moved, evidence)? {
                    return Ok(version);
                }
                continue;
            }
            pointer.begun = Some(begun.clone());
            let key = self.key("pointer");
            let step = step
                .unchanged(key.as_str(), record.as_ref())
                .put(key, bytes_of(&pointer));
            (self.watch)("begin");
            let event = self.event("begin", by, json!({"action": begun.action, "to": begun.to}));
            if Audit::new(self.store).commit(&event, step)?.is_ok() {
                break begun;
            }
        };
        if let Some(place) = place
            && let Err(error) = place.write(bytes, self.watch)
        {
            // The file is as it was, or as it is to be: settling knows which.
            self.settle_at(place, by)?;
            return Err(error);
        }
        loop {
            let (record, mut pointer) = self.found()?;
            if pointer.begun.as_ref() != Some(&begun) {
                return Err(self.raced());
            }
            pointer.begun = None;
            let moved = go(&mut pointer, &begun);
            (self.watch)("pointer");
            let evidence = change.evidence.clone();
            if self.moved(
                Transaction::new(),
                record.as_ref(),
                &pointer,
                &moved,
                evidence,
            )? {
                (self.watch)("end");
                return Ok(version);
            }
        }
    }

    pub(super) fn raced(&self) -> crate::Error {
        self.refuse("another process changed its versions at the same time: look at `botsmith bot history` and try again")
    }
}

/// Moves the pointer in memory; the line of the history that says so.
fn go(pointer: &mut Pointer, begun: &Begun) -> Move {
    let from = pointer.current.replace(begun.to.clone());
    pointer.previous.clone_from(&from);
    if begun.pin {
        pointer.pinned = Some(begun.to.clone());
    }
    Move {
        action: begun.action,
        from,
        to: Some(begun.to.clone()),
        who: begun.who.clone(),
        at_ms: begun.at_ms,
        note: begun.note.clone(),
    }
}
