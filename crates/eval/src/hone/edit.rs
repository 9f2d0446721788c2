//! Changes of a cartridge -> its text with them, the rest of the text as it was, comments included.
//!
//! A change sets the value at a path of keys. In YAML the lines of the innermost entry that stands on lines
//! of its own are written anew; what stands in braces is written as a whole. Markdown gets a block of YAML
//! at its end, which is merged over the others. Whatever was written is read again and held against what
//! was wanted; where it differs, the whole file is written from its values, and if that differs too, it is
//! an error.

mod emit;

use botsmith_core::yaml::{Entry, Node, Parsed, Reading, Source, Value as Yaml, parse_as};
use botsmith_nanobots::cartridge::Format;
use serde_json::{Map, Value};

use super::Parent;
use crate::{Error, Result};

/// A value to be set in a cartridge.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The keys down to it; mappings on the way that are not there are made.
    pub path: Vec<String>,
    /// The value.
    pub value: Value,
}

impl Change {
    /// A change.
    pub fn new<K: Into<String>>(path: impl IntoIterator<Item = K>, value: Value) -> Self {
        Self {
            path: path.into_iter().map(Into::into).collect(),
            value,
        }
    }
}

/// The parent's text with the changes made.
pub(super) fn edited(parent: &Parent, changes: &[Change]) -> Result<String> {
    let mut wanted = parent.value().clone();
    for change in changes {
        set(&mut wanted, &change.path, &change.value);
    }
    let is_wanted = |text: &String| parent.reading(text).is_ok_and(|value| value == wanted);
    let gentle = match parent.format() {
        Format::Markdown => Some(appended(parent.text(), changes)),
        Format::Yaml => changes
            .iter()
            .try_fold(parent.text().to_string(), |text, change| put(&text, change)),
    };
    if let Some(text) = gentle.filter(is_wanted) {
        return Ok(text);
    }
    let whole = || {
        let mut own = tree(parent.text())?.to_json();
        for change in changes {
            set(&mut own, &change.path, &change.value);
        }
        let mut text = String::new();
        emit::block(&mut text, 0, &own);
        Some(text)
    };
    let whole = match parent.format() {
        Format::Yaml => whole().filter(is_wanted),
        Format::Markdown => None,
    };
    whole.ok_or_else(|| {
        let paths: Vec<_> = changes.iter().map(|change| change.path.join(".")).collect();
        Error::Invalid(format!(
            "{}: `{}` cannot be set in this file",
            parent.path().display(),
            paths.join("`, `")
        ))
    })
}

/// Sets a value in a tree.
pub(super) fn set(tree: &mut Value, path: &[String], value: &Value) {
    let mut at = tree;
    for key in path {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let map = at.as_object_mut().expect("it was just made one");
        at = map.entry(key.clone()).or_insert(Value::Null);
    }
    *at = value.clone();
}

fn appended(text: &str, changes: &[Change]) -> String {
    let mut tree = Value::Object(Map::new());
    for change in changes {
        set(&mut tree, &change.path, &change.value);
    }
    let mut out = text.trim_end().to_owned();
    out.push_str("\n\n```yaml\n");
    emit::block(&mut out, 0, &tree);
    out.push_str("```\n");
    out
}

fn tree(text: &str) -> Option<Node> {
    let mut reading = Reading::default();
    reading.lenient = true;
    let Parsed { node, .. } = parse_as(&Source::new("cartridge", text), &reading).ok()?;
    Some(node)
}

/// The text with one change made; `None` where it cannot be made line by line.
fn put(text: &str, change: &Change) -> Option<String> {
    let root = tree(text)?;
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    // The entries down to the value, as far as they are there.
    let mut entries: Vec<&Entry> = Vec::new();
    let mut node = &root;
    for key in &change.path {
        let Yaml::Map(map) = &node.value else { break };
        let Some(entry) = map.iter().find(|entry| entry.key == *key) else {
            break;
        };
        entries.push(entry);
        node = &entry.value;
    }
    let rest = &change.path[entries.len()..];
    // A key is added to a mapping that has its entries on lines of their own.
    if !rest.is_empty() {
        let place = match entries.last() {
            Some(last) => match &last.value.value {
                Yaml::Map(map) => map.first().filter(|first| stands_alone(&lines, first)),
                _ => None,
            }
            .map(|first| (first.key_mark.column - 1, block_end(&lines, last))),
            None => Some((0, document_end(&lines))),
        };
        if let Some((indent, end)) = place {
            let mut value = change.value.clone();
            for key in rest[1..].iter().rev() {
                value = Value::Object(Map::from_iter([(key.clone(), value)]));
            }
            let mut added = String::new();
            emit::entry(&mut added, indent, &rest[0], &value);
            return Some(spliced(&lines, end, end, &added));
        }
    }
    // Else the innermost entry on lines of its own is written anew.
    let depth = (0..entries.len())
        .rev()
        .find(|depth| stands_alone(&lines, entries[*depth]))?;
    let entry = entries[depth];
    let mut value = entry.value.to_json();
    match &change.path[depth + 1..] {
        [] => value = change.value.clone(),
        below => set(&mut value, below, &change.value),
    }
    let mut written = String::new();
    emit::entry(&mut written, entry.key_mark.column - 1, &entry.key, &value);
    let (start, end) = (entry.key_mark.line - 1, block_end(&lines, entry));
    Some(spliced(&lines, start, end, &written))
}

/// Whether nothing but spaces stands before a key.
fn stands_alone(lines: &[&str], entry: &Entry) -> bool {
    let line = lines.get(entry.key_mark.line - 1);
    line.is_some_and(|line| {
        let mut before = line.chars().take(entry.key_mark.column - 1);
        before.all(|c| c == ' ')
    })
}

/// The line after the last one of an entry, from 0. Comments and blank lines behind it are not its own.
fn block_end(lines: &[&str], entry: &Entry) -> usize {
    let (first, column) = (entry.key_mark.line - 1, entry.key_mark.column - 1);
    let list = matches!(entry.value.value, Yaml::Seq(_));
    let mut end = first + 1;
    for (at, line) in lines.iter().enumerate().skip(first + 1) {
        let text = line.trim_start_matches(' ');
        let indent = line.len() - text.len();
        if text.trim().is_empty() {
            continue;
        }
        // A list may stand as far left as its key.
        let item = list && indent == column && (text.starts_with("- ") || text.trim() == "-");
        if indent <= column && !item {
            break;
        }
        end = at + 1;
    }
    end
}

/// Where a key of the root goes: behind the last line that says something.
fn document_end(lines: &[&str]) -> usize {
    let said = lines.iter().rposition(|line| !line.trim().is_empty());
    said.map_or(0, |last| last + 1)
}

fn spliced(lines: &[&str], start: usize, end: usize, new: &str) -> String {
    let mut text = lines[..start].concat();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(new);
    text.push_str(&lines[end..].concat());
    text
}
