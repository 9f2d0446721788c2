//! `is-json`, `contains-json`, `json-schema`: the answer is JSON, holds JSON, follows a schema.
//!
//! Schemas are JSON Schema (draft 2020-12 unless `$schema` says otherwise), validated offline: a
//! `$ref` to another document is an error. `pattern` runs on a linear-time engine.

use botsmith_core::schema::Schema;
use botsmith_core::yaml::{Cursor, Fields, Value as Yaml};
use serde_json::Value;

use super::builtin::{Builtin, evidence, flag};
use super::regex::SIZE_LIMIT;
use super::{Docs, Evaluator, OptionDocs, Range, Subject};
use crate::extract::code_block;
use crate::{Result, Score, Verdict, text};

const SCHEMA: OptionDocs = OptionDocs {
    name: "schema",
    schema: r#"{"type": ["object", "boolean", "string"]}"#,
    about: "JSON Schema as a mapping, or as JSON text",
    required: false,
};
const CODE_BLOCK: OptionDocs = OptionDocs {
    name: "code-block",
    schema: r#"{"type": "boolean", "default": false}"#,
    about: "whether JSON in the answer's first fenced code block counts too",
    required: false,
};

const fn docs(
    name: &'static str,
    about: &'static str,
    formula: &'static str,
    options: &'static [OptionDocs],
    example: &'static str,
) -> Docs {
    Docs {
        name,
        about,
        formula,
        range: Range::UNIT,
        decides: true,
        compares: false,
        options,
        example,
        scalar: None,
    }
}

pub(super) const IS_JSON: Builtin = Builtin {
    docs: docs(
        "is-json",
        "Whether the whole answer is one JSON value.",
        "1 if the answer is JSON (and follows the schema, if one is given), else 0",
        &[SCHEMA, CODE_BLOCK],
        "- is-json   # '{\"a\": 1}' gives 1, '{a: 1}' gives 0",
    ),
    build: |options, _| read(options, Mode::Whole),
};

pub(super) const CONTAINS_JSON: Builtin = Builtin {
    docs: docs(
        "contains-json",
        "Whether a JSON object or list stands in the answer, in prose or a code block.",
        "1 if there is one (with a schema: one that follows it), else 0",
        &[SCHEMA],
        "- contains-json   # 'Here: {\"a\": 1}.' gives 1",
    ),
    build: |options, _| read(options, Mode::Inside),
};

pub(super) const JSON_SCHEMA: Builtin = Builtin {
    docs: docs(
        "json-schema",
        "Whether the answer is JSON that follows a schema.",
        "1 if the answer is JSON and valid, else 0",
        &[
            OptionDocs {
                required: true,
                ..SCHEMA
            },
            CODE_BLOCK,
        ],
        "- json-schema: {schema: {type: object, required: [name]}}   # '{\"name\": \"Ada\"}' gives 1",
    ),
    build: |options, _| {
        options.required("schema")?;
        read(options, Mode::Whole)
    },
};

/// Parses a text as one JSON value; the error has its place as a byte of the text, and the reason.
///
/// ```
/// use botsmith_eval::evaluators::parse_json;
/// assert!(parse_json("[1, 2]").is_ok());
/// assert_eq!(parse_json("{a: 1}").unwrap_err(), (1, "key must be a string".to_owned()));
/// ```
///
/// # Errors
/// If it is not JSON, or nested deeper than 128.
pub fn parse_json(text: &str) -> Result<Value, (usize, String)> {
    serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let reason = message
            .rfind(" at line ")
            .map_or(message.as_str(), |end| &message[..end]);
        (error_offset(text, &error), reason.to_owned())
    })
}

/// Where in `text` the parser stopped, in bytes.
fn error_offset(text: &str, error: &serde_json::Error) -> usize {
    let start = match error.line() {
        0 | 1 => 0,
        line => {
            let end = memchr::memchr_iter(b'\n', text.as_bytes()).nth(line - 2);
            end.map_or(text.len(), |at| at + 1)
        }
    };
    let mut at = (start + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The first JSON object or list that stands in a text, and its place in bytes.
///
/// ```
/// use botsmith_eval::evaluators::find_json;
/// let (value, place) = find_json("Sure [see below]: {\"a\": 1}.").unwrap();
/// assert_eq!((value["a"].as_i64(), place), (Some(1), (18, 26)));
/// ```
pub fn find_json(text: &str) -> Option<(Value, (usize, usize))> {
    values(text).next()
}

/// All JSON objects and lists in a text that are not part of one another.
pub(super) fn values(text: &str) -> impl Iterator<Item = (Value, (usize, usize))> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(start) = text[at..].find(['{', '[']).map(|n| at + n) {
            let mut stream =
                serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
            match stream.next() {
                Some(Ok(value)) => {
                    at = start + stream.byte_offset();
                    return Some((value, (start, at)));
                }
                // What is nested too deep is left as a whole: to try each bracket of it again
                // would take that many times as long.
                Some(Err(error)) if error.to_string().starts_with("recursion limit") => {
                    at = start + error_offset(&text[start..], &error).max(1);
                }
                _ => at = start + 1,
            }
        }
        None
    })
}

