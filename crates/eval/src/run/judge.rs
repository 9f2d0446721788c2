//! One batch of rows to one chunk of records: the work of a worker thread.

use crate::dataset::{Answers, Batch, Place, Row};
use crate::suite::Suite;
use crate::{Answer, Case, Outcome, Result};

use super::kept::{Kept, asking};
use super::select::Selection;
use super::{AnswerRecord, CaseRecord};

/// A judged batch.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) records: Vec<CaseRecord>,
    /// For each record, whether the row brought its id.
    pub(super) own_ids: Vec<bool>,
}

/// Where the answers of a bot are while a run is judged.
#[derive(Debug)]
pub(super) enum Given {
    /// They are recorded.
    Recorded(Box<Answers>),
    /// The bot was asked; the store has them.
    Asked,
}

/// What workers share.
#[derive(Debug)]
pub(super) struct Judge<'a> {
    suite: &'a Suite,
    selection: &'a Selection<'a>,
    answers: &'a [Given],
    kept: Kept<'a>,
    place: Place,
}

/// A row that is a case, with all that does not need asking.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) case: Case,
    pub(super) own_id: bool,
    /// Recorded answers, by bot, then by repeat.
    pub(super) recorded: Vec<AnswerRecord>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        suite: &'a Suite,
        selection: &'a Selection<'a>,
        answers: &'a [Given],
        kept: Kept<'a>,
    ) -> Self {
        Self {
            suite,
            selection,
            answers,
            kept,
            place: suite.dataset.source.place(),
        }
    }

    /// The case of a row with its recorded answers; `None` where the row is not chosen.
    pub(super) fn choose(&self, row: &Row) -> Result<Option<Chosen>> {
        let Some(mut case) = self.selection.case(row)? else {
            return Ok(None);
        };
        let own_id = !case.id.is_empty();
        if !own_id {
            case.id = case.content_id();
        }
        let mut recorded = Vec::with_capacity(self.answers.len());
        for (bot, source) in self.answers.iter().enumerate() {
            let given = match source {
                Given::Asked => continue,
                Given::Recorded(answers) => match &**answers {
                    Answers::SameRow { fields, csv } => fields.answers(row, &self.place, *csv)?,
                    Answers::ById(index) if own_id => index.answers(&case.id)?,
                    Answers::ById(_) => {
                        let bot = &self.suite.bots[bot].name;
                        return Err(self
                            .place
                            .at(row.line, format!("the row has no id, and the answers of {bot} stand in a file of their own"))
                            .hint("they are joined by id: name the field with `id:` in `dataset`")
                            .into());
                    }
                },
            };
            let given = self.repeats(given).into_iter().enumerate();
            recorded.extend(given.map(|(i, answer)| AnswerRecord {
                bot,
                repeat: i + 1,
                answer,
                ..AnswerRecord::default()
            }));
        }
        Ok(Some(Chosen {
            case,
            own_id,
            recorded,
        }))
    }

    /// Judges all cases of a batch.
    pub(super) fn batch(&self, batch: Batch) -> Result<Judged> {
        let rows = batch.rows()?;
        let mut judged = Judged {
            records: Vec::with_capacity(rows.len()),
            own_ids: Vec::with_capacity(rows.len()),
        };
        for row in rows {
            let Some(chosen) = self.choose(&row)? else {
                continue;
            };
            let (case, mut answers) = (chosen.case, chosen.recorded);
            let slices = self
                .suite
                .slices
                .iter()
                .map(|s| s.values(&case))
                .collect::<Result<_>>()?;
            self.kept
                .add_answers(self.suite, row.number as u64, &mut answers)?;
            let mut record = CaseRecord {
                case,
                line: row.line,
                slices,
                answers,
            };
            verdicts(self.suite, &self.kept, row.number as u64, &mut record)?;
            judged.records.push(record);
            judged.own_ids.push(chosen.own_id);
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

/// Judges the answers of a case; what judges said that ask a model is in the store under `row`.
pub(super) fn verdicts(
    suite: &Suite,
    kept: &Kept<'_>,
    row: u64,
    record: &mut CaseRecord,
) -> Result<()> {
    let mut asked = kept.verdicts(suite, row, &record.answers)?;
    let prepared = suite.panel.prepare(&record.case)?;
    for (i, answer) in record.answers.iter_mut().enumerate() {
        if answer.answer.outcome == Outcome::Answered {
            let before = std::mem::take(&mut answer.verdicts);
            answer.verdicts = match asked.get_mut(i) {
                None => suite.panel.judge(&prepared, &answer.answer)?,
                Some(asked) => {
                    let asked = std::mem::take(asked);
                    let mut stays = asking(suite);
                    stays.retain(|place| !asked.iter().any(|(known, _)| known == place));
                    let mut verdicts = suite.panel.judge_asked(&prepared, &answer.answer, asked)?;
                    // Of a rerun that asks again for what failed only, the rest stays.
                    for place in stays {
                        if let Some(verdict) = before.get(place) {
                            verdicts[place] = verdict.clone();
                        }
                    }
                    verdicts
                }
            };
            answer.overall = suite.panel.overall(&answer.verdicts);
        }
    }
    Ok(())
}
