//! How long a call may take, and how it is stopped.

use std::time::{Duration, Instant};

use super::CancelToken;

/// What goes with every call: until when, and a way to stop it.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// When the answer must be there; `None`: whenever.
    pub deadline: Option<Instant>,
    /// Stops the call from outside.
    pub cancel: CancelToken,
}

impl Call {
    /// A call that must be done within `time`.
    pub fn within(time: Duration) -> Self {
        Self::default().at_most(time)
    }

    /// The same call, to be done within `time` if its own deadline is not sooner.
    #[must_use]
    pub fn at_most(mut self, time: Duration) -> Self {
        let end = Instant::now().checked_add(time);
        self.deadline = match (self.deadline, end) {
            (Some(own), Some(end)) => Some(own.min(end)),
            (own, end) => own.or(end),
        };
        self
    }

    /// The same call, stopped by `cancel`.
    #[must_use]
    pub fn cancelled_by(mut self, cancel: CancelToken) -> Self {
        self.cancel = cancel;
        self
    }

    /// Time left; `None`: no deadline. Zero once it has passed.
    pub fn left(&self) -> Option<Duration> {
        self.deadline
            .map(|end| end.saturating_duration_since(Instant::now()))
    }
}
