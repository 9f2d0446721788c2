//! Letters, blanks and lines as Python's strings see them, where Rust's see them another way.
//!
//! Title case is Unicode's (`SpecialCasing.txt`), which the standard library has not: it follows from upper case by
//! the few rules below, and was compared with Python's over all characters.

/// `str.title`.
pub(super) fn titled(text: &str) -> String {
    let mut inside = false;
    cased(text, |c| {
        let first = !inside;
        inside = is_cased(c);
        first
    })
}

/// `str.capitalize`.
pub(super) fn capitalized(text: &str) -> String {
    let mut first = true;
    cased(text, |_| std::mem::take(&mut first))
}

/// Each letter in title case where `is_first` says so, else in lower case.
fn cased(text: &str, mut is_first: impl FnMut(char) -> bool) -> String {
    // The whole text at once: a sigma looks at its neighbours.
    let lower = text.to_lowercase();
    let mut lower = lower.chars();
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let own = lower.by_ref().take(c.to_lowercase().count());
        match is_first(c) {
            true => {
                own.for_each(drop);
                push_title(c, &mut out);
            }
            false => out.extend(own),
        }
    }
    out
}

/// Whether a letter has cases: Unicode's `Cased`.
fn is_cased(c: char) -> bool {
    let is_title = matches!(
        c,
        '\u{1c5}' | '\u{1c8}' | '\u{1cb}' | '\u{1f2}' | '\u{1fbc}' | '\u{1fcc}' | '\u{1ffc}'
    ) || (('\u{1f80}'..='\u{1faf}').contains(&c) && u32::from(c) & 8 != 0);
    is_title || c.is_lowercase() || c.is_uppercase()
}

/// Writes a letter in title case.
fn push_title(c: char, out: &mut String) {
    match c {
        '\u{1c4}'..='\u{1c6}' => out.push('\u{1c5}'),
        '\u{1c7}'..='\u{1c9}' => out.push('\u{1c8}'),
        '\u{1ca}'..='\u{1cc}' => out.push('\u{1cb}'),
        '\u{1f1}'..='\u{1f3}' => out.push('\u{1f2}'),
        // Georgian has capitals for whole texts only.
        '\u{10d0}'..='\u{10fa}' | '\u{10fd}'..='\u{10ff}' => out.push(c),
        '\u{1f80}'..='\u{1faf}' => {
            let title = char::from_u32(u32::from(c) | 8);
            out.push(title.expect("the block is made of letters"));
        }
        '\u{1fb3}' | '\u{1fbc}' => out.push('\u{1fbc}'),
        '\u{1fc3}' | '\u{1fcc}' => out.push('\u{1fcc}'),
        '\u{1ff3}' | '\u{1ffc}' => out.push('\u{1ffc}'),
        // An apostrophe before the capital.
        '\u{149}' => out.extend(c.to_uppercase()),
        c => {
            let mut upper = c.to_uppercase();
            out.extend(upper.next());
            for rest in upper {
                match rest {
                    // An iota that was written below stays there.
                    '\u{399}' => out.push('\u{345}'),
                    rest => out.extend(rest.to_lowercase()),
                }
            }
        }
    }
}

/// Whether `str.isspace` says so.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// `str.splitlines`.
pub(super) fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(is_line_end) {
        lines.push(&rest[..at]);
        let end = rest[at..].chars().next().map_or(0, char::len_utf8);
        let end = if rest[at..].starts_with("\r\n") {
            2
        } else {
            end
        };
        rest = &rest[at + end..];
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

fn is_line_end(c: char) -> bool {
    matches!(
        c,
        '\n'..='\r' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_and_capitals_are_pythons() {
        for (text, title, capital) in [
            ("they're bill's", "They'Re Bill'S", "They're bill's"),
            ("ﬁne ﬃ ß ŉ", "Fine Ffi Ss ʼN", "Fine ﬃ ß ŉ"),
            ("ǆ ǅ Ǆa", "ǅ ǅ ǅa", "ǅ ǆ ǆa"),
            ("თბილისი ჽა", "თბილისი ჽა", "თბილისი ჽა"),
            ("ᾳ ᾀΣ ὈΔΥΣΣΕΎΣ", "ᾼ ᾈς Ὀδυσσεύς", "ᾼ ᾀς ὀδυσσεύς"),
            ("ᾲ և", "Ὰ\u{345} Եւ", "Ὰ\u{345} և"),
            // A letter without cases begins a word anew.
            ("aʹb a中b", "AʹB A中B", "Aʹb a中b"),
            ("1a İI", "1A İi", "1a i\u{307}i"),
            ("", "", ""),
        ] {
            assert_eq!(titled(text), title, "{text}");
            assert_eq!(capitalized(text), capital, "{text}");
        }
    }

    #[test]
    fn lines_end_where_pythons_do() {
        for (text, wanted) in [
            ("", vec![]),
            ("\n", vec![""]),
            ("a\r\n\r\nb\n", vec!["a", "", "b"]),
            ("a\n\rb", vec!["a", "", "b"]),
            (
                "a\u{b}b\u{c}c\u{1c}d\u{85}e\u{2028}f",
                vec!["a", "b", "c", "d", "e", "f"],
            ),
            ("a\u{1f}b", vec!["a\u{1f}b"]),
        ] {
            assert_eq!(lines(text), wanted, "{text:?}");
        }
    }
}
