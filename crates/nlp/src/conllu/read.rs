//! CoNLL-U text -> [`Doc`], with the line and column of what is wrong.
//!
//! A line end may be `\n` or `\r\n`; it is written as `\n`. A sentence is closed by a blank line
//! or the end of the file.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use botsmith_core::Diagnostic;

use super::spaces::{decode, value};
use super::{Extras, Place};
use crate::doc::{Doc, DocBuilder, FeatsId, TagId, Tags};
use crate::{Error, Result};

const COLUMNS: usize = 10;

/// Reads a CoNLL-U file; `path` is its name in errors.
///
/// # Errors
/// [`Error::Core`] with line and column where a line is not CoNLL-U; [`Error::TooLong`] past 2 GiB.
pub fn read(path: impl AsRef<Path>, conllu: &str) -> Result<Doc> {
    read_from(path, conllu, 0)
}

/// Reads a part of a CoNLL-U file, before which `lines` lines stand: errors count them.
///
/// # Errors
/// As [`read`].
pub fn read_from(path: impl AsRef<Path>, conllu: &str, lines: usize) -> Result<Doc> {
    if conllu.len() > crate::doc::MAX_TEXT {
        return Err(Error::TooLong {
            bytes: conllu.len(),
            limit: crate::doc::MAX_TEXT,
        });
    }
    let mut reader = Reader::default();
    for (index, line) in conllu.split('\n').enumerate() {
        let line = line.trim_end_matches('\r');
        reader.line(line).map_err(|Bad(column, message)| {
            let mut place = Diagnostic::new(&path, message)
                .code("BS-NLP-001")
                .at(lines + index + 1, column);
            place = place.excerpt(line);
            if !line.contains('\t') {
                place = place
                    .hint("CoNLL-U has ten columns with tabs between; a comment begins with `#`");
            }
            Error::from(place)
        })?;
    }
    reader.end_sentence().map_err(|Bad(_, message)| {
        let last = lines + conllu.split('\n').count();
        Error::from(
            Diagnostic::new(&path, message)
                .code("BS-NLP-001")
                .at(last, 0),
        )
    })?;
    reader.finish()
}

/// Column (in characters, from 1; 0 for the whole line) and message.
struct Bad(usize, String);

struct WordLine {
    form: Range<usize>,
    lemma: Range<usize>,
    upos: TagId,
    xpos: TagId,
    feats: FeatsId,
}

