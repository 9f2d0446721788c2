//! What a kind of step is given when it runs, and what it gives back.

use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use botsmith_core::chat::{BoxFuture, CancelToken};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Output, StepError};

/// One attempt of a step.
///
/// Its kind does the work and gives the output. It stops when [`cancel`](Self::cancel) says so: then
/// the run was cancelled, the time is over, or another worker has the step.
pub struct Task {
    pub(crate) run: String,
    pub(crate) workflow: String,
    pub(crate) step: String,
    pub(crate) kind: String,
    pub(crate) with: Value,
    pub(crate) inputs: Value,
    pub(crate) attempt: u64,
    pub(crate) idempotency_key: String,
    pub(crate) claimed_ms: u64,
    pub(crate) cancel: CancelToken,
    pub(crate) deadline: Option<Instant>,
    pub(crate) folder: PathBuf,
    pub(crate) devices: Vec<String>,
    /// Held until the last thread of this attempt ends.
    #[allow(dead_code, reason = "kept for its drop")]
    pub(crate) slots: Option<Arc<crate::worker::Hold>>,
}

impl Task {
    /// The run.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The workflow's name.
    pub fn workflow(&self) -> &str {
        &self.workflow
    }

    /// The step's key in the run, such as `draft` or `tag#17`.
    pub fn step(&self) -> &str {
        &self.step
    }

    /// The step's kind.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// What stands under `with`, rendered. Secrets may be in it: it is in no log and no error.
    pub fn with(&self) -> &Value {
        &self.with
    }

    /// What stands under `with`, as a type.
    ///
    /// # Errors
    /// Class `with`, for a value that does not fit; the value is not shown.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, StepError> {
        T::deserialize(&self.with).map_err(|error| {
            let reason = match error.classify() {
                serde_json::error::Category::Data => without_values(&error.to_string()),
                _ => "does not read".to_owned(),
            };
            StepError::new("with", format!("`with` of step `{}`: {reason}", self.step))
        })
    }

    /// What the run was started with.
    pub fn inputs(&self) -> &Value {
        &self.inputs
    }

    /// Which attempt this is, from 1.
    pub fn attempt(&self) -> u64 {
        self.attempt
    }

    /// The same for every attempt of the step: for effects outside of the store.
    pub fn idempotency_key(&self) -> &str {
        &self.idempotency_key
    }

    /// When it was claimed by the store's time, in milliseconds since 1970-01-01T00:00Z.
    pub fn claimed_ms(&self) -> u64 {
        self.claimed_ms
    }

    /// Says when to stop.
    pub fn cancel(&self) -> &CancelToken {
        &self.cancel
    }

    /// When this attempt's time is over.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The folder that relative paths start from.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A path of `with`, from [`folder`](Self::folder) on.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.join(path)
    }

    /// The devices that the step asked for and holds, such as `cuda:0`.
    pub fn devices(&self) -> &[String] {
        &self.devices
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("run", &self.run)
            .field("step", &self.step)
            .field("kind", &self.kind)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// A message of serde without the values in it: they may be secrets.
fn without_values(message: &str) -> String {
    let mut kept = String::new();
    let mut quoted = false;
    for c in message.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                kept.push_str(if quoted { "…" } else { "" });
            }
            _ if !quoted => kept.push(c),
            _ => {}
        }
    }
    kept
}

/// Does the work of a kind of step.
pub trait Action: Send + Sync {
    /// Does one attempt. Dropping the future stops it.
    fn act(&self, task: Task) -> BoxFuture<'static, Result<Output, StepError>>;
}

/// An action as a kind holds it.
#[derive(Clone)]
pub(crate) struct Does(pub(crate) Arc<dyn Action>);

impl fmt::Debug for Does {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Does")
    }
}

impl PartialEq for Does {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Does {}

/// An asynchronous function.
pub(crate) struct Async<F>(pub(crate) F);

impl<F, R> Action for Async<F>
where
    F: Fn(Task) -> R + Send + Sync,
    R: Future<Output = Result<Output, StepError>> + Send + 'static,
{
    fn act(&self, task: Task) -> BoxFuture<'static, Result<Output, StepError>> {
        Box::pin((self.0)(task))
    }
}

/// A function that blocks: it gets a thread of its own.
pub(crate) struct Blocking<F>(pub(crate) Arc<F>);

impl<F> Action for Blocking<F>
where
    F: Fn(Task) -> Result<Value, StepError> + Send + Sync + 'static,
{
    fn act(&self, task: Task) -> BoxFuture<'static, Result<Output, StepError>> {
        let work = Arc::clone(&self.0);
        Box::pin(async move {
            match tokio::task::spawn_blocking(move || work(task)).await {
                Ok(done) => done.map(Output::Done),
                Err(error) => Err(StepError::panicked(error)),
            }
        })
    }
}

impl StepError {
    /// An error of this class, such as `server`.
    pub fn new(class: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            class: class.into(),
            message: message.into(),
        }
    }

    pub(crate) fn panicked(error: tokio::task::JoinError) -> Self {
        let said = match error.try_into_panic() {
            Ok(panic) => panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned()),
            Err(_) => Some("it was stopped".to_owned()),
        };
        let said = said.unwrap_or_else(|| "without a word".to_owned());
        Self::new("panic", format!("its code panicked: {said}"))
    }
}

impl From<crate::Error> for StepError {
    fn from(error: crate::Error) -> Self {
        let class = match &error {
            crate::Error::Core(_) | crate::Error::Busy { .. } => "store",
            crate::Error::Template { .. } => "template",
            crate::Error::Inputs { .. } => "inputs",
            _ => "flow",
        };
        Self::new(class, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_about_a_value_does_not_show_it() {
        let said = without_values("invalid type: string \"s3cret\", expected u64");
        assert_eq!(said, "invalid type: string …, expected u64");
    }
}
