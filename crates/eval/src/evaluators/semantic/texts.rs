//! Sentences of a text, with where they stand; sentences in messages.

use unicode_segmentation::UnicodeSegmentation as _;

/// The sentences of a text in any language (UAX #29), as spans of bytes without the space around. What has no letter
/// and no digit is none.
pub(in super::super) fn sentences(text: &str) -> Vec<(usize, usize)> {
    text.split_sentence_bound_indices()
        .filter_map(|(start, sentence)| {
            let trimmed = sentence.trim();
            let from = start + (sentence.len() - sentence.trim_start().len());
            trimmed
                .contains(char::is_alphanumeric)
                .then_some((from, from + trimmed.len()))
        })
        .collect()
}

/// Some sentences for a message: the first two, cut, and how many more.
pub(in super::super) fn shown<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<String> = texts
        .map(|text| format!("\"{}\"", crate::text::line(text, 60)))
        .collect();
    match all.as_slice() {
        [first, second, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second} and {} more", rest.len())
        }
        few => few.join(" and "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_stand_where_they_are_and_marks_alone_are_none() {
        let text = " Yes. It is!\n\n— 猫は寝る。犬も。";
        let found: Vec<&str> = sentences(text).iter().map(|(a, b)| &text[*a..*b]).collect();
        assert_eq!(found[..2], ["Yes.", "It is!"]);
        assert_eq!(found.last(), Some(&"犬も。"));
        assert!(sentences(" \n…!").is_empty());
        assert_eq!(
            shown(["a", "b", "c", "d"].into_iter()),
            "\"a\", \"b\" and 2 more"
        );
        assert_eq!(shown(["a", "b"].into_iter()), "\"a\" and \"b\"");
    }
}
