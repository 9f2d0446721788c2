//! Evaluators: an open registry of things that make [scores](crate::Score) of answers.
//!
//! [`Kind`] (one per name, in the [`Registry`]) reads options and builds an [`Evaluator`]; the
//! evaluator judges one [`Subject`] at a time and is pure: no I/O, no clock, no randomness.

mod docs;
mod registry;

use std::fmt::Debug;

use botsmith_core::yaml::Fields;

use crate::{Answer, Case, Result, Verdict};

pub use docs::{Docs, OptionDocs, Range};
pub use registry::Registry;

/// What an evaluator looks at.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The case.
    pub case: &'a Case,
    /// The answer as given; spans of evidence point into `answer.text`.
    pub answer: &'a Answer,
    /// The text to judge: the answer's, or what `extract` took of it. A subslice of
    /// `answer.text` where the extraction allows it.
    pub text: &'a str,
    /// The references, after `extract`.
    pub references: &'a [String],
}

impl<'a> Subject<'a> {
    /// A subject without extraction.
    pub fn whole(case: &'a Case, answer: &'a Answer) -> Self {
        Self {
            case,
            answer,
            text: &answer.text,
            references: &case.references,
        }
    }

    /// Byte offset of `text` in the whole answer, if it is a part of it.
    pub fn offset(&self) -> Option<usize> {
        let (whole, part) = (
            self.answer.text.as_ptr() as usize,
            self.text.as_ptr() as usize,
        );
        let start = part.checked_sub(whole)?;
        (start + self.text.len() <= self.answer.text.len()).then_some(start)
    }
}

/// Judges answers, one at a time.
pub trait Evaluator: Send + Sync + Debug {
    /// Judges one answer. Called for answered cases only.
    ///
    /// # Errors
    /// If the case cannot be judged at all (no reference, a template that fails): the run stops
    /// and names the case. An evaluator that breaks on one answer gives [`Verdict::Failed`].
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict>;
}

/// A kind of evaluator: its name, its documentation, how options become an evaluator.
pub trait Kind: Send + Sync {
    /// Documentation: name, formula, range, options, example.
    fn docs(&self) -> &Docs;

    /// Builds an evaluator. `options` is the mapping under the evaluator's name; read what you
    /// know from it, the caller reports keys that nobody asked for.
    ///
    /// # Errors
    /// If an option is missing or wrong; use the cursor's own errors, they name the place.
    fn build(&self, options: &Fields<'_>, registry: &Registry) -> Result<Box<dyn Evaluator>>;
}
