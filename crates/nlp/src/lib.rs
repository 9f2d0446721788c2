//! Language, offline: tokens, sentences, parts of speech, morphology and lemmas.
//!
//! - [`Doc`]: an annotated text, columnar and immutable; every offset is a byte of the original.
//! - [`conllu`]: CoNLL-U read and written, lossless.
//! - [`evaluate`](mod@evaluate): the metrics of the CoNLL 2018 shared task.
//!
//! Annotation follows Universal Dependencies (<https://universaldependencies.org>). No syntax is
//! computed. This crate knows no bots and no evaluators.

#![forbid(unsafe_code)]

pub mod conllu;
pub mod doc;
mod error;
pub mod evaluate;

pub use doc::{Doc, DocBuilder, Feats, Sentence, Tags, Token, Word};
pub use error::{Error, Result};
