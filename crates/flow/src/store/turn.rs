//! One go of a worker: what ended is committed and what comes next is claimed.
//!
//! In: attempts that ended, and how many steps are wanted. Out: what came of each, and the steps claimed. Two looks
//! at the store and one go of writes, however many partitions and steps there are, unless another comes between.
//! Steps that become ready by what is committed are claimed in the same write.
//!
//! A write holds what is of one partition, or less where a worker wants small ones. Those of a partition go together
//! too: each builds on what the one before it will have written, and is not made where that is not there.

use std::collections::{BTreeMap, BTreeSet};

use botsmith_core::store::{Ask, Outcome, Record, Transaction};
use serde::Deserialize;

use crate::advance::{QUEUES, run_key, step_key};
use crate::state::StepState;
use crate::unit::{Known, Unit, read};
use crate::{Concurrency, Result};

use super::claim::{Lease, begin};
use super::commit::{apply, foresee};
use super::heads::Head;
use super::{Claimant, Claimed, Commit, Committed, FlowStore, nonce};

/// How many steps are looked at when those that stood first were not to be had.
const FURTHER: usize = 32;

/// What came of one go.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turn {
    /// What came of each commit, in their order.
    pub committed: Vec<Committed>,
    /// The steps that were claimed.
    pub claimed: Vec<Claimed>,
}

/// What is done in one partition.
#[derive(Default)]
struct Job {
    place: String,
    /// Which commits.
    ends: Vec<usize>,
    /// What stood in the queues.
    heads: Vec<Head>,
    /// Those of them that are to be claimed.
    picks: Vec<Pick>,
    /// Whether heads were left out because enough was picked.
    enough: bool,
    /// Records that were read.
    found: Vec<(String, Option<Record>)>,
}

/// A step to be claimed: run, step, and the random part of the token.
type Pick = (String, String, String);

/// What one write is to hold.
#[derive(Clone, Copy)]
struct Part<'j> {
    /// Which commits.
    ends: &'j [usize],
    picks: &'j [Pick],
}

/// What a write gives: answers to commits in their order, and what was claimed.
type Made = (Vec<Committed>, Vec<Claimed>);

/// What a go is about.
struct Wish<'a> {
    commits: &'a [Commit],
    worker: &'a Claimant,
    lease_ms: u64,
    /// The most steps that one write commits, and the most that it claims.
    each: usize,
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

#[derive(Deserialize)]
struct Limited {
    plan: LimitedPlan,
}

#[derive(Deserialize)]
struct LimitedPlan {
    #[serde(default)]
    concurrency: Option<Concurrency>,
}

/// Permits that were taken for steps to be claimed.
#[derive(Default)]
struct Permits {
    /// Key and holder.
    taken: Vec<(String, String)>,
    /// Keys that had none left.
    out: BTreeSet<String>,
}

impl FlowStore {
    /// Ends attempts and claims up to `n` steps that `worker` can run, each for `lease_ms` milliseconds. What has
    /// become due, expired leases among it, is moved on first. A commit whose answer was lost may be sent again.
    ///
    /// # Errors
    /// As [`commit`](Self::commit). Some of it may have been done: what was claimed is then claimed again once
    /// its lease is over. Once all commits are stored, what fails later only makes fewer claims.
    pub fn turn(
        &self,
        commits: &[Commit],
        worker: &Claimant,
        n: usize,
        lease_ms: u64,
    ) -> Result<Turn> {
        self.turn_by(commits, worker, n, lease_ms, usize::MAX)
    }

