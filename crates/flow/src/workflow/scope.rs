//! Templates and expressions of a step + what a run has so far -> values.
//!
//! A text that is one `{{ … }}` gives the value itself, a list as a list; any other template gives text. A
//! name that is not there is an error, never an empty text; in `when` and `until` a field that is not there
//! is not true. Steps, output and template are bounded, as in cartridges' templates. What went wrong is
//! told without the value of any secret.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use botsmith_core::secret::SecretString;
use botsmith_core::template::{describe, environment, render};
use minijinja::value::{Serde, ValueKind};
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value as Jinja};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::scan;
use crate::{Error, Result, StepStatus};

/// What a step that ended looks like to those after it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ended {
    /// How it ended.
    pub status: StepStatus,
    /// What it gave; nothing unless it got done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

type Secrets = Arc<dyn Fn(&str) -> std::result::Result<Option<SecretString>, String> + Send + Sync>;

/// Why there is no secret; told apart from errors that may quote one.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NoSecret(String);

/// What templates of a step can read: the run's inputs, the steps before it, and secrets.
///
/// ```
/// use botsmith_flow::Scope;
///
/// let scope = Scope::new(serde_json::json!({"folder": "docs"}));
/// let value = scope.value(&serde_json::json!({"path": "{{ inputs.folder }}/*.md"}))?;
/// assert_eq!(value["path"], "docs/*.md");
/// # Ok::<(), botsmith_flow::Error>(())
/// ```
#[derive(Clone)]
pub struct Scope {
    names: Map<String, Value>,
    steps: BTreeMap<String, Ended>,
    secrets: Option<Secrets>,
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<_> = self.steps.keys().collect();
        f.debug_struct("Scope")
            .field("steps", &steps)
            .finish_non_exhaustive()
    }
}

impl Scope {
    /// A run with these inputs, before any step.
    pub fn new(inputs: Value) -> Self {
        let mut names = Map::new();
        names.insert("inputs".into(), inputs);
        Self {
            names,
            steps: BTreeMap::new(),
            secrets: None,
        }
    }

    /// With a step that ended, by its name in the workflow.
    #[must_use]
    pub fn step(mut self, name: impl Into<String>, ended: Ended) -> Self {
        self.steps.insert(name.into(), ended);
        self
    }

    /// With what `secret('NAME')` stands for. It is asked when a template is rendered; nothing that it gives
    /// is to be stored.
    #[must_use]
    pub fn secrets<F>(self, find: F) -> Self
    where
        F: Fn(&str) -> Option<SecretString> + Send + Sync + 'static,
    {
        self.try_secrets(move |name| Ok(find(name)))
    }

    /// As [`secrets`](Self::secrets), where finding one may fail, with a reason that does not hold it.
    #[must_use]
    pub fn try_secrets<F>(mut self, find: F) -> Self
    where
        F: Fn(&str) -> std::result::Result<Option<SecretString>, String> + Send + Sync + 'static,
    {
        self.secrets = Some(Arc::new(find));
        self
    }

    /// With another name, before those that are there.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>, value: Value) -> Self {
        self.names.insert(name.into(), value);
        self
    }

    /// The value with every template in it rendered.
    ///
    /// # Errors
    /// [`Error::Template`] for a name that is not there, and for a template that breaks or grows too large.
    pub fn value(&self, value: &Value) -> Result<Value> {
        Ok(match value {
            Value::String(text) => self.text(text)?,
            Value::Array(items) => Value::Array(
                items
                    .iter()
                    .map(|item| self.value(item))
                    .collect::<Result<_>>()?,
            ),
            Value::Object(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), self.value(value)?)))
                    .collect::<Result<_>>()?,
            ),
            other => other.clone(),
        })
    }

    /// Whether an expression holds.
    ///
    /// # Errors
    /// [`Error::Template`] if it breaks.
    pub fn holds(&self, expression: &str) -> Result<bool> {
        let fail = |reason| Err(failed(expression, reason));
        if let Err((what, _)) = scan::expression(expression) {
            return fail(format!("{what} may not stand in it"));
        }
        let mut env = environment();
        env.set_undefined_behavior(UndefinedBehavior::Chainable);
        match env
            .compile_expression(expression)
            .and_then(|e| e.eval(self.context()))
        {
            Ok(value) => Ok(value.is_true()),
            Err(error) => fail(describe(&error)),
        }
    }

    fn text(&self, text: &str) -> Result<Value> {
        if !scan::is_template(text) {
            return Ok(json!(text));
        }
        let scanned = scan::template(text)
            .map_err(|(what, _)| failed(text, format!("{what} may not stand in it")))?;
        let fail = |error: &minijinja::Error| {
            let lacking = std::error::Error::source(error)
                .and_then(|source| source.downcast_ref::<NoSecret>());
            failed(
                text,
                match lacking {
                    Some(NoSecret(why)) => why.clone(),
                    // Other details may quote the secret.
                    None if scanned.secret => error.kind().to_string(),
                    None => describe(error),
                },
            )
        };
        let env = self.environment();
        let Some(whole) = &scanned.whole else {
            let template = env.template_from_str(text);
            let text = template.and_then(|template| render(&template, self.context()));
            return text.map(Value::String).map_err(|error| fail(&error));
        };
        let value = env
            .compile_expression(whole)
            .and_then(|expression| expression.eval(self.context()))
            .map_err(|error| fail(&error))?;
        if value.kind() == ValueKind::Undefined {
            return Err(failed(text, "it asks for a value that is not there".into()));
        }
        serde_json::to_value(&value).map_err(|_| failed(text, "its value is no JSON".into()))
    }

    fn context(&self) -> Jinja {
        let named = self.names.iter();
        let mut names: Vec<(&str, Jinja)> = named
            .map(|(name, value)| (name.as_str(), Jinja::from(Serde(value))))
            .collect();
        names.push(("steps", Jinja::from(Serde(&self.steps))));
        Jinja::from_pairs(names)
    }

    fn environment(&self) -> Environment<'static> {
        let mut env = environment();
        if let Some(secrets) = self.secrets.clone() {
            env.add_function("secret", move |name: &str| {
                let name_shown = botsmith_core::hint::shown(name);
                let why = match secrets(name) {
                    Ok(Some(secret)) => return Ok(secret.expose().to_owned()),
                    Ok(None) => format!("there is no such secret as `{name_shown}`"),
                    Err(why) => format!("secret `{name_shown}` cannot be had: {why}"),
                };
                let error = minijinja::Error::new(ErrorKind::InvalidOperation, "no secret");
                Err(error.with_source(NoSecret(why)))
            });
        }
        env
    }
}

