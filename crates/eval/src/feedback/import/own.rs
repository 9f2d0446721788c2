//! Our own records: an object a row; in CSV a column a field, with text for numbers and lists.

use botsmith_core::hint::nearest;
use serde_json::{Map, Value, json};

use crate::Result;
use crate::dataset::Row;
use crate::feedback::Record;
use crate::feedback::export::COLUMNS;

use super::{Reader, cell};

pub(super) fn row(reader: &mut Reader<'_>, row: &Row) -> Result<()> {
    let Some(object) = row.value.as_object() else {
        let message = "expected a record: an object with `case`, `bot`, `question`, `value`";
        return Err(reader.place.at(row.line, message).into());
    };
    let mut fields = Map::new();
    for (key, value) in object {
        if value.is_null() || value.as_str().is_some_and(str::is_empty) {
            continue;
        }
        let value = match key.as_str() {
            "value" | "against" => unquoted(&cell(value)),
            "repeat" | "round" | "seconds" | "probability" => number(value),
            "blind" | "swapped" => yes(value),
            // Ids may be numbers in other programs.
            known if COLUMNS.contains(&known) => match value {
                Value::Number(n) if known != "at" => n.to_string().into(),
                _ => unquoted(value),
            },
            _ => {
                let message = format!("unknown field `{key}`");
                let found = reader.place.at(row.line, message).field(key);
                return Err(match nearest(key, COLUMNS) {
                    Some(near) => found.hint(format!("did you mean `{near}`?")),
                    None => found.hint(format!("a record has {}", COLUMNS.join(", "))),
                }
                .into());
            }
        };
        fields.insert(key.clone(), value);
    }
    // In a table the other bot of a pair stands alone.
    if let Some(bot) = fields.get("against").and_then(Value::as_str) {
        let against = json!({"bot": bot});
        fields.insert("against".into(), against);
    }
    if !fields.contains_key("source") {
        fields.insert("source".into(), reader.defaults.source.as_str().into());
    }
    let record: Record = serde_json::from_value(Value::Object(fields)).map_err(|error| {
        crate::Error::from(
            reader
                .place
                .at(row.line, format!("not a feedback record: {error}")),
        )
    })?;
    reader.keep(record, row.line, false)
}

fn number(value: &Value) -> Value {
    match value.as_str().map(str::trim) {
        Some(text) => match (text.parse::<u64>(), text.parse::<f64>()) {
            (Ok(n), _) => json!(n),
            (_, Ok(x)) => json!(x),
            _ => value.clone(),
        },
        None => value.clone(),
    }
}

fn yes(value: &Value) -> Value {
    match value.as_str().map(str::to_lowercase).as_deref() {
        Some("true" | "yes" | "1") => Value::Bool(true),
        Some("false" | "no" | "0") => Value::Bool(false),
        _ => value.clone(),
    }
}

/// Without the apostrophe that keeps a spreadsheet from running a cell.
fn unquoted(value: &Value) -> Value {
    match value.as_str().and_then(|text| text.strip_prefix('\'')) {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '\t', '\r']) => rest.into(),
        _ => value.clone(),
    }
}
