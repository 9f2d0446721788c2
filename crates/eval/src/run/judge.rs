//! One batch of rows to one chunk of records: the work of a worker thread.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::dataset::{Answers, Batch, Place, Row};
use crate::suite::Suite;
use crate::{Answer, Case, Error, Outcome, Result, Verdict};

use super::kept::{Kept, asking};
use super::runner::Part;
use super::select::Selection;
use super::shares::{self, Shares};
use super::{AnswerRecord, CaseRecord};

/// How long a share judges before it keeps what it has: a kill loses at most so much.
const KEEP_EVERY: Duration = Duration::from_millis(250);

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
    /// What other processes have judged, where there is any.
    shares: Option<Shares<'a>>,
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
            shares: None,
            place: suite.dataset.source.place(),
        }
    }

    /// With what other processes have judged.
    pub(super) fn with(mut self, shares: Option<Shares<'a>>) -> Self {
        self.shares = shares;
        self
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

    /// Judges all cases of a batch, less those that were judged elsewhere.
    pub(super) fn batch(&self, number: u64, batch: Batch) -> Result<Judged> {
        let rows = batch.rows()?;
        let mut shared = match &self.shares {
            Some(shares) => shares.batch(number)?,
            None => HashMap::new(),
        };
        let mut judged = Judged {
            records: Vec::with_capacity(rows.len()),
            own_ids: Vec::with_capacity(rows.len()),
        };
        for row in rows {
            let Some((mut record, own_id)) = self.record(&row)? else {
                continue;
            };
            let number = row.number as u64;
            let asked = self.kept.verdicts(self.suite, number, &record.answers)?;
            let there = shared
                .remove(&number)
                .filter(|there| there.is_of(&shares::hash(&record.answers, &asked)));
            match there {
                Some(there) => {
                    for (answer, verdicts) in record.answers.iter_mut().zip(there.verdicts()) {
                        answer.verdicts = verdicts;
                        if answer.answer.outcome == Outcome::Answered {
                            answer.overall = self.suite.panel.overall(&answer.verdicts);
                        }
                    }
                }
                None => judge(self.suite, asked, &mut record)?,
            }
            judged.records.push(record);
            judged.own_ids.push(own_id);
        }
        Ok(judged)
    }

    /// Judges a share of the rows of a batch, less what is kept, and keeps it as it goes.
    pub(super) fn share(
        &self,
        (number, batch): (u64, Batch),
        part: Part,
        shares: &Shares<'_>,
        stopped: impl Fn() -> bool,
    ) -> Result<()> {
        let there = shares.batch(number)?;
        let (mut new, mut kept) = (Vec::new(), Instant::now());
        for row in batch.rows()? {
            let at = row.number as u64;
            if !part.has(at) {
                continue;
            }
            if stopped() {
                shares.keep(number, part, &new)?;
                return Err(Error::Interrupted);
            }
            let Some((mut record, _)) = self.record(&row)? else {
                continue;
            };
            let asked = self.kept.verdicts(self.suite, at, &record.answers)?;
            let hash = shares::hash(&record.answers, &asked);
            if there.get(&at).is_some_and(|there| there.is_of(&hash)) {
                continue;
            }
            judge(self.suite, asked, &mut record)?;
            new.push(shares::Row::new(at, hash, &record.answers));
            if kept.elapsed() >= KEEP_EVERY {
                shares.keep(number, part, &new)?;
                new.clear();
                kept = Instant::now();
            }
        }
        shares.keep(number, part, &new)
    }

    /// The case of a row with all its answers, none of them judged; and whether the row brought its id.
    fn record(&self, row: &Row) -> Result<Option<(CaseRecord, bool)>> {
        let Some(chosen) = self.choose(row)? else {
            return Ok(None);
        };
        let (case, mut answers) = (chosen.case, chosen.recorded);
        let slices = self.suite.slices.iter().map(|s| s.values(&case));
        let slices = slices.collect::<Result<_>>();
        let slices = slices.map_err(|error| self.place.of_case(row.line, error))?;
        self.kept
            .add_answers(self.suite, row.number as u64, &mut answers)?;
        let record = CaseRecord {
            case,
            line: row.line,
            slices,
            answers,
        };
        Ok(Some((record, chosen.own_id)))
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
    let asked = kept.verdicts(suite, row, &record.answers)?;
    judge(suite, asked, record)
}

/// The same, given what judges said that ask a model.
fn judge(suite: &Suite, asked: Vec<Vec<(usize, Verdict)>>, record: &mut CaseRecord) -> Result<()> {
    judge_row(suite, asked, record).map_err(|error| {
        let field = matches!(
            error,
            Error::NoReference { .. }
                | Error::EmptyReference { .. }
                | Error::DoubtfulReference { .. }
        );
        let source = &suite.dataset.source;
        match source.place().of_case(record.line, error) {
            Error::Core(botsmith_core::Error::Invalid(diagnostic)) if field => {
                let named = suite.dataset.mapping.reference_fields();
                (*diagnostic).field(named).into()
            }
            error => error,
        }
    })
}

fn judge_row(
    suite: &Suite,
    mut asked: Vec<Vec<(usize, Verdict)>>,
    record: &mut CaseRecord,
) -> Result<()> {
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
