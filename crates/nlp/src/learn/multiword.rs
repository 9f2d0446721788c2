//! Multi-word tokens of a treebank -> how to split tokens.

use std::collections::{BTreeMap, BTreeSet};

use crate::Doc;
use crate::multiword::{Multiword, Split};

/// Forms that an ending must be split off from to count as a rule.
const FORMS: usize = 3;
/// Share of the forms with the ending that must be split so.
const SHARE: f64 = 0.75;
/// Longest ending, in bytes.
const LONGEST: usize = 16;

/// Learns from all tokens of the documents.
pub(crate) fn learn(docs: &[&Doc]) -> Multiword {
    let mut seen: BTreeMap<String, BTreeMap<Split, usize>> = BTreeMap::new();
    for token in docs.iter().flat_map(|doc| doc.tokens()) {
        let lower = token.form().to_lowercase();
        let words: Vec<_> = token
            .words()
            .map(|word| word.form().to_lowercase())
            .collect();
        let split = match words.as_slice() {
            [_] => Split::Never,
            words if words.concat() == lower => {
                let mut left = lower.len();
                let cuts = words[..words.len() - 1].iter().map(|word| {
                    left -= word.len();
                    left as u16
                });
                Split::Cuts(cuts.collect())
            }
            words => Split::Words(lower.len() as u16, words.to_vec()),
        };
        *seen.entry(lower).or_default().entry(split).or_default() += 1;
    }
    let likely: BTreeMap<&str, &Split> = seen
        .iter()
        .filter_map(|(form, splits)| {
            let (split, _) = splits.iter().max_by_key(|(_, count)| **count)?;
            Some((form.as_str(), split))
        })
        .collect();
    let mut learned = Multiword {
        longest: LONGEST,
        endings: endings(&likely),
        ..Multiword::default()
    };
    // Only forms that the endings get wrong need a line of their own.
    for (form, split) in likely {
        let found = learned.find(form).cloned().unwrap_or(Split::Never);
        if found != *split {
            learned.forms.insert(form.to_owned(), split.clone());
        }
    }
    learned
}

/// The ending of a split form, and the split as it looks from there.
fn ending(form: &str, split: &Split) -> Option<(String, Split)> {
    match split {
        Split::Never => None,
        Split::Cuts(cuts) => {
            let at = form.len() - *cuts.first()? as usize;
            Some((form.get(at..)?.to_owned(), split.clone()))
        }
        Split::Words(_, words) => {
            let first = words.first()?;
            let same = form
                .bytes()
                .zip(first.bytes())
                .take_while(|(a, b)| a == b)
                .count();
            let same = (0..=same)
                .rev()
                .find(|at| form.is_char_boundary(*at) && first.is_char_boundary(*at))?;
            let mut words = words.clone();
            first[same..].clone_into(&mut words[0]);
            (same > 0).then(|| {
                (
                    form[same..].to_owned(),
                    Split::Words((form.len() - same) as u16, words),
                )
            })
        }
    }
}

fn endings(likely: &BTreeMap<&str, &Split>) -> BTreeMap<String, Split> {
    let mut votes: BTreeMap<String, BTreeMap<Split, usize>> = BTreeMap::new();
    for (form, split) in likely {
        if let Some((ending, split)) = ending(form, split)
            && ending.len() <= LONGEST
        {
            *votes.entry(ending).or_default().entry(split).or_default() += 1;
        }
    }
    let wanted: BTreeSet<&str> = votes.keys().map(String::as_str).collect();
    let mut forms: BTreeMap<&str, usize> = BTreeMap::new();
    for form in likely.keys() {
        for at in form.len().saturating_sub(LONGEST).max(1)..form.len() {
            if let Some(ending) = form.get(at..).and_then(|end| wanted.get(end)) {
                *forms.entry(ending).or_default() += 1;
            }
        }
    }
    votes
        .iter()
        .filter_map(|(ending, splits)| {
            let (split, count) = splits.iter().max_by_key(|(_, count)| **count)?;
            let all = forms.get(ending.as_str()).copied().unwrap_or(0).max(1);
            let rule = *count >= FORMS && *count as f64 >= SHARE * all as f64;
            rule.then(|| (ending.clone(), split.clone()))
        })
        .collect()
}
