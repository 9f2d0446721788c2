//! Headers of safetensors files: bytes in, a checked table of tensors out.
//!
//! The format (<https://github.com/huggingface/safetensors#format>): eight bytes of length, a JSON object, then the
//! numbers without a gap. Refused by name: headers over 100 MB or longer than the file, JSON that is none, names given
//! twice, sizes that do not fit their shape, tensors that overlap, leave a gap or end beyond the file. No numbers are
//! read here.

use std::fmt;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::error::{EngineError, Result};
use super::header::{self, Entry, Stored, TENSORS};

/// The longest header that is read, as in the reference implementation.
const HEADER_BYTES: u64 = 100_000_000;

/// The tensors that a file of `size` bytes holds, in the order of their bytes.
///
/// ```
/// use botsmith_core::engine::safetensors::read_header;
/// let header = br#"{"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}"#;
/// let mut file = (header.len() as u64).to_le_bytes().to_vec();
/// file.extend(header);
/// file.extend([0; 8]);
/// let entries = read_header("m.safetensors".as_ref(), &mut std::io::Cursor::new(&file))?;
/// assert_eq!((entries[0].name.as_str(), entries[0].shape.as_slice()), ("a", &[1, 2][..]));
/// # Ok::<(), botsmith_core::engine::EngineError>(())
/// ```
///
/// # Errors
/// [`EngineError::Damaged`] where the header does not hold; [`EngineError::Unsupported`] for a data type that is not
/// known; [`EngineError::Read`].
pub fn read_header(path: &Path, file: &mut (impl Read + Seek)) -> Result<Vec<Entry>> {
    let damaged = |reason: String| EngineError::damaged(path, reason);
    let read = |source| EngineError::Read {
        path: path.to_owned(),
        source,
    };
    let size = file.seek(SeekFrom::End(0)).map_err(read)?;
    file.seek(SeekFrom::Start(0)).map_err(read)?;
    if size < 8 {
        return Err(damaged(format!(
            "it has {size} bytes, a header alone has more: it is cut short"
        )));
    }
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(read)?;
    let length = u64::from_le_bytes(length);
    if length > HEADER_BYTES {
        return Err(damaged(format!(
            "its header claims {length} bytes, at most {HEADER_BYTES} are read: it is no safetensors file"
        )));
    }
    if length > size - 8 {
        return Err(damaged(format!(
            "its header claims {length} bytes, {} follow: it is cut short",
            size - 8
        )));
    }
    let mut text = vec![0; length as usize];
    file.read_exact(&mut text).map_err(read)?;
    let raw: Header = serde_json::from_slice(&text)
        .map_err(|error| damaged(format!("its header is no table of tensors: {error}")))?;
    let data = 8 + length;
    let mut entries = Vec::with_capacity(raw.0.len());
    for (name, raw) in raw.0 {
        entries.push(entry(path, name, &raw, data)?);
    }
    let entries = header::checked(path, entries, data, size)?;
    // Bytes that no tensor owns could hold anything; the format forbids them.
    let mut end = data;
    for entry in &entries {
        if entry.start != end {
            let shown = crate::hint::shown(&entry.name);
            return Err(damaged(format!(
                "{} bytes before tensor `{shown}` belong to none",
                entry.start - end
            )));
        }
        end = entry.start + entry.bytes as u64;
    }
    if end != size {
        return Err(damaged(format!(
            "{} bytes at its end belong to no tensor",
            size - end
        )));
    }
    Ok(entries)
}

