//! Asking bots: a case goes in, an [`Answer`] comes out, with all that happened on the way.
//!
//! [`Ask`] puts the turns of a case to a [`Bot`], one after the other, and keeps what came back:
//! provider and model really used, hops, tokens, tool calls, the transcript. A provider that fails
//! gives [`Outcome::Failed`](crate::Outcome) with its words and class, one that declines
//! [`Outcome::Refused`](crate::Outcome); neither is ever a score of 0.
//!
//! [`evaluate_bot`] asks and judges some cases in one call, without suite and store: for programs
//! that evaluate a bot inside of something else, such as a request handler. All of it runs on the
//! caller's async runtime, and dropping the future stops the work.
//!
//! This module keeps nothing; a [`Runner`](crate::run::Runner) does.

mod asked;
mod bots;
mod conversation;
mod evaluate;
mod pace;
pub(crate) mod traced;
mod workshop;

pub use asked::Asked;
pub use bots::{Bots, Given};
pub use conversation::Ask;
pub(crate) use conversation::{call_of, said_json, within};
pub use evaluate::evaluate_bot;
pub use pace::{Limiter, Pace, Rate};

#[cfg(doc)]
use crate::Answer;
#[cfg(doc)]
use botsmith_nanobots::Bot;
