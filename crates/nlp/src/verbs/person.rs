//! A document -> its marks of grammatical person: pronouns, possessives, orders, and the nouns
//! that are subjects.

use std::ops::Range;

use super::items::{is_numeral, low};
use super::{Form, Number, Person, Utterance};
use crate::{Doc, Word};

/// One mark of person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonMark {
    /// The person.
    pub person: Person,
    /// The number, where the word tells.
    pub number: Option<Number>,
    /// Bytes of the text.
    pub span: Range<usize>,
    /// Whether it is a pronoun or possessive, not a verb or a noun.
    pub pronoun: bool,
}

/// All marks, in the order of the text.
///
/// - Pronouns and possessives: `I`, `my`, `us`, `yourself`, `theirs`; the `'s` of `let's`.
/// - A finite verb whose pronoun is left out but whose form tells: "Am not sure."
/// - An order speaks to the second person: its verb is a mark.
/// - A noun that is the subject of a finite verb is a mark of the third person.
///
/// Words tagged `X`, as code is, are none. `There` is none, nor are `this`, `that` and `one`, but as subjects.
///
/// ```
/// use botsmith_nlp::{Pipeline, verbs};
/// let doc = Pipeline::english()?.annotate("I lost my key. Call them.")?;
/// let marks = verbs::marks(&doc, &verbs::read(&doc));
/// let words: Vec<_> = marks.iter().map(|mark| &doc.text()[mark.span.clone()]).collect();
/// assert_eq!(words, ["I", "my", "Call", "them"]);
/// # Ok::<(), botsmith_nlp::Error>(())
/// ```
pub fn marks(doc: &Doc, utterances: &[Utterance]) -> Vec<PersonMark> {
    let mut marks: Vec<PersonMark> = doc.words().filter_map(pronoun).collect();
    for group in utterances.iter().flat_map(|utterance| &utterance.groups) {
        let verb = doc.word(group.verbs[0]).map(Word::span);
        let (person, number, span) = match (group.form, group.subject) {
            (Form::Imperative, _) => {
                let lets = doc.word(group.verbs[0] + 1).is_some_and(|word| {
                    pronoun(word).is_some_and(|mark| mark.person == Person::First)
                }) && doc
                    .word(group.verbs[0])
                    .is_some_and(|word| low(word.form()) == "let");
                if lets {
                    continue;
                }
                (Person::Second, None, verb)
            }
            (Form::Finite, Some(subject)) => match subject.word.and_then(|at| doc.word(at)) {
                None => (subject.person, subject.number, verb),
                Some(word) if matches!(word.upos(), "NOUN" | "PROPN" | "PRON") => {
                    if pronoun(word).is_some() || word.xpos() == "EX" {
                        continue;
                    }
                    (subject.person, subject.number, Some(word.span()))
                }
                Some(_) => continue,
            },
            _ => continue,
        };
        if let Some(span) = span {
            marks.push(PersonMark {
                person,
                number,
                span,
                pronoun: false,
            });
        }
    }
    marks.sort_by_key(|mark| (mark.span.start, mark.span.end));
    marks.dedup_by(|a, b| a.span == b.span);
    marks
}

/// The mark that a pronoun or possessive is.
fn pronoun(word: Word<'_>) -> Option<PersonMark> {
    use Number::{Plural, Singular};
    use Person::{First, Second, Third};
    // Code and other things that are no language.
    if word.upos() == "X" {
        return None;
    }
    let tagged = word.upos() == "PRON" || matches!(word.xpos(), "PRP" | "PRP$");
    let form = low(word.form());
    let (person, number, sure) = match form.as_ref() {
        // "I" may be a numeral, "US" a country, "mine" a pit, "'s" a verb.
        "i" => (First, Some(Singular), tagged && !is_numeral(word)),
        "mine" => (First, Some(Singular), tagged && !behind_article(word)),
        "us" => (First, Some(Plural), tagged || word.form() == "us"),
        "'s" => (First, Some(Plural), tagged),
        "me" | "my" | "myself" => (First, Some(Singular), true),
        "we" | "our" | "ours" | "ourselves" => (First, Some(Plural), true),
        "you" | "your" | "ya" | "yours" => (Second, None, true),
        "yourself" => (Second, Some(Singular), true),
        "yourselves" | "y'all" => (Second, Some(Plural), true),
        "he" | "him" | "his" | "himself" | "she" | "her" | "hers" | "herself" | "it" | "its"
        | "itself" => (Third, Some(Singular), tagged),
        "they" | "them" | "their" | "theirs" | "themselves" => (Third, Some(Plural), true),
        "themself" => (Third, Some(Singular), true),
        _ => return None,
    };
    sure.then(|| PersonMark {
        person,
        number,
        span: word.span(),
        pronoun: true,
    })
}

/// "the mine", "an old mine".
fn behind_article(word: Word<'_>) -> bool {
    let before = word.index().checked_sub(1);
    let before = before.and_then(|at| word.doc().word(at));
    before.is_some_and(|before| matches!(before.upos(), "DET" | "ADJ"))
}
