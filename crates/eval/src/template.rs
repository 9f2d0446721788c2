//! Templates and expressions (minijinja) over the fields of a case.
//!
//! In a template stand `id`, `input`, `messages`, `reference` (the first), `references`,
//! `context`, `tags`, `group`, `vars`, and every field of `vars` by its own name. An undefined
//! name is an error, never an empty string. Steps and bytes are bounded, as [`botsmith_core::template`]
//! does for all templates.

mod compared;
mod condition;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use botsmith_core::yaml::Cursor;
use minijinja::value::Serde;
use serde_json::Value as Json;

use botsmith_core::template::{self, JOINS, Refusal, describe};
use minijinja::{Environment, ErrorKind, Value};

use crate::{Case, Error, Result};

pub use condition::Condition;

/// What is wrong with a text that holds what is refused.
fn refused(text: &str, (what, at): &Refusal) -> String {
    let line = template::line(text, *at);
    let place = if line > 1 {
        format!(", line {line} of the text")
    } else {
        String::new()
    };
    format!(
        "it may not hold {what}{place}: templates choose, repeat and format, and build no text out of text"
    )
}

/// The template context of a case.
fn context(case: &Case, more: &[(&str, &Json)]) -> Value {
    let mut fields: Vec<(&str, Value)> = Vec::with_capacity(case.vars.len() + more.len() + 9);
    for (name, value) in &case.vars {
        fields.push((name, Value::from(Serde(value))));
    }
    fields.push(("id", Value::from(case.id.as_str())));
    fields.push(("input", Value::from(case.input.as_str())));
    fields.push(("messages", Value::from(Serde(&case.messages))));
    if let Some(first) = case.references.first() {
        fields.push(("reference", Value::from(first.as_str())));
    }
    fields.push(("references", Value::from(Serde(&case.references))));
    fields.push(("context", Value::from(Serde(&case.context))));
    fields.push(("tags", Value::from(Serde(&case.tags))));
    fields.push(("group", Value::from(Serde(&case.group))));
    fields.push(("vars", Value::from(Serde(&case.vars))));
    for (name, value) in more {
        fields.push((name, Value::from(Serde(value))));
    }
    Value::from_pairs(fields)
}

fn failed(case: &Case, error: &minijinja::Error) -> Error {
    Error::Template {
        case: case.id.clone(),
        reason: describe(error),
    }
}

/// A text that may hold `{{ … }}` or `{% … %}`.
#[derive(Clone)]
pub struct Template(Inner);

#[derive(Clone)]
enum Inner {
    Plain(String),
    Compiled {
        source: String,
        env: Arc<Environment<'static>>,
    },
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.source()).finish()
    }
}

impl Template {
    /// Compiles the text under `at`.
    ///
    /// # Errors
    /// A syntax error, at the place of the text.
    pub fn read(at: &Cursor<'_>) -> Result<Self> {
        let text = at.text()?;
        Self::new(text).map_err(|error| at.error(format!("not a valid template: {error}")).into())
    }

    /// Compiles a text; without `{{` or `{%` it stands for itself.
    ///
    /// # Errors
    /// What the template engine says of its syntax.
    pub fn new(text: &str) -> Result<Self, String> {
        if !text.contains("{{") && !text.contains("{%") && !text.contains("{#") {
            return Ok(Self(Inner::Plain(text.to_owned())));
        }
        if let Some(refusal) = template::refusal(text, JOINS) {
            return Err(refused(text, &refusal));
        }
        let mut env = template::rich_environment();
        env.add_template_owned("text", text.to_owned())
            .map_err(|error| describe(&error))?;
        Ok(Self(Inner::Compiled {
            source: text.to_owned(),
            env: Arc::new(env),
        }))
    }

    /// The text as written.
    pub fn source(&self) -> &str {
        match &self.0 {
            Inner::Plain(text) => text,
            Inner::Compiled { source, .. } => source,
        }
    }

    /// The text itself, if it holds no template syntax.
    pub fn plain(&self) -> Option<&str> {
        match &self.0 {
            Inner::Plain(text) => Some(text),
            Inner::Compiled { .. } => None,
        }
    }

    /// The names that it asks for.
    pub fn names(&self) -> Vec<String> {
        match &self.0 {
            Inner::Plain(_) => Vec::new(),
            Inner::Compiled { env, .. } => env
                .get_template("text")
                .map(|template| template.undeclared_variables(false).into_iter().collect())
                .unwrap_or_default(),
        }
    }

