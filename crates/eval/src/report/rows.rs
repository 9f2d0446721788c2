//! Case records as JSON rows: for `--jsonl`, the HTML page and `show --json`.

use serde_json::{Map, Value, json};

use crate::Verdict;
use crate::run::{AnswerRecord, CaseRecord, Manifest};

/// Unit of evidence offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offsets {
    /// Bytes of UTF-8, as in Rust.
    Bytes,
    /// UTF-16 code units, as in a browser.
    Utf16,
    /// Code points, as in Python.
    CodePoints,
}

/// One case as JSON: its fields, and per answer the bot, outcome, text and scores by name.
pub fn case(record: &CaseRecord, manifest: &Manifest, offsets: Offsets) -> Value {
    let case = &record.case;
    let mut row = Map::new();
    row.insert("id".into(), json!(case.id));
    row.insert("row".into(), json!(record.line));
    row.insert("input".into(), json!(case.input));
    if !case.messages.is_empty() {
        row.insert("messages".into(), json!(case.messages));
    }
    row.insert("references".into(), json!(case.references));
    if !case.context.is_empty() {
        row.insert("context".into(), json!(case.context));
    }
    row.insert("tags".into(), json!(case.tags));
    if let Some(group) = &case.group {
        row.insert("group".into(), json!(group));
    }
    let slices: Map<String, Value> = manifest
        .slices
        .iter()
        .zip(&record.slices)
        .filter(|(_, values)| !values.is_empty())
        .map(|(name, values)| (name.clone(), json!(values.join(", "))))
        .collect();
    row.insert("slices".into(), Value::Object(slices));
    let answers = record
        .answers
        .iter()
        .map(|a| answer(a, manifest, offsets))
        .collect();
    row.insert("answers".into(), Value::Array(answers));
    Value::Object(row)
}

fn answer(record: &AnswerRecord, manifest: &Manifest, offsets: Offsets) -> Value {
    let answer = &record.answer;
    let scores: Map<String, Value> = manifest
        .metrics
        .iter()
        .zip(&record.verdicts)
        .map(|(name, verdict)| (name.clone(), self::verdict(verdict, &answer.text, offsets)))
        .collect();
    let mut row = json!({
        "bot": manifest.bots.get(record.bot),
        "repeat": record.repeat,
        "outcome": answer.outcome,
        "text": answer.text,
        "error": answer.error,
        "latency": answer.latency,
        "cost": answer.cost,
        "overall": record.overall,
        "scores": scores,
    });
    if let Some(asked) = &answer.asked {
        row["asked"] = json!(asked);
    }
    row
}

/// One verdict as JSON.
pub fn verdict(verdict: &Verdict, text: &str, offsets: Offsets) -> Value {
    match verdict {
        Verdict::Skipped(why) => json!({"skipped": why}),
        Verdict::Failed(why) => json!({"error": why}),
        Verdict::Judged(score) => {
            let mut row = Map::new();
            row.insert("value".into(), json!(score.value));
            row.insert("passed".into(), json!(score.passed));
            if let Some(why) = &score.explanation {
                row.insert("explanation".into(), json!(why));
            }
            if !score.evidence.is_empty() {
                let at = |byte: usize| match offsets {
                    Offsets::Bytes => byte,
                    Offsets::Utf16 => text
                        .get(..byte)
                        .map_or(0, |part| part.encode_utf16().count()),
                    Offsets::CodePoints => text.get(..byte).map_or(0, |part| part.chars().count()),
                };
                let spans: Vec<_> = score
                    .evidence
                    .iter()
                    .map(
                        |e| json!({"start": at(e.start), "end": at(e.end), "supports": e.supports}),
                    )
                    .collect();
                row.insert("evidence".into(), Value::Array(spans));
            }
            Value::Object(row)
        }
    }
}
