//! `relevance`: whether an answer is about the question.
//!
//! By the nearest of the answer and its sentences, so that a long answer is not held against its length; or by a
//! reranking cross-encoder, which reads question and answer together. Whether the answer is right is not asked.

use botsmith_core::yaml::Fields;

use super::builtin::Builtin;
use super::semantic::{DEVICE, MODEL, Measured, Plan, Planner, Semantic, Source, What, sentences};
use super::{Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::template::Template;
use crate::{Result, Score, Verdict};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "relevance",
        about: "Whether the answer is about the question: how near it, or one of its sentences, comes to the question in meaning; by a table of English token vectors inside, a model of embeddings, or a reranker.",
        formula: "greatest cosine of the question with the answer or one of its sentences, at least 0; with a reranker: the probability that the answer is relevant",
        range: Range::UNIT,
        decides: false,
        compares: false,
        options: &[
            OptionDocs {
                name: "question",
                schema: r#"{"type": "string"}"#,
                about: "what is asked, instead of the case's input; may be a template over the case",
                required: false,
            },
            OptionDocs {
                name: "with",
                schema: r#"{"enum": ["embedding", "reranker"], "default": "embedding"}"#,
                about: "what kind of model `model` is; a `reranker` is a cross-encoder whose last class is \"relevant\"",
                required: false,
            },
            MODEL,
            DEVICE,
        ],
        example: "- relevance: {threshold: 0.3}",
        scalar: None,
    },
    build,
};

#[derive(Debug)]
struct Relevance {
    question: Option<Template>,
    reranks: bool,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let reranks = options.get("with").map_or(Ok(false), |at| {
        at.one_of(&[("embedding", false), ("reranker", true)])
    })?;
    let what = match reranks {
        true => What::Class(None),
        false => What::Cosine,
    };
    let source = Source::read(options, what, reranks)?;
    let question = options
        .get("question")
        .map(|at| Template::read(&at))
        .transpose()?;
    Ok(Semantic::boxed(Relevance { question, reranks }, source))
}

impl Planner for Relevance {
    fn name(&self) -> &'static str {
        "relevance"
    }

    fn plan(&self, subject: &Subject<'_>) -> Result<Plan> {
        let question = match &self.question {
            Some(template) => template.render(subject.case)?.into_owned(),
            None => subject.case.input.clone(),
        };
        if question.trim().is_empty() {
            return Ok(Plan::Done(Verdict::Skipped("the case asks nothing".into())));
        }
        if subject.text.trim().is_empty() {
            return Ok(Plan::Done(
                Score::graded(0.0).because("the answer is empty").into(),
            ));
        }
        let mut spans = vec![(0, subject.text.len())];
        if !self.reranks {
            spans.extend(sentences(subject.text));
        }
        let pairs = spans
            .iter()
            .map(|(a, b)| (question.clone(), subject.text[*a..*b].to_owned()))
            .collect();
        let offset = subject.offset();
        Ok(Plan::Measure(
            pairs,
            Box::new(move |measured| {
                let mut best = (0, f64::NEG_INFINITY);
                for (at, value) in measured.iter().map(Measured::value).enumerate() {
                    if value > best.1 {
                        best = (at, value);
                    }
                }
                let mut score = Score::graded(best.1.clamp(0.0, 1.0));
                if let (Some(offset), true) = (offset, spans.len() > 2) {
                    let (start, end) = spans[best.0];
                    score = score.with(offset + start, offset + end, true);
                }
                Ok(score.into())
            }),
        ))
    }

    fn compares(&self) -> bool {
        false
    }
}
