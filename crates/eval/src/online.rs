//! Versions judged by live traffic: a [`Canary`] sends a share of the sessions to a new version and
//! takes it back when it does harm; a [`Bandit`] shares sessions among several good versions.
//!
//! Both keep their state in a [`StateStore`](botsmith_core::store::StateStore), changed by
//! optimistic transactions, so that any number of processes serve one bot together. Both are asked
//! the same two things: which version a session gets, and what came of it.
//!
//! The numbers behind them are pure and stand alone: [`Watch`] holds the evidence for harm and
//! benefit, [`Thompson`] the posteriors and propensities, [`OffPolicy`] what a version would have
//! earned had it got every session.
//!
//! Neither knows where versions live: a [`Switch`] tells which passed the gate, and moves the
//! bot's pointer.

mod bandit;
mod bandit_state;
mod bets;
mod bot_versions;
mod canary;
mod canary_state;
mod commit;
mod draws;
mod off_policy;
mod posterior;
mod propensity;
mod share;
mod switch;
mod thompson;
mod wanted;
mod watch;

pub use bandit::{Bandit, BanditStatus, Drawn, VersionStatus};
pub use bandit_state::BanditPlan;
pub use bets::{Arm, Bets, Moments, THRESHOLD};
pub use bot_versions::BotVersions;
pub use canary::{Canary, CanaryStatus, Recorded};
pub use canary_state::{CanaryPlan, Goal, SessionOutcome, State};
pub use off_policy::{Logged, OffPolicy, Policy};
pub use posterior::{Posterior, Prior, Rewards};
pub use share::Share;
pub use switch::{Change, FixedVersions, Switch};
pub use thompson::Thompson;
pub use wanted::{Traffic, WantedBandit, WantedCanary};
pub use watch::{Verdict, Watch};
