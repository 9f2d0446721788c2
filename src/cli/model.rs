//! `botsmith model`: models on this machine: fetched, looked at, listed, removed, asked for vectors.
//!
//! The words are here in every build; without the feature `engine` each says how to get it.

#[cfg(feature = "engine")]
mod embed;
#[cfg(feature = "engine")]
mod info;
#[cfg(feature = "engine")]
mod input;
#[cfg(feature = "engine")]
mod list;
#[cfg(feature = "engine")]
mod npy;
#[cfg(feature = "hub")]
mod pull;

use std::path::PathBuf;

use botsmith::eval::Result;
use clap::{Subcommand, ValueHint};

use super::Ended;
use super::context::Context;

/// Models on this machine.
#[derive(Debug, clap::Args)]
pub(crate) struct Model {
    #[command(subcommand)]
    command: ModelCommand,
}

#[derive(Debug, Subcommand)]
enum ModelCommand {
    /// Fetch a model from the Hugging Face hub, checked and resumable
    Pull(Pull),
    /// List the models on this machine
    List(List),
    /// Say what a model is and what memory it needs
    Info(Info),
    /// Remove a model that `pull` fetched
    Rm(Rm),
    /// Turn texts into vectors
    Embed(Embed),
}

#[cfg_attr(
    not(feature = "hub"),
    allow(dead_code, reason = "read where the hub is built in")
)]
#[derive(Debug, clap::Args)]
struct Pull {
    /// `hf:org/name[@revision][:file]`
    #[arg(value_name = "MODEL")]
    model: String,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct List {
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[cfg_attr(
    not(feature = "engine"),
    allow(dead_code, reason = "read where the engine is built in")
)]
#[derive(Debug, clap::Args)]
struct Info {
    /// A folder, a `.gguf` or `.safetensors` file, or `hf:org/name[@revision][:file]`
    #[arg(value_name = "MODEL", value_hint = ValueHint::AnyPath)]
    model: String,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[cfg_attr(
    not(feature = "engine"),
    allow(dead_code, reason = "read where the engine is built in")
)]
#[derive(Debug, clap::Args)]
struct Rm {
    /// `hf:org/name`
    #[arg(value_name = "MODEL")]
    model: String,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[cfg_attr(
    not(feature = "engine"),
    allow(dead_code, reason = "read where the engine is built in")
)]
#[derive(Debug, clap::Args)]
struct Embed {
    /// Texts, one a line, or JSONL {"text", "id"}; stdin without a file
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// A folder, a `.gguf` file, or `hf:org/name[@revision][:file]`
    #[arg(long, value_name = "MODEL", value_hint = ValueHint::AnyPath)]
    model: String,
    /// Where to compute: `auto`, `cpu`, `cuda:N`, `metal`
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: String,
    /// A prompt of the model by its name, such as `query`
    #[arg(long, value_name = "NAME", conflicts_with = "prompt")]
    prompt_name: Option<String>,
    /// Text in front of each text
    #[arg(long, value_name = "TEXT")]
    prompt: Option<String>,
    /// Only the first N dimensions, for models trained so (Matryoshka)
    #[arg(long, value_name = "N")]
    dimensions: Option<usize>,
    /// Vectors of length 1: `yes`, `no` [default: as the model says]
    #[arg(long, value_name = "WHETHER", value_parser = ["yes", "no"])]
    normalise: Option<String>,
    /// Bytes with a scale for each vector, a quarter of the size
    #[arg(long)]
    int8: bool,
    /// A text that is too long is an error [default: it is cut]
    #[arg(long)]
    strict: bool,
    /// A NumPy file instead of JSONL on stdout
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    npy: Option<PathBuf>,
}

impl Model {
    /// Whether stdout is to hold one JSON object, errors included.
    pub(crate) fn json(&self) -> bool {
        match &self.command {
            ModelCommand::Pull(args) => args.json,
            ModelCommand::List(args) => args.json,
            ModelCommand::Info(args) => args.json,
            ModelCommand::Rm(args) => args.json,
            ModelCommand::Embed(_) => false,
        }
    }
}

#[cfg(feature = "engine")]
pub(super) fn run(context: &Context, args: &Model) -> Result<Ended> {
    match &args.command {
        #[cfg(feature = "hub")]
        ModelCommand::Pull(args) => pull::run(context, args),
        #[cfg(not(feature = "hub"))]
        ModelCommand::Pull(_) => Err(lacks("the hub", "engine,hub")),
        ModelCommand::List(args) => list::run(context, args),
        ModelCommand::Info(args) => info::run(context, args),
        ModelCommand::Rm(args) => list::remove(context, args),
        ModelCommand::Embed(args) => embed::run(context, args),
    }
}

#[cfg(not(feature = "engine"))]
pub(super) fn run(_: &Context, _: &Model) -> Result<Ended> {
    Err(lacks("the local engine", "engine,hub"))
}

#[cfg(not(all(feature = "engine", feature = "hub")))]
fn lacks(what: &str, features: &str) -> botsmith::eval::Error {
    botsmith::eval::Error::Invalid(format!(
        "this botsmith was built without {what}: `cargo install botsmith --features {features}` builds one that has it \
         (from a checkout: `cargo build --release --features {features}`)"
    ))
}

/// The files of a model by its name, wherever it lies on this machine.
#[cfg(feature = "engine")]
fn files(context: &Context, model: &str) -> Result<botsmith::core::engine::ModelFiles> {
    let library = botsmith::core::engine::Library::new(&context.environment);
    Ok(engine(
        model.parse().and_then(|model| library.open(&model)),
    )?)
}

/// An error of the engine as one of core.
#[cfg(feature = "engine")]
fn engine<T>(result: botsmith::core::engine::Result<T>) -> botsmith::core::Result<T> {
    Ok(result?)
}
