//! A target that keeps failing rests for a while; then one request tries it, and the others wait for
//! how that goes (a circuit breaker with a half-open state: Nygard, "Release It!", 2007).
//!
//! The time comes in as an argument.

use std::time::Duration;

use tokio::time::Instant;

/// When a target rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cooldown {
    /// Failures in a row after which it rests; 0: never.
    pub failures: u32,
    /// How long it rests.
    pub rest: Duration,
}

impl Default for Cooldown {
    fn default() -> Self {
        Self {
            failures: 5,
            rest: Duration::from_secs(30),
        }
    }
}

/// The state of one target.
#[derive(Clone, Debug, Default)]
pub(super) struct Breaker {
    failed: u32,
    rests_until: Option<Instant>,
    probing: bool,
}

/// Whether a target may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admit {
    /// It may.
    Free,
    /// It may, by this request alone.
    Probe,
    /// It rests for so long; zero while another request tries it.
    Rests(Duration),
}

impl Breaker {
    /// Whether it may be asked at `now`. A probe is over with [`succeeded`](Self::succeeded),
    /// [`failed`](Self::failed) or [`let_go`](Self::let_go).
    pub(super) fn admit(&mut self, now: Instant) -> Admit {
        match self.rests_until {
            None => Admit::Free,
            Some(until) if now < until => Admit::Rests(until - now),
            Some(_) if self.probing => Admit::Rests(Duration::ZERO),
            Some(_) => {
                self.probing = true;
                Admit::Probe
            }
        }
    }

    /// Whether it rests at `now`.
    pub(super) fn rests(&self, now: Instant) -> bool {
        self.rests_until.is_some_and(|until| now < until)
    }

    /// It answered.
    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// It failed at `now`, and perhaps asked to be left alone for a while.
    pub(super) fn failed(&mut self, now: Instant, asked: Option<Duration>, rule: &Cooldown) {
        self.failed = self.failed.saturating_add(1);
        let over = rule.failures > 0 && self.failed >= rule.failures;
        let rest = match (over || self.probing, asked) {
            (true, asked) => asked.unwrap_or_default().max(rule.rest),
            (false, Some(asked)) if rule.failures > 0 => asked,
            _ => return,
        };
        self.probing = false;
        self.rests_until = now.checked_add(rest).max(self.rests_until);
    }

    /// The probe ended without an outcome.
    pub(super) fn let_go(&mut self) {
        self.probing = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Cooldown = Cooldown {
        failures: 2,
        rest: Duration::from_secs(10),
    };

    #[test]
    fn it_rests_after_failures_in_a_row_and_one_probe_decides() {
        let start = Instant::now();
        let at = |secs| start + Duration::from_secs(secs);
        let mut breaker = Breaker::default();
        breaker.failed(at(0), None, &RULE);
        breaker.succeeded();
        breaker.failed(at(0), None, &RULE);
        assert_eq!(breaker.admit(at(0)), Admit::Free);
        breaker.failed(at(1), None, &RULE);
        assert_eq!(breaker.admit(at(2)), Admit::Rests(Duration::from_secs(9)));
        assert_eq!(breaker.admit(at(11)), Admit::Probe);
        assert_eq!(breaker.admit(at(11)), Admit::Rests(Duration::ZERO));
        breaker.failed(at(12), None, &RULE);
        assert_eq!(breaker.admit(at(21)), Admit::Rests(Duration::from_secs(1)));
        assert_eq!(breaker.admit(at(22)), Admit::Probe);
        breaker.let_go();
        assert_eq!(breaker.admit(at(22)), Admit::Probe);
        breaker.succeeded();
        assert_eq!(breaker.admit(at(22)), Admit::Free);
    }

    #[test]
    fn a_wait_that_was_asked_for_is_a_rest() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        breaker.failed(now, Some(Duration::from_secs(60)), &RULE);
        assert_eq!(breaker.admit(now), Admit::Rests(Duration::from_secs(60)));

        let never = Cooldown {
            failures: 0,
            ..RULE
        };
        let mut breaker = Breaker::default();
        for _ in 0..9 {
            breaker.failed(now, Some(Duration::from_secs(60)), &never);
        }
        assert_eq!(breaker.admit(now), Admit::Free);
    }
}
