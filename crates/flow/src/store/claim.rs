//! What a claim gives: a step, and the lease of it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::advance::{Change, TIMERS, member};
use crate::state::{Attempt, RunStatus, StepStatus, Token};
use crate::unit::Unit;
use crate::{Notice, Result, StepPlan};

use super::{FlowStore, nonce};

/// Who claims: new for each start of a process, whatever the host is called.
#[derive(Clone, Debug)]
pub struct Claimant {
    /// 128 random bits as hexadecimal digits.
    pub id: String,
    /// What it can do: a step is claimed when all that it requires is among these.
    pub offers: BTreeSet<String>,
}

impl Claimant {
    /// A worker with an id of its own.
    pub fn new(offers: impl IntoIterator<Item = String>) -> Self {
        Self {
            id: nonce(),
            offers: offers.into_iter().collect(),
        }
    }
}

/// A step that a worker holds the lease of.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Claimed {
    /// The lease.
    pub held: Held,
    /// The workflow's name.
    pub workflow: String,
    /// The hash of the plan that the run is pinned to.
    pub plan_hash: String,
    /// What the run was started with.
    pub inputs: Value,
    /// Who is told of the run.
    pub notices: Vec<Notice>,
    /// The step.
    pub plan: StepPlan,
    /// How many attempts there were before.
    pub before: u64,
    /// How many of them failed.
    pub failures: u32,
    /// What the step left for itself when it began to wait for steps that it added.
    pub resume: Option<Value>,
    /// When the lease runs out, in milliseconds since 1970-01-01T00:00Z of the store's time.
    pub deadline_ms: u64,
    /// The same for every attempt of the step: for effects outside of the store.
    pub idempotency_key: String,
}

/// A lease: what heartbeats and commits show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The run.
    pub run: String,
    /// The step.
    pub step: String,
    /// The attempt.
    pub token: Token,
    /// The concurrency key of which it holds a permit.
    pub permit: Option<String>,
}

impl FlowStore {
    /// Claims up to `n` steps that `worker` can run, each for `lease_ms` milliseconds. What has
    /// become due, expired leases among it, is moved on first.
    ///
    /// # Errors
    /// The store's.
    pub fn claim(&self, worker: &Claimant, n: usize, lease_ms: u64) -> Result<Vec<Claimed>> {
        Ok(self.turn(&[], worker, n, lease_ms)?.claimed)
    }
}

/// What a claim gives a step.
pub(super) struct Lease<'a> {
    pub(super) worker: &'a Claimant,
    pub(super) nonce: &'a str,
    pub(super) length_ms: u64,
}

/// Begins an attempt, if the step is still to be claimed.
pub(super) fn begin(
    unit: &mut Unit<'_>,
    run: &str,
    key: &str,
    lease: &Lease<'_>,
    now_ms: u64,
) -> Result<Option<Claimed>> {
    let Some(mut change) = Change::open(unit, run, now_ms)? else {
        return Ok(None);
    };
    let Some(mut step) = change.find(key)? else {
        return Ok(None);
    };
    if step.status != StepStatus::Ready
        || change.run.paused
        || change.run.status != RunStatus::Running
    {
        return Ok(None);
    }
    change.leave(&step);
    let before = step.attempts;
    step.attempts += 1;
    let token = Token {
        epoch: change.run.epoch,
        counter: step.attempts,
        nonce: lease.nonce.to_owned(),
    };
    let deadline_ms = now_ms + lease.length_ms;
    step.status = StepStatus::Running;
    step.started_ms.get_or_insert(now_ms);
    step.attempt = Some(Attempt {
        token: token.clone(),
        worker: lease.worker.id.clone(),
        started_ms: now_ms,
        deadline_ms,
    });
    change.put(&step);
    change.event("claimed", Some(key), Some(lease.worker.id.clone()));
    let name = member(run, key);
    change.unit.set_due(TIMERS, &name, deadline_ms);
    let claimed = Claimed {
        held: Held {
            run: run.to_owned(),
            step: key.to_owned(),
            token,
            permit: step
                .plan
                .concurrency
                .as_ref()
                .map(|limit| limit.key.clone()),
        },
        workflow: change.run.workflow.clone(),
        plan_hash: change.run.plan_hash.clone(),
        inputs: change.run.inputs.clone(),
        notices: change.run.notices.clone(),
        plan: step.plan,
        before,
        failures: step.failures,
        resume: step.resume,
        deadline_ms,
        idempotency_key: name,
    };
    change.save();
    Ok(Some(claimed))
}
