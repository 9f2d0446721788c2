//! A worker at work: one thread claims and commits, in batches; attempts run on a runtime of its own.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Worker;
use super::attempt::{Bench, attempt};
use super::heart::Leases;
use super::notify::{Letter, Notices, Told, send};
use super::slots::Slots;
use crate::{
    Claimant, Claimed, Commit, Committed, Error, Held, Output, Result, StepError, WorkerState,
};

/// How many steps it claims or commits in one go at least, however few go into one write.
const GO: usize = 64;
/// The shortest wait before it looks for steps again.
const SOON: Duration = Duration::from_millis(5);
/// Which part of the time of a write others are waited for that may share the next one.
const LINGER: u32 = 4;
/// How long a commit is sent again that the store does not take, after the lease is over.
const STUBBORN: Duration = Duration::from_secs(30);

/// Something that a worker did, for logs.
#[derive(Debug)]
#[non_exhaustive]
pub enum Happened {
    /// A step was claimed.
    Claimed {
        /// The run.
        run: String,
        /// The step.
        step: String,
        /// Which attempt, from 1.
        attempt: u64,
    },
    /// An attempt ended.
    Ended {
        /// The run.
        run: String,
        /// The step.
        step: String,
        /// Which attempt, from 1.
        attempt: u64,
        /// What it came to: `done`, `skipped`, `failed`, `waits`, `awaits`, `released`.
        how: &'static str,
        /// Why it failed.
        error: Option<StepError>,
        /// What the store said; [`Committed::Fenced`] where another has the step.
        committed: Committed,
    },
    /// A notice did not reach whom it was for.
    Untold {
        /// What happened: `approval-needed`, `failed`, `done`, ….
        event: String,
        /// The run.
        run: String,
        /// Why.
        why: String,
    },
    /// The store did not do what it was asked; it is asked again.
    Store {
        /// What it said.
        error: Error,
    },
}

/// What a worker did in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// How many attempts it began.
    pub claimed: u64,
    /// How many results were stored.
    pub stored: u64,
    /// How many had been stored before: the answer had been lost.
    pub already: u64,
    /// How many were refused, or given up: another worker had the step.
    pub fenced: u64,
    /// How many times the store failed.
    pub errors: u64,
}

/// A worker that was started. Dropping it lets it drain in the background.
pub struct Running {
    shared: Arc<Shared>,
    id: String,
    thread: Option<JoinHandle<Tally>>,
}

struct Shared {
    draining: AtomicBool,
    /// When attempts that still run are stopped.
    until: Mutex<Option<Instant>>,
    wake: Mutex<Sender<Ended>>,
}

/// An attempt that ended; `None`: nothing but a word to look again.
type Ended = Option<(Claimed, Option<Output>)>;

