//! Fields that a suite names, against the first rows of their files.

use crate::Result;

use super::{DataSource, DatasetSpec, Field, Recorded};

/// Checks the fields of the dataset and of recorded answers before anything is judged.
///
/// # Errors
/// The first field that is not there, at its place in the suite.
pub(crate) fn check_fields<'a>(
    dataset: &DatasetSpec,
    recorded: impl IntoIterator<Item = &'a Recorded>,
) -> Result<()> {
    // Fields by the file that they are of.
    let mut files: Vec<(&DataSource, Vec<&Field>)> =
        vec![(&dataset.source, dataset.mapping.named().collect())];
    for recorded in recorded {
        let source = recorded.source.as_ref().unwrap_or(&dataset.source);
        match files.iter_mut().find(|(known, _)| known.same_file(source)) {
            Some((_, fields)) => fields.extend(recorded.fields.all()),
            None => files.push((source, recorded.fields.all().collect())),
        }
    }
    for (source, fields) in files {
        let (rows, place) = (first_rows(source)?, source.place());
        for field in &fields {
            field.check(&rows, source.format(), &place, &fields)?;
        }
    }
    Ok(())
}

fn first_rows(source: &DataSource) -> Result<Vec<super::Row>> {
    Ok(match source.rows()?.next_batch()? {
        Some(batch) => batch.rows()?,
        None => Vec::new(),
    })
}
