//! `similarity`: how near an answer is to a reference in meaning: the cosine of their vectors.
//!
//! By the table of English token vectors inside (fast, no model, deaf to the order of words and nearly so to a "not"),
//! or by a model of sentence embeddings. Which of two texts is true is not asked.

use botsmith_core::static_embeddings::StaticEmbeddings;
use botsmith_core::yaml::Fields;

use super::builtin::{Builtin, VALUE, Wanted};
use super::semantic::{DEVICE, MODEL, Measured, Plan, Planner, Semantic, Source, What};
use super::{Docs, Evaluator, Range, Scope, Subject};
use crate::{Result, Score};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "similarity",
        about: "How near the answer is to a reference in meaning: the cosine of their embeddings, by a table of English token vectors inside, or by a model of this machine.",
        formula: "cosine of both vectors, at least 0; 1 for equal texts; of several references the nearest",
        range: Range::UNIT,
        decides: false,
        compares: true,
        options: &[VALUE, MODEL, DEVICE],
        example: "- similarity: {threshold: 0.6}   # reference \"The parcel arrives on Monday.\": \"Your package will be delivered on Monday.\" has 0.73, \"Our plants need water twice a week.\" 0.18",
        scalar: None,
    },
    build,
};

#[derive(Debug)]
struct Similarity(Wanted);

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let source = Source::read(options, What::Cosine, false)?;
    Ok(Semantic::boxed(Similarity(Wanted::read(options)?), source))
}

impl Planner for Similarity {
    fn name(&self) -> &'static str {
        "similarity"
    }

    fn plan(&self, subject: &Subject<'_>) -> Result<Plan> {
        let wanted = self.0.texts(subject, "similarity")?;
        let pairs = wanted
            .iter()
            .map(|reference| (subject.text.to_owned(), reference.to_owned()))
            .collect();
        Ok(Plan::Measure(
            pairs,
            Box::new(|measured| {
                let best = measured.iter().map(Measured::value).fold(0.0, f64::max);
                Ok(Score::graded(best).into())
            }),
        ))
    }

    fn compares(&self) -> bool {
        self.0.is_references()
    }

    fn value(&self, candidate: &str, references: &[&str]) -> Option<f64> {
        if !self.compares() {
            return None;
        }
        let table = StaticEmbeddings::english();
        let cosine = |reference: &&str| table.similarity(candidate, reference);
        Some(references.iter().map(cosine).fold(0.0, f64::max))
    }
}
