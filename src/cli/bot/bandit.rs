//! `botsmith bot bandit start|version|record|status|stop`: sessions shared among versions that passed the gate, the
//! better ones getting more.

use std::fmt::Write as _;

use botsmith::eval::online::{BanditStatus, WantedBandit};
use botsmith::eval::stats::Estimate;
use botsmith::eval::{Error, Result};
use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::online::{Named, Place, counted, short};
use crate::cli::context::Context;
use crate::cli::{Ended, output};

#[derive(Debug, clap::Args)]
pub(crate) struct BanditArgs {
    #[command(subcommand)]
    command: BanditCommand,
}

#[derive(Debug, Subcommand)]
enum BanditCommand {
    /// Share the sessions among versions
    #[command(disable_version_flag = true)]
    Start(Start),
    /// Say which version a session gets
    Version(Session),
    /// Record the reward of a session; the first one counts
    Record(Record),
    /// Show what was seen, and what each version would have earned
    Status(Named),
    /// End it: everybody gets one version
    Stop(Stop),
}

/// What rewards are like.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum RewardsWord {
    /// 0 or 1
    PassFail,
    /// Any number
    Graded,
}

#[derive(Debug, clap::Args)]
struct Start {
    #[command(flatten)]
    named: Named,
    /// A version that takes part, which passed the gate (advisory is no pass) or is in force: digits of its hash, `current`, its number (give it twice or more)
    #[arg(long = "version", value_name = "VERSION", required = true)]
    versions: Vec<String>,
    /// What rewards are like
    #[arg(long, value_enum, default_value = "pass-fail")]
    rewards: RewardsWord,
    /// The variance of graded rewards within a version [default: it is learned]
    #[arg(long, value_name = "X")]
    variance: Option<f64>,
    /// The probability with which a version is drawn uniformly
    #[arg(long, value_name = "P", default_value_t = 0.1)]
    floor: f64,
    /// Only the newest N rewards count
    #[arg(long, value_name = "N")]
    window: Option<u64>,
    /// The draws are made from it [default: another one each time]
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
    /// What came of it
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    reward: f64,
}

#[derive(Debug, clap::Args)]
struct Stop {
    #[command(flatten)]
    named: Named,
    /// The version that everybody gets
    #[arg(long, value_name = "VERSION")]
    keep: String,
    /// Who says so [default: the user of this computer]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "stopped by hand")]
    why: String,
}

impl BanditArgs {
    pub(crate) fn json(&self) -> bool {
        match &self.command {
            BanditCommand::Start(args) => args.named.json,
            BanditCommand::Version(args) => args.named.json,
            BanditCommand::Record(args) => args.of.named.json,
            BanditCommand::Status(named) => named.json,
            BanditCommand::Stop(args) => args.named.json,
        }
    }
}

pub(super) fn run(context: &Context, args: &BanditArgs) -> Result<Ended> {
    match &args.command {
        BanditCommand::Start(args) => start(context, args),
        BanditCommand::Version(args) => version(context, args),
        BanditCommand::Record(args) => record(context, args),
        BanditCommand::Status(named) => status(context, named),
        BanditCommand::Stop(args) => stop(context, args),
    }
}

fn start(context: &Context, args: &Start) -> Result<Ended> {
    let place = Place::of(context, &args.named)?;
    let mut wanted = WantedBandit::default();
    wanted.versions.clone_from(&args.versions);
    wanted.graded = matches!(args.rewards, RewardsWord::Graded);
    wanted.variance = args.variance;
    if args.variance.is_some() && !wanted.graded {
        return Err(Error::Invalid(
            "--variance: rewards of 0 and 1 have none of their own; add `--rewards graded`".into(),
        ));
    }
    wanted.floor = args.floor;
    wanted.window = args.window;
    wanted.salt.clone_from(&args.salt);
    let bandit = place.traffic.start_bandit(&wanted, place.now_ms()?)?;
    shown(&bandit.status()?, args.named.json)
}

fn version(context: &Context, args: &Session) -> Result<Ended> {
    let place = Place::of(context, &args.named)?;
    let now = place.now_ms()?;
    let drawn = place.traffic.bandit()?.version_for(&args.session, now)?;
    match args.named.json {
        true => output::print_json(&drawn)?,
        false => output::print(&format!("{}\n", drawn.version))?,
    }
    Ok(Ended::Well)
}

fn record(context: &Context, args: &Record) -> Result<Ended> {
    let place = Place::of(context, &args.of.named)?;
    let now = place.now_ms()?;
    let bandit = place.traffic.bandit()?;
    let counted = bandit.record(&args.of.session, args.reward, now)?;
    if args.of.named.json {
        output::print_json(&json!({"counted": counted}))?;
    } else {
        output::print(match counted {
            true => "counted\n",
            false => "not counted: the session has a reward already, or the bandit was stopped\n",
        })?;
    }
    Ok(Ended::Well)
}

fn status(context: &Context, named: &Named) -> Result<Ended> {
    let place = Place::of(context, named)?;
    shown(&place.traffic.bandit()?.status()?, named.json)
}

fn stop(context: &Context, args: &Stop) -> Result<Ended> {
    let place = Place::of(context, &args.named)?;
    let keep = place.traffic.version(&args.keep)?.hash;
    let by = place.by(context, args.by.as_deref())?;
    let bandit = place.traffic.bandit()?;
    bandit.stop(
        &keep,
        &by.who,
        &args.why,
        &place.traffic.versions(),
        by.at_ms,
    )?;
    shown(&bandit.status()?, args.named.json)
}

/// An estimate with its interval.
fn range(estimate: Option<&Estimate>) -> String {
    match estimate {
        None => "nothing yet".into(),
        Some(Estimate {
            value,
            interval: Some(interval),
            ..
        }) => format!("{value:.3} {interval}"),
        Some(Estimate { value, .. }) => format!("{value:.3}"),
    }
}

fn shown(status: &BanditStatus, as_json: bool) -> Result<Ended> {
    if as_json {
        output::print_json(status)?;
        return Ok(Ended::Well);
    }
    let mut text = format!(
        "bandit of {}: {} rewards\n",
        status.plan.bot, status.rewards
    );
    for of in &status.versions {
        let _ = writeln!(
            text,
            "{}  {}; best with {:.1} %, drawn with {:.1} %\n              had all sessions got it: {}",
            short(&of.version),
            counted(&of.seen),
            100.0 * of.best,
            100.0 * of.propensity,
            range(of.doubly_robust.as_ref())
        );
    }
    if let Some(kept) = &status.kept {
        let _ = writeln!(text, "stopped: everybody gets {}", short(kept));
    }
    output::print(&text)?;
    Ok(Ended::Well)
}
