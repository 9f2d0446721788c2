//! From what people said of a run's answers to labels of one judge.
//!
//! A stored run, a metric, a question and the log's records in; [`Label`]s out, one an answer, with when they
//! were given. Where several people judged one answer the majority counts, and a draw is left out and counted.
//! The judge's score is scaled to `[0, 1]` by its metric's range.

use std::collections::BTreeMap;

use botsmith_core::digest::Digest;

use super::said::{Said, Word};
use super::{Dated, Label};
use crate::feedback::{Question, Record};
use crate::report::MetricReport;
use crate::run::{CaseRecord, StoredRun};
use crate::{Error, Result, Verdict};

/// Labels of one judge, and what was left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Collected {
    /// The labels, by when they were given.
    pub labels: Vec<Dated>,
    /// Answers on which as many people say yes as no.
    pub draws: usize,
    /// Answers with a label that the judge failed on or skipped.
    pub unjudged: usize,
    /// Records about an answer that is not the one in the run.
    pub stale: usize,
    /// Labels without a chance of having been chosen, beside others that have one: nobody knows what they
    /// stand for, and they are left out.
    pub unweighted: usize,
    /// Labels that were given when the question read otherwise.
    pub reworded: usize,
    /// The people.
    pub raters: Vec<String>,
}

impl Collected {
    /// The labels of one run; `records` are those of that run, edits resolved.
    ///
    /// # Errors
    /// A metric that the run does not have or whose range has no end, or the store fails.
    pub fn of(
        run: &StoredRun<'_>,
        metric: &str,
        question: &Question,
        records: &[Record],
    ) -> Result<Self> {
        let (index, scale) = scale(run, metric)?;
        let said = Said::of(question, records.iter());
        let mut collected = Self {
            raters: said.raters.clone(),
            ..Self::default()
        };
        let slices = &run.manifest.slices;
        for case in run.cases() {
            let case = case?;
            for answer in &case.answers {
                let Some(bot) = run.manifest.bots.get(answer.bot) else {
                    continue;
                };
                let (id, text) = (&case.case.id, &answer.answer.text);
                let (passes, at, probability) = match said.on(id, bot, answer.repeat, text) {
                    Word::None => continue,
                    Word::Stale(words) => {
                        collected.stale += words;
                        continue;
                    }
                    Word::Divided => {
                        collected.draws += 1;
                        continue;
                    }
                    Word::Settled {
                        passes,
                        at,
                        probability,
                    } => (passes, at, probability),
                };
                let Some(Verdict::Judged(score)) = answer.verdicts.get(index) else {
                    collected.unjudged += 1;
                    continue;
                };
                let hash = Digest::of(text.as_bytes());
                collected.labels.push(Dated {
                    at,
                    label: Label {
                        judge: scale.unit(score.value),
                        passed: score.passed,
                        human: passes,
                        weight: probability.map_or(1.0, |p| 1.0 / p),
                        slices: slices_of(&case, slices),
                        group: case.case.group.clone().unwrap_or_else(|| id.clone()),
                    },
                    drawn: probability.is_some(),
                    key: format!("{hash} {} {id} {bot}", answer.repeat),
                });
            }
        }
        Ok(collected)
    }

    /// Adds those of another run of the same judge; an answer that is in both counts once, with what was said
    /// last.
    pub fn add(&mut self, other: Self) {
        self.labels.extend(other.labels);
        self.draws += other.draws;
        self.unjudged += other.unjudged;
        self.stale += other.stale;
        self.reworded += other.reworded;
        for rater in other.raters {
            if !self.raters.contains(&rater) {
                self.raters.push(rater);
            }
        }
        self.raters.sort_unstable();
    }

    /// One label an answer, in the order in which they were given; of labels with a chance of having been
    /// chosen and others, the former alone.
    #[must_use]
    pub fn settled(mut self) -> Self {
        let mut latest: BTreeMap<String, Dated> = BTreeMap::new();
        for dated in self.labels.drain(..) {
            match latest.get(&dated.key) {
                Some(known) if known.at >= dated.at => {}
                _ => {
                    latest.insert(dated.key.clone(), dated);
                }
            }
        }
        self.labels = latest.into_values().collect();
        if self.labels.iter().any(|dated| dated.drawn) {
            let before = self.labels.len();
            self.labels.retain(|dated| dated.drawn);
            self.unweighted = before - self.labels.len();
        }
        self.labels
            .sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
        self
    }
}

fn slices_of(case: &CaseRecord, names: &[String]) -> Vec<String> {
    let groups = names.iter().zip(&case.slices);
    groups
        .flat_map(|(name, values)| values.iter().map(move |value| format!("{name}: {value}")))
        .collect()
}

/// A metric's place among the verdicts of a run, and its scale.
pub(super) fn scale(run: &StoredRun<'_>, metric: &str) -> Result<(usize, Scale)> {
    let report = run.complete()?;
    let about = report.metrics.iter().find(|m| m.name == metric);
    let index = run.manifest.metrics.iter().position(|name| name == metric);
    match about.zip(index) {
        Some((about, index)) => Ok((index, Scale::of(about)?)),
        None => Err(Error::NotFound {
            what: "metric",
            name: metric.into(),
            hint: Some(format!(
                "the run has {}",
                botsmith_core::hint::list(run.manifest.metrics.iter().map(String::as_str))
            )),
        }),
    }
}

/// From a metric's own scale to `[0, 1]`, higher is better.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    lo: f64,
    hi: f64,
    turned: bool,
}

impl Scale {
    fn of(metric: &MetricReport) -> Result<Self> {
        let (lo, hi) = metric.range;
        match hi {
            Some(hi) if hi > lo => Ok(Self {
                lo,
                hi,
                turned: metric.higher_is_better == Some(false),
            }),
            _ => Err(Error::Invalid(format!(
                "`{}` has no greatest value, so its scores are no chances: calibrate a judge, or a metric from 0 to 1",
                metric.name
            ))),
        }
    }

    pub(super) fn unit(self, value: f64) -> f64 {
        let unit = ((value - self.lo) / (self.hi - self.lo)).clamp(0.0, 1.0);
        if self.turned { 1.0 - unit } else { unit }
    }
}
