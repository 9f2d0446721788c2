//! `voice`: how much of an English answer is in the passive, by [`verbs`](botsmith_nlp::verbs).
//!
//! A passive is `be` or `get` and a past participle. Participles without an auxiliary ("the file
//! written by Ann") are neither active nor passive here.

use botsmith_core::yaml::Fields;
use botsmith_nlp::verbs::{self, Form, VerbGroup};

use super::builtin::{Builtin, evidence};
use super::share::{listed, share};
use super::{Better, Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::{Result, Score, Verdict, reading};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "voice",
        about: "Which share of the verbs of an English answer is passive; with `max` or `min` it passes or fails.",
        formula: "passive verb groups / verb groups (finite ones, orders, infinitives; participles only with an auxiliary); 0 where there is none",
        range: Range {
            lo: 0.0,
            hi: 1.0,
            better: Better::Lower,
        },
        decides: false,
        compares: false,
        options: &[
            OptionDocs {
                name: "max",
                schema: r#"{"type": "number", "minimum": 0, "maximum": 1}"#,
                about: "greatest share that passes",
                required: false,
            },
            OptionDocs {
                name: "min",
                schema: r#"{"type": "number", "minimum": 0, "maximum": 1}"#,
                about: "least share that passes",
                required: false,
            },
            OptionDocs {
                name: "max-count",
                schema: r#"{"type": "integer", "minimum": 0}"#,
                about: "greatest number of passives that passes",
                required: false,
            },
        ],
        example: "- voice: {max: 0.2}   # \"The file was deleted by mistake.\" gives 1 and fails",
        scalar: Some("max"),
    },
    build,
};

#[derive(Debug)]
struct Voice {
    max: Option<f64>,
    min: Option<f64>,
    max_count: Option<usize>,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let share = |key| {
        options
            .get(key)
            .map(|at| at.number_in(0.0, 1.0))
            .transpose()
    };
    let (max, min) = (share("max")?, share("min")?);
    if let (Some(high), Some(low), Some(at)) = (max, min, options.get("max"))
        && high < low
    {
        return Err(at.error(format!("max {high} is below min {low}")).into());
    }
    let max_count = options.get("max-count").map(|at| at.count()).transpose()?;
    Ok(Box::new(Voice {
        max,
        min,
        max_count,
    }))
}

impl Evaluator for Voice {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let doc = reading::read_answer(subject.text)?;
        let utterances = verbs::read(&doc);
        let groups = utterances.iter().flat_map(|utterance| &utterance.groups);
        let (mut all, mut passives) = (0, Vec::new());
        let counted = |group: &&VerbGroup| group.form != Form::Participle || group.verbs.len() > 1;
        for group in groups.filter(counted) {
            all += 1;
            if group.passive {
                passives.push(group.span(&doc));
            }
        }
        let value = share(passives.len(), all);
        let wanted = self.min.is_some() && self.max.is_none() && self.max_count.is_none();
        let mut score = Score::graded(value);
        for span in &passives {
            score = evidence(score, subject, (span.start, span.end), wanted);
        }
        let limit = if let Some(max) = self.max.filter(|max| value > *max) {
            Some(format!("at most a share of {max} wanted"))
        } else if let Some(min) = self.min.filter(|min| value < *min) {
            Some(format!("at least a share of {min} wanted"))
        } else {
            let max = self.max_count.filter(|max| passives.len() > *max);
            max.map(|max| format!("at most {max} wanted"))
        };
        if self.decides(&KIND.docs) {
            score.passed = Some(limit.is_none());
        }
        if let Some(limit) = limit {
            let found = match passives.is_empty() {
                true => String::new(),
                false => format!(": {}", listed(subject.text, &passives)),
            };
            let count = passives.len();
            let be = if count == 1 { "is" } else { "are" };
            let verbs = if all == 1 { "verb" } else { "verbs" };
            score = score.because(format!(
                "{count} of {all} {verbs} {be} passive, {limit}{found}"
            ));
        }
        Ok(score.into())
    }

    fn decides(&self, _: &Docs) -> bool {
        self.max.is_some() || self.min.is_some() || self.max_count.is_some()
    }
}
