//! What a judge is asked, the form of its reply, and what the reply is worth.

use botsmith_core::yaml::Fields;
use serde_json::{Map, Value, json};

use crate::Result;
use crate::template::Template;

/// What is asked.
#[derive(Clone, Debug)]
pub(super) struct Judgement {
    pub(super) criteria: Vec<Template>,
    pub(super) form: Form,
}

/// The form of the reply.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// Which criteria are met.
    Rubric,
    /// Labels and their values.
    Choice(Vec<(String, f64)>),
    /// Least and greatest grade.
    Score(f64, f64),
    /// Against this bot; `None`: the reference.
    Pairwise(Option<String>),
}

/// What one judge says of one answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Opinion {
    /// 0 to 1.
    pub(super) value: f64,
    /// In a word or two: `good`, `4 of 5`.
    pub(super) label: String,
    pub(super) reason: String,
    /// Whether the value is read from probabilities.
    pub(super) weighted: bool,
}

#[derive(Clone, Copy)]
enum Word {
    Rubric,
    Choice,
    Score,
    Pairwise,
}

impl Judgement {
    pub(super) fn read(options: &Fields<'_>) -> Result<Self> {
        let criteria_at = options.required("criteria")?;
        let criteria: Vec<_> = criteria_at
            .items_or_self()
            .iter()
            .map(Template::read)
            .collect::<Result<_>>()?;
        if criteria.is_empty() {
            return Err(criteria_at.error("the list is empty").into());
        }
        let words = [
            ("rubric", Word::Rubric),
            ("choice", Word::Choice),
            ("score", Word::Score),
            ("pairwise", Word::Pairwise),
        ];
        let kind = options.get("kind");
        let word = kind.map_or(Ok(Word::Rubric), |at| at.one_of(&words))?;
        // Each is read where it belongs alone: elsewhere it is an unknown key.
        let form = match word {
            Word::Rubric => Form::Rubric,
            Word::Choice => Form::Choice(choices(options)?),
            Word::Score => scale(options)?,
            Word::Pairwise => {
                let against = options.get("against").map(|at| at.name()).transpose()?;
                let bot = against.filter(|name| *name != "reference");
                Form::Pairwise(bot.map(str::to_owned))
            }
        };
        Ok(Self { criteria, form })
    }

    /// Whether it gives pass or fail without a threshold.
    pub(super) fn decides(&self) -> bool {
        match &self.form {
            Form::Rubric => true,
            Form::Choice(choices) => choices.iter().all(|(_, v)| *v == 0.0 || *v == 1.0),
            Form::Score(..) | Form::Pairwise(_) => false,
        }
    }

    /// Whether a value may lie between 0 and 1 because only some criteria are met.
    pub(super) fn shares(&self) -> bool {
        matches!(self.form, Form::Rubric) && self.criteria.len() > 1
    }

    /// The bot that answers are compared with.
    pub(super) fn against(&self) -> Option<&str> {
        match &self.form {
            Form::Pairwise(against) => against.as_deref(),
            _ => None,
        }
    }

    /// JSON Schema of the reply.
    pub(super) fn schema(&self) -> Value {
        let reason = json!({"type": "string", "description": "Why, in a sentence or two."});
        let (name, own) = match &self.form {
            Form::Rubric => (
                "met",
                json!({
                    "type": "array",
                    "items": {"type": "boolean"},
                    "minItems": self.criteria.len(),
                    "maxItems": self.criteria.len(),
                    "description": "For each criterion, in order, whether it is met.",
                }),
            ),
            Form::Choice(choices) => {
                let labels: Vec<_> = choices.iter().map(|(label, _)| label).collect();
                (
                    "choice",
                    json!({"enum": labels, "description": "The label that fits best."}),
                )
            }
            Form::Score(lo, hi) => (
                "score",
                json!({"type": "number", "minimum": lo, "maximum": hi, "description": "The grade."}),
            ),
            Form::Pairwise(_) => (
                "better",
                json!({"enum": ["A", "B", "tie"], "description": "Which answer is better."}),
            ),
        };
        let properties = Map::from_iter([("reason".to_owned(), reason), (name.to_owned(), own)]);
        json!({
            "type": "object",
            "properties": properties,
            "required": ["reason", name],
            "additionalProperties": false,
        })
    }

