//! Statistics over lists: one function a kind of question, the method by its name. What has several parts
//! crosses as JSON.

mod agreement;
mod calibrated;
mod labels;

use botsmith::eval::stats::{self as rust, Confidence, Correction, Pairs, Side};
use botsmith::eval::{Error, Result};
use pyo3::prelude::*;
use serde::Serialize;

use crate::doorway;
use crate::fault::Fault;

pub(crate) use agreement::{stats_agreement, stats_fleiss};
pub(crate) use calibrated::{
    stats_apply_map, stats_calibrate, stats_inclusion, stats_prediction_powered,
};
pub(crate) use labels::stats_confusion;

/// Values that are worked through at once on the caller's thread.
const FEW: usize = 1 << 12;

fn json(found: Result<impl Serialize>) -> Result<String, Fault> {
    Ok(serde_json::to_string(&found?)?)
}

fn unknown<T>(what: &str, name: &str) -> Result<T> {
    Err(Error::Invalid(format!("no {what} `{name}`")))
}

fn side(name: &str) -> Result<Side> {
    match name {
        "two-sided" => Ok(Side::TwoSided),
        "greater" => Ok(Side::Greater),
        "less" => Ok(Side::Less),
        other => unknown("side", other),
    }
}

/// The interval of a share: `passed` of `n`.
#[pyfunction]
pub(crate) fn stats_share(
    py: Python<'_>,
    method: &str,
    passed: u64,
    n: u64,
    confidence: f64,
) -> PyResult<(f64, f64)> {
    doorway::quick(py, || {
        let confidence = Confidence::new(confidence)?;
        let interval = match method {
            "wilson" => rust::wilson(passed, n, confidence),
            "clopper-pearson" => rust::clopper_pearson(passed, n, confidence),
            "agresti-coull" => rust::agresti_coull(passed, n, confidence),
            "jeffreys" => rust::jeffreys(passed, n, confidence),
            "wald" => rust::wald(passed, n, confidence),
            other => unknown("interval of a share", other),
        }?;
        Ok::<_, Error>((interval.lo(), interval.hi()))
    })
}

/// The mean with its interval, as JSON.
#[pyfunction]
pub(crate) fn stats_mean(
    py: Python<'_>,
    values: Vec<f64>,
    groups: Option<Vec<String>>,
    confidence: f64,
    seed: u64,
) -> PyResult<String> {
    doorway::apart(py, move || {
        let confidence = Confidence::new(confidence)?;
        json(match groups {
            Some(groups) => rust::clustered(&values, &groups, confidence),
            None => rust::estimate(&values, confidence, seed),
        })
    })
}

/// Two bots case by case, as JSON.
#[pyfunction]
pub(crate) fn stats_compare(
    py: Python<'_>,
    a: Vec<f64>,
    b: Vec<f64>,
    groups: Option<Vec<String>>,
    confidence: f64,
    seed: u64,
) -> PyResult<String> {
    doorway::apart(py, move || {
        let confidence = Confidence::new(confidence)?;
        json(match groups {
            Some(groups) => rust::compare_grouped(&a, &b, &groups, confidence, seed),
            None => rust::compare(&a, &b, confidence, seed),
        })
    })
}

/// A paired test, as JSON.
#[pyfunction]
pub(crate) fn stats_test(
    py: Python<'_>,
    test: String,
    a: Vec<f64>,
    b: Vec<f64>,
    side_of: String,
    seed: u64,
) -> PyResult<String> {
    doorway::apart(py, move || {
        let side = side(&side_of)?;
        let differences = rust::differences(&a, &b)?;
        let passes = |values: &[f64]| values.iter().map(|value| *value == 1.0).collect::<Vec<_>>();
        json(match test.as_str() {
            "sign-flip" => rust::sign_flip(&differences, side, seed),
            "wilcoxon" => rust::wilcoxon(&differences, side),
            "wilcoxon-exact" => rust::wilcoxon_exact(&differences, side),
            "paired-t" => rust::paired_t(&differences, side),
            "sign" => rust::sign_test(&differences, side),
            "mcnemar-exact" => Pairs::count(&passes(&a), &passes(&b))
                .map(|pairs| rust::mcnemar_exact(&pairs, side)),
            "mcnemar" => Pairs::count(&passes(&a), &passes(&b))
                .and_then(|pairs| rust::mcnemar(&pairs, false)),
            other => unknown("test", other),
        })
    })
}

/// Correlation of two lists, as JSON.
#[pyfunction]
pub(crate) fn stats_correlation(
    py: Python<'_>,
    method: String,
    a: Vec<f64>,
    b: Vec<f64>,
) -> PyResult<String> {
    doorway::by_size(py, a.len() < FEW, move || {
        json(match method.as_str() {
            "pearson" => rust::pearson(&a, &b),
            "spearman" => rust::spearman(&a, &b),
            "kendall" => rust::kendall(&a, &b),
            other => unknown("correlation", other),
        })
    })
}