fn entry(path: &Path, name: String, raw: &RawEntry, data: u64) -> Result<Entry> {
    let stored = match raw.dtype.as_str() {
        "F64" => Stored::F64,
        "F32" => Stored::F32,
        "F16" => Stored::F16,
        "BF16" => Stored::Bf16,
        "I64" => Stored::I64,
        "I32" => Stored::I32,
        "U8" | "BOOL" => Stored::U8,
        other => {
            return Err(EngineError::Unsupported {
                what: "data type",
                found: crate::hint::shown(other),
                known: "F64, F32, F16, BF16, I64, I32, U8, BOOL".into(),
            });
        }
    };
    let shown = || crate::hint::shown(&name);
    let [from, to] = raw.data_offsets;
    let count = header::count(path, &name, &raw.shape)?;
    let bytes = to.checked_sub(from).ok_or_else(|| {
        EngineError::damaged(
            path,
            format!("tensor `{}` ends at {to}, before its start {from}", shown()),
        )
    })?;
    if stored.bytes(count).map(|bytes| bytes as u64) != Some(bytes) {
        return Err(EngineError::damaged(
            path,
            format!(
                "tensor `{}` of shape {:?} and type {} has {bytes} bytes",
                shown(),
                raw.shape,
                raw.dtype
            ),
        ));
    }
    let start = data.checked_add(from).ok_or_else(|| {
        EngineError::damaged(
            path,
            format!("tensor `{}` begins at {from}, beyond any file", shown()),
        )
    })?;
    Ok(Entry {
        name,
        stored,
        shape: raw.shape.clone(),
        start,
        bytes: bytes as usize,
    })
}

#[derive(Deserialize)]
struct RawEntry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [u64; 2],
}

/// The header's object, with names that come twice still there to be found.
struct Header(Vec<(String, RawEntry)>);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut entries = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    }
                    if entries.len() == TENSORS {
                        return Err(serde::de::Error::custom(format!("over {TENSORS} tensors")));
                    }
                    entries.push((name, map.next_value()?));
                }
                Ok(Header(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn file(header: &str, data: usize) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.resize(bytes.len() + data, 0);
        bytes
    }

    #[test]
    fn files_that_do_not_hold_are_refused_by_name() {
        let one = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
        for (name, bytes, said) in [
            ("empty", vec![], "cut short"),
            ("no header", 9_u64.to_le_bytes().to_vec(), "cut short"),
            (
                "huge header",
                u64::MAX.to_le_bytes().to_vec(),
                "no safetensors",
            ),
            ("no JSON", file("{]", 0), "no table"),
            ("an array", file("[]", 0), "no table"),
            ("cut data", file(one, 7), "cut short"),
            ("long data", file(one, 9), "1 bytes at its end"),
            (
                "twice",
                file(
                    r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#,
                    2,
                ),
                "two tensors named `a`",
            ),
            (
                "overlap",
                file(
                    r#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#,
                    3,
                ),
                "overlaps `a`",
            ),
            (
                "gap",
                file(
                    r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#,
                    2,
                ),
                "belong to none",
            ),
            (
                "backwards",
                file(
                    r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[2,1]}}"#,
                    2,
                ),
                "before its start",
            ),
            (
                "size",
                file(
                    r#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,
                    8,
                ),
                "has 8 bytes",
            ),
            (
                "shape",
                file(
                    r#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#,
                    8,
                ),
                "beyond any memory",
            ),
            (
                "offset",
                file(
                    r#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[18446744073709551615,18446744073709551615]}}"#,
                    0,
                ),
                "beyond any file",
            ),
            (
                "rank",
                file(
                    r#"{"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}}"#,
                    1,
                ),
                "9 dimensions",
            ),
        ] {
            let error =
                read_header(Path::new("m.safetensors"), &mut Cursor::new(bytes)).expect_err(name);
            assert_eq!(error.code(), "BS-ENG-003", "{name}: {error}");
            assert!(error.to_string().contains(said), "{name}: {error}");
        }
        let odd = file(
            r#"{"a":{"dtype":"Q9","shape":[1],"data_offsets":[0,1]}}"#,
            1,
        );
        let error = read_header(Path::new("m"), &mut Cursor::new(odd)).expect_err("a type");
        assert_eq!(error.code(), "BS-ENG-005");
    }
}
