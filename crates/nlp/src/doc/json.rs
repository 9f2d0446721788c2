//! [`Doc`] <-> JSON: text, sentences, tokens and words, offsets in bytes. Lossless but for what only
//! CoNLL-U says (comments, syntax, empty nodes, MISC).

use std::path::Path;
use std::sync::Arc;

use botsmith_core::Diagnostic;
use serde::{Deserialize, Serialize, Serializer};

use super::{Doc, DocBuilder, Tags};
use crate::{Error, Result};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole<S, L> {
    text: S,
    sentences: L,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token<S> {
    start: usize,
    end: usize,
    words: Vec<Word<S>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Word<S> {
    form: S,
    lemma: S,
    upos: S,
    xpos: S,
    feats: S,
}

/// The sentences of a document as they are written: none of them is held twice.
struct Sentences<'a>(&'a Doc);

struct Tokens<'a>(super::Sentence<'a>);

#[derive(Serialize)]
struct Written<'a> {
    start: usize,
    end: usize,
    words: Words<'a>,
}

struct Words<'a>(super::Token<'a>);

impl Serialize for Sentences<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> std::result::Result<S::Ok, S::Error> {
        out.collect_seq(self.0.sentences().map(Tokens))
    }
}

impl Serialize for Tokens<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> std::result::Result<S::Ok, S::Error> {
        out.collect_seq(self.0.tokens().map(|token| {
            let span = token.span();
            Written {
                start: span.start,
                end: span.end,
                words: Words(token),
            }
        }))
    }
}

impl Serialize for Words<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> std::result::Result<S::Ok, S::Error> {
        out.collect_seq(self.0.words().map(|word| Word {
            form: word.form(),
            lemma: word.lemma(),
            upos: word.upos(),
            xpos: word.xpos(),
            feats: word.feats().as_str(),
        }))
    }
}

impl Doc {
    /// The document as one JSON object: `{"text", "sentences": [[{"start", "end", "words": [{"form",
    /// "lemma", "upos", "xpos", "feats"}]}]]}`, a list of tokens a sentence.
    pub fn to_json(&self) -> String {
        let whole = Whole {
            text: self.text(),
            sentences: Sentences(self),
        };
        serde_json::to_string(&whole).expect("strings and numbers")
    }

    /// Reads what [`Doc::to_json`] wrote; `path` is its name in errors.
    ///
    /// # Errors
    /// [`Error::Core`] with the place where it is not such JSON, or spans do not fit the text.
    pub fn from_json(path: impl AsRef<Path>, json: &str) -> Result<Self> {
        let whole: Whole<String, Vec<Vec<Token<String>>>> =
            serde_json::from_str(json).map_err(|error| {
                let place = Diagnostic::new(&path, error.to_string()).code("BS-NLP-007");
                Error::from(place.at(error.line(), error.column()))
            })?;
        let bad = |message: String| Error::from(Diagnostic::new(&path, message).code("BS-NLP-007"));
        let mut tags = Tags::default();
        let mut builder = DocBuilder::new(whole.text)?;
        let (mut last, mut given) = (0, Vec::new());
        for (number, sentence) in whole.sentences.into_iter().enumerate() {
            if sentence.is_empty() {
                return Err(bad(format!("sentence {number} holds no token")));
            }
            for token in sentence {
                let span = token.start..token.end;
                let inside = builder
                    .text()
                    .get(span.clone())
                    .is_some_and(|form| !form.is_empty());
                if !inside || span.start < last || token.words.is_empty() {
                    return Err(bad(format!(
                        "token {}..{} does not fit the text or holds no word",
                        span.start, span.end
                    )));
                }
                last = span.end;
                match token.words.as_slice() {
                    [word] => builder.single(span, &word.form),
                    words => builder.multiword(span, words.iter().map(|word| word.form.as_str())),
                }
                given.extend(token.words);
            }
            builder.end_sentence();
        }
        for (index, word) in given.iter().enumerate() {
            let ids = (
                tags.add_upos(&word.upos),
                tags.add_xpos(&word.xpos),
                tags.add_feats(&word.feats),
            );
            let (Some(upos), Some(xpos), Some(feats)) = ids else {
                return Err(bad("more than 65,536 different tags".into()));
            };
            builder.tag(index, upos, xpos, feats);
            builder.lemma(index, &word.lemma);
        }
        builder.set_tags(Arc::new(tags));
        Ok(builder.build())
    }
}
