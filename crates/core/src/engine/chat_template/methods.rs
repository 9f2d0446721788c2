//! The methods of Python's strings, lists and dictionaries that chat templates call.
//!
//! Only those that change nothing, as in Jinja's immutable sandbox: `append` and `update` are
//! unknown here too.

use std::collections::BTreeSet;

use minijinja::value::{Value, ValueKind, from_args};
use minijinja::{Error, ErrorKind, State};

use super::filters::{joined, replaced};
use super::guard::{charge, look_through};
use super::letters::{capitalized, is_space, lines, titled};

/// Calls `method` of `value`.
///
/// # Errors
/// If there is no such method, or its arguments are others.
pub(super) fn call(
    state: &mut State<'_, '_>,
    value: &Value,
    method: &str,
    args: &[Value],
) -> Result<Value, Error> {
    match value.kind() {
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            // What comes out is about as long as what went in.
            charge(state, text.len())?;
            string(state, text, method, args)
        }
        ValueKind::Map => {
            for key in args {
                look_through(state, key)?;
            }
            map(value, method, args)
        }
        ValueKind::Seq | ValueKind::Iterable => {
            // No more of an item is looked at than there is of what is wanted.
            look_through(state, value)?;
            list(value, method, args)
        }
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}

fn string(
    state: &mut State<'_, '_>,
    text: &str,
    method: &str,
    args: &[Value],
) -> Result<Value, Error> {
    let all = |test: fn(char) -> bool| !text.is_empty() && text.chars().all(test);
    Ok(match method {
        "strip" | "lstrip" | "rstrip" => {
            let (chars,): (Option<String>,) = from_args(args)?;
            let chars = chars.map(|chars| chars.chars().collect::<BTreeSet<char>>());
            let strips = |c: char| match &chars {
                Some(chars) => chars.contains(&c),
                None => is_space(c),
            };
            Value::from(match method {
                "strip" => text.trim_matches(strips),
                "lstrip" => text.trim_start_matches(strips),
                _ => text.trim_end_matches(strips),
            })
        }
        "split" | "rsplit" => {
            let (by, most): (Option<Option<String>>, Option<i64>) = from_args(args)?;
            split(text, by.flatten().as_deref(), most, method == "rsplit")?
        }
        "partition" | "rpartition" => {
            let (by,): (String,) = from_args(args)?;
            let found = match method {
                "partition" => text.split_once(by.as_str()),
                _ => text.rsplit_once(by.as_str()),
            };
            let parts = match (found, method) {
                (Some((before, after)), _) => [before, by.as_str(), after],
                (None, "partition") => [text, "", ""],
                (None, _) => ["", "", text],
            };
            Value::from(parts.map(str::to_owned).to_vec())
        }
        "splitlines" => {
            let lines = lines(text).into_iter().map(str::to_owned);
            Value::from(lines.collect::<Vec<_>>())
        }
        "startswith" | "endswith" => {
            let (what,): (Value,) = from_args(args)?;
            let test = |part: &str| match method {
                "startswith" => text.starts_with(part),
                _ => text.ends_with(part),
            };
            Value::from(if let Some(part) = what.as_str() {
                test(part)
            } else {
                let mut any = false;
                for part in what.try_iter()? {
                    any |= part.as_str().is_some_and(test);
                }
                any
            })
        }
        "removeprefix" => {
            let (part,): (String,) = from_args(args)?;
            Value::from(text.strip_prefix(part.as_str()).unwrap_or(text))
        }
        "removesuffix" => {
            let (part,): (String,) = from_args(args)?;
            Value::from(text.strip_suffix(part.as_str()).unwrap_or(text))
        }
        "replace" => {
            let (from, to, most): (String, String, Option<i64>) = from_args(args)?;
            let most = most.and_then(|most| usize::try_from(most).ok());
            Value::from(replaced(state, text, &from, &to, most)?)
        }
        "join" => {
            let (items,): (Value,) = from_args(args)?;
            Value::from(joined(state, &items, text)?)
        }
        "find" | "rfind" | "index" | "count" => {
            let (part,): (String,) = from_args(args)?;
            let found = match method {
                "rfind" => text.rfind(part.as_str()),
                _ => text.find(part.as_str()),
            };
            match (method, found) {
                ("count", _) if part.is_empty() => Value::from(text.chars().count() + 1),
                ("count", _) => Value::from(text.matches(part.as_str()).count()),
                (_, Some(at)) => Value::from(text[..at].chars().count()),
                ("index", None) => {
                    return Err(Error::new(
                        ErrorKind::InvalidOperation,
                        "substring not found",
                    ));
                }
                _ => Value::from(-1),
            }
        }
        "upper" => Value::from(text.to_uppercase()),
        "lower" | "casefold" => Value::from(text.to_lowercase()),
        "capitalize" => Value::from(capitalized(text)),
        "title" => Value::from(titled(text)),
        "isdigit" | "isnumeric" | "isdecimal" => Value::from(all(char::is_numeric)),
        "isalpha" => Value::from(all(char::is_alphabetic)),
        "isalnum" => Value::from(all(char::is_alphanumeric)),
        "isspace" => Value::from(all(is_space)),
        "isascii" => Value::from(text.is_ascii()),
        "isupper" => Value::from(
            text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase),
        ),
        "islower" => Value::from(
            text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase),
        ),
        _ => return Err(Error::from(ErrorKind::UnknownMethod)),
    })
}

