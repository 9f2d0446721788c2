//! A stretch of words of a document: what matches, chunks and clauses are given as.

use std::ops::Range;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::Doc;

/// Words that follow each other, with the tokens and bytes that they fill.
///
/// As JSON: `{"start", "end", "tokens": [first, one past the last], "words": […]}`; `start` and `end` are
/// bytes of the original text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Span {
    /// Numbers of the words in the document.
    pub words: Range<usize>,
    /// Numbers of the tokens that hold them.
    pub tokens: Range<usize>,
    /// Bytes of the text, from the first word to the end of the last.
    pub bytes: Range<usize>,
}

impl Span {
    /// Words of a document as a span; none where the range is empty or outside.
    ///
    /// ```
    /// use botsmith_nlp::{DocBuilder, Span};
    /// let mut builder = DocBuilder::new("Go on".into())?;
    /// builder.token(0..2);
    /// builder.token(3..5);
    /// let doc = builder.build();
    /// let span = Span::of(&doc, 0..2).expect("two words");
    /// assert_eq!(span.text(&doc), "Go on");
    /// assert_eq!(Span::of(&doc, 2..3), None);
    /// # Ok::<(), botsmith_nlp::Error>(())
    /// ```
    pub fn of(doc: &Doc, words: Range<usize>) -> Option<Self> {
        let first = doc.word(words.start)?;
        let last = doc.word(words.end.checked_sub(1)?)?;
        if first.index() > last.index() {
            return None;
        }
        Some(Self {
            tokens: first.token().index()..last.token().index() + 1,
            bytes: first.span().start..last.span().end,
            words,
        })
    }

    /// What is written there.
    pub fn text<'a>(&self, doc: &'a Doc) -> &'a str {
        doc.text().get(self.bytes.clone()).unwrap_or_default()
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut span = serializer.serialize_struct("Span", 4)?;
        span.serialize_field("start", &self.bytes.start)?;
        span.serialize_field("end", &self.bytes.end)?;
        span.serialize_field("tokens", &[self.tokens.start, self.tokens.end])?;
        span.serialize_field("words", &[self.words.start, self.words.end])?;
        span.end()
    }
}
