//! Arguments.

use std::path::PathBuf;

use botsmith::eval::stats::Correction;
use clap::{Parser, Subcommand, ValueEnum, ValueHint};

/// Version with the facts of this build.
pub(crate) const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncommit:  ",
    env!("BUILD_COMMIT"),
    "\nrustc:   ",
    env!("BUILD_RUSTC"),
    "\ntarget:  ",
    env!("BUILD_TARGET"),
    "\nprofile: ",
    env!("BUILD_PROFILE"),
    "\nstores:  memory, sqlite, redis",
);

/// Judge AI bots with honest statistics, offline.
#[derive(Debug, Parser)]
#[command(
    name = "botsmith",
    version = env!("CARGO_PKG_VERSION"),
    long_version = VERSION,
    propagate_version = true,
    max_term_width = 100,
    after_help = "Start with `botsmith init`, then `botsmith eval suite.yaml`.\n\
                  Exit codes: 0 done (gate passed), 1 gate or run failed, 2 could not run, 3 a run waits."
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Global {
    /// Where runs are kept: `sqlite:PATH`, `redis://HOST` or `memory:` [default: sqlite:.botsmith/state.db]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) store: Option<String>,
    /// No progress, no hints; results and errors only
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Colours: `auto` (only on a terminal), `always`, `never`
    #[arg(long, global = true, value_name = "WHEN")]
    pub(crate) color: Option<String>,
    /// Working threads, 256 at most [default: one a core]
    #[arg(long, global = true, value_name = "N")]
    pub(crate) threads: Option<String>,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "one value a process")]
pub(crate) enum Command {
    /// Judge a suite, and look at what was judged
    Eval(Eval),
    /// Ask, talk with, look at, check, fetch and judge bots
    Bot(super::bot::args::Bot),
    /// The words of the reference implementation's command: `nb CARTRIDGE STATE eval …`
    Nb(super::bot::args::Nb),
    /// Score JSONL {"candidate", "references"} from stdin with one evaluator
    Metric(Metric),
    /// Annotate text: tokens, parts of speech, morphology, lemmas; train models
    Nlp(super::nlp::Nlp),
    /// Fetch, look at, list and remove local models; turn texts into vectors
    Model(super::model::Model),
    /// What people say of answers: ask, read in, write out, how far they agree
    Feedback(super::feedback::args::Feedback),
    /// Run workflows, watch and steer their runs, and do their steps
    Flow(super::flow::args::Flow),
    /// Try changes of a bot, and bring the best before the gate
    Hone(super::hone::args::Hone),
    /// Check, count, move and clean what a store holds
    Store(super::store::Store),
    /// Make a starter suite with its data, or a workflow that runs as it is
    Init(Init),
    /// Check this installation and say how to mend what is wrong
    Doctor(Doctor),
    /// Print a JSON Schema for editor completion
    Schema(Schema),
    /// Print shell completions
    Completions(Completions),
}

impl Command {
    /// Where spans go, of a command that makes any.
    #[cfg(feature = "otlp")]
    pub(crate) fn tracing(&self) -> Option<&Tracing> {
        match self {
            Self::Eval(eval) if eval.command.is_none() => Some(&eval.tracing),
            Self::Flow(flow) => flow.command.tracing(),
            _ => None,
        }
    }

    /// Whether the one object on stdout is to be JSON, errors included.
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::Eval(eval) => match &eval.command {
                None => eval.output.json.as_ref().is_some_and(Option::is_none),
                Some(
                    EvalCommand::List(List { json })
                    | EvalCommand::Show(Show { json, .. })
                    | EvalCommand::Compare(Compare { json, .. })
                    | EvalCommand::Export(Export { json, .. })
                    | EvalCommand::Import(Import { json, .. })
                    | EvalCommand::Rerun(Rerun { json, .. })
                    | EvalCommand::Gc(Gc { json, .. })
                    | EvalCommand::Power(Power { json, .. }),
                ) => *json,
            },
            Self::Bot(bot) => bot.command.json(),
            Self::Metric(metric) => metric.json,
            Self::Nlp(nlp) => nlp.json(),
            Self::Model(model) => model.json(),
            Self::Feedback(feedback) => feedback.command.json(),
            Self::Flow(flow) => flow.command.json(),
            Self::Hone(hone) => hone.json,
            Self::Store(store) => store.command.json(),
            Self::Init(init) => init.json,
            Self::Doctor(doctor) => doctor.json,
            Self::Nb(_) | Self::Schema(_) | Self::Completions(_) => false,
        }
    }
}

