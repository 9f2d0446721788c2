//! Views of a document: one sentence, token or word. Copying one copies a reference and a number.

use std::ops::Range;

use super::{Doc, Feats};

/// One sentence of a [`Doc`].
#[derive(Clone, Copy, Debug)]
pub struct Sentence<'a> {
    pub(super) doc: &'a Doc,
    pub(super) index: usize,
}

/// One token of a [`Doc`]: what is written.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    pub(super) doc: &'a Doc,
    pub(super) index: usize,
}

/// One word of a [`Doc`]: what is meant, and what tags belong to.
#[derive(Clone, Copy, Debug)]
pub struct Word<'a> {
    pub(super) doc: &'a Doc,
    pub(super) index: usize,
}

impl<'a> Sentence<'a> {
    /// The document that it is in.
    pub fn doc(self) -> &'a Doc {
        self.doc
    }

    /// Its number, from 0.
    pub fn index(self) -> usize {
        self.index
    }

    /// The numbers of its tokens.
    pub fn token_range(self) -> Range<usize> {
        let at = &self.doc.sentence_token;
        at[self.index] as usize..at[self.index + 1] as usize
    }

    /// The numbers of its words.
    pub fn word_range(self) -> Range<usize> {
        let tokens = self.token_range();
        let at = &self.doc.token_word;
        at[tokens.start] as usize..at[tokens.end] as usize
    }

    /// Bytes from its first token to the end of its last.
    pub fn span(self) -> Range<usize> {
        let tokens = self.token_range();
        match tokens.is_empty() {
            true => 0..0,
            false => {
                self.doc.token_start[tokens.start] as usize
                    ..self.doc.token_end[tokens.end - 1] as usize
            }
        }
    }

    /// Its text, without the white space around it.
    pub fn text(self) -> &'a str {
        &self.doc.text[self.span()]
    }

    /// Its tokens.
    pub fn tokens(self) -> impl ExactSizeIterator<Item = Token<'a>> + DoubleEndedIterator {
        let doc = self.doc;
        self.token_range().map(move |index| Token { doc, index })
    }

    /// Its words.
    pub fn words(self) -> impl ExactSizeIterator<Item = Word<'a>> + DoubleEndedIterator {
        let doc = self.doc;
        self.word_range().map(move |index| Word { doc, index })
    }
}

impl<'a> Token<'a> {
    /// The document that it is in.
    pub fn doc(self) -> &'a Doc {
        self.doc
    }

    /// Its number, from 0.
    pub fn index(self) -> usize {
        self.index
    }

    /// Bytes of the text that it fills.
    pub fn span(self) -> Range<usize> {
        self.doc.token_start[self.index] as usize..self.doc.token_end[self.index] as usize
    }

    /// What is written there.
    pub fn form(self) -> &'a str {
        &self.doc.text[self.span()]
    }

    /// The numbers of its words.
    pub fn word_range(self) -> Range<usize> {
        let at = &self.doc.token_word;
        at[self.index] as usize..at[self.index + 1] as usize
    }

    /// Its words: one, or several of a multi-word token.
    pub fn words(self) -> impl ExactSizeIterator<Item = Word<'a>> + DoubleEndedIterator {
        let doc = self.doc;
        self.word_range().map(move |index| Word { doc, index })
    }

    /// Whether it holds more than one word.
    pub fn is_multiword(self) -> bool {
        self.word_range().len() > 1
    }

    /// Whether its sentence ends with it.
    pub fn ends_sentence(self) -> bool {
        let next = self.index as u32 + 1;
        self.doc.sentence_token.binary_search(&next).is_ok()
    }

    /// The white space between it and the next token, or the end of the text.
    pub fn space_after(self) -> &'a str {
        let end = self.doc.token_end[self.index] as usize;
        let next = self.doc.token_start.get(self.index + 1);
        &self.doc.text[end..next.map_or(self.doc.text.len(), |&start| start as usize)]
    }
}

impl<'a> Word<'a> {
    /// The document that it is in.
    pub fn doc(self) -> &'a Doc {
        self.doc
    }

    /// Its number, from 0.
    pub fn index(self) -> usize {
        self.index
    }

    /// The word's form: the text at its span, but for words of a multi-word token that is not
    /// spelt by its words (`do` = `de` + `o`).
    pub fn form(self) -> &'a str {
        self.doc.resolve(self.doc.form[self.index])
    }

    /// Bytes of the text that it fills: its part of a multi-word token where the token is spelt by
    /// its words, else the whole token.
    pub fn span(self) -> Range<usize> {
        self.doc.word_start[self.index] as usize..self.doc.word_end[self.index] as usize
    }

    /// The token that it is in.
    pub fn token(self) -> Token<'a> {
        Token {
            doc: self.doc,
            index: self.doc.word_token[self.index] as usize,
        }
    }

    /// Its lemma; `_` where none is known.
    pub fn lemma(self) -> &'a str {
        self.doc.resolve(self.doc.lemma[self.index])
    }

    /// Its universal part of speech (`NOUN`); `_` where none is known.
    pub fn upos(self) -> &'a str {
        self.doc.tags.upos(self.doc.upos[self.index])
    }

    /// Its part of speech in the treebank's own tags (`NNS`); `_` where none is known.
    pub fn xpos(self) -> &'a str {
        self.doc.tags.xpos(self.doc.xpos[self.index])
    }

    /// Its morphological features.
    pub fn feats(self) -> Feats<'a> {
        self.doc.tags.feats(self.doc.feats[self.index])
    }

    /// The id of its UPOS in [`Doc::tags`].
    pub fn upos_id(self) -> super::TagId {
        self.doc.upos[self.index]
    }

    /// The id of its XPOS in [`Doc::tags`].
    pub fn xpos_id(self) -> super::TagId {
        self.doc.xpos[self.index]
    }
}
