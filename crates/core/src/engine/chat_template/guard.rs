//! What a stranger's template may spend: every text that it joins, prints or looks through is counted.
//!
//! Fuel bounds the steps of a template, not the bytes that one step makes: `{{ x ~ x }}` doubles.
//! So the template is rewritten before it is compiled: each operand of `~`, `+` and `*` goes through
//! a filter that counts its bytes, and long literal text counts itself. What is counted has an end.
//! The filter of `~` also turns values into text as Python does (`True`, `None`).
//!
//! Nor does it bound what one step looks at: `x[5:]` walks through all of a long text. What is cut, compared,
//! searched, looked up or given to a filter goes through another such filter, with a count of its own.
//!
//! Nor how deep a value nests, which `{% set x = [x] %}` makes deeper at each turn of a loop, until dropping it
//! overflows the stack: what is set goes through [`held`](super::held). How deep a tag nests is seen before
//! (`nesting.rs`).

use std::fmt::Write as _;

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, tests as jinja_tests};

use super::{held, python};
use crate::nesting::{Nesting, TooDeep, of_words};

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

/// Bytes that may still be joined and printed.
pub(super) fn left(state: &State<'_, '_>) -> usize {
    let spent = state.get_temp(SPENT).and_then(|spent| spent.as_usize());
    BUDGET.saturating_sub(spent.unwrap_or(0))
}

/// Counts `bytes` that are looked through.
///
/// # Errors
/// If there were too many.
pub(super) fn look(state: &mut State<'_, '_>, bytes: usize) -> Result<(), Error> {
    count(state, (SEEN, bytes), (LOOKED, "looks through"))
}

/// Counts all that a value holds.
///
/// # Errors
/// As [`look`].
pub(super) fn look_through(state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    look(state, held::bytes(value, LOOKED))
}

