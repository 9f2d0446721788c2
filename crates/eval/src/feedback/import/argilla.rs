//! What Argilla exports: records with responses -> a record a response and question.
//!
//! Three shapes, as its Python library and server write them:
//! - nested: `{"id", "fields", "metadata", "responses": {QUESTION: [{"value", "user_id", "status"?}]}}`
//! - flat: `{"id", …, "QUESTION.responses": […], "QUESTION.responses.users": […], "….status": […]}`
//! - feedback datasets: `{"external_id", "responses": [{"values": {QUESTION: {"value"}}, "status",
//!   "user_id"}]}`, and on the hub a column a question: `QUESTION: [{"user_id", "value", "status"}]`
//!
//! The case is `metadata.case`, else the external id, else the id; the bot is `metadata.bot`. Suggestions
//! are a model's word, no person's, and are passed over. Spans count code points.

use serde_json::Value;

use crate::Result;
use crate::dataset::Row;
use crate::feedback::{Record, Source, State};

use super::{Reader, cell, text};
use crate::feedback::record::read_at;

/// A response to one question.
struct Response {
    question: String,
    value: Value,
    user: Option<String>,
    status: Option<String>,
    at: Option<u64>,
}

/// Whether a row has a column of responses a question.
pub(super) fn by_question(row: &Value) -> bool {
    let is = |value: &Value| {
        let first = value.as_array().and_then(|list| list.first());
        first.is_some_and(|one| one.get("user_id").is_some() && one.get("value").is_some())
    };
    row.as_object()
        .is_some_and(|o| o.values().map(cell).any(|v| is(&v)))
}

pub(super) fn row(reader: &mut Reader<'_>, row: &Row) -> Result<()> {
    let Some(object) = row.value.as_object() else {
        let message = "expected a record of Argilla: an object with `responses`";
        return Err(reader.place.at(row.line, message).into());
    };
    let metadata = object.get("metadata").map(cell).unwrap_or_default();
    let known = |key: &str| text(metadata.get(key)).or_else(|| text(object.get(key)));
    let case = known("case")
        .or_else(|| text(object.get("external_id")))
        .or_else(|| text(object.get("id")));
    let about = Record {
        case: case.unwrap_or_default(),
        bot: known("bot").unwrap_or_default(),
        run: known("run").unwrap_or_default(),
        repeat: known("repeat").and_then(|n| n.parse().ok()).unwrap_or(1),
        source: Source::Expert,
        from: "argilla".into(),
        ..Record::default()
    };
    let mut found = Vec::new();
    match object.get("responses").map(cell) {
        Some(Value::Object(by_question)) => {
            for (question, list) in &by_question {
                nested(question, list, &mut found);
            }
        }
        Some(Value::Array(list)) => {
            for response in &list {
                whole(response, &mut found);
            }
        }
        _ => {
            for (key, value) in object {
                match key.strip_suffix(".responses") {
                    Some(question) => flat(object, question, &cell(value), &mut found),
                    None if by_question(&serde_json::json!({ key: value })) => {
                        nested(key, &cell(value), &mut found);
                    }
                    None => {}
                }
            }
        }
    }
    if found.is_empty() {
        reader.pass_over("records without responses");
    }
    for response in found {
        let state = match response.status.as_deref() {
            None | Some("submitted") => State::Submitted,
            Some("draft") => State::Draft,
            Some("discarded") => State::Discarded,
            Some(other) => {
                reader.pass_over(format!("responses with the status `{other}`"));
                continue;
            }
        };
        let ranked = |value: &Value| value.get("rank").is_some();
        if response
            .value
            .as_array()
            .is_some_and(|list| list.iter().any(ranked))
        {
            reader.pass_over(format!("rankings (question `{}`)", response.question));
            continue;
        }
        if response.value.is_null() && state == State::Submitted {
            reader.pass_over(format!(
                "empty responses (question `{}`)",
                response.question
            ));
            continue;
        }
        let record = Record {
            question: response.question,
            value: response.value,
            rater: response.user.unwrap_or_default(),
            at: response.at.unwrap_or(0),
            state,
            ..about.clone()
        };
        reader.keep(record, row.line, true)?;
    }
    Ok(())
}

fn nested(question: &str, list: &Value, found: &mut Vec<Response>) {
    for response in list.as_array().into_iter().flatten() {
        found.push(Response {
            question: question.to_owned(),
            value: response.get("value").cloned().unwrap_or_default(),
            user: text(response.get("user_id")),
            status: text(response.get("status")),
            at: time(response),
        });
    }
}

/// A response to all questions at once.
fn whole(response: &Value, found: &mut Vec<Response>) {
    let values = response.get("values").and_then(Value::as_object);
    for (question, value) in values.into_iter().flatten() {
        found.push(Response {
            question: question.clone(),
            value: value.get("value").cloned().unwrap_or_default(),
            user: text(response.get("user_id")),
            status: text(response.get("status")),
            at: time(response),
        });
    }
}

fn flat(
    object: &serde_json::Map<String, Value>,
    question: &str,
    values: &Value,
    found: &mut Vec<Response>,
) {
    let beside = |what: &str| {
        object
            .get(&format!("{question}.responses.{what}"))
            .map(cell)
    };
    let (users, statuses) = (beside("users"), beside("status"));
    let at = |list: &Option<Value>, i: usize| text(list.as_ref().and_then(|list| list.get(i)));
    for (i, value) in values.as_array().into_iter().flatten().enumerate() {
        found.push(Response {
            question: question.to_owned(),
            value: value.clone(),
            user: at(&users, i),
            status: at(&statuses, i),
            at: None,
        });
    }
}

fn time(response: &Value) -> Option<u64> {
    let at = response
        .get("updated_at")
        .or_else(|| response.get("inserted_at"));
    at.and_then(read_at)
}
