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
        }
    }

    /// Reads a file of at most `max_bytes`.
    ///
    /// # Errors
    /// [`Error::Read`] if the system refuses; [`Error::Invalid`] if it is larger or not UTF-8
    /// (naming line and column of the first bad byte, or UTF-16 where that is what it is).
    pub fn read(path: impl AsRef<Path>, max_bytes: u64) -> Result<Self> {
        let path = path.as_ref();
        let fail = |source| Error::Read {
            path: path.to_owned(),
            source,
        };
        let mut bytes = Vec::new();
        File::open(path)
            .map_err(fail)?
            .take(max_bytes + 1)
            .read_to_end(&mut bytes)
            .map_err(fail)?;
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

    /// A diagnostic at a place in this text, with its excerpt.
    pub fn diagnostic(&self, mark: Mark, message: impl Into<String>) -> Diagnostic {
        let diagnostic = Diagnostic::new(&self.path, message).at(mark.line, mark.column);
        match self.text.lines().nth(mark.line.saturating_sub(1)) {
            Some(line) if mark.line > 0 => diagnostic.excerpt(line),
            _ => diagnostic,
        }
    }
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
        let start = bytes[..valid]
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        let line = 1 + bytes[..start].iter().filter(|b| **b == b'\n').count();
        let before = String::from_utf8_lossy(&bytes[start..valid]);
        let message = format!("byte 0x{:02x} is not valid UTF-8", bytes[valid]);
        let end = bytes[valid..]
            .iter()
            .position(|b| *b == b'\n')
            .map_or(bytes.len(), |n| valid + n);
        Diagnostic::new(path, message)
            .at(line, before.chars().count() + 1)
            .excerpt(&String::from_utf8_lossy(&bytes[start..end]))
            .hint("save the file as UTF-8 (`iconv -f WINDOWS-1252 -t UTF-8` often helps)")
            .into()
    })
}
