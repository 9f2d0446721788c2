//! `levenshtein`: how like the wanted text the answer is, character by character.

use botsmith_core::yaml::Fields;

use super::builtin::{Builtin, IGNORE_CASE, VALUE, Wanted, flag};
use super::edit_distance::SCORER;
use super::{Docs, Evaluator, Range, Scope, Subject};
use crate::metrics::distance::{Form, Metric};
use crate::{Result, Score, Verdict, text};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "levenshtein",
        about: "How like the reference the answer is by edit distance over code points.",
        formula: "max over references of 1 - d / max(length); d counts insertions, deletions, substitutions; 1 for two empty texts",
        range: Range::UNIT,
        decides: false,
        compares: true,
        options: &[VALUE, IGNORE_CASE],
        example: "- levenshtein: {threshold: 0.8}   # reference \"kitten\": \"sitting\" gives 0.571",
        scalar: Some("value"),
    },
    build,
};

#[derive(Debug)]
struct Levenshtein {
    wanted: Wanted,
    ignore_case: bool,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    Ok(Box::new(Levenshtein {
        wanted: Wanted::read(options)?,
        ignore_case: flag(options, "ignore-case")?,
    }))
}

fn ratio(a: &str, b: &str) -> f64 {
    SCORER.with_borrow_mut(|scorer| {
        scorer.score(Metric::Levenshtein, Form::NormalizedSimilarity, a, b)
    })
}

impl Evaluator for Levenshtein {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let wanted = self.wanted.texts(subject, "levenshtein")?;
        let best = if self.ignore_case {
            let answer = text::lowered(subject.text);
            wanted
                .iter()
                .map(|w| ratio(&answer, &text::lowered(w)))
                .fold(0.0, f64::max)
        } else {
            wanted
                .iter()
                .map(|w| ratio(subject.text, w))
                .fold(0.0, f64::max)
        };
        Ok(Score::graded(best).into())
    }

    fn value(&self, candidate: &str, references: &[&str]) -> Option<f64> {
        let plain = self.wanted.is_references() && !self.ignore_case;
        let each = references.iter();
        plain.then(|| {
            each.map(|wanted| ratio(candidate, wanted))
                .fold(0.0, f64::max)
        })
    }

    fn uses_references(&self, _: &Docs) -> bool {
        self.wanted.is_references()
    }
}
