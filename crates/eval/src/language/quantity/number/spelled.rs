//! Number words put together: `three hundred and five`, `two and a half million`, `half an hour`.

use super::Reader;
use crate::language::quantity::units::unit;
use crate::language::quantity::words::{implied, ordinal, part, scale, small};

impl Reader<'_, '_> {
    /// `3 and a half`.
    pub(super) fn and_a_half(&self, plain: &mut f64, last: &mut usize) {
        let spaced = (0..3).all(|step| self.gap(*last + step) == " ");
        let and_a = self.word(*last + 1).as_deref() == Some("and")
            && matches!(self.word(*last + 2).as_deref(), Some("a" | "one"));
        if spaced
            && and_a
            && let Some(part) = self.word(*last + 3).and_then(|word| part(&word))
        {
            *plain += part;
            *last += 3;
        }
    }

    pub(super) fn scales(&self, plain: &mut f64, last: &mut usize) {
        while self.joined(*last)
            && let Some(factor) = self.word(*last + 1).and_then(|word| scale(&word))
        {
            *plain *= factor;
            *last += 1;
        }
    }

    /// A number in words: its value, its last atom, whether it claims little, whether it is ordinal.
    pub(super) fn words(&self, at: usize) -> Option<(f64, usize, bool, bool)> {
        let first = self.word(at)?;
        if let Some((value, last)) = self.fraction(at, &first) {
            return Some((value, last, false, false));
        }
        if matches!(first.as_str(), "a" | "an") {
            let next = self.word(at + 1)?;
            if self.gap(at) == " " && scale(&next).is_some() {
                let (mut plain, mut last) = (1.0, at);
                self.scales(&mut plain, &mut last);
                return Some((plain, last, false, false));
            }
            return Some((1.0, at, true, false));
        }
        if let Some(value) = small(&first) {
            let (mut value, mut last) = self.compound(at, value);
            self.and_a_half(&mut value, &mut last);
            self.scales(&mut value, &mut last);
            // `twenty-first`.
            if value % 10.0 == 0.0
                && value >= 20.0
                && self.gap(last) == "-"
                && let Some(place) = self.word(last + 1).and_then(|word| ordinal(&word))
            {
                return Some((value + place, last + 1, true, true));
            }
            // `one or two sizes` counts nothing.
            let about = value == 2.0
                && at >= 2
                && self.word(at - 1).as_deref() == Some("or")
                && self.word(at - 2).as_deref() == Some("one");
            let weak =
                last == at && (about || value == 1.0 || (value <= 10.0 && self.pointed_at(at)));
            return Some((value, last, weak, false));
        }
        if let Some(value) = ordinal(&first) {
            return Some((value, at, true, true));
        }
        implied(&first).map(|value| (value, at, true, false))
    }

    /// Whether the word before points at what was named: `these two`, `the three`.
    fn pointed_at(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.word(before));
        matches!(
            before.as_deref(),
            Some("the" | "these" | "those" | "all" | "other" | "your" | "of" | "any")
        )
    }

    /// `half an hour`, `a quarter of a mile`, `two thirds`: the value and the last atom.
    fn fraction(&self, at: usize, first: &str) -> Option<(f64, usize)> {
        let (count, place) = match first {
            "half" => (1.0, at),
            "a" | "an" if self.gap(at) == " " => (1.0, at + 1),
            _ if self.joined(at) => (small(first)?, at + 1),
            _ => return None,
        };
        let name = self.word(place)?;
        let value = part(&name)?;
        // `a third option`, `one quarter`: ordinals and coins unless `of` or a plural says otherwise.
        let of = self.gap(place) == " " && self.word(place + 1).as_deref() == Some("of");
        let sure = of
            || name.ends_with('s')
            || name == "half"
            || (name == "quarter" && first != "a")
            || (first == "one" && self.gap(at) == "-");
        if !sure {
            return None;
        }
        let mut last = place;
        let over = usize::from(of);
        if matches!(self.word(place + over + 1).as_deref(), Some("a" | "an"))
            && (0..=over + 1).all(|step| self.gap(place + step) == " ")
            && let Some(next) = self.word(place + over + 2)
        {
            if let Some(factor) = scale(&next) {
                return Some((count * value * factor, place + over + 2));
            }
            if unit(&next).is_some() {
                last = place + over + 1;
            }
        }
        let mut plain = count * value;
        if last == place && !of {
            self.scales(&mut plain, &mut last);
        }
        Some((plain, last))
    }

    /// Words that make one number: `three hundred and twenty-five thousand`.
    fn compound(&self, at: usize, first: f64) -> (f64, usize) {
        // `total` holds what was multiplied by a thousand or more; `group` is below it.
        let (mut total, mut group, mut last) = (0.0, first, at);
        let mut floor = if first >= 20.0 { 10.0 } else { 0.0 };
        let mut scaled = false;
        loop {
            let joined = self.joined(last);
            let and = scaled
                && self.gap(last) == " "
                && self.word(last + 1).as_deref() == Some("and")
                && self.gap(last + 1) == " ";
            let next = last + 1 + usize::from(and);
            if !joined {
                break;
            }
            let Some(word) = self.word(next) else { break };
            if let Some(value) = small(&word) {
                // Twenty-five, a hundred and five; not `two three`.
                if value >= floor || value == 0.0 {
                    break;
                }
                group += value;
                floor = if value >= 20.0 { 10.0 } else { 0.0 };
            } else if and {
                break;
            } else if word == "hundred" && group < 100.0 {
                group *= 100.0;
                floor = 100.0;
                scaled = true;
            } else if let Some(factor) = scale(&word).filter(|factor| *factor >= 1000.0) {
                total += group * factor;
                group = 0.0;
                floor = 100.0;
                scaled = true;
                // `two thousand three hundred`.
                if let Some(more) = self.word(next + 1).and_then(|word| small(&word))
                    && self.joined(next)
                {
                    group = more;
                    floor = if more >= 20.0 { 10.0 } else { 0.0 };
                    last = next + 1;
                    continue;
                }
            } else if word == "dozen" && last == at {
                group *= 12.0;
                last = next;
                break;
            } else {
                break;
            }
            last = next;
        }
        (total + group, last)
    }
}
