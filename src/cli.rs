//! The command line: arguments, and which module does what.
//!
//! Results go to stdout, progress and errors to stderr. Exit codes: 0 done (gate passed), 1 gate
//! failed, 2 could not run.

mod args;
mod bot;
mod compare;
mod completions;
mod context;
mod doctor;
mod errors;
mod eval;
mod init;
mod metric;
mod nlp;
mod output;
mod power;
mod progress;
mod runs;
mod schema;
mod show;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use context::Context;

/// How a command ended, if it could run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// As wanted.
    Well,
    /// The gate failed.
    GateFailed,
}

/// Runs the command line.
pub(crate) fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // A closed pipe while printing help is no failure of ours.
            let fine = !error.use_stderr();
            if !fine && std::env::args_os().any(|arg| arg == "--json") {
                errors::usage(&error);
            }
            let _ = error.print();
            return ExitCode::from(if fine { 0 } else { 2 });
        }
    };
    let json = args.command.json();
    let result = Context::new(&args.global).and_then(|context| match args.command {
        Command::Eval(eval) => eval::run(&context, eval),
        Command::Bot(bot) => bot::run(&context, &bot),
        Command::Nb(nb) => bot::nb(&context, &nb),
        Command::Metric(metric) => metric::run(&context, &metric),
        Command::Nlp(nlp) => nlp::run(&context, &nlp),
        Command::Init(init) => init::run(&context, &init),
        Command::Doctor(doctor) => doctor::run(&context, &doctor),
        Command::Schema(schema) => schema::run(&schema),
        Command::Completions(completions) => completions::run(&completions),
    });
    match result {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::GateFailed) => ExitCode::from(1),
        Err(error) => errors::report(&error, json),
    }
}
