//! Templates of strangers, bounded: texts in minijinja's language that choose, repeat and format what they are
//! given (feature `template`).
//!
//! Fuel bounds the steps of a template, not the bytes that one step makes: `{{ x ~ x }}` doubles, and a loop
//! doubles again. So [`refusal`] finds the words that build text out of text (`~`, `+`, `*`, `set`, `macro`, …)
//! before a template is compiled; filters count the bytes that they make; and what is written has an end
//! ([`render`]). Suites, workflows and cartridges stand on this one [`environment`], each with its own names.

mod filters;
mod scan;

use std::io;

use minijinja::{Environment, Error, ErrorKind, Template, UndefinedBehavior, Value};

pub use scan::{Refusal, line, refusal, refusal_in_expression};

/// Steps of one template: far above any honest one, far below a second.
pub const FUEL: u64 = 100_000;
/// Bytes of one template.
pub const TEXT: usize = 256 << 10;
/// Bytes of text that one template gives at most.
pub const OUTPUT: usize = 4 << 20;
/// How often `~` and `+` may stand in a template that binds no names, where they may stand at all.
pub const JOINS: usize = 8;

/// An environment that knows what a template needs and nothing more: no functions, no other templates, few
/// filters and tests. A name that is not there is an error.
///
/// ```
/// use botsmith_core::template::{environment, refusal, render};
/// let text = "Dear {{ name | title }}";
/// assert_eq!(refusal(text, 0), None);
/// let environment = environment();
/// let template = environment.template_from_str(text)?;
/// let known = minijinja::Value::from_pairs([("name", "ada")]);
/// assert_eq!(render(&template, known)?, "Dear Ada");
/// # Ok::<(), minijinja::Error>(())
/// ```
pub fn environment() -> Environment<'static> {
    let mut env = Environment::empty();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    filters::few(&mut env);
    env
}

/// [`environment`] with most of minijinja's own filters and tests, those left out that make texts of any
/// length (`format`, `indent`, `batch`, …).
pub fn rich_environment() -> Environment<'static> {
    let mut env = environment();
    filters::more(&mut env);
    env
}

/// The text of a template, of [`OUTPUT`] bytes at most.
///
/// # Errors
/// What the engine says; that the text has no end, where it grows beyond.
pub fn render(template: &Template<'_, '_>, context: Value) -> Result<String, Error> {
    let mut text = Bounded::default();
    match template.render_captured_to(context, &mut text) {
        Ok(_) => Ok(text.text()),
        Err(error) if error.kind() == ErrorKind::WriteFailure => Err(too_long()),
        Err(error) => Err(error),
    }
}

/// What the engine says, without the line: `undefined value: …`.
pub fn describe(error: &Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

fn too_long() -> Error {
    let message = format!("it makes more than {OUTPUT} bytes of text");
    Error::new(ErrorKind::InvalidOperation, message)
}

/// A text with an end.
#[derive(Default)]
struct Bounded(Vec<u8>);

impl Bounded {
    fn text(self) -> String {
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
mod tests {
    use super::*;

    fn shown(env: &Environment<'_>, text: &str) -> Result<String, Error> {
        let long = "x".repeat(1 << 20);
        let known = Value::from_pairs([
            ("name", Value::from("ada")),
            ("list", Value::from(vec![3, 1, 2])),
            ("nested", Value::from(vec![Value::from(vec![1])])),
            ("long", Value::from(long)),
            ("rows", Value::from((0..1000).collect::<Vec<_>>())),
        ]);
        render(&env.template_from_str(text)?, known)
    }

    #[test]
    fn honest_templates_give_what_the_engine_gives() {
        let env = rich_environment();
        for (text, wanted) in [
            (
                "{{ name | upper }}{{ name | title }}{{ 'A B' | lower | capitalize }}",
                "ADAAdaA b",
            ),
            ("{{ ' x ' | trim }}{{ 'xax' | trim('x') }}", "xa"),
            (
                "{{ list | sort | join('-') }}{{ list | first }}{{ list | last }}",
                "1-2-332",
            ),
            (
                "{{ 'a,b' | split(',') | join('+') }}{{ 'ab' | replace('b', 'c') }}",
                "a+bac",
            ),
            (
                "{{ list | tojson }}{{ 3 | upper }}{{ 'abc' | reverse }}",
                "[3,1,2]3cba",
            ),
            (
                "{% for x in list | reverse %}{{ loop.index }}{{ x }} {% endfor %}",
                "12 21 33 ",
            ),
            (
                "{{ gone | default('none') }}{{ list | sum }}{{ list | max }}",
                "none63",
            ),
            ("{{ ['b', 'a'] | map('upper') | sort | list | join }}", "AB"),
            (
                "{{ 'a\nb' | lines | length }}{{ '7' | int }}{{ list | string }}",
                "27[3, 1, 2]",
            ),
        ] {
            assert_eq!(shown(&env, text).unwrap(), wanted, "{text}");
        }
    }

    #[test]
    fn what_grows_without_end_is_an_error_that_says_so() {
        let env = rich_environment();
        let nested = "| replace('x', 'xxxxxxxxxxxxxxxx')".repeat(12);
        let longer = "{{ long }}".repeat(5);
        for (text, wanted) in [
            (format!("{{{{ 'x' {nested} }}}}"), "more than"),
            (longer, "more than"),
            ("{{ rows | join(long) }}".into(), "more than"),
            (
                "{{ [long, long, long, long, long] | tojson }}".into(),
                "more than",
            ),
            (
                "{{ [long, long, long, long, long] | string }}".into(),
                "more than",
            ),
            ("{{ [long, long] | upper }}".into(), "a text is wanted"),
            ("{{ nested | join }}".into(), "takes texts and numbers"),
            (
                "{% for a in rows %}{% if long | upper == name %}{% endif %}{% endfor %}".into(),
                "too much",
            ),
            (
                "{% for a in rows %}{% for b in rows %}x{% endfor %}{% endfor %}".into(),
                "fuel",
            ),
            (
                "{% for a in rows %}{{ long | list | length }}{% endfor %}".into(),
                "too much",
            ),
            ("{{ '%999999999d' | format(1) }}".into(), "format"),
            ("{{ range(99999) }}".into(), "range"),
        ] {
            let error = shown(&env, &text).expect_err(&text);
            assert!(describe(&error).contains(wanted), "{text}: {error}");
        }
    }
}