#[derive(Default)]
struct Reader {
    text: String,
    tags: Tags,
    extras: Extras,
    /// Forms and lemmas, back to back.
    strings: String,
    words: Vec<WordLine>,
    /// Span in the text and number of words of each token.
    tokens: Vec<(Range<usize>, usize)>,
    sentences: Vec<usize>,
    /// What follows the last token unless the next sentence says otherwise.
    pending: Pending,
    /// Comments and words of the open sentence.
    open_comments: usize,
    open_words: usize,
    paragraph: bool,
    /// Last word of the open range, and the number of words it holds.
    range: Option<usize>,
    first_token: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Pending {
    /// The beginning of the text, or white space already written.
    #[default]
    Nothing,
    /// One space, or what the place asks for.
    Default,
    /// `SpaceAfter=No`.
    None,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), Bad> {
        if line.is_empty() {
            return self.end_sentence();
        }
        if line.starts_with('#') {
            if self.open_words > 0 || self.range.is_some() {
                return Err(Bad(
                    1,
                    "a comment inside a sentence: comments stand before its first word".into(),
                ));
            }
            let is = |name: &str| {
                line[1..]
                    .trim_start()
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '=', '\t']))
            };
            self.paragraph |= is("newpar") || is("newdoc");
            let place = self.extras.keep(line);
            self.extras.comments.push(place);
            self.open_comments += 1;
            return Ok(());
        }
        let (columns, starts) = split(line)?;
        let id = columns[0];
        if let Some((word, part)) = id.split_once('.') {
            return self.empty_node(line, word, part);
        }
        match id.split_once('-') {
            Some((first, last)) => self.range_line(line, &columns, &starts, first, last),
            None => self.word_line(line, &columns, &starts),
        }
    }

    fn empty_node(&mut self, line: &str, word: &str, part: &str) -> Result<(), Bad> {
        let (Some(word), Some(_)) = (number(word), number(part)) else {
            return Err(Bad(
                1,
                format!("`{word}.{part}` is no id of an empty node: wanted one like `8.1`"),
            ));
        };
        if word != self.open_words {
            return Err(Bad(
                1,
                format!(
                    "empty node after word {word}, but it stands after word {}",
                    self.open_words
                ),
            ));
        }
        let place = self.extras.keep(line);
        let sentence = self.sentences.len() as u32;
        self.extras.empty.push((sentence, word as u32, place));
        Ok(())
    }

    fn range_line(
        &mut self,
        line: &str,
        columns: &[&str; COLUMNS],
        starts: &[usize; COLUMNS],
        first: &str,
        last: &str,
    ) -> Result<(), Bad> {
        let (Some(first), Some(last)) = (number(first), number(last)) else {
            return Err(Bad(
                1,
                format!(
                    "`{}` is no id: wanted a number, a range `1-2` or an empty node `1.1`",
                    columns[0]
                ),
            ));
        };
        if let Some(end) = self.range {
            return Err(Bad(
                1,
                format!(
                    "range {} begins before the one to word {end} has ended",
                    columns[0]
                ),
            ));
        }
        if first != self.open_words + 1 {
            return Err(Bad(
                1,
                format!(
                    "range {} out of order: the next word is {}",
                    columns[0],
                    self.open_words + 1
                ),
            ));
        }
        if last <= first {
            return Err(Bad(1, format!("range {} holds no two words", columns[0])));
        }
        let span = self.token(columns[1], columns[9]);
        let place = self.extras.keep(&line[starts[2]..]);
        self.extras.token_tail.push(place);
        self.tokens.push((span, last + 1 - first));
        self.range = Some(last);
        Ok(())
    }

    fn word_line(
        &mut self,
        line: &str,
        columns: &[&str; COLUMNS],
        starts: &[usize; COLUMNS],
    ) -> Result<(), Bad> {
        let wanted = self.open_words + 1;
        if number(columns[0]) != Some(wanted) {
            return Err(Bad(
                1,
                format!(
                    "id `{}` where {wanted} was wanted: words count up from 1",
                    shown(columns[0])
                ),
            ));
        }
        if self.range.is_none() {
            let span = self.token(columns[1], columns[9]);
            self.tokens.push((span, 1));
            self.extras.token_tail.push(Place::default());
        }
        if self.range == Some(wanted) {
            self.range = None;
        }
        self.open_words = wanted;
        let full = |what, column: usize| {
            move || {
                Bad(
                    line[..starts[column]].chars().count() + 1,
                    format!("more than 65,536 different {what} in one file"),
                )
            }
        };
        let upos = self.tags.add_upos(columns[3]).ok_or_else(full("UPOS", 3))?;
        let xpos = self.tags.add_xpos(columns[4]).ok_or_else(full("XPOS", 4))?;
        let feats = self
            .tags
            .add_feats(columns[5])
            .ok_or_else(full("FEATS", 5))?;
        let form = self.string(columns[1]);
        let lemma = self.string(columns[2]);
        self.words.push(WordLine {
            form,
            lemma,
            upos,
            xpos,
            feats,
        });
        let tail = self.extras.keep(&line[starts[6]..]);
        self.extras.word_tail.push(tail);
        Ok(())
    }

    fn string(&mut self, text: &str) -> Range<usize> {
        let start = self.strings.len();
        self.strings.push_str(text);
        start..self.strings.len()
    }

    /// Appends white space and a token's form to the text.
    fn token(&mut self, form: &str, misc: &str) -> Range<usize> {
        let opens = self.open_words == 0 && self.range.is_none() && !self.first_token;
        self.first_token = true;
        match std::mem::take(&mut self.pending) {
            Pending::Nothing => {}
            _ if opens && self.paragraph => self.text.push_str("\n\n"),
            Pending::Default => self.text.push(' '),
            Pending::None => {}
        }
        if let Some(before) = value(misc, "SpacesBefore") {
            decode(before, &mut self.text);
        }
        let start = self.text.len();
        self.text.push_str(form);
        let end = self.text.len();
        self.pending = match (value(misc, "SpacesAfter"), value(misc, "SpaceAfter")) {
            (Some(after), _) => {
                decode(after, &mut self.text);
                Pending::Nothing
            }
            (None, Some("No")) => Pending::None,
            _ => Pending::Default,
        };
        start..end
    }

    fn end_sentence(&mut self) -> Result<(), Bad> {
        if let Some(last) = self.range {
            return Err(Bad(
                0,
                format!("the sentence ends inside the range to word {last}"),
            ));
        }
        if self.open_words == 0 {
            if self.open_comments > 0
                || self
                    .extras
                    .empty
                    .last()
                    .is_some_and(|e| e.0 as usize == self.sentences.len())
            {
                return Err(Bad(0, "a sentence without words".into()));
            }
            return Ok(());
        }
        let comments = self.extras.comments.len();
        self.extras
            .sentence_comment
            .push((comments - self.open_comments) as u32);
        self.sentences.push(self.tokens.len());
        (self.open_comments, self.open_words) = (0, 0);
        (self.paragraph, self.first_token) = (false, false);
        Ok(())
    }

    fn finish(mut self) -> Result<Doc> {
        if self.pending == Pending::Default {
            self.text.push('\n');
        }
        self.extras
            .sentence_comment
            .push(self.extras.comments.len() as u32);
        let mut builder = DocBuilder::with_tags(self.text, Arc::new(self.tags))?;
        let (mut word, mut sentence) = (0, 0);
        for (index, (span, count)) in self.tokens.into_iter().enumerate() {
            let lines = &self.words[word..word + count];
            match count {
                1 => builder.token(span),
                _ => builder.multiword(span, lines.iter().map(|w| &self.strings[w.form.clone()])),
            }
            for line in lines {
                builder.tag(word, line.upos, line.xpos, line.feats);
                builder.lemma(word, &self.strings[line.lemma.clone()]);
                word += 1;
            }
            if self.sentences[sentence] == index + 1 {
                builder.end_sentence();
                sentence += 1;
            }
        }
        let mut doc = builder.build();
        let extras = Box::new(self.extras);
        if !super::write::says_more(&doc, &extras) {
            return Ok(doc);
        }
        doc.set_extras(Some(extras));
        Ok(doc)
    }
}

