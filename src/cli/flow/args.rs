//! Arguments of `botsmith flow`.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use botsmith::flow::Misfire;
use clap::{Subcommand, ValueHint};

#[cfg(feature = "otlp")]
use crate::cli::args::Tracing;

#[derive(Debug, clap::Args)]
pub(crate) struct Flow {
    #[command(subcommand)]
    pub(crate) command: FlowCommand,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "one value a process")]
pub(crate) enum FlowCommand {
    /// Start a run and work on it here, until it has ended or waits for somebody
    Run(Run),
    /// Start a run for workers to do
    Submit(Submit),
    /// List runs, newest first
    List(List),
    /// Show a run: its steps, their time, what it waits for, and what to do next
    Show(Show),
    /// Show a run live, until it has ended
    Watch(Watch),
    /// Print what happened in a run
    Logs(Logs),
    /// Draw a workflow or a run, as Mermaid or SVG
    Graph(Graph),
    /// Cancel runs: what has not begun never will
    Cancel(Bulk),
    /// Hold runs: nothing of them is begun until they are resumed
    Pause(Bulk),
    /// Let runs go on that were paused
    Resume(Bulk),
    /// Give the failed and dead steps of runs another chance
    Retry(Bulk),
    /// Make runs more or less urgent
    Priority(Priority),
    /// Run a run again as a new one, all of it or from a step on
    Rerun(Rerun),
    /// Move a run that waits to a new definition
    Migrate(Migrate),
    /// Give a run a signal, or a step that asks its answer
    Signal(Signal),
    /// Approve a step that waits for it
    Approve(Decide),
    /// Reject a step that waits for approval
    Reject(Decide),
    /// Do steps of all runs of the store, until stopped
    Worker(Worker),
    /// Start runs by the clock
    Schedule(Schedule),
    /// Steps whose workers died too often: list, retry or drop them
    Dlq(Dlq),
    /// Check workflow files
    Validate(Validate),
}

impl FlowCommand {
    /// Whether the one object on stdout is to be JSON, errors included.
    #[cfg(feature = "otlp")]
    pub(crate) fn tracing(&self) -> Option<&Tracing> {
        match self {
            Self::Run(args) => Some(&args.doing.tracing),
            Self::Worker(args) => Some(&args.doing.tracing),
            _ => None,
        }
    }

    pub(crate) fn json(&self) -> bool {
        match self {
            Self::Run(args) => args.json,
            Self::Submit(args) => args.json,
            Self::List(args) => args.json,
            Self::Show(args) => args.json,
            Self::Watch(args) => args.json,
            Self::Logs(args) => args.json,
            Self::Graph(args) => args.json,
            Self::Cancel(args) | Self::Pause(args) | Self::Resume(args) | Self::Retry(args) => {
                args.json
            }
            Self::Priority(args) => args.json,
            Self::Rerun(args) => args.json,
            Self::Migrate(args) => args.json,
            Self::Signal(args) => args.json,
            Self::Approve(args) | Self::Reject(args) => args.json,
            Self::Worker(args) => args.json,
            Self::Schedule(args) => args.command.json(),
            Self::Dlq(args) => args.command.json(),
            Self::Validate(args) => args.json,
        }
    }
}

