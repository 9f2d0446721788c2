//! Unique ids of cases.

use std::collections::HashMap;

use crate::dataset::{Place, hash_id};
use crate::{Case, Result};

/// Gives ids to cases without one, and finds ids that stand twice. Cases must come in file order.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// Hash of the id -> how often it was seen, and the line where first.
    seen: HashMap<u128, (u32, u32)>,
}

impl Ids {
    /// Settles the id of the next case. `own`: the row brought it. True if the id was changed.
    ///
    /// # Errors
    /// If the row's own id stood on an earlier line.
    pub(super) fn settle(
        &mut self,
        case: &mut Case,
        own: bool,
        line: usize,
        place: &Place,
    ) -> Result<bool> {
        let line32 = u32::try_from(line).unwrap_or(u32::MAX);
        let (count, first) = self.seen.entry(hash_id(&case.id)).or_insert((0, line32));
        *count += 1;
        match (*count, own) {
            (1, _) => Ok(false),
            (_, true) => Err(place
                .at(line, format!("id `{}` stands twice: first on line {first}", case.id))
                .hint("ids are unique in a dataset; leave `id` out to have them made from the content")
                .into()),
            (n, false) => {
                case.id = format!("{}#{n}", case.id);
                Ok(true)
            }
        }
    }

    /// Counts a case that was settled in an earlier process.
    pub(super) fn known(&mut self, id: &str, line: usize) {
        let base = match id.split_once('#') {
            Some((base, _)) if base.len() == 64 => base,
            _ => id,
        };
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        self.seen.entry(hash_id(base)).or_insert((0, line)).0 += 1;
    }
}
