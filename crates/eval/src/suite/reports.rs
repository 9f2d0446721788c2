//! The `report` of a suite: files to write after a run.

use std::path::{Path, PathBuf};

use botsmith_core::yaml::Cursor;

use super::Suite;
use crate::{Error, Result};

/// Report files; `None` is not written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reports {
    /// The report as JSON.
    pub json: Option<PathBuf>,
    /// One line a case.
    pub jsonl: Option<PathBuf>,
    /// One line an answer.
    pub csv: Option<PathBuf>,
    /// For people and pull requests.
    pub markdown: Option<PathBuf>,
    /// For CI.
    pub junit: Option<PathBuf>,
    /// One self-contained page.
    pub html: Option<PathBuf>,
}

impl Reports {
    pub(super) fn read(at: Option<&Cursor<'_>>, base: &Path) -> Result<Self> {
        let Some(at) = at else {
            return Ok(Self::default());
        };
        let fields = at.fields()?;
        let path = |key| match fields.get(key) {
            Some(at) => at.name().map(|name| Some(base.join(name))),
            None => Ok(None),
        };
        let reports = Self {
            json: path("json")?,
            jsonl: path("jsonl")?,
            csv: path("csv")?,
            markdown: path("markdown")?,
            junit: path("junit")?,
            html: path("html")?,
        };
        fields.finish()?;
        Ok(reports)
    }

    /// The files that are to be written, with their keys.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let files = [
            ("json", &self.json),
            ("jsonl", &self.jsonl),
            ("csv", &self.csv),
            ("markdown", &self.markdown),
            ("junit", &self.junit),
            ("html", &self.html),
        ];
        files
            .into_iter()
            .filter_map(|(key, path)| Some((key, path.as_deref()?)))
    }

    /// The first report that would be written over one of `inputs` (what it is, and where) or over
    /// another report: its key, and what is wrong. What is no regular file (`/dev/stdout`) may be
    /// written to by all.
    pub(crate) fn clash(&self, inputs: &[(String, PathBuf)]) -> Option<(&'static str, String)> {
        let mut taken: Vec<(&'static str, PathBuf)> = Vec::new();
        for (key, path) in self.all() {
            if path.metadata().is_ok_and(|meta| !meta.is_file()) {
                continue;
            }
            let target = place(path);
            if let Some((what, _)) = inputs.iter().find(|(_, input)| place(input) == target) {
                let path = path.display();
                return Some((
                    key,
                    format!("{path} is {what}: the {key} report would replace it"),
                ));
            }
            if let Some((other, _)) = taken.iter().find(|(_, known)| *known == target) {
                let path = path.display();
                return Some((
                    key,
                    format!("{path} is to hold two reports: {other} and {key}"),
                ));
            }
            taken.push((key, target));
        }
        None
    }

    /// Refuses reports that would replace what a suite is judged from, or each other.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the report's key, its file and what that is.
    pub fn check(&self, suite: &Suite) -> Result<()> {
        match self.clash(&suite.inputs()) {
            Some((_, message)) => Err(Error::Invalid(format!("{message}; name another file"))),
            None => Ok(()),
        }
    }
}

/// A path in the one form that all its spellings have, though the file may not be there.
fn place(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    match (folder.canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}
