//! HTML -> the bytes that a browser would show as text. Tags and comments are told from text, no more:
//! no tree, no character references.

use std::ops::Range;

/// Elements whose content is no prose.
const SILENT: [&str; 5] = ["script", "style", "pre", "code", "svg"];

/// Elements that go on in the sentence around them.
const INLINE: [&str; 12] = [
    "a", "abbr", "b", "em", "font", "i", "mark", "s", "small", "span", "strong", "u",
];

/// A stretch of text between tags.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) span: Range<usize>,
    /// Whether a tag before it begins a new block.
    pub(super) begins: bool,
}

/// The text between the tags in `span` of `text`.
pub(super) fn shown(text: &str, span: Range<usize>) -> Vec<Shown> {
    let mut shown = Vec::new();
    let mut begins = true;
    let mut at = span.start;
    while at < span.end {
        let rest = &text[at..span.end];
        let opens = |place: &usize| {
            rest[place + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c))
        };
        let tag = rest.match_indices('<').map(|(place, _)| place).find(opens);
        let end = tag.unwrap_or(rest.len());
        if !rest[..end].trim().is_empty() {
            shown.push(Shown {
                span: at..at + end,
                begins,
            });
            begins = false;
        }
        at += end;
        if tag.is_some() {
            let name = name(&rest[end + 1..]);
            begins |= !INLINE.iter().any(|known| known.eq_ignore_ascii_case(name));
            at += length(&rest[end..]);
        }
    }
    shown
}

/// The name of an element, after `<`.
fn name(html: &str) -> &str {
    let html = html.strip_prefix('/').unwrap_or(html);
    let end = html.find(|c: char| !c.is_ascii_alphanumeric());
    &html[..end.unwrap_or(html.len())]
}

/// How long the tag, comment or silent element at the beginning of `html` is.
fn length(html: &str) -> usize {
    let until = |end: &str| html.find(end).map_or(html.len(), |at| at + end.len());
    if html.starts_with("<!--") {
        return until("-->");
    }
    let name = name(&html[1..]);
    let silent = SILENT
        .iter()
        .any(|silent| silent.eq_ignore_ascii_case(name));
    if silent && !html.starts_with("</") {
        let close = format!("</{}>", name.to_ascii_lowercase());
        return html
            .to_ascii_lowercase()
            .find(&close)
            .map_or(html.len(), |at| at + close.len());
    }
    until(">")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_between_tags_is_shown() {
        let cases: &[(&str, &[&str])] = &[
            ("<p>Hello <b>you</b></p>", &["Hello ", "you"]),
            ("<script>let a = 1;</script>Hi", &["Hi"]),
            ("<!-- a > b -->Hi", &["Hi"]),
            ("a < b", &["a < b"]),
            ("<PRE>x</pre>y", &["y"]),
            ("<p", &[]),
            ("<style>p{}", &[]),
        ];
        for (html, wanted) in cases {
            let spans = shown(html, 0..html.len());
            let texts: Vec<_> = spans.iter().map(|at| &html[at.span.clone()]).collect();
            assert_eq!(texts, *wanted, "{html}");
        }
        let items = shown("<li>One <b>two</b></li><li>Three</li>", 0..37);
        let begins: Vec<_> = items.iter().map(|at| at.begins).collect();
        assert_eq!(begins, [true, false, true]);
    }
}
