//! `botsmith nlp tag`: text, JSONL or CoNLL-U in; CoNLL-U, JSONL or a table out.
//!
//! Text streams: it is annotated in parts of about a mebibyte that end at a blank line where there is
//! one, so that memory does not grow with the input.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use botsmith::core::Diagnostic;
use botsmith::eval::Result;
use botsmith::nlp::{Doc, Error, Given, Pipeline, conllu};
use clap::{ValueEnum, ValueHint};
use serde_json::Value;

use super::{ModelArg, text};
use crate::cli::context::Context;
use crate::cli::{Ended, output};

/// Text annotated at once, in bytes.
const PART: usize = 1 << 18;
/// The longest line of JSONL.
const MAX_LINE: u64 = 32 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum From {
    /// Plain text
    Text,
    /// One JSON object a line with a field `text`
    Jsonl,
    /// CoNLL-U: its sentences, tokens and words stay
    Conllu,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum To {
    /// CoNLL-U
    Conllu,
    /// One JSON object a text: sentences, tokens, words, offsets in bytes
    Jsonl,
    /// One word a line: form, lemma, UPOS, XPOS, FEATS, offsets
    Table,
}

#[derive(Debug, clap::Args)]
pub(super) struct Tag {
    /// Files to read [default: stdin]
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// What comes in
    #[arg(long, value_enum, default_value_t = From::Text)]
    from: From,
    /// What goes out
    #[arg(long, value_enum, default_value_t = To::Conllu)]
    format: To,
    /// A sentence a line, tokens with white space between
    #[arg(long, conflicts_with = "presegmented")]
    pretokenized: bool,
    /// A sentence a line
    #[arg(long)]
    presegmented: bool,
    #[command(flatten)]
    model: ModelArg,
}

struct Work<'a> {
    pipeline: Pipeline,
    args: &'a Tag,
    given: Given,
    out: String,
    /// Written so far.
    sentences: usize,
}

pub(super) fn run(_: &Context, args: &Tag) -> Result<Ended> {
    let given = match (args.pretokenized, args.presegmented) {
        (true, _) => Given::Tokens,
        (_, true) => Given::Sentences,
        _ => Given::Nothing,
    };
    let mut work = Work {
        pipeline: args.model.pipeline()?,
        args,
        given,
        out: String::new(),
        sentences: 0,
    };
    if args.files.is_empty() {
        work.all(Path::new("<stdin>"), &mut std::io::stdin().lock())?;
    }
    for path in &args.files {
        let file = std::fs::File::open(path).map_err(|source| cannot_read(path, source))?;
        work.all(path, &mut BufReader::new(file))?;
    }
    output::print(&work.out)?;
    Ok(Ended::Well)
}

fn cannot_read(path: &Path, source: std::io::Error) -> botsmith::core::Error {
    botsmith::core::Error::Read {
        path: path.to_owned(),
        source,
    }
}

