//! English verb groups: which words make one verb, and what it says: tense, aspect, voice, mood,
//! negation, subject. A [`Doc`] with tags in, [`Utterance`]s out.
//!
//! "has not been tested" is one group: auxiliaries, an adverb, a main verb. Groups are found from
//! tags, features and the order of words, after Quirk et al. 1985 ("A Comprehensive Grammar of the
//! English Language", chapters 3, 4 and 11). Where the tagger errs in ways that a neighbour shows,
//! the neighbour wins: after "has" a past form is a participle, after "they" a bare form is finite.
//!
//! There is no parse. So participles without an auxiliary ("the file written by Ann") are groups
//! that are not finite, subjects far from their verb are not found, and quoted speech counts like
//! any other. The rules are English; other languages need their own.

mod bare;
mod chain;
mod condition;
mod form;
mod items;
mod lists;
mod mend;
mod mood;
mod person;
mod subject;
mod units;

use std::ops::Range;

use crate::{Doc, Word};

pub use person::{PersonMark, marks};

/// When it happens, by the first verb of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tense {
    /// `went`, `was going`, `had gone`, `must have gone`.
    Past,
    /// `goes`, `is going`, `has gone`, `can go`.
    Present,
    /// `will go`, `is going to go`, `is about to go`.
    Future,
}

/// What a verb group is in its clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// It has a tense: `goes`, `will go`.
    Finite,
    /// An order or a request: `Go!`, `Do not go.`
    Imperative,
    /// `to go`, and `go` in "let him go".
    Infinitive,
    /// A participle or gerund without an auxiliary: `going`, `gone`.
    Participle,
}

/// The grammatical person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Person {
    /// I, we.
    First,
    /// You.
    Second,
    /// He, she, it, they, and every noun.
    Third,
}

/// One or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Number {
    /// One.
    Singular,
    /// Several.
    Plural,
}

/// Who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The person.
    pub person: Person,
    /// The number, where words tell: `you` does not.
    pub number: Option<Number>,
    /// The word of the document that is the subject; none where only the verb's form tells.
    pub word: Option<usize>,
}

/// One verb with its auxiliaries.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own that holds or does not"
)]
pub struct VerbGroup {
    /// The words of the document that are verbs, first to last; at least one.
    pub verbs: Vec<usize>,
    /// What it is in its clause.
    pub form: Form,
    /// None where it is not finite, and for `would`, `could`, `might`, `should` and `ought` without
    /// `have`, which say no time.
    pub tense: Option<Tense>,
    /// `has gone`, `to have gone`.
    pub perfect: bool,
    /// `is going`, `to be going`.
    pub progressive: bool,
    /// `is done`, `gets done`, `to be done`; not participles that are adjectives ("is interested").
    pub passive: bool,
    /// `does not go`, `never goes`.
    pub negated: bool,
    /// The word of the document that is its modal verb.
    pub modal: Option<usize>,
    /// Its subject, where it is found.
    pub subject: Option<Subject>,
}

impl VerbGroup {
    /// The word of the document that is the main verb.
    pub fn head(&self) -> usize {
        self.verbs.last().copied().unwrap_or_default()
    }

    /// Bytes of the text from its first verb to the end of its last.
    pub fn span(&self, doc: &Doc) -> Range<usize> {
        let bytes = |at: Option<&usize>| at.and_then(|at| doc.word(*at)).map(Word::span);
        match (bytes(self.verbs.first()), bytes(self.verbs.last())) {
            (Some(first), Some(last)) => first.start..last.end,
            _ => 0..0,
        }
    }
}

/// What a sentence does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mood {
    /// It asks: ends in a question mark, or its verb stands before its subject.
    Question,
    /// It orders, requests or invites: "Open the file.", "Let's go."
    Imperative,
    /// It states under a condition: "If it rains, we stay."
    Conditional,
    /// It states.
    Declarative,
    /// It has no finite verb: "Good morning!", a heading.
    Fragment,
}

/// A sentence, or one line of a list within it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Utterance {
    /// The words of the document that it is made of.
    pub words: Range<usize>,
    /// Bytes of the text that it fills.
    pub span: Range<usize>,
    /// Its verb groups, in order.
    pub groups: Vec<VerbGroup>,
    /// What it does; of several things the first of question, order, condition, statement.
    pub mood: Mood,
}

/// Finds the verb groups of a document, sentence by sentence.
///
/// Needs XPOS in the tags of the Penn Treebank, as the English model gives them, or else UPOS and
/// features.
///
/// ```
/// use botsmith_nlp::{Pipeline, verbs};
/// use botsmith_nlp::verbs::{Mood, Tense};
///
/// let doc = Pipeline::english()?.annotate("The files have been deleted. Will you restore them?")?;
/// let found = verbs::read(&doc);
/// let first = &found[0].groups[0];
/// assert_eq!(&doc.text()[first.span(&doc)], "have been deleted");
/// assert!(first.passive && first.perfect && first.tense == Some(Tense::Present));
/// assert_eq!(found[1].mood, Mood::Question);
/// assert_eq!(found[1].groups[0].tense, Some(Tense::Future));
/// # Ok::<(), botsmith_nlp::Error>(())
/// ```
pub fn read(doc: &Doc) -> Vec<Utterance> {
    units::units(doc)
        .into_iter()
        .map(|words| {
            let mut items = items::items(doc, words.clone());
            let groups = form::groups(&mut items);
            let mood = mood::mood(&items, &groups);
            let span = match (items.first(), items.last()) {
                (Some(first), Some(last)) => first.word.span().start..last.word.span().end,
                _ => 0..0,
            };
            let start = words.start;
            let groups = groups
                .into_iter()
                .map(|group| group.placed(start))
                .collect();
            Utterance {
                words,
                span,
                groups,
                mood,
            }
        })
        .collect()
}

impl VerbGroup {
    /// From places in a unit to places in the document.
    fn placed(mut self, start: usize) -> Self {
        self.verbs.iter_mut().for_each(|at| *at += start);
        self.modal = self.modal.map(|at| at + start);
        if let Some(subject) = &mut self.subject {
            subject.word = subject.word.map(|at| at + start);
        }
        self
    }
}
