//! `botsmith bot lint`: every mistake in some cartridges, with its place.

use std::path::{Path, PathBuf};

use botsmith::core::Diagnostic;
use botsmith::eval::{Error, Result};
use botsmith::nanobots::cartridge::Cartridge;
use serde_json::{Value, json};

use super::args::Lint;
use crate::cli::context::Context;
use crate::cli::{Ended, output};

const ENDINGS: [&str; 6] = ["yml", "yaml", "md", "markdown", "mdown", "mkdn"];

pub(super) fn run(context: &Context, args: &Lint) -> Result<Ended> {
    let mut files = Vec::new();
    for path in &args.paths {
        collect(path, &mut files)?;
    }
    let mut looked_at = 0;
    let workshop = super::workshop(context);
    let (mut errors, mut warnings) = (0, 0);
    let mut rows = Vec::new();
    for file in &files {
        let read = workshop.reading(|options| Cartridge::open(file, options));
        // A folder also holds suites and data; a file that was named is meant.
        if !args.paths.contains(file) && read.as_ref().is_ok_and(foreign) {
            continue;
        }
        looked_at += 1;
        let (level, found): (&str, Vec<Value>) = match read {
            Err(error) => {
                errors += 1;
                if !args.json {
                    output::print(&format!("error[{}]: {error}\n\n", error.code()))?;
                }
                let diagnostic = match &error {
                    botsmith::nanobots::Error::Core(core) => core.diagnostic(),
                    _ => None,
                };
                let row = diagnostic.map_or_else(
                    || json!({"path": file, "code": error.code(), "message": error.to_string()}),
                    row,
                );
                ("error", vec![row])
            }
            Ok(cartridge) => {
                let found = workshop.warnings(&cartridge);
                warnings += found.len();
                let word = if args.strict { "error" } else { "warning" };
                if !args.json {
                    for warning in &found {
                        output::print(&format!("{word}[{}]: {warning}\n\n", warning.code))?;
                    }
                }
                (word, found.iter().map(row).collect())
            }
        };
        rows.extend(found.into_iter().map(|mut row| {
            row["level"] = level.into();
            row
        }));
    }
    let failed = errors > 0 || (args.strict && warnings > 0);
    if args.json {
        output::print_json(&json!({
            "ok": !failed, "files": looked_at, "errors": errors, "warnings": warnings, "found": rows,
        }))?;
    } else {
        let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
        output::print(&format!(
            "{}: {}, {}\n",
            count(looked_at, "cartridge"),
            count(errors, "error"),
            count(warnings, "warning"),
        ))?;
    }
    Ok(if failed {
        Ended::GateFailed
    } else {
        Ended::Well
    })
}

/// Whether a file has nothing of a cartridge.
fn foreign(cartridge: &Cartridge) -> bool {
    const KEYS: [&str; 7] = [
        "meta",
        "behaviors",
        "interfaces",
        "provider",
        "tools",
        "safety",
        "botsmith",
    ];
    let written = cartridge.original();
    KEYS.iter().all(|key| written.get(key).is_none())
}

fn row(found: &Diagnostic) -> Value {
    json!({
        "path": found.path, "line": found.line, "column": found.column, "field": found.field,
        "code": found.code, "message": found.message, "hint": found.hint,
    })
}

/// A file as it is; of a folder all that end like a cartridge.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let failed = |source| {
        Error::Core(botsmith::core::Error::Read {
            path: path.to_owned(),
            source,
        })
    };
    let mut entries = std::fs::read_dir(path)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<_>>>()
        .map_err(failed)?;
    entries.sort();
    for entry in entries {
        let ending = entry.extension().and_then(|e| e.to_str());
        // Links to folders are not followed: they may go round.
        if entry.is_dir() && !entry.is_symlink() {
            collect(&entry, files)?;
        } else if ending.is_some_and(|e| ENDINGS.contains(&e)) {
            files.push(entry);
        }
    }
    Ok(())
}