    /// As [`turn`](Self::turn), where one write commits `each` steps at most, and claims as many. The writes of a go
    /// are sent together, and each happens or not for itself.
    ///
    /// # Errors
    /// As [`turn`](Self::turn).
    pub fn turn_by(
        &self,
        commits: &[Commit],
        worker: &Claimant,
        n: usize,
        lease_ms: u64,
        each: usize,
    ) -> Result<Turn> {
        for commit in commits {
            commit.check()?;
        }
        let wish = Wish {
            commits,
            worker,
            lease_ms,
            each: each.max(1),
        };
        let mut permits = Permits::default();
        let done = self.go(&wish, n, &mut permits);
        let used: BTreeSet<&str> = done.as_ref().map_or_else(
            |_| BTreeSet::new(),
            |turn| {
                let tokens = turn.claimed.iter().map(|one| &one.held.token);
                tokens.map(|token| token.nonce.as_str()).collect()
            },
        );
        let unused = permits.taken.iter();
        let unused = unused.filter(|(_, holder)| !used.contains(holder.as_str()));
        let mut over: Vec<(&str, &str)> = unused
            .map(|(key, holder)| (key.as_str(), holder.as_str()))
            .collect();
        if done.is_ok() {
            let held = commits.iter().map(Commit::held);
            over.extend(
                held.filter_map(|held| Some((held.permit.as_deref()?, &*held.token.nonce))),
            );
        }
        for (key, holder) in over {
            // One that the store does not take back runs out by itself. What was claimed is not let go for that.
            if self.give_back(key, holder).is_err() {
                break;
            }
        }
        done
    }

    fn go(&self, wish: &Wish<'_>, n: usize, permits: &mut Permits) -> Result<Turn> {
        let mut jobs: BTreeMap<String, Job> = BTreeMap::new();
        for (at, commit) in wish.commits.iter().enumerate() {
            let place = self.partition(&commit.held().run);
            jobs.entry(place).or_default().ends.push(at);
        }
        let keys: Vec<Vec<String>> = jobs.values().map(|job| job.keys(wish.commits)).collect();
        let asks: Vec<Ask> = jobs
            .keys()
            .zip(&keys)
            .map(|(place, keys)| Ask::records(place, keys))
            .collect();
        let (heads, answers) = self.heads(wish.worker, n, &asks)?;
        for ((job, keys), answer) in jobs.values_mut().zip(keys).zip(answers) {
            job.found.extend(keys.into_iter().zip(answer.records()));
        }
        let mut heads = heads.into_iter();
        let mut turn = Turn {
            committed: vec![Committed::Fenced; wish.commits.len()],
            claimed: Vec::new(),
        };
        let (mut at_once, mut first) = (n, true);
        let mut order: BTreeMap<String, usize> = BTreeMap::new();
        loop {
            let left = n - turn.claimed.len();
            let mut looked = 0;
            for (place, head) in heads.by_ref().take(if left == 0 { 0 } else { at_once }) {
                order.insert(head.member.clone(), order.len());
                jobs.entry(place).or_default().heads.push(head);
                looked += 1;
            }
            if !jobs.is_empty() {
                let round = std::mem::take(&mut jobs);
                let done = self.round(wish, round, left, permits, &mut turn);
                let later = turn.claimed.len() + wish.commits.len() > 0 && !first;
                match done {
                    Err(_) if later => break,
                    done => done?,
                }
            }
            first = false;
            if looked == 0 {
                break;
            }
            at_once = (n - turn.claimed.len()).max(FURTHER);
        }
        // As they stood in their queues; what became ready just now stands last.
        let place = |one: &Claimed| order.get(&one.idempotency_key).copied();
        turn.claimed
            .sort_by_key(|one| place(one).unwrap_or(usize::MAX));
        Ok(turn)
    }

