//! GGUF files: bytes in, metadata and a checked table of tensors out.
//!
//! Follows the specification (<https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>), versions 2 and 3, little
//! endian. Every length is held against what is left of the file before anything is allocated for it, so a hostile
//! file costs no more than its own size. Of a model in several files each is read by itself (`gguf/parts.rs`). No numbers
//! are read here.

mod names;
pub(crate) mod parts;
mod read;

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use candle_core::quantized::GgmlDType;

use super::error::{EngineError, Result};
use super::header::{self, Entry, Stored, TENSORS};
pub(crate) use names::{Change, Names};
use read::Reader;

/// Most metadata entries in a file.
const ENTRIES: u64 = 1 << 16;
/// Bytes of alignment where the file names none.
const ALIGNMENT: u64 = 32;

/// A value of the metadata.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Any integer.
    Integer(i128),
    /// Any float.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// Text.
    Text(String),
    /// Texts, such as a vocabulary.
    Texts(Vec<String>),
    /// Integers, such as the kinds of tokens.
    Integers(Vec<i64>),
    /// Floats, such as the scores of tokens.
    Floats(Vec<f32>),
}

/// The metadata and the table of tensors of a GGUF file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Gguf {
    /// The metadata.
    pub metadata: BTreeMap<String, Value>,
    /// The tensors, in the order of their bytes, under the names of the file.
    pub entries: Vec<Entry>,
}

impl Gguf {
    /// Reads the head of a file.
    ///
    /// # Errors
    /// [`EngineError::Damaged`] where it does not hold; [`EngineError::Unsupported`] for a version or data type that
    /// is not known; [`EngineError::Read`].
    pub fn read(path: &Path, file: &mut (impl Read + Seek)) -> Result<Self> {
        let io = |source| EngineError::Read {
            path: path.to_owned(),
            source,
        };
        let size = file.seek(SeekFrom::End(0)).map_err(io)?;
        file.seek(SeekFrom::Start(0)).map_err(io)?;
        let mut reader = Reader::new(path, std::io::BufReader::with_capacity(1 << 16, file), size);
        if reader.bytes::<4>("the format's mark")? != *b"GGUF" {
            return Err(EngineError::damaged(path, "it does not begin with `GGUF`"));
        }
        let version = reader.u32("the version")?;
        if !(2..=3).contains(&version) {
            return Err(EngineError::Unsupported {
                what: "GGUF version",
                found: version.to_string(),
                known: "2, 3 (little endian)".into(),
            });
        }
        let tensors = reader.u64("the number of tensors")?;
        let entries = reader.u64("the number of metadata entries")?;
        // A tensor takes 24 bytes at least and an entry 13.
        reader.claim(tensors, 24, "tensors", TENSORS as u64)?;
        reader.claim(entries, 13, "metadata entries", ENTRIES)?;
        let mut metadata = BTreeMap::new();
        for _ in 0..entries {
            let key = reader.text("a metadata key")?;
            let value = reader.value(&key)?;
            if metadata.insert(key.clone(), value).is_some() {
                let key = crate::hint::shown(&key);
                return Err(EngineError::damaged(
                    path,
                    format!("it has two entries named `{key}`"),
                ));
            }
        }
        let mut table = Vec::new();
        for _ in 0..tensors {
            table.push(tensor(path, &mut reader)?);
        }
        let data = reader.at().next_multiple_of(alignment(path, &metadata)?);
        for entry in &mut table {
            entry.start = entry.start.checked_add(data).ok_or_else(|| {
                let name = crate::hint::shown(&entry.name);
                EngineError::damaged(path, format!("tensor `{name}` begins beyond any file"))
            })?;
        }
        Ok(Self {
            entries: header::checked(path, table, data, size)?,
            metadata,
        })
    }

    /// Reads the head of the file at `path`.
    ///
    /// # Errors
    /// As [`Gguf::read`].
    pub fn open(path: &Path) -> Result<Self> {
        let mut file = std::fs::File::open(path).map_err(EngineError::read(path))?;
        Self::read(path, &mut file)
    }

    /// `general.architecture`, empty where there is none.
    pub fn architecture(&self) -> &str {
        self.text("general.architecture").unwrap_or_default()
    }

