//! Sessions shared among versions by what they earn: what a service asks, on a store that many
//! processes share.
//!
//! The first question for a session draws a version and keeps the draw with its propensity; every
//! further one reads it. A reward may come any time later: it goes into the log, the posterior and
//! the session's draw in one transaction, so that each counts once and none is lost.

use std::sync::Arc;

use botsmith_core::store::{Record, StateStore, Transaction};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;

use super::bandit_state::{BanditPlan, Draw, Ended, Kept};
use super::bets::Moments;
use super::commit::{Step, clear, parse, read, update, write};
use super::off_policy::{Logged, OffPolicy, Policy};
use super::share;
use super::switch::{Change, Switch};
use crate::stats::{Confidence, Estimate};
use crate::{Error, Result};

const KEY: &str = "bandit";

/// How many rewards are read from the log at once.
const PAGE: usize = 1_000;

/// The bandit of one bot.
///
/// ```
/// use std::sync::Arc;
/// use botsmith_core::store;
/// use botsmith_eval::online::{Bandit, BanditPlan, FixedVersions};
///
/// let store: Arc<_> = store::open("memory:")?;
/// let versions = FixedVersions::new(["v1", "v2"]);
/// let plan = BanditPlan::new("helper", ["v1", "v2"], "some salt");
/// let bandit = Bandit::start(store, &versions, plan, 0)?;
///
/// for session in 0..60 {
///     let id = format!("session-{session}");
///     let drawn = bandit.version_for(&id, 0)?;
///     assert!(drawn.propensity >= 0.05);
///     bandit.record(&id, if drawn.version == "v2" { 1.0 } else { 0.0 }, 0)?;
/// }
/// let status = bandit.status()?;
/// assert_eq!(status.rewards, 60);
/// assert!(status.versions[1].best > 0.95);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Bandit {
    store: Arc<dyn StateStore>,
    bot: String,
    partition: String,
}

/// A version drawn for a session.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Drawn {
    /// The version.
    pub version: String,
    /// The probability with which it was drawn; 1 once the bandit was stopped.
    pub propensity: f64,
}

/// What a bandit has seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BanditStatus {
    /// What it was told.
    pub plan: BanditPlan,
    /// When it started, in milliseconds since 1970-01-01T00:00Z.
    pub started_ms: u64,
    /// How many rewards came, those outside the window included.
    pub rewards: u64,
    /// Each version, in the plan's order.
    pub versions: Vec<VersionStatus>,
    /// The version that everybody gets since it was stopped.
    pub kept: Option<String>,
}

/// What a bandit has seen of one version.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VersionStatus {
    /// The version.
    pub version: String,
    /// Its rewards in the window. Their plain mean misleads: a version is drawn less after bad
    /// luck, so that bad luck is seldom put right.
    pub seen: Moments,
    /// The probability that it is the best, as far as is known.
    pub best: f64,
    /// The probability with which the next session gets it.
    pub propensity: f64,
    /// What it would have earned had it got every session, by inverse propensities.
    pub ips: Option<Estimate>,
    /// The same, self-normalised.
    pub snips: Option<Estimate>,
    /// The same, doubly robust.
    pub doubly_robust: Option<Estimate>,
}

