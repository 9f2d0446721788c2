//! Steps of kind `report`: a judged run -> files for people and programs, by their paths.

use std::path::PathBuf;

use botsmith_core::store::StateStore;
use botsmith_flow::{StepError, Task};
use serde::Deserialize;
use serde_json::{Value, json};

use super::failed;
use crate::report::write_files;
use crate::run::Runs;
use crate::suite::Reports;

/// The files that a step may ask for, by the names of their forms.
pub(super) const FORMS: [&str; 6] = ["html", "markdown", "json", "jsonl", "csv", "junit"];

#[derive(Deserialize)]
struct With {
    run: String,
    html: Option<PathBuf>,
    markdown: Option<PathBuf>,
    json: Option<PathBuf>,
    jsonl: Option<PathBuf>,
    csv: Option<PathBuf>,
    junit: Option<PathBuf>,
}

pub(super) fn write(store: &dyn StateStore, task: &Task) -> Result<Value, StepError> {
    let with: With = task.read()?;
    let place = |path: Option<PathBuf>| path.map(|path| task.path(path));
    let files = Reports {
        html: place(with.html),
        markdown: place(with.markdown),
        json: place(with.json),
        jsonl: place(with.jsonl),
        csv: place(with.csv),
        junit: place(with.junit),
    };
    let write = || {
        let runs = Runs::new(store);
        let run = runs.open(&runs.resolve(&with.run)?)?;
        write_files(&run, run.complete()?, &files)
    };
    Ok(json!(write().map_err(|error| failed(&error))?))
}
