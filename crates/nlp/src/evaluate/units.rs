//! A document as the scorer sees it: spans counted in characters without white space.
//!
//! As the official scorer does, space separators (Unicode `Zs`) are left out of forms; other
//! white space cannot stand in a form at all.

use crate::doc::Word;
use crate::{Doc, Error, Result};

/// A word and its span; words of a multi-word token share the token's.
pub(super) struct Unit<'a> {
    pub(super) word: Word<'a>,
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) multiword: bool,
    pub(super) lower: String,
}

/// Tokens, sentences and words of a document.
pub(super) struct Units<'a> {
    characters: Vec<char>,
    pub(super) tokens: Vec<(u32, u32)>,
    pub(super) sentences: Vec<(u32, u32)>,
    pub(super) words: Vec<Unit<'a>>,
}

/// Unicode's space separators.
fn is_separator(c: char) -> bool {
    matches!(
        c,
        ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

impl<'a> Units<'a> {
    pub(super) fn of(doc: &'a Doc) -> Self {
        let mut units = Self {
            characters: Vec::new(),
            tokens: Vec::new(),
            sentences: Vec::new(),
            words: Vec::new(),
        };
        for sentence in doc.sentences() {
            let begin = units.characters.len() as u32;
            for token in sentence.tokens() {
                let start = units.characters.len() as u32;
                units
                    .characters
                    .extend(token.form().chars().filter(|c| !is_separator(*c)));
                let end = units.characters.len() as u32;
                units.tokens.push((start, end));
                for word in token.words() {
                    let plain = word.form().chars().filter(|c| !is_separator(*c));
                    units.words.push(Unit {
                        word,
                        start,
                        end,
                        multiword: token.is_multiword(),
                        lower: plain.flat_map(char::to_lowercase).collect(),
                    });
                }
            }
            units.sentences.push((begin, units.characters.len() as u32));
        }
        units
    }

    /// Whether both hold the same characters.
    pub(super) fn check_text(&self, system: &Self) -> Result<()> {
        if self.characters == system.characters {
            return Ok(());
        }
        let pairs = self.characters.iter().zip(&system.characters);
        let at = pairs.take_while(|(a, b)| a == b).count();
        let around = |characters: &[char]| characters[at..].iter().take(20).collect();
        Err(Error::TextDiffers {
            at,
            gold: around(&self.characters),
            system: around(&system.characters),
        })
    }
}
