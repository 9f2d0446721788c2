//! The command line: arguments, and which module does what. A program that is `botsmith` under another
//! name (the Python package's script) calls [`run`].
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
mod feedback;
mod flow;
mod hone;
mod init;
mod metric;
mod model;
mod nlp;
mod output;
mod power;
mod progress;
mod runs;
mod schema;
mod show;
mod store;
mod terminal;
mod traces;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use context::Context;

/// How a command ended, if it could run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// As wanted.
    Well,
    /// The gate, or the run, failed.
    GateFailed,
    /// A run waits for somebody.
    Waiting,
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    ExitCode::from(run(std::env::args_os()))
}

/// Runs a command line, the program's name first, and gives the exit code: 0 done (gate passed), 1 gate
/// failed, 2 could not run. Results go to stdout, progress and errors to stderr.
///
/// ```
/// assert_eq!(botsmith::cli::run(["botsmith", "no-such-command"]), 2);
/// ```
pub fn run(args: impl IntoIterator<Item = impl Into<OsString>>) -> u8 {
    let words: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let args = match Args::try_parse_from(&words) {
        Ok(args) => args,
        Err(error) => {
            // A closed pipe while printing help is no failure of ours.
            let fine = !error.use_stderr();
            if !fine && words.iter().any(|arg| arg == "--json") {
                errors::usage(&error);
            }
            let _ = error.print();
            return if fine { 0 } else { 2 };
        }
    };
    let json = args.command.json();
    let result = Context::new(&args.global).and_then(|context| {
        let traces = traces::Traces::start(&context, &args.command)?;
        let result = command(&context, args.command);
        traces.end();
        result
    });
    match result {
        Ok(Ended::Well) => 0,
        Ok(Ended::GateFailed) => 1,
        Ok(Ended::Waiting) => 3,
        Err(error) => errors::report(&error, json),
    }
}

fn command(context: &Context, command: Command) -> botsmith::eval::Result<Ended> {
    match command {
        Command::Eval(eval) => eval::run(context, eval),
        Command::Bot(bot) => bot::run(context, &bot),
        Command::Nb(nb) => bot::nb(context, &nb),
        Command::Metric(metric) => metric::run(context, &metric),
        Command::Nlp(nlp) => nlp::run(context, &nlp),
        Command::Model(model) => model::run(context, &model),
        Command::Feedback(feedback) => feedback::run(context, &feedback),
        Command::Flow(flow) => flow::run(context, &flow),
        Command::Hone(hone) => hone::run(context, &hone),
        Command::Init(init) => init::run(context, &init),
        Command::Store(store) => store::run(context, &store.command),
        Command::Doctor(doctor) => doctor::run(context, &doctor),
        Command::Schema(schema) => schema::run(&schema),
        Command::Completions(completions) => completions::run(&completions),
    }
}
