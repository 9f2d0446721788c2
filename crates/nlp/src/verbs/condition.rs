//! Whether a unit holds a condition: `if` and what means the same, with a verb behind it, or an
//! auxiliary before its subject ("Should you need help, …").

use super::chain::inverted;
use super::items::{Item, Kind};
use super::{Form, VerbGroup, lists};

/// Several words that begin a condition, one at a time.
const PHRASES: &[&[&str]] = &[
    &["unless"],
    &["provided", "that"],
    &["provided", "you"],
    &["providing", "that"],
    &["as", "long", "as"],
    &["so", "long", "as"],
    &["on", "condition", "that"],
    &["on", "the", "condition", "that"],
    &["in", "the", "event", "that"],
    &["in", "case", "you"],
    &["in", "case", "the"],
    &["in", "case", "it"],
    &["assuming", "that"],
    &["assuming", "you"],
    &["assuming", "the"],
];

pub(super) fn holds(items: &[Item<'_>], groups: &[VerbGroup]) -> bool {
    let verb_behind = |at: usize| {
        groups
            .iter()
            .any(|group| group.form == Form::Finite && group.verbs[0] > at)
    };
    let opened = (0..items.len()).any(|at| opens(items, at) && verb_behind(at));
    opened || turned(items, groups)
}

/// Whether a condition begins at `at`.
fn opens(items: &[Item<'_>], at: usize) -> bool {
    if items[at].low == "if" {
        // "as if", "check if it works", "tell me if".
        let word = |at: Option<usize>| at.map_or("", |at| items[at].word.lemma());
        let last = at.checked_sub(1);
        let asked = |at: Option<usize>| {
            lists::WHETHER.contains(&word(at)) || at.is_some_and(|at| items[at].is(lists::WHETHER))
        };
        let over_object = last.filter(|&at| items[at].kind == Kind::Pronoun);
        let whether = asked(last) || asked(over_object.and_then(|at| at.checked_sub(1)));
        return !whether && word(last) != "as";
    }
    PHRASES.iter().any(|phrase| {
        let words = items[at..].iter().map(|item| item.low.as_ref());
        words.take(phrase.len()).eq(phrase.iter().copied())
    })
}

/// `should`, `had` or `were` before its subject, and a comma behind the clause.
fn turned(items: &[Item<'_>], groups: &[VerbGroup]) -> bool {
    groups.iter().any(|group| {
        let first = group.verbs[0];
        let begins = first == 0 || matches!(items[first - 1].kind, Kind::Punct | Kind::And);
        let comma = first != 0 || items.iter().any(|item| item.low == ",");
        begins
            && comma
            && items[first].is(&["should", "had", "were"])
            && inverted(items, first).is_some()
    })
}
