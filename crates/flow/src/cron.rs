//! A cron pattern in a time zone -> when it is due next; and what is done about times that were missed.
//!
//! Patterns are those of Vixie cron, five fields or six with seconds first, names of months and days, `L`, `#`
//! and `W`, and `@daily` and its like (crate `croner`). Zones are those of the IANA database. A time that a
//! clock set forward leaves out is due at the next there is; one that comes twice is due once where the hour is named.

use std::fmt;
use std::str::FromStr;

use croner::parser::CronParser;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A pattern and the zone that it is read in.
///
/// ```
/// use botsmith_flow::Cron;
///
/// let nightly = Cron::new("30 2 * * *", "Europe/Berlin")?;
/// // From noon of 2026-03-28, in UTC: 2:30 does not exist on the 29th, when clocks are set to summer time.
/// let noon = 1_774_699_200_000;
/// assert_eq!(nightly.next_after(noon), Some(noon + 13 * 3_600_000));
/// assert!(Cron::new("30 2 * *", "UTC").is_err() && Cron::new("@daily", "Europe/Berln").is_err());
/// # Ok::<(), botsmith_flow::Error>(())
/// ```
#[derive(Clone)]
pub struct Cron {
    parsed: croner::Cron,
    zone: TimeZone,
}

impl fmt::Debug for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = self.zone.iana_name().unwrap_or("UTC");
        write!(f, "Cron({:?} in {zone})", self.parsed.as_str())
    }
}

impl Cron {
    /// Reads a pattern and finds a zone, such as `Europe/Berlin`.
    ///
    /// # Errors
    /// [`Error::Schedule`] for a pattern that does not read, or that is never due, and a zone that is none.
    pub fn new(pattern: &str, zone: &str) -> Result<Self> {
        let shown = botsmith_core::hint::shown(pattern);
        let parser = CronParser::builder().build();
        let parsed = parser.parse(pattern).map_err(|error| Error::Schedule {
            reason: format!(
                "the pattern `{shown}` does not read: {error}; five fields are wanted, minute hour day month \
                 weekday, like `30 2 * * MON-FRI`"
            ),
        })?;
        let zone = TimeZone::get(zone).map_err(|_| Error::Schedule {
            reason: format!(
                "no time zone `{}`; a name like `Europe/Berlin` or `UTC` is wanted",
                botsmith_core::hint::shown(zone)
            ),
        })?;
        let cron = Self { parsed, zone };
        match cron.next_after(0) {
            Some(_) => Ok(cron),
            None => Err(Error::Schedule {
                reason: format!("the pattern `{shown}` is never due"),
            }),
        }
    }

    /// The pattern in words.
    pub fn describe(&self) -> String {
        self.parsed.describe()
    }

    /// When it is due next, later than `ms`; milliseconds since 1970-01-01T00:00Z.
    pub fn next_after(&self, ms: u64) -> Option<u64> {
        let from = Timestamp::from_millisecond(i64::try_from(ms).ok()?).ok()?;
        let from = Zoned::new(from, self.zone.clone());
        let next = self.parsed.find_next_occurrence(&from, false).ok()?;
        u64::try_from(next.timestamp().as_millisecond()).ok()
    }
}

/// What is done about times that passed while no worker was there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Misfire {
    /// Nothing: the next time counts.
    Skip,
    /// One run for all of them, unless the next time has come too.
    #[default]
    One,
    /// A run for each of them, at most 100.
    All,
}

/// How late a run may start and still be on time, in milliseconds.
const GRACE_MS: u64 = 60_000;
/// The most runs that are started at once for times that were missed.
const MOST: usize = 100;

impl Misfire {
    /// Its words.
    pub const WORDS: [(&'static str, Self); 3] =
        [("skip", Self::Skip), ("one", Self::One), ("all", Self::All)];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::One => "one",
            Self::All => "all",
        }
    }

