//! `botsmith bot history|diff|promote|rollback|pin`: the versions of a bot, and which one is in force.

mod args;
mod diff;
mod history;

use std::fmt::Write as _;

use botsmith::core::audit::Audit;
use botsmith::core::store::StateStore;
use botsmith::eval::{Error, Result};
use botsmith::nanobots::versions::{BotFile, By, Moved, Promotion, Settled, Version, Versions};
use serde_json::{Value, json};

pub(crate) use args::{Diff, History, Pin, Promote, Rollback};

use super::ask;
use crate::cli::context::Context;
use crate::cli::{Ended, output};

pub(super) use diff::run as diff;
pub(super) use history::run as history;

/// Finds the bot that is meant.
pub(super) fn named(context: &Context, name: &str) -> Result<BotFile> {
    Ok(super::workshop(context).bot_file(name)?)
}

/// Who does it, and when by the store's clock.
pub(in crate::cli) fn by(
    context: &Context,
    given: Option<&str>,
    store: &dyn StateStore,
) -> Result<By> {
    Ok(By::user(given, &context.environment, store.now_ms()?))
}

/// A version in one line: `1.0.1 (0f3a…)`.
fn shown(version: &Version) -> String {
    match &version.name {
        Some(name) => format!(
            "{} ({})",
            botsmith::core::hint::shown(name),
            version.short()
        ),
        None => version.short().to_owned(),
    }
}

/// What the gate said, in one line.
fn evidence(version: &Version) -> Option<String> {
    let gate = version.gate()?;
    let mut text = match (gate.passed, gate.advisory) {
        (true, _) => "gate passed".to_owned(),
        (false, true) => format!("gate only advisory: {}", gate.reasons.join("; ")),
        (false, false) => format!("gate refused: {}", gate.reasons.join("; ")),
    };
    if let Some(difference) = gate.difference {
        // The best of several always looks better than it is.
        let _ = write!(
            text,
            ", {:+.1} points (selected: expect less)",
            100.0 * difference
        );
    }
    Some(text)
}

pub(super) fn promote(context: &Context, args: &Promote) -> Result<Ended> {
    let named = named(context, &args.cartridge)?;
    let store = context.existing_store()?;
    let versions = Versions::of(&*store, &named.name);
    let version = versions.find(&args.version)?;
    if !args.json && !context.quiet() {
        output::print(&format!("{} -> {}\n", named.name, shown(&version)))?;
        if let Some(evidence) = evidence(&version) {
            output::print(&format!("{evidence}\n"))?;
        }
    }
    if !args.yes {
        match ask::confirm(&format!("make it the bot {}?", named.name)) {
            Some(true) => {}
            Some(false) => {
                output::note("not promoted");
                return Ok(Ended::GateFailed);
            }
            None => {
                return Err(Error::Invalid(
                    "a person approves a promotion: look at `botsmith bot diff`, then say `--yes`"
                        .into(),
                ));
            }
        }
    }
    let by = by(context, args.by.as_deref(), &*store)?;
    let mut promotion = Promotion::default().approval(json!({"by": by.who, "at": by.at_ms}));
    if let Some(reason) = &args.without_gate {
        promotion = promotion.without_gate(reason.as_str());
    }
    let moved = versions.promote(&version.hash, Some(&named.file), &promotion, &by)?;
    told(context, &versions, "promoted to", &moved, args.json)
}

pub(super) fn rollback(context: &Context, args: &Rollback) -> Result<Ended> {
    let named = named(context, &args.cartridge)?;
    let store = context.existing_store()?;
    let versions = Versions::of(&*store, &named.name);
    let to = args.to.as_deref().map(|to| versions.find(to)).transpose()?;
    let by = by(context, args.by.as_deref(), &*store)?;
    let to = to.map(|version| version.hash);
    let moved = versions.rollback(to.as_deref(), Some(&named.file), &by)?;
    told(context, &versions, "rolled back to", &moved, args.json)
}

pub(super) fn pin(context: &Context, args: &Pin) -> Result<Ended> {
    let named = named(context, &args.cartridge)?;
    let store = context.store()?;
    let versions = Versions::of(&*store, &named.name);
    let by = by(context, args.by.as_deref(), &*store)?;
    if args.off {
        let was = versions.unpin(&by)?;
        if args.json {
            output::print_json(
                &json!({"bot": named.name, "unpinned": was, "pointer": versions.pointer()?}),
            )?;
        } else {
            output::print(if was {
                "no longer pinned\n"
            } else {
                "it was not pinned\n"
            })?;
        }
        return Ok(Ended::Well);
    }
    let to = args
        .version
        .as_deref()
        .map(|to| versions.find(to))
        .transpose()?;
    let to = to.map(|version| version.hash);
    let moved = versions.pin(to.as_deref(), Some(&named.file), &by)?;
    told(context, &versions, "pinned to", &moved, args.json)
}

fn told(
    context: &Context,
    versions: &Versions<'_>,
    what: &str,
    moved: &Moved,
    as_json: bool,
) -> Result<Ended> {
    if as_json {
        output::print_json(&json!({
            "bot": versions.bot(), "from": moved.from, "to": moved.version.hash,
            "version": moved.version, "settled": settled(moved.settled.as_ref()),
            "pointer": versions.pointer()?,
        }))?;
        return Ok(Ended::Well);
    }
    let mut text = String::new();
    if let Some(note) = settled_text(moved.settled.as_ref()) {
        text.push_str(&note);
    }
    let _ = writeln!(text, "{} {what} {}", versions.bot(), shown(&moved.version));
    if !context.quiet() {
        let _ = write!(
            text,
            "\nnext: botsmith bot history {bot}; back with botsmith bot rollback {bot}\n",
            bot = versions.bot()
        );
    }
    output::print(&text)?;
    Ok(Ended::Well)
}

/// What became of a change that a killed command had begun.
fn settled(settled: Option<&Settled>) -> Value {
    match settled {
        None => Value::Null,
        Some(Settled::Finished(moved)) => json!({"finished": moved}),
        Some(Settled::Undone(moved)) => json!({"undone": moved}),
    }
}

fn settled_text(settled: Option<&Settled>) -> Option<String> {
    let (word, moved) = match settled? {
        Settled::Finished(moved) => ("finished", moved),
        Settled::Undone(moved) => ("undone", moved),
    };
    let what = output::one_line(moved.note.as_deref().unwrap_or(moved.action.as_str()));
    Some(format!("a change that was broken off is {word}: {what}\n"))
}

/// Whether the audit log is whole, for the history's last line.
fn audit(store: &dyn StateStore) -> Result<bool> {
    Ok(Audit::new(store).verify(None)?.damage.is_none())
}
