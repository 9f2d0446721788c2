//! What is no prose and `CommonMark` does not know: bare addresses, LaTeX between `\(` and `\)` or `\[` and
//! `\]`, JSON without a fence.

use std::ops::Range;

use super::MarkKind;

/// A stretch that is not read, and whether it takes a place in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opaque {
    pub(super) kind: MarkKind,
    pub(super) span: Range<usize>,
    pub(super) inline: bool,
}

/// Addresses and formulas outside of `code`, whose spans are in order; in order, none over another.
pub(super) fn find(text: &str, code: &[Range<usize>]) -> Vec<Opaque> {
    let mut found: Vec<Opaque> = Vec::new();
    let mut code = code.iter().peekable();
    let mut at = 0;
    let mut closes = Closes::default();
    // The next place where something may begin: `\(`, `\[`, `://`, `www.`, `@`.
    while let Some(place) = next(text, at) {
        while code.next_if(|span| span.end <= place).is_some() {}
        if let Some(span) = code.peek().filter(|span| span.contains(&place)) {
            at = span.end;
            continue;
        }
        let from = found.last().map_or(0, |last| last.span.end);
        let hit = match text.as_bytes()[place] {
            b'\\' => formula(text, place, &mut closes),
            b'@' => email(text, place, from),
            _ => web(text, place, from),
        };
        match hit {
            Some(opaque) => {
                at = opaque.span.end;
                found.push(opaque);
            }
            None => at = place + 1,
        }
    }
    found
}

fn next(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    (from..bytes.len()).find(|&at| match bytes[at] {
        b'\\' => matches!(bytes.get(at + 1), Some(b'(' | b'[')),
        b':' => bytes[at..].starts_with(b"://"),
        b'@' => true,
        b'w' | b'W' => bytes
            .get(at..at + 4)
            .is_some_and(|four| four.eq_ignore_ascii_case(b"www.")),
        _ => false,
    })
}

/// The longest formula, in bytes.
const LONGEST: usize = 4096;

/// Where the next `\)` and `\]` stand, so that they are looked for once.
#[derive(Default)]
struct Closes([Option<usize>; 2]);

impl Closes {
    /// The first `close` from `at` on, or the end of the text.
    fn from(&mut self, text: &str, at: usize, close: &str, which: usize) -> usize {
        match self.0[which] {
            Some(place) if place >= at => place,
            _ => {
                let place = text[at..]
                    .find(close)
                    .map_or(text.len(), |place| at + place);
                self.0[which] = Some(place);
                place
            }
        }
    }
}

/// `\(…\)` or `\[…\]` without a blank line inside.
fn formula(text: &str, start: usize, closes: &mut Closes) -> Option<Opaque> {
    let (close, inline) = match text.as_bytes()[start + 1] {
        b'(' => ("\\)", true),
        _ => ("\\]", false),
    };
    let end = closes.from(text, start + 2, close, usize::from(inline));
    if end == text.len() || end - start > LONGEST {
        return None;
    }
    let inside = &text[start + 2..end];
    let lines: Vec<_> = inside.split('\n').collect();
    let blank = |lines: &[&str]| lines.iter().any(|line| line.trim().is_empty());
    let fine = match &lines[..] {
        [_, between @ .., _] => !blank(between) && !inside.trim().is_empty(),
        one => !blank(one),
    };
    fine.then_some(Opaque {
        kind: MarkKind::Math,
        span: start..end + 2,
        inline,
    })
}

/// An address around `://` or from `www.`, as far as it may go without what surrounds it in a text.
fn web(text: &str, place: usize, from: usize) -> Option<Opaque> {
    let start = if text.as_bytes()[place] == b':' {
        let scheme = text[from..place]
            .bytes()
            .rev()
            .take(20)
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
            .count();
        let start = place - scheme;
        text.as_bytes()[start]
            .is_ascii_alphabetic()
            .then_some(start)?
    } else {
        let before = text[..place].chars().next_back();
        (!before.is_some_and(char::is_alphanumeric)).then_some(place)?
    };
    let end = place + address_end(&text[place..]);
    let least = if text.as_bytes()[place] == b':' {
        place + 3
    } else {
        place + 4
    };
    (end > least).then_some(Opaque {
        kind: MarkKind::Address,
        span: start..end,
        inline: true,
    })
}

