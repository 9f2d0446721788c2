//! Text -> words and sentences by the rules of textstat 0.7.7.
//!
//! Its regular expressions written out: `\w` is a letter or a number of any script or `_`, marks are
//! not; `\s` is white space as Python sees it. No abbreviation is known, and of apostrophes only
//! those before `t`, `s`, `d`, `ve`, `ll`, `re` stay in a word.

use unicode_general_category::{GeneralCategory as Category, get_general_category};

/// Whether Python's `\w` matches.
pub(super) fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    matches!(
        get_general_category(c),
        Category::UppercaseLetter
            | Category::LowercaseLetter
            | Category::TitlecaseLetter
            | Category::ModifierLetter
            | Category::OtherLetter
            | Category::DecimalNumber
            | Category::LetterNumber
            | Category::OtherNumber
    )
}

/// Whether Python's `\s` matches.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// The text without punctuation; apostrophes of contractions stay where `contractions` is true.
pub(super) fn clean(text: &str, contractions: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let kept = is_word(c)
            || is_space(c)
            || (c == '\''
                && contractions
                && ["t", "s", "d", "ve", "ll", "re"]
                    .iter()
                    .any(|ending| text[at + 1..].starts_with(ending)));
        if kept {
            out.push(c);
        }
    }
    out
}

/// What lies between white space.
pub(super) fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}

/// How many words the text has, punctuation taken out first.
pub(super) fn count(text: &str) -> usize {
    split(&clean(text, true)).count()
}

/// How many sentences the text has: stretches that begin with a word and end after `.`, `!` or `?`,
/// but for those of two words or fewer; at least 1 unless the text is empty.
pub(super) fn sentences(text: &str) -> usize {
    if text.is_empty() {
        return 0;
    }
    let ends = |c: char| matches!(c, '.' | '!' | '?');
    let mut found = 0;
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let from = &rest[start..];
        let body = from.find(ends).unwrap_or(from.len());
        let end = from[body..]
            .find(|c| !ends(c))
            .map_or(from.len(), |marks| body + marks);
        found += usize::from(count(&from[..end]) > 2);
        rest = &from[end..];
    }
    found.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_goes_and_apostrophes_of_contractions_stay() {
        // textstat 0.7.7, `list_words(text)`.
        let cases: &[(&str, &[&str])] = &[
            ("Don't stop!", &["Don't", "stop"]),
            ("DON'T", &["DONT"]),
            ("o'clock 'tis rock'n'roll", &["oclock", "'tis", "rocknroll"]),
            ("well-known e-mail", &["wellknown", "email"]),
            ("it’s – fine", &["its", "fine"]),
            ("- . ?", &[]),
            ("a\u{1c}b\u{a0}c", &["a", "b", "c"]),
            ("x² ½ Ⅷ _a_", &["x²", "½", "Ⅷ", "_a_"]),
            ("हिन्दी", &["हनद"]),
            ("they've 'we'll you'vet", &["they've", "we'll", "you'vet"]),
        ];
        for (text, wanted) in cases {
            let cleaned = clean(text, true);
            assert_eq!(split(&cleaned).collect::<Vec<_>>(), *wanted, "{text}");
        }
        assert_eq!(clean("they've", false), "theyve");
    }

    #[test]
    fn sentences_of_two_words_are_none() {
        let cases = [
            ("", 0),
            (" ", 1),
            ("Yes.", 1),
            ("One two three. Four five six! Seven eight nine?", 3),
            ("One two three. Four five. Six seven eight", 2),
            ("Version 1.2.3 is out now. Get it here", 2),
            ("Wait... what do you mean?!", 1),
        ];
        for (text, wanted) in cases {
            assert_eq!(sentences(text), wanted, "{text}");
        }
    }
}
