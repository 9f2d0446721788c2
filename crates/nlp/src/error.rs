//! The error of this crate.

use std::path::PathBuf;

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong in nlp. Codes are listed in `docs/src/errors.md`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file, or a place in it: CoNLL-U that does not parse is here, with line and column.
    #[error(transparent)]
    Core(#[from] botsmith_core::Error),
    /// A model file that is cut short, changed or something else.
    #[error("{}: no usable model: {reason}", path.display())]
    Model {
        /// The file, or a name for bytes that came otherwise.
        path: PathBuf,
        /// What does not hold.
        reason: String,
    },
    /// A model file of a newer Botsmith.
    #[error(
        "{}: a model of format {found}, this build reads format {known}: use a newer botsmith, or train the model again",
        path.display()
    )]
    ModelVersion {
        /// The file, or a name for bytes that came otherwise.
        path: PathBuf,
        /// The version found.
        found: u32,
        /// The version known.
        known: u32,
    },
    /// Data that nothing can be learned from.
    #[error("cannot train on {}: {reason}", path.display())]
    Training {
        /// The file.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// Two documents that are to be compared hold different characters.
    #[error(
        "the system's text is not the gold text: from character {at} (white space left out) gold has {gold:?}, the system has {system:?}"
    )]
    TextDiffers {
        /// Where, in characters without white space, from 0.
        at: usize,
        /// What gold has there.
        gold: String,
        /// What the system has there.
        system: String,
    },
    /// A text over the limit of one document.
    #[error(
        "a text of {bytes} bytes is too long for one document: at most {limit}; cut it at a blank line"
    )]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A pattern or phrase that cannot be searched for.
    #[error("{reason}")]
    Pattern {
        /// Which one, and why.
        reason: String,
    },
    /// Stages of a pipeline that do not fit each other, or the model.
    #[error("{reason}")]
    Pipeline {
        /// Which stages, what is missing, and what to do.
        reason: String,
    },
}

impl Error {
    /// The stable code, as in `docs/src/errors.md`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Core(error) => error.code(),
            Self::Model { .. } => "BS-NLP-002",
            Self::ModelVersion { .. } => "BS-NLP-003",
            Self::Training { .. } => "BS-NLP-004",
            Self::TextDiffers { .. } => "BS-NLP-005",
            Self::TooLong { .. } => "BS-NLP-006",
            Self::Pattern { .. } => "BS-NLP-021",
            Self::Pipeline { .. } => "BS-NLP-020",
        }
    }
}

impl From<botsmith_core::Diagnostic> for Error {
    fn from(diagnostic: botsmith_core::Diagnostic) -> Self {
        Self::Core(diagnostic.into())
    }
}
