//! JSONL: one line a case, everything that is known of it.

use std::io::{self, Write};

use crate::Result;
use crate::run::{CaseRecord, Manifest};

use super::rows::{Offsets, case};
use super::write_error;

/// Writes one line a case.
///
/// # Errors
/// If a case cannot be read, or `out` cannot be written.
pub fn write(
    out: &mut dyn Write,
    manifest: &Manifest,
    cases: &mut dyn Iterator<Item = Result<CaseRecord>>,
) -> Result<()> {
    for record in cases {
        let row = case(&record?, manifest, Offsets::Bytes);
        serde_json::to_writer(&mut *out, &row)
            .map_err(io::Error::from)
            .map_err(write_error)?;
        out.write_all(b"\n").map_err(write_error)?;
    }
    Ok(())
}
