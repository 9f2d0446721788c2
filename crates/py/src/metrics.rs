//! Text metrics over lists. Options and their errors are those of suites and of `botsmith metric`.

mod sets;

use botsmith::eval::evaluators::Registry;
use botsmith::eval::metric::Metric as Judge;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyList, PyString};

use crate::doorway::{self, Stop};
use crate::fault::Fault;

pub(crate) use sets::{retrieval_scores, self_bleu};

/// Pairs that are judged between two looks for signals, by bytes of text.
const QUICK: usize = 1 << 16;

/// Pairs that are copied, and go through a model, together.
const TOGETHER: usize = 512;

/// A metric with its options, ready for any number of pairs.
#[pyclass(frozen, module = "botsmith._native")]
#[derive(Debug)]
pub(crate) struct Metric(std::sync::Arc<Judge>);

/// References of one candidate: one, or several of which the best counts.
enum References {
    One(PyBackedStr),
    Many(Vec<PyBackedStr>),
}

impl References {
    fn as_slice(&self) -> &[PyBackedStr] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }

    fn bytes(&self) -> usize {
        self.as_slice().iter().map(|text| text.len()).sum()
    }
}

/// A pair as the metric reads it.
struct Pair(PyBackedStr, References);

#[pymethods]
impl Metric {
    /// The metric `name` with its options as JSON.
    #[new]
    #[pyo3(signature = (name, options=None))]
    fn new(py: Python<'_>, name: &str, options: Option<&str>) -> PyResult<Self> {
        doorway::quick(py, || {
            let judge = Judge::new(&Registry::builtin(), name, options)?;
            Ok::<_, Fault>(Self(std::sync::Arc::new(judge)))
        })
    }

    /// The score of each pair, in order; none where there is nothing to judge.
    fn scores(
        &self,
        py: Python<'_>,
        candidates: &Bound<'_, PyList>,
        references: &Bound<'_, PyList>,
        threads: usize,
    ) -> PyResult<Vec<Option<f64>>> {
        let pairs = pairs(candidates, references)?;
        let judge = std::sync::Arc::clone(&self.0);
        work(py, pairs, move |pairs| {
            judge.scores(pairs, threads, |pair| (&*pair.0, pair.1.as_slice()))
        })
    }

    /// The score of all pairs together: that of the corpus where the metric has one, else the mean.
    fn corpus(
        &self,
        py: Python<'_>,
        candidates: &Bound<'_, PyList>,
        references: &Bound<'_, PyList>,
    ) -> PyResult<Option<f64>> {
        let pairs = pairs(candidates, references)?;
        let judge = std::sync::Arc::clone(&self.0);
        work(py, pairs, move |pairs| {
            let mut corpus = judge.corpus();
            for chunk in pairs.chunks(TOGETHER) {
                let owned: Vec<(String, Vec<String>)> = chunk
                    .iter()
                    .map(|Pair(text, of)| {
                        let references = of.as_slice().iter().map(ToString::to_string);
                        (text.to_string(), references.collect())
                    })
                    .collect();
                for verdict in corpus.judge_all(&owned) {
                    verdict?;
                }
            }
            Ok(corpus.score())
        })
    }

    /// Name, settings and version in one line, where the field has a custom for it.
    fn signature(&self) -> String {
        self.0.configured().signature()
    }
}

/// Few pairs at once, many where Ctrl-C is heard.
fn work<T: Send + 'static>(
    py: Python<'_>,
    pairs: Vec<Pair>,
    judge: impl FnOnce(&[Pair]) -> Result<T, botsmith::eval::Error> + Send + 'static,
) -> PyResult<T> {
    let bytes: usize = pairs.iter().map(|pair| pair.0.len() + pair.1.bytes()).sum();
    if bytes < QUICK {
        return doorway::quick(py, || judge(&pairs));
    }
    // Texts go back to the caller's thread, which has the interpreter that they are of.
    let (result, pairs) = doorway::long(
        py,
        &Stop::new(),
        |_| Ok(()),
        move || judge(&pairs).map(|result| (result, pairs)),
    )?;
    drop(pairs);
    Ok(result)
}

/// Each candidate with its references, in one pass: texts are taken over as they come, not counted twice.
fn pairs(candidates: &Bound<'_, PyList>, references: &Bound<'_, PyList>) -> PyResult<Vec<Pair>> {
    if candidates.len() != references.len() {
        return Err(pyo3::exceptions::PyValueError::new_err(format!(
            "{} candidates and {} references: each candidate needs its own",
            candidates.len(),
            references.len()
        )));
    }
    let mut pairs = Vec::with_capacity(candidates.len());
    for (text, of) in candidates.iter().zip(references) {
        let text = PyBackedStr::try_from(text.cast_into::<PyString>()?)?;
        let of = match of.cast_into::<PyString>() {
            Ok(one) => References::One(one.try_into()?),
            Err(several) => {
                let texts = several.into_inner().try_iter()?;
                let texts = texts.map(|text| text?.cast_into::<PyString>()?.try_into());
                References::Many(texts.collect::<PyResult<_>>()?)
            }
        };
        pairs.push(Pair(text, of));
    }
    Ok(pairs)
}

/// The kinds of evaluators and their options, as JSON.
#[pyfunction]
pub(crate) fn metric_kinds(py: Python<'_>) -> PyResult<String> {
    doorway::quick(py, || {
        let registry = Registry::builtin();
        let kinds = registry.kinds().map(|kind| {
            let docs = kind.docs();
            let options = docs.options.iter().map(|option| {
                serde_json::json!({
                    "name": option.name, "about": option.about, "required": option.required,
                })
            });
            serde_json::json!({
                "name": docs.name, "about": docs.about, "formula": docs.formula,
                "options": options.collect::<Vec<_>>(), "example": docs.example,
            })
        });
        Ok::<_, Fault>(serde_json::Value::from(kinds.collect::<Vec<_>>()).to_string())
    })
}
