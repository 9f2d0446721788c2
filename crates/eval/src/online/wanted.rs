//! What people say of a canary or a bandit that they want -> one that runs.
//!
//! Versions are named as people name them (see [`Versions::find`]); what is not said has its default. Command
//! line and Python begin canaries and bandits through this.

use std::sync::Arc;

use botsmith_core::store::StateStore;
use botsmith_nanobots::versions::{BotFile, Version, Versions};
use serde::Deserialize;

use super::{Bandit, BanditPlan, BotVersions, Canary, CanaryPlan, Goal, Prior, Rewards, Share};
use crate::{Error, Result};

/// A canary that is wanted.
///
/// ```
/// use botsmith_eval::online::WantedCanary;
/// let wanted: WantedCanary = serde_json::from_str(r#"{"share": 0.1, "goal": "no-harm"}"#)?;
/// assert_eq!((wanted.sessions, wanted.days, wanted.new), (1_000, 14, None));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct WantedCanary {
    /// The version on trial; `None`: the one in force.
    pub new: Option<String>,
    /// The version beside it; `None`: the one before it, of a proposed version the one in force.
    pub old: Option<String>,
    /// The share of the sessions that get the new version, above 0 and below 1.
    pub share: f64,
    /// What the new version has to show.
    pub goal: Goal,
    /// The watch ends after so many outcomes.
    pub sessions: u64,
    /// Or after so many days.
    pub days: u32,
    /// Chooses which sessions get the new version; `None`: another one each time.
    pub salt: Option<String>,
}

impl Default for WantedCanary {
    fn default() -> Self {
        Self {
            new: None,
            old: None,
            share: 0.5,
            goal: Goal::Better,
            sessions: 1_000,
            days: 14,
            salt: None,
        }
    }
}

/// A bandit that is wanted.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct WantedBandit {
    /// The versions that take part, two or more.
    pub versions: Vec<String>,
    /// Whether rewards are any numbers, not 0 and 1 alone.
    pub graded: bool,
    /// The variance of graded rewards within a version; `None`: it is learned.
    pub variance: Option<f64>,
    /// The probability with which a version is drawn uniformly.
    pub floor: f64,
    /// How many of the newest rewards count; `None`: all.
    pub window: Option<u64>,
    /// The draws are made from it; `None`: another one each time.
    pub salt: Option<String>,
}

impl Default for WantedBandit {
    fn default() -> Self {
        Self {
            versions: Vec::new(),
            graded: false,
            variance: None,
            floor: 0.1,
            window: None,
            salt: None,
        }
    }
}

/// A bot whose sessions are shared: its store, its file, its name.
#[derive(Clone, Debug)]
pub struct Traffic {
    store: Arc<dyn StateStore>,
    bot: BotFile,
}

impl Traffic {
    /// The sessions of this bot.
    pub fn of(store: Arc<dyn StateStore>, bot: BotFile) -> Self {
        Self { store, bot }
    }

    /// The bot's versions, as canary and bandit ask for them and change them.
    pub fn versions(&self) -> BotVersions {
        BotVersions::new(Arc::clone(&self.store), Some(self.bot.file.clone()))
    }

    /// The version that a person means.
    ///
    /// # Errors
    /// Where there is none, or more than one.
    pub fn version(&self, name: &str) -> Result<Version> {
        Ok(Versions::of(&*self.store, &self.bot.name).find(name)?)
    }

    /// Begins a canary.
    ///
    /// # Errors
    /// As [`Canary::start`], and for versions that are not there.
    pub fn start_canary(&self, wanted: &WantedCanary, now_ms: u64) -> Result<Canary> {
        let new = self.version(wanted.new.as_deref().unwrap_or("current"))?;
        let in_force = self.version("current").ok();
        let on_trial = in_force.is_some_and(|version| version.hash == new.hash);
        let beside = if on_trial { "previous" } else { "current" };
        let old = self.version(wanted.old.as_deref().unwrap_or(beside))?;
        let salt = self.salt(wanted.salt.as_ref(), now_ms);
        let mut plan = CanaryPlan::new(&self.bot.name, old.hash, new.hash, salt);
        plan.share = Share::new(wanted.share)?;
        plan.goal = wanted.goal;
        plan.most_sessions = wanted.sessions;
        plan.most_days = wanted.days;
        Canary::start(Arc::clone(&self.store), &self.versions(), plan, now_ms)
    }

    /// The bot's canary.
    ///
    /// # Errors
    /// As [`Canary::open`].
    pub fn canary(&self) -> Result<Canary> {
        Canary::open(Arc::clone(&self.store), &self.bot.name)
    }

    /// Begins a bandit.
    ///
    /// # Errors
    /// As [`Bandit::start`], and for versions that are not there.
    pub fn start_bandit(&self, wanted: &WantedBandit, now_ms: u64) -> Result<Bandit> {
        let versions = wanted
            .versions
            .iter()
            .map(|name| Ok(self.version(name)?.hash))
            .collect::<Result<Vec<_>>>()?;
        let salt = self.salt(wanted.salt.as_ref(), now_ms);
        let mut plan = BanditPlan::new(&self.bot.name, versions, salt);
        plan.rewards = match (wanted.graded, wanted.variance) {
            (true, variance) => Rewards::Graded { variance },
            (false, None) => Rewards::PassFail,
            (false, Some(_)) => {
                return Err(Error::Invalid(
                    "a variance is of graded rewards; those of 0 and 1 have none of their own"
                        .into(),
                ));
            }
        };
        plan.prior = Prior::of(plan.rewards);
        plan.floor = wanted.floor;
        plan.window = wanted.window;
        Bandit::start(Arc::clone(&self.store), &self.versions(), plan, now_ms)
    }

    /// The bot's bandit.
    ///
    /// # Errors
    /// As [`Bandit::open`].
    pub fn bandit(&self) -> Result<Bandit> {
        Bandit::open(Arc::clone(&self.store), &self.bot.name)
    }

    /// A salt that no earlier canary or bandit of this bot had.
    fn salt(&self, given: Option<&String>, now_ms: u64) -> String {
        given.map_or_else(|| format!("{} {now_ms}", self.bot.name), Clone::clone)
    }
}
