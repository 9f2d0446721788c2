//! What a template of a stranger may not do: make a text grow out of all proportion, or run for ever.
//!
//! Fuel bounds the steps of a template, not the bytes that one step makes: `{{ x ~ x }}` doubles. So the
//! words that build text out of text (`~`, `+`, `*`, `set`, `macro`, …) are refused, filters are few, and
//! the output has an end. What is left can choose, repeat and format what it is given.

use std::io;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value, filters, tests};

/// Steps of one template: far above any honest one, far below a second.
const FUEL: u64 = 100_000;
/// Bytes of one template.
pub(super) const TEXT: usize = 256 << 10;
/// Bytes that one text may grow to.
pub(super) const OUTPUT: usize = 4 << 20;
/// The tags that a template may use.
const TAGS: [&str; 7] = ["if", "elif", "else", "endif", "for", "endfor", "with"];

/// An environment that knows what a template needs and nothing more.
pub(super) fn environment() -> Environment<'static> {
    let mut env = Environment::empty();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
    env.set_syntax(syntax.expect("the delimiters are the default ones"));
    env.add_filter("upper", filters::upper);
    env.add_filter("lower", filters::lower);
    env.add_filter("title", filters::title);
    env.add_filter("capitalize", filters::capitalize);
    env.add_filter("trim", filters::trim);
    env.add_filter("length", filters::length);
    env.add_filter("default", filters::default);
    env.add_filter("first", filters::first);
    env.add_filter("last", filters::last);
    env.add_filter("sort", filters::sort);
    env.add_filter("reverse", filters::reverse);
    env.add_filter("unique", filters::unique);
    env.add_filter("round", filters::round);
    env.add_filter("int", filters::int);
    env.add_filter("lines", filters::lines);
    env.add_filter("items", filters::items);
    env.add_filter("join", join);
    env.add_filter("tojson", json);
    env.add_test("defined", tests::is_defined);
    env.add_test("none", tests::is_none);
    env.add_test("string", tests::is_string);
    env.add_test("number", tests::is_number);
    env.add_test("sequence", tests::is_sequence);
    env.add_test("mapping", tests::is_mapping);
    env.add_test("odd", tests::is_odd);
    env.add_test("even", tests::is_even);
    env.add_test("startingwith", tests::is_startingwith);
    env.add_test("endingwith", tests::is_endingwith);
    env
}

fn join(items: &Value, between: Option<&str>) -> Result<String, Error> {
    let between = between.unwrap_or_default();
    let mut joined = String::new();
    for (at, item) in items.try_iter()?.enumerate() {
        if at > 0 {
            joined.push_str(between);
        }
        match item.as_str() {
            Some(text) => joined.push_str(text),
            None if matches!(item.kind(), ValueKind::Number | ValueKind::Bool) => {
                joined.push_str(&item.to_string());
            }
            None => {
                let message = format!("`join` takes texts and numbers, not {}", item.kind());
                return Err(Error::new(ErrorKind::InvalidOperation, message));
            }
        }
        if joined.len() > OUTPUT {
            return Err(Error::new(
                ErrorKind::InvalidOperation,
                "`join` makes too long a text",
            ));
        }
    }
    Ok(joined)
}

fn json(value: &Value) -> Result<String, Error> {
    serde_json::to_string(value)
        .map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
}

/// What the template holds that is refused, with its line in the text; `None` if it may be used.
pub(super) fn refusal(text: &str) -> Option<(String, usize)> {
    let refused = |what: &str, at: usize| {
        let line = 1 + text[..at].matches('\n').count();
        Some((what.to_owned(), line))
    };
    if text.len() > TEXT {
        return refused("more than 262144 bytes", 0);
    }
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = text[at..].find('{') {
        let start = at + found;
        at = start + 1;
        match bytes.get(at) {
            Some(b'#') => match text[at + 1..].find("#}") {
                Some(end) => at += 1 + end + 2,
                None => return None,
            },
            Some(b'{' | b'%') => {
                let block = bytes[at] == b'%';
                let inside = at + 1;
                match tag(text, inside, block) {
                    Ok(end) => at = end,
                    Err((what, place)) => return refused(&what, place),
                }
            }
            _ => {}
        }
    }
    None
}

