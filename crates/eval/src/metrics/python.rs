//! Characters as Python's `re` and `str` see them: the reference implementations are Python.
//!
//! The tables are those of the Rust standard library, the Unicode version of the compiler. Python
//! 3.11 (Unicode 14) and this differ only in characters that were added to Unicode since.

use unicode_normalization::char::is_combining_mark;

/// Python's `\w` on text: letters, digits and other numbers, the underscore; no marks, and not
/// the circled and squared letters, which are symbols.
pub(crate) fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    let symbol = matches!(c, '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f189}');
    c.is_alphanumeric() && !symbol && !is_combining_mark(c)
}

/// Python's `\s` on text: Unicode white space and the four ASCII separators.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// Calls `token` with each match of `\w+|[^\w\s]`: runs of word characters, and every other
/// character that is not white space by itself.
pub(crate) fn words(text: &str, mut token: impl FnMut(&str)) {
    let mut start = None;
    for (at, c) in text.char_indices() {
        if is_word(c) {
            start.get_or_insert(at);
            continue;
        }
        if let Some(start) = start.take() {
            token(&text[start..at]);
        }
        if !is_space(c) {
            token(&text[at..at + c.len_utf8()]);
        }
    }
    if let Some(start) = start {
        token(&text[start..]);
    }
}

/// Python's `str.lower`, appended to `out`.
pub(crate) fn lower_into(text: &str, out: &mut String) {
    if text.is_ascii() {
        let start = out.len();
        out.push_str(text);
        out[start..].make_ascii_lowercase();
    } else if text.contains('Σ') {
        // The only letter whose lower case depends on its neighbours.
        out.push_str(&text.to_lowercase());
    } else {
        out.extend(text.chars().flat_map(char::to_lowercase));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<String> {
        let mut out = Vec::new();
        words(text, |token| out.push(token.to_owned()));
        out
    }

    #[test]
    fn runs_of_letters_are_words_and_other_marks_stand_alone() {
        assert_eq!(tokens("It's 3.5 %"), ["It", "'", "s", "3", ".", "5", "%"]);
        assert_eq!(tokens("你好，x_1"), ["你好", "，", "x_1"]);
        assert_eq!(tokens("e\u{301}t Ⓐ½"), ["e", "\u{301}", "t", "Ⓐ", "½"]);
        assert_eq!(tokens(" \u{1c}\u{a0}\n"), [""; 0]);
    }

    #[test]
    fn lower_case_follows_the_place_of_a_sigma() {
        for (text, wanted) in [
            ("ΟΔΟΣ", "οδος"),
            ("Σ", "σ"),
            ("İK", "i\u{307}k"),
            ("AbC", "abc"),
        ] {
            let mut out = "x".to_owned();
            lower_into(text, &mut out);
            assert_eq!(out, format!("x{wanted}"));
        }
    }
}
