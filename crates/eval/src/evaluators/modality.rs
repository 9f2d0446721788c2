//! `modality`: how much an English answer hedges, and how sure it sounds.
//!
//! Marks are words and phrases of two lists, modal verbs, and verbs of the writer's mind ("I
//! think"), each where its tag and neighbours let it be one. It sees how sure an answer *sounds*,
//! not whether it is right.

mod lexicon;
mod marks;

use botsmith_core::yaml::Fields;
use botsmith_nlp::{Doc, verbs};

use super::builtin::{Builtin, evidence};
use super::share::listed;
use super::{Better, Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::{Result, Score, Verdict, reading};
use marks::{Kind, marks};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "modality",
        about: "How much an English answer hedges (\"might\", \"I think\", \"in most cases\") and how sure it sounds (\"definitely\", \"without a doubt\"): rates, or a score of certainty.",
        formula: "`hedges`, `boosters`: marks a hundred words, or a sentence; `score`: (boosters + 1) / (hedges + boosters + 2), 0.5 without marks, towards 0 with hedges, towards 1 with boosters; a denied booster (\"not sure\") is a hedge",
        range: Range {
            lo: 0.0,
            hi: 1.0,
            better: Better::Neither,
        },
        decides: false,
        compares: false,
        options: &[
            OptionDocs {
                name: "measure",
                schema: r#"{"enum": ["hedges", "boosters", "score"], "default": "score"}"#,
                about: "which number is the value; rates are 0 and up",
                required: false,
            },
            OptionDocs {
                name: "per",
                schema: r#"{"enum": ["words", "sentence"], "default": "words"}"#,
                about: "what rates are of: a hundred words, or a sentence",
                required: false,
            },
            OptionDocs {
                name: "min",
                schema: r#"{"type": "number", "minimum": 0}"#,
                about: "least value that passes",
                required: false,
            },
            OptionDocs {
                name: "max",
                schema: r#"{"type": "number", "minimum": 0}"#,
                about: "greatest value that passes",
                required: false,
            },
        ],
        example: "- modality: {measure: hedges, per: sentence, max: 0.5}   # \"I think it might work.\" gives 2 and fails",
        scalar: Some("measure"),
    },
    build,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    Hedges,
    Boosters,
    Score,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Per {
    Words,
    Sentence,
}

#[derive(Debug)]
struct Modality {
    measure: Measure,
    per: Per,
    min: Option<f64>,
    max: Option<f64>,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let measure = options.get("measure").map_or(Ok(Measure::Score), |at| {
        at.one_of(&[
            ("hedges", Measure::Hedges),
            ("boosters", Measure::Boosters),
            ("score", Measure::Score),
        ])
    })?;
    let per = match options.get("per") {
        None => Per::Words,
        Some(at) => {
            let per = at.one_of(&[("words", Per::Words), ("sentence", Per::Sentence)])?;
            if measure == Measure::Score {
                let message =
                    "`per` goes with `measure: hedges` or `boosters`; the score is no rate";
                return Err(at.error(message).into());
            }
            per
        }
    };
    let most = match measure {
        Measure::Score => 1.0,
        _ => f64::INFINITY,
    };
    let limit = |key| {
        options
            .get(key)
            .map(|at| at.number_in(0.0, most))
            .transpose()
    };
    let (min, max) = (limit("min")?, limit("max")?);
    if let (Some(low), Some(high), Some(at)) = (min, max, options.get("max"))
        && high < low
    {
        return Err(at.error(format!("max {high} is below min {low}")).into());
    }
    Ok(Box::new(Modality {
        measure,
        per,
        min,
        max,
    }))
}

/// Words that are no punctuation.
fn words(doc: &Doc) -> usize {
    let spoken = |form: &str| form.chars().any(char::is_alphanumeric);
    doc.words().filter(|word| spoken(word.form())).count()
}

impl Evaluator for Modality {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let doc = reading::read_answer(subject.text)?;
        let utterances = verbs::read(&doc);
        let marks = marks(&doc, &utterances);
        let spans = |kind| {
            let of_kind = marks.iter().filter(move |mark| mark.kind == kind);
            of_kind.map(|mark| mark.span.clone()).collect::<Vec<_>>()
        };
        let (hedges, boosters) = (spans(Kind::Hedge), spans(Kind::Booster));
        let base = match self.per {
            Per::Words => words(&doc) as f64 / 100.0,
            Per::Sentence => utterances.len() as f64,
        };
        if base == 0.0 {
            return Ok(Verdict::Skipped("the answer has no words".into()));
        }
        let (h, b) = (hedges.len() as f64, boosters.len() as f64);
        let value = match self.measure {
            Measure::Hedges => h / base,
            Measure::Boosters => b / base,
            Measure::Score => (b + 1.0) / (h + b + 2.0),
        };
        let mut score = Score::graded(value);
        for mark in &marks {
            let capped = self.max.is_some() && self.min.is_none();
            let supports = match (self.measure, mark.kind) {
                (Measure::Score, Kind::Hedge) => capped,
                (Measure::Score | Measure::Boosters, Kind::Booster)
                | (Measure::Hedges, Kind::Hedge) => !capped,
                _ => continue,
            };
            score = evidence(score, subject, (mark.span.start, mark.span.end), supports);
        }
        let low = self.min.filter(|min| value < *min);
        let high = self.max.filter(|max| value > *max);
        if self.decides(&KIND.docs) {
            score.passed = Some(low.is_none() && high.is_none());
        }
        if let Some((side, limit)) = low
            .map(|limit| ("least", limit))
            .or(high.map(|limit| ("most", limit)))
        {
            let list = |name: &str, spans: &[_]| match spans.len() {
                0 => format!("no {name}s"),
                1 => format!("1 {name} ({})", listed(subject.text, spans)),
                n => format!("{n} {name}s ({})", listed(subject.text, spans)),
            };
            let found = match self.measure {
                Measure::Hedges => list("hedge", &hedges),
                Measure::Boosters => list("booster", &boosters),
                Measure::Score => {
                    format!("{}, {}", list("hedge", &hedges), list("booster", &boosters))
                }
            };
            score = score.because(format!("{value:.3}, at {side} {limit} wanted: {found}"));
        }
        Ok(score.into())
    }

    fn decides(&self, _: &Docs) -> bool {
        self.min.is_some() || self.max.is_some()
    }

    fn range(&self, docs: &Docs) -> Range {
        match self.measure {
            Measure::Score => docs.range,
            _ => Range::COUNT,
        }
    }
}
