//! Items with tags that instructions are often given wrongly -> items put right.
//!
//! Trained on letters, reviews and news, a tagger takes "restart" in "Restart the router" for a
//! noun, and "blinks" in "If the light blinks, …".

use super::bare::subordinate;
use super::items::{Item, Kind};
use super::lists;

/// Puts right what taggers often get wrong in instructions.
pub(super) fn instructions(items: &mut [Item<'_>]) {
    let mut ordered = false;
    let mut fresh = true;
    for at in 0..items.len() {
        let item = &items[at];
        let marker = item.low.chars().all(|c| !c.is_alphanumeric())
            || item.kind == Kind::Noun && item.low.chars().all(|c| !c.is_alphabetic());
        match item.low.as_ref() {
            // A formula, no verb of the sentence.
            "thank" => items[at].kind = Kind::Interjection,
            "back" if follows(items, at, "up") && at + 2 < items.len() => {
                if matches!(items[at + 2].kind, Kind::Det | Kind::Noun | Kind::Pronoun) {
                    items[at].kind = Kind::Base;
                }
            }
            _ => {}
        }
        let item = &items[at];
        if (fresh && marker) || item.kind.is_between() || item.is(&["please", "then"]) {
            continue;
        }
        let begins = fresh
            || items[at - 1].low == ":"
            || (ordered && opens_clause(&items[..at]))
            || (!ordered && behind_condition(items, at));
        fresh = false;
        if begins && !item.kind.is_verb() && item.is(lists::COMMANDS) && orders(items, at) {
            items[at].kind = Kind::Base;
        }
        ordered |= begins && items[at].kind == Kind::Base;
        if items[at].low == "," {
            third_person(items, at);
        } else if continues(items, at) {
            items[at].kind = Kind::PresS;
        }
    }
}

fn follows(items: &[Item<'_>], at: usize, low: &str) -> bool {
    items.get(at + 1).is_some_and(|item| item.low == low)
}

/// Whether what stands before a word ends in a comma, `and` or `then`.
fn opens_clause(before: &[Item<'_>]) -> bool {
    before
        .iter()
        .rfind(|item| !(item.kind.is_between() || item.is(&["please", "then"])))
        .is_some_and(|item| item.kind == Kind::And || item.is(&[",", ";", ":"]))
}

/// Whether the word at `at` stands behind the comma of a clause that only says when.
fn behind_condition(items: &[Item<'_>], at: usize) -> bool {
    let comma = items[..at]
        .iter()
        .rposition(|item| !(item.kind.is_between() || item.is(&["please", "then"])));
    comma.is_some_and(|comma| items[comma].low == "," && subordinate(items, comma))
}

/// Whether an object stands behind the verb of instructions at `at`: "Click Save", "Restart the
/// router", "call us".
fn orders(items: &[Item<'_>], at: usize) -> bool {
    let Some(next) = items.get(at + 1) else {
        return false;
    };
    let upper = |item: &Item<'_>| item.word.form().starts_with(char::is_uppercase);
    let named = next.kind == Kind::Noun && upper(next);
    let finite = items[at + 1..].iter().any(|item| {
        matches!(item.kind, Kind::PresS | Kind::Past) || item.is(&["are", "am", "will"])
    });
    let sentence = items.last().is_some_and(|item| item.is(&[".", "!"]))
        || items.iter().any(|item| item.has("Mood=Imp"));
    // "Update frequency matters."
    let compound = at + 2 < items.len() && agrees(items, at + 2);
    let pronoun = next.kind == Kind::Pronoun && next.is(&["it", "them", "us", "me"]);
    (matches!(next.kind, Kind::Det | Kind::To) && next.low != "of")
        || pronoun
        || (named && (!finite || !upper(&items[at])))
        || (next.kind == Kind::Noun && !finite && sentence && !compound)
        // "Bake for 20 minutes."
        || (next.kind == Kind::Adp && next.low != "of" && !finite && sentence)
}

/// "If the light blinks," with `blinks` tagged as a noun: a clause that begins with `if` or `when`
/// and has no verb before its comma has one in its last word, where that ends in -s.
fn third_person(items: &mut [Item<'_>], comma: usize) {
    let Some(start) = items[..comma]
        .iter()
        .position(|item| item.is(&["if", "when", "once", "unless", "until", "while", "because"]))
    else {
        return;
    };
    let verb = items[start..comma].iter().any(|item| item.kind.is_verb());
    if verb || comma < start + 3 {
        return;
    }
    if agrees(items, comma - 1) {
        items[comma - 1].kind = Kind::PresS;
    }
}

/// "It opened in May and closes in June", with `closes` tagged as a noun: behind a name, number,
/// pronoun or adverb and `and`, a common noun in -s without an article that governs something.
fn continues(items: &[Item<'_>], at: usize) -> bool {
    let [.., last, and] = &items[..at] else {
        return false;
    };
    let item = &items[at];
    let plain = item.kind == Kind::Noun && item.word.xpos() == "NNS" && item.low.ends_with('s');
    let apart = matches!(last.word.upos(), "PROPN" | "NUM" | "PRON" | "ADV");
    let governs = items
        .get(at + 1)
        .is_some_and(|next| matches!(next.kind, Kind::Adp | Kind::Det | Kind::Pronoun));
    let verb = items[..at].iter().any(|item| item.kind.is_verb());
    plain && and.kind == Kind::And && apart && governs && verb
}

/// Whether the word at `at` is tagged as a noun, ends in -s and stands behind a singular noun.
fn agrees(items: &[Item<'_>], at: usize) -> bool {
    let (noun, last) = (&items[at - 1], &items[at]);
    let subject = noun.kind == Kind::Noun && !noun.has("Number=Plur");
    subject && last.kind == Kind::Noun && last.low.ends_with('s')
}

/// "The tower attracts millions.", with `attracts` tagged as a noun: a sentence without a finite verb
/// has one where a word in -s ends its first noun phrase. Whether it found one.
pub(super) fn find_verb(items: &mut [Item<'_>]) -> bool {
    let found = (1..items.len()).find(|&at| agrees(items, at) && heads(items, at));
    if let Some(at) = found {
        items[at].kind = Kind::PresS;
    }
    found.is_some()
}

/// Whether what stands before `at` is a noun phrase from an article, a comma or the beginning on.
fn heads(items: &[Item<'_>], at: usize) -> bool {
    let before = items[..at]
        .iter()
        .rfind(|item| !matches!(item.kind, Kind::Noun | Kind::Adj));
    let plural = items
        .get(at + 1)
        .is_some_and(|item| item.kind == Kind::Noun && item.has("Number=Plur"));
    before.is_none_or(|item| matches!(item.kind, Kind::Det | Kind::Punct) || item.kind.is_between())
        && (!plural || items[..at].iter().any(|item| item.kind == Kind::Det))
}
