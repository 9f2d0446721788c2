//! Where rows come from.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use botsmith_core::digest::Digest;
use botsmith_core::yaml::{Mark, Node, Source, Value as Yaml, parse};
use botsmith_core::{Diagnostic, Error as CoreError};

use serde_json::value::RawValue;

use crate::Result;

use super::batch::{CsvRows, JsonlRows, Rows, ValueRows};
use super::{Place, Row};

/// How a data file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON value a line.
    Jsonl,
    /// Comma-separated values with a header line (RFC 4180); `.tsv` files split at tabs.
    Csv,
    /// A YAML or JSON list, whole in memory.
    Yaml,
}

impl Format {
    /// The format that a file's extension stands for.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "csv" | "tsv" => Some(Self::Csv),
            "yaml" | "yml" | "json" => Some(Self::Yaml),
            _ => None,
        }
    }
}

/// Rows of a file, or rows that stand in the suite.
#[derive(Clone, Debug)]
pub enum DataSource {
    /// A file.
    File {
        /// Where it is.
        path: PathBuf,
        /// How it is written.
        format: Format,
    },
    /// Rows in the suite file itself.
    Inline {
        /// The suite file.
        place: Place,
        /// The rows.
        rows: Arc<Vec<Row>>,
    },
}

/// A file that is read whole (YAML, JSON) may have this many bytes.
const MAX_WHOLE: u64 = 64 << 20;

impl DataSource {
    /// The format of its fields.
    pub fn format(&self) -> Format {
        match self {
            Self::File { format, .. } => *format,
            Self::Inline { .. } => Format::Yaml,
        }
    }

    /// The file, for messages.
    pub fn place(&self) -> Place {
        match self {
            Self::File { path, .. } => Place::new(path),
            Self::Inline { place, .. } => place.clone(),
        }
    }

    /// Size in bytes, where it is a file.
    pub fn bytes(&self) -> Option<u64> {
        match self {
            Self::File { path, .. } => path.metadata().ok().map(|m| m.len()),
            Self::Inline { .. } => None,
        }
    }

    /// Whether both are the same file.
    pub fn same_file(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File { path: a, .. }, Self::File { path: b, .. }) => {
                a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
            }
            (Self::Inline { rows: a, .. }, Self::Inline { rows: b, .. }) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// Hash of the content.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn digest(&self) -> Result<Digest> {
        match self {
            Self::File { path, .. } => {
                let fail = |source| CoreError::Read {
                    path: path.clone(),
                    source,
                };
                let file = File::open(path).map_err(fail)?;
                Ok(Digest::of_reader(file).map_err(fail)?)
            }
            Self::Inline { rows, .. } => {
                let values: Vec<_> = rows.iter().map(|row| &row.value).collect();
                Ok(Digest::of(
                    &serde_json::to_vec(&values).expect("JSON values serialise"),
                ))
            }
        }
    }

    /// Opens it for reading in batches.
    ///
    /// # Errors
    /// If the file cannot be read, is UTF-16, or (whole formats) does not parse.
    pub fn rows(&self) -> Result<Box<dyn Rows>> {
        match self {
            Self::Inline { place, rows } => {
                Ok(Box::new(ValueRows::new(place.clone(), Arc::clone(rows))))
            }
            Self::File { path, format } => {
                let fail = |source| CoreError::Read {
                    path: path.clone(),
                    source,
                };
                let file = File::open(path).map_err(fail)?;
                read_rows(&Place::new(path), file, *format)
            }
        }
    }
}

