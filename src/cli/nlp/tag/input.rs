//! Files -> jobs: texts or documents, a batch at a time, so that memory does not grow with the input.
//!
//! Text comes in parts that end at a blank line where there is one. CoNLL-U comes in parts of whole
//! sentences where it is written as CoNLL-U again; else as one document, whose offsets count through.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use botsmith::core::Diagnostic;
use botsmith::eval::Result;
use botsmith::nlp::{Doc, Error, conllu};
use clap::ValueEnum;
use serde_json::Value;

use crate::cli::nlp::invalid;

/// Text annotated at once, in bytes. What is written of it is twenty times as long.
const PART: usize = 1 << 15;
/// The longest line of JSONL.
const MAX_LINE: u64 = 32 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli::nlp) enum From {
    /// Plain text
    Text,
    /// One JSON object a line with a field `text`
    Jsonl,
    /// CoNLL-U: its sentences, tokens and words stay
    Conllu,
}

/// What is annotated at once.
pub(in crate::cli::nlp) enum Job {
    /// A text, and how many bytes of its file stand before it.
    Text(String, usize),
    /// A document whose words stay.
    Doc(Box<Doc>),
}

/// One file or stdin.
pub(in crate::cli::nlp) struct Source<'a> {
    path: PathBuf,
    reader: BufReader<Box<dyn Read + 'a>>,
    from: From,
    /// Whether CoNLL-U may come in parts.
    parts: bool,
    /// Whether somebody may be writing it while we read.
    live: bool,
    /// What was read and belongs to the next part.
    rest: Vec<u8>,
    /// Lines and bytes in the parts before.
    lines: usize,
    bytes: usize,
    ended: bool,
}

impl<'a> Source<'a> {
    pub(in crate::cli::nlp) fn new(
        path: PathBuf,
        reader: Box<dyn Read + 'a>,
        from: From,
        parts: bool,
    ) -> Self {
        Self {
            path,
            reader: BufReader::with_capacity(1 << 16, reader),
            from,
            parts,
            live: false,
            rest: Vec::new(),
            lines: 0,
            bytes: 0,
            ended: false,
        }
    }

    /// Marks one that somebody may be writing while we read.
    pub(in crate::cli::nlp) fn live(mut self) -> Self {
        self.live = true;
        self
    }

    /// Whether to read on may mean to wait for somebody who waits for answers: one who writes line by line.
    pub(in crate::cli::nlp) fn waits(&self) -> bool {
        self.live && self.from == From::Jsonl && !self.reader.buffer().contains(&b'\n')
    }

    /// Bytes in the parts so far.
    pub(in crate::cli::nlp) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Appends up to about `parts` parts' worth of jobs to `jobs`; `false` once there are no more. Where a
    /// later part is bad, the jobs before it are there all the same.
    pub(in crate::cli::nlp) fn read(&mut self, parts: usize, jobs: &mut Vec<Job>) -> Result<bool> {
        let mut size = 0;
        while !self.ended && size < parts * PART {
            let before = self.bytes;
            match self.from {
                From::Text => self.text(jobs)?,
                From::Conllu => self.conllu(jobs)?,
                From::Jsonl => {
                    self.jsonl(jobs)?;
                    if self.waits() {
                        break;
                    }
                }
            }
            size += self.bytes - before;
        }
        Ok(!self.ended)
    }

    fn cannot_read(&self, source: std::io::Error) -> botsmith::core::Error {
        botsmith::core::Error::Read {
            path: self.path.clone(),
            source,
        }
    }

