//! Numbers, quantities, dates and times in English text -> their places and normalised values.
//!
//! `1,200`, `1.2k` and `twelve hundred` are one number; `5 km` is `5000 m`; `3 March 2024` is
//! `2024-03-03`; `5:30 p.m.` is `17:30`. What is compared is what was meant, so a number without a
//! unit agrees with the same number of anything. Digits inside words (`CO2`, `GPT-4`), versions of
//! three parts and Roman numerals are not read; currencies are not converted.

mod calendar;
mod known;
mod number;
mod scan;
mod units;
mod words;

use std::ops::Range;

pub(crate) use known::Known;
pub(crate) use scan::{quantities, with_decimal_comma};
pub(crate) use units::Dimension;

/// One quantity in a text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Quantity {
    /// Its bytes, with unit and currency sign.
    pub(crate) span: Range<usize>,
    /// What it says.
    pub(crate) value: Value,
    /// Whether it may bear others out but claims nothing by itself: `one of them`, `first`, `a day`.
    pub(crate) weak: bool,
}

/// What two quantities have in common that say the same: `5 km` and `5000 m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// The bits of the number in its base unit, and what it measures.
    Number(u64, Option<Dimension>),
    /// The date itself.
    Date(Date),
    /// The time itself.
    Time(Time),
}

/// What a quantity says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value {
    /// A number, perhaps of something.
    Number(Number),
    /// A day, or a part of what names one.
    Date(Date),
    /// A time of day.
    Time(Time),
}

/// A number, perhaps of something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Number {
    /// As written, scale words applied: 3,000,000 for `$3 million`.
    pub(crate) plain: f64,
    /// What it measures, and how much of that dimension's base unit one unit is.
    pub(crate) unit: Option<(Dimension, f64)>,
    /// Whether it is a place in an order (`3rd`).
    pub(crate) ordinal: bool,
}

/// A day, or a part of what names one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Date {
    /// The year.
    pub(crate) year: Option<i32>,
    /// The month, 1 to 12.
    pub(crate) month: Option<u8>,
    /// The day of the month, 1 to 31.
    pub(crate) day: Option<u8>,
    /// The day of the week, 1 (Monday) to 7.
    pub(crate) weekday: Option<u8>,
    /// Whether day and month may be the other way round (`3/4/2024`).
    pub(crate) unordered: bool,
}

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Time {
    /// Minutes after midnight; as written where the half of the day is not said.
    pub(crate) minutes: u16,
    /// Whether it says which half of the day is meant.
    pub(crate) exact: bool,
}

impl Value {
    /// What it has in common with others that say the same.
    pub(crate) fn key(&self) -> Key {
        match self {
            Self::Number(number) => {
                // Twelve digits: `1.1 km` and `1100 m` differ in what binary fractions lose.
                let base = number.base();
                let rounded = format!("{base:.11e}").parse().unwrap_or(base);
                let bits = f64::to_bits(rounded + 0.0);
                Key::Number(bits, number.unit.map(|(dimension, _)| dimension))
            }
            Self::Date(date) => Key::Date(*date),
            Self::Time(time) => Key::Time(*time),
        }
    }
}

/// Whether two numbers are the same but for what binary fractions lose.
pub(crate) fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance.max(1e-9) * a.abs().max(b.abs())
}

impl Number {
    /// In the base unit of its dimension.
    pub(crate) fn base(&self) -> f64 {
        self.plain * self.unit.map_or(1.0, |(_, factor)| factor)
    }

    /// Whether both mean the same amount. A number without a unit agrees with the same number of
    /// anything, and a share with its percentage. `tolerance` is relative.
    pub(crate) fn agrees(&self, other: &Self, tolerance: f64) -> bool {
        match (self.unit, other.unit) {
            (Some((a, _)), Some((b, _))) => a == b && near(self.base(), other.base(), tolerance),
            (None, None) => near(self.plain, other.plain, tolerance),
            (Some((dimension, factor)), None) | (None, Some((dimension, factor))) => {
                let (with, bare) = match self.unit {
                    Some(_) => (self.plain, other.plain),
                    None => (other.plain, self.plain),
                };
                near(with, bare, tolerance)
                    || (dimension == Dimension::Share && near(with * factor, bare, tolerance))
            }
        }
    }
}

