//! Annotated text -> simple clauses: stretches of words with about one verb each.
//!
//! A clause ends at a full stop, colon, semicolon, bracket, dash or the end of a line's block, at a
//! comma behind a verb, before words that open a clause (`if`, `because`, `which`), and before `and`,
//! `or` and `but` where a finite verb is on both sides. There is no parser behind it: a list of verbs
//! without commas is one clause.

use std::ops::Range;

use botsmith_nlp::{Doc, Word};

use super::among;
use super::markup::Plain;

/// What a clause does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It states.
    Statement,
    /// It is a condition: `if it is broken`.
    Condition,
    /// It asks.
    Question,
}

/// One clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clause {
    /// The numbers of its words.
    pub(crate) words: Range<usize>,
    /// What it does.
    pub(crate) role: Role,
}

/// Words that open a condition.
const CONDITIONS: &[&str] = &[
    "if", "unless", "when", "whenever", "provided", "assuming", "in case",
];
/// Words that open a clause in front of a finite verb.
const OPENERS: &str = "\
    because although though while since once whereas until so which who where that as before \
    after even";

/// The clauses of a document in order; together they hold all words but the punctuation between.
pub(crate) fn clauses(doc: &Doc, plain: &Plain) -> Vec<Clause> {
    let words: Vec<Word<'_>> = doc.words().collect();
    let mut list = Vec::new();
    for sentence in doc.sentences() {
        let range = sentence.word_range();
        let asks = words[range.clone()]
            .iter()
            .rev()
            .take(3)
            .any(|word| word.form().contains('?'));
        split(&words, range, asks, plain, &mut list);
    }
    list
}

/// Whether a word is a finite verb or auxiliary.
pub(crate) fn finite(word: Word<'_>) -> bool {
    matches!(word.upos(), "VERB" | "AUX")
        && (word.feats().has("VerbForm=Fin") || word.xpos() == "MD" || word.upos() == "AUX")
}

fn split(
    words: &[Word<'_>],
    range: Range<usize>,
    asks: bool,
    plain: &Plain,
    list: &mut Vec<Clause>,
) {
    let mut start = range.start;
    let mut close = |start: usize, end: usize, words: &[Word<'_>]| {
        let content = words[start..end]
            .iter()
            .any(|word| word.form().chars().any(char::is_alphanumeric));
        if content {
            let first = words[start..end]
                .iter()
                .find(|word| word.form().chars().any(char::is_alphanumeric))
                .map(|word| word.form().to_lowercase());
            let condition = first.is_some_and(|first| CONDITIONS.contains(&first.as_str()));
            let role = match (condition, asks) {
                (true, _) => Role::Condition,
                (false, true) => Role::Question,
                (false, false) => Role::Statement,
            };
            list.push(Clause {
                words: start..end,
                role,
            });
        }
    };
    for at in range.clone() {
        let word = words[at];
        let form = word.form();
        if at > start && plain.breaks(words[at - 1].span().start, word.span().start) {
            close(start, at, words);
            start = at;
        }
        let lower = form.to_lowercase();
        match lower.as_str() {
            ";" | ":" | "(" | ")" | "[" | "]" | "—" | "–" | "--" | "." | "!" | "?" | "…"
            | "..." => {
                close(start, at, words);
                start = at + 1;
            }
            "," => {
                let left = &words[start..at];
                let alone = left.len() <= 2
                    && left
                        .iter()
                        .any(|word| matches!(word.upos(), "INTJ" | "ADV" | "DET"));
                if alone || has_verb(left) {
                    close(start, at, words);
                    start = at + 1;
                }
            }
            "but" | "yet" if at > start => {
                close(start, at, words);
                start = at;
            }
            "and" | "or" | "nor"
                if at > start
                    && has_verb(&words[start..at])
                    && verb_follows(words, at + 1..range.end) =>
            {
                close(start, at, words);
                start = at;
            }
            lower
                if at > start
                    && CONDITIONS.contains(&lower)
                    && verb_follows(words, at + 1..range.end) =>
            {
                close(start, at, words);
                start = at;
            }
            lower
                if at > start
                    && among(lower, OPENERS)
                    && matches!(word.upos(), "SCONJ" | "PRON" | "ADV" | "ADP")
                    && has_verb(&words[start..at])
                    && verb_follows(words, at + 1..range.end) =>
            {
                close(start, at, words);
                start = at;
            }
            _ => {}
        }
    }
    close(start, range.end, words);
}

fn has_verb(words: &[Word<'_>]) -> bool {
    words
        .iter()
        .any(|word| matches!(word.upos(), "VERB" | "AUX"))
}

/// Whether a finite verb follows before the next punctuation or conjunction.
fn verb_follows(words: &[Word<'_>], range: Range<usize>) -> bool {
    words[range]
        .iter()
        .take(12)
        .take_while(|word| {
            !matches!(word.upos(), "PUNCT" | "SCONJ")
                && !matches!(word.form(), "and" | "or" | "but")
        })
        .any(|word| finite(*word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::markup::plain;
    use crate::reading::read;

    #[test]
    fn a_clause_has_about_one_verb() {
        for (text, wanted) in [
            (
                "You can return pots, but plants stay with you.",
                &["You can return pots", "but plants stay with you"][..],
            ),
            (
                "If it is broken, send a photo.",
                &["If it is broken", "send a photo"],
            ),
            (
                "Card, PayPal or bank transfer.",
                &["Card, PayPal or bank transfer"],
            ),
            ("No, we do not.", &["No", "we do not"]),
            ("- Open it\n- Close it", &["Open it", "Close it"]),
            (
                "We ship it because you paid.",
                &["We ship it", "because you paid"],
            ),
        ] {
            let plain = plain(text);
            let doc = read(&plain.text).expect("the model is inside");
            let words: Vec<_> = doc.words().collect();
            let clauses: Vec<_> = clauses(&doc, &plain)
                .into_iter()
                .map(|clause| {
                    let (first, last) = (clause.words.start, clause.words.end - 1);
                    &text[words[first].span().start..words[last].span().end]
                })
                .collect();
            assert_eq!(clauses, wanted, "{text}");
        }
    }
}
