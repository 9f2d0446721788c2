//! The first steps of each queue that a worker can take from, found in one look at the store.
//!
//! In: a worker and how many steps it wants. Out: members of queues, each with its partition, in the order in which
//! they are to be claimed. What is due is moved on before. It claims nothing.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use botsmith_core::store::{Answer, Ask, Record};

use crate::Result;
use crate::advance::{AGEING_MS, Change, MARK, QUEUES, Queues, TIMERS, unmarked};
use crate::state::StepStatus;
use crate::unit::read;

use super::promote::LOOK;
use super::{Claimant, FlowStore, random};

/// How many empty queues of a partition are no trouble.
const EMPTY: usize = 8;
/// Heads whose ranks differ by no more are as urgent as each other: a sixth of what one priority is worth.
const AS_OLD_MS: u64 = AGEING_MS / 6;
/// How long a worker that finds enough where it is need not look elsewhere: so much later it sees what is more urgent
/// there, or has become due.
const NEAR: Duration = Duration::from_millis(50);
/// How often partitions are looked at again whose timers fired or whose queues are others than was thought.
const AGAIN: usize = 3;

/// The queues of a partition, and the record that names them. Its version alone would not do: where a server was
/// restored from an older copy, the same number is given to something else.
type Kept = (Option<Record>, Arc<Queues>);

/// The queues of each partition, as they were last seen: they seldom change.
#[derive(Default)]
pub(super) struct Known(Mutex<BTreeMap<String, Kept>>);

impl Known {
    fn of(&self, place: &str) -> Kept {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(place).cloned().unwrap_or_default()
    }

    /// Takes in the record as it is; says whether it is what was known.
    fn learn(&self, place: &str, before: Option<&Record>, found: Option<Record>) -> Result<bool> {
        if found.as_ref() == before {
            return Ok(true);
        }
        let queues = match &found {
            Some(record) => read(place, QUEUES, &record.value)?,
            None => Queues::new(),
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(place.to_owned(), (found, Arc::new(queues)));
        Ok(false)
    }
}

/// When all partitions were looked at last.
#[derive(Default)]
pub(super) struct Looked(Mutex<Option<Instant>>);

impl Looked {
    fn lately(&self) -> bool {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| last.elapsed() < NEAR)
    }

    fn now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

/// A step in a queue, perhaps ready.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) rank: u64,
    pub(super) member: String,
    pub(super) queue: String,
}

/// A step in a queue, with its partition.
type Placed = (String, Head);

impl Head {
    /// Run and step.
    pub(super) fn names(&self) -> Option<(&str, &str)> {
        self.member.split_once('/')
    }
}

impl FlowStore {
    /// The steps that stand first, with their partitions; and the answers to what else is to be asked on the way.
    pub(super) fn heads(
        &self,
        worker: &Claimant,
        n: usize,
        besides: &[Ask],
    ) -> Result<(Vec<Placed>, Vec<Answer>)> {
        if n == 0 {
            let answers = match besides {
                [] => Vec::new(),
                asks => self.state().ask(asks)?,
            };
            return Ok((Vec::new(), answers));
        }
        // Whoever commits has work at hand: it looks where it is, and all over only now and then.
        let home = self.home();
        let near = !besides.is_empty() && self.looked.lately();
        let (near, far): (Vec<String>, Vec<String>) =
            self.places().partition(|place| !near || *place == home);
        let (mut heads, answers) = self.heads_in(worker, n, near, besides)?;
        if far.is_empty() {
            self.looked.now();
        } else if heads.len() < n {
            heads.extend(self.heads_in(worker, n, far, &[])?.0);
            self.looked.now();
        }
        self.order(&mut heads);
        Ok((heads, answers))
    }

    /// The steps that stand first in some partitions, in no order.
    fn heads_in(
        &self,
        worker: &Claimant,
        n: usize,
        mut places: Vec<String>,
        besides: &[Ask],
    ) -> Result<(Vec<Placed>, Vec<Answer>)> {
        let now_ms = self.now_ms()?;
        let mut heads = Vec::new();
        let mut answered = None;
        for round in 0..AGAIN {
            // What is asked besides is asked once.
            let besides = if round == 0 { besides } else { &[] };
            let (found, answers) = self.look(worker, n, &places, besides, now_ms)?;
            answered.get_or_insert(answers);
            places.clear();
            for seen in found {
                let before = seen.before.as_ref();
                let known = self.queues.learn(&seen.place, before, seen.queues)?;
                if seen.due && round == 0 {
                    self.promote(&seen.place)?;
                    places.push(seen.place);
                } else if !known && round + 1 < AGAIN {
                    places.push(seen.place);
                } else {
                    // Keys of runs that are over leave queues that nobody fills again.
                    if seen.empty > EMPTY && random().is_multiple_of(8) {
                        self.forget(&seen.place)?;
                    }
                    let place = seen.place;
                    heads.extend(seen.ready.into_iter().map(|head| (place.clone(), head)));
                }
            }
            if places.is_empty() {
                break;
            }
        }
        Ok((heads, answered.unwrap_or_default()))
    }

