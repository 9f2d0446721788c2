//! One go of a worker: what ended is committed and what comes next is claimed.
//!
//! In: attempts that ended, and how many steps are wanted. Out: what came of each, and the steps claimed. Two looks
//! at the store and one go of writes, however many partitions and steps there are, unless another comes between.
//! Steps that become ready by what is committed are claimed in the same write.
//!
//! A write holds what is of one partition, or less where a worker wants small ones. Those of a partition go together
//! too: each builds on what the one before it will have written, and is not made where that is not there.

mod job;

use std::collections::{BTreeMap, BTreeSet};

use botsmith_core::store::{Ask, Outcome, Record, Transaction};
use serde::Deserialize;

use crate::advance::step_key;
use crate::unit::{Known, Unit, read};
use crate::{Concurrency, Result};

use super::commit::foresee;
use super::{Claimant, Claimed, Commit, Committed, FlowStore, nonce};
use job::{Job, Part, Wish};

/// How often writes that others came between are made anew together, before each is for itself.
const AGAIN: usize = 2;
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

impl Turn {
    fn add(&mut self, part: Part<'_>, committed: Vec<Committed>, claimed: Vec<Claimed>) {
        for (at, answer) in part.ends.iter().zip(committed) {
            self.committed[*at] = answer;
        }
        self.claimed.extend(claimed);
    }
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
    /// Their queues, in which no step has another key: none of them need be read.
    shut: BTreeSet<String>,
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
            let open = heads.by_ref();
            let open = open.filter(|(_, head)| !permits.shut.contains(&head.queue));
            for (place, head) in open.take(if left == 0 { 0 } else { at_once }) {
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
        let mut again = self.make(wish, jobs, &mut spare, turn)?;
        for _ in 0..AGAIN {
            if again.is_empty() {
                break;
            }
            self.read_anew(wish, &mut again)?;
            again = self.make(wish, again, &mut 0, turn)?;
        }
        for job in &again {
            for part in job.parts(wish.each) {
                let (committed, claimed) = self.change(&job.place, |unit, now_ms| {
                    foresee(unit, part.ends.iter().map(|at| wish.commits[*at].held()))?;
                    part.work(unit, wish, &mut 0, now_ms)
                })?;
                turn.add(part, committed, claimed);
            }
        }
        Ok(())
    }

    /// Makes the writes of some partitions, in one go; gives what has to be made anew, since another came between.
    fn make(
        &self,
        wish: &Wish<'_>,
        mut jobs: Vec<Job>,
        spare: &mut usize,
        turn: &mut Turn,
    ) -> Result<Vec<Job>> {
        let now_ms = self.now_ms()?;
        let mut transactions: Vec<(String, Transaction)> = Vec::new();
        let mut made = Vec::new();
        for job in &mut jobs {
            let mut known = Known::new(std::mem::take(&mut job.found));
            let parts = job.parts(wish.each);
            for (number, part) in parts.iter().enumerate() {
                let mut unit = Unit::after(&**self.state(), &job.place, &known);
                let done = part.work(&mut unit, wish, spare, now_ms)?;
                let events = unit.events();
                let (transaction, values) = unit.into_writes();
                let writes = transaction.is_some();
                if let Some(transaction) = transaction {
                    if number + 1 < parts.len() {
                        known.add(&transaction, values);
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
        let mut again = Vec::new();
        for job in &jobs {
            let mut none = true;
            let mut rest = Job::default();
            for part in job.parts(wish.each) {
                let ((committed, claimed), events, writes) =
                    made.next().expect("each part was made");
                let outcome = writes.then(|| outcomes.next()).flatten();
                if matches!(outcome, Some(Outcome::Conflict(_))) {
                    rest.ends.extend(part.ends);
                    rest.picks.extend_from_slice(part.picks);
                    continue;
                }
                self.seen.add(events);
                none &= claimed.is_empty();
                turn.add(part, committed, claimed);
            }
            if !rest.ends.is_empty() || !rest.picks.is_empty() {
                self.move_on();
                rest.place.clone_from(&job.place);
                again.push(rest);
                continue;
            }
            if !job.picks.is_empty() {
                self.stay(&job.place);
            }
            // A step that is no longer ready has left its queue, or leaves it now.
            if none && !job.heads.is_empty() && !job.enough {
                self.tidy(&job.place, &job.heads)?;
            }
        }
        Ok(again)
    }

    /// Reads what jobs are about as it is now.
    fn read_anew(&self, wish: &Wish<'_>, jobs: &mut [Job]) -> Result<()> {
        let keys: Vec<Vec<String>> = jobs.iter().map(|job| job.keys(wish.commits)).collect();
        let asks = jobs.iter().zip(&keys);
        let asks: Vec<Ask> = asks
            .map(|(job, keys)| Ask::records(&job.place, keys))
            .collect();
        let answers = self.state().ask(&asks)?;
        for ((job, keys), answer) in jobs.iter_mut().zip(keys).zip(answers) {
            job.found = keys.into_iter().zip(answer.records()).collect();
        }
        self.look_closer(jobs)
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
                if permits.shut.contains(&head.queue) {
                    continue;
                }
                if permits.out.contains(&limit.key)
                    || !self.take(&limit.key, limit.limit, &holder, wish.lease_ms)?
                {
                    permits.out.insert(limit.key);
                    permits.shut.insert(head.queue.clone());
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