/// Reads one `{{ … }}` or `{% … %}` from after its opening; gives where it ends, or what is refused.
fn tag(text: &str, from: usize, block: bool) -> Result<usize, (String, usize)> {
    let bytes = text.as_bytes();
    let close = if block { b'%' } else { b'}' };
    // `{%-` and `{%+` are about blanks.
    let mut at = from + usize::from(matches!(bytes.get(from), Some(b'-' | b'+')));
    if block {
        let rest = text[at..].trim_start();
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let name = &rest[..rest.find(|c| !word(c)).unwrap_or(rest.len())];
        if !TAGS.contains(&name) && name != "endwith" {
            return Err((format!("`{{% {name} %}}`"), from));
        }
    }
    while let Some(&byte) = bytes.get(at) {
        let next = bytes.get(at + 1);
        match byte {
            b'\'' | b'"' => {
                at += 1;
                while let Some(&inner) = bytes.get(at).filter(|inner| **inner != byte) {
                    at += if inner == b'\\' { 2 } else { 1 };
                }
            }
            _ if byte == close && next == Some(&b'}') => return Ok(at + 2),
            b'+' if next == Some(&close) && bytes.get(at + 2) == Some(&b'}') => {}
            // Without braces inside, the end of a tag is never in doubt.
            b'~' | b'+' | b'*' | b'{' | b'}' => {
                return Err((format!("`{}`", char::from(byte)), at));
            }
            b'r' if block && text[at..].starts_with("recursive") => {
                return Err(("`recursive`".into(), at));
            }
            _ => {}
        }
        at += 1;
    }
    // Not closed: the engine says so.
    Ok(text.len())
}

/// A text with an end.
#[derive(Default)]
pub(super) struct Bounded(Vec<u8>);

impl Bounded {
    pub(super) fn text(self) -> String {
        // The engine writes whole texts only.
        String::from_utf8(self.0).unwrap_or_default()
    }
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > OUTPUT {
            return Err(io::Error::other("too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests_of_guard {
    use super::refusal;

    #[test]
    fn only_words_that_build_text_out_of_text_are_refused() {
        let cases = [
            ("plain ~ + * { } text", None),
            ("{{ a }} {%- if a == '~{{' -%} x {%+ endif +%}", None),
            ("{# {{ a ~ a }} #}", None),
            ("{{ a.b[0] | join(', ') }}", None),
            ("{% for x in xs if x %}{{ loop.index }}{% endfor %}", None),
            ("{{ a ~ a }}", Some(("`~`", 1))),
            ("\n{{ 'a' * 9 }}", Some(("`*`", 2))),
            ("{{ a + a }}", Some(("`+`", 1))),
            ("{{ {'a': {'b': 1}} ~ x }}", Some(("`{`", 1))),
            ("{% set x = 1 %}", Some(("`{% set %}`", 1))),
            ("{%- macro f() %}", Some(("`{% macro %}`", 1))),
            (
                "{% raw %}{{ ' {% endraw %}{{ x ~ x }}'}}",
                Some(("`{% raw %}`", 1)),
            ),
            ("{{ '\\'' ~ x }}", Some(("`~`", 1))),
            ("{% for x in xs recursive %}", Some(("`recursive`", 1))),
            ("{{ \"{#\" }}{{ a ~ a }}", Some(("`~`", 1))),
            ("{{{ a ~ a }}", Some(("`{`", 1))),
            ("{ {{ a ~ a }}", Some(("`~`", 1))),
            ("{{ é ~ é }}", Some(("`~`", 1))),
            ("{{ 'open", None),
            ("{% if", None),
        ];
        for (text, wanted) in cases {
            let found = refusal(text);
            let found = found.as_ref().map(|(what, line)| (what.as_str(), *line));
            assert_eq!(found, wanted, "{text}");
        }
    }
}
