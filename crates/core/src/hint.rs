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
    let plain = |s: &str| s.to_lowercase().replace(['_', ' '], "-");
    let wanted = plain(word);
    // A word of a megabyte is never a typo, and the distance is quadratic.
    if wanted.chars().count() > 64 {
        return None;
    }
    let limit = (wanted.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&wanted, &plain(candidate)),
                candidate,
            )
        })
        .filter(|(distance, candidate)| {
            *distance <= limit || (wanted.len() >= 4 && plain(candidate).starts_with(&wanted))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `a, b or c`: a list for a message.
pub fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<_> = words.into_iter().map(|w| format!("`{w}`")).collect();
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
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
    fn a_list_reads_like_a_sentence() {
        assert_eq!(list(["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(list(["a"]), "`a`");
    }
}
