//! How long work may go on: the deadline and the cancel token of a [`Call`], on tokio's clock.
//!
//! A future in, its output or a [`ModelError`] of class `timeout` or `cancelled` out. The clock is
//! tokio's, so that a test may stop it; the deadline is read off the call once, at the start.

use std::future::Future;
use std::time::Duration;

use botsmith_core::chat::{Call, CancelToken, ErrorClass, ModelError};
use tokio::time::Instant;

/// Until when, and what stops it.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    end: Option<Instant>,
    cancel: CancelToken,
}

impl Bounds {
    /// The bounds of `call`, counted from now.
    pub(crate) fn of(call: &Call) -> Self {
        Self {
            end: call
                .left()
                .and_then(|left| Instant::now().checked_add(left)),
            cancel: call.cancel.clone(),
        }
    }

    /// The same, to end within `time` if not sooner.
    pub(crate) fn at_most(&self, time: Option<Duration>) -> Self {
        let own = time.and_then(|time| Instant::now().checked_add(time));
        Self {
            end: match (self.end, own) {
                (Some(end), Some(own)) => Some(end.min(own)),
                (end, own) => end.or(own),
            },
            cancel: self.cancel.clone(),
        }
    }

    /// Time left; `None`: no end.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.end
            .map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// Whether it is over.
    pub(crate) fn over(&self) -> bool {
        self.cancel.is_cancelled() || self.left().is_some_and(|left| left.is_zero())
    }

    /// Waits for `work`, but not longer than allowed.
    ///
    /// # Errors
    /// Classes `timeout` and `cancelled`, in the name of `provider`.
    pub(crate) async fn run<F: Future>(
        &self,
        provider: &str,
        work: F,
    ) -> Result<F::Output, ModelError> {
        let timer = async {
            match self.end {
                Some(end) => tokio::time::sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(ModelError::new(
                ErrorClass::Cancelled,
                provider,
                "the call was cancelled",
            )),
            output = work => Ok(output),
            () = timer => Err(ModelError::new(
                ErrorClass::Timeout,
                provider,
                "no answer within the time allowed",
            )),
        }
    }

    /// Waits for `time`.
    ///
    /// # Errors
    /// As [`Bounds::run`].
    pub(crate) async fn sleep(&self, provider: &str, time: Duration) -> Result<(), ModelError> {
        match time.is_zero() {
            true => Ok(()),
            false => self.run(provider, tokio::time::sleep(time)).await,
        }
    }
}
