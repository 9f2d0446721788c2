//! Several files in one space of lines: a merged tree has one mark a value, which says in which file it
//! stands.
//!
//! Each file's lines follow those of the files before it. A diagnostic is made over the whole text and
//! then relocated to its own file. This file reads nothing.

use std::path::{Path, PathBuf};

use botsmith_core::yaml::{Mark, Source};
use botsmith_core::{Diagnostic, Error};

/// Texts of files, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Layers {
    source: Source,
    files: Vec<File>,
    lines: usize,
}

#[derive(Clone, Debug)]
struct File {
    path: PathBuf,
    /// Lines of the files before it.
    before: usize,
}

impl Layers {
    pub(super) fn new() -> Self {
        Self {
            source: Source::new("", ""),
            files: Vec::new(),
            lines: 0,
        }
    }

    /// Adds a file and gives the number of lines before it.
    pub(super) fn push(&mut self, file: &Source) -> usize {
        let before = self.lines;
        let mut text = self.source.text().to_owned();
        text.push_str(file.text());
        if !text.is_empty() && !text.ends_with(['\n', '\r']) {
            text.push('\n');
        }
        self.lines = before + lines(&text[self.source.text().len()..]);
        // Its first file names the whole.
        let path = match self.files.is_empty() {
            true => file.path(),
            false => self.source.path(),
        };
        self.source = Source::new(path, text);
        self.files.push(File {
            path: file.path().to_owned(),
            before,
        });
        before
    }

    /// All texts as one.
    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.path.as_path())
    }

    /// A place in the whole as a place in its file.
    pub(super) fn locate(&self, line: usize) -> Option<(&Path, usize)> {
        let file = self.files.iter().rev().find(|file| file.before < line)?;
        Some((&file.path, line - file.before))
    }

    /// The same diagnostic at its place in its own file.
    pub(super) fn relocate(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        if let Some((path, line)) = self.locate(diagnostic.line) {
            (diagnostic.path, diagnostic.line) = (path.to_owned(), line);
        }
        diagnostic
    }

    /// As [`Layers::relocate`], for an error of a reader.
    pub(super) fn relocate_error(&self, error: crate::Error) -> crate::Error {
        match error {
            crate::Error::Core(Error::Invalid(diagnostic)) => self.relocate(*diagnostic).into(),
            other => other,
        }
    }

    /// A diagnostic at a mark.
    pub(super) fn diagnostic(&self, mark: Mark, message: impl Into<String>) -> Diagnostic {
        self.relocate(self.source.diagnostic(mark, message))
    }
}

/// Lines as YAML counts them: ended by `\n`, `\r\n` or `\r`.
fn lines(text: &str) -> usize {
    let bytes = text.as_bytes();
    let ends = |(at, byte): (usize, &u8)| {
        *byte == b'\n' || *byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')
    };
    bytes
        .iter()
        .enumerate()
        .filter(|found| ends(*found))
        .count()
}
