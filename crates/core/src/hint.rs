//! "Did you mean": the nearest valid word to a misspelt one.
//!
//! Damerau-Levenshtein distance over lower-cased words (transpositions count once), at most a
//! third of the word's length, so that `promt` finds `prompt` and `foo` finds nothing.

/// The candidate nearest to `word`, if one is near enough to be worth suggesting.
///
/// ```
/// assert_eq!(botsmith_core::hint::nearest("promt", ["prompt", "model"]), Some("prompt"));
/// assert_eq!(botsmith_core::hint::nearest("banana", ["prompt", "model"]), None);
/// ```
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Compiled once, not for every kind of list.
    nearest_of(word, &candidates.into_iter().collect::<Vec<_>>())
}

/// Words that are compared letter by letter at most: a hostile file may have very many keys, and each costs as
/// much as its length times that of the word.
const COMPARED: usize = 4096;

fn nearest_of<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let plain = |s: &str| s.to_lowercase().replace(['_', ' '], "-");
    let wanted = plain(word);
    let long = wanted.chars().count();
    // A word of a megabyte is never a typo, and the distance is quadratic.
    if long > 64 {
        return None;
    }
    let limit = (long / 3).max(1);
    let mut compared = 0;
    candidates
        .iter()
        .filter_map(|&candidate| {
            let plain = plain(candidate);
            let apart = plain.chars().count().abs_diff(long);
            if wanted.len() >= 4 && plain.starts_with(&wanted) {
                // What a word lacks of another at its end is the distance.
                return Some((apart, candidate));
            }
            // The distance is at least the difference in length.
            if apart > limit || compared == COMPARED {
                return None;
            }
            compared += 1;
            let distance = strsim::damerau_levenshtein(&wanted, &plain);
            (distance <= limit).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `a, b or c`: a list for a message.
pub fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    list_of(&words.into_iter().collect::<Vec<_>>())
}

fn list_of(words: &[&str]) -> String {
    let words: Vec<_> = words.iter().map(|w| format!("`{w}`")).collect();
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// A word from a file as a message may show it: at most 60 characters, control characters and
/// line ends escaped, so that no key can redraw a terminal.
///
/// ```
/// assert_eq!(botsmith_core::hint::shown("two\nlines"), "two\\nlines");
/// ```
pub fn shown(word: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown = String::new();
    for (at, c) in word.chars().enumerate() {
        if at == LONGEST {
            shown.push('…');
            break;
        }
        match c {
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            c if is_unprintable(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

/// Control characters, and those that turn the direction of the text around them.
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}'
        )
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn underscores_and_case_do_not_hide_a_near_word() {
        assert_eq!(
            nearest("pass_rate", ["pass-rate", "mean"]),
            Some("pass-rate")
        );
        assert_eq!(nearest("Contains", ["contains", "regex"]), Some("contains"));
    }

    #[test]
    fn the_beginning_of_a_word_finds_it_and_very_many_words_are_not_all_compared() {
        assert_eq!(
            nearest("temp", ["model", "temperature"]),
            Some("temperature")
        );
        let many: Vec<String> = (0..60_000).map(|at| format!("kez-{at:05}")).collect();
        let words = || many.iter().map(String::as_str);
        assert_eq!(nearest("key-00007", words()), Some("kez-00007"));
        assert_eq!(nearest("other-thing", words()), None);
    }

    #[test]
    fn what_is_shown_is_short_and_cannot_redraw_a_terminal() {
        assert_eq!(shown("\u{1b}[2Jx"), "\\u{1b}[2Jx");
        assert_eq!(shown(&"é".repeat(70)), format!("{}…", "é".repeat(60)));
    }

    #[test]
    fn a_list_reads_like_a_sentence() {
        assert_eq!(list(["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(list(["a"]), "`a`");
    }
}
