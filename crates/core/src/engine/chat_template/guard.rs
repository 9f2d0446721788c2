//! What a stranger's template may spend: every text that it joins, prints or looks through is counted.
//!
//! Fuel bounds the steps of a template, not the bytes that one step makes: `{{ x ~ x }}` doubles.
//! So the template is rewritten before it is compiled: each operand of `~`, `+` and `*` goes through
//! a filter that counts its bytes, and long literal text counts itself. What is counted has an end.
//! The filter of `~` also turns values into text as Python does (`True`, `None`).
//!
//! Nor does it bound what one step looks at: `x[5:]` walks through all of a long text. What is cut, compared,
//! searched or given to a filter goes through another such filter, with a count of its own.

use std::fmt::Write as _;

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State};

use super::python;

/// Bytes that one rendering may join and print, all told.
pub(super) const BUDGET: usize = 64 << 20;
/// Bytes that one rendering may look through, all told: nobody's conversation is looked through a hundred times.
const LOOKED: usize = 256 << 20;
/// Literal text from this length counts itself, in bytes.
const LITERAL: usize = 512;
/// Where the count is kept.
const SPENT: &str = "botsmith spent";
/// The same of bytes that are looked through.
const SEEN: &str = "botsmith seen";

/// Counts `bytes`.
///
/// # Errors
/// If there were too many.
pub(super) fn charge(state: &mut State<'_, '_>, bytes: usize) -> Result<(), Error> {
    count(state, (SPENT, bytes), (BUDGET, "builds"))
}

fn count(
    state: &mut State<'_, '_>,
    (name, bytes): (&'static str, usize),
    (most, does): (usize, &str),
) -> Result<(), Error> {
    let spent = state.get_temp(name).and_then(|spent| spent.as_usize());
    let spent = spent.unwrap_or(0).saturating_add(bytes);
    if spent > most {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            format!("it {does} more than {} MiB of text", most >> 20),
        ));
    }
    state.set_temp(name, Value::from(spent));
    Ok(())
}

fn size(value: &Value) -> usize {
    match value.as_str() {
        Some(text) => text.len(),
        None => value.len().unwrap_or(0).saturating_mul(16),
    }
}

/// Makes the filters that the rewritten template calls.
pub(super) fn install(environment: &mut Environment<'static>) {
    environment.add_filter("_counted", |state: &mut State<'_, '_>, value: Value| {
        charge(state, size(&value))?;
        Ok::<_, Error>(value)
    });
    environment.add_filter("_looked", |state: &mut State<'_, '_>, value: Value| {
        // An item of a list is little more to look at than a byte: `messages|length` may stand in a loop over them.
        let length = value.as_str().map(str::len).or_else(|| value.len());
        count(
            state,
            (SEEN, length.unwrap_or(0)),
            (LOOKED, "looks through"),
        )?;
        Ok::<_, Error>(value)
    });
    environment.add_filter("_text", |state: &mut State<'_, '_>, value: Value| {
        let text = match value.as_str() {
            Some(_) => value,
            None => Value::from(python::printed(&value)),
        };
        charge(state, size(&text))?;
        Ok::<_, Error>(text)
    });
    // A number times a text or a list repeats it.
    environment.add_filter("_factor", |value: Value| match value.kind() {
        ValueKind::Number | ValueKind::Bool => Ok(value),
        kind => Err(Error::new(
            ErrorKind::InvalidOperation,
            format!("a chat template multiplies numbers, not {kind}"),
        )),
    });
    environment.add_function("_literal", |state: &mut State<'_, '_>, bytes: usize| {
        charge(state, bytes)?;
        Ok::<_, Error>(Value::from_safe_string(String::new()))
    });
}

