//! CoNLL-U <-> [`Doc`](crate::Doc), lossless both ways (<https://universaldependencies.org/format.html>).
//!
//! Reading builds the text from FORM and `SpaceAfter=No` (a multi-word token's form once): one
//! space between sentences, a blank line before `# newdoc` and `# newpar`, a line end at the end.
//! `SpacesAfter=` and `SpacesBefore=`, where they stand, say the white space to the byte, with
//! `\s \t \r \n \p \\` for space, tab, line ends, pipe and backslash, as `UDPipe` writes them.
//! `# text` is not used. Comments, empty nodes, syntax and MISC are kept and written again.
//!
//! Syntax is carried, never understood: HEAD and DEPS may name words that are not there.

mod binary;
mod read;
mod spaces;
mod write;

pub use read::{read, read_from};
pub use write::{write, write_sentence};

/// A place in [`Extras::strings`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Place {
    start: u32,
    end: u32,
}

/// What a CoNLL-U file says beyond tokens, tags and lemmas.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Extras {
    strings: String,
    comments: Vec<Place>,
    /// First comment of each sentence, and one more.
    sentence_comment: Vec<u32>,
    /// HEAD to MISC of each word, with the tabs between.
    word_tail: Vec<Place>,
    /// LEMMA to MISC of each multi-word token's own line; nothing for other tokens.
    token_tail: Vec<Place>,
    /// Sentence, words of the sentence before it, and the whole line of each empty node.
    empty: Vec<(u32, u32, Place)>,
}

impl Extras {
    fn keep(&mut self, text: &str) -> Place {
        let start = self.strings.len() as u32;
        self.strings.push_str(text);
        Place {
            start,
            end: self.strings.len() as u32,
        }
    }

    fn get(&self, place: Place) -> &str {
        &self.strings[place.start as usize..place.end as usize]
    }

    /// HEAD and DEPREL of a word, as they are written; nothing where no syntax is kept.
    pub(crate) fn syntax(&self, word: usize) -> Option<(&str, &str)> {
        let mut columns = self.get(*self.word_tail.get(word)?).split('\t');
        Some((columns.next()?, columns.next()?))
    }

    fn comments_of(&self, sentence: usize) -> impl Iterator<Item = &str> {
        let range =
            self.sentence_comment[sentence] as usize..self.sentence_comment[sentence + 1] as usize;
        self.comments[range].iter().map(|&place| self.get(place))
    }
}
