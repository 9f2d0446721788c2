//! What bears a name out: text -> its words, folded; a name -> whether each of its words is among them.

use std::collections::BTreeSet;

use super::{Name, capital};
use crate::language::folded;

/// The words of a text that bear names out, folded, with the pieces of hyphenated ones, singular
/// forms, and the initials of capitalised runs.
pub(crate) fn known_words(text: &str, known: &mut BTreeSet<String>) {
    let mut initials = String::new();
    let mut last_end = 0;
    let word = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’' | '.' | '-' | '&');
    for piece in text
        .split(|c: char| !word(c))
        .filter(|piece| !piece.is_empty())
    {
        let at = piece.as_ptr() as usize - text.as_ptr() as usize;
        let bare = piece.trim_matches(|c: char| !c.is_alphanumeric());
        if bare.is_empty() {
            continue;
        }
        let broken = text[last_end..at].chars().any(|c| !c.is_whitespace());
        last_end = at + piece.len();
        if broken || !capital(bare) {
            let small = matches!(bare, "of" | "and" | "the" | "for" | "&");
            if broken || !small {
                keep_initials(&initials, known);
                initials.clear();
            }
        }
        if capital(bare) {
            initials.extend(bare.chars().next().into_iter().flat_map(char::to_lowercase));
        }
        add(bare, known);
        if bare.contains(['-', '.', '&', '\'', '’']) {
            for part in bare
                .split(['-', '.', '&', '\'', '’'])
                .filter(|part| !part.is_empty())
            {
                add(part, known);
            }
        }
    }
    keep_initials(&initials, known);
}

fn keep_initials(initials: &str, known: &mut BTreeSet<String>) {
    // `The Data Protection Commission` may be DPC as well as TDPC; any two letters or more.
    let starts: Vec<usize> = initials.char_indices().map(|(at, _)| at).collect();
    if (2..=8).contains(&starts.len()) {
        for start in &starts[..starts.len() - 1] {
            known.insert(initials[*start..].to_owned());
        }
    }
}

fn add(word: &str, known: &mut BTreeSet<String>) {
    let word = folded(word);
    for ending in ["'s", "s'", "'"] {
        if let Some(bare) = word.strip_suffix(ending) {
            let bare = if ending == "s'" {
                format!("{bare}s")
            } else {
                bare.to_owned()
            };
            known.insert(bare);
        }
    }
    known.insert(word);
}

/// Whether every word of a name is among the known ones, in singular or plural; or the name is one
/// whose initials are known.
pub(crate) fn borne_out(name: &Name, known: &BTreeSet<String>) -> bool {
    let has = |word: &str| {
        known.contains(word)
            || word
                .strip_suffix('s')
                .is_some_and(|bare| known.contains(bare))
            || word
                .strip_suffix("es")
                .is_some_and(|bare| known.contains(bare))
            || word
                .strip_suffix("'s")
                .is_some_and(|bare| known.contains(bare))
            || known.contains(&format!("{word}s"))
            || (word.contains(['.', '-'])
                && word
                    .split(['.', '-'])
                    .all(|part| part.is_empty() || known.contains(part)))
            || (word.contains('.') && known.contains(&word.replace('.', "")))
    };
    if name.words.iter().all(|word| has(word)) {
        return true;
    }
    name.words.len() > 1 && initials_known(std::slice::from_ref(name), known)
}

/// Whether the initials of some names together are known: `NASA`.
pub(crate) fn initials_known(names: &[Name], known: &BTreeSet<String>) -> bool {
    let words = names.iter().flat_map(|name| &name.words);
    let initials: String = words.filter_map(|word| word.chars().next()).collect();
    known.contains(&initials)
}
