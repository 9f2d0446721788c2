//! `ter`: edits of words, moves included, by the words of the reference.

use botsmith_core::yaml::Fields;

use super::builtin::{Builtin, Wanted, flag};
use super::{Corpus, Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::metrics::ter;
use crate::{Result, Score, Verdict};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "ter",
        about: "How many words must be put in, left out, replaced or moved to make the answer into the reference: translation edit rate; sacrebleu's numbers.",
        formula: "100 edits / words of the reference; moving a run of words is one edit; of several references the fewest edits and the mean length; a corpus adds up both",
        range: Range::COST,
        decides: false,
        compares: true,
        options: &[
            OptionDocs {
                name: "normalized",
                schema: r#"{"type": "boolean", "default": false}"#,
                about: "whether punctuation is parted from words and XML's entities are resolved",
                required: false,
            },
            OptionDocs {
                name: "no-punct",
                schema: r#"{"type": "boolean", "default": false}"#,
                about: "whether `. , ? : ; ! \" ( )` are left out",
                required: false,
            },
            OptionDocs {
                name: "asian-support",
                schema: r#"{"type": "boolean", "default": false}"#,
                about: "with `normalized`: ideographs are words by themselves; with `no-punct`: Asian marks are left out too",
                required: false,
            },
            OptionDocs {
                name: "case-sensitive",
                schema: r#"{"type": "boolean", "default": false}"#,
                about: "whether upper and lower case differ",
                required: false,
            },
        ],
        example: "- ter: {threshold: 40}   # reference \"the cat sat on the mat\": \"the cat on the mat sat\" gives 16.7",
        scalar: None,
    },
    build,
};

#[derive(Debug)]
struct Ter(ter::Options);

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    Ok(Box::new(Ter(ter::Options {
        normalized: flag(options, "normalized")?,
        no_punct: flag(options, "no-punct")?,
        asian_support: flag(options, "asian-support")?,
        case_sensitive: flag(options, "case-sensitive")?,
    })))
}

impl Evaluator for Ter {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        Wanted::References.texts(subject, "ter")?;
        let edits = ter::sentence(subject.text, subject.references, &self.0);
        Ok(Score::graded(edits.score()).into())
    }

    fn value(&self, candidate: &str, references: &[&str]) -> Option<f64> {
        Some(ter::sentence(candidate, references, &self.0).score())
    }

    fn corpus(&self) -> Option<Box<dyn Corpus>> {
        Some(Box::new(ter::Corpus::new(self.0)))
    }

    fn signature(&self) -> String {
        self.0.signature()
    }
}

impl Corpus for ter::Corpus {
    fn add(&mut self, candidate: &str, references: &[String]) {
        self.add(candidate, references);
    }

    fn score(&self) -> Option<f64> {
        self.score()
    }

    fn last(&self, counts: &mut Vec<f64>) -> bool {
        counts.extend(self.last().row());
        true
    }

    fn score_of(&self, sums: &[f64]) -> Option<f64> {
        ter::Edits::from_row(sums).map(|edits| edits.score())
    }
}
