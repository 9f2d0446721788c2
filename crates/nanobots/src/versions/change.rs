//! Promotion, rollback and pinning: a version -> the bot.
//!
//! What may not be done is refused here with its reason: no gate passed the variant against the version in
//! force, the bot is pinned. How it is done is in [`steps`](super::steps).

use std::path::Path;

use botsmith_core::store::Transaction;
use serde::Serialize;
use serde_json::{Value, json};

use super::place::Place;
use super::steps::{Change, Settled};
use super::{Action, By, Origin, Pointer, Version, Versions, short};
use crate::Result;
use crate::cartridge::bump_version;

/// What a promotion rests on.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Promotion {
    /// Why the version may become the bot though no gate passed it against the version in force.
    pub without_gate: Option<String>,
    /// What else the evidence is to hold: who approved, under which rule.
    pub approval: Value,
}

impl Promotion {
    /// A promotion that needs no gate, and the reason why.
    #[must_use]
    pub fn without_gate(mut self, reason: impl Into<String>) -> Self {
        self.without_gate = Some(reason.into());
        self
    }

    /// Adds how it was approved.
    #[must_use]
    pub fn approval(mut self, approval: Value) -> Self {
        self.approval = approval;
        self
    }
}

/// A change that was made.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Moved {
    /// The version in force now.
    pub version: Version,
    /// The one before it.
    pub from: Option<String>,
    /// What an earlier command had begun, and what became of it now.
    pub settled: Option<Settled>,
}

