//! Items of a unit -> its verb groups: where each begins, and whether it is finite, an order, an
//! infinitive or a participle.

use super::bare::{Bare, bare};
use super::chain::{Chain, behind, chain};
use super::items::{Item, Kind};
use super::{Form, Tense, VerbGroup, lists, mend, subject};

/// The groups of a unit, in order, as places in the unit.
pub(super) fn groups(items: &mut [Item<'_>]) -> Vec<VerbGroup> {
    let groups = found(items);
    let verb = |group: &VerbGroup| matches!(group.form, Form::Finite | Form::Imperative);
    let sentence = items.last().is_some_and(|item| item.is(&[".", "!"]));
    match sentence && !groups.iter().any(verb) && mend::find_verb(items) {
        true => found(items),
        false => groups,
    }
}

fn found(items: &[Item<'_>]) -> Vec<VerbGroup> {
    let mut groups: Vec<VerbGroup> = Vec::new();
    let mut at = 0;
    while at < items.len() {
        let item = &items[at];
        if item.kind == Kind::To {
            let verb = behind(items, at + 1);
            if items
                .get(verb)
                .is_some_and(|item| matches!(item.kind, Kind::Base | Kind::Pres))
            {
                let chain = chain(items, verb);
                at = chain.last() + 1;
                groups.push(group(items, chain, Form::Infinitive));
                continue;
            }
        } else if item.kind.is_verb() && !is_name(items, &groups, at) {
            let chain = chain(items, at);
            at = chain.last() + 1;
            let found = classified(items, &groups, chain);
            groups.push(found);
            continue;
        }
        at += 1;
    }
    rescue(items, &mut groups);
    for at in 0..groups.len() {
        if groups[at].form == Form::Finite {
            groups[at].subject = subject::subject(items, &groups, at);
        }
        // "She put it there": a third person without -s is past.
        let first = &items[groups[at].verbs[0]];
        let third = groups[at].subject.is_some_and(|subject| {
            subject.person == super::Person::Third
                && subject.number == Some(super::Number::Singular)
        });
        if third && groups[at].tense == Some(Tense::Present) && first.is(lists::SAME_IN_PAST) {
            groups[at].tense = Some(Tense::Past);
        }
    }
    groups
}

/// Whether a bare form right behind an order is what the order is about: "Click Save".
fn is_name(items: &[Item<'_>], groups: &[VerbGroup], at: usize) -> bool {
    let Some(group) = groups.last() else {
        return false;
    };
    let head = group.verbs[group.verbs.len() - 1];
    let moves = items[head].is(&["let", "help", "go", "come", "try", "dare"]);
    group.form == Form::Imperative && head + 1 == at && items[at].kind == Kind::Base && !moves
}

fn classified(items: &[Item<'_>], groups: &[VerbGroup], mut chain: Chain) -> VerbGroup {
    let first = chain.verbs[0];
    let form = match items[first].kind {
        Kind::Modal | Kind::PresS => Form::Finite,
        Kind::Past => {
            // "was written by Ann and reviewed by Bob", "has fixed it and deployed it"
            let by = items.get(first + 1).is_some_and(|item| item.low == "by");
            if chain.verbs.len() == 1
                && let Some(group) = joined(items, groups, &chain)
                && ((by && group.passive)
                    || (group.perfect && !group.passive && items[first].low.ends_with("ed")))
            {
                return like(group, chain);
            }
            Form::Finite
        }
        Kind::Part | Kind::Ing => {
            if let Some(group) = joined(items, groups, &chain) {
                return like(group, chain);
            }
            // "They tested it"; "launched one and opened another".
            let mark = before(items, first).map(|at| &items[at]);
            let subject = before(items, first).is_some_and(|at| is_subject(items, at))
                || (mark.is_some_and(|mark| mark.kind == Kind::And)
                    && groups.last().is_some_and(|group| {
                        group.tense == Some(Tense::Past) && !group.passive && !group.perfect
                    }));
            match subject && items[first].kind == Kind::Part {
                true => Form::Finite,
                false => Form::Participle,
            }
        }
        _ => match bare(items, groups, &chain) {
            Bare::Is(form) => form,
            Bare::Like(at) => {
                chain.modal = groups[at].modal;
                let mut group = group(items, chain, Form::Finite);
                group.tense = groups[at].tense;
                return group;
            }
        },
    };
    group(items, chain, form)
}

/// A group of a form; its tense follows from its verbs.
fn group(items: &[Item<'_>], chain: Chain, form: Form) -> VerbGroup {
    let tense = match form {
        Form::Finite => tense(items, &chain),
        _ => None,
    };
    // "has got" is "has".
    let got = chain.perfect && items[chain.last()].low == "got";
    VerbGroup {
        tense,
        form,
        perfect: chain.perfect && !got,
        progressive: chain.progressive,
        passive: chain.passive,
        negated: chain.negated,
        modal: chain.modal,
        subject: chain.inner_subject.and_then(|at| subject::of(items, at)),
        verbs: chain.verbs,
    }
}

fn tense(items: &[Item<'_>], chain: &Chain) -> Option<Tense> {
    let first = &items[chain.verbs[0]];
    let modal = first.kind == Kind::Modal || (first.low == "'d" && !chain.perfect);
    if modal {
        return match first.low.as_ref() {
            low if lists::WILL.contains(&low) => Some(Tense::Future),
            _ if chain.perfect => Some(Tense::Past),
            low if lists::OPEN_MODALS.contains(&low) => None,
            _ => Some(Tense::Present),
        };
    }
    match first.kind {
        Kind::Past | Kind::Part => Some(Tense::Past),
        _ if chain.going_to => Some(Tense::Future),
        _ => Some(Tense::Present),
    }
}

/// Whether the word at `at` is a pronoun in the nominative; `you` and `it` right behind a verb
/// are its object ("let it run", "got you covered").
pub(super) fn is_subject(items: &[Item<'_>], at: usize) -> bool {
    let object = items[at].is(&["you", "it"])
        && at
            .checked_sub(1)
            .is_some_and(|verb| items[verb].kind.is_verb());
    items[at].is_nominative() && !object
}

/// The last place before `at` that is no adverb and no interjection; none where only marks of a
/// list stand before.
pub(super) fn before(items: &[Item<'_>], at: usize) -> Option<usize> {
    let found = items[..at]
        .iter()
        .rposition(|item| !(item.kind.is_between() || item.low == "please"))?;
    let words = items[..=found]
        .iter()
        .any(|item| item.low.chars().any(char::is_alphabetic) && !item.kind.is_between());
    words.then_some(found)
}

/// The group whose auxiliary a bare participle shares: "was built and tested".
fn joined<'g>(items: &[Item<'_>], groups: &'g [VerbGroup], chain: &Chain) -> Option<&'g VerbGroup> {
    let first = chain.verbs[0];
    let last = groups
        .last()
        .filter(|group| group.form != Form::Participle)?;
    let head = last.verbs[last.verbs.len() - 1];
    let same = match items[first].kind {
        Kind::Ing => last.progressive && !last.passive,
        _ => last.passive || (last.perfect && !last.progressive),
    };
    let mark = before(items, first)?;
    let list = items[head + 1..first]
        .iter()
        .all(|item| item.kind.is_between() || item.kind == Kind::And || item.low == ",");
    let linked = items[mark].kind == Kind::And || (items[mark].low == "," && list);
    let modifier = items
        .get(first + 1)
        .is_some_and(|item| matches!(item.kind, Kind::Noun | Kind::Adj));
    (same && linked && (last.perfect || !modifier)).then_some(last)
}

/// A participle that shares the auxiliaries of `group`.
fn like(group: &VerbGroup, chain: Chain) -> VerbGroup {
    VerbGroup {
        verbs: chain.verbs,
        negated: group.negated || chain.negated,
        ..group.clone()
    }
}

/// A participle with a subject before it and an object behind it is a past form that was taken for
/// a participle, where the sentence has no other verb ("The update fixed the bug.") or its next verb
/// has no subject of its own ("The patient reported pain and was given aspirin.").
fn rescue(items: &[Item<'_>], groups: &mut [VerbGroup]) {
    let finite = |group: &VerbGroup| matches!(group.form, Form::Finite | Form::Imperative);
    let sentence = items.last().is_some_and(|item| item.is(&[".", "!"]));
    let Some(at) = groups
        .iter()
        .position(|group| items[group.verbs[0]].kind == Kind::Part)
    else {
        return;
    };
    if groups[..=at].iter().any(finite) || !sentence {
        return;
    }
    let verb = groups[at].verbs[0];
    let kind = |at: Option<usize>| at.map(|at| items[at].kind);
    let subject = matches!(kind(before(items, verb)), Some(Kind::Noun | Kind::Pronoun));
    let next = items.get(verb + 1).map(|item| item.kind);
    let shares = groups[at + 1..]
        .iter()
        .find(|group| finite(group))
        .map(|group| kind(before(items, group.verbs[0])) == Some(Kind::And));
    let object = match shares {
        None => matches!(next, Some(Kind::Det | Kind::Pronoun)),
        Some(shares) => shares && matches!(next, Some(Kind::Det | Kind::Pronoun | Kind::Noun)),
    };
    if subject && object {
        groups[at].form = Form::Finite;
        groups[at].tense = Some(Tense::Past);
    }
}