impl Bandit {
    /// Starts a bandit. A stopped one of this bot makes room for it.
    ///
    /// # Errors
    /// When the plan makes no sense, a version did not pass the gate, another bandit of this bot
    /// is running, or the store fails.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "a plan is handed over where it begins"
    )]
    pub fn start(
        store: Arc<dyn StateStore>,
        versions: &dyn Switch,
        plan: BanditPlan,
        now_ms: u64,
    ) -> Result<Self> {
        plan.check()?;
        for version in &plan.versions {
            if !versions.passed(&plan.bot, version)? {
                return Err(Error::Invalid(format!(
                    "version {version} of `{}` did not pass the gate: only versions that did, and the one in force, share sessions",
                    plan.bot
                )));
            }
        }
        let bandit = Self::named(store, &plan.bot);
        let who = share::digest(&plan.salt, &plan.bot);
        let before = update(&*bandit.store, &bandit.partition, &[KEY], &who, |found| {
            let before = bandit.parse(found[0].as_ref())?;
            if before
                .as_ref()
                .is_some_and(|kept| kept.ended.as_ref().is_none_or(|end| !end.settled))
            {
                return Err(Error::Invalid(format!(
                    "a bandit of `{}` is there already: `botsmith bot bandit stop` ends it",
                    plan.bot
                )));
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
                &*bandit.store,
                &bandit.partition,
                &format!("draw/{before}/"),
            )?;
        }
        Ok(bandit)
    }

    /// The bandit of a bot that was started before.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none; when the store fails.
    pub fn open(store: Arc<dyn StateStore>, bot: &str) -> Result<Self> {
        let bandit = Self::named(store, bot);
        bandit.kept()?;
        Ok(bandit)
    }

    fn named(store: Arc<dyn StateStore>, bot: &str) -> Self {
        Self {
            store,
            bot: bot.to_owned(),
            partition: format!("bandit/{bot}"),
        }
    }

    fn parse(&self, record: Option<&Record>) -> Result<Option<Kept>> {
        record
            .map(|record| read(&self.partition, KEY, record))
            .transpose()
    }

    fn missing(&self) -> Error {
        Error::NotFound {
            what: "bandit",
            name: self.bot.clone(),
            hint: Some("`botsmith bot bandit start` makes one".into()),
        }
    }

    fn kept(&self) -> Result<Kept> {
        let record = self.store.get(&self.partition, KEY)?;
        self.parse(record.as_ref())?.ok_or_else(|| self.missing())
    }

    /// The version of a session: drawn at the first call, the same at every further one.
    ///
    /// # Errors
    /// When the store fails.
    pub fn version_for(&self, session: &str, now_ms: u64) -> Result<Drawn> {
        let kept = self.kept()?;
        if let Some(ended) = &kept.ended {
            return Ok(Drawn {
                version: kept.plan.versions[ended.keep].clone(),
                propensity: 1.0,
            });
        }
        let who = share::digest(&kept.plan.salt, session);
        let key = format!("draw/{}/{who}", kept.number);
        let draw = update(&*self.store, &self.partition, &[&key], &who, |found| {
            if let Some(record) = &found[0] {
                return Ok(Step::Done(read(&self.partition, &key, record)?));
            }
            // What was believed a moment ago is what the draw is made from, and its propensity too.
            let mut rng = ChaCha8Rng::from_seed(*who.as_bytes());
            let version = kept.state.draw(&mut rng);
            let draw = Draw {
                version,
                propensity: kept.state.propensities()[version],
                at_ms: now_ms,
                reward: None,
            };
            Ok(Step::Write(
                Transaction::new().put(key.as_str(), write(&draw)),
                draw,
            ))
        })?;
        Ok(Drawn {
            version: kept.plan.versions[draw.version].clone(),
            propensity: draw.propensity,
        })
    }

    /// Records what came of a session; `false` if it has a reward already, which then stands, or
    /// the bandit was stopped.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a session that no version was drawn for; [`Error::Invalid`] for a
    /// reward of the wrong kind; when the store fails.
    pub fn record(&self, session: &str, reward: f64, now_ms: u64) -> Result<bool> {
        let kept = self.kept()?;
        kept.plan.rewards.check(reward)?;
        let number = kept.number;
        let who = share::digest(&kept.plan.salt, session);
        let key = format!("draw/{number}/{who}");
        let log = log(number);
        update(&*self.store, &self.partition, &[KEY, &key], &who, |found| {
            let mut kept = self
                .parse(found[0].as_ref())?
                .ok_or_else(|| self.missing())?;
            if kept.ended.is_some() || kept.number != number {
                return Ok(Step::Done(false));
            }
            let Some(record) = &found[1] else {
                return Err(Error::NotFound {
                    what: "session",
                    name: session.to_owned(),
                    hint: Some(format!(
                        "the bandit of `{}` drew no version for it",
                        self.bot
                    )),
                });
            };
            let mut draw: Draw = read(&self.partition, &key, record)?;
            if draw.reward.is_some() {
                return Ok(Step::Done(false));
            }
            if let Some(at) = kept.leaving() {
                let entries = self.store.log(&self.partition, &log, at, 1)?;
                // The log only grows, so what this state calls its oldest reward is there.
                if let Some(entry) = entries.first() {
                    let old: Logged = parse(&self.partition, &log, entry)?;
                    kept.state.forget(old.version, old.reward);
                }
            }
            kept.state.add(draw.version, reward);
            kept.rewards += 1;
            draw.reward = Some(reward);
            draw.at_ms = now_ms;
            let entry = Logged {
                version: draw.version,
                propensity: draw.propensity,
                reward,
            };
            let writes = Transaction::new()
                .put(KEY, write(&kept))
                .put(key.as_str(), write(&draw))
                .append(log.as_str(), write(&entry));
            Ok(Step::Write(writes, true))
        })
    }

    /// Stops it: everybody gets the version `keep`, and the bot's pointer is moved there.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a version that it does not share; when the store fails or the
    /// pointer cannot be moved, and then the next call tries again.
    pub fn stop(
        &self,
        keep: &str,
        who: &str,
        why: &str,
        versions: &dyn Switch,
        now_ms: u64,
    ) -> Result<()> {
        let caller = share::digest("stop", who);
        let change = |settled: bool| {
            update(&*self.store, &self.partition, &[KEY], &caller, |found| {
                let mut kept = self
                    .parse(found[0].as_ref())?
                    .ok_or_else(|| self.missing())?;
                let keep = kept
                    .plan
                    .versions
                    .iter()
                    .position(|version| version == keep)
                    .ok_or_else(|| Error::NotFound {
                        what: "version",
                        name: keep.to_owned(),
                        hint: Some(format!(
                            "the bandit shares {}",
                            kept.plan.versions.join(", ")
                        )),
                    })?;
                if kept
                    .ended
                    .as_ref()
                    .is_some_and(|end| end.settled || end.keep != keep)
                {
                    return Err(Error::Invalid(format!(
                        "the bandit of `{}` was stopped already",
                        self.bot
                    )));
                }
                kept.ended = Some(Ended {
                    keep,
                    at_ms: now_ms,
                    who: who.to_owned(),
                    why: why.to_owned(),
                    settled,
                });
                Ok(Step::Write(Transaction::new().put(KEY, write(&kept)), ()))
            })
        };
        change(false)?;
        versions.settle(&Change {
            bot: self.bot.clone(),
            to: keep.to_owned(),
            back: false,
            who: who.to_owned(),
            why: why.to_owned(),
            at_ms: now_ms,
        })?;
        change(true)
    }

    /// Every reward so far with the propensity of its draw, in order, for estimates of one's own.
    ///
    /// # Errors
    /// When the store fails, or `each` does.
    pub fn rewards(&self, mut each: impl FnMut(Logged) -> Result<()>) -> Result<()> {
        let log = log(self.kept()?.number);
        let mut from = 0;
        loop {
            let page = self.store.log(&self.partition, &log, from, PAGE)?;
            for entry in &page {
                each(parse(&self.partition, &log, entry)?)?;
            }
            if page.len() < PAGE {
                return Ok(());
            }
            from += page.len() as u64;
        }
    }

    /// What it has seen, and what each version would have earned; reads all rewards.
    ///
    /// # Errors
    /// When the store fails.
    pub fn status(&self) -> Result<BanditStatus> {
        let kept = self.kept()?;
        let n = kept.plan.versions.len();
        let mut earned: Vec<OffPolicy> = (0..n)
            .map(|version| OffPolicy::new(Policy::always(version, n)))
            .collect();
        self.rewards(|logged| earned.iter_mut().try_for_each(|of| of.add(logged)))?;
        let best = kept.state.best();
        let propensities = kept.state.propensities();
        let versions = (0..n)
            .map(|at| {
                let of = &earned[at];
                let seen = of.n() > 0;
                let told = |estimate: Result<Estimate>| estimate.ok().filter(|_| seen);
                VersionStatus {
                    version: kept.plan.versions[at].clone(),
                    seen: kept.state.seen()[at],
                    best: best[at],
                    propensity: propensities[at],
                    ips: told(of.ips(Confidence::P95)),
                    snips: told(of.snips(Confidence::P95)),
                    doubly_robust: told(of.doubly_robust(Confidence::P95)),
                }
            })
            .collect();
        Ok(BanditStatus {
            kept: kept.ended.map(|end| kept.plan.versions[end.keep].clone()),
            started_ms: kept.started_ms,
            rewards: kept.rewards,
            versions,
            plan: kept.plan,
        })
    }
}

/// The log of a bandit's rewards.
fn log(number: u64) -> String {
    format!("rewards/{number}")
}