/// Rows of anything that can be read: a file, a pipe, bytes in memory. The place names it in
/// messages; its extension tells `.tsv` from `.csv` and `.json` from `.yaml`.
///
/// ```
/// use std::path::Path;
/// use botsmith_eval::dataset::{Format, Place, read_rows};
/// let place = Place::new(Path::new("cases.jsonl"));
/// let text: &[u8] = b"{\"input\": \"2 + 2?\"}\n\n{\"input\": \"3 + 3?\"}\n";
/// let mut rows = read_rows(&place, text, Format::Jsonl)?;
/// let batch = rows.next_batch()?.expect("two rows").rows()?;
/// assert_eq!((batch.len(), batch[1].line), (2, 3));
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
///
/// # Errors
/// If it cannot be read, is UTF-16, or (whole formats) does not parse.
pub fn read_rows(
    place: &Place,
    mut reader: impl Read + Send + 'static,
    format: Format,
) -> Result<Box<dyn Rows>> {
    if format == Format::Yaml {
        let source = Source::from_reader(place.path(), &mut reader, MAX_WHOLE)?;
        let rows = Arc::new(read_whole(&source)?);
        return Ok(Box::new(ValueRows::new(place.clone(), rows)));
    }
    let mut start = Vec::with_capacity(3);
    Read::by_ref(&mut reader)
        .take(3)
        .read_to_end(&mut start)
        .map_err(|source| CoreError::Read {
            path: place.path().to_owned(),
            source,
        })?;
    if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
        return Err(
            Diagnostic::new(place.path(), "file is UTF-16, UTF-8 was expected")
                .code("BS-EVAL-010")
                .hint("save it as UTF-8 (`iconv -f UTF-16 -t UTF-8`)")
                .into(),
        );
    }
    // A byte-order mark is stepped over.
    let skip = if start == [0xef, 0xbb, 0xbf] { 3 } else { 0 };
    start.drain(..skip);
    let reader = BufReader::with_capacity(1 << 18, Cursor::new(start).chain(reader));
    match format {
        Format::Jsonl => Ok(Box::new(JsonlRows::new(place.clone(), reader, skip as u64))),
        _ => Ok(Box::new(CsvRows::new(place.clone(), reader, skip as u64)?)),
    }
}

fn read_whole(source: &Source) -> Result<Vec<Row>> {
    let json = |e: &std::ffi::OsStr| e.eq_ignore_ascii_case("json");
    if source.path().extension().is_some_and(json) {
        return read_json(source);
    }
    let root = parse(source)?;
    let list = match &root.value {
        Yaml::Map(_) => root.get("cases").unwrap_or(&root),
        _ => &root,
    };
    match &list.value {
        Yaml::Seq(items) => Ok(rows_of(items)),
        Yaml::Null => Ok(Vec::new()),
        _ => Err(source
            .diagnostic(
                list.mark,
                format!("expected a list of cases, found {}", list.kind()),
            )
            .code("BS-EVAL-010")
            .hint("a list starts each case with `- `; a file of one JSON object a line is `.jsonl`")
            .into()),
    }
}

/// A JSON list, or an object whose `cases` is one. YAML reads most JSON, but not all: surrogate
/// pairs are written as two escapes in JSON alone.
fn read_json(source: &Source) -> Result<Vec<Row>> {
    #[derive(serde::Deserialize)]
    struct Cases<'a> {
        #[serde(borrow)]
        cases: Vec<&'a RawValue>,
    }
    let text = source.text();
    let wrong = |error: serde_json::Error| {
        let mark = Mark {
            line: error.line(),
            column: error.column(),
        };
        let mut message = error.to_string();
        if let Some(cut) = message.rfind(" at line ") {
            message.truncate(cut);
        }
        source
            .diagnostic(mark, format!("not a JSON list of cases: {message}"))
            .code("BS-EVAL-010")
    };
    let items: Vec<&RawValue> = match text.trim_start().starts_with('{') {
        true => {
            serde_json::from_str::<Cases<'_>>(text)
                .map_err(wrong)?
                .cases
        }
        false => serde_json::from_str(text).map_err(wrong)?,
    };
    let (mut line, mut at) = (1, 0);
    items
        .into_iter()
        .map(|item| {
            let start = item.get().as_ptr() as usize - text.as_ptr() as usize;
            line += memchr::memchr_iter(b'\n', &text.as_bytes()[at..start]).count();
            at = start;
            Ok(Row::from_value(
                serde_json::from_str(item.get()).map_err(wrong)?,
                line,
            ))
        })
        .collect()
}

/// YAML items as rows. Numbers become text as written where they stand for text: JSON keeps the
/// value, so `1.10` is given as its spelling.
pub(crate) fn rows_of(items: &[Node]) -> Vec<Row> {
    items
        .iter()
        .map(|item| Row::from_value(item.to_json(), item.mark.line))
        .collect()
}
