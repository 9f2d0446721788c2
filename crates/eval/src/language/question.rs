//! Text of somebody who asks -> the questions in it, and what kind of answer each wants.
//!
//! A question is a sentence or clause that begins with a question word (`who`, `how many`) or an
//! auxiliary before its subject (`can I`, `is it`). A question mark alone (`Allowed?`) makes none.
//! Small words may stand before (`hi, so when do you charge`). Indirect questions (`could you tell me
//! when …`) are found behind a few fixed phrases.

mod kind;

use std::ops::Range;

use botsmith_nlp::{Doc, Word};

use super::among;
pub(crate) use kind::Kind;
use kind::kind_at;

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// The numbers of its words.
    pub(crate) words: Range<usize>,
    /// What answers it.
    pub(crate) kind: Kind,
}

const AUXILIARIES: &str = "\
    is are was were am do does did can could will would shall should may might must have has \
    had ca wo isn't don't can't";
const SUBJECTS: &str = "\
    i you he she it we they there this that these those my your his her its our their the a \
    an any anyone anybody someone n't not all";
/// Words that may stand before a question word.
const LEADS: &str = "\
    hi hello hey so and but or ok okay please also then well now just quick question dear \
    sorry thanks oh um exactly in at on to for from by with of until since about \
    approximately roughly";
/// Phrases that a question follows in another clause.
const INDIRECT: &[&str] = &[
    "tell me",
    "let me know",
    "you know",
    "you tell",
    "know",
    "wondering",
    "wonder",
    "explain",
    "asking",
    "ask",
    "understand",
];

/// The questions of a document.
pub(crate) fn questions(doc: &Doc) -> Vec<Question> {
    let words: Vec<Word<'_>> = doc.words().collect();
    let mut found = Vec::new();
    for sentence in doc.sentences() {
        let range = sentence.word_range();
        let asked = words[range.clone()]
            .iter()
            .rev()
            .take(3)
            .any(|word| word.form().contains('?'));
        let before = found.len();
        let mut start = range.start;
        for at in range.clone() {
            let form = words[at].form();
            // A smiley ends a stretch too; an apostrophe or a hyphen does not.
            let mark = !form.chars().any(char::is_alphanumeric)
                && !matches!(form, "'" | "’" | "\"" | "“" | "”" | "-" | "&");
            let and = matches!(form, "and" | "or" | "but" | "&")
                && kind_at(&words, at + 1, range.end).is_some();
            let ends = mark || and;
            if ends || at + 1 == range.end {
                let end = if ends { at } else { at + 1 };
                found.extend(opened(&words, start..end, range.end, asked));
                start = at + 1;
            }
        }
        if asked && found.len() == before {
            found.extend(indirect(&words, range));
        }
    }
    found
}

fn lower(word: Word<'_>) -> String {
    word.form().to_lowercase()
}

