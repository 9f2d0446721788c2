//! How fast a bot is asked: so many at once, so many a minute, so long an answer.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use botsmith_core::yaml::{Cursor, Fields};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

use crate::Result;

/// Questions at once where nothing else is said.
const CONCURRENCY: usize = 4;
/// Time for an answer where nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(120);

/// So many questions in some time, like `60/m`. They are spread evenly.
///
/// ```
/// use botsmith_eval::ask::Rate;
/// let rate = Rate::new("90/m").unwrap();
/// assert_eq!(rate.every().as_millis(), 666);
/// assert!(Rate::new("fast").is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    count: u32,
    per: Duration,
}

impl Rate {
    /// Reads `N/s`, `N/m` or `N/h`; `None` if it is none of these or N is 0.
    pub fn new(text: &str) -> Option<Self> {
        let (count, unit) = text.split_once('/')?;
        let seconds = match unit.trim() {
            "s" => 1,
            "m" | "min" => 60,
            "h" => 3600,
            _ => return None,
        };
        let count = count.trim().parse().ok().filter(|count| *count > 0)?;
        Some(Self {
            count,
            per: Duration::from_secs(seconds),
        })
    }

    /// Time between two questions.
    pub fn every(self) -> Duration {
        self.per / self.count
    }
}

/// How fast to ask. What is `None` is left to the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pace {
    /// Questions at once, 4 by default.
    pub concurrency: Option<NonZeroUsize>,
    /// Questions in some time; no limit by default.
    pub rate: Option<Rate>,
    /// Time for an answer, all its turns together; two minutes by default.
    pub timeout: Option<Duration>,
}

impl Pace {
    /// Reads `concurrency`, `rate` and `timeout`.
    ///
    /// # Errors
    /// At the place of a value that is none.
    pub fn read(fields: &Fields<'_>) -> Result<Self> {
        let timeout = fields.get("timeout");
        Ok(Self {
            concurrency: fields
                .get("concurrency")
                .map(|at| {
                    NonZeroUsize::new(at.count()?).ok_or_else(|| at.error("must be 1 or more"))
                })
                .transpose()?,
            rate: fields.get("rate").map(|at| rate(&at)).transpose()?,
            timeout: timeout
                .map(|at| match at.duration()? {
                    Duration::ZERO => Err(at.error("must be more than nothing")),
                    timeout => Ok(timeout),
                })
                .transpose()?,
        })
    }

    /// Questions at once.
    pub fn concurrency(&self) -> usize {
        self.concurrency.map_or(CONCURRENCY, NonZeroUsize::get)
    }

    /// Time for an answer.
    pub fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(TIMEOUT)
    }
}

fn rate(at: &Cursor<'_>) -> Result<Rate> {
    let text = at.text()?;
    Rate::new(text).ok_or_else(|| {
        at.diagnostic(format!("`{text}` is no rate"))
            .hint("write `60/m`: a number from 1, and `s`, `m` or `h`")
            .into()
    })
}

/// Holds questions back to a [`Pace`].
pub struct Limiter {
    permits: Semaphore,
    every: Option<Duration>,
    next: Mutex<Option<Instant>>,
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter")
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}

impl Limiter {
    /// A limiter of this pace.
    pub fn new(pace: &Pace) -> Self {
        Self {
            permits: Semaphore::new(pace.concurrency().min(Semaphore::MAX_PERMITS)),
            every: pace.rate.map(Rate::every),
            next: Mutex::new(None),
        }
    }

    /// Waits until one more question may be asked; the place is free again once the permit is
    /// dropped.
    pub async fn enter(&self) -> SemaphorePermit<'_> {
        let permit = self.permits.acquire().await.expect("it is never closed");
        if let Some(at) = self.slot() {
            sleep_until(at).await;
        }
        permit
    }

    fn slot(&self) -> Option<Instant> {
        let every = self.every?;
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let at = next.map_or(now, |next| next.max(now));
        *next = Some(at + every);
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn questions_are_spread_over_the_time_of_a_rate() {
        let pace = Pace {
            rate: Rate::new("120/m"),
            ..Pace::default()
        };
        let (limiter, start) = (Limiter::new(&pace), Instant::now());
        for n in 0..5 {
            drop(limiter.enter().await);
            assert_eq!(start.elapsed(), Duration::from_millis(500) * n);
        }
        // A pause is not made up for in one go.
        tokio::time::sleep(Duration::from_secs(10)).await;
        let later = Instant::now();
        drop(limiter.enter().await);
        drop(limiter.enter().await);
        assert_eq!(later.elapsed(), Duration::from_millis(500));
    }

    #[test]
    fn rates_are_numbers_over_a_unit() {
        for wrong in ["", "5", "0/s", "-1/s", "1/d", "x/s", "1.5/s"] {
            assert_eq!(Rate::new(wrong), None, "{wrong}");
        }
        assert_eq!(
            Rate::new("2/s").unwrap().every(),
            Duration::from_millis(500)
        );
    }
}
