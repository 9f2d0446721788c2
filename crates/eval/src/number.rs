//! Numbers in prose: text -> [`Number`]s with their places, compared as decimals.
//!
//! Read are `18`, `18.00`, `.5`, `-3.5`, `1,080`, `1 200`, `1'200`, `12,34,567`, `$1,080`,
//! `18 %`, `1.5e-3`, `1.5×10^3` and `1/2`; with [`Style::decimal_comma`] `1.200,5`. A full stop
//! after a number ends its sentence. Digits that belong to a word (`CO2`, `v1.2`), dates and
//! versions with two points (`12.05.2024`) are no numbers. Words (`twelve`, `billion`) and
//! non-ASCII digits are not read, and units are not converted.

use std::cmp::Ordering;

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// `1.200,5` instead of `1,200.5`.
    pub decimal_comma: bool,
    /// Whether `1/2` is one number.
    pub fractions: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            decimal_comma: false,
            fractions: true,
        }
    }
}

/// A number as it stands in a text.
#[derive(Clone, Copy, Debug)]
pub struct Number<'t> {
    /// First byte, sign included; a currency sign only where it stands between sign and digits.
    pub start: usize,
    /// One past the last byte, a percent sign included.
    pub end: usize,
    /// Whether a percent sign follows.
    pub percent: bool,
    negative: bool,
    /// Digits, perhaps with separators between them.
    whole: &'t str,
    fraction: &'t str,
    exponent: i32,
    denominator: Option<&'t str>,
    text: &'t str,
}

/// The last number in a text.
///
/// ```
/// use botsmith_eval::number::{last, Style};
/// let text = "She makes $1,080 in 3 weeks, so 360 a week.";
/// assert_eq!(last(text, Style::default()).map(|n| n.as_str()), Some("360"));
/// ```
pub fn last(text: &str, style: Style) -> Option<Number<'_>> {
    // No number spans lines, so the last lines are read first.
    let mut rest = text;
    loop {
        let digit = rest.bytes().rposition(|b| b.is_ascii_digit())?;
        let at = rest.as_bytes()[..digit]
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        let line = Numbers {
            text: rest,
            at,
            style,
        };
        if let Some(number) = line.last() {
            return Some(number);
        }
        rest = &rest[..at];
    }
}

/// The first number in a text.
pub fn first(text: &str, style: Style) -> Option<Number<'_>> {
    numbers(text, style).next()
}

/// All numbers in a text, from left to right.
pub fn numbers(text: &str, style: Style) -> Numbers<'_> {
    Numbers { text, at: 0, style }
}

/// Iterator over the numbers of a text; see [`numbers`].
#[derive(Clone, Debug)]
pub struct Numbers<'t> {
    text: &'t str,
    at: usize,
    style: Style,
}

impl<'t> Iterator for Numbers<'t> {
    type Item = Number<'t>;

    fn next(&mut self) -> Option<Number<'t>> {
        let bytes = self.text.as_bytes();
        loop {
            let digit = self.at + bytes[self.at..].iter().position(u8::is_ascii_digit)?;
            match read(self.text, digit, self.at, self.style) {
                Ok(number) => {
                    self.at = number.end;
                    return Some(number);
                }
                Err(next) => self.at = next,
            }
        }
    }
}

const CURRENCIES: &[char] = &[
    '$', '€', '£', '¥', '₹', '₩', '₽', '₺', '₪', '฿', '₫', '₴', '¢',
];
const CODES: &[&str] = &[
    "USD", "EUR", "GBP", "JPY", "CNY", "INR", "CHF", "AUD", "CAD", "NZD", "SGD", "HKD", "SEK",
    "NOK", "DKK", "PLN", "CZK", "HUF", "RUB", "BRL", "MXN", "ZAR", "KRW", "TRY", "ILS", "THB",
    "VND", "IDR", "PHP", "Rs", "RM",
];

/// Whether a digit behind this letter belongs to a word. Scripts that write no spaces do not glue.
fn glues(c: char) -> bool {
    c == '_' || (c < '\u{590}' && c.is_alphabetic())
}

fn digits_end(bytes: &[u8], from: usize) -> usize {
    bytes[from..]
        .iter()
        .position(|b| !b.is_ascii_digit())
        .map_or(bytes.len(), |n| from + n)
}

fn is_digit(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_some_and(u8::is_ascii_digit)
}

/// The end of digits joined by points or commas: what is skipped when they make no number.
fn run_end(bytes: &[u8], from: usize) -> usize {
    let mut end = digits_end(bytes, from);
    while bytes.get(end).is_some_and(|b| matches!(b, b'.' | b',')) && is_digit(bytes, end + 1) {
        end = digits_end(bytes, end + 1);
    }
    end
}

