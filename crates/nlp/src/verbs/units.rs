//! Sentences -> units: a sentence is cut where a line of a list begins in it.
//!
//! Bots write lists without full stops; such lines may have come out as one sentence. A line that
//! is only wrapped is not cut.

use std::ops::Range;

use crate::Doc;

/// Words of each unit, in order; every word is in one.
pub(super) fn units(doc: &Doc) -> Vec<Range<usize>> {
    let mut units = Vec::with_capacity(doc.sentences().len());
    for sentence in doc.sentences() {
        let words = sentence.word_range();
        let mut start = words.start;
        let mut before: Option<&str> = None;
        for token in sentence.tokens() {
            let at = token.word_range().start;
            let new_line = before.is_some_and(|space| space.contains('\n'));
            if new_line && at > start && begins_item(token.form(), token.space_after()) {
                units.push(start..at);
                start = at;
            }
            before = Some(token.space_after());
        }
        if start < words.end {
            units.push(start..words.end);
        }
    }
    units
}

/// Whether a line that begins so is one of a list: `-`, `*`, `1.`, `2)`, `a)`, `#`.
fn begins_item(form: &str, space: &str) -> bool {
    let marks = |text: &str| text.chars().all(|c| "-–—*•+#>".contains(c));
    if marks(form) {
        return true;
    }
    let bare = form.trim_end_matches(['.', ')', ':']);
    let number = !bare.is_empty() && bare.len() <= 3 && bare.bytes().all(|b| b.is_ascii_digit());
    // `1` `.` as two tokens, or `1.` as one.
    number && (bare.len() < form.len() || space.is_empty())
}

#[cfg(test)]
mod tests {
    use super::begins_item;

    #[test]
    fn a_line_of_a_list_begins_with_a_mark_or_a_number() {
        for (form, space, wanted) in [
            ("-", " ", true),
            ("•", " ", true),
            ("##", " ", true),
            ("1.", " ", true),
            ("1", "", true),
            ("12)", " ", true),
            ("1", " ", false),
            ("2024", " ", false),
            ("The", " ", false),
        ] {
            assert_eq!(begins_item(form, space), wanted, "{form:?}");
        }
    }
}
