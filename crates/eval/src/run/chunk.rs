//! A batch of case records as bytes: a format number, then LZ4 over JSON.
//!
//! Before that there may be a list of ids that turned out to be repeats (`#2` and so on) after the
//! batch was packed: another format number, how many, and for each its place in the batch and its
//! number.
//!
//! Entries over [`store::INLINE`](botsmith_core::store::INLINE) bytes go into a blob and leave
//! its digest in the log.

use botsmith_core::digest::Digest;
use botsmith_core::store::{INLINE, StateStore};
use lz4_flex::block::{compress_prepend_size, decompress_size_prepended};

use crate::{Error, Result};

use super::CaseRecord;

const FORMAT: u8 = 1;
const IN_BLOB: u8 = 2;
const RENAMED: u8 = 3;
/// A batch holds one row of at most 32 MiB beyond a mebibyte of others, its answers repeated at
/// most once in JSON: what claims to be more is damaged or hostile.
const MAX_PLAIN: usize = 512 << 20;

/// Packs records.
pub(super) fn encode(records: &[CaseRecord]) -> Vec<u8> {
    let json = serde_json::to_vec(records).expect("records serialise to JSON");
    let mut bytes = vec![FORMAT];
    bytes.extend(compress_prepend_size(&json));
    bytes
}

/// Marks cases of a packed batch as repeats: their place in it, and the number that their id gets.
pub(super) fn rename(packed: &[u8], repeats: &[(usize, u32)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(packed.len() + 5 + 8 * repeats.len());
    let number = |n: usize| u32::try_from(n).expect("batches are small").to_le_bytes();
    bytes.push(RENAMED);
    bytes.extend(number(repeats.len()));
    for (place, repeat) in repeats {
        bytes.extend(number(*place));
        bytes.extend(repeat.to_le_bytes());
    }
    bytes.extend(packed);
    bytes
}

/// The repeats that [`rename`] wrote, and the batch after them.
fn renamed(bytes: &[u8]) -> Option<(Vec<(usize, u32)>, &[u8])> {
    let (count, mut bytes) = bytes.split_first_chunk()?;
    let mut repeats = Vec::new();
    for _ in 0..u32::from_le_bytes(*count) {
        let (place, rest) = bytes.split_first_chunk()?;
        let (repeat, rest) = rest.split_first_chunk()?;
        repeats.push((
            u32::from_le_bytes(*place) as usize,
            u32::from_le_bytes(*repeat),
        ));
        bytes = rest;
    }
    Some((repeats, bytes))
}

fn corrupt(url: &str, reason: impl Into<String>) -> Error {
    botsmith_core::Error::StoreCorrupt {
        url: url.into(),
        reason: reason.into(),
    }
    .into()
}

/// Unpacks records.
pub(super) fn decode(bytes: &[u8], url: &str) -> Result<Vec<CaseRecord>> {
    let packed = match bytes.split_first() {
        Some((&FORMAT, packed)) => packed,
        Some((&RENAMED, rest)) => return decode_renamed(rest, url),
        _ => return Err(corrupt(url, "a batch of cases has an unknown format")),
    };
    let claimed = packed
        .first_chunk()
        .map_or(0, |size| u32::from_le_bytes(*size) as usize);
    if claimed > MAX_PLAIN {
        return Err(corrupt(
            url,
            format!("a batch of cases claims {claimed} bytes"),
        ));
    }
    let json = decompress_size_prepended(packed)
        .map_err(|error| corrupt(url, format!("a batch of cases does not unpack: {error}")))?;
    // Checked as UTF-8 once: string by string takes longer.
    std::str::from_utf8(&json)
        .map_err(|error| error.to_string())
        .and_then(|json| serde_json::from_str(json).map_err(|error| error.to_string()))
        .map_err(|error| corrupt(url, format!("a batch of cases does not read: {error}")))
}

fn decode_renamed(bytes: &[u8], url: &str) -> Result<Vec<CaseRecord>> {
    let wrong = || corrupt(url, "a batch of cases has a damaged list of repeats");
    let (repeats, packed) = renamed(bytes).ok_or_else(wrong)?;
    if packed.first() != Some(&FORMAT) {
        return Err(wrong());
    }
    let mut records = decode(packed, url)?;
    for (place, repeat) in repeats {
        let record = records.get_mut(place).ok_or_else(wrong)?;
        record.case.id = format!("{}#{repeat}", record.case.id);
    }
    Ok(records)
}

/// Log entries for packed chunks; large ones are put into blobs first, all in one write.
pub(super) fn entries(chunks: Vec<Vec<u8>>, store: &dyn StateStore) -> Result<Vec<Vec<u8>>> {
    let (mut entries, mut blobs, mut places) = (Vec::with_capacity(chunks.len()), vec![], vec![]);
    for chunk in chunks {
        if chunk.len() > INLINE {
            places.push(entries.len());
            entries.push(Vec::new());
            blobs.push(chunk);
        } else {
            entries.push(chunk);
        }
    }
    if !blobs.is_empty() {
        for (place, digest) in places.into_iter().zip(store.put_blobs(blobs)?) {
            entries[place] = [&[IN_BLOB], digest.as_bytes().as_slice()].concat();
        }
    }
    Ok(entries)
}

/// The packed chunk that a log entry stands for.
pub(super) fn resolve(entry: Vec<u8>, store: &dyn StateStore) -> Result<Vec<u8>> {
    match blob_of(&entry) {
        None => Ok(entry),
        Some(digest) => store
            .blob(&digest)?
            .ok_or_else(|| corrupt(store.url(), format!("blob {digest} is missing"))),
    }
}

/// The blob that a log entry refers to, if it does.
pub(super) fn blob_of(entry: &[u8]) -> Option<Digest> {
    match entry.split_first() {
        Some((&IN_BLOB, digest)) => Some(Digest::from_bytes(digest.try_into().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_as_they_were() {
        let records = vec![
            CaseRecord {
                line: 3,
                ..CaseRecord::default()
            };
            2
        ];
        assert_eq!(decode(&encode(&records), "memory:").unwrap(), records);
    }

    #[test]
    fn repeats_get_their_number_when_they_are_read() {
        let packed = encode(&vec![CaseRecord::default(); 3]);
        let records = decode(&rename(&packed, &[(1, 2), (2, 3)]), "memory:").unwrap();
        let ids: Vec<_> = records.iter().map(|r| r.case.id.as_str()).collect();
        assert_eq!(ids, ["", "#2", "#3"]);
    }

    #[test]
    fn damaged_lists_of_repeats_are_errors() {
        let renamed = rename(&encode(&[CaseRecord::default()]), &[(0, 2)]);
        for cut in 0..renamed.len() {
            assert!(decode(&renamed[..cut], "memory:").is_err(), "{cut}");
        }
        assert!(decode(&rename(&renamed, &[]), "memory:").is_err(), "nested");
        let past = rename(&encode(&[CaseRecord::default()]), &[(1, 2)]);
        assert!(decode(&past, "memory:").is_err(), "past the end");
        assert!(decode(&[RENAMED, 255, 255, 255, 255], "memory:").is_err());
    }

    #[test]
    fn damaged_batches_are_errors() {
        let bytes = encode(&[CaseRecord::default()]);
        for cut in 0..bytes.len() {
            assert!(decode(&bytes[..cut], "memory:").is_err());
        }
        assert!(decode(&[1, 255, 255, 255, 255, 0], "memory:").is_err());
    }
}
