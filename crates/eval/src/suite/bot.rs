//! The `bots` of a suite.

use std::path::Path;

use botsmith_core::yaml::{Cursor, Fields};

use crate::Result;
use crate::dataset::{DatasetSpec, Files, Recorded, RecordedFields};

/// What answers: here, recorded answers.
#[derive(Clone, Debug)]
pub struct BotSpec {
    /// Its name, unique in the suite.
    pub name: String,
    /// Where its answers are.
    pub recorded: Recorded,
}

/// Reads the list.
pub(super) fn read_all(
    at: &Cursor<'_>,
    base: &Path,
    dataset: &DatasetSpec,
    files: Files,
) -> Result<Vec<BotSpec>> {
    let mut bots: Vec<BotSpec> = Vec::new();
    for item in at.items()? {
        let fields = item.fields()?;
        let name_at = fields.required("name")?;
        let name = name_at.name()?.to_owned();
        if bots.iter().any(|bot| bot.name == name) {
            return Err(name_at.error(format!("a second bot named `{name}`")).into());
        }
        let recorded_fields = fields.required("recorded")?.fields()?;
        let recorded = recorded(&recorded_fields, base, dataset, files)?;
        recorded_fields.finish()?;
        fields.finish()?;
        bots.push(BotSpec { name, recorded });
    }
    if bots.is_empty() {
        return Err(at
            .error("the list is empty: at least one bot is needed")
            .into());
    }
    Ok(bots)
}

fn recorded(
    fields: &Fields<'_>,
    base: &Path,
    dataset: &DatasetSpec,
    files: Files,
) -> Result<Recorded> {
    let format = fields.get("format");
    let source = fields
        .get("path")
        .map(|path| crate::dataset::file_source(&path, format.as_ref(), base, files))
        .transpose()?;
    let rows = source.as_ref().unwrap_or(&dataset.source);
    let answers = RecordedFields::read(fields, rows.format())?;
    Ok(Recorded {
        source,
        fields: answers,
    })
}
