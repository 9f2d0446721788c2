//! `botsmith bot history`: the versions of a bot, and what was done with them.

use std::fmt::Write as _;

use botsmith::core::digest::Digest;
use botsmith::core::hint;
use botsmith::eval::Result;
use botsmith::nanobots::versions::{Origin, Version, Versions};
use serde_json::json;

use super::args::History;
use super::{audit, by, evidence, named, settled, settled_text, shown};
use crate::cli::context::Context;
use crate::cli::store::audit::when;
use crate::cli::{Ended, output};

pub(in crate::cli::bot) fn run(context: &Context, args: &History) -> Result<Ended> {
    let named = named(context, &args.cartridge)?;
    let store = context.existing_store()?;
    let versions = Versions::of(&*store, &named.name);
    // Looking changes nothing, unless a command was killed in the middle of a change.
    let broken_off = match versions.pointer()?.begun {
        Some(_) => versions.settle(&named.file, &by(context, None, &*store)?)?,
        None => None,
    };
    let pointer = versions.pointer()?;
    let (list, moves) = (versions.list()?, versions.history()?);
    let bytes = std::fs::read(&named.file).map_err(|source| botsmith::core::Error::Read {
        path: named.file.clone(),
        source,
    })?;
    let there = Digest::of(&bytes).to_string();
    let edited = pointer.current.as_ref() != Some(&there);
    let whole = audit(&*store)?;
    if args.json {
        output::print_json(&json!({
            "bot": named.name, "file": named.file, "pointer": pointer, "edited": edited,
            "versions": list, "history": moves, "settled": settled(broken_off.as_ref()),
            "audit_whole": whole,
        }))?;
        return Ok(Ended::Well);
    }
    let mut text = settled_text(broken_off.as_ref()).unwrap_or_default();
    let find = |hash: &str| list.iter().find(|version| version.hash == hash);
    let name = |hash: Option<&String>| match hash.and_then(|hash| find(hash)) {
        Some(version) => shown(version),
        None => hash.map_or_else(|| "nothing".into(), |hash| hash.chars().take(12).collect()),
    };
    if list.is_empty() {
        let _ = writeln!(
            text,
            "{}: no versions yet; `botsmith hone` proposes some",
            named.name
        );
        output::print(&text)?;
        return Ok(Ended::Well);
    }
    let _ = writeln!(text, "{}\n", named.name);
    for version in &list {
        let mark = match &version.hash {
            hash if pointer.current.as_ref() == Some(hash) => '*',
            hash if pointer.previous.as_ref() == Some(hash) => '<',
            _ => ' ',
        };
        let _ = writeln!(text, "{mark} {:>3}  {}", version.n, line(version, &name));
        if let Some(evidence) = evidence(version) {
            let _ = writeln!(text, "       {evidence}");
        }
    }
    text.push('\n');
    for moved in &moves {
        let _ = write!(
            text,
            "{}  {:9} {} -> {}  by {}",
            when(moved.at_ms),
            moved.action.as_str(),
            name(moved.from.as_ref()),
            name(moved.to.as_ref()),
            hint::shown(&moved.who)
        );
        if let Some(note) = &moved.note {
            let _ = write!(text, " ({})", hint::shown(note));
        }
        text.push('\n');
    }
    text.push_str("\n* in force   < before it\n");
    if pointer.pinned.is_some() {
        let _ = writeln!(text, "pinned to {}", name(pointer.pinned.as_ref()));
    }
    if edited {
        text.push_str("the file was edited since: the next change keeps it as a version\n");
    }
    if !whole {
        text.push_str("✗ the audit log is damaged: `botsmith store audit verify` says where\n");
    }
    output::print(&text)?;
    Ok(Ended::Well)
}

fn line(version: &Version, name: &dyn Fn(Option<&String>) -> String) -> String {
    let origin = match version.origin {
        Origin::Found => "found in the file",
        Origin::Proposed => "proposed",
        Origin::Promoted => "promoted",
        _ => "kept",
    };
    let mut text = format!(
        "{}  {origin} by {}, {}",
        shown(version),
        hint::shown(&version.who),
        when(version.at_ms)
    );
    if version.parent.is_some() {
        let _ = write!(text, ", from {}", name(version.parent.as_ref()));
    }
    text
}
