//! A complete run -> the files that a suite or a step asks for, each whole or not at all.

use std::io::Write;
use std::path::{Path, PathBuf};

use botsmith_core::yaml::{Source, parse};

use super::{Report, csv, html, jsonl, junit, markdown, rows, save, write_error};
use crate::run::{Manifest, StoredRun};
use crate::suite::Reports;
use crate::{Error, Result};

/// Writes report files and gives their paths.
///
/// # Errors
/// If a file cannot be written, is what the run was judged from or is to hold two reports (then none is
/// written), or the run's cases cannot be read.
pub fn write_files(run: &StoredRun<'_>, report: &Report, files: &Reports) -> Result<Vec<PathBuf>> {
    let manifest = &run.manifest;
    if files.all().next().is_some()
        && let Some((_, message)) = files.clash(&inputs(manifest))
    {
        return Err(Error::Invalid(format!("{message}; name another file")));
    }
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

/// The files that a run was judged from, as its manifest names them. The suite is not read as one: it
/// may be of another version, or name evaluators that are not here.
fn inputs(manifest: &Manifest) -> Vec<(String, PathBuf)> {
    let file = PathBuf::from(&manifest.suite_file);
    let mut inputs = vec![("the run's suite".to_owned(), file.clone())];
    if manifest.dataset != "inline" {
        let dataset = PathBuf::from(&manifest.dataset);
        inputs.push(("the run's dataset".to_owned(), dataset));
    }
    let source = Source::new(&file, manifest.suite_text.clone());
    let suite = parse(&source).map(|root| root.to_json());
    let suite = suite.unwrap_or_default();
    let folder = file.parent().unwrap_or(Path::new(""));
    let bots = suite.get("bots").and_then(|bots| bots.as_array());
    for bot in bots.into_iter().flatten() {
        if let Some(path) = bot.pointer("/recorded/path").and_then(|path| path.as_str()) {
            inputs.push(("a file of recorded answers".to_owned(), folder.join(path)));
        }
    }
    inputs
}
