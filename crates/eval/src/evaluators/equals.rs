//! `equals`: the answer is the wanted text.

use botsmith_core::yaml::Fields;

use super::builtin::{Builtin, IGNORE_CASE, VALUE, Wanted, flag, whole};
use super::{Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::{Result, Score, Verdict, text};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "equals",
        about: "Whether the answer is the wanted text, code point by code point.",
        formula: "1 if answer = wanted for one of the references, else 0",
        range: Range::UNIT,
        decides: true,
        compares: true,
        options: &[
            VALUE,
            IGNORE_CASE,
            OptionDocs {
                name: "trim",
                schema: r#"{"type": "boolean", "default": false}"#,
                about: "whether white space around answer and wanted text is left out",
                required: false,
            },
        ],
        example: "- equals: {value: Paris, ignore-case: true}   # \"paris\" gives 1",
        scalar: Some("value"),
    },
    build,
};

/// Whether two texts are the same, perhaps but for case.
///
/// ```
/// use botsmith_eval::evaluators::equals;
/// assert!(equals("Straße", "STRAßE", true));
/// assert!(!equals("a", "a ", false));
/// ```
pub fn equals(a: &str, b: &str, ignore_case: bool) -> bool {
    a == b || (ignore_case && text::same_but_case(a, b))
}

#[derive(Debug)]
struct Equals {
    wanted: Wanted,
    ignore_case: bool,
    trim: bool,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    Ok(Box::new(Equals {
        wanted: Wanted::read(options)?,
        ignore_case: flag(options, "ignore-case")?,
        trim: flag(options, "trim")?,
    }))
}

impl Evaluator for Equals {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let wanted = self.wanted.texts(subject, "equals")?;
        let trimmed = |text| if self.trim { str::trim(text) } else { text };
        let found = trimmed(subject.text);
        if wanted
            .iter()
            .any(|wanted| equals(found, trimmed(wanted), self.ignore_case))
        {
            return Ok(whole(Score::pass_fail(true), subject, true).into());
        }
        let reason = format!(
            "expected {}, found {}",
            text::alternatives(wanted.iter()),
            text::quote(found)
        );
        Ok(Score::pass_fail(false).because(reason).into())
    }

    fn value(&self, candidate: &str, references: &[&str]) -> Option<f64> {
        let trimmed = |text| if self.trim { str::trim(text) } else { text };
        let found = trimmed(candidate);
        let mut each = references.iter();
        self.wanted.is_references().then(|| {
            let equal = each.any(|wanted| equals(found, trimmed(wanted), self.ignore_case));
            f64::from(u8::from(equal))
        })
    }

    fn uses_references(&self, _: &Docs) -> bool {
        self.wanted.is_references()
    }
}