/// `str.split` and `str.rsplit`.
fn split(text: &str, by: Option<&str>, most: Option<i64>, from_end: bool) -> Result<Value, Error> {
    let most = most.and_then(|most| usize::try_from(most).ok());
    if by == Some("") {
        return Err(Error::new(ErrorKind::InvalidOperation, "empty separator"));
    }
    let parts: Vec<&str> = match (by, most, from_end) {
        (Some(by), None, _) => text.split(by).collect(),
        (Some(by), Some(most), false) => text.splitn(most.saturating_add(1), by).collect(),
        (Some(by), Some(most), true) => {
            let mut parts: Vec<&str> = text.rsplitn(most.saturating_add(1), by).collect();
            parts.reverse();
            parts
        }
        (None, None, _) => {
            let parts = text.split(is_space);
            parts.filter(|part| !part.is_empty()).collect()
        }
        (None, Some(most), false) => {
            let mut parts = Vec::new();
            let mut rest = text.trim_start_matches(is_space);
            while !rest.is_empty() {
                if parts.len() == most {
                    parts.push(rest);
                    break;
                }
                let end = rest.find(is_space).unwrap_or(rest.len());
                parts.push(&rest[..end]);
                rest = rest[end..].trim_start_matches(is_space);
            }
            parts
        }
        (None, Some(most), true) => {
            let mut parts = Vec::new();
            let mut rest = text.trim_end_matches(is_space);
            while !rest.is_empty() {
                if parts.len() == most {
                    parts.push(rest);
                    break;
                }
                let from = rest
                    .char_indices()
                    .rev()
                    .find(|(_, c)| is_space(*c))
                    .map_or(0, |(at, c)| at + c.len_utf8());
                parts.push(&rest[from..]);
                rest = rest[..from].trim_end_matches(is_space);
            }
            parts.reverse();
            parts
        }
    };
    let parts: Vec<String> = parts.into_iter().map(str::to_owned).collect();
    Ok(Value::from(parts))
}

fn map(value: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    match method {
        "get" => {
            let (key, default): (Value, Option<Value>) = from_args(args)?;
            let found = value.get_item(&key)?;
            Ok(match found.is_undefined() {
                true => default.unwrap_or(Value::from(())),
                false => found,
            })
        }
        "keys" | "values" | "items" => {
            let () = from_args(args)?;
            let mut out = Vec::new();
            for key in value.try_iter()? {
                let item = value.get_item(&key)?;
                out.push(match method {
                    "keys" => key,
                    "values" => item,
                    _ => Value::from(vec![key, item]),
                });
            }
            Ok(Value::from(out))
        }
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}

fn list(value: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    match method {
        "count" | "index" => {
            let (what,): (Value,) = from_args(args)?;
            let mut count = 0usize;
            for (at, item) in value.try_iter()?.enumerate() {
                if item == what {
                    if method == "index" {
                        return Ok(Value::from(at));
                    }
                    count += 1;
                }
            }
            match method {
                "count" => Ok(Value::from(count)),
                _ => Err(Error::new(
                    ErrorKind::InvalidOperation,
                    "the value is not in the list",
                )),
            }
        }
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}
