//! What a canary is told, what it keeps, and what an outcome makes of it. Pure: the clock comes in
//! as an argument, and the store is another file's.

use serde::{Deserialize, Serialize};

use super::bets::{Arm, THRESHOLD};
use super::share::Share;
use super::watch::{Verdict, Watch};
use crate::{Error, Result};

/// How many outcomes of the new version there must be before time alone ends the watch.
const LEAST: u64 = 30;

const DAY_MS: u64 = 86_400_000;

/// What the new version has to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// That it is better. Without proof of that or of harm, people decide.
    #[default]
    Better,
    /// That it does no harm until the watch ends: a cheaper or faster version.
    NoHarm,
}

/// What a canary is told when it starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CanaryPlan {
    /// Whose versions: the bot's name.
    pub bot: String,
    /// The version that was there before.
    pub old: String,
    /// The version on trial. It passed the gate.
    pub new: String,
    /// The share of the sessions that get it. Default: a half, which tells most a session; with a
    /// smaller one fewer sessions get a bad version, for a longer time.
    pub share: Share,
    /// Chooses which sessions those are.
    pub salt: String,
    /// What the new version has to show.
    pub goal: Goal,
    /// After so many outcomes of both versions the watch ends. Default: 1,000.
    pub most_sessions: u64,
    /// After so many days it ends too, once the new version has 30 outcomes. Default: 14.
    pub most_days: u32,
}

impl CanaryPlan {
    /// A plan with the defaults.
    pub fn new(
        bot: impl Into<String>,
        old: impl Into<String>,
        new: impl Into<String>,
        salt: impl Into<String>,
    ) -> Self {
        Self {
            bot: bot.into(),
            old: old.into(),
            new: new.into(),
            share: Share::new(0.5).expect("a half is a share"),
            salt: salt.into(),
            goal: Goal::default(),
            most_sessions: 1_000,
            most_days: 14,
        }
    }

    /// The version of an arm.
    pub fn version(&self, arm: Arm) -> &str {
        match arm {
            Arm::Old => &self.old,
            Arm::New => &self.new,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let wrong = |text: &str| Err(Error::Invalid(format!("canary of `{}`: {text}", self.bot)));
        if self.old == self.new {
            return wrong("the old and the new version are the same, so there is nothing to try");
        }
        if self.most_sessions == 0 || self.most_days == 0 {
            return wrong("a watch of no sessions or no days: 1 or more is wanted");
        }
        Ok(())
    }
}

/// What came of a session.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SessionOutcome {
    /// How good it was, in `[0, 1]`: 1 for a pass or a thumb up, 0 for the opposite.
    Value(f64),
    /// An answer failed: as bad as can be, and counted as a failure.
    Failed,
}

impl SessionOutcome {
    /// The number that is counted.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a value outside `[0, 1]`.
    pub fn value(self) -> Result<f64> {
        match self {
            Self::Failed => Ok(0.0),
            Self::Value(value) if (0.0..=1.0).contains(&value) => Ok(value),
            Self::Value(value) => Err(Error::Invalid(format!(
                "an outcome of {value}: a number from 0 (bad) to 1 (good) is wanted"
            ))),
        }
    }
}

/// Where a canary is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Sessions are shared.
    Watching,
    /// Every session gets the old version again.
    RolledBack,
    /// Every session gets the new version.
    Promoted,
}

impl State {
    /// The word for it: `watching`, `rolled-back`, `promoted`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Watching => "watching",
            Self::RolledBack => "rolled-back",
            Self::Promoted => "promoted",
        }
    }
}

/// What is kept of a canary: one record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) plan: CanaryPlan,
    /// Which canary of this bot it is, from 1.
    pub(super) number: u64,
    pub(super) started_ms: u64,
    pub(super) watch: Watch,
    /// Failed answers of the old and of the new version.
    pub(super) failed: [u64; 2],
    pub(super) state: State,
    /// Why it is no longer watching, by whom and since when.
    pub(super) decision: Option<Decision>,
}

/// How a watch ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Decision {
    pub(super) at_ms: u64,
    pub(super) who: String,
    pub(super) why: String,
    /// Whether the bot's pointer was moved.
    pub(super) settled: bool,
}

impl Kept {
    pub(super) fn new(plan: CanaryPlan, number: u64, now_ms: u64) -> Self {
        Self {
            plan,
            number,
            started_ms: now_ms,
            watch: Watch::default(),
            failed: [0; 2],
            state: State::Watching,
            decision: None,
        }
    }

    /// The version of a session.
    pub(super) fn version_for(&self, session: &str) -> &str {
        let arm = match self.state {
            State::Watching => self.plan.share.arm(&self.plan.salt, session),
            State::RolledBack => Arm::Old,
            State::Promoted => Arm::New,
        };
        self.plan.version(arm)
    }

    /// Whether the watch is at its end.
    pub(super) fn over(&self, now_ms: u64) -> bool {
        let days = now_ms.saturating_sub(self.started_ms) / DAY_MS;
        self.watch.sessions() >= self.plan.most_sessions
            || days >= u64::from(self.plan.most_days) && self.watch.moments(Arm::New).n >= LEAST
    }

    /// Counts an outcome, and decides when it shows enough.
    pub(super) fn count(
        &mut self,
        session: &str,
        outcome: SessionOutcome,
        now_ms: u64,
    ) -> Result<()> {
        let arm = self.plan.share.arm(&self.plan.salt, session);
        self.watch.add(arm, outcome.value()?);
        if outcome == SessionOutcome::Failed {
            self.failed[usize::from(arm == Arm::New)] += 1;
        }
        let after = format!("after {} sessions", self.watch.sessions());
        match self.watch.verdict() {
            Verdict::Harm => {
                let evidence = self.watch.harm();
                let why = format!("harm: evidence {evidence:.1} of {THRESHOLD:.0} {after}");
                self.decide(State::RolledBack, "canary", why, now_ms);
            }
            Verdict::Benefit => {
                let evidence = self.watch.benefit();
                let why = format!("benefit: evidence {evidence:.1} of {THRESHOLD:.0} {after}");
                self.decide(State::Promoted, "canary", why, now_ms);
            }
            Verdict::Open if self.plan.goal == Goal::NoHarm && self.over(now_ms) => {
                let why = format!("no harm shown {after}, and no more was asked of it");
                self.decide(State::Promoted, "canary", why, now_ms);
            }
            Verdict::Open => {}
        }
        Ok(())
    }

    /// Ends the watch.
    pub(super) fn decide(&mut self, state: State, who: &str, why: String, now_ms: u64) {
        self.state = state;
        self.decision = Some(Decision {
            at_ms: now_ms,
            who: who.to_owned(),
            why,
            settled: false,
        });
    }
}
