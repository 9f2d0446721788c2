//! The gate: a variant and the bot in force on cases that nobody learned from -> passed, advisory or
//! refused, with every reason.
//!
//! | part | does |
//! |---|---|
//! | [`Rules`] | what is stated before anything is looked at |
//! | [`Cases`] | scores of both bots, case by case, with people's labels where a judge made them |
//! | [`GateSet`], [`Compared`], [`Looks`] | how often these cases were looked at, kept in the store; each look costs |
//! | [`weigh`] | the test, its bound, and the guards, as numbers |
//! | [`Verdict`] | the decision, in words, with the number of cases that would be needed |
//! | [`foresee`] | what effect so many cases can show, before anything is spent |
//! | [`Design`] | power of the whole gate, by simulation |
//!
//! Whoever compares ten variants and takes the best finds a difference where there is none. So a variant
//! is compared once, on cases kept for that, and look number k at one set of cases is tested at
//! `alpha / (k (k + 1))`, which adds up to alpha over all looks there will ever be. The difference of a
//! variant that passed is still the one it was selected for: expect less.
//!
//! Pass or fail is tested by McNemar's exact test, one-sided, graded scores by sign flips; the one-sided
//! bound of the difference has to lie above 0 too. Where a judge made the scores, people's labels decide:
//! Angelopoulos, Duchi & Zrnic 2023 (<https://arxiv.org/abs/2311.01453>). What it does not do: ask bots,
//! choose variants, or move a version; see `hone` and
//! [`versions`](botsmith_nanobots::versions).

#![allow(clippy::doc_markdown)] // McNemar is a name, not code

mod alpha;
mod assumed;
mod cases;
mod compared;
mod design;
mod foresee;
mod guards;
mod looks;
mod needed;
mod of_run;
mod resampled;
mod rules;
mod search;
mod tested;
mod tilt;
mod verdict;
mod words;

pub use alpha::alpha_at;
pub(crate) use alpha::holds as alpha_holds;
pub use cases::{Beside, Cases, Labels, Scored, Slice};
pub use compared::{Compared, GateSet, Measure};
pub use design::{Design, JudgeDesign, Power};
pub use foresee::{Foreseen, foresee};
pub use guards::Breach;
pub use looks::{Look, Looks};
pub use needed::Needed;
pub use of_run::Collected;
pub(crate) use of_run::MUST_PASS;
pub use rules::Rules;
pub use search::needed_cases;
pub use tested::{Scale, Tested, Weighed, weigh};
pub use verdict::{Auto, Decision, Guard, Verdict};
