//! Evaluators that measure what texts mean: what they share.
//!
//! Each says what is to be measured of an answer, as pairs of texts, and what the numbers come to ([`Planner`]). What
//! measures is a [`Backend`]: the table of token vectors inside (`botsmith_core::static_embeddings`), or a model of
//! this machine (feature `semantic`), read once for all evaluators that name it. With the table an answer is judged at
//! once. With a model, a run puts its answers as questions ([`Asks`]), so that they wait for each other and go through
//! the model together; equal texts go through once.

mod backend;
mod batcher;
#[cfg(feature = "semantic")]
mod local;
mod source;
mod texts;

use std::num::NonZeroUsize;
use std::sync::Arc;

use botsmith_core::chat::{BoxFuture, Call};
use serde_json::{Value, json};

pub(super) use backend::{Backend, Measured};
pub(super) use source::{DEVICE, MODEL, Source, What};
pub(super) use texts::{sentences, shown};

use super::{Asks, Docs, Evaluator, Judge, Question, Subject};
use crate::ask::Bots;
use crate::{Result, Verdict};
use batcher::Batcher;

/// Most pairs of texts that one answer may call for.
const MOST_PAIRS: usize = 10_000;
/// Answers that wait for a model together.
const TOGETHER: usize = 256;

/// What the measured numbers come to.
pub(super) type Finish = Box<dyn FnOnce(&[Measured]) -> Result<Verdict> + Send>;

/// What is to be measured of an answer.
pub(super) enum Plan {
    /// Nothing: the verdict is there.
    Done(Verdict),
    /// These pairs, in this order.
    Measure(Vec<(String, String)>, Finish),
}

/// Says what is to be measured of an answer.
pub(super) trait Planner: Send + Sync + std::fmt::Debug {
    /// The evaluator's name.
    fn name(&self) -> &'static str;

    /// The plan for one answer.
    fn plan(&self, subject: &Subject<'_>) -> Result<Plan>;

    /// Whether it reads the case's references.
    fn compares(&self) -> bool;

    /// Whether it gives pass or fail by itself.
    fn decides(&self) -> bool {
        false
    }

    /// The value of plain texts, where the table inside can say it without a plan.
    fn value(&self, _candidate: &str, _references: &[&str]) -> Option<f64> {
        None
    }
}

/// An evaluator of this kind.
#[derive(Debug)]
pub(super) struct Semantic {
    planner: Arc<dyn Planner>,
    source: Source,
}

impl Semantic {
    pub(super) fn boxed(planner: impl Planner + 'static, source: Source) -> Box<dyn Evaluator> {
        Box::new(Self {
            planner: Arc::new(planner),
            source,
        })
    }
}

/// The plans of several answers measured together.
fn finish(backend: &dyn Backend, plans: Vec<Result<Plan>>) -> Vec<Result<Verdict>> {
    let pairs: Vec<(&str, &str)> = plans
        .iter()
        .filter_map(|plan| match plan {
            Ok(Plan::Measure(pairs, _)) if pairs.len() <= MOST_PAIRS => Some(pairs),
            _ => None,
        })
        .flatten()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let measured = match pairs.is_empty() {
        true => Ok(Vec::new()),
        false => backend.measure(&pairs),
    };
    let mut at = 0;
    plans
        .into_iter()
        .map(|plan| match plan? {
            Plan::Done(verdict) => Ok(verdict),
            Plan::Measure(pairs, _) if pairs.len() > MOST_PAIRS => Ok(Verdict::Failed(format!(
                "the answer calls for {} comparisons, at most {MOST_PAIRS} are made",
                pairs.len()
            ))),
            Plan::Measure(pairs, finish) => match &measured {
                Ok(measured) => {
                    at += pairs.len();
                    finish(&measured[at - pairs.len()..at])
                }
                Err(why) => Ok(Verdict::Failed(why.clone())),
            },
        })
        .collect()
}

impl Evaluator for Semantic {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let plan = self.planner.plan(subject)?;
        let backend = self.source.backend()?;
        finish(&*backend, vec![Ok(plan)]).remove(0)
    }

    fn evaluate_all(&self, subjects: &[Subject<'_>]) -> Vec<Result<Verdict>> {
        let plans = subjects.iter().map(|subject| self.planner.plan(subject));
        match self.source.backend() {
            Ok(backend) => finish(&*backend, plans.collect()),
            // Told once: a model that cannot be read is not tried again for each answer.
            Err(error) => {
                let rest = subjects.iter().skip(1);
                let failed = |_| Ok(Verdict::Failed("the model cannot be read".into()));
                std::iter::once(Err(error))
                    .chain(rest.map(failed))
                    .collect()
            }
        }
    }

    fn in_batches(&self) -> bool {
        self.source.is_model()
    }

    fn value(&self, candidate: &str, references: &[&str]) -> Option<f64> {
        match self.source.is_model() {
            true => None,
            false => self.planner.value(candidate, references),
        }
    }

    fn decides(&self, _: &Docs) -> bool {
        self.planner.decides()
    }

    fn asks(&self) -> Option<&dyn Asks> {
        self.source.is_model().then_some(self)
    }

    fn uses_references(&self, _: &Docs) -> bool {
        self.planner.compares()
    }
}

impl Asks for Semantic {
    fn open(&self, _: &dyn Bots, _: Option<NonZeroUsize>) -> Result<Box<dyn Judge>> {
        let backend = self.source.backend()?;
        Ok(Box::new(Open {
            identity: json!({"evaluator": self.planner.name(), "measured": backend.identity()}),
            planner: Arc::clone(&self.planner),
            batcher: Batcher::new(TOGETHER, move |plans: Vec<Plan>| {
                finish(&*backend, plans.into_iter().map(Ok).collect())
            }),
        }))
    }
}

/// An evaluator whose model is read.
#[derive(Debug)]
struct Open {
    identity: Value,
    planner: Arc<dyn Planner>,
    batcher: Batcher<Plan, Result<Verdict>>,
}

impl Judge for Open {
    fn identity(&self) -> Value {
        self.identity.clone()
    }

    fn concurrency(&self) -> usize {
        TOGETHER
    }

    fn ask<'a>(
        &'a self,
        question: &'a Question<'a>,
        text: &'a str,
        references: &'a [String],
        _: &'a Call,
    ) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            let subject = Subject {
                case: question.case,
                answer: question.answer,
                text,
                references,
            };
            match self.planner.plan(&subject)? {
                Plan::Done(verdict) => Ok(verdict),
                plan @ Plan::Measure(..) => {
                    self.batcher.ask(plan).await.unwrap_or_else(|| {
                        Ok(Verdict::Failed("the model's thread has ended".into()))
                    })
                }
            }
        })
    }
}