/// A workflow and what a run of it is started with.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Start {
    /// The workflow file
    #[arg(value_name = "WORKFLOW", value_hint = ValueHint::FilePath)]
    pub(crate) workflow: PathBuf,
    /// An input (may be repeated); a value that is no text is JSON, like `n=3`
    #[arg(long = "input", value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) inputs: Vec<(String, String)>,
    /// A JSON file with inputs, `-` for stdin
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) inputs_file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) start: Start,
    /// The run's id; the same id, workflow and inputs go on with it [default: the workflow's name and the time]
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// Keep waiting where the run waits for somebody
    #[arg(long)]
    pub(crate) wait: bool,
    #[command(flatten)]
    pub(crate) doing: Doing,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// How steps are done.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Doing {
    #[cfg(feature = "otlp")]
    #[command(flatten)]
    pub(crate) tracing: Tracing,
    /// Do at most N steps at once
    #[arg(long, value_name = "N", default_value = "4")]
    pub(crate) concurrency: NonZeroUsize,
    /// Do steps of kind `command`: they start programs on this machine
    #[arg(long)]
    pub(crate) allow_command: bool,
    /// What this worker offers besides (may be repeated, or several with commas)
    #[arg(long, value_name = "LABEL", value_delimiter = ',')]
    pub(crate) labels: Vec<String>,
    /// A device that steps may hold here, like `cuda:0` (may be repeated)
    #[arg(long = "device", value_name = "DEVICE", value_delimiter = ',')]
    pub(crate) devices: Vec<String>,
    /// Memory that steps may hold here, in GiB
    #[arg(long, value_name = "GIB", default_value = "0")]
    pub(crate) memory: u32,
    /// Relative paths of steps start from this folder [default: that of the workflow; for workers this one]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) folder: Option<PathBuf>,
    /// How long a step stays a worker's that is not heard of
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    pub(crate) lease: u64,
    /// Tell this web address, or this program on its standard input, when somebody's word is needed and when a
    /// run ends (may be repeated)
    #[arg(long, value_name = "URL|PROGRAM")]
    pub(crate) notify: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Submit {
    #[command(flatten)]
    pub(crate) start: Start,
    /// The run's id; submitting the same again starts nothing twice [default: the workflow's name and the time]
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// How urgent, 0 to 9 [default: what its steps say]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=9))]
    pub(crate) priority: Option<u8>,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which runs.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Which {
    /// Runs that stand so (may be repeated): running, waiting, paused, cancelling, done, failed, cancelled
    #[arg(long, value_name = "STATUS", value_parser = standing, value_delimiter = ',')]
    pub(crate) status: Vec<botsmith::flow::Standing>,
    /// Runs of this workflow
    #[arg(long, value_name = "NAME")]
    pub(crate) workflow: Option<String>,
    /// Runs that were started longer ago, like `30m` or `2d`
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) older_than: Option<u64>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) which: Which,
    /// At most so many
    #[arg(long, value_name = "N", default_value = "50")]
    pub(crate) limit: usize,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// A run's id, the beginning of it, or `latest`
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
    /// Each step that a step added on a line of its own
    #[arg(long)]
    pub(crate) all: bool,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Watch {
    /// A run's id, the beginning of it, or `latest`
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
    /// Look so often
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "500ms")]
    pub(crate) every: u64,
    /// Leave when it waits for somebody, with exit code 3
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// One JSON object a change
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Logs {
    /// A run's id, the beginning of it, or `latest`
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
    /// Go on until the run has ended
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// Only of this step
    #[arg(long, value_name = "STEP")]
    pub(crate) step: Option<String>,
    /// One JSON object an event
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Graph {
    /// A workflow file, a run's id, the beginning of it, or `latest`
    #[arg(value_name = "WORKFLOW|RUN", default_value = "latest", value_hint = ValueHint::FilePath)]
    pub(crate) of: String,
    /// An SVG to FILE, `-` for stdout; without this, Mermaid to stdout
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) svg: Option<PathBuf>,
    /// One JSON object with both
    #[arg(long, conflicts_with = "svg")]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Bulk {
    /// Ids of runs, the beginnings of them, or `latest`; none: those that the options choose
    #[arg(value_name = "RUN")]
    pub(crate) runs: Vec<String>,
    #[command(flatten)]
    pub(crate) which: Which,
    /// Say which runs it would be, change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Priority {
    /// 0 to 9; 9 is most urgent
    #[arg(long = "to", value_name = "N", value_parser = clap::value_parser!(u8).range(0..=9))]
    pub(crate) priority: u8,
    #[command(flatten)]
    pub(crate) bulk: Bulk,
}

impl std::ops::Deref for Priority {
    type Target = Bulk;

