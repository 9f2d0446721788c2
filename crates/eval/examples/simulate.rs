//! What the loop promises, tried out on made-up people, judges and bots whose truth is known.
//!
//! `simulate [NAME…] [--loops N] [--seed N] [--short] [--page FILE]` runs the simulations named (all
//! without a name), prints each figure with its interval and what is wanted, writes the page of the
//! documentation, and ends with 1 if a figure misses. `scripts/simulate` calls it; the short forms are
//! tests (`tests/simulations.rs`).
//!
//! A simulation is a file in `simulate/` and a line in `simulate/modes.rs`.

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]
#![allow(
    dead_code,
    unreachable_pub,
    reason = "its modules are shared with a test, and their frame serves all"
)]

#[path = "simulate/modes.rs"]
mod modes;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use modes::frame::{Failure, Plan, page};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            println!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// What the command line asks for.
#[derive(Debug, Default)]
struct Args {
    names: Vec<String>,
    plan: Plan,
    page: Option<PathBuf>,
}

fn args() -> Result<Args, Failure> {
    let mut args = Args::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} wants a value"));
        match word.as_str() {
            "--loops" => args.plan.loops = Some(value()?.parse()?),
            "--seed" => args.plan.seed = value()?.parse()?,
            "--short" => args.plan.short = true,
            "--page" => args.page = Some(value()?.into()),
            flag if flag.starts_with('-') => {
                let known = "--loops N, --seed N, --short, --page FILE";
                return Err(format!("no option {flag}; there are {known}").into());
            }
            name => args.names.push(name.to_owned()),
        }
    }
    Ok(args)
}

fn run() -> Result<bool, Failure> {
    let args = args()?;
    let known: Vec<&str> = modes::ALL.iter().map(|mode| mode.name).collect();
    if let Some(name) = args
        .names
        .iter()
        .find(|name| !known.contains(&name.as_str()))
    {
        return Err(format!("no simulation `{name}`; there are {}", known.join(", ")).into());
    }
    let wanted = |name: &str| args.names.is_empty() || args.names.iter().any(|n| n == name);
    let (mut held, mut results) = (true, Vec::new());
    for mode in modes::ALL.iter().filter(|mode| wanted(mode.name)) {
        let start = Instant::now();
        let figures = (mode.run)(&args.plan)?;
        println!(
            "{}: {} ({:.1} s)",
            mode.name,
            mode.about,
            start.elapsed().as_secs_f64()
        );
        for figure in &figures {
            println!("  {}", figure.line(args.plan.short));
            held &= figure.holds(args.plan.short);
        }
        results.push((mode, figures));
    }
    if let Some(path) = &args.page {
        std::fs::write(path, page(&results, &args.plan))?;
    }
    if !held {
        println!("a figure is not what is wanted (marked MISS)");
    }
    Ok(held)
}
