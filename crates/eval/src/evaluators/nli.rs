//! `nli`: whether an answer follows from what it is held against: entailment, contradiction, faithfulness.
//!
//! By a cross-encoder for natural language inference on this machine (Bowman et al. 2015,
//! <https://arxiv.org/abs/1508.05326>). Faithfulness goes sentence by sentence, each with its best passage, so that the
//! report can show which sentence nothing bears out.

use botsmith_core::yaml::Fields;

use super::builtin::Builtin;
use super::semantic::{DEVICE, Measured, Plan, Planner, Semantic, Source, What, sentences, shown};
use super::{Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::template::Template;
use crate::{Error, Result, Score, Verdict};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "nli",
        about: "Whether the answer follows from the context or a reference, by a model of natural language inference on this machine: faithfulness sentence by sentence, entailment or contradiction of the whole answer.",
        formula: "faithfulness: sentences whose greatest probability of being entailed by a passage is at least the cutoff / sentences; entailment: the greatest probability of being entailed; contradiction: 1 - the greatest probability of being contradicted",
        range: Range::UNIT,
        decides: false,
        compares: false,
        options: &[
            OptionDocs {
                name: "model",
                schema: r#"{"type": "string"}"#,
                about: "the cross-encoder: a folder, from the suite's folder on, or `hf:org/name` once `botsmith model pull` has fetched it; needs a build with the engine",
                required: true,
            },
            OptionDocs {
                name: "check",
                schema: r#"{"enum": ["faithfulness", "entailment", "contradiction"], "default": "faithfulness"}"#,
                about: "what is asked of the answer",
                required: false,
            },
            OptionDocs {
                name: "against",
                schema: r#"{"anyOf": [{"enum": ["context", "references"]}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}"#,
                about: "what it is held against: the case's `context`, its `references`, or texts that may be templates over the case; default: the context, where the case has one, else the references",
                required: false,
            },
            OptionDocs {
                name: "cutoff",
                schema: r#"{"type": "number", "minimum": 0, "maximum": 1, "default": 0.5}"#,
                about: "of faithfulness: the probability from which a sentence counts as borne out",
                required: false,
            },
            OptionDocs {
                name: "labels",
                schema: r#"{"type": "object", "properties": {"entailment": {"type": "string"}, "contradiction": {"type": "string"}}, "additionalProperties": false}"#,
                about: "how the model calls its classes, where it does not call them `entailment` and `contradiction`",
                required: false,
            },
            DEVICE,
        ],
        example: "- nli: {model: models/nli-deberta-v3-small, check: faithfulness, threshold: 0.9}",
        scalar: Some("model"),
    },
    build,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Faithfulness,
    Entailment,
    Contradiction,
}

#[derive(Debug)]
enum Against {
    Either,
    Context,
    References,
    Texts(Vec<Template>),
}

#[derive(Debug)]
struct Nli {
    check: Check,
    against: Against,
    cutoff: f64,
}

/// How a model calls its classes.
pub(super) struct Labels {
    pub(super) entailment: String,
    contradiction: String,
}

/// Those of the options, else the usual ones.
pub(super) fn labels(options: &Fields<'_>) -> Result<Labels> {
    let own = options.get("labels");
    let fields = own
        .as_ref()
        .map(botsmith_core::yaml::Cursor::fields)
        .transpose()?;
    let name = |usual: &'static str| -> Result<String> {
        let own = fields.as_ref().and_then(|fields| fields.get(usual));
        Ok(own.map_or(Ok(usual), |at| at.name())?.to_owned())
    };
    let labels = Labels {
        entailment: name("entailment")?,
        contradiction: name("contradiction")?,
    };
    if let Some(fields) = fields {
        fields.finish()?;
    }
    Ok(labels)
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let labels = labels(options)?;
    let check = options.get("check").map_or(Ok(Check::Faithfulness), |at| {
        at.one_of(&[
            ("faithfulness", Check::Faithfulness),
            ("entailment", Check::Entailment),
            ("contradiction", Check::Contradiction),
        ])
    })?;
    // The other class need not be there: some models know only entailment and its absence.
    let class = match check {
        Check::Faithfulness | Check::Entailment => labels.entailment,
        Check::Contradiction => labels.contradiction,
    };
    let source = Source::read(options, What::Class(Some(class)), true)?;
    let against = match options.get("against") {
        None => Against::Either,
        Some(at) if at.node().text().is_some() => {
            match at.one_of(&[("context", true), ("references", false)])? {
                true => Against::Context,
                false => Against::References,
            }
        }
        Some(at) => Against::Texts(
            at.items()?
                .iter()
                .map(Template::read)
                .collect::<Result<_>>()?,
        ),
    };
    let planner = Nli {
        check,
        against,
        cutoff: options
            .get("cutoff")
            .map_or(Ok(0.5), |at| at.number_in(0.0, 1.0))?,
    };
    Ok(Semantic::boxed(planner, source))
}

