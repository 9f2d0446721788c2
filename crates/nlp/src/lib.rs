//! Language, offline: tokens, sentences, parts of speech, morphology and lemmas.
//!
//! - [`Doc`]: an annotated text, columnar and immutable; every offset is a byte of the original.
//! - [`conllu`]: CoNLL-U read and written, lossless; [`render`]: HTML and SVG.
//! - [`evaluate`](mod@evaluate): the metrics of the `CoNLL` 2018 shared task.
//! - [`readability`]: counts of a text, and how hard it is to read; [`lexical_diversity`]: how varied
//!   its words are.
//! - [`verbs`]: English verb groups: tense, voice, mood, person.
//! - [`markdown`]: what of an agent's answer is prose, and what is code, markup, formulas.
//!
//! Annotation follows Universal Dependencies (<https://universaldependencies.org>). No syntax is
//! computed. This crate knows no bots and no evaluators.

#![forbid(unsafe_code)]
#![allow(
    clippy::inline_always,
    reason = "what runs in wide registers must be compiled into the function that has them"
)]
#![allow(
    clippy::cast_possible_wrap,
    reason = "lengths are below 2^31 (doc::MAX_TEXT), sizes of layers below 2^10"
)]

mod cache;
pub mod chunks;
pub mod clauses;
pub mod conllu;
pub mod doc;
mod engine;
mod error;
pub mod evaluate;
mod features;
mod kernel;
pub mod keyphrases;
pub mod language;
mod learn;
pub mod lexical_diversity;
mod lexicon;
pub mod markdown;
pub mod matcher;
mod model;
mod multiword;
mod pipeline;
pub mod readability;
pub mod render;
mod script;
mod sentences;
mod span;
pub mod stages;
mod tagger;
mod tokenise;
pub mod verbs;

pub mod train {
    //! Training a model from a treebank.
    pub use crate::learn::{Columns, Progress, TrainOptions, Treebank, train};
}

pub use doc::{Doc, DocBuilder, Feats, Sentence, Tags, Token, Word};
pub use error::{Error, Result};
pub use model::{FORMAT, Info, Model, Scores};
pub use pipeline::{Given, Pipeline};
pub use span::Span;
pub use stages::{Analyser, Analysis, PipelineBuilder};
