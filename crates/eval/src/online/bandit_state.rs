//! What a bandit is told and what it keeps. Pure; the store is another file's.

use serde::{Deserialize, Serialize};

use super::posterior::{Prior, Rewards};
use super::thompson::Thompson;
use crate::{Error, Result};

/// The most versions that share sessions.
const MOST_VERSIONS: usize = 16;

/// What a bandit is told when it starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BanditPlan {
    /// Whose versions: the bot's name.
    pub bot: String,
    /// The versions that share the sessions, 2 to 16. All passed the gate.
    pub versions: Vec<String>,
    /// What rewards are like.
    pub rewards: Rewards,
    /// What is believed of each version before its first reward.
    pub prior: Prior,
    /// The probability with which a version is drawn uniformly. Default: 0.1.
    pub floor: f64,
    /// How many of the newest rewards count; older ones are forgotten. Default: all count.
    pub window: Option<u64>,
    /// The draws are made from it.
    pub salt: String,
}

impl BanditPlan {
    /// A plan with the defaults, for rewards of 0 and 1.
    pub fn new<V: Into<String>>(
        bot: impl Into<String>,
        versions: impl IntoIterator<Item = V>,
        salt: impl Into<String>,
    ) -> Self {
        let rewards = Rewards::default();
        Self {
            bot: bot.into(),
            versions: versions.into_iter().map(Into::into).collect(),
            rewards,
            prior: Prior::of(rewards),
            floor: 0.1,
            window: None,
            salt: salt.into(),
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let wrong = |text: String| Err(Error::Invalid(format!("bandit of `{}`: {text}", self.bot)));
        let n = self.versions.len();
        if !(2..=MOST_VERSIONS).contains(&n) {
            return wrong(format!("{n} versions: 2 to {MOST_VERSIONS} are wanted"));
        }
        for (at, version) in self.versions.iter().enumerate() {
            if self.versions[..at].contains(version) {
                return wrong(format!("version {version} stands there twice"));
            }
        }
        // Without a floor a version may come to a chance of 0, and then nothing tells of it.
        if !(self.floor > 0.0 && self.floor <= 1.0) {
            return wrong(format!(
                "a floor of {}: above 0 and at most 1 is wanted",
                self.floor
            ));
        }
        if self.window == Some(0) {
            return wrong("a window of no rewards: 1 or more is wanted".into());
        }
        self.prior.check(self.rewards)
    }
}

/// What is kept of a bandit: one record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) plan: BanditPlan,
    /// Which bandit of this bot it is, from 1.
    pub(super) number: u64,
    pub(super) started_ms: u64,
    pub(super) state: Thompson,
    /// How many rewards there are in the log.
    pub(super) rewards: u64,
    /// The version that everybody gets since it was stopped, and whether the pointer was moved.
    pub(super) ended: Option<Ended>,
}

/// How a bandit was stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Ended {
    pub(super) keep: usize,
    pub(super) at_ms: u64,
    pub(super) who: String,
    pub(super) why: String,
    pub(super) settled: bool,
}

impl Kept {
    pub(super) fn new(plan: BanditPlan, number: u64, now_ms: u64) -> Self {
        let state = Thompson::with_prior(plan.versions.len(), plan.rewards, plan.floor, plan.prior);
        Self {
            plan,
            number,
            started_ms: now_ms,
            state,
            rewards: 0,
            ended: None,
        }
    }

    /// The place in the log of the reward that leaves the window when one more comes.
    pub(super) fn leaving(&self) -> Option<u64> {
        self.rewards.checked_sub(self.plan.window?)
    }
}

/// A draw: one record a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Draw {
    pub(super) version: usize,
    pub(super) propensity: f64,
    pub(super) at_ms: u64,
    pub(super) reward: Option<f64>,
}
