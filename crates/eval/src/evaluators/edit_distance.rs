//! `edit-distance`: ten distances between texts, as rapidfuzz computes them.

use std::cell::RefCell;

use botsmith_core::yaml::Fields;

use super::builtin::{Builtin, IGNORE_CASE, VALUE, Wanted, flag};
use super::{Better, Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::metrics::distance::{Form, Metric, Scorer};
use crate::{Result, Score, Verdict, text};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "edit-distance",
        about: "How far the answer is from the reference, code point by code point, by one of ten metrics; rapidfuzz's numbers. Less is better for both distances, more for both similarities.",
        formula: "best over references of d, most - d, d / most or 1 - d / most; most is the longer length, for `indel` both lengths, for `jaro` and `jaro-winkler` 1; two empty texts have distance 0",
        range: Range::COUNT,
        decides: false,
        compares: true,
        options: &[
            VALUE,
            OptionDocs {
                name: "metric",
                schema: r#"{"enum": ["levenshtein", "indel", "osa", "damerau-levenshtein", "lcs-seq", "hamming", "prefix", "postfix", "jaro", "jaro-winkler"], "default": "levenshtein"}"#,
                about: "what counts as an edit",
                required: false,
            },
            OptionDocs {
                name: "form",
                schema: r#"{"enum": ["distance", "similarity", "normalized-distance", "normalized-similarity"], "default": "distance"}"#,
                about: "the distance itself, what is left of the most it can be, or either as a share of that",
                required: false,
            },
            IGNORE_CASE,
        ],
        example: "- edit-distance: {metric: jaro-winkler, form: similarity, threshold: 0.9}   # reference \"kitten\": \"kittens\" gives 0.971",
        scalar: Some("metric"),
    },
    build,
};

#[derive(Debug)]
struct EditDistance {
    wanted: Wanted,
    metric: Metric,
    form: Form,
    ignore_case: bool,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let metric = options.get("metric");
    let form = options.get("form");
    Ok(Box::new(EditDistance {
        wanted: Wanted::read(options)?,
        metric: metric.map_or(Ok(Metric::Levenshtein), |at| at.one_of(&Metric::ALL))?,
        form: form.map_or(Ok(Form::Distance), |at| at.one_of(&Form::ALL))?,
        ignore_case: flag(options, "ignore-case")?,
    }))
}

thread_local! {
    /// Of every evaluator of edits.
    pub(super) static SCORER: RefCell<Scorer> = RefCell::new(Scorer::new());
}

impl Evaluator for EditDistance {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let wanted = self.wanted.texts(subject, "edit-distance")?;
        let score = |a: &str, b: &str| {
            SCORER.with_borrow_mut(|scorer| scorer.score(self.metric, self.form, a, b))
        };
        let best = if self.form.higher_is_closer() {
            f64::max
        } else {
            f64::min
        };
        let value = if self.ignore_case {
            let answer = text::lowered(subject.text);
            wanted
                .iter()
                .map(|wanted| score(&answer, &text::lowered(wanted)))
                .reduce(best)
        } else {
            wanted
                .iter()
                .map(|wanted| score(subject.text, wanted))
                .reduce(best)
        };
        Ok(value.map_or_else(
            || Verdict::Failed("there is no reference".to_owned()),
            |value| Score::graded(value).into(),
        ))
    }

    fn value(&self, candidate: &str, references: &[&str]) -> Option<f64> {
        if !self.wanted.is_references() || self.ignore_case {
            return None;
        }
        let best = match self.form.higher_is_closer() {
            true => f64::max,
            false => f64::min,
        };
        SCORER.with_borrow_mut(|scorer| {
            let each = references.iter();
            each.map(|wanted| scorer.score(self.metric, self.form, candidate, wanted))
                .reduce(best)
        })
    }

    fn range(&self, docs: &Docs) -> Range {
        let share = matches!(
            self.form,
            Form::NormalizedDistance | Form::NormalizedSimilarity
        ) || matches!(self.metric, Metric::Jaro | Metric::JaroWinkler);
        Range {
            hi: if share { 1.0 } else { docs.range.hi },
            better: if self.form.higher_is_closer() {
                Better::Higher
            } else {
                Better::Lower
            },
            ..docs.range
        }
    }

    fn uses_references(&self, _: &Docs) -> bool {
        self.wanted.is_references()
    }
}
