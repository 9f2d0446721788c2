//! Text -> the yes or no that it opens with, behind a few soft words (`Sorry, no`).

use std::ops::Range;

/// Whether a text begins with a yes (`true`) or a no, and the bytes of that word.
pub(crate) fn yes_or_no(text: &str) -> Option<(bool, Range<usize>)> {
    const SOFT: &[&str] = &[
        "sorry",
        "unfortunately",
        "well",
        "hi",
        "hello",
        "oh",
        "ah",
        "so",
        "and",
        "thanks",
    ];
    const YES: &[&str] = &[
        "yes",
        "yeah",
        "yep",
        "yup",
        "sure",
        "absolutely",
        "certainly",
        "definitely",
        "indeed",
        "correct",
    ];
    const NO: &[&str] = &["no", "nope", "nah"];
    let mut at = 0;
    for _ in 0..3 {
        let start = at + text[at..].find(char::is_alphanumeric)?;
        let rest = &text[start..];
        let length = rest
            .find(|c: char| !c.is_alphanumeric())
            .unwrap_or(rest.len());
        let word = rest[..length].to_lowercase();
        let behind = rest[length..].trim_start_matches(['*', '_']);
        let ends = behind.is_empty()
            || behind.starts_with([',', '.', '!', ';', ':', '—', '–', '-', '\n'])
            || behind.starts_with(" -")
            || behind.starts_with(" —")
            || behind.starts_with(" –");
        if NO.contains(&word.as_str()) && ends {
            return Some((false, start..start + length));
        }
        if YES.contains(&word.as_str()) {
            let not = begins(rest[length..].trim_start(), "not");
            let bare = ends || matches!(word.as_str(), "yes" | "yeah" | "yep");
            return (bare || not).then_some((!not, start..start + length));
        }
        if begins(rest, "of course") {
            let length = "of course".len();
            return Some((
                !begins(rest[length..].trim_start(), "not"),
                start..start + length,
            ));
        }
        if !SOFT.contains(&word.as_str()) {
            return None;
        }
        at = start + length;
    }
    None
}

/// Whether a text begins with some ASCII letters, large or small.
fn begins(text: &str, start: &str) -> bool {
    text.get(..start.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yes_or_no_opens_an_answer() {
        for (text, wanted) in [
            ("Yes, you can.", Some(true)),
            ("No. We do not.", Some(false)),
            ("Sorry, no, we do not.", Some(false)),
            ("Of course! Just send it.", Some(true)),
            ("Absolutely not.", Some(false)),
            ("No refunds are given.", None),
            ("**Yes** - you can", Some(true)),
            ("Sure thing", None),
            ("", None),
        ] {
            assert_eq!(yes_or_no(text).map(|(yes, _)| yes), wanted, "{text}");
        }
    }
}
