//! The versions that [`botsmith_nanobots::versions`] keeps, as canary and bandit ask for them.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use botsmith_core::audit::{Audit, Event};
use botsmith_core::store::StateStore;
use botsmith_nanobots::versions::{By, Origin, Promotion, Version, Versions};
use serde_json::json;

use super::switch::{Change, Switch};
use crate::{Error, Result};

/// The versions of one store; promotions and rollbacks replace the bot's file too, where it is
/// named.
///
/// ```
/// use std::sync::Arc;
/// use botsmith_core::store;
/// use botsmith_eval::online::{BotVersions, Switch};
/// use botsmith_nanobots::versions::{By, Versions};
///
/// let store: Arc<_> = store::open("memory:")?;
/// let versions = Versions::of(&*store, "helper");
/// let ada = By::new("ada", 0);
/// let first = versions.adopt(b"meta: {version: 1.0.0}\n", &ada)?;
/// let raw = versions.propose(b"meta: {version: 1.0.1}\n", Some(&first.hash), serde_json::Value::Null, &ada)?;
///
/// let switch = BotVersions::new(store.clone(), None);
/// assert!(switch.passed("helper", &first.hash)?, "it is in force");
/// assert!(!switch.passed("helper", &raw.hash)?, "no gate has seen it");
/// let advisory = serde_json::json!({"gate": {"passed": false, "advisory": true, "baseline": first.hash}});
/// versions.propose(b"meta: {version: 1.0.1}\n", Some(&first.hash), advisory, &ada)?;
/// assert!(!switch.passed("helper", &raw.hash)?, "people have not said enough");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct BotVersions {
    store: Arc<dyn StateStore>,
    file: Option<PathBuf>,
}

impl fmt::Debug for BotVersions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BotVersions")
            .field("store", &self.store.url())
            .field("file", &self.file)
            .finish()
    }
}

impl BotVersions {
    /// The versions in this store. `file` is the bot's cartridge; without it only the pointer moves.
    pub fn new(store: Arc<dyn StateStore>, file: Option<PathBuf>) -> Self {
        Self { store, file }
    }

    fn version(&self, bot: &str, hash: &str) -> Result<Version> {
        let found = Versions::of(&*self.store, bot).get(hash)?;
        found.ok_or_else(|| Error::NotFound {
            what: "version",
            name: hash.to_owned(),
            hint: Some(format!("`botsmith bot history {bot}` lists them")),
        })
    }

    /// Whether the version is in force, or the one in force was made of it: a promotion counts
    /// `meta.version` up, which makes another hash.
    fn in_force(&self, bot: &str, hash: &str) -> Result<bool> {
        let Some(current) = Versions::of(&*self.store, bot).pointer()?.current else {
            return Ok(false);
        };
        Ok(current == hash || self.version(bot, &current)?.evidence["variant"] == hash)
    }

    fn changed(&self, change: &Change) -> Result<bool> {
        let versions = Versions::of(&*self.store, &change.bot);
        let to = self.version(&change.bot, &change.to)?;
        if self.in_force(&change.bot, &to.hash)? {
            return Ok(false);
        }
        let by = By::new(change.who.as_str(), change.at_ms);
        let file = self.file.as_deref();
        let moved = if change.back || to.origin != Origin::Proposed {
            versions.rollback(Some(&to.hash), file, &by)
        } else {
            let approval = json!({"by": change.who, "why": change.why});
            let promotion = Promotion::default().approval(approval);
            versions.promote(&to.hash, file, &promotion, &by)
        };
        match moved {
            Ok(_) => Ok(true),
            // Another process came first: then it is done.
            Err(_) if self.in_force(&change.bot, &to.hash)? => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Switch for BotVersions {
    /// An advisory verdict is no pass. The version in force counts, however it came there, by an advisory
    /// verdict or `--without-gate` too: people get it already, a person said so, and it is what everything else
    /// is compared with. A canary of it gives it to fewer people, a bandit only takes sessions away from it.
    fn passed(&self, bot: &str, version: &str) -> Result<bool> {
        let found = self.version(bot, version)?;
        Ok(found.gate().is_some_and(|gate| gate.passed) || self.in_force(bot, version)?)
    }

    fn settle(&self, change: &Change) -> Result<()> {
        let moved = self.changed(change)?;
        let details =
            json!({"to": change.to, "back": change.back, "why": change.why, "moved": moved});
        let event = Event::new(change.at_ms, &change.who, "settle", &change.bot).details(details);
        Audit::new(&*self.store).append(&event)?;
        Ok(())
    }
}
