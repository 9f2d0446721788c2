//! A complete run -> the files that a suite or a step asks for, each whole or not at all.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::{Report, csv, html, jsonl, junit, markdown, rows, save, write_error};
use crate::Result;
use crate::run::StoredRun;
use crate::suite::Reports;

/// Writes report files and gives their paths.
///
/// # Errors
/// If a file cannot be written, or the run's cases cannot be read.
pub fn write_files(run: &StoredRun<'_>, report: &Report, files: &Reports) -> Result<Vec<PathBuf>> {
    let manifest = &run.manifest;
    let mut written = Vec::new();
    let mut write = |path: &Option<PathBuf>, with: &dyn Fn(&Path, &mut dyn Write) -> Result<()>| {
        if let Some(path) = path {
            save(path, |out| with(path, out))?;
            written.push(path.clone());
        }
        Ok::<_, crate::Error>(())
    };
    let text =
        |out: &mut dyn Write, text: &str| out.write_all(text.as_bytes()).map_err(write_error);
    write(&files.json, &|_, out| {
        let mut json = serde_json::to_string_pretty(report).expect("our types serialise to JSON");
        json.push('\n');
        text(out, &json)
    })?;
    write(&files.jsonl, &|_, out| {
        jsonl::write(out, manifest, &mut run.cases())
    })?;
    write(&files.csv, &|_, out| {
        csv::write(out, manifest, &mut run.cases())
    })?;
    write(&files.markdown, &|_, out| {
        text(out, &markdown::render(report))
    })?;
    write(&files.junit, &|_, out| {
        junit::write(out, report, manifest, || run.cases())
    })?;
    write(&files.html, &|path, out| {
        let cases = run
            .cases()
            .map(|record| record.map(|record| rows::case(&record, manifest, rows::Offsets::Utf16)));
        html::write(out, path, report, cases)
    })?;
    Ok(written)
}
