//! An English document -> its hedges and boosters, in order.
//!
//! Phrases first, the longest that fits; then words, where their tag and their neighbours let them
//! be marks. A booster that is denied ("not sure", "can't guarantee") hedges.

use std::ops::Range;

use botsmith_nlp::verbs::{Mood, Person, Utterance, VerbGroup};
use botsmith_nlp::{Doc, Word};

use super::lexicon as list;

/// What a mark does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Hedge,
    Booster,
}

/// One mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) kind: Kind,
    /// Bytes of the text.
    pub(super) span: Range<usize>,
}

/// Words of a denied booster that are looked at before it.
const DENIAL: usize = 3;

/// All marks of a document.
pub(super) fn marks(doc: &Doc, utterances: &[Utterance]) -> Vec<Mark> {
    let forms: Vec<String> = doc
        .words()
        .map(|word| match word.form() {
            "’s" => "'s".to_owned(),
            "ca" if word.xpos() == "MD" => "can".to_owned(),
            form => form.to_lowercase().replace('’', "'"),
        })
        .map(|form| {
            if form == "n't" {
                "not".to_owned()
            } else {
                form
            }
        })
        .collect();
    let mut marks = Vec::new();
    for utterance in utterances {
        let unit = Unit {
            doc,
            forms: &forms,
            utterance,
        };
        let mut at = utterance.words.start;
        while at < utterance.words.end {
            let (kind, words) = unit.at(at);
            if let Some(kind) = kind {
                let span = |at: usize| doc.word(at).map(Word::span).unwrap_or_default();
                marks.push(Mark {
                    kind,
                    span: span(at).start..span(at + words - 1).end,
                });
            }
            at += words;
        }
    }
    marks
}

struct Unit<'a> {
    doc: &'a Doc,
    forms: &'a [String],
    utterance: &'a Utterance,
}

