//! The file around a model's sections: magic, version, checksum, table of sections.
//!
//! ```text
//! 0   8   "BSNLP\r\n\0"
//! 8   4   format, little endian
//! 12  4   number of sections
//! 16  32  BLAKE3 of everything behind it
//! 48  n   a section each: name (16 bytes, zeros behind), start (8), length (8)
//! …       sections, each at a multiple of 64
//! ```

use std::ops::Range;
use std::path::Path;

use super::FORMAT;
use crate::{Error, Result};

const MAGIC: &[u8; 8] = b"BSNLP\r\n\0";
const HEADER: usize = 48;
const ENTRY: usize = 32;
const NAME: usize = 16;
const ALIGN: usize = 64;
/// More sections than any model has.
const MAX_SECTIONS: usize = 256;

/// Writes a file of sections.
pub(crate) fn write(sections: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut table = Vec::new();
    let mut body = Vec::new();
    let first = (HEADER + ENTRY * sections.len()).next_multiple_of(ALIGN);
    for (name, bytes) in sections {
        body.resize(body.len().next_multiple_of(ALIGN), 0);
        let mut padded = [0; NAME];
        padded[..name.len()].copy_from_slice(name.as_bytes());
        table.extend(padded);
        table.extend(((first + body.len()) as u64).to_le_bytes());
        table.extend((bytes.len() as u64).to_le_bytes());
        body.extend(bytes);
    }
    table.resize(first - HEADER, 0);
    let mut hasher = blake3::Hasher::new();
    hasher.update(&table).update(&body);
    let mut out = Vec::with_capacity(first + body.len());
    out.extend(MAGIC);
    out.extend(FORMAT.to_le_bytes());
    out.extend((sections.len() as u32).to_le_bytes());
    out.extend(hasher.finalize().as_bytes());
    out.extend(table);
    out.extend(body);
    out
}

/// Where the sections of a file lie.
#[derive(Debug)]
pub(crate) struct Sections(Vec<(String, Range<usize>)>);

impl Sections {
    /// Checks the file and finds its sections.
    pub(crate) fn read(name: &Path, bytes: &[u8]) -> Result<Self> {
        let bad = |reason: String| Error::Model {
            path: name.to_owned(),
            reason,
        };
        if !bytes.starts_with(MAGIC) {
            let what = match bytes.is_empty() {
                true => "it is empty",
                false => "it is some other kind of file",
            };
            return Err(bad(what.into()));
        }
        if bytes.len() < HEADER {
            return Err(bad(format!("it is cut short: {} bytes", bytes.len())));
        }
        let number =
            |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let format = number(8);
        if format > FORMAT {
            return Err(Error::ModelVersion {
                path: name.to_owned(),
                found: format,
                known: FORMAT,
            });
        }
        if format != FORMAT {
            return Err(bad(format!(
                "format {format} is not format {FORMAT}; train the model again"
            )));
        }
        let count = number(12) as usize;
        let table = HEADER + ENTRY * count.min(MAX_SECTIONS);
        if count > MAX_SECTIONS || bytes.len() < table {
            return Err(bad(format!("it is cut short: {} bytes", bytes.len())));
        }
        let mut sections = Vec::with_capacity(count);
        let mut end = table;
        for entry in bytes[HEADER..table].chunks_exact(ENTRY) {
            let name = String::from_utf8_lossy(&entry[..NAME]);
            let long =
                |at: usize| u64::from_le_bytes(entry[at..at + 8].try_into().expect("eight bytes"));
            let (start, length) = (long(NAME), long(NAME + 8));
            let range = start
                .checked_add(length)
                .and_then(|end| Some(usize::try_from(start).ok()?..usize::try_from(end).ok()?))
                .ok_or_else(|| bad("a section lies outside".into()))?;
            end = end.max(range.end);
            sections.push((name.trim_end_matches('\0').to_owned(), range));
        }
        if bytes.len() < end {
            return Err(bad(format!(
                "it is cut short: {} of {end} bytes",
                bytes.len()
            )));
        }
        if bytes.len() > end {
            return Err(bad(format!(
                "{} bytes too many at its end",
                bytes.len() - end
            )));
        }
        if blake3::hash(&bytes[HEADER..]).as_bytes() != &bytes[16..HEADER] {
            return Err(bad(
                "its checksum does not hold: it was changed or damaged".into()
            ));
        }
        Ok(Self(sections))
    }

    /// Where a section lies.
    pub(crate) fn get(&self, name: &str) -> Option<Range<usize>> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, range)| range.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cut_and_every_changed_byte_is_noticed() {
        let file = write(&[("one", vec![1; 5]), ("two", vec![2; 70])]);
        let sections = Sections::read(Path::new("m"), &file).expect("whole");
        assert_eq!(&file[sections.get("one").expect("there")], &[1; 5]);
        assert_eq!(&file[sections.get("two").expect("there")], &[2; 70]);
        assert!(sections.get("three").is_none());
        for cut in 0..file.len() {
            let error = Sections::read(Path::new("m"), &file[..cut]).expect_err("cut short");
            assert_eq!(error.code(), "BS-NLP-002", "{cut}: {error}");
        }
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 0x40;
            assert!(Sections::read(Path::new("m"), &changed).is_err(), "{at}");
        }
    }

    #[test]
    fn a_newer_format_is_named() {
        let mut file = write(&[]);
        file[8] = 9;
        let error = Sections::read(Path::new("m.bsm"), &file).expect_err("too new");
        assert_eq!(error.code(), "BS-NLP-003");
        assert!(error.to_string().contains("format 9"), "{error}");
    }
}