    /// What to do and how to reply, in words.
    pub(super) fn task(&self, criteria: &[String]) -> String {
        let mut task = match criteria {
            [one] => format!("What counts: {one}\n"),
            many => {
                let lines: Vec<_> = many
                    .iter()
                    .enumerate()
                    .map(|(i, criterion)| format!("{}. {criterion}\n", i + 1))
                    .collect();
                format!("What counts:\n{}", lines.concat())
            }
        };
        let reply = match &self.form {
            Form::Rubric => {
                let met = vec!["true or false"; criteria.len()].join(", ");
                format!("Say for each, in order, whether the answer meets it.\nReply with one JSON object and nothing else: {{\"reason\": \"…\", \"met\": [{met}]}}")
            }
            Form::Choice(choices) => {
                let labels: Vec<_> = choices.iter().map(|(l, _)| format!("{l:?}")).collect();
                format!("Choose the one label that fits the answer best: {}.\nReply with one JSON object and nothing else: {{\"reason\": \"…\", \"choice\": \"…\"}}", labels.join(", "))
            }
            Form::Score(lo, hi) => format!("Grade the answer from {lo} (worst) to {hi} (best).\nReply with one JSON object and nothing else: {{\"reason\": \"…\", \"score\": …}}"),
            Form::Pairwise(_) => "Say which of the two answers is better, A or B, or that neither is (tie). Their order and their length mean nothing.\nReply with one JSON object and nothing else: {\"reason\": \"…\", \"better\": \"A\", \"B\" or \"tie\"}".into(),
        };
        task.push_str(&reply);
        task
    }

    /// What a reply of the right form is worth. Of `pairwise`: 1 where A is better.
    pub(super) fn opinion(&self, reply: &Value) -> Option<Opinion> {
        let reason = reply
            .get("reason")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let (value, label) = match &self.form {
            Form::Rubric => {
                let met: Vec<bool> = reply
                    .get("met")?
                    .as_array()?
                    .iter()
                    .map(Value::as_bool)
                    .collect::<Option<_>>()?;
                let good = met.iter().filter(|met| **met).count();
                let missed: Vec<_> = met
                    .iter()
                    .enumerate()
                    .filter(|(_, met)| !**met)
                    .map(|(i, _)| (i + 1).to_string())
                    .collect();
                let label = match (missed.is_empty(), met.len()) {
                    (true, _) => "met".to_owned(),
                    (false, 1) => "not met".to_owned(),
                    (false, _) => format!("not met: {}", missed.join(", ")),
                };
                (good as f64 / met.len().max(1) as f64, label)
            }
            Form::Choice(choices) => {
                let choice = reply.get("choice")?.as_str()?;
                let (label, value) = choices.iter().find(|(label, _)| label == choice)?;
                (*value, label.clone())
            }
            Form::Score(lo, hi) => {
                let grade = reply.get("score")?.as_f64()?;
                if !(*lo..=*hi).contains(&grade) {
                    return None;
                }
                ((grade - lo) / (hi - lo), format!("{grade} of {hi}"))
            }
            Form::Pairwise(_) => match reply.get("better")?.as_str()? {
                "A" => (1.0, "won".to_owned()),
                "B" => (0.0, "lost".to_owned()),
                "tie" => (0.5, "tie".to_owned()),
                _ => return None,
            },
        };
        Some(Opinion {
            value,
            label,
            reason: reason.to_owned(),
            weighted: false,
        })
    }
}

fn choices(options: &Fields<'_>) -> Result<Vec<(String, f64)>> {
    let at = options.required("choices")?;
    let choices: Vec<_> = at
        .fields()?
        .entries()
        .into_iter()
        .map(|(label, value)| Ok((label.to_owned(), value.number_in(0.0, 1.0)?)))
        .collect::<Result<_>>()?;
    if choices.len() < 2 {
        return Err(at
            .diagnostic("a choice needs two labels or more")
            .hint("write `{good: 1, bad: 0}`")
            .into());
    }
    Ok(choices)
}

fn scale(options: &Fields<'_>) -> Result<Form> {
    let Some(at) = options.get("scale") else {
        return Ok(Form::Score(1.0, 5.0));
    };
    let items = at.items()?;
    match items.as_slice() {
        [lo, hi] => {
            let (lo, hi) = (lo.number()?, hi.number()?);
            match lo < hi && (hi - lo).is_finite() {
                true => Ok(Form::Score(lo, hi)),
                false => Err(at.error("the least grade comes first: `[1, 5]`").into()),
            }
        }
        _ => Err(at.error("two numbers are wanted: `[1, 5]`").into()),
    }
}
