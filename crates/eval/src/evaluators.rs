//! Evaluators: an open registry of things that make [scores](crate::Score) of answers.
//!
//! [`Kind`] (one per name, in the [`Registry`]) reads options and builds an [`Evaluator`]; the
//! evaluator judges one [`Subject`] at a time and is pure: no I/O, no clock, no randomness.

mod answers_question;
mod asking;
mod bertscore;
mod bleu;
mod budget;
mod builtin;
mod choice;
mod chrf;
mod composite;
mod configured;
mod contains;
mod contains_many;
mod context;
mod corpora;
mod counts;
mod diversity;
mod docs;
mod edit_distance;
mod equals;
mod fuzzy;
mod gleu;
mod instruction;
mod json;
mod judge;
mod known;
mod lemma_overlap;
mod levenshtein;
mod lexical_diversity;
mod limits;
mod meteor;
mod modality;
mod mood;
mod negation_flip;
mod new_names;
mod new_numbers;
mod nli;
mod number_equals;
mod panel;
mod perplexity;
mod person;
mod pos_pattern;
mod quoted;
mod readability;
mod regex;
mod register;
mod registry;
mod relevance;
mod retrieval;
mod rouge;
mod schema;
mod self_bleu;
mod semantic;
mod share;
mod similarity;
mod squad;
mod tense;
mod ter;
mod tool_calls;
mod trajectory;
mod voice;
mod word_error;

use std::fmt::Debug;

use botsmith_core::yaml::Fields;

use crate::extract::Extract;
use crate::stats::Scale;
use crate::{Answer, Case, Result, Verdict};

pub use asking::{Asks, Judge, Judges, Question};
pub use budget::{cost, latency};
pub use choice::{Choice, choice};
pub use composite::{all_of, any_of, none_of, weighted};
pub(crate) use configured::read_named;
pub use configured::{Configured, read_list};
pub use contains::{contains, ends_with, starts_with};
pub use contains_many::{contains_all, contains_any};
pub use corpora::Corpora;
pub use counts::{length, lines, sentences, words};
pub use docs::{Better, Docs, OptionDocs, Range};
pub use equals::equals;
pub use json::{find_json, parse_json, schema_error};
pub use number_equals::{NumberOptions, number_equals};
pub use panel::{Panel, Prepared};
pub(crate) use regex::compile as compile_regex;
pub use regex::regex_match;
pub use registry::Registry;
pub use squad::{exact_match, squad_normalise, token_f1};

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

    /// The value that [`Evaluator::evaluate`] gives to a text and its references (one or more), without
    /// explanation and evidence: for many pairs of which values alone are read, as in
    /// [`Metric::scores`](crate::metric::Metric::scores). `None`, the default: `evaluate` is asked.
    fn value(&self, _candidate: &str, _references: &[&str]) -> Option<f64> {
        None
    }

    /// Judges several answers together, each as [`Evaluator::evaluate`] does; one after the other, where an
    /// evaluator has no better way.
    fn evaluate_all(&self, subjects: &[Subject<'_>]) -> Vec<Result<Verdict>> {
        subjects
            .iter()
            .map(|subject| self.evaluate(subject))
            .collect()
    }

    /// Whether [`Evaluator::evaluate_all`] takes much less than judging one by one.
    fn in_batches(&self) -> bool {
        false
    }

    /// Whether it gives pass or fail without a threshold, with the options that it was built with.
    fn decides(&self, docs: &Docs) -> bool {
        docs.decides
    }

    /// Whether its values are the verdicts themselves, 1 passed and 0 not, or grades beside which it
    /// may decide: by default the former where its kind decides by itself and gives 0 to 1.
    fn scale(&self, docs: &Docs) -> Scale {
        match docs.decides && self.decides(docs) && docs.range == Range::UNIT {
            true => Scale::Verdicts,
            false => Scale::Graded,
        }
    }

    /// The values that it gives, with the options that it was built with.
    fn range(&self, docs: &Docs) -> Range {
        docs.range
    }

    /// An empty accumulator of the score of a whole corpus, where that is not the mean of the
    /// answers' scores (BLEU adds up counts, not scores).
    fn corpus(&self) -> Option<Box<dyn Corpus>> {
        None
    }

    /// Whether all answers together have a score and one answer has none: how varied they are, say.
    /// [`Evaluator::evaluate`] then skips, saying so, and [`Evaluator::corpus`] is given every answer
    /// that it reads.
    fn together(&self) -> bool {
        false
    }

    /// Name, settings and version in one line, where the field has a custom for it (sacrebleu's
    /// signatures); empty otherwise.
    fn signature(&self) -> String {
        String::new()
    }

    /// How it asks a model, if it does. It is then not pure: a run asks it beforehand, keeps what
    /// it said, and [`Evaluator::evaluate`] is not called. One that computes with a model of this machine
    /// can be called without a run too.
    fn asks(&self) -> Option<&dyn Asks> {
        None
    }

    /// Whether it reads [`Subject::references`], with the options that it was built with.
    fn uses_references(&self, docs: &Docs) -> bool {
        docs.compares
    }
}

/// Adds up what the score of a corpus is made of.
pub trait Corpus: Send + Debug {
    /// Adds one answer and its references, extraction done.
    fn add(&mut self, candidate: &str, references: &[String]);

    /// The score of all that was added; `None` while that is nothing.
    fn score(&self) -> Option<f64>;

    /// Appends the counts of the answer that was added last, always as many, whose sums make the
    /// score of a corpus. False where a corpus is more than such sums (its different n-grams), which
    /// is the default: two such corpora are not tested against each other.
    fn last(&self, _counts: &mut Vec<f64>) -> bool {
        false
    }

    /// The score of a sum of what [`last`](Self::last) gave.
    fn score_of(&self, _sums: &[f64]) -> Option<f64> {
        None
    }
}

/// What a kind may look at when it builds.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// All kinds, for evaluators made of others.
    pub registry: &'a Registry,
    /// The suite's extraction, likewise.
    pub extract: &'a Extract,
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
    fn build(&self, options: &Fields<'_>, scope: &Scope<'_>) -> Result<Box<dyn Evaluator>>;
}