/// Where an address ends: at white space or a delimiter, without punctuation at its end.
fn address_end(text: &str) -> usize {
    let stop = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`' | '|' | ']' | '[');
    let mut end = text.find(stop).unwrap_or(text.len());
    let opens = text[..end].matches('(').count();
    let mut closes = text[..end].matches(')').count();
    loop {
        let address = &text[..end];
        let Some(last) = address.chars().next_back() else {
            return end;
        };
        // A closing bracket belongs to it if it opens one.
        let cut = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '~' | '}' | '’' | '”' => {
                true
            }
            ')' => closes > opens,
            _ => false,
        };
        if !cut {
            return end;
        }
        closes -= usize::from(last == ')');
        end -= last.len_utf8();
    }
}

/// `name@host.tld` around an `@`.
fn email(text: &str, place: usize, from: usize) -> Option<Opaque> {
    let name = text[from..place]
        .bytes()
        .rev()
        .take(64)
        .take_while(|b| b.is_ascii_alphanumeric() || b"._%+-".contains(b))
        .count();
    let rest = &text[place + 1..];
    let host = rest
        .bytes()
        .take(253)
        .take_while(|b| b.is_ascii_alphanumeric() || b".-".contains(b))
        .count();
    let host = rest[..host].trim_end_matches(['.', '-']);
    let (_, top) = host.rsplit_once('.')?;
    let fine = name > 0 && top.len() >= 2 && top.bytes().all(|b| b.is_ascii_alphabetic());
    let start = place - name;
    let start = match text[from..start].ends_with("mailto:") {
        true => start - "mailto:".len(),
        false => start,
    };
    fine.then_some(Opaque {
        kind: MarkKind::Address,
        span: start..place + 1 + host.len(),
        inline: true,
    })
}

/// Whether a text is JSON: an object, or a list that holds an object or a string.
pub(super) fn is_json(text: &str) -> bool {
    let text = text.trim();
    let like = match text.as_bytes() {
        [b'{', .., b'}'] => text.contains('"'),
        [b'[', .., b']'] => text.contains(['{', '"']),
        _ => false,
    };
    like && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Whether an indented block looks like code: a third of its lines have signs that prose has not.
pub(super) fn looks_like_code(text: &str) -> bool {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let (mut all, mut code) = (0, 0);
    for line in lines {
        all += 1;
        let line = line.trim();
        let signs = ['=', '{', '}', '<', '>', '_', '\\', '$', '#', '@', '|'];
        code += usize::from(
            line.contains(signs)
                || line.ends_with([';', ':', '(', ')', ','])
                || line.contains("()")
                || line.contains("--"),
        );
    }
    all > 0 && code * 3 >= all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_formulas_are_found_without_what_surrounds_them() {
        let cases: &[(&str, &[&str])] = &[
            (
                "See https://a.example/x_y?z=1#q.",
                &["https://a.example/x_y?z=1#q"],
            ),
            ("(www.example.org/a_(b))", &["www.example.org/a_(b)"]),
            (
                "<http://a.b> \"ftp://c.d/e\",",
                &["http://a.b", "ftp://c.d/e"],
            ),
            (
                "write to ann.b+c@mail.example.com.",
                &["ann.b+c@mail.example.com"],
            ),
            ("@ann and a@b, 5@home.", &[]),
            ("so \\(a_1 + b\\) holds", &["\\(a_1 + b\\)"]),
            ("\\[\nx = 1\n\\]", &["\\[\nx = 1\n\\]"]),
            ("\\(a\n\nb\\) ://", &[]),
            ("wwwa www. http://", &[]),
            ("https://é.example/ü, ok", &["https://é.example/ü"]),
        ];
        for (text, wanted) in cases {
            let found = find(text, &[]);
            let texts: Vec<_> = found.iter().map(|o| &text[o.span.clone()]).collect();
            assert_eq!(texts, *wanted, "{text}");
        }
        let code = std::iter::once(0..13).collect::<Vec<_>>();
        assert_eq!(find("`a@b.example`", &code), []);
    }

    #[test]
    fn json_and_code_are_told_from_prose() {
        for (text, wanted) in [
            ("{\"a\": 1}", true),
            (" [\n \"x\"\n] ", true),
            ("[1]", false),
            ("{name}", false),
            ("{\"a\": 1} is JSON", false),
        ] {
            assert_eq!(is_json(text), wanted, "{text}");
        }
        assert!(looks_like_code("let a = 1;\nprint(a)"));
        assert!(!looks_like_code("This paragraph is set in.\nNothing more"));
    }
}
