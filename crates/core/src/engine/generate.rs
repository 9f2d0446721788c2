//! Answers token by token, many at once: requests -> streams of pieces.
//!
//! Requests join while others are being answered: each step takes one token of every answer under
//! way and fills up with prompts that wait, up to a budget of tokens (`schedule.rs` says who is under
//! way). An answer does not depend on its neighbours: its sampler is its own (`sampling.rs`).

mod active;
mod handle;
mod step;

use super::sampling::SamplingOptions;
use crate::chat::{FinishReason, Usage};

pub(crate) use active::{Active, Watch};
pub use handle::Generation;
pub(crate) use handle::{Outbox, before_waiting, called_off};
pub(crate) use step::step;

/// What is asked of the engine.
#[derive(Clone, Debug, Default)]
pub struct GenerateRequest {
    /// The prompt's tokens; at least one.
    pub prompt: Vec<u32>,
    /// How tokens are chosen.
    pub sampling: SamplingOptions,
    /// Tokens of the answer at most; `None`: until the context is full.
    pub max_tokens: Option<usize>,
    /// The answer ends before any of these.
    pub stop: Vec<String>,
    /// What the answer must be, if not any text.
    pub grammar: Option<super::constraint::Grammar>,
    /// Whether the tokens that end an answer are ignored: for measurements.
    pub ignore_end: bool,
    /// Whether special tokens are written out: where a chat template's own marks are to be read.
    pub show_special: bool,
}

/// A token of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct GeneratedToken {
    /// Its id.
    pub token: u32,
    /// Natural logarithm of the probability that the model gave it.
    pub logprob: f64,
    /// The likeliest tokens with theirs, as many as were asked for.
    pub top: Vec<(u32, f64)>,
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum GenerateEvent {
    /// A token was chosen, with the text that is now certain; it may be empty.
    Token {
        /// The token.
        token: GeneratedToken,
        /// Whole characters.
        text: String,
    },
    /// The answer is over.
    Done {
        /// Text that was held back until now.
        text: String,
        /// Why it ended.
        finish: FinishReason,
        /// Tokens read and made.
        usage: Usage,
    },
}
