//! What people would say of all answers of a run: its judge's scores on all, people's verdicts on some -> for each bot
//! the share that people would let pass, and for each two bots the difference.
//!
//! [`prediction_powered`] makes the numbers: whatever the judge is wrong about, the labels take out. A run without a
//! judge has the labels alone. An answer counts where the bot answered and the judge judged; labels weigh by the chance
//! that they had of being asked for. Where some labels have a chance and others have none, the latter are left out,
//! as nobody knows what they stand for.

mod rows;

use std::collections::HashMap;

use botsmith_core::store::StateStore;
use serde::Serialize;

use self::rows::{Row, judged, rows};
use super::hold;
use super::said::Said;
use crate::feedback::{Filter, InForce, Log, Wordings};
use crate::run::StoredRun;
use crate::stats::{
    Confidence, PredictionPowered, prediction_powered, prediction_powered_difference,
};
use crate::{Error, Result};

/// What is estimated, and from what.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Estimating {
    /// The metric that goes beside the labels; `None`: the suite's judge, where it has one, else the labels alone.
    pub metric: Option<String>,
    /// The question whose answers say what passes; `None`: the suite's first that does.
    pub question: Option<String>,
    /// Seed of the resamples by which raters are found to be at odds.
    pub seed: u64,
}

/// What people would say of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Estimates {
    /// The run.
    pub run: String,
    /// The question.
    pub question: String,
    /// The metric that went beside the labels.
    pub metric: Option<String>,
    /// The people whose labels count.
    pub raters: Vec<String>,
    /// Raters whose labels do not count, since they are at odds with the others.
    pub excluded: Vec<String>,
    /// Labels that were left out: of answers on which people are divided, of answers that read otherwise now, and
    /// those without a chance of having been asked for, beside others that have one.
    pub left_out: LeftOut,
    /// Each bot, in suite order.
    pub bots: Vec<Estimate>,
    /// Each two bots, `a` before `b` in suite order.
    pub differences: Vec<Difference>,
}

/// Labels that say nothing here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LeftOut {
    /// Answers on which as many people say yes as no.
    pub divided: usize,
    /// Words on an answer that is not the run's.
    pub stale: usize,
    /// Labels without a chance, beside others with one.
    pub unweighted: usize,
    /// Labels that were given when the question read otherwise.
    pub reworded: usize,
}

/// One bot.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Estimate {
    /// Its name.
    pub bot: String,
    /// Answers that count.
    pub answers: usize,
    /// Those of them that people have labelled.
    pub labels: usize,
    /// The mean of the metric's scores, from 0 to 1, higher is better.
    pub judge: Option<f64>,
    /// The share that people would let pass; `None` where the labels give none.
    pub people: Option<PredictionPowered>,
    /// Why they give none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_not: Option<String>,
}

/// Two bots on the same cases.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// The first.
    pub a: String,
    /// The second.
    pub b: String,
    /// Cases on which the answers of both count.
    pub cases: usize,
    /// Those of them of which people have labelled both answers.
    pub labels: usize,
    /// The share that people would let pass, `b` less `a`; `None` where the labels give none.
    pub people: Option<PredictionPowered>,
    /// Why they give none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_not: Option<String>,
}

