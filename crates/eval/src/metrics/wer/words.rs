//! Words as jiwer splits them, and as numbers.

/// White space as Python's `str.isspace` has it: Unicode's, and the four separators of ASCII.
pub(crate) fn is_space(c: char) -> bool {
    matches!(c, '\u{1c}'..='\u{1f}') || c.is_whitespace()
}

/// The text without white space at its ends.
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// The words of jiwer's default transforms: white space at the ends is dropped, words are separated
/// by a space or by two and more characters of any white space. A single tab or line break between
/// two letters does not separate them.
pub(super) fn words(text: &str) -> Words<'_> {
    Words { rest: strip(text) }
}

/// Iterator over words.
#[derive(Clone, Debug)]
pub(super) struct Words<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    // A call for each word takes a sixth of the time of an error rate where the compiler leaves it one.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "left to itself, the compiler does so in small programs and not in Python's module"
    )]
    fn next(&mut self) -> Option<&'a str> {
        let text = self.rest;
        if text.is_empty() {
            return None;
        }
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            // Most bytes: neither white space nor the beginning of any.
            if bytes[at] > b' ' && bytes[at] < 128 {
                at += 1;
                continue;
            }
            let run = text[at..].len() - text[at..].trim_start_matches(is_space).len();
            let single = text[at..].chars().next().map_or(1, char::len_utf8);
            if run > single || bytes[at] == b' ' {
                self.rest = &text[at + run.max(1)..];
                return Some(&text[..at]);
            }
            at += single;
        }
        self.rest = "";
        Some(text)
    }
}

/// Gives every word of a pair a number, by open addressing; forgets all of them at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Interner {
    slots: Vec<Slot>,
    /// By number, the word's place in the text it was first seen in.
    stamp: u32,
    used: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    stamp: u32,
    number: u32,
    hash: u64,
    start: u32,
    end: u32,
    /// Whether the word is in the second text.
    second: bool,
}

impl Interner {
    pub(super) fn begin(&mut self) {
        self.used = 0;
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            self.slots.fill(Slot::default());
            self.stamp = 1;
        }
    }

    /// Numbers given are below.
    pub(super) fn size(&self) -> usize {
        self.used as usize
    }

    /// Replaces `out` by the numbers of the words of `texts[second]`.
    pub(super) fn encode(&mut self, texts: [&str; 2], second: bool, out: &mut Vec<u32>) {
        out.clear();
        let text = texts[usize::from(second)];
        for word in words(text) {
            let start = word.as_ptr() as usize - text.as_ptr() as usize;
            out.push(self.number(texts, word, start, second));
        }
    }

    fn number(&mut self, texts: [&str; 2], word: &str, start: usize, second: bool) -> u32 {
        if self.slots.len() <= 2 * self.used as usize {
            self.grow();
        }
        let hash = hash(word.as_bytes());
        let last = self.slots.len() - 1;
        let mut at = (hash >> 32) as usize & last;
        loop {
            let slot = &self.slots[at];
            if slot.stamp != self.stamp {
                break;
            }
            if slot.hash == hash {
                let seen = &texts[usize::from(slot.second)].as_bytes();
                if &seen[slot.start as usize..slot.end as usize] == word.as_bytes() {
                    return slot.number;
                }
            }
            at = (at + 1) & last;
        }
        self.slots[at] = Slot {
            stamp: self.stamp,
            number: self.used,
            hash,
            start: start as u32,
            end: (start + word.len()) as u32,
            second,
        };
        self.used += 1;
        self.used - 1
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(128);
        let old = std::mem::replace(&mut self.slots, vec![Slot::default(); size]);
        for slot in old.into_iter().filter(|slot| slot.stamp == self.stamp) {
            let mut at = (slot.hash >> 32) as usize & (size - 1);
            while self.slots[at].stamp == self.stamp {
                at = (at + 1) & (size - 1);
            }
            self.slots[at] = slot;
        }
    }
}

/// Eight bytes at a time, multiplied and mixed; good enough for words, checked byte by byte after.
fn hash(bytes: &[u8]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = bytes.len() as u64;
    let (whole, rest) = bytes.as_chunks::<8>();
    for eight in whole {
        hash = (hash ^ u64::from_le_bytes(*eight)).wrapping_mul(ODD);
        hash ^= hash >> 32;
    }
    let mut last = 0;
    for byte in rest {
        last = last << 8 | u64::from(*byte);
    }
    hash = (hash ^ last).wrapping_mul(ODD);
    hash ^ hash >> 29
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_jiwer_splits_them() {
        for (text, wanted) in [
            ("", &[][..]),
            (" \t\n", &[]),
            ("a b", &["a", "b"]),
            ("a\tb", &["a\tb"]),
            ("a\t\tb", &["a", "b"]),
            ("a \n b\u{a0}c", &["a", "b\u{a0}c"]),
            ("\u{1c}a\u{3000}\u{3000}b\u{85}", &["a", "b"]),
            ("a\u{200b} b", &["a\u{200b}", "b"]),
        ] {
            assert_eq!(words(text).collect::<Vec<_>>(), wanted, "{text:?}");
        }
    }

    #[test]
    fn equal_words_get_equal_numbers_in_both_texts() {
        let texts = ["the cat the", "a cat sat"];
        let (mut interner, mut a, mut b) = (Interner::default(), Vec::new(), Vec::new());
        interner.begin();
        interner.encode(texts, false, &mut a);
        interner.encode(texts, true, &mut b);
        assert_eq!((a, b), (vec![0, 1, 0], vec![2, 1, 3]));
        assert_eq!(interner.size(), 4);
    }
}