/// The question that a stretch between punctuation is, if it begins as one. It goes on to `end`.
fn opened(words: &[Word<'_>], range: Range<usize>, end: usize, asked: bool) -> Option<Question> {
    let mut at = range.start;
    while at < range.end && at < range.start + 4 {
        let word = lower(words[at]);
        if let Some(kind) = kind_at(words, at, range.end) {
            let question = Question {
                words: at..end,
                kind,
            };
            // `When it is ready, …` and `what a plant` are no questions: an auxiliary comes before
            // the subject, or the sentence ends in a question mark.
            return (asked || inverted(words, at, range.end, kind)).then_some(question);
        }
        let next = words
            .get(at + 1)
            .filter(|_| at + 1 < range.end)
            .map(|word| lower(*word));
        let subject = next.is_some_and(|next| among(next.as_str(), SUBJECTS))
            || (asked
                && words.get(at + 1).is_some_and(|next| {
                    matches!(
                        next.upos(),
                        "NOUN" | "PROPN" | "PRON" | "DET" | "ADJ" | "NUM"
                    )
                }));
        if among(word.as_str(), AUXILIARIES) && subject {
            if let Some(question) = within(words, at..range.end, end) {
                return Some(question);
            }
            // An order begins like this too: `have a nice day`.
            let orders = matches!(word.as_str(), "do" | "have")
                && !asked
                && words.get(at + 1).is_none_or(|next| next.upos() != "PRON");
            return (!orders).then_some(Question {
                words: at..end,
                kind: Kind::YesNo,
            });
        }
        if !among(word.as_str(), LEADS) {
            return None;
        }
        at += 1;
    }
    None
}

/// `can you tell me when …`: the question that is meant.
fn within(words: &[Word<'_>], range: Range<usize>, end: usize) -> Option<Question> {
    let found = indirect(words, range)?;
    Some(Question {
        words: found.words.start..end,
        ..found
    })
}

fn indirect(words: &[Word<'_>], range: Range<usize>) -> Option<Question> {
    let place = range.clone().skip(1).find_map(|at| {
        let kind = kind_at(words, at, range.end)?;
        let one = lower(words[at - 1]);
        let two = match at.checked_sub(2) {
            Some(before) if before >= range.start => format!("{} {one}", lower(words[before])),
            _ => one.clone(),
        };
        INDIRECT
            .iter()
            .any(|phrase| *phrase == one || *phrase == two)
            .then_some((at, kind))
    })?;
    Some(Question {
        words: place.0..range.end,
        kind: place.1,
    })
}

/// Whether an auxiliary stands where a question has it.
fn inverted(words: &[Word<'_>], at: usize, end: usize, kind: Kind) -> bool {
    let rest = &words[at + 1..end.min(at + 6)];
    let auxiliary = rest.iter().position(|word| {
        among(&lower(*word), AUXILIARIES) || matches!(word.form(), "'s" | "’s" | "'re")
    });
    let subject = rest.iter().position(|word| {
        matches!(
            lower(*word).as_str(),
            "i" | "you" | "he" | "she" | "it" | "we" | "they"
        )
    });
    match (auxiliary, subject) {
        (Some(auxiliary), Some(subject)) => auxiliary < subject,
        (Some(auxiliary), None) => {
            auxiliary == 0
                || matches!(
                    kind,
                    Kind::HowMany | Kind::HowMuch | Kind::HowLong | Kind::Which | Kind::Who
                )
        }
        (None, _) => {
            matches!(kind, Kind::HowMany | Kind::HowMuch | Kind::HowLong) && subject.is_none()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::read;

    #[test]
    fn the_question_word_says_what_is_wanted() {
        for (text, wanted) in [
            ("Who wrote it?", &[Kind::Who][..]),
            ("hi, ordered on sunday. when do you charge", &[Kind::When]),
            ("How many seats are left?", &[Kind::HowMany]),
            ("how much is the plant club a month now?", &[Kind::HowMuch]),
            ("How long does it take to Ireland?", &[Kind::HowLong]),
            ("What time do you open?", &[Kind::When]),
            ("What is the price of a pot?", &[Kind::HowMuch]),
            ("What is a monad?", &[Kind::What]),
            ("Can I return it?", &[Kind::YesNo]),
            (
                "Do you ship to Spain? And how much is it?",
                &[Kind::YesNo, Kind::HowMuch],
            ),
            ("Could you tell me when it arrives?", &[Kind::When]),
            ("Why was I charged twice?", &[Kind::Why]),
            ("Which plan is cheaper, A or B?", &[Kind::Which]),
            ("still nothing taken from my card??", &[]),
            (
                "Hello :) how long does it take & what is the price?",
                &[Kind::HowLong, Kind::HowMuch],
            ),
            ("Ordered it. Allowed?", &[]),
            ("When it is ready, send it.", &[]),
            ("Write a poem about rain.", &[]),
            ("In which year was it built?", &[Kind::When]),
            ("How do I reset my password?", &[Kind::How]),
            ("How often should I water it?", &[Kind::HowOften]),
        ] {
            let doc = read(text).expect("the model is inside");
            let kinds: Vec<_> = questions(&doc)
                .iter()
                .map(|question| question.kind)
                .collect();
            assert_eq!(kinds, wanted, "{text}");
        }
    }
}
