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
    let first = first_rows(&dataset.source)?;
    check(&dataset.source, &first, dataset.mapping.named())?;
    for recorded in recorded {
        match &recorded.source {
            Some(source) if !source.same_file(&dataset.source) => {
                check(source, &first_rows(source)?, recorded.fields.all())?;
            }
            _ => check(&dataset.source, &first, recorded.fields.all())?,
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

fn check<'a>(
    source: &DataSource,
    rows: &[super::Row],
    fields: impl Iterator<Item = &'a Field>,
) -> Result<()> {
    let place = source.place();
    fields
        .into_iter()
        .try_for_each(|field| field.check(rows, source.format(), &place))
}
