//! What a file of weights holds, before any of it is read: names, data types, shapes and places, all checked.
//!
//! Both formats end in the same table of [`Entry`] values. A table is only made when every tensor lies inside the
//! file, none overlaps another, and sizes and shapes agree; nothing is allocated from a number that the file claims.

use std::path::Path;

use candle_core::quantized::GgmlDType;

use super::error::{EngineError, Result};

/// Most dimensions of a tensor.
pub(crate) const DIMENSIONS: usize = 8;
/// Most tensors in one file.
pub(crate) const TENSORS: usize = 1 << 20;

/// How a tensor's numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// 64-bit floats.
    F64,
    /// 32-bit floats.
    F32,
    /// 16-bit floats.
    F16,
    /// Brain floats.
    Bf16,
    /// 64-bit integers (position tables that some models carry).
    I64,
    /// 32-bit integers.
    I32,
    /// Bytes.
    U8,
    /// Quantised blocks.
    Quantised(GgmlDType),
}

impl Stored {
    /// Bytes of `count` numbers; `None` where they are no whole number of blocks, or too many.
    pub fn bytes(self, count: usize) -> Option<usize> {
        let size = match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::U8 => 1,
            Self::Quantised(kind) => {
                let block = kind.block_size();
                return (count.is_multiple_of(block))
                    .then(|| (count / block).checked_mul(kind.type_size()))
                    .flatten();
            }
        };
        count.checked_mul(size)
    }

    /// The name as the formats write it.
    pub fn name(self) -> String {
        match self {
            Self::F64 => "F64".into(),
            Self::F32 => "F32".into(),
            Self::F16 => "F16".into(),
            Self::Bf16 => "BF16".into(),
            Self::I64 => "I64".into(),
            Self::I32 => "I32".into(),
            Self::U8 => "U8".into(),
            Self::Quantised(kind) => match kind {
                GgmlDType::Q4_0 => "Q4_0".into(),
                GgmlDType::Q4_1 => "Q4_1".into(),
                GgmlDType::Q5_0 => "Q5_0".into(),
                GgmlDType::Q5_1 => "Q5_1".into(),
                GgmlDType::Q8_0 => "Q8_0".into(),
                GgmlDType::Q2K => "Q2_K".into(),
                GgmlDType::Q3K => "Q3_K".into(),
                GgmlDType::Q4K => "Q4_K".into(),
                GgmlDType::Q5K => "Q5_K".into(),
                GgmlDType::Q6K => "Q6_K".into(),
                other => format!("{other:?}"),
            },
        }
    }
}

/// One tensor of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// How its numbers are stored.
    pub stored: Stored,
    /// Its shape, outermost dimension first.
    pub shape: Vec<usize>,
    /// Where its bytes begin, from the start of the file.
    pub start: u64,
    /// How many bytes it has.
    pub bytes: usize,
}

impl Entry {
    /// How many numbers it holds.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }
}

/// The number of values of a shape, where it is sane.
pub(crate) fn count(path: &Path, name: &str, shape: &[usize]) -> Result<usize> {
    let shown = crate::hint::shown(name);
    if shape.len() > DIMENSIONS {
        return Err(EngineError::damaged(
            path,
            format!(
                "tensor `{shown}` has {} dimensions, at most {DIMENSIONS} are read",
                shape.len()
            ),
        ));
    }
    shape
        .iter()
        .try_fold(1_usize, |product, &n| product.checked_mul(n))
        .filter(|product| isize::try_from(*product).is_ok())
        .ok_or_else(|| {
            EngineError::damaged(
                path,
                format!("tensor `{shown}` of shape {shape:?} is beyond any memory"),
            )
        })
}

/// The entries in the order of their bytes, once none overlaps another or leaves the file.
pub(crate) fn checked(
    path: &Path,
    mut entries: Vec<Entry>,
    data: u64,
    file: u64,
) -> Result<Vec<Entry>> {
    entries.sort_by_key(|entry| (entry.start, entry.bytes));
    let mut free = data;
    let mut before: Option<&str> = None;
    for entry in &entries {
        let shown = crate::hint::shown(&entry.name);
        let end = entry
            .start
            .checked_add(entry.bytes as u64)
            .filter(|end| *end <= file);
        let Some(end) = end else {
            return Err(EngineError::damaged(
                path,
                format!(
                    "tensor `{shown}` has {} bytes at {}, the file ends at {file}: it is cut short",
                    entry.bytes, entry.start
                ),
            ));
        };
        if entry.start < free {
            let before = before.map_or("the header".to_owned(), |name| {
                format!("`{}`", crate::hint::shown(name))
            });
            return Err(EngineError::damaged(
                path,
                format!(
                    "tensor `{shown}` at {} overlaps {before}, which ends at {free}",
                    entry.start
                ),
            ));
        }
        free = end;
        before = Some(&entry.name);
    }
    let mut names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(EngineError::damaged(
            path,
            format!(
                "it has two tensors named `{}`",
                crate::hint::shown(twice[0])
            ),
        ));
    }
    Ok(entries)
}
