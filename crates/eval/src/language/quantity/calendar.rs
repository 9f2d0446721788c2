//! Dates and times of day in English text.
//!
//! Read are `2024-03-03` (with a time), `3 March 2024`, `March 3rd, 2024`, `March 2024`, `3/4/2024`
//! (day and month in either order), names of months and weekdays; `5:30 p.m.`, `17:30`, `5pm`, `noon`.
//! `May`, `March` and short names alone are months only where a preposition is before them.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{Date, Quantity, Time, Value};
use crate::language::border;
use crate::language::markup::pattern;

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

macro_rules! month {
    () => {
        r"(?P<month>Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
    };
}
macro_rules! day {
    () => {
        r"(?P<day>[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?\b"
    };
}
macro_rules! year {
    () => {
        r"(?P<year>1[0-9]\d\d|20\d\d|21\d\d)\b"
    };
}

static ISO: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})(?:[T ](?P<hour>\d{2}):(?P<minute>\d{2})(?::\d{2}(?:\.\d+)?)?Z?)?\b",
    )
});
static SLASHED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?P<day>\d{1,2})(?:/|\.|-)(?P<month>\d{1,2})(?:/|\.|-)(?P<year>\d{4}|\d{2})\b")
});
static MONTH_DAY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)\b",
        month!(),
        r"\s+(?:the\s+)?",
        day!(),
        r"(?:\s*,?\s+",
        year!(),
        ")?"
    ))
});
static DAY_MONTH: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)\b",
        day!(),
        r"\s+(?:of\s+)?",
        month!(),
        r"(?:,?\s+",
        year!(),
        ")?"
    ))
});
static MONTH_YEAR: LazyLock<Regex> =
    LazyLock::new(|| pattern(concat!(r"(?i)\b", month!(), r",?\s+(?:of\s+)?", year!())));
static MONTH: LazyLock<Regex> = LazyLock::new(|| pattern(concat!(r"\b", month!())));
static WEEKDAY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?i:(?P<weekday>mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)days?)\b|\b(?P<short>Mon|Tue|Thu|Fri)\b",
    )
});
static CLOCK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?P<hour>[01]?\d|2[0-3])[:.h](?P<minute>[0-5]\d)(?::[0-5]\d)?(?:\s*(?P<half>[ap])\.?\s?m\b\.?)?",
    )
});
static HOUR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)\b(?P<hour>1[0-2]|0?[1-9])\s*(?:(?P<half>[ap])\.?\s?m\b\.?|o['’]clock\b)")
});
static NAMED: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\b(?:noon|midday|midnight)\b"));
/// What stands before a month that is also a word.
static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:in|on|since|until|till|from|to|by|before|after|during|of|early|late|mid|last|next|this|every|each|through|between|and|or)[\s-]+(?:the\s+)?$|[–-]\s*$|,\s*$",
    )
});

/// Dates and times of a text, in no order; no two overlap.
pub(super) fn calendar(text: &str) -> Vec<Quantity> {
    let mut found = Found {
        text,
        taken: Vec::new(),
        list: Vec::new(),
    };
    found.all(&ISO, |groups, _| {
        let date = date(groups)?;
        Some((Value::Date(date), iso_time(groups)))
    });
    for dates in [&MONTH_DAY, &DAY_MONTH, &MONTH_YEAR] {
        found.all(dates, |groups, _| Some((Value::Date(date(groups)?), None)));
    }
    found.all(&SLASHED, |groups, _| {
        let mut date = date(groups)?;
        let month = groups["month"].parse::<u8>().ok()?;
        date.month = Some(month);
        if month > 12 {
            date = date.turned();
        }
        date.unordered = date.day.is_some_and(|day| day <= 12);
        if groups["year"].len() == 2 {
            // `1.2.24` is as likely a version.
            let slashes = groups[0].contains('/');
            date.year = slashes.then(|| date.year.map(|year| year + 2000))?;
        }
        date.month
            .is_some_and(|month| (1..=12).contains(&month))
            .then_some((Value::Date(date), None))
    });
    found.all(&CLOCK, |groups, span| clock(text, groups, &span));
    found.all(&HOUR, |groups, _| {
        let hour: u16 = groups["hour"].parse().ok()?;
        let half = groups.name("half").map(|half| half.as_str());
        Some((Value::Time(time(hour, 0, half)), None))
    });
    found.all(&NAMED, |groups, _| {
        let midnight = groups[0].eq_ignore_ascii_case("midnight");
        let minutes = if midnight { 0 } else { 720 };
        Some((
            Value::Time(Time {
                minutes,
                exact: true,
            }),
            None,
        ))
    });
    found.all(&MONTH, |groups, span| {
        let name = &groups["month"];
        // Words of their own, and names cut short.
        let doubtful = matches!(name, "May" | "March")
            || (name.len() <= 4 && !matches!(name, "June" | "July"));
        (!doubtful || BEFORE.is_match(before(text, span.start)))
            .then(|| Some((Value::Date(date(groups)?), None)))?
    });
    found.all(&WEEKDAY, |groups, _| {
        let name = groups.name("weekday").or(groups.name("short"))?;
        let short = name.as_str().get(..3)?.to_ascii_lowercase();
        let place = DAYS.iter().position(|day| *day == short)?;
        let date = Date {
            weekday: Some(place as u8 + 1),
            ..Date::default()
        };
        Some((Value::Date(date), None))
    });
    join_weekdays(text, &mut found.list);
    found.list
}