    /// The text for this case.
    ///
    /// # Errors
    /// [`Error::Template`] with the case's id, for an undefined name above all.
    pub fn render(&self, case: &Case) -> Result<Cow<'_, str>> {
        self.render_with(case, &[])
    }

    /// The text for this case, with more names beside (and before) the case's own.
    ///
    /// # Errors
    /// As [`Template::render`].
    pub fn render_with(&self, case: &Case, more: &[(&str, &Json)]) -> Result<Cow<'_, str>> {
        match &self.0 {
            Inner::Plain(text) => Ok(Cow::Borrowed(text)),
            Inner::Compiled { env, source } => env
                .get_template("text")
                .and_then(|template| template::render(&template, context(case, more)))
                .map(Cow::Owned)
                .map_err(|error| match error.kind() {
                    ErrorKind::UndefinedError => undefined(case, more, env, source),
                    _ => failed(case, &error),
                }),
        }
    }
}

/// An undefined name in a template: which one, and what the case has instead.
fn undefined(case: &Case, more: &[(&str, &Json)], env: &Environment<'_>, source: &str) -> Error {
    const OWN: [&str; 8] = [
        "id",
        "input",
        "messages",
        "references",
        "context",
        "tags",
        "group",
        "vars",
    ];
    let mut known: Vec<&str> = case.vars.keys().map(String::as_str).chain(OWN).collect();
    known.extend(more.iter().map(|(name, _)| *name));
    if !case.references.is_empty() {
        known.push("reference");
    }
    let mut used: Vec<String> = env
        .get_template("text")
        .map(|template| template.undeclared_variables(false).into_iter().collect())
        .unwrap_or_default();
    used.sort();
    let missing = used.iter().find(|name| !known.contains(&name.as_str()));
    let reason = match missing {
        None => format!("`{source}` asks for a field that is not there"),
        Some(name) => {
            let mut reason = format!("`{source}`: the case has no field `{name}`");
            if let Some(near) = botsmith_core::hint::nearest(name, known.iter().copied()) {
                reason.extend(["; did you mean `", near, "`?"]);
            }
            reason
        }
    };
    Error::Template {
        case: case.id.clone(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case() -> Case {
        let vars = serde_json::json!({"name": "Ada", "level": 3});
        Case {
            id: "c1".into(),
            input: "hello".into(),
            references: vec!["42".into()],
            tags: vec!["vip".into()],
            vars: vars.as_object().cloned().unwrap_or_default(),
            ..Case::default()
        }
    }

    #[test]
    fn fields_and_vars_stand_in_a_template() {
        let template = Template::new("{{ name }}/{{ vars.level }}/{{ reference }}").unwrap();
        assert_eq!(template.render(&case()).unwrap(), "Ada/3/42");
    }

    #[test]
    fn an_undefined_name_in_a_template_is_an_error_that_names_the_case() {
        let error = Template::new("{{ nmae }}")
            .unwrap()
            .render(&case())
            .unwrap_err();
        assert!(error.to_string().contains("c1"), "{error}");
    }

    #[test]
    fn conditions_read_tags_and_numbers() {
        assert!(
            Condition::new("'vip' in tags and level > 2")
                .unwrap()
                .holds(&case())
                .unwrap()
        );
        assert!(
            !Condition::new("missing == 1")
                .unwrap()
                .holds(&case())
                .unwrap()
        );
        assert!(Condition::new("level >").is_err());
    }

    #[test]
    fn a_hostile_template_is_refused_or_ends_with_the_case_named() {
        for (source, wanted) in [
            (
                "{% for a in input %}{{ 'x' * 99999999 }}{% endfor %}",
                "`*`",
            ),
            ("{% set x = input %}{{ x }}", "`{% set %}`"),
            (
                "\n{% for a in vars %}{{ a ~ a }}{% endfor %}",
                "`~`, line 2",
            ),
        ] {
            let error = Template::new(source).unwrap_err();
            assert!(error.contains(wanted), "{source}: {error}");
        }
        assert!(
            Condition::new("input * 99999999 == 'x'")
                .unwrap_err()
                .contains("`*`")
        );
        let nested = "| replace('l', 'llllllllllllllll')".repeat(12);
        let rows = serde_json::json!((0..1000).collect::<Vec<_>>());
        let mut case = case();
        case.vars.insert("rows".into(), rows);
        for (source, wanted) in [
            (
                format!("{{{{ input {nested} }}}}"),
                "more than 4194304 bytes",
            ),
            ("{{ range(99999999) }}".into(), "range"),
            (
                "{% for a in rows %}{% for b in rows %}x{% endfor %}{% endfor %}".into(),
                "fuel",
            ),
        ] {
            let error = Template::new(&source).map_err(|error| error.clone());
            let error = error.and_then(|t| t.render(&case).map(|_| ()).map_err(|e| e.to_string()));
            let error = error.expect_err(&source);
            assert!(error.contains(wanted), "{source}: {error}");
        }
        let text = Template::new("{{ level + 1 }}{{ name ~ '!' }}{{ name | replace('A', 'I') }}");
        assert_eq!(text.unwrap().render(&case).unwrap(), "4Ada!Ida");
    }
}
