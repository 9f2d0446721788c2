//! Where a value stands in a row: a JSON Pointer (RFC 6901), or a CSV column's name.

use std::fmt;

use botsmith_core::Diagnostic;
use botsmith_core::yaml::Cursor;
use serde_json::Value;

use crate::Result;

use super::{Format, Place, Row};

/// A field of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    text: String,
    /// Unescaped pointer segments; for CSV one segment, the column.
    segments: Vec<String>,
    /// Where the suite names it, ready for a message.
    named_at: Option<Box<Diagnostic>>,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Field {
    /// A JSON Pointer; `None` unless it is empty or starts with `/`.
    pub fn pointer(text: &str) -> Option<Self> {
        if !text.is_empty() && !text.starts_with('/') {
            return None;
        }
        let segments = text
            .split('/')
            .skip(1)
            .map(|s| s.replace("~1", "/").replace("~0", "~"))
            .collect();
        Some(Self {
            text: text.to_owned(),
            segments,
            named_at: None,
        })
    }

    /// A CSV column.
    pub fn column(name: &str) -> Self {
        Self {
            text: name.to_owned(),
            segments: vec![name.to_owned()],
            named_at: None,
        }
    }

    /// Reads a field as this format writes them.
    ///
    /// # Errors
    /// Where a JSON Pointer lacks its `/`, with the right spelling.
    pub fn read(at: &Cursor<'_>, format: Format) -> Result<Self> {
        let text = at.text()?;
        let field = match format {
            Format::Csv => Self::column(text.strip_prefix('/').unwrap_or(text)),
            Format::Jsonl | Format::Yaml => Self::pointer(text).ok_or_else(|| {
                at.diagnostic(format!("`{text}` is not a JSON Pointer"))
                    .hint(format!("did you mean `/{}`?", text.replace('.', "/")))
            })?,
        };
        Ok(Self {
            named_at: Some(Box::new(at.diagnostic(""))),
            ..field
        })
    }

    /// Checks a field that the suite names against rows of its file: a CSV column must be there; a
    /// key that none of the first rows has must not look like a misspelt one. Keys that `others`
    /// name are not what is meant here.
    ///
    /// # Errors
    /// At the field's place in the suite, with the nearest name.
    pub(super) fn check(
        &self,
        rows: &[Row],
        format: Format,
        place: &Place,
        others: &[&Self],
    ) -> Result<()> {
        let (Some(at), false) = (&self.named_at, rows.is_empty()) else {
            return Ok(());
        };
        // How far down any row goes along the pointer, and the first object where it ends.
        let reached = |row: &Row| {
            let found = |depth: &usize| row.find(&self.segments[..*depth]).is_some();
            (0..=self.segments.len()).rev().find(found).unwrap_or(0)
        };
        let depth = rows.iter().map(reached).max().unwrap_or(0);
        let (before, Some(wanted)) = (&self.segments[..depth], self.segments.get(depth)) else {
            return Ok(());
        };
        let object = |row: &Row| row.find(before).and_then(Value::as_object).cloned();
        let Some(object) = rows.iter().find_map(object) else {
            return Ok(());
        };
        let named = |key: &str| {
            let same = |field: &&&Self| {
                field.segments.get(depth).is_some_and(|s| s == key)
                    && field.segments.starts_with(before)
            };
            others.iter().find(same).is_some()
        };
        let keys = || object.keys().map(String::as_str);
        let free = keys().filter(|key| !named(key));
        let near = botsmith_core::hint::nearest(wanted, free);
        let mut diagnostic = (**at).clone();
        let file = place.path().display();
        match (near, format) {
            (near, Format::Csv) => {
                diagnostic.message = format!("{file} has no column `{wanted}`");
                Err(match near {
                    Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
                    None => diagnostic.nearest(wanted, keys()),
                }
                .into())
            }
            // Names of a letter or two are all near to each other.
            (Some(near), _) if wanted.chars().count() > 2 => {
                let within: String = before.iter().flat_map(|step| ["/", step]).collect();
                diagnostic.message = match depth {
                    0 => format!("{file} has no key `{wanted}`"),
                    _ => format!("{file} has no key `{wanted}` in `{within}`"),
                };
                Err(diagnostic
                    .hint(format!("did you mean `{within}/{near}`?"))
                    .into())
            }
            // Rows need not all have the same keys: later ones may have it.
            _ => Ok(()),
        }
    }

    /// The first segment: the top-level key or column that this field reads.
    pub fn root(&self) -> Option<&str> {
        self.segments.first().map(String::as_str)
    }

    /// The segments, unescaped.
    pub(crate) fn segments(&self) -> &[String] {
        &self.segments
    }

    /// The value in a row, if it is there.
    pub fn find<'r>(&self, row: &'r Row) -> Option<&'r serde_json::Value> {
        row.find(&self.segments)
    }

    /// The value in a case's variables, if it is there.
    pub fn find_in<'v>(
        &self,
        vars: &'v serde_json::Map<String, serde_json::Value>,
    ) -> Option<&'v serde_json::Value> {
        let (first, rest) = self.segments.split_first()?;
        super::row::walk(vars.get(first)?, rest).filter(|value| !value.is_null())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_unescape_and_walk_lists() {
        let row = Row::from_value(serde_json::json!({"a/b": [{"~": 1}]}), 1);
        let field = Field::pointer("/a~1b/0/~0").unwrap();
        assert_eq!(field.find(&row), Some(&serde_json::json!(1)));
        assert!(Field::pointer("a").is_none());
    }
}
