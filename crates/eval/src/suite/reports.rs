//! The `report` of a suite: files to write after a run.

use std::path::{Path, PathBuf};

use botsmith_core::yaml::Cursor;

use crate::Result;

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
}
