//! Claims and heartbeats: which worker may run a step, and for how long.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::advance::{
    Change, DEAD, MARK, QUEUES, Queues, TIMERS, member, output_key, run_key, step_key, unmarked,
};
use crate::state::{Attempt, RunStatus, StepError, StepState, StepStatus, Token};
use crate::unit::{Unit, read};
use crate::{Notice, Result, RunIf, StepPlan};

use super::{FlowStore, nonce, random};

/// How many empty queues of a partition are no trouble.
const EMPTY: usize = 8;
/// How many due members are looked at in one go.
const LOOK: usize = 64;

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
    /// Claims up to `n` steps that `worker` can run, each for `lease_ms` milliseconds. What has
    /// become due, expired leases among it, is moved on first.
    ///
    /// # Errors
    /// The store's.
    pub fn claim(&self, worker: &Claimant, n: usize, lease_ms: u64) -> Result<Vec<Claimed>> {
        let mut heads = Vec::new();
        for place in self.places() {
            self.promote(&place)?;
            let (mut ready, mut empty) = (Vec::new(), 0);
            for queue in self.queues_for(&place, worker)? {
                let due = self
                    .state()
                    .due(&place, &queue, u64::MAX, n.clamp(8, LOOK))?;
                empty += usize::from(due.is_empty());
                ready.extend(
                    due.into_iter()
                        .map(|due| (due.at_ms, due.member, queue.clone())),
                );
            }
            // Keys of runs that are over leave queues that nobody fills again.
            if empty > EMPTY && random().is_multiple_of(8) {
                self.forget(&place)?;
            }
            ready.sort_unstable();
            if let Some((head, ..)) = ready.first() {
                heads.push((*head, place, ready));
            }
        }
        // The partition whose first step is the most urgent or has waited longest comes first. Where
        // heads are as old as each other, workers begin at different ones, so that they seldom want the same steps.
        let turn = random();
        heads.sort_by_cached_key(|(head, place, _)| {
            let drawn = blake3::hash(format!("{turn} {place}").as_bytes());
            (*head, *drawn.as_bytes())
        });
        let mut claimed = Vec::new();
        for (_, place, ready) in heads {
            if claimed.len() == n {
                break;
            }
            claimed.extend(self.claim_in(&place, &ready, worker, n - claimed.len(), lease_ms)?);
        }
        Ok(claimed)
    }

    /// Marks queues that are empty; takes out those that were marked before and still are. A step that
    /// becomes ready takes the mark off in its own write: if that comes between, this is done anew.
    fn forget(&self, place: &str) -> Result<()> {
        self.change(place, |unit, _| {
            let queues: Queues = unit.get(QUEUES)?.unwrap_or_default();
            let mut kept = Queues::new();
            for (name, requires) in queues {
                let plain = unmarked(&name);
                if !self.state().due(place, plain, u64::MAX, 1)?.is_empty() {
                    kept.insert(name, requires);
                } else if !name.starts_with(MARK) {
                    kept.insert(format!("{MARK}{plain}"), requires);
                }
            }
            unit.put(QUEUES, &kept);
            Ok(())
        })
    }

    /// The queues of a partition whose steps a worker can run.
    fn queues_for(&self, place: &str, worker: &Claimant) -> Result<Vec<String>> {
        let Some(record) = self.state().get(place, QUEUES)? else {
            return Ok(Vec::new());
        };
        let queues: Queues = read(place, QUEUES, &record.value)?;
        let fits = |requires: &Vec<String>| requires.iter().all(|one| worker.offers.contains(one));
        Ok(queues
            .into_iter()
            .filter(|(_, requires)| fits(requires))
            .map(|(name, _)| unmarked(&name).to_owned())
            .collect())
    }

    fn claim_in(
        &self,
        place: &str,
        ready: &[(u64, String, String)],
        worker: &Claimant,
        n: usize,
        lease_ms: u64,
    ) -> Result<Vec<Claimed>> {
        let names: Vec<_> = ready
            .iter()
            .filter_map(|(_, member, _)| member.split_once('/'))
            .collect();
        let keys: Vec<_> = names
            .iter()
            .map(|(run, step)| step_key(run, step))
            .collect();
        let keys_ref: Vec<_> = keys.iter().map(String::as_str).collect();
        let found = self.state().get_many(place, &keys_ref)?;
        // A permit is taken before the claim, under the name that the claim will have.
        let mut nonces = Vec::new();
        let mut permits = Vec::new();
        for ((key, record), name) in keys.iter().zip(found).zip(&names) {
            if nonces.len() == n {
                break;
            }
            let Some(record) = record else { continue };
            let step: StepState = read(place, key, &record.value)?;
            let holder = nonce();
            if let Some(limit) = &step.plan.concurrency {
                if !self.take(&limit.key, limit.limit, &holder, lease_ms)? {
                    continue;
                }
                permits.push((limit.key.clone(), holder.clone()));
            }
            nonces.push((*name, holder));
        }
        let claimed = self.change(place, |unit, now_ms| {
            let mut claimed = Vec::new();
            let mut load = vec![QUEUES.to_owned()];
            for ((run, step), _) in &nonces {
                load.extend([run_key(run), step_key(run, step)]);
            }
            load.dedup();
            unit.load(&load)?;
            for ((run, step), nonce) in &nonces {
                let lease = Lease {
                    worker,
                    nonce,
                    length_ms: lease_ms,
                };
                claimed.extend(begin(unit, run, step, &lease, now_ms)?);
            }
            Ok(claimed)
        });
        let used: BTreeSet<_> = match &claimed {
            Ok(claimed) => claimed
                .iter()
                .map(|one| one.held.token.nonce.clone())
                .collect(),
            Err(_) => BTreeSet::new(),
        };
        for (key, holder) in permits {
            if !used.contains(&holder) {
                self.give_back(&key, &holder)?;
            }
        }
        // A step that is no longer ready has left its queue, or leaves it now.
        if let Ok(claimed) = &claimed
            && claimed.is_empty()
        {
            self.tidy(place, ready)?;
        }
        claimed
    }

    /// Takes members out of queues that name no ready step.
    fn tidy(&self, place: &str, ready: &[(u64, String, String)]) -> Result<()> {
        self.change(place, |unit, now_ms| {
            for (_, name, queue) in ready {
                let Some((run, key)) = name.split_once('/') else {
                    unit.clear_due(queue, name);
                    continue;
                };
                let found = Change::open(unit, run, now_ms)?;
                let stands = match found {
                    None => false,
                    Some(mut change) => change
                        .find(key)?
                        .is_some_and(|step| step.status == StepStatus::Ready && !change.run.paused),
                };
                if !stands {
                    unit.clear_due(queue, name);
                }
            }
            Ok(())
        })
    }

    /// Moves on what has become due in a partition: leases that ran out, retries, waits.
    fn promote(&self, place: &str) -> Result<()> {
        let now_ms = self.now_ms()?;
        while !self.state().due(place, TIMERS, now_ms, 1)?.is_empty() {
            let due = self.state().due(place, TIMERS, now_ms, LOOK)?;
            self.change(place, |unit, now_ms| {
                for due in &due {
                    fire(unit, &due.member, now_ms)?;
                }
                Ok(())
            })?;
            if due.len() < LOOK {
                break;
            }
        }
        Ok(())
    }

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
            for here in here.chunks(LOOK) {
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

/// What a claim gives a step.
struct Lease<'a> {
    worker: &'a Claimant,
    nonce: &'a str,
    length_ms: u64,
}

