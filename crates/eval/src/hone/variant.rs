//! Variants: drafts of proposers -> cartridges that may be tried, and those that the guard refuses.

use std::collections::BTreeSet;
use std::sync::Arc;

use botsmith_core::digest::Digest;
use serde::Serialize;

use crate::Result;

use super::edit::edited;
use super::propose::{Draft, Proposer};
use super::{Guard, Overlap, Parent, TrainView};

/// A proposed change of a bot, as a cartridge of its own.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Its name: `examples-4`.
    pub name: String,
    /// Who proposed it.
    pub proposer: &'static str,
    /// What is different, in one line.
    pub about: String,
    /// The cartridge's text.
    pub text: Arc<str>,
}

impl Variant {
    /// blake3 of its bytes.
    pub fn hash(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }
}

/// A variant that is not tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Its name.
    pub name: String,
    /// Who proposed it.
    pub proposer: &'static str,
    /// What would have been different.
    pub about: String,
    /// Where it copies what it may not.
    pub overlaps: Vec<Overlap>,
}

/// What proposers came up with.
#[derive(Debug, Default)]
pub struct Proposed {
    /// Those that may be tried, in order.
    pub variants: Vec<Variant>,
    /// Those that the guard refused.
    pub refused: Vec<Refused>,
}

impl Proposed {
    /// Asks the proposers, makes cartridges of what they propose, and has the guard look at each. Two of
    /// the same text are one; one of the parent's text is none.
    ///
    /// # Errors
    /// If a proposer cannot do its work, or a change cannot be written into the cartridge.
    pub fn gather(
        proposers: &[Box<dyn Proposer>],
        parent: &Parent,
        view: &TrainView<'_>,
        guard: &Guard,
    ) -> Result<Self> {
        let mut all = Self::default();
        let mut known = BTreeSet::from([*parent.hash().as_bytes()]);
        for proposer in proposers {
            for draft in proposer.propose(parent, view)? {
                all.add(proposer.name(), draft, parent, guard, &mut known)?;
            }
        }
        Ok(all)
    }

    fn add(
        &mut self,
        proposer: &'static str,
        draft: Draft,
        parent: &Parent,
        guard: &Guard,
        known: &mut BTreeSet<[u8; 32]>,
    ) -> Result<()> {
        let text = edited(parent, &draft.changes)?;
        if !known.insert(*Digest::of(text.as_bytes()).as_bytes()) {
            return Ok(());
        }
        let overlaps = guard.check(parent.value(), &parent.reading(&text)?);
        match overlaps.is_empty() {
            true => self.variants.push(Variant {
                name: draft.name,
                proposer,
                about: draft.about,
                text: text.into(),
            }),
            false => self.refused.push(Refused {
                name: draft.name,
                proposer,
                about: draft.about,
                overlaps,
            }),
        }
        Ok(())
    }
}
