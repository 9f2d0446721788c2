//! `botsmith store audit verify|show`: who changed what, and whether the log of it is whole.

use std::fmt::Write as _;

use botsmith::core::audit::{Audit as Log, Damage, Entry};
use botsmith::core::hint::shown;
use botsmith::eval::{Error, Result};
use clap::Subcommand;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::{Ended, output};

#[derive(Debug, clap::Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Compute the chain of hashes anew and say where it breaks
    Verify(Verify),
    /// Show its entries
    Show(Show),
}

#[derive(Debug, clap::Args)]
struct Verify {
    /// A hash of an entry that you kept elsewhere: it has to be in the chain
    #[arg(long, value_name = "HASH")]
    known: Option<String>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Show {
    /// Only the last N entries
    #[arg(long, value_name = "N", default_value_t = 50)]
    last: u64,
    /// From entry N on, to the end
    #[arg(long, value_name = "N", conflicts_with = "last")]
    from: Option<u64>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

impl Audit {
    pub(crate) fn json(&self) -> bool {
        match &self.command {
            AuditCommand::Verify(args) => args.json,
            AuditCommand::Show(args) => args.json,
        }
    }
}

pub(super) fn run(context: &Context, args: &Audit) -> Result<Ended> {
    match &args.command {
        AuditCommand::Verify(args) => verify(context, args),
        AuditCommand::Show(args) => show(context, args),
    }
}

/// What is damaged, in one line.
pub(super) fn told(damage: &Damage) -> String {
    match damage.entry {
        Some(n) => format!("audit log, entry {n}: {}", damage.reason),
        None => format!("audit log: {}", damage.reason),
    }
}

fn verify(context: &Context, args: &Verify) -> Result<Ended> {
    if let Some(known) = &args.known
        && (known.len() != 64 || !known.bytes().all(|b| b.is_ascii_hexdigit()))
    {
        return Err(Error::Invalid(format!(
            "--known {}: the 64 hexadecimal digits of an entry's hash are wanted",
            shown(known)
        )));
    }
    let store = context.existing_store()?;
    let known = args.known.as_ref().map(|known| known.to_ascii_lowercase());
    let verified = Log::new(&*store).verify(known.as_deref())?;
    let well = verified.damage.is_none();
    if args.json {
        output::print_json(&json!({
            "ok": well, "entries": verified.entries, "head": verified.head,
            "damage": verified.damage,
        }))?;
    } else {
        let mut text = String::new();
        if let Some(damage) = &verified.damage {
            let _ = writeln!(text, "✗ {}", told(damage));
            let _ = writeln!(
                text,
                "{} entries before it are whole; compare with a copy of the store",
                verified.entries
            );
        } else {
            let _ = writeln!(text, "{} entries, the chain is whole", verified.entries);
            if let Some(head) = &verified.head {
                let _ = writeln!(
                    text,
                    "head {head}\n\nkeep the head elsewhere: `botsmith store audit verify --known HASH` \
                     then shows that nobody wrote the log anew"
                );
            }
        }
        output::print(&text)?;
    }
    Ok(match well {
        true => Ended::Well,
        false => Ended::GateFailed,
    })
}

fn show(context: &Context, args: &Show) -> Result<Ended> {
    let store = context.existing_store()?;
    let log = Log::new(&*store);
    let entries = log.head()?.map_or(0, |head| head.entries);
    let from = args.from.unwrap_or(entries.saturating_sub(args.last));
    let list = log.entries(from, usize::MAX)?;
    if args.json {
        output::print_json(&json!({"from": from, "entries": list}))?;
        return Ok(Ended::Well);
    }
    let text: String = list.iter().map(line).collect();
    output::print(if text.is_empty() {
        "no entries\n"
    } else {
        &text
    })?;
    Ok(Ended::Well)
}

fn line(entry: &Entry) -> String {
    let event = &entry.event;
    let mut text = format!(
        "{:>6}  {}  {}  {} {}  by {}\n",
        entry.n,
        when(event.at_ms),
        &entry.hash[..12],
        shown(&event.action),
        shown(&event.subject),
        shown(&event.who),
    );
    for (name, value) in event.details.as_object().into_iter().flatten() {
        // Evidence may be long: the JSON has all of it.
        let value = match value.as_str() {
            Some(text) => text.to_owned(),
            None => value.to_string(),
        };
        let _ = writeln!(text, "        {}: {}", shown(name), shown(&value));
    }
    text
}

/// A time as a person reads it.
pub(crate) fn when(at_ms: u64) -> String {
    i64::try_from(at_ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .map_or_else(
            || at_ms.to_string(),
            |at| at.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
        )
}
