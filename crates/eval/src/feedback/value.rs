//! Answers to questions: what came in -> the one way to write it, or what is wrong with it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use botsmith_core::hint::nearest;

use crate::{Error, Result};

use super::{Kind, Question};

/// A text of a rater may have this many bytes.
pub(super) const MOST_TEXT: usize = 1 << 20;
/// At most so many parts of an answer are marked.
const MOST_SPANS: usize = 1_000;

/// A part of an answer, in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub label: Option<String>,
}

impl Question {
    /// The value as records have it. Words in another case, Booleans for thumbs, and numbers and lists
    /// that are written as text (CSV) are taken. `answer`: the text that spans must lie in, if it is
    /// known.
    ///
    /// # Errors
    /// [`Error::Feedback`] that says what is wanted, with the nearest valid word.
    pub fn check(&self, value: &Value, answer: Option<&str>) -> Result<Value> {
        let wrong = |wanted: String| Error::Feedback {
            question: self.name.clone(),
            reason: format!("{} is no answer; {wanted} is wanted", shown(value)),
        };
        match &self.kind {
            Kind::Thumb => thumb(value)
                .map(|up| json!(if up { "up" } else { "down" }))
                .ok_or_else(|| wrong("`up` or `down`".into())),
            Kind::Rating { min, max, .. } => whole(value)
                .filter(|n| (min..=max).contains(&n))
                .map(|n| json!(n))
                .ok_or_else(|| wrong(format!("a whole number from {min} to {max}"))),
            Kind::Label { options, .. } => {
                let found = value.as_str().and_then(|word| known(word, options));
                found
                    .map(|word| json!(word))
                    .ok_or_else(|| wrong(one_of(value.as_str().unwrap_or_default(), options)))
            }
            Kind::MultiLabel { options } => {
                let Some(given) = words(value) else {
                    return Err(wrong("a list of labels".into()));
                };
                if let Some(bad) = given.iter().find(|word| known(word, options).is_none()) {
                    return Err(wrong(one_of(bad, options)));
                }
                let chosen = options.iter().filter(|option| {
                    given
                        .iter()
                        .any(|word| known(word, options) == Some(*option))
                });
                Ok(json!(chosen.collect::<Vec<_>>()))
            }
            Kind::Pairwise { ties } => {
                let word = value.as_str().unwrap_or_default().to_lowercase();
                match word.as_str() {
                    "a" | "b" => Ok(json!(word)),
                    "tie" if *ties => Ok(json!("tie")),
                    _ if *ties => Err(wrong("`a`, `b` or `tie`".into())),
                    _ => Err(wrong("`a` or `b`".into())),
                }
            }
            Kind::Span { options } => self.spans(value, options, answer),
            Kind::Correction | Kind::Comment => match value.as_str() {
                Some(text) if text.trim().is_empty() => Err(wrong("a text".into())),
                Some(text) if text.len() > MOST_TEXT => Err(Error::Feedback {
                    question: self.name.clone(),
                    reason: format!(
                        "the text has {} bytes, at most {MOST_TEXT} are kept",
                        text.len()
                    ),
                }),
                Some(text) => Ok(json!(text)),
                None => Err(wrong("a text".into())),
            },
        }
    }

    fn spans(&self, value: &Value, options: &[String], answer: Option<&str>) -> Result<Value> {
        let wrong = |reason: String| Error::Feedback {
            question: self.name.clone(),
            reason,
        };
        let parsed = parsed(value);
        let mut spans: Vec<Span> = serde_json::from_value(parsed).map_err(|error| {
            wrong(format!(
                "{} is no list of spans {{\"start\", \"end\", \"label\"?}}: {error}",
                shown(value)
            ))
        })?;
        if spans.len() > MOST_SPANS {
            let n = spans.len();
            return Err(wrong(format!("{n} spans, at most {MOST_SPANS} are kept")));
        }
        for span in &mut spans {
            let Span { start, end, label } = span;
            if start >= end {
                return Err(wrong(format!(
                    "the span from {start} to {end} holds nothing"
                )));
            }
            if let Some(text) = answer
                && text.get(*start..*end).is_none()
            {
                return Err(wrong(format!(
                    "the span from {start} to {end} is no part of the answer, which has {} bytes",
                    text.len()
                )));
            }
            match (&label, options.is_empty()) {
                (None, true) => {}
                (Some(word), false) if known(word, options).is_some() => {
                    *label = known(word, options).cloned();
                }
                (Some(word), false) => {
                    let wanted = one_of(word, options);
                    return Err(wrong(format!(
                        "a span is called `{word}`; {wanted} is wanted"
                    )));
                }
                (None, false) => {
                    let wanted = one_of("", options);
                    return Err(wrong(format!("a span has no label; {wanted} is wanted")));
                }
                (Some(word), true) => {
                    return Err(wrong(format!(
                        "a span is called `{word}`, but spans here have no labels"
                    )));
                }
            }
        }
        spans.sort_by(|a, b| (a.start, a.end, &a.label).cmp(&(b.start, b.end, &b.label)));
        spans.dedup();
        Ok(json!(spans))
    }