/// Begins an attempt, if the step is still to be claimed.
fn begin(
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

/// Moves on one step whose time has come.
fn fire(unit: &mut Unit<'_>, name: &str, now_ms: u64) -> Result<()> {
    let Some((run, key)) = name.split_once('/') else {
        unit.clear_due(TIMERS, name);
        return Ok(());
    };
    if key.is_empty() {
        unit.clear_due(TIMERS, name);
        return match Change::open(unit, run, now_ms)? {
            Some(change) => change.time_out(),
            None => Ok(()),
        };
    }
    let found = match Change::open(unit, run, now_ms)? {
        None => None,
        Some(mut change) => change.find(key)?.map(|step| (change, step)),
    };
    let Some((mut change, mut step)) = found else {
        unit.clear_due(TIMERS, name);
        return Ok(());
    };
    match step.status {
        StepStatus::Running
            if step
                .attempt
                .as_ref()
                .is_some_and(|a| a.deadline_ms <= now_ms) =>
        {
            step.expiries += 1;
            change.event("expired", Some(key), None);
            let stopped = change.run.failed && step.plan.run_if == RunIf::Done;
            if change.run.status == RunStatus::Cancelling {
                change.end(&step, StepStatus::Cancelled)?;
            } else if step.expiries > step.plan.max_expiries {
                step.error = Some(StepError {
                    class: "poison".into(),
                    message: format!("its lease ran out {} times", step.expiries),
                });
                change.end(&step, StepStatus::Dead)?;
                change.unit.set_due(DEAD, name, now_ms);
            } else if stopped {
                change.end(&step, StepStatus::Skipped)?;
            } else {
                // The lease leaves the timers; the attempt's token is of no use from here on.
                change.leave(&step);
                step.attempt = None;
                step.rank = None;
                step.status = StepStatus::Pending;
                change.ready(&mut step)?;
            }
        }
        StepStatus::Delayed => change.ready(&mut step)?,
        StepStatus::Waiting => {
            let wait = step.wait.clone().unwrap_or_default();
            match (wait.default, wait.signal) {
                (None, Some(signal)) => {
                    step.error = Some(StepError {
                        class: "deadline".into(),
                        message: format!("the signal `{signal}` did not come in time"),
                    });
                    change.end(&step, StepStatus::Failed)?;
                }
                (default, _) => {
                    let output = default.unwrap_or(Value::Null);
                    change.unit.put(&output_key(run, key), &output);
                    change.end(&step, StepStatus::Done)?;
                }
            }
        }
        // Renewed since it was listed.
        StepStatus::Running => return Ok(()),
        _ => change.unit.clear_due(TIMERS, name),
    }
    change.save();
    Ok(())
}
