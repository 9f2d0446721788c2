//! Two runs, case by case.

use std::collections::HashMap;

use serde::Serialize;

use crate::evaluators::Corpora;
use crate::report::{BotReport, Comparison, CorpusComparison, ScoreReport};
use crate::stats::{Correction, Scale};
use crate::suite::Suite;
use crate::{Error, Outcome, Result, Verdict};

use super::contest::{Contest, Layout};
use super::{StoredRun, corpus, summary};

/// How two runs are compared.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct CompareOptions<'a> {
    /// How p-values are corrected for their number.
    pub correction: Correction,
    /// The suites of the two runs ([`Suite::stored`]), which their answers are counted with for
    /// metrics that have a score of all answers together; `None` leaves these comparisons out.
    pub suites: Option<[&'a Suite; 2]>,
}

/// Corrects the p-values of comparisons again, by another rule, and says anew which side is better.
///
/// # Errors
/// If a p-value is none.
pub fn correct(comparisons: &mut [Comparison], correction: Correction) -> Result<()> {
    summary::adjust(comparisons, correction)
}

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
    /// How the p-values are corrected.
    pub correction: Correction,
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
pub fn compare(
    a: &StoredRun<'_>,
    b: &StoredRun<'_>,
    options: &CompareOptions<'_>,
) -> Result<RunComparison> {
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
    let scale = |metric: &str| {
        let reports = [&a.report, &b.report].into_iter().flatten();
        let mut bots = reports.flat_map(|report| &report.bots);
        // Of repeats the means are compared, which are no verdicts.
        let repeated = cells_a.repeated || cells_b.repeated;
        let rate = |bot: &BotReport| bot.scores.get(metric).is_none_or(ScoreReport::is_rate);
        match !repeated && bots.all(rate) {
            true => Scale::Verdicts,
            false => Scale::Graded,
        }
    };
    let groups = cells_a.groups(&cases);
    let seed = a.report.as_ref().map_or(0, |report| report.seed);
    let judged = [(a, &cells_a), (b, &cells_b)];
    let pairs = bots
        .iter()
        .flat_map(|bots| metrics.iter().map(move |metrics| (*bots, *metrics)));
    let mut corpora = match options.suites {
        Some(suites) => contests(judged, suites, &cases, groups.as_deref(), pairs, seed)?,
        None => HashMap::new(),
    };
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
            let mut comparison = summary::pair(
                [&labels[0], &labels[1], name],
                &values(&column_a),
                &values(&column_b),
                groups.as_deref(),
                (
                    higher(name),
                    scale(name),
                    summary::seed(seed, &["runs", bot, name]),
                ),
            )?;
            comparison.corpus = corpora.remove(&(*bot_b, *metric_b));
            comparisons.push(comparison);
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
    summary::adjust(&mut comparisons, options.correction)?;
    Ok(RunComparison {
        a: a.manifest.id.clone(),
        b: b.manifest.id.clone(),
        shared: cases.len(),
        only_a: cells_a.order.len() - cases.len(),
        only_b: cells_b.order.len() - cases.len(),
        comparisons,
        flips,
        correction: options.correction,
    })
}

/// The corpora of both runs against each other, by bot and metric of the second, over the cases that
/// both were judged on.
fn contests(
    runs: [(&StoredRun<'_>, &Cells); 2],
    suites: [&Suite; 2],
    cases: &[&String],
    groups: Option<&[u32]>,
    pairs: impl Iterator<Item = ((usize, usize), (usize, usize))>,
    seed: u64,
) -> Result<HashMap<(usize, usize), CorpusComparison>> {
    let empty = suites.map(|suite| Corpora::new(&suite.panel));
    let pairs: Vec<_> = pairs
        .filter(|(_, metrics)| empty[0].has(metrics.0) && empty[1].has(metrics.1))
        .collect();
    if pairs.is_empty() {
        return Ok(HashMap::new());
    }
    let places: HashMap<&str, usize> = cases
        .iter()
        .zip(0..)
        .map(|(id, i)| (id.as_str(), i))
        .collect();
    let units = groups.map_or(cases.len(), |groups| {
        groups.iter().max().map_or(0, |last| *last as usize + 1)
    });
    let layout = Layout::of(units);
    let mut contests: Vec<_> = pairs.iter().map(|_| Contest::new(layout)).collect();
    let both = |id: &str, bots: (usize, usize), metrics: (usize, usize)| {
        let n = |side: usize, bot, metric| runs[side].1.cell(id, bot, metric).n > 0;
        n(0, bots.0, metrics.0) && n(1, bots.1, metrics.1)
    };
    for (side, ((run, _), suite)) in runs.iter().zip(suites).enumerate() {
        let panel = &suite.panel;
        let metrics = panel.evaluators().len();
        let mut corpora: Vec<_> = (suite.bots.iter()).map(|_| Corpora::new(panel)).collect();
        let mut one = Vec::new();
        for record in run.cases() {
            let record = record?;
            let Some(&place) = places.get(record.case.id.as_str()) else {
                continue;
            };
            let prepared = panel.prepare(&record.case)?;
            let mut counts = vec![Vec::new(); corpora.len() * metrics];
            for answer in &record.answers {
                let Some(of_bot) = corpora.get_mut(answer.bot) else {
                    continue;
                };
                of_bot.add(panel, &prepared, &answer.answer, &answer.verdicts);
                for metric in 0..metrics {
                    one.clear();
                    if of_bot.last(metric, &answer.verdicts, &mut one) {
                        corpus::add(&mut counts[answer.bot * metrics + metric], &one);
                    }
                }
            }
            let unit = groups.map_or(place, |groups| groups[place] as usize);
            for (contest, (bots, of)) in contests.iter_mut().zip(&pairs) {
                let (bot, metric) = [(bots.0, of.0), (bots.1, of.1)][side];
                let counts = &counts[bot * metrics + metric];
                if !counts.is_empty() && both(&record.case.id, *bots, *of) {
                    contest.add(side, unit, counts);
                }
            }
        }
    }
    let mut found = HashMap::new();
    for (contest, (bots, metrics)) in contests.iter().zip(&pairs) {
        let manifest = &runs[1].0.manifest;
        let (bot, metric) = (&manifest.bots[bots.1], &manifest.metrics[metrics.1]);
        let score = |sums: &[f64]| empty[1].score_of(metrics.1, sums);
        let seed = summary::seed(seed, &["runs", bot, metric]);
        if let Some(corpus) = contest.decide(score, groups.is_some(), seed)? {
            found.insert((bots.1, metrics.1), corpus);
        }
    }
    Ok(found)
}

/// The scores of a run by case id.
struct Cells {
    order: Vec<String>,
    of: HashMap<String, Vec<Cell>>,
    group: HashMap<String, String>,
    metrics: usize,
    /// Whether a bot answered a case more than once.
    repeated: bool,
}

fn cells(run: &StoredRun<'_>) -> Result<Cells> {
    let metrics = run.manifest.metrics.len();
    let mut cells = Cells {
        order: Vec::new(),
        of: HashMap::new(),
        group: HashMap::new(),
        metrics,
        repeated: false,
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
                cells.repeated |= answer.repeat > 1;
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
    fn cell(&self, case: &str, bot: usize, metric: usize) -> Cell {
        let row = self.of.get(case);
        row.map_or_else(Cell::default, |row| row[bot * self.metrics + metric])
    }

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
