//! What people said, out of the log of feedback: records -> what may teach, what may not, whether to go on
//! at all, and what speaks against promoting without a person.
//!
//! Everything that anybody ever wrote about a case of dev or gate is guarded, drafts and withdrawn words
//! too. Only what counts as somebody's word on the truth teaches, and only of raters who are not excluded.

use crate::Result;
use crate::feedback::{Filter, Kind, Log, Plan, Question, Record, Rules, Standing};

use super::Said;

/// What people said.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// What was said of cases, oldest first.
    pub said: Vec<Said>,
    /// Why the loop has to stop: raters disagree so much that nothing can be learnt.
    pub halted: Option<String>,
    /// Why nothing may be promoted without a person.
    pub doubts: Vec<String>,
    /// The question that says what passes, and the words on it that count.
    pub labels: Option<(Question, Vec<Record>)>,
}

impl Heard {
    /// What the log holds of cases of any suite; a record is known by its case's id.
    ///
    /// # Errors
    /// If the store fails or a record does not read.
    pub fn of(log: &Log<'_>, plan: &Plan, seed: u64) -> Result<Self> {
        let all = log.all(&Filter::default())?;
        let current = log.current(&Filter::default())?;
        let mut heard = Self::default();
        let standing =
            if let Some(question) = plan.questions.iter().find(|question| question.decides()) {
                let standing = Standing::of(question, &current, &Rules::default(), seed)?;
                if standing.halted() {
                    heard.halted = Some(standing.reasons.join("; "));
                }
                if !standing.may_be_automatic() {
                    heard.doubts = match standing.reasons.is_empty() {
                        true => vec![format!(
                            "answers to `{}` do not show that raters agree",
                            question.name
                        )],
                        false => standing.reasons.clone(),
                    };
                }
                let counts = |record: &&Record| {
                    record.question == question.name
                        && record.counts()
                        && standing.counts(&record.rater)
                };
                let labels: Vec<Record> = current.iter().filter(counts).cloned().collect();
                heard.labels = Some((question.clone(), labels));
                Some(standing)
            } else {
                heard
                    .doubts
                    .push("the suite asks no question that says what passes".into());
                None
            };
        let teaches = |record: &Record| {
            record.counts()
                && standing
                    .as_ref()
                    .is_none_or(|standing| standing.counts(&record.rater))
                && current.iter().any(|now| now.id == record.id)
        };
        let mut ordered: Vec<&Record> = all.iter().collect();
        ordered.sort_by_key(|record| record.at);
        for record in ordered {
            let mut said = Said::of(record.case.as_str());
            said.correction.clone_from(&record.correction);
            said.comment.clone_from(&record.comment);
            let kind = plan
                .questions
                .iter()
                .find(|question| question.name == record.question);
            match (kind.map(|question| &question.kind), record.value.as_str()) {
                (Some(Kind::Correction), Some(text)) => said.correction = Some(text.to_owned()),
                (Some(Kind::Comment), Some(text)) => said.comment = Some(text.to_owned()),
                _ => {}
            }
            said.teaches = teaches(record);
            if said.texts().next().is_some() {
                heard.said.push(said);
            }
        }
        Ok(heard)
    }
}
