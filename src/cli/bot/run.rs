//! `botsmith bot run`: one question, one answer.

use std::io::{IsTerminal, Read, Write};
use std::time::Duration;

use botsmith::core::chat::Call;
use botsmith::eval::{Error, Result};
use botsmith::nanobots::interface::Mode;
use botsmith::nanobots::session::{Piece, Quiet, Reply};
use serde_json::json;

use super::args::Run;
use crate::cli::context::Context;
use crate::cli::{Ended, output};

/// A question on stdin may have this many bytes.
const MAX_INPUT: u64 = 16 << 20;

pub(super) fn run(context: &Context, args: &Run) -> Result<Ended> {
    let workshop = super::told(context, &args.which, args.allow)?;
    let bot = super::open(context, workshop, &args.which)?;
    let mut session = super::session(context, &bot, &args.remembered, !args.no_stream)?;
    let input = words(&args.words)?;
    if input.trim().is_empty() {
        return Err(nothing_asked());
    }
    let call = call(args.timeout)?;
    let runtime = super::runtime();
    if args.json {
        let mut quiet = Quiet;
        let answered = session.eval(&input, Mode::Eval, &mut quiet, &call);
        let reply = runtime.block_on(answered)?;
        output::print_json(&json!({
            "bot": bot.cartridge().as_written().meta().name,
            "output": reply.output,
            "turn": reply.turn,
        }))?;
        return Ok(Ended::Well);
    }
    let mut line = Line::default();
    let mut show = |piece: &Piece<'_>| line.show(piece);
    let answered = runtime.block_on(session.eval(&input, Mode::Eval, &mut show, &call));
    let reply = line.close_if_failed(answered)?;
    if !context.quiet() {
        notes(&reply);
    }
    Ok(Ended::Well)
}

/// What is printed of an answer as it comes, and whether its last line is still open.
#[derive(Debug, Default)]
pub(super) struct Line {
    open: bool,
}

impl Line {
    /// Prints a piece of output. A reader that went away is no error of ours.
    pub(super) fn show(&mut self, piece: &Piece<'_>) {
        if let Some(fragment) = piece.fragment.filter(|fragment| !fragment.is_empty()) {
            self.open = !fragment.ends_with('\n');
            let mut out = std::io::stdout().lock();
            let _ = out
                .write_all(fragment.as_bytes())
                .and_then(|()| out.flush());
        }
    }

    /// Ends the line of an answer that broke off: what is said of the failure begins a new one.
    pub(super) fn close_if_failed<T, E>(&self, answered: Result<T, E>) -> Result<T, E> {
        if self.open && answered.is_err() {
            let _ = output::print("\n");
        }
        answered
    }
}

/// What the person should know about an answer, on stderr.
pub(super) fn notes(reply: &Reply) {
    let Some(turn) = &reply.turn else { return };
    for note in &turn.notes {
        output::note(&format!("note: {}", output::many_lines(note)));
    }
    for hop in turn.response.hops.iter().filter(|hop| hop.error.is_some()) {
        let error = hop.error.as_deref().unwrap_or_default();
        output::note(&output::many_lines(&format!(
            "note: {}/{} did not answer: {error}",
            hop.provider, hop.model
        )));
    }
    if turn.response.cached {
        output::note("note: a cached answer: nobody was asked");
    }
    if turn.response.provider == "script" {
        output::note("note: a scripted answer, made up for demonstration");
    }
}

/// The words of the command line, or all of stdin without its last line feed.
pub(super) fn words(words: &[String]) -> Result<String> {
    if !words.is_empty() {
        return Ok(words.join(" "));
    }
    let mut stdin = std::io::stdin().lock();
    if stdin.is_terminal() {
        return Err(nothing_asked());
    }
    let mut text = String::new();
    let read = |source| {
        Error::Core(botsmith::core::Error::Read {
            path: "stdin".into(),
            source,
        })
    };
    (&mut stdin)
        .take(MAX_INPUT + 1)
        .read_to_string(&mut text)
        .map_err(read)?;
    if text.len() as u64 > MAX_INPUT {
        return Err(Error::Invalid(format!(
            "the question on stdin is longer than {MAX_INPUT} bytes"
        )));
    }
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

fn nothing_asked() -> Error {
    Error::Invalid(
        "nothing was asked: add the question, or send it on stdin; `botsmith bot repl` talks"
            .into(),
    )
}

fn call(timeout: Option<f64>) -> Result<Call> {
    match timeout {
        None => Ok(Call::default()),
        Some(seconds) => match Duration::try_from_secs_f64(seconds) {
            Ok(time) if !time.is_zero() => Ok(Call::within(time)),
            _ => Err(Error::Invalid(format!(
                "--timeout {seconds}: a number of seconds above 0 is wanted"
            ))),
        },
    }
}
