//! The configuration of a model: `config.json`, or the metadata of a GGUF file under the same names.
//!
//! Each setting is read with its kind and its range; an error names the file, the line, the key, what was found and
//! what was wanted. Which settings a model has is the model's own affair: nothing is checked that nobody asks for.

mod gguf;

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::error::{EngineError, Result};
use super::files::{ModelFiles, read_limited};
use super::gguf::Gguf;
use crate::Diagnostic;

/// The longest configuration read, in bytes: the longest known have some hundred kilobytes of labels.
const BYTES: u64 = 4 << 20;
/// Most classes of a classifier.
const LABELS: usize = 100_000;

/// The settings of one model.
///
/// ```
/// use botsmith_core::engine::Config;
/// let config = Config::parse("config.json", r#"{"model_type": "bert", "hidden_size": 384}"#)?;
/// assert_eq!(config.model_type(), "bert");
/// assert_eq!(config.count("hidden_size", 1..=65_536)?, 384);
/// let error = config.count("num_hidden_layers", 1..=1000).unwrap_err();
/// assert!(error.to_string().contains("`num_hidden_layers` is missing"));
/// # Ok::<(), botsmith_core::engine::EngineError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    path: PathBuf,
    text: Arc<str>,
    settings: Map<String, Value>,
    section: Option<String>,
}

impl Config {
    /// The configuration of `files`: from the GGUF file, or from `config.json` beside the weights.
    ///
    /// # Errors
    /// [`EngineError::NoModel`] where there is none; [`EngineError::Config`] where it is no JSON object.
    pub fn open(files: &ModelFiles) -> Result<Self> {
        if let Some(path) = files.gguf() {
            let gguf = Gguf::open(path)?;
            let mut config = Self::from_gguf(path, &gguf);
            gguf::positions(path, &gguf, &mut config.settings)?;
            return Ok(config);
        }
        let path = files.needed("config.json")?;
        let bytes = read_limited(&path, BYTES)?;
        Self::parse(path, &String::from_utf8_lossy(&bytes))
    }

    /// A configuration from its text.
    ///
    /// # Errors
    /// [`EngineError::Config`] where it is no JSON object.
    pub fn parse(path: impl Into<PathBuf>, text: &str) -> Result<Self> {
        let path = path.into();
        let settings = match serde_json::from_str(text) {
            Ok(Value::Object(settings)) => settings,
            Ok(_) => return Err(Diagnostic::new(&path, "an object of settings is wanted").into()),
            Err(error) => {
                let line = text
                    .lines()
                    .nth(error.line().saturating_sub(1))
                    .unwrap_or_default();
                return Err(Diagnostic::new(&path, format!("no JSON: {error}"))
                    .at(error.line(), error.column())
                    .excerpt(line)
                    .into());
            }
        };
        Ok(Self {
            path,
            text: text.into(),
            settings,
            section: None,
        })
    }

    /// A configuration from the metadata of a GGUF file, under the names of `config.json`. What stands in tensors, the
    /// factors of positions, is not in it.
    pub fn from_gguf(path: &Path, gguf: &Gguf) -> Self {
        Self {
            path: path.to_owned(),
            text: "".into(),
            settings: gguf::settings(gguf),
            section: None,
        }
    }

    /// The file, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The kind of model, such as `bert`; empty where the configuration does not say.
    pub fn model_type(&self) -> &str {
        self.settings
            .get("model_type")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The classes that transformers would load, such as `BertForSequenceClassification`.
    pub fn architectures(&self) -> impl Iterator<Item = &str> {
        let list = self.settings.get("architectures").and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str)
    }