    /// Whether a value says that the answer is good; `None` where the question does not decide it. Of a
    /// pair: whether `b` is better, `None` for a tie.
    pub fn passes(&self, value: &Value) -> Option<bool> {
        match &self.kind {
            Kind::Thumb => thumb(value),
            Kind::Rating { pass, .. } => Some(value.as_i64()? >= (*pass)?),
            Kind::Label { pass, .. } if !pass.is_empty() => {
                let word = value.as_str()?;
                Some(pass.iter().any(|good| good == word))
            }
            Kind::Pairwise { .. } => match value.as_str()? {
                "a" => Some(false),
                "b" => Some(true),
                _ => None,
            },
            _ => None,
        }
    }

    /// A value as numbers for agreement, one for each thing that raters can disagree on: the labels of
    /// a multi-label question count each by itself.
    pub(super) fn numbers(&self, value: &Value) -> Vec<f64> {
        let at = |options: &[String], word: &str| {
            options.iter().position(|o| o == word).map(|i| i as f64)
        };
        let yes = |yes: bool| f64::from(u8::from(yes));
        match &self.kind {
            Kind::Thumb => thumb(value).map(yes).into_iter().collect(),
            Kind::Rating { .. } => value.as_f64().into_iter().collect(),
            Kind::Label { options, .. } => {
                let word = value.as_str().unwrap_or_default();
                at(options, word).into_iter().collect()
            }
            Kind::MultiLabel { options } => {
                let given = words(value).unwrap_or_default();
                options
                    .iter()
                    .map(|option| yes(given.contains(option)))
                    .collect()
            }
            Kind::Pairwise { .. } => ["a", "tie", "b"]
                .iter()
                .position(|word| value.as_str() == Some(*word))
                .map(|i| i as f64)
                .into_iter()
                .collect(),
            Kind::Span { .. } => vec![yes(value.as_array().is_some_and(|list| !list.is_empty()))],
            Kind::Correction | Kind::Comment => Vec::new(),
        }
    }
}

/// Spans in code points, as Python and browsers count, as spans in bytes; what is no span stays as it is, to
/// be refused.
pub fn spans_in_bytes(value: &Value, text: &str) -> Value {
    if !value.is_array() {
        return value.clone();
    }
    let starts: Vec<usize> = text
        .char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .collect();
    let byte = |n: Option<&Value>| {
        let n = n.and_then(Value::as_u64)? as usize;
        // Past the end stays past the end.
        Some(starts.get(n).copied().unwrap_or(text.len() + n))
    };
    let spans = value.as_array().into_iter().flatten().map(|span| {
        match (byte(span.get("start")), byte(span.get("end"))) {
            (Some(start), Some(end)) => {
                let mut found = json!({"start": start, "end": end});
                if let Some(label) = span.get("label").filter(|label| !label.is_null()) {
                    found["label"] = label.clone();
                }
                found
            }
            _ => span.clone(),
        }
    });
    spans.collect()
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => format!("`{text}`"),
        other => other.to_string(),
    };
    match text.char_indices().nth(80) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

