//! The error of this crate, and the diagnostic that all crates use for errors about a file.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use unicode_width::UnicodeWidthStr;

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong in core. Each variant has a stable code ([`Error::code`]) that
/// `docs/src/errors.md` lists with its remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file's content is not what was wanted; the diagnostic says where and what.
    #[error("{0}")]
    Invalid(Box<Diagnostic>),
    /// A file could not be read.
    #[error("cannot read {}: {}", path.display(), reason(source))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("cannot write {}: {}", path.display(), reason(source))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A store could not be opened.
    #[error("cannot open store `{url}`: {reason}")]
    StoreOpen {
        /// The store's URL.
        url: String,
        /// What is wrong with it and what would be right.
        reason: String,
    },
    /// A store cannot be written to: read-only file or folder.
    #[error(
        "store `{url}` is read-only: {reason}; choose another with `--store` or mend its permissions"
    )]
    StoreReadOnly {
        /// The store's URL.
        url: String,
        /// What the back end said.
        reason: String,
    },
    /// A store ran out of disk; what was committed before is intact.
    #[error(
        "store `{url}` is full: {reason}; free some space and run the same command again, it goes on where it stopped"
    )]
    StoreFull {
        /// The store's URL.
        url: String,
        /// What the back end said.
        reason: String,
    },
    /// Another process held the store for longer than the wait allowed.
    #[error("store `{url}` is busy: another process has held it for {waited_s} s")]
    StoreBusy {
        /// The store's URL.
        url: String,
        /// How long was waited, in seconds.
        waited_s: u64,
    },
    /// What the store holds is damaged or foreign.
    #[error("store `{url}` is damaged or no Botsmith store: {reason}")]
    StoreCorrupt {
        /// The store's URL.
        url: String,
        /// What does not hold.
        reason: String,
    },
    /// The store was made by a newer Botsmith.
    #[error(
        "store `{url}` has schema version {found}, this build knows versions up to {known}: use a newer botsmith"
    )]
    StoreTooNew {
        /// The store's URL.
        url: String,
        /// The version found.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// A name, value or time does not fit into a store; see `store::MAX_VALUE` and its like.
    #[error("store `{url}`: {reason}")]
    StoreLimit {
        /// The store's URL.
        url: String,
        /// What does not fit, and what would.
        reason: String,
    },
    /// The server of a store cannot be reached, or is not ready.
    #[error(
        "store `{url}` cannot be reached: {reason}; start the server, check the address, or name another store with `--store`"
    )]
    StoreUnreachable {
        /// The store's URL.
        url: String,
        /// Where was tried and what came of it.
        reason: String,
    },
    /// Any other failure of a store's back end.
    #[error("store `{url}`: {reason}")]
    Store {
        /// The store's URL.
        url: String,
        /// What the back end said.
        reason: String,
    },
    /// The local engine cannot load a model or compute with it.
    #[cfg(feature = "engine")]
    #[error(transparent)]
    Engine(Box<crate::engine::EngineError>),
}

fn reason(source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::NotFound => "no such file".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::IsADirectory => "it is a folder".into(),
        _ => source.to_string(),
    }
}

impl Error {
    /// The stable code, as in `docs/src/errors.md`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(diagnostic) => diagnostic.code,
            Self::Read { .. } => "BS-CORE-002",
            Self::Write { .. } => "BS-CORE-003",
            Self::StoreOpen { .. } => "BS-CORE-010",
            Self::StoreReadOnly { .. } => "BS-CORE-011",
            Self::StoreFull { .. } => "BS-CORE-012",
            Self::StoreBusy { .. } => "BS-CORE-013",
            Self::StoreCorrupt { .. } => "BS-CORE-014",
            Self::StoreTooNew { .. } => "BS-CORE-015",
            Self::Store { .. } => "BS-CORE-016",
            Self::StoreLimit { .. } => "BS-CORE-017",
            Self::StoreUnreachable { .. } => "BS-CORE-018",
            #[cfg(feature = "engine")]
            Self::Engine(error) => error.code(),
        }
    }

    /// The diagnostic, where the error is about a place in a file.
    pub fn diagnostic(&self) -> Option<&Diagnostic> {
        match self {
            Self::Invalid(diagnostic) => Some(diagnostic),
            #[cfg(feature = "engine")]
            Self::Engine(error) => match &**error {
                crate::engine::EngineError::Config(diagnostic) => Some(diagnostic),
                _ => None,
            },
            _ => None,
        }
    }
}

#[cfg(feature = "engine")]
impl From<crate::engine::EngineError> for Error {
    fn from(error: crate::engine::EngineError) -> Self {
        Self::Engine(Box::new(error))
    }
}

impl From<Diagnostic> for Error {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Invalid(Box::new(diagnostic))
    }
}

