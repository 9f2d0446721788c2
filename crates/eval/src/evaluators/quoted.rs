//! Spans of a text that stand in quotation marks: someone else's words.

use std::ops::Range;

/// Quotations, in order: in double quotation marks, straight or curly, within one line.
///
/// Single marks are not told from apostrophes, and are not looked at.
pub(super) fn quotations(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open: Option<(usize, char)> = None;
    for (at, c) in text.char_indices() {
        match (open, c) {
            (_, '\n') => open = None,
            (Some((start, closing)), _) if c == closing => {
                found.push(start..at + c.len_utf8());
                open = None;
            }
            (None, '"') => open = Some((at, '"')),
            (None, '“') => open = Some((at, '”')),
            (None, '«') => open = Some((at, '»')),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::quotations;

    #[test]
    fn quotations_end_where_they_are_closed_and_with_the_line() {
        for (text, wanted) in [
            (r#"Type "I agree" now."#, vec![r#""I agree""#]),
            ("Say “yes” or “no”.", vec!["“yes”", "“no”"]),
            ("A 5\" pipe\nand a \"word\"", vec!["\"word\""]),
            ("nothing", vec![]),
            ("\"open", vec![]),
        ] {
            let found: Vec<_> = quotations(text)
                .into_iter()
                .map(|span| &text[span])
                .collect();
            assert_eq!(found, wanted, "{text}");
        }
    }
}
