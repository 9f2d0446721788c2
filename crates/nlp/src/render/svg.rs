//! The picture as SVG: words in lines that break at 960 units, sentences below each other.
//!
//! A picture needs places for everything, and fonts differ: so letters are of one width, and wide ones
//! (East Asian scripts, emoji) count double.

use std::fmt::Write as _;

use super::{COLOURS, Kind, escape, kind};
use crate::doc::{Doc, Token, Word};

/// Width of the picture.
const WIDTH: usize = 960;
const MARGIN: usize = 16;
/// Between words.
const GAP: usize = 14;
/// Height of a line of text.
const LINE: usize = 18;
/// Widths of a letter of a form, and of the smaller rest.
const LETTER: usize = 9;
const SMALL: usize = 7;
/// The longest text of one line, in letters; a longer one is cut with an ellipsis.
const LONGEST: usize = 60;

const LAYOUT: &str = "\
text{font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:var(--ink);font-size:11.5px}\
.ground{fill:var(--ground)}.f{font-size:15px;font-weight:600}.l{fill:var(--quiet);font-style:italic}\
.x{fill:var(--quiet)}.line{stroke:var(--line);fill:none}.u{font-weight:600}\
rect.name{fill:var(--name)}text.name{fill:var(--name-ink)}rect.do{fill:var(--do)}text.do{fill:var(--do-ink)}\
rect.how{fill:var(--how)}text.how{fill:var(--how-ink)}rect.small{fill:var(--small)}\
text.small{fill:var(--small-ink)}rect.mark{fill:var(--mark)}text.mark{fill:var(--mark-ink)}";

/// One picture of documents, below each other.
///
/// ```
/// use botsmith_nlp::{DocBuilder, render};
///
/// let mut builder = DocBuilder::new("a<b".into())?;
/// builder.token(0..3);
/// let picture = render::svg(&[builder.build()]);
/// assert!(picture.starts_with("<svg ") && picture.contains("a&lt;b"));
/// # Ok::<(), botsmith_nlp::Error>(())
/// ```
pub fn svg(docs: &[Doc]) -> String {
    let mut body = String::new();
    let mut y = MARGIN;
    for doc in docs {
        for sentence in doc.sentences() {
            let mut line: Vec<(usize, Token<'_>)> = Vec::new();
            let mut x = MARGIN;
            for token in sentence.tokens() {
                let width = token_width(token);
                if x + width > WIDTH - MARGIN && !line.is_empty() {
                    y += draw(&line, y, &mut body);
                    line.clear();
                    x = MARGIN;
                }
                line.push((x, token));
                x += width + GAP;
            }
            y += draw(&line, y, &mut body);
            let _ = writeln!(
                body,
                "<path class=\"line\" d=\"M{MARGIN} {y}H{}\"/>",
                WIDTH - MARGIN
            );
            y += GAP;
        }
    }
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" width=\"{WIDTH}\" \
         height=\"{y}\" role=\"img\">\n<title>Words, lemmas, tags and features</title>\n<style>"
    );
    out.push_str(COLOURS);
    out.push_str(LAYOUT);
    out.push_str("</style>\n<rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n");
    out.push_str(&body);
    out.push_str("</svg>\n");
    out
}

/// Draws one line of tokens; gives its height.
fn draw(line: &[(usize, Token<'_>)], y: usize, out: &mut String) -> usize {
    let wrapped = line.iter().any(|(_, token)| token.is_multiword());
    let top = y + if wrapped { LINE } else { 0 };
    let mut height = 0;
    for (x, token) in line {
        let mut x = *x;
        if token.is_multiword() {
            let width = token_width(*token);
            let _ = write!(
                out,
                "<path class=\"line\" d=\"M{x} {}v-4h{width}v4\"/>",
                y + LINE
            );
            text(x + 2, y + LINE - 8, "x", token.form(), out);
        }
        for word in token.words() {
            height = height.max(draw_word(word, x, top, out));
            x += word_width(word) + GAP;
        }
    }
    top - y + height + GAP
}

fn draw_word(word: Word<'_>, x: usize, y: usize, out: &mut String) -> usize {
    let mut at = y + LINE;
    text(x, at, "f", word.form(), out);
    if word.lemma() != "_" {
        at += LINE;
        text(x, at, "l", word.lemma(), out);
    }
    if word.upos() != "_" {
        at += LINE;
        let class = match kind(word.upos()) {
            Kind::Name => "name",
            Kind::Do => "do",
            Kind::How => "how",
            Kind::Small => "small",
            Kind::Mark => "mark",
        };
        let _ = write!(
            out,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\"/>",
            at - 13,
            letters(word.upos()) * SMALL + 8,
            LINE - 1
        );
        text(x + 4, at, &format!("u {class}"), word.upos(), out);
    }
    if word.xpos() != "_" {
        at += LINE;
        text(x, at, "x", word.xpos(), out);
    }
    if !word.feats().is_empty() {
        for pair in word.feats().as_str().split('|') {
            at += LINE - 3;
            text(x, at, "x", pair, out);
        }
    }
    at - y
}

fn text(x: usize, y: usize, class: &str, text: &str, out: &mut String) {
    let _ = write!(out, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">");
    match letters(text) > LONGEST {
        true => {
            let short: String = text.chars().take(LONGEST / 2).collect();
            escape(&short, out);
            out.push('…');
        }
        false => escape(text, out),
    }
    out.push_str("</text>\n");
}

fn token_width(token: Token<'_>) -> usize {
    let words: usize = token.words().map(|word| word_width(word) + GAP).sum();
    (words - GAP).max(match token.is_multiword() {
        true => shown(token.form()) * SMALL + 4,
        false => 0,
    })
}

fn word_width(word: Word<'_>) -> usize {
    let feats = word.feats().as_str().split('|').map(shown).max();
    let small = [
        shown(word.lemma()),
        shown(word.upos()) + 1,
        shown(word.xpos()),
        feats.unwrap_or(0),
    ];
    let small = small.into_iter().max().unwrap_or(0) * SMALL + 2;
    small.max(shown(word.form()) * LETTER)
}

/// Letters that are drawn.
fn shown(text: &str) -> usize {
    letters(text).min(LONGEST)
}

/// Widths of a letter: wide ones count double.
fn letters(text: &str) -> usize {
    let wide = |c| {
        matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
            | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}'
            | '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}')
    };
    text.chars().map(|c| 1 + usize::from(wide(c))).sum()
}
