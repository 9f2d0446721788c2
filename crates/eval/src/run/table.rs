//! The numbers of a run in columns: what the statistics read.

use std::collections::HashMap;

use crate::evaluators::{Corpora, Panel};
use crate::{Outcome, Result, Verdict};

use super::CaseRecord;

/// All scores of a run, in the order of its cases.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) cases: usize,
    pub(super) bots: Vec<BotColumns>,
    /// The group of each case; `None` while no case has one.
    groups: Option<Vec<u32>>,
    group_names: HashMap<String, u32>,
    /// For each slice, its values and which cases have them.
    pub(super) slices: Vec<SliceColumn>,
}

/// One bot's answers.
#[derive(Debug, Default)]
pub(super) struct BotColumns {
    pub(super) answered: usize,
    pub(super) refused: usize,
    pub(super) failed: usize,
    /// Answers of the case with most of them.
    pub(super) most_repeats: usize,
    /// The case of each judged answer.
    pub(super) case_of: Vec<u32>,
    pub(super) metrics: Vec<MetricColumn>,
    /// NaN where there is none.
    pub(super) overall: Vec<f64>,
    /// Scores of all its answers together.
    pub(super) corpora: Corpora,
}

/// One bot's scores on one metric, an entry an answered answer.
#[derive(Debug, Default)]
pub(super) struct MetricColumn {
    /// NaN where it was not judged.
    pub(super) values: Vec<f64>,
    pub(super) passed: Vec<Option<bool>>,
    pub(super) skipped: usize,
    pub(super) errors: usize,
}

/// The values of one slice.
#[derive(Debug, Default)]
pub(super) struct SliceColumn {
    /// Value -> cases that have it.
    pub(super) values: indexmap::IndexMap<String, Vec<u32>>,
}

impl Table {
    pub(super) fn new(bots: usize, panel: &Panel, slices: usize) -> Self {
        let columns = || BotColumns {
            metrics: (panel.evaluators().iter())
                .map(|_| MetricColumn::default())
                .collect(),
            corpora: Corpora::new(panel),
            ..BotColumns::default()
        };
        Self {
            bots: (0..bots).map(|_| columns()).collect(),
            slices: (0..slices).map(|_| SliceColumn::default()).collect(),
            ..Self::default()
        }
    }

    /// Adds the next case.
    ///
    /// Corpus scores are added up here, from answers and not from earlier sums: a run that goes on
    /// reads its stored cases in the same order and comes to the same scores.
    pub(super) fn push(&mut self, record: &CaseRecord, panel: &Panel) -> Result<()> {
        let case = u32::try_from(self.cases).expect("fewer than 2^32 cases");
        self.push_group(record);
        self.cases += 1;
        for (column, values) in self.slices.iter_mut().zip(&record.slices) {
            for value in values {
                match column.values.get_mut(value) {
                    Some(cases) => cases.push(case),
                    None => drop(column.values.insert(value.clone(), vec![case])),
                }
            }
        }
        let corpora = self.bots.iter().any(|bot| !bot.corpora.is_empty());
        let prepared = corpora.then(|| panel.prepare(&record.case)).transpose()?;
        for answer in &record.answers {
            let Some(bot) = self.bots.get_mut(answer.bot) else {
                continue;
            };
            bot.most_repeats = bot.most_repeats.max(answer.repeat);
            match answer.answer.outcome {
                Outcome::Refused => bot.refused += 1,
                Outcome::Failed => bot.failed += 1,
                Outcome::Answered => {
                    bot.answered += 1;
                    bot.case_of.push(case);
                    bot.overall.push(answer.overall.unwrap_or(f64::NAN));
                    for (column, verdict) in bot.metrics.iter_mut().zip(&answer.verdicts) {
                        column.push(verdict);
                    }
                    if let Some(prepared) = &prepared {
                        bot.corpora
                            .add(panel, prepared, &answer.answer, &answer.verdicts);
                    }
                }
            }
        }
        Ok(())
    }

    fn push_group(&mut self, record: &CaseRecord) {
        // A case without a group, among cases with one, is a group of its own.
        let own = || format!("\0{}", record.case.id);
        if self.groups.is_none() && record.case.group.is_some() {
            let earlier = 0..u32::try_from(self.cases).expect("fewer than 2^32 cases");
            self.group_names = earlier.clone().map(|i| (format!("\0\0{i}"), i)).collect();
            self.groups = Some(earlier.collect());
        }
        if let Some(groups) = &mut self.groups {
            let name = record.case.group.clone().unwrap_or_else(own);
            let next = u32::try_from(self.group_names.len()).expect("fewer than 2^32 groups");
            groups.push(*self.group_names.entry(name).or_insert(next));
        }
    }

    /// The group of each case, where cases have groups.
    pub(super) fn groups(&self) -> Option<&[u32]> {
        self.groups.as_deref()
    }
}

impl MetricColumn {
    fn push(&mut self, verdict: &Verdict) {
        let (value, passed) = match verdict {
            Verdict::Judged(score) => (score.value, score.passed),
            Verdict::Skipped(_) => {
                self.skipped += 1;
                (f64::NAN, None)
            }
            Verdict::Failed(_) => {
                self.errors += 1;
                (f64::NAN, None)
            }
        };
        self.values.push(value);
        self.passed.push(passed);
    }
}
