//! Text metrics as plain functions, exact to their reference implementations.
//!
//! One file a metric: tokenisation, counting, score; single, batch and corpus. Scales are those of
//! the references (BLEU, chrF and TER in percent; the others 0 to 1). The evaluators of the same
//! names, in [`evaluators`](crate::evaluators), call these. Pure: no I/O, no clock, no randomness.

mod batch;
pub mod distance;
pub mod fuzzy;
pub mod wer;

pub use batch::batch;
