//! The versions of a bot, and its sessions shared among them: history, promotion, canary, bandit. What comes back
//! is JSON, as the command line prints it.

use std::sync::Arc;

use botsmith::core::audit::Audit;
use botsmith::core::digest::Digest;
use botsmith::core::store::StateStore;
use botsmith::eval::online::{Arm, SessionOutcome, Traffic, WantedBandit, WantedCanary};
use botsmith::nanobots::Workshop;
use botsmith::nanobots::versions::{BotFile, By, Moved, Promotion, Versions};
use pyo3::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::doorway;
use crate::fault::Fault;
use crate::store::Store;

/// A bot's file, and the store that has its versions.
#[pyclass(frozen, module = "botsmith._native")]
#[derive(Clone, Debug)]
pub(crate) struct BotVersions {
    store: Store,
    bot: BotFile,
}

/// What an opened store knows of the bot.
struct Opened<'a> {
    store: Arc<dyn StateStore>,
    bot: &'a BotFile,
}

impl Opened<'_> {
    fn versions(&self) -> Versions<'_> {
        Versions::of(&*self.store, &self.bot.name)
    }

    fn traffic(&self) -> Traffic {
        Traffic::of(Arc::clone(&self.store), self.bot.clone())
    }

    fn now_ms(&self) -> Result<u64, Fault> {
        Ok(self.store.now_ms()?)
    }

    fn by(&self, given: Option<&str>) -> Result<By, Fault> {
        Ok(Workshop::of_process()?.by(given, self.now_ms()?))
    }

    /// A change that was made, and where the pointer is after it.
    fn told(&self, moved: &Moved) -> Result<Value, Fault> {
        Ok(json!({
            "bot": self.bot.name, "from": moved.from, "to": moved.version.hash, "version": moved.version,
            "settled": moved.settled, "pointer": self.versions().pointer()?,
        }))
    }
}

impl BotVersions {
    /// Does something with the store and the bot's files, which may wait for other processes and networks.
    fn at(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&Opened<'_>) -> Result<Value, Fault> + Send + 'static,
    ) -> PyResult<String> {
        let of = self.clone();
        doorway::apart(py, move || {
            let opened = Opened {
                store: of.store.open()?,
                bot: &of.bot,
            };
            Ok::<_, Fault>(work(&opened)?.to_string())
        })
    }
}

fn parsed<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, Fault> {
    Ok(serde_json::from_str(text)?)
}

fn value(of: impl serde::Serialize) -> Result<Value, Fault> {
    Ok(serde_json::to_value(of)?)
}

#[pymethods]
impl BotVersions {
    /// Finds the bot: a cartridge's file, or a name of the search path.
    #[new]
    fn new(py: Python<'_>, store: &Store, bot: String) -> PyResult<Self> {
        let bot = doorway::apart(py, move || Workshop::of_process()?.bot_file(&bot))?;
        Ok(Self {
            store: store.clone(),
            bot,
        })
    }

    /// The name under which the store knows the bot.
    #[getter]
    fn name(&self) -> &str {
        &self.bot.name
    }

    /// Its file.
    #[getter]
    fn file(&self) -> String {
        self.bot.file.display().to_string()
    }

    /// The versions, which are in force, and what was done with them.
    fn history(&self, py: Python<'_>) -> PyResult<String> {
        self.at(py, move |at| {
            let versions = at.versions();
            // Looking changes nothing, unless a program was killed in the middle of a change.
            let settled = match versions.pointer()?.begun {
                Some(_) => versions.settle(&at.bot.file, &at.by(None)?)?,
                None => None,
            };
            let pointer = versions.pointer()?;
            let bytes = std::fs::read(&at.bot.file).map_err(|source| {
                let path = at.bot.file.clone();
                botsmith::core::Error::Read { path, source }
            })?;
            let edited = pointer.current != Some(Digest::of(&bytes).to_string());
            Ok(json!({
                "bot": at.bot.name, "file": at.bot.file, "pointer": pointer, "edited": edited,
                "versions": versions.list()?, "history": versions.history()?, "settled": settled,
                "audit_whole": Audit::new(&*at.store).verify(None)?.damage.is_none(),
            }))
        })
    }

    /// The version that a person means.
    fn find(&self, py: Python<'_>, name: String) -> PyResult<String> {
        self.at(py, move |at| value(at.versions().find(&name)?))
    }

    /// The text of a version, or of the file.
    fn text(&self, py: Python<'_>, name: String) -> PyResult<String> {
        let of = self.clone();
        doorway::apart(py, move || {
            let store = of.store.open()?;
            let versions = Versions::of(&*store, &of.bot.name);
            Ok::<_, Fault>(versions.side(&name, &of.bot.file)?.text)
        })
    }

    /// What differs between two versions.
    fn diff(&self, py: Python<'_>, before: String, after: String) -> PyResult<String> {
        self.at(py, move |at| {
            let side = |name: &str| at.versions().side(name, &at.bot.file);
            let (old, new) = (side(&before)?, side(&after)?);
            let found = old.difference(&new);
            Ok(json!({
                "bot": at.bot.name, "from": old.hash, "to": new.hash, "added": found.added,
                "removed": found.removed, "diff": found.text,
            }))
        })
    }

    /// Keeps a text as a proposed version.
    #[pyo3(signature = (text, by=None))]
    fn propose(&self, py: Python<'_>, text: String, by: Option<String>) -> PyResult<String> {
        self.at(py, move |at| {
            let (versions, by) = (at.versions(), at.by(by.as_deref())?);
            let current = versions.side("file", &at.bot.file)?;
            let parent = versions.adopt(current.text.as_bytes(), &by)?;
            let made = versions.propose(text.as_bytes(), Some(&parent.hash), Value::Null, &by)?;
            value(made)
        })
    }