    /// Which of the times that have come are to have a run at `now_ms`.
    pub(crate) fn choose(self, times: &[u64], now_ms: u64) -> Vec<u64> {
        let on_time = |time: &&u64| now_ms.saturating_sub(**time) <= GRACE_MS;
        let mut chosen: Vec<u64> = match self {
            Self::All => times.to_vec(),
            Self::Skip => times.iter().filter(on_time).copied().collect(),
            Self::One => {
                let timely: Vec<_> = times.iter().filter(on_time).copied().collect();
                match timely.is_empty() {
                    true => times.last().copied().into_iter().collect(),
                    false => timely,
                }
            }
        };
        let surplus = chosen.len().saturating_sub(MOST);
        chosen.drain(..surplus);
        chosen
    }
}

impl FromStr for Misfire {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::WORDS.iter().find(|(word, _)| *word == text);
        found
            .map(|(_, policy)| *policy)
            .ok_or_else(|| "`skip`, `one` or `all` is wanted".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> u64 {
        let time: Timestamp = text.parse().unwrap();
        time.as_millisecond().unsigned_abs()
    }

    #[test]
    fn the_next_time_goes_by_the_clock_of_the_zone() {
        for (pattern, zone, from, next) in [
            (
                "0 3 * * *",
                "UTC",
                "2026-11-26T02:00:00Z",
                "2026-11-26T03:00:00Z",
            ),
            (
                "0 3 * * *",
                "UTC",
                "2026-11-26T03:00:00Z",
                "2026-11-27T03:00:00Z",
            ),
            (
                "0 3 * * *",
                "Asia/Kolkata",
                "2026-11-26T00:00:00Z",
                "2026-11-26T21:30:00Z",
            ),
            (
                "0 9 * * MON-FRI",
                "America/New_York",
                "2026-11-27T15:00:00Z",
                "2026-11-30T14:00:00Z",
            ),
            // The hour that comes twice: 1:30 is due the first time only.
            (
                "30 1 * * *",
                "America/New_York",
                "2026-11-01T05:30:00Z",
                "2026-11-02T06:30:00Z",
            ),
            (
                "@hourly",
                "UTC",
                "2026-11-26T00:10:00Z",
                "2026-11-26T01:00:00Z",
            ),
            (
                "*/10 * * * * *",
                "UTC",
                "2026-11-26T00:00:05Z",
                "2026-11-26T00:00:10Z",
            ),
            (
                "0 0 29 2 *",
                "UTC",
                "2026-01-01T00:00:00Z",
                "2028-02-29T00:00:00Z",
            ),
        ] {
            let cron = Cron::new(pattern, zone).unwrap();
            assert_eq!(
                cron.next_after(at(from)),
                Some(at(next)),
                "{pattern} {zone} {from}"
            );
        }
    }

    #[test]
    fn a_pattern_or_zone_that_is_none_says_what_is_wanted() {
        for (pattern, zone, wanted) in [
            ("every day", "UTC", "five fields are wanted"),
            ("61 * * * *", "UTC", "five fields are wanted"),
            ("0 0 30 2 *", "UTC", "never due"),
            ("@daily", "Mars/Olympus", "no time zone `Mars/Olympus`"),
        ] {
            let error = Cron::new(pattern, zone).unwrap_err();
            assert_eq!(error.code(), "BS-FLOW-030");
            assert!(error.to_string().contains(wanted), "{error}");
        }
    }

    #[test]
    fn missed_times_are_skipped_made_one_or_all_run() {
        let now = 1_000_000_000;
        let (late, later, timely) = (now - 7_200_000, now - 3_600_000, now - 1000);
        for (policy, times, wanted) in [
            (Misfire::Skip, vec![late, later], vec![]),
            (Misfire::Skip, vec![late, timely], vec![timely]),
            (Misfire::One, vec![late, later], vec![later]),
            (Misfire::One, vec![late, timely], vec![timely]),
            (
                Misfire::All,
                vec![late, later, timely],
                vec![late, later, timely],
            ),
        ] {
            assert_eq!(policy.choose(&times, now), wanted, "{policy:?} {times:?}");
        }
        assert_eq!(Misfire::All.choose(&vec![late; 500], now).len(), MOST);
    }
}
