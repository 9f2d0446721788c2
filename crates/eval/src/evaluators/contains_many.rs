//! `contains-any`, `contains-all`: texts of a list stand in the answer.

use botsmith_core::yaml::{Fields, Value as Yaml};
use serde_json::Value;

use super::builtin::{Builtin, IGNORE_CASE, evidence, flag};
use super::{Docs, Evaluator, OptionDocs, Range, Subject};
use crate::template::Template;
use crate::text::{self, Needle};
use crate::{Case, Result, Score, Verdict};

const OPTIONS: &[OptionDocs] = &[
    OptionDocs {
        name: "values",
        schema: r#"{"anyOf": [{"type": "array", "items": {"type": ["string", "number", "boolean"], "minLength": 1}, "minItems": 1}, {"type": "object", "properties": {"from": {"type": "string"}}, "required": ["from"], "additionalProperties": false}]}"#,
        about: "the texts to look for, each perhaps a template; or `{from: field}`, a field of the case that holds a list",
        required: true,
    },
    IGNORE_CASE,
];

pub(super) const ANY: Builtin = Builtin {
    docs: Docs {
        name: "contains-any",
        about: "Whether at least one of several texts stands in the answer.",
        formula: "1 if one of the values is a substring of the answer, else 0",
        range: Range::UNIT,
        decides: true,
        compares: false,
        options: OPTIONS,
        example: "- contains-any: {values: [refund, \"money back\"]}   # \"a refund\" gives 1",
        scalar: Some("values"),
    },
    build: |options, _| read(options, false),
};

pub(super) const ALL: Builtin = Builtin {
    docs: Docs {
        name: "contains-all",
        about: "Whether each of several texts stands in the answer.",
        formula: "1 if every value is a substring of the answer, else 0",
        range: Range::UNIT,
        decides: true,
        compares: false,
        options: OPTIONS,
        example: "- contains-all: {values: {from: facts}}   # every text of the case's `facts`",
        scalar: Some("values"),
    },
    build: |options, _| read(options, true),
};

/// The first of `needles` that stands in `text`.
///
/// ```
/// use botsmith_eval::evaluators::contains_any;
/// assert_eq!(contains_any("a refund", &["money", "refund"], false), Some("refund"));
/// ```
pub fn contains_any<'n>(text: &str, needles: &[&'n str], ignore_case: bool) -> Option<&'n str> {
    needles
        .iter()
        .copied()
        .find(|n| text::find(text, n, ignore_case).is_some())
}

/// Whether each of `needles` stands in `text`; true for none.
///
/// ```
/// use botsmith_eval::evaluators::contains_all;
/// assert!(contains_all("Paris, France", &["france", "paris"], true));
/// ```
pub fn contains_all(text: &str, needles: &[&str], ignore_case: bool) -> bool {
    needles
        .iter()
        .all(|n| text::find(text, n, ignore_case).is_some())
}

#[derive(Debug)]
enum Values {
    List(Vec<(Template, Option<Needle>)>),
    Field(String),
}

#[derive(Debug)]
struct ContainsMany {
    values: Values,
    all: bool,
    ignore_case: bool,
}

fn read(options: &Fields<'_>, all: bool) -> Result<Box<dyn Evaluator>> {
    let ignore_case = flag(options, "ignore-case")?;
    let at = options.required("values")?;
    let values = if matches!(at.node().value, Yaml::Map(_)) {
        let fields = at.fields()?;
        let field = fields.required("from")?.name()?.to_owned();
        fields.finish()?;
        Values::Field(field)
    } else {
        let items = at.items_or_self();
        if items.is_empty() {
            return Err(at.error("must not be empty").into());
        }
        let read = |item: &botsmith_core::yaml::Cursor<'_>| -> Result<_> {
            if item.text()?.is_empty() {
                return Err(item.error("must not be empty").into());
            }
            let template = Template::read(item)?;
            let needle = template.plain().map(|text| Needle::new(text, ignore_case));
            Ok((template, needle))
        };
        Values::List(items.iter().map(read).collect::<Result<_>>()?)
    };
    Ok(Box::new(ContainsMany {
        values,
        all,
        ignore_case,
    }))
}

/// The texts in a field of a case: a list, or one text alone.
pub(super) fn field_texts(case: &Case, field: &str) -> Result<Vec<String>, String> {
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        _ => Err(format!(
            "field `{field}` of the case holds something else than texts"
        )),
    };
    match case.vars.get(field) {
        Some(Value::Array(items)) => items.iter().map(text).collect(),
        Some(value) => text(value).map(|text| vec![text]),
        None => match field {
            "references" => Ok(case.references.clone()),
            "context" => Ok(case.context.clone()),
            "tags" => Ok(case.tags.clone()),
            _ => Err(format!("the case has no field `{field}`")),
        },
    }
}

impl ContainsMany {
    fn judge<'v>(
        &self,
        subject: &Subject<'_>,
        found: impl Iterator<Item = Result<(std::borrow::Cow<'v, str>, Option<(usize, usize)>)>>,
    ) -> Result<Verdict> {
        let mut score = Score::pass_fail(true);
        let (mut missing, mut hits) = (Vec::new(), 0);
        for item in found {
            let (value, span) = item?;
            match span {
                Some(span) => {
                    score = evidence(score, subject, span, true);
                    hits += 1;
                    if !self.all {
                        return Ok(score.into());
                    }
                }
                None => missing.push(value),
            }
        }
        if self.all && missing.is_empty() {
            return Ok(score.into());
        }
        score.value = 0.0;
        score.passed = Some(false);
        let reason = if self.all {
            let more = match missing.len() - 1 {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            format!(
                "{}{more} not in the answer ({hits} of {} found)",
                text::quote(&missing[0]),
                hits + missing.len()
            )
        } else if missing.is_empty() {
            "there is no text to look for".to_owned()
        } else {
            format!(
                "none of {} is in the answer",
                text::alternatives(missing.iter().map(AsRef::as_ref)).replace(" or ", ", ")
            )
        };
        Ok(score.because(reason).into())
    }
}

impl Evaluator for ContainsMany {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        match &self.values {
            Values::List(list) => self.judge(
                subject,
                list.iter().map(|(template, needle)| {
                    let value = template.render(subject.case)?;
                    let span = match needle {
                        Some(needle) => needle.find(subject.text),
                        None => text::find(subject.text, &value, self.ignore_case),
                    };
                    Ok((value, span))
                }),
            ),
            Values::Field(field) => match field_texts(subject.case, field) {
                Ok(texts) => self.judge(
                    subject,
                    texts.iter().map(|value| {
                        let span = text::find(subject.text, value, self.ignore_case);
                        Ok((std::borrow::Cow::Borrowed(value.as_str()), span))
                    }),
                ),
                Err(reason) => Err(crate::Error::Template {
                    case: subject.case.id.clone(),
                    reason,
                }),
            },
        }
    }
}
