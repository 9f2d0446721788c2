//! Notices to people: somebody's word is needed, a run failed, a run is done -> a web address or a program. Those
//! of the worker's owner are told of all runs that it works on, those of a workflow's `notify` of its own runs.
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

use super::{Happened, Secrets, Worker};
use crate::{Claimed, FlowStore, Notice, Occasion, Output, Recipient, Scope};

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

/// Whom the workflow of a run tells.
#[derive(Clone)]
pub(super) struct Told {
    notices: Vec<Notice>,
    inputs: Value,
}

impl Told {
    /// Of a step's run; `None` where nobody is.
    pub(super) fn of(claimed: &Claimed) -> Option<Self> {
        (!claimed.notices.is_empty()).then(|| Self {
            notices: claimed.notices.clone(),
            inputs: claimed.inputs.clone(),
        })
    }

    /// Those who want to hear of this.
    fn on(&self, occasion: Occasion) -> Option<Self> {
        let wanted = |notice: &&Notice| notice.on.contains(&occasion);
        let notices: Vec<_> = self.notices.iter().filter(wanted).cloned().collect();
        (!notices.is_empty()).then(|| Self {
            notices,
            inputs: self.inputs.clone(),
        })
    }
}

/// A notice on its way.
pub(super) struct Letter {
    notice: Value,
    /// Whether those are told whom the worker tells.
    own: bool,
    told: Option<Told>,
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

    /// A commit was made. `whom`: whether the worker tells anybody, and whom the workflow tells.
    pub(super) fn committed(
        &mut self,
        (run, step): (&str, &str),
        workflow: &str,
        output: &Output,
        (own, told): (bool, Option<&Told>),
    ) -> Option<Letter> {
        self.open.insert(run.to_owned());
        let Output::Waits(wait) = output else {
            return None;
        };
        let about = wait.about.as_ref()?;
        let occasion = match about["kind"].as_str() {
            Some("ask") => Occasion::AnswerNeeded,
            _ => Occasion::ApprovalNeeded,
        };
        let told = told.and_then(|told| told.on(occasion));
        (own || told.is_some()).then(|| Letter {
            notice: json!({"event": occasion.word(), "run": run, "workflow": workflow, "step": step, "about": about}),
            own,
            told,
        })
    }

    /// What has ended since it was looked last. `own`: whether the worker tells anybody; `last`: whether to
    /// look at all of them now.
    pub(super) fn ended(&mut self, flows: &FlowStore, own: bool, last: bool) -> Vec<Letter> {
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
        let mut letters = Vec::new();
        for run in some {
            match ended(flows, &run, own) {
                Ok(End::Open) | Err(crate::Error::Core(_) | crate::Error::Busy { .. }) => continue,
                Ok(End::Told(letter)) => letters.extend(letter),
                Err(_) => {}
            }
            self.open.remove(&run);
        }
        letters
    }
}

/// How a run stands, for those who tell of it.
enum End {
    Open,
    /// It has ended; nothing where that was told.
    Told(Option<Letter>),
}

fn ended(flows: &FlowStore, run: &str, own: bool) -> crate::Result<End> {
    let state = flows.run(run)?;
    let Some(occasion) = Occasion::of(state.status) else {
        return Ok(End::Open);
    };
    let told = Told {
        notices: state.notices,
        inputs: state.inputs,
    };
    // Each is told once, by whichever worker asks first: of workers, not all tell somebody.
    let event = occasion.word();
    let own = own && flows.first_time(run, &format!("{event}-{}", state.events))?;
    let told = match told.on(occasion) {
        Some(told) if flows.first_time(run, &format!("told-{event}-{}", state.events))? => {
            Some(told)
        }
        _ => None,
    };
    Ok(End::Told((own || told.is_some()).then(|| Letter {
        notice: json!({"event": event, "run": run, "workflow": state.workflow}),
        own,
        told,
    })))
}

/// Whom the entries of a workflow name, their templates filled in.
fn whom(told: &Told, secrets: Option<Secrets>, commands: bool) -> Vec<Result<Notify, String>> {
    let mut scope = Scope::new(told.inputs.clone());
    if let Some(find) = secrets {
        scope = scope.try_secrets(move |name| find(name));
    }
    let filled = |text: &String| match scope.value(&json!(text)) {
        Ok(Value::String(text)) => Ok(text),
        Ok(other) => Ok(other.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let whom = told.notices.iter().map(|notice| match &notice.to {
        Recipient::Webhook(url) => filled(url).map(Notify::Webhook),
        Recipient::Command(_) if !commands => {
            Err("this worker is not allowed to start programs".into())
        }
        Recipient::Command(words) => {
            let words: Result<_, _> = words.iter().map(&filled).collect();
            words.map(Notify::Command)
        }
    });
    whom.collect()
}

/// Sends a notice to all whom the worker or the workflow tells.
pub(super) async fn send(worker: Worker, letter: Letter) {
    let mut all = Vec::new();
    if let Some(told) = letter.told {
        let (secrets, commands) = (worker.secrets.clone(), worker.commands);
        // A secret may be read from a file.
        let filled = tokio::task::spawn_blocking(move || whom(&told, secrets, commands)).await;
        all = filled.unwrap_or_else(|_| vec![Err("whom to tell could not be found out".into())]);
    }
    if letter.own {
        all.extend(worker.notices.iter().cloned().map(Ok));
    }
    let notice = letter.notice;
    for to in all {
        let mut said = String::new();
        match to {
            Err(why) => said = why,
            Ok(to) => {
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
            }
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
