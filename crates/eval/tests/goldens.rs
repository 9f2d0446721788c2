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

#[path = "goldens/refusals.rs"]
mod refusals;
#[path = "goldens/stats.rs"]
mod stats;
#[path = "goldens/bleu.rs"]
mod bleu;
#[path = "goldens/chrf.rs"]
mod chrf;
#[path = "goldens/corpus.rs"]
mod corpus;
#[path = "goldens/rouge.rs"]
mod rouge;
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
/// Compares a section of the whole file, which comes second.
type FileCheck = fn(&Value, &Value, &mut Tally);

/// Sections under each pair's `m`. `None`: comes with later work.
const PAIRS: &[(&str, Option<PairCheck>)] = &[
    ("sacrebleu", Some(bleu::sentence)),
    ("tok", Some(bleu::tokens)),
    ("nltk", Some(bleu::nltk)),
    ("jiwer", Some(jiwer::pair)),
    ("rapidfuzz", Some(rapidfuzz::pair)),
    ("textstat", None),
];

/// Sections of the file beside the pairs; `stats` has its own list of sections.
const FILE: &[(&str, Option<FileCheck>)] = &[];
    ("chrf", Some(chrf::chrf_pair)),
    ("ter", Some(chrf::ter_pair)),
/// Sections of the file beside the pairs.
const FILE: &[(&str, Option<FileCheck>)] = &[("corpus", Some(corpus::check))];

/// Checks that take the whole file, as they need the pairs too: `SECTION.PART`.
const WHOLE: &[(&str, FileCheck)] = &[
    ("corpus.bleu", bleu::corpus),
    ("sacrebleu_paired_tol.bleu", bleu::paired),
    ("meteor", Some(rouge::meteor)),
    ("rouge", Some(rouge::rouge)),
const FILE: &[(&str, Option<FileCheck>)] = &[
    ("porter", Some(rouge::porter)),
    ("porter_modes", Some(rouge::porter_modes)),
];

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
    for (name, check) in FILE.iter().chain(stats::SECTIONS) {
        // `stats.paired` is `paired` in `stats`.
        let section = name.split('.').fold(&goldens, |at, key| &at[key]);
        tally.section(name, check.is_some(), |tally| match check {
            Some(check) => check(section, tally),
            None => tally.skip_all(section),
            Some(check) => check(&goldens[name], &goldens, tally),
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
        FILE.iter().chain(stats::SECTIONS).map(|(n, _)| *n),
        FILE.iter().map(|(n, _)| *n).chain(whole),
    );
    refusals::check(&mut tally);
    tally.close_all()
}

fn refuse(why: &str) -> ExitCode {
    println!("goldens: {why}");
    println!("0 passed, 1 failed");
    ExitCode::FAILURE
}
