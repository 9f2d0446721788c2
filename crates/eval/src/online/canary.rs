//! A new version on a share of the sessions, taken back when it does harm: what a service asks, on
//! a store that many processes share.
//!
//! One record holds the evidence, one more per session that it was counted; both are written in one
//! transaction, so that an outcome counts once however often and wherever it is recorded. When the
//! evidence is enough, that record says so first: from then on every session gets the version that
//! stays. Then the bot's pointer is moved (see [`Switch`]), and that this was done is written down;
//! a process that dies between leaves it to the next one that records something.

use std::sync::Arc;

use botsmith_core::store::{StateStore, Transaction};
use serde::Serialize;

use super::bets::{Arm, Moments};
use super::canary_state::{CanaryPlan, Kept, SessionOutcome, State};
use super::commit::{Step, clear, read, update, write};
use super::share;
use super::switch::{Change, Switch};
use crate::{Error, Result};

const KEY: &str = "canary";

/// The canary of one bot.
///
/// ```
/// use std::sync::Arc;
/// use botsmith_core::store;
/// use botsmith_eval::online::{Canary, CanaryPlan, FixedVersions, SessionOutcome, State};
///
/// let store: Arc<_> = store::open("memory:")?;
/// let versions = FixedVersions::new(["old", "new"]);
/// let plan = CanaryPlan::new("helper", "old", "new", "some salt");
/// let canary = Canary::start(store, &versions, plan, 0)?;
///
/// for session in 0..200 {
///     let id = format!("session-{session}");
///     let version = canary.version_for(&id)?;
///     let good = if version == "old" { 1.0 } else { 0.0 };
///     canary.record(&id, SessionOutcome::Value(good), &versions, session)?;
/// }
/// assert_eq!(canary.status()?.state, State::RolledBack);
/// assert_eq!(canary.version_for("session-1")?, "old");
/// assert_eq!(versions.changes().len(), 1);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Canary {
    store: Arc<dyn StateStore>,
    bot: String,
    partition: String,
}

/// What became of an outcome that was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// Whether it was counted. It was not if the session had one already, or the watch was over.
    pub counted: bool,
    /// Where the canary is now.
    pub state: State,
}

/// Where a canary is, and what it has seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CanaryStatus {
    /// What it was told.
    pub plan: CanaryPlan,
    /// Where it is.
    pub state: State,
    /// How many outcomes were counted.
    pub sessions: u64,
    /// The outcomes of the old version.
    pub old: Moments,
    /// The outcomes of the new version.
    pub new: Moments,
    /// Failed answers of the old and of the new version.
    pub failed: [u64; 2],
    /// The evidence that the new version is worse: 20 is enough.
    pub harm: f64,
    /// The evidence that it is better: 20 is enough.
    pub benefit: f64,
    /// When it started, in milliseconds since 1970-01-01T00:00Z.
    pub started_ms: u64,
    /// When it ended.
    pub decided_ms: Option<u64>,
    /// Who ended it: a person, or `canary`.
    pub who: Option<String>,
    /// Why it ended.
    pub why: Option<String>,
    /// Whether the bot's pointer follows the decision.
    pub settled: bool,
}

impl CanaryStatus {
    /// Whether the watch came to its end without showing anything, so that people must decide.
    pub fn undecided(&self) -> bool {
        self.state == State::Watching && self.sessions >= self.plan.most_sessions
    }
}

