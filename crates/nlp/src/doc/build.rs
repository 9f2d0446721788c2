//! Building a document, from left to right.

use std::ops::Range;
use std::sync::Arc;

use super::{Doc, FeatsId, MAX_TEXT, TagId, Tags, Text};
use crate::{Error, Result};

/// Builds a [`Doc`]: tokens from left to right, words inside tokens, then the end of a sentence.
///
/// ```
/// let mut builder = botsmith_nlp::DocBuilder::new("Go on".into())?;
/// builder.token(0..2);
/// builder.token(3..5);
/// builder.end_sentence();
/// let doc = builder.build();
/// assert_eq!(doc.words().map(|word| word.form()).collect::<Vec<_>>(), ["Go", "on"]);
/// # Ok::<(), botsmith_nlp::Error>(())
/// ```
#[derive(Debug)]
pub struct DocBuilder {
    doc: Doc,
    open: bool,
    /// A form while its lemma is written beside it.
    form: String,
}

impl DocBuilder {
    /// Begins with the whole text.
    ///
    /// # Errors
    /// [`Error::TooLong`] past [`MAX_TEXT`] bytes.
    pub fn new(text: String) -> Result<Self> {
        Self::with_tags(text, Arc::new(Tags::default()))
    }

    /// As [`DocBuilder::new`], with tags that are shared between documents.
    ///
    /// # Errors
    /// [`Error::TooLong`] past [`MAX_TEXT`] bytes.
    pub fn with_tags(text: String, tags: Arc<Tags>) -> Result<Self> {
        if text.len() > MAX_TEXT {
            return Err(Error::TooLong {
                bytes: text.len(),
                limit: MAX_TEXT,
            });
        }
        let doc = Doc {
            text,
            tags,
            strings: String::new(),
            token_start: Vec::new(),
            token_end: Vec::new(),
            token_word: vec![0],
            word_start: Vec::new(),
            word_end: Vec::new(),
            word_token: Vec::new(),
            form: Vec::new(),
            lemma: Vec::new(),
            upos: Vec::new(),
            xpos: Vec::new(),
            feats: Vec::new(),
            sentence_token: vec![0],
            extras: None,
        };
        Ok(Self {
            doc,
            open: false,
            form: String::new(),
        })
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.doc.text
    }

    /// A token that is one word.
    ///
    /// # Panics
    /// Where `span` is empty, out of the text, off a character's border or before the last token.
    pub fn token(&mut self, span: Range<usize>) {
        self.begin_token(&span);
        self.push_word(&span, Text::of_text(&span));
        self.end_token();
    }

    /// A token that is one word, whose form may differ from what is written.
    pub(crate) fn single(&mut self, span: Range<usize>, form: &str) {
        self.begin_token(&span);
        let form = match self.doc.text[span.clone()] == *form {
            true => Text::of_text(&span),
            false => self.own(form),
        };
        self.push_word(&span, form);
        self.end_token();
    }

    /// Makes room for `tokens` more tokens.
    pub(crate) fn reserve(&mut self, tokens: usize) {
        let doc = &mut self.doc;
        doc.token_start.reserve(tokens);
        doc.token_end.reserve(tokens);
        doc.token_word.reserve(tokens);
        for column in [&mut doc.word_start, &mut doc.word_end, &mut doc.word_token] {
            column.reserve(tokens);
        }
        doc.form.reserve(tokens);
        doc.lemma.reserve(tokens);
        for column in [&mut doc.upos, &mut doc.xpos, &mut doc.feats] {
            column.reserve(tokens);
        }
    }

