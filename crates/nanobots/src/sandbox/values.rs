//! JSON in, text out: what crosses the border of a virtual machine.
//!
//! JSON's `null` is `nil`, arrays count from 1. A result is text as the reference implementation
//! shows it: `nil` is empty, a whole number has no point, a float is written as Ruby does, a table is JSON
//! (its keys sorted, because Lua's order changes from run to run).

use std::fmt::Write;

use mlua::{Integer, Lua, Table, Value as LuaValue};
use serde_json::Value;

use super::SandboxError;
use super::machine::error_text;

/// Nesting of values at most; deeper ones are left out.
const DEPTH: usize = 100;

/// A JSON value as Lua has it.
pub(super) fn to_lua(lua: &Lua, value: &Value, depth: usize) -> mlua::Result<LuaValue> {
    Ok(match value {
        _ if depth > DEPTH => LuaValue::Nil,
        Value::Null => LuaValue::Nil,
        Value::Bool(is) => LuaValue::Boolean(*is),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => LuaValue::Integer(integer),
            None => LuaValue::Number(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => LuaValue::String(lua.create_string(text)?),
        Value::Array(items) => {
            let table = lua.create_table()?;
            for (index, item) in items.iter().enumerate() {
                table.raw_set(index + 1, to_lua(lua, item, depth + 1)?)?;
            }
            LuaValue::Table(table)
        }
        Value::Object(fields) => {
            let table = lua.create_table()?;
            for (name, field) in fields {
                table.raw_set(name.as_str(), to_lua(lua, field, depth + 1)?)?;
            }
            LuaValue::Table(table)
        }
    })
}

/// A result as text of at most `most` bytes.
pub(super) fn to_text(value: &LuaValue, most: usize) -> mlua::Result<Result<String, SandboxError>> {
    let text = match value {
        LuaValue::Nil => String::new(),
        LuaValue::Boolean(is) => is.to_string(),
        LuaValue::Integer(number) => number.to_string(),
        LuaValue::Number(number) => float(*number),
        LuaValue::String(text) if text.as_bytes().len() > most => {
            return Ok(Err(SandboxError::Output(most)));
        }
        LuaValue::String(text) => String::from_utf8_lossy(&text.as_bytes()).into_owned(),
        LuaValue::Table(table) => {
            let mut json = Json {
                text: String::new(),
                left: most,
            };
            if !json.table(table, 0)? {
                return Ok(Err(SandboxError::Output(most)));
            }
            json.text
        }
        LuaValue::Error(error) => error_text(error).chars().take(most / 4).collect(),
        other => other.type_name().to_owned(),
    };
    Ok(match text.len() > most {
        true => Err(SandboxError::Output(most)),
        false => Ok(text),
    })
}

/// A float as Ruby's `Float#to_s`: the shortest digits that read back, always with a point.
fn float(number: f64) -> String {
    if number.is_nan() {
        return "NaN".into();
    }
    if number.is_infinite() {
        return if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .into();
    }
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let point = if digits.contains('.') { "" } else { ".0" };
        let (sign, exponent) = match exponent.strip_prefix('-') {
            Some(rest) => ('-', rest),
            None => ('+', exponent),
        };
        return format!("{digits}{point}e{sign}{exponent:0>2}");
    }
    format!("{number:?}")
}

struct Json {
    text: String,
    /// Bytes and entries that may still come.
    left: usize,
}

impl Json {
    /// Writes a table; false where it is too long.
    fn table(&mut self, table: &Table, depth: usize) -> mlua::Result<bool> {
        if depth > DEPTH {
            return Ok(self.push("null"));
        }
        let mut entries = Vec::new();
        for pair in table.pairs::<LuaValue, LuaValue>() {
            let (key, value) = pair?;
            if entries.len() * 4 > self.left {
                return Ok(false);
            }
            entries.push((key, value));
        }
        let length = Integer::try_from(entries.len()).unwrap_or(Integer::MAX);
        let is_list = length > 0
            && entries
                .iter()
                .all(|(key, _)| matches!(key, LuaValue::Integer(at) if (1..=length).contains(at)));
        if is_list {
            entries.sort_by_key(|(key, _)| key.as_integer());
            return self.entries(
                "[",
                "]",
                entries.into_iter().map(|(_, value)| (None, value)),
                depth,
            );
        }
        let mut named = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let name = match key {
                LuaValue::String(text) => {
                    if text.as_bytes().len() > self.left {
                        return Ok(false);
                    }
                    String::from_utf8_lossy(&text.as_bytes()).into_owned()
                }
                LuaValue::Integer(number) => number.to_string(),
                LuaValue::Number(number) => float(number),
                LuaValue::Boolean(is) => is.to_string(),
                other => other.type_name().to_owned(),
            };
            named.push((name, value));
        }
        named.sort_by(|(a, _), (b, _)| a.cmp(b));
        let named = named.into_iter().map(|(name, value)| (Some(name), value));
        self.entries("{", "}", named, depth)
    }

    fn entries(
        &mut self,
        open: &str,
        close: &str,
        entries: impl Iterator<Item = (Option<String>, LuaValue)>,
        depth: usize,
    ) -> mlua::Result<bool> {
        let mut fits = self.push(open);
        for (index, (name, value)) in entries.enumerate() {
            fits = fits
                && (index == 0 || self.push(","))
                && name.is_none_or(|name| self.string(&name) && self.push(":"))
                && self.value(&value, depth)?;
            if !fits {
                return Ok(false);
            }
        }
        Ok(fits && self.push(close))
    }

    fn value(&mut self, value: &LuaValue, depth: usize) -> mlua::Result<bool> {
        Ok(match value {
            LuaValue::Boolean(is) => self.push(if *is { "true" } else { "false" }),
            LuaValue::Integer(number) => self.push(&number.to_string()),
            LuaValue::Number(number) if number.is_finite() => {
                let number = serde_json::Number::from_f64(*number);
                self.push(&number.map_or("null".into(), |number| number.to_string()))
            }
            LuaValue::String(text) => {
                text.as_bytes().len() <= self.left
                    && self.string(&String::from_utf8_lossy(&text.as_bytes()))
            }
            LuaValue::Table(table) => self.table(table, depth + 1)?,
            LuaValue::Nil | LuaValue::Number(_) => self.push("null"),
            other => self.string(other.type_name()),
        })
    }

    fn string(&mut self, text: &str) -> bool {
        let before = self.text.len();
        let _ = write!(self.text, "{}", Value::from(text));
        let written = self.text.len() - before;
        self.take(written)
    }

    fn push(&mut self, text: &str) -> bool {
        self.text.push_str(text);
        self.take(text.len())
    }

    fn take(&mut self, bytes: usize) -> bool {
        let fits = bytes <= self.left;
        self.left = self.left.saturating_sub(bytes);
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_ruby_writes_them() {
        for (number, text) in [
            (2.5, "2.5"),
            (2.0, "2.0"),
            (-0.0, "-0.0"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e15, "1000000000000000.0"),
            (1e16, "1.0e+16"),
            (1.5e300, "1.5e+300"),
            (0.0001, "0.0001"),
            (0.00001, "1.0e-05"),
            (f64::INFINITY, "Infinity"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(float(number), text);
        }
    }
}