fn count(
    state: &mut State<'_, '_>,
    (name, bytes): (&'static str, usize),
    (most, does): (usize, &str),
) -> Result<(), Error> {
    let spent = state.get_temp(name).and_then(|spent| spent.as_usize());
    let spent = spent.unwrap_or(0).saturating_add(bytes);
    if spent > most {
        return Err(too_much(does, most));
    }
    state.set_temp(name, Value::from(spent));
    Ok(())
}

/// The template builds more text than it may.
pub(super) fn builds_too_much() -> Error {
    too_much("builds", BUDGET)
}

fn too_much(does: &str, most: usize) -> Error {
    let message = format!("it {does} more than {} MiB of text", most >> 20);
    Error::new(ErrorKind::InvalidOperation, message)
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
        look(state, length.unwrap_or(0))?;
        Ok::<_, Error>(value)
    });
    environment.add_filter("_compared", |state: &mut State<'_, '_>, value: Value| {
        look_through(state, &value)?;
        Ok::<_, Error>(value)
    });
    environment.add_filter("_searched", |state: &mut State<'_, '_>, value: Value| {
        // In a dictionary a key is looked up, whatever its values are.
        match value.kind() {
            ValueKind::Map => look(state, 1)?,
            _ => look_through(state, &value)?,
        }
        Ok::<_, Error>(value)
    });
    compare(environment, &["eq", "equalto", "=="], jinja_tests::is_eq);
    compare(environment, &["ne", "!="], jinja_tests::is_ne);
    compare(environment, &["lt", "lessthan", "<"], jinja_tests::is_lt);
    compare(environment, &["le", "<="], jinja_tests::is_le);
    compare(environment, &["gt", "greaterthan", ">"], jinja_tests::is_gt);
    compare(environment, &["ge", ">="], jinja_tests::is_ge);
    compare(environment, &["sameas"], jinja_tests::is_sameas);
    environment.add_test(
        "in",
        |state: &mut State<'_, '_>, value: Value, other: Value| {
            look_through(state, &value)?;
            look_through(state, &other)?;
            jinja_tests::is_in(state, &value, &other)
        },
    );
    for (name, is) in [
        ("lower", jinja_tests::is_lower as fn(&Value) -> bool),
        ("upper", jinja_tests::is_upper),
    ] {
        environment.add_test(name, move |state: &mut State<'_, '_>, value: Value| {
            look_through(state, &value)?;
            Ok::<_, Error>(is(&value))
        });
    }
    held::install(environment);
    environment.add_filter("_text", |state: &mut State<'_, '_>, value: Value| {
        let text = match value.as_str() {
            Some(_) => value,
            None => Value::from(python::printed(&value, left(state))),
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

/// Tests that compare two values look through one of them.
fn compare(
    environment: &mut Environment<'static>,
    names: &[&'static str],
    is: fn(&Value, &Value) -> bool,
) {
    for name in names {
        environment.add_test(
            *name,
            move |state: &mut State<'_, '_>, value: Value, other: Value| {
                look_through(state, &value)?;
                Ok::<_, Error>(is(&value, &other))
            },
        );
    }
}

/// The template with counters; `generation` blocks become plain ones.
///
/// # Errors
/// If a tag nests deeper than the engine can read.
pub(super) fn metered(source: &str) -> Result<String, TooDeep> {
    let mut out = String::with_capacity(source.len() + 256);
    let mut nesting = Nesting::default();
    let mut at = 0;
    while at < source.len() {
        let Some(open) = next_tag(&source[at..]) else {
            literal(&source[at..], &mut out);
            return Ok(out);
        };
        literal(&source[at..at + open], &mut out);
        at += open;
        let rest = &source[at..];
        let end = match rest.as_bytes()[1] {
            b'#' => rest.find("#}").map(|end| end + 2),
            _ => Tag::read(rest, &mut out),
        };
        let tag = &rest[..end.unwrap_or(rest.len())];
        if tag.as_bytes()[1] != b'#' {
            let deep = |(what, inside)| (what, at + 2 + inside);
            nesting.tag(&tag[2..], tag_name(tag)).map_err(deep)?;
        }
        let Some(end) = end else {
            // Not closed: the engine says so.
            out.push_str(rest);
            return Ok(out);
        };
        if tag.as_bytes()[1] == b'#' {
            out.push_str(tag);
        }
        at += end;
        if tag_name(&rest[..end]) == Some("raw")
            && let Some(close) = source[at..].find("endraw")
        {
            out.push_str(&source[at..at + close]);
            at += close;
        }
    }
    Ok(out)
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

/// One open bracket's part of an expression.
#[derive(Clone, Copy, Default)]
struct Level {
    /// The operator before the operand that is being read; of comparisons `=`, of `in` its `i`, of a loop's `f`.
    operator: Option<u8>,
    /// Where that operand begins in what is written.
    begun: usize,
    /// Of brackets after an operand: where they stand, until a colon has said that they cut.
    cuts: Option<usize>,
    /// Of braces: where the entry begins that is being read.
    entry: Option<usize>,
    /// Whether a colon has ended its key.
    keyed: bool,
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
    /// The statement.
    name: &'a str,
    /// Whether a loop's `in` was read.
    looped: bool,
    /// Where the value begins that is set.
    set: Option<usize>,
}

/// Filters that look through all that a list holds.
const THOROUGH: [&str; 7] = ["sort", "min", "max", "unique", "groupby", "dictsort", "map"];

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
            name: tag_name(text).unwrap_or_default(),
            looped: false,
            set: None,
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
            let name = self.name;
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
                self.end();
                self.out.push_str(&self.text[at..at + 2]);
                return Some(at + 2);
            }
            if outermost
                && matches!(byte, b'-' | b'+')
                && next == Some(close)
                && bytes.get(at + 2) == Some(&b'}')
            {
                self.end();
                self.out.push_str(&self.text[at..at + 3]);
                return Some(at + 3);
            }
            at += self.token(at, byte, next)?;
        }
    }

    /// The tag ends here.
    fn end(&mut self) {
        self.end_operand(None);
        if let Some(from) = self.set {
            // A namespace that holds itself is never dropped.
            let inside = match self.out[..from].rsplit_once("set") {
                Some((_, target)) if target.contains('.') => "|_held(true)",
                _ => "|_held",
            };
            self.wrap(from, inside);
        }
    }

    /// Puts what was written from there into brackets, with a filter after it.
    fn wrap(&mut self, from: usize, filter: &str) {
        let what = &self.out[from..];
        if what.trim().is_empty() {
            return;
        }
        let (begins, ends) = (
            from + what.len() - what.trim_start().len(),
            from + what.trim_end().len(),
        );
        self.out.insert_str(ends, filter);
        self.out.insert(ends, ')');
        self.out.insert(begins, '(');
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
                let here = self.out.len();
                self.levels.push(Level {
                    cuts: (byte == b'[' && self.operand).then_some(here),
                    entry: (byte == b'{').then_some(here + 1),
                    ..Level::default()
                });
                self.operand = false;
                1
            }
            b')' | b']' | b'}' => {
                self.end_operand(None);
                if let Some(place) = self.level().cuts {
                    self.looked_up(place + 1);
                }
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
                match byte {
                    b':' => {
                        self.cut();
                        self.key();
                    }
                    b',' => self.entry(),
                    b'=' if self.levels.len() == 1 && self.name == "set" => {
                        let after = self.out.len() + 1;
                        self.set.get_or_insert(after);
                    }
                    _ => {}
                }
                self.operand = false;
                1
            }
            b'|' => {
                let name = rest[1..].trim_start();
                let name = &name[..name.find(|c| !of_words(c)).unwrap_or(name.len())];
                self.out.push_str(match THOROUGH.contains(&name) {
                    true => "|_compared",
                    false => "|_looked",
                });
                1
            }
            b'.' => 1,
            _ if rest.starts_with(of_words) => {
                let end = rest.find(|c| !of_words(c)).unwrap_or(rest.len());
                let word = &rest[..end];
                if WORDS.contains(&word) {
                    // The first `in` of a loop searches nothing. `a not` goes on with `in`.
                    let of_loop = self.name == "for" && self.levels.len() == 1 && !self.looped;
                    let searches = word == "in" || (word == "not" && self.operand);
                    self.end_operand((searches && !of_loop).then_some(b'i'));
                    self.test = word == "is" || (self.test && word == "not");
                    self.operand = false;
                    if word == "in" && of_loop {
                        self.looped = true;
                        self.level().operator = Some(b'f');
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

    /// A colon was read: in braces it ends a key.
    fn key(&mut self) {
        let level = self.level();
        if let (Some(from), false) = (level.entry, level.keyed) {
            level.keyed = true;
            self.looked_up(from);
        }
    }

    /// A comma is read: in braces the next entry begins after it.
    fn entry(&mut self) {
        let after = self.out.len() + 1;
        let level = self.level();
        level.keyed = false;
        level.entry = level.entry.map(|_| after);
    }

    /// What was written from there is a key to look up.
    fn looked_up(&mut self, from: usize) {
        if !is_short_literal(&self.out[from..]) {
            self.wrap(from, "|_looked");
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
        } else if before == Some(b'i') {
            "|_searched"
        } else if is_short_literal(&self.out[self.levels[self.levels.len() - 1].begun..]) {
            return;
        } else if next == Some(b'=') {
            // Of what is compared one side will do: no more of the other is looked at.
            "|_compared"
        } else if before == Some(b'f') || next == Some(b'i') {
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

/// Whether an expression is one short text or number, written out: looking through it need not be counted.
fn is_short_literal(text: &str) -> bool {
    let text = text.trim();
    text.len() < LITERAL
        && match text.as_bytes().first() {
            Some(b'\'' | b'"') => string_end(text) == Some(text.len()),
            _ => text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'-'),
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
                "{% set x = [a, b[c]] -%}{% set n.x=y if z else w %}{% set x %}{% endset %}",
                "{% set x = ([a, b[(c)|_looked]])|_held -%}{% set n.x=(y if z else w)|_held(true) %}{% set x %}{% endset %}",
            ),
            (
                "{{ a in b and c not in d[0] }}{% for e in f if g in h %}",
                "{{ a|_looked in b|_searched and c|_looked not in d[0]|_searched }}{% for e in f|_looked if g|_looked in h|_searched %}",
            ),
            (
                "{{ {a: 1, 'b': {c + d: x[-1]['e']}} | sort(attribute='f') }}",
                "{{ {(a)|_looked: 1, 'b': {(c|_counted + d|_counted)|_looked: x[-1]['e']}} |_compared| sort(attribute='f') }}",
            ),
            (
                "{{ f(a ~ 'x', b)[1:] ~ c.d }}",
                "{{ (f(a|_text ~ 'x'|_text, b)|_looked)[1:]|_text ~ c.d|_text }}",
            ),
            (
                "{{ 'a ~ b' if -x > 1 else x + 1 }}",
                "{{ 'a ~ b' if -x|_compared > 1 else x|_counted + 1|_counted }}",
            ),
            (
                "{% for m in a.b[::-1] if m.c[0][1:][d[2:]: 3] == 'x' %}",
                "{% for m in (a.b|_looked)[::-1]|_looked if ((m.c[0]|_looked)[1:]|_looked)[(d|_looked)[2:]: 3]|_compared == 'x' %}",
            ),
            (
                "{{ x|trim|length if 'a' not in y(z) and {'k': v}.k != w }}",
                "{{ x|_looked|trim|_looked|length if 'a' not in y(z)|_searched and {'k': v}.k|_compared != w }}",
            ),
            (
                "{% set x = y[1] %}{% if x <= 'a' %}{% endif %}",
                "{% set x = (y[1])|_held %}{% if x|_compared <= 'a' %}{% endif %}",
            ),
            ("{{ 1 + 2 ~ y }}", "{{ 1|_counted + 2|_counted ~ y|_text }}"),
            ("{{ x - 1 ~ y }}", "{{ x - 1 ~ y|_text }}"),
            ("{{ a * 2 }}", "{{ a|_factor * 2|_factor }}"),
            (
                "{% set x = a + b %}",
                "{% set x = (a|_counted + b|_counted)|_held %}",
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
            assert_eq!(metered(text).as_deref(), Ok(wanted));
        }
    }
}
