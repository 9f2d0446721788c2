//! Arguments of `botsmith hone`.

use std::path::PathBuf;

use botsmith::eval::hone::{self, Budget};
use clap::ValueHint;

use crate::cli::args::{Asking, seconds};

/// Try changes of a bot, and bring the best before the gate
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nothing changes the bot until a variant has passed the gate and `botsmith bot promote` was said.\n\
                  Exit codes: 0 a variant passed (or was promoted), 1 refused, or only advisory because a judge made\n\
                  the scores and too few people have labelled, 2 could not run."
)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Hone {
    /// The bot: its name in the suite, or its cartridge's file
    #[arg(value_name = "BOT", value_hint = ValueHint::FilePath)]
    pub(crate) bot: String,
    /// The suite that judges it
    #[arg(long, value_name = "SUITE", value_hint = ValueHint::FilePath)]
    pub(crate) suite: PathBuf,
    /// The metric that is to become better [default: what the suite says, else the first that passes or fails]
    #[arg(long, value_name = "NAME")]
    pub(crate) metric: Option<String>,
    /// What may be spent on train and dev: answers (`400`) or a price (`cost:2.50`) [default: as much as is sensible]
    #[arg(long, value_name = "N", value_parser = Budget::parse)]
    pub(crate) budget: Option<Budget>,
    /// Who proposes: `examples`, `parameters`, `assertions`, `instructions` [default: the first three, and
    /// `instructions` with --optimiser]
    #[arg(long, value_enum, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) proposers: Vec<Who>,
    /// The bot that rewrites instructions: a cartridge
    #[arg(long, value_name = "CARTRIDGE", value_hint = ValueHint::FilePath)]
    pub(crate) optimiser: Option<String>,
    /// The chance, over all looks at these gate cases, of passing a variant that is no better; the first look
    /// states it for all [default: what it stated, 0.05 where nobody looked yet]
    #[arg(long, value_name = "SHARE")]
    pub(crate) alpha: Option<f64>,
    /// How much worse a cheaper variant may be, stated beforehand: 0.02 is two points [default: it must be better]
    #[arg(long, value_name = "SHARE")]
    pub(crate) margin: Option<f64>,
    /// The 95th percentile of latency that a variant may have: `800ms`, `2s` [default: what the suite says]
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub(crate) p95_latency: Option<f64>,
    /// The mean cost of an answer that a variant may have, above 0 [default: what the suite says]
    #[arg(long, value_name = "PRICE")]
    pub(crate) cost: Option<f64>,
    /// Where regression cases go [default: SUITE.regressions.jsonl]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) regressions: Option<PathBuf>,
    /// Seed of the order in which cases are drawn [default: the suite's]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Make a variant that passed the bot at once, where feedback and calibration allow it
    #[arg(long)]
    pub(crate) auto: bool,
    /// Say what would be done; ask nobody
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Begin without a question
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Who does it [default: the user's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    #[command(flatten)]
    pub(crate) asking: Asking,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Proposers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Who {
    /// Corrections as few-shot examples
    Examples,
    /// Settings, model, routing
    Parameters,
    /// Regression cases of what failed
    Assertions,
    /// The directive, rewritten by an optimiser bot
    Instructions,
}

impl From<Who> for hone::Who {
    fn from(who: Who) -> Self {
        match who {
            Who::Examples => Self::Examples,
            Who::Parameters => Self::Parameters,
            Who::Assertions => Self::Assertions,
            Who::Instructions => Self::Instructions,
        }
    }
}
