//! Text metrics over lists. Options and their errors are those of suites and of `botsmith metric`.

mod lists;
mod sets;

use std::sync::Arc;

use botsmith::eval::evaluators::Registry;
use botsmith::eval::metric::Metric as Judge;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::doorway;
use crate::fault::Fault;
use lists::Block;

pub(crate) use sets::{retrieval_scores, self_bleu};

/// Pairs that are copied, and go through a model, together.
const TOGETHER: usize = 512;

/// A metric with its options, ready for any number of pairs.
#[pyclass(frozen, module = "botsmith._native")]
#[derive(Debug)]
pub(crate) struct Metric(Arc<Judge>);

#[pymethods]
impl Metric {
    /// The metric `name` with its options as JSON.
    #[new]
    #[pyo3(signature = (name, options=None))]
    fn new(py: Python<'_>, name: String, options: Option<String>) -> PyResult<Self> {
        // Some metrics load a model.
        doorway::apart(py, move || {
            let judge = Judge::new(&Registry::builtin(), &name, options.as_deref())?;
            Ok::<_, Fault>(Self(Arc::new(judge)))
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
        lists::scores(py, &self.0, candidates, references, threads)
    }

    /// The score of all pairs together: that of the corpus where the metric has one, else the mean.
    fn corpus(
        &self,
        py: Python<'_>,
        candidates: &Bound<'_, PyList>,
        references: &Bound<'_, PyList>,
    ) -> PyResult<Option<f64>> {
        let judge = Arc::clone(&self.0);
        Block::whole(candidates, references)?.judged(py, move |pairs| {
            let mut corpus = judge.corpus();
            for chunk in pairs.chunks(TOGETHER) {
                let owned: Vec<(String, Vec<String>)> = chunk
                    .iter()
                    .map(|pair| {
                        let (text, of) = pair.texts();
                        (
                            text.to_owned(),
                            of.iter().map(ToString::to_string).collect(),
                        )
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
