//! A batch of case records as bytes: a format number, then LZ4 over JSON.
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

fn corrupt(url: &str, reason: impl Into<String>) -> Error {
    botsmith_core::Error::StoreCorrupt {
        url: url.into(),
        reason: reason.into(),
    }
    .into()
}

/// Unpacks records.
pub(super) fn decode(bytes: &[u8], url: &str) -> Result<Vec<CaseRecord>> {
    let Some((&FORMAT, packed)) = bytes.split_first() else {
        return Err(corrupt(url, "a batch of cases has an unknown format"));
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
    serde_json::from_slice(&json)
        .map_err(|error| corrupt(url, format!("a batch of cases does not read: {error}")))
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
    fn damaged_batches_are_errors() {
        let bytes = encode(&[CaseRecord::default()]);
        for cut in 0..bytes.len() {
            assert!(decode(&bytes[..cut], "memory:").is_err());
        }
        assert!(decode(&[1, 255, 255, 255, 255, 0], "memory:").is_err());
    }
}
