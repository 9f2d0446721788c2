//! Words to small numbers: equal words, equal numbers.

/// Gives each distinct word the next number, from 0. Cleared and used again without allocation.
#[derive(Debug, Default)]
pub(super) struct Interner {
    /// All distinct words, one after the other.
    bytes: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
    /// Open addressing, at most half full; a power of two long.
    slots: Vec<Slot>,
    /// Slots of another stamp are empty, so clearing costs nothing.
    stamp: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    stamp: u32,
    hash: u32,
    word: u32,
}

impl Interner {
    /// Forgets all words.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            self.slots.fill(Slot::default());
            self.stamp = 1;
        }
    }

    /// How many distinct words there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes that it keeps for the next texts.
    pub(super) fn kept(&self) -> usize {
        self.bytes.capacity() + 8 * self.ends.capacity() + 12 * self.slots.capacity()
    }

    /// The number of `word`.
    pub(super) fn number(&mut self, word: &str) -> u32 {
        if (self.ends.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let word = word.as_bytes();
        let hash = hash(word);
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot.stamp != self.stamp {
                break;
            }
            if slot.hash == hash && self.word(slot.word) == word {
                return slot.word;
            }
            at = (at + 1) & mask;
        }
        let number = self.ends.len() as u32;
        self.bytes.extend_from_slice(word);
        self.ends.push(self.bytes.len());
        self.slots[at] = Slot {
            stamp: self.stamp,
            hash,
            word: number,
        };
        number
    }

    fn word(&self, number: u32) -> &[u8] {
        let number = number as usize;
        let start = match number {
            0 => 0,
            _ => self.ends[number - 1],
        };
        &self.bytes[start..self.ends[number]]
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(64);
        // Never 0: fresh slots are empty.
        self.stamp = self.stamp.max(1);
        self.slots.clear();
        self.slots.resize(size, Slot::default());
        for number in 0..self.ends.len() as u32 {
            let hash = hash(self.word(number));
            let mut at = hash as usize & (size - 1);
            while self.slots[at].stamp == self.stamp {
                at = (at + 1) & (size - 1);
            }
            self.slots[at] = Slot {
                stamp: self.stamp,
                hash,
                word: number,
            };
        }
    }
}

/// Eight bytes at a time, multiplied and folded. Texts come from the user's own files: no defence
/// against words made to collide is needed, and collisions cost time only.
fn hash(word: &[u8]) -> u32 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = word.len() as u64;
    let mut chunks = word.chunks_exact(8);
    for chunk in &mut chunks {
        let mut eight = [0; 8];
        eight.copy_from_slice(chunk);
        hash = (hash ^ u64::from_le_bytes(eight)).wrapping_mul(ODD);
        hash ^= hash >> 32;
    }
    let mut tail = 0;
    for &byte in chunks.remainder() {
        tail = tail << 8 | u64::from(byte);
    }
    hash = (hash ^ tail).wrapping_mul(ODD);
    (hash >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::Interner;

    #[test]
    fn equal_words_get_equal_numbers_also_after_growing_and_clearing() {
        let mut interner = Interner::default();
        for _ in 0..3 {
            interner.clear();
            let words: Vec<String> = (0..500).map(|i| format!("word number {i}")).collect();
            for (i, word) in words.iter().enumerate() {
                assert_eq!(interner.number(word), i as u32);
            }
            for (i, word) in words.iter().enumerate() {
                assert_eq!(interner.number(word), i as u32);
            }
            assert_eq!(interner.len(), 500);
        }
    }

    #[test]
    fn words_that_differ_in_their_tail_or_length_differ() {
        let mut interner = Interner::default();
        let words = ["", "\0", "\0\0", "12345678", "12345678\0", "123456789", "a"];
        for (i, word) in words.iter().enumerate() {
            assert_eq!(interner.number(word), i as u32);
        }
    }
}