/// What was found so far.
struct Found<'t> {
    text: &'t str,
    taken: Vec<Range<usize>>,
    list: Vec<Quantity>,
}

impl Found<'_> {
    fn all(
        &mut self,
        pattern: &Regex,
        read: impl Fn(&Captures<'_>, Range<usize>) -> Option<(Value, Option<Value>)>,
    ) {
        let mut new = Vec::new();
        for groups in pattern.captures_iter(self.text) {
            let mut span = groups.get(0).map_or(0..0, |all| all.range());
            let next = self.taken.partition_point(|taken| taken.end <= span.start);
            if self
                .taken
                .get(next)
                .is_some_and(|taken| taken.start < span.end)
            {
                continue;
            }
            let Some((value, second)) = read(&groups, span.clone()) else {
                continue;
            };
            // The full stop of an abbreviation is its own; that of a sentence is not.
            let whole = &self.text[span.clone()];
            if whole.ends_with('.') && !abbreviated(whole) {
                span.end -= 1;
            }
            for value in std::iter::once(value).chain(second) {
                self.list.push(Quantity {
                    span: span.clone(),
                    value,
                    weak: false,
                });
            }
            new.push(span);
        }
        self.taken.extend(new);
        self.taken.sort_by_key(|span| span.start);
    }
}

/// The last bytes before `end`, enough for a preposition.
fn before(text: &str, end: usize) -> &str {
    &text[border(text, end.saturating_sub(32))..end]
}

fn abbreviated(text: &str) -> bool {
    let before = text[..text.len() - 1].to_ascii_lowercase();
    before
        .strip_suffix('m')
        .is_some_and(|front| front.ends_with('.'))
        || (before.len() >= 3
            && MONTHS.iter().any(|month| before.ends_with(month))
            && !before.ends_with("may"))
}

fn date(groups: &Captures<'_>) -> Option<Date> {
    let part = |name: &str| groups.name(name).map(|part| part.as_str());
    let month = part("month").and_then(|name| {
        if let Ok(month) = name.parse() {
            return Some(month);
        }
        let short = name.get(..3)?.to_ascii_lowercase();
        let place = MONTHS.iter().position(|month| *month == short)?;
        Some(place as u8 + 1)
    });
    let date = Date {
        year: part("year").and_then(|year| year.parse().ok()),
        month,
        day: part("day").and_then(|day| day.parse().ok()),
        ..Date::default()
    };
    let sound = date.day.is_none_or(|day| (1..=31).contains(&day));
    sound.then_some(date)
}

fn iso_time(groups: &Captures<'_>) -> Option<Value> {
    let hour: u16 = groups.name("hour")?.as_str().parse().ok()?;
    let minute: u16 = groups.name("minute")?.as_str().parse().ok()?;
    let exact = true;
    (hour < 24 && minute < 60).then_some(Value::Time(Time {
        minutes: hour * 60 + minute,
        exact,
    }))
}

/// `5:30`; with a full stop or an `h` between only where the half of the day is named (`5.30 p.m.`).
fn clock(text: &str, groups: &Captures<'_>, span: &Range<usize>) -> Option<(Value, Option<Value>)> {
    let half = groups.name("half").map(|half| half.as_str());
    let hour_end = groups.name("hour")?.end();
    let colon = text[hour_end..].starts_with(':');
    let glued =
        |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || matches!(c, ':' | '.' | ','));
    let after = text[span.end..].chars();
    let runs_on = after.clone().next().is_some_and(|c| c == ':')
        || (glued(after.clone().next())
            && after.clone().nth(1).is_some_and(|c| c.is_ascii_digit()));
    if (!colon && half.is_none()) || glued(text[..span.start].chars().next_back()) || runs_on {
        return None;
    }
    let hour: u16 = groups["hour"].parse().ok()?;
    let minute: u16 = groups["minute"].parse().ok()?;
    Some((Value::Time(time(hour, minute, half)), None))
}

fn time(hour: u16, minute: u16, half: Option<&str>) -> Time {
    let (hour, exact) = match half.map(str::to_ascii_lowercase).as_deref() {
        Some("a") => (hour % 12, true),
        Some(_) => (if hour < 12 { hour + 12 } else { hour }, true),
        None => (hour, hour > 12 || hour == 0),
    };
    Time {
        minutes: hour * 60 + minute,
        exact,
    }
}

/// `Monday, March 3` is one date.
fn join_weekdays(text: &str, list: &mut Vec<Quantity>) {
    list.sort_by_key(|quantity| quantity.span.start);
    let mut joined: Vec<Quantity> = Vec::with_capacity(list.len());
    for quantity in list.drain(..) {
        if let Some(last) = joined.last_mut()
            && let (Value::Date(day), Value::Date(date)) = (last.value, quantity.value)
            && day.weekday.is_some()
            && day.day.is_none()
            && date.weekday.is_none()
            && date.day.is_some()
        {
            let between = text.get(last.span.end..quantity.span.start).unwrap_or("-");
            if matches!(between, " " | ", " | ", the " | " the ") {
                last.span.end = quantity.span.end;
                last.value = Value::Date(Date {
                    weekday: day.weekday,
                    ..date
                });
                continue;
            }
        }
        joined.push(quantity);
    }
    *list = joined;
}
