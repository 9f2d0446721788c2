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

#[path = "goldens/bleu.rs"]
mod bleu;
#[path = "goldens/chrf.rs"]
mod chrf;
#[path = "goldens/corpus.rs"]
mod corpus;
#[path = "goldens/jiwer.rs"]
mod jiwer;
#[path = "goldens/paired.rs"]
mod paired;
#[path = "goldens/rapidfuzz.rs"]
mod rapidfuzz;
#[path = "goldens/refusals.rs"]
mod refusals;
#[path = "goldens/rouge.rs"]
mod rouge;
#[path = "goldens/stats.rs"]
mod stats;
#[path = "goldens/tally.rs"]
mod tally;
#[path = "goldens/textstat.rs"]
mod textstat;

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::Value;

use tally::Tally;

/// Compares one pair's section.
type PairCheck = fn(&Value, &Value, &mut Tally);
/// Compares a section of the file, or (in [`WHOLE`]) takes the whole file.
type FileCheck = fn(&Value, &mut Tally);

/// Sections under each pair's `m`. `None`: comes with later work.
const PAIRS: &[(&str, Option<PairCheck>)] = &[
    ("sacrebleu", Some(bleu::sentence)),
    ("tok", Some(bleu::tokens)),
    ("nltk", Some(bleu::nltk)),
    ("chrf", Some(chrf::chrf_pair)),
    ("ter", Some(chrf::ter_pair)),
    ("rouge", Some(rouge::rouge)),
    ("meteor", Some(rouge::meteor)),
    ("jiwer", Some(jiwer::pair)),
    ("rapidfuzz", Some(rapidfuzz::pair)),
    ("textstat", Some(textstat::pair)),
];

/// Sections of the file beside the pairs; `stats` has its own list of sections.
const FILE: &[(&str, Option<FileCheck>)] = &[
    ("porter", Some(rouge::porter)),
    ("porter_modes", Some(rouge::porter_modes)),
];

/// Checks that take the whole file, as they need the pairs too: the section, what is compared.
const WHOLE: &[(&str, &str, FileCheck)] = &[
    ("corpus", "bleu", bleu::corpus),
    ("corpus", "chrf, ter", corpus::check),
    ("corpus", "jiwer", jiwer::corpus),
    ("sacrebleu_paired_tol", "all", paired::check),
];

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
    for (name, check) in FILE.iter().chain(stats::SECTIONS) {
        // `stats.paired` is `paired` in `stats`.
        let section = name.split('.').fold(&goldens, |at, key| &at[key]);
        tally.section(name, check.is_some(), |tally| match check {
            Some(check) => check(section, tally),
            None => tally.skip_all(section),
        });
    }
    for (name, what, check) in WHOLE {
        tally.section(&format!("{name} ({what})"), true, |tally| {
            check(&goldens, tally);
        });
    }
    let sections = FILE.iter().chain(stats::SECTIONS).map(|(name, _)| *name);
    tally.nothing_silent(
        &goldens,
        PAIRS.iter().map(|(name, _)| *name),
        sections.chain(WHOLE.iter().map(|(name, ..)| *name)),
    );
    refusals::check(&mut tally);
    tally.close_all()
}

fn refuse(why: &str) -> ExitCode {
    println!("goldens: {why}");
    println!("0 passed, 1 failed");
    ExitCode::FAILURE
}