    /// A token of several words. Words that spell the token (in any case) get their own spans,
    /// others the token's.
    ///
    /// # Panics
    /// As [`DocBuilder::token`], and where `words` is empty.
    pub fn multiword<'w>(
        &mut self,
        span: Range<usize>,
        words: impl Iterator<Item = &'w str> + Clone,
    ) {
        self.begin_token(&span);
        let token = &self.doc.text[span.clone()];
        let spelt = spells(token, words.clone());
        let mut at = span.start;
        let mut any = false;
        for word in words {
            any = true;
            let place = if spelt {
                at..at + word.len()
            } else {
                span.clone()
            };
            at = place.end;
            let form = match self.doc.text[place.clone()] == *word {
                true => Text::of_text(&place),
                false => self.own(word),
            };
            self.push_word(&place, form);
        }
        assert!(any, "a token holds at least one word");
        self.end_token();
    }

    /// Splits a token where its words meet: `cuts` are byte offsets of the text inside `span`.
    pub(crate) fn cut_token(&mut self, span: Range<usize>, cuts: impl Iterator<Item = usize>) {
        self.begin_token(&span);
        let mut start = span.start;
        for cut in cuts {
            self.push_word(&(start..cut), Text::of_text(&(start..cut)));
            start = cut;
        }
        self.push_word(&(start..span.end), Text::of_text(&(start..span.end)));
        self.end_token();
    }

    /// Ends the sentence, if it holds a token.
    pub fn end_sentence(&mut self) {
        if self.open {
            self.doc
                .sentence_token
                .push(self.doc.token_start.len() as u32);
            self.open = false;
        }
    }

    /// Tags the word at `index`, counted from 0.
    ///
    /// # Panics
    /// Where there is no such word.
    pub fn tag(&mut self, index: usize, upos: TagId, xpos: TagId, feats: FeatsId) {
        self.doc.upos[index] = upos;
        self.doc.xpos[index] = xpos;
        self.doc.feats[index] = feats;
    }

    /// Sets the lemma of the word at `index`.
    ///
    /// # Panics
    /// Where there is no such word.
    pub fn lemma(&mut self, index: usize, lemma: &str) {
        let form = self.doc.form[index];
        let same = self.doc.resolve(form) == lemma;
        self.doc.lemma[index] = if same { form } else { self.own(lemma) };
    }

    /// Sets the lemma to the form.
    pub(crate) fn lemma_is_form(&mut self, index: usize) {
        self.doc.lemma[index] = self.doc.form[index];
    }

    /// Sets the lemma to what `write` appends to the string that it is given.
    pub(crate) fn write_lemma(&mut self, index: usize, write: impl FnOnce(&str, &mut String)) {
        let Doc {
            text,
            strings,
            form,
            lemma,
            ..
        } = &mut self.doc;
        let form = form[index];
        let start = strings.len();
        if form.is_own() {
            self.form.clear();
            self.form.push_str(&strings[form.range()]);
            write(&self.form, strings);
        } else {
            let word = &text[form.range()];
            write(word, strings);
            if strings[start..] == *word {
                strings.truncate(start);
                lemma[index] = form;
                return;
            }
        }
        lemma[index] = Text::of_own(&(start..strings.len()));
    }

    /// Takes all FEATS back.
    pub(crate) fn clear_feats(&mut self) {
        self.doc.feats.fill(0);
    }

    /// Gives words of tokens that start where `chosen` says one tag and nothing else, and their form as
    /// lemma where lemmas are known.
    pub(crate) fn tag_tokens(&mut self, chosen: impl Fn(u32) -> bool, upos: TagId, lemmas: bool) {
        let doc = &mut self.doc;
        for (word, &token) in doc.word_token.iter().enumerate() {
            if chosen(doc.token_start[token as usize]) {
                (doc.upos[word], doc.xpos[word], doc.feats[word]) = (upos, 0, 0);
                if lemmas {
                    doc.lemma[word] = doc.form[word];
                }
            }
        }
    }

    /// The tags that ids are places in, where they were not known at the beginning.
    pub(crate) fn set_tags(&mut self, tags: Arc<Tags>) {
        self.doc.tags = tags;
    }

    /// How many words there are so far.
    pub fn words(&self) -> usize {
        self.doc.form.len()
    }

    /// How many tokens there are so far.
    pub fn tokens(&self) -> usize {
        self.doc.token_start.len()
    }

    /// The form of the word at `index`.
    pub(crate) fn form(&self, index: usize) -> &str {
        self.doc.resolve(self.doc.form[index])
    }

    /// The document.
    pub fn build(mut self) -> Doc {
        self.end_sentence();
        self.doc
    }

    fn begin_token(&mut self, span: &Range<usize>) {
        let doc = &mut self.doc;
        let last = doc.token_end.last().map_or(0, |&end| end as usize);
        assert!(
            span.start >= last && span.end > span.start && doc.text.get(span.clone()).is_some(),
            "token {span:?} after byte {last} of a text of {} bytes",
            doc.text.len()
        );
        doc.token_start.push(span.start as u32);
        doc.token_end.push(span.end as u32);
        self.open = true;
    }

    fn end_token(&mut self) {
        self.doc.token_word.push(self.doc.form.len() as u32);
    }

    fn push_word(&mut self, span: &Range<usize>, form: Text) {
        let doc = &mut self.doc;
        doc.word_start.push(span.start as u32);
        doc.word_end.push(span.end as u32);
        doc.word_token.push(doc.token_start.len() as u32 - 1);
        doc.form.push(form);
        if doc.strings.is_empty() {
            doc.strings.push('_');
        }
        doc.lemma.push(Text::of_own(&(0..1)));
        doc.upos.push(0);
        doc.xpos.push(0);
        doc.feats.push(0);
    }

    fn own(&mut self, text: &str) -> Text {
        let start = self.doc.strings.len();
        self.doc.strings.push_str(text);
        Text::of_own(&(start..self.doc.strings.len()))
    }
}

/// Whether the words, put together, spell the token but for case, byte for byte.
fn spells<'w>(token: &str, words: impl Iterator<Item = &'w str>) -> bool {
    let mut rest = token;
    for word in words {
        match rest.get(..word.len()) {
            Some(part) if part == word || part.to_lowercase() == word.to_lowercase() => {
                rest = &rest[word.len()..];
            }
            _ => return false,
        }
    }
    rest.is_empty()
}

impl Text {
    fn of_text(span: &Range<usize>) -> Self {
        Self {
            start: span.start as u32,
            length_and_place: (span.len() as u32) << 1,
        }
    }

    fn of_own(span: &Range<usize>) -> Self {
        Self {
            start: span.start as u32,
            length_and_place: (span.len() as u32) << 1 | 1,
        }
    }

    fn is_own(self) -> bool {
        self.length_and_place & 1 == 1
    }

    fn range(self) -> Range<usize> {
        let start = self.start as usize;
        start..start + (self.length_and_place >> 1) as usize
    }
}