impl Estimating {
    /// Estimates from the labels in the store.
    ///
    /// # Errors
    /// A metric or a question that is not there; several judges and no name; raters who disagree as a whole; no label;
    /// the store's.
    pub fn of(&self, store: &dyn StateStore, run: &StoredRun<'_>) -> Result<Estimates> {
        let manifest = &run.manifest;
        run.complete()?;
        let metric = match &self.metric {
            Some(metric) => Some(metric.clone()),
            None => hold::judge(manifest)?,
        };
        let (question, plan) = hold::question(self.question.as_deref(), manifest)?;
        let records = Log::open(store).current(&Filter::of_run(manifest.id.clone()))?;
        let InForce {
            mut records,
            reworded,
        } = Wordings::new(store, &plan).split(records)?;
        let standing = hold::raters(&question, &records, self.seed)?;
        records.retain(|record| standing.counts(&record.rater));
        let said = Said::of(&question, records.iter());
        let mut left_out = LeftOut {
            reworded: reworded.get(&question.name).copied().unwrap_or(0),
            ..LeftOut::default()
        };
        let mut rows = rows(run, metric.as_deref(), &said, &mut left_out)?;
        let drawn = |row: &Row| matches!(row.word, Some((_, Some(_))));
        if rows.iter().any(drawn) {
            for row in &mut rows {
                if row.word.is_some_and(|(_, chance)| chance.is_none()) {
                    row.word = None;
                    left_out.unweighted += 1;
                }
            }
        }
        if rows.iter().all(|row| row.word.is_none()) {
            return Err(Error::NotFound {
                what: "label",
                name: format!("{} of {}", question.name, manifest.suite),
                hint: Some(hold::no_label(
                    left_out.reworded,
                    manifest.id.get(..12).unwrap_or(&manifest.id),
                )),
            });
        }
        let with_judge = metric.is_some();
        let bots = (0..manifest.bots.len()).map(|bot| one(&manifest.bots, bot, &rows, with_judge));
        let bots: Vec<Estimate> = bots.collect::<Result<_>>()?;
        let mut differences = Vec::new();
        for a in 0..bots.len() {
            for b in a + 1..bots.len() {
                differences.push(two(&manifest.bots, (a, b), &rows)?);
            }
        }
        Ok(Estimates {
            run: manifest.id.clone(),
            question: question.name,
            metric,
            raters: said.raters,
            excluded: hold::excluded(&standing),
            left_out,
            bots,
            differences,
        })
    }
}

fn one(names: &[String], bot: usize, rows: &[Row], with_judge: bool) -> Result<Estimate> {
    let own = || rows.iter().filter(|row| row.bot == bot);
    let cases: Vec<(f64, Option<(f64, f64)>)> = own()
        .map(|row| {
            (
                row.judge,
                row.word.map(|(word, p)| (word, p.unwrap_or(1.0))),
            )
        })
        .collect();
    let groups: Vec<usize> = own().map(|row| row.group).collect();
    let judged = judged(cases.iter().copied());
    let labels = judged.iter().filter(|case| case.human.is_some()).count();
    let (people, why_not) = told(prediction_powered(&judged, &groups, Confidence::P95))?;
    let sum: f64 = cases.iter().map(|(judge, _)| judge).sum();
    Ok(Estimate {
        bot: names[bot].clone(),
        answers: cases.len(),
        labels,
        judge: (with_judge && !cases.is_empty()).then(|| sum / cases.len() as f64),
        people,
        why_not,
    })
}

fn two(names: &[String], (a, b): (usize, usize), rows: &[Row]) -> Result<Difference> {
    let firsts: HashMap<(usize, usize), &Row> = rows
        .iter()
        .filter(|row| row.bot == a)
        .map(|row| (row.place, row))
        .collect();
    let pairs: Vec<(&Row, &Row)> = rows
        .iter()
        .filter(|row| row.bot == b)
        .filter_map(|row| Some((*firsts.get(&row.place)?, row)))
        .collect();
    // Which answers are labelled is drawn for each bot by itself.
    let both = |(a, b): &(&Row, &Row)| {
        let ((a, p), (b, q)) = a.word.zip(b.word)?;
        Some(((a, b), p.unwrap_or(1.0) * q.unwrap_or(1.0)))
    };
    let side = |of: fn(&(&Row, &Row)) -> f64, which: fn((f64, f64)) -> f64| {
        let cases = pairs.iter().map(|pair| {
            let word = both(pair).map(|(words, chance)| (which(words), chance));
            (of(pair), word)
        });
        judged(cases)
    };
    let own = side(|pair| pair.0.judge, |words| words.0);
    let theirs = side(|pair| pair.1.judge, |words| words.1);
    let groups: Vec<usize> = pairs.iter().map(|(_, row)| row.group).collect();
    let labels = own.iter().filter(|case| case.human.is_some()).count();
    let found = prediction_powered_difference(&own, &theirs, &groups, Confidence::P95);
    let (people, why_not) = told(found)?;
    Ok(Difference {
        a: names[a].clone(),
        b: names[b].clone(),
        cases: pairs.len(),
        labels,
        people,
        why_not,
    })
}

/// Too few labels are no failure: they give no number, and the reason is told.
fn told(found: Result<PredictionPowered>) -> Result<(Option<PredictionPowered>, Option<String>)> {
    match found {
        Ok(found) => Ok((Some(found), None)),
        Err(error @ Error::Statistic { .. }) => Ok((None, Some(error.to_string()))),
        Err(error) => Err(error),
    }
}
