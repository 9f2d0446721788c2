//! One row of a dataset.

use std::path::Path;
use std::sync::Arc;

use botsmith_core::Diagnostic;
use serde_json::Value;

use crate::Error;

/// A row: its values and its line in the file.
#[derive(Clone, Debug)]
pub struct Row {
    /// An object (JSONL, YAML, CSV by column) or any other value.
    pub value: Value,
    /// The line in the file, from 1. Rows of YAML and JSON may share one.
    pub line: usize,
    /// Which row of its file it is, from 0.
    pub(crate) number: usize,
}

impl Row {
    /// A row of a JSON value.
    pub fn from_value(value: Value, line: usize) -> Self {
        Self {
            value,
            line,
            number: 0,
        }
    }

    /// Walks down a path of keys and list indices.
    pub(crate) fn find(&self, segments: &[String]) -> Option<&Value> {
        walk(&self.value, segments)
    }

    /// The top-level keys.
    pub fn keys(&self) -> impl Iterator<Item = &str> + Clone {
        self.value
            .as_object()
            .into_iter()
            .flat_map(|map| map.keys().map(String::as_str))
    }
}

/// Walks down from a value.
pub(super) fn walk<'v>(value: &'v Value, segments: &[String]) -> Option<&'v Value> {
    segments
        .iter()
        .try_fold(value, |value, segment| match value {
            Value::Object(map) => map.get(segment),
            Value::Array(items) => items.get(segment.parse::<usize>().ok()?),
            _ => None,
        })
}

/// A file that rows come from, for messages.
#[derive(Clone, Debug)]
pub struct Place(Arc<Path>);

impl Place {
    /// The file.
    pub fn new(path: &Path) -> Self {
        Self(path.into())
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A diagnostic at a line.
    pub fn at(&self, line: usize, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(&*self.0, message)
            .code("BS-EVAL-010")
            .at(line, 0)
    }
}

impl Place {
    /// An error about a case, with the place of its row; other errors, which have a place of their own
    /// or none in this file, as they are.
    pub(crate) fn of_case(&self, line: usize, error: Error) -> Error {
        match &error {
            Error::Template { .. }
            | Error::Conversation { .. }
            | Error::EmptyReference { .. }
            | Error::DoubtfulReference { .. }
            | Error::NoReference { .. } => {
                self.at(line, error.to_string()).code(error.code()).into()
            }
            _ => error,
        }
    }
}

/// Text of a JSON value as a person would read it: strings bare, everything else as JSON.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
