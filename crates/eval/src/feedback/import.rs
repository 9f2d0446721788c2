//! Feedback from files: JSON lines, CSV, and what Argilla and Langfuse export -> records.
//!
//! | shape | what it looks like |
//! |---|---|
//! | `records` | our own, a record a JSON line or a CSV row |
//! | `argilla` | records of Argilla 2 (`to_json`, flattened `to_datasets`) and of its feedback datasets before that |
//! | `langfuse` | scores of Langfuse's API (`{"data": […]}`), one a line, or a table of them |
//!
//! Two steps: [`read`] takes the rows apart; [`attach`] checks them against the run that they are
//! about, and fills in what the run knows: suite, versions, hashes. Nothing is guessed: a case, bot or
//! question that is not there is an error that names file and line.

mod argilla;
mod attach;
mod langfuse;
mod own;

use std::fs::File;
use std::path::Path;

use botsmith_core::yaml::Source as Text;
use serde_json::Value;

use crate::dataset::{Format, Place, Row, read_rows};
use crate::{Error, Result};

use super::{Record, Source};

pub use attach::attach;

/// A file that is read whole may have this many bytes.
const MOST_WHOLE: u64 = 64 << 20;

/// What a row of a file means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Our own records.
    Records,
    /// Argilla's records with responses.
    Argilla,
    /// Langfuse's scores.
    Langfuse,
}

impl Shape {
    /// The words for it, in the order of the kinds.
    pub const WORDS: [(&'static str, Self); 3] = [
        ("records", Self::Records),
        ("argilla", Self::Argilla),
        ("langfuse", Self::Langfuse),
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(_, shape)| *shape == self);
        found.map_or("records", |(word, _)| word)
    }

    /// What the first row looks like.
    fn of(row: &Value) -> Self {
        let has = |key: &str| row.get(key).is_some_and(|value| !value.is_null());
        let flat = |row: &Value| {
            let keys = row.as_object().into_iter().flat_map(|o| o.keys());
            keys.into_iter().any(|key| key.ends_with(".responses"))
        };
        if has("responses") || flat(row) || argilla::by_question(row) {
            Self::Argilla
        } else if [
            "traceId",
            "trace_id",
            "dataType",
            "data_type",
            "stringValue",
            "observationId",
        ]
        .iter()
        .any(|key| has(key))
        {
            Self::Langfuse
        } else {
            Self::Records
        }
    }
}

/// What the file does not say.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// The rater of records without one.
    pub rater: Option<String>,
    /// The bot of records without one.
    pub bot: Option<String>,
    /// Whose word records without a source are.
    pub source: Source,
}

/// A record, and the line it is from.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The record.
    pub record: Record,
    /// The line, from 1.
    pub line: usize,
    /// Whether spans count code points, as Python and browsers do, not bytes.
    pub code_points: bool,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Contents {
    /// What its rows are.
    pub shape: Shape,
    /// Its records.
    pub records: Vec<Loaded>,
    /// What was passed over, and why, with how often.
    pub passed_over: Vec<(String, usize)>,
}

/// Reads a file; without a `shape`, the first row tells it.
///
/// # Errors
/// If it cannot be read, or a row is not what the shape wants: file and line are named.
pub fn read(path: &Path, shape: Option<Shape>, defaults: &Defaults) -> Result<Contents> {
    let place = Place::new(path);
    let rows = rows(path, &place)?;
    let shape = match (shape, rows.first()) {
        (Some(shape), _) => shape,
        (None, Some(row)) => Shape::of(&row.value),
        (None, None) => Shape::Records,
    };
    let mut reader = Reader {
        place,
        defaults,
        records: Vec::new(),
        passed_over: Vec::new(),
    };
    for row in &rows {
        match shape {
            Shape::Records => own::row(&mut reader, row)?,
            Shape::Argilla => argilla::row(&mut reader, row)?,
            Shape::Langfuse => langfuse::row(&mut reader, row)?,
        }
    }
    Ok(Contents {
        shape,
        records: reader.records,
        passed_over: reader.passed_over,
    })
}

fn rows(path: &Path, place: &Place) -> Result<Vec<Row>> {
    let fail = |source| botsmith_core::Error::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(fail)?;
    match Format::of(path) {
        Some(Format::Yaml) => whole(&Text::from_reader(path, file, MOST_WHOLE)?, place),
        None => Err(place
            .at(0, "a .jsonl, .json, .csv or .tsv file is wanted")
            .into()),
        Some(format) => {
            let mut batches = read_rows(place, file, format)?;
            let mut rows = Vec::new();
            while let Some(batch) = batches.next_batch()? {
                rows.extend(batch.rows()?);
            }
            Ok(rows)
        }
    }
}

/// A JSON list, or an object whose `data` or `records` is one.
fn whole(text: &Text, place: &Place) -> Result<Vec<Row>> {
    let value: Value = serde_json::from_str(text.text()).map_err(|error| {
        let message = format!("not JSON: {error}");
        Error::from(place.at(error.line(), message))
    })?;
    let list = match value {
        Value::Array(list) => list,
        Value::Object(mut object) => {
            let list = ["data", "records", "scores"]
                .iter()
                .find_map(|key| object.remove(*key));
            match list {
                Some(Value::Array(list)) => list,
                _ => {
                    return Err(place
                        .at(1, "expected a list, or an object with a list `data`")
                        .into());
                }
            }
        }
        _ => return Err(place.at(1, "expected a list of records").into()),
    };
    Ok(list
        .into_iter()
        .map(|value| Row::from_value(value, 0))
        .collect())
}

/// What the readers of a shape fill.
struct Reader<'a> {
    place: Place,
    defaults: &'a Defaults,
    records: Vec<Loaded>,
    passed_over: Vec<(String, usize)>,
}

impl Reader<'_> {
    /// Keeps a record, with what it does not say itself.
    fn keep(&mut self, mut record: Record, line: usize, code_points: bool) -> Result<()> {
        if record.rater.is_empty() {
            record.rater = match &self.defaults.rater {
                Some(rater) => rater.clone(),
                None => return Err(self.lacks(line, "rater", "--rater")),
            };
        }
        if record.bot.is_empty() {
            record.bot = match &self.defaults.bot {
                Some(bot) => bot.clone(),
                None => return Err(self.lacks(line, "bot", "--bot")),
            };
        }
        if record.case.is_empty() {
            let wanted = "the record names no case: `case`, an external id or metadata with `case` is wanted";
            return Err(self.place.at(line, wanted).into());
        }
        self.records.push(Loaded {
            record,
            line,
            code_points,
        });
        Ok(())
    }

    fn lacks(&self, line: usize, what: &str, option: &str) -> Error {
        let message = format!("the record names no {what}");
        let hint = format!("{option} names that of all records without one");
        self.place.at(line, message).hint(hint).into()
    }

    fn pass_over(&mut self, why: impl Into<String>) {
        let why = why.into();
        match self.passed_over.iter_mut().find(|(known, _)| *known == why) {
            Some((_, n)) => *n += 1,
            None => self.passed_over.push((why, 1)),
        }
    }
}

/// Text of a value: a string, or a number as it is written.
fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// JSON that stands in a cell of a table.
fn cell(value: &Value) -> Value {
    match value.as_str().map(str::trim) {
        Some(text) if text.starts_with(['[', '{']) => {
            serde_json::from_str(text).unwrap_or_else(|_| value.clone())
        }
        _ => value.clone(),
    }
}
