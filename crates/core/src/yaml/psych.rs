//! What a plain scalar means to Ruby's Psych 5 (`Psych::ScalarScanner`), which reads YAML 1.1 by rules of
//! its own: text -> value.
//!
//! `yes`, `on`, `true` are Booleans, `y` and `n` text; `010` is 8, `0x1F` 31, `1_000` and `1,000` a
//! thousand, `1e3` text (a float needs its point, an exponent its sign), `12:30` is 45000 seconds;
//! `:word` is the symbol `word`, here a text. Dates and times are classes that `safe_load` refuses.

use super::Value;

/// A class of Ruby that `safe_load` does not make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Disallowed(pub(super) &'static str);

/// Whether a tag stands for a symbol, the one class that is permitted.
pub(super) fn is_symbol(tag: &str) -> bool {
    tag.ends_with("ruby/symbol") || tag.ends_with("ruby/sym")
}

/// What a plain scalar means.
pub(super) fn resolve(text: &str) -> Result<Value, Disallowed> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    if is_wordlike(text) || text.contains('\n') {
        return Ok(word(text));
    }
    if is_time(text) {
        return Err(Disallowed("Time"));
    }
    if is_date(text) {
        return Err(Disallowed("Date"));
    }
    let lower = || text.to_ascii_lowercase();
    match text.len() {
        4..=5 if matches!(lower().as_str(), ".inf" | "+.inf") => {
            return Ok(Value::Float(f64::INFINITY));
        }
        5 if lower() == "-.inf" => return Ok(Value::Float(f64::NEG_INFINITY)),
        4 if lower() == ".nan" => return Ok(Value::Float(f64::NAN)),
        _ => {}
    }
    if let Some(symbol) = text.strip_prefix(':').filter(|rest| !rest.is_empty()) {
        return Ok(Value::String(unquoted(symbol).to_owned()));
    }
    let number = sexagesimal(text)
        .or_else(|| float(text))
        .or_else(|| integer(text));
    Ok(number.unwrap_or_else(|| Value::String(text.to_owned())))
}

/// `^[^\d.:-]?[[:alpha:]_\s!@#$%\^&*(){}<>|/\\~;=]+`: what cannot be a number.
fn is_wordlike(text: &str) -> bool {
    let letter =
        |c: char| c.is_alphabetic() || c.is_whitespace() || "_!@#$%^&*(){}<>|/\\~;=".contains(c);
    let mut chars = text.chars();
    let Some(first) = chars.next() else {
        return false;
    };
    let optional = !(first.is_ascii_digit() || matches!(first, '.' | ':' | '-'));
    letter(first) || optional && chars.next().is_some_and(letter)
}

fn word(text: &str) -> Value {
    match text.to_ascii_lowercase().as_str() {
        "~" | "null" => Value::Null,
        "yes" | "true" | "on" => Value::Bool(true),
        "no" | "false" | "off" => Value::Bool(false),
        _ => Value::String(text.to_owned()),
    }
}

/// The text of `"…"` or `'…'`.
fn unquoted(symbol: &str) -> &str {
    let inner = |quote| symbol.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(symbol)
}

/// Takes `least` to `most` digits off the front.
fn digits(text: &str, least: usize, most: usize) -> Option<(&str, &str)> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    (least..=most)
        .contains(&count)
        .then(|| text.split_at(count))
}

/// `^\d{4}-(?:1[012]|0\d|\d)-(?:[12]\d|3[01]|0\d|\d)$`
fn is_date(text: &str) -> bool {
    let parts = || {
        let (_, rest) = digits(text, 4, 4)?;
        let (month, rest) = digits(rest.strip_prefix('-')?, 1, 2)?;
        let (day, rest) = digits(rest.strip_prefix('-')?, 1, 2)?;
        Some((month.parse::<u8>().ok()?, day.parse::<u8>().ok()?, rest))
    };
    parts().is_some_and(|(month, day, rest)| month <= 12 && day <= 31 && rest.is_empty())
}

