//! `regex`: a regular expression matches. Linear time (crate `regex`): no look-around, no
//! back-references, no pattern that hangs.

use botsmith_core::yaml::{Cursor, Fields};
use regex::{Regex, RegexBuilder};

use super::builtin::{Builtin, IGNORE_CASE, evidence, flag};
use super::{Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::{Result, Score, Verdict, text};

/// The largest compiled pattern, in bytes.
pub(super) const SIZE_LIMIT: usize = 4 << 20;

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "regex",
        about: "Whether a regular expression matches somewhere in the answer.",
        formula: "1 if the pattern matches, else 0",
        range: Range::UNIT,
        decides: true,
        compares: false,
        options: &[
            OptionDocs {
                name: "pattern",
                schema: r#"{"type": "string"}"#,
                about: "the regular expression (syntax of the crate regex: linear time, no look-around)",
                required: true,
            },
            IGNORE_CASE,
            OptionDocs {
                name: "full",
                schema: r#"{"type": "boolean", "default": false}"#,
                about: "whether the pattern must match the whole answer",
                required: false,
            },
        ],
        example: "- regex: '\\b\\d{5}\\b'   # \"order 48213\" gives 1",
        scalar: Some("pattern"),
    },
    build,
};

/// Compiles the pattern under `at`.
pub(crate) fn compile(at: &Cursor<'_>, ignore_case: bool) -> Result<Regex> {
    let pattern = at.text()?;
    build_regex(pattern, ignore_case).map_err(|reason| {
        at.error(format!("not a valid regular expression: {reason}"))
            .into()
    })
}

fn build_regex(pattern: &str, ignore_case: bool) -> Result<Regex, String> {
    let regex = RegexBuilder::new(pattern)
        .case_insensitive(ignore_case)
        .size_limit(SIZE_LIMIT)
        .nest_limit(128)
        .build();
    regex.map_err(|error| match error {
        regex::Error::CompiledTooBig(limit) => format!("compiled it is larger than {limit} bytes"),
        // The parser's message shows the pattern over several lines; its last line says why.
        other => {
            let message = other.to_string();
            let last = message.lines().last().unwrap_or_default();
            last.strip_prefix("error: ").unwrap_or(last).to_owned()
        }
    })
}

/// The first match of a pattern in a text, in bytes.
///
/// # Errors
/// Why the pattern is not valid.
///
/// ```
/// use botsmith_eval::evaluators::regex_match;
/// assert_eq!(regex_match("order 48213", r"\d+", false), Ok(Some((6, 11))));
/// assert!(regex_match("", "(", false).is_err());
/// ```
pub fn regex_match(
    text: &str,
    pattern: &str,
    ignore_case: bool,
) -> Result<Option<(usize, usize)>, String> {
    Ok(build_regex(pattern, ignore_case)?
        .find(text)
        .map(|found| (found.start(), found.end())))
}

#[derive(Debug)]
struct Matches {
    /// As written.
    pattern: String,
    regex: Regex,
    full: bool,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let at = options.required("pattern")?;
    let ignore_case = flag(options, "ignore-case")?;
    let mut regex = compile(&at, ignore_case)?;
    let full = flag(options, "full")?;
    let pattern = at.text()?.to_owned();
    if full {
        regex = build_regex(&format!(r"\A(?:{pattern})\z"), ignore_case)
            .map_err(|reason| at.error(format!("not a valid regular expression: {reason}")))?;
    }
    Ok(Box::new(Matches {
        pattern,
        regex,
        full,
    }))
}

impl Evaluator for Matches {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        if let Some(found) = self.regex.find(subject.text) {
            let span = (found.start(), found.end());
            return Ok(evidence(Score::pass_fail(true), subject, span, true).into());
        }
        let whole = if self.full { " the whole answer" } else { "" };
        let reason = format!("`{}` does not match{whole}", text::line(&self.pattern, 60));
        Ok(Score::pass_fail(false).because(reason).into())
    }
}
