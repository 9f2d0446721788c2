//! A finite verb group -> its subject: the pronoun or noun before it, or what its form tells.

use super::chain::inverted;
use super::form::before;
use super::items::{Item, Kind};
use super::{Form, Number, Person, Subject, VerbGroup};

/// The subject of the finite group at `at`.
pub(super) fn subject(items: &[Item<'_>], groups: &[VerbGroup], at: usize) -> Option<Subject> {
    let group = &groups[at];
    if group.subject.is_some() {
        return group.subject;
    }
    let first = group.verbs[0];
    if let Some((noun, _)) = inverted(items, first) {
        return of(items, noun);
    }
    let place = before(items, first);
    let found = place.and_then(|place| match items[place].kind {
        // "He came and left": the subject of the verb before.
        Kind::And => groups[..at]
            .iter()
            .rfind(|group| group.form == Form::Finite)
            .and_then(|group| group.subject),
        _ => of(items, place),
    });
    found.or_else(|| agreement(&items[first]))
}

/// The word at `place` as a subject.
pub(super) fn of(items: &[Item<'_>], place: usize) -> Option<Subject> {
    let item = &items[place];
    let (person, number) = match item.low.as_ref() {
        "i" if item.kind == Kind::Pronoun => (Person::First, Some(Number::Singular)),
        "we" => (Person::First, Some(Number::Plural)),
        "you" => (Person::Second, None),
        "y'all" => (Person::Second, Some(Number::Plural)),
        "he" | "she" | "it" => (Person::Third, Some(Number::Singular)),
        "they" => (Person::Third, Some(Number::Plural)),
        _ => match item.kind {
            Kind::Noun | Kind::Pronoun => (Person::Third, number(item)),
            _ => return None,
        },
    };
    let together = place >= 2 && items[place - 1].low == "and";
    // "You and I", "Ann and Bob" at the beginning; not "on Monday and you".
    let pair = together && (place == 2 || items[place - 2].is_nominative());
    let number = match pair {
        true => Some(Number::Plural),
        false => number,
    };
    Some(Subject {
        person,
        number,
        word: Some(place),
    })
}

fn number(item: &Item<'_>) -> Option<Number> {
    match item.word.feats().get("Number") {
        Some("Plur") => Some(Number::Plural),
        Some("Sing") => Some(Number::Singular),
        _ => None,
    }
}

/// `am` is the first person, `is` and `works` the third.
fn agreement(item: &Item<'_>) -> Option<Subject> {
    let (person, number) = match item.kind {
        _ if item.is(&["am", "'m"]) => (Person::First, Number::Singular),
        Kind::PresS => (Person::Third, Number::Singular),
        _ => return None,
    };
    Some(Subject {
        person,
        number: Some(number),
        word: None,
    })
}