/// The template with counters; `generation` blocks become plain ones.
pub(super) fn metered(source: &str) -> String {
    let mut out = String::with_capacity(source.len() + 256);
    let mut at = 0;
    while at < source.len() {
        let Some(open) = next_tag(&source[at..]) else {
            literal(&source[at..], &mut out);
            return out;
        };
        literal(&source[at..at + open], &mut out);
        at += open;
        let rest = &source[at..];
        let end = match rest.as_bytes()[1] {
            b'#' => rest.find("#}").map(|end| end + 2),
            _ => Tag::read(rest, &mut out),
        };
        let Some(end) = end else {
            // Not closed: the engine says so.
            out.push_str(rest);
            return out;
        };
        if rest.as_bytes()[1] == b'#' {
            out.push_str(&rest[..end]);
        }
        at += end;
        if tag_name(&rest[..end]) == Some("raw")
            && let Some(close) = source[at..].find("endraw")
        {
            out.push_str(&source[at..at + close]);
            at += close;
        }
    }
    out
}

fn next_tag(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    bytes
        .windows(2)
        .position(|two| two[0] == b'{' && matches!(two[1], b'{' | b'%' | b'#'))
}

fn literal(text: &str, out: &mut String) {
    let inside = text
        .char_indices()
        .find(|(_, c)| !c.is_whitespace() && *c != '{');
    match inside {
        Some((at, c)) if text.len() > LITERAL => {
            let at = at + c.len_utf8();
            out.push_str(&text[..at]);
            // Between two characters that are no blanks, so that trimming is not changed.
            let next_is_blank = text[at..].starts_with(char::is_whitespace);
            if next_is_blank {
                return literal_tail(&text[at..], text.len(), out);
            }
            let _ = write!(out, "{{{{ _literal({}) }}}}", text.len());
            out.push_str(&text[at..]);
        }
        _ => out.push_str(text),
    }
}

/// A printing tag trims nothing after it, so a blank may follow.
fn literal_tail(rest: &str, bytes: usize, out: &mut String) {
    let _ = write!(out, "{{{{ _literal({bytes}) }}}}");
    out.push_str(rest);
}

fn tag_name(tag: &str) -> Option<&str> {
    let inside = tag.strip_prefix("{%")?;
    let inside = inside.trim_start_matches(['-', '+']).trim_start();
    let end = inside.find(|c| !of_words(c))?;
    Some(&inside[..end])
}

