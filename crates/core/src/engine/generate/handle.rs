//! The two ends of an answer under way: where pieces are put, and where they are taken.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_core::Stream;

use super::super::error::{EngineError, Result};
use super::GenerateEvent;
use crate::chat::Call;

#[derive(Debug, Default)]
struct State {
    events: VecDeque<Result<GenerateEvent>>,
    ended: bool,
    waker: Option<Waker>,
}

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    changed: Condvar,
}

impl Outbox {
    pub(crate) fn put(&self, event: Result<GenerateEvent>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.ended {
            return;
        }
        state.ended = matches!(event, Err(_) | Ok(GenerateEvent::Done { .. }));
        state.events.push_back(event);
        let waker = state.waker.take();
        drop(state);
        self.changed.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// An answer under way: a stream of [`GenerateEvent`]s, or a blocking iterator over them. Dropping it
/// stops the work within one step.
#[derive(Debug)]
pub struct Generation {
    outbox: Arc<Outbox>,
    call: Call,
    over: bool,
}

/// How often a blocked reader looks at deadline and cancel token.
const LOOK: Duration = Duration::from_millis(20);
/// How often a reader does that is a thread of the pool which the engine computes with.
const HELP: Duration = Duration::from_millis(1);

/// Before a wait for what the engine computes: how long that wait may be, if it is to be at all.
///
/// A thread of the pool takes a piece of work instead: if all of them waited, nobody would compute.
pub(crate) fn before_waiting() -> Option<Duration> {
    match rayon::yield_now() {
        None => Some(LOOK),
        Some(rayon::Yield::Idle) => Some(HELP),
        Some(rayon::Yield::Executed) => None,
    }
}

impl Generation {
    pub(crate) fn new(outbox: Arc<Outbox>, call: Call) -> Self {
        Self {
            outbox,
            call,
            over: false,
        }
    }

    /// Whether cancel token or deadline say that it is over.
    fn called_off(&self) -> Option<EngineError> {
        called_off(&self.call)
    }
}

/// What ends a call from outside, if anything does.
pub(crate) fn called_off(call: &Call) -> Option<EngineError> {
    if call.cancel.is_cancelled() {
        return Some(EngineError::Cancelled);
    }
    let late = call.deadline.is_some_and(|end| Instant::now() >= end);
    late.then_some(EngineError::Deadline)
}

impl Iterator for Generation {
    type Item = Result<GenerateEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        loop {
            let mut state = self
                .outbox
                .state
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if let Some(event) = state.events.pop_front() {
                self.over = matches!(event, Err(_) | Ok(GenerateEvent::Done { .. }));
                return Some(event);
            }
            drop(state);
            if let Some(error) = self.called_off() {
                self.over = true;
                return Some(Err(error));
            }
            let Some(wait) = before_waiting() else {
                continue;
            };
            let state = self
                .outbox
                .state
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if state.events.is_empty() {
                drop(self.outbox.changed.wait_timeout(state, wait));
            }
        }
    }
}

impl Stream for Generation {
    type Item = Result<GenerateEvent>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        let mut state = self
            .outbox
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let event = state.events.pop_front();
        if event.is_none() {
            // The worker looks at token and deadline with every step, and puts the end.
            state.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        drop(state);
        self.over = matches!(event, Some(Err(_) | Ok(GenerateEvent::Done { .. })));
        Poll::Ready(event)
    }
}