/// Reads the number whose first digit is at `digit`; nothing before `floor` belongs to it. The
/// error is where to go on.
fn read(text: &str, digit: usize, floor: usize, style: Style) -> Result<Number<'_>, usize> {
    let bytes = text.as_bytes();
    let (point, group) = if style.decimal_comma {
        (b',', b'.')
    } else {
        (b'.', b',')
    };

    // A leading point: `.5`, but not the one that ends a sentence or stands in `...5`.
    let mut front = digit;
    let before = text[..digit].chars().next_back();
    if before == Some(char::from(point)) && front > floor {
        let outer = text[..digit - 1].chars().next_back();
        let free = outer.is_none_or(|c| {
            c.is_whitespace()
                || CURRENCIES.contains(&c)
                || matches!(c, '-' | '+' | '−' | '(' | '=' | ':' | '*' | '~' | '<' | '>')
        });
        if free {
            front -= 1;
        }
    }
    let before = text[..front].chars().next_back();
    if before.is_some_and(glues) {
        let word = text[..front].rfind(|c: char| !glues(c)).map_or(0, |at| {
            at + text[at..].chars().next().map_or(1, char::len_utf8)
        });
        if !CODES.contains(&&text[word..front]) {
            return Err(run_end(bytes, digit));
        }
    }

    let leading_point = front < digit;
    let (whole, mut end) = if leading_point {
        (&text[digit..digit], front)
    } else {
        let end = grouped_end(text, digit, group);
        (&text[digit..end], end)
    };
    let mut fraction = "";
    if bytes.get(end) == Some(&point) && is_digit(bytes, end + 1) {
        let stop = digits_end(bytes, end + 1);
        fraction = &text[end + 1..stop];
        end = stop;
        let again = bytes.get(end) == Some(&point) && is_digit(bytes, end + 1);
        if again {
            return Err(run_end(bytes, digit));
        }
    }
    let mut exponent = 0;
    if let Some((value, stop)) = exponent_at(text, end) {
        (exponent, end) = (value, stop);
    }
    let mut denominator = None;
    let plain = exponent == 0 && before != Some('/');
    if style.fractions && plain && bytes.get(end) == Some(&b'/') && is_digit(bytes, end + 1) {
        let stop = digits_end(bytes, end + 1);
        let alone = match bytes.get(stop) {
            Some(b'/') => false,
            Some(b) if *b == point => !is_digit(bytes, stop + 1),
            _ => true,
        };
        let zero = bytes[end + 1..stop].iter().all(|b| *b == b'0');
        if alone && !zero {
            denominator = Some(&text[end + 1..stop]);
            end = stop;
        }
    }
    let rest = &text[end..];
    let percent = ["%", " %", "\u{a0}%", "\u{202f}%"]
        .iter()
        .find(|sign| rest.starts_with(**sign));
    let (negative, start) = sign(text, front, floor);
    Ok(Number {
        start,
        end: end + percent.map_or(0, |sign| sign.len()),
        percent: percent.is_some(),
        negative,
        whole,
        fraction,
        exponent,
        denominator,
        text,
    })
}

/// The most groups behind thousands separators: far more than any number that is meant.
const MAX_GROUPS: usize = 32;

/// The end of an integer with its thousands separators. Groups are of three digits, or in the
/// Indian way of two and then three; all separators are the same.
fn grouped_end(text: &str, from: usize, group: u8) -> usize {
    let bytes = text.as_bytes();
    let lead = digits_end(bytes, from);
    if lead - from > 3 || bytes[from] == b'0' {
        return lead;
    }
    let Some(separator) = text[lead..].chars().next() else {
        return lead;
    };
    let known = u32::from(separator) == u32::from(group)
        || matches!(
            separator,
            ' ' | '\'' | '’' | '_' | '\u{a0}' | '\u{202f}' | '\u{2009}'
        );
    if !known {
        return lead;
    }
    let (mut end, mut last) = (lead, 0);
    let (mut threes, mut twos) = (
        true,
        u32::from(separator) == u32::from(b',') && lead - from <= 2,
    );
    let mut groups = 0;
    while text[end..].starts_with(separator) && is_digit(bytes, end + separator.len_utf8()) {
        let start = end + separator.len_utf8();
        end = digits_end(bytes, start);
        if last != 0 {
            twos &= last == 2;
        }
        last = end - start;
        threes &= last == 3;
        groups += 1;
        // A list, not a number; to read it to its end for each item would be quadratic.
        if groups > MAX_GROUPS || !(threes || twos) {
            return lead;
        }
    }
    if threes || (twos && last == 3) {
        end
    } else {
        lead
    }
}

