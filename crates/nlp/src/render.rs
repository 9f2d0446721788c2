//! [`Doc`] -> HTML or SVG: each word with its lemma, tags and features, readable on light and dark
//! ground.
//!
//! Everything from the text is escaped. Nothing is loaded from elsewhere, and nothing runs: no script,
//! no font, no link. No syntax is drawn, since none is computed.

mod svg;

use std::fmt::Write as _;

use crate::doc::{Doc, Token, Word};

pub use svg::svg;

/// What both pictures look like: colours by kind of word.
const COLOURS: &str = "\
:root{color-scheme:light dark;--ground:#fff;--ink:#1c1c1c;--quiet:#5c5c5c;--line:#c9c9c9;\
--name:#dbe7ff;--name-ink:#12347a;--do:#ffe0d6;--do-ink:#7a2100;--how:#d9f2dc;--how-ink:#0f4d1c;\
--small:#ece6f5;--small-ink:#41266b;--mark:#ececec;--mark-ink:#3d3d3d}\
@media(prefers-color-scheme:dark){:root{--ground:#161616;--ink:#f0f0f0;--quiet:#b0b0b0;--line:#4a4a4a;\
--name:#1d3566;--name-ink:#dbe7ff;--do:#612410;--do-ink:#ffe0d6;--how:#17421f;--how-ink:#d9f2dc;\
--small:#3a2a55;--small-ink:#ece6f5;--mark:#363636;--mark-ink:#e6e6e6}}";

const LAYOUT: &str = "\
body{background:var(--ground);color:var(--ink);font:16px/1.35 system-ui,sans-serif;margin:1.5rem}\
section{margin:0 0 2rem}\
.s{display:flex;flex-wrap:wrap;gap:.5rem .6rem;align-items:flex-start;padding:.6rem 0;\
border-bottom:1px solid var(--line)}\
.t{display:flex;flex-direction:column}\
.m{border:1px solid var(--line);border-radius:.4rem;padding:.1rem .4rem .3rem}\
.m>.f{color:var(--quiet);font-size:.8rem}\
.ws{display:flex;gap:.6rem}\
.w{display:flex;flex-direction:column;align-items:flex-start;max-width:20rem}\
.f{font-weight:600;overflow-wrap:anywhere}\
.l{font-style:italic;color:var(--quiet);overflow-wrap:anywhere}\
.u{border-radius:.3rem;padding:0 .35rem;font-size:.8rem;font-weight:600}\
.x,.a{font-size:.75rem;color:var(--quiet)}\
.a{margin:0;padding:0;list-style:none}\
.name{background:var(--name);color:var(--name-ink)}.do{background:var(--do);color:var(--do-ink)}\
.how{background:var(--how);color:var(--how-ink)}.small{background:var(--small);color:var(--small-ink)}\
.mark{background:var(--mark);color:var(--mark-ink)}";

/// A page of documents, a section each; words carry their bytes as a tooltip.
///
/// ```
/// use botsmith_nlp::{DocBuilder, render};
///
/// let mut builder = DocBuilder::new("a<b".into())?;
/// builder.token(0..3);
/// let page = render::html(&[builder.build()]);
/// assert!(page.contains("a&lt;b") && !page.contains("<script"));
/// # Ok::<(), botsmith_nlp::Error>(())
/// ```
pub fn html(docs: &[Doc]) -> String {
    let mut out = String::from(
        "<!doctype html>\n<html lang=\"\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Words, lemmas, tags and features</title>\n<style>",
    );
    out.push_str(COLOURS);
    out.push_str(LAYOUT);
    out.push_str("</style>\n</head>\n<body>\n");
    for doc in docs {
        out.push_str("<section>\n");
        for sentence in doc.sentences() {
            out.push_str("<div class=\"s\">");
            for token in sentence.tokens() {
                html_token(token, &mut out);
            }
            out.push_str("</div>\n");
        }
        out.push_str("</section>\n");
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn html_token(token: Token<'_>, out: &mut String) {
    if !token.is_multiword() {
        for word in token.words() {
            html_word(word, out);
        }
        return;
    }
    out.push_str("<div class=\"t m\"><span class=\"f\">");
    escape(token.form(), out);
    out.push_str("</span><div class=\"ws\">");
    for word in token.words() {
        html_word(word, out);
    }
    out.push_str("</div></div>");
}

fn html_word(word: Word<'_>, out: &mut String) {
    let span = word.span();
    let _ = write!(
        out,
        "<div class=\"w\" title=\"bytes {} to {}\">",
        span.start, span.end
    );
    let mut part = |class: &str, text: &str| {
        if text != "_" || class == "f" {
            let _ = write!(out, "<span class=\"{class}\">");
            escape(text, out);
            out.push_str("</span>");
        }
    };
    part("f", word.form());
    part("l", word.lemma());
    part(
        match kind(word.upos()) {
            Kind::Name => "u name",
            Kind::Do => "u do",
            Kind::How => "u how",
            Kind::Small => "u small",
            Kind::Mark => "u mark",
        },
        word.upos(),
    );
    part("x", word.xpos());
    if !word.feats().is_empty() {
        out.push_str("<ul class=\"a\">");
        for pair in word.feats().as_str().split('|') {
            out.push_str("<li>");
            escape(pair, out);
            out.push_str("</li>");
        }
        out.push_str("</ul>");
    }
    out.push_str("</div>");
}

/// What a word does, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Name,
    Do,
    How,
    Small,
    Mark,
}

fn kind(upos: &str) -> Kind {
    match upos {
        "NOUN" | "PROPN" | "PRON" | "NUM" => Kind::Name,
        "VERB" | "AUX" => Kind::Do,
        "ADJ" | "ADV" => Kind::How,
        "PUNCT" | "SYM" | "X" | "_" => Kind::Mark,
        _ => Kind::Small,
    }
}

/// Text as HTML and XML show it; characters that XML cannot hold become U+FFFD.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {
                out.push('\u{fffd}');
            }
            other => out.push(other),
        }
    }
}
