//! What is stored of a run and of its steps. What is as usual is not written: a step that waits is small.

use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::{Notice, StepPlan};

/// A run, without its steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunState {
    /// Its id.
    pub id: String,
    /// The workflow's name.
    pub workflow: String,
    /// The hash of the plan that it is pinned to.
    pub plan_hash: String,
    /// What it was started with.
    pub inputs: Value,
    /// How it stands.
    pub status: RunStatus,
    /// Drawn when it was started; part of every token.
    pub epoch: u64,
    /// When it was started, in milliseconds since 1970-01-01T00:00Z.
    pub created_ms: u64,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_ms: Option<u64>,
    /// Whether it is held: nothing of it is claimed until it is resumed.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub paused: bool,
    /// Whether a step that counts has failed, or its time was over.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub failed: bool,
    /// How urgent its steps are, where somebody said so after it was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
    /// When its time is over, in milliseconds since 1970-01-01T00:00Z.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    /// Whether its time was over before it ended.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub timed_out: bool,
    /// Who is told of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
    /// How many steps have not ended.
    pub open: u64,
    /// How many events there are, which is the number of the next.
    pub events: u64,
    /// The last of them, which have no record of their own yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) recent: Vec<Event>,
}

/// Whether a value is what it is where nothing is written.
fn is_usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Writes of a plan what is not as usual.
fn lean<S: Serializer>(plan: &StepPlan, to: S) -> Result<S::Ok, S::Error> {
    let usual = StepPlan::default();
    let StepPlan {
        key,
        needs,
        kind,
        with,
        requires,
        retry,
        run_if,
        on_failure,
        priority,
        concurrency,
        max_expiries,
    } = plan;
    let mut map = to.serialize_map(None)?;
    macro_rules! entries {
        ($($name:literal: $field:ident),* $(,)?) => {
            $(if *$field != usual.$field { map.serialize_entry($name, $field)?; })*
        };
    }
    entries! {
        "key": key, "needs": needs, "kind": kind, "with": with, "requires": requires, "retry": retry,
        "run-if": run_if, "on-failure": on_failure, "priority": priority, "concurrency": concurrency,
        "max-expiries": max_expiries,
    }
    map.end()
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    /// Steps run or wait.
    Running,
    /// It was cancelled; attempts that run are still to hear of it.
    Cancelling,
    /// All steps ended and none failed the run.
    Done,
    /// A step failed the run.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl RunStatus {
    /// Whether it stays so for good.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Cancelling => "cancelling",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A step of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepState {
    /// What it is.
    #[serde(serialize_with = "lean")]
    pub plan: StepPlan,
    /// How it stands.
    pub status: StepStatus,
    /// How many of the steps that it needs have not ended.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub open: u64,
    /// Whether one of them did not get done.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub lacking: bool,
    /// Whether one of them failed.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub need_failed: bool,
    /// Whether a condition of its own skipped it.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub unwanted: bool,
    /// The step that added it, where it was not there from the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spawner: Option<String>,
    /// What it left for itself when it began to wait for steps that it added; see
    /// [`Output::Awaits`](crate::Output::Awaits).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<Value>,
    /// The steps that need it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependants: Vec<String>,
    /// How many attempts were begun; the counter of tokens.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub attempts: u64,
    /// How many attempts failed.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub failures: u32,
    /// How many leases ran out.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub expiries: u32,
    /// The attempt that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Attempt>,
    /// The token that committed last: a commit that comes again is known by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed_by: Option<Token>,
    /// What it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
    /// What went wrong last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<StepError>,
    /// Where it stands in its queue of ready steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rank: Option<u64>,
    /// When its first attempt began, in milliseconds since 1970-01-01T00:00Z.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_ms: Option<u64>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_ms: Option<u64>,
}

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepStatus {
    /// Steps that it needs have not ended.
    Pending,
    /// A worker may claim it.
    Ready,
    /// An attempt holds its lease.
    Running,
    /// It waits for its next attempt.
    Delayed,
    /// It waits for a time or a signal.
    Waiting,
    /// Its output is stored.
    Done,
    /// It was not to run.
    Skipped,
    /// Its last attempt failed.
    Failed,
    /// Its leases ran out too often: it is a dead letter.
    Dead,
    /// Its run was cancelled.
    Cancelled,
}

impl StepStatus {
    /// Whether it has ended. Only a requeue by hand takes it from there.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Done | Self::Skipped | Self::Failed | Self::Dead | Self::Cancelled
        )
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Delayed => "delayed",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What an attempt shows to be the one that may go on. All three parts have to be those that are
/// stored: the counter alone could be given again by a server that was restored from an older copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The run's.
    pub epoch: u64,
    /// Which attempt of the step, from 1.
    pub counter: u64,
    /// 128 random bits, drawn when it was claimed, as hexadecimal digits.
    pub nonce: String,
}

/// An attempt that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// What it shows.
    pub token: Token,
    /// Who runs it: new for each start of a process.
    pub worker: String,
    /// When it began, in milliseconds since 1970-01-01T00:00Z.
    pub started_ms: u64,
    /// When its lease runs out.
    pub deadline_ms: u64,
}

/// What a step waits for while it holds no worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wait {
    /// The signal that ends the wait; its data are the step's output. `None`: only time does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// When the wait ends by itself, in milliseconds since 1970-01-01T00:00Z.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
    /// The output when it ended by itself; without one, a wait for a signal fails then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// The JSON Schema that the signal's data have to fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// What whoever gives the signal is shown: a question, who is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<Value>,
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepError {
    /// What kind of error, such as `server` or `rate-limit`; retries may be for some only.
    pub class: String,
    /// What went wrong.
    pub message: String,
}

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// When, in milliseconds since 1970-01-01T00:00Z.
    pub at_ms: u64,
    /// What: `started`, `claimed`, `done`, `failed`, ….
    pub what: String,
    /// Of which step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// A word more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// A record of events.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Chunk {
    /// Those that follow each other from the record's number on.
    Several(Vec<Event>),
    /// As stores of the first layout hold them.
    One(Event),
}

impl Chunk {
    pub(crate) fn into_events(self) -> Vec<Event> {
        match self {
            Self::Several(events) => events,
            Self::One(event) => vec![event],
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Concurrency, OnFailure, Retry, RunIf};

    #[test]
    fn a_step_is_read_as_it_was_written_and_what_is_usual_is_not_written() {
        let plain = StepState::new(
            StepPlan {
                key: "a".into(),
                ..StepPlan::default()
            },
            0,
        );
        let written = json!({"plan": {"key": "a"}, "status": "pending"});
        assert_eq!(serde_json::to_value(&plain).unwrap(), written);
        let plan = StepPlan {
            key: "b".into(),
            needs: vec!["a".into()],
            kind: "bot".into(),
            with: json!({"x": 1}),
            requires: vec!["kind:bot".into()],
            retry: Retry {
                max: 3,
                ..Retry::default()
            },
            run_if: RunIf::Always,
            on_failure: OnFailure::Continue,
            priority: 9,
            concurrency: Some(Concurrency {
                key: "k".into(),
                limit: 2,
            }),
            max_expiries: 1,
        };
        let mut full = StepState::new(plan, 1);
        (full.lacking, full.need_failed, full.unwanted) = (true, true, true);
        (full.attempts, full.failures, full.expiries) = (3, 2, 1);
        for state in [plain, full] {
            let text = serde_json::to_string(&state).unwrap();
            let read: StepState = serde_json::from_str(&text).unwrap();
            assert_eq!(read, state, "{text}");
        }
    }
}
