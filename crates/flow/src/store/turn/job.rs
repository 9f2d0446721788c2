//! What one go does in one partition, and what each of its writes is to hold.
//!
//! In: attempts that ended and steps to be claimed, with the records that were read. Out: a unit of work filled with
//! their ends and claims. It reads and writes nothing itself.

use std::collections::BTreeSet;

use botsmith_core::store::Record;
use serde::Deserialize;

use crate::Result;
use crate::advance::{QUEUES, run_key, step_key};
use crate::state::StepState;
use crate::unit::{Unit, read};

use super::super::claim::{Lease, begin};
use super::super::commit::apply;
use super::super::heads::Head;
use super::super::{Claimant, Claimed, Commit, Committed, nonce};

/// What is done in one partition.
#[derive(Default)]
pub(super) struct Job {
    pub(super) place: String,
    /// Which commits.
    pub(super) ends: Vec<usize>,
    /// What stood in the queues.
    pub(super) heads: Vec<Head>,
    /// Those of them that are to be claimed.
    pub(super) picks: Vec<Pick>,
    /// Whether heads were left out because enough was picked.
    pub(super) enough: bool,
    /// Records that were read.
    pub(super) found: Vec<(String, Option<Record>)>,
}

/// A step to be claimed: run, step, and the random part of the token.
pub(super) type Pick = (String, String, String);

/// What one write is to hold.
#[derive(Clone, Copy)]
pub(super) struct Part<'j> {
    /// Which commits.
    pub(super) ends: &'j [usize],
    pub(super) picks: &'j [Pick],
}

/// What a write gives: answers to commits in their order, and what was claimed.
type Made = (Vec<Committed>, Vec<Claimed>);

/// What a go is about.
pub(super) struct Wish<'a> {
    pub(super) commits: &'a [Commit],
    pub(super) worker: &'a Claimant,
    pub(super) lease_ms: u64,
    /// The most steps that one write commits, and the most that it claims.
    pub(super) each: usize,
}

impl<'a> Wish<'a> {
    fn lease<'n>(&self, nonce: &'n str) -> Lease<'n>
    where
        'a: 'n,
    {
        Lease {
            worker: self.worker,
            nonce,
            length_ms: self.lease_ms,
        }
    }
}

#[derive(Deserialize)]
struct Next {
    #[serde(default)]
    dependants: Vec<String>,
}

impl Job {
    /// The records that its commits are about, and what it is to claim.
    pub(super) fn keys(&self, commits: &[Commit]) -> Vec<String> {
        let mut keys: BTreeSet<String> = BTreeSet::from([QUEUES.to_owned()]);
        for held in self.ends.iter().map(|at| commits[*at].held()) {
            keys.extend([run_key(&held.run), step_key(&held.run, &held.step)]);
        }
        for (run, step, _) in &self.picks {
            keys.extend([run_key(run), step_key(run, step)]);
        }
        keys.into_iter().collect()
    }

    /// The records of what hangs on its commits, and of its heads, that were not read yet.
    pub(super) fn further(&self) -> Result<Vec<String>> {
        let mut keys = BTreeSet::new();
        for (key, record) in &self.found {
            let run = key
                .strip_prefix("step/")
                .and_then(|rest| rest.split_once('/'));
            if let (Some((run, _)), Some(record)) = (run, record) {
                let next: Next = read(&self.place, key, &record.value)?;
                keys.extend(next.dependants.iter().map(|key| step_key(run, key)));
            }
        }
        for (run, step) in self.heads.iter().filter_map(Head::names) {
            keys.extend([run_key(run), step_key(run, step)]);
        }
        for (key, _) in &self.found {
            keys.remove(key);
        }
        Ok(keys.into_iter().collect())
    }

    /// What each of its writes is to hold.
    pub(super) fn parts(&self, each: usize) -> Vec<Part<'_>> {
        fn cut<T>(all: &[T], each: usize, at: usize) -> &[T] {
            let from = at.saturating_mul(each).min(all.len());
            &all[from..from.saturating_add(each).min(all.len())]
        }
        let count = self.ends.len().max(self.picks.len()).div_ceil(each).max(1);
        let part = |at| Part {
            ends: cut(&self.ends, each, at),
            picks: cut(&self.picks, each, at),
        };
        (0..count).map(part).collect()
    }
}

impl Part<'_> {
    /// Commits, then claims: what was picked, then what has just become ready, `spare` of it at most.
    pub(super) fn work(
        self,
        unit: &mut Unit<'_>,
        wish: &Wish<'_>,
        spare: &mut usize,
        now_ms: u64,
    ) -> Result<Made> {
        let ends = self.ends.iter().map(|at| &wish.commits[*at]);
        let committed = ends
            .map(|commit| apply(unit, commit, now_ms))
            .collect::<Result<Vec<_>>>()?;
        let mut claimed = Vec::new();
        for (run, step, nonce) in self.picks {
            claimed.extend(begin(unit, run, step, &wish.lease(nonce), now_ms)?);
        }
        for member in unit.ready() {
            let room = *spare > 0 && claimed.len() < wish.each;
            let Some((run, step)) = member.split_once('/').filter(|_| room) else {
                break;
            };
            let Some(state) = unit.get::<StepState>(&step_key(run, step))? else {
                continue;
            };
            let offers = &wish.worker.offers;
            let fits = state.plan.requires.iter().all(|one| offers.contains(one));
            // A permit is another partition's: that step is left to the next look.
            if !fits || state.plan.concurrency.is_some() {
                continue;
            }
            if let Some(one) = begin(unit, run, step, &wish.lease(&nonce()), now_ms)? {
                claimed.push(one);
                *spare -= 1;
            }
        }
        Ok((committed, claimed))
    }
}
