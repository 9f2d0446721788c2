//! Numbers, texts and arrays of a GGUF head, each held against what is left of the file.

use std::io::Read;
use std::path::Path;

use super::Value;
use crate::engine::error::{EngineError, Result};

/// The longest text in a head: chat templates and vocabularies' words are far below.
const TEXT_BYTES: u64 = 1 << 24;
/// Most elements of an array: the largest vocabularies have under a million words.
const ELEMENTS: u64 = 1 << 24;

/// Reads forward and counts.
pub(super) struct Reader<'a, R> {
    path: &'a Path,
    from: R,
    at: u64,
    size: u64,
}

impl<'a, R: Read> Reader<'a, R> {
    pub(super) fn new(path: &'a Path, from: R, size: u64) -> Self {
        Self {
            path,
            from,
            at: 0,
            size,
        }
    }

    /// Bytes read so far.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    pub(super) fn damaged(&self, reason: impl Into<String>) -> EngineError {
        EngineError::damaged(self.path, reason)
    }

    /// Whether `count` things of at least `each` bytes can follow.
    pub(super) fn claim(&self, count: u64, each: u64, what: &str, most: u64) -> Result<()> {
        let left = self.size.saturating_sub(self.at);
        let needed = count.saturating_mul(each);
        if count > most {
            return Err(self.damaged(format!("it claims {count} {what}, at most {most} are read")));
        }
        if needed > left {
            return Err(self.damaged(format!(
                "it claims {count} {what}, which take {needed} bytes at least; {left} are left"
            )));
        }
        Ok(())
    }

    pub(super) fn bytes<const N: usize>(&mut self, what: &str) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes, what)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8], what: &str) -> Result<()> {
        if self.size - self.at < bytes.len() as u64 {
            return Err(self.damaged(format!(
                "it ends at {} inside {what}: it is cut short",
                self.size
            )));
        }
        self.from
            .read_exact(bytes)
            .map_err(EngineError::read(self.path))?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn u32(&mut self, what: &str) -> Result<u32> {
        self.bytes(what).map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self, what: &str) -> Result<u64> {
        self.bytes(what).map(u64::from_le_bytes)
    }

    pub(super) fn text(&mut self, what: &str) -> Result<String> {
        let length = self.u64(what)?;
        self.claim(length, 1, "bytes of text", TEXT_BYTES)?;
        let mut bytes = vec![0; length as usize];
        self.fill(&mut bytes, what)?;
        // Some writers end a text with a zero, and some vocabularies hold halves of characters.
        while bytes.last() == Some(&0) && bytes.len() > 1 {
            bytes.pop();
        }
        Ok(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        })
    }

    /// The value of the entry `key`, its kind first.
    pub(super) fn value(&mut self, key: &str) -> Result<Value> {
        let kind = self.u32("a value's kind")?;
        match kind {
            8 => self.text("a text").map(Value::Text),
            9 => self.array(key),
            6 | 12 => self.float(kind).map(Value::Float),
            7 => match self.bytes::<1>("a truth")? {
                [0] => Ok(Value::Bool(false)),
                [1] => Ok(Value::Bool(true)),
                [other] => Err(self.damaged(format!(
                    "`{}` is {other}, neither true nor false",
                    crate::hint::shown(key)
                ))),
            },
            _ => self.integer(kind, key).map(Value::Integer),
        }
    }

    fn float(&mut self, kind: u32) -> Result<f64> {
        if kind == 6 {
            Ok(f64::from(f32::from_le_bytes(self.bytes("a number")?)))
        } else {
            Ok(f64::from_le_bytes(self.bytes("a number")?))
        }
    }

    fn integer(&mut self, kind: u32, key: &str) -> Result<i128> {
        let what = "a number";
        Ok(match kind {
            0 => self.bytes::<1>(what)?[0].into(),
            1 => i8::from_le_bytes(self.bytes(what)?).into(),
            2 => u16::from_le_bytes(self.bytes(what)?).into(),
            3 => i16::from_le_bytes(self.bytes(what)?).into(),
            4 => u32::from_le_bytes(self.bytes(what)?).into(),
            5 => i32::from_le_bytes(self.bytes(what)?).into(),
            10 => u64::from_le_bytes(self.bytes(what)?).into(),
            11 => i64::from_le_bytes(self.bytes(what)?).into(),
            other => {
                return Err(self.damaged(format!(
                    "`{}` is of the unknown kind {other}",
                    crate::hint::shown(key)
                )));
            }
        })
    }

    fn array(&mut self, key: &str) -> Result<Value> {
        let kind = self.u32("an array's kind")?;
        let length = self.u64("an array's length")?;
        let each = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            8 | 10..=12 => 8,
            _ => {
                return Err(self.damaged(format!(
                    "`{}` is an array of the unknown kind {kind}",
                    crate::hint::shown(key)
                )));
            }
        };
        self.claim(length, each, "elements of an array", ELEMENTS)?;
        match kind {
            8 => (0..length)
                .map(|_| self.text("a text"))
                .collect::<Result<_>>()
                .map(Value::Texts),
            6 | 12 => (0..length)
                .map(|_| self.float(kind).map(|number| number as f32))
                .collect::<Result<_>>()
                .map(Value::Floats),
            7 => (0..length)
                .map(|_| Ok(self.bytes::<1>("a truth")?[0].into()))
                .collect::<Result<_>>()
                .map(Value::Integers),
            _ => (0..length)
                .map(|_| {
                    let number = self.integer(kind, key)?;
                    i64::try_from(number).map_err(|_| {
                        self.damaged(format!(
                            "`{}` holds {number}, which fits no 64 bits",
                            crate::hint::shown(key)
                        ))
                    })
                })
                .collect::<Result<_>>()
                .map(Value::Integers),
        }
    }
}