fn failed(text: &str, reason: String) -> Error {
    Error::Template {
        template: botsmith_core::hint::shown(text),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        let output = json!([{"text": "a"}, {"text": "b"}]);
        Scope::new(json!({"n": 3})).step(
            "load",
            Ended {
                status: StepStatus::Done,
                output: Some(output),
                error: None,
            },
        )
    }

    #[test]
    fn one_expression_gives_the_value_and_a_mixed_text_gives_text() {
        let given = json!({
            "rows": "{{ steps.load.output }}",
            "n": "{{ inputs.n }}",
            "text": "{% for row in steps.load.output %}{{ row.text }},{% endfor %}",
            "plain": "{ as it is }",
            "deep": [{"first": "{{ steps['load'].output[0].text }}"}]
        });
        let wanted = json!({
            "rows": [{"text": "a"}, {"text": "b"}],
            "n": 3,
            "text": "a,b,",
            "plain": "{ as it is }",
            "deep": [{"first": "a"}]
        });
        assert_eq!(scope().value(&given).unwrap(), wanted);
    }

    #[test]
    fn a_name_that_is_not_there_is_an_error_and_in_a_condition_not_true() {
        for text in [
            "{{ inputs.m }}",
            "{{ inputs.m }}!",
            "{{ steps.gone.output }}",
        ] {
            let error = scope().value(&json!(text)).unwrap_err();
            assert_eq!(error.code(), "BS-FLOW-019");
            assert!(error.to_string().contains(text), "{error}");
        }
        assert!(!scope().holds("inputs.m.deep == 1").unwrap());
        assert!(
            scope()
                .holds("steps.load.status == 'done' and inputs.n > 2")
                .unwrap()
        );
    }

    #[test]
    fn secrets_are_put_in_and_in_no_error() {
        let scope = scope().secrets(|name| (name == "key").then(|| SecretString::new("s3cret")));
        let value = scope.value(&json!("Bearer {{ secret('key') }}")).unwrap();
        assert_eq!(value, "Bearer s3cret");
        let error = scope
            .value(&json!("{{ secret('key') | int }}"))
            .unwrap_err();
        assert!(
            !format!("{error} {error:?} {scope:?}").contains("s3cret"),
            "{error}"
        );
        let error = scope.value(&json!("{{ secret('none') }}")).unwrap_err();
        assert!(
            error.to_string().contains("no such secret as `none`"),
            "{error}"
        );
        let broken = self::scope().try_secrets(|_| Err("its file is gone".into()));
        let error = broken.value(&json!("{{ secret('key') }}")).unwrap_err();
        let wanted = "secret `key` cannot be had: its file is gone";
        assert!(error.to_string().contains(wanted), "{error}");
    }

    #[test]
    fn an_endless_template_ends() {
        let rows: Vec<u32> = (0..1000).collect();
        let scope = Scope::new(json!({"rows": rows, "long": "x".repeat(1 << 20)}));
        let loops = "{% for a in inputs.rows %}{% for b in inputs.rows %}x{% endfor %}{% endfor %}";
        assert!(scope.value(&json!(loops)).is_err());
        let long = "{{ inputs.long }}".repeat(5);
        assert!(scope.value(&json!(long)).is_err());
        for (text, wanted) in [
            (
                "{% for a in inputs.rows %}{{ 'x' * 99999999 }}{% endfor %}",
                "`*`",
            ),
            ("{% for a in inputs.rows %}{{ a ~ a }}{% endfor %}", "`~`"),
            ("{{ range(99999999) }}", "range"),
            ("{{ inputs.long | replace('x', inputs.long) }}", "replace"),
            ("{{ inputs.rows | join(inputs.long) }}", "more than"),
            (
                "{{ [inputs.rows, inputs.rows] | upper }}",
                "a text is wanted",
            ),
        ] {
            let error = scope.value(&json!(text)).unwrap_err();
            assert_eq!(error.code(), "BS-FLOW-019");
            assert!(error.to_string().contains(wanted), "{text}: {error}");
        }
    }
}
