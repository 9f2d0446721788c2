//! `contains`, `icontains`, `starts-with`, `ends-with`: a text stands in the answer.

use botsmith_core::yaml::Fields;

use super::builtin::{Builtin, IGNORE_CASE, evidence, flag};
use super::{Docs, Evaluator, OptionDocs, Range, Subject};
use crate::template::Template;
use crate::text::{self, Needle};
use crate::{Result, Score, Verdict};

const VALUE: OptionDocs = OptionDocs {
    name: "value",
    schema: r#"{"type": ["string", "number", "boolean"], "minLength": 1}"#,
    about: "the text to look for; may be a template over the case",
    required: true,
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
        scalar: Some("value"),
    }
}

pub(super) const CONTAINS: Builtin = Builtin {
    docs: docs(
        "contains",
        "Whether a text stands in the answer.",
        "1 if value is a substring of the answer, else 0",
        &[VALUE, IGNORE_CASE],
        "- contains: refund   # \"I want a refund.\" gives 1",
    ),
    build: |options, _| {
        read(
            options,
            "contains",
            Place::Anywhere,
            flag(options, "ignore-case")?,
        )
    },
};

pub(super) const ICONTAINS: Builtin = Builtin {
    docs: docs(
        "icontains",
        "Whether a text stands in the answer, in upper or lower case.",
        "1 if lower(value) is a substring of lower(answer), else 0",
        &[VALUE],
        "- icontains: refund   # \"REFUND!\" gives 1",
    ),
    build: |options, _| read(options, "icontains", Place::Anywhere, true),
};

pub(super) const STARTS_WITH: Builtin = Builtin {
    docs: docs(
        "starts-with",
        "Whether the answer starts with a text.",
        "1 if value is a prefix of the answer, else 0",
        &[VALUE, IGNORE_CASE],
        "- starts-with: Dear   # \"Dear Ada, …\" gives 1",
    ),
    build: |options, _| {
        read(
            options,
            "starts-with",
            Place::Start,
            flag(options, "ignore-case")?,
        )
    },
};

pub(super) const ENDS_WITH: Builtin = Builtin {
    docs: docs(
        "ends-with",
        "Whether the answer ends with a text.",
        "1 if value is a suffix of the answer, else 0",
        &[VALUE, IGNORE_CASE],
        "- ends-with: \"?\"   # \"Which order?\" gives 1",
    ),
    build: |options, _| {
        read(
            options,
            "ends-with",
            Place::End,
            flag(options, "ignore-case")?,
        )
    },
};

/// The first place of `needle` in `text`, in bytes; case is compared after lower-casing each
/// character.
///
/// ```
/// use botsmith_eval::evaluators::contains;
/// assert_eq!(contains("I want a REFUND", "refund", true), Some((9, 15)));
/// assert_eq!(contains("I want a REFUND", "refund", false), None);
/// ```
pub fn contains(text: &str, needle: &str, ignore_case: bool) -> Option<(usize, usize)> {
    text::find(text, needle, ignore_case)
}

/// How many bytes of `text` the prefix covers, if `text` starts with it.
///
/// ```
/// use botsmith_eval::evaluators::starts_with;
/// assert_eq!(starts_with("Éclair", "é", true), Some(2));
/// assert_eq!(starts_with("Eclair", "é", true), None);
/// ```
pub fn starts_with(text: &str, prefix: &str, ignore_case: bool) -> Option<usize> {
    text::prefix_len(text, prefix, ignore_case)
}

/// How many bytes of `text` the suffix covers, if `text` ends with it.
///
/// ```
/// use botsmith_eval::evaluators::ends_with;
/// assert_eq!(ends_with("Which order?", "?", false), Some(1));
/// ```
pub fn ends_with(text: &str, suffix: &str, ignore_case: bool) -> Option<usize> {
    text::suffix_len(text, suffix, ignore_case)
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Anywhere,
    Start,
    End,
}

#[derive(Debug)]
struct Contains {
    name: &'static str,
    value: Template,
    /// Prepared, if the value is no template.
    needle: Option<Needle>,
    place: Place,
    ignore_case: bool,
}

fn read(
    options: &Fields<'_>,
    name: &'static str,
    place: Place,
    ignore_case: bool,
) -> Result<Box<dyn Evaluator>> {
    let at = options.required("value")?;
    if at.text()?.is_empty() {
        return Err(at.error("must not be empty").into());
    }
    let value = Template::read(&at)?;
    let needle = value.plain().map(|text| Needle::new(text, ignore_case));
    Ok(Box::new(Contains {
        name,
        value,
        needle,
        place,
        ignore_case,
    }))
}

impl Evaluator for Contains {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let text = subject.text;
        let found = match (self.place, &self.needle) {
            (Place::Anywhere, Some(needle)) => needle.find(text),
            (place, _) => {
                let value = self.value.render(subject.case)?;
                match place {
                    Place::Anywhere => contains(text, &value, self.ignore_case),
                    Place::Start => starts_with(text, &value, self.ignore_case).map(|n| (0, n)),
                    Place::End => ends_with(text, &value, self.ignore_case)
                        .map(|n| (text.len() - n, text.len())),
                }
            }
        };
        if let Some(span) = found {
            return Ok(evidence(Score::pass_fail(true), subject, span, true).into());
        }
        let value = self.value.render(subject.case)?;
        let reason = match self.place {
            Place::Anywhere => format!("{} is not in the answer", text::quote(&value)),
            Place::Start | Place::End => {
                format!(
                    "the answer does not {} {}",
                    self.name.replace('-', " ").replacen("s ", " ", 1),
                    text::quote(&value)
                )
            }
        };
        Ok(Score::pass_fail(false).because(reason).into())
    }
}
