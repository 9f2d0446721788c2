//! `botsmith bot canary start|version|record|status|stop`: a new version on a share of the sessions, taken back when
//! it does harm.

use std::fmt::Write as _;

use botsmith::eval::online::{Arm, CanaryStatus, Goal, SessionOutcome, State, WantedCanary, Watch};
use botsmith::eval::{Error, Result};
use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::online::{Named, Place, counted, short};
use crate::cli::context::Context;
use crate::cli::{Ended, output};

#[derive(Debug, clap::Args)]
pub(crate) struct CanaryArgs {
    #[command(subcommand)]
    command: CanaryCommand,
}

#[derive(Debug, Subcommand)]
enum CanaryCommand {
    /// Give a share of the sessions to a version
    Start(Start),
    /// Say which version a session gets
    Version(Session),
    /// Record what came of a session; the first outcome of a session counts
    Record(Record),
    /// Show what was seen, and what was decided
    Status(Named),
    /// End it by hand: everybody gets the old or the new version
    Stop(Stop),
}

/// What the new version has to show.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum GoalWord {
    /// That it is better
    Better,
    /// That it does no harm until the watch ends
    NoHarm,
}

/// A version of the two.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Keep {
    /// The one that was there before
    Old,
    /// The one on trial
    New,
}

#[derive(Debug, clap::Args)]
struct Start {
    #[command(flatten)]
    named: Named,
    /// The version on trial, which passed the gate (advisory is no pass) or is in force: digits of its hash,
    /// `current`, its number [default: the one in force]
    #[arg(long, value_name = "VERSION")]
    new: Option<String>,
    /// The version beside it [default: the one before it; of a proposed version the one in force]
    #[arg(long, value_name = "VERSION")]
    old: Option<String>,
    /// The share of the sessions that get the new version, above 0 and below 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    share: f64,
    /// What the new version has to show
    #[arg(long, value_enum, default_value = "better")]
    goal: GoalWord,
    /// The watch ends after so many outcomes
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    sessions: u64,
    /// Or after so many days
    #[arg(long, value_name = "N", default_value_t = 14)]
    days: u32,
    /// Chooses which sessions get the new version [default: another one each time]
    #[arg(long, value_name = "TEXT")]
    salt: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Session {
    #[command(flatten)]
    named: Named,
    /// The session's id
    #[arg(long, value_name = "ID")]
    session: String,
}

#[derive(Debug, clap::Args)]
struct Record {
    #[command(flatten)]
    of: Session,
    /// How good it was, from 0 to 1
    #[arg(long, value_name = "X", required_unless_present = "failed")]
    value: Option<f64>,
    /// An answer failed
    #[arg(long, conflicts_with = "value")]
    failed: bool,
}

#[derive(Debug, clap::Args)]
struct Stop {
    #[command(flatten)]
    named: Named,
    /// Which version everybody gets
    #[arg(long, value_enum)]
    keep: Keep,
    /// Who says so [default: the user of this computer]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "stopped by hand")]
    why: String,
}

impl CanaryArgs {
    pub(crate) fn json(&self) -> bool {
        match &self.command {
            CanaryCommand::Start(args) => args.named.json,
            CanaryCommand::Version(args) => args.named.json,
            CanaryCommand::Record(args) => args.of.named.json,
            CanaryCommand::Status(named) => named.json,
            CanaryCommand::Stop(args) => args.named.json,
        }
    }
}

pub(super) fn run(context: &Context, args: &CanaryArgs) -> Result<Ended> {
    match &args.command {
        CanaryCommand::Start(args) => start(context, args),
        CanaryCommand::Version(args) => version(context, args),
        CanaryCommand::Record(args) => record(context, args),
        CanaryCommand::Status(named) => status(context, named),
        CanaryCommand::Stop(args) => stop(context, args),
    }
}

fn start(context: &Context, args: &Start) -> Result<Ended> {
    let place = Place::of(context, &args.named)?;
    let mut wanted = WantedCanary::default();
    wanted.new.clone_from(&args.new);
    wanted.old.clone_from(&args.old);
    wanted.share = args.share;
    wanted.goal = match args.goal {
        GoalWord::Better => Goal::Better,
        GoalWord::NoHarm => Goal::NoHarm,
    };
    wanted.sessions = args.sessions;
    wanted.days = args.days;
    wanted.salt.clone_from(&args.salt);
    // Pass rates of 80 % scatter so.
    let needed = Watch::sessions_to_show(0.1, 0.16, args.share);
    let canary = place.traffic.start_canary(&wanted, place.now_ms()?)?;
    if args.named.json {
        return shown(&canary.status()?, true);
    }
    let plan = canary.status()?.plan;
    output::print(&format!(
        "{} of {} is on {} of the sessions, {} on the others\n",
        short(&plan.new),
        place.name,
        percent(args.share),
        short(&plan.old)
    ))?;
    if let Some(needed) = needed {
        output::print(&format!(
            "a drop from 80 to 70 % takes about {needed} sessions to be seen; the watch ends after {}\n",
            args.sessions
        ))?;
    }
    Ok(Ended::Well)
}

fn version(context: &Context, args: &Session) -> Result<Ended> {
    let place = Place::of(context, &args.named)?;
    let version = place.traffic.canary()?.version_for(&args.session)?;
    match args.named.json {
        true => output::print_json(&json!({"version": version}))?,
        false => output::print(&format!("{version}\n"))?,
    }
    Ok(Ended::Well)
}

fn record(context: &Context, args: &Record) -> Result<Ended> {
    let place = Place::of(context, &args.of.named)?;
    let outcome = match args.value {
        Some(value) => SessionOutcome::Value(value),
        None => SessionOutcome::Failed,
    };
    let canary = place.traffic.canary()?;
    let now = place.now_ms()?;
    let recorded = canary.record(&args.of.session, outcome, &place.traffic.versions(), now)?;
    if args.of.named.json {
        output::print_json(&recorded)?;
    } else {
        let counted = match (recorded.counted, recorded.state) {
            (true, _) => "counted",
            (false, State::Watching) => "not counted: the session has an outcome already",
            (false, _) => "not counted: the watch is over",
        };
        output::print(&format!("{counted}; {}\n", recorded.state.as_str()))?;
    }
    Ok(Ended::Well)
}

fn status(context: &Context, named: &Named) -> Result<Ended> {
    let place = Place::of(context, named)?;
    shown(&place.traffic.canary()?.status()?, named.json)
}

fn stop(context: &Context, args: &Stop) -> Result<Ended> {
    let place = Place::of(context, &args.named)?;
    let canary = place.traffic.canary()?;
    let keep = match args.keep {
        Keep::Old => Arm::Old,
        Keep::New => Arm::New,
    };
    let by = place.by(context, args.by.as_deref())?;
    canary.stop(
        keep,
        &by.who,
        &args.why,
        &place.traffic.versions(),
        by.at_ms,
    )?;
    shown(&canary.status()?, args.named.json)
}

fn percent(share: f64) -> String {
    format!("{} %", (1000.0 * share).round() / 10.0)
}

fn shown(status: &CanaryStatus, as_json: bool) -> Result<Ended> {
    if as_json {
        let mut object = serde_json::to_value(status)
            .map_err(|error| Error::Invalid(format!("the status: {error}")))?;
        object["undecided"] = status.undecided().into();
        output::print_json(&object)?;
        return Ok(Ended::Well);
    }
    let plan = &status.plan;
    let mut text = format!("canary of {}: {}\n", plan.bot, status.state.as_str());
    let rows = [
        ("old", &plan.old, &status.old, status.failed[0]),
        ("new", &plan.new, &status.new, status.failed[1]),
    ];
    for (word, hash, moments, failed) in rows {
        let counted = counted(moments);
        let _ = writeln!(text, "{word}  {}  {counted}, {failed} failed", short(hash));
    }
    let _ = writeln!(text, "harm     evidence {:.2} of 20", status.harm);
    let _ = writeln!(text, "benefit  evidence {:.2} of 20", status.benefit);
    match (&status.why, &status.who) {
        (Some(why), Some(who)) => {
            let _ = writeln!(text, "{who}: {why}");
            if !status.settled {
                text.push_str("the bot's file was not changed yet: the next outcome tries again\n");
            }
        }
        _ if status.undecided() => text.push_str(
            "neither harm nor benefit is shown: `canary stop --keep old` or `--keep new` decides\n",
        ),
        _ => {
            let (sessions, days) = (plan.most_sessions, plan.most_days);
            let _ = writeln!(
                text,
                "the watch ends after {sessions} sessions or {days} days"
            );
        }
    }
    output::print(&text)?;
    Ok(Ended::Well)
}
