//! Checks an engine library on the machine that it is for, against the engine of this program on the CPU: the same
//! numbers for every architecture and kind of weights, the same alone and in a batch; then how fast it is, and what
//! memory it takes. One program, with its tiny models inside; a JSON of everything that it found goes to a file.
//!
//!     gpu_check LIBRARY [--device cuda:0] [--json FILE] [--only parity|speed] [--short]
//!
//! Ends with 1 where numbers differ by more than they may. `--short`: models that are small, to see that all of it runs.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what it finds is printed"
)]

mod apart;
mod fixtures;
mod models;
mod parity;
mod speed;

use std::error::Error;
use std::process::ExitCode;

use botsmith_core::engine::{Accelerator, Place};
use serde_json::{Map, Value, json};

const USAGE: &str =
    "usage: gpu_check LIBRARY [--device cuda:0] [--json FILE] [--only parity|speed] [--short]";

type Failure = Box<dyn Error>;
type Part = fn(&Place, bool, &mut Report) -> Result<(), Failure>;

/// What was found, and whether it is as it has to be.
#[derive(Default)]
struct Report {
    found: Map<String, Value>,
    missed: Vec<String>,
}

impl Report {
    /// A number that must not be above its limit.
    fn at_most(&mut self, what: &str, number: f64, limit: f64) {
        let kept = number <= limit;
        println!(
            "{}  {what}: {number:.2e}, at most {limit:.0e}",
            if kept { "ok    " } else { "MISSED" }
        );
        if !kept {
            self.missed.push(what.to_owned());
        }
        self.found
            .insert(what.to_owned(), json!({"found": number, "limit": limit}));
    }

    /// A measurement.
    fn measured(&mut self, what: &str, number: f64, unit: &str) {
        println!("        {what}: {number:.1} {unit}");
        self.found
            .insert(what.to_owned(), json!({"found": number, "unit": unit}));
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool, Failure> {
    let (mut library, mut device, mut file, mut short) = (None, "cuda:0".to_owned(), None, false);
    let mut only = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--device" => device = arguments.next().ok_or("--device wants a word")?,
            "--json" => file = Some(arguments.next().ok_or("--json wants a file")?),
            "--only" => match arguments.next().as_deref() {
                Some(part @ ("parity" | "speed")) => only = Some(part.to_owned()),
                _ => return Err("--only wants `parity` or `speed`".into()),
            },
            "--short" => short = true,
            path if library.is_none() && !path.starts_with('-') => library = Some(path.to_owned()),
            other => return Err(format!("`{other}` is not known").into()),
        }
    }
    let library = library.ok_or(USAGE)?;
    let place = Accelerator::open(&library)?.device(&device)?;
    println!("{place}");
    let mut report = Report::default();
    let parts: [(&str, Part); 2] = [("parity", parity::run), ("speed", speed::run)];
    for (name, part) in parts {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        println!("\n{name}");
        // What was found before stays, whatever happens to the rest.
        if let Err(error) = part(&place, short, &mut report) {
            println!("FAILED  {name}: {error}");
            report.missed.push(format!("{name}: {error}"));
        }
    }
    let fine = report.missed.is_empty();
    let all = json!({
        "device": place.to_string(),
        "version": env!("CARGO_PKG_VERSION"),
        "short": short,
        "missed": report.missed,
        "found": report.found,
    });
    if let Some(file) = file {
        std::fs::write(file, serde_json::to_string_pretty(&all)?)?;
    }
    println!(
        "\n{}",
        if fine {
            "all as it has to be"
        } else {
            "something differs"
        }
    );
    Ok(fine)
}
