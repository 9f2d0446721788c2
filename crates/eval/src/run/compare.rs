//! Two runs, case by case.

use std::collections::HashMap;

use serde::Serialize;

use crate::report::Comparison;
use crate::{Error, Outcome, Result, Verdict};

use super::{StoredRun, summary};

/// What changed between two runs over the cases that both have.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunComparison {
    /// The earlier run's id.
    pub a: String,
    /// The later run's id.
    pub b: String,
    /// Cases with the same id in both.
    pub shared: usize,
    /// Cases that only the first has.
    pub only_a: usize,
    /// Cases that only the second has.
    pub only_b: usize,
    /// Each bot that both have, for each metric that both have; `a` and `b` name the bot with the
    /// run's first digits.
    pub comparisons: Vec<Comparison>,
    /// Cases that passed in `a` and fail in `b`, or the other way round.
    pub flips: Vec<Flip>,
}

/// A case whose verdict changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flip {
    /// The case.
    pub case: String,
    /// The bot.
    pub bot: String,
    /// The metric.
    pub metric: String,
    /// Whether it passes in the second run.
    pub now: bool,
}

/// Mean value and whether all passed, of one case, bot and metric.
#[derive(Clone, Copy, Default)]
struct Cell {
    sum: f64,
    n: u32,
    decided: u32,
    passed: u32,
}

/// Compares two runs: the same bots (by name) on the same metrics (by name) over the same cases
/// (by id). Where each run has one bot only, these two are compared whatever their names.
///
/// # Errors
/// If they share no bot, no metric or no case, or the store fails.
pub fn compare(a: &StoredRun<'_>, b: &StoredRun<'_>) -> Result<RunComparison> {
    let shared = |x: &[String], y: &[String]| -> Vec<(usize, usize)> {
        let find = |name| y.iter().position(|other| other == name);
        x.iter()
            .enumerate()
            .filter_map(|(i, name)| Some((i, find(name)?)))
            .collect()
    };
    let mut bots = shared(&a.manifest.bots, &b.manifest.bots);
    if bots.is_empty() && a.manifest.bots.len() == 1 && b.manifest.bots.len() == 1 {
        bots.push((0, 0));
    }
    let metrics = shared(&a.manifest.metrics, &b.manifest.metrics);
    if bots.is_empty() || metrics.is_empty() {
        let what = if bots.is_empty() { "bot" } else { "metric" };
        return Err(Error::Invalid(format!(
            "the two runs share no {what} by name"
        )));
    }
    let (cells_a, cells_b) = (cells(a)?, cells(b)?);
    let mut cases: Vec<_> = cells_a
        .order
        .iter()
        .filter(|id| cells_b.of.contains_key(*id))
        .collect();
    cases.sort();
    if cases.is_empty() {
        return Err(Error::Invalid("the two runs share no case by id".into()));
    }
    let higher = |metric: &str| {
        let report = b.report.as_ref().or(a.report.as_ref());
        let found = report.and_then(|r| r.metrics.iter().find(|m| m.name == metric));
        found.map_or(Some(true), |m| m.higher_is_better)
    };
    let groups = cells_a.groups(&cases);
    let seed = a.report.as_ref().map_or(0, |report| report.seed);
    let (mut comparisons, mut flips) = (Vec::new(), Vec::new());
    for (bot_a, bot_b) in &bots {
        for (metric_a, metric_b) in &metrics {
            let name = &a.manifest.metrics[*metric_a];
            let bot = &b.manifest.bots[*bot_b];
            let column_a = cells_a.column(&cases, *bot_a, *metric_a);
            let column_b = cells_b.column(&cases, *bot_b, *metric_b);
            let label = |run: &StoredRun<'_>, bot: usize| {
                format!("{}@{}", run.manifest.bots[bot], &run.manifest.id[..8])
            };
            let labels = [label(a, *bot_a), label(b, *bot_b)];
            let values = |column: &[Cell]| -> Vec<f64> {
                column.iter().map(|c| c.sum / f64::from(c.n)).collect()
            };
            comparisons.push(summary::pair(
                [&labels[0], &labels[1], name],
                &values(&column_a),
                &values(&column_b),
                groups.as_deref(),
                (higher(name), summary::seed(seed, &["runs", bot, name])),
            )?);
            for ((case, was), now) in cases.iter().zip(&column_a).zip(&column_b) {
                let all = |cell: &Cell| (cell.decided > 0).then_some(cell.passed == cell.decided);
                if let (Some(was), Some(now)) = (all(was), all(now))
                    && was != now
                {
                    let (case, bot, metric) = ((*case).clone(), bot.clone(), name.clone());
                    flips.push(Flip {
                        case,
                        bot,
                        metric,
                        now,
                    });
                }
            }
        }
    }
    summary::adjust(&mut comparisons)?;
    Ok(RunComparison {
        a: a.manifest.id.clone(),
        b: b.manifest.id.clone(),
        shared: cases.len(),
        only_a: cells_a.order.len() - cases.len(),
        only_b: cells_b.order.len() - cases.len(),
        comparisons,
        flips,
    })
}

/// The scores of a run by case id.
struct Cells {
    order: Vec<String>,
    of: HashMap<String, Vec<Cell>>,
    group: HashMap<String, String>,
    metrics: usize,
}

fn cells(run: &StoredRun<'_>) -> Result<Cells> {
    let metrics = run.manifest.metrics.len();
    let mut cells = Cells {
        order: Vec::new(),
        of: HashMap::new(),
        group: HashMap::new(),
        metrics,
    };
    for record in run.cases() {
        let record = record?;
        let mut row = vec![Cell::default(); run.manifest.bots.len() * metrics];
        for answer in record
            .answers
            .iter()
            .filter(|a| a.answer.outcome == Outcome::Answered)
        {
            for (m, verdict) in answer.verdicts.iter().enumerate() {
                let Verdict::Judged(score) = verdict else {
                    continue;
                };
                let cell = &mut row[answer.bot * metrics + m];
                cell.sum += score.value;
                cell.n += 1;
                cell.decided += u32::from(score.passed.is_some());
                cell.passed += u32::from(score.passed == Some(true));
            }
        }
        if let Some(group) = record.case.group {
            cells.group.insert(record.case.id.clone(), group);
        }
        cells.order.push(record.case.id.clone());
        cells.of.insert(record.case.id, row);
    }
    Ok(cells)
}

impl Cells {
    fn column(&self, cases: &[&String], bot: usize, metric: usize) -> Vec<Cell> {
        cases
            .iter()
            .map(|id| self.of[*id][bot * self.metrics + metric])
            .collect()
    }

    fn groups(&self, cases: &[&String]) -> Option<Vec<u32>> {
        if self.group.is_empty() {
            return None;
        }
        // A case without a group is a group of its own, under its id.
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let mut groups = Vec::with_capacity(cases.len());
        for id in cases {
            let name = self.group.get(*id).unwrap_or(id).as_str();
            let next = u32::try_from(numbers.len()).expect("fewer than 2^32 groups");
            groups.push(*numbers.entry(name).or_insert(next));
        }
        Some(groups)
    }
}
