//! Strings as Python's `str` methods see them, which the reference implementations are built on.

/// Whether `str.split()` splits here: Unicode white space and the four ASCII separators.
pub(super) fn is_space(c: char) -> bool {
    match c {
        '\0'..='\x7f' => is_ascii_space(c as u8),
        _ => c.is_whitespace(),
    }
}

/// [`is_space`] for a byte of ASCII.
pub(super) fn is_ascii_space(byte: u8) -> bool {
    matches!(byte, b' ' | 9..=13 | 28..=31)
}

/// `str.split()`.
pub(super) fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}

/// `str.lower()` into `out`, which is cleared first.
///
/// Capital sigma is the one letter whose lower case depends on its place; a text with one costs an
/// allocation, all others none.
pub(super) fn lower_into(text: &str, out: &mut String) {
    out.clear();
    if text.is_ascii() {
        out.push_str(text);
        out.make_ascii_lowercase();
    } else if text.contains('Σ') {
        out.push_str(&text.to_lowercase());
    } else {
        out.extend(text.chars().flat_map(char::to_lowercase));
    }
}

#[cfg(test)]
mod tests {
    use super::{is_space, lower_into, split};

    #[test]
    fn words_end_at_all_that_python_calls_space() {
        let words: Vec<_> = split("a\u{1c}b\u{a0}c\u{3000}d\u{200b}e \n").collect();
        assert_eq!(words, ["a", "b", "c", "d\u{200b}e"]);
        let spaces = (char::MIN..=char::MAX).filter(|c| is_space(*c)).count();
        assert_eq!(spaces, 29, "as many as Python 3.11 has");
    }

    #[test]
    fn lower_case_is_that_of_the_whole_text() {
        let mut out = "before".to_owned();
        for text in [
            "ΟΔΟΣ ΣΟΦΟΣ",
            "İSTANBUL ẞ",
            "Plain ASCII",
            "Ünï ДА 中文 𐐀",
            "",
        ] {
            lower_into(text, &mut out);
            assert_eq!(out, text.to_lowercase());
        }
    }
}
