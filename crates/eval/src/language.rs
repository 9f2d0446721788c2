//! Language in answers, apart from judging: what stands in a text, found by English rules over the
//! tags of [`crate::reading`].
//!
//! Each file takes a text or a [`Doc`](botsmith_nlp::Doc) and gives places in it. No file here knows
//! cases, answers or scores.

pub(crate) mod clauses;
pub(crate) mod markup;
pub(crate) mod names;
pub(crate) mod negation;
pub(crate) mod phrases;
pub(crate) mod quantity;
pub(crate) mod question;
pub(crate) mod register;
pub(crate) mod steps;
pub(crate) mod yes_no;

/// The letters of a word as they are compared: lower case, without accents (`José` is `jose`).
pub(crate) fn folded(word: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    word.nfd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .map(|c| if c == '’' { '\'' } else { c })
        .collect()
}

/// The last character border at or before a byte.
pub(crate) fn border(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Whether a word is in a list of words with spaces between.
pub(crate) fn among(word: &str, list: &str) -> bool {
    list.split_ascii_whitespace().any(|item| item == word)
}
