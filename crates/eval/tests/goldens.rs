//! Our numbers against those of the reference implementations.
//!
//! The file named by `BOTSMITH_GOLDENS`, or the smaller one of the same shape in this folder.
//! Tolerance: |a - b| <= 1e-9 * max(1, |b|), but for keys listed in the sections with the reason;
//! entries named `*_tol` 0.02 on p-values and 3 % on interval ends.
//!
//! Prints each section as compared or not yet due, and cases run, skipped, failed.

#![allow(
    clippy::print_stdout,
    reason = "a test that reports as it goes, without a harness"
)]

#[path = "goldens/jiwer.rs"]
mod jiwer;
#[path = "goldens/rapidfuzz.rs"]
mod rapidfuzz;
#[path = "goldens/tally.rs"]
mod tally;

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::Value;

use tally::Tally;

/// Compares one pair's section.
type PairCheck = fn(&Value, &Value, &mut Tally);
/// Compares a section of the whole file.
type FileCheck = fn(&Value, &mut Tally);

/// Sections under each pair's `m`. `None`: comes with later work.
const PAIRS: &[(&str, Option<PairCheck>)] = &[
    ("jiwer", Some(jiwer::pair)),
    ("rapidfuzz", Some(rapidfuzz::pair)),
    ("textstat", None),
];

/// Sections of the file beside the pairs.
const FILE: &[(&str, Option<FileCheck>)] = &[];

/// Checks that take the whole file, as they need the pairs too: `SECTION.PART`.
const WHOLE: &[(&str, FileCheck)] = &[("corpus.jiwer", jiwer::corpus)];

fn main() -> ExitCode {
    let path = match std::env::var_os("BOTSMITH_GOLDENS") {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/small.json"),
    };
    let goldens: Value = match std::fs::read(&path).map(|bytes| serde_json::from_slice(&bytes)) {
        Ok(Ok(goldens)) => goldens,
        Ok(Err(error)) => return refuse(&format!("{} is no JSON: {error}", path.display())),
        Err(error) => return refuse(&format!("{}: {error}", path.display())),
    };
    let pairs = goldens["pairs"].as_array().map_or(&[][..], Vec::as_slice);
    if pairs.is_empty() {
        return refuse(&format!("{} has no pairs", path.display()));
    }
    println!("goldens: {}", path.display());
    let mut tally = Tally::default();
    for (name, check) in PAIRS {
        tally.section(&format!("pairs.{name}"), check.is_some(), |tally| {
            for pair in pairs {
                let wanted = &pair["m"][name];
                match check {
                    Some(check) if !wanted.is_null() => {
                        tally.case(format!("{}:{name}", pair["id"]));
                        check(pair, wanted, tally);
                    }
                    _ => tally.skip(),
                }
            }
        });
    }
    for (name, check) in FILE {
        tally.section(name, check.is_some(), |tally| match check {
            Some(check) => check(&goldens[name], tally),
            None => tally.skip(),
        });
    }
    for (name, check) in WHOLE {
        tally.section(name, true, |tally| check(&goldens, tally));
    }
    let whole = WHOLE.iter().filter_map(|(n, _)| n.split('.').next());
    tally.nothing_silent(
        &goldens,
        PAIRS.iter().map(|(n, _)| *n),
        FILE.iter().map(|(n, _)| *n).chain(whole),
    );
    tally.close_all()
}

fn refuse(why: &str) -> ExitCode {
    println!("goldens: {why}");
    println!("0 passed, 1 failed");
    ExitCode::FAILURE
}