impl Work<'_> {
    fn all(&mut self, path: &Path, from: &mut dyn BufRead) -> Result<()> {
        match self.args.from {
            From::Text => self.text(path, from),
            From::Jsonl => self.jsonl(path, from),
            From::Conllu => {
                let mut bytes = Vec::new();
                from.read_to_end(&mut bytes)
                    .map_err(|source| cannot_read(path, source))?;
                let doc = conllu::read(path, &text(path, bytes)?)?;
                self.write(&self.pipeline.retag(&doc)?)
            }
        }
    }

    fn text(&mut self, path: &Path, from: &mut dyn BufRead) -> Result<()> {
        let mut bytes = Vec::with_capacity(PART);
        let mut lines = 0;
        loop {
            let wanted = PART as u64 - (bytes.len() as u64).min(PART as u64 / 2);
            let read = Read::take(&mut *from, wanted)
                .read_to_end(&mut bytes)
                .map_err(|source| cannot_read(path, source))?;
            let last = (read as u64) < wanted;
            let end = if last { bytes.len() } else { part_end(&bytes) };
            let rest = bytes.split_off(end);
            let part = std::mem::replace(&mut bytes, rest);
            let part = String::from_utf8(part).map_err(|error| {
                let at = error.utf8_error().valid_up_to();
                let line = error.as_bytes()[..at].split(|byte| *byte == b'\n').count();
                let message = format!("byte 0x{:02x} is not valid UTF-8", error.as_bytes()[at]);
                Error::from(Diagnostic::new(path, message).at(lines + line, 0))
            })?;
            lines += part.bytes().filter(|byte| *byte == b'\n').count();
            if !part.is_empty() {
                let doc = self.pipeline.annotate_given(part, self.given)?;
                self.write(&doc)?;
            }
            if last {
                return Ok(());
            }
        }
    }

    fn jsonl(&mut self, path: &Path, from: &mut dyn BufRead) -> Result<()> {
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            let read = Read::take(&mut *from, MAX_LINE + 1)
                .read_until(b'\n', &mut line)
                .map_err(|source| cannot_read(path, source))?;
            if read == 0 {
                break;
            }
            let wrong = |message: String, column: usize| {
                Error::from(
                    Diagnostic::new(path, message)
                        .at(number, column)
                        .hint("each line is {\"text\": \"…\"}"),
                )
            };
            if line.len() as u64 > MAX_LINE {
                return Err(wrong("the line is longer than 32 MiB".into(), 0).into());
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            let value: Value = serde_json::from_slice(&line)
                .map_err(|error| wrong(error.to_string(), error.column()))?;
            let text = value.get("text").and_then(Value::as_str);
            let text = text.ok_or_else(|| wrong("no field `text` that is a string".into(), 0))?;
            let doc = self.pipeline.annotate_given(text, self.given)?;
            self.write(&doc)?;
        }
        Ok(())
    }

    fn write(&mut self, doc: &Doc) -> Result<()> {
        match self.args.format {
            To::Conllu => {
                for sentence in doc.sentences() {
                    self.sentences += 1;
                    conllu::write_sentence(sentence, self.sentences, &mut self.out);
                    self.flush(1 << 16)?;
                }
            }
            To::Jsonl => {
                self.out.push_str(&doc.to_json());
                self.out.push('\n');
            }
            To::Table => {
                for word in doc.words() {
                    let span = word.span();
                    let _ = writeln!(
                        self.out,
                        "{}\t{}\t{}\t{}\t{}\t{}\t{}",
                        word.form(),
                        word.lemma(),
                        word.upos(),
                        word.xpos(),
                        word.feats().as_str(),
                        span.start,
                        span.end
                    );
                    if word.token().ends_sentence()
                        && word.index() + 1 == word.token().word_range().end
                    {
                        self.out.push('\n');
                    }
                }
            }
        }
        self.flush(0)
    }

    /// Prints what has gathered, if it is more than `above` bytes.
    fn flush(&mut self, above: usize) -> Result<()> {
        if self.out.len() > above {
            output::print(&self.out)?;
            self.out.clear();
        }
        Ok(())
    }
}

/// Where a part of the text may end: behind its last blank line, else its last line, else its last
/// blank, else the last whole character.
fn part_end(bytes: &[u8]) -> usize {
    let half = bytes.len() / 2;
    let behind = |found: Option<usize>, length: usize| {
        found.map(|at| half + at + length).filter(|at| *at > 0)
    };
    let last = &bytes[half..];
    let blank_line = behind(last.windows(2).rposition(|pair| pair == b"\n\n"), 2);
    let line = || behind(last.iter().rposition(|byte| *byte == b'\n'), 1);
    let blank = || behind(last.iter().rposition(|byte| *byte == b' '), 1);
    let character = || {
        // A character is at most four bytes; its first is no continuation byte.
        let back = bytes
            .iter()
            .rev()
            .take(4)
            .position(|byte| byte & 0xc0 != 0x80);
        back.map_or(bytes.len(), |back| bytes.len() - back - 1)
    };
    blank_line
        .or_else(line)
        .or_else(blank)
        .unwrap_or_else(character)
}