/// Where spans of a command go.
#[cfg(feature = "otlp")]
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Tracing {
    /// Send spans to this OpenTelemetry collector, such as <http://localhost:4318> [env:
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`]
    #[arg(long, value_name = "URL")]
    pub(crate) otlp: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Eval {
    /// The suite file
    #[arg(value_name = "SUITE", value_hint = ValueHint::FilePath)]
    pub(crate) suite: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: Output,
    /// Another seed than the suite's
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Judge the first N cases only
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Judge a seeded random sample of N cases
    #[arg(long, value_name = "N")]
    pub(crate) sample: Option<usize>,
    /// Judge only cases for which this holds, like `"billing" in tags`
    #[arg(long, value_name = "EXPRESSION")]
    pub(crate) filter: Option<String>,
    /// Judge only this bot (may be repeated)
    #[arg(long = "bot", value_name = "NAME")]
    pub(crate) bots: Vec<String>,
    /// Ask this provider instead of those of the suite's bots
    #[arg(long, value_name = "ID")]
    pub(crate) provider: Option<String>,
    /// Ask this model instead of those of the suite's bots
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    #[command(flatten)]
    pub(crate) asking: Asking,
    /// Spread questions and judging over all workers of the store, this process among them; suite, bots and
    /// data are at the same paths on all machines
    #[arg(long)]
    pub(crate) workers: bool,
    #[cfg(feature = "otlp")]
    #[command(flatten)]
    pub(crate) tracing: Tracing,
    #[command(subcommand)]
    pub(crate) command: Option<EvalCommand>,
}

/// How bots and judges are asked.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Asking {
    /// Ask each bot and judge at most N questions at once [default: what the suite says, else 4]
    #[arg(long, value_name = "N")]
    pub(crate) concurrency: Option<std::num::NonZeroUsize>,
    /// Let the provider `command` and MCP servers of cartridges start programs
    #[arg(long)]
    pub(crate) allow_command: bool,
}

/// Where reports go.
#[allow(
    clippy::option_option,
    reason = "absent, bare and with a file are three things"
)]
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Output {
    /// The report as one JSON object, on stdout or to FILE
    #[arg(long, value_name = "FILE", num_args = 0..=1, value_hint = ValueHint::FilePath)]
    pub(crate) json: Option<Option<PathBuf>>,
    #[command(flatten)]
    pub(crate) files: Files,
}

/// Report files.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Files {
    /// One JSON line a case to FILE
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) jsonl: Option<PathBuf>,
    /// One line an answer to FILE, for spreadsheets
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) csv: Option<PathBuf>,
    /// A summary for pull requests to FILE
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) markdown: Option<PathBuf>,
    /// JUnit XML for CI to FILE
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) junit: Option<PathBuf>,
    /// One self-contained page to FILE
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) html: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EvalCommand {
    /// List runs, newest first
    List(List),
    /// Show a run, or explain one of its cases
    Show(Show),
    /// Compare the bots of one run, or two runs case by case
    Compare(Compare),
    /// Write a run to one portable file
    Export(Export),
    /// Read a run from a file that `export` wrote
    Import(Import),
    /// Judge the stored answers of a run again, as a new run
    Rerun(Rerun),
    /// Remove old runs, and unfinished ones that were begun more than an hour ago
    Gc(Gc),
    /// How many cases does it take to see a difference?
    Power(Power),
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// `latest`, or the first digits of a run's id
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
    /// Explain this case: its id, or the beginning of it
    #[arg(long, value_name = "ID")]
    pub(crate) case: Option<String>,
    /// List cases that did not pass everything
    #[arg(long, conflicts_with = "case")]
    pub(crate) failures: bool,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) files: Files,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Compare {
    /// `latest`, or the first digits of a run's id
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(crate) a: String,
    /// A second run: the same bots on the same cases, earlier against later
    #[arg(value_name = "RUN2")]
    pub(crate) b: Option<String>,
    /// How p-values are corrected for the number of comparisons
    #[arg(long, value_enum, value_name = "RULE", default_value_t = Rule::Holm)]
    pub(crate) correction: Rule,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Rules of correction.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Rule {
    /// Holm: hardly ever any false finding (at most 5 % of reports have one)
    Holm,
    /// Benjamini and Hochberg: at most 5 % of the findings are false, for tests that go together
    Bh,
    /// Benjamini and Yekutieli: the same, however the tests hang together
    By,
}

impl From<Rule> for Correction {
    fn from(rule: Rule) -> Self {
        match rule {
            Rule::Holm => Self::Holm,
            Rule::Bh => Self::BenjaminiHochberg,
            Rule::By => Self::BenjaminiYekutieli,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// `latest`, or the first digits of a run's id
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// The file to write
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// The file to read
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Rerun {
    /// `latest`, or the first digits of a run's id
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
    /// Ask bots and judges again for what failed; the rest stays
    #[arg(long)]
    pub(crate) failed: bool,
    #[command(flatten)]
    pub(crate) asking: Asking,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Gc {
    /// Keep only the newest N complete runs of each suite
    #[arg(long, value_name = "N")]
    pub(crate) keep: Option<usize>,
    /// Say what would go, remove nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
#[allow(
    clippy::struct_field_names,
    reason = "`--power` is the field's own term"
)]
pub(crate) struct Power {
    /// The difference to be seen, in points of pass rate: 5 is 5 %
    #[arg(long, value_name = "POINTS", value_parser = points)]
    pub(crate) effect: f64,
    /// Cases on which the two bots disagree, in percent; observed in RUN if given
    #[arg(long, value_name = "PERCENT", value_parser = points)]
    pub(crate) discordance: Option<f64>,
    /// Pass rate of the first bot in percent, where the discordance is not known
    #[arg(long, value_name = "PERCENT", value_parser = points, default_value = "70")]
    pub(crate) baseline: f64,
    /// Chance of seeing a difference where there is none
    #[arg(long, value_name = "P", default_value_t = 0.05)]
    pub(crate) alpha: f64,
    /// Chance of seeing the difference where there is one
    #[arg(long, value_name = "P", default_value_t = 0.8)]
    pub(crate) power: f64,
    /// Also say what N cases can show
    #[arg(long, value_name = "N")]
    pub(crate) cases: Option<u64>,
    /// Take the discordance from the first two bots of this run
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// The metric of the run [default: its first that passes or fails]
    #[arg(long, value_name = "NAME", requires = "run")]
    pub(crate) metric: Option<String>,
    /// The power of the promotion gate, by simulation: one-sided, alpha of the look, its guards
    ///
    /// With --run cases are drawn from the run's pairs again, whole groups, with their scores, slices, must-pass tags,
    /// failures, latency and cost. Without it, or where --discordance, --must-pass, --slices, --errors or --labels says
    /// otherwise, they are drawn one by one, pass or fail: groups, latency and cost are left out. Cases of train and dev
    /// that must pass always are.
    #[arg(long)]
    pub(crate) gate: bool,
    #[command(flatten)]
    pub(crate) of_gate: GatePower,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `eval power --gate` assumes besides; what RUN shows of it is taken from there.
#[derive(Debug, clap::Args)]
pub(crate) struct GatePower {
    /// Which look at the gate's cases it is: look K is tested at alpha / (K (K + 1))
    #[arg(long, value_name = "K", default_value_t = 1, requires = "gate")]
    pub(crate) look: u32,
    /// How much worse a cheaper variant may be
    #[arg(long, value_name = "POINTS", value_parser = points, requires = "gate")]
    pub(crate) margin: Option<f64>,
    /// Cases that must pass
    #[arg(long, value_name = "PERCENT", value_parser = share, requires = "gate")]
    pub(crate) must_pass: Option<f64>,
    /// Slices that must not get worse, by their share of the cases: 50,30,20
    #[arg(long, value_name = "PERCENT,…", value_parser = share, value_delimiter = ',', requires = "gate")]
    pub(crate) slices: Option<Vec<f64>>,
    /// Pairs in which a bot fails
    #[arg(long, value_name = "PERCENT", value_parser = share, requires = "gate")]
    pub(crate) errors: Option<f64>,
    /// The budget of the variant's 95th percentile of latency: `800ms`, `2s`; wants --run
    #[arg(long, value_name = "TIME", value_parser = seconds, requires = "gate", requires = "run")]
    pub(crate) p95_latency: Option<f64>,
    /// The budget of the mean cost of an answer; wants --run
    #[arg(long, value_name = "PRICE", requires = "gate", requires = "run")]
    pub(crate) cost: Option<f64>,
    /// A judge makes the scores, and people label both answers of this share of the cases
    #[arg(long, value_name = "PERCENT", value_parser = points, requires = "gate")]
    pub(crate) labels: Option<f64>,
    /// The judge passes this share of what people pass
    #[arg(long, value_name = "PERCENT", value_parser = points, default_value = "90", requires = "labels")]
    pub(crate) tpr: f64,
    /// The judge fails this share of what people fail
    #[arg(long, value_name = "PERCENT", value_parser = points, default_value = "80", requires = "labels")]
    pub(crate) tnr: f64,
    /// Simulated gates for each number of cases
    #[arg(long, value_name = "N", default_value_t = 2_000, requires = "gate", value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub(crate) loops: u32,
    /// Seed of the simulation
    #[arg(long, value_name = "N", default_value_t = 7, requires = "gate")]
    pub(crate) seed: u64,
}

/// A time above 0: `250ms`, `2s`, or a number of seconds; in seconds.
pub(crate) fn seconds(text: &str) -> Result<f64, String> {
    match super::flow::args::duration(text)? {
        0 => Err("must be above 0".into()),
        ms => Ok(ms as f64 / 1e3),
    }
}

/// A share given in percent, which may be 0.
fn share(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('%').trim() {
        "0" => Ok(0.0),
        _ => points(text).map_err(|_| "a number of percent from 0 to 100 is wanted, like 5".into()),
    }
}

/// A share given in percent.
fn points(text: &str) -> Result<f64, String> {
    let number: f64 = text
        .trim_end_matches('%')
        .trim()
        .parse()
        .map_err(|_| "a number of percent is wanted, like 5".to_owned())?;
    match number > 0.0 && number <= 100.0 {
        true => Ok(number / 100.0),
        false => Err("must be above 0 and at most 100".into()),
    }
}

#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "flags are Booleans")]
pub(crate) struct Metric {
    /// The evaluator; `--list` names them all
    #[arg(value_name = "NAME", required_unless_present = "list")]
    pub(crate) name: Option<String>,
    /// Its options as JSON, like '{"value": "refund"}'
    #[arg(long, value_name = "JSON")]
    pub(crate) options: Option<String>,
    /// Add one last line with the score of all together: the mean, or that of the corpus
    #[arg(long)]
    pub(crate) corpus: bool,
    /// Add pass or fail and the explanation to each line
    #[arg(long)]
    pub(crate) explain: bool,
    /// JSON lines instead of bare numbers
    #[arg(long)]
    pub(crate) json: bool,
    /// List all evaluators with what they do
    #[arg(long)]
    pub(crate) list: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Init {
    /// The folder to make it in
    #[arg(value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    pub(crate) dir: PathBuf,
    /// What to make; `--list` names them all
    #[arg(long, value_name = "NAME", default_value = "suite")]
    pub(crate) template: String,
    /// List the templates with what they are for
    #[arg(long)]
    pub(crate) list: bool,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Schema {
    /// What the schema is of
    #[arg(value_enum)]
    pub(crate) of: SchemaOf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SchemaOf {
    /// A cartridge, with our extensions
    Cartridge,
    /// A suite file, format v1
    Suite,
    /// A workflow file, format v1
    Workflow,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}
