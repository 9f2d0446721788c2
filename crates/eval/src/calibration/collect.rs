//! From what people said of a run's answers to labels of one judge.
//!
//! A stored run, a metric, a question and the log's records in; [`Label`]s out, one an answer, with when they
//! were given. Where several people judged one answer the majority counts, and a draw is left out and counted.
//! Only words that count as truth are taken ([`Record::counts`]), of the first round, on the answer as it is in
//! the run. The judge's score is scaled to `[0, 1]` by its metric's range.

use std::collections::{BTreeMap, HashMap};

use botsmith_core::digest::Digest;

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
    /// The people.
    pub raters: Vec<String>,
}

/// Words on one answer.
#[derive(Default)]
struct Said {
    yes: usize,
    no: usize,
    at: u64,
    probability: Option<f64>,
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
        let report = run.complete()?;
        let metric_report = report.metrics.iter().find(|m| m.name == metric);
        let index = run.manifest.metrics.iter().position(|name| name == metric);
        let (Some(about), Some(index)) = (metric_report, index) else {
            return Err(Error::NotFound {
                what: "metric",
                name: metric.into(),
                hint: Some(format!(
                    "the run has {}",
                    botsmith_core::hint::list(run.manifest.metrics.iter().map(String::as_str))
                )),
            });
        };
        let scale = Scale::of(about)?;
        let mut collected = Self::default();
        let mut said: HashMap<(&str, &str, usize), Said> = HashMap::new();
        let mut hashes: HashMap<(&str, &str, usize), &str> = HashMap::new();
        for record in records {
            let counts = record.counts() && record.against.is_none() && record.round == 1;
            if !counts || record.question != question.name {
                continue;
            }
            let Some(passes) = question.passes(&record.value) else {
                continue;
            };
            let key = (record.case.as_str(), record.bot.as_str(), record.repeat);
            let entry = said.entry(key).or_default();
            *if passes {
                &mut entry.yes
            } else {
                &mut entry.no
            } += 1;
            entry.at = entry.at.max(record.at);
            entry.probability = entry.probability.or(record.probability);
            hashes.entry(key).or_insert(&record.answer_hash);
            if !collected.raters.contains(&record.rater) {
                collected.raters.push(record.rater.clone());
            }
        }
        collected.raters.sort_unstable();
        let slices = &run.manifest.slices;
        for case in run.cases() {
            let case = case?;
            for answer in &case.answers {
                let Some(bot) = run.manifest.bots.get(answer.bot) else {
                    continue;
                };
                let key = (case.case.id.as_str(), bot.as_str(), answer.repeat);
                let Some(said) = said.get(&key) else { continue };
                let hash = Digest::of(answer.answer.text.as_bytes()).to_string();
                if hashes
                    .get(&key)
                    .is_some_and(|told| !told.is_empty() && **told != hash)
                {
                    collected.stale += said.yes + said.no;
                    continue;
                }
                if said.yes == said.no {
                    collected.draws += 1;
                    continue;
                }
                let Some(Verdict::Judged(score)) = answer.verdicts.get(index) else {
                    collected.unjudged += 1;
                    continue;
                };
                collected.labels.push(Dated {
                    at: said.at,
                    label: Label {
                        judge: scale.unit(score.value),
                        passed: score.passed,
                        human: said.yes > said.no,
                        weight: said.probability.map_or(1.0, |p| 1.0 / p),
                        slices: slices_of(&case, slices),
                        group: case
                            .case
                            .group
                            .clone()
                            .unwrap_or_else(|| case.case.id.clone()),
                    },
                    drawn: said.probability.is_some(),
                    key: format!("{hash} {} {} {bot}", answer.repeat, case.case.id),
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

/// From a metric's own scale to `[0, 1]`, higher is better.
#[derive(Clone, Copy)]
struct Scale {
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

    fn unit(self, value: f64) -> f64 {
        let unit = ((value - self.lo) / (self.hi - self.lo)).clamp(0.0, 1.0);
        if self.turned { 1.0 - unit } else { unit }
    }
}