/// Checks a value against a JSON Schema.
///
/// # Errors
/// Why the schema is not valid.
///
/// ```
/// use botsmith_eval::evaluators::schema_error;
/// use serde_json::json;
/// let schema = json!({"type": "object", "properties": {"age": {"type": "integer"}}});
/// assert_eq!(schema_error(&json!({"age": 3}), &schema), Ok(None));
/// let wrong = schema_error(&json!({"age": "x"}), &schema).unwrap();
/// assert_eq!(wrong.as_deref(), Some("`/age`: \"x\" is not of type \"integer\""));
/// ```
pub fn schema_error(value: &Value, schema: &Value) -> Result<Option<String>, String> {
    Ok(first_error(&compile(schema)?, value))
}

pub(super) fn compile(schema: &Value) -> Result<Schema, String> {
    Schema::linear(schema, SIZE_LIMIT).map_err(|misfit| match misfit.place() {
        "" => text::line(&misfit.to_string(), 200).into_owned(),
        path => text::line(&format!("`{path}`: {misfit}"), 200).into_owned(),
    })
}

pub(super) fn first_error(schema: &Schema, value: &Value) -> Option<String> {
    let error = schema.check(value).err()?;
    let path = match error.place() {
        "" => "the value",
        path => path,
    };
    // Instances may be long: those that are, are left out of the message.
    let message = error.to_string();
    let message = if message.chars().count() > 160 {
        error.masked("it")
    } else {
        message
    };
    Some(
        format!("`{}`: {}", text::line(path, 80), text::line(&message, 160))
            .replace("`the value`", "the value"),
    )
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Whole,
    Inside,
}

#[derive(Debug)]
struct Json {
    mode: Mode,
    code_block: bool,
    schema: Option<Schema>,
}

fn read(options: &Fields<'_>, mode: Mode) -> Result<Box<dyn Evaluator>> {
    let code_block = mode == Mode::Whole && flag(options, "code-block")?;
    let schema = options
        .get("schema")
        .map(|at| read_schema(&at))
        .transpose()?;
    Ok(Box::new(Json {
        mode,
        code_block,
        schema,
    }))
}

fn read_schema(at: &Cursor<'_>) -> Result<Schema> {
    let schema = match &at.node().value {
        Yaml::Map(_) | Yaml::Bool(_) => at.node().to_json(),
        Yaml::String(text) => serde_json::from_str(text)
            .map_err(|error| at.error(format!("the schema is not JSON: {error}")))?,
        _ => {
            at.fields()?;
            Value::Null
        }
    };
    compile(&schema).map_err(|reason| {
        at.error(format!("not a valid JSON Schema: {reason}"))
            .into()
    })
}

/// Where `part` stands in `whole`, of which it is a subslice.
fn offset(whole: &str, part: &str) -> usize {
    part.as_ptr() as usize - whole.as_ptr() as usize
}

impl Json {
    fn whole(&self, subject: &Subject<'_>) -> Score {
        let block = if self.code_block {
            code_block(subject.text)
        } else {
            None
        };
        let json = block.unwrap_or(subject.text);
        let start = offset(subject.text, json);
        if json.trim().is_empty() {
            return Score::pass_fail(false).because("the answer is empty, not JSON");
        }
        match parse_json(json) {
            Ok(value) => self.judged(subject, &value, (start, start + json.len())),
            Err((at, reason)) => {
                let end = at + json[at..].chars().next().map_or(0, char::len_utf8);
                let score = Score::pass_fail(false)
                    .because(format!("not JSON: {}", text::line(&reason, 120)));
                evidence(score, subject, (start + at, start + end), false)
            }
        }
    }

    fn judged(&self, subject: &Subject<'_>, value: &Value, span: (usize, usize)) -> Score {
        let error = self
            .schema
            .as_ref()
            .and_then(|schema| first_error(schema, value));
        let score = evidence(
            Score::pass_fail(error.is_none()),
            subject,
            span,
            error.is_none(),
        );
        match error {
            Some(error) => score.because(error),
            None => score,
        }
    }
}

impl Evaluator for Json {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        if self.mode == Mode::Whole {
            return Ok(self.whole(subject).into());
        }
        let mut first = None;
        for (value, span) in values(subject.text) {
            let score = self.judged(subject, &value, span);
            if score.passed == Some(true) {
                return Ok(score.into());
            }
            first.get_or_insert(score);
        }
        let none = || Score::pass_fail(false).because("no JSON object or list in the answer");
        Ok(first.unwrap_or_else(none).into())
    }
}
