//! How much raters agree on one question: current records -> numbers, raters, disputes, standing.
//!
//! Beside what the standing rests on (alpha): Cohen's kappa where there are two raters, with its three
//! weights; Fleiss' and Randolph's over the answers that have the number of labels most of them have.
//! A question with several labels at once counts each label as a yes or no of its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Result;
use crate::stats::{Confusion, Level, Weights, fleiss_kappa, randolph_kappa};

use super::standing::Labels;
use super::{Question, Record, Rules, Standing};

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
    /// Cohen's kappa of two raters.
    pub cohen: Option<Cohen>,
    /// Kappa of as many raters as most answers have.
    pub fleiss: Option<Fleiss>,
    /// The answers on which raters differ, the widest apart first.
    pub disputes: Vec<Dispute>,
}

/// Cohen's kappa over the answers that both of two raters labelled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cohen {
    /// How many labels are compared.
    pub n: usize,
    /// Every disagreement alike; `None` where nothing differs.
    pub plain: Option<f64>,
    /// By distance; only where labels have an order.
    pub linear: Option<f64>,
    /// By distance squared; only where labels have an order.
    pub quadratic: Option<f64>,
}

/// Kappa of several raters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fleiss {
    /// How many labels each answer has.
    pub raters: usize,
    /// How many answers have so many.
    pub n: usize,
    /// Fleiss' kappa; `None` where all labels are equal.
    pub fleiss: Option<f64>,
    /// Randolph's kappa.
    pub randolph: Option<f64>,
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

/// How far raters agree on a question. `records`: the current ones, of any question.
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
        cohen: cohen(&labels, &by_unit)?,
        fleiss: fleiss(&labels, &by_unit)?,
        disputes: disputes(question, records),
    })
}

type Units<'a> = BTreeMap<usize, Vec<(usize, &'a [f64])>>;

/// Numbers as classes: answers are whole numbers or places in a list.
fn class(x: f64) -> i64 {
    x.round() as i64
}

fn cohen(labels: &Labels, units: &Units<'_>) -> Result<Option<Cohen>> {
    if labels.raters.len() != 2 {
        return Ok(None);
    }
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for unit in units.values() {
        let of = |rater| unit.iter().find(|(r, _)| *r == rater).map(|(_, x)| *x);
        if let (Some(first), Some(second)) = (of(0), of(1)) {
            a.extend(first.iter().map(|x| class(*x)));
            b.extend(second.iter().map(|x| class(*x)));
        }
    }
    if a.is_empty() {
        return Ok(None);
    }
    let confusion = Confusion::new(&a, &b)?;
    let ordered = |weights| match labels.level {
        Level::Nominal => None,
        _ => confusion.kappa(weights),
    };
    Ok(Some(Cohen {
        n: a.len(),
        plain: confusion.kappa(Weights::None),
        linear: ordered(Weights::Linear),
        quadratic: ordered(Weights::Quadratic),
    }))
}

fn fleiss(labels: &Labels, units: &Units<'_>) -> Result<Option<Fleiss>> {
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    for unit in units.values().filter(|unit| unit.len() >= 2) {
        *sizes.entry(unit.len()).or_default() += 1;
    }
    let most = sizes.into_iter().max_by_key(|(size, n)| (*n, *size));
    let Some((raters, n)) = most else {
        return Ok(None);
    };
    let mut classes: Vec<i64> = labels
        .first
        .iter()
        .flat_map(|(_, _, numbers)| numbers.iter().map(|x| class(*x)))
        .collect();
    classes.sort_unstable();
    classes.dedup();
    let mut table = Vec::new();
    for unit in units.values().filter(|unit| unit.len() == raters) {
        for i in 0..labels.width {
            let mut row = vec![0; classes.len()];
            for (_, numbers) in unit {
                let at = numbers.get(i).map(|x| classes.binary_search(&class(*x)));
                if let Some(Ok(at)) = at {
                    row[at] += 1;
                }
            }
            table.push(row);
        }
    }
    Ok(Some(Fleiss {
        raters,
        n,
        fleiss: fleiss_kappa(&table)?,
        randolph: randolph_kappa(&table)?,
    }))
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
