//! What the store keeps of a bot's versions: the pointer, the versions, their bytes, the history -> read,
//! and found by the names that people give them.
//!
//! All of it stands in the partition of the audit log, under a digest of the bot's name, so that the
//! pointer and the log's entry about it change together. Bytes are records, not blobs: nobody has to know
//! which of them are still used.

use std::fmt;

use botsmith_core::audit::PARTITION;
use botsmith_core::digest::Digest;
use botsmith_core::store::{Record, StateStore};
use serde::de::DeserializeOwned;

use super::{Move, Origin, Pointer, Version};
use crate::cartridge::Format;
use crate::{Error, Result};

/// Entries that are read at once.
const PAGE: usize = 256;
/// As many digits of a hash name a version.
const FEWEST_DIGITS: usize = 4;

/// The versions of one bot in a store.
///
/// ```
/// use botsmith_nanobots::versions::{By, Versions};
/// let store = botsmith_core::store::open("memory:")?;
/// let versions = Versions::of(&*store, "bots/sum.yml");
/// let ada = By::new("ada", 1_767_225_600_000);
/// let first = versions.adopt(b"meta: {version: 1.0.0}\n", &ada)?;
/// let evidence = serde_json::json!({"gate": {"passed": true, "baseline": first.hash}});
/// let variant = versions.propose(b"meta: {version: 1.0.0}\nbehaviors: {}\n", Some(&first.hash), evidence, &ada)?;
/// assert_eq!(versions.pointer()?.current, Some(first.hash));
/// assert_eq!(versions.find(variant.short())?, variant);
/// # Ok::<(), botsmith_nanobots::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Versions<'a> {
    pub(super) store: &'a dyn StateStore,
    pub(super) bot: &'a str,
    key: [u8; 16],
    pub(super) watch: &'a dyn Fn(&'static str),
}

