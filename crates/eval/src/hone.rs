//! Honing: a bot, its suite and what people said of its answers -> variants of the bot, and the one that is
//! worth a look of the gate.
//!
//! 1. Cases are [split](Split) once and for ever: train teaches, dev ranks, the gate's cases only judge.
//! 2. [Proposers](Proposer) see a [`TrainView`]: cases of train, what the bot answered, what people said,
//!    and one score over dev. They make drafts.
//! 3. The [`Guard`] refuses drafts that copy cases of dev or gate.
//! 4. [Successive halving](Budget) spends a budget over train and dev, until one finalist is left.
//! 5. The finalist and its parent answer the gate's cases, and the gate decides
//!    (module `promotion`).
//!
//! What is tried are runs like any others: they are kept, a honing that was stopped goes on where it was,
//! and no answer is asked for twice. The command is `botsmith hone`.
//!
//! The protocol is that of `shared/eval.md`, feedback loops: best dev score wins promotes bots that are no
//! better nine times in ten, so dev only chooses who may be looked at.

mod cases;
mod course;
mod edit;
mod evidence;
mod gate;
mod guard;
mod halving;
mod heard;
mod honing;
mod labelled;
mod order;
mod parent;
mod propose;
mod purse;
mod search;
mod split;
mod story;
mod target;
mod trial;
mod variant;
mod view;

pub use cases::{Cases, TrainCase};
pub use course::Course;
pub use edit::Change;
pub use gate::Gated;
pub use guard::{GRAM, Guard, Overlap};
pub use halving::{Budget, Rung};
pub use heard::Heard;
pub use honing::{Counts, Honing, Means, Options, bot_of};
pub use order::{Order, Who};
pub use parent::Parent;
pub use propose::{
    Draft, Examples, Instructions, Optimiser, Parameters, Proposer, Regressions, Vary, regressions,
};
pub use purse::Spent;
pub use search::{Mean, Search, Tried};
pub(crate) use split::key as split_key;
pub use split::{Split, Use};
pub use story::{Baseline, End, Finalist, Kept, Story};
pub use target::Target;
pub use trial::Judged;
pub use variant::{Proposed, Refused, Variant};
pub use view::{DevScore, Lesson, Said, TrainView};
