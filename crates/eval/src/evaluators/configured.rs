//! One entry of a suite's `evaluators:` with the options that all evaluators take.

use std::collections::BTreeSet;

use botsmith_core::yaml::{Cursor, Entry, Node, Value};

use super::{Asks, Better, Corpus, Docs, Evaluator, Range, Registry, Scope, Subject};
use crate::extract::Extract;
use crate::stats::Scale;
use crate::template::Condition;
use crate::{Answer, Case, Result, Score, Verdict};

/// An evaluator with its name, threshold, weight and the rest of what all evaluators take.
#[derive(Debug)]
pub struct Configured {
    name: String,
    /// Where the name was given, if it was.
    named: bool,
    docs: Docs,
    threshold: Option<f64>,
    weight: f64,
    invert: bool,
    when: Option<Condition>,
    extract: Extract,
    evaluator: Box<dyn Evaluator>,
}

impl Configured {
    /// The score key: `name`, by default the kind, `#2` and so on for repeats.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The evaluator's kind.
    pub fn kind(&self) -> &'static str {
        self.docs.name
    }

    /// The kind's documentation.
    pub fn docs(&self) -> &Docs {
        &self.docs
    }

    /// The values that it gives. Of a count or cost, `invert` turns round which end is better.
    pub fn range(&self) -> Range {
        let range = self.docs.range;
        let better = match self.invert && range != Range::UNIT {
            true => range.better.turned(),
            false => range.better,
        };
        Range { better, ..range }
    }

    /// The value from which it passes, before `invert`.
    pub fn threshold(&self) -> Option<f64> {
        self.threshold
    }

    /// Its weight among others, 1 by default.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// Whether value and verdict are turned round.
    pub fn invert(&self) -> bool {
        self.invert
    }

    /// Whether it gives pass or fail, by itself or by its threshold.
    pub fn decides(&self) -> bool {
        self.threshold.is_some() || self.evaluator.decides(&self.docs)
    }

    /// Whether its values are verdicts or grades. A threshold makes no verdicts of grades: it decides
    /// beside them.
    pub fn scale(&self) -> Scale {
        self.evaluator.scale(&self.docs)
    }

    /// What it takes of an answer before judging it; without steps the whole answer.
    pub fn extract(&self) -> &Extract {
        &self.extract
    }

    /// An empty accumulator of its corpus score, where that is not the mean. Turned round by
    /// `invert`, it has none: what adds up counts cannot be turned.
    pub fn corpus(&self) -> Option<Box<dyn Corpus>> {
        match self.invert {
            true => None,
            false => self.evaluator.corpus(),
        }
    }

    /// Whether all answers together have a score and one answer has none.
    pub fn together(&self) -> bool {
        self.evaluator.together()
    }

    /// Name, settings and version as the field writes them; empty where it has no custom for it.
    pub fn signature(&self) -> String {
        self.evaluator.signature()
    }

    /// Its value for texts alone, where that takes no case, no extraction and no turning round, and the
    /// evaluator can say it.
    pub(crate) fn value(&self, candidate: &str, references: &[&str]) -> Option<f64> {
        let plain = !self.invert && self.when.is_none() && self.extract.is_empty();
        match plain && !references.is_empty() {
            true => self.evaluator.value(candidate, references),
            false => None,
        }
    }

    /// The condition on cases that it judges.
    pub(crate) fn when(&self) -> Option<&Condition> {
        self.when.as_ref()
    }

    /// Whether it judges this case.
    pub(super) fn applies(&self, case: &Case) -> Result<bool> {
        self.when.as_ref().map_or(Ok(true), |when| when.holds(case))
    }

    /// Whether it compares with the case's references.
    pub(super) fn uses_references(&self) -> bool {
        self.evaluator.uses_references(&self.docs)
    }

    /// The score where the extraction finds nothing in the answer: not passed, whatever `invert`.
    pub(super) fn nothing_found(&self) -> Verdict {
        let why = format!("{} finds nothing in the answer", self.extract);
        if self.together() {
            return Verdict::Skipped(why.into());
        }
        let score = Score {
            passed: self.decides().then_some(false),
            ..Score::graded(0.0)
        };
        score.because(why).into()
    }

    /// How it asks a model, if it does.
    pub fn asks(&self) -> Option<&dyn Asks> {
        self.evaluator.asks()
    }

    /// Judges what was extracted, then applies threshold and inversion.
    pub(super) fn judge(&self, subject: &Subject<'_>) -> Result<Verdict> {
        Ok(self.settle(self.evaluator.evaluate(subject)?))
    }

    /// Whether whole texts that are judged together take much less than one by one.
    pub(crate) fn in_batches(&self) -> bool {
        self.when.is_none() && self.extract.is_empty() && self.evaluator.in_batches()
    }

    /// Judges whole texts together, where [`Configured::in_batches`] says that it pays.
    pub(crate) fn evaluate_all(&self, pairs: &[(Case, Answer)]) -> Vec<Result<Verdict>> {
        let subjects: Vec<Subject<'_>> = pairs
            .iter()
            .map(|(case, answer)| Subject::whole(case, answer))
            .collect();
        let verdicts = self.evaluator.evaluate_all(&subjects).into_iter();
        verdicts
            .map(|verdict| verdict.map(|verdict| self.settle(verdict)))
            .collect()
    }

    /// Applies threshold and inversion.
    pub(super) fn settle(&self, verdict: Verdict) -> Verdict {
        let Verdict::Judged(mut score) = verdict else {
            return verdict;
        };
        if !score.value.is_finite() {
            return Verdict::Failed(format!(
                "`{}` gave {}, which is no score",
                self.name, score.value
            ));
        }
        if let Some(threshold) = self.threshold {
            let better = self.docs.range.better != Better::Lower;
            let passed = if better {
                score.value >= threshold
            } else {
                score.value <= threshold
            };
            if score.passed != Some(false) && !passed && score.explanation.is_none() {
                let side = if better { "below" } else { "above" };
                let reason = format!("{:.3} is {side} the threshold {threshold}", score.value);
                score = score.because(reason);
            } else if passed && score.passed == Some(false) {
                score.explanation = None;
            }
            score.passed = Some(passed);
        }
        if self.invert {
            if self.docs.range == Range::UNIT {
                score.value = 1.0 - score.value;
            }
            score.passed = score.passed.map(|passed| !passed);
            score
                .evidence
                .iter_mut()
                .for_each(|span| span.supports = !span.supports);
            score.explanation = match score.passed {
                Some(false) => Some(format!("{} holds, and must not", self.docs.name).into()),
                _ => None,
            };
        }
        score.into()
    }
}

