//! A call that scores texts: what it computes, and where it waits for that.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::super::error::{EngineError, Result};
use super::super::generate::{before_waiting, called_off};
use super::super::score::Job;
use crate::chat::Call;

/// Log-probabilities, text by text.
type Found = Result<Vec<Vec<f64>>>;

/// Where the result comes to.
#[derive(Debug, Default)]
pub(super) struct Slot {
    found: Mutex<Option<Found>>,
    changed: Condvar,
}

impl Slot {
    fn put(&self, found: Found) {
        let mut place = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Some(found);
        drop(place);
        self.changed.notify_all();
    }

    /// Waits for the result, as long as `call` allows.
    pub(super) fn wait(&self, call: &Call) -> Found {
        let lock = || self.found.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(found) = lock().take() {
                return found;
            }
            if let Some(error) = called_off(call) {
                return Err(error);
            }
            let Some(wait) = before_waiting() else {
                continue;
            };
            let place = lock();
            if place.is_none() {
                drop(self.changed.wait_timeout(place, wait));
            }
        }
    }
}

/// A call under way.
#[derive(Debug)]
pub(super) struct Scoring {
    pub(super) job: Job,
    /// When it came, counted in requests.
    pub(super) ticket: u64,
    /// Whether it waits for memory that others hold.
    pub(super) short: bool,
    pub(super) watch: Watch,
}

/// Who waits for a score.
#[derive(Debug)]
pub(super) struct Watch {
    call: Call,
    slot: Arc<Slot>,
}

impl Watch {
    /// Whether somebody does; who waits looks at the call as well, and needs no word.
    pub(super) fn goes_on(&self) -> bool {
        Arc::strong_count(&self.slot) > 1 && called_off(&self.call).is_none()
    }
}

impl Scoring {
    pub(super) fn new(job: Job, call: Call, slot: Arc<Slot>, ticket: u64) -> Self {
        Self {
            job,
            ticket,
            short: false,
            watch: Watch { call, slot },
        }
    }

    /// Whether somebody still waits for it.
    pub(super) fn goes_on(&self) -> bool {
        self.watch.goes_on()
    }

    /// Hands the result over.
    pub(super) fn finish(self) {
        self.watch.slot.put(self.job.found());
    }

    pub(super) fn fail(&self, error: EngineError) {
        self.watch.slot.put(Err(error));
    }
}
