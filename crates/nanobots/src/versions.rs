//! The versions of a bot: every text that its cartridge had, or was proposed to have, and which one is in
//! force -> promotion and rollback that are whole or not at all.
//!
//! A version is kept under the blake3 of its bytes and never changes: bytes, parent, evidence, who, when.
//! Evidence that comes later (another look of the gate) is added to it.
//! One record, the [`Pointer`], names the version in force, the one before it, and a pinned one; it moves in
//! one transaction with its line in the history and its entry in the audit log
//! ([`botsmith_core::audit`]), all in that log's partition.
//!
//! What a bot answers with is its file. So promotion and rollback first write down what they are about to
//! do, then replace the file by a rename, then move the pointer. The rename is the moment of the change:
//! whoever was killed before it has changed nothing, and after it has changed all but the pointer.
//! [`Versions::settle`], which every change begins with, undoes the one and finishes the other. A file that
//! was edited by hand is kept as a version of its own before anything replaces it.
//!
//! The hash is of the cartridge's own bytes: files that it names (`extends`) are versions of their own.
//! Nothing here judges; evidence is what the gate said.

mod book;
mod change;
mod diff;
mod keep;
mod place;
mod steps;

use std::path::{Path, PathBuf};

use botsmith_core::config::Environment;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use book::Versions;
pub use change::{Moved, Promotion};
pub use diff::{Difference, Side};
pub use steps::Settled;

/// Where a version came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Origin {
    /// It stood in the file: the first version, or one that was edited by hand.
    Found,
    /// It was proposed, and has not been in force.
    Proposed,
    /// A promotion made it of a proposed one, with `meta.version` counted up.
    Promoted,
}

/// One version of a bot. Its bytes are in [`Versions::bytes`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// blake3 of the cartridge's bytes, in 64 hexadecimal digits.
    pub hash: String,
    /// Its place in the list of this bot's versions, from 1.
    pub n: u64,
    /// Its `meta.version`.
    pub name: Option<String>,
    /// The hash of the version that it was made from.
    pub parent: Option<String>,
    /// Where it came from.
    pub origin: Origin,
    /// Who brought it.
    pub who: String,
    /// When, in milliseconds since 1970-01-01T00:00Z.
    #[serde(rename = "at")]
    pub at_ms: u64,
    /// What speaks for it, the newest; of a promoted version also `variant`, the hash that was proposed. See
    /// [`Version::gate`].
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub evidence: Value,
}

/// What a gate said of a version: `evidence.gate`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Whether the version passed.
    pub passed: bool,
    /// Whether it neither passed nor was refused, because a judge made the scores and too few people have
    /// said what they think: a person may promote it, nothing else does, and no traffic is shared with it.
    #[serde(default)]
    pub advisory: bool,
    /// The version that it was compared with.
    pub baseline: String,
    /// Why it did not pass, or what is to be known about it.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// The difference that the gate saw; since the version was chosen for it, expect less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<f64>,
}

impl Version {
    /// What the gate said, where the evidence has it.
    pub fn gate(&self) -> Option<Gate> {
        let kept = self.evidence.get("gate")?;
        let mut gate: Gate = serde_json::from_value(kept.clone()).ok()?;
        // Where the whole verdict is kept its word decides: some keep `passed` for what is only advisory.
        if kept.pointer("/verdict/decision").and_then(Value::as_str) == Some("advisory") {
            (gate.passed, gate.advisory) = (false, true);
        }
        Some(gate)
    }

    /// The first twelve digits of the hash, as it is shown.
    pub fn short(&self) -> &str {
        short(&self.hash)
    }
}

/// Which versions of a bot are in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    /// The bot, as it was named.
    pub bot: String,
    /// The hash of the version in force.
    pub current: Option<String>,
    /// The version that was in force before.
    pub previous: Option<String>,
    /// The version that is held in force: nothing is promoted and nothing rolled back.
    pub pinned: Option<String>,
    /// The number of the newest version.
    pub versions: u64,
    /// What was begun, and not finished yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Begun>,
}

