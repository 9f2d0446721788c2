//! The metric that a honing improves: a name or the suite's own choice -> which one, and how an answer
//! does by it.
//!
//! A metric that decides counts passes, 0 or 1; any other counts its value, turned so that more is better.

use serde::Serialize;
use serde_json::{Value, json};

use crate::evaluators::{Better, Panel};
use crate::promotion::Measure;
use crate::run::AnswerRecord;
use crate::{Error, Result, Verdict};

/// Options of an evaluator that change how fast or how heavily it judges, not what it says.
const NEUTRAL: [&str; 5] = ["name", "weight", "concurrency", "rate", "timeout"];

/// The metric that is to become better.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    /// Its name in the suite.
    pub metric: String,
    /// Its place among the suite's evaluators.
    #[serde(skip)]
    pub(super) place: usize,
    /// Whether it decides pass or fail.
    pub decides: bool,
    /// Whether less is better; values are turned round.
    #[serde(skip)]
    pub(super) lower: bool,
    /// Whether a model judges.
    pub judged: bool,
}

impl Target {
    /// The metric of this name; without a name the first that decides, else the first that says which end
    /// is better.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that name, [`Error::Invalid`] if it cannot be improved.
    pub fn choose(panel: &Panel, name: Option<&str>) -> Result<Self> {
        let all = panel.evaluators();
        let fits = |e: &crate::evaluators::Configured| {
            !e.together() && (e.decides() || e.range().better != Better::Neither)
        };
        let place = if let Some(name) = name {
            let names = || all.iter().map(crate::evaluators::Configured::name);
            let place = names().position(|known| known == name);
            let place = place.ok_or_else(|| Error::NotFound {
                what: "metric",
                name: name.to_owned(),
                hint: Some(match botsmith_core::hint::nearest(name, names()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the suite has {}", botsmith_core::hint::list(names())),
                }),
            })?;
            fits(&all[place]).then_some(place)
        } else {
            let deciding = all.iter().position(|e| fits(e) && e.decides());
            deciding.or_else(|| all.iter().position(fits))
        };
        let place = place.ok_or_else(|| {
            Error::Invalid(format!(
                "{} cannot be improved: a metric to hone for passes or fails each answer, or says which end is better",
                name.map_or("no metric of the suite".to_owned(), |name| format!("`{name}`"))
            ))
        })?;
        let chosen = &all[place];
        Ok(Self {
            metric: chosen.name().to_owned(),
            place,
            decides: chosen.decides(),
            lower: !chosen.decides() && chosen.range().better == Better::Lower,
            judged: chosen.asks().is_some(),
        })
    }

    /// By what a gate compares: the metric, the suite's entry for it, and what the suite takes out of an answer
    /// before it is judged. `identity` is the suite's. What stands in a judge's cartridge is not in it: where a
    /// judge makes the scores people decide, and its calibration is void when it changes.
    pub(super) fn measure(&self, identity: &Value) -> Measure {
        let all = &identity["evaluators"];
        let entry = all.get(self.place).unwrap_or(all);
        let mut entry = entry.clone();
        if let Some(kinds) = entry.as_object_mut() {
            for options in kinds.values_mut().filter_map(Value::as_object_mut) {
                options.retain(|key, _| !NEUTRAL.contains(&key.as_str()));
            }
        }
        Measure::new(
            self.metric.as_str(),
            json!([entry, identity.get("extract")]),
        )
    }

    /// How an answer does: more is better. `None` where it was not judged.
    pub(super) fn value(&self, answer: &AnswerRecord) -> Option<f64> {
        let Verdict::Judged(score) = answer.verdicts.get(self.place)? else {
            return None;
        };
        match (self.decides, score.passed) {
            (true, Some(passed)) => Some(f64::from(u8::from(passed))),
            (true, None) => None,
            (false, _) if self.lower => Some(-score.value),
            (false, _) => Some(score.value),
        }
    }
}