/// `^-?\d{4}-\d{1,2}-\d{1,2}(?:[Tt]|\s+)\d{1,2}:\d\d:\d\d(?:\.\d*)?(?:\s*(?:Z|[-+]\d{1,2}:?(?:\d\d)?)?)?$`
fn is_time(text: &str) -> bool {
    let after_seconds = || {
        let (_, rest) = digits(text.strip_prefix('-').unwrap_or(text), 4, 4)?;
        let (_, rest) = digits(rest.strip_prefix('-')?, 1, 2)?;
        let (_, rest) = digits(rest.strip_prefix('-')?, 1, 2)?;
        let clock = rest.trim_start();
        let clock = match clock.len() == rest.len() {
            true => rest.strip_prefix(['T', 't'])?,
            false => clock,
        };
        let (_, rest) = digits(clock, 1, 2)?;
        let (_, rest) = digits(rest.strip_prefix(':')?, 2, 2)?;
        let (_, rest) = digits(rest.strip_prefix(':')?, 2, 2)?;
        Some(match rest.strip_prefix('.') {
            Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
            None => rest,
        })
    };
    let Some(zone) = after_seconds().map(str::trim_start) else {
        return false;
    };
    if matches!(zone, "" | "Z") {
        return true;
    }
    let hours = zone.strip_prefix(['-', '+']);
    let minutes = hours.and_then(|hours| {
        // Four digits are hours and minutes.
        let (_, rest) = digits(hours, 1, 4)?;
        Some(rest.strip_prefix(':').unwrap_or(rest))
    });
    minutes.is_some_and(|rest| {
        rest.is_empty() || digits(rest, 2, 2).is_some_and(|(_, r)| r.is_empty())
    })
}

fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// `12:30` and `1:02:03` are hours, minutes and seconds; the first of two counts as hours, too.
fn sexagesimal(text: &str) -> Option<Value> {
    let (negative, unsigned) = signed(text);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let mut parts = whole.split(':');
    let first = parts.next()?;
    let rest: Vec<&str> = parts.collect();
    let fine = |part: &&str| {
        digits(part, 1, 2).is_some_and(|(_, r)| r.is_empty()) && {
            part.len() == 1 || part.as_bytes()[0] < b'6'
        }
    };
    let first_fine = first.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let fraction_fine = fraction.is_none_or(|f| f.bytes().all(|b| b.is_ascii_digit() || b == b'_'));
    if rest.is_empty() || rest.len() > 2 || !first_fine || !fraction_fine || !rest.iter().all(fine)
    {
        return None;
    }
    let number = |part: &str| part.replace('_', "").parse::<f64>().ok();
    let sign = if negative { -1.0 } else { 1.0 };
    let mut total = sign * number(first)? * 3600.0;
    for (part, unit) in rest.iter().zip([60.0, 1.0]) {
        total += number(part)? * unit;
    }
    let Some(fraction) = fraction else {
        return Some(whole_number(total));
    };
    let unit = if rest.len() == 2 { 1.0 } else { 60.0 };
    let fraction = number(&format!("0.{fraction}0")).unwrap_or(0.0);
    Some(Value::Float(total + fraction * unit))
}

fn whole_number(x: f64) -> Value {
    // 2^53: beyond it not every whole number is a float.
    match x.abs() < 9_007_199_254_740_992.0 {
        true => Value::Int(x as i64),
        false => Value::Float(x),
    }
}

/// `^(?:[-+]?([0-9][0-9_,]*)?\.[0-9]*([eE][+-][0-9]+)?)$`
fn float(text: &str) -> Option<Value> {
    let (_, unsigned) = signed(text);
    let (whole, rest) = unsigned.split_once('.')?;
    let whole_fine = whole.is_empty()
        || whole.starts_with(|c: char| c.is_ascii_digit())
            && whole
                .bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b'_' | b','));
    let (fraction, exponent) = match rest.split_once(['e', 'E']) {
        Some((fraction, exponent)) => (fraction, Some(exponent)),
        None => (rest, None),
    };
    let exponent_fine = exponent.is_none_or(|exponent| {
        let power = exponent.strip_prefix(['-', '+']);
        power.is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
    });
    let fraction_fine = fraction.bytes().all(|b| b.is_ascii_digit());
    let bare = whole.is_empty() && fraction.is_empty();
    if !whole_fine || !fraction_fine || !exponent_fine || bare {
        return None;
    }
    text.replace(['_', ','], "").parse().ok().map(Value::Float)
}