    /// A setting as it stands; absent and `null` are one.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.settings.get(key).filter(|value| !value.is_null())
    }

    /// The settings under a key (`text_config`, `rope_scaling`), where there are any.
    pub fn section(&self, key: &str) -> Option<Self> {
        let settings = self.get(key)?.as_object()?.clone();
        Some(Self {
            settings,
            section: Some(self.field(key)),
            ..self.clone()
        })
    }

    /// The same, with `defaults` for what is not there at all; `null` stays.
    pub(super) fn with_defaults(&self, defaults: &[(&str, Value)]) -> Self {
        let mut config = self.clone();
        for (key, value) in defaults {
            let entry = config.settings.entry(*key);
            entry.or_insert_with(|| value.clone());
        }
        config
    }

    /// A whole number in a range.
    ///
    /// # Errors
    /// [`EngineError::Config`] where it is missing, no whole number or outside the range.
    pub fn count(&self, key: &str, range: RangeInclusive<usize>) -> Result<usize> {
        let value = self.get(key).ok_or_else(|| self.missing(key))?;
        let number = value.as_u64().and_then(|n| usize::try_from(n).ok());
        number.filter(|n| range.contains(n)).ok_or_else(|| {
            self.error(
                key,
                format!(
                    "`{key}` is {}, a whole number from {} to {} is wanted",
                    shown(value),
                    range.start(),
                    range.end()
                ),
            )
        })
    }

    /// A whole number in a range, or `default` where there is none.
    ///
    /// # Errors
    /// [`EngineError::Config`] where it is no whole number or outside the range.
    pub fn count_or(
        &self,
        key: &str,
        default: usize,
        range: RangeInclusive<usize>,
    ) -> Result<usize> {
        self.get(key)
            .map_or(Ok(default), |_| self.count(key, range))
    }

    /// A number in a range.
    ///
    /// # Errors
    /// [`EngineError::Config`] where it is missing, no number or outside the range.
    pub fn number(&self, key: &str, range: RangeInclusive<f64>) -> Result<f64> {
        let value = self.get(key).ok_or_else(|| self.missing(key))?;
        value.as_f64().filter(|n| range.contains(n)).ok_or_else(|| {
            self.error(
                key,
                format!(
                    "`{key}` is {}, a number from {} to {} is wanted",
                    shown(value),
                    range.start(),
                    range.end()
                ),
            )
        })
    }

    /// A number in a range, or `default` where there is none.
    ///
    /// # Errors
    /// [`EngineError::Config`] where it is no number or outside the range.
    pub fn number_or(&self, key: &str, default: f64, range: RangeInclusive<f64>) -> Result<f64> {
        self.get(key)
            .map_or(Ok(default), |_| self.number(key, range))
    }

    /// A truth, or `default` where there is none.
    ///
    /// # Errors
    /// [`EngineError::Config`] where it is something else.
    pub fn bool_or(&self, key: &str, default: bool) -> Result<bool> {
        match self.get(key) {
            None => Ok(default),
            Some(Value::Bool(truth)) => Ok(*truth),
            Some(other) => Err(self.error(
                key,
                format!("`{key}` is {}, true or false is wanted", shown(other)),
            )),
        }
    }

    /// A text, or `default` where there is none.
    ///
    /// # Errors
    /// [`EngineError::Config`] where it is something else.
    pub fn text_or<'a>(&'a self, key: &str, default: &'a str) -> Result<&'a str> {
        match self.get(key) {
            None => Ok(default),
            Some(Value::String(text)) => Ok(text),
            Some(other) => Err(self.error(
                key,
                format!("`{key}` is {}, a text is wanted", shown(other)),
            )),
        }
    }

    /// One of some words, or the first of them where the setting is missing.
    ///
    /// # Errors
    /// [`EngineError::Config`] with the nearest word.
    pub fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<T> {
        let (first, value) = words.first().expect("a setting has words");
        let found = self.text_or(key, first)?;
        if !self.settings.contains_key(key) {
            return Ok(*value);
        }
        let value = words
            .iter()
            .find(|(word, _)| *word == found)
            .map(|(_, value)| *value);
        value.ok_or_else(|| {
            let shown = crate::hint::shown(found);
            let diagnostic =
                self.diagnostic(key, format!("`{key}` is `{shown}`, which is not supported"));
            diagnostic
                .nearest(found, words.iter().map(|(word, _)| *word))
                .into()
        })
    }

    /// The names of a classifier's classes, by their numbers; `None` where it has none.
    ///
    /// # Errors
    /// [`EngineError::Config`] where the numbers leave a gap.
    pub fn labels(&self) -> Result<Option<Vec<String>>> {
        let Some(map) = self.get("id2label").and_then(Value::as_object) else {
            let count = self.get("num_labels").and_then(Value::as_u64);
            return Ok(count
                .filter(|count| *count <= LABELS as u64)
                .map(|count| (0..count).map(|n| format!("LABEL_{n}")).collect()));
        };
        if map.len() > LABELS {
            return Err(self.error(
                "id2label",
                format!("{} labels, at most {LABELS} are read", map.len()),
            ));
        }
        let label = |number: usize| {
            let label = map.get(&number.to_string()).and_then(Value::as_str);
            label.map(str::to_owned).ok_or_else(|| {
                self.error(
                    "id2label",
                    format!("`id2label` has {} labels and none for {number}", map.len()),
                )
            })
        };
        (0..map.len()).map(label).collect::<Result<_>>().map(Some)
    }

    /// An error about a setting, with the place where it stands.
    pub fn error(&self, key: &str, message: impl Into<String>) -> EngineError {
        self.diagnostic(key, message).into()
    }

    fn missing(&self, key: &str) -> EngineError {
        let keys: Vec<&str> = self.settings.keys().map(String::as_str).collect();
        let diagnostic = self.diagnostic(key, format!("`{key}` is missing"));
        match crate::hint::nearest(key, keys) {
            Some(near) => diagnostic
                .hint(format!("is `{near}` what was meant?"))
                .into(),
            None => diagnostic.into(),
        }
    }

    fn diagnostic(&self, key: &str, message: impl Into<String>) -> Diagnostic {
        let diagnostic = Diagnostic::new(&self.path, message);
        // Keys are unique enough to be found by their text, which keeps the parser a plain one.
        let quoted = format!("\"{key}\"");
        let place = (self.text.lines().enumerate())
            .find_map(|(n, line)| Some((n, line.find(&quoted)?, line)));
        let diagnostic = match place {
            Some((number, at, line)) => diagnostic
                .at(number + 1, line[..at].chars().count() + 1)
                .excerpt(line),
            None => diagnostic,
        };
        diagnostic.field(self.field(key))
    }

    fn field(&self, key: &str) -> String {
        match &self.section {
            Some(section) => format!("{section}.{key}"),
            None => key.to_owned(),
        }
    }
}

