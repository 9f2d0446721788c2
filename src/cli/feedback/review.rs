//! `feedback review`: labelling answers of a run at the terminal.

use std::io::{IsTerminal, Write as _};
use std::time::Instant;

use botsmith::core::store::StateStore;
use botsmith::eval::feedback::{Kind, Log, Plan, Record, Session, Sitting, Span};
use botsmith::eval::{Error, Result};
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;
use serde_json::{Value, json};

use super::answer::{Act, Begun, Line};
use super::args::Review;
use super::keys::{Keys, size};
use super::screen::View;
use crate::cli::context::Context;
use crate::cli::terminal::{Paint, clean};
use crate::cli::{Ended, output};

/// The other screen of a terminal, and back.
const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";

pub(super) fn run(context: &Context, args: &Review) -> Result<Ended> {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(Error::Invalid(
            "a review needs a terminal; `botsmith feedback add` and `import` do without".into(),
        ));
    }
    let store = context.existing_store()?;
    let sitting = Sitting {
        run: args.run.clone(),
        beside: args.beside.clone(),
        rater: super::rater(context, args.rater.as_deref())?,
        questions: args.questions.clone(),
        budget: args.budget.map(std::num::NonZeroUsize::get),
        seed: args.seed,
        again: args.again,
        suite: args.suite.clone(),
    };
    let session = sitting.session(&*store)?;
    if session.step().is_none() {
        let done = session.progress().done;
        output::print(&format!("nothing left to label: {done} answered\n"))?;
        return Ok(Ended::Well);
    }
    let paint = Paint {
        colored: context.colored(),
    };
    let mut desk = Desk {
        store: &*store,
        log: Log::open(&*store),
        session,
        rater: sitting.rater,
        paint,
        begun: Begun::default(),
        scroll: 0,
        note: String::new(),
        since: Instant::now(),
    };
    desk.fresh();
    output::print(ENTER)?;
    let ended = desk.sit();
    output::print(LEAVE)?;
    ended?;
    let progress = desk.session.progress();
    let next = match progress.done == progress.total {
        true => "next: botsmith feedback agreement",
        false => "the same command goes on",
    };
    output::print(&format!(
        "{} of {} answered; {next}\n",
        progress.done, progress.total
    ))?;
    Ok(Ended::Well)
}

/// A rater at a terminal.
struct Desk<'a> {
    store: &'a dyn StateStore,
    log: Log<'a>,
    session: Session,
    rater: String,
    paint: Paint,
    begun: Begun,
    scroll: usize,
    note: String,
    since: Instant,
}