/// Base 2, 8, 10 and 16; `_` and `,` between digits.
fn integer(text: &str) -> Option<Value> {
    let (negative, unsigned) = signed(text);
    let filler = |b: u8| matches!(b, b'_' | b',');
    let (body, radix) = match unsigned.as_bytes() {
        [b'0', b'b', ..] => (&unsigned[2..], 2),
        [b'0', b'x', ..] => (&unsigned[2..], 16),
        [b'0', _, ..] => (&unsigned[1..], 8),
        _ => (unsigned, 10),
    };
    if radix == 10 {
        // A `_` or `,` stands between two digits.
        let bytes = body.as_bytes();
        let single = bytes
            .windows(2)
            .all(|pair| !(filler(pair[0]) && filler(pair[1])));
        let ends = bytes.first()?.is_ascii_digit() && bytes.last()?.is_ascii_digit();
        if !single || !ends {
            return None;
        }
    }
    let fine = |b: u8| filler(b) || char::from(b).is_digit(radix);
    if !body.bytes().all(fine) || !body.bytes().any(|b| !filler(b)) {
        return None;
    }
    let plain = body.replace(['_', ','], "");
    let value = i128::from_str_radix(&plain, radix).map(|v| if negative { -v } else { v });
    Some(match value.map(i64::try_from) {
        Ok(Ok(value)) => Value::Int(value),
        // Ruby's integers have no end; ours keep their size and lose the last digits.
        Ok(Err(_)) | Err(_) => Value::Float(approximate(&plain, radix, negative)),
    })
}

fn approximate(digits: &str, radix: u32, negative: bool) -> f64 {
    if radix == 10 {
        let value: f64 = digits.parse().unwrap_or(f64::INFINITY);
        return if negative { -value } else { value };
    }
    let digit = |c: char| f64::from(c.to_digit(radix).unwrap_or(0));
    let value = digits
        .chars()
        .fold(0.0, |sum, c| sum * f64::from(radix) + digit(c));
    if negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_mean_what_psych_makes_of_them() {
        use Value::{Bool, Float, Int, Null};
        let text = |s: &str| Value::String(s.to_owned());
        let cases = [
            ("", Null),
            ("~", Null),
            ("NULL", Null),
            ("nUll", Null),
            ("yes", Bool(true)),
            ("Off", Bool(false)),
            ("oN", Bool(true)),
            ("no", Bool(false)),
            ("y", text("y")),
            ("N", text("N")),
            ("none", text("none")),
            ("true story", text("true story")),
            ("0", Int(0)),
            ("010", Int(8)),
            ("-010", Int(-8)),
            ("08", text("08")),
            ("0o17", text("0o17")),
            ("0x1F", Int(31)),
            ("0b11", Int(3)),
            ("0b12", text("0b12")),
            ("1_000", Int(1000)),
            ("1,000", Int(1000)),
            ("1__0", text("1__0")),
            ("1_", text("1_")),
            ("+7", Int(7)),
            ("1.0", Float(1.0)),
            ("1.", Float(1.0)),
            (".5", Float(0.5)),
            ("1,000.5", Float(1000.5)),
            ("1e3", text("1e3")),
            ("1.5e3", text("1.5e3")),
            ("1.5e+3", Float(1500.0)),
            (".", text(".")),
            ("1.2.3", text("1.2.3")),
            ("12:30", Int(45_000)),
            ("1:02:03", Int(3723)),
            ("12:75", text("12:75")),
            ("-1:30", Int(-1800)),
            ("1:2:3:4", text("1:2:3:4")),
            (".INF", Float(f64::INFINITY)),
            ("-.inf", Float(f64::NEG_INFINITY)),
            (":word", text("word")),
            (":\"two words\"", text("two words")),
            (":", text(":")),
            ("-", text("-")),
            ("-x", text("-x")),
            ("gpt-4", text("gpt-4")),
            ("2024-13-01", text("2024-13-01")),
            ("2024-1", text("2024-1")),
            ("99999999999999999999", Float(1e20)),
        ];
        for (plain, wanted) in cases {
            assert_eq!(resolve(plain), Ok(wanted), "{plain}");
        }
    }

    #[test]
    fn dates_and_times_are_refused() {
        for date in ["2024-01-02", "2024-1-2"] {
            assert_eq!(resolve(date), Err(Disallowed("Date")), "{date}");
        }
        for time in [
            "2024-01-02 03:04:05",
            "2024-01-02T03:04:05Z",
            "2024-01-02t3:04:05.25 +01:00",
            "-2024-01-02 03:04:05 -0130",
        ] {
            assert_eq!(resolve(time), Err(Disallowed("Time")), "{time}");
        }
    }
}