impl Versions<'_> {
    /// Makes a proposed version the bot: its text with `meta.version` counted up becomes a version of its
    /// own, the file, and the version in force. Who calls this approves it.
    ///
    /// # Errors
    /// [`Error::Versions`](crate::Error::Versions) if no gate passed it against the version in force or was
    /// advisory about it (unless [`Promotion::without_gate`] says why not), the bot is pinned, or it is in force already; the
    /// file's and the store's.
    pub fn promote(
        &self,
        hash: &str,
        file: Option<&Path>,
        promotion: &Promotion,
        by: &By,
    ) -> Result<Moved> {
        let place = file.map(Place::lock).transpose()?;
        let settled = self.ready(place.as_ref(), by)?;
        let Some(variant) = self.get(hash)? else {
            return Err(self.refuse(format!("no version {}", short(hash))));
        };
        let pointer = self.pointer()?;
        let current = pointer.current.clone();
        self.unpinned(&pointer)?;
        if current.as_ref() == Some(&variant.hash) {
            return Err(self.refuse(format!("{} is in force already", variant.short())));
        }
        if promotion.without_gate.is_none() {
            self.passed(&variant, current.as_deref())?;
        }
        let mut evidence = match &variant.evidence {
            Value::Object(_) => variant.evidence.clone(),
            Value::Null => json!({}),
            other => json!({"evidence": other}),
        };
        evidence["variant"] = variant.hash.as_str().into();
        if !promotion.approval.is_null() {
            evidence["approval"].clone_from(&promotion.approval);
        }
        let change = Change {
            action: Action::Promote,
            pin: false,
            note: promotion
                .without_gate
                .as_ref()
                .map(|reason| format!("without a gate: {reason}")),
            evidence,
        };
        let (version, bytes) = self.bumped(&variant, current.as_deref(), &change, by)?;
        let version = self.go_to(
            place.as_ref(),
            version,
            &bytes,
            &change,
            current.as_deref(),
            by,
        )?;
        Ok(Moved {
            version,
            from: current,
            settled,
        })
    }

    /// Brings an earlier version back, to the byte: `to`, or the one that was in force before.
    ///
    /// # Errors
    /// [`Error::Versions`](crate::Error::Versions) if there is none before, the bot is pinned, or it is in
    /// force already; the file's and the store's.
    pub fn rollback(&self, to: Option<&str>, file: Option<&Path>, by: &By) -> Result<Moved> {
        let place = file.map(Place::lock).transpose()?;
        let settled = self.ready(place.as_ref(), by)?;
        let pointer = self.pointer()?;
        self.unpinned(&pointer)?;
        let Some(to) = to.map(str::to_owned).or_else(|| pointer.previous.clone()) else {
            return Err(self.refuse("there is no version before the one in force"));
        };
        let change = Change {
            action: Action::Rollback,
            pin: false,
            note: None,
            evidence: Value::Null,
        };
        self.back(&to, place.as_ref(), pointer, &change, settled, by)
    }

    /// Holds a version in force (`to`, or the one that is): until [`unpin`](Self::unpin) nothing is
    /// promoted or rolled back.
    ///
    /// # Errors
    /// The file's and the store's; [`Error::Versions`](crate::Error::Versions) if there is no such version.
    pub fn pin(&self, to: Option<&str>, file: Option<&Path>, by: &By) -> Result<Moved> {
        let place = file.map(Place::lock).transpose()?;
        let settled = self.ready(place.as_ref(), by)?;
        let pointer = self.pointer()?;
        let Some(to) = to.map(str::to_owned).or_else(|| pointer.current.clone()) else {
            return Err(self.refuse("the store knows no version of it yet"));
        };
        let change = Change {
            action: Action::Pin,
            pin: true,
            note: None,
            evidence: Value::Null,
        };
        if pointer.current.as_ref() != Some(&to) {
            return self.back(&to, place.as_ref(), pointer, &change, settled, by);
        }
        loop {
            let (record, mut pointer) = self.found()?;
            if pointer.current.as_ref() != Some(&to) {
                return Err(self.raced());
            }
            pointer.pinned = Some(to.clone());
            let moved = Self::line(Action::Pin, &pointer, Some(&to), by);
            let step = Transaction::new();
            if self.moved(step, record.as_ref(), &pointer, &moved, Value::Null)? {
                return Ok(Moved {
                    version: self.kept(&to)?,
                    from: Some(to),
                    settled,
                });
            }
        }
    }

    /// Lets changes in again; says whether the bot was pinned.
    ///
    /// # Errors
    /// The store's.
    pub fn unpin(&self, by: &By) -> Result<bool> {
        loop {
            let (record, mut pointer) = self.found()?;
            if pointer.pinned.take().is_none() {
                return Ok(false);
            }
            let moved = Self::line(Action::Unpin, &pointer, pointer.current.as_deref(), by);
            if self.moved(
                Transaction::new(),
                record.as_ref(),
                &pointer,
                &moved,
                Value::Null,
            )? {
                return Ok(true);
            }
        }
    }

    /// Settles what was begun, and keeps what stands in the file if that is new.
    fn ready(&self, place: Option<&Place>, by: &By) -> Result<Option<Settled>> {
        let Some(place) = place else {
            let begun = self.pointer()?.begun;
            return match begun {
                None => Ok(None),
                Some(begun) => Err(self.refuse(format!(
                    "{} was begun at its file and not finished: name the file, to settle that first",
                    begun.action.as_str()
                ))),
            };
        };
        let settled = self.settle_at(place, by)?;
        if let Some(bytes) = place.read()? {
            self.adopt(&bytes, by)?;
        }
        Ok(settled)
    }

    fn unpinned(&self, pointer: &Pointer) -> Result<()> {
        match &pointer.pinned {
            None => Ok(()),
            Some(pinned) => Err(self.refuse(format!(
                "it is pinned to {}: `botsmith bot pin {} --off` lets changes in again",
                short(pinned),
                self.bot()
            ))),
        }
    }

    /// Whether a gate passed the variant against the version in force, or left it to a person.
    fn passed(&self, variant: &Version, current: Option<&str>) -> Result<()> {
        let shown = variant.short();
        let otherwise = "to promote it all the same, give the reason with `--without-gate`";
        let Some(gate) = variant.gate() else {
            return Err(self.refuse(format!(
                "{shown} has passed no gate: `botsmith hone` puts it to one; {otherwise}"
            )));
        };
        if !gate.passed && !gate.advisory {
            let reasons = gate.reasons.join("; ");
            return Err(self.refuse(format!("the gate refused {shown}: {reasons}; {otherwise}")));
        }
        if current != Some(gate.baseline.as_str()) {
            return Err(self.refuse(format!(
                "the gate compared {shown} with {}, and {} is in force now; {otherwise}",
                short(&gate.baseline),
                current.map_or("nothing", short)
            )));
        }
        Ok(())
    }

    /// The version that a promotion makes, with its bytes: that of the variant if it has nothing to count
    /// up.
    fn bumped(
        &self,
        variant: &Version,
        current: Option<&str>,
        change: &Change,
        by: &By,
    ) -> Result<(Version, Vec<u8>)> {
        let bytes = self.bytes(&variant.hash)?;
        let names: Vec<_> = self.list()?;
        // What was only proposed has not used its number.
        let taken = |name: &str| {
            let used = |v: &&Version| v.origin != Origin::Proposed;
            names
                .iter()
                .filter(used)
                .any(|v| v.name.as_deref() == Some(name))
        };
        let path = Path::new(self.bot());
        let bumped = bump_version(path, self.text(&bytes)?, self.format(), &taken)?;
        let Some((text, _)) = bumped else {
            return Ok((variant.clone(), bytes));
        };
        let bytes = text.into_bytes();
        let mut version = self.draft(&bytes, Origin::Promoted, by)?;
        version.parent = current.map(str::to_owned);
        version.evidence.clone_from(&change.evidence);
        Ok((version, bytes))
    }

    fn back(
        &self,
        to: &str,
        place: Option<&Place>,
        pointer: Pointer,
        change: &Change,
        settled: Option<Settled>,
        by: &By,
    ) -> Result<Moved> {
        let version = self.kept(to)?;
        if pointer.current.as_deref() == Some(to) {
            return Err(self.refuse(format!("{} is in force already", version.short())));
        }
        let bytes = self.bytes(to)?;
        let version = self.go_to(
            place,
            version,
            &bytes,
            change,
            pointer.current.as_deref(),
            by,
        )?;
        Ok(Moved {
            version,
            from: pointer.current,
            settled,
        })
    }

    fn kept(&self, hash: &str) -> Result<Version> {
        self.get(hash)?
            .ok_or_else(|| self.refuse(format!("no version {}", short(hash))))
    }
}
