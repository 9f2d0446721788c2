//! A unit with its verb groups -> what it does: asks, orders, states under a condition, states.

use super::chain::{asks, inverted};
use super::items::{Item, Kind};
use super::{Form, Mood, VerbGroup, condition};

pub(super) fn mood(items: &[Item<'_>], groups: &[VerbGroup]) -> Mood {
    let finite = groups.iter().any(|group| group.form == Form::Finite);
    let ordered = groups.iter().any(|group| group.form == Form::Imperative);
    if questions(items) || (finite && turned_round(items, groups)) {
        Mood::Question
    } else if ordered {
        Mood::Imperative
    } else if condition::holds(items, groups) {
        Mood::Conditional
    } else if finite {
        Mood::Declarative
    } else {
        Mood::Fragment
    }
}

/// Whether the unit ends in a question mark that is not someone else's: `He asked "Why?"`.
fn questions(items: &[Item<'_>]) -> bool {
    let quote = |item: &Item<'_>| item.is(&["\"", "”", "''", "»"]);
    let Some(mark) = items.iter().rposition(|item| item.low.contains('?')) else {
        return false;
    };
    let closed = items[mark + 1..].iter().any(quote);
    let opened_first = items
        .first()
        .is_some_and(|item| item.is(&["\"", "“", "``", "«"]));
    asks(items) && (!closed || opened_first)
}

/// Whether its first verb stands before its subject, as in "Where is the file" and "Can you see".
fn turned_round(items: &[Item<'_>], groups: &[VerbGroup]) -> bool {
    let Some(group) = groups.first().filter(|group| group.form == Form::Finite) else {
        return false;
    };
    let first = group.verbs[0];
    let before: Vec<_> = items[..first]
        .iter()
        .filter(|item| {
            item.low.chars().any(char::is_alphabetic)
                && !(item.kind.is_between() || item.kind == Kind::And)
        })
        .collect();
    let comma = items[..first].iter().any(|item| item.low == ",");
    let conditional = items[first].is(&["should", "had", "were"]);
    match before.first().map(|item| item.kind) {
        None => !comma && !conditional && inverted(items, first).is_some(),
        // "What is needed is a key" states.
        Some(Kind::Wh) => {
            let alone = groups
                .iter()
                .filter(|group| group.form == Form::Finite)
                .count()
                == 1;
            before.len() <= 3
                && (alone
                    || group
                        .subject
                        .is_some_and(|subject| subject.word.is_some_and(|word| word > first)))
                && inverted(items, first).is_some()
        }
        Some(_) => false,
    }
}
