//! The numbers of a run in columns: what the statistics read.

use std::collections::HashMap;

use crate::Outcome;
use crate::report::BotTotals;

use super::numbers::{AnswerNumbers, Cell, Numbers};

/// All scores of a run, in the order of its cases.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) cases: usize,
    pub(super) bots: Vec<BotColumns>,
    /// The group of each case; `None` while no case has one.
    groups: Option<Vec<u32>>,
    group_names: HashMap<String, u32>,
    /// Groups so far, those without a name included.
    group_count: u32,
    /// For each slice, its values and which cases have them.
    pub(super) slices: Vec<SliceColumn>,
}

/// One bot's answers.
#[derive(Debug, Default)]
pub(super) struct BotColumns {
    pub(super) answered: usize,
    pub(super) refused: usize,
    pub(super) failed: usize,
    /// The case of each refused answer.
    refused_in: Vec<u32>,
    /// The case of each failed answer.
    failed_in: Vec<u32>,
    /// What all its answers used, the refused and failed ones too.
    pub(super) totals: BotTotals,
    /// Answers of the case with most of them.
    pub(super) most_repeats: usize,
    /// The case of each judged answer.
    pub(super) case_of: Vec<u32>,
    pub(super) metrics: Vec<MetricColumn>,
    /// NaN where there is none.
    pub(super) overall: Vec<f64>,
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

/// How many answers there are, and how many of them are no answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcomes {
    pub(super) all: usize,
    pub(super) refused: usize,
    pub(super) failed: usize,
}

/// The values of one slice.
#[derive(Debug, Default)]
pub(super) struct SliceColumn {
    /// Value -> cases that have it.
    pub(super) values: indexmap::IndexMap<String, Vec<u32>>,
}

impl Table {
    pub(super) fn new(bots: usize, metrics: usize, slices: usize) -> Self {
        let columns = || BotColumns {
            metrics: (0..metrics).map(|_| MetricColumn::default()).collect(),
            ..BotColumns::default()
        };
        Self {
            bots: (0..bots).map(|_| columns()).collect(),
            slices: (0..slices).map(|_| SliceColumn::default()).collect(),
            ..Self::default()
        }
    }

    /// Adds the first `limit` cases of the next batch.
    pub(super) fn push(&mut self, numbers: &Numbers, limit: usize) {
        let mut answers = numbers.answers.iter();
        let mut cells = numbers.cells.as_slice();
        for case in numbers.cases.iter().take(limit) {
            let number = u32::try_from(self.cases).expect("fewer than 2^32 cases");
            self.push_group(case.group.as_deref());
            self.cases += 1;
            for (column, values) in self.slices.iter_mut().zip(&case.slices) {
                for value in values {
                    match column.values.get_mut(value) {
                        Some(cases) => cases.push(number),
                        None => drop(column.values.insert(value.clone(), vec![number])),
                    }
                }
            }
            for answer in answers.by_ref().take(case.answers) {
                let (own, rest) = cells.split_at(answer.cells);
                cells = rest;
                if let Some(bot) = self.bots.get_mut(answer.bot) {
                    bot.push(number, answer, own);
                }
            }
        }
    }

    /// A case without a group, among cases with one, is a group of its own.
    fn push_group(&mut self, group: Option<&str>) {
        if self.groups.is_none() && group.is_some() {
            let earlier = 0..u32::try_from(self.cases).expect("fewer than 2^32 cases");
            self.group_count = earlier.end;
            self.groups = Some(earlier.collect());
        }
        let Some(groups) = &mut self.groups else {
            return;
        };
        let next = self.group_count;
        let known = group.and_then(|name| self.group_names.get(name));
        let number = *known.unwrap_or(&next);
        if number == next {
            self.group_count = next.checked_add(1).expect("fewer than 2^32 groups");
            if let Some(name) = group {
                self.group_names.insert(name.to_owned(), next);
            }
        }
        groups.push(number);
    }

    /// How many independent units there are: groups, or cases where none has a group.
    pub(super) fn units(&self) -> usize {
        match self.groups {
            Some(_) => self.group_count as usize,
            None => self.cases,
        }
    }

    /// The unit of a case; `None` beyond the last case.
    pub(super) fn unit(&self, case: usize) -> Option<usize> {
        match &self.groups {
            Some(groups) => groups.get(case).map(|group| *group as usize),
            None => (case < self.cases).then_some(case),
        }
    }

    /// A bot's answers within the cases that have a value of a slice; `None` where no case has it.
    pub(super) fn outcomes(&self, bot: usize, slice: usize, value: &str) -> Option<Outcomes> {
        let inside = self.slices.get(slice)?.values.get(value)?;
        let bot = self.bots.get(bot)?;
        // Cases are listed in order.
        let within = |cases: &[u32]| {
            let is_inside = |case: &&u32| inside.binary_search(case).is_ok();
            cases.iter().filter(is_inside).count()
        };
        let (refused, failed) = (within(&bot.refused_in), within(&bot.failed_in));
        Some(Outcomes {
            all: within(&bot.case_of) + refused + failed,
            refused,
            failed,
        })
    }

    /// The group of each case, where cases have groups.
    pub(super) fn groups(&self) -> Option<&[u32]> {
        self.groups.as_deref()
    }
}

impl BotColumns {
    fn push(&mut self, case: u32, answer: &AnswerNumbers, cells: &[Cell]) {
        self.most_repeats = self.most_repeats.max(answer.repeat);
        self.totals.merge(&answer.used);
        match answer.outcome {
            Outcome::Refused => {
                self.refused += 1;
                self.refused_in.push(case);
            }
            Outcome::Failed => {
                self.failed += 1;
                self.failed_in.push(case);
            }
            Outcome::Answered => {
                self.answered += 1;
                self.case_of.push(case);
                self.overall.push(answer.overall);
                for (column, cell) in self.metrics.iter_mut().zip(cells) {
                    column.push(*cell);
                }
            }
        }
    }
}

impl MetricColumn {
    fn push(&mut self, cell: Cell) {
        let (value, passed) = match cell {
            Cell::Judged { value, passed } => (value, passed),
            Cell::Skipped => {
                self.skipped += 1;
                (f64::NAN, None)
            }
            Cell::Failed => {
                self.errors += 1;
                (f64::NAN, None)
            }
        };
        self.values.push(value);
        self.passed.push(passed);
    }
}
