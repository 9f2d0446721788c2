//! How many requests run at once, and how many begin in a minute.
//!
//! A [`Limiter`] hands out permits, first come first served. The rate is a token bucket: after a quiet
//! time some requests (a second's worth, at least one) may begin at once, then they are spread evenly.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use botsmith_core::chat::{Call, ErrorClass, ModelError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::provider::bounds::Bounds;

/// Bounds on the use of one target; `None`: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Requests at the same time, at least 1.
    pub concurrent: Option<usize>,
    /// Requests that begin in a minute, at least 1.
    pub per_minute: Option<u32>,
}

/// Keeps to [`Limits`]; share one among all who use the same target.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// use botsmith_core::chat::Call;
/// use botsmith_nanobots::router::{Limiter, Limits};
/// let limiter = Limiter::new(Limits { concurrent: Some(1), per_minute: Some(600) });
/// let permit = limiter.acquire("demo", &Call::default()).await.unwrap();
/// drop(permit); // the next one may begin
/// # });
/// ```
#[derive(Debug)]
pub struct Limiter {
    limits: Limits,
    running: Option<Arc<Semaphore>>,
    bucket: Option<Mutex<Bucket>>,
}

/// Leave to run one request; given back when dropped.
#[derive(Debug)]
#[must_use = "the place is given back when this is dropped"]
pub struct Permit {
    _running: Option<OwnedSemaphorePermit>,
}

impl Limiter {
    /// Keeps to `limits`; zeros count as one.
    pub fn new(limits: Limits) -> Self {
        let concurrent = limits
            .concurrent
            .map(|n| n.clamp(1, Semaphore::MAX_PERMITS));
        Self {
            limits,
            running: concurrent.map(|n| Arc::new(Semaphore::new(n))),
            bucket: limits.per_minute.map(|n| Mutex::new(Bucket::new(n))),
        }
    }

    /// The limits.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Waits until another request to `provider` may begin.
    ///
    /// # Errors
    /// Classes `timeout` (at once where the rate lets none begin before the deadline) and `cancelled`.
    pub async fn acquire(&self, provider: &str, call: &Call) -> Result<Permit, ModelError> {
        self.acquire_within(provider, &Bounds::of(call)).await
    }

    pub(super) async fn acquire_within(
        &self,
        provider: &str,
        bounds: &Bounds,
    ) -> Result<Permit, ModelError> {
        let running = match &self.running {
            None => None,
            Some(running) => {
                let permit = bounds.run(provider, Arc::clone(running).acquire_owned());
                Some(permit.await?.expect("the semaphore is never closed"))
            }
        };
        let wait = match &self.bucket {
            None => Duration::ZERO,
            Some(bucket) => {
                let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
                let wait = bucket.wait(Instant::now());
                if bounds
                    .left()
                    .is_some_and(|left| wait >= left && !wait.is_zero())
                {
                    let message = "its rate limit lets no request begin before the deadline";
                    return Err(ModelError::new(ErrorClass::Timeout, provider, message));
                }
                bucket.take();
                wait
            }
        };
        bounds.sleep(provider, wait).await?;
        Ok(Permit { _running: running })
    }
}

/// A token bucket in the form of a schedule (the "generic cell rate algorithm", ITU-T I.371): when
/// the next request would begin if all were spread evenly.
#[derive(Clone, Debug)]
struct Bucket {
    /// Time from one to the next.
    gap: Duration,
    /// How far ahead of the even schedule one may begin.
    slack: Duration,
    next: Option<Instant>,
}

impl Bucket {
    fn new(per_minute: u32) -> Self {
        let per_minute = per_minute.max(1);
        let gap = Duration::from_secs(60) / per_minute;
        Self {
            gap,
            slack: gap.saturating_mul((per_minute / 60).saturating_sub(1)),
            next: None,
        }
    }

    /// How long the next one has to wait at `now`.
    fn wait(&mut self, now: Instant) -> Duration {
        let next = self.next.map_or(now, |next| next.max(now));
        self.next = Some(next);
        next.saturating_duration_since(now)
            .saturating_sub(self.slack)
    }

    /// Counts one, after [`wait`](Self::wait).
    fn take(&mut self) {
        self.next = self.next.and_then(|next| next.checked_add(self.gap));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_begin_at_the_rate_and_no_sooner() {
        for (per_minute, requests, seconds) in [(60, 10, 9.0), (120, 21, 9.5), (6, 3, 20.0)] {
            let limits = Limits {
                per_minute: Some(per_minute),
                ..Limits::default()
            };
            let limiter = Limiter::new(limits);
            let start = Instant::now();
            for _ in 0..requests {
                let _permit = limiter.acquire("p", &Call::default()).await.unwrap();
            }
            let took = start.elapsed().as_secs_f64();
            assert!((took - seconds).abs() < 0.05, "{per_minute}: {took}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_run_at_once_than_allowed_and_the_deadline_holds() {
        let limiter = Limiter::new(Limits {
            concurrent: Some(2),
            per_minute: Some(60),
        });
        let first = limiter.acquire("p", &Call::default()).await.unwrap();
        let _second = limiter.acquire("p", &Call::default()).await.unwrap();
        let start = Instant::now();
        let call = Call::within(Duration::from_secs(5));
        let error = limiter.acquire("p", &call).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Timeout);
        assert!(start.elapsed() <= Duration::from_secs(5));
        drop(first);
        assert!(limiter.acquire("p", &Call::default()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_that_cannot_be_met_in_time_fails_at_once_and_counts_nothing() {
        let limiter = Limiter::new(Limits {
            per_minute: Some(1),
            ..Limits::default()
        });
        drop(limiter.acquire("p", &Call::default()).await.unwrap());
        let start = Instant::now();
        for _ in 0..5 {
            let call = Call::within(Duration::from_secs(30));
            assert!(limiter.acquire("p", &call).await.is_err());
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        drop(limiter.acquire("p", &Call::default()).await.unwrap());
        assert_eq!(start.elapsed(), Duration::from_secs(60));
    }
}
