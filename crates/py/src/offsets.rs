//! Bytes of Rust as code points of Python, in one place.

use std::ops::Range;

/// Places of a text in code points. A text of ASCII alone needs no table; another keeps one entry a
/// block of bytes, so that a place costs one look and a count over a block.
#[derive(Debug)]
pub(crate) enum Offsets {
    Ascii,
    /// Code points before each block.
    Blocks(Vec<u32>),
}

/// Bytes of a block.
const BLOCK: usize = 64;

impl Offsets {
    pub(crate) fn of(text: &str) -> Self {
        if text.is_ascii() {
            return Self::Ascii;
        }
        let mut before = 0;
        let blocks = text.as_bytes().chunks(BLOCK).map(|block| {
            let at = before;
            before += starts(block);
            at
        });
        Self::Blocks(blocks.collect())
    }

    /// The code point that begins at byte `at` of `text`.
    pub(crate) fn code_point(&self, text: &str, at: usize) -> u32 {
        match self {
            Self::Ascii => at as u32,
            Self::Blocks(blocks) => {
                // The end of the text may be the beginning of a block that is not there.
                let block = (at / BLOCK).min(blocks.len() - 1);
                blocks[block] + starts(&text.as_bytes()[block * BLOCK..at])
            }
        }
    }

    /// `start` and `end` of every object in a JSON value, where they are bytes of `text`, in code points.
    pub(crate) fn of_json(&self, text: &str, value: &mut serde_json::Value) {
        use serde_json::Value;

        if matches!(self, Self::Ascii) {
            return;
        }
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.of_json(text, item)),
            Value::Object(object) => {
                let both = object.contains_key("start") && object.contains_key("end");
                for (key, item) in object.iter_mut() {
                    let place = item.as_u64().map(|at| at as usize);
                    match place.filter(|at| text.is_char_boundary(*at)) {
                        Some(at) if both && (key == "start" || key == "end") => {
                            *item = self.code_point(text, at).into();
                        }
                        _ => self.of_json(text, item),
                    }
                }
            }
            _ => {}
        }
    }

    /// A span of bytes in code points.
    pub(crate) fn span(&self, text: &str, span: Range<usize>) -> (u32, u32) {
        (
            self.code_point(text, span.start),
            self.code_point(text, span.end),
        )
    }
}

/// Code points that begin in these bytes.
fn starts(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count() as u32
}