impl Desk<'_> {
    fn sit(&mut self) -> Result<()> {
        let mut keys = Keys::open().map_err(terminal)?;
        if let Some(words) = self.session.plan().guidelines.clone() {
            self.read_on(&mut keys, &words)?;
        }
        while self.draw()? {
            let key = keys.next().map_err(terminal)?;
            let Some(step) = self.session.step() else {
                break;
            };
            let kind = step.question.kind.clone();
            match self.begun.press(&kind, key) {
                Act::Give(value) => self.give(&value)?,
                Act::Draft(value) => {
                    let draft = self.session.draft(&value, self.store.now_ms()?);
                    self.keep(draft, "kept as a draft; it comes again")?;
                }
                Act::Type(line) => self.typed(&mut keys, &kind, line)?,
                Act::Skip => {
                    self.session.skip();
                    self.fresh();
                    "put to the end".clone_into(&mut self.note);
                }
                Act::Discard => {
                    let why = self.begun.comment.clone();
                    let record = self.session.discard(self.store.now_ms()?, why);
                    self.keep(Ok(record), "noted that it cannot be judged")?;
                }
                Act::Undo => self.undo()?,
                Act::Help => {
                    let words = self.guidelines();
                    self.read_on(&mut keys, &words)?;
                }
                Act::Scroll(lines) => self.scroll = self.scroll.saturating_add_signed(lines),
                Act::Nothing => {}
                Act::Leave => break,
            }
        }
        Ok(())
    }

    /// Shows the question of now; false when there is none.
    fn draw(&self) -> Result<bool> {
        let Some(step) = self.session.step() else {
            return Ok(false);
        };
        let (lines, columns) = size();
        let view = View {
            step,
            begun: &self.begun,
            progress: self.session.progress(),
            rater: &self.rater,
            scroll: self.scroll,
            note: &self.note,
            paint: self.paint,
            lines,
            columns,
        };
        output::print(&view.draw())?;
        Ok(true)
    }

    /// Begins the question of now.
    fn fresh(&mut self) {
        self.begun = match self.session.step() {
            Some(step) => match step.draft {
                Some(draft) => Begun::of(&step.question.kind, draft),
                None => Begun::default(),
            },
            None => Begun::default(),
        };
        self.scroll = 0;
        self.note.clear();
        self.since = Instant::now();
    }

    fn give(&mut self, value: &Value) -> Result<()> {
        let seconds = (self.since.elapsed().as_secs_f64() * 10.0).round() / 10.0;
        let record = self
            .session
            .answer(value, self.store.now_ms()?, Some(seconds));
        self.keep(record, "kept")
    }

    /// Keeps a record and goes on; what is no answer is said, and asked again.
    fn keep(&mut self, record: Result<Option<Record>>, note: &str) -> Result<()> {
        let mut record = match record {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(()),
            Err(error @ Error::Feedback { .. }) => {
                self.note = error.to_string();
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        record.comment = record.comment.or_else(|| self.begun.comment.clone());
        record.correction = record.correction.or_else(|| self.begun.correction.clone());
        let kept = self.log.append(record)?.record;
        self.session.kept(kept);
        self.session.catch_up(&self.log)?;
        self.fresh();
        note.clone_into(&mut self.note);
        Ok(())
    }

    fn undo(&mut self) -> Result<()> {
        match self.session.undo(self.store.now_ms()?) {
            Some(record) => {
                self.log.append(record)?;
                self.session.undone();
                self.fresh();
                "taken back; say it again".clone_into(&mut self.note);
            }
            None => "nothing was said in this sitting".clone_into(&mut self.note),
        }
        Ok(())
    }

    /// A line of the rater.
    fn typed(&mut self, keys: &mut Keys, kind: &Kind, line: Line) -> Result<()> {
        let Some(step) = self.session.step() else {
            return Ok(());
        };
        let answer = step.item.a.text.clone();
        // What would move the cursor does not come into the line.
        let shown = clean(&answer);
        let (prompt, before) = match (line, kind) {
            (Line::Answer, Kind::Correction) | (Line::Correction, _) => {
                ("should be: ", shown.clone())
            }
            (Line::Part, _) => ("words of the answer: ", String::new()),
            (Line::Comment, _) => ("comment: ", self.begun.comment.clone().unwrap_or_default()),
            (Line::Answer, _) => ("say: ", String::new()),
        };
        let Some(text) = keys.paused(|| ask(prompt, &before)).map_err(terminal)?? else {
            return Ok(());
        };
        let text = text.trim().to_owned();
        match line {
            _ if text.is_empty() => {}
            Line::Answer => self.give(&json!(text))?,
            Line::Comment => self.begun.comment = Some(text),
            Line::Correction if text != shown.trim() => self.begun.correction = Some(text),
            Line::Correction => {}
            Line::Part => self.mark(keys, kind, &answer, &text)?,
        }
        Ok(())
    }

    /// Marks the first place of some words that is not marked yet.
    fn mark(&mut self, keys: &mut Keys, kind: &Kind, answer: &str, words: &str) -> Result<()> {
        let free = answer
            .match_indices(words)
            .map(|(start, _)| start)
            .find(|start| {
                let end = start + words.len();
                self.begun
                    .spans
                    .iter()
                    .all(|span| span.end <= *start || span.start >= end)
            });
        let Some(start) = free else {
            self.note = format!("`{words}` does not stand in the answer (again)");
            return Ok(());
        };
        let label = match kind {
            Kind::Span { options } if !options.is_empty() => {
                let prompt = format!("called ({}): ", options.join(", "));
                match keys.paused(|| ask(&prompt, "")).map_err(terminal)?? {
                    Some(label) => Some(label.trim().to_owned()),
                    None => return Ok(()),
                }
            }
            _ => None,
        };
        let span = Span {
            start,
            end: start + words.len(),
            label,
        };
        let Some(step) = self.session.step() else {
            return Ok(());
        };
        match step.question.check(&json!([span]), Some(answer)) {
            Ok(_) => {
                self.begun.spans.push(span);
                self.note.clear();
            }
            Err(error) => self.note = error.to_string(),
        }
        Ok(())
    }

    fn guidelines(&self) -> String {
        let plan: &Plan = self.session.plan();
        let mut words = Vec::new();
        words.extend(plan.guidelines.as_deref());
        let asked = self.session.step().map(|step| step.question);
        words.extend(asked.map(|question| question.ask.as_str()));
        words.extend(asked.and_then(|question| question.guidelines.as_deref()));
        words.join("\n\n")
    }

    /// Shows words until a key is pressed.
    fn read_on(&self, keys: &mut Keys, words: &str) -> Result<()> {
        let title = self.paint.bold("Guidelines");
        let words = clean(words);
        output::print(&format!(
            "\x1b[H\x1b[2J{title}\n\n{words}\n\nany key goes on\n"
        ))?;
        keys.next().map_err(terminal)?;
        Ok(())
    }
}

#[allow(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
fn terminal(error: std::io::Error) -> Error {
    Error::Invalid(format!("the terminal cannot be read: {error}"))
}

/// A line that may begin with some words; `None` when it is called off (Ctrl-C, Ctrl-D).
fn ask(prompt: &str, before: &str) -> Result<Option<String>> {
    let failed =
        |error: ReadlineError| Error::Invalid(format!("the terminal cannot be read: {error}"));
    let mut editor = DefaultEditor::new().map_err(failed)?;
    let _ = std::io::stdout().flush();
    match editor.readline_with_initial(prompt, (before, "")) {
        Ok(line) => Ok(Some(line)),
        Err(ReadlineError::Interrupted | ReadlineError::Eof) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}
