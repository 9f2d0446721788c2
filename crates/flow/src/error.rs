//! The error of this crate.

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong in a flow store. Each variant has a stable code ([`Error::code`]) that
/// `docs/src/errors.md` lists with its remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store below failed.
    #[error(transparent)]
    Core(#[from] botsmith_core::Error),
    /// A plan that cannot be run: a cycle, an unknown step, a name that does not fit.
    #[error("the plan cannot be run: {reason}")]
    Plan {
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// Nothing is there under the name that was asked for.
    #[error("no {what} `{name}`")]
    NotFound {
        /// What was asked for: a run, a step.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A run of this id is there, and it is of something else.
    #[error(
        "run `{run}` is there already, of another definition or with other inputs; choose another id"
    )]
    Taken {
        /// The run's id.
        run: String,
    },
    /// A step's output is too large.
    #[error(
        "the output of step `{step}` has {bytes} bytes, at most {limit} fit; keep it in a file or a blob and give its name"
    )]
    TooLarge {
        /// The step.
        step: String,
        /// Its size, in bytes.
        bytes: usize,
        /// The largest that fits, in bytes.
        limit: usize,
    },
    /// What was asked cannot be done as the run or step stands.
    #[error("{what} `{name}` is {state}: {wanted}")]
    State {
        /// What was to be changed: a run, a step.
        what: &'static str,
        /// Its name.
        name: String,
        /// How it stands.
        state: String,
        /// What it would have to be.
        wanted: &'static str,
    },
    /// Others changed the same run again and again.
    #[error("run state in `{partition}` is changed by others all the time; try again")]
    Busy {
        /// The partition of the store.
        partition: String,
    },
    /// A record does not read.
    #[error("record `{key}` of `{partition}` does not read: {reason}")]
    Corrupt {
        /// The partition of the store.
        partition: String,
        /// The record.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What a run was to be started with does not fit the workflow's `inputs`.
    #[error("the inputs do not fit workflow `{workflow}`: {reason}")]
    Inputs {
        /// The workflow's name.
        workflow: String,
        /// Which value, and the rule that it breaks.
        reason: String,
    },
    /// A schedule that cannot be kept: its pattern, its time zone, its name.
    #[error("the schedule does not fit: {reason}")]
    Schedule {
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// A signal's data do not fit what a step waits for.
    #[error("the signal `{signal}` to run `{run}` {reason}")]
    Answer {
        /// The run.
        run: String,
        /// The signal.
        signal: String,
        /// Which value, and the rule that it breaks.
        reason: String,
    },
    /// A worker cannot be started as it was asked for.
    #[error("the worker cannot be started: {reason}")]
    Worker {
        /// What is wrong.
        reason: String,
    },
    /// Spans cannot be sent to a collector.
    #[error("traces cannot be sent: {reason}")]
    Traces {
        /// What is wrong; no address stands in it.
        reason: String,
    },
    /// A template of a step breaks in a run.
    #[error("the template `{template}` breaks: {reason}")]
    Template {
        /// The template, cut to a readable length.
        template: String,
        /// What is wrong; no value stands in it where secrets do.
        reason: String,
    },
}

impl Error {
    /// The stable code, as in `docs/src/errors.md`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Core(error) => error.code(),
            Self::Plan { .. } => "BS-FLOW-001",
            Self::NotFound { .. } => "BS-FLOW-002",
            Self::Taken { .. } => "BS-FLOW-003",
            Self::TooLarge { .. } => "BS-FLOW-004",
            Self::State { .. } => "BS-FLOW-005",
            Self::Busy { .. } => "BS-FLOW-006",
            Self::Corrupt { .. } => "BS-FLOW-007",
            Self::Inputs { .. } => "BS-FLOW-018",
            Self::Template { .. } => "BS-FLOW-019",
            Self::Schedule { .. } => "BS-FLOW-030",
            Self::Answer { .. } => "BS-FLOW-021",
            Self::Worker { .. } => "BS-FLOW-022",
            Self::Traces { .. } => "BS-FLOW-023",
        }
    }

    /// The diagnostic, where the error is about a place in a file.
    pub fn diagnostic(&self) -> Option<&botsmith_core::Diagnostic> {
        match self {
            Self::Core(error) => error.diagnostic(),
            _ => None,
        }
    }
}

impl From<botsmith_core::Diagnostic> for Error {
    fn from(diagnostic: botsmith_core::Diagnostic) -> Self {
        Self::Core(diagnostic.into())
    }
}