impl Running {
    pub(super) fn start(worker: Worker, claimant: Claimant, slots: Option<Slots>) -> Result<Self> {
        let state = WorkerState::new(
            &worker.flows,
            &claimant,
            worker.concurrency,
            worker.lease / 3,
        )?;
        worker.flows.announce(&state)?;
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let fail = |error: std::io::Error| Error::Worker {
            reason: format!("its threads cannot be made: {error}"),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(cores.min(worker.concurrency).max(1))
            .max_blocking_threads(worker.concurrency * 2 + 64)
            .thread_name("botsmith-step")
            .enable_all()
            .build()
            .map_err(fail)?;
        let (send, receive) = channel();
        let shared = Arc::new(Shared {
            draining: AtomicBool::new(false),
            until: Mutex::new(None),
            wake: Mutex::new(send.clone()),
        });
        let id = claimant.id.clone();
        let bench = Arc::new(Bench {
            worker,
            slots: slots.map(Arc::new),
            leases: Arc::new(Leases::default()),
        });
        let heart = {
            let (bench, shared) = (Arc::clone(&bench), Arc::clone(&shared));
            let (flows, lease) = (Arc::clone(&bench.worker.flows), bench.worker.lease);
            let beat = move || {
                let now = || WorkerState {
                    running: bench.leases.count(),
                    draining: shared.draining.load(Ordering::Relaxed),
                    ..state.clone()
                };
                bench.leases.beat(&flows, lease, &now);
            };
            let named = std::thread::Builder::new().name("botsmith-heart".into());
            named.spawn(beat).map_err(fail)?
        };
        let crew = Crew {
            bench,
            claimant,
            shared: Arc::clone(&shared),
            send,
            receive,
            runtime,
            running: 0,
            unsent: Vec::new(),
            took: Duration::ZERO,
            tally: Tally::default(),
            notices: Notices::new(),
            sending: Vec::new(),
        };
        let named = std::thread::Builder::new().name("botsmith-worker".into());
        let thread = named.spawn(move || crew.work(heart)).map_err(fail)?;
        Ok(Self {
            shared,
            id,
            thread: Some(thread),
        })
    }

    /// The worker's id: 128 random bits as hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Lets it claim no more. After `grace`, attempts that still run are stopped and given back.
    pub fn drain(&self, grace: Duration) {
        let mut until = self
            .shared
            .until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let end = Instant::now() + grace;
        *until = Some(until.map_or(end, |until| until.min(end)));
        drop(until);
        self.shared.draining.store(true, Ordering::Release);
        // Its thread may be gone already.
        let wake = self
            .shared
            .wake
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let _ = wake.send(None);
    }

    /// Whether it has come to its end.
    pub fn is_over(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits until it has drained; says what it did.
    ///
    /// # Panics
    /// If its own thread panicked, which is a bug.
    pub fn join(mut self) -> Tally {
        let thread = self.thread.take().expect("only this takes it");
        match thread.join() {
            Ok(tally) => tally,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.drain(Duration::ZERO);
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The thread that claims and commits.
struct Crew {
    bench: Arc<Bench>,
    claimant: Claimant,
    shared: Arc<Shared>,
    send: Sender<Ended>,
    receive: Receiver<Ended>,
    runtime: tokio::runtime::Runtime,
    /// Attempts that have not come back.
    running: usize,
    /// Results that the store has not taken yet, and since when.
    unsent: Vec<(Unsent, Instant)>,
    /// How long the last commit or claim took.
    took: Duration,
    tally: Tally,
    notices: Notices,
    /// Notices on their way.
    sending: Vec<tokio::task::JoinHandle<()>>,
}

#[derive(Clone)]
struct Unsent {
    held: Held,
    workflow: String,
    how: &'static str,
    error: Option<StepError>,
    commit: Commit,
    /// Whom the workflow tells; boxed, since most tell nobody.
    told: Option<Box<Told>>,
}

impl Crew {
    fn work(mut self, heart: JoinHandle<()>) -> Tally {
        let (mut pause, mut look_at) = (SOON, Instant::now());
        loop {
            let draining = self.shared.draining.load(Ordering::Acquire);
            if draining {
                if self.running == 0 && self.unsent.is_empty() {
                    break;
                }
                let until = self
                    .shared
                    .until
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                if until.is_some_and(|until| until <= Instant::now()) {
                    self.bench.leases.stop_all();
                }
            }
            let free = (self.bench.worker.concurrency)
                .saturating_sub(self.running)
                .min(self.bench.worker.batch.max(GO));
            // Whoever commits looks for more on the way.
            let looks = !draining && free > 0;
            let looks = looks && (!self.unsent.is_empty() || look_at <= Instant::now());
            let mut all = false;
            if looks || !self.unsent.is_empty() {
                let wanted = if looks { free } else { 0 };
                // What a key did not admit yet it may admit once these have given it back.
                let keyed = self.unsent.iter().any(|(one, _)| one.held.permit.is_some());
                let (stored, claimed) = self.turn(wanted);
                all = looks && claimed == free;
                if looks {
                    // What was committed may have made others ready, here or elsewhere.
                    pause = match stored || claimed > 0 {
                        true => SOON,
                        false => (pause * 2).min(self.bench.worker.poll),
                    };
                    look_at = match all || keyed {
                        true => Instant::now(),
                        false => Instant::now() + pause,
                    };
                } else if stored {
                    (pause, look_at) = (SOON, Instant::now());
                }
            }
            let ended = self.ends(false);
            self.say(ended);
            let wait = match (all && free < self.bench.worker.concurrency, draining) {
                (true, _) => Duration::ZERO,
                (false, true) => Duration::from_millis(20),
                (false, false) if free == 0 => self.bench.worker.poll,
                (false, false) => look_at.saturating_duration_since(Instant::now()),
            };
            self.gather(wait);
        }
        let ended = self.ends(true);
        self.say(ended);
        let sending = std::mem::take(&mut self.sending);
        self.runtime.block_on(async {
            let all = async {
                for sent in sending {
                    // One that panicked has nothing more to say.
                    let _ = sent.await;
                }
            };
            let _ = tokio::time::timeout(STUBBORN, all).await;
        });
        self.bench.leases.end();
        // A thread that panicked has nothing more to say.
        let _ = heart.join();
        let _ = self.bench.worker.flows.leave(&self.claimant.id);
        self.runtime.shutdown_background();
        self.tally
    }

    fn tell(&self, happened: &Happened) {
        if let Some(watch) = &self.bench.worker.watch {
            watch(happened);
        }
    }

    fn trouble(&mut self, error: Error) {
        self.tally.errors += 1;
        self.tell(&Happened::Store { error });
    }

    /// Sends notices.
    fn say(&mut self, letters: impl IntoIterator<Item = Letter>) {
        self.sending.retain(|sent| !sent.is_finished());
        for letter in letters {
            let sent = self.runtime.spawn(send(self.bench.worker.clone(), letter));
            self.sending.push(sent);
        }
    }

    /// What is to be told of runs that have ended.
    fn ends(&mut self, last: bool) -> Vec<Letter> {
        let worker = &self.bench.worker;
        let own = !worker.notices.is_empty();
        self.notices.ended(&worker.flows, own, last)
    }

    /// Commits what has ended, claims up to `n` steps and begins them; says whether something was stored and how
    /// many were claimed.
    fn turn(&mut self, n: usize) -> (bool, usize) {
        let batch = std::mem::take(&mut self.unsent);
        let commits: Vec<Commit> = batch.iter().map(|(one, _)| one.commit.clone()).collect();
        let worker = &self.bench.worker;
        let asked = Instant::now();
        let (lease_ms, each) = (worker.lease.as_millis() as u64, worker.batch);
        let turn = |claimant: &Claimant| {
            let flows = &worker.flows;
            flows.turn_by(&commits, claimant, n, lease_ms, each)
        };
        let done = match self.bench.slots.as_ref().filter(|_| n > 0) {
            None => turn(&self.claimant),
            Some(slots) => turn(&Claimant {
                id: self.claimant.id.clone(),
                offers: slots.free(&self.claimant.offers),
            }),
        };
        self.took = asked.elapsed();
        match done {
            Ok(turn) => {
                let stored = !batch.is_empty();
                for ((one, _), answer) in batch.into_iter().zip(turn.committed) {
                    self.settled(one, answer);
                }
                let count = turn.claimed.len();
                for claimed in turn.claimed {
                    self.begin(claimed, asked);
                }
                (stored, count)
            }
            Err(error) if batch.is_empty() => {
                self.trouble(error);
                (false, 0)
            }
            Err(_) => (self.one_by_one(batch), 0),
        }
    }

    fn begin(&mut self, claimed: Claimed, asked: Instant) {
        self.tally.claimed += 1;
        self.tell(&Happened::Claimed {
            run: claimed.held.run.clone(),
            step: claimed.held.step.clone(),
            attempt: claimed.before + 1,
        });
        let cancel = self
            .bench
            .leases
            .keep(&claimed, asked, self.bench.worker.lease);
        let (bench, send) = (Arc::clone(&self.bench), self.send.clone());
        self.running += 1;
        self.runtime.spawn(async move {
            let output = attempt(bench, claimed.clone(), cancel).await;
            // The thread that listens outlives every attempt.
            let _ = send.send(Some((claimed, output)));
        });
    }

    /// Takes in attempts that have ended; waits for the first one. A quarter of the time that the last write took is
    /// given to others to end too, so that they share the next one.
    fn gather(&mut self, wait: Duration) {
        // Its own sender keeps the channel open: an error is a time that is over.
        let mut next = match wait.is_zero() {
            true => self.receive.try_recv().ok(),
            false => self.receive.recv_timeout(wait).ok(),
        };
        let until = Instant::now() + (self.took / LINGER).min(SOON);
        while let Some(ended) = next {
            if let Some((claimed, output)) = ended {
                self.running -= 1;
                self.ended(&claimed, output);
            }
            if self.unsent.len() >= self.bench.worker.batch.max(GO) {
                break;
            }
            let left = until.saturating_duration_since(Instant::now());
            next = match self.running == 0 || left.is_zero() {
                true => self.receive.try_recv().ok(),
                false => self.receive.recv_timeout(left).ok(),
            };
        }
    }

    fn ended(&mut self, claimed: &Claimed, output: Option<Output>) {
        let Some(output) = output else {
            self.tally.fenced += 1;
            self.bench.leases.drop_lease(&claimed.held);
            return;
        };
        let (how, error) = told(&output);
        let unsent = Unsent {
            held: claimed.held.clone(),
            workflow: claimed.workflow.clone(),
            how,
            error,
            commit: Commit::new(claimed, output),
            told: Told::of(claimed).map(Box::new),
        };
        self.unsent.push((unsent, Instant::now()));
    }

    /// Commits each for itself, where one of them may be to blame that all were not stored; says whether
    /// something was stored.
    fn one_by_one(&mut self, batch: Vec<(Unsent, Instant)>) -> bool {
        let mut stored = false;
        for (one, since) in batch {
            let flows = &self.bench.worker.flows;
            match flows.commit(std::slice::from_ref(&one.commit)) {
                Ok(answers) => {
                    stored = true;
                    self.settled(one, answers[0]);
                }
                Err(error) => self.refused(one, since, error),
            }
        }
        stored
    }

    fn settled(&mut self, one: Unsent, answer: Committed) {
        match answer {
            Committed::Stored => self.tally.stored += 1,
            Committed::Already(_) => self.tally.already += 1,
            Committed::Fenced => self.tally.fenced += 1,
        }
        self.bench.leases.drop_lease(&one.held);
        let own = !self.bench.worker.notices.is_empty();
        if (own || one.told.is_some()) && answer != Committed::Fenced {
            let names = (one.held.run.as_str(), one.held.step.as_str());
            let whom = (own, one.told.as_deref());
            let output = one.commit.output();
            let letter = self.notices.committed(names, &one.workflow, output, whom);
            self.say(letter);
        }
        self.tell(&Happened::Ended {
            run: one.held.run,
            step: one.held.step,
            attempt: one.held.token.counter,
            how: one.how,
            error: one.error,
            committed: answer,
        });
    }

    /// The store did not take a commit: nobody knows whether it was made, so it is sent again with the
    /// same token, unless what it holds can never be stored.
    fn refused(&mut self, mut one: Unsent, since: Instant, error: Error) {
        let never = match &error {
            Error::TooLarge { .. } => Some("too-large"),
            Error::Plan { .. } => Some("plan"),
            _ => None,
        };
        if let Some(class) = never {
            let failed = StepError::new(class, error.to_string());
            one.commit = one.commit.instead(Output::Failed(failed.clone()));
            (one.how, one.error) = ("failed", Some(failed));
            self.unsent.push((one, since));
            return;
        }
        self.trouble(error);
        if since.elapsed() > self.bench.worker.lease + STUBBORN {
            // Another has it by now, or will.
            self.tally.fenced += 1;
            self.bench.leases.drop_lease(&one.held);
            return;
        }
        self.unsent.push((one, since));
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn told(output: &Output) -> (&'static str, Option<StepError>) {
    match output {
        Output::Done(_) => ("done", None),
        Output::Skipped => ("skipped", None),
        Output::Failed(error) => ("failed", Some(error.clone())),
        Output::Waits(_) => ("waits", None),
        Output::Awaits { .. } => ("awaits", None),
        Output::Released => ("released", None),
    }
}
