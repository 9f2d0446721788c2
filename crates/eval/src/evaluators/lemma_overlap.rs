//! `lemma-overlap`: how many lemmas an English answer shares with a reference: F1, ROUGE-N, ROUGE-L
//! over lemmas ([`metrics::lemma`](crate::metrics::lemma)).

use botsmith_core::yaml::{Fields, Value};

use super::builtin::{Builtin, VALUE, Wanted, evidence, flag};
use super::{Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::metrics::lemma::{Options, Variant, overlap};
use crate::metrics::rouge::Measure;
use crate::{Result, Score, Verdict};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "lemma-overlap",
        about: "How many lemmas an English answer shares with a reference: lemma F1, and ROUGE-N and ROUGE-L over lemmas, so that \"ran\" and \"running\" are one word.",
        formula: "F = 2PR / (P + R); P and R are hits by words of the answer and of the reference; hits are shared n-grams of lemmas, or their longest common subsequence (L); of several references the one with the greatest F",
        range: Range::UNIT,
        decides: false,
        compares: true,
        options: &[
            VALUE,
            OptionDocs {
                name: "variant",
                schema: r#"{"anyOf": [{"enum": ["f1", "L", "1", "2", "3", "4"]}, {"type": "integer", "minimum": 1, "maximum": 8}], "default": "f1"}"#,
                about: "`f1` or `1`: single lemmas; `2` and so on up to `8`: n-grams of so many; `L`: longest common subsequence",
                required: false,
            },
            OptionDocs {
                name: "content",
                schema: r#"{"type": "boolean", "default": false}"#,
                about: "whether only nouns, names, verbs, adjectives, adverbs and numbers count",
                required: false,
            },
            OptionDocs {
                name: "measure",
                schema: r#"{"enum": ["f", "p", "r"], "default": "f"}"#,
                about: "which number is the score: F, precision or recall",
                required: false,
            },
        ],
        example: "- lemma-overlap: {variant: f1, threshold: 0.5}   # reference \"The mouse runs.\": \"the mice ran\" gives 1",
        scalar: Some("variant"),
    },
    build,
};

/// The longest n-grams.
const LONGEST: usize = 8;

#[derive(Debug)]
struct LemmaOverlap {
    wanted: Wanted,
    options: Options,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let variant = match options.get("variant") {
        None => Variant::N(1),
        Some(at) => {
            let count = match &at.node().value {
                Value::Int(_) => Some(at.count()?),
                _ => at.text()?.parse().ok(),
            };
            match count {
                Some(n @ 1..=LONGEST) => Variant::N(n),
                Some(n) => {
                    let message = format!("an n-gram has 1 to {LONGEST} lemmas, found {n}");
                    return Err(at.error(message).into());
                }
                None => at.one_of(&[("f1", Variant::N(1)), ("L", Variant::L)])?,
            }
        }
    };
    let measure = options.get("measure").map_or(Ok(Measure::F), |at| {
        at.one_of(&[
            ("f", Measure::F),
            ("p", Measure::Precision),
            ("r", Measure::Recall),
        ])
    })?;
    Ok(Box::new(LemmaOverlap {
        wanted: Wanted::read(options)?,
        options: Options {
            variant,
            content: flag(options, "content")?,
            measure,
        },
    }))
}

impl Evaluator for LemmaOverlap {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let wanted = self.wanted.texts(subject, "lemma-overlap")?;
        let references: Vec<_> = wanted.iter().collect();
        let found = overlap(subject.text, &references, &self.options)?;
        let mut score = Score::graded(found.rouge.get(self.options.measure));
        for span in found.shared {
            score = evidence(score, subject, (span.start, span.end), true);
        }
        Ok(score.into())
    }

    fn uses_references(&self, _: &Docs) -> bool {
        self.wanted.is_references()
    }
}
