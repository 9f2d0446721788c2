//! Counts what a function uses, and stops it for good once it is over a limit.
//!
//! The first cap that is reached stays the outcome: code that catches its error is stopped at the
//! next instruction again.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use botsmith_core::chat::Call;

use super::{Limits, SandboxError};

/// What one call has used.
#[derive(Debug)]
pub(super) struct Meter {
    used: AtomicU64,
    instructions: u64,
    memory: usize,
    time: Duration,
    end: Option<Instant>,
    call: Call,
    stopped: OnceLock<SandboxError>,
}

/// Raised inside the virtual machine; never shown.
#[derive(Debug, thiserror::Error)]
#[error("stopped")]
pub(super) struct Stopped;

impl Meter {
    pub(super) fn new(limits: &Limits, call: &Call) -> Self {
        let start = Instant::now();
        let left = call.left().unwrap_or(Duration::MAX);
        let time = limits.time.min(left);
        Self {
            used: AtomicU64::new(0),
            instructions: limits.instructions,
            memory: limits.memory,
            time,
            end: start.checked_add(time),
            call: call.clone(),
            stopped: OnceLock::new(),
        }
    }

    /// Notes `steps` more and looks at the clock.
    pub(super) fn charge(&self, steps: u64) -> Result<(), Stopped> {
        // Saturates by hand: a script may charge any number.
        let before = self.used.load(Ordering::Relaxed);
        let used = before.saturating_add(steps);
        self.used.store(used, Ordering::Relaxed);
        if self.stopped.get().is_none() {
            if used > self.instructions {
                self.stop(SandboxError::Instructions(self.instructions));
            } else if self.end.is_some_and(|end| Instant::now() >= end) {
                self.stop(SandboxError::Time(self.time));
            } else if self.call.cancel.is_cancelled() {
                self.stop(SandboxError::Cancelled);
            }
        }
        self.check()
    }

    /// Fails once anything has stopped the call.
    pub(super) fn check(&self) -> Result<(), Stopped> {
        self.stopped.get().map_or(Ok(()), |_| Err(Stopped))
    }

    /// Notes that memory ran out.
    pub(super) fn out_of_memory(&self) {
        self.stop(SandboxError::Memory(self.memory));
    }

    /// Stops the call; the first reason stays.
    pub(super) fn stop(&self, why: SandboxError) {
        let _ = self.stopped.set(why);
    }

    /// Why the call was stopped.
    pub(super) fn stopped(&self) -> Option<SandboxError> {
        self.stopped.get().cloned()
    }
}
