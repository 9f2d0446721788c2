//! What the letters of a word and its place say of it: capitals, and whether they are due to the place.

use botsmith_nlp::Word;

use crate::language::markup::{LineKind, Plain};

pub(super) fn capital(form: &str) -> bool {
    form.starts_with(char::is_uppercase)
}

/// Capitals beyond the first letter: `NASA`, `OpenAI`, `iPhone`, `B2B`.
pub(super) fn inner_capital(form: &str) -> bool {
    form.chars().skip(1).any(char::is_uppercase)
}

pub(super) fn shouted(form: &str) -> bool {
    form.chars().filter(|c| c.is_alphabetic()).count() > 1 && !form.chars().any(char::is_lowercase)
}

/// Whether a capital at this word may be due to its place alone.
pub(super) fn opens(words: &[Word<'_>], at: usize, plain: &Plain) -> bool {
    let word = words[at];
    let span = word.span();
    let line_start = plain.line_at(span.start).is_none_or(|line| {
        line.kind == LineKind::Heading
            || line.kind == LineKind::Row
            || (line.span.start >= span.start && (line.kind != LineKind::Text || line.starts_block))
    });
    if line_start {
        return true;
    }
    // Quotation marks, brackets and dashes before it are no words.
    let mut before = at;
    while let Some(previous) = before.checked_sub(1) {
        let word = words[previous];
        if word.token().ends_sentence() {
            return true;
        }
        match word.form() {
            ":" | "!" | "?" | "." | "…" | "\"" | "“" | "‘" | "—" | "–" | ">" | "→" | ";" =>
            {
                return true;
            }
            form if form.chars().any(char::is_alphanumeric) => return false,
            _ => before = previous,
        }
    }
    true
}