/// A number without sign or leading zero.
fn number(text: &str) -> Option<usize> {
    let plain = text.len() <= 9
        && text.bytes().all(|b| b.is_ascii_digit())
        && (text.len() == 1 || !text.starts_with('0'));
    plain.then(|| text.parse().ok())?
}

fn shown(text: &str) -> String {
    botsmith_core::hint::shown(text)
}

/// The columns of a line, and the byte at which each begins.
fn split(line: &str) -> Result<([&str; COLUMNS], [usize; COLUMNS]), Bad> {
    let (mut columns, mut starts) = ([""; COLUMNS], [0; COLUMNS]);
    let mut at = 0;
    let mut count = 0;
    for column in line.split('\t') {
        let place = || line[..at].chars().count() + 1;
        if count == COLUMNS {
            return Err(Bad(
                place(),
                format!("{} columns, ten wanted", line.split('\t').count()),
            ));
        }
        if column.trim().is_empty() {
            return Err(Bad(
                place(),
                format!("column {} is empty; `_` stands for nothing", count + 1),
            ));
        }
        (columns[count], starts[count]) = (column, at);
        count += 1;
        at += column.len() + 1;
    }
    if count < COLUMNS {
        return Err(Bad(
            line.chars().count() + 1,
            format!("{count} columns, ten wanted"),
        ));
    }
    Ok((columns, starts))
}