impl fmt::Debug for Versions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Versions")
            .field("bot", &self.bot)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl<'a> Versions<'a> {
    /// The versions of the bot of this name; see [`bot_name`](super::bot_name).
    pub fn of(store: &'a dyn StateStore, bot: &'a str) -> Self {
        let mut key = [0; 16];
        key.copy_from_slice(&Digest::of(bot.as_bytes()).as_bytes()[..16]);
        Self {
            store,
            bot,
            key,
            watch: &unwatched,
        }
    }

    /// Calls `watch` with a word before each write that a change makes: for tests that stop there.
    #[must_use]
    pub fn watched(mut self, watch: &'a dyn Fn(&'static str)) -> Self {
        self.watch = watch;
        self
    }

    /// The bot's name.
    pub fn bot(&self) -> &'a str {
        self.bot
    }

    /// Which versions are in force; all empty for a bot that the store does not know.
    ///
    /// # Errors
    /// The store's, or a record that does not read.
    pub fn pointer(&self) -> Result<Pointer> {
        Ok(self.found()?.1)
    }

    /// The bots that the store knows versions of, by name.
    ///
    /// # Errors
    /// The store's, or a record that does not read.
    pub fn bots(store: &dyn StateStore) -> Result<Vec<Pointer>> {
        let mut pointers: Vec<Pointer> = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = store.keys(PARTITION, "bot/", after.as_deref(), PAGE)?;
            for key in page.iter().filter(|key| key.ends_with("/pointer")) {
                if let Some(record) = store.get(PARTITION, key)? {
                    pointers.push(read(store, &record.value)?);
                }
            }
            after = page.into_iter().next_back();
            if after.is_none() {
                break;
            }
        }
        pointers.sort_by(|a, b| a.bot.cmp(&b.bot));
        Ok(pointers)
    }

    /// All versions, oldest first.
    ///
    /// # Errors
    /// The store's, or a record that does not read.
    pub fn list(&self) -> Result<Vec<Version>> {
        let prefix = self.key("version/");
        let mut versions: Vec<Version> = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = self
                .store
                .scan(PARTITION, &prefix, after.as_deref(), PAGE)?;
            for (_, record) in &page {
                versions.push(read(self.store, &record.value)?);
            }
            after = page.into_iter().next_back().map(|(key, _)| key);
            if after.is_none() {
                break;
            }
        }
        versions.sort_by_key(|version| version.n);
        versions
            .into_iter()
            .map(|version| self.with_evidence(version))
            .collect()
    }

    /// The history, oldest first.
    ///
    /// # Errors
    /// The store's, or an entry that does not read.
    pub fn history(&self) -> Result<Vec<Move>> {
        let mut moves = Vec::new();
        loop {
            let page = self
                .store
                .log(PARTITION, &self.key("history"), moves.len() as u64, PAGE)?;
            if page.is_empty() {
                return Ok(moves);
            }
            for bytes in &page {
                moves.push(read(self.store, bytes)?);
            }
        }
    }

    /// The version of this hash.
    ///
    /// # Errors
    /// The store's, or a record that does not read.
    pub fn get(&self, hash: &str) -> Result<Option<Version>> {
        let record = self
            .store
            .get(PARTITION, &self.key(&format!("version/{hash}")))?;
        let Some(record) = record else {
            return Ok(None);
        };
        self.with_evidence(read(self.store, &record.value)?)
            .map(Some)
    }

    /// The version with the newest evidence, where some came after it.
    fn with_evidence(&self, mut version: Version) -> Result<Version> {
        let log = self.key(&format!("evidence/{}", version.hash));
        let length = self.store.log_length(PARTITION, &log)?;
        if let Some(last) = length.checked_sub(1) {
            for entry in self.store.log(PARTITION, &log, last, 1)? {
                version.evidence = read(self.store, &entry)?;
            }
        }
        Ok(version)
    }

    /// The version that a person means: `current`, `previous` or `pinned`; the first digits of a hash, at
    /// least four; or a `meta.version` (the newest of that name which was in the file).
    ///
    /// # Errors
    /// [`Error::Versions`] where there is none, or more than one.
    pub fn find(&self, name: &str) -> Result<Version> {
        let pointer = self.pointer()?;
        let word = match name {
            "current" => Some(&pointer.current),
            "previous" => Some(&pointer.previous),
            "pinned" => Some(&pointer.pinned),
            _ => None,
        };
        let list = self.list()?;
        if let Some(hash) = word {
            let found = list
                .into_iter()
                .find(|version| Some(&version.hash) == hash.as_ref());
            return found.ok_or_else(|| self.refuse(format!("no version is {name}")));
        }
        let named = list.iter().rev().find(|version| {
            version.name.as_deref() == Some(name) && version.origin != Origin::Proposed
        });
        if let Some(version) = named {
            return Ok(version.clone());
        }
        let lower = name.to_ascii_lowercase();
        let mut starts = list
            .iter()
            .filter(|version| lower.len() >= FEWEST_DIGITS && version.hash.starts_with(&lower));
        match (starts.next(), starts.next()) {
            (Some(version), None) => Ok(version.clone()),
            (Some(a), Some(b)) => Err(self.refuse(format!(
                "`{name}` is the start of {} and of {}: give more digits",
                a.short(),
                b.short()
            ))),
            _ => {
                let words = list
                    .iter()
                    .flat_map(|v| [v.name.as_deref(), Some(v.short())]);
                let words: Vec<_> = words.flatten().chain(["current", "previous"]).collect();
                let near = botsmith_core::hint::nearest(name, words.iter().copied());
                let hint = match (near, list.len()) {
                    (Some(near), _) => format!("did you mean `{near}`?"),
                    (None, 0) => "the store knows no version of it yet".into(),
                    (None, n) => format!("`botsmith bot history` lists all {n}"),
                };
                let name = botsmith_core::hint::shown(name);
                Err(self.refuse(format!("no version `{name}`; {hint}")))
            }
        }
    }

    /// The bytes of a version, checked against its hash.
    ///
    /// # Errors
    /// The store's; [`Error::Versions`] where there is none; damage.
    pub fn bytes(&self, hash: &str) -> Result<Vec<u8>> {
        let record = self
            .store
            .get(PARTITION, &self.key(&format!("bytes/{hash}")))?;
        let Some(record) = record else {
            return Err(self.refuse(format!("no version {}", super::short(hash))));
        };
        if Digest::of(&record.value).to_string() != hash {
            return Err(corrupt(
                self.store,
                format!("the bytes of version {hash} do not have this hash"),
            ));
        }
        Ok(record.value)
    }

    /// The pointer, with its record.
    pub(super) fn found(&self) -> Result<(Option<Record>, Pointer)> {
        let record = self.store.get(PARTITION, &self.key("pointer"))?;
        let pointer = match &record {
            Some(record) => read(self.store, &record.value)?,
            None => Pointer {
                bot: self.bot.to_owned(),
                ..Pointer::default()
            },
        };
        Ok((record, pointer))
    }

    pub(super) fn text<'t>(&self, bytes: &'t [u8]) -> Result<&'t str> {
        std::str::from_utf8(bytes).map_err(|_| self.refuse("a cartridge is UTF-8, this is not"))
    }

    pub(super) fn format(&self) -> Format {
        let ending = self
            .bot
            .rsplit_once('.')
            .map_or("yml", |(_, ending)| ending);
        Format::of(ending).unwrap_or(Format::Yaml)
    }

    pub(super) fn key(&self, rest: &str) -> String {
        use std::fmt::Write as _;
        let mut key = String::from("bot/");
        for byte in self.key {
            let _ = write!(key, "{byte:02x}");
        }
        key.push('/');
        key.push_str(rest);
        key
    }

    pub(super) fn refuse(&self, reason: impl Into<String>) -> Error {
        Error::Versions {
            bot: self.bot.to_owned(),
            reason: reason.into(),
        }
    }
}

fn unwatched(_: &'static str) {}

fn read<T: DeserializeOwned>(store: &dyn StateStore, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| {
        corrupt(
            store,
            format!("a record of bots' versions does not read: {error}"),
        )
    })
}

fn corrupt(store: &dyn StateStore, reason: String) -> Error {
    let url = store.url().to_owned();
    botsmith_core::Error::StoreCorrupt { url, reason }.into()
}