/// A change that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// What kind of change.
    pub action: Action,
    /// The version that it goes to.
    pub to: String,
    /// Whether that version was made for it, and goes again if the change is undone.
    pub made: bool,
    /// Whether the version is to be pinned.
    pub pin: bool,
    /// Who began it.
    pub who: String,
    /// When.
    #[serde(rename = "at")]
    pub at_ms: u64,
    /// What the history is to say of it.
    pub note: Option<String>,
}

/// What was done to the versions in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Action {
    /// The first version was taken up, or one that was edited by hand.
    Adopt,
    /// A variant became the bot.
    Promote,
    /// An earlier version became the bot again.
    Rollback,
    /// A version is held in force.
    Pin,
    /// It is no longer held.
    Unpin,
    /// A change that was begun and did not reach the file was undone.
    Undo,
}

impl Action {
    /// The word for it, as it is serialised.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Adopt => "adopt",
            Self::Promote => "promote",
            Self::Rollback => "rollback",
            Self::Pin => "pin",
            Self::Unpin => "unpin",
            Self::Undo => "undo",
        }
    }
}

/// A line of a bot's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// What was done.
    pub action: Action,
    /// The version that was in force before.
    pub from: Option<String>,
    /// The version in force after it.
    pub to: Option<String>,
    /// Who did it.
    pub who: String,
    /// When, in milliseconds since 1970-01-01T00:00Z.
    #[serde(rename = "at")]
    pub at_ms: u64,
    /// What else is to be known, such as why the gate was passed by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Who does something, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// The person, or the program.
    pub who: String,
    /// The time, in milliseconds since 1970-01-01T00:00Z.
    pub at_ms: u64,
}

impl By {
    /// This person at this time.
    pub fn new(who: impl Into<String>, at_ms: u64) -> Self {
        Self {
            who: who.into(),
            at_ms,
        }
    }

    /// Who is meant: the one given, else the user of this system, else `unknown`.
    ///
    /// ```
    /// use botsmith_core::config::Environment;
    /// use botsmith_nanobots::versions::By;
    /// let environment = Environment::new("/").with("USER", "ada");
    /// assert_eq!(By::user(None, &environment, 0).who, "ada");
    /// assert_eq!(By::user(Some("bob"), &environment, 0).who, "bob");
    /// ```
    pub fn user(given: Option<&str>, environment: &Environment, at_ms: u64) -> Self {
        let of = |name: &str| {
            let value = environment.variables.get(name)?.to_str()?;
            (!value.is_empty()).then(|| value.to_owned())
        };
        let who = given.map(str::to_owned);
        let who = who.or_else(|| ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(of));
        Self::new(who.unwrap_or_else(|| "unknown".into()), at_ms)
    }
}

/// The file of a bot, and the name under which a store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BotFile {
    /// The file, absolute.
    pub file: PathBuf,
    /// See [`bot_name`].
    pub name: String,
}

impl BotFile {
    /// The bot of a file, which is relative to `folder`, in the project of `root`.
    pub fn new(file: &Path, folder: &Path, root: &Path) -> Self {
        let file = folder.join(file);
        let name = bot_name(&file, root);
        Self { file, name }
    }
}

/// The name under which a store knows the bot of a file: its path below `root` (the project's folder),
/// with `/` between folders; the whole path where it lies elsewhere.
///
/// ```
/// use botsmith_nanobots::versions::bot_name;
/// assert_eq!(bot_name("/home/ada/project/bots/sum.yml".as_ref(), "/home/ada/project".as_ref()), "bots/sum.yml");
/// assert_eq!(bot_name("/srv/sum.yml".as_ref(), "/home/ada/project".as_ref()), "/srv/sum.yml");
/// ```
pub fn bot_name(path: &Path, root: &Path) -> String {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (path, root) = (real(path), real(root));
    let shown = path.strip_prefix(&root).unwrap_or(&path);
    let parts: Vec<_> = shown.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/").replacen("//", "/", 1)
}

/// The first twelve digits of a hash.
pub(crate) fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
