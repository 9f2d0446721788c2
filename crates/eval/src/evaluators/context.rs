//! `context-recall` and `context-precision`: whether what was retrieved holds what the right answer needs.
//!
//! The ideas of ragas (Es et al. 2024, <https://arxiv.org/abs/2309.15217>), without a chat model: a sentence of the
//! reference is borne out by a passage where the two are near in meaning (embeddings), or where the passage entails it
//! (a cross-encoder). The answer itself is not looked at.

use botsmith_core::yaml::Fields;

use super::builtin::{Builtin, VALUE, Wanted};
use super::nli::labels;
use super::semantic::{
    DEVICE, MODEL, Measured, Plan, Planner, Semantic, Source, What, sentences, shown,
};
use super::{Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::{Result, Score, Verdict};

const WITH: OptionDocs = OptionDocs {
    name: "with",
    schema: r#"{"enum": ["embedding", "nli"], "default": "embedding"}"#,
    about: "how a passage bears out a sentence: `embedding`: it, or one of its sentences, is near in meaning; `nli`: it entails the sentence, by the cross-encoder that `model` names",
    required: false,
};

const CUTOFF: OptionDocs = OptionDocs {
    name: "cutoff",
    schema: r#"{"type": "number", "minimum": 0, "maximum": 1, "default": 0.5}"#,
    about: "the cosine or probability from which a sentence counts as borne out",
    required: false,
};

const LABELS: OptionDocs = OptionDocs {
    name: "labels",
    schema: r#"{"type": "object", "properties": {"entailment": {"type": "string"}, "contradiction": {"type": "string"}}, "additionalProperties": false}"#,
    about: "with `nli`: how the model calls its classes, where it does not call them `entailment` and `contradiction`",
    required: false,
};

pub(super) const RECALL: Builtin = Builtin {
    docs: Docs {
        name: "context-recall",
        about: "How much of the right answer is in the context that was retrieved: the share of the reference's sentences that a passage bears out.",
        formula: "sentences of the reference that some passage bears out / sentences; of several references the best",
        range: Range::UNIT,
        decides: false,
        compares: true,
        options: &[VALUE, WITH, CUTOFF, LABELS, MODEL, DEVICE],
        example: "- context-recall: {cutoff: 0.6, threshold: 0.8}",
        scalar: None,
    },
    build: |options, _| build(options, Part::Recall),
};

pub(super) const PRECISION: Builtin = Builtin {
    docs: Docs {
        name: "context-precision",
        about: "Whether the passages that help stand first in the context: average precision over its passages, each of which helps where it bears out a sentence of the reference.",
        formula: "mean over the passages that help of (passages that help up to it / passages up to it); 0 where none helps; of several references the best",
        range: Range::UNIT,
        decides: false,
        compares: true,
        options: &[VALUE, WITH, CUTOFF, LABELS, MODEL, DEVICE],
        example: "- context-precision: {cutoff: 0.6}",
        scalar: None,
    },
    build: |options, _: &Scope<'_>| build(options, Part::Precision),
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Recall,
    Precision,
}

#[derive(Debug)]
struct Context {
    part: Part,
    wanted: Wanted,
    entails: bool,
    cutoff: f64,
}

fn build(options: &Fields<'_>, part: Part) -> Result<Box<dyn Evaluator>> {
    let entails = options.get("with").map_or(Ok(false), |at| {
        at.one_of(&[("embedding", false), ("nli", true)])
    })?;
    let what = match entails {
        true => What::Class(Some(labels(options)?.entailment)),
        false => What::Cosine,
    };
    let planner = Context {
        part,
        wanted: Wanted::read(options)?,
        entails,
        cutoff: options
            .get("cutoff")
            .map_or(Ok(0.5), |at| at.number_in(0.0, 1.0))?,
    };
    Ok(Semantic::boxed(
        planner,
        Source::read(options, what, entails)?,
    ))
}

/// A passage as it is compared: whole, and by sentence where meaning is.
fn parts(passage: &str, entails: bool) -> Vec<String> {
    let mut parts = vec![passage.to_owned()];
    let spans = sentences(passage);
    if !entails && spans.len() > 1 {
        parts.extend(spans.iter().map(|(a, b)| passage[*a..*b].to_owned()));
    }
    parts
}

/// Average precision of passages in their order.
fn average_precision(helps: &[bool]) -> f64 {
    let (mut found, mut sum) = (0, 0.0);
    for (at, _) in helps.iter().enumerate().filter(|(_, helps)| **helps) {
        found += 1;
        sum += f64::from(found) / (at + 1) as f64;
    }
    if found > 0 {
        sum / f64::from(found)
    } else {
        0.0
    }
}

/// What one reference's sentences and the passages come to.
fn score(part: Part, borne: &[Vec<bool>], sentences: &[String]) -> Score {
    let passages = borne.first().map_or(0, Vec::len);
    match part {
        Part::Recall => {
            let open: Vec<&str> = sentences
                .iter()
                .zip(borne)
                .filter(|(_, by)| !by.contains(&true))
                .map(|(sentence, _)| sentence.as_str())
                .collect();
            let score = Score::graded(1.0 - open.len() as f64 / sentences.len() as f64);
            match open.is_empty() {
                true => score,
                false => score.because(format!(
                    "{} of {} sentences of the reference are in no passage: {}",
                    open.len(),
                    sentences.len(),
                    shown(open.iter().copied())
                )),
            }
        }
        Part::Precision => {
            let helps: Vec<bool> = (0..passages)
                .map(|at| borne.iter().any(|by| by[at]))
                .collect();
            let useless: Vec<String> = (1..=passages)
                .filter(|at| !helps[at - 1])
                .map(|at| at.to_string())
                .collect();
            let score = Score::graded(average_precision(&helps));
            match useless.is_empty() {
                true => score,
                false => score.because(format!(
                    "of {passages} passages these bear out nothing of the reference: {}",
                    useless.join(", ")
                )),
            }
        }
    }
}

impl Planner for Context {
    fn name(&self) -> &'static str {
        match self.part {
            Part::Recall => "context-recall",
            Part::Precision => "context-precision",
        }
    }

    fn plan(&self, subject: &Subject<'_>) -> Result<Plan> {
        let passages: Vec<Vec<String>> = subject
            .case
            .context
            .iter()
            .map(|passage| parts(passage, self.entails))
            .collect();
        if passages.is_empty() {
            return Ok(Plan::Done(Verdict::Skipped(
                "the case has no context".into(),
            )));
        }
        let wanted = self.wanted.texts(subject, self.name())?;
        let references: Vec<Vec<String>> = wanted
            .iter()
            .map(|text| {
                sentences(text)
                    .iter()
                    .map(|(a, b)| text[*a..*b].to_owned())
                    .collect()
            })
            .filter(|sentences: &Vec<String>| !sentences.is_empty())
            .collect();
        if references.is_empty() {
            return Ok(Plan::Done(Verdict::Skipped(
                "the reference has no sentence".into(),
            )));
        }
        let mut pairs = Vec::new();
        for sentence in references.iter().flatten() {
            for part in passages.iter().flatten() {
                pairs.push((part.clone(), sentence.clone()));
            }
        }
        let sizes: Vec<usize> = passages.iter().map(Vec::len).collect();
        let (part, cutoff) = (self.part, self.cutoff);
        Ok(Plan::Measure(
            pairs,
            Box::new(move |measured| {
                let mut values = measured.iter().map(Measured::value);
                let mut best: Option<Score> = None;
                for sentences in &references {
                    let borne: Vec<Vec<bool>> = sentences
                        .iter()
                        .map(|_| {
                            let by = |size: &usize| {
                                // All parts are taken, whichever bears it out.
                                let most = values.by_ref().take(*size).fold(f64::MIN, f64::max);
                                most >= cutoff
                            };
                            sizes.iter().map(by).collect()
                        })
                        .collect();
                    let score = score(part, &borne, sentences);
                    if best.as_ref().is_none_or(|best| score.value > best.value) {
                        best = Some(score);
                    }
                }
                Ok(best.unwrap_or_default().into())
            }),
        ))
    }

    fn compares(&self) -> bool {
        self.wanted.is_references()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passages_that_help_count_more_the_further_up_they_stand() {
        for (helps, wanted) in [
            (&[true, false][..], 1.0),
            (&[false, true][..], 0.5),
            (&[true, false, true][..], 5.0 / 6.0),
            (&[false, false][..], 0.0),
            (&[][..], 0.0),
        ] {
            assert!(
                (average_precision(helps) - wanted).abs() < 1e-12,
                "{helps:?}"
            );
        }
    }
}
