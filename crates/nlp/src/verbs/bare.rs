//! A bare form (`open`) -> what it is: an order, an infinitive, a finite verb.
//!
//! What stands before it decides, then what the tagger says.

use super::chain::{Chain, inverted};
use super::form::{before, is_subject};
use super::items::{Item, Kind};
use super::{Form, VerbGroup, lists};

/// What a bare form is.
pub(super) enum Bare {
    Is(Form),
    /// It shares the modal verb of the group at this place: "will open and read".
    Like(usize),
}

pub(super) fn bare(items: &[Item<'_>], groups: &[VerbGroup], chain: &Chain) -> Bare {
    let first = chain.verbs[0];
    let item = &items[first];
    let present = item.kind == Kind::Pres;
    if chain.inner_subject.is_some() || inverted(items, first).is_some() && present {
        return Bare::Is(Form::Finite);
    }
    if present && item.is(&["am", "are", "'m", "'re", "'ve"]) {
        return Bare::Is(Form::Finite);
    }
    let order = item.has("Mood=Imp");
    let main = |group: &&VerbGroup| group.form != Form::Participle;
    let last = groups.iter().rfind(main);
    let ordered = groups.iter().any(|group| group.form == Form::Imperative);
    let Some(before) = before(items, first) else {
        return Bare::Is(match item.is(lists::NO_ORDER) {
            true => Form::Finite,
            false => Form::Imperative,
        });
    };
    let mark = &items[before];
    if opens(items, before) {
        return Bare::Is(match item.is(lists::NO_ORDER) {
            true => Form::Finite,
            false => Form::Imperative,
        });
    }
    if mark.kind == Kind::And || mark.low == "so" || mark.low == "," {
        return coordinated(items, groups, first, before);
    }
    if mark.is_nominative() {
        return Bare::Is(match is_subject(items, before) {
            true => Form::Finite,
            false => Form::Infinitive,
        });
    }
    if present {
        return Bare::Is(Form::Finite);
    }
    if order && (mark.kind == Kind::Punct || (!ordered && groups.is_empty())) {
        return Bare::Is(Form::Imperative);
    }
    // "Users click here": a plural and no verb yet.
    let subject = mark.kind == Kind::Noun && mark.has("Number=Plur") && last.is_none();
    Bare::Is(match subject {
        true => Form::Finite,
        false => Form::Infinitive,
    })
}

/// A bare form behind `and`, `so` or a comma.
fn coordinated(items: &[Item<'_>], groups: &[VerbGroup], first: usize, before: usize) -> Bare {
    let item = &items[first];
    let order = item.has("Mood=Imp");
    let last = groups
        .iter()
        .rposition(|group| group.form != Form::Participle);
    let ordered = groups.iter().any(|group| group.form == Form::Imperative);
    let Some(last) = last else {
        return Bare::Is(Form::Imperative);
    };
    let comma = items[before].low == ",";
    match groups[last].form {
        Form::Imperative => Bare::Is(Form::Imperative),
        // "To stop it, press Escape": what stands before the comma is no clause of its own.
        Form::Infinitive if comma && !groups.iter().any(|group| group.form == Form::Finite) => {
            Bare::Is(match ordered && !order {
                true => Form::Infinitive,
                false => Form::Imperative,
            })
        }
        Form::Infinitive if order && (ordered || subordinate(items, before)) => {
            Bare::Is(Form::Imperative)
        }
        Form::Infinitive => Bare::Is(Form::Infinitive),
        // "If it fails, stop it", "Once you have it, open it"
        _ if comma && subordinate(items, before) => Bare::Is(Form::Imperative),
        // "Users click it and see an error"
        Form::Finite
            if !ordered
                && items[before].kind == Kind::And
                && items[before - 1].low != ","
                && items[groups[last].verbs[0]].kind == Kind::Pres
                && !items[groups[last].verbs[0]].is(lists::BE) =>
        {
            Bare::Is(Form::Finite)
        }
        _ if ordered || order => Bare::Is(Form::Imperative),
        Form::Finite if item.kind == Kind::Pres => Bare::Is(Form::Finite),
        Form::Finite if groups[last].modal.is_some() => Bare::Like(last),
        _ if comma => Bare::Is(Form::Imperative),
        _ => Bare::Is(Form::Infinitive),
    }
}

/// Whether the unit up to the comma at `comma` is one subordinate clause or phrase.
pub(super) fn subordinate(items: &[Item<'_>], comma: usize) -> bool {
    let opening = items[..comma]
        .iter()
        .find(|item| item.low.chars().any(char::is_alphabetic) && !item.kind.is_between());
    opening.is_some_and(|item| {
        matches!(item.kind, Kind::Sub | Kind::Wh | Kind::To)
            || (item.kind == Kind::Adp && item.low != "of")
            || item.is(&[
                "if", "when", "once", "after", "before", "whenever", "unless", "should",
            ])
    })
}

/// Whether a clause of its own begins behind this mark.
fn opens(items: &[Item<'_>], at: usize) -> bool {
    let item = &items[at];
    item.kind == Kind::Punct
        && !matches!(item.low.as_ref(), "," | "'" | "\"" | "”" | "’" | "`")
        && !item.low.ends_with(')')
        || item.is(&["→", "->", "=>", ":"])
}
