//! Expressions over a case that are true or false: `when`, `filter`, slices.

use std::fmt;
use std::sync::Arc;

use botsmith_core::template::{self as bounded, describe};
use botsmith_core::yaml::Cursor;
use minijinja::{Environment, UndefinedBehavior};

use super::{compared, context, failed, refused};
use crate::{Case, Error, Result};

/// An expression over a case that is true or false, like `"refund" in tags and vars.level > 2`.
#[derive(Clone)]
pub struct Condition {
    source: String,
    names: Vec<String>,
    env: Arc<Environment<'static>>,
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Condition").field(&self.source).finish()
    }
}

impl Condition {
    /// Compiles the expression under `at`.
    ///
    /// # Errors
    /// A syntax error, at the place of the text.
    pub fn read(at: &Cursor<'_>) -> Result<Self> {
        Self::new(at.text()?)
            .map_err(|error| at.error(format!("not a valid expression: {error}")).into())
    }

    /// Compiles an expression.
    ///
    /// # Errors
    /// What the template engine says of its syntax.
    pub fn new(source: &str) -> Result<Self, String> {
        if let Some(refusal) = bounded::refusal_in_expression(source) {
            return Err(refused(source, &refusal));
        }
        let mut env = bounded::rich_environment();
        // A field that only some rows have is simply not true on the others.
        env.set_undefined_behavior(UndefinedBehavior::Chainable);
        let names = {
            let compiled = env.compile_expression(source);
            let compiled = compiled.map_err(|error| describe(&error))?;
            let mut names: Vec<String> = compiled.undeclared_variables(true).into_iter().collect();
            names.sort();
            names
        };
        let watched = compared::watch(&mut env, source);
        // Kept as a template: unlike a compiled expression, an environment owns its templates.
        let text = format!("{{% if ({watched}) %}}1{{% endif %}}");
        env.add_template_owned("condition", text)
            .map_err(|error| describe(&error))?;
        Ok(Self {
            source: source.to_owned(),
            names,
            env: Arc::new(env),
        })
    }

    /// The expression as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The names that it asks for, with their steps where it goes into them: `vars.level`.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether it holds for this case.
    ///
    /// # Errors
    /// [`Error::Template`] with the case's id: what the engine says, or that a text is compared with a
    /// number. CSV fields are text, `10` above `9` is not text, and no comparison of the two means
    /// anything; `level | int` makes a number of it.
    pub fn holds(&self, case: &Case) -> Result<bool> {
        self.env
            .get_template("condition")
            .and_then(|template| bounded::render(&template, context(case, &[])))
            .map(|text| !text.is_empty())
            .map_err(
                |error| match error.detail().filter(|_| compared::is_own(&error)) {
                    Some(reason) => Error::Template {
                        case: case.id.clone(),
                        reason: format!("`{}`: {reason}", self.source),
                    },
                    None => failed(case, &error),
                },
            )
    }
}
