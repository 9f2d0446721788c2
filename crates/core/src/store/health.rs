//! Whether a store can be relied on: what its server is, how it is set, what is lost when.

use serde::Serialize;

use super::open_existing;
use crate::Result;

/// Something that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What it is about: `persistence`, `clock`, ….
    pub name: String,
    /// How it is.
    pub level: Level,
    /// What was found.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// How well something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Good,
    /// Can be worked with; the remedy makes it better.
    Warning,
    /// State may be lost or nothing works.
    Bad,
}

impl Finding {
    pub(super) fn good(name: &str, found: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            level: Level::Good,
            found: found.into(),
            remedy: None,
        }
    }

    pub(super) fn warning(name: &str, found: impl Into<String>, remedy: &str) -> Self {
        Self {
            level: Level::Warning,
            remedy: Some(remedy.to_owned()),
            ..Self::good(name, found)
        }
    }

    pub(super) fn bad(name: &str, found: impl Into<String>, remedy: &str) -> Self {
        Self {
            level: Level::Bad,
            ..Self::warning(name, found, remedy)
        }
    }
}

/// Looks at the store at `url`. Makes none; a Redis server gets a few keys under another namespace,
/// which are deleted again.
///
/// ```
/// let found = botsmith_core::store::health("memory:")?;
/// assert!(found[0].found.contains("all is lost"));
/// # Ok::<(), botsmith_core::Error>(())
/// ```
///
/// # Errors
/// A URL that does not read. A store that cannot be opened or reached is a finding.
pub fn health(url: &str) -> Result<Vec<Finding>> {
    match url.split(':').next().unwrap_or_default() {
        #[cfg(feature = "redis")]
        scheme if scheme.starts_with("redis") => super::redis::health(url),
        "sqlite" => Ok(vec![match open_existing(url) {
            Err(error) => Finding::bad(
                "store",
                error.to_string(),
                "restore the file from a copy, move it away, or choose another with `--store`",
            ),
            Ok(_) => Finding::good(
                "persistence",
                "one file, synced at every commit: nothing acknowledged is lost, also when the power fails",
            ),
        }]),
        _ => {
            open_existing(url)?;
            Ok(vec![Finding::warning(
                "persistence",
                "in memory: all is lost when the process ends",
                "name a file or a server with `--store`",
            )])
        }
    }
}
