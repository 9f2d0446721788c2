//! Permits of concurrency keys: so many holders at once and never more, over all runs.
//!
//! A key has a partition of its own. A permit is taken before the claim, lives a little longer than
//! the lease, is renewed before it, and is given back after the commit. One that was not given back
//! runs out: the key admits too few for that long, and never too many.

use std::collections::{BTreeMap, BTreeSet};

use crate::Result;

use super::FlowStore;

/// How much longer a permit lives than the lease that it covers, in milliseconds.
const GRACE_MS: u64 = 1000;

const HOLDERS: &str = "holders";

/// When each holder's permit runs out.
type Holders = BTreeMap<String, u64>;

fn place(key: &str) -> String {
    // Keys are free text; a hash fits any.
    format!("flow/permit/{}", blake3::hash(key.as_bytes()).to_hex())
}

impl FlowStore {
    /// Takes a permit if one is free.
    pub(super) fn take(&self, key: &str, limit: u32, holder: &str, lease_ms: u64) -> Result<bool> {
        self.change(&place(key), |unit, now_ms| {
            let mut holders: Holders = unit.get(HOLDERS)?.unwrap_or_default();
            holders.retain(|_, deadline| *deadline > now_ms);
            if holders.len() >= limit as usize {
                return Ok(false);
            }
            holders.insert(holder.to_owned(), now_ms + lease_ms + GRACE_MS);
            unit.put(HOLDERS, &holders);
            Ok(true)
        })
    }

    /// Renews a permit; `false` when it has run out.
    pub(super) fn renew(&self, key: &str, holder: &str, lease_ms: u64) -> Result<bool> {
        self.change(&place(key), |unit, now_ms| {
            let mut holders: Holders = unit.get(HOLDERS)?.unwrap_or_default();
            holders.retain(|_, deadline| *deadline > now_ms);
            let Some(deadline) = holders.get_mut(holder) else {
                return Ok(false);
            };
            *deadline = now_ms + lease_ms + GRACE_MS;
            unit.put(HOLDERS, &holders);
            Ok(true)
        })
    }

    /// Gives a permit back.
    pub(super) fn give_back(&self, key: &str, holder: &str) -> Result<()> {
        self.change(&place(key), |unit, _| {
            let mut holders: Holders = unit.get(HOLDERS)?.unwrap_or_default();
            if holders.remove(holder).is_some() {
                match holders.is_empty() {
                    true => unit.delete(HOLDERS),
                    false => unit.put(HOLDERS, &holders),
                }
            }
            Ok(())
        })
    }

    /// Forgets the keys that were a run's own: nobody asks for their permits again.
    pub(super) fn forget_permits(&self, keys: &BTreeSet<String>) -> Result<()> {
        for key in keys {
            self.state().delete_partition(&place(key))?;
        }
        Ok(())
    }

    /// How many permits of a key are out.
    ///
    /// # Errors
    /// The store's.
    pub fn permits(&self, key: &str) -> Result<usize> {
        self.change(&place(key), |unit, now_ms| {
            let holders: Holders = unit.get(HOLDERS)?.unwrap_or_default();
            Ok(holders
                .values()
                .filter(|deadline| **deadline > now_ms)
                .count())
        })
    }
}