    /// Commits and claims in some partitions.
    fn round(
        &self,
        wish: &Wish<'_>,
        jobs: BTreeMap<String, Job>,
        left: usize,
        permits: &mut Permits,
        turn: &mut Turn,
    ) -> Result<()> {
        let named = |(place, job)| Job { place, ..job };
        let mut jobs: Vec<Job> = jobs.into_iter().map(named).collect();
        self.look_closer(&mut jobs)?;
        let mut spare = left;
        for job in &mut jobs {
            self.pick(job, wish, &mut spare, permits)?;
        }
        let now_ms = self.now_ms()?;
        let mut transactions: Vec<(String, Transaction)> = Vec::new();
        let mut made = Vec::new();
        for job in &mut jobs {
            let mut known = Known::new(std::mem::take(&mut job.found));
            let parts = job.parts(wish.each);
            for (number, part) in parts.iter().enumerate() {
                let mut unit = Unit::after(&**self.state(), &job.place, &known);
                let done = part.work(&mut unit, wish, &mut spare, now_ms)?;
                let events = unit.events();
                let transaction = unit.into_transaction();
                let writes = transaction.is_some();
                if let Some(transaction) = transaction {
                    if number + 1 < parts.len() {
                        known.add(&transaction);
                    }
                    transactions.push((job.place.clone(), transaction));
                }
                made.push((done, events, writes));
            }
        }
        let outcomes = match transactions.is_empty() {
            true => Vec::new(),
            false => self.state().transact_all(transactions)?,
        };
        let (mut outcomes, mut made) = (outcomes.into_iter(), made.into_iter());
        for job in &jobs {
            let (mut none, mut conflicts) = (true, false);
            for part in job.parts(wish.each) {
                let (mut done, events, writes) = made.next().expect("each part was made");
                let outcome = writes.then(|| outcomes.next()).flatten();
                if matches!(outcome, Some(Outcome::Conflict(_))) {
                    conflicts = true;
                    done = self.change(&job.place, |unit, now_ms| {
                        foresee(unit, part.ends.iter().map(|at| wish.commits[*at].held()))?;
                        part.work(unit, wish, &mut 0, now_ms)
                    })?;
                } else {
                    self.seen.add(events);
                }
                let (committed, claimed) = done;
                for (at, answer) in part.ends.iter().zip(committed) {
                    turn.committed[*at] = answer;
                }
                none &= claimed.is_empty();
                turn.claimed.extend(claimed);
            }
            if conflicts {
                self.move_on();
            } else if !job.picks.is_empty() {
                self.stay(&job.place);
            }
            // A step that is no longer ready has left its queue, or leaves it now.
            if none && !job.heads.is_empty() && !job.enough && !conflicts {
                self.tidy(&job.place, &job.heads)?;
            }
        }
        Ok(())
    }

    /// Reads what the commits and the heads of each partition are about, in one go.
    fn look_closer(&self, jobs: &mut [Job]) -> Result<()> {
        let mut asks = Vec::new();
        let mut wanted = Vec::new();
        for (at, job) in jobs.iter().enumerate() {
            let keys = job.further()?;
            if !keys.is_empty() {
                asks.push(Ask::records(&job.place, &keys));
                wanted.push((at, keys));
            }
        }
        if asks.is_empty() {
            return Ok(());
        }
        for (answer, (at, keys)) in self.state().ask(&asks)?.into_iter().zip(wanted) {
            jobs[at]
                .found
                .extend(keys.into_iter().zip(answer.records()));
        }
        Ok(())
    }

    /// Chooses what is to be claimed. A permit is taken before the claim, under the name that the claim will have.
    fn pick(
        &self,
        job: &mut Job,
        wish: &Wish<'_>,
        spare: &mut usize,
        permits: &mut Permits,
    ) -> Result<()> {
        let found: BTreeMap<&str, &Record> = job
            .found
            .iter()
            .filter_map(|(key, record)| Some((key.as_str(), record.as_ref()?)))
            .collect();
        for head in &job.heads {
            job.enough |= *spare == 0;
            let Some((run, step)) = head.names().filter(|_| *spare > 0) else {
                continue;
            };
            let key = step_key(run, step);
            let Some(record) = found.get(key.as_str()) else {
                continue;
            };
            let limited: Limited = read(&job.place, &key, &record.value)?;
            let holder = nonce();
            if let Some(limit) = limited.plan.concurrency {
                if permits.out.contains(&limit.key) {
                    continue;
                }
                if !self.take(&limit.key, limit.limit, &holder, wish.lease_ms)? {
                    permits.out.insert(limit.key);
                    continue;
                }
                permits.taken.push((limit.key, holder.clone()));
            }
            job.picks.push((run.to_owned(), step.to_owned(), holder));
            *spare -= 1;
        }
        Ok(())
    }
}

impl Job {
    /// The records that its commits are about.
    fn keys(&self, commits: &[Commit]) -> Vec<String> {
        let mut keys: BTreeSet<String> = BTreeSet::from([QUEUES.to_owned()]);
        for held in self.ends.iter().map(|at| commits[*at].held()) {
            keys.extend([run_key(&held.run), step_key(&held.run, &held.step)]);
        }
        keys.into_iter().collect()
    }

    /// The records of what hangs on its commits, and of its heads, that were not read yet.
    fn further(&self) -> Result<Vec<String>> {
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
    fn parts(&self, each: usize) -> Vec<Part<'_>> {
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
    fn work(
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
