//! Text metrics as plain functions, exact to their reference implementations.
//!
//! One file a metric: tokenisation, counting, score; single, batch and corpus. Scales are those of
//! the references (BLEU, chrF and TER in percent; the others 0 to 1). The evaluators of the same
//! names, in [`evaluators`](crate::evaluators), call these. Pure: no I/O, no clock, no randomness.

mod batch;
pub mod bertscore;
pub mod bleu;
pub mod chrf;
pub mod distance;
pub mod diversity;
pub mod fuzzy;
pub mod gleu;
mod intern;
mod interner;
mod lcs;
pub mod lemma;
pub mod meteor;
mod ngram;
pub mod nltk_bleu;
pub mod paired;
pub mod porter;
mod python;
pub mod retrieval;
pub mod rouge;
mod strings;
pub mod ter;
pub mod wer;

pub use batch::batch;

/// The version of sacrebleu whose scores are ours, for signatures.
const SACREBLEU: &str = "2.6.0";
