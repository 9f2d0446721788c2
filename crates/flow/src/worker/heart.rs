//! The leases of a worker, and the thread that renews them. It calls nothing but the store, so that no
//! step, whatever it does to the runtime, can stop it.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use botsmith_core::chat::CancelToken;

use crate::{Beat, Claimed, FlowStore, Held, WorkerState};

/// Why an attempt was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The run was cancelled, or its time is over.
    Cancelled,
    /// The lease is another's.
    Lost,
    /// The worker leaves.
    Leaving,
}

struct Lease {
    held: Held,
    cancel: CancelToken,
    stop: Option<Stop>,
    /// Until then nobody else can have it.
    good_until: Instant,
}

/// The leases of a worker, by the random part of their tokens.
#[derive(Default)]
pub(super) struct Leases {
    all: Mutex<HashMap<String, Lease>>,
    over: Mutex<bool>,
    wake: Condvar,
}

impl Leases {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Lease>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a lease that was claimed at `claimed`; gives what will stop the attempt.
    pub(super) fn keep(&self, one: &Claimed, claimed: Instant, length: Duration) -> CancelToken {
        let cancel = CancelToken::new();
        let lease = Lease {
            held: one.held.clone(),
            cancel: cancel.clone(),
            stop: None,
            good_until: claimed + length,
        };
        self.all().insert(one.held.token.nonce.clone(), lease);
        cancel
    }

    pub(super) fn drop_lease(&self, held: &Held) {
        self.all().remove(&held.token.nonce);
    }

    /// Why an attempt was stopped; `None` while it goes on.
    pub(super) fn stopped(&self, held: &Held) -> Option<Stop> {
        self.all()
            .get(&held.token.nonce)
            .and_then(|lease| lease.stop)
    }

    pub(super) fn count(&self) -> usize {
        self.all().len()
    }

    /// Stops all that still run: the worker leaves.
    pub(super) fn stop_all(&self) {
        for lease in self.all().values_mut() {
            lease.stop.get_or_insert(Stop::Leaving);
            lease.cancel.cancel();
        }
    }

    /// Ends the thread that beats.
    pub(super) fn end(&self) {
        *self.over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.wake.notify_all();
    }

    /// Beats until [`end`](Self::end); `state` says how the worker stands.
    pub(super) fn beat(&self, flows: &FlowStore, lease: Duration, state: &dyn Fn() -> WorkerState) {
        let every = lease / 3;
        loop {
            let began = Instant::now();
            // For people only: that it fails stops nothing.
            let _ = flows.announce(&state());
            self.renew(flows, lease);
            let over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
            let left = every.saturating_sub(began.elapsed());
            let over = self
                .wake
                .wait_timeout_while(over, left, |over| !*over)
                .unwrap_or_else(PoisonError::into_inner);
            if *over.0 {
                return;
            }
        }
    }

    fn renew(&self, flows: &FlowStore, lease: Duration) {
        let held: Vec<Held> = self
            .all()
            .values()
            .map(|lease| lease.held.clone())
            .collect();
        if held.is_empty() {
            return;
        }
        let asked = Instant::now();
        let beats = flows.heartbeat(&held, lease.as_millis() as u64);
        let mut all = self.all();
        let Ok(beats) = beats else {
            // The store is away: an attempt goes on as long as nobody else can have begun another.
            let now = Instant::now();
            for lease in all.values_mut().filter(|lease| lease.good_until <= now) {
                lease.end(Stop::Lost);
            }
            return;
        };
        for (held, beat) in held.iter().zip(beats) {
            let Some(kept) = all.get_mut(&held.token.nonce) else {
                continue;
            };
            match beat {
                Beat::Held(_) => kept.good_until = asked + lease,
                Beat::Cancelled => kept.end(Stop::Cancelled),
                Beat::Fenced => kept.end(Stop::Lost),
            }
        }
    }
}

impl Lease {
    fn end(&mut self, stop: Stop) {
        self.stop.get_or_insert(stop);
        self.cancel.cancel();
    }
}
