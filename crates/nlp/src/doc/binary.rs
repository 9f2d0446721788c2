//! [`Doc`] <-> bytes: everything that a document holds, in a versioned and checksummed form.
//!
//! ```text
//! 0   8   "BSDOC\r\n\0"
//! 8   4   format, little endian
//! 12  32  BLAKE3 of everything behind it
//! 44  …   text, own strings, tags, columns, what only CoNLL-U says
//! ```
//!
//! Strings and lists begin with their length (u32). Reading trusts nothing: every span, place and id is
//! checked, and no more is allocated than the bytes can hold.

use std::path::Path;
use std::sync::Arc;

use botsmith_core::Diagnostic;

use super::{Doc, MAX_TEXT, Tags, Text};
use crate::conllu::Extras;
use crate::{Error, Result};

const MAGIC: &[u8; 8] = b"BSDOC\r\n\0";
const FORMAT: u32 = 1;
const HEADER: usize = 44;

/// Appends numbers and strings.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn number(&mut self, number: u32) {
        self.0.extend(number.to_le_bytes());
    }

    pub(crate) fn numbers(&mut self, numbers: impl ExactSizeIterator<Item = u32>) {
        self.number(numbers.len() as u32);
        for number in numbers {
            self.number(number);
        }
    }

    pub(crate) fn string(&mut self, text: &str) {
        self.number(text.len() as u32);
        self.0.extend(text.as_bytes());
    }
}

/// Takes numbers and strings off the front; the error says what is wrong.
#[derive(Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

pub(crate) type Read<T> = Result<T, &'static str>;

const SHORT: &str = "it is cut short";

impl<'a> Reader<'a> {
    pub(crate) fn number(&mut self) -> Read<u32> {
        let (number, rest) = self.0.split_first_chunk().ok_or(SHORT)?;
        self.0 = rest;
        Ok(u32::from_le_bytes(*number))
    }

    pub(crate) fn numbers(&mut self) -> Read<Vec<u32>> {
        let count = self.number()? as usize;
        let bytes = count.checked_mul(4).ok_or(SHORT)?;
        let (numbers, rest) = self.0.split_at_checked(bytes).ok_or(SHORT)?;
        self.0 = rest;
        let numbers = numbers.as_chunks::<4>().0.iter();
        Ok(numbers.map(|bytes| u32::from_le_bytes(*bytes)).collect())
    }

    pub(crate) fn string(&mut self) -> Read<&'a str> {
        let length = self.number()? as usize;
        let (text, rest) = self.0.split_at_checked(length).ok_or(SHORT)?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(|_| "a string is not UTF-8")
    }
}

/// The tags that a column uses, in the order of their first use, and the column in these.
fn column<'a>(ids: &[u16], name: impl Fn(u16) -> &'a str, writer: &mut Writer) {
    let mut places = vec![0u32; 1 << 16];
    let mut names = Vec::new();
    for id in ids {
        // 0 is `_` in every document; a model may have another id for it.
        if name(*id) != "_" && places[*id as usize] == 0 {
            names.push(name(*id));
            places[*id as usize] = names.len() as u32;
        }
    }
    writer.number(names.len() as u32);
    for name in names {
        writer.string(name);
    }
    writer.numbers(ids.iter().map(|id| places[*id as usize]));
}

fn tags(
    reader: &mut Reader<'_>,
    words: usize,
    mut add: impl FnMut(&str) -> Option<u16>,
) -> Read<Vec<u16>> {
    let count = reader.number()?;
    for place in 1..=count {
        if add(reader.string()?).map(u32::from) != Some(place) {
            return Err("a tag stands twice or is one too many");
        }
    }
    let ids = reader.numbers()?;
    if ids.len() != words || ids.iter().any(|id| *id > count) {
        return Err("a word has a tag that is not there");
    }
    Ok(ids.into_iter().map(|id| id as u16).collect())
}

impl Doc {
    /// The document as bytes, with all that CoNLL-U says of it: see [`Doc::from_bytes`].
    ///
    /// ```
    /// use botsmith_nlp::{Doc, DocBuilder};
    ///
    /// let mut builder = DocBuilder::new("Go on".into())?;
    /// builder.token(0..2);
    /// builder.token(3..5);
    /// let doc = builder.build();
    /// assert_eq!(Doc::from_bytes("doc", &doc.to_bytes())?, doc);
    /// # Ok::<(), botsmith_nlp::Error>(())
    /// ```
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut body = Writer::default();
        body.string(&self.text);
        body.string(&self.strings);
        body.numbers(self.sentence_token.iter().copied());
        for numbers in [
            &self.token_start,
            &self.token_end,
            &self.token_word,
            &self.word_start,
            &self.word_end,
        ] {
            body.numbers(numbers.iter().copied());
        }
        for texts in [&self.form, &self.lemma] {
            body.numbers(texts.iter().map(|text| text.start));
            body.numbers(texts.iter().map(|text| text.length_and_place));
        }
        column(&self.upos, |id| self.tags.upos(id), &mut body);
        column(&self.xpos, |id| self.tags.xpos(id), &mut body);
        column(&self.feats, |id| self.tags.feats(id).as_str(), &mut body);
        body.number(u32::from(self.extras.is_some()));
        if let Some(extras) = &self.extras {
            extras.write(&mut body);
        }
        let mut out = Vec::with_capacity(HEADER + body.0.len());
        out.extend(MAGIC);
        out.extend(FORMAT.to_le_bytes());
        out.extend(blake3::hash(&body.0).as_bytes());
        out.extend(body.0);
        out
    }

    /// Reads what [`Doc::to_bytes`] wrote; `name` is what errors call it.
    ///
    /// # Errors
    /// [`Error::Core`] (`BS-NLP-007`) where it is something else, cut short, changed, of a newer format,
    /// or holds spans that do not fit its text.
    pub fn from_bytes(name: impl AsRef<Path>, bytes: &[u8]) -> Result<Self> {
        let bad = |reason: &str| {
            let message = format!("no document in binary form: {reason}");
            Error::from(Diagnostic::new(&name, message).code("BS-NLP-007"))
        };
        if !bytes.starts_with(MAGIC) {
            return Err(bad("it is some other kind of file"));
        }
        let (Some(format), Some(sum)) = (bytes.get(8..12), bytes.get(12..HEADER)) else {
            return Err(bad(SHORT));
        };
        let format = u32::from_le_bytes(format.try_into().expect("four bytes"));
        if format != FORMAT {
            return Err(bad(&format!(
                "it has format {format}, this build reads format {FORMAT}"
            )));
        }
        let body = &bytes[HEADER..];
        if blake3::hash(body).as_bytes() != sum {
            return Err(bad(
                "its checksum does not hold: it was cut short, changed or damaged",
            ));
        }
        read(&mut Reader(body)).map_err(bad)
    }
}

