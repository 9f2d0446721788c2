//! Feedback: records of a store, agreement, files, and a rater's way through the work.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use botsmith::core::store::StateStore;
use botsmith::eval::calibration::{Estimating, Hold, Requirements, diagram};
use botsmith::eval::feedback::import::{self, Defaults, Loaded, Shape};
use botsmith::eval::feedback::{
    Filter, Kind, Log, Plan, Record, Rules, Session, Sitting, Source, Step, agreement, export,
    seed, spans_in_bytes,
};
use botsmith::eval::report;
use botsmith::eval::run::{Runs, StoredRun};
use pyo3::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::doorway;
use crate::fault::Fault;
use crate::store::Store;

fn parsed<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, Fault> {
    Ok(serde_json::from_str(text)?)
}

/// [`doorway::apart`] with errors of one kind.
fn apart<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> PyResult<T> {
    doorway::apart(py, work)
}

/// Which records.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Which {
    run: Option<String>,
    suite: Option<String>,
    case: Option<String>,
    bot: Option<String>,
    rater: Option<String>,
    question: Option<String>,
    all: bool,
}

fn records(store: &dyn StateStore, which: Which) -> Result<Vec<Record>, Fault> {
    let mut filter = Filter::default();
    filter.run = which.run;
    filter.suite = which.suite;
    filter.case = which.case;
    filter.bot = which.bot;
    filter.rater = which.rater;
    filter.question = which.question;
    let log = Log::open(store);
    Ok(match which.all {
        true => log.all(&filter)?,
        false => log.current(&filter)?,
    })
}

/// Records as a JSON list.
#[pyfunction]
pub(crate) fn feedback_records(py: Python<'_>, store: &Store, which: &str) -> PyResult<String> {
    let which: Which = parsed(which).map_err(|fault| fault.into_py(py))?;
    let store = store.clone();
    apart(py, move || {
        Ok(serde_json::to_string(&records(&*store.open()?, which)?)?)
    })
}

/// Writes records to a .jsonl or .csv file; gives how many.
#[pyfunction]
pub(crate) fn feedback_write(
    py: Python<'_>,
    store: &Store,
    which: &str,
    path: PathBuf,
) -> PyResult<usize> {
    let which: Which = parsed(which).map_err(|fault| fault.into_py(py))?;
    let store = store.clone();
    apart(py, move || {
        let records = records(&*store.open()?, which)?;
        let write = match path.extension().and_then(|ending| ending.to_str()) {
            Some("jsonl") => export::jsonl,
            Some("csv") => export::csv,
            _ => return Err(Fault::Wrong("a .jsonl or .csv file is wanted".into())),
        };
        report::save(&path, |out| write(out, &records))?;
        Ok(records.len())
    })
}

/// A run, and what its suite asks.
fn opened<'a>(
    store: &'a dyn StateStore,
    run: &str,
    suite: Option<&Path>,
) -> Result<(StoredRun<'a>, Plan), Fault> {
    let run = Runs::new(store).open(run)?;
    let plan = Plan::of_run(&run.manifest, suite)?;
    Ok((run, plan))
}

/// Keeps one record, given as JSON; gives it as it is kept.
#[pyfunction]
#[pyo3(signature = (store, run, record, suite=None))]
pub(crate) fn feedback_add(
    py: Python<'_>,
    store: &Store,
    run: String,
    record: &str,
    suite: Option<PathBuf>,
) -> PyResult<String> {
    let mut record: Record = parsed(record).map_err(|fault| fault.into_py(py))?;
    let store = store.clone();
    apart(py, move || {
        let open = store.open()?;
        let (run, plan) = opened(&*open, &run, suite.as_deref())?;
        plan.question(&record.question)?;
        plan.check_rater(&record.rater)?;
        "add".clone_into(&mut record.from);
        let loaded = vec![Loaded {
            record,
            line: 0,
            code_points: true,
        }];
        let mut unasked = std::collections::BTreeMap::new();
        let place = Path::new("feedback.add");
        let records = import::attach(place, loaded, &run, &plan, open.now_ms()?, &mut unasked)?;
        let mut kept = Vec::new();
        for record in records {
            kept.push(Log::open(&*open).append(record)?.record);
        }
        Ok(serde_json::to_string(&kept.first())?)
    })
}

/// What is read, and how.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    path: PathBuf,
    run: String,
    shape: Option<String>,
    rater: Option<String>,
    bot: Option<String>,
    source: Source,
    suite: Option<PathBuf>,
}

