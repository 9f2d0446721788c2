//! Agreement of several raters, as JSON.

use botsmith::eval::stats::{
    self as rust, Confidence, DRAWS, Level, Ratings, alpha_interval, krippendorff_alpha,
    rater_agreement,
};
use pyo3::prelude::*;
use serde_json::json;

use crate::doorway;
use crate::fault::Fault;

/// Raw agreement, Krippendorff's alpha with its interval, and each rater against the others, as JSON.
/// `rows`: a list a rater, `None` where a rating is missing.
#[pyfunction]
pub(crate) fn stats_agreement(
    py: Python<'_>,
    rows: Vec<Vec<Option<f64>>>,
    level: &str,
    confidence: f64,
    seed: u64,
) -> PyResult<String> {
    let level = match level {
        "nominal" => Level::Nominal,
        "ordinal" => Level::Ordinal,
        "interval" => Level::Interval,
        "ratio" => Level::Ratio,
        other => return Err(Fault::Wrong(format!("no level {other:?}")).into_py(py)),
    };
    doorway::apart(py, move || {
        let confidence = Confidence::new(confidence)?;
        let ratings = Ratings::by_rater(&rows)?;
        let alpha = krippendorff_alpha(&ratings, level)?;
        let interval = match alpha {
            Some(_) if ratings.shared() > 1 => {
                Some(alpha_interval(&ratings, level, confidence, DRAWS, seed)?)
            }
            _ => None,
        };
        let raters = rater_agreement(&ratings, level, confidence, DRAWS, seed)?;
        let raters: Vec<_> = raters
            .iter()
            .map(|r| {
                json!({
                    "rater": r.rater, "shared": r.shared, "value": r.value,
                    "interval": r.interval, "rest": r.rest,
                })
            })
            .collect();
        let found = json!({
            "n": ratings.shared(), "raw": ratings.raw(), "alpha": alpha, "interval": interval,
            "raters": raters,
        });
        Ok::<_, Fault>(found.to_string())
    })
}

/// Fleiss' and Randolph's kappa of a table of counts; `None` where there is none.
#[pyfunction]
pub(crate) fn stats_fleiss(
    py: Python<'_>,
    table: Vec<Vec<u64>>,
) -> PyResult<(Option<f64>, Option<f64>)> {
    doorway::by_size(py, table.len() < super::FEW, move || {
        let fleiss = rust::fleiss_kappa(&table)?;
        Ok::<_, Fault>((fleiss, rust::randolph_kappa(&table)?))
    })
}
