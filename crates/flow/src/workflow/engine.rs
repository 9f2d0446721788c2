//! The template engine as workflows may use it: few filters and tests, no functions, bounded steps and output.

use std::io;

use minijinja::value::ValueKind;
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value as Jinja, filters, tests};

/// Steps of one template: far above any honest one, far below a second.
const FUEL: u64 = 100_000;
/// Bytes that one text may grow to.
const OUTPUT: usize = 4 << 20;

/// What the engine says, without its line: the text is shown.
pub(super) fn describe(error: &minijinja::Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

/// An environment that knows what a template needs and nothing more.
pub(super) fn environment() -> Environment<'static> {
    let mut env = Environment::empty();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    env.add_filter("upper", filters::upper);
    env.add_filter("lower", filters::lower);
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
    env.add_filter("tojson", to_json);
    env.add_test("defined", tests::is_defined);
    env.add_test("none", tests::is_none);
    env.add_test("string", tests::is_string);
    env.add_test("number", tests::is_number);
    env.add_test("sequence", tests::is_sequence);
    env.add_test("mapping", tests::is_mapping);
    env.add_test("startingwith", tests::is_startingwith);
    env.add_test("endingwith", tests::is_endingwith);
    env
}

fn to_json(value: &Jinja) -> Result<String, minijinja::Error> {
    serde_json::to_string(value)
        .map_err(|error| minijinja::Error::new(ErrorKind::BadSerialization, error.to_string()))
}

fn join(items: &Jinja, between: Option<&str>) -> Result<String, minijinja::Error> {
    let refuse = |what| Err(minijinja::Error::new(ErrorKind::InvalidOperation, what));
    let mut joined = String::new();
    for (at, item) in items.try_iter()?.enumerate() {
        if at > 0 {
            joined.push_str(between.unwrap_or_default());
        }
        match item.as_str() {
            Some(text) => joined.push_str(text),
            None if matches!(item.kind(), ValueKind::Number | ValueKind::Bool) => {
                joined.push_str(&item.to_string());
            }
            None => return refuse("`join` takes texts and numbers"),
        }
        if joined.len() > OUTPUT {
            return refuse("`join` makes too long a text");
        }
    }
    Ok(joined)
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
