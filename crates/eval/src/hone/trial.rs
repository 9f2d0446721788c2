//! A trial: the text of a cartridge and some cases -> what its bot answered and how it was judged.
//!
//! Each trial is a run of the suite with one bot over those cases alone, kept like any other run: the same
//! cartridge on the same cases is found again, and nobody is asked twice. A trial that was interrupted
//! goes on where it stopped.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use botsmith_core::store::StateStore;

use crate::ask::Bots;
use crate::run::{CaseRecord, Progress, RunOptions, Runner, Runs};
use crate::suite::{BotAnswers, BotSpec, LiveBot, Suite};
use crate::{Outcome, Result, Verdict};

use super::{Cases, Target};

/// How one case went: all answers of one bot to it together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// Mean of the target over the answers that were judged, more is better; `None` where none was.
    pub value: Option<f64>,
    /// Whether every answer passed, where the target decides.
    pub passed: Option<bool>,
    /// The first answer, where the bot answered.
    pub text: Option<String>,
    /// Why the first answer did not pass, as evaluators say it.
    pub reasons: Vec<String>,
    /// Answers, failed and refused ones included.
    pub answers: usize,
    /// Answers that failed.
    pub failed: usize,
    /// Price of all answers, where they have one.
    pub cost: Option<f64>,
    /// Seconds of all answers, where they are known.
    pub seconds: Option<f64>,
}

/// What a trial came to.
#[derive(Debug)]
pub(super) struct Trial {
    /// The run's id.
    pub(super) run: String,
    /// By place of the case.
    pub(super) cases: BTreeMap<usize, Judged>,
    /// Answers that were asked for now.
    pub(super) asked: usize,
}

/// How trials are run.
pub(super) struct Bench<'a> {
    pub(super) store: &'a dyn StateStore,
    pub(super) bots: &'a dyn Bots,
    pub(super) threads: usize,
    pub(super) concurrency: Option<NonZeroUsize>,
    pub(super) progress: Option<&'a dyn Fn(Progress)>,
    pub(super) cancel: Option<&'a AtomicBool>,
    /// The suite; its bots and its dataset change from trial to trial.
    pub(super) suite: Suite,
    pub(super) live: LiveBot,
    pub(super) target: Target,
}

impl Bench<'_> {
    /// Makes a suite into one for trials: what decides no answer and no verdict goes.
    pub(super) fn suite(mut suite: Suite) -> Suite {
        suite.gate.clear();
        suite.dataset.filter = None;
        suite.dataset.tags.clear();
        suite.dataset.limit = None;
        suite.dataset.sample = None;
        if let Some(identity) = suite.identity.as_object_mut() {
            for key in ["gate", "hone", "feedback"] {
                identity.remove(key);
            }
        }
        suite
    }

    /// Answers to a case, repeats included.
    pub(super) fn repeats(&self) -> usize {
        self.suite.repeat.unwrap_or(1)
    }

    /// Asks the bot of a cartridge about the cases at these places, or finds what it said earlier.
    pub(super) fn ask(
        &mut self,
        text: &Arc<str>,
        cases: &Cases,
        places: &[usize],
    ) -> Result<Trial> {
        let mut trial = Trial {
            run: String::new(),
            cases: BTreeMap::new(),
            asked: 0,
        };
        if places.is_empty() {
            return Ok(trial);
        }
        let mut places = places.to_vec();
        // In order of the file: the same cases are the same run, in whatever order they were drawn.
        places.sort_unstable();
        places.dedup();
        let mut live = self.live.clone();
        live.source.text = Some(Arc::clone(text));
        self.suite.bots = vec![BotSpec {
            name: live.source.name.clone(),
            answers: BotAnswers::Live(Box::new(live)),
        }];
        self.suite.dataset.source = cases.source(&places);
        let options = RunOptions {
            threads: self.threads,
            concurrency: self.concurrency,
            progress: self.progress,
            cancel: self.cancel,
            bots: Some(self.bots),
            ..RunOptions::default()
        };
        let finished = Runner::new(self.store).with(options).run(&self.suite)?;
        let id = finished.report.run;
        let run = Runs::new(self.store).open(&id)?;
        // Records come in order of the rows, which is that of the places.
        for (place, record) in places.into_iter().zip(run.cases()) {
            let judged = judged(&self.target, &record?);
            if !finished.already {
                trial.asked += judged.answers;
            }
            trial.cases.insert(place, judged);
        }
        trial.run = id;
        Ok(trial)
    }
}

/// How a case went.
fn judged(target: &Target, record: &CaseRecord) -> Judged {
    let mut judged = Judged::default();
    let (mut values, mut sum) = (0_usize, 0.0);
    for given in &record.answers {
        let answer = &given.answer;
        judged.answers += 1;
        judged.failed += usize::from(answer.outcome == Outcome::Failed);
        if let Some(cost) = answer.cost {
            *judged.cost.get_or_insert(0.0) += cost;
        }
        if let Some(seconds) = answer.latency {
            *judged.seconds.get_or_insert(0.0) += seconds;
        }
        if judged.text.is_none() && answer.outcome == Outcome::Answered {
            judged.text = Some(answer.text.clone());
            judged.reasons = given.verdicts.iter().filter_map(reason).collect();
        }
        if let Some(value) = target.value(given) {
            values += 1;
            sum += value;
            if target.decides {
                judged.passed = Some(judged.passed.unwrap_or(true) && value >= 1.0);
            }
        }
    }
    judged.value = (values > 0).then(|| sum / values as f64);
    judged
}

/// Why an evaluator did not let an answer pass.
fn reason(verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Judged(score) if score.passed == Some(false) => {
            score.explanation.as_ref().map(ToString::to_string)
        }
        _ => None,
    }
}
