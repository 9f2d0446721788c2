//! The `hone` of a suite: how its cases are split, what is to become better, what may vary, and what a variant
//! may take and cost.

use botsmith_core::yaml::Cursor;
use serde_json::{Value, json};

use crate::Result;
use crate::evaluators::Panel;
use crate::hone::{Split, Target, Vary};

/// How a suite's bots are honed.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct HoneSpec {
    /// Which cases teach, rank and judge.
    pub split: Split,
    /// The metric that is to become better; without it the first that passes or fails.
    pub metric: Option<String>,
    /// Parameters and the values to try; without it the provider's usual ones.
    pub vary: Option<Vary>,
    /// The 95th percentile of latency that a variant may have, in seconds; `None`: any.
    pub p95_latency: Option<f64>,
    /// The mean cost of an answer that a variant may have, in the currency of the prices; `None`: any.
    pub cost: Option<f64>,
}

impl HoneSpec {
    /// Reads `{salt, metric, vary, p95-latency, cost}`.
    pub(super) fn read(at: Option<&Cursor<'_>>, panel: &Panel) -> Result<Self> {
        let mut spec = Self::default();
        let Some(at) = at else { return Ok(spec) };
        let fields = at.fields()?;
        if let Some(at) = fields.get("salt") {
            spec.split = Split::new(at.name()?);
        }
        if let Some(at) = fields.get("metric") {
            let choices: Vec<_> = panel.evaluators().iter().map(|e| (e.name(), ())).collect();
            at.one_of(&choices)?;
            let name = at.text()?;
            Target::choose(panel, Some(name)).map_err(|error| at.error(error.to_string()))?;
            spec.metric = Some(name.to_owned());
        }
        spec.vary = fields.get("vary").map(|at| Vary::read(&at)).transpose()?;
        if let Some(at) = fields.get("p95-latency") {
            let seconds = at.duration()?.as_secs_f64();
            if seconds <= 0.0 {
                return Err(at.error("must be above 0").into());
            }
            spec.p95_latency = Some(seconds);
        }
        if let Some(at) = fields.get("cost") {
            let cost = at.number()?;
            if !(cost.is_finite() && cost > 0.0) {
                return Err(at.error("must be above 0").into());
            }
            spec.cost = Some(cost);
        }
        fields.finish()?;
        Ok(spec)
    }
}

/// JSON Schema of `hone`.
pub(super) fn schema() -> Value {
    let list = |item: Value, about: &str| {
        json!({
            "description": about,
            "anyOf": [item, {"type": "array", "minItems": 1, "maxItems": 20, "items": item}]
        })
    };
    json!({
        "type": "object", "additionalProperties": false,
        "description": "How `botsmith hone` makes the suite's bots better.",
        "properties": {
            "salt": {
                "type": "string", "minLength": 1, "default": Split::SALT,
                "description": "Decides which cases teach, rank and judge. Another salt is another split: leave it as it is."
            },
            "metric": {
                "type": "string",
                "description": "The evaluator, by name, whose score is to become better. Default: the first that passes or fails."
            },
            "p95-latency": {
                "type": ["string", "number"], "exclusiveMinimum": 0,
                "description": "The 95th percentile of latency that a variant may have at the gate: `800ms`, `2s`, or a number of seconds. Default: any."
            },
            "cost": {
                "type": "number", "exclusiveMinimum": 0,
                "description": "The mean cost of an answer that a variant may have at the gate, in the currency of the prices. Default: any."
            },
            "vary": {
                "type": "object", "additionalProperties": false,
                "description": "Parameters of the bot's provider, and the values to try.",
                "properties": {
                    "temperature": list(json!({"type": "number", "minimum": 0, "maximum": 10}), "How much chance there is in the choice of words."),
                    "top-p": list(json!({"type": "number", "minimum": 0, "maximum": 1}), "The share of likely words to choose from."),
                    "max-tokens": list(json!({"type": "integer", "minimum": 1}), "Tokens of an answer at most."),
                    "model": list(json!({"type": "string", "minLength": 1}), "The model, by name.")
                }
            }
        }
    })
}
