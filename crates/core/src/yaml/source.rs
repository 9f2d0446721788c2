//! A text and the name of where it came from.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Mark;
use crate::{Diagnostic, Error, Result};

/// A text with its name, for messages. A byte-order mark is taken off, line ends are kept.
#[derive(Clone, Debug)]
pub struct Source {
    path: PathBuf,
    text: String,
    /// Lines of the file before this text.
    before: usize,
}

impl Source {
    /// A text that came from `path`, or from something that `path` names (`--options`).
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        let mut text: String = text.into();
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        Self {
            path: path.into(),
            text,
            before: 0,
        }
    }

    /// The same text as a part of a larger file, in which it starts after so many lines: marks and
    /// diagnostics count from the start of that file.
    ///
    /// ```
    /// use botsmith_core::yaml::{Source, parse};
    /// let block = Source::new("bot.md", "name: Ada").after_lines(4);
    /// assert_eq!(parse(&block)?.mark.line, 5);
    /// # Ok::<(), botsmith_core::Error>(())
    /// ```
    #[must_use]
    pub fn after_lines(mut self, before: usize) -> Self {
        self.before = before;
        self
    }

    /// Lines of the file before this text.
    pub fn lines_before(&self) -> usize {
        self.before
    }

    /// Reads a file of at most `max_bytes`.
    ///
    /// # Errors
    /// [`Error::Read`] if the system refuses; [`Error::Invalid`] if it is larger or not UTF-8
    /// (naming line and column of the first bad byte, or UTF-16 where that is what it is).
    pub fn read(path: impl AsRef<Path>, max_bytes: u64) -> Result<Self> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::from_reader(path, file, max_bytes)
    }

    /// Reads at most `max_bytes` of anything that can be read; `path` names it.
    ///
    /// # Errors
    /// As [`Source::read`].
    pub fn from_reader(path: &Path, reader: impl Read, max_bytes: u64) -> Result<Self> {
        let mut bytes = Vec::new();
        reader
            .take(max_bytes + 1)
            .read_to_end(&mut bytes)
            .map_err(|source| Error::Read {
                path: path.to_owned(),
                source,
            })?;
        if bytes.len() as u64 > max_bytes {
            return Err(
                Diagnostic::new(path, format!("file is larger than {max_bytes} bytes"))
                    .hint("large data goes into a JSONL or CSV file of its own, which is streamed")
                    .into(),
            );
        }
        Ok(Self::new(path, utf8(path, bytes)?))
    }

    /// The name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A diagnostic at a place in this text, with its excerpt. A place past the last line is shown
    /// at the end of the last line that holds something.
    pub fn diagnostic(&self, mark: Mark, message: impl Into<String>) -> Diagnostic {
        let diagnostic = Diagnostic::new(&self.path, message);
        if mark.line == 0 {
            return diagnostic;
        }
        match self.line(mark.line) {
            Some(line) => diagnostic.at(mark.line, mark.column).excerpt(line),
            None => match self.last_before(mark.line) {
                Some((number, line)) => diagnostic
                    .at(number, line.chars().count() + 1)
                    .excerpt(line),
                None => diagnostic,
            },
        }
    }

    /// A line's text by its number from 1, without its end; `None` past the end of the text.
    pub(super) fn line(&self, number: usize) -> Option<&str> {
        lines(&self.text).nth(number.checked_sub(1 + self.before)?)
    }

    /// The last line before `number` that holds something, with its number.
    pub(super) fn last_before(&self, number: usize) -> Option<(usize, &str)> {
        let filled = |(_, line): &(usize, &str)| !line.trim().is_empty();
        let wanted = number.saturating_sub(1 + self.before);
        let before = lines(&self.text).take(wanted).enumerate();
        let (at, line) = before.filter(filled).last()?;
        Some((self.before + at + 1, line.trim_end()))
    }

    /// The first tab in the indentation of the line of `from` or of those after it.
    pub(super) fn indenting_tab(&self, from: Mark) -> Option<Mark> {
        let after = lines(&self.text)
            .enumerate()
            .skip(from.line.saturating_sub(1 + self.before));
        after.take(1000).find_map(|(at, line)| {
            let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
            let column = line[..indent].find('\t')? + 1;
            Some(Mark {
                line: self.before + at + 1,
                column,
            })
        })
    }
}

/// Lines as YAML counts them: ended by `\n`, `\r\n` or `\r`.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n').flat_map(|line| {
        let line = line.strip_suffix('\n').unwrap_or(line);
        line.strip_suffix('\r').unwrap_or(line).split('\r')
    })
}

/// Checks that `bytes` are UTF-8.
///
/// # Errors
/// A diagnostic that names line and column of the first byte that is not.
pub(crate) fn utf8(path: &Path, bytes: Vec<u8>) -> Result<String> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Diagnostic::new(path, "file is UTF-16, UTF-8 was expected")
            .hint("save it as UTF-8 (`iconv -f UTF-16 -t UTF-8`)")
            .into());
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let before = std::str::from_utf8(&bytes[..valid]).unwrap_or_default();
        let before = before.strip_prefix('\u{feff}').unwrap_or(before);
        let start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let line = 1 + lines(&before[..start]).count();
        let column = before[start..].chars().count() + 1;
        let message = format!("byte 0x{:02x} is not valid UTF-8", bytes[valid]);
        let rest = bytes[valid..].split(|b| matches!(b, b'\n' | b'\r')).next();
        let rest = String::from_utf8_lossy(rest.unwrap_or_default());
        Diagnostic::new(path, message)
            .at(line, column)
            .excerpt(&format!("{}{rest}", &before[start..]))
            .hint("save the file as UTF-8 (`iconv -f WINDOWS-1252 -t UTF-8` often helps)")
            .into()
    })
}
