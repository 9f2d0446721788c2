//! A judge held against what people said: runs of one suite, a metric, a question -> the calibration in force
//! from now on, kept in the store.
//!
//! Labels of raters who are at odds with the others do not count; where raters disagree as a whole the rubric is
//! the defect, and no judge is held against such labels. Runs of which the judge was another one are left out.

use botsmith_core::store::StateStore;

use super::{
    Binding, Calibrations, Collected, Renew, Renewal, Requirements, Standing, Stored, renew,
};
use crate::feedback::{Filter, Log, Plan, Question, Record, Rules, Standing as Raters, Wordings};
use crate::run::{Manifest, StoredRun};
use crate::{Error, Result};

/// What is held, and how.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Hold {
    /// The metric; `None`: the suite's judge, where it has one.
    pub metric: Option<String>,
    /// The question whose answers say what passes; `None`: the suite's first that does.
    pub question: Option<String>,
    /// Whether a new calibration is made from all labels though the one in force holds.
    pub anew: bool,
    /// Seed of folds and resamples.
    pub seed: u64,
    /// What is wanted of a judge that gates.
    pub requirements: Requirements,
}

/// What came of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Held {
    /// What the judge is bound to.
    pub binding: Binding,
    /// The question.
    pub question: Question,
    /// The labels, and what was left out.
    pub collected: Collected,
    /// Raters whose labels do not count, since they are at odds with the others.
    pub excluded: Vec<String>,
    /// Runs of another judge, or that are not complete.
    pub other_judges: usize,
    /// The calibration in force.
    pub stored: Stored,
    /// What became of newer labels.
    pub renewal: Renewal,
    /// How the judge stands.
    pub standing: Standing,
}

impl Hold {
    /// Holds the judge of these runs, the newest first, against the labels in the store, and keeps the calibration.
    ///
    /// # Errors
    /// No runs; a metric, a question or labels that are not there; raters who disagree as a whole; too few labels
    /// for a first calibration; the store's.
    pub fn of(&self, store: &dyn StateStore, runs: &[StoredRun<'_>]) -> Result<Held> {
        let Some(newest) = runs.first() else {
            return Err(Error::Invalid("no run to hold the judge against".into()));
        };
        let metric = self.metric(&newest.manifest)?;
        let (question, plan) = question(self.question.as_deref(), &newest.manifest)?;
        let binding = Binding::of(&newest.manifest, &metric)?;
        let log = Log::open(store);
        let mut wordings = Wordings::new(store, &plan);
        let (mut said, mut other_judges, mut reworded) = (Vec::new(), 0, 0);
        for run in runs {
            let bound = Binding::of(&run.manifest, &metric);
            if run.report.is_none() || !bound.is_ok_and(|b| binding.changes(&b).is_empty()) {
                other_judges += 1;
                continue;
            }
            let now = wordings.split(log.current(&Filter::of_run(run.manifest.id.clone()))?)?;
            reworded += now.reworded.get(&question.name).copied().unwrap_or(0);
            said.push((run, now.records));
        }
        let all: Vec<_> = said
            .iter()
            .flat_map(|(_, records)| records.clone())
            .collect();
        let raters = raters(&question, &all, self.seed)?;
        let mut collected = Collected::default();
        for (run, mut records) in said {
            records.retain(|record| raters.counts(&record.rater));
            collected.add(Collected::of(run, &metric, &question, &records)?);
        }
        let mut collected = collected.settled();
        collected.reworded = reworded;
        let how = Renew {
            requirements: self.requirements,
            now_ms: store.now_ms()?,
            seed: self.seed,
            anew: self.anew,
        };
        let calibrations = Calibrations::new(store);
        let old = calibrations.get(&binding.suite, &metric)?;
        if old.is_none() && collected.labels.is_empty() {
            return Err(Error::NotFound {
                what: "label",
                name: format!("{} of {}", question.name, newest.manifest.suite),
                hint: Some(no_label(reworded, "latest")),
            });
        }
        let (stored, renewal) = renew(old, &binding, &collected.labels, &how)?;
        calibrations.put(&stored)?;
        Ok(Held {
            standing: stored.standing(&binding),
            excluded: excluded(&raters),
            binding,
            question,
            collected,
            other_judges,
            stored,
            renewal,
        })
    }

    fn metric(&self, run: &Manifest) -> Result<String> {
        if let Some(wanted) = &self.metric {
            return Ok(wanted.clone());
        }
        judge(run)?.ok_or_else(|| {
            Error::Invalid(format!(
                "no metric of the suite is a judge: name one with --metric; there are {}",
                botsmith_core::hint::list(run.metrics.iter().map(String::as_str))
            ))
        })
    }
}

/// The suite's judge, where it has one.
pub(super) fn judge(run: &Manifest) -> Result<Option<String>> {
    let entries = run.identity["suite"]["evaluators"].as_array();
    let entries = entries.map_or(&[][..], Vec::as_slice);
    let judges: Vec<&str> = run
        .metrics
        .iter()
        .zip(entries)
        .filter(|(_, entry)| entry.get("judge").is_some())
        .map(|(name, _)| name.as_str())
        .collect();
    match judges.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some((*only).to_owned())),
        many => Err(Error::Invalid(format!(
            "the suite has several judges: name one with --metric; there are {}",
            botsmith_core::hint::list(many.iter().copied())
        ))),
    }
}

