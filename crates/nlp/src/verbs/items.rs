//! Words -> items: each word with its form in lower case and the part that it can play in a verb
//! group.

use std::borrow::Cow;
use std::ops::Range;

use super::lists;
use crate::{Doc, Word};

/// What part a word can play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Modal,
    /// A bare form: `go`.
    Base,
    Past,
    /// A past participle.
    Part,
    Ing,
    /// Present, not third person singular.
    Pres,
    /// Present, third person singular.
    PresS,
    To,
    Not,
    Adverb,
    Interjection,
    Pronoun,
    Noun,
    /// Articles, demonstratives and possessives before a noun.
    Det,
    Adj,
    Adp,
    And,
    /// A word that begins a subordinate clause.
    Sub,
    /// `what`, `who`, `how`.
    Wh,
    /// The `'s` of `Ann's`.
    Genitive,
    Punct,
    Other,
}

impl Kind {
    pub(super) fn is_verb(self) -> bool {
        matches!(
            self,
            Self::Modal
                | Self::Base
                | Self::Past
                | Self::Part
                | Self::Ing
                | Self::Pres
                | Self::PresS
        )
    }

    /// Words that may stand between the verbs of a group.
    pub(super) fn is_between(self) -> bool {
        matches!(self, Self::Not | Self::Adverb | Self::Interjection)
    }
}

/// One word.
#[derive(Clone, Debug)]
pub(super) struct Item<'a> {
    pub(super) word: Word<'a>,
    /// Lower case, with a straight apostrophe.
    pub(super) low: Cow<'a, str>,
    pub(super) kind: Kind,
}

impl Item<'_> {
    pub(super) fn is(&self, list: &[&str]) -> bool {
        list.contains(&self.low.as_ref())
    }

    /// I, he, she, we, they; and you, it, which also stand as objects.
    pub(super) fn is_nominative(&self) -> bool {
        self.kind == Kind::Pronoun && self.is(lists::NOMINATIVE)
    }

    pub(super) fn has(&self, feature: &str) -> bool {
        self.word.feats().has(feature)
    }
}

/// A form in lower case, with a straight apostrophe.
pub(super) fn low(form: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii() && !c.is_ascii_uppercase();
    if form.chars().all(plain) {
        Cow::Borrowed(form)
    } else {
        Cow::Owned(form.to_lowercase().replace('’', "'"))
    }
}

/// The items of a range of words.
pub(super) fn items(doc: &Doc, words: Range<usize>) -> Vec<Item<'_>> {
    let mut items: Vec<Item<'_>> = words
        .filter_map(|at| doc.word(at))
        .map(|word| {
            let low = low(word.form());
            let kind = kind(word, &low);
            Item { word, low, kind }
        })
        .collect();
    super::mend::instructions(&mut items);
    items
}

/// Whether an `I` is a numeral: "World War I", "Phase I".
pub(super) fn is_numeral(word: Word<'_>) -> bool {
    let before = word.index().checked_sub(1);
    let before = before.and_then(|at| word.doc().word(at));
    before.is_some_and(|before| lists::NUMBERED.contains(&low(before.form()).as_ref()))
}

fn kind(word: Word<'_>, low: &str) -> Kind {
    let tagged = match word.xpos() {
        "MD" => Kind::Modal,
        "VB" => Kind::Base,
        "VBD" => Kind::Past,
        "VBN" => Kind::Part,
        // "including", "according to".
        "VBG" if word.feats().has("ExtPos=ADP") || lists::PREPOSITIONS.contains(&low) => Kind::Adp,
        "VBG" => Kind::Ing,
        "VBP" => Kind::Pres,
        "VBZ" => Kind::PresS,
        "TO" => Kind::To,
        "POS" => Kind::Genitive,
        "WRB" | "WP" | "WDT" | "WP$" => Kind::Wh,
        "PRP$" => Kind::Det,
        "EX" => Kind::Pronoun,
        "_" => by_features(word),
        _ => by_upos(word.upos(), low),
    };
    // These forms are what they are, whatever the tagger says.
    match low {
        "not" | "n't" | "never" => Kind::Not,
        "i" if tagged == Kind::Pronoun && is_numeral(word) => Kind::Noun,
        _ if tagged.is_verb() => tagged,
        "is" | "has" | "does" => Kind::PresS,
        "are" | "am" => Kind::Pres,
        "was" | "were" | "had" | "did" => Kind::Past,
        "been" => Kind::Part,
        "would" | "could" | "should" => Kind::Modal,
        _ => tagged,
    }
}

fn by_upos(upos: &str, low: &str) -> Kind {
    match upos {
        "ADV" => Kind::Adverb,
        "INTJ" => Kind::Interjection,
        "PRON" => Kind::Pronoun,
        "NOUN" | "PROPN" | "NUM" | "SYM" | "X" => Kind::Noun,
        "DET" => Kind::Det,
        "ADJ" => Kind::Adj,
        "SCONJ" => Kind::Sub,
        "ADP" if lists::SUBORDINATORS.contains(&low) => Kind::Sub,
        "ADP" => Kind::Adp,
        "CCONJ" => Kind::And,
        "PUNCT" => Kind::Punct,
        _ => Kind::Other,
    }
}

/// For documents without XPOS.
fn by_features(word: Word<'_>) -> Kind {
    let feats = word.feats();
    let low = low(word.form());
    if !matches!(word.upos(), "VERB" | "AUX") {
        return match word.upos() {
            "PART" if low == "to" => Kind::To,
            "PART" if low.starts_with('\'') => Kind::Genitive,
            upos => by_upos(upos, &low),
        };
    }
    match (feats.get("VerbForm"), feats.get("Tense")) {
        (Some("Inf"), _) => Kind::Base,
        (Some("Ger"), _) | (Some("Part"), Some("Pres")) => Kind::Ing,
        (Some("Part"), _) => Kind::Part,
        _ if feats.has("Mood=Imp") => Kind::Base,
        (_, Some("Past")) => Kind::Past,
        (_, Some("Pres")) if feats.has("Person=3") && feats.has("Number=Sing") => Kind::PresS,
        (_, Some("Pres")) => Kind::Pres,
        _ if word.upos() == "AUX" => Kind::Modal,
        _ => Kind::Base,
    }
}