    /// Makes a proposed version the bot.
    #[pyo3(signature = (version, without_gate=None, by=None))]
    fn promote(
        &self,
        py: Python<'_>,
        version: String,
        without_gate: Option<String>,
        by: Option<String>,
    ) -> PyResult<String> {
        self.at(py, move |at| {
            let (versions, by) = (at.versions(), at.by(by.as_deref())?);
            let found = versions.find(&version)?;
            let mut promotion =
                Promotion::default().approval(json!({"by": by.who, "at": by.at_ms}));
            if let Some(reason) = without_gate {
                promotion = promotion.without_gate(reason);
            }
            at.told(&versions.promote(&found.hash, Some(&at.bot.file), &promotion, &by)?)
        })
    }

    /// Brings the version before, or another one, back.
    #[pyo3(signature = (to=None, by=None))]
    fn rollback(&self, py: Python<'_>, to: Option<String>, by: Option<String>) -> PyResult<String> {
        self.at(py, move |at| {
            let (versions, by) = (at.versions(), at.by(by.as_deref())?);
            let to = to.as_deref().map(|to| versions.find(to)).transpose()?;
            let to = to.map(|version| version.hash);
            at.told(&versions.rollback(to.as_deref(), Some(&at.bot.file), &by)?)
        })
    }

    /// Holds a version in force.
    #[pyo3(signature = (version=None, by=None))]
    fn pin(&self, py: Python<'_>, version: Option<String>, by: Option<String>) -> PyResult<String> {
        self.at(py, move |at| {
            let (versions, by) = (at.versions(), at.by(by.as_deref())?);
            let to = version.as_deref().map(|to| versions.find(to)).transpose()?;
            let to = to.map(|version| version.hash);
            at.told(&versions.pin(to.as_deref(), Some(&at.bot.file), &by)?)
        })
    }

    /// Lets changes in again; whether it was pinned.
    #[pyo3(signature = (by=None))]
    fn unpin(&self, py: Python<'_>, by: Option<String>) -> PyResult<String> {
        self.at(py, move |at| {
            value(at.versions().unpin(&at.by(by.as_deref())?)?)
        })
    }

    /// Begins a canary.
    fn canary_start(&self, py: Python<'_>, wanted: String) -> PyResult<String> {
        self.at(py, move |at| {
            let wanted: WantedCanary = parsed(&wanted)?;
            value(at.traffic().start_canary(&wanted, at.now_ms()?)?.status()?)
        })
    }

    /// The version that a session gets.
    fn canary_version(&self, py: Python<'_>, session: String) -> PyResult<String> {
        self.at(py, move |at| {
            value(at.traffic().canary()?.version_for(&session)?)
        })
    }

    /// Records what came of a session; without a value, a failed answer.
    #[pyo3(signature = (session, value=None))]
    fn canary_record(
        &self,
        py: Python<'_>,
        session: String,
        value: Option<f64>,
    ) -> PyResult<String> {
        self.at(py, move |at| {
            let outcome = value.map_or(SessionOutcome::Failed, SessionOutcome::Value);
            let (traffic, now) = (at.traffic(), at.now_ms()?);
            let recorded = traffic
                .canary()?
                .record(&session, outcome, &traffic.versions(), now)?;
            self::value(recorded)
        })
    }

    /// Where the canary is.
    fn canary_status(&self, py: Python<'_>) -> PyResult<String> {
        self.at(py, move |at| value(at.traffic().canary()?.status()?))
    }

    /// Ends the canary by hand.
    #[pyo3(signature = (new, why, by=None))]
    fn canary_stop(
        &self,
        py: Python<'_>,
        new: bool,
        why: String,
        by: Option<String>,
    ) -> PyResult<String> {
        self.at(py, move |at| {
            let (traffic, by) = (at.traffic(), at.by(by.as_deref())?);
            let canary = traffic.canary()?;
            let keep = if new { Arm::New } else { Arm::Old };
            canary.stop(keep, &by.who, &why, &traffic.versions(), by.at_ms)?;
            value(canary.status()?)
        })
    }

    /// Begins a bandit.
    fn bandit_start(&self, py: Python<'_>, wanted: String) -> PyResult<String> {
        self.at(py, move |at| {
            let wanted: WantedBandit = parsed(&wanted)?;
            value(at.traffic().start_bandit(&wanted, at.now_ms()?)?.status()?)
        })
    }

    /// The version drawn for a session, and the probability of that.
    fn bandit_version(&self, py: Python<'_>, session: String) -> PyResult<String> {
        self.at(py, move |at| {
            value(at.traffic().bandit()?.version_for(&session, at.now_ms()?)?)
        })
    }

    /// Records the reward of a session; whether it was counted.
    fn bandit_record(&self, py: Python<'_>, session: String, reward: f64) -> PyResult<String> {
        self.at(py, move |at| {
            let now = at.now_ms()?;
            value(at.traffic().bandit()?.record(&session, reward, now)?)
        })
    }

    /// What the bandit has seen.
    fn bandit_status(&self, py: Python<'_>) -> PyResult<String> {
        self.at(py, move |at| value(at.traffic().bandit()?.status()?))
    }

    /// Ends the bandit: everybody gets one version.
    #[pyo3(signature = (keep, why, by=None))]
    fn bandit_stop(
        &self,
        py: Python<'_>,
        keep: String,
        why: String,
        by: Option<String>,
    ) -> PyResult<String> {
        self.at(py, move |at| {
            let (traffic, by) = (at.traffic(), at.by(by.as_deref())?);
            let keep = traffic.version(&keep)?.hash;
            let bandit = traffic.bandit()?;
            bandit.stop(&keep, &by.who, &why, &traffic.versions(), by.at_ms)?;
            value(bandit.status()?)
        })
    }
}
