//! The metric that a honing improves: a name or the suite's own choice -> which one, and how an answer
//! does by it.
//!
//! A metric that decides counts passes, 0 or 1; any other counts its value, turned so that more is better.

use serde::Serialize;

use crate::evaluators::{Better, Panel};
use crate::run::AnswerRecord;
use crate::{Error, Result, Verdict};

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
