//! Texts -> words -> pieces, as BERT's uncased tokenizer makes them (Devlin et al. 2019,
//! <https://arxiv.org/abs/1810.04805>).
//!
//! What a word is follows `BertNormalizer` and `BertPreTokenizer` of the crate `tokenizers`, with which a test compares
//! it: control characters go, accents go, letters become small, punctuation and CJK ideographs stand alone. Words come
//! with the bytes of the text that they were. Special tokens in a text are text here.

use unicode_general_category::{GeneralCategory, get_general_category};
use unicode_normalization::char::decompose_canonical;

/// Longer words, in characters, are unknown.
const LONGEST_WORD: usize = 100;

/// Gives the words of a text, in lower case and without accents, with the bytes that they were.
pub(super) fn split(text: &str, mut word: impl FnMut(&[u8], (usize, usize))) {
    let mut building = Building::default();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte.is_ascii() {
            match byte {
                b'0'..=b'9' | b'a'..=b'z' => building.push(byte, at),
                b'A'..=b'Z' => building.push(byte.to_ascii_lowercase(), at),
                b'\t' | b'\n' | b'\r' | b' ' => building.end(&mut word),
                0..=0x1f | 0x7f => {}
                _ => {
                    building.end(&mut word);
                    word(&[byte], (at, at + 1));
                }
            }
            at += 1;
            continue;
        }
        let c = text[at..].chars().next().expect("`at` is before the end");
        building.take(c, (at, at + c.len_utf8()), &mut word);
        at += c.len_utf8();
    }
    building.end(&mut word);
}

/// A word that is being read.
#[derive(Default)]
struct Building {
    letters: Vec<u8>,
    start: usize,
    end: usize,
}

impl Building {
    fn push(&mut self, letter: u8, at: usize) {
        if self.letters.is_empty() {
            self.start = at;
        }
        self.letters.push(letter);
        self.end = at + 1;
    }

    fn end(&mut self, word: &mut impl FnMut(&[u8], (usize, usize))) {
        if !self.letters.is_empty() {
            word(&self.letters, (self.start, self.end));
            self.letters.clear();
        }
    }

    fn take(
        &mut self,
        c: char,
        (from, to): (usize, usize),
        word: &mut impl FnMut(&[u8], (usize, usize)),
    ) {
        if is_dropped(c) {
            return;
        }
        if c.is_whitespace() {
            return self.end(word);
        }
        if is_ideograph(c) {
            self.end(word);
            word(c.encode_utf8(&mut [0; 4]).as_bytes(), (from, to));
            return;
        }
        decompose_canonical(c, |part| {
            if get_general_category(part) == GeneralCategory::NonspacingMark {
                return;
            }
            for small in part.to_lowercase() {
                let mut room = [0; 4];
                let letter = small.encode_utf8(&mut room).as_bytes();
                if small.is_whitespace() {
                    self.end(word);
                } else if is_punctuation(small) {
                    self.end(word);
                    word(letter, (from, to));
                } else {
                    if self.letters.is_empty() {
                        self.start = from;
                    }
                    self.letters.extend_from_slice(letter);
                    self.end = to;
                }
            }
        });
    }
}

fn is_dropped(c: char) -> bool {
    use GeneralCategory as G;
    c == '\u{fffd}'
        || matches!(
            get_general_category(c),
            G::Control | G::Format | G::PrivateUse | G::Surrogate
        )
}

fn is_punctuation(c: char) -> bool {
    use GeneralCategory as G;
    c.is_ascii_punctuation()
        || matches!(
            get_general_category(c),
            G::ConnectorPunctuation
                | G::DashPunctuation
                | G::OpenPunctuation
                | G::ClosePunctuation
                | G::InitialPunctuation
                | G::FinalPunctuation
                | G::OtherPunctuation
        )
}

/// The blocks of ideographs that BERT sets apart.
fn is_ideograph(c: char) -> bool {
    matches!(
        u32::from(c),
        0x4E00..=0x9FFF
            | 0x3400..=0x4DBF
            | 0x2_0000..=0x2_A6DF
            | 0x2_A700..=0x2_B73F
            | 0x2_B740..=0x2_B81F
            | 0x2_B920..=0x2_CEAF
            | 0xF900..=0xFAFF
            | 0x2_F800..=0x2_FA1F
    )
}

/// Gives the longest known pieces of a word, one after another, none of more than `longest` bytes; nothing where the
/// word has a part that none spells.
pub(super) fn pieces(
    word: &[u8],
    longest: usize,
    find: impl Fn(&[u8], bool) -> Option<u32>,
    found: &mut impl FnMut(u32),
) {
    // Most words are one piece.
    if word.len() <= longest
        && let Some(id) = find(word, false)
    {
        return found(id);
    }
    let begins = |at: usize| word.get(at).is_none_or(|byte| byte & 0xC0 != 0x80);
    if word.len() > LONGEST_WORD && (0..word.len()).filter(|at| begins(*at)).count() > LONGEST_WORD
    {
        return;
    }
    let mut ids: Vec<u32> = Vec::new();
    let mut start = 0;
    while start < word.len() {
        let most = word.len().min(start + longest);
        let piece = (start + 1..=most)
            .rev()
            .filter(|end| begins(*end))
            .find_map(|end| Some((find(&word[start..end], start > 0)?, end)));
        let Some((id, end)) = piece else { return };
        ids.push(id);
        start = end;
    }
    ids.into_iter().for_each(found);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<(String, (usize, usize))> {
        let mut words = Vec::new();
        split(text, |word, span| {
            words.push((String::from_utf8(word.to_vec()).unwrap(), span));
        });
        words
    }

    #[test]
    fn words_are_small_plain_and_know_where_they_stood() {
        let found = words("Café, NAÏVE\u{200b}té 你好!");
        let texts: Vec<&str> = found.iter().map(|(word, _)| word.as_str()).collect();
        assert_eq!(texts, ["cafe", ",", "naivete", "你", "好", "!"]);
        assert_eq!(found[0].1, (0, 5));
        assert_eq!(found[2].1, (7, 19));
        assert!(words(" \n\u{0}\u{fffd}").is_empty());
    }

    #[test]
    fn the_longest_piece_goes_first_and_an_unknown_part_makes_the_word_unknown() {
        let known = ["un", "##want", "##ed", "##wanted", "want"];
        let find = |piece: &[u8], goes_on: bool| {
            let piece = std::str::from_utf8(piece).unwrap();
            let written = if goes_on {
                format!("##{piece}")
            } else {
                piece.to_owned()
            };
            known.iter().position(|k| *k == written).map(|at| at as u32)
        };
        let of = |word: &str| {
            let mut ids = Vec::new();
            pieces(word.as_bytes(), 6, find, &mut |id| ids.push(id));
            ids
        };
        assert_eq!(of("unwanted"), [0, 3]);
        assert_eq!(of("wanted"), [4, 2]);
        assert_eq!(of("unwantedé"), [0_u32; 0]);
        assert_eq!(of(&"un".repeat(51)), [0_u32; 0]);
    }

    proptest! {
        #[test]
        fn spans_are_in_order_and_on_borders_of_characters(text in "\\PC{0,60}") {
            let mut last = 0;
            for (_, (start, end)) in words(&text) {
                prop_assert!(start <= end && text.is_char_boundary(start) && text.is_char_boundary(end));
                prop_assert!(start >= last || start == end || text[start..end].chars().count() == 1);
                last = start;
            }
        }
    }
}
