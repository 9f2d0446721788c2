//! `ENV/NAME` and `ENV-NAME` -> the variable's value.
//!
//! Only a text that is nothing but a placeholder is replaced (`^ENV[/-][A-Za-z_][A-Za-z0-9_]*$`): prose that
//! begins with "ENVIRONMENT" stays. A variable that is not set is null. What was put in is remembered, so
//! that it can be masked. Pure: the environment comes in as an argument.

use std::collections::BTreeMap;

use serde_json::Value;

use botsmith_core::SecretString;
use botsmith_core::config::{Config, Environment, Files};

use crate::Result;

/// Where variables come from.
pub trait Variables: Send + Sync {
    /// The value of a variable; `None` if it is not set.
    ///
    /// # Errors
    /// If it is set and cannot be read.
    fn variable(&self, name: &str) -> Result<Option<SecretString>>;
}

/// No variable is set.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoVariables;

impl Variables for NoVariables {
    fn variable(&self, _: &str) -> Result<Option<SecretString>> {
        Ok(None)
    }
}

impl Variables for BTreeMap<String, String> {
    fn variable(&self, name: &str) -> Result<Option<SecretString>> {
        Ok(self.get(name).map(SecretString::new))
    }
}

/// The variables of a process. One that is no UTF-8 counts as not set.
impl Variables for Environment {
    fn variable(&self, name: &str) -> Result<Option<SecretString>> {
        let value = self.variables.get(name).and_then(|value| value.to_str());
        Ok(value.map(SecretString::new))
    }
}

/// The environment over `.env` files, and `NAME_FILE` for files that hold a secret, as the configuration
/// has it.
#[derive(Clone, Copy)]
pub struct Configured<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// Where files of secrets are read.
    pub files: &'a dyn Files,
}

impl std::fmt::Debug for Configured<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Configured").finish_non_exhaustive()
    }
}

impl Variables for Configured<'_> {
    fn variable(&self, name: &str) -> Result<Option<SecretString>> {
        let found = self.config.secret(name, self.files)?;
        Ok(found.map(|setting| setting.value))
    }
}

/// The name in `ENV/NAME` or `ENV-NAME`, if `text` is nothing but that.
///
/// ```
/// use botsmith_nanobots::cartridge::is_placeholder;
/// assert_eq!(is_placeholder("ENV/OPENAI_API_KEY"), Some("OPENAI_API_KEY"));
/// assert_eq!(is_placeholder("ENVIRONMENT is nice"), None);
/// ```
pub fn is_placeholder(text: &str) -> Option<&str> {
    let name = text.strip_prefix("ENV")?.strip_prefix(['/', '-'])?;
    let start = |c: char| c.is_ascii_alphabetic() || c == '_';
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (name.starts_with(start) && name.chars().all(fine)).then_some(name)
}

/// A value with the environment put in.
#[derive(Clone)]
#[non_exhaustive]
pub struct Substituted {
    /// The value. Holds secrets.
    pub value: Value,
    /// Names and values of what was put in, each once.
    pub used: Vec<(String, SecretString)>,
    /// Names that are not set, with the path of each place: `["provider", "credentials", "api-key"]`; an
    /// item of a list is its number.
    pub missing: Vec<(String, Vec<String>)>,
}

impl std::fmt::Debug for Substituted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Substituted")
            .field(
                "used",
                &self.used.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            )
            .field("missing", &self.missing)
            .finish_non_exhaustive()
    }
}

/// Puts the environment into every text of `value` that is a placeholder; keys stay.
///
/// ```
/// use botsmith_nanobots::cartridge::substitute;
/// use serde_json::json;
/// let environment = std::collections::BTreeMap::from([("KEY".to_owned(), "k".to_owned())]);
/// let real = substitute(json!({"a": "ENV/KEY", "b": "ENV-NONE", "c": "see ENV/KEY"}), &environment)?;
/// assert_eq!(real.value, json!({"a": "k", "b": null, "c": "see ENV/KEY"}));
/// assert_eq!(real.missing, [("NONE".to_owned(), vec!["b".to_owned()])]);
/// # Ok::<(), botsmith_nanobots::Error>(())
/// ```
///
/// # Errors
/// If a variable is set and cannot be read.
pub fn substitute(value: Value, variables: &dyn Variables) -> Result<Substituted> {
    let mut done = Substituted {
        value,
        used: Vec::new(),
        missing: Vec::new(),
    };
    let mut value = std::mem::take(&mut done.value);
    done.walk(&mut value, variables, &mut Vec::new())?;
    done.value = value;
    Ok(done)
}

impl Substituted {
    fn walk(
        &mut self,
        value: &mut Value,
        variables: &dyn Variables,
        path: &mut Vec<String>,
    ) -> Result<()> {
        match value {
            Value::String(text) => {
                let Some(name) = is_placeholder(text) else {
                    return Ok(());
                };
                *value = if let Some(secret) = variables.variable(name)? {
                    let real = Value::from(secret.expose());
                    if !self.used.iter().any(|(used, _)| used == name) {
                        self.used.push((name.to_owned(), secret));
                    }
                    real
                } else {
                    self.missing.push((name.to_owned(), path.clone()));
                    Value::Null
                };
                Ok(())
            }
            Value::Array(items) => items.iter_mut().enumerate().try_for_each(|(at, item)| {
                path.push(at.to_string());
                let done = self.walk(item, variables, path);
                path.pop();
                done
            }),
            Value::Object(entries) => entries.iter_mut().try_for_each(|(key, value)| {
                path.push(key.clone());
                let done = self.walk(value, variables, path);
                path.pop();
                done
            }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_a_whole_placeholder_is_one() {
        let cases = [
            ("ENV/FOO", Some("FOO")),
            ("ENV-FOO", Some("FOO")),
            ("ENV/_a1", Some("_a1")),
            ("ENV/foo", Some("foo")),
            ("ENV/1FOO", None),
            ("ENV_FOO", None),
            ("ENV/", None),
            ("ENV", None),
            ("env/FOO", None),
            ("ENV/FOO ", None),
            ("ENV/FOO\n", None),
            (" ENV/FOO", None),
            ("ENV/FOO-BAR", None),
            ("ENV//FOO", None),
            ("ENVIRONMENT", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(is_placeholder(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn no_value_is_shown() {
        let environment = BTreeMap::from([("KEY".to_owned(), "sk-123".to_owned())]);
        let value = serde_json::json!({"a": ["ENV/KEY", "ENV/KEY"]});
        let real = substitute(value, &environment).expect("the map can be read");
        assert_eq!(real.used.len(), 1);
        assert!(!format!("{real:?}").contains("sk-123"), "{real:?}");
    }

    proptest! {
        #[test]
        fn text_that_is_no_placeholder_stays(text in "\\PC{0,30}") {
            prop_assume!(is_placeholder(&text).is_none());
            let value = serde_json::json!({"a": [text]});
            let real = substitute(value.clone(), &NoVariables).expect("nothing is read");
            prop_assert_eq!(real.value, value);
        }

        #[test]
        fn what_was_put_in_is_not_looked_at_again(name in "[A-Z_][A-Z0-9_]{0,8}") {
            let environment = BTreeMap::from([(name.clone(), format!("ENV/{name}"))]);
            let value = Value::from(format!("ENV/{name}"));
            let real = substitute(value, &environment).expect("the map can be read");
            prop_assert_eq!(real.value, Value::from(format!("ENV/{name}")));
        }
    }
}
