//! [`Doc`] -> CoNLL-U text.
//!
//! A document that came from CoNLL-U is written as it came. One that did not gets `# newpar` where
//! a blank line stands, `# sent_id`, `# text`, and white space in MISC; its syntax is `_`.

use std::fmt::Write as _;

use super::spaces::encode;
use super::{Extras, Place};
use crate::doc::{Doc, Sentence, Token};

/// The whole document as CoNLL-U.
pub fn write(doc: &Doc) -> String {
    let mut out = String::with_capacity(doc.text().len() * 8);
    for sentence in doc.sentences() {
        write_sentence(sentence, sentence.index() + 1, &mut out);
    }
    out
}

/// Appends one sentence, with the blank line that ends it; `number` is its `sent_id` where it has none.
pub fn write_sentence(sentence: Sentence<'_>, number: usize, out: &mut String) {
    let extras = sentence.doc().extras();
    match extras {
        Some(extras) => {
            for comment in extras.comments_of(sentence.index()) {
                out.push_str(comment);
                out.push('\n');
            }
        }
        None => comments(sentence, number, out),
    }
    let mut empty = extras.map_or(&[][..], |extras| {
        let from = extras
            .empty
            .partition_point(|node| (node.0 as usize) < sentence.index());
        let to = extras
            .empty
            .partition_point(|node| node.0 as usize <= sentence.index());
        &extras.empty[from..to]
    });
    let mut nodes = |before: usize, out: &mut String| {
        while let (Some(extras), [(_, at, place), rest @ ..]) = (extras, empty) {
            if *at as usize != before {
                break;
            }
            out.push_str(extras.get(*place));
            out.push('\n');
            empty = rest;
        }
    };
    nodes(0, out);
    let mut id = 0;
    for token in sentence.tokens() {
        if token.is_multiword() {
            let count = token.word_range().len();
            let _ = write!(out, "{}-{}\t{}\t", id + 1, id + count, token.form());
            if let Some(extras) = extras {
                out.push_str(extras.get(extras.token_tail[token.index()]));
            } else {
                out.push_str("_\t_\t_\t_\t_\t_\t_\t");
                misc(token, out);
            }
            out.push('\n');
        }
        for word in token.words() {
            id += 1;
            push_number(id, out);
            for column in [
                word.form(),
                word.lemma(),
                word.upos(),
                word.xpos(),
                word.feats().as_str(),
            ] {
                out.push('\t');
                out.push_str(column);
            }
            out.push('\t');
            if let Some(extras) = extras {
                out.push_str(extras.get(extras.word_tail[word.index()]));
            } else {
                out.push_str("_\t_\t_\t");
                match token.is_multiword() {
                    true => out.push('_'),
                    false => misc(token, out),
                }
            }
            out.push('\n');
            nodes(id, out);
        }
    }
    out.push('\n');
}

/// Appends a number: every word has one, and the machinery of `write!` is felt.
fn push_number(number: usize, out: &mut String) {
    if number >= 10 {
        push_number(number / 10, out);
    }
    out.push((b'0' + (number % 10) as u8) as char);
}

fn comments(sentence: Sentence<'_>, number: usize, out: &mut String) {
    let doc = sentence.doc();
    let before = sentence
        .token_range()
        .start
        .checked_sub(1)
        .and_then(|last| doc.token(last));
    if before.is_some_and(|token| token.space_after() == "\n\n") {
        out.push_str("# newpar\n");
    }
    let _ = writeln!(out, "# sent_id = {number}");
    out.push_str("# text = ");
    let text = sentence.text();
    match text.bytes().any(|byte| matches!(byte, b'\n' | b'\r')) {
        true => out.extend(
            text.chars()
                .map(|c| if matches!(c, '\n' | '\r') { ' ' } else { c }),
        ),
        false => out.push_str(text),
    }
    out.push('\n');
}

/// The MISC of a token: nothing where its white space is what a reader takes for granted.
fn misc(token: Token<'_>, out: &mut String) {
    let doc = token.doc();
    let start = out.len();
    if token.index() == 0 && token.span().start > 0 {
        out.push_str("SpacesBefore=");
        encode(&doc.text()[..token.span().start], out);
        out.push('|');
    }
    let after = token.space_after();
    let last = token.index() + 1 == doc.tokens().len();
    let ends = token.ends_sentence();
    match after {
        "" => out.push_str("SpaceAfter=No|"),
        " " if !last => {}
        "\n" if last => {}
        "\n\n" if ends && !last => {}
        other => {
            out.push_str("SpacesAfter=");
            encode(other, out);
            out.push('|');
        }
    }
    match out.len() == start {
        true => out.push('_'),
        false => out.truncate(out.len() - 1),
    }
}

/// Whether `extras` say anything that a document without them would not be written with.
pub(super) fn says_more(doc: &Doc, extras: &Extras) -> bool {
    if !extras.empty.is_empty() {
        return true;
    }
    let mut wanted = String::new();
    for sentence in doc.sentences() {
        wanted.clear();
        comments(sentence, sentence.index() + 1, &mut wanted);
        let mut lines = wanted.lines();
        if !extras
            .comments_of(sentence.index())
            .all(|line| lines.next() == Some(line))
            || lines.next().is_some()
        {
            return true;
        }
        for token in sentence.tokens() {
            wanted.clear();
            misc(token, &mut wanted);
            if token.is_multiword() {
                let tail = extras.get(extras.token_tail[token.index()]);
                if tail.strip_prefix("_\t_\t_\t_\t_\t_\t_\t") != Some(&wanted) {
                    return true;
                }
                wanted.replace_range(.., "_");
            }
            let plain = |place: &Place| {
                extras.get(*place).strip_prefix("_\t_\t_\t") == Some(wanted.as_str())
            };
            if !extras.word_tail[token.word_range()].iter().all(plain) {
                return true;
            }
        }
    }
    false
}