impl Date {
    /// Whether nothing that both say contradicts, and they say something in common.
    fn fits(&self, other: &Self) -> bool {
        let same = |a: Option<u8>, b: Option<u8>| a.is_none() || b.is_none() || a == b;
        let years = self.year.is_none() || other.year.is_none() || self.year == other.year;
        let common = (self.year.is_some() && other.year.is_some())
            || (self.month.is_some() && other.month.is_some())
            || (self.weekday.is_some() && other.weekday.is_some());
        common
            && years
            && same(self.month, other.month)
            && same(self.day, other.day)
            && same(self.weekday, other.weekday)
    }

    /// The same date with day and month the other way round.
    fn turned(&self) -> Self {
        Self {
            month: self.day,
            day: self.month,
            ..*self
        }
    }

    /// Whether the date `known` says it, where `year` and `weekday` say whether those stand
    /// somewhere else.
    fn held_by(
        &self,
        known: &Self,
        year: impl Fn(i32) -> bool,
        weekday: impl Fn(u8) -> bool,
    ) -> bool {
        let one = |mine: &Self, known: &Self| {
            mine.fits(known)
                && (mine.month.is_none() || known.month.is_some())
                && (mine.day.is_none() || known.day.is_some())
                && (known.year.is_some() || mine.year.is_none_or(&year))
                && (known.weekday.is_some() || mine.weekday.is_none_or(&weekday))
        };
        one(self, known)
            || (known.unordered && one(self, &known.turned()))
            || (self.unordered && one(&self.turned(), known))
    }
}

impl Time {
    /// Whether both may be the same time: without `a.m.` or `p.m.`, either half of the day.
    fn agrees(self, other: Self) -> bool {
        match self.exact && other.exact {
            true => self.minutes == other.minutes,
            false => self.minutes % 720 == other.minutes % 720,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(known: &str, claim: &str) -> bool {
        let mut index = Known::default();
        index.add(quantities(known));
        let claims = quantities(claim);
        assert!(!claims.is_empty(), "nothing read in {claim:?}");
        claims.iter().all(|claim| index.holds(claim, 0.0))
    }

    #[test]
    fn what_means_the_same_agrees() {
        let mut wrong = Vec::new();
        for (known, claim) in [
            ("1,200", "1.2k"),
            ("1.2k", "twelve hundred"),
            ("twelve hundred", "1,200"),
            ("one thousand two hundred", "1200"),
            ("5 km", "5000 m"),
            ("$3 million", "3,000,000 dollars"),
            ("$3m", "3 million US dollars"),
            ("20 %", "twenty percent"),
            ("20 %", "0.2"),
            ("24 hours", "one day"),
            ("2 weeks", "14 days"),
            ("a year", "12 months"),
            ("a dozen", "12"),
            ("two and a half hours", "150 minutes"),
            ("half an hour", "30 minutes"),
            ("3.5", "three and a half"),
            ("March 3, 2024", "3rd of March 2024"),
            ("2024-03-03", "March 3"),
            ("March 3, 2024", "March 2024"),
            ("3/4/2024", "3 April 2024"),
            ("3/4/2024", "March 4, 2024"),
            ("5:30 p.m.", "17:30"),
            ("5:30", "5:30 PM"),
            ("noon", "12:00"),
            ("5pm", "17:00"),
            ("3 to 5 km", "3 km"),
            ("1990s", "1990"),
            ("€24", "24 euros"),
            ("24 EUR", "€24.00"),
            ("three quarters", "75%"),
            ("2.5 GB", "2,500 MB"),
            ("1/2", "0.5"),
            ("twenty-five", "25"),
            ("the 21st century", "21"),
            ("before 11", "11:00"),
            ("11:00", "11 o'clock"),
            ("Monday, March 3", "Monday"),
            ("-5 °C", "-5 degrees"),
            ("5'000", "5000"),
            ("one hundred and five", "105"),
        ] {
            if !says(known, claim) {
                wrong.push(format!("{known:?} says {claim:?}: {:?}", quantities(claim)));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn what_means_something_else_does_not() {
        let mut wrong = Vec::new();
        for (known, claim) in [
            ("1,200", "1,300"),
            ("5 km", "5 miles"),
            ("$5", "€5"),
            ("20 %", "20 km"),
            ("March 3, 2024", "March 4, 2024"),
            ("March 3", "March 3, 2024"),
            ("2024-03-03", "May 2024"),
            ("5:30 p.m.", "5:30 a.m."),
            ("Monday", "Tuesday"),
            ("2 weeks", "2 days"),
            ("3 million", "3 billion"),
            ("24 hours", "2 days"),
            ("twelve", "twenty"),
        ] {
            if says(known, claim) {
                wrong.push(format!(
                    "{known:?} does not say {claim:?}: {:?}",
                    quantities(claim)
                ));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
