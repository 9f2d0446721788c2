//! Heartbeats: leases that are renewed, and attempts that hear that they are over.

use std::collections::BTreeMap;

use crate::advance::{Change, TIMERS, member};
use crate::state::RunStatus;
use crate::unit::Unit;
use crate::{Result, RunIf};

use super::{FlowStore, Held};

/// How many leases of a partition are renewed in one write.
const BATCH: usize = 64;

/// What a heartbeat found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// The lease is renewed, until then (milliseconds since 1970-01-01T00:00Z).
    Held(u64),
    /// The run was cancelled or its time is over: stop, and commit a failure of class `cancelled`.
    Cancelled,
    /// The lease is lost: stop; a commit will be refused.
    Fenced,
}

impl FlowStore {
    /// Renews leases, each for `lease_ms` milliseconds from now; answers in their order.
    ///
    /// # Errors
    /// The store's.
    pub fn heartbeat(&self, held: &[Held], lease_ms: u64) -> Result<Vec<Beat>> {
        let mut beats = vec![Beat::Fenced; held.len()];
        let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, held) in held.iter().enumerate() {
            // The permit first: it never runs out before the lease.
            if let Some(key) = &held.permit
                && !self.renew(key, &held.token.nonce, lease_ms)?
            {
                continue;
            }
            places
                .entry(self.partition(&held.run))
                .or_default()
                .push(at);
        }
        for (place, here) in places {
            for here in here.chunks(BATCH) {
                let found = self.change(&place, |unit, now_ms| {
                    let all = here
                        .iter()
                        .map(|at| beat(unit, &held[*at], lease_ms, now_ms));
                    all.collect::<Result<Vec<_>>>()
                })?;
                for (at, beat) in here.iter().zip(found) {
                    beats[*at] = beat;
                }
            }
        }
        Ok(beats)
    }
}
/// Renews one lease.
fn beat(unit: &mut Unit<'_>, held: &Held, lease_ms: u64, now_ms: u64) -> Result<Beat> {
    let Some(mut change) = Change::open(unit, &held.run, now_ms)? else {
        return Ok(Beat::Fenced);
    };
    let Some(mut step) = change.find(&held.step)? else {
        return Ok(Beat::Fenced);
    };
    let Some(attempt) = step.attempt.as_mut().filter(|now| now.token == held.token) else {
        return Ok(Beat::Fenced);
    };
    let late = change.run.timed_out && step.plan.run_if == RunIf::Done;
    if late || change.run.status == RunStatus::Cancelling {
        return Ok(Beat::Cancelled);
    }
    let deadline = now_ms + lease_ms;
    attempt.deadline_ms = deadline;
    change.put(&step);
    unit.set_due(TIMERS, &member(&held.run, &held.step), deadline);
    Ok(Beat::Held(deadline))
}
