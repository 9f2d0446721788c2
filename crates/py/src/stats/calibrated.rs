//! Judges held against people: estimates on the scale of people, calibrations and their maps. All cross as
//! JSON.

use botsmith::eval::calibration::{Label, Map, Requirements, calibrate, diagram};
use botsmith::eval::stats::{
    Confidence, Judged, inclusion_probabilities, prediction_powered, prediction_powered_difference,
};
use botsmith::eval::{Error, Result};
use pyo3::prelude::*;
use serde_json::json;

use crate::doorway;
use crate::fault::Fault;

/// The judge's scores and people's, case by case.
type Scores = (Vec<f64>, Vec<Option<f64>>);

fn judged((judge, human): Scores, inclusion: Option<&Vec<f64>>) -> Result<Vec<Judged>> {
    let n = judge.len();
    if human.len() != n || inclusion.is_some_and(|chances| chances.len() != n) {
        return Err(Error::Invalid(format!(
            "there are {n} scores of the judge, {} of people and {} chances; they go together",
            human.len(),
            inclusion.map_or(n, Vec::len)
        )));
    }
    let cases = judge.into_iter().zip(human).enumerate();
    Ok(cases
        .map(|(at, (judge, human))| {
            Judged::new(judge, human).included(inclusion.map_or(1.0, |chances| chances[at]))
        })
        .collect())
}

/// The mean of people's scores, or with a second pair of lists the mean difference, as JSON.
#[pyfunction]
pub(crate) fn stats_prediction_powered(
    py: Python<'_>,
    a: Scores,
    b: Option<Scores>,
    inclusion: Option<Vec<f64>>,
    groups: Option<Vec<String>>,
    confidence: f64,
) -> PyResult<String> {
    doorway::by_size(py, a.0.len() < super::FEW, move || {
        let confidence = Confidence::new(confidence)?;
        let a = judged(a, inclusion.as_ref())?;
        let groups = groups.unwrap_or_else(|| (0..a.len()).map(|at| at.to_string()).collect());
        let found = match b {
            None => prediction_powered(&a, &groups, confidence)?,
            Some(b) => {
                let b = judged(b, inclusion.as_ref())?;
                prediction_powered_difference(&a, &b, &groups, confidence)?
            }
        };
        Ok::<_, Fault>(serde_json::to_string(&found)?)
    })
}

/// The chance of each case to be labelled.
#[pyfunction]
pub(crate) fn stats_inclusion(
    py: Python<'_>,
    priorities: Vec<f64>,
    budget: usize,
    random_share: f64,
) -> PyResult<Vec<f64>> {
    doorway::by_size(py, priorities.len() < super::FEW, move || {
        inclusion_probabilities(&priorities, budget, random_share)
    })
}

/// A calibration, whether it lets the judge gate, and its reliability diagram, as JSON. Each label is the
/// judge's score, the person's verdict, the judge's own verdict if it has one, the weight, and the group.
#[pyfunction]
pub(crate) fn stats_calibrate(
    py: Python<'_>,
    labels: Vec<(f64, bool, Option<bool>, f64, String)>,
    seed: u64,
) -> PyResult<String> {
    doorway::apart(py, move || {
        let labels: Vec<Label> = labels
            .into_iter()
            .map(|(judge, human, passed, weight, group)| {
                let label = Label::new(judge, human).weighted(weight).of_group(group);
                match passed {
                    Some(passed) => label.judged(passed),
                    None => label,
                }
            })
            .collect();
        let calibration = calibrate(&labels, seed)?;
        let permission = calibration.permission(&Requirements::default());
        let svg = diagram(&calibration.quality.bins.after, "the judge");
        let found = json!({"calibration": calibration, "permission": permission, "svg": svg});
        Ok::<_, Fault>(found.to_string())
    })
}

/// Scores put through a calibration's map.
#[pyfunction]
pub(crate) fn stats_apply_map(py: Python<'_>, map: String, scores: Vec<f64>) -> PyResult<Vec<f64>> {
    doorway::by_size(py, scores.len() < super::FEW, move || {
        let map: Map = serde_json::from_str(&map)?;
        Ok::<_, Fault>(scores.into_iter().map(|score| map.apply(score)).collect())
    })
}
