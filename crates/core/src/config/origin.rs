//! Where a setting came from.

use std::fmt;
use std::path::PathBuf;

/// A value and where it came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> Setting<T> {
    pub(super) fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }
}

/// Where a value came from; displays as `botsmith doctor` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Nobody said anything.
    #[default]
    Default,
    /// A line of `botsmith.yaml`.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A variable of the environment.
    Variable {
        /// Its name.
        name: String,
    },
    /// A line of a `.env` file.
    DotEnv {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The variable's name.
        name: String,
    },
    /// A file that a `…_FILE` variable names.
    SecretFile {
        /// The variable's name.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// A flag, by its name.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Variable { name } => f.write_str(name),
            Self::DotEnv { path, line, name } => write!(f, "{}:{line} ({name})", path.display()),
            Self::SecretFile { name, path } => write!(f, "{} ({name})", path.display()),
            Self::Flag(name) => f.write_str(name),
        }
    }
}
