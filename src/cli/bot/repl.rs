//! `botsmith bot repl`: talk with a bot.
//!
//! Ctrl-C ends an answer, not the conversation; Ctrl-D, or `/exit`, ends the conversation. A line that ends
//! with a backslash goes on in the next; `"""` opens and closes a text of several lines.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use botsmith::core::chat::{Call, CancelToken, ErrorClass};
use botsmith::core::hint::nearest;
use botsmith::eval::{Error, Result};
use botsmith::nanobots::interface::Mode;
use botsmith::nanobots::session::{Piece, Reply};
use botsmith::nanobots::{Error as BotError, Session};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Completer, Editor, Helper, Highlighter, Hinter};

use super::args::Repl;
use super::run::Line;
use crate::cli::context::Context;
use crate::cli::{Ended, output};

const HELP: &str = "\
/help      this
/history   what was said so far
/exit      end (Ctrl-D does, too)

Ctrl-C ends an answer. A line that ends with \\ goes on in the next;
\"\"\" opens and closes a text of several lines.
";

pub(super) fn run(context: &Context, args: &Repl) -> Result<Ended> {
    let workshop = super::told(context, &args.which, args.allow)?;
    let bot = super::open(context, workshop, &args.which)?;
    let session = super::session(context, &bot, &args.remembered, !args.no_stream)?;
    if !context.quiet() {
        let meta = bot.cartridge().as_written().meta();
        let name = meta.name.unwrap_or_else(|| "a bot without a name".into());
        let info = bot.model().info();
        output::note(&output::one_line(&format!(
            "{name}, answered by {}/{}; /help helps",
            info.provider, info.model
        )));
        if let Some(key) = &args.remembered.session {
            let said = session.history().len();
            output::note(&format!("session `{key}`: {said} messages so far"));
        }
    }
    // What is sealed in the store must not lie open beside it.
    let sealed = super::password(context, super::PASSWORD)?.is_some();
    let remembered = (!sealed).then(|| history_file(context));
    talk(session, remembered.as_deref())
}

fn history_file(context: &Context) -> PathBuf {
    context.config.folder.join(".botsmith").join("repl-history")
}

/// Talks until the person has enough. Lines are remembered in `remembered`.
pub(super) fn talk(mut session: Session, remembered: Option<&Path>) -> Result<Ended> {
    let terminal =
        |error: ReadlineError| Error::Invalid(format!("the terminal cannot be read: {error}"));
    let mut editor: Editor<Lines, FileHistory> = Editor::new().map_err(terminal)?;
    editor.set_helper(Some(Lines));
    if let Some(file) = remembered {
        // There is none the first time.
        let _ = editor.load_history(file);
    }
    let runtime = super::runtime();
    let prompt = session.prompt();
    let (call, cancel) = stoppable();
    let mut line = Line::default();
    let mut show = |piece: &Piece<'_>| line.show(piece);
    let booted = session.boot(Mode::Repl, &mut show, &call);
    let booted = runtime.block_on(until_stopped(booted, &cancel));
    answered(line.close_if_failed(booted))?;
    loop {
        let line = match editor.readline(&prompt) {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(terminal(error)),
        };
        let input = joined(&line);
        match input.trim() {
            "" => continue,
            "/exit" | "/quit" => break,
            "/help" => {
                output::print(HELP)?;
                continue;
            }
            "/history" => {
                output::print(&said(&session))?;
                continue;
            }
            word => {
                if let Some(near) = misspelt(word) {
                    output::note(&format!("`{word}` is no command; did you mean `{near}`?"));
                    continue;
                }
            }
        }
        // Only what is worth calling back: not what follows from a closed pipe.
        let _ = editor.add_history_entry(line.as_str());
        let (call, cancel) = stoppable();
        let mut said = Line::default();
        let mut show = |piece: &Piece<'_>| said.show(piece);
        let reply = session.eval(&input, Mode::Repl, &mut show, &call);
        let reply = runtime.block_on(until_stopped(reply, &cancel));
        answered(said.close_if_failed(reply))?;
    }
    if let Some(file) = remembered {
        if let Some(folder) = file.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        // Not being able to remember lines is no reason to fail.
        let _ = editor.save_history(file);
    }
    Ok(Ended::Well)
}