    /// The most urgent, or those that have waited longest, come first. Among those that are about as urgent, a worker
    /// stays with the partition where it was, and takes any other in any order: so workers seldom want the same
    /// steps.
    fn order(&self, heads: &mut [Placed]) {
        let oldest = heads.iter().map(|(_, head)| head.rank).min().unwrap_or(0);
        let home = self.home();
        let turn = random();
        let drawn: BTreeMap<String, u64> = self
            .places()
            .zip(0..)
            .map(|(place, number)| {
                // Steps of a prime over random bits: another order each time, and no two alike.
                let draw = turn
                    .wrapping_add(number)
                    .wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let draw = if place == home { 0 } else { draw | 1 };
                (place, draw)
            })
            .collect();
        heads.sort_by_cached_key(|(place, head)| {
            let class = (head.rank - oldest) / AS_OLD_MS;
            (class, drawn[place], head.rank, head.member.clone())
        });
    }

    fn home(&self) -> String {
        Self::place(self.home.load(Ordering::Relaxed) % self.partitions)
    }

    /// Stays with a partition.
    pub(super) fn stay(&self, place: &str) {
        let number = place.rsplit('p').next().and_then(|n| n.parse().ok());
        self.home.store(number.unwrap_or(0), Ordering::Relaxed);
    }

    /// Leaves the partition where another came between.
    pub(super) fn move_on(&self) {
        self.home.store(random(), Ordering::Relaxed);
    }

    fn look(
        &self,
        worker: &Claimant,
        n: usize,
        places: &[String],
        besides: &[Ask],
        now_ms: u64,
    ) -> Result<(Vec<Seen>, Vec<Answer>)> {
        let limit = n.clamp(8, LOOK);
        let mut asks = besides.to_vec();
        let mut wanted = Vec::with_capacity(places.len());
        for place in places {
            let (before, queues) = self.queues.of(place);
            let fits = |requires: &[String]| requires.iter().all(|one| worker.offers.contains(one));
            let queues: Vec<String> = queues
                .iter()
                .filter(|(_, requires)| fits(requires))
                .map(|(name, _)| unmarked(name).to_owned())
                .collect();
            asks.push(Ask::due(place, TIMERS, now_ms, 1));
            asks.push(Ask::records(place, [QUEUES]));
            asks.extend(
                queues
                    .iter()
                    .map(|queue| Ask::due(place, queue, u64::MAX, limit)),
            );
            wanted.push((place, before, queues));
        }
        let mut answers = self.state().ask(&asks)?;
        let own = answers.split_off(besides.len());
        let mut own = own.into_iter();
        let mut next = || own.next().expect("each question is answered");
        let mut found = Vec::with_capacity(places.len());
        for (place, before, queues) in wanted {
            let mut seen = Seen {
                place: place.clone(),
                due: !next().due().is_empty(),
                before,
                queues: next().records().pop().flatten(),
                ready: Vec::new(),
                empty: 0,
            };
            for queue in queues {
                let due = next().due();
                seen.empty += usize::from(due.is_empty());
                seen.ready.extend(due.into_iter().map(|due| Head {
                    rank: due.at_ms,
                    member: due.member,
                    queue: queue.clone(),
                }));
            }
            found.push(seen);
        }
        Ok((found, answers))
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

    /// Takes members out of queues that name no ready step.
    pub(super) fn tidy(&self, place: &str, ready: &[Head]) -> Result<()> {
        self.change(place, |unit, now_ms| {
            for head in ready {
                let Some((run, key)) = head.names() else {
                    unit.clear_due(&head.queue, &head.member);
                    continue;
                };
                let stands = match Change::open(unit, run, now_ms)? {
                    None => false,
                    Some(mut change) => change
                        .find(key)?
                        .is_some_and(|step| step.status == StepStatus::Ready && !change.run.paused),
                };
                if !stands {
                    unit.clear_due(&head.queue, &head.member);
                }
            }
            Ok(())
        })
    }
}

/// A partition as one look found it.
struct Seen {
    place: String,
    /// Whether something has become due.
    due: bool,
    /// The record of the queues that were looked into.
    before: Option<Record>,
    /// That record as it is now.
    queues: Option<Record>,
    ready: Vec<Head>,
    /// How many of the queues were empty.
    empty: usize,
}