    /// Takes the next part, which ends where `end` says that one may end.
    fn part(
        &mut self,
        most: Option<usize>,
        end: impl Fn(&[u8]) -> Option<usize>,
    ) -> Result<String> {
        let mut bytes = std::mem::take(&mut self.rest);
        let mut wanted = most.map_or(u64::MAX, |most| (most - bytes.len().min(most / 2)) as u64);
        loop {
            let read = Read::take(&mut self.reader, wanted)
                .read_to_end(&mut bytes)
                .map_err(|source| self.cannot_read(source))?;
            self.ended = (read as u64) < wanted;
            if self.ended {
                break;
            }
            if let Some(end) = end(&bytes) {
                self.rest = bytes.split_off(end);
                break;
            }
            wanted = bytes.len() as u64;
        }
        self.bytes += bytes.len();
        String::from_utf8(bytes).map_err(|error| invalid(&self.path, &error, self.lines).into())
    }

    fn text(&mut self, jobs: &mut Vec<Job>) -> Result<()> {
        let before = self.bytes;
        let text = self.part(Some(PART), |bytes| Some(part_end(bytes)))?;
        self.lines += text.bytes().filter(|byte| *byte == b'\n').count();
        if !text.is_empty() {
            jobs.push(Job::Text(text, before));
        }
        Ok(())
    }

    fn conllu(&mut self, jobs: &mut Vec<Job>) -> Result<()> {
        let text = match self.parts {
            true => self.part(Some(PART), sentence_end)?,
            false => self.part(None, |_| None)?,
        };
        let doc = conllu::read_from(&self.path, &text, self.lines)?;
        self.lines += text.bytes().filter(|byte| *byte == b'\n').count();
        if doc.words().len() > 0 {
            jobs.push(Job::Doc(Box::new(doc)));
        }
        Ok(())
    }

    fn jsonl(&mut self, jobs: &mut Vec<Job>) -> Result<()> {
        let mut line = Vec::new();
        let read = Read::take(&mut self.reader, MAX_LINE + 1)
            .read_until(b'\n', &mut line)
            .map_err(|source| self.cannot_read(source))?;
        self.ended = read == 0;
        self.bytes += read;
        self.lines += 1;
        if self.ended {
            return Ok(());
        }
        let wrong = |message: String, column: usize| {
            Error::from(
                Diagnostic::new(&self.path, message)
                    .at(self.lines, column)
                    .hint("each line is {\"text\": \"…\"}"),
            )
        };
        if line.len() as u64 > MAX_LINE {
            return Err(wrong("the line is longer than 32 MiB".into(), 0).into());
        }
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        let mut value: Value = serde_json::from_slice(&line)
            .map_err(|error| wrong(error.to_string(), error.column()))?;
        match value.get_mut("text").map(Value::take) {
            Some(Value::String(text)) => jobs.push(Job::Text(text, 0)),
            _ => return Err(wrong("no field `text` that is a string".into(), 0).into()),
        }
        Ok(())
    }
}

/// Where a part of the text may end: behind the last blank line of its second half, else the last line
/// there, else the last blank there, else the last whole character.
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

/// Behind the last blank line, if there is one.
fn sentence_end(bytes: &[u8]) -> Option<usize> {
    let is_end = |at: usize| bytes[at] == b'\n' && bytes[..at].ends_with(b"\n");
    let is_end_too = |at: usize| bytes[at] == b'\n' && bytes[..at].ends_with(b"\n\r");
    (0..bytes.len())
        .rev()
        .find(|at| is_end(*at) || is_end_too(*at))
        .map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_end_where_text_may_be_cut() {
        let cases: [(&str, usize); 6] = [
            ("one and two\n\nthree\nfour", 13),
            ("one\n\ntwo\n\nthree\nfour five", 16),
            ("one two three\nfour five", 14),
            ("one two three four five", 19),
            ("onetwothreefour", 14),
            ("onetwothreefoué", 14),
        ];
        for (text, wanted) in cases {
            assert_eq!(part_end(text.as_bytes()), wanted, "{text:?}");
        }
        assert_eq!(sentence_end(b"1\tx\n\n2\ty\n"), Some(5));
        assert_eq!(sentence_end(b"1\tx\r\n\r\n2\ty\r\n"), Some(7));
        assert_eq!(sentence_end(b"1\tx\n2\ty\n"), None);
    }
}
