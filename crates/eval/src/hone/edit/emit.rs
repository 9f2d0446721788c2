//! JSON values -> YAML as people write it: mappings and lists on lines of their own, long texts as blocks.
//!
//! Every text is quoted unless it is a block; every key that could be read as something else, too.

use std::fmt::Write as _;

use serde_json::Value;

/// Writes a mapping's entries, or any other value on one line.
pub(super) fn block(out: &mut String, indent: usize, value: &Value) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                entry(out, indent, key, value);
            }
        }
        other => {
            out.push_str(&scalar(other));
            out.push('\n');
        }
    }
}

/// Writes a key and its value.
pub(super) fn entry(out: &mut String, indent: usize, key: &str, value: &Value) {
    out.push_str(&" ".repeat(indent));
    out.push_str(&key_of(key));
    out.push(':');
    behind(out, indent, value);
}

/// A value behind `key:` or `-`, whose line begins `indent` spaces in.
fn behind(out: &mut String, indent: usize, value: &Value) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            block(out, indent + 2, value);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            for item in items {
                out.push_str(&" ".repeat(indent + 2));
                out.push('-');
                match item {
                    Value::Object(map) if !map.is_empty() => {
                        let mut inner = String::new();
                        block(&mut inner, indent + 4, item);
                        out.push(' ');
                        out.push_str(&inner[indent + 4..]);
                    }
                    item => behind(out, indent + 2, item),
                }
            }
        }
        Value::String(text) if is_block(text) => {
            out.push_str(if text.ends_with('\n') {
                " |\n"
            } else {
                " |-\n"
            });
            for line in text.lines() {
                if !line.is_empty() {
                    out.push_str(&" ".repeat(indent + 2));
                    out.push_str(line);
                }
                out.push('\n');
            }
        }
        other => {
            out.push(' ');
            out.push_str(&scalar(other));
            out.push('\n');
        }
    }
}

/// Whether a text may stand as a block, line by line.
fn is_block(text: &str) -> bool {
    let fine = |line: &str| !line.ends_with([' ', '\t']) && !line.contains(|c: char| is_odd(c));
    let first = text.lines().next().unwrap_or_default();
    text.trim_end_matches('\n').contains('\n')
        && !text.ends_with("\n\n")
        && !first.is_empty()
        && !first.starts_with([' ', '\t'])
        && text.lines().all(fine)
        && !text.contains('\r')
}

/// Characters that YAML wants escaped, or reads as a break.
fn is_odd(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

/// A value on one line, as JSON, which is YAML.
fn scalar(value: &Value) -> String {
    let json = value.to_string();
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match is_odd(c) {
            // JSON has escaped what is below a space.
            true => write!(out, "\\u{:04x}", c as u32).expect("writing to a string cannot fail"),
            false => out.push(c),
        }
    }
    out
}

/// A key: bare where it can be read as nothing else.
fn key_of(key: &str) -> String {
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let mut chars = key.chars();
    let plain = chars.next().is_some_and(|c| c.is_ascii_alphabetic())
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        && !words.contains(&key.to_ascii_lowercase().as_str());
    match plain {
        true => key.to_owned(),
        false => scalar(&Value::from(key)),
    }
}
