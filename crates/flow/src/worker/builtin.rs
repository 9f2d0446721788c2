//! What the kinds do that wait: `wait`, `signal`, `approval`, `ask`. Each says what it waits for and
//! gives its worker back.
//!
//! | kind | signal that ends it | its data |
//! |---|---|---|
//! | `signal` | the name that it says | any |
//! | `approval` | `approval:STEP` | `{approved, by, comment}` |
//! | `ask` | `ask:STEP` | what fits its schema |

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::task::{Action, Async, Task};
use crate::{Error, FlowStore, Output, Result, StepError, StepState, StepStatus, Wait};

/// The signal that an approval waits for.
fn approval_signal(step: &str) -> String {
    format!("approval:{step}")
}

/// The signal that a question waits for.
fn ask_signal(step: &str) -> String {
    format!("ask:{step}")
}

/// What a kind that flow itself brings does; `None` for kinds that the engine steers.
pub(crate) fn act(kind: &str) -> Option<Arc<dyn Action>> {
    Some(match kind {
        "wait" => Arc::new(Async(|task| async move { wait(&task) })),
        "signal" => Arc::new(Async(|task| async move { signal(&task) })),
        "approval" => Arc::new(Async(|task| async move { approval(&task) })),
        "ask" => Arc::new(Async(|task| async move { ask(&task) })),
        "command" => Arc::new(Async(super::command::command)),
        #[cfg(feature = "http")]
        "http" => Arc::new(Async(super::http::http)),
        _ => return None,
    })
}

/// A duration as workflow files write it: `250ms`, `2s`, `2d`, or a number of seconds; in milliseconds.
fn milliseconds(task: &Task, key: &str) -> Result<Option<u64>, StepError> {
    let value = &task.with()[key];
    let seconds = match value {
        Value::Null => return Ok(None),
        Value::Number(number) => number.as_f64(),
        Value::String(text) => {
            let text = text.trim();
            let split = text
                .find(|c: char| c.is_ascii_alphabetic())
                .unwrap_or(text.len());
            let factor = match &text[split..] {
                "ms" => Some(0.001),
                "" | "s" => Some(1.0),
                "m" | "min" => Some(60.0),
                "h" => Some(3_600.0),
                "d" => Some(86_400.0),
                _ => None,
            };
            let amount: Option<f64> = text[..split].trim().parse().ok();
            amount.zip(factor).map(|(amount, factor)| amount * factor)
        }
        _ => None,
    };
    match seconds {
        Some(seconds) if (0.0..4e12).contains(&seconds) => {
            Ok(Some((seconds * 1000.0).round() as u64))
        }
        _ => Err(StepError::new(
            "with",
            format!(
                "`{key}` of step `{}` is no duration like `250ms`, `2s` or `5m`",
                task.step()
            ),
        )),
    }
}

fn wait(task: &Task) -> Result<Output, StepError> {
    let ms = milliseconds(task, "for")?.unwrap_or_default();
    Ok(Output::Waits(Wait {
        until_ms: Some(task.claimed_ms() + ms),
        ..Wait::default()
    }))
}

/// A wait for a signal with the `deadline` that stands under `with`.
fn until(task: &Task, signal: String) -> Result<Wait, StepError> {
    Ok(Wait {
        signal: Some(signal),
        until_ms: milliseconds(task, "deadline")?.map(|ms| task.claimed_ms() + ms),
        ..Wait::default()
    })
}

/// What stands under a key, where something does.
fn given(task: &Task, key: &str) -> Option<Value> {
    let value = task.with().get(key)?;
    (!value.is_null()).then(|| value.clone())
}

fn signal(task: &Task) -> Result<Output, StepError> {
    let Some(name) = task.with()["name"].as_str().filter(|name| !name.is_empty()) else {
        let message = format!("`name` of step `{}` is no text", task.step());
        return Err(StepError::new("with", message));
    };
    Ok(Output::Waits(Wait {
        default: task.with().get("default").cloned(),
        ..until(task, name.to_owned())?
    }))
}

fn approval(task: &Task) -> Result<Output, StepError> {
    let default = match task.with()["default"].as_str() {
        None => None,
        Some("approve") => Some(true),
        Some("reject") => Some(false),
        Some(_) => {
            let message = format!(
                "`default` of step `{}` is neither `approve` nor `reject`",
                task.step()
            );
            return Err(StepError::new("with", message));
        }
    };
    let who = given(task, "who");
    let mut by = json!({"type": "string", "minLength": 1});
    if let Some(Value::Array(who)) = &who
        && !who.is_empty()
    {
        by["enum"] = json!(who);
    }
    let schema = json!({
        "type": "object",
        "properties": {
            "approved": {"type": "boolean"},
            "by": by,
            "comment": {"type": "string"},
        },
        "required": match &who { Some(Value::Array(who)) if !who.is_empty() => json!(["approved", "by"]), _ => json!(["approved"]) },
    });
    Ok(Output::Waits(Wait {
        default: default.map(|approved| json!({"approved": approved, "by": null})),
        schema: Some(schema),
        about: Some(about("approval", task, &["message", "who"])),
        ..until(task, approval_signal(task.step()))?
    }))
}

fn ask(task: &Task) -> Result<Output, StepError> {
    Ok(Output::Waits(Wait {
        default: task.with().get("default").cloned(),
        schema: given(task, "schema"),
        about: Some(about("ask", task, &["question", "who"])),
        ..until(task, ask_signal(task.step()))?
    }))
}

/// What people are shown.
fn about(kind: &str, task: &Task, keys: &[&str]) -> Value {
    let mut about = Map::new();
    about.insert("kind".into(), json!(kind));
    let found = keys
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), given(task, key)?)));
    about.extend(found);
    Value::Object(about)
}

impl FlowStore {
    /// Approves or rejects a step of kind `approval`. The first word counts: what is answered is the one
    /// that does.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::State`] for a step that waits for no approval;
    /// [`Error::Answer`] when `by` is none of those who may decide; the store's.
    pub fn decide(
        &self,
        run: &str,
        step: &str,
        approved: bool,
        by: Option<&str>,
        comment: Option<&str>,
    ) -> Result<Value> {
        self.asked(run, step, "approval")?;
        let mut data = Map::new();
        data.insert("approved".into(), json!(approved));
        let words = [("by", by), ("comment", comment)];
        let said = words
            .into_iter()
            .filter_map(|(key, word)| Some((key.to_owned(), json!(word?))));
        data.extend(said);
        self.signal(run, &approval_signal(step), &Value::Object(data))
    }

    /// Answers a step of kind `ask`. The first answer counts: what is answered is the one that does.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::State`] for a step that asks nothing; [`Error::Answer`] when the
    /// answer does not fit the schema; the store's.
    pub fn answer(&self, run: &str, step: &str, answer: &Value) -> Result<Value> {
        self.asked(run, step, "ask")?;
        self.signal(run, &ask_signal(step), answer)
    }

    fn asked(&self, run: &str, step: &str, kind: &'static str) -> Result<StepState> {
        let found = self.step(run, step)?;
        let open = matches!(found.status, StepStatus::Waiting | StepStatus::Done);
        if found.plan.kind != kind || !open {
            return Err(Error::State {
                what: "step",
                name: format!("{run}/{step}"),
                state: format!(
                    "a step of kind `{}` that is {}",
                    found.plan.kind,
                    found.status.word()
                ),
                wanted: match kind {
                    "ask" => "only a step of kind `ask` that waits is answered",
                    _ => "only a step of kind `approval` that waits is approved or rejected",
                },
            });
        }
        Ok(found)
    }
}
