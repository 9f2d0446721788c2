//! How much raters agree on one question: current records -> numbers, raters, disputes, standing.
//!
//! Beside what the standing rests on (alpha): Cohen's kappa where there are two raters, with its three
//! weights; Fleiss' and Randolph's over the answers that have the number of labels most of them have; each with its
//! interval from resampled answers.
//! A question with several labels at once counts each label as a yes or no of its own.

mod kappas;

use std::collections::BTreeMap;

use botsmith_core::store::StateStore;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Result;
use crate::stats::Level;

use super::standing::Labels;
use super::{Plan, Question, Record, Rules, Standing, Wordings};

pub use kappas::{Cohen, Fleiss};

/// What raters said to one question, and how far they agree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// How the labels stand: alpha, raters, whether the loop may go on.
    #[serde(flatten)]
    pub standing: Standing,
    /// How far apart two labels are.
    pub level: Level,
    /// How many answers have a label.
    pub answers: usize,
    /// How many labels there are.
    pub labels: usize,
    /// How many more were given when the question read otherwise, and do not count.
    #[serde(default)]
    pub reworded: usize,
    /// Cohen's kappa of two raters.
    pub cohen: Option<Cohen>,
    /// Kappa of as many raters as most answers have.
    pub fleiss: Option<Fleiss>,
    /// The answers on which raters differ, the widest apart first.
    pub disputes: Vec<Dispute>,
}

/// An answer on which raters differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dispute {
    /// The run.
    pub run: String,
    /// The case.
    pub case: String,
    /// The bot; of a pair, the first.
    pub bot: String,
    /// The other bot of a pair.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub against: Option<String>,
    /// What each rater said, by rater.
    pub said: Vec<Said>,
}

/// What one rater said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// Who.
    pub rater: String,
    /// What.
    pub value: Value,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub comment: Option<String>,
}

/// How far raters agree on a question. `records`: the current ones, of any question, all of which count: those given
/// under other words were taken out before ([`Wordings`]).
///
/// ```
/// use botsmith_eval::feedback::{Question, Record, Rules, Verdict, agreement};
/// let said = |case: usize, rater: &str, up: bool| Record {
///     case: case.to_string(), rater: rater.into(), question: "verdict".into(),
///     value: if up { "up" } else { "down" }.into(), ..Record::default()
/// };
/// let mut records = Vec::new();
/// for case in 0..60 {
///     records.push(said(case, "ana", case % 3 == 0));
///     records.push(said(case, "ben", case % 3 == 0 || case == 1));
/// }
/// let found = agreement::of(&Question::verdict(), &records, &Rules::default(), 7)?;
/// assert_eq!(found.standing.verdict, Verdict::Sound);
/// assert_eq!((found.answers, found.disputes.len()), (60, 1));
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// More than 256 different ratings.
pub fn of(question: &Question, records: &[Record], rules: &Rules, seed: u64) -> Result<Agreement> {
    let labels = Labels::new(question, records);
    let mut by_unit: BTreeMap<usize, Vec<(usize, &[f64])>> = BTreeMap::new();
    for (unit, rater, numbers) in &labels.first {
        by_unit
            .entry(*unit)
            .or_default()
            .push((*rater, numbers.as_slice()));
    }
    Ok(Agreement {
        standing: Standing::of(question, records, rules, seed)?,
        level: labels.level,
        answers: by_unit.len(),
        labels: labels.first.len(),
        reworded: 0,
        cohen: kappas::cohen(&labels, &by_unit, rules, seed)?,
        fleiss: kappas::fleiss(&labels, &by_unit, rules, seed)?,
        disputes: disputes(question, records),
    })
}

/// How far raters agree on those questions of a plan on which they can, or on those of them that are named. `records`:
/// the current ones, whichever words they were given under; the store has their runs.
///
/// # Errors
/// A name that the plan does not ask, more than 256 different ratings, or the store fails.
pub fn of_plan(
    (plan, names): (&Plan, &[String]),
    records: Vec<Record>,
    store: &dyn StateStore,
    rules: &Rules,
    seed: u64,
) -> Result<Vec<Agreement>> {
    for name in names {
        plan.question(name)?;
    }
    let now = Wordings::new(store, plan).split(records)?;
    let wanted = |question: &&Question| {
        question.kind.level().is_some() && (names.is_empty() || names.contains(&question.name))
    };
    let one = |question: &Question| {
        let mut found = of(question, &now.records, rules, seed)?;
        found.reworded = now.reworded.get(&question.name).copied().unwrap_or(0);
        Ok(found)
    };
    plan.questions.iter().filter(wanted).map(one).collect()
}

/// Where raters differ, in the order of how far; equals in the order of the records.
fn disputes(question: &Question, records: &[Record]) -> Vec<Dispute> {
    let mut order: Vec<String> = Vec::new();
    let mut units: BTreeMap<String, Vec<&Record>> = BTreeMap::new();
    let of_question = records
        .iter()
        .filter(|r| r.question == question.name && r.counts() && r.round < 2);
    for record in of_question {
        let unit = record.unit();
        if !units.contains_key(&unit) {
            order.push(unit.clone());
        }
        units.entry(unit).or_default().push(record);
    }
    let mut found: Vec<(f64, Dispute)> = order
        .iter()
        .filter_map(|unit| {
            let said = &units[unit];
            let numbers: Vec<_> = said.iter().map(|r| question.numbers(&r.value)).collect();
            let width = numbers.first()?.len();
            let apart: f64 = (0..width)
                .map(|i| {
                    let of = |pick: fn(f64, f64) -> f64, from| {
                        numbers
                            .iter()
                            .filter_map(|n| n.get(i).copied())
                            .fold(from, pick)
                    };
                    let distance = of(f64::max, f64::NEG_INFINITY) - of(f64::min, f64::INFINITY);
                    match question.kind.level() {
                        Some(Level::Nominal) => f64::from(u8::from(distance > 0.0)),
                        _ => distance,
                    }
                })
                .sum();
            (said.len() >= 2 && apart > 0.0).then(|| (apart, dispute(said)))
        })
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().map(|(_, dispute)| dispute).collect()
}

fn dispute(said: &[&Record]) -> Dispute {
    let first = said[0];
    let mut said: Vec<Said> = said
        .iter()
        .map(|record| Said {
            rater: record.rater.clone(),
            value: record.value.clone(),
            comment: record.comment.clone(),
        })
        .collect();
    said.sort_by(|a, b| a.rater.cmp(&b.rater));
    Dispute {
        run: first.run.clone(),
        case: first.case.clone(),
        bot: first.bot.clone(),
        against: first.against.as_ref().map(|other| other.bot.clone()),
        said,
    }
}