/// A value as a message shows it.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
        Value::String(text) => format!("`{}`", crate::hint::shown(text)),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{\n  \"model_type\": \"bert\",\n  \"hidden_size\": \"many\",\n  \"layers\": 99,\n  \"act\": \"gelo\",\n  \"rope\": {\"theta\": -1}\n}";

    #[test]
    fn an_error_names_line_column_key_found_and_wanted() {
        let config = Config::parse("config.json", TEXT).expect("settings");
        let error = config.count("hidden_size", 1..=10).expect_err("no number");
        let EngineError::Config(diagnostic) = &error else {
            panic!("{error}");
        };
        assert_eq!(
            (diagnostic.line, diagnostic.column, diagnostic.code),
            (3, 3, "BS-ENG-004")
        );
        assert!(
            diagnostic
                .message
                .contains("`many`, a whole number from 1 to 10"),
            "{error}"
        );
        let error = config
            .count("layers", 1..=10)
            .expect_err("too many")
            .to_string();
        assert!(error.contains("99, a whole number from 1 to 10"), "{error}");
        let error = config
            .word("act", &[("gelu", 1), ("relu", 2)])
            .expect_err("no word")
            .to_string();
        assert!(error.contains("did you mean `gelu`?"), "{error}");
        let rope = config.section("rope").expect("a section");
        let error = rope
            .number("theta", 0.0..=1e9)
            .expect_err("negative")
            .to_string();
        assert!(error.contains("in `rope.theta`"), "{error}");
    }

    #[test]
    fn what_is_absent_has_its_default() {
        let config = Config::parse("config.json", TEXT).expect("settings");
        assert_eq!(config.count_or("nothing", 7, 0..=10).expect("default"), 7);
        assert_eq!(
            config
                .word("nothing", &[("gelu", 1), ("relu", 2)])
                .expect("default"),
            1
        );
        assert!(config.bool_or("nothing", true).expect("default"));
    }

    #[test]
    fn text_that_is_no_object_is_refused_with_its_place() {
        let error = Config::parse("config.json", "{\n  oops\n}").expect_err("no JSON");
        assert!(error.to_string().contains("config.json:2:"), "{error}");
        Config::parse("config.json", "[]").expect_err("no object");
    }

    #[test]
    fn labels_come_in_the_order_of_their_numbers_without_a_gap() {
        let labels = |text: &str| {
            Config::parse("config.json", text)
                .expect("settings")
                .labels()
        };
        let read = labels(r#"{"id2label": {"1": "b", "0": "a"}}"#).expect("labels");
        assert_eq!(read, Some(vec!["a".to_owned(), "b".to_owned()]));
        labels(r#"{"id2label": {"1": "b", "2": "a"}}"#).expect_err("a gap");
        assert_eq!(labels("{}").expect("none"), None);
    }
}
