//! The time of day, as an argument.

use std::fmt::Debug;
use std::time::SystemTime;

/// Tells the time; history is stamped with it.
pub trait Clock: Send + Sync + Debug {
    /// Now.
    fn now(&self) -> SystemTime;
}

/// This machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// A time that stands still: for tests and for runs that must give the same bytes again.
impl Clock for SystemTime {
    fn now(&self) -> SystemTime {
        *self
    }
}
