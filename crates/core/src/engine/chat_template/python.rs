//! Values as Python writes them: `str`, `repr` and `json.dumps`.

use std::fmt::Write as _;

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind};

use super::guard::{BUDGET, builds_too_much};

/// Levels that a value may be nested.
const DEPTH: usize = 200;

/// `str(value)`; nothing for an undefined one. Of a list that is longer than `most` bytes there is more than that, but
/// not all.
pub(super) fn printed(value: &Value, most: usize) -> String {
    match value.as_str() {
        Some(text) => text.to_owned(),
        None if value.is_undefined() => String::new(),
        None => {
            let mut out = String::new();
            repr(value, DEPTH, most, &mut out);
            out
        }
    }
}

fn repr(value: &Value, depth: usize, most: usize, out: &mut String) {
    if out.len() > most {
        return;
    }
    if depth == 0 {
        return out.push_str("...");
    }
    match value.kind() {
        ValueKind::None => out.push_str("None"),
        ValueKind::Undefined => out.push_str("Undefined"),
        ValueKind::Bool => out.push_str(if value.is_true() { "True" } else { "False" }),
        ValueKind::String => quoted(value.as_str().unwrap_or_default(), out),
        ValueKind::Number => out.push_str(&number(value)),
        ValueKind::Seq | ValueKind::Iterable => {
            let (open, close) = match value.is_tuple() {
                true => ('(', ')'),
                false => ('[', ']'),
            };
            out.push(open);
            let mut count = 0;
            for item in value.try_iter().into_iter().flatten() {
                if out.len() > most {
                    break;
                }
                if count > 0 {
                    out.push_str(", ");
                }
                repr(&item, depth - 1, most, out);
                count += 1;
            }
            if value.is_tuple() && count == 1 {
                out.push(',');
            }
            out.push(close);
        }
        ValueKind::Map => {
            out.push('{');
            for (at, key) in value.try_iter().into_iter().flatten().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                repr(&key, depth - 1, most, out);
                out.push_str(": ");
                repr(
                    &value.get_item(&key).unwrap_or_default(),
                    depth - 1,
                    most,
                    out,
                );
            }
            out.push('}');
        }
        _ => out.push_str(&value.to_string()),
    }
}

fn number(value: &Value) -> String {
    if value.is_integer() {
        return value.to_string();
    }
    match f64::try_from(value.clone()) {
        Ok(number) => float(number),
        Err(_) => value.to_string(),
    }
}

/// Python's shortest form: an exponent below 1e-4 and from 1e16.
fn float(number: f64) -> String {
    if number.is_nan() {
        return "nan".into();
    }
    if number.is_infinite() {
        return (if number > 0.0 { "inf" } else { "-inf" }).into();
    }
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').expect("`{:e}` writes an exponent");
        let power: i32 = exponent.parse().expect("an exponent is a number");
        let sign = if power < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", power.abs());
    }
    match number.fract() == 0.0 {
        true => format!("{number:.1}"),
        false => number.to_string(),
    }
}

/// A string as `repr` writes it.
fn quoted(text: &str, out: &mut String) {
    let quote = match text.contains('\'') && !text.contains('"') {
        true => '"',
        false => '\'',
    };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if (c as u32) < 0x20 || c as u32 == 0x7f => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push(quote);
}

/// How `json.dumps` writes.
#[derive(Clone, Debug)]
pub(super) struct Dumps {
    pub(super) ensure_ascii: bool,
    pub(super) indent: Option<String>,
    pub(super) between_items: String,
    pub(super) after_key: String,
    pub(super) sort_keys: bool,
    /// Bytes that it may write.
    pub(super) most: usize,
}

impl Dumps {
    /// `json.dumps(value)`.
    ///
    /// # Errors
    /// For an undefined value, which has no JSON; for more than a template may build.
    pub(super) fn write(&self, value: &Value) -> Result<String, Error> {
        let mut out = String::new();
        self.put(value, 0, &mut out)?;
        Ok(out)
    }

    fn put(&self, value: &Value, depth: usize, out: &mut String) -> Result<(), Error> {
        if depth > DEPTH {
            let message = format!("`tojson`: nested deeper than {DEPTH}");
            return Err(Error::new(ErrorKind::BadSerialization, message));
        }
        if out.len() > self.most {
            return Err(builds_too_much());
        }
        match value.kind() {
            ValueKind::None => out.push_str("null"),
            ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => match number(value).as_str() {
                "nan" => out.push_str("NaN"),
                "inf" => out.push_str("Infinity"),
                "-inf" => out.push_str("-Infinity"),
                number => out.push_str(number),
            },
            ValueKind::String => self.string(value.as_str().unwrap_or_default(), out),
            ValueKind::Seq | ValueKind::Iterable => {
                let items = value.try_iter()?.collect::<Vec<_>>();
                self.list('[', ']', items.len(), depth, out, |at, out| {
                    self.put(&items[at], depth + 1, out)
                })?;
            }
            ValueKind::Map => {
                let mut keys = value.try_iter()?.collect::<Vec<_>>();
                if self.sort_keys {
                    keys.sort_by_key(ToString::to_string);
                }
                self.list('{', '}', keys.len(), depth, out, |at, out| {
                    let key = &keys[at];
                    self.string(&json_key(key), out);
                    out.push_str(&self.after_key);
                    self.put(&value.get_item(key)?, depth + 1, out)
                })?;
            }
            kind => {
                let message = format!("`tojson`: {kind} has no JSON");
                return Err(Error::new(ErrorKind::BadSerialization, message));
            }
        }
        Ok(())
    }

    fn list(
        &self,
        open: char,
        close: char,
        count: usize,
        depth: usize,
        out: &mut String,
        mut item: impl FnMut(usize, &mut String) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let line = |depth: usize, out: &mut String| {
            if let Some(indent) = &self.indent {
                out.push('\n');
                out.extend(std::iter::repeat_n(indent.as_str(), depth));
            }
        };
        out.push(open);
        for at in 0..count {
            if at > 0 {
                out.push_str(&self.between_items);
            }
            line(depth + 1, out);
            item(at, out)?;
        }
        if count > 0 {
            line(depth, out);
        }
        out.push(close);
        Ok(())
    }

    fn string(&self, text: &str, out: &mut String) {
        out.push('"');
        for c in text.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                c if (c as u32) < 0x20 => {
                    let _ = write!(out, "\\u{:04x}", c as u32);
                }
                c if self.ensure_ascii && !c.is_ascii() => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        let _ = write!(out, "\\u{unit:04x}");
                    }
                }
                c => out.push(c),
            }
        }
        out.push('"');
    }
}

fn json_key(key: &Value) -> String {
    match key.kind() {
        ValueKind::Bool => (if key.is_true() { "true" } else { "false" }).into(),
        ValueKind::None => "null".into(),
        _ => printed(key, BUDGET),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_python_writes_them() {
        let cases = [
            (Value::from(true), "True"),
            (Value::from(()), "None"),
            (Value::from(1.0), "1.0"),
            (Value::from(1e16), "1e+16"),
            (Value::from(0.00001), "1e-05"),
            (Value::from(0.1), "0.1"),
            (Value::from(12), "12"),
            (
                Value::from(vec!["a", "it's", "\"'\n"]),
                "['a', \"it's\", '\"\\'\\n']",
            ),
        ];
        for (value, wanted) in cases {
            assert_eq!(printed(&value, 99), wanted);
        }
    }
}
