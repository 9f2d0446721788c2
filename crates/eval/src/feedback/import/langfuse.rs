//! What Langfuse exports: scores -> records.
//!
//! A score of the public API: `{"id", "traceId", "name", "source": ANNOTATION|API|EVAL, "dataType":
//! NUMERIC|BOOLEAN|CATEGORICAL|TEXT|CORRECTION, "value", "stringValue", "authorUserId", "comment", "timestamp",
//! "metadata", …}`; tables and SDKs write the keys with underscores. `name` is the question. The case is
//! `metadata.case`, else the trace's id; the bot is `metadata.bot`. Scores of evaluators (EVAL) are no
//! person's word and are passed over; those that programs sent (API) are their users'.

use crate::Result;
use crate::dataset::Row;
use crate::feedback::record::read_at;
use crate::feedback::{Record, Source};

use super::{Reader, cell, text};

pub(super) fn row(reader: &mut Reader<'_>, row: &Row) -> Result<()> {
    let Some(object) = row.value.as_object() else {
        let message = "expected a score of Langfuse: an object with `name` and `value`";
        return Err(reader.place.at(row.line, message).into());
    };
    let get = |wanted: &str| {
        let plain = |key: &str| key.replace(['_', ' '], "").to_lowercase();
        let wanted = plain(wanted);
        let found = object.iter().find(|(key, _)| plain(key) == wanted);
        found
            .map(|(_, value)| value)
            .filter(|value| !value.is_null())
    };
    let source = match text(get("source")).map(|s| s.to_uppercase()).as_deref() {
        Some("EVAL") => {
            reader.pass_over("scores of evaluators");
            return Ok(());
        }
        Some("ANNOTATION") => Source::Expert,
        Some("API") => Source::User,
        _ => reader.defaults.source,
    };
    let Some(question) = text(get("name")) else {
        return Err(reader.place.at(row.line, "the score has no `name`").into());
    };
    let kind = text(get("dataType")).map(|kind| kind.to_uppercase());
    let value = match kind.as_deref() {
        Some("CATEGORICAL" | "TEXT" | "CORRECTION") => get("stringValue").or_else(|| get("value")),
        _ => get("value").or_else(|| get("stringValue")),
    };
    let Some(value) = value.cloned().filter(|v| v.as_str() != Some("")) else {
        reader.pass_over("scores without a value");
        return Ok(());
    };
    let metadata = get("metadata").map(cell).unwrap_or_default();
    let known = |key: &str| text(metadata.get(key));
    let case = known("case").or_else(|| text(get("traceId")));
    let at = get("timestamp").or_else(|| get("createdAt"));
    let record = Record {
        id: text(get("id")).unwrap_or_default(),
        at: at.and_then(read_at).unwrap_or(0),
        case: case.unwrap_or_default(),
        bot: known("bot").unwrap_or_default(),
        run: known("run").unwrap_or_default(),
        repeat: known("repeat").and_then(|n| n.parse().ok()).unwrap_or(1),
        rater: text(get("authorUserId")).unwrap_or_default(),
        source,
        question,
        value,
        comment: text(get("comment")),
        from: "langfuse".into(),
        ..Record::default()
    };
    reader.keep(record, row.line, false)
}
