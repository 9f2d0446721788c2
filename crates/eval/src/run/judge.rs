//! One batch of rows to one chunk of records: the work of a worker thread.

use crate::dataset::{Answers, Batch, Place};
use crate::evaluators::{Configured, Range};
use crate::suite::Suite;
use crate::{Answer, Outcome, Result, Verdict};

use super::select::Selection;
use super::{AnswerRecord, CaseRecord};

/// A judged batch.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) records: Vec<CaseRecord>,
    /// For each record, whether the row brought its id.
    pub(super) own_ids: Vec<bool>,
}

/// What workers share.
#[derive(Debug)]
pub(super) struct Judge<'a> {
    suite: &'a Suite,
    selection: &'a Selection<'a>,
    answers: &'a [Answers],
    place: Place,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        suite: &'a Suite,
        selection: &'a Selection<'a>,
        answers: &'a [Answers],
    ) -> Self {
        Self {
            suite,
            selection,
            answers,
            place: suite.dataset.source.place(),
        }
    }

    /// Judges all cases of a batch.
    pub(super) fn batch(&self, batch: Batch) -> Result<Judged> {
        let rows = batch.rows()?;
        let mut judged = Judged {
            records: Vec::with_capacity(rows.len()),
            own_ids: Vec::with_capacity(rows.len()),
        };
        for row in rows {
            let line = row.line;
            let Some(mut case) = self.selection.case(&row)? else {
                continue;
            };
            let own = !case.id.is_empty();
            if !own {
                case.id = case.content_id();
            }
            let slices = self
                .suite
                .slices
                .iter()
                .map(|s| s.values(&case))
                .collect::<Result<_>>()?;
            let mut answers = Vec::with_capacity(self.answers.len());
            for (bot, source) in self.answers.iter().enumerate() {
                let given = match source {
                    Answers::SameRow { fields, csv } => fields.answers(&row, &self.place, *csv)?,
                    Answers::ById(index) if own => index.answers(&case.id)?,
                    Answers::ById(_) => {
                        let bot = &self.suite.bots[bot].name;
                        return Err(self
                            .place
                            .at(line, format!("the row has no id, and the answers of {bot} stand in a file of their own"))
                            .hint("they are joined by id: name the field with `id:` in `dataset`")
                            .into());
                    }
                };
                answers.extend(
                    self.repeats(given)
                        .into_iter()
                        .enumerate()
                        .map(|(i, answer)| AnswerRecord {
                            bot,
                            repeat: i + 1,
                            answer,
                            ..AnswerRecord::default()
                        }),
                );
            }
            let prepared = self.suite.panel.prepare(&case)?;
            for record in &mut answers {
                if record.answer.outcome == Outcome::Answered {
                    record.verdicts = self.suite.panel.judge(&prepared, &record.answer)?;
                    record.overall = overall(self.suite.panel.evaluators(), &record.verdicts);
                }
            }
            drop(prepared);
            judged.records.push(CaseRecord {
                case,
                line,
                slices,
                answers,
            });
            judged.own_ids.push(own);
        }
        Ok(judged)
    }

    /// As many answers as the suite asks for; those that were not recorded have failed.
    fn repeats(&self, mut answers: Vec<Answer>) -> Vec<Answer> {
        if let Some(repeat) = self.suite.repeat {
            answers.truncate(repeat);
            while answers.len() < repeat {
                let n = answers.len() + 1;
                answers.push(Answer::failed(format!(
                    "missing: no recorded answer for repeat {n}"
                )));
            }
        }
        answers
    }
}

/// Weighted mean of an answer's scores. A score outside 0 to 1 (seconds, counts) enters as its
/// pass or fail, or not at all.
pub(super) fn overall(evaluators: &[Configured], verdicts: &[Verdict]) -> Option<f64> {
    let (mut sum, mut weights) = (0.0, 0.0);
    for (evaluator, verdict) in evaluators.iter().zip(verdicts) {
        let Verdict::Judged(score) = verdict else {
            continue;
        };
        let range = evaluator.range();
        let unit = range == Range::UNIT;
        let value = match (unit, score.passed) {
            (true, _) => score.value,
            (false, Some(passed)) => f64::from(u8::from(passed)),
            (false, None) => continue,
        };
        sum += evaluator.weight() * value;
        weights += evaluator.weight();
    }
    (weights > 0.0).then(|| sum / weights)
}
