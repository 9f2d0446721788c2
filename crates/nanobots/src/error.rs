//! The error of this crate.

use botsmith_core::chat::ModelError;

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong with a bot. Each variant has a stable code ([`Error::code`]) that
/// `docs/src/errors.md` lists with its remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file is wrong, or a store failed.
    #[error(transparent)]
    Core(#[from] botsmith_core::Error),
    /// The model did not answer.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// No cartridge under this name.
    #[error("Cartridge file not found: \"{query}\"{}{}", places(searched), nearest(near.as_deref()))]
    NotFound {
        /// What was asked for.
        query: String,
        /// Where was looked.
        searched: Vec<std::path::PathBuf>,
        /// The nearest name of the search path.
        near: Option<String>,
    },
    /// The file's ending is none of a cartridge.
    #[error(
        "Unknown cartridge format: '{extension}'; a cartridge ends in .yml, .yaml, .md, .mkdn, .mdown or .markdown"
    )]
    UnknownFormat {
        /// The ending.
        extension: String,
    },
    /// The model asked for tools that are not there.
    #[error(
        "missing tool: the model asked for {}, the bot has {}",
        list(asked),
        list(known)
    )]
    MissingTool {
        /// What it asked for.
        asked: Vec<String>,
        /// What there is.
        known: Vec<String>,
    },
    /// A tool has no code.
    #[error(
        "missing source code of tool `{tool}`: give it `lua`, `fennel`, a server or a function"
    )]
    MissingSource {
        /// Its name.
        tool: String,
    },
    /// A tool has code in more than one language.
    #[error(
        "conflicting tools: `{tool}` has code in {}; keep one",
        list(languages)
    )]
    ConflictingTools {
        /// Its name.
        tool: String,
        /// The languages.
        languages: Vec<String>,
    },
    /// A tool's name cannot be used.
    #[error("tool `{tool}`: {reason}")]
    ToolName {
        /// The name, as it may be shown.
        tool: String,
        /// What is wanted.
        reason: &'static str,
    },
    /// A call's arguments are no JSON.
    #[error("tool `{tool}`: {reason}")]
    Arguments {
        /// The tool.
        tool: String,
        /// Where, in the parser's words.
        reason: String,
    },
    /// A server of the Model Context Protocol cannot be used.
    #[error("mcp server `{server}`: {reason}")]
    Server {
        /// Its name in the cartridge.
        server: String,
        /// What it did, and what to do.
        reason: String,
    },
    /// Two adapters would change the same text.
    #[error(
        "conflicting adapters for {place}: {}; keep one, or set the other to null",
        list(languages)
    )]
    ConflictingAdapters {
        /// Where: `repl output`.
        place: String,
        /// The languages.
        languages: Vec<String>,
    },
    /// Code of a cartridge broke or was stopped.
    #[error(transparent)]
    Sandbox(#[from] crate::sandbox::SandboxError),
    /// Model and tools went round too often.
    #[error("infinite loop prevention: {rounds} rounds between model and tools in one turn")]
    Rounds {
        /// How many.
        rounds: usize,
    },
    /// A session's state cannot be read.
    #[error("session `{session}`: {reason}")]
    State {
        /// Which.
        session: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// The answer has not the wanted form.
    #[error("the answer does not fit `output-schema`: {reason}")]
    Output {
        /// Where it differs.
        reason: String,
    },
    /// A limit of the cartridge was reached.
    #[error("limit `{limit}` reached: {used} used, {allowed} allowed")]
    Limit {
        /// Its name, as under `limits`.
        limit: &'static str,
        /// How much was used.
        used: String,
        /// How much is allowed.
        allowed: String,
    },
    /// A bot's versions cannot be changed, or found, as was asked.
    #[error("bot `{bot}`: {reason}")]
    Versions {
        /// The bot.
        bot: String,
        /// Why not, and what can be done.
        reason: String,
    },
}

impl Error {
    /// The stable code, as in `docs/src/errors.md`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Core(error) => error.code(),
            Self::Model(error) => error.code(),
            Self::NotFound { .. } => "BS-BOT-001",
            Self::UnknownFormat { .. } => "BS-BOT-002",
            Self::MissingTool { .. }
            | Self::MissingSource { .. }
            | Self::ToolName { .. }
            | Self::Arguments { .. }
            | Self::Server { .. } => "BS-BOT-003",
            Self::Sandbox(_) => "BS-BOT-004",
            Self::ConflictingTools { .. } | Self::ConflictingAdapters { .. } => "BS-BOT-005",
            Self::Rounds { .. } => "BS-BOT-006",
            Self::State { .. } => "BS-BOT-007",
            Self::Output { .. } => "BS-BOT-008",
            Self::Limit { .. } => "BS-BOT-009",
            Self::Versions { .. } => "BS-BOT-012",
        }
    }
}

impl From<botsmith_core::Diagnostic> for Error {
    fn from(diagnostic: botsmith_core::Diagnostic) -> Self {
        Self::Core(diagnostic.into())
    }
}

fn list(words: &[String]) -> String {
    if words.is_empty() {
        return "none".into();
    }
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

fn places(places: &[std::path::PathBuf]) -> String {
    if places.is_empty() {
        return String::new();
    }
    let shown: Vec<_> = places.iter().map(|p| p.display().to_string()).collect();
    format!("; looked at {}", shown.join(", "))
}

fn nearest(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}