fn thumb(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(up) => Some(*up),
        Value::Number(n) => match n.as_f64()? {
            1.0 => Some(true),
            0.0 => Some(false),
            _ => None,
        },
        Value::String(word) => match word.to_lowercase().as_str() {
            "up" | "true" | "yes" | "1" | "good" | "pass" => Some(true),
            "down" | "false" | "no" | "0" | "bad" | "fail" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn whole(value: &Value) -> Option<i64> {
    let number = match value {
        Value::Number(n) => n.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

/// JSON that a CSV column holds as text.
fn parsed(value: &Value) -> Value {
    match value.as_str() {
        Some(text) if text.trim_start().starts_with('[') => {
            serde_json::from_str(text).unwrap_or_else(|_| value.clone())
        }
        _ => value.clone(),
    }
}

fn words(value: &Value) -> Option<Vec<String>> {
    match parsed(value) {
        Value::Array(list) => list.iter().map(|w| w.as_str().map(str::to_owned)).collect(),
        Value::String(text) => Some(
            text.split([',', ';'])
                .map(|word| word.trim().to_owned())
                .filter(|word| !word.is_empty())
                .collect(),
        ),
        _ => None,
    }
}

/// The option that a word means: itself, or the only one that differs in case alone.
fn known<'a>(word: &str, options: &'a [String]) -> Option<&'a String> {
    options.iter().find(|option| *option == word).or_else(|| {
        let mut like = options
            .iter()
            .filter(|option| option.to_lowercase() == word.to_lowercase());
        like.next().filter(|_| like.next().is_none())
    })
}

fn one_of(word: &str, options: &[String]) -> String {
    let list = options.iter().map(|o| format!("`{o}`")).collect::<Vec<_>>();
    let list = match list.as_slice() {
        [one] => one.clone(),
        many => format!("one of {}", many.join(", ")),
    };
    match nearest(word, options.iter().map(String::as_str)) {
        Some(near) => format!("{list} (did you mean `{near}`?)"),
        None => list,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(words: &[&str]) -> Vec<String> {
        words.iter().map(|w| (*w).to_owned()).collect()
    }

    #[test]
    fn each_kind_takes_its_values_in_one_spelling() {
        let tones = || options(&["kind", "curt", "rude"]);
        let rating = Kind::Rating {
            min: 1,
            max: 5,
            pass: None,
        };
        let table: Vec<(Kind, Value, Value)> = vec![
            (Kind::Thumb, json!("up"), json!("up")),
            (Kind::Thumb, json!(false), json!("down")),
            (Kind::Thumb, json!(1.0), json!("up")),
            (rating.clone(), json!(5), json!(5)),
            (rating, json!("2"), json!(2)),
            (
                Kind::Label {
                    options: tones(),
                    pass: vec![],
                },
                json!("Curt"),
                json!("curt"),
            ),
            (
                Kind::MultiLabel { options: tones() },
                json!(["rude", "kind", "rude"]),
                json!(["kind", "rude"]),
            ),
            (
                Kind::MultiLabel { options: tones() },
                json!("rude; kind"),
                json!(["kind", "rude"]),
            ),
            (Kind::MultiLabel { options: tones() }, json!([]), json!([])),
            (Kind::Pairwise { ties: true }, json!("TIE"), json!("tie")),
            (
                Kind::Span { options: tones() },
                json!("[{\"start\": 3, \"end\": 5, \"label\": \"Rude\"}]"),
                json!([{"start": 3, "end": 5, "label": "rude"}]),
            ),
            (Kind::Correction, json!("So."), json!("So.")),
        ];
        for (kind, given, wanted) in table {
            let question = Question::new("q", kind);
            let checked = question.check(&given, Some("abc de")).unwrap();
            assert_eq!(checked, wanted, "{question:?} {given}");
            assert_eq!(question.check(&checked, Some("abc de")).unwrap(), wanted);
        }
    }

    #[test]
    fn what_is_no_answer_is_refused_with_what_is_wanted() {
        let tones = || options(&["kind", "curt"]);
        let table: Vec<(Kind, Value, &str)> = vec![
            (Kind::Thumb, json!("sideways"), "`up` or `down`"),
            (
                Kind::Rating {
                    min: 1,
                    max: 5,
                    pass: None,
                },
                json!(2.5),
                "from 1 to 5",
            ),
            (
                Kind::Label {
                    options: tones(),
                    pass: vec![],
                },
                json!("kin"),
                "did you mean `kind`?",
            ),
            (
                Kind::MultiLabel { options: tones() },
                json!(["crut"]),
                "did you mean `curt`?",
            ),
            (Kind::Pairwise { ties: false }, json!("tie"), "`a` or `b`"),
            (
                Kind::Span { options: vec![] },
                json!([{"start": 4, "end": 9}]),
                "which has 6 bytes",
            ),
            (
                Kind::Span { options: vec![] },
                json!([{"start": 2, "end": 2}]),
                "holds nothing",
            ),
            (
                Kind::Span { options: vec![] },
                json!([{"start": 1, "stop": 2}]),
                "`stop`",
            ),
            (
                Kind::Span { options: tones() },
                json!([{"start": 1, "end": 2}]),
                "no label",
            ),
            (Kind::Comment, json!("  "), "a text"),
        ];
        for (kind, given, wanted) in table {
            let error = Question::new("q", kind)
                .check(&given, Some("abc de"))
                .unwrap_err();
            assert!(error.to_string().contains(wanted), "{given}: {error}");
        }
        // A span that cuts a letter in two is no part of the text.
        let spans = Question::new("q", Kind::Span { options: vec![] });
        assert!(
            spans
                .check(&json!([{"start": 0, "end": 1}]), Some("é"))
                .is_err()
        );
    }
}
