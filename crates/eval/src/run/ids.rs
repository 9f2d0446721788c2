//! Unique ids of cases.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::numbers::CaseNumbers;

/// Gives ids to cases without one, and finds ids that stand twice. Cases must come in file order.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// Hash of the id -> how often it was seen, and the line where first.
    seen: HashMap<u128, (u32, u32)>,
}

/// Whether an id was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It is new.
    First,
    /// It is the so-manieth of this content: `#2` and so on.
    Repeat(u32),
    /// Nothing else may have it: the row brought it itself. First on this line.
    Twice(u32),
}

impl Ids {
    /// Whether a case has the id of this hash.
    pub(super) fn has(&self, key: u128) -> bool {
        self.seen.contains_key(&key)
    }

    /// Settles the id of the next case. `own`: the row brought it.
    pub(super) fn settle(&mut self, case: &CaseNumbers, own: bool) -> Seen {
        let line = u32::try_from(case.line).unwrap_or(u32::MAX);
        match self.seen.entry(case.key) {
            Entry::Vacant(entry) => {
                entry.insert((1, line));
                Seen::First
            }
            Entry::Occupied(entry) if own => Seen::Twice(entry.get().1),
            Entry::Occupied(mut entry) => {
                entry.get_mut().0 += 1;
                Seen::Repeat(entry.get().0)
            }
        }
    }

    /// Counts a case that was settled in an earlier process.
    pub(super) fn known(&mut self, case: &CaseNumbers) {
        let line = u32::try_from(case.line).unwrap_or(u32::MAX);
        self.seen.entry(case.key).or_insert((0, line)).0 += 1;
    }
}