impl Canary {
    /// Starts a canary. An ended one of this bot makes room for it.
    ///
    /// # Errors
    /// When the plan makes no sense, the new version did not pass the gate, another canary of this
    /// bot is watching, or the store fails.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "a plan is handed over where it begins"
    )]
    pub fn start(
        store: Arc<dyn StateStore>,
        versions: &dyn Switch,
        plan: CanaryPlan,
        now_ms: u64,
    ) -> Result<Self> {
        plan.check()?;
        if !versions.passed(&plan.bot, &plan.new)? {
            return Err(Error::Invalid(format!(
                "version {} of `{}` did not pass the gate: only versions that did are tried on people (an advisory verdict is no pass: a \
                 person may promote the version first)",
                plan.new, plan.bot
            )));
        }
        let canary = Self::named(store, &plan.bot);
        let who = share::digest(&plan.salt, &plan.bot);
        let before = update(&*canary.store, &canary.partition, &[KEY], &who, |found| {
            let before = canary.parse(found[0].as_ref())?;
            if let Some(kept) = &before {
                let unsettled = kept.decision.as_ref().is_none_or(|end| !end.settled);
                if unsettled {
                    return Err(Error::Invalid(format!(
                        "a canary of `{}` is there already ({}): `botsmith bot canary stop` ends it",
                        kept.plan.bot,
                        kept.state.as_str()
                    )));
                }
            }
            let number = before.as_ref().map_or(0, |kept| kept.number);
            let kept = Kept::new(plan.clone(), number + 1, now_ms);
            Ok(Step::Write(
                Transaction::new().put(KEY, write(&kept)),
                number,
            ))
        })?;
        if before > 0 {
            clear(
                &*canary.store,
                &canary.partition,
                &format!("session/{before}/"),
            )?;
        }
        Ok(canary)
    }

    /// The canary of a bot that was started before.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none; when the store fails.
    pub fn open(store: Arc<dyn StateStore>, bot: &str) -> Result<Self> {
        let canary = Self::named(store, bot);
        canary.kept()?;
        Ok(canary)
    }

    fn named(store: Arc<dyn StateStore>, bot: &str) -> Self {
        Self {
            store,
            bot: bot.to_owned(),
            partition: format!("canary/{bot}"),
        }
    }

    fn parse(&self, record: Option<&botsmith_core::store::Record>) -> Result<Option<Kept>> {
        record
            .map(|record| read(&self.partition, KEY, record))
            .transpose()
    }

    fn missing(&self) -> Error {
        Error::NotFound {
            what: "canary",
            name: self.bot.clone(),
            hint: Some("`botsmith bot canary start` makes one".into()),
        }
    }

    fn kept(&self) -> Result<Kept> {
        let record = self.store.get(&self.partition, KEY)?;
        self.parse(record.as_ref())?.ok_or_else(|| self.missing())
    }

    /// The version that a session gets: the same at every call while sessions are shared, and the
    /// one that stays once that is decided.
    ///
    /// # Errors
    /// When the store fails.
    pub fn version_for(&self, session: &str) -> Result<String> {
        Ok(self.kept()?.version_for(session).to_owned())
    }

    /// Records what came of a session. The first outcome of a session counts, any further one does
    /// not.
    ///
    /// # Errors
    /// For a value outside `[0, 1]`; when the store fails, or the bot's pointer cannot be moved. In
    /// that last case the decision stands, and the next call tries to move it again.
    pub fn record(
        &self,
        session: &str,
        outcome: SessionOutcome,
        versions: &dyn Switch,
        now_ms: u64,
    ) -> Result<Recorded> {
        outcome.value()?;
        // The number and the salt of a canary never change; a new canary shows as a conflict.
        let mut kept = self.kept()?;
        loop {
            let number = kept.number;
            let who = share::digest(&kept.plan.salt, session);
            let seen = format!("session/{number}/{who}");
            let keys = [KEY, seen.as_str()];
            let step = update(&*self.store, &self.partition, &keys, &who, |found| {
                let mut kept = self
                    .parse(found[0].as_ref())?
                    .ok_or_else(|| self.missing())?;
                if kept.number != number {
                    return Ok(Step::Done((kept, None)));
                }
                if kept.state != State::Watching || found[1].is_some() {
                    return Ok(Step::Done((kept, Some(false))));
                }
                kept.count(session, outcome, now_ms)?;
                let writes = Transaction::new()
                    .put(KEY, write(&kept))
                    .put(seen.as_str(), "");
                Ok(Step::Write(writes, (kept, Some(true))))
            })?;
            match step {
                (now, None) => kept = now,
                (now, Some(counted)) => {
                    let state = now.state;
                    self.settle(&now, versions)?;
                    return Ok(Recorded { counted, state });
                }
            }
        }
    }

    /// Ends the watch by hand: everybody gets the version of `keep`.
    ///
    /// # Errors
    /// When it has ended already, the store fails, or the bot's pointer cannot be moved.
    pub fn stop(
        &self,
        keep: Arm,
        who: &str,
        why: &str,
        versions: &dyn Switch,
        now_ms: u64,
    ) -> Result<()> {
        let caller = share::digest("stop", who);
        let kept = update(&*self.store, &self.partition, &[KEY], &caller, |found| {
            let mut kept = self
                .parse(found[0].as_ref())?
                .ok_or_else(|| self.missing())?;
            match kept.state {
                State::Watching => {
                    let state = match keep {
                        Arm::Old => State::RolledBack,
                        Arm::New => State::Promoted,
                    };
                    kept.decide(state, who, why.to_owned(), now_ms);
                    let put = Transaction::new().put(KEY, write(&kept));
                    Ok(Step::Write(put, kept))
                }
                // What was decided but not carried out is carried out now.
                _ if kept.decision.as_ref().is_some_and(|end| !end.settled) => Ok(Step::Done(kept)),
                state => Err(Error::Invalid(format!(
                    "the canary of `{}` is over: {}",
                    self.bot,
                    state.as_str()
                ))),
            }
        })?;
        self.settle(&kept, versions)
    }

    /// Moves the bot's pointer to what was decided, if that was not done yet.
    fn settle(&self, kept: &Kept, versions: &dyn Switch) -> Result<()> {
        let Some(decision) = kept.decision.as_ref().filter(|end| !end.settled) else {
            return Ok(());
        };
        let back = kept.state == State::RolledBack;
        versions.settle(&Change {
            bot: kept.plan.bot.clone(),
            to: kept
                .plan
                .version(if back { Arm::Old } else { Arm::New })
                .to_owned(),
            back,
            who: decision.who.clone(),
            why: decision.why.clone(),
            at_ms: decision.at_ms,
        })?;
        let caller = share::digest("settle", &kept.plan.bot);
        update(&*self.store, &self.partition, &[KEY], &caller, |found| {
            let Some(mut now) = self.parse(found[0].as_ref())? else {
                return Ok(Step::Done(()));
            };
            match &mut now.decision {
                Some(end) if now.number == kept.number && !end.settled => end.settled = true,
                _ => return Ok(Step::Done(())),
            }
            Ok(Step::Write(Transaction::new().put(KEY, write(&now)), ()))
        })
    }

    /// Where it is, and what it has seen.
    ///
    /// # Errors
    /// When the store fails.
    pub fn status(&self) -> Result<CanaryStatus> {
        let kept = self.kept()?;
        let decision = kept.decision;
        Ok(CanaryStatus {
            state: kept.state,
            sessions: kept.watch.sessions(),
            old: kept.watch.moments(Arm::Old),
            new: kept.watch.moments(Arm::New),
            failed: kept.failed,
            harm: kept.watch.harm(),
            benefit: kept.watch.benefit(),
            started_ms: kept.started_ms,
            settled: decision.as_ref().is_some_and(|end| end.settled),
            decided_ms: decision.as_ref().map(|end| end.at_ms),
            who: decision.as_ref().map(|end| end.who.clone()),
            why: decision.map(|end| end.why),
            plan: kept.plan,
        })
    }
}
