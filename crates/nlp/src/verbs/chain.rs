//! A verb -> the group that begins with it: which verbs follow its auxiliaries.
//!
//! `will` + bare form, `have` + past participle, `be` + present participle (progressive) or past
//! participle (passive), `do` + bare form, `get` + past participle; adverbs may stand between, and
//! the subject where the order is turned round ("Has the file been saved?").

use super::items::{Item, Kind};
use super::lists;

/// The verbs of one group, as places in the unit.
#[derive(Clone, Debug, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own that holds or does not"
)]
pub(super) struct Chain {
    pub(super) verbs: Vec<usize>,
    pub(super) perfect: bool,
    pub(super) progressive: bool,
    pub(super) passive: bool,
    pub(super) negated: bool,
    pub(super) modal: Option<usize>,
    /// `going to`, `about to`.
    pub(super) going_to: bool,
    /// Place of the subject between auxiliary and verb.
    pub(super) inner_subject: Option<usize>,
}

impl Chain {
    pub(super) fn last(&self) -> usize {
        self.verbs.last().copied().unwrap_or_default()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Auxiliary {
    Modal,
    Do,
    Have,
    Be,
    Get,
}

/// What the verb at `at` may be an auxiliary of; `'s` and `'d` may be two.
fn auxiliaries(item: &Item<'_>) -> &'static [Auxiliary] {
    use Auxiliary::{Be, Do, Get, Have, Modal};
    match item.low.as_ref() {
        _ if item.kind == Kind::Modal => &[Modal],
        "'s" => &[Be, Have],
        "'d" => &[Have, Modal],
        low if lists::BE.contains(&low) => &[Be],
        low if lists::HAVE.contains(&low) => &[Have],
        low if lists::DO.contains(&low) => &[Do],
        low if lists::GET.contains(&low) => &[Get],
        _ => &[],
    }
}

/// The group that begins at `first`.
pub(super) fn chain(items: &[Item<'_>], first: usize) -> Chain {
    let mut chain = Chain {
        verbs: vec![first],
        ..Chain::default()
    };
    if items[first].kind == Kind::Modal {
        chain.modal = Some(first);
    }
    loop {
        let at = chain.last();
        let kinds = auxiliaries(&items[at]);
        if kinds.is_empty() || !kinds.iter().any(|kind| step(items, &mut chain, at, *kind)) {
            break;
        }
    }
    chain.negated = negated(items, &chain);
    chain
}

/// Adds the verb that the auxiliary at `at` belongs to, if there is one.
fn step(items: &[Item<'_>], chain: &mut Chain, at: usize, kind: Auxiliary) -> bool {
    let near = behind(items, at + 1);
    let mut next = near;
    let mut subject = None;
    if chain.verbs.len() == 1
        && !items.get(near).is_some_and(|item| item.kind.is_verb())
        && let Some((noun, end)) = inverted(items, at)
    {
        subject = Some(noun);
        next = behind(items, end);
    }
    let Some(item) = items.get(next) else {
        chain.inner_subject = chain.inner_subject.or(subject);
        return false;
    };
    let fits = match kind {
        Auxiliary::Modal if item.kind == Kind::To && items[at].low == "ought" => {
            next = behind(items, next + 1);
            items.get(next).is_some_and(is_bare)
        }
        Auxiliary::Modal | Auxiliary::Do => {
            is_bare(item)
                || (item.kind == Kind::Noun && item.is(lists::COMMANDS) && subject.is_some())
        }
        Auxiliary::Have => {
            let fits = is_participle(item);
            chain.perfect |= fits;
            fits
        }
        Auxiliary::Be => return be(items, chain, (next, subject)),
        Auxiliary::Get => {
            let fits = is_participle(item) && next == near && !item.is(lists::BECOME);
            chain.passive |= fits;
            fits
        }
    };
    chain.inner_subject = chain.inner_subject.or(subject);
    if fits {
        chain.verbs.push(next);
    }
    fits
}

/// `be` + form in `-ing`, `going to`, `about to`, past participle.
fn be(items: &[Item<'_>], chain: &mut Chain, (next, subject): (usize, Option<usize>)) -> bool {
    chain.inner_subject = chain.inner_subject.or(subject);
    let item = &items[next];
    let to = behind(items, next + 1);
    let bare = to + 1;
    let intends = items
        .get(to)
        .is_some_and(|item| item.kind == Kind::To || item.low == "na")
        && items.get(bare).is_some_and(is_bare);
    if intends && item.is(&["going", "gon"]) {
        chain.going_to = true;
        chain.verbs.push(bare);
        return true;
    }
    // "about" may be tagged as an adverb, which was passed over, or as something else.
    let to = next + usize::from(item.low == "about");
    let about = items.get(to).is_some_and(|item| item.kind == Kind::To)
        && items[to - 1].low == "about"
        && items.get(to + 1).is_some_and(is_bare);
    if about {
        chain.going_to = true;
        chain.verbs.push(to + 1);
        return true;
    }
    if item.kind == Kind::Ing {
        chain.progressive = true;
        chain.verbs.push(next);
        return true;
    }
    if is_participle(item) && is_passive(items, next) {
        chain.passive = true;
        chain.verbs.push(next);
        return true;
    }
    false
}

fn is_bare(item: &Item<'_>) -> bool {
    matches!(item.kind, Kind::Base | Kind::Pres)
        || (item.kind.is_verb() && item.is(lists::SAME_IN_PAST))
}

fn is_participle(item: &Item<'_>) -> bool {
    matches!(item.kind, Kind::Part | Kind::Past) && !item.is(&["was", "were", "did"])
}

/// Whether a participle after `be` is a passive, not an adjective.
fn is_passive(items: &[Item<'_>], at: usize) -> bool {
    let Some(item) = items.get(at).filter(|item| is_participle(item)) else {
        return false;
    };
    let by = items.get(at + 1).is_some_and(|item| item.low == "by");
    // "is been", "is had" are no passives.
    let auxiliary = item.is(&["been", "had", "got"]);
    !auxiliary && (by || !item.is(lists::ADJECTIVES))
}

/// The next place that is no adverb, from `at`; ", however," is passed over too.
pub(super) fn behind(items: &[Item<'_>], mut at: usize) -> usize {
    let floating = |item: &Item<'_>| item.kind.is_between() || item.is(&["all", "both", "each"]);
    let most = at + 6;
    while at < most {
        let Some(item) = items.get(at) else { break };
        let comma = item.low == ","
            && items
                .get(at + 1)
                .is_some_and(|item| item.kind == Kind::Adverb)
            && items.get(at + 2).is_some_and(|item| item.low == ",");
        if comma {
            at += 3;
        } else if floating(item)
            && items.get(at + 1).is_some_and(|next| {
                next.kind.is_verb() || floating(next) || next.low == "," || item.kind.is_between()
            })
        {
            at += 1;
        } else {
            break;
        }
    }
    at
}

/// Where the order is turned round at the auxiliary `at`: the subject behind it, and the place
/// after the subject.
pub(super) fn inverted(items: &[Item<'_>], at: usize) -> Option<(usize, usize)> {
    let kinds = auxiliaries(&items[at]);
    if kinds.is_empty() || kinds.contains(&Auxiliary::Get) {
        return None;
    }
    let mut start = at + 1;
    while items.get(start).is_some_and(|item| item.kind == Kind::Not) {
        start += 1;
    }
    let next = items.get(start)?;
    let before = items[..at].iter().rposition(|item| !item.kind.is_between());
    let here = items[..at].iter().any(|item| item.is(&["here"]));
    let free = match before.map(|at| items[at].kind) {
        None => true,
        Some(kind) => matches!(kind, Kind::Punct | Kind::And | Kind::Wh | Kind::Sub),
    };
    if next.is_nominative() {
        // "What file did you delete": a noun may stand before.
        let asked = items[..at]
            .iter()
            .rev()
            .take(4)
            .any(|item| item.kind == Kind::Wh);
        return ((free || asked) && !here).then_some((start, start + 1));
    }
    let wh = before.is_some_and(|at| items[at].kind == Kind::Wh);
    if !free || here || !(wh || asks(items)) {
        return None;
    }
    phrase(items, start)
}

/// Whether the unit ends in a question mark.
pub(super) fn asks(items: &[Item<'_>]) -> bool {
    items
        .iter()
        .rev()
        .take_while(|item| item.low.chars().all(|c| !c.is_alphanumeric()))
        .any(|item| item.low.contains('?'))
}

/// A noun phrase from `start`: its last noun, and the place after it.
fn phrase(items: &[Item<'_>], start: usize) -> Option<(usize, usize)> {
    let mut noun = None;
    let mut at = start;
    while at < items.len().min(start + 12) {
        match items[at].kind {
            Kind::Noun => noun = Some(at),
            Kind::Pronoun if at == start => noun = Some(at),
            Kind::Det | Kind::Adj | Kind::Genitive | Kind::And => {}
            Kind::Adp if noun.is_some() => {}
            // "the updated file"
            Kind::Part | Kind::Ing
                if items
                    .get(at + 1)
                    .is_some_and(|item| item.kind == Kind::Noun) => {}
            _ => break,
        }
        at += 1;
    }
    Some((noun?, at))
}

/// `not` or `never` before, between or behind the verbs.
fn negated(items: &[Item<'_>], chain: &Chain) -> bool {
    let (first, last) = (
        chain.verbs.first().copied().unwrap_or_default(),
        chain.last(),
    );
    let inside = items[first..=last]
        .iter()
        .any(|item| item.kind == Kind::Not);
    let before = items[..first]
        .iter()
        .rev()
        .take_while(|item| item.kind.is_between())
        .any(|item| item.kind == Kind::Not);
    let behind = items[last + 1..]
        .iter()
        .take_while(|item| item.kind.is_between())
        .any(|item| item.kind == Kind::Not);
    inside || before || (behind && !auxiliaries(&items[last]).is_empty())
}