const COMMANDS: [&str; 4] = ["/help", "/history", "/exit", "/quit"];

/// The command that was meant by a word that looks like one; everything else is for the bot.
fn misspelt(word: &str) -> Option<&'static str> {
    let name = word.strip_prefix('/')?;
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic());
    plain.then(|| nearest(word, COMMANDS)).flatten()
}

/// A call, and what stops it.
fn stoppable() -> (Call, CancelToken) {
    let cancel = CancelToken::new();
    (Call::default().cancelled_by(cancel.clone()), cancel)
}

/// A turn that Ctrl-C stops.
async fn until_stopped<T>(turn: impl Future<Output = T>, cancel: &CancelToken) -> T {
    tokio::pin!(turn);
    tokio::select! {
        done = &mut turn => return done,
        _ = tokio::signal::ctrl_c() => cancel.cancel(),
    }
    turn.await
}

/// Shows what the person should know; a bot that did not answer ends the turn, not the conversation.
fn answered(reply: Result<Reply, BotError>) -> Result<()> {
    match reply {
        Ok(reply) => super::run::notes(&reply),
        Err(BotError::Model(error)) if error.class == ErrorClass::Cancelled => {
            output::note("stopped");
        }
        Err(error @ BotError::Core(_)) => return Err(error.into()),
        Err(error) => output::note(&format!("error[{}]: {error}", error.code())),
    }
    Ok(())
}

/// The conversation as text.
fn said(session: &Session) -> String {
    let mut text = String::new();
    for event in session.history() {
        let words = event.message.as_deref().unwrap_or("(calls tools)");
        let words = output::many_lines(words).replace('\n', "\n      ");
        writeln!(text, "{:5} {words}", event.who.as_str()).expect("memory takes it");
    }
    text
}

/// The text that was meant: continued lines joined, quotes of a longer text taken off.
fn joined(line: &str) -> String {
    match line.trim().strip_prefix(QUOTES) {
        Some(inside) => inside
            .strip_suffix(QUOTES)
            .unwrap_or(inside)
            .trim_matches('\n')
            .to_owned(),
        None => line.replace("\\\n", "\n"),
    }
}

const QUOTES: &str = "\"\"\"";

/// Knows when a text goes on in the next line.
#[derive(Completer, Helper, Highlighter, Hinter)]
struct Lines;

impl Validator for Lines {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(match open(context.input()) {
            true => ValidationResult::Incomplete,
            false => ValidationResult::Valid(None),
        })
    }
}

/// Whether the text goes on.
fn open(text: &str) -> bool {
    match text.trim_start().strip_prefix(QUOTES) {
        Some(inside) => !inside.trim_end().ends_with(QUOTES),
        None => text.ends_with('\\'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_command_is_not_said_to_the_bot_and_a_path_is() {
        for (text, meant) in [
            ("/hlp", Some("/help")),
            ("/histroy", Some("/history")),
            ("/etc/hosts", None),
            ("/help me", None),
            ("/translate", None),
            ("help", None),
        ] {
            assert_eq!(misspelt(text), meant, "{text}");
        }
    }

    #[test]
    fn longer_texts_are_known_and_joined() {
        for (text, goes_on, meant) in [
            ("one", false, "one"),
            ("one\\", true, "one\\"),
            ("one\\\ntwo", false, "one\ntwo"),
            ("\"\"\"", true, ""),
            ("\"\"\"\na\nb\n\"\"\"", false, "a\nb"),
            ("\"\"\"a\"\"\"", false, "a"),
        ] {
            assert_eq!(open(text), goes_on, "{text:?}");
            assert_eq!(joined(text), meant, "{text:?}");
        }
    }
}
