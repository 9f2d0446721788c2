//! What people said, out of the log of feedback: records -> what may teach, what may not, whether to go on
//! at all, and what speaks against promoting without a person.
//!
//! Everything that anybody ever wrote about a case of dev or gate is guarded, drafts and withdrawn words
//! too, and those on other suites' cases: cases are known by their ids, and two suites may have the same text. What
//! teaches, and what raters' standing rests on, is of this suite alone: somebody's word on the truth, given under the
//! question's words of now, by raters who are not excluded. A record without a suite is of that of its run; where the
//! run is not in the store it is of no suite.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::feedback::{
    Filter, InForce, Kind, Log, Plan, Question, Record, Rules, Standing, Wordings,
};
use crate::run::Runs;
use crate::{Error, Result};

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
    /// What the log holds that bears on the suite of this name, which asks as `plan` says.
    ///
    /// # Errors
    /// If the store fails or a record does not read.
    pub fn of(log: &Log<'_>, suite: &str, plan: &Plan, seed: u64) -> Result<Self> {
        let all = log.all(&Filter::default())?;
        let mut suites = Suites::new(log);
        let mut current = Vec::new();
        for record in log.current(&Filter::default())? {
            if suites.of(&record)?.is_some_and(|of| of == suite) {
                current.push(record);
            }
        }
        let InForce {
            records: current,
            reworded,
        } = Wordings::new(log.store(), plan).split(current)?;
        let mut heard = Self::default();
        let standing = if let Some(question) =
            plan.questions.iter().find(|question| question.decides())
        {
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
                if let Some(labels) = reworded.get(&question.name) {
                    heard.doubts.push(format!(
                            "{labels} labels to `{}` were given when it read otherwise and do not count",
                            question.name
                        ));
                }
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
        let now: HashSet<&str> = current.iter().map(|record| record.id.as_str()).collect();
        let teaches = |record: &Record| {
            record.counts()
                && standing
                    .as_ref()
                    .is_none_or(|standing| standing.counts(&record.rater))
                && now.contains(record.id.as_str())
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

/// The suite of each record.
struct Suites<'a> {
    runs: Runs<'a>,
    of: HashMap<String, Option<String>>,
}

impl<'a> Suites<'a> {
    fn new(log: &Log<'a>) -> Self {
        Self {
            runs: Runs::new(log.store()),
            of: HashMap::new(),
        }
    }

    /// The name of a record's suite; `None` where nobody knows.
    fn of(&mut self, record: &Record) -> Result<Option<String>> {
        if !record.suite.is_empty() {
            return Ok(Some(record.suite.clone()));
        }
        if record.run.is_empty() {
            return Ok(None);
        }
        let suite = match self.of.entry(record.run.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(match self.runs.open(&record.run) {
                Ok(run) => Some(run.manifest.suite),
                Err(Error::NotFound { .. }) => None,
                Err(error) => return Err(error),
            }),
        };
        Ok(suite.clone())
    }
}