/// An exponent at `at`: `e-3`, or `×10^3` with spaces where one would put them.
fn exponent_at(text: &str, at: usize) -> Option<(i32, usize)> {
    let bytes = text.as_bytes();
    let value_at = |mut from: usize| {
        let negative = bytes.get(from) == Some(&b'-');
        if matches!(bytes.get(from), Some(b'-' | b'+')) {
            from += 1;
        }
        let end = digits_end(bytes, from.min(bytes.len()));
        let value: i32 = text.get(from..end)?.parse().ok().filter(|e| *e <= 9_999)?;
        Some((if negative { -value } else { value }, end))
    };
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let (value, end) = value_at(at + 1)?;
        let free = !text[end..].starts_with(|c: char| c.is_alphanumeric());
        return free.then_some((value, end));
    }
    let rest = text[at..].trim_start_matches(' ');
    let rest = rest
        .strip_prefix(['×', 'x', '*', '·'])?
        .trim_start_matches(' ');
    let rest = rest.strip_prefix("10^")?;
    value_at(text.len() - rest.len())
}

/// Whether a minus stands before the digits at `front`, perhaps beyond a currency sign, and where
/// the number then starts. `10-3` is a difference, not `-3`.
fn sign(text: &str, front: usize, floor: usize) -> (bool, usize) {
    let head = &text[floor..front];
    let bare = head.strip_suffix(CURRENCIES);
    for head in [Some(head), bare].into_iter().flatten() {
        let mut chars = head.chars();
        let Some(mark @ ('-' | '−' | '+')) = chars.next_back() else {
            continue;
        };
        // What stands before `floor` is a number, if anything.
        let outer = text[..floor + head.len() - mark.len_utf8()]
            .chars()
            .next_back();
        let binary =
            outer.is_some_and(|c| c.is_alphanumeric() || matches!(c, ')' | ']' | '%' | '-' | '+'));
        if !binary {
            return (mark != '+', floor + head.len() - mark.len_utf8());
        }
    }
    (false, front)
}

impl<'t> Number<'t> {
    /// The number as written.
    pub fn as_str(&self) -> &'t str {
        &self.text[self.start..self.end]
    }

    /// What stands around the number as its unit: the currency sign before it or the word after.
    pub fn unit(&self) -> Option<&'t str> {
        let head = &self.text[..self.start];
        if let Some(bare) = head.strip_suffix(CURRENCIES) {
            return Some(&head[bare.len()..]);
        }
        let inner = self.as_str().find(CURRENCIES);
        if let Some(at) = inner {
            let sign = &self.as_str()[at..];
            return sign.chars().next().map(|c| &sign[..c.len_utf8()]);
        }
        let rest = self.text[self.end..].trim_start_matches([' ', '\u{a0}', '\u{202f}']);
        if let Some(bare) = rest.strip_prefix(CURRENCIES) {
            return Some(&rest[..rest.len() - bare.len()]);
        }
        let end = rest
            .find(|c: char| !(c.is_alphabetic() || matches!(c, '°' | 'µ' | '²' | '³')))
            .unwrap_or(rest.len());
        (end > 0).then(|| &rest[..end])
    }

    /// The nearest `f64`; a percent sign does not change it.
    pub fn value(&self) -> f64 {
        let mut digits = String::with_capacity(self.whole.len() + self.fraction.len() + 12);
        digits.push('0');
        digits.extend(self.whole.chars().filter(char::is_ascii_digit));
        digits.push('.');
        digits.push_str(self.fraction);
        digits.push('e');
        digits.push_str(&self.exponent.to_string());
        let magnitude: f64 = digits.parse().unwrap_or(f64::NAN);
        let magnitude = match self.denominator {
            Some(below) => magnitude / below.parse::<f64>().unwrap_or(f64::NAN),
            None => magnitude,
        };
        if self.negative { -magnitude } else { magnitude }
    }

    /// Digits without leading zeros, and the power of ten of the first.
    fn significant(&self) -> (i64, impl Iterator<Item = u8> + 't) {
        let whole = self.whole.bytes().filter(u8::is_ascii_digit);
        let mut digits = whole.clone().chain(self.fraction.bytes()).peekable();
        let mut power = i64::try_from(whole.count()).unwrap_or(i64::MAX - 20_000) - 1
            + i64::from(self.exponent);
        while digits.next_if_eq(&b'0').is_some() {
            power -= 1;
        }
        (power, digits)
    }

    fn is_zero(&self) -> bool {
        self.significant().1.next().is_none()
    }

    /// Whether both are the same decimal number, however long: `18` is `18.00`. Fractions are
    /// compared to twelve digits.
    ///
    /// ```
    /// use botsmith_eval::number::{last, Style};
    /// let read = |text| last(text, Style::default()).unwrap();
    /// assert!(read("$1,080.00").same(&read("1080")));
    /// assert!(!read("9007199254740993").same(&read("9007199254740992")));
    /// ```
    pub fn same(&self, other: &Number<'_>) -> bool {
        if self.denominator.is_some() || other.denominator.is_some() {
            let (a, b) = (self.value(), other.value());
            return (a - b).abs() <= 1e-12 * a.abs().max(b.abs());
        }
        let (power, mut a) = self.significant();
        let (other_power, mut b) = other.significant();
        loop {
            match (a.next(), b.next()) {
                // Both exhausted at once without a difference: the places must agree too.
                (None, None) => {
                    let zero = self.is_zero();
                    return zero || (power == other_power && self.negative == other.negative);
                }
                (x, y) if x.unwrap_or(b'0').cmp(&y.unwrap_or(b'0')) != Ordering::Equal => {
                    return false;
                }
                _ => {}
            }
        }
    }

    /// Whether the two differ by at most `absolute`, or by `relative` of the other. The rounding
    /// of binary floating point is allowed for: 1.1 is within 0.1 of 1.
    pub fn near(&self, other: &Number<'_>, absolute: f64, relative: f64) -> bool {
        within(self.value(), other.value(), absolute, relative)
    }
}

