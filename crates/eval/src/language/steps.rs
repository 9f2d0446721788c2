//! Annotated text -> sentences as people count them, and how each begins: with an order or not.
//!
//! A list item and a heading are sentences of their own, with or without a full stop; a code block is
//! none. An order begins with a verb in its plain form, behind `please`, `then`, a condition. Where
//! the tagger takes a common verb of instructions for a noun (`Water the fern`), what follows decides.

use std::ops::Range;

use botsmith_nlp::{Doc, Word};

use super::among;
use super::clauses::finite;
use super::folded;
use super::markup::{LineKind, Plain};

/// A sentence as people count them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sentence {
    /// The numbers of its words.
    pub(crate) words: Range<usize>,
    /// Its bytes.
    pub(crate) span: Range<usize>,
    /// What the line is that it begins in.
    pub(crate) kind: LineKind,
}

/// The sentences of a document that say something.
pub(crate) fn sentences(doc: &Doc, plain: &Plain) -> Vec<Sentence> {
    let words: Vec<Word<'_>> = doc.words().collect();
    let mut list = Vec::new();
    let mut push = |range: Range<usize>| {
        let says = |word: &Word<'_>| word.form().chars().any(char::is_alphanumeric);
        if words[range.clone()].iter().any(says) {
            let span = words[range.start].span().start..words[range.end - 1].span().end;
            let kind = plain
                .line_at(span.start)
                .map_or(LineKind::Text, |line| line.kind);
            list.push(Sentence {
                words: range,
                span,
                kind,
            });
        }
    };
    for sentence in doc.sentences() {
        let range = sentence.word_range();
        let mut start = range.start;
        for at in range.start + 1..range.end {
            if plain.breaks(words[at - 1].span().start, words[at].span().start) {
                push(start..at);
                start = at;
            }
        }
        push(start..range.end);
    }
    list
}

/// Words before an order that leave it one.
const LEADS: &str = "\
    please then next first second third finally lastly now also just simply and or \
    afterwards carefully always never gently optionally kindly firstly secondly once step";
/// Words that open what stands before an order's comma: `If needed, click Save`.
const CONDITIONS: &str = "\
    if when once after before to for in on at from with while under using during until as \
    unless without";
/// Verbs of instructions that are nouns or adjectives too.
const VERBS: &str = "\
    click press tap select choose open close enter type go check set save turn use add \
    remove wait restart reset log sign download install copy paste place cut heat mix water \
    stir cook clean dry cool empty fill plug unplug switch search scroll drag drop upload \
    update review test run note contact call email mail message ask answer name label list \
    state start stop put take keep store season slice chop peel boil bake roast measure mark \
    secure lock unlock attach insert pull push hold release verify confirm configure create \
    delete edit visit navigate tick toggle enable disable plant prune repot feed mist move \
    order return pack ship send write read repeat";

/// The number of the word that makes a sentence an order, if one does.
pub(crate) fn order(words: &[Word<'_>], range: Range<usize>) -> Option<usize> {
    let mut at = first_word(words, range.clone())?;
    let first = folded(words[at].form());
    if among(first.as_str(), CONDITIONS) {
        let comma = words[at..range.end]
            .iter()
            .position(|word| word.form() == ",")?;
        at = first_word(words, at + comma + 1..range.end)?;
    }
    for _ in 0..3 {
        let word = words[at];
        let form = folded(word.form());
        if is_order(words, at, range.end, &form) {
            return Some(at);
        }
        let lead = among(form.as_str(), LEADS) || word.upos() == "ADV" || word.upos() == "INTJ";
        if !lead {
            return None;
        }
        at = first_word(words, at + 1..range.end)?;
    }
    None
}

/// Whether a word is a verb that states; in `Click Save` the second states nothing.
fn indicative(word: Word<'_>) -> bool {
    let states = word.upos() == "AUX" || word.feats().has("Mood=Ind");
    finite(word) && states && word.form().starts_with(char::is_lowercase)
}

fn first_word(words: &[Word<'_>], range: Range<usize>) -> Option<usize> {
    range.clone().find(|at| {
        words
            .get(*at)
            .is_some_and(|word| word.form().chars().any(char::is_alphanumeric))
    })
}

fn is_order(words: &[Word<'_>], at: usize, end: usize, form: &str) -> bool {
    let word = words[at];
    let next = words.get(at + 1).filter(|_| at + 1 < end);
    if matches!(form, "do" | "don't" | "dont") {
        return next.is_some_and(|next| {
            matches!(next.form(), "not" | "n't" | "n’t") || next.upos() == "VERB"
        });
    }
    if matches!(form, "be" | "let" | "have") {
        return next.is_none_or(|next| next.upos() != "PRON" || form == "let");
    }
    // What is followed by a finite verb is its subject: `Water is scarce`.
    let subject = next.is_some_and(|next| indicative(*next) && next.form() != "'s");
    let bare = folded(word.lemma()) == form;
    let tagged = word.upos() == "VERB"
        && bare
        && !word.feats().has("Tense=Past")
        && !word.feats().has("VerbForm=Ger")
        && !word.feats().has("VerbForm=Part");
    let known = among(form, VERBS)
        && matches!(
            word.upos(),
            "VERB" | "NOUN" | "ADJ" | "PROPN" | "AUX" | "INTJ" | "ADV" | "ADP" | "X"
        );
    !subject && (tagged || known)
}

/// Words of the first person, by their form and tag.
pub(crate) fn first_person(word: Word<'_>) -> bool {
    let form = word.form();
    let lower = folded(form);
    match lower.as_str() {
        // `US` and `Chapter I` are none, `mine` may be one of coal.
        "us" => form != "US",
        "i" => form == "I" && word.upos() == "PRON" || form == "i" && word.upos() == "PRON",
        "mine" => word.upos() == "PRON",
        "me" | "my" | "myself" | "we" | "our" | "ours" | "ourselves" | "let's" | "lets" => {
            lower != "lets"
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::markup::plain;
    use crate::reading::read;

    #[test]
    fn sentences_are_counted_as_people_do() {
        for (text, count) in [
            ("One. Two! Three?", 3),
            ("Steps:\n- Open it\n- Close it", 3),
            ("# Title\n\nText without a stop", 2),
            ("Dr. Smith left at 5 p.m. yesterday.", 1),
            ("One line\nthat goes on.", 1),
            ("```\nx = 5. y = 6.\n```\nDone.", 1),
            ("", 0),
            ("...", 0),
        ] {
            let plain = plain(text);
            let doc = read(&plain.text).expect("the model is inside");
            assert_eq!(sentences(&doc, &plain).len(), count, "{text}");
        }
    }

    #[test]
    fn an_order_begins_with_its_verb() {
        let mut wrong = Vec::new();
        for (text, wanted) in [
            ("Click **Save**.", true),
            ("Please open the door.", true),
            ("If it rains, close the window.", true),
            ("Don't unplug it.", true),
            ("Then carefully remove the lid.", true),
            ("Water the fern weekly.", true),
            ("Water is scarce.", false),
            ("You should click Save.", false),
            ("The lid comes off.", false),
            ("Opening the door helps.", false),
            ("Never open it.", true),
        ] {
            let plain = plain(text);
            let doc = read(&plain.text).expect("the model is inside");
            let words: Vec<_> = doc.words().collect();
            if order(&words, 0..words.len()).is_some() != wanted {
                wrong.push(text);
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