    fn deref(&self) -> &Bulk {
        &self.bulk
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Rerun {
    /// A run's id, the beginning of it, or `latest`
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Take over what does not come after this step
    #[arg(long, value_name = "STEP")]
    pub(crate) from: Option<String>,
    /// The new run's id [default: the old one and a number]
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Migrate {
    /// A run's id, the beginning of it, or `latest`
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// The workflow file as it is now
    #[arg(value_name = "WORKFLOW", value_hint = ValueHint::FilePath)]
    pub(crate) workflow: PathBuf,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Signal {
    /// A run's id, the beginning of it, or `latest`
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// The signal's name, or the step that waits
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// What comes with it: JSON, or a text
    #[arg(long, value_name = "JSON", default_value = "null")]
    pub(crate) data: String,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Decide {
    /// A run's id, the beginning of it, or `latest`
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// The step; may be left out where one waits
    #[arg(value_name = "STEP")]
    pub(crate) step: Option<String>,
    /// Who decides [default: the user of this session]
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Worker {
    #[command(flatten)]
    pub(crate) doing: Doing,
    /// How long steps may go on once it is to stop; then they are given back
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    pub(crate) grace: u64,
    /// Leave once nothing is left that could be done
    #[arg(long)]
    pub(crate) until_idle: bool,
    /// Numbers for Prometheus at <http://ADDR/metrics>
    #[arg(long, value_name = "ADDR")]
    pub(crate) metrics: Option<SocketAddr>,
    /// One JSON line a happening
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Schedule {
    #[command(subcommand)]
    pub(crate) command: ScheduleCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ScheduleCommand {
    /// Keep a schedule; one of the same name is replaced
    Add(ScheduleAdd),
    /// List schedules
    List(Plain),
    /// Remove schedules; their runs stay
    Remove(Names),
    /// Hold schedules
    Pause(Names),
    /// Let schedules go on, from the next time on
    Resume(Names),
}

impl ScheduleCommand {
    fn json(&self) -> bool {
        match self {
            Self::Add(args) => args.json,
            Self::List(args) => args.json,
            Self::Remove(args) | Self::Pause(args) | Self::Resume(args) => args.json,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct ScheduleAdd {
    /// The schedule's name: its runs are called NAME-TIME
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) start: Start,
    /// When: minute hour day month weekday, like `30 2 * * MON-FRI`, or `@daily`
    #[arg(long, value_name = "PATTERN")]
    pub(crate) cron: String,
    /// The time zone, like `Europe/Berlin`
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(crate) zone: String,
    /// What is done about times at which no worker was there: skip, one or all
    #[arg(long, value_name = "POLICY", default_value = "one")]
    pub(crate) misfire: Misfire,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Names {
    /// The schedule
    #[arg(value_name = "NAME", required = true)]
    pub(crate) names: Vec<String>,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Plain {
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Dlq {
    #[command(subcommand)]
    pub(crate) command: DlqCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DlqCommand {
    /// List dead letters, longest dead first
    List(Plain),
    /// Give them another chance: their runs go on
    Retry(Letters),
    /// Take them off the list; they stay dead in their runs
    Drop(Letters),
}

impl DlqCommand {
    fn json(&self) -> bool {
        match self {
            Self::List(args) => args.json,
            Self::Retry(args) | Self::Drop(args) => args.json,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Letters {
    /// Runs; none with `--all`
    #[arg(value_name = "RUN", required_unless_present = "all")]
    pub(crate) runs: Vec<String>,
    /// All of them
    #[arg(long, conflicts_with = "runs")]
    pub(crate) all: bool,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Validate {
    /// Workflow files
    #[arg(value_name = "WORKFLOW", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("NAME=VALUE is wanted".into()),
    }
}

fn standing(text: &str) -> Result<botsmith::flow::Standing, String> {
    use botsmith::flow::Standing;
    let words = || Standing::ALL.iter().map(|standing| standing.word());
    let found = Standing::ALL
        .iter()
        .find(|standing| standing.word() == text);
    found.copied().ok_or_else(|| {
        let near = botsmith::core::hint::nearest(text, words());
        match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("{} is wanted", botsmith::core::hint::list(words())),
        }
    })
}

/// `250ms`, `2s`, `5m`, `2h`, `3d`, or a number of seconds; in milliseconds.
pub(in crate::cli) fn duration(text: &str) -> Result<u64, String> {
    let wanted = || "a time like `500ms`, `30s`, `5m`, `2h` or `3d` is wanted".to_owned();
    let split = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let amount: f64 = text[..split].trim().parse().map_err(|_| wanted())?;
    let unit = match &text[split..] {
        "ms" => 1.0,
        "" | "s" => 1e3,
        "m" | "min" => 6e4,
        "h" => 3.6e6,
        "d" => 8.64e7,
        _ => return Err(wanted()),
    };
    let ms = amount * unit;
    match (0.0..4e15).contains(&ms) {
        true => Ok(ms.round() as u64),
        false => Err(wanted()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_units_and_nothing_else() {
        for (text, ms) in [
            ("500ms", 500),
            ("2", 2000),
            ("1.5s", 1500),
            ("5m", 300_000),
            ("2d", 172_800_000),
        ] {
            assert_eq!(duration(text), Ok(ms), "{text}");
        }
        for text in ["", "s", "2 weeks", "-1s", "1e99d", "NaN"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
