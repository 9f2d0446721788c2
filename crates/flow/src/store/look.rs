//! Looking at runs: which there are, how each stands, which one is meant. It changes nothing.

use std::fmt;

use crate::state::{RunState, RunStatus, StepState, StepStatus};
use crate::unit::read;
use crate::{Error, Result};

use super::{FlowStore, missing};

/// Runs that are read from a store in one go.
const PAGE: usize = 500;

/// How a run stands, as people ask for it: its status, and what holds it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Steps run, or could.
    Running,
    /// All that is open waits: for a time, for a signal, for somebody.
    Waiting,
    /// It is held until it is resumed.
    Paused,
    /// It was cancelled, and attempts that run are still to hear of it.
    Cancelling,
    /// All steps ended and none failed the run.
    Done,
    /// A step failed the run.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl Standing {
    /// All of them, in the order of a run's life.
    pub const ALL: [Self; 7] = [
        Self::Running,
        Self::Waiting,
        Self::Paused,
        Self::Cancelling,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Cancelling => "cancelling",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// How a run with these steps stands.
    pub fn of<'a>(run: &RunState, steps: impl IntoIterator<Item = &'a StepState>) -> Self {
        match run.status {
            RunStatus::Done => Self::Done,
            RunStatus::Failed => Self::Failed,
            RunStatus::Cancelled => Self::Cancelled,
            RunStatus::Cancelling => Self::Cancelling,
            RunStatus::Running if run.paused => Self::Paused,
            RunStatus::Running => {
                let mut waiting = false;
                for step in steps {
                    match step.status {
                        StepStatus::Ready | StepStatus::Running | StepStatus::Delayed => {
                            return Self::Running;
                        }
                        StepStatus::Waiting => waiting = true,
                        _ => {}
                    }
                }
                if waiting {
                    Self::Waiting
                } else {
                    Self::Running
                }
            }
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Which runs are meant; what is left empty leaves none out.
///
/// ```
/// use std::sync::Arc;
/// use botsmith_core::store::MemoryStore;
/// use botsmith_flow::{Filter, FlowStore, Plan, Standing, StepPlan};
///
/// let flows = FlowStore::open(Arc::new(MemoryStore::new()))?;
/// let plan = Plan::new(vec![StepPlan { key: "load".into(), ..StepPlan::default() }])?;
/// flows.start("nightly-1", "nightly", &plan, &serde_json::Value::Null)?;
///
/// let failed = Filter { standings: vec![Standing::Failed], ..Filter::default() };
/// assert!(flows.find(&failed, 10)?.is_empty());
/// assert_eq!(flows.find(&Filter::default(), 10)?[0].0.id, "nightly-1");
/// # Ok::<(), botsmith_flow::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Runs that stand in one of these ways.
    pub standings: Vec<Standing>,
    /// Runs of this workflow.
    pub workflow: Option<String>,
    /// Runs that were started before, in milliseconds since 1970-01-01T00:00Z.
    pub before_ms: Option<u64>,
}

impl Filter {
    /// Whether it leaves nothing out.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn may_fit(&self, run: &RunState) -> bool {
        let stands = |wanted: &Standing| match wanted {
            Standing::Running | Standing::Waiting => {
                run.status == RunStatus::Running && !run.paused
            }
            other => Standing::of(run, []) == *other,
        };
        let workflow = self.workflow.as_ref();
        workflow.is_none_or(|name| *name == run.workflow)
            && self.before_ms.is_none_or(|before| run.created_ms < before)
            && (self.standings.is_empty() || self.standings.iter().any(stands))
    }
}

impl FlowStore {
    /// The newest `limit` runs that `filter` leaves, newest first, with how each stands.
    ///
    /// # Errors
    /// The store's.
    pub fn find(&self, filter: &Filter, limit: usize) -> Result<Vec<(RunState, Standing)>> {
        let mut runs = Vec::new();
        self.each_run(|run| {
            if filter.may_fit(&run) {
                runs.push(run);
            }
        })?;
        runs.sort_by(|a, b| (b.created_ms, &a.id).cmp(&(a.created_ms, &b.id)));
        let mut found = Vec::new();
        for run in runs {
            if found.len() == limit {
                break;
            }
            let standing = self.standing(&run)?;
            if filter.standings.is_empty() || filter.standings.contains(&standing) {
                found.push((run, standing));
            }
        }
        Ok(found)
    }

    /// How a run stands. Only of one that goes on are the steps read.
    ///
    /// # Errors
    /// The store's.
    pub fn standing(&self, run: &RunState) -> Result<Standing> {
        Ok(match run.status == RunStatus::Running && !run.paused {
            true => Standing::of(run, &self.steps(&run.id)?),
            false => Standing::of(run, []),
        })
    }

    /// The id that is meant: an id, the first characters of one and no other, or `latest`.
    ///
    /// # Errors
    /// [`Error::NotFound`], which names what is near; [`Error::State`] if several are meant.
    pub fn resolve(&self, text: &str) -> Result<String> {
        if text != "latest"
            && !text.is_empty()
            && self
                .record::<RunState>(text, &format!("run/{text}"))?
                .is_some()
        {
            return Ok(text.to_owned());
        }
        let mut ids = Vec::new();
        self.each_run(|run| ids.push((run.created_ms, run.id)))?;
        if text == "latest" {
            let newest = ids.into_iter().max();
            return newest.map(|(_, id)| id).ok_or_else(|| missing(text));
        }
        let mut meant: Vec<_> = ids.iter().filter(|(_, id)| id.starts_with(text)).collect();
        match (meant.pop(), meant.is_empty()) {
            (Some((_, id)), true) => Ok(id.clone()),
            (Some(_), false) => Err(Error::State {
                what: "run",
                name: text.to_owned(),
                state: format!("{} runs", meant.len() + 1),
                wanted: "give more characters of the one that is meant",
            }),
            (None, _) => {
                let near = ids.iter().map(|(_, id)| id.as_str());
                let near = botsmith_core::hint::nearest(text, near);
                Err(match near {
                    Some(near) => missing(&format!("{text}`; did you mean `{near}")),
                    None => missing(text),
                })
            }
        }
    }

    /// Hands over every run, in no order.
    pub(super) fn each_run(&self, mut take: impl FnMut(RunState)) -> Result<()> {
        for place in self.places() {
            let mut after: Option<String> = None;
            loop {
                let store = self.state();
                let page = store.scan(&place, "run/", after.as_deref(), PAGE)?;
                let full = page.len() == PAGE;
                after = page.last().map(|(key, _)| key.clone());
                for (key, record) in page {
                    take(read(&place, &key, &record.value)?);
                }
                if !full {
                    break;
                }
            }
        }
        Ok(())
    }
}