/// Something wrong at a place in a file: where, what was found, what was wanted, what to do.
///
/// Displays as
/// ```text
/// unknown key `promt`
///   --> suite.yaml:4:3 in `bots[0]`
///    |
///  4 |   promt: hello
///    |   ^
///    = help: did you mean `prompt`?
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// The stable code.
    pub code: &'static str,
    /// What is wrong: lower case, names what was found and what was wanted.
    pub message: String,
    /// The file, or a name for text that came otherwise (`--options`).
    pub path: PathBuf,
    /// Line, from 1; 0 when the error is about the whole file.
    pub line: usize,
    /// Column in characters, from 1; 0 when the error is about the whole line.
    pub column: usize,
    /// The field, as a path: `bots[0].recorded.path`.
    pub field: Option<String>,
    /// The line's text, cut to a readable length.
    pub excerpt: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// How many cells of the excerpt stand before the caret; none without a column.
    caret: Option<usize>,
}

/// The longest excerpt shown, in characters.
const EXCERPT: usize = 96;

impl Diagnostic {
    /// A diagnostic for a whole file; narrow it with the builder methods.
    pub fn new(path: impl AsRef<Path>, message: impl Into<String>) -> Self {
        Self {
            code: "BS-CORE-001",
            message: message.into(),
            path: path.as_ref().to_owned(),
            line: 0,
            column: 0,
            field: None,
            excerpt: None,
            hint: None,
            caret: None,
        }
    }

    /// Sets the stable code.
    #[must_use]
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    /// Sets line and column, both from 1 (column 0: the whole line). An excerpt of another place
    /// goes: call [`Diagnostic::excerpt`] after this.
    #[must_use]
    pub fn at(mut self, line: usize, column: usize) -> Self {
        (self.line, self.column) = (line, column);
        (self.excerpt, self.caret) = (None, None);
        self
    }

    /// Names the field.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into()).filter(|field: &String| !field.is_empty());
        self
    }

    /// Shows the line's text; long lines are cut around the column, control characters replaced.
    #[must_use]
    pub fn excerpt(mut self, line_text: &str) -> Self {
        let clean = |c: char| {
            if crate::hint::is_unprintable(c) {
                ' '
            } else {
                c
            }
        };
        // The start of a line says most; only a column beyond it moves the window.
        let at = self.column.saturating_sub(1);
        let skip = if at < EXCERPT { 0 } else { at - EXCERPT / 2 };
        let mut rest = line_text.chars().skip(skip).map(clean);
        let mut shown: String = rest.by_ref().take(EXCERPT).collect();
        shown.truncate(shown.trim_end().len());
        if rest.any(|c| c != ' ') {
            shown.push('…');
        }
        if skip > 0 {
            shown.insert(0, '…');
        }
        let before = at - skip + usize::from(skip > 0);
        self.caret = (self.column > 0).then(|| {
            // Wide characters fill two cells; a column past the end stands after the last one.
            let cells: String = shown.chars().take(before).collect();
            cells.width() + before.saturating_sub(cells.chars().count()).min(1)
        });
        self.excerpt = Some(shown);
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Suggests the nearest of the valid words, or lists them when none is near.
    #[must_use]
    pub fn nearest<'a>(self, word: &str, valid: impl IntoIterator<Item = &'a str>) -> Self {
        let valid: Vec<_> = valid.into_iter().collect();
        match crate::hint::nearest(word, valid.iter().copied()) {
            Some(near) => self.hint(format!("did you mean `{near}`?")),
            None => self.hint(format!("valid here: {}", crate::hint::list(valid))),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display().to_string();
        write!(f, "{}\n  --> {}", printable(&self.message), line(&path))?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
            if self.column > 0 {
                write!(f, ":{}", self.column)?;
            }
        }
        if let Some(field) = &self.field {
            write!(f, " in `{}`", line(field))?;
        }
        let gutter = self.line.to_string().len().max(2);
        if let Some(excerpt) = &self.excerpt {
            write!(
                f,
                "\n {:gutter$} |\n {:>gutter$} | {excerpt}",
                "", self.line
            )?;
            if let Some(offset) = self.caret {
                write!(f, "\n {:gutter$} | {:offset$}^", "", "")?;
            }
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n {:gutter$} = help: {}", "", printable(hint))?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostic {}

/// The text with what could redraw a terminal escaped: words from a file stand in messages.
fn printable(text: &str) -> Cow<'_, str> {
    let foreign = |c: char| c != '\n' && crate::hint::is_unprintable(c);
    if !text.contains(foreign) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match foreign(c) {
            true => shown.extend(c.escape_unicode()),
            false => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// The same for words that stand in one line, where a line of theirs would pass for one of ours.
fn line(text: &str) -> String {
    printable(text).replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_stays_on_the_line_of_its_place() {
        let shown = Diagnostic::new("a.yml", "odd")
            .at(3, 0)
            .field("tools.x\nerror")
            .to_string();
        assert_eq!(shown, "odd\n  --> a.yml:3 in `tools.x\\nerror`");
    }

    #[test]
    fn words_of_a_file_cannot_redraw_the_terminal() {
        let message = "cannot tell the format of `\u{1b}[2J` from its name";
        let shown = Diagnostic::new("a.yaml", message)
            .hint("\u{9b}")
            .to_string();
        assert!(!shown.contains(['\u{1b}', '\u{9b}']), "{shown}");
        assert!(shown.contains("\\u{1b}[2J"), "{shown}");
    }
}
