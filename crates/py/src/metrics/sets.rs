//! Metrics that do not judge an answer beside its reference: ranked lists of ids, and sets of texts beside
//! each other.

use std::collections::HashMap;
use std::sync::Arc;

use botsmith::eval::evaluators::Registry;
use botsmith::eval::metric::Metric as Judge;
use botsmith::eval::metrics::bleu::{Options, Smoothing, Tokenizer};
use botsmith::eval::metrics::diversity;
use botsmith::eval::metrics::retrieval::{self, Measure, Relevance};
use botsmith::eval::{Error, Result};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use serde::Deserialize;

use crate::bounds;
use crate::doorway;
use crate::fault::Fault;

/// What is relevant to a query: ids with their gains, or ids alone.
#[derive(FromPyObject)]
pub(crate) enum Relevant {
    Gains(HashMap<String, f64>),
    Ids(Vec<String>),
}

impl Relevant {
    fn relevance(self) -> Result<Relevance> {
        match self {
            Self::Gains(gains) => {
                // An error names the first id that is wrong: the same one each time.
                let mut gains: Vec<_> = gains.into_iter().collect();
                gains.sort_by(|a, b| a.0.cmp(&b.0));
                Relevance::graded(gains)
            }
            Self::Ids(ids) => Ok(Relevance::binary(ids)),
        }
    }
}

/// A number of each ranked list: `reciprocal-rank`, `ndcg`, `average-precision` or `hit`, of its first `k`
/// ids, on so many threads (0: one a core).
#[pyfunction]
pub(crate) fn retrieval_scores(
    py: Python<'_>,
    measure: &str,
    ranked: Vec<Vec<PyBackedStr>>,
    relevant: Vec<Relevant>,
    k: Option<usize>,
    threads: usize,
) -> PyResult<Vec<f64>> {
    if ranked.len() != relevant.len() {
        return Err(pyo3::exceptions::PyValueError::new_err(format!(
            "{} ranked lists and {} of what is relevant: each list needs its own",
            ranked.len(),
            relevant.len()
        )));
    }
    let threads = bounds::threads(threads).map_err(|fault| fault.into_py(py))?;
    let measure = match measure {
        "reciprocal-rank" => Measure::ReciprocalRank,
        "ndcg" => Measure::Ndcg,
        "average-precision" => Measure::AveragePrecision,
        "hit" => Measure::Hit,
        other => {
            let words = format!("no measure of ranked lists `{other}`");
            return Err(pyo3::exceptions::PyValueError::new_err(words));
        }
    };
    // Texts go back to the caller's thread, which has the interpreter that they are of.
    let (scores, queries) = doorway::apart(py, move || {
        let queries: Result<Vec<_>> = ranked
            .into_iter()
            .zip(relevant)
            .map(|(ids, of)| Ok((ids, of.relevance()?)))
            .collect();
        let queries = queries?;
        let scores = retrieval::batch(&queries, measure, k, threads);
        Ok::<_, Error>((scores, queries))
    })?;
    drop(queries);
    Ok(scores)
}

/// Options of `bleu`, as its evaluator has them.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
struct Wanted {
    tokenize: String,
    lowercase: bool,
    smooth: String,
    smooth_value: Option<f64>,
    max_order: usize,
    effective_order: bool,
}

impl Default for Wanted {
    fn default() -> Self {
        let options = Options::default();
        Self {
            tokenize: options.tokenizer.name().to_owned(),
            lowercase: options.lowercase,
            smooth: "exp".to_owned(),
            smooth_value: None,
            max_order: options.max_order(),
            effective_order: options.effective_order,
        }
    }
}

fn options(text: Option<&str>) -> Result<Options, Fault> {
    // The evaluator checks its options, and says what is wrong and where.
    Judge::new(&Registry::builtin(), "bleu", text)?;
    let wanted: Wanted = text.map_or(Ok(Wanted::default()), serde_json::from_str)?;
    let mut options = Options::default().with_max_order(wanted.max_order)?;
    let mut tokenizers = Tokenizer::ALL.into_iter();
    if let Some(named) = tokenizers.find(|known| known.name() == wanted.tokenize) {
        options.tokenizer = named;
    }
    options.lowercase = wanted.lowercase;
    options.effective_order = wanted.effective_order;
    options.smoothing = match wanted.smooth.as_str() {
        "floor" => Smoothing::Floor(wanted.smooth_value.unwrap_or(0.1)),
        "add-k" => Smoothing::AddK(wanted.smooth_value.unwrap_or(1.0)),
        "none" => Smoothing::None,
        _ => Smoothing::Exp,
    };
    Ok(options)
}

/// Self-BLEU of each set of texts, with the options of `bleu` as JSON; none for fewer than two texts.
#[pyfunction]
pub(crate) fn self_bleu(
    py: Python<'_>,
    sets: Vec<Vec<PyBackedStr>>,
    wanted: Option<&str>,
    threads: usize,
) -> PyResult<Vec<Option<f64>>> {
    let threads = bounds::threads(threads).map_err(|fault| fault.into_py(py))?;
    let options = options(wanted).map_err(|fault| fault.into_py(py))?;
    let sets = Arc::new(sets);
    let held = Arc::clone(&sets);
    let scores = doorway::apart(py, move || {
        Ok::<_, Fault>(diversity::self_bleu_batch(&held, &options, threads))
    })?;
    drop(sets);
    Ok(scores)
}
