//! Arguments of `botsmith feedback`.

use std::path::PathBuf;

use botsmith::eval::feedback::Source;
use botsmith::eval::feedback::import::Shape;
use clap::{Subcommand, ValueEnum, ValueHint};

#[derive(Debug, clap::Args)]
pub(crate) struct Feedback {
    #[command(subcommand)]
    pub(crate) command: FeedbackCommand,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "one value a process")]
pub(crate) enum FeedbackCommand {
    /// Label answers of a run at the terminal: one key an answer, undo, resumed where it was left
    Review(Review),
    /// Say one thing of one answer
    Add(Add),
    /// Read feedback from a file: our records, or what Argilla or Langfuse export
    Import(Import),
    /// Write feedback to a file: .jsonl or .csv
    Export(Export),
    /// How far raters agree, who is at odds with the others, on what they differ; exit code 1 where the rubric is
    /// the defect
    Agreement(Agreement),
    /// List what was said, latest words only
    List(List),
    /// Hold a judge against what people said of the same answers: how far it agrees, whether it may gate, and
    /// whether that still holds
    Calibrate(super::calibrate::Calibrate),
    /// What people would let pass of all answers of a run, from their labels on some and the judge's scores on all
    Estimate(super::estimate::Estimate),
}

impl FeedbackCommand {
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::Review(_) => false,
            Self::Add(Add { json, .. })
            | Self::Import(Import { json, .. })
            | Self::Export(Export { json, .. })
            | Self::Agreement(Agreement { json, .. })
            | Self::List(List { json, .. }) => *json,
            Self::Calibrate(args) => args.json,
            Self::Estimate(args) => args.json,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Review {
    /// `latest`, or the first digits of a run's id
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
    /// A second run of the same cases: label both answers to a random part of them, mixed, without seeing whose
    /// they are
    #[arg(long, value_name = "RUN")]
    pub(crate) beside: Option<String>,
    /// Who labels [default: the name that this machine knows you by]
    #[arg(long, value_name = "NAME")]
    pub(crate) rater: Option<String>,
    /// Ask only this question (may be repeated)
    #[arg(long = "question", value_name = "NAME")]
    pub(crate) questions: Vec<String>,
    /// How many labels are asked for, second ones included; with --beside, of each run [default: what the suite
    /// says, else 100]
    #[arg(long, value_name = "N")]
    pub(crate) budget: Option<std::num::NonZeroUsize>,
    /// Another seed than the suite's
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Label 20 answers again that you labelled, without seeing what you said: how far you agree with yourself
    #[arg(long)]
    pub(crate) again: bool,
    /// The suite file that asks [default: the run's, as it is now]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) suite: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "flags are Booleans")]
pub(crate) struct Add {
    /// `latest`, or the first digits of a run's id
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// The case
    #[arg(long, value_name = "ID")]
    pub(crate) case: String,
    /// Whose answer [default: the run's only bot]
    #[arg(long, value_name = "NAME")]
    pub(crate) bot: Option<String>,
    /// The other bot, where the question is about two answers: `a` is --bot, `b` is this one
    #[arg(long, value_name = "NAME")]
    pub(crate) against: Option<String>,
    /// The repeat of the answer
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) repeat: usize,
    /// The question [default: the suite's only one]
    #[arg(long, value_name = "NAME")]
    pub(crate) question: Option<String>,
    /// What is said; lists as JSON
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    pub(crate) value: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
    /// The answer as it should have been
    #[arg(long, value_name = "TEXT")]
    pub(crate) correction: Option<String>,
    /// Who says it [default: the name that this machine knows you by]
    #[arg(long, value_name = "NAME")]
    pub(crate) rater: Option<String>,
    /// Whose word it is
    #[arg(long, value_enum, value_name = "WHO", default_value_t = Whose::Expert)]
    pub(crate) source: Whose,
    /// The rater could not see which bot it was
    #[arg(long)]
    pub(crate) blind: bool,
    /// Not handed in yet
    #[arg(long)]
    pub(crate) draft: bool,
    /// The suite file that asks [default: the run's, as it is now]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) suite: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// The file to read: .jsonl, .json or .csv
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The run that it is about: `latest`, or the first digits of its id
    #[arg(long, value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
    /// What its rows are [default: told by the first]
    #[arg(long, value_enum, value_name = "SHAPE")]
    pub(crate) shape: Option<Rows>,
    /// The rater of records without one
    #[arg(long, value_name = "NAME")]
    pub(crate) rater: Option<String>,
    /// The bot of records without one [default: the run's only bot]
    #[arg(long, value_name = "NAME")]
    pub(crate) bot: Option<String>,
    /// Whose word records are that do not say so
    #[arg(long, value_enum, value_name = "WHO", default_value_t = Whose::Expert)]
    pub(crate) source: Whose,
    /// The suite file that asks [default: the run's, as it is now]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) suite: Option<PathBuf>,
    /// Check everything, keep nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which records.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Which {
    /// Of this run: `latest`, or the first digits of its id
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// Of all runs of the suite of this name
    #[arg(long, value_name = "NAME", conflicts_with = "run")]
    pub(crate) suite_name: Option<String>,
    /// To this question
    #[arg(long, value_name = "NAME")]
    pub(crate) question: Option<String>,
    /// Of this rater
    #[arg(long, value_name = "NAME")]
    pub(crate) rater: Option<String>,
    /// Of this case
    #[arg(long, value_name = "ID")]
    pub(crate) case: Option<String>,
    /// About this bot
    #[arg(long, value_name = "NAME")]
    pub(crate) bot: Option<String>,
    /// Everything that was ever written: drafts, what was discarded, taken back or replaced, too
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// The file to write: .jsonl or .csv
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) which: Which,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) which: Which,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Agreement {
    /// `latest`, or the first digits of a run's id
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
    /// Over all runs of the run's suite
    #[arg(long)]
    pub(crate) all_runs: bool,
    /// Only this question (may be repeated)
    #[arg(long = "question", value_name = "NAME")]
    pub(crate) questions: Vec<String>,
    /// The suite file that asks [default: the run's, as it is now]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) suite: Option<PathBuf>,
    /// Another seed than the suite's
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Whose word.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Whose {
    /// Somebody who was asked to judge
    Expert,
    /// A user who said so
    User,
    /// What a user did in passing; never truth, it ranks what to label
    Implicit,
}

impl From<Whose> for Source {
    fn from(whose: Whose) -> Self {
        match whose {
            Whose::Expert => Self::Expert,
            Whose::User => Self::User,
            Whose::Implicit => Self::Implicit,
        }
    }
}

/// What rows are.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Rows {
    /// Our own records
    Records,
    /// Records with responses, as Argilla exports them
    Argilla,
    /// Scores, as Langfuse exports them
    Langfuse,
}

impl From<Rows> for Shape {
    fn from(rows: Rows) -> Self {
        match rows {
            Rows::Records => Self::Records,
            Rows::Argilla => Self::Argilla,
            Rows::Langfuse => Self::Langfuse,
        }
    }
}
