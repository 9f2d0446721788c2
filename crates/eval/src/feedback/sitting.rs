//! Who sits down to label what: a run (or two), a rater and their wishes -> the session that the terminal and the
//! notebook drive.

use std::path::PathBuf;

use botsmith_core::store::StateStore;
use serde::{Deserialize, Serialize};

use crate::run::Runs;
use crate::{Error, Result};

use super::{Filter, Log, Plan, Rules, Session, Wordings, Work, seed};

/// Who reviews what. Left empty, each wish is the suite's.
///
/// ```
/// use botsmith_eval::feedback::Sitting;
/// let sitting: Sitting = serde_json::from_str(r#"{"run": "latest", "rater": "ana", "budget": 20}"#)?;
/// let store = botsmith_core::store::open("memory:")?;
/// let error = sitting.session(&*store).unwrap_err();
/// assert!(error.to_string().contains("run"), "{error}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sitting {
    /// `latest`, or the first digits of a run's id.
    pub run: String,
    /// A second run of the same cases: both answers to a random part of them are labelled, blind and mixed.
    #[serde(default)]
    pub beside: Option<String>,
    /// Who labels.
    pub rater: String,
    /// Ask only these questions; empty: all.
    #[serde(default)]
    pub questions: Vec<String>,
    /// How many labels are asked for, second ones included; of two runs, so many for each.
    #[serde(default)]
    pub budget: Option<usize>,
    /// The seed of what is chosen and of its order.
    #[serde(default)]
    pub seed: Option<u64>,
    /// Answers that the rater has labelled come again.
    #[serde(default)]
    pub again: bool,
    /// The suite file that asks; else the run's, as it is now.
    #[serde(default)]
    pub suite: Option<PathBuf>,
}

impl Sitting {
    /// The rater's way through what is left to label.
    ///
    /// # Errors
    /// A run, a rater or a question that is not there, or as [`Work::of_run`] and [`Work::of_two`].
    pub fn session(&self, store: &dyn StateStore) -> Result<Session> {
        let runs = Runs::new(store);
        let run = runs.open(&runs.resolve(&self.run)?)?;
        let second = match &self.beside {
            Some(beside) => Some(runs.open(&runs.resolve(beside)?)?),
            None => None,
        };
        let mut plan = Plan::of_run(&run.manifest, self.suite.as_deref())?;
        plan.check_rater(&self.rater)?;
        plan.budget = self.budget.unwrap_or(plan.budget).max(1);
        let seed = self.seed.unwrap_or_else(|| seed(&run.manifest));
        let log = Log::open(store);
        let mut said = Vec::new();
        for of in [Some(&run), second.as_ref()].into_iter().flatten() {
            let mut filter = Filter::of_run(of.manifest.id.as_str());
            filter.every_state = true;
            said.extend(log.current(&filter)?);
        }
        // What was said under other words is asked again.
        let said = Wordings::new(store, &plan).split(said)?.records;
        let work = match &second {
            Some(second) if second.manifest.id == run.manifest.id => {
                return Err(Error::Invalid(
                    "a run beside itself shows every answer twice: name another one".into(),
                ));
            }
            Some(second) => {
                // Whoever sees which version they judge does not judge the answer.
                plan.blind = true;
                Work::of_two([&run, second], &plan, &log, seed)?
            }
            None => Work::of_run(&run, &plan, &log, seed)?,
        };
        for name in &self.questions {
            plan.question(name)?;
        }
        if !self.questions.is_empty() {
            plan.questions
                .retain(|question| self.questions.contains(&question.name));
        }
        Ok(match self.again {
            true => {
                let again = Rules::default().again;
                Session::again(work, plan, &self.rater, &said, again, seed)
            }
            false => Session::new(work, plan, &self.rater, &said, seed),
        })
    }
}