/// Reads a suite's `evaluators:`: each entry a bare name, or a mapping of one name to its options
/// or to the value of its main option.
///
/// # Errors
/// At the place of an unknown evaluator, a wrong option, or a name given twice.
pub fn read_list(
    at: &Cursor<'_>,
    registry: &Registry,
    suite_extract: &Extract,
) -> Result<Vec<Configured>> {
    let scope = Scope {
        registry,
        extract: suite_extract,
    };
    let items = at.items()?;
    let mut list = items
        .iter()
        .map(|item| read_entry(item, &scope))
        .collect::<Result<Vec<_>>>()?;
    let mut taken = BTreeSet::new();
    for (item, entry) in items.iter().zip(&list).filter(|(_, entry)| entry.named) {
        if !taken.insert(entry.name.clone()) {
            let message = format!("two evaluators are named `{}`", entry.name);
            return Err(item
                .diagnostic(message)
                .hint("scores are told apart by name")
                .into());
        }
    }
    for entry in list.iter_mut().filter(|entry| !entry.named) {
        let mut name = entry.docs.name.to_owned();
        let mut repeat = 1;
        while !taken.insert(name.clone()) {
            repeat += 1;
            name = format!("{}#{repeat}", entry.docs.name);
        }
        entry.name = name;
    }
    Ok(list)
}

/// Reads one entry.
fn read_entry(at: &Cursor<'_>, scope: &Scope<'_>) -> Result<Configured> {
    if let Some(name) = at.node().text() {
        return read_named(name, at, None, scope);
    }
    let (name, options) = at.single().map_err(|error| {
        let several = matches!(&at.node().value, Value::Map(entries) if entries.len() > 1);
        if several {
            let message = "an evaluator is one name with its options under it";
            at.diagnostic(message)
                .hint("write `- contains: {value: refund, name: says-refund}`")
                .into()
        } else {
            error
        }
    })?;
    read_named(name, at, Some(&options), scope)
}

/// Reads the evaluator `name`; `at` is where the name stands.
pub(crate) fn read_named(
    name: &str,
    at: &Cursor<'_>,
    options: Option<&Cursor<'_>>,
    scope: &Scope<'_>,
) -> Result<Configured> {
    let Some(kind) = scope.registry.get(name) else {
        let message = format!("unknown evaluator `{name}`");
        return Err(at
            .diagnostic(message)
            .nearest(name, scope.registry.names())
            .into());
    };
    let mut docs = kind.docs().clone();
    let (at, entries) = match options {
        None => (at, Vec::new()),
        Some(options) => match (&options.node().value, docs.scalar) {
            (Value::Map(entries), _) => (options, entries.clone()),
            (Value::Null, _) => (options, Vec::new()),
            (_, Some(main)) => {
                let entry = Entry {
                    key: main.to_owned(),
                    key_mark: options.mark(),
                    value: options.node().clone(),
                };
                (options, vec![entry])
            }
            (_, None) => {
                options.fields()?;
                (options, Vec::new())
            }
        },
    };
    let node = Node::new(Value::Map(entries), at.mark());
    let place = at.over(&node);
    let fields = place.fields()?;
    let (named, name) = match fields.get("name") {
        Some(at) => (true, at.name()?.to_owned()),
        None => (false, docs.name.to_owned()),
    };
    let weight = fields
        .get("weight")
        .map_or(Ok(1.0), |at| at.number_in(0.0, f64::INFINITY))?;
    let invert = fields.get("invert").map_or(Ok(false), |at| at.bool())?;
    let when = fields
        .get("when")
        .map(|at| Condition::read(&at))
        .transpose()?;
    let extract = match fields.get("extract") {
        Some(at) => Extract::read(&at)?,
        None if docs.compares => scope.extract.clone(),
        None => Extract::default(),
    };
    let evaluator = kind.build(&fields, scope)?;
    if evaluator.together() {
        for key in ["threshold", "invert"] {
            let Some(at) = fields.get(key).filter(|_| invert || key == "threshold") else {
                continue;
            };
            let message = format!(
                "`{}` scores all answers together, none by itself",
                docs.name
            );
            let hint = format!(
                "without `{key}`, hold it in the gate: {{metric: {name}, mean: {{max: 50}}}}"
            );
            return Err(at.diagnostic(message).hint(hint).into());
        }
    }
    docs.range = evaluator.range(&docs);
    let threshold = fields
        .get("threshold")
        .map(|at| at.number_in(docs.range.lo, docs.range.hi))
        .transpose()?;
    fields.finish()?;
    Ok(Configured {
        name,
        named,
        docs,
        threshold,
        weight,
        invert,
        when,
        extract,
        evaluator,
    })
}