fn of_words(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// One open bracket's part of an expression.
#[derive(Clone, Copy, Default)]
struct Level {
    /// The operator before the operand that is being read; of comparisons `=`, of `in` its `i`.
    operator: Option<u8>,
    /// Where that operand begins in what is written.
    begun: usize,
    /// Of brackets after an operand: where they stand, until a colon has said that they cut.
    cuts: Option<usize>,
}

/// Reads one `{{ … }}` or `{% … %}`.
struct Tag<'a, 'o> {
    text: &'a str,
    out: &'o mut String,
    levels: Vec<Level>,
    /// Whether what was read last can be an operand's end.
    operand: bool,
    /// Whether the word before was `is`: what follows is a test's name.
    test: bool,
}

/// Words that end an operand and are none themselves.
const WORDS: [&str; 9] = [
    "if",
    "else",
    "elif",
    "and",
    "or",
    "not",
    "in",
    "is",
    "recursive",
];

impl<'a, 'o> Tag<'a, 'o> {
    /// Writes the tag with counters; gives where it ends, or `None` (and writes nothing) if it does
    /// not end.
    fn read(text: &'a str, out: &'o mut String) -> Option<usize> {
        let start = out.len();
        let mut tag = Self {
            text,
            out,
            levels: vec![Level::default()],
            operand: false,
            test: false,
        };
        let end = tag.walk();
        if end.is_none() {
            tag.out.truncate(start);
        }
        end
    }

    fn walk(&mut self) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let block = bytes[1] == b'%';
        let close = if block { b'%' } else { b'}' };
        let mut at = 2;
        self.out.push_str(&self.text[..2]);
        if matches!(bytes.get(at), Some(b'-' | b'+')) {
            self.out.push(char::from(bytes[at]));
            at += 1;
        }
        if block {
            let name = tag_name(self.text).unwrap_or_default();
            let from = at + self.text[at..].find(name)?;
            self.out.push_str(&self.text[at..from]);
            self.out.push_str(match name {
                "generation" => "if true",
                "endgeneration" => "endif",
                name => name,
            });
            at = from + name.len();
        }
        loop {
            let byte = *bytes.get(at)?;
            let next = bytes.get(at + 1).copied();
            let outermost = self.levels.len() == 1;
            if outermost && byte == close && next == Some(b'}') {
                self.end_operand(None);
                self.out.push_str(&self.text[at..at + 2]);
                return Some(at + 2);
            }
            if outermost
                && matches!(byte, b'-' | b'+')
                && next == Some(close)
                && bytes.get(at + 2) == Some(&b'}')
            {
                self.end_operand(None);
                self.out.push_str(&self.text[at..at + 3]);
                return Some(at + 3);
            }
            at += self.token(at, byte, next)?;
        }
    }

    /// Writes the token at `at`; gives its length.
    fn token(&mut self, at: usize, byte: u8, next: Option<u8>) -> Option<usize> {
        let rest = &self.text[at..];
        let length = match byte {
            b'\'' | b'"' => {
                self.begin_operand();
                self.operand = true;
                string_end(rest)?
            }
            b'(' | b'[' | b'{' => {
                self.begin_operand();
                let cuts = (byte == b'[' && self.operand).then_some(self.out.len());
                self.levels.push(Level {
                    cuts,
                    ..Level::default()
                });
                self.operand = false;
                1
            }
            b')' | b']' | b'}' => {
                self.end_operand(None);
                if self.levels.len() > 1 {
                    self.levels.pop();
                }
                self.operand = true;
                1
            }
            b'*' if next == Some(b'*') => self.operator(b'/', 2),
            b'~' | b'+' | b'-' | b'*' => self.operator(byte, 1),
            b'/' | b'%' => self.operator(b'/', if next == Some(byte) { 2 } else { 1 }),
            b'=' | b'!' if next == Some(b'=') => self.operator(b'=', 2),
            b'<' | b'>' => self.operator(b'=', if next == Some(b'=') { 2 } else { 1 }),
            b',' | b':' | b'=' | b'!' => {
                self.end_operand(None);
                if byte == b':' {
                    self.cut();
                }
                self.operand = false;
                1
            }
            b'|' => {
                self.out.push_str("|_looked");
                1
            }
            b'.' => 1,
            _ if rest.starts_with(of_words) => {
                let end = rest.find(|c| !of_words(c)).unwrap_or(rest.len());
                let word = &rest[..end];
                if WORDS.contains(&word) {
                    self.end_operand(None);
                    self.test = word == "is" || (self.test && word == "not");
                    self.operand = false;
                    if word == "in" {
                        self.level().operator = Some(b'i');
                    }
                } else {
                    self.begin_operand();
                    // The name of a test takes no filter.
                    self.operand = !std::mem::take(&mut self.test);
                }
                word.len()
            }
            _ => rest.chars().next()?.len_utf8(),
        };
        self.out.push_str(&rest[..length]);
        Some(length)
    }

    fn level(&mut self) -> &mut Level {
        self.levels.last_mut().expect("there is an outermost level")
    }

    /// An operand begins here, unless this goes on with one.
    fn begin_operand(&mut self) {
        if !self.operand {
            self.level().begun = self.out.len();
        }
    }

    /// The brackets that are open cut what is before them: `x[` becomes `(x|_looked)[`.
    fn cut(&mut self) {
        let Some(place) = self.level().cuts.take() else {
            return;
        };
        let begun = self.levels[self.levels.len() - 2].begun;
        self.out.insert_str(place, "|_looked)");
        self.out.insert(begun, '(');
    }

    fn operator(&mut self, operator: u8, length: usize) -> usize {
        // A sign before a number joins nothing.
        if self.operand {
            self.end_operand(Some(operator));
            self.operand = false;
        }
        length
    }

    /// The operand that was read last ends here, before `next`: counts it if it is joined.
    fn end_operand(&mut self, next: Option<u8>) {
        let level = self.level();
        let before = level.operator.take();
        level.operator = next;
        if !self.operand {
            return;
        }
        let both = [before, next];
        let filter = if both.contains(&Some(b'*')) {
            "|_factor"
        } else if both.contains(&Some(b'+')) {
            "|_counted"
        } else if both.contains(&Some(b'-')) || both.contains(&Some(b'/')) {
            return;
        } else if both.contains(&Some(b'~')) {
            "|_text"
        } else if before == Some(b'i') || next == Some(b'=') {
            // Of what is compared one side will do: no more of the other is looked at.
            "|_looked"
        } else {
            return;
        };
        // Before the blanks that were written after the operand.
        let blanks = self.out.len() - self.out.trim_end().len();
        let place = self.out.len() - blanks;
        self.out.insert_str(place, filter);
    }
}

