//! Texts to symbols: characters, and words with their punctuation split off.

use super::ngrams::FIRST;
use crate::metrics::interner::Interner;
use crate::metrics::strings::{is_ascii_space, is_space, split};

/// Numbers for the characters of a candidate and its references.
#[derive(Debug, Default)]
pub(super) struct Characters {
    /// By code point; 0 is none yet. Made on first use, and only the pages that texts touch are
    /// real memory.
    numbers: Vec<u32>,
    /// The code points that have one.
    used: Vec<u32>,
}

impl Characters {
    /// Forgets all characters.
    pub(super) fn clear(&mut self) {
        for &code in &self.used {
            self.numbers[code as usize] = 0;
        }
        self.used.clear();
    }

    /// One past the greatest symbol.
    pub(super) fn end(&self) -> u32 {
        FIRST + self.used.len() as u32
    }

    /// Appends the symbols of `text`.
    pub(super) fn read(&mut self, text: &str, white_space: bool, out: &mut Vec<u32>) {
        if self.numbers.is_empty() {
            self.numbers = vec![0; char::MAX as usize + 1];
        }
        // One slot a byte is enough; those left over are cut off.
        let mut end = out.len();
        out.resize(end + text.len(), 0);
        let (numbers, used) = (&mut self.numbers[..], &mut self.used);
        let mut add = |code: u32| {
            let number = &mut numbers[code as usize];
            if *number == 0 {
                *number = FIRST + used.len() as u32;
                used.push(code);
            }
            out[end] = *number;
            end += 1;
        };
        if text.is_ascii() {
            for &byte in text.as_bytes() {
                if white_space || !is_ascii_space(byte) {
                    add(u32::from(byte));
                }
            }
        } else {
            for c in text.chars() {
                if white_space || !is_space(c) {
                    add(u32::from(c));
                }
            }
        }
        out.truncate(end);
    }
}

/// Appends the symbols of the words of `text`, as chrF++ splits it: at white space, and one mark of
/// ASCII punctuation off the end of a word, or else off its beginning.
pub(super) fn read_words(text: &str, words: &mut Interner, out: &mut Vec<u32>) {
    for word in split(text) {
        let (first, last) = (word.as_bytes()[0], word.as_bytes()[word.len() - 1]);
        let cut = if word.len() == 1 {
            None
        } else if last.is_ascii_punctuation() {
            Some(word.len() - 1)
        } else if first.is_ascii_punctuation() {
            Some(1)
        } else {
            None
        };
        let (head, tail) = word.split_at(cut.unwrap_or(word.len()));
        out.push(FIRST + words.number(head));
        if !tail.is_empty() {
            out.push(FIRST + words.number(tail));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Characters, read_words};
    use crate::metrics::interner::Interner;

    #[test]
    fn one_mark_of_punctuation_is_split_off_a_word_at_its_end_or_else_at_its_beginning() {
        for (text, wanted) in [
            ("(hi) there", "(hi ) there"),
            ("(hi there", "( hi there"),
            ("what?! . ..", "what? ! . . ."),
            ("«oui» 中。 é!", "«oui» 中。 é !"),
            ("", ""),
        ] {
            let mut words = Interner::default();
            let (mut ours, mut theirs) = (vec![], vec![]);
            read_words(text, &mut words, &mut ours);
            theirs.extend(
                wanted
                    .split(' ')
                    .filter(|w| !w.is_empty())
                    .map(|w| 2 + words.number(w)),
            );
            assert_eq!(ours, theirs, "{text}");
        }
    }

    #[test]
    fn characters_are_code_points_without_white_space() {
        let mut characters = Characters::default();
        for _ in 0..2 {
            characters.clear();
            let mut out = vec![];
            characters.read("ab a\u{3000}é😀b", false, &mut out);
            assert_eq!(out, [2, 3, 2, 4, 5, 3]);
            characters.read(" a", true, &mut out);
            assert_eq!(out[6..], [6, 2]);
            assert_eq!(characters.end(), 7);
        }
    }
}
