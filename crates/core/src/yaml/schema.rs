//! The YAML 1.2 core schema: a plain scalar's text -> its value. Section 10.3.2 of
//! <https://yaml.org/spec/1.2.2/>. Nothing of YAML 1.1: `yes`, `0777`, `1_000` and `12:30` are text
//! (`0777` is the number 777).

use super::Value;

/// Why a text that looks like a number is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

/// What a plain scalar means.
pub(super) fn resolve(text: &str) -> Result<Value, TooLarge> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::Float(f64::NEG_INFINITY),
        _ => match number(text) {
            Some(number) => number?,
            None => Value::String(text.to_owned()),
        },
    })
}

/// `None` if the text is no number; `Err` if it is one beyond 64 bits.
fn number(text: &str) -> Option<Result<Value, TooLarge>> {
    let integer = |digits: &str, radix: u32| {
        let value = i64::from_str_radix(digits, radix);
        Some(value.map(Value::Int).map_err(|_| TooLarge))
    };
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let fine = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
            return if fine { integer(digits, radix) } else { None };
        }
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return integer(text, 10);
    }
    // Rust's own reader takes exactly the schema's decimals, besides `inf` and `nan`, which the
    // alphabet here leaves out.
    let digits = unsigned.bytes().any(|b| b.is_ascii_digit());
    let alphabet = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-');
    if !digits || !unsigned.bytes().all(alphabet) {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    Some(if value.is_finite() {
        Ok(Value::Float(value))
    } else {
        Err(TooLarge)
    })
}
