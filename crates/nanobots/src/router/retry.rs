//! How often and how soon the same target is asked again.
//!
//! Exponential backoff with full jitter: before attempt `n + 1` a wait drawn evenly from zero to
//! `min(cap, base * 2^(n-1))` (Brooker, "Exponential Backoff and Jitter",
//! <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>). A provider that says how
//! long to wait is believed, with jitter on top so that not all come back at once. Pure: the chance
//! comes in.

use std::time::Duration;

use botsmith_core::chat::ModelError;

/// How a target is asked again after a failure that may pass
/// ([`ErrorClass::is_transient`](botsmith_core::chat::ErrorClass::is_transient)).
///
/// ```
/// use std::time::Duration;
/// use botsmith_core::chat::{ErrorClass, ModelError};
/// use botsmith_nanobots::router::Retry;
/// let retry = Retry::default();
/// let mut rng = fastrand::Rng::with_seed(7);
/// let busy = ModelError::new(ErrorClass::Server, "demo", "overloaded");
/// assert!(retry.wait(1, &busy, &mut rng).unwrap() <= Duration::from_millis(500));
/// assert_eq!(retry.wait(3, &busy, &mut rng), None);
/// let wrong = ModelError::new(ErrorClass::Auth, "demo", "no key");
/// assert_eq!(retry.wait(1, &wrong, &mut rng), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Attempts at one target in all; 1: none again. 0 counts as 1.
    pub attempts: u32,
    /// The longest first wait.
    pub base: Duration,
    /// The longest wait at all. A provider that asks for a longer one is not asked again.
    pub cap: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
        }
    }
}

impl Retry {
    /// How long to wait before the next attempt, after attempt `made` (from 1) failed with `error`;
    /// `None`: do not ask again.
    pub fn wait(&self, made: u32, error: &ModelError, rng: &mut fastrand::Rng) -> Option<Duration> {
        if made >= self.attempts || !error.class.is_transient() {
            return None;
        }
        let Some(asked) = error.retry_after else {
            let doubled = 2_u32.saturating_pow(made.saturating_sub(1));
            let most = self.base.saturating_mul(doubled).min(self.cap);
            return Some(most.mul_f64(rng.f64()));
        };
        let jitter = self.base.min(self.cap).mul_f64(rng.f64());
        (asked <= self.cap).then(|| asked.saturating_add(jitter))
    }
}

#[cfg(test)]
mod tests {
    use botsmith_core::chat::ErrorClass;

    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_and_are_spread_over_the_whole_range() {
        let retry = Retry {
            attempts: 99,
            base: Duration::from_secs(1),
            cap: Duration::from_secs(10),
        };
        let error = ModelError::new(ErrorClass::Network, "p", "gone");
        let mut rng = fastrand::Rng::with_seed(1);
        for (made, most) in [
            (1, 1.0),
            (2, 2.0),
            (3, 4.0),
            (4, 8.0),
            (5, 10.0),
            (98, 10.0),
        ] {
            let waits: Vec<_> = (0..200)
                .map(|_| retry.wait(made, &error, &mut rng).unwrap().as_secs_f64())
                .collect();
            assert!(waits.iter().all(|wait| (0.0..=most).contains(wait)));
            let mean = waits.iter().sum::<f64>() / 200.0;
            assert!(
                (mean / most - 0.5).abs() < 0.1,
                "attempt {made}: mean {mean}"
            );
        }
    }

    #[test]
    fn what_the_provider_asks_for_is_waited_or_not_at_all() {
        let retry = Retry::default();
        let mut rng = fastrand::Rng::with_seed(1);
        let busy = |secs| {
            let wait = Some(Duration::from_secs(secs));
            ModelError::new(ErrorClass::RateLimit, "p", "busy").retry_after(wait)
        };
        let wait = retry.wait(1, &busy(20), &mut rng).unwrap();
        assert!((20.0..=20.5).contains(&wait.as_secs_f64()), "{wait:?}");
        assert_eq!(retry.wait(1, &busy(31), &mut rng), None);
    }
}