/// How large a difference is.
#[pyfunction]
pub(crate) fn stats_effect(
    py: Python<'_>,
    name: String,
    a: Vec<f64>,
    b: Vec<f64>,
) -> PyResult<f64> {
    doorway::by_size(py, a.len() < FEW, move || {
        let differences = || rust::differences(&a, &b);
        match name.as_str() {
            "cohens-dz" => rust::cohens_dz(&differences()?),
            "superiority" => rust::superiority(&differences()?),
            "dominance" => rust::dominance(&differences()?),
            "cliffs-delta" => rust::cliffs_delta(&a, &b),
            "cohens-h" => rust::cohens_h(rust::mean(&a)?, rust::mean(&b)?),
            other => unknown("effect size", other),
        }
    })
}

/// P-values corrected for their number.
#[pyfunction]
pub(crate) fn stats_adjust(
    py: Python<'_>,
    p_values: Vec<f64>,
    correction: String,
) -> PyResult<Vec<f64>> {
    doorway::by_size(
        py,
        p_values.len() < FEW,
        move || match crate::eval::correction(&correction) {
            Some(correction) => rust::adjust(&p_values, correction),
            None => unknown("correction", &correction),
        },
    )
}

/// How well scores tell true from false.
#[pyfunction]
pub(crate) fn stats_ranking(
    py: Python<'_>,
    name: String,
    truth: Vec<bool>,
    scores: Vec<f64>,
) -> PyResult<f64> {
    doorway::by_size(py, truth.len() < FEW, move || match name.as_str() {
        "roc-auc" => rust::roc_auc(&truth, &scores),
        "average-precision" => rust::average_precision(&truth, &scores),
        "brier" => rust::brier(&truth, &scores),
        "log-loss" => rust::log_loss(&truth, &scores),
        "reciprocal-rank" => rust::reciprocal_rank(&truth, &scores),
        other => unknown("score of a ranking", other),
    })
}

/// The chance that one of k tries passes (or, `all`, that each does), of `c` of `n` that did.
#[pyfunction]
pub(crate) fn stats_pass_at(py: Python<'_>, n: u64, c: u64, k: u64, all: bool) -> PyResult<f64> {
    doorway::quick(py, || match all {
        true => rust::pass_hat_k(n, c, k),
        false => rust::pass_at_k(n, c, k),
    })
}

/// The mean of that over cases, each with its tries and how many of them passed.
#[pyfunction]
pub(crate) fn stats_mean_pass_at(
    py: Python<'_>,
    cases: Vec<(u64, u64)>,
    k: u64,
    all: bool,
) -> PyResult<f64> {
    doorway::by_size(py, cases.len() < FEW, move || match all {
        true => rust::mean_pass_hat_k(&cases, k),
        false => rust::mean_pass_at_k(&cases, k),
    })
}

/// How many cases show a difference of means.
#[pyfunction]
pub(crate) fn stats_cases_needed(
    py: Python<'_>,
    difference: f64,
    sd: f64,
    alpha: f64,
    power: f64,
    side_of: &str,
) -> PyResult<u64> {
    doorway::quick(py, || {
        rust::cases_needed_for_mean(difference, sd, alpha, power, side(side_of)?)
    })
}

/// How many cases give a pass rate's interval this half-width.
#[pyfunction]
pub(crate) fn stats_cases_for_width(
    py: Python<'_>,
    rate: f64,
    half_width: f64,
    confidence: f64,
) -> PyResult<u64> {
    doorway::quick(py, || {
        rust::cases_for_half_width(rate, half_width, Confidence::new(confidence)?)
    })
}

/// The chance that so many cases show a difference of means.
#[pyfunction]
pub(crate) fn stats_power(
    py: Python<'_>,
    n: u64,
    difference: f64,
    sd: f64,
    alpha: f64,
    side_of: &str,
) -> PyResult<f64> {
    doorway::quick(py, || {
        rust::power_for_mean(n, difference, sd, alpha, side(side_of)?)
    })
}

/// The smallest difference of pass rates that so many cases show; none where they are too few for any.
#[pyfunction]
pub(crate) fn stats_detectable(
    py: Python<'_>,
    n: u64,
    discordance: f64,
    alpha: f64,
    power: f64,
    side_of: &str,
) -> PyResult<Option<f64>> {
    doorway::quick(py, || {
        rust::detectable_difference(n, discordance, alpha, power, side(side_of)?)
    })
}

/// Standard deviation, standard error of the mean, and the ends of Student's interval.
#[pyfunction]
pub(crate) fn stats_spread(
    py: Python<'_>,
    values: Vec<f64>,
    confidence: f64,
) -> PyResult<(f64, f64, f64, f64)> {
    doorway::by_size(py, values.len() < FEW, move || {
        let interval = rust::t_interval(&values, Confidence::new(confidence)?)?;
        let (sd, error) = (rust::sd(&values)?, rust::standard_error(&values)?);
        Ok::<_, Error>((sd, error, interval.lo(), interval.hi()))
    })
}

/// nDCG of scored items with their gains.
#[pyfunction]
#[pyo3(signature = (gains, scores, k=None))]
pub(crate) fn stats_ndcg(
    py: Python<'_>,
    gains: Vec<f64>,
    scores: Vec<f64>,
    k: Option<usize>,
) -> PyResult<f64> {
    doorway::by_size(py, gains.len() < FEW, move || {
        rust::ndcg(&gains, &scores, k)
    })
}

/// The names of corrections.
pub(crate) const CORRECTIONS: [Correction; 4] = [
    Correction::Holm,
    Correction::Bonferroni,
    Correction::BenjaminiHochberg,
    Correction::BenjaminiYekutieli,
];
