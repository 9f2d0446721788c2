//! The answers of a run that count: what the judge gave each, and what people say of it.

use std::collections::BTreeMap;

use super::LeftOut;
use crate::calibration::collect::scale;
use crate::calibration::said::{Said, Word};
use crate::run::StoredRun;
use crate::stats::Judged;
use crate::{Outcome, Result, Verdict};

/// One answer that counts.
pub(super) struct Row {
    pub(super) bot: usize,
    pub(super) place: (usize, usize),
    pub(super) group: usize,
    pub(super) judge: f64,
    /// Whether the majority lets it pass, and the chance that they were asked.
    pub(super) word: Option<(f64, Option<f64>)>,
}

/// The answers of a run where the bot answered and the judge, where there is one, judged.
pub(super) fn rows(
    run: &StoredRun<'_>,
    metric: Option<&str>,
    said: &Said<'_>,
    left_out: &mut LeftOut,
) -> Result<Vec<Row>> {
    let judge = metric.map(|metric| scale(run, metric)).transpose()?;
    let mut groups: BTreeMap<String, usize> = BTreeMap::new();
    let mut rows = Vec::new();
    for (at, case) in run.cases().enumerate() {
        let case = case?;
        let group = case.case.group.as_ref().unwrap_or(&case.case.id);
        let next = groups.len();
        let group = *groups.entry(group.clone()).or_insert(next);
        for answer in &case.answers {
            let Some(bot) = run.manifest.bots.get(answer.bot) else {
                continue;
            };
            if answer.answer.outcome != Outcome::Answered {
                continue;
            }
            let judge = match judge {
                None => 0.0,
                Some((index, scale)) => match answer.verdicts.get(index) {
                    Some(Verdict::Judged(score)) => scale.unit(score.value),
                    _ => continue,
                },
            };
            let word = match said.on(&case.case.id, bot, answer.repeat, &answer.answer.text) {
                Word::None => None,
                Word::Stale(words) => {
                    left_out.stale += words;
                    None
                }
                Word::Divided => {
                    left_out.divided += 1;
                    None
                }
                Word::Settled {
                    passes,
                    probability,
                    ..
                } => Some((f64::from(u8::from(passes)), probability)),
            };
            rows.push(Row {
                bot: answer.bot,
                place: (at, answer.repeat),
                group,
                judge,
                word,
            });
        }
    }
    Ok(rows)
}

/// Cases for the estimate. Who was not asked had the least chance of those who were, or a smaller one that nobody knows.
pub(super) fn judged(
    cases: impl Iterator<Item = (f64, Option<(f64, f64)>)> + Clone,
) -> Vec<Judged> {
    let chances = cases.clone().filter_map(|(_, word)| Some(word?.1));
    let least = chances.fold(1.0, f64::min);
    cases
        .map(|(judge, word)| {
            let chance = word.map_or(least, |(_, chance)| chance);
            Judged::new(judge, word.map(|(human, _)| human)).included(chance)
        })
        .collect()
}