impl Nli {
    fn premises(&self, subject: &Subject<'_>) -> Result<Vec<String>> {
        let case = subject.case;
        let found = match &self.against {
            Against::References => subject.references.to_vec(),
            Against::Either if case.context.is_empty() => subject.references.to_vec(),
            Against::Context | Against::Either => case.context.clone(),
            Against::Texts(texts) => texts
                .iter()
                .map(|text| Ok(text.render(case)?.into_owned()))
                .collect::<Result<_>>()?,
        };
        match (found.is_empty(), &self.against) {
            (false, _) | (true, Against::Context) => Ok(found),
            (true, _) => Err(Error::NoReference {
                case: case.id.clone(),
                evaluator: "nli".to_owned(),
            }),
        }
    }
}

impl Planner for Nli {
    fn name(&self) -> &'static str {
        "nli"
    }

    fn plan(&self, subject: &Subject<'_>) -> Result<Plan> {
        let premises = self.premises(subject)?;
        if premises.is_empty() {
            return Ok(Plan::Done(Verdict::Skipped(
                "the case has no context".into(),
            )));
        }
        let spans = match self.check {
            Check::Faithfulness => sentences(subject.text),
            _ if subject.text.trim().is_empty() => Vec::new(),
            _ => vec![(0, subject.text.len())],
        };
        if spans.is_empty() {
            return Ok(Plan::Done(match self.check {
                // Nothing is said, so nothing is made up, and nothing follows.
                Check::Faithfulness => Verdict::Skipped("the answer has no sentence".into()),
                Check::Entailment => Score::graded(0.0).because("the answer is empty").into(),
                Check::Contradiction => Score::graded(1.0).because("the answer is empty").into(),
            }));
        }
        let texts: Vec<String> = spans
            .iter()
            .map(|(a, b)| subject.text[*a..*b].to_owned())
            .collect();
        let pairs = texts
            .iter()
            .flat_map(|text| {
                premises
                    .iter()
                    .map(move |premise| (premise.clone(), text.clone()))
            })
            .collect();
        let (check, cutoff, offset, each) =
            (self.check, self.cutoff, subject.offset(), premises.len());
        Ok(Plan::Measure(
            pairs,
            Box::new(move |measured| {
                // For each sentence the passage that says most.
                let most: Vec<f64> = measured
                    .chunks(each)
                    .map(|of| of.iter().map(Measured::value).fold(0.0, f64::max))
                    .collect();
                let with_spans = |mut score: Score, good: &dyn Fn(f64) -> bool| {
                    for ((start, end), value) in spans.iter().zip(&most) {
                        if let Some(offset) = offset {
                            score = score.with(offset + start, offset + end, good(*value));
                        }
                    }
                    score
                };
                Ok(match check {
                    Check::Entailment => {
                        with_spans(Score::graded(most[0]), &|p| p >= cutoff).into()
                    }
                    Check::Contradiction => {
                        with_spans(Score::graded(1.0 - most[0]), &|p| p < cutoff).into()
                    }
                    Check::Faithfulness => {
                        let unborne: Vec<&str> = texts
                            .iter()
                            .zip(&most)
                            .filter(|(_, p)| **p < cutoff)
                            .map(|(text, _)| text.as_str())
                            .collect();
                        let share = 1.0 - unborne.len() as f64 / texts.len() as f64;
                        let mut score = with_spans(Score::graded(share), &|p| p >= cutoff);
                        if !unborne.is_empty() {
                            score = score.because(format!(
                                "{} of {} sentences follow from no passage: {}",
                                unborne.len(),
                                texts.len(),
                                shown(unborne.iter().copied())
                            ));
                        }
                        score.into()
                    }
                })
            }),
        ))
    }

    fn compares(&self) -> bool {
        matches!(self.against, Against::References)
    }
}
