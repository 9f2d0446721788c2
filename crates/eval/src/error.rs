//! The error of this crate.

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong in eval. Codes are listed in `docs/src/errors.md`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file, a place in it, or a store.
    #[error(transparent)]
    Core(#[from] botsmith_core::Error),
    /// A bot cannot be opened or asked.
    #[error(transparent)]
    Bot(#[from] botsmith_nanobots::Error),
    /// Annotating text, or a model for it.
    #[error(transparent)]
    Nlp(botsmith_nlp::Error),
    /// A workflow, or a run of one.
    #[error(transparent)]
    Flow(botsmith_flow::Error),
    /// A template or expression failed on a case.
    #[error("template failed on case `{case}`: {reason}")]
    Template {
        /// The case's id.
        case: String,
        /// What the template engine said.
        reason: String,
    },
    /// A case whose messages cannot be put to a bot.
    #[error("case `{case}`: {reason}")]
    Conversation {
        /// The case's id.
        case: String,
        /// What is wrong with them.
        reason: String,
    },
    /// A reference from which `extract` takes nothing: the case cannot be judged.
    #[error("case `{case}`: {step} finds nothing in its reference {reference:?}")]
    EmptyReference {
        /// The case's id.
        case: String,
        /// The extraction step.
        step: String,
        /// The reference, cut to a readable length.
        reference: String,
    },
    /// A reference that can be read in two ways: what is wanted is not known.
    #[error("case `{case}`: {reason}")]
    DoubtfulReference {
        /// The case's id.
        case: String,
        /// What it may be read as.
        reason: String,
    },
    /// A comparing evaluator met a case without a reference.
    #[error("case `{case}` has no reference, and `{evaluator}` compares with one")]
    NoReference {
        /// The case's id.
        case: String,
        /// The evaluator's name.
        evaluator: String,
    },
    /// Something asked for by name is not there: a run, a case, a bot.
    #[error("no {what} `{name}`{}", hint.as_ref().map(|h| format!("; {h}")).unwrap_or_default())]
    NotFound {
        /// What was looked for: "run", "case", "bot".
        what: &'static str,
        /// The name that was asked for.
        name: String,
        /// What is there instead.
        hint: Option<String>,
    },
    /// A statistic was asked of values that have none.
    #[error("{statistic}: {reason}")]
    Statistic {
        /// The statistic.
        statistic: &'static str,
        /// What it needs and did not get.
        reason: String,
    },
    /// What somebody said of an answer is no answer to the question, or does not fit what is known.
    #[error("question `{question}`: {reason}")]
    Feedback {
        /// The question's name.
        question: String,
        /// What is wrong, and what is wanted.
        reason: String,
    },
    /// Something else that the caller asked for cannot be done.
    #[error("{0}")]
    Invalid(String),
    /// The work was interrupted (Ctrl-C); what was judged so far is kept.
    #[error("interrupted; what was judged so far is kept, run the same command to go on")]
    Interrupted,
}

impl Error {
    /// The stable code, as in `docs/src/errors.md`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Core(error) => error.code(),
            Self::Bot(error) => error.code(),
            Self::Nlp(error) => error.code(),
            Self::Flow(error) => error.code(),
            Self::Template { .. } => "BS-EVAL-001",
            Self::EmptyReference { .. } | Self::DoubtfulReference { .. } => "BS-EVAL-002",
            Self::NoReference { .. } => "BS-EVAL-003",
            Self::NotFound { .. } => "BS-EVAL-004",
            Self::Statistic { .. } => "BS-EVAL-005",
            Self::Invalid(_) => "BS-EVAL-006",
            Self::Conversation { .. } => "BS-EVAL-012",
            Self::Feedback { .. } => "BS-EVAL-020",
            Self::Interrupted => "BS-EVAL-007",
        }
    }
}

impl From<botsmith_core::Diagnostic> for Error {
    fn from(diagnostic: botsmith_core::Diagnostic) -> Self {
        Self::Core(diagnostic.into())
    }
}

impl From<botsmith_nlp::Error> for Error {
    fn from(error: botsmith_nlp::Error) -> Self {
        match error {
            botsmith_nlp::Error::Core(error) => Self::Core(error),
            other => Self::Nlp(other),
        }
    }
}

impl From<botsmith_flow::Error> for Error {
    fn from(error: botsmith_flow::Error) -> Self {
        match error {
            botsmith_flow::Error::Core(error) => Self::Core(error),
            other => Self::Flow(other),
        }
    }
}