/// Reads a file of records; gives what became of them as JSON.
#[pyfunction]
pub(crate) fn feedback_read(py: Python<'_>, store: &Store, wanted: &str) -> PyResult<String> {
    let wanted: Wanted = parsed(wanted).map_err(|fault| fault.into_py(py))?;
    let store = store.clone();
    apart(py, move || {
        let open = store.open()?;
        let (run, plan) = opened(&*open, &wanted.run, wanted.suite.as_deref())?;
        let only = match run.manifest.bots.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        };
        let defaults = Defaults {
            rater: wanted.rater,
            bot: wanted.bot.or(only),
            source: wanted.source,
        };
        let shape = match &wanted.shape {
            None => None,
            Some(word) => {
                let known = Shape::WORDS.iter().find(|(known, _)| known == word);
                let (_, shape) = known.ok_or_else(|| {
                    Fault::Wrong(format!(
                        "no shape {word:?}; records, argilla or langfuse is wanted"
                    ))
                })?;
                Some(*shape)
            }
        };
        let read = import::read(&wanted.path, shape, &defaults)?;
        let mut unasked = std::collections::BTreeMap::new();
        let records = import::attach(
            &wanted.path,
            read.records,
            &run,
            &plan,
            open.now_ms()?,
            &mut unasked,
        )?;
        let (mut new, mut known) = (0, 0);
        for record in records {
            match Log::open(&*open).import(record)?.new {
                true => new += 1,
                false => known += 1,
            }
        }
        let found = json!({
            "shape": read.shape.as_str(), "new": new, "known": known,
            "passed_over": read.passed_over, "unasked": unasked,
        });
        Ok(found.to_string())
    })
}

/// How far raters agree on each question of a run, as a JSON list.
#[pyfunction]
#[pyo3(signature = (store, run, suite=None))]
pub(crate) fn feedback_agreement(
    py: Python<'_>,
    store: &Store,
    run: String,
    suite: Option<PathBuf>,
) -> PyResult<String> {
    let store = store.clone();
    apart(py, move || {
        let open = store.open()?;
        let (run, plan) = opened(&*open, &run, suite.as_deref())?;
        let records = Log::open(&*open).current(&Filter::of_run(run.manifest.id.as_str()))?;
        let seed = seed(&run.manifest);
        let found = agreement::of_plan((&plan, &[]), records, &*open, &Rules::default(), seed)?;
        Ok(serde_json::to_string(&found)?)
    })
}

/// Which judge is held against which question, and how.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Holding {
    run: String,
    metric: Option<String>,
    question: Option<String>,
    anew: bool,
    seed: u64,
    requirements: Requirements,
}

/// Holds a judge against what people said of a run, keeps the calibration, and gives it as JSON.
#[pyfunction]
pub(crate) fn feedback_calibrate(py: Python<'_>, store: &Store, wanted: &str) -> PyResult<String> {
    let wanted: Holding = parsed(wanted).map_err(|fault| fault.into_py(py))?;
    let store = store.clone();
    apart(py, move || {
        let open = store.open()?;
        let run = Runs::new(&*open).open(&wanted.run)?;
        let mut hold = Hold::default();
        hold.metric = wanted.metric;
        hold.question = wanted.question;
        hold.anew = wanted.anew;
        hold.seed = wanted.seed;
        hold.requirements = wanted.requirements;
        let held = hold.of(&*open, &[run])?;
        let bins = &held.stored.calibration.quality.bins.after;
        let svg = diagram(bins, &held.binding.metric);
        Ok(json!({"held": held.json(), "svg": svg}).to_string())
    })
}

/// What people would let pass of all answers of a run, as JSON.
#[pyfunction]
#[pyo3(signature = (store, run, metric, question, seed))]
pub(crate) fn feedback_estimate(
    py: Python<'_>,
    store: &Store,
    run: String,
    metric: Option<String>,
    question: Option<String>,
    seed: u64,
) -> PyResult<String> {
    let store = store.clone();
    apart(py, move || {
        let open = store.open()?;
        let run = Runs::new(&*open).open(&run)?;
        let mut estimating = Estimating::default();
        estimating.metric = metric;
        estimating.question = question;
        estimating.seed = seed;
        Ok(serde_json::to_string(&estimating.of(&*open, &run)?)?)
    })
}

/// A rater at work; what they say is kept at once.
#[pyclass(frozen, module = "botsmith._native")]
#[derive(Clone, Debug)]
pub(crate) struct Review {
    store: Store,
    session: Arc<Mutex<Session>>,
}