fn string_end(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::metered;

    #[test]
    fn operands_are_counted_and_all_else_is_left() {
        let cases = [
            ("plain ~ + text", "plain ~ + text"),
            ("{{ a ~ b }}", "{{ a|_text ~ b|_text }}"),
            ("{{- a+b -}}", "{{- a|_counted+b|_counted -}}"),
            (
                "{{ f(a ~ 'x', b)[1:] ~ c.d }}",
                "{{ (f(a|_text ~ 'x'|_text, b)|_looked)[1:]|_text ~ c.d|_text }}",
            ),
            (
                "{{ 'a ~ b' if -x > 1 else x + 1 }}",
                "{{ 'a ~ b' if -x|_looked > 1 else x|_counted + 1|_counted }}",
            ),
            (
                "{% for m in a.b[::-1] if m.c[0][1:][d[2:]: 3] == 'x' %}",
                "{% for m in (a.b|_looked)[::-1]|_looked if ((m.c[0]|_looked)[1:]|_looked)[(d|_looked)[2:]: 3]|_looked == 'x' %}",
            ),
            (
                "{{ x|trim|length if 'a' not in y(z) and {'k': v}.k != w }}",
                "{{ x|_looked|trim|_looked|length if 'a' not in y(z)|_looked and {'k': v}.k|_looked != w }}",
            ),
            (
                "{% set x = y[1] %}{% if x <= 'a' %}{% endif %}",
                "{% set x = y[1] %}{% if x|_looked <= 'a' %}{% endif %}",
            ),
            ("{{ 1 + 2 ~ y }}", "{{ 1|_counted + 2|_counted ~ y|_text }}"),
            ("{{ x - 1 ~ y }}", "{{ x - 1 ~ y|_text }}"),
            ("{{ a * 2 }}", "{{ a|_factor * 2|_factor }}"),
            (
                "{% set x = a + b %}",
                "{% set x = a|_counted + b|_counted %}",
            ),
            (
                "{%- generation -%}x{%+ endgeneration %}",
                "{%- if true -%}x{%+ endif %}",
            ),
            (
                "{# a ~ b #}{% raw %}{{ a ~ b }}{% endraw %}",
                "{# a ~ b #}{% raw %}{{ a ~ b }}{% endraw %}",
            ),
            (
                "{{ {'a': {'b': x ~ 1}} }}",
                "{{ {'a': {'b': x|_text ~ 1|_text}} }}",
            ),
            ("{{ a is string and b }}", "{{ a is string and b }}"),
            ("{{ open", "{{ open"),
            ("{{ é ~ \u{702} }}", "{{ é|_text ~ \u{702} }}"),
            ("{% if a is defined(\u{702}", "{% if a is defined(\u{702}"),
        ];
        for (text, wanted) in cases {
            assert_eq!(metered(text), wanted);
        }
    }
}
