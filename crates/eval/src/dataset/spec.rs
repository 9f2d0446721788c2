//! The `dataset` of a suite.

use std::path::Path;
use std::sync::Arc;

use botsmith_core::yaml::{Cursor, Value as Yaml};

use crate::Result;
use crate::template::Condition;

use super::source::rows_of;
use super::{DataSource, Format, Mapping, Place};

/// Whether data files must be there when a suite is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Files {
    /// To judge them.
    MustExist,
    /// To look at what was judged.
    MayBeGone,
}

/// Where cases come from and which of them are taken.
#[derive(Clone, Debug)]
pub struct DatasetSpec {
    /// The rows.
    pub source: DataSource,
    /// Which field is what.
    pub mapping: Mapping,
    /// Only cases for which this holds.
    pub filter: Option<Condition>,
    /// Only cases with one of these tags; empty: all.
    pub tags: Vec<String>,
    /// At most the first so many.
    pub limit: Option<usize>,
    /// A seeded random sample of so many, in file order.
    pub sample: Option<usize>,
}

impl DatasetSpec {
    /// Reads a path, a list of cases, or a mapping with `path` or `cases`.
    ///
    /// # Errors
    /// If it is none of these, the file's format is unknown, or a key is.
    pub(crate) fn read(at: &Cursor<'_>, base: &Path, files: Files) -> Result<Self> {
        let empty = botsmith_core::yaml::Node::new(Yaml::Map(Vec::new()), at.mark());
        let bare = Cursor::new(at.source(), &empty);
        let (source, fields) = match &at.node().value {
            Yaml::String(_) => (file_source(at, None, base, files)?, bare.fields()?),
            Yaml::Seq(_) => (inline(at)?, bare.fields()?),
            _ => {
                let fields = at.fields()?;
                let format = fields.get("format");
                let source = match (fields.get("path"), fields.get("cases")) {
                    (Some(path), None) => file_source(&path, format.as_ref(), base, files)?,
                    (None, Some(cases)) => inline(&cases)?,
                    (Some(_), Some(cases)) => {
                        return Err(cases
                            .error("`path` and `cases` together: give one of them")
                            .into());
                    }
                    (None, None) => {
                        fields.required("path")?;
                        unreachable!("`required` fails where `get` gave nothing");
                    }
                };
                (source, fields)
            }
        };
        let mapping = Mapping::read(&fields, source.format())?;
        let spec = Self {
            source,
            mapping,
            filter: fields
                .get("filter")
                .map(|at| Condition::read(&at))
                .transpose()?,
            tags: fields
                .get("only-tags")
                .map(|at| at.texts())
                .transpose()?
                .unwrap_or_default(),
            limit: fields.get("limit").map(|at| at.count()).transpose()?,
            sample: fields.get("sample").map(|at| at.count()).transpose()?,
        };
        fields.finish()?;
        Ok(spec)
    }
}

/// A data file named in a suite. It must exist: the error then still knows the suite's line.
pub(crate) fn file_source(
    at: &Cursor<'_>,
    format: Option<&Cursor<'_>>,
    base: &Path,
    files: Files,
) -> Result<DataSource> {
    let name = at.name()?;
    let path = base.join(name);
    if path.is_dir() {
        return Err(at
            .error(format!("`{name}` is a folder, a file was expected"))
            .into());
    }
    let formats = [
        ("jsonl", Format::Jsonl),
        ("csv", Format::Csv),
        ("yaml", Format::Yaml),
        ("json", Format::Yaml),
    ];
    let format = match format {
        Some(at) => at.one_of(&formats)?,
        None => Format::of(&path).ok_or_else(|| {
            at.diagnostic(format!("cannot tell the format of `{name}` from its name"))
                .hint("add `format: jsonl`, `csv`, `yaml` or `json`")
        })?,
    };
    match path.metadata() {
        _ if files == Files::MayBeGone => Ok(DataSource::File { path, format }),
        Ok(_) => Ok(DataSource::File { path, format }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let diagnostic = at.diagnostic(format!("no file {}", path.display()));
            let siblings = siblings(&path);
            let wanted = path
                .file_name()
                .and_then(|n| n.to_str())
                .unwrap_or_default();
            Err(
                match botsmith_core::hint::nearest(wanted, siblings.iter().map(String::as_str)) {
                    Some(near) => diagnostic.hint(format!(
                        "`{near}` is there; paths are relative to the suite file"
                    )),
                    None => diagnostic.hint("paths are relative to the suite file"),
                }
                .into(),
            )
        }
        Err(error) => Err(at
            .error(format!("cannot read {}: {error}", path.display()))
            .into()),
    }
}

/// Names of the files beside a file.
pub(crate) fn siblings(path: &Path) -> Vec<String> {
    // Of a bare name, the parent is the empty path.
    let here = |folder| match folder {
        folder if folder == Path::new("") => Path::new("."),
        folder => folder,
    };
    let Some(Ok(entries)) = path.parent().map(here).map(std::fs::read_dir) else {
        return Vec::new();
    };
    let names = entries
        .take(1000)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

fn inline(at: &Cursor<'_>) -> Result<DataSource> {
    let _ = at.items()?;
    let Yaml::Seq(items) = &at.node().value else {
        unreachable!("`items` has just succeeded")
    };
    Ok(DataSource::Inline {
        place: Place::new(at.source().path()),
        rows: Arc::new(rows_of(items)),
    })
}
