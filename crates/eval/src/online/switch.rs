//! What the canary and the bandit ask of the place where a bot's versions live: did a version pass
//! the gate, and make this one the version that everybody gets.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::Result;

/// Why a version is made current.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Whose versions: the bot's name.
    pub bot: String,
    /// The version that everybody gets from now on.
    pub to: String,
    /// Whether that undoes a change: a rollback, not a promotion.
    pub back: bool,
    /// Who says so: a person, or `canary`.
    pub who: String,
    /// The reason, with its numbers.
    pub why: String,
    /// When that was decided, in milliseconds since 1970-01-01T00:00Z.
    pub at_ms: u64,
}

/// The versions of bots.
///
/// [`settle`](Self::settle) may be called more than once for one change, by different processes:
/// the second call finds it done.
pub trait Switch: Send + Sync {
    /// Whether `version` passed the gate (an advisory verdict is no pass), or is the one in force, which a
    /// person put there.
    ///
    /// # Errors
    /// When the versions cannot be read, or there is no such version.
    fn passed(&self, bot: &str, version: &str) -> Result<bool>;

    /// Makes a version the current one, and writes down why.
    ///
    /// # Errors
    /// When the versions cannot be changed, or there is no such version.
    fn settle(&self, change: &Change) -> Result<()>;
}

/// Versions of one service that keeps them itself: those that may get sessions are named, and
/// changes are handed out to be acted on.
///
/// ```
/// use botsmith_eval::online::{FixedVersions, Switch};
///
/// let versions = FixedVersions::new(["v1", "v2"]);
/// assert!(versions.passed("helper", "v2")?);
/// assert!(!versions.passed("helper", "v3")?);
/// assert!(versions.changes().is_empty());
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct FixedVersions {
    passed: BTreeSet<String>,
    changes: Mutex<Vec<Change>>,
}

impl FixedVersions {
    /// Versions that passed the gate.
    pub fn new<V: Into<String>>(passed: impl IntoIterator<Item = V>) -> Self {
        Self {
            passed: passed.into_iter().map(Into::into).collect(),
            changes: Mutex::default(),
        }
    }

    /// The changes asked for so far, in their order, each once.
    pub fn changes(&self) -> Vec<Change> {
        self.locked().clone()
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Vec<Change>> {
        // A list that is only pushed to is whole whoever panicked.
        self.changes
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Switch for FixedVersions {
    fn passed(&self, _: &str, version: &str) -> Result<bool> {
        Ok(self.passed.contains(version))
    }

    fn settle(&self, change: &Change) -> Result<()> {
        let mut changes = self.locked();
        if changes.last() != Some(change) {
            changes.push(change.clone());
        }
        Ok(())
    }
}