fn read(reader: &mut Reader<'_>) -> Read<Doc> {
    let text = reader.string()?.to_owned();
    if text.len() > MAX_TEXT {
        return Err("its text is too long");
    }
    let strings = reader.string()?.to_owned();
    let sentence_token = reader.numbers()?;
    let [token_start, token_end, token_word, word_start, word_end] = [
        reader.numbers()?,
        reader.numbers()?,
        reader.numbers()?,
        reader.numbers()?,
        reader.numbers()?,
    ];
    let (tokens, words) = (token_start.len(), word_start.len());
    let mut doc = Doc {
        form: texts(reader, &text, &strings, words)?,
        lemma: texts(reader, &text, &strings, words)?,
        word_token: Vec::with_capacity(words),
        text,
        strings,
        tags: Arc::default(),
        upos: Vec::new(),
        xpos: Vec::new(),
        feats: Vec::new(),
        extras: None,
        sentence_token,
        token_start,
        token_end,
        token_word,
        word_start,
        word_end,
    };
    if doc.token_end.len() != tokens
        || doc.word_end.len() != words
        || !steps(&doc.token_word, tokens, words)
        || !steps(
            &doc.sentence_token,
            doc.sentence_token.len().wrapping_sub(1),
            tokens,
        )
    {
        return Err("its columns do not fit each other");
    }
    spans(&mut doc)?;
    let mut known = Tags::default();
    doc.upos = tags(reader, words, |tag| known.add_upos(tag))?;
    doc.xpos = tags(reader, words, |tag| known.add_xpos(tag))?;
    doc.feats = tags(reader, words, |tag| known.add_feats(tag))?;
    doc.tags = Arc::new(known);
    if reader.number()? != 0 {
        let sizes = [doc.sentence_token.len() - 1, tokens, words];
        doc.extras = Some(Box::new(Extras::read(reader, sizes)?));
    }
    match reader.0.is_empty() {
        true => Ok(doc),
        false => Err("there is more behind its end"),
    }
}

/// Whether `steps` has `parts` parts, none of them empty, from 0 to `end`.
fn steps(steps: &[u32], parts: usize, end: usize) -> bool {
    steps.len() == parts.wrapping_add(1)
        && steps.first() == Some(&0)
        && steps.last().map(|last| *last as usize) == Some(end)
        && steps.windows(2).all(|pair| pair[0] < pair[1])
}

/// Places of strings in the text or among the document's own.
fn texts(reader: &mut Reader<'_>, text: &str, strings: &str, words: usize) -> Read<Vec<Text>> {
    let (starts, lengths) = (reader.numbers()?, reader.numbers()?);
    if starts.len() != words || lengths.len() != words {
        return Err("its columns do not fit each other");
    }
    let mut out = Vec::with_capacity(words);
    for (start, length_and_place) in starts.into_iter().zip(lengths) {
        let whole = match length_and_place & 1 {
            0 => text,
            _ => strings,
        };
        let from = start as usize;
        let to = from + (length_and_place >> 1) as usize;
        if whole.get(from..to).is_none_or(str::is_empty) {
            return Err("a form or lemma lies outside");
        }
        out.push(Text {
            start,
            length_and_place,
        });
    }
    Ok(out)
}

/// Checks the spans of tokens and words, and fills in which token each word is in.
fn spans(doc: &mut Doc) -> Read<()> {
    let mut last = 0;
    for token in 0..doc.token_start.len() {
        let (start, end) = (doc.token_start[token], doc.token_end[token]);
        if start < last || start >= end || doc.text.get(start as usize..end as usize).is_none() {
            return Err("a token does not fit the text");
        }
        last = end;
        for word in doc.token_word[token]..doc.token_word[token + 1] {
            let word = word as usize;
            let (from, to) = (doc.word_start[word], doc.word_end[word]);
            if from < start || to > end || doc.text.get(from as usize..to as usize).is_none() {
                return Err("a word does not fit its token");
            }
            doc.word_token.push(token as u32);
        }
    }
    Ok(())
}
