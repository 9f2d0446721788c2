//! A claimed step and what the store has of its run -> what its templates read.

use std::sync::{Arc, Mutex, PoisonError};

use botsmith_core::secret::SecretString;
use serde_json::Value;

use super::Secrets;
use crate::{Claimed, Ended, FlowStore, Output, Result, Scope, StepError, StepStatus, Work};

/// Shorter secrets are not looked for in outputs: they would be found everywhere.
const SHORTEST: usize = 4;

/// The secrets that an attempt was given.
#[derive(Clone, Default)]
pub(super) struct Shown(Arc<Mutex<Vec<SecretString>>>);

impl Shown {
    fn watch(
        &self,
        find: Secrets,
    ) -> impl Fn(&str) -> std::result::Result<Option<SecretString>, String> + Send + Sync + use<>
    {
        let shown = self.clone();
        move |name: &str| {
            let found = find(name)?;
            let mut all = shown.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(secret) = &found
                && !all.contains(secret)
            {
                all.push(secret.clone());
            }
            Ok(found)
        }
    }

    /// The output without any of the secrets.
    pub(super) fn hide(&self, output: Output) -> Output {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let secrets: Vec<&str> = all
            .iter()
            .map(SecretString::expose)
            .filter(|secret| secret.len() >= SHORTEST)
            .collect();
        if secrets.is_empty() {
            return output;
        }
        match output {
            Output::Done(value) => Output::Done(hidden(value, &secrets)),
            Output::Failed(error) => Output::Failed(StepError {
                class: without(error.class, &secrets),
                message: without(error.message, &secrets),
            }),
            Output::Waits(mut wait) => {
                wait.default = wait.default.map(|value| hidden(value, &secrets));
                wait.about = wait.about.map(|value| hidden(value, &secrets));
                Output::Waits(wait)
            }
            other => other,
        }
    }
}

fn without(text: String, secrets: &[&str]) -> String {
    secrets
        .iter()
        .fold(text, |text, secret| match text.contains(secret) {
            true => text.replace(secret, "***"),
            false => text,
        })
}

fn hidden(value: Value, secrets: &[&str]) -> Value {
    match value {
        Value::String(text) => Value::String(without(text, secrets)),
        Value::Array(items) => items
            .into_iter()
            .map(|item| hidden(item, secrets))
            .collect(),
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(key, value)| (without(key, secrets), hidden(value, secrets)))
                .collect(),
        ),
        other => other,
    }
}

/// What a step is given, and what its templates can read.
pub(super) struct Prepared {
    pub(super) work: Work,
    pub(super) scope: Scope,
}

/// Reads what a step's templates need.
pub(super) fn prepare(
    flows: &FlowStore,
    claimed: &Claimed,
    secrets: Option<&Secrets>,
    shown: &Shown,
) -> Result<Prepared> {
    let work = match claimed.plan.with {
        Value::Null => Work::default(),
        _ => Work::of(&claimed.plan)?,
    };
    let mut scope = Scope::new(claimed.inputs.clone());
    if let Some(find) = secrets {
        scope = scope.try_secrets(shown.watch(Arc::clone(find)));
    }
    let keys: Vec<String> = work.reads().into_iter().collect();
    if !keys.is_empty() {
        let run = &claimed.held.run;
        let steps = flows.some_steps(run, &keys)?;
        let outputs = flows.outputs(run, &keys)?;
        let under = work.under.as_ref().map(|under| format!("{under}."));
        for ((key, step), output) in keys.iter().zip(steps).zip(outputs) {
            let Some(step) = step else { continue };
            let name = under.as_deref().and_then(|under| key.strip_prefix(under));
            let ended = Ended {
                status: step.status,
                output: output.filter(|_| step.status == StepStatus::Done),
                error: step
                    .error
                    .filter(|_| step.status != StepStatus::Done)
                    .map(|error| error.message),
            };
            scope = scope.step(name.unwrap_or(key), ended);
        }
    }
    let scope = work.scope(scope);
    Ok(Prepared { work, scope })
}
