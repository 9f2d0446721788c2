//! Templates in the strings of a JSON tree, in minijinja's language.
//!
//! A tree and what is known in, a tree out: `{"prompt": "Q: {{ input }}"}`. A string that is one
//! expression and nothing else keeps the expression's type, so that `"{{ messages }}"` puts in a list
//! and `"{{ match[1] | int }}"` a number. A name that is not there is an error, never empty text.
//! Reads no files and knows no other templates; work and depth are bounded.

use std::fmt::Write as _;

use botsmith_core::template::{
    JOINS, describe, refusal, refusal_in_expression, render, rich_environment,
};
use minijinja::{Environment, Value as Known};
use serde_json::Value;

/// Deepest nesting of a tree.
const DEPTH: usize = 64;

/// A template that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", if path.is_empty() { String::new() } else { format!("`{path}`: ") })]
pub(crate) struct TemplateError {
    /// Where in the tree: `messages[0].text`.
    pub(crate) path: String,
    /// What is wrong.
    pub(crate) reason: String,
}

/// Renders templates.
#[derive(Debug)]
pub(crate) struct Templates(Environment<'static>);

impl Default for Templates {
    fn default() -> Self {
        Self(rich_environment())
    }
}

/// Whether there is anything to render in `text`.
fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}

/// The expression that `text` consists of, if it is one and nothing else.
fn only_expression(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let plain = !inner.contains("{{") && !inner.contains("}}") && !inner.contains("{%");
    // `{{- x -}}` trims the text around it, of which there is none.
    plain.then(|| inner.trim_matches('-').trim())
}

impl Templates {
    /// Checks the grammar of all strings of `tree`.
    ///
    /// # Errors
    /// The first that is no template, with its path.
    pub(crate) fn check(&self, tree: &Value) -> Result<(), TemplateError> {
        walk(tree, &mut String::new(), 0, &mut |text| {
            if is_template(text) {
                allowed(text)?;
                self.0
                    .template_from_named_str("text", text)
                    .map_err(|error| describe(&error))?;
            }
            Ok(Value::Null)
        })
        .map(drop)
    }

    /// `tree` with its templates filled in.
    ///
    /// # Errors
    /// The first that cannot be rendered, with its path.
    pub(crate) fn tree(&self, tree: &Value, known: &Known) -> Result<Value, TemplateError> {
        walk(tree, &mut String::new(), 0, &mut |text| {
            self.value(text, known)
        })
    }

    /// `text` filled in, as text.
    ///
    /// # Errors
    /// If it cannot be rendered.
    pub(crate) fn text(&self, text: &str, known: &Known) -> Result<String, TemplateError> {
        if !is_template(text) {
            return Ok(text.to_owned());
        }
        self.fill(text, known).map_err(|reason| TemplateError {
            path: String::new(),
            reason,
        })
    }

    fn fill(&self, text: &str, known: &Known) -> Result<String, String> {
        allowed(text)?;
        self.0
            .template_from_named_str("text", text)
            .and_then(|template| render(&template, known.clone()))
            .map_err(|error| describe(&error))
    }

    fn value(&self, text: &str, known: &Known) -> Result<Value, String> {
        if !is_template(text) {
            return Ok(Value::from(text));
        }
        let Some(expression) = only_expression(text) else {
            return self.fill(text, known).map(Value::from);
        };
        if let Some((what, _)) = refusal_in_expression(expression) {
            return Err(refused(&what));
        }
        let value = self
            .0
            .compile_expression(expression)
            .and_then(|expression| expression.eval(known.clone()))
            .map_err(|error| describe(&error))?;
        if value.is_undefined() {
            return Err(format!("`{expression}` is not there"));
        }
        serde_json::to_value(&value).map_err(|error| error.to_string())
    }
}