impl Unit<'_> {
    /// What stands at `at`, and how many words that is.
    fn at(&self, at: usize) -> (Option<Kind>, usize) {
        if self.doc.word(at).is_some_and(|word| word.upos() == "X") {
            // Code.
            return (None, 1);
        }
        let longest = |phrases: &[&str]| {
            let fits = phrases.iter().filter_map(|phrase| self.phrase(at, phrase));
            fits.max().unwrap_or_default()
        };
        let (none, hedge, booster) = (
            longest(list::NEITHER),
            longest(list::HEDGING_PHRASES),
            longest(list::BOOSTING_PHRASES),
        );
        if none > 0 && none >= hedge.max(booster) {
            return (None, none);
        }
        if hedge > 0 && hedge >= booster {
            return (Some(Kind::Hedge), hedge);
        }
        if booster > 0 {
            return (Some(self.unless_denied(at)), booster);
        }
        (self.word(at), 1)
    }

    /// How many words the phrase has, if it stands at `at`.
    fn phrase(&self, at: usize, phrase: &str) -> Option<usize> {
        let mut words = 0;
        for word in phrase.split(' ') {
            let form = self.form(at + words)?;
            if form != word {
                return None;
            }
            words += 1;
        }
        Some(words)
    }

    fn form(&self, at: usize) -> Option<&str> {
        (at < self.utterance.words.end).then(|| self.forms[at].as_str())
    }

    /// The words before `at` in its sentence up to a punctuation mark, last first.
    fn before(&self, at: usize) -> impl Iterator<Item = &str> {
        (self.utterance.words.start..at)
            .rev()
            .map(|at| self.forms[at].as_str())
            .take_while(|form| form.chars().any(char::is_alphanumeric))
    }

    fn denied(&self, at: usize) -> bool {
        self.before(at).take(DENIAL).any(|form| {
            matches!(
                form,
                "not" | "never" | "no" | "nothing" | "hardly" | "without"
            )
        })
    }

    fn unless_denied(&self, at: usize) -> Kind {
        // "no doubt" is no denial of itself, but "not without doubt" is.
        match self.denied(at) {
            true => Kind::Hedge,
            false => Kind::Booster,
        }
    }

    /// The verb group that holds the word.
    fn group(&self, at: usize) -> Option<&VerbGroup> {
        let groups = self.utterance.groups.iter();
        groups.into_iter().find(|group| group.verbs.contains(&at))
    }

    fn word(&self, at: usize) -> Option<Kind> {
        let word = self.doc.word(at)?;
        let form = self.forms[at].as_str();
        let is = |list: &[&str]| list.contains(&form);
        match word.upos() {
            // "the might"
            "AUX" if word.xpos() == "MD" && self.behind_article(at) => None,
            "VERB" | "AUX" => self.verb(at, word),
            _ if self.group(at).is_some() => self.verb(at, word),
            "NOUN" | "PROPN" => None,
            "ADJ" if is(list::HEDGING_ADJECTIVES) => Some(Kind::Hedge),
            "ADJ" if is(list::BOOSTING_ADJECTIVES) => {
                // "a certain file", "clear instructions" assert nothing.
                let noun = self
                    .doc
                    .word(at + 1)
                    .filter(|_| at + 1 < self.utterance.words.end)
                    .is_some_and(|next| matches!(next.upos(), "NOUN" | "PROPN" | "ADJ"));
                (!noun).then(|| self.unless_denied(at))
            }
            _ if is(list::HEDGING_ADVERBS) => {
                // "How often", "most likely" both are; "can't possibly" asserts.
                let asserts = form == "possibly" && self.before(at).next() == Some("not");
                Some(if asserts { Kind::Booster } else { Kind::Hedge })
            }
            _ if is(list::BOOSTING_ADVERBS) => {
                // "Never share it" orders, and claims nothing.
                let order = self.utterance.mood == Mood::Imperative;
                let frequency = matches!(form, "always" | "never");
                (!(order && frequency)).then(|| self.unless_denied(at))
            }
            _ => None,
        }
    }

    fn behind_article(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|at| self.doc.word(at));
        before.is_some_and(|before| before.upos() == "DET")
    }

    fn verb(&self, at: usize, word: Word<'_>) -> Option<Kind> {
        let form = self.forms[at].as_str();
        let lemma = word.lemma();
        let group = self.group(at);
        let person = group
            .and_then(|group| group.subject)
            .map(|subject| subject.person);
        let negated = group.is_some_and(|group| group.negated);
        let is = |list: &[&str]| list.contains(&lemma);
        if word.xpos() == "MD" {
            // "could not find" tells what happened; "Could you" and "May I" ask.
            let asks = self.utterance.mood == Mood::Question
                && (person == Some(Person::Second) || person == Some(Person::First));
            let head = group.map(|group| self.doc.word(group.head()).map_or("", Word::lemma));
            let hedges = match form {
                "could" => !negated && !asks,
                "would" | "'d" => {
                    head.is_some_and(|head| list::WITH_WOULD.contains(&head)) && !asks
                }
                _ => list::HEDGING_MODALS.contains(&form) && !asks,
            };
            return hedges.then_some(Kind::Hedge);
        }
        // The modal verb of the group has been counted: "would suggest" is one hedge.
        let with_modal = group.is_some_and(|group| {
            group
                .modal
                .is_some_and(|modal| matches!(self.forms[modal].as_str(), "would" | "'d"))
        });
        let writer = person == Some(Person::First);
        let evidence = person == Some(Person::Third) && self.clause_follows(at);
        let hedges = is(list::HEDGING_VERBS)
            || (writer && is(list::HEDGING_OF_WRITER))
            || (evidence && is(list::HEDGING_OF_EVIDENCE))
            || (lemma == "appear" && self.clause_follows(at))
            || (writer && negated && matches!(lemma, "know"));
        if hedges {
            return (!with_modal).then_some(Kind::Hedge);
        }
        let order = self.utterance.mood == Mood::Imperative
            && group.is_some_and(|group| group.subject.is_none());
        let boosts =
            (is(list::BOOSTING_VERBS) && !order) || (writer && is(list::BOOSTING_OF_WRITER));
        boosts.then(|| match negated || self.denied(at) {
            true => Kind::Hedge,
            false => Kind::Booster,
        })
    }

    /// Whether what is said follows: "appears to be", "suggests that", "appears correct"; not
    /// "appears on the screen".
    fn clause_follows(&self, at: usize) -> bool {
        let next = (at + 1..self.utterance.words.end)
            .filter_map(|at| self.doc.word(at))
            .find(|word| word.upos() != "ADV");
        next.is_some_and(|word| match word.upos() {
            "ADJ" | "SCONJ" | "PRON" | "DET" => true,
            "ADP" | "PART" => matches!(word.lemma(), "to" | "that" | "as" | "like"),
            _ => false,
        })
    }
}
