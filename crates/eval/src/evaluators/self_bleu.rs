//! `self-bleu`: how like each other all answers of a bot are, as one number of all of them.
//!
//! Zhu et al. 2018 (<https://doi.org/10.1145/3209978.3210080>). An answer alone has none: it is skipped,
//! and counted with the others.

use botsmith_core::yaml::Fields;

use super::bleu::{OPTIONS, settings};
use super::builtin::Builtin;
use super::{Better, Corpus, Docs, Evaluator, Range, Scope, Subject};
use crate::metrics::bleu::Options;
use crate::metrics::diversity::SelfBleuCorpus;
use crate::{Result, Verdict};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "self-bleu",
        about: "How like each other the answers are (self-BLEU, Zhu et al. 2018): one score of all answers together, none of each.",
        formula: "mean over the answers of BLEU with all other answers as references; none for fewer than two answers",
        range: Range {
            lo: 0.0,
            hi: 100.0,
            better: Better::Lower,
        },
        decides: false,
        compares: false,
        options: OPTIONS,
        example: "- self-bleu   # the answers \"Yes, of course.\" and \"Yes, of course!\" give 66.9",
        scalar: None,
    },
    build,
};

#[derive(Debug)]
struct SelfBleu(Options);

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    settings(options).map(|options| Box::new(SelfBleu(options)) as _)
}

impl Evaluator for SelfBleu {
    fn evaluate(&self, _: &Subject<'_>) -> Result<Verdict> {
        let why = "self-BLEU is one score of all answers together";
        Ok(Verdict::Skipped(why.into()))
    }

    fn corpus(&self) -> Option<Box<dyn Corpus>> {
        Some(Box::new(SelfBleuCorpus::new(self.0)))
    }

    fn together(&self) -> bool {
        true
    }

    fn signature(&self) -> String {
        format!("self-BLEU|{}", self.0.signature(None))
    }
}

impl Corpus for SelfBleuCorpus {
    fn add(&mut self, candidate: &str, _: &[String]) {
        self.add(candidate);
    }

    fn score(&self) -> Option<f64> {
        self.score()
    }
}
