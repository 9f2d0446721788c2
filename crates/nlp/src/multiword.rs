//! Tokens -> the words in them, by what the treebank's multi-word tokens look like.
//!
//! A form that the treebank splits is split in the same way; any other form by the longest ending
//! that the treebank splits off (`n't`, `'s`, `-se`). Words that spell their token keep its letters;
//! others (`do` = `de` + `o`) take over its case.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How one form or ending is split.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Split {
    /// Not at all.
    Never,
    /// Before these bytes, counted from the end of the token.
    Cuts(Vec<u16>),
    /// Into these words, the first of them behind what stays of the token when so many bytes go.
    Words(u16, Vec<String>),
}

/// All splits that were learned.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Multiword {
    /// Lower-cased forms.
    pub(crate) forms: BTreeMap<String, Split>,
    /// Lower-cased endings.
    pub(crate) endings: BTreeMap<String, Split>,
    /// The longest ending, in bytes.
    pub(crate) longest: usize,
}

impl Multiword {
    /// How the token with this lower-cased form is split; none for one word.
    pub(crate) fn find(&self, lower: &str) -> Option<&Split> {
        if let Some(split) = self.forms.get(lower) {
            return Some(split).filter(|split| **split != Split::Never);
        }
        let first = lower.len().saturating_sub(self.longest).max(1);
        (first..lower.len())
            .filter(|at| lower.is_char_boundary(*at))
            .find_map(|at| self.endings.get(&lower[at..]))
    }
}

/// Says of most tokens by their last two letters that they are one word.
#[derive(Clone, Debug)]
pub(crate) struct Filter(Vec<u64>);

impl Filter {
    pub(crate) fn new(known: &Multiword) -> Self {
        let mut filter = Self(vec![0; 1 << 10]);
        let forms = known.forms.iter().filter(|form| *form.1 != Split::Never);
        for (ending, _) in forms.chain(&known.endings) {
            match *ending.as_bytes() {
                [.., a, b] => filter.add(a, b),
                [b] => (0..=255).for_each(|a| filter.add(a, b)),
                [] => filter.0.fill(u64::MAX),
            }
        }
        filter
    }

    fn place(a: u8, b: u8) -> (usize, u32) {
        let place = usize::from(a) << 8 | usize::from(b);
        (place / 64, place as u32 % 64)
    }

    fn add(&mut self, a: u8, b: u8) {
        let (at, bit) = Self::place(a, b);
        self.0[at] |= 1 << bit;
    }

    /// Whether [`Multiword::find`] may find the token, in any case of its letters.
    pub(crate) fn may_split(&self, token: &str) -> bool {
        let [.., a, b] = *token.as_bytes() else {
            return true;
        };
        if !a.is_ascii() || !b.is_ascii() {
            return true;
        }
        let (at, bit) = Self::place(a.to_ascii_lowercase(), b.to_ascii_lowercase());
        self.0[at] >> bit & 1 == 1
    }
}

/// The words of a token that is not spelt by them, in its case.
pub(crate) fn words(token: &str, off: u16, parts: &[String]) -> Vec<String> {
    let stem = token
        .get(..token.len().saturating_sub(off as usize))
        .unwrap_or("");
    let upper = token.chars().filter(|c| c.is_alphabetic()).count() > 1
        && !token.chars().any(char::is_lowercase);
    let title = token.chars().next().is_some_and(char::is_uppercase);
    let mut words = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        let part = match (upper, index == 0 && title && stem.is_empty()) {
            (true, _) => part.to_uppercase(),
            (false, true) => {
                let mut chars = part.chars();
                let first = chars.next().into_iter().flat_map(char::to_uppercase);
                first.chain(chars.as_str().chars()).collect()
            }
            _ => part.clone(),
        };
        words.push(if index == 0 {
            format!("{stem}{part}")
        } else {
            part
        });
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_take_over_the_case_of_their_token() {
        let parts = ["de".to_owned(), "o".to_owned()];
        assert_eq!(words("do", 2, &parts), ["de", "o"]);
        assert_eq!(words("Do", 2, &parts), ["De", "o"]);
        assert_eq!(words("DO", 2, &parts), ["DE", "O"]);
        assert_eq!(
            words("tornou-se", 3, &[String::new(), "se".into()]),
            ["tornou", "se"]
        );
    }

    #[test]
    fn the_longest_ending_wins_and_a_known_form_before_it() {
        let mut known = Multiword {
            longest: 3,
            ..Multiword::default()
        };
        known.endings.insert("n't".into(), Split::Cuts(vec![3]));
        known.endings.insert("'t".into(), Split::Cuts(vec![2]));
        known.forms.insert("ain't".into(), Split::Never);
        assert_eq!(known.find("don't"), Some(&Split::Cuts(vec![3])));
        assert_eq!(known.find("ain't"), None);
        assert_eq!(known.find("n't"), Some(&Split::Cuts(vec![2])));
        assert_eq!(known.find("'t"), None);
        let filter = Filter::new(&known);
        assert!(filter.may_split("don't") && filter.may_split("DON'T"));
        assert!(!filter.may_split("cat") && filter.may_split("caf\u{e9}"));
    }
}
