//! `fuzzy`: how alike two texts are whatever the order of words, as rapidfuzz computes it.

use std::cell::RefCell;

use botsmith_core::yaml::Fields;

use super::builtin::{Builtin, VALUE, Wanted, flag};
use super::{Better, Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::metrics::fuzzy::{Ratio, Scorer};
use crate::{Result, Score, Verdict};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "fuzzy",
        about: "How alike answer and reference are, whatever the order of words or the text around, by one of ten ratios; rapidfuzz's numbers.",
        formula: "max over references; all rest on 100 (1 - d / (|a| + |b|)), d the code points to insert and delete",
        range: Range {
            lo: 0.0,
            hi: 100.0,
            better: Better::Higher,
        },
        decides: false,
        compares: true,
        options: &[
            OptionDocs {
                name: "ratio",
                schema: r#"{"enum": ["ratio", "partial-ratio", "token-sort-ratio", "token-set-ratio", "token-ratio", "partial-token-sort-ratio", "partial-token-set-ratio", "partial-token-ratio", "w-ratio", "q-ratio"], "default": "ratio"}"#,
                about: "of the whole texts, the best part of the longer one, words sorted, different words, or a weighted choice",
                required: false,
            },
            OptionDocs {
                name: "process",
                schema: r#"{"type": "boolean", "default": false}"#,
                about: "whether texts are put in lower case, and all but letters and digits become spaces",
                required: false,
            },
            VALUE,
        ],
        example: "- fuzzy: {ratio: token-sort-ratio, threshold: 90}   # reference \"fuzzy wuzzy\": \"wuzzy fuzzy\" gives 100",
        scalar: Some("ratio"),
    },
    build,
};

#[derive(Debug)]
struct Fuzzy {
    wanted: Wanted,
    ratio: Ratio,
    process: bool,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let ratio = options.get("ratio");
    Ok(Box::new(Fuzzy {
        wanted: Wanted::read(options)?,
        ratio: ratio.map_or(Ok(Ratio::Ratio), |at| at.one_of(&Ratio::ALL))?,
        process: flag(options, "process")?,
    }))
}

thread_local! {
    static SCORERS: [RefCell<Scorer>; 2] =
        [Scorer::new(), Scorer::processed()].map(RefCell::new);
}

impl Evaluator for Fuzzy {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let wanted = self.wanted.texts(subject, "fuzzy")?;
        let best = SCORERS.with(|scorers| {
            let mut scorer = scorers[usize::from(self.process)].borrow_mut();
            wanted
                .iter()
                .map(|wanted| scorer.score(self.ratio, subject.text, wanted))
                .fold(0.0, f64::max)
        });
        Ok(Score::graded(best).into())
    }

    fn value(&self, candidate: &str, references: &[&str]) -> Option<f64> {
        if !self.wanted.is_references() {
            return None;
        }
        let best = SCORERS.with(|scorers| {
            let mut scorer = scorers[usize::from(self.process)].borrow_mut();
            let each = references.iter();
            each.map(|wanted| scorer.score(self.ratio, candidate, wanted))
                .fold(0.0, f64::max)
        });
        Some(best)
    }

    fn uses_references(&self, _: &Docs) -> bool {
        self.wanted.is_references()
    }
}