impl Review {
    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the record that `make` makes, and goes on.
    fn keep(
        &self,
        make: impl FnOnce(&Session, u64) -> Result<Option<Record>, Fault>,
    ) -> Result<Option<String>, Fault> {
        let open = self.store.open()?;
        let mut session = self.session();
        let Some(record) = make(&session, open.now_ms()?)? else {
            return Ok(None);
        };
        let log = Log::open(&*open);
        let kept = log.append(record)?.record;
        let text = serde_json::to_string(&kept)?;
        session.kept(kept);
        session.catch_up(&log)?;
        Ok(Some(text))
    }
}

#[pymethods]
impl Review {
    #[new]
    fn new(py: Python<'_>, store: &Store, wanted: &str) -> PyResult<Self> {
        let wanted: Sitting = parsed(wanted).map_err(|fault| fault.into_py(py))?;
        let held = store.clone();
        let session = apart(py, move || Ok(wanted.session(&*held.open()?)?))?;
        Ok(Self {
            store: store.clone(),
            session: Arc::new(Mutex::new(session)),
        })
    }

    /// What is asked now as JSON; `None` when all is done. Where it is blind, no bot is named.
    fn step(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let of = self.clone();
        apart(py, move || Ok::<_, Fault>(of.session().step().map(shown)))
    }

    /// How many are answered, and how many there are.
    fn progress(&self, py: Python<'_>) -> PyResult<(usize, usize)> {
        let of = self.clone();
        apart(py, move || {
            let progress = of.session().progress();
            Ok::<_, Fault>((progress.done, progress.total))
        })
    }

    /// What every rater should know.
    fn guidelines(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let of = self.clone();
        apart(py, move || {
            Ok::<_, Fault>(of.session().plan().guidelines.clone())
        })
    }

    /// Keeps an answer, given as JSON; gives the record. Spans count code points.
    #[pyo3(signature = (value, seconds=None, comment=None, correction=None, draft=false))]
    fn answer(
        &self,
        py: Python<'_>,
        value: String,
        seconds: Option<f64>,
        comment: Option<String>,
        correction: Option<String>,
        draft: bool,
    ) -> PyResult<Option<String>> {
        let of = self.clone();
        apart(py, move || {
            let value: Value = parsed(&value)?;
            of.keep(|session, at| {
                let Some(step) = session.step() else {
                    return Ok(None);
                };
                let value = match step.question.kind {
                    Kind::Span { .. } => spans_in_bytes(&value, &step.item.a.text),
                    _ => value,
                };
                let record = match draft {
                    true => session.draft(&value, at)?,
                    false => session.answer(&value, at, seconds)?,
                };
                Ok(record.map(|mut record| {
                    record.comment = record.comment.or(comment);
                    record.correction = record.correction.or(correction);
                    record
                }))
            })
        })
    }

    /// Notes that this cannot be judged.
    #[pyo3(signature = (why=None))]
    fn discard(&self, py: Python<'_>, why: Option<String>) -> PyResult<Option<String>> {
        let of = self.clone();
        apart(py, move || {
            of.keep(|session, at| Ok(session.discard(at, why)))
        })
    }

    /// Puts the question of now to the end.
    fn skip(&self, py: Python<'_>) -> PyResult<()> {
        let of = self.clone();
        apart(py, move || {
            of.session().skip();
            Ok::<_, Fault>(())
        })
    }

    /// Takes back what was said last in this sitting; false where there is nothing.
    fn undo(&self, py: Python<'_>) -> PyResult<bool> {
        let of = self.clone();
        apart(py, move || {
            let open = of.store.open()?;
            let mut session = of.session();
            let Some(record) = session.undo(open.now_ms()?) else {
                return Ok(false);
            };
            Log::open(&*open).append(record)?;
            session.undone();
            Ok::<_, Fault>(true)
        })
    }
}

/// What is asked, as JSON.
fn shown(step: Step<'_>) -> String {
    let item = step.item;
    let side = |side: &botsmith::eval::feedback::Side| {
        let bot = (!step.blind).then_some(&side.bot);
        json!({"text": side.text, "bot": bot})
    };
    let answers = match (&item.b, step.swapped) {
        (None, _) => vec![side(&item.a)],
        (Some(b), false) => vec![side(&item.a), side(b)],
        (Some(b), true) => vec![side(b), side(&item.a)],
    };
    let found = json!({
        "case": item.subject.case, "said": item.said, "answers": answers,
        "question": step.question, "blind": step.blind, "teaches": step.teaches,
        "draft": step.draft.map(|draft| &draft.value),
    });
    found.to_string()
}
