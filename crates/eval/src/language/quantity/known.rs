//! What is known of numbers, dates and times, and whether it says a quantity.
//!
//! Numbers are sorted, so that a claim is looked up and not held against each of them.

use std::collections::HashSet;

use super::{Date, Key, Number, Quantity, Time, Value, near};

/// Quantities that others are held against.
#[derive(Debug, Default)]
pub(crate) struct Known {
    seen: HashSet<Key>,
    /// Sorted by the number as written, and by the amount in the base unit.
    plain: Vec<Number>,
    base: Vec<Number>,
    dates: Vec<Date>,
    times: Vec<Time>,
    years: HashSet<i32>,
    /// Numbers of days that `the 3rd` may mean.
    days: HashSet<u8>,
    weekdays: HashSet<u8>,
    ordinals: HashSet<u8>,
    /// Months that stand without a day.
    months: HashSet<u8>,
}

impl Known {
    /// Adds what a text says.
    pub(crate) fn add(&mut self, quantities: Vec<Quantity>) {
        for quantity in quantities {
            // `3rd` may be a day where `3` is none.
            if let Value::Number(number) = quantity.value
                && number.ordinal
                && let Some(day) = small(number.plain)
            {
                self.ordinals.insert(day);
            }
            if !self.seen.insert(quantity.value.key()) {
                continue;
            }
            match quantity.value {
                Value::Number(number) => {
                    if number.unit.is_none() && (1000.0..3000.0).contains(&number.plain) {
                        self.years.insert(number.plain as i32);
                    }
                    self.plain.push(number);
                    self.base.push(number);
                }
                Value::Date(date) => {
                    self.years.extend(date.year);
                    self.days.extend(date.day);
                    self.weekdays.extend(date.weekday);
                    self.months
                        .extend(date.month.filter(|_| date.day.is_none()));
                    self.dates.push(date);
                }
                Value::Time(time) => self.times.push(time),
            }
        }
        self.plain.sort_by(|a, b| a.plain.total_cmp(&b.plain));
        self.base.sort_by(|a, b| a.base().total_cmp(&b.base()));
    }

    /// All numbers, each once, from the least to the greatest as written.
    pub(crate) fn numbers(&self) -> &[Number] {
        &self.plain
    }

    /// Whether what is known says the quantity: an equal amount, a date at least as exact.
    /// `tolerance` is how far two numbers may lie apart, relative to the greater one.
    pub(crate) fn holds(&self, quantity: &Quantity, tolerance: f64) -> bool {
        match quantity.value {
            Value::Number(number) => self.holds_number(&number, tolerance),
            Value::Date(date) => self.holds_date(&date),
            Value::Time(time) => {
                // `before 11` says eleven o'clock.
                let hour = f64::from(time.minutes % 720 / 60);
                let noon = if hour == 0.0 { 12.0 } else { hour };
                let bare = || {
                    self.plain.iter().any(|known| {
                        known.unit.is_none()
                            && (near(known.plain, noon, 0.0)
                                || near(known.plain, f64::from(time.minutes / 60), 0.0))
                    })
                };
                self.times.iter().any(|known| time.agrees(*known))
                    || (time.minutes % 60 == 0 && bare())
            }
        }
    }

    fn holds_number(&self, number: &Number, tolerance: f64) -> bool {
        let whole = number.unit.is_none() && number.plain.fract() == 0.0;
        let part_of_date = || {
            small(number.plain).is_some_and(|day| self.days.contains(&day))
                || self.years.contains(&(number.plain as i32))
        };
        if whole && part_of_date() {
            return true;
        }
        [number.plain, number.base()].into_iter().any(|value| {
            let fits = |known: &Number| known.agrees(number, tolerance);
            around(&self.plain, value, tolerance, |known| known.plain).any(fits)
                || around(&self.base, value, tolerance, Number::base).any(fits)
        })
    }

    fn holds_date(&self, date: &Date) -> bool {
        let year = |year: i32| self.years.contains(&year);
        let weekday = |day: u8| self.weekdays.contains(&day);
        let only_year = date.month.is_none() && date.weekday.is_none();
        // `the 3rd` where the month is another sentence's.
        let in_parts = || {
            date.weekday.is_none()
                && date.month.is_some_and(|month| self.months.contains(&month))
                && date.year.is_none_or(year)
                && date.day.is_none_or(|day| self.ordinals.contains(&day))
        };
        (only_year && date.year.is_some_and(year))
            || in_parts()
            || self
                .dates
                .iter()
                .any(|known| date.held_by(known, year, weekday))
    }
}

/// A number that may be a day of a month.
fn small(plain: f64) -> Option<u8> {
    (plain.fract() == 0.0 && (1.0..=31.0).contains(&plain)).then_some(plain as u8)
}

/// The numbers of a sorted list that are near a value.
fn around(
    sorted: &[Number],
    value: f64,
    tolerance: f64,
    key: fn(&Number) -> f64,
) -> impl Iterator<Item = &Number> {
    let middle = sorted.partition_point(|number| key(number) < value);
    let close = move |number: &&Number| near(key(number), value, tolerance);
    let below = sorted[..middle].iter().rev().take_while(close);
    let above = sorted[middle..].iter().take_while(close);
    below.chain(above)
}
