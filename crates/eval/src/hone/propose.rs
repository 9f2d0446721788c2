//! Proposers: what can be seen of train -> changes of the bot that may make it better.
//!
//! | proposer | proposes |
//! |---|---|
//! | [`Examples`] | corrections as few-shot examples |
//! | [`Parameters`] | temperature, top-p, answer length, model, routing and its thresholds |
//! | [`Instructions`] | the directive as an optimiser bot rewrites it |
//!
//! What failed becomes [regression cases](regressions) beside them: they change no bot.

mod examples;
mod instructions;
mod likeness;
mod parameters;
mod regressions;

use std::fmt::Debug;

use crate::Result;

use super::{Change, Parent, TrainView};

pub use examples::Examples;
pub use instructions::{Instructions, Optimiser};
pub use parameters::{Parameters, Vary};
pub use regressions::{Regressions, regressions};

/// A proposed change of a bot.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// A short name, unique among a proposer's drafts: `examples-4`.
    pub name: String,
    /// What is different, in one line.
    pub about: String,
    /// The changes.
    pub changes: Vec<Change>,
}

/// Proposes changes of a bot. It sees cases of train and scores over dev, and nothing else.
pub trait Proposer: Debug {
    /// Its name: `examples`.
    fn name(&self) -> &'static str;

    /// Proposes changes; none where it has nothing to go by.
    ///
    /// # Errors
    /// If it cannot do its work: a model that it asks does not answer, the language model is missing.
    fn propose(&self, parent: &Parent, view: &TrainView<'_>) -> Result<Vec<Draft>>;
}
