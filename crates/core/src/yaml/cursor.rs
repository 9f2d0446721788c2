//! Typed reading of a tree, with errors that say where.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::time::Duration;

use super::{Entry, Mark, Node, Source, Value};
use crate::hint::shown;
use crate::{Diagnostic, Error, Result};

/// A node, the text that it came from, and its path in it.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    source: &'a Source,
    node: &'a Node,
    path: String,
    /// The key that this is the value of; a scalar under it is underlined there when missing.
    key_mark: Option<Mark>,
}

impl<'a> Cursor<'a> {
    /// The root of a document.
    pub fn new(source: &'a Source, node: &'a Node) -> Self {
        Self {
            source,
            node,
            path: String::new(),
            key_mark: None,
        }
    }

    /// A cursor at another node that stands for this place: same text, same path. For short forms
    /// that are read as the mapping they abbreviate.
    #[must_use]
    pub fn over<'b>(&self, node: &'b Node) -> Cursor<'b>
    where
        'a: 'b,
    {
        Cursor {
            source: self.source,
            node,
            path: self.path.clone(),
            key_mark: self.key_mark,
        }
    }

    /// The node.
    pub fn node(&self) -> &'a Node {
        self.node
    }

    /// The text that the node came from.
    pub fn source(&self) -> &'a Source {
        self.source
    }

    /// The path of this value, like `bots[0].recorded`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Where the value starts.
    pub fn mark(&self) -> Mark {
        self.node.mark
    }

    /// A diagnostic at this value.
    pub fn diagnostic(&self, message: impl Into<String>) -> Diagnostic {
        self.source
            .diagnostic(self.node.mark, message)
            .field(&self.path)
    }

    /// An error at this value.
    pub fn error(&self, message: impl Into<String>) -> Error {
        self.diagnostic(message).into()
    }

    fn wanted(&self, wanted: &str) -> Error {
        let found = match self.node.text() {
            Some(text) if text.len() <= 60 => format!("{} `{}`", self.node.kind(), shown(text)),
            _ => self.node.kind().to_owned(),
        };
        let mark = match (self.node.value == Value::Null, self.key_mark) {
            (true, Some(key)) => key,
            _ => self.node.mark,
        };
        self.source
            .diagnostic(mark, format!("expected {wanted}, found {found}"))
            .field(&self.path)
            .into()
    }

    /// Whether the value is null or absent.
    pub fn is_null(&self) -> bool {
        self.node.value == Value::Null
    }

    /// Text; numbers and Booleans as they were written.
    ///
    /// # Errors
    /// If it is null or a collection.
    pub fn text(&self) -> Result<&'a str> {
        self.node.text().ok_or_else(|| self.wanted("text"))
    }

    /// Text that is not empty.
    ///
    /// # Errors
    /// If it is null, empty or a collection.
    pub fn name(&self) -> Result<&'a str> {
        let text = self.text()?;
        if text.trim().is_empty() {
            Err(self.error("must not be empty"))
        } else {
            Ok(text)
        }
    }

    /// A Boolean.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn bool(&self) -> Result<bool> {
        match self.node.value {
            Value::Bool(b) => Ok(b),
            _ => Err(self.wanted("`true` or `false`")),
        }
    }

    /// A finite number.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn number(&self) -> Result<f64> {
        match self.node.value {
            Value::Int(i) => Ok(i as f64),
            Value::Float(x) if x.is_finite() => Ok(x),
            Value::Float(_) => Err(self.wanted("a finite number")),
            _ => Err(self.wanted("a number")),
        }
    }

    /// A number in a closed range.
    ///
    /// # Errors
    /// If it is no number, or outside.
    pub fn number_in(&self, lo: f64, hi: f64) -> Result<f64> {
        let x = self.number()?;
        if (lo..=hi).contains(&x) {
            return Ok(x);
        }
        let message = if hi.is_finite() {
            format!("{x} is outside {lo} to {hi}")
        } else {
            format!("{x} is below {lo}")
        };
        Err(self.error(message))
    }

    /// A whole number, zero or more.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn count(&self) -> Result<usize> {
        match self.node.value {
            Value::Int(i) => {
                usize::try_from(i).map_err(|_| self.wanted("a whole number of 0 or more"))
            }
            _ => Err(self.wanted("a whole number of 0 or more")),
        }
    }

    /// A duration: `250ms`, `2s`, `1.5m`, `1h`, `2d`, or a bare number of seconds.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn duration(&self) -> Result<Duration> {
        let fail = || self.wanted("a duration like `250ms`, `2s` or `5m`");
        if let Value::Int(_) | Value::Float(_) = self.node.value {
            return Duration::try_from_secs_f64(self.number()?).map_err(|_| fail());
        }
        let text = self.text()?.trim();
        let split = text
            .find(|c: char| c.is_ascii_alphabetic())
            .unwrap_or(text.len());
        let (amount, unit) = text.split_at(split);
        let amount: f64 = amount.trim().parse().map_err(|_| fail())?;
        let seconds = amount
            * match unit {
                "ms" => 0.001,
                "" | "s" => 1.0,
                "m" | "min" => 60.0,
                "h" => 3_600.0,
                "d" => 86_400.0,
                _ => return Err(fail()),
            };
        Duration::try_from_secs_f64(seconds).map_err(|_| fail())
    }

    /// One of a closed set of words; the error suggests the nearest.
    ///
    /// # Errors
    /// If it is none of them.
    pub fn one_of<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T> {
        let word = self.text()?;
        choices
            .iter()
            .find(|(name, _)| *name == word)
            .map(|(_, value)| *value)
            .ok_or_else(|| {
                self.diagnostic(format!("`{}` is not known here", shown(word)))
                    .nearest(word, choices.iter().map(|(name, _)| *name))
                    .into()
            })
    }

    /// The items of a list.
    ///
    /// # Errors
    /// If it is no list.
    pub fn items(&self) -> Result<Vec<Cursor<'a>>> {
        match &self.node.value {
            Value::Seq(items) => Ok(items
                .iter()
                .enumerate()
                .map(|(i, node)| Cursor {
                    source: self.source,
                    node,
                    path: format!("{}[{i}]", self.path),
                    key_mark: None,
                })
                .collect()),
            _ => Err(self.wanted("a list")),
        }
    }

    /// The items of a list, or the value itself as the only one.
    pub fn items_or_self(&self) -> Vec<Cursor<'a>> {
        self.items().unwrap_or_else(|_| vec![self.clone()])
    }

    /// A list of texts, or one text alone.
    ///
    /// # Errors
    /// If an item is no text.
    pub fn texts(&self) -> Result<Vec<String>> {
        self.items_or_self()
            .iter()
            .map(|item| item.text().map(str::to_owned))
            .collect()
    }

    /// The fields of a mapping.
    ///
    /// # Errors
    /// If it is no mapping.
    pub fn fields(&self) -> Result<Fields<'a>> {
        match &self.node.value {
            Value::Map(entries) => Ok(Fields {
                at: self.clone(),
                entries,
                asked: RefCell::default(),
                all: Cell::default(),
            }),
            _ => Err(self.wanted("a mapping")),
        }
    }

    /// The only entry of a mapping with one key: `{contains: {...}}` gives the key and its value.
    ///
    /// # Errors
    /// If it is no mapping or has another number of keys.
    pub fn single(&self) -> Result<(&'a str, Cursor<'a>)> {
        match &self.node.value {
            Value::Map(entries) if entries.len() == 1 => {
                Ok((&entries[0].key, self.child(&entries[0])))
            }
            _ => Err(self.wanted("a mapping with one key")),
        }
    }

    fn child(&self, entry: &'a Entry) -> Cursor<'a> {
        let key = &entry.key;
        let bare = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        let path = if key.is_empty() || !key.chars().all(bare) || key.len() > 60 {
            // Quoted and cut, so that a path stays one readable word.
            format!("{}[\"{}\"]", self.path, shown(key).replace('"', "\\\""))
        } else if self.path.is_empty() {
            key.clone()
        } else {
            format!("{}.{key}", self.path)
        };
        Cursor {
            source: self.source,
            node: &entry.value,
            path,
            key_mark: Some(entry.key_mark),
        }
    }
}

