//! Datasets: rows of JSONL, CSV, YAML or the suite itself, mapped to [cases](crate::Case).
//!
//! Rows stream in [batches](Batch) whose borders depend on the data alone, so that a run cut
//! short goes on at the same place. Reading is split in two: [`Rows`] cuts a file into batches
//! (one thread, cheap), [`Batch::rows`] parses them (many threads).

mod batch;
mod check;
mod field;
mod mapping;
mod recorded;
mod row;
mod source;
mod spec;

pub use batch::{Batch, MAX_BATCH_BYTES, MAX_BATCH_ROWS, Rows};
pub(crate) use check::check_fields;
pub use field::Field;
pub use mapping::Mapping;
pub(crate) use recorded::hash_id;
pub use recorded::{Answers, Index, Recorded, RecordedFields};
pub(crate) use row::text_of;
pub use row::{Place, Row};
pub use source::{DataSource, Format, read_rows};
pub use spec::DatasetSpec;
pub(crate) use spec::{Files, file_source, siblings};
