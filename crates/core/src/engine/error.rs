//! What can go wrong in the engine: facts in fields, a stable code for each (`docs/src/errors.md`).

use std::io;
use std::path::{Path, PathBuf};

use super::memory::gigabytes;
use crate::Diagnostic;

/// `Result` with [`EngineError`].
pub type Result<T, E = EngineError> = std::result::Result<T, E>;

/// What can go wrong when a model is loaded or asked. [`EngineError::code`] is listed in
/// `docs/src/errors.md` with its remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// There is no model at a path, or a file that it needs is missing.
    #[error("no model at {}: {reason}", path.display())]
    NoModel {
        /// Where it was looked for.
        path: PathBuf,
        /// What is missing, and what would be right.
        reason: String,
    },
    /// A file of a model could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of a model is cut short, contradicts itself, or asks for more than is sane.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not hold, with both numbers.
        reason: String,
    },
    /// A setting of a model is missing, of the wrong kind or outside its range.
    #[error("{0}")]
    Config(Box<Diagnostic>),
    /// A model, or something in it, is of a kind that this engine does not know.
    #[error("{what} `{found}` is not supported; known: {known}")]
    Unsupported {
        /// What it is: `architecture`, `data type`.
        what: &'static str,
        /// What was found.
        found: String,
        /// What would work.
        known: String,
    },
    /// The weights lack a tensor.
    #[error("{} has no tensor `{name}`{}", path.display(), hint.as_ref().map_or(String::new(), |near| format!("; did you mean `{near}`?")))]
    TensorMissing {
        /// The file with the weights.
        path: PathBuf,
        /// The tensor's name.
        name: String,
        /// The nearest name that is there.
        hint: Option<String>,
    },
    /// A tensor has another shape than the configuration says.
    #[error("tensor `{name}` of {} has shape {found:?}, the configuration wants {wanted:?}", path.display())]
    TensorShape {
        /// The file with the weights.
        path: PathBuf,
        /// The tensor's name.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that was wanted.
        wanted: Vec<usize>,
    },
    /// A tensor holds a value that is no finite number.
    #[error("tensor `{name}` of {} holds a value that is not finite, at position {at}: the file is damaged or was trained badly", path.display())]
    NotFinite {
        /// The file with the weights.
        path: PathBuf,
        /// The tensor's name.
        name: String,
        /// The value's position in reading order (of quantised tensors: its block's first).
        at: usize,
    },
    /// The model does not fit into memory.
    #[error("the model needs {}, {} free: {remedy}", gigabytes(*needed), gigabytes(*free))]
    Memory {
        /// Bytes that the model takes once loaded.
        needed: u64,
        /// Bytes that are free.
        free: u64,
        /// What to try.
        remedy: String,
    },
    /// A device is not there, or this build cannot use it.
    #[error("device `{wanted}` cannot be used: {reason}")]
    Device {
        /// The device asked for.
        wanted: String,
        /// Why not, and what would work.
        reason: String,
    },
    /// The tokenizer cannot be read or used.
    #[error("tokenizer of {}: {reason}", path.display())]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The tokenizer knows tokens for which the model has no embedding.
    #[error(
        "the tokenizer gives ids up to {largest}, the model has {rows} embeddings: the files belong to different models"
    )]
    Vocabulary {
        /// The largest id of the tokenizer.
        largest: u32,
        /// Rows of the model's embedding table.
        rows: usize,
    },
    /// A text has more tokens than the model can read.
    #[error(
        "the text has {tokens} tokens, the model reads at most {limit}: shorten it, or let it be truncated"
    )]
    TooLong {
        /// Tokens of the text, special ones included.
        tokens: usize,
        /// The most the model reads.
        limit: usize,
    },
    /// The caller stopped the work.
    #[error("stopped")]
    Cancelled,
    /// A file of a model could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The hub cannot be reached or does not answer as it should.
    #[error("cannot fetch from {url}: {reason}")]
    Hub {
        /// What was asked for.
        url: String,
        /// What came of it.
        reason: String,
    },
    /// The hub does not give a model to everybody.
    #[error("the hub answers {status} for {url}: {remedy}")]
    HubDenied {
        /// What was asked for.
        url: String,
        /// 401 or 403.
        status: u16,
        /// What to do.
        remedy: String,
    },
    /// A file is not the one that the hub lists; it was thrown away.
    #[error(
        "`{file}` from {url} has the checksum {found}, {wanted} is wanted: it was thrown away, give the same command again"
    )]
    Checksum {
        /// The file's name.
        file: String,
        /// Where it came from.
        url: String,
        /// Its checksum, or what its size is.
        found: String,
        /// The checksum that is listed.
        wanted: String,
    },
    /// A model would have to be fetched, which is switched off.
    #[error(
        "`{model}` would have to be fetched, and the network is switched off (HF_HUB_OFFLINE, BOTSMITH_OFFLINE)"
    )]
    Offline {
        /// The model.
        model: String,
    },
    /// Prompt and answer do not fit into the context.
    #[error(
        "the prompt has {prompt} tokens{}, the context holds {limit}: shorten the prompt, ask for a shorter answer, or give the model a larger context",
        answer.map_or(String::new(), |answer| format!(" and the answer may have {answer}"))
    )]
    Context {
        /// Tokens of the prompt.
        prompt: usize,
        /// Tokens that the answer may have, where that was said.
        answer: Option<usize>,
        /// Tokens of the context.
        limit: usize,
    },
    /// The memory for keys and values is too small for what is asked.
    #[error("keys and values of {tokens} tokens ({}) are the most that may be kept, and more are needed at once: give `kv` more memory, or ask for shorter texts", gigabytes(*bytes))]
    KvBudget {
        /// Tokens that the budget holds.
        tokens: usize,
        /// Bytes of the budget.
        bytes: u64,
    },
    /// The chat template refuses a conversation, or breaks.
    #[error("{0}")]
    Template(#[from] super::chat_template::TemplateError),
    /// A setting of a request is out of range or cannot be met.
    #[error("{0}")]
    Setting(String),
    /// A grammar or schema that an answer must follow cannot be used.
    #[error("the answer's grammar cannot be used: {0}")]
    Grammar(String),
    /// It took longer than allowed.
    #[error("the deadline has passed")]
    Deadline,
    /// A step that this answer shared with others failed.
    #[error("the step failed: {0}")]
    Step(String),
    /// The engine broke off while it computed: a fault of its own.
    #[error(
        "the engine broke off ({message}): all that it was asked has ended, ask again, and report it with these words"
    )]
    Panicked {
        /// What the panic said.
        message: String,
    },
    /// An engine library cannot be used.
    #[error("the engine library cannot be used: {reason}")]
    Library {
        /// Why not.
        reason: String,
    },
    /// An engine library failed.
    #[error("{message}")]
    Elsewhere {
        /// The code of the error there.
        code: &'static str,
        /// Its words.
        message: String,
    },
    /// The tensor library failed.
    #[error("the computation failed: {0}")]
    Compute(#[from] candle_core::Error),
}