/// `|a - b| <= max(absolute, relative |b|)`, allowing for four units in the last place.
pub(crate) fn within(a: f64, b: f64, absolute: f64, relative: f64) -> bool {
    let slack = 4.0 * f64::EPSILON * a.abs().max(b.abs());
    (a - b).abs() <= absolute.max(relative * b.abs()) + slack
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<&str> {
        numbers(text, Style::default())
            .map(|n| n.as_str())
            .collect()
    }

    #[test]
    fn numbers_are_found_as_people_write_them() {
        for (text, wanted) in [
            ("", &[][..]),
            ("no number", &[]),
            ("18", &["18"]),
            ("It costs $1,080.", &["1,080"]),
            ("He is 72.", &["72"]),
            ("-3.5 degrees", &["-3.5"]),
            ("−3.5", &["−3.5"]),
            ("a loss of -$3.50", &["-$3.50"]),
            ("$-3", &["-3"]),
            ("10-3=7", &["10", "3", "7"]),
            ("16 - 3 - 4", &["16", "3", "4"]),
            ("1/2 cup", &["1/2"]),
            ("3/4/2024", &["3", "4", "2024"]),
            ("on 12.05.2024 in v1.2 of CO2", &[]),
            (
                "1 200 and 1\u{a0}200 and 1'200",
                &["1 200", "1\u{a0}200", "1'200"],
            ),
            ("1,2,3", &["1", "2", "3"]),
            ("12,34,567", &["12,34,567"]),
            ("1,200,30", &["1", "200", "30"]),
            (
                "1.5e-3 or 2×10^3 or 2 x 10^-3",
                &["1.5e-3", "2×10^3", "2 x 10^-3"],
            ),
            ("18% and 18 %", &["18%", "18 %"]),
            ("USD18 and 答案是18。", &["18", "18"]),
            (".5 and x=.25", &[".5", ".25"]),
            ("wait...5", &["5"]),
            ("**18**", &["18"]),
            ("5kg, 3rd", &["5", "3"]),
            ("<<16-3=13>>13", &["16", "3", "13", "13"]),
        ] {
            assert_eq!(all(text), wanted, "{text}");
        }
    }

    #[test]
    fn the_last_number_may_stand_lines_before_the_last_digit() {
        let found = last("18\nof CO2\n", Style::default());
        assert_eq!(found.map(|n| n.as_str()), Some("18"));
    }

    #[test]
    fn decimal_comma_turns_the_roles_round() {
        let style = Style {
            decimal_comma: true,
            ..Style::default()
        };
        let number = last("1.200,5", style).unwrap();
        assert_eq!(number.value(), 1200.5);
        assert_eq!(last("3,5 kg", style).unwrap().value(), 3.5);
    }

    #[test]
    fn equality_is_decimal_and_exact() {
        let read = |text| last(text, Style::default()).unwrap();
        for (a, b, same) in [
            ("18", "18.00", true),
            ("$18", "18", true),
            ("0.1", ".10", true),
            ("1e3", "1,000", true),
            ("-0", "0.00", true),
            ("-5", "5", false),
            ("10", "100", false),
            ("0.01", "0.1", false),
            ("1/2", "0.5", true),
            ("1/3", "0.333", false),
            ("007", "7", true),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567891",
                false,
            ),
        ] {
            assert_eq!(read(a).same(&read(b)), same, "{a} {b}");
            assert_eq!(read(b).same(&read(a)), same, "{b} {a}");
        }
    }

    #[test]
    fn units_stand_before_or_behind() {
        let unit = |text| last(text, Style::default()).unwrap().unit();
        assert_eq!(unit("$18"), Some("$"));
        assert_eq!(unit("-$18"), Some("$"));
        assert_eq!(unit("18 kg."), Some("kg"));
        assert_eq!(unit("18."), None);
    }
}
