//! A text with what is known of it: tokens, words, sentences, tags, morphology, lemmas.
//!
//! Columns, not objects: one array a fact, and views ([`Token`], [`Word`], [`Sentence`]) that look
//! into them. A `Doc` never changes once it is built ([`DocBuilder`]). Offsets are bytes of the
//! original text, which is kept whole: white space is what lies between tokens.
//!
//! A token is what is written (`don't`), a word what is meant (`do`, `n't`): most tokens are one
//! word, a multi-word token is several (<https://universaldependencies.org/u/overview/tokenization.html>).
//! No syntax is computed; what a CoNLL-U file says of it is kept beside, see [`crate::conllu`].

pub(crate) mod binary;
mod build;
mod json;
mod same;
mod tags;
mod view;

use std::sync::Arc;

pub use build::DocBuilder;
pub use tags::{Feats, FeatsId, TagId, Tags};
pub use view::{Sentence, Token, Word};

use crate::conllu::Extras;

/// The longest text of one document, in bytes.
pub const MAX_TEXT: usize = (1 << 31) - 1;

/// A place in the text of a [`Doc`] or in its own strings, in 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Text {
    start: u32,
    /// The lowest bit says which: 1 is the doc's own strings.
    length_and_place: u32,
}

/// One annotated text.
///
/// ```
/// use botsmith_nlp::{conllu, Doc};
///
/// let text = "1-2\tcannot\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No\n\
///             1\tcan\tcan\tAUX\tMD\tVerbForm=Fin\t_\t_\t_\t_\n\
///             2\tnot\tnot\tPART\tRB\t_\t_\t_\t_\tSpaceAfter=No\n\
///             3\t!\t!\tPUNCT\t.\t_\t_\t_\t_\t_\n\n";
/// let doc: Doc = conllu::read("a.conllu", text)?;
/// assert_eq!(doc.text(), "cannot!\n");
/// let token = doc.tokens().next().expect("three words in two tokens");
/// assert!(token.is_multiword());
/// let words: Vec<_> = token.words().map(|word| (word.form(), word.span())).collect();
/// assert_eq!(words, [("can", 0..3), ("not", 3..6)]);
/// # Ok::<(), botsmith_nlp::Error>(())
/// ```
#[derive(Clone)]
pub struct Doc {
    text: String,
    tags: Arc<Tags>,
    /// Strings that do not stand in the text: lemmas, forms of words.
    strings: String,
    token_start: Vec<u32>,
    token_end: Vec<u32>,
    /// First word of each token, and one more: the number of words.
    token_word: Vec<u32>,
    word_start: Vec<u32>,
    word_end: Vec<u32>,
    word_token: Vec<u32>,
    form: Vec<Text>,
    lemma: Vec<Text>,
    upos: Vec<TagId>,
    xpos: Vec<TagId>,
    feats: Vec<FeatsId>,
    /// First token of each sentence, and one more: the number of tokens.
    sentence_token: Vec<u32>,
    extras: Option<Box<Extras>>,
}

impl Doc {
    /// The original text, to the byte.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tags that words of this document can have.
    pub fn tags(&self) -> &Tags {
        &self.tags
    }

    /// All sentences, in order. Every token is in exactly one.
    pub fn sentences(&self) -> impl ExactSizeIterator<Item = Sentence<'_>> + DoubleEndedIterator {
        (0..self.sentence_token.len() - 1).map(|index| Sentence { doc: self, index })
    }

    /// All tokens, in order.
    pub fn tokens(&self) -> impl ExactSizeIterator<Item = Token<'_>> + DoubleEndedIterator {
        (0..self.token_start.len()).map(|index| Token { doc: self, index })
    }

    /// All words, in order.
    pub fn words(&self) -> impl ExactSizeIterator<Item = Word<'_>> + DoubleEndedIterator {
        (0..self.form.len()).map(|index| Word { doc: self, index })
    }

    /// The sentence at `index`, if there is one.
    pub fn sentence(&self, index: usize) -> Option<Sentence<'_>> {
        (index + 1 < self.sentence_token.len()).then_some(Sentence { doc: self, index })
    }

    /// The token at `index`, if there is one.
    pub fn token(&self, index: usize) -> Option<Token<'_>> {
        (index < self.token_start.len()).then_some(Token { doc: self, index })
    }

    /// The word at `index`, if there is one.
    pub fn word(&self, index: usize) -> Option<Word<'_>> {
        (index < self.form.len()).then_some(Word { doc: self, index })
    }

    /// The token that holds the byte at `offset`, if one does.
    pub fn token_at(&self, offset: usize) -> Option<Token<'_>> {
        let index = self
            .token_end
            .partition_point(|&end| end as usize <= offset);
        self.token(index)
            .filter(|token| token.span().contains(&offset))
    }

    /// How many code points stand before the byte at `offset`; `offset` is a character's border.
    pub fn code_points(&self, offset: usize) -> usize {
        self.text[..offset].chars().count()
    }

    pub(crate) fn extras(&self) -> Option<&Extras> {
        self.extras.as_deref()
    }

    pub(crate) fn set_extras(&mut self, extras: Option<Box<Extras>>) {
        self.extras = extras;
    }

    fn resolve(&self, text: Text) -> &str {
        let start = text.start as usize;
        let end = start + (text.length_and_place >> 1) as usize;
        match text.length_and_place & 1 {
            0 => &self.text[start..end],
            _ => &self.strings[start..end],
        }
    }
}

impl std::fmt::Debug for Doc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let start: String = self.text.chars().take(40).collect();
        f.debug_struct("Doc")
            .field("text", &start)
            .field("bytes", &self.text.len())
            .field("sentences", &self.sentences().len())
            .field("tokens", &self.tokens().len())
            .field("words", &self.words().len())
            .finish_non_exhaustive()
    }
}