impl EngineError {
    /// The stable code, as in `docs/src/errors.md`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoModel { .. } => "BS-ENG-001",
            Self::Read { .. } => "BS-ENG-002",
            Self::Damaged { .. } => "BS-ENG-003",
            Self::Config(_) => "BS-ENG-004",
            Self::Unsupported { .. } => "BS-ENG-005",
            Self::TensorMissing { .. } => "BS-ENG-006",
            Self::TensorShape { .. } => "BS-ENG-007",
            Self::NotFinite { .. } => "BS-ENG-008",
            Self::Memory { .. } => "BS-ENG-009",
            Self::Device { .. } => "BS-ENG-010",
            Self::Tokenizer { .. } => "BS-ENG-011",
            Self::Vocabulary { .. } => "BS-ENG-012",
            Self::TooLong { .. } => "BS-ENG-013",
            Self::Cancelled => "BS-ENG-014",
            Self::Compute(_) => "BS-ENG-015",
            Self::Write { .. } => "BS-ENG-020",
            Self::Hub { .. } => "BS-ENG-021",
            Self::HubDenied { .. } => "BS-ENG-022",
            Self::Checksum { .. } => "BS-ENG-023",
            Self::Offline { .. } => "BS-ENG-024",
            Self::Context { .. } => "BS-ENG-016",
            Self::KvBudget { .. } => "BS-ENG-017",
            Self::Template(_) => "BS-ENG-018",
            Self::Setting(_) => "BS-ENG-019",
            Self::Grammar(_) => "BS-ENG-025",
            Self::Deadline => "BS-ENG-026",
            Self::Step(_) => "BS-ENG-027",
            Self::Panicked { .. } => "BS-ENG-028",
            Self::Library { .. } => "BS-ENG-030",
            Self::Elsewhere { code, .. } => code,
        }
    }

    /// The code of this name, or that of a step that failed for one that is not known here.
    pub(crate) fn known_code(name: &str) -> &'static str {
        const KNOWN: [&str; 29] = [
            "BS-ENG-001",
            "BS-ENG-002",
            "BS-ENG-003",
            "BS-ENG-004",
            "BS-ENG-005",
            "BS-ENG-006",
            "BS-ENG-007",
            "BS-ENG-008",
            "BS-ENG-009",
            "BS-ENG-010",
            "BS-ENG-011",
            "BS-ENG-012",
            "BS-ENG-013",
            "BS-ENG-014",
            "BS-ENG-015",
            "BS-ENG-016",
            "BS-ENG-017",
            "BS-ENG-018",
            "BS-ENG-019",
            "BS-ENG-020",
            "BS-ENG-021",
            "BS-ENG-022",
            "BS-ENG-023",
            "BS-ENG-024",
            "BS-ENG-025",
            "BS-ENG-026",
            "BS-ENG-027",
            "BS-ENG-028",
            "BS-ENG-030",
        ];
        let known = KNOWN.iter().find(|code| **code == name);
        known.copied().unwrap_or("BS-ENG-027")
    }

    /// The file or folder that it is about, where it is about one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::NoModel { path, .. }
            | Self::Read { path, .. }
            | Self::Damaged { path, .. }
            | Self::TensorMissing { path, .. }
            | Self::TensorShape { path, .. }
            | Self::NotFinite { path, .. }
            | Self::Tokenizer { path, .. }
            | Self::Write { path, .. } => Some(path),
            Self::Config(diagnostic) => Some(&diagnostic.path),
            _ => None,
        }
    }

    /// Of what [`std::panic::catch_unwind`] caught.
    pub(crate) fn panicked(panic: &(dyn std::any::Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Self::Panicked {
            message: text.unwrap_or_else(|| "without a word".to_owned()),
        }
    }

    pub(crate) fn damaged(path: &Path, reason: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            reason: reason.into(),
        }
    }

    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }
}

impl From<Diagnostic> for EngineError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Config(Box::new(diagnostic.code("BS-ENG-004")))
    }
}
