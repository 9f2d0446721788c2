//! `botsmith model`: models on this machine: fetched, looked at, listed, removed, asked for vectors.
//!
//! The words are here in every build; without the feature `engine` each says how to get it.
#![cfg_attr(
    not(feature = "engine"),
    allow(dead_code, reason = "arguments are read where the engine is built in")
)]

#[cfg(feature = "engine")]
mod bench;
#[cfg(feature = "engine")]
mod embed;
#[cfg(feature = "engine")]
mod info;
#[cfg(feature = "engine")]
mod input;
#[cfg(feature = "engine")]
mod list;
#[cfg(feature = "engine")]
mod load;
#[cfg(feature = "engine")]
mod npy;
#[cfg(feature = "hub")]
mod pull;
#[cfg(feature = "engine")]
mod run;
#[cfg(feature = "engine")]
mod score;

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
    /// Ask a model, or let it go on with a text
    Run(Run),
    /// Say how likely continuations are, from JSONL {"prompt", "continuations"} on stdin
    Score(Score),
    /// Measure reading, answering and scoring
    Bench(Bench),
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

#[derive(Debug, clap::Args)]
struct Info {
    /// A folder, a `.gguf` or `.safetensors` file, or `hf:org/name[@revision][:file]`
    #[arg(value_name = "MODEL", value_hint = ValueHint::AnyPath)]
    model: String,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Rm {
    /// `hf:org/name`
    #[arg(value_name = "MODEL")]
    model: String,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

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
    /// JSONL on stdout, which it is anyway; with --npy one JSON object about the file
    #[arg(long)]
    json: bool,
}

/// Which decoder, and where.
#[derive(Debug, clap::Args)]
struct Decoder {
    /// A folder, a `.gguf` file, or `hf:org/name[@revision][:file]`
    #[arg(long, value_name = "MODEL", value_hint = ValueHint::AnyPath)]
    model: String,
    /// Where to compute: `auto`, `cpu`, `cuda:N`, `metal`
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: String,
    /// Memory for keys and values, such as `512MB` [default: 1GB, or a quarter of what is free]
    #[arg(long, value_name = "SIZE")]
    kv: Option<String>,
    /// Tokens of prompt and answer together [default: what the model was trained for]
    #[arg(long, value_name = "N")]
    context: Option<usize>,
}

#[derive(Debug, clap::Args)]
struct Run {
    #[command(flatten)]
    decoder: Decoder,
    /// What to ask; stdin without it
    #[arg(long, value_name = "TEXT")]
    prompt: Option<String>,
    /// What the model is told first
    #[arg(long, value_name = "TEXT", conflicts_with = "raw")]
    system: Option<String>,
    /// The prompt as it stands, without the model's chat template
    #[arg(long)]
    raw: bool,
    /// Tokens of the answer at most
    #[arg(long, value_name = "N")]
    max_tokens: Option<usize>,
    /// 0 takes the likeliest token [default: as the model's makers say]
    #[arg(long, value_name = "T")]
    temperature: Option<f64>,
    /// The likeliest K tokens
    #[arg(long, value_name = "K")]
    top_k: Option<u32>,
    /// The likeliest tokens that together have probability P
    #[arg(long, value_name = "P")]
    top_p: Option<f64>,
    /// Tokens with at least this share of the likeliest one's probability
    #[arg(long, value_name = "P")]
    min_p: Option<f64>,
    /// The same seed gives the same answer
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// The answer ends before this; may be given again
    #[arg(long, value_name = "TEXT")]
    stop: Vec<String>,
    /// A file with a JSON Schema that the answer must follow
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["regex", "lark"])]
    schema: Option<PathBuf>,
    /// A regular expression that the answer must match
    #[arg(long, value_name = "REGEX", conflicts_with = "lark")]
    regex: Option<String>,
    /// A file with a grammar in Lark's syntax
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    lark: Option<PathBuf>,
    /// One JSON object with text, usage and speed
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Score {
    #[command(flatten)]
    decoder: Decoder,
    /// Prompts go through the model's chat template, as a user's message; no thought comes before the continuation
    #[arg(long)]
    chat: bool,
    /// Lists of tokens with their log-probabilities too
    #[arg(long)]
    per_token: bool,
    /// JSONL on stdout, which it is anyway
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Bench {
    #[command(flatten)]
    decoder: Decoder,
    /// Tokens of the prompt
    #[arg(long, value_name = "N", default_value_t = 512)]
    prompt_tokens: usize,
    /// Tokens of the answer
    #[arg(long, value_name = "N", default_value_t = 32)]
    answer_tokens: usize,
    /// Answers made together
    #[arg(long, value_name = "N", default_value_t = 16)]
    parallel: usize,
    /// Questions with a shared beginning; 0 leaves them out
    #[arg(long, value_name = "N", default_value_t = 0)]
    questions: usize,
    /// Texts, one a line: measures a model of embeddings, and nothing of the above
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    texts: Option<PathBuf>,
    /// Times that each is measured; the best counts
    #[arg(long, value_name = "N", default_value_t = 2)]
    repeat: usize,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

impl Model {
    /// Whether stdout is to hold one JSON object, errors included.
    pub(crate) fn json(&self) -> bool {
        match &self.command {
            ModelCommand::Pull(args) => args.json,
            ModelCommand::List(args) => args.json,
            ModelCommand::Info(args) => args.json,
            ModelCommand::Rm(args) => args.json,
            ModelCommand::Embed(args) => args.json && args.npy.is_some(),
            ModelCommand::Score(_) => false,
            ModelCommand::Run(args) => args.json,
            ModelCommand::Bench(args) => args.json,
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
        ModelCommand::Run(args) => run::run(context, args),
        ModelCommand::Score(args) => score::run(context, args),
        ModelCommand::Bench(args) => bench::run(context, args),
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
    let model = engine(model.parse::<botsmith::core::engine::ModelRef>())?;
    Ok(engine(library.open(&model))?)
}

/// An error of the engine as one of core.
#[cfg(feature = "engine")]
fn engine<T>(result: botsmith::core::engine::Result<T>) -> botsmith::core::Result<T> {
    Ok(result?)
}