/// A mapping that is read key by key. [`Fields::finish`] reports keys that nobody asked for, with
/// the nearest one that somebody did.
#[derive(Debug)]
pub struct Fields<'a> {
    at: Cursor<'a>,
    entries: &'a [Entry],
    asked: RefCell<BTreeSet<&'static str>>,
    all: Cell<bool>,
}

impl<'a> Fields<'a> {
    /// The mapping itself.
    pub fn at(&self) -> &Cursor<'a> {
        &self.at
    }

    /// The value of a key, unless it is absent or null.
    pub fn get(&self, key: &'static str) -> Option<Cursor<'a>> {
        self.get_nullable(key).filter(|value| !value.is_null())
    }

    /// The value of a key, null included.
    pub fn get_nullable(&self, key: &'static str) -> Option<Cursor<'a>> {
        self.asked.borrow_mut().insert(key);
        self.entries
            .iter()
            .find(|e| e.key == key)
            .map(|e| self.at.child(e))
    }

    /// The value of a key that must be there.
    ///
    /// # Errors
    /// If it is absent or null; a near miss among the keys is named.
    pub fn required(&self, key: &'static str) -> Result<Cursor<'a>> {
        let null = self.get_nullable(key);
        if let Some(value) = null.as_ref().filter(|value| !value.is_null()) {
            return Ok(value.clone());
        }
        let diagnostic = match null {
            Some(value) => return Err(value.wanted("a value")),
            None => self.at.diagnostic(format!("key `{key}` is missing")),
        };
        let near = crate::hint::nearest(key, self.entries.iter().map(|e| e.key.as_str()));
        Err(match near {
            Some(near) => diagnostic.hint(format!(
                "`{}` stands here; did you mean `{key}`?",
                shown(near)
            )),
            None => diagnostic,
        }
        .into())
    }

    /// Whether a key is there, null or not.
    pub fn has(&self, key: &'static str) -> bool {
        self.get_nullable(key).is_some()
    }

    /// The keys in file order, with where they stand.
    pub fn keys(&self) -> impl Iterator<Item = (&'a str, Mark)> + use<'a> {
        self.entries.iter().map(|e| (e.key.as_str(), e.key_mark))
    }

    /// Every entry as key and value, each counted as asked for.
    pub fn entries(&self) -> Vec<(&'a str, Cursor<'a>)> {
        self.all.set(true);
        self.entries
            .iter()
            .map(|e| (e.key.as_str(), self.at.child(e)))
            .collect()
    }

    /// Reports the first key that was not asked for.
    ///
    /// # Errors
    /// [`Error::Invalid`] that names the key, its place and the nearest valid key.
    pub fn finish(self) -> Result<()> {
        let asked = self.asked.borrow();
        let Some(entry) = self
            .entries
            .iter()
            .find(|e| !self.all.get() && !asked.contains(e.key.as_str()))
        else {
            return Ok(());
        };
        Err(self
            .at
            .source
            .diagnostic(
                entry.key_mark,
                format!("unknown key `{}`", shown(&entry.key)),
            )
            .field(&self.at.path)
            .nearest(&entry.key, asked.iter().copied())
            .into())
    }
}