/// What to do where there is no label. `reworded`: how many were given under other words.
pub(super) fn no_label(reworded: usize, run: &str) -> String {
    let collects = format!("`botsmith feedback review {run}` collects them");
    match reworded {
        0 => collects,
        n => {
            format!("{collects}; {n} were given when the question read otherwise, and do not count")
        }
    }
}

/// The question that is meant, and the plan that asks it: by its name, else the suite's first that says what passes.
pub(super) fn question(wanted: Option<&str>, run: &Manifest) -> Result<(Question, Plan)> {
    let plan = Plan::of_run(run, None)?;
    if let Some(wanted) = wanted {
        return Ok((plan.question(wanted)?.clone(), plan));
    }
    match plan.questions.iter().find(|question| question.decides()) {
        Some(question) => Ok((question.clone(), plan)),
        None => Err(Error::Invalid(
            "no question of the suite's `feedback` says what passes: give a rating or a label its `pass`"
                .into(),
        )),
    }
}

/// How the raters stand, where anything may be learnt from them.
pub(super) fn raters(question: &Question, records: &[Record], seed: u64) -> Result<Raters> {
    let raters = Raters::of(question, records, &Rules::default(), seed)?;
    if raters.halted() {
        return Err(Error::Invalid(format!(
            "raters disagree on `{}`, so no judge can agree with them: mend the guidelines, then label anew ({})",
            question.name,
            raters.reasons.join("; ")
        )));
    }
    Ok(raters)
}

/// Raters whose labels do not count.
pub(super) fn excluded(raters: &Raters) -> Vec<String> {
    let out = raters.raters.iter().filter(|rater| rater.excluded);
    out.map(|rater| rater.rater.clone()).collect()
}

impl Held {
    /// The whole of it, as `botsmith feedback calibrate --json` prints it.
    pub fn json(&self) -> serde_json::Value {
        let collected = &self.collected;
        let mut calibration = serde_json::to_value(&self.stored).expect("our types serialise");
        // A digest for each label says nothing to a reader.
        if let Some(fields) = calibration.as_object_mut() {
            fields.remove("seen");
        }
        serde_json::json!({
            "suite": self.binding.suite, "metric": self.binding.metric, "question": self.question.name,
            "labels": collected.labels.len(), "raters": collected.raters, "excluded": self.excluded,
            "left_out": {
                "draws": collected.draws, "unjudged": collected.unjudged, "stale": collected.stale,
                "unweighted": collected.unweighted, "reworded": collected.reworded, "runs_of_other_judges": self.other_judges,
            },
            "renewal": self.renewal, "standing": self.standing, "gates": self.standing.gates(),
            "reason": self.standing.reason(), "e_value": self.stored.drift.e_value(),
            "calibration": calibration,
        })
    }
}
