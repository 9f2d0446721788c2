//! Labels against labels, as JSON.

use botsmith::eval::stats::{ClassScores, Confusion, Weights};
use pyo3::prelude::*;
use serde_json::{Value, json};

use crate::doorway;
use crate::fault::Fault;

/// The confusion table of true and given labels with all that is read from it, as JSON.
#[pyfunction]
pub(crate) fn stats_confusion(
    py: Python<'_>,
    truth: Vec<String>,
    given: Vec<String>,
    order: Option<Vec<String>>,
) -> PyResult<String> {
    doorway::by_size(py, truth.len() < super::FEW, move || {
        // Labels in an order of their own are counted by their places in it.
        if let Some(order) = order {
            let place = |label: &String| {
                order
                    .iter()
                    .position(|known| known == label)
                    .ok_or_else(|| {
                        Fault::Wrong(format!("the label {label:?} is none of the order's"))
                    })
            };
            let places =
                |labels: &[String]| labels.iter().map(place).collect::<Result<Vec<_>, _>>();
            let found = Confusion::new(&places(&truth)?, &places(&given)?)?;
            let labels = found.labels().iter().map(|at| order[*at].clone()).collect();
            Ok(shown(&found, labels))
        } else {
            let found = Confusion::new(&truth, &given)?;
            let labels = found.labels().to_vec();
            Ok::<_, Fault>(shown(&found, labels))
        }
    })
}

fn shown<L>(found: &Confusion<L>, labels: Vec<String>) -> String {
    let classes: Vec<_> = found.per_class().iter().map(scores).collect();
    json!({
        "labels": labels, "counts": found.counts(), "n": found.n(), "accuracy": found.accuracy(),
        "balanced_accuracy": found.balanced_accuracy(), "per_class": classes,
        "macro_average": scores(&found.macro_average()),
        "weighted_average": scores(&found.weighted_average()),
        "matthews": found.matthews(), "kappa": found.kappa(Weights::None),
        "kappa_linear": found.kappa(Weights::Linear),
        "kappa_quadratic": found.kappa(Weights::Quadratic),
    })
    .to_string()
}

fn scores(found: &ClassScores) -> Value {
    json!({
        "precision": found.precision, "recall": found.recall, "f1": found.f1,
        "support": found.support,
    })
}
