//! What failed on train -> regression cases: rows for the suite's dataset. Once they stand there, the gate asks
//! about them too, and no variant may lose one that the bot passes.
//!
//! A case that the bot failed, and whose right answer is known (a correction, else the references), becomes
//! a row with the tags `regression` and `must-pass`. Its group is the one that the case was split by, so
//! that it stays train for ever and never gets into a gate, in whatever dataset it is put. Rows go into a
//! file of their own, each once; nothing that is there is changed.

use std::collections::BTreeSet;
use std::path::Path;

use botsmith_core::Error as CoreError;
use botsmith_core::digest::Digest;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::hone::TrainView;
use crate::hone::view::Lesson;
use crate::{Result, report};

/// What became of the regression cases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Regressions {
    /// Cases that failed and have a known right answer.
    pub found: usize,
    /// Those that the file did not have yet.
    pub added: usize,
}

/// The regression cases of what failed.
pub fn regressions(view: &TrainView<'_>) -> Vec<Value> {
    let lessons = view.lessons().iter();
    lessons
        .filter(|lesson| lesson.failed())
        .filter_map(row)
        .collect()
}

fn row(lesson: &Lesson<'_>) -> Option<Value> {
    let case = lesson.case.case();
    let references = match lesson.correction {
        Some(correction) => vec![correction.to_owned()],
        None => case.references.clone(),
    };
    if references.is_empty() {
        return None;
    }
    let named = Digest::of(format!("{}\0{}", case.id, references.join("\0")).as_bytes());
    let mut row = Map::new();
    row.insert(
        "id".into(),
        format!("regression-{}", &named.to_string()[..12]).into(),
    );
    row.insert("group".into(), lesson.case.key().into());
    match case.messages.as_slice() {
        [] => row.insert("input".into(), case.input.clone().into()),
        messages => row.insert("messages".into(), json!(messages)),
    };
    row.insert("references".into(), references.into());
    if !case.context.is_empty() {
        row.insert("context".into(), json!(case.context));
    }
    let mut tags = case.tags.clone();
    for tag in ["regression", "must-pass"] {
        if !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    row.insert("tags".into(), tags.into());
    for (key, value) in &case.vars {
        row.entry(key.clone()).or_insert_with(|| value.clone());
    }
    Some(row.into())
}

impl Regressions {
    /// Adds the rows that a JSONL file does not have yet, by their ids; makes it where it is missing. The
    /// file is the old or the new one, never a part.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub fn append(path: &Path, rows: &[Value]) -> Result<Self> {
        let before = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(source) => {
                let path = path.to_owned();
                return Err(CoreError::Read { path, source }.into());
            }
        };
        let id = |row: &Value| row["id"].as_str().map(str::to_owned);
        let known: BTreeSet<String> = before
            .lines()
            .filter_map(|line| id(&serde_json::from_str(line).ok()?))
            .collect();
        let new: Vec<&Value> = rows
            .iter()
            .filter(|row| id(row).is_none_or(|id| !known.contains(&id)))
            .collect();
        if !new.is_empty() {
            let mut text = before;
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            for row in &new {
                text.push_str(&row.to_string());
                text.push('\n');
            }
            report::save(path, |out| {
                out.write_all(text.as_bytes()).map_err(|source| {
                    let path = path.to_owned();
                    CoreError::Write { path, source }.into()
                })
            })?;
        }
        Ok(Self {
            found: rows.len(),
            added: new.len(),
        })
    }
}