    /// A text of the metadata.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.metadata.get(key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// An integer of the metadata that fits 64 bits.
    pub fn integer(&self, key: &str) -> Option<i64> {
        match self.metadata.get(key)? {
            Value::Integer(number) => i64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// A number of the metadata.
    pub fn float(&self, key: &str) -> Option<f64> {
        match self.metadata.get(key)? {
            Value::Float(number) => Some(*number),
            Value::Integer(number) => Some(*number as f64),
            _ => None,
        }
    }

    /// A truth of the metadata.
    pub fn bool(&self, key: &str) -> Option<bool> {
        match self.metadata.get(key)? {
            Value::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// Texts of the metadata.
    pub fn texts(&self, key: &str) -> Option<&[String]> {
        match self.metadata.get(key)? {
            Value::Texts(texts) => Some(texts),
            _ => None,
        }
    }

    /// Floats of the metadata.
    pub fn floats(&self, key: &str) -> Option<&[f32]> {
        match self.metadata.get(key)? {
            Value::Floats(numbers) => Some(numbers),
            _ => None,
        }
    }

    /// Integers of the metadata.
    pub fn integers(&self, key: &str) -> Option<&[i64]> {
        match self.metadata.get(key)? {
            Value::Integers(numbers) => Some(numbers),
            _ => None,
        }
    }
}

fn alignment(path: &Path, metadata: &BTreeMap<String, Value>) -> Result<u64> {
    match metadata.get("general.alignment") {
        None => Ok(ALIGNMENT),
        Some(Value::Integer(n)) => u64::try_from(*n)
            .ok()
            .filter(|n| n.is_power_of_two() && *n <= 1 << 20)
            .ok_or_else(|| {
                EngineError::damaged(
                    path,
                    format!("its alignment is {n}; a power of two up to 1048576 is wanted"),
                )
            }),
        Some(_) => Err(EngineError::damaged(path, "its alignment is no integer")),
    }
}

fn tensor<R: Read>(path: &Path, reader: &mut Reader<'_, R>) -> Result<Entry> {
    let name = reader.text("a tensor's name")?;
    let dimensions = reader.u32("a tensor's dimensions")?;
    if dimensions > 4 {
        let name = crate::hint::shown(&name);
        return Err(EngineError::damaged(
            path,
            format!("tensor `{name}` has {dimensions} dimensions, at most 4 are possible"),
        ));
    }
    let mut shape = Vec::with_capacity(4);
    for _ in 0..dimensions {
        let n = reader.u64("a dimension")?;
        shape.push(usize::try_from(n).map_err(|_| {
            EngineError::damaged(
                path,
                format!(
                    "tensor `{}` is beyond any memory",
                    crate::hint::shown(&name)
                ),
            )
        })?);
    }
    // The innermost dimension comes first in the file.
    shape.reverse();
    let stored = stored(reader.u32("a data type")?)?;
    let start = reader.u64("a tensor's place")?;
    let count = header::count(path, &name, &shape)?;
    let row = shape.last().copied().unwrap_or(1);
    let bytes = stored
        .bytes(count)
        .filter(|_| stored.bytes(row).is_some())
        .ok_or_else(|| {
            EngineError::damaged(
                path,
                format!(
                    "tensor `{}` of shape {shape:?} has rows that are no whole blocks of {}",
                    crate::hint::shown(&name),
                    stored.name()
                ),
            )
        })?;
    Ok(Entry {
        name,
        stored,
        shape,
        start,
        bytes,
    })
}

fn stored(code: u32) -> Result<Stored> {
    Ok(match code {
        0 => Stored::F32,
        1 => Stored::F16,
        30 => Stored::Bf16,
        2 => Stored::Quantised(GgmlDType::Q4_0),
        3 => Stored::Quantised(GgmlDType::Q4_1),
        6 => Stored::Quantised(GgmlDType::Q5_0),
        7 => Stored::Quantised(GgmlDType::Q5_1),
        8 => Stored::Quantised(GgmlDType::Q8_0),
        10 => Stored::Quantised(GgmlDType::Q2K),
        11 => Stored::Quantised(GgmlDType::Q3K),
        12 => Stored::Quantised(GgmlDType::Q4K),
        13 => Stored::Quantised(GgmlDType::Q5K),
        14 => Stored::Quantised(GgmlDType::Q6K),
        28 => Stored::F64,
        26 => Stored::I32,
        27 => Stored::I64,
        other => {
            return Err(EngineError::Unsupported {
                what: "GGUF data type",
                found: other.to_string(),
                known: "F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K"
                    .into(),
            });
        }
    })
}