/// `tree` with each of its strings replaced by what `change` makes of it.
fn walk(
    tree: &Value,
    path: &mut String,
    depth: usize,
    change: &mut dyn FnMut(&str) -> Result<Value, String>,
) -> Result<Value, TemplateError> {
    let fail = |reason: String, path: &str| TemplateError {
        path: path.trim_start_matches('.').to_owned(),
        reason,
    };
    if depth > DEPTH {
        return Err(fail(format!("nested over {DEPTH} levels deep"), path));
    }
    let length = path.len();
    Ok(match tree {
        Value::String(text) => change(text).map_err(|reason| fail(reason, path))?,
        Value::Array(items) => {
            let mut changed = Vec::with_capacity(items.len());
            for (at, item) in items.iter().enumerate() {
                let _ = write!(path, "[{at}]");
                changed.push(walk(item, path, depth + 1, change)?);
                path.truncate(length);
            }
            Value::Array(changed)
        }
        Value::Object(fields) => {
            let mut changed = serde_json::Map::new();
            for (key, item) in fields {
                path.push('.');
                path.push_str(key);
                changed.insert(key.clone(), walk(item, path, depth + 1, change)?);
                path.truncate(length);
            }
            Value::Object(changed)
        }
        plain => plain.clone(),
    })
}

/// Whether a template holds nothing that makes texts of any length.
fn allowed(text: &str) -> Result<(), String> {
    match refusal(text, JOINS) {
        Some((what, _)) => Err(refused(&what)),
        None => Ok(()),
    }
}

fn refused(what: &str) -> String {
    format!("a template may not hold {what}")
}

#[cfg(test)]
mod tests {
    use minijinja::value::Serde;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_lone_expression_keeps_its_type_and_text_around_it_makes_text() {
        let known = Known::from(Serde(json!({"n": 2, "list": [1, "a"], "who": "Ada"})));
        let cases = [
            (json!("{{ n }}"), json!(2)),
            (json!("{{- list -}}"), json!([1, "a"])),
            (json!("n={{ n }}"), json!("n=2")),
            (json!("{{ who }}{{ n }}"), json!("Ada2")),
            (
                json!({"a": ["{{ n + 1 }}", 7, null]}),
                json!({"a": [3, 7, null]}),
            ),
            (json!("{% if n > 1 %}many{% endif %}"), json!("many")),
            (json!("$5 {plain}"), json!("$5 {plain}")),
        ];
        for (tree, wanted) in cases {
            let made = Templates::default().tree(&tree, &known).unwrap();
            assert_eq!(made, wanted, "{tree}");
        }
    }

    #[test]
    fn what_is_not_there_is_an_error_with_its_path() {
        let templates = Templates::default();
        let known = Known::from(Serde(json!({})));
        for (tree, path) in [
            (json!({"a": [{"b": "{{ who }}"}]}), "a[0].b"),
            (json!(["x {{ who }}"]), "[0]"),
        ] {
            let error = templates.tree(&tree, &known).unwrap_err();
            assert_eq!(error.path, path);
            assert!(templates.check(&tree).is_ok());
        }
        let broken = templates.check(&json!({"say": "{{ a"})).unwrap_err();
        assert_eq!(broken.path, "say");
    }

    #[test]
    fn endless_work_and_endless_depth_end_in_an_error() {
        let templates = Templates::default();
        let known = Known::from(Serde(json!({})));
        let bomb = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
        assert!(templates.text(bomb, &known).is_err());
        for growing in [
            "{{ 'x' * 99999999 }}",
            "{% set a = 'x' %}{{ a ~ a }}",
            "{% for a in 'x' %}{{ a ~ a }}{% endfor %}",
        ] {
            let error = templates.text(growing, &known).unwrap_err();
            assert!(error.reason.contains("may not hold"), "{error}");
            assert!(templates.check(&json!([growing])).is_err());
        }
        let deep = (0..100).fold(json!("x"), |inner, _| json!([inner]));
        assert!(templates.tree(&deep, &known).is_err());
    }
}
