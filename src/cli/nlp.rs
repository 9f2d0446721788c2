//! `botsmith nlp`: annotate text, score annotations, train models, look into them.

mod evaluate;
mod info;
mod matches;
mod render;
mod tag;
mod train;

use std::path::{Path, PathBuf};

use botsmith::eval::Result;
use botsmith::nlp::{Error, Pipeline};
use clap::{Subcommand, ValueHint};

use super::Ended;
use super::context::Context;

/// Language: tokens, sentences, parts of speech, morphology, lemmas.
#[derive(Debug, clap::Args)]
pub(crate) struct Nlp {
    #[command(subcommand)]
    command: NlpCommand,
}

#[derive(Debug, Subcommand)]
enum NlpCommand {
    /// Annotate text from files or stdin
    Tag(tag::Tag),
    /// Find words in a row by form, lemma, tags and features
    Match(matches::Match),
    /// Show annotated text as HTML or SVG
    Render(render::Render),
    /// Print the CoNLL 2018 metrics of a model or of a tagged file
    Evaluate(evaluate::Evaluate),
    /// Train a model from a Universal Dependencies treebank
    Train(train::Train),
    /// Say what a model is and check it
    Info(info::Info),
}

impl Nlp {
    /// Whether stdout is to hold one JSON object, errors included.
    pub(crate) fn json(&self) -> bool {
        match &self.command {
            NlpCommand::Tag(_) | NlpCommand::Match(_) | NlpCommand::Render(_) => false,
            NlpCommand::Evaluate(args) => args.json,
            NlpCommand::Train(args) => args.json,
            NlpCommand::Info(args) => args.json,
        }
    }
}

pub(super) fn run(context: &Context, args: &Nlp) -> Result<Ended> {
    match &args.command {
        NlpCommand::Tag(args) => tag::run(context, args),
        NlpCommand::Match(args) => matches::run(args),
        NlpCommand::Render(args) => render::run(args),
        NlpCommand::Evaluate(args) => evaluate::run(args),
        NlpCommand::Train(args) => train::run(context, args),
        NlpCommand::Info(args) => info::run(args),
    }
}

/// The model to use.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ModelArg {
    /// A model file [default: the English model inside]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    model: Option<PathBuf>,
}

impl ModelArg {
    fn pipeline(&self) -> Result<Pipeline> {
        Ok(match &self.model {
            Some(path) => Pipeline::load(path)?,
            None => Pipeline::english()?,
        })
    }
}

/// Reads a file as text.
fn read(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|source| botsmith::core::Error::Read {
        path: path.to_owned(),
        source,
    })?;
    text(path, bytes)
}

/// Bytes as text, or an error that names the line.
fn text(path: &Path, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| invalid(path, &error, 0).into())
}

/// Names the first line that is not UTF-8; `lines` stand before the bytes.
fn invalid(path: &Path, error: &std::string::FromUtf8Error, lines: usize) -> Error {
    let (at, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
    let line = bytes[..at].split(|byte| *byte == b'\n').count();
    let message = format!("byte 0x{:02x} is not valid UTF-8", bytes[at]);
    botsmith::core::Diagnostic::new(path, message)
        .at(lines + line, 0)
        .into()
}
