//! rouge-score's tokenizer: lower case, runs of `[a-z0-9]`, the stemmer on words of four letters
//! and more.

use crate::metrics::intern::Interner;
use crate::metrics::porter::{Mode, stem_lower};

/// A text as token numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    pub(super) tokens: Vec<u32>,
    /// Where each line that has tokens ends in `tokens`.
    pub(super) lines: Vec<u32>,
}

/// What a byte is in lower case; 0 if it is no part of a token.
const LETTER: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        let letter = byte as u8;
        if letter.is_ascii_alphanumeric() {
            table[byte] = letter.to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};

impl Text {
    pub(super) fn clear(&mut self) {
        self.tokens.clear();
        self.lines.clear();
    }

    pub(super) fn read(
        &mut self,
        text: &str,
        stemmer: bool,
        tokens: &mut Interner,
        word: &mut Vec<u8>,
    ) {
        self.clear();
        word.clear();
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let start = at;
            while at < bytes.len() && LETTER[usize::from(bytes[at])] != 0 {
                at += 1;
            }
            word.extend(bytes[start..at].iter().map(|&b| LETTER[usize::from(b)]));
            // Two characters beyond ASCII have a lower case with an ASCII letter in it: the
            // Kelvin sign's is k, that of the dotted I is i and a combining dot.
            match &bytes[at..] {
                [0xe2, 0x84, 0xaa, ..] => {
                    word.push(b'k');
                    at += 3;
                    continue;
                }
                [0xc4, 0xb0, ..] => {
                    word.push(b'i');
                    at += 1;
                }
                _ => {}
            }
            self.end_word(word, stemmer, tokens);
            if bytes.get(at) == Some(&b'\n') {
                self.end_line();
            }
            at += 1;
        }
        // A Kelvin sign may be the last character.
        self.end_word(word, stemmer, tokens);
        self.end_line();
    }

    fn end_word(&mut self, word: &mut Vec<u8>, stemmer: bool, tokens: &mut Interner) {
        if stemmer && word.len() > 3 {
            stem_lower(word, Mode::Nltk);
        }
        if !word.is_empty() {
            self.tokens.push(tokens.intern(word));
            word.clear();
        }
    }

    fn end_line(&mut self) {
        let end = self.tokens.len() as u32;
        if self.lines.last().copied().unwrap_or(0) < end {
            self.lines.push(end);
        }
    }

    /// The tokens of each line that has some.
    pub(super) fn lines(&self) -> impl Iterator<Item = &[u32]> {
        let starts = std::iter::once(0).chain(self.lines.iter().copied());
        starts
            .zip(&self.lines)
            .map(|(start, &end)| &self.tokens[start as usize..end as usize])
    }
}
