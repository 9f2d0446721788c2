//! Feedback to files: records -> JSON lines, or a table.

use std::io::{self, Write};

use serde_json::Value;

use crate::Result;
use crate::report::{safe_cell, write_error};

use super::Record;

/// The columns of a table, which are the fields of a record.
pub const COLUMNS: [&str; 26] = [
    "id",
    "at",
    "suite",
    "run",
    "case",
    "bot",
    "bot_hash",
    "answer_hash",
    "repeat",
    "against",
    "rater",
    "source",
    "question",
    "value",
    "comment",
    "correction",
    "seconds",
    "blind",
    "replaces",
    "state",
    "round",
    "swapped",
    "chosen",
    "probability",
    "from",
    "wording",
];

/// Writes one JSON object a line.
///
/// # Errors
/// If `out` cannot be written.
pub fn jsonl(out: &mut dyn Write, records: &[Record]) -> Result<()> {
    for record in records {
        serde_json::to_writer(&mut *out, record).map_err(|error| write_error(error.into()))?;
        out.write_all(b"\n").map_err(write_error)?;
    }
    Ok(())
}

/// Writes a header, then one line a record. Of a pair's other answer there is the bot alone; lists
/// stand as JSON. A cell that a spreadsheet would take for a formula starts with an apostrophe.
///
/// # Errors
/// If `out` cannot be written.
pub fn csv(out: &mut dyn Write, records: &[Record]) -> Result<()> {
    let failed = |error: csv::Error| write_error(io::Error::other(error));
    let mut out = csv::Writer::from_writer(out);
    out.write_record(COLUMNS).map_err(failed)?;
    for record in records {
        let fields = serde_json::to_value(record).expect("records serialise");
        let cell = |column: &&str| match fields.get(*column) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => safe_cell(text),
            Some(Value::Object(against)) => safe_cell(
                against
                    .get("bot")
                    .and_then(Value::as_str)
                    .unwrap_or_default(),
            ),
            Some(other) => other.to_string(),
        };
        out.write_record(COLUMNS.iter().map(cell)).map_err(failed)?;
    }
    out.flush().map_err(write_error)
}
