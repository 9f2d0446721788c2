//! Notices to people: somebody's word is needed, a run failed, a run is done -> a web address or a program.
//!
//! The body, or what the program reads, is one JSON object: `{event, run, workflow, step?, about?}` with `event` one of
//! `approval-needed`, `answer-needed`, `failed`, `done`, `cancelled`. A run's end is told by the first worker
//! that did a step of it and notices; a notice is tried three times, and lost when its worker is killed meanwhile.

use std::collections::BTreeSet;
use std::fmt;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::{Happened, Worker};
use crate::{Committed, FlowStore, Output, RunStatus};

/// How often a notice is tried.
const TRIES: u32 = 3;
/// How long one try may take.
const LONGEST: Duration = Duration::from_secs(30);
/// How often it is looked whether runs have ended.
const LOOK: Duration = Duration::from_millis(500);
/// How many runs are looked at in one go.
const MANY: usize = 256;

/// Where notices go.
#[derive(Clone)]
#[non_exhaustive]
pub enum Notify {
    /// A web address, by POST (feature `http`).
    Webhook(String),
    /// A program and its arguments; it reads the notice.
    Command(Vec<String>),
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An address may hold a secret.
        f.write_str(match self {
            Self::Webhook(_) => "Webhook",
            Self::Command(_) => "Command",
        })
    }
}

impl Notify {
    async fn send(&self, notice: &Value) -> Result<(), String> {
        match self {
            #[cfg(feature = "http")]
            Self::Webhook(url) => super::http::post(url, notice).await,
            #[cfg(not(feature = "http"))]
            Self::Webhook(_) => Err("this build has no feature `http`".into()),
            Self::Command(words) => {
                let Some((program, arguments)) = words.split_first() else {
                    return Err("no program is named".into());
                };
                let fail = |error: std::io::Error| format!("`{program}`: {error}");
                let mut child = tokio::process::Command::new(program)
                    .args(arguments)
                    .stdin(Stdio::piped())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .kill_on_drop(true)
                    .spawn()
                    .map_err(fail)?;
                if let Some(mut stdin) = child.stdin.take() {
                    // A program that reads nothing is no failure.
                    let _ = stdin.write_all(format!("{notice}\n").as_bytes()).await;
                }
                match child.wait().await.map_err(fail)? {
                    status if status.success() => Ok(()),
                    status => Err(format!("`{program}` ended with {status}")),
                }
            }
        }
    }
}

/// What a worker has to tell of.
pub(super) struct Notices {
    /// Runs of which it did a step, whose end was not told yet.
    open: BTreeSet<String>,
    looked: Instant,
    last: String,
}

impl Notices {
    pub(super) fn new() -> Self {
        Self {
            open: BTreeSet::new(),
            looked: Instant::now(),
            last: String::new(),
        }
    }

    /// A commit was made.
    pub(super) fn committed(
        &mut self,
        (run, step): (&str, &str),
        workflow: &str,
        output: &Output,
        answer: Committed,
    ) -> Option<Value> {
        if answer == Committed::Fenced {
            return None;
        }
        self.open.insert(run.to_owned());
        let Output::Waits(wait) = output else {
            return None;
        };
        let about = wait.about.as_ref()?;
        let event = match about["kind"].as_str() {
            Some("ask") => "answer-needed",
            _ => "approval-needed",
        };
        Some(
            json!({"event": event, "run": run, "workflow": workflow, "step": step, "about": about}),
        )
    }

    /// What has ended since it was looked last. `last`: whether to look at all of them now.
    pub(super) fn ended(&mut self, flows: &FlowStore, last: bool) -> Vec<Value> {
        if self.open.is_empty() || !last && self.looked.elapsed() < LOOK {
            return Vec::new();
        }
        self.looked = Instant::now();
        let after = self.open.range(self.last.clone()..).cloned();
        let mut some: Vec<String> = after.take(MANY).collect();
        if last || some.len() < MANY {
            some = self
                .open
                .iter()
                .take(if last { usize::MAX } else { MANY })
                .cloned()
                .collect();
        }
        self.last = some
            .last()
            .map(|last| format!("{last}\0"))
            .unwrap_or_default();
        let mut told = Vec::new();
        for run in some {
            let event = match flows.run(&run) {
                Ok(state) if !state.status.is_final() => continue,
                Ok(state) => {
                    let event = match state.status {
                        RunStatus::Failed => "failed",
                        RunStatus::Cancelled => "cancelled",
                        _ => "done",
                    };
                    let first = flows.first_time(&run, &format!("{event}-{}", state.events));
                    // The store is away: later.
                    let Ok(first) = first else { continue };
                    first.then(|| json!({"event": event, "run": run, "workflow": state.workflow}))
                }
                Err(crate::Error::NotFound { .. }) => None,
                Err(_) => continue,
            };
            self.open.remove(&run);
            told.extend(event);
        }
        told
    }
}

/// Sends a notice everywhere that the worker tells.
pub(super) async fn send(worker: Worker, notice: Value) {
    for to in &worker.notices {
        let mut said = String::new();
        for attempt in 1..=TRIES {
            let sent = tokio::time::timeout(LONGEST, to.send(&notice)).await;
            match sent.unwrap_or_else(|_| Err("it took too long".into())) {
                Ok(()) => {
                    said.clear();
                    break;
                }
                Err(why) => said = why,
            }
            tokio::time::sleep(Duration::from_millis(200 << attempt)).await;
        }
        if let (false, Some(watch)) = (said.is_empty(), worker.watch.as_ref().map(Arc::clone)) {
            watch(&Happened::Untold {
                event: notice["event"].as_str().unwrap_or_default().to_owned(),
                run: notice["run"].as_str().unwrap_or_default().to_owned(),
                why: said,
            });
        }
    }
}
