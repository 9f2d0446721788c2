//! Clauses -> what they affirm and what they deny, and where two texts contradict each other.
//!
//! A clause is negative where it holds an odd number of negators (`not`, `never`, `no longer`,
//! `without`, `fails to`, `unable`). Two clauses are about the same where they share enough stems of
//! content words (Porter's, of lemmas). Antonyms (`open`, `closed`), quantities and modality are not
//! compared.

use std::collections::BTreeSet;
use std::ops::Range;

use botsmith_nlp::{Doc, Word};

use super::among;
use super::clauses::{Clause, Role, clauses};
use super::folded;
use super::markup::Plain;
use crate::metrics::porter::{Mode, stem};

/// A clause with what it is about.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    /// Its bytes.
    pub(crate) span: Range<usize>,
    /// The bytes of its negators.
    pub(crate) negators: Vec<Range<usize>>,
    role: Role,
    /// Stems of its content words.
    content: BTreeSet<String>,
    /// Those of them that a negator is before.
    denied: BTreeSet<String>,
    /// Verbs, adjectives, and what `no` is before: what a clause says of a thing, not the thing.
    predicates: BTreeSet<String>,
}

/// Two statements about the same of which one denies what the other affirms, or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    /// The number of the statement in the first text.
    pub(crate) reference: usize,
    /// The number of the statement in the second text.
    pub(crate) answer: usize,
    /// Whether one denies what the other affirms.
    pub(crate) flipped: bool,
}

/// The least share of the shorter clause's content words that both have.
const LEAST_OVERLAP: f64 = 0.5;

/// Words that say little about what a clause is about.
const LIGHT: &str = "\
    be have do get go can will may please also very just only then so too however \
    unfortunately sorry yes no not sure thing way able possible impossible unable never \
    always ever even still yet already currently really here there now longer more most much \
    many course certainly absolutely definitely actually yeah ok okay fail lack refuse note \
    without n't make let such other own as long neither";

/// Words that after `no` or `not` take the denial away: `not only`, `no doubt`.
const AFTER_NOT: &[&str] = &[
    "only", "just", "merely", "simply", "least", "mention", "hesitate", "worry",
];
const AFTER_NOTHING: &str = "stops prevents keeps speaks but wrong";
const AFTER_NO: &str = "\
    doubt matter problem problems worries later earlier less fewer more wonder idea";

/// The statements of a document.
pub(crate) fn statements(doc: &Doc, plain: &Plain) -> Vec<Statement> {
    let words: Vec<Word<'_>> = doc.words().collect();
    clauses(doc, plain)
        .iter()
        .map(|clause| statement(&words, clause))
        .collect()
}

fn statement(words: &[Word<'_>], clause: &Clause) -> Statement {
    let mut negators: Vec<usize> = Vec::new();
    for at in clause.words.clone() {
        if negates(words, at, clause, &negators) {
            negators.push(at);
        }
    }
    let mut content = BTreeSet::new();
    let mut denied = BTreeSet::new();
    let mut predicates = BTreeSet::new();
    for at in clause.words.clone() {
        if let Some(stem) = content_stem(words[at]) {
            if negators.first().is_some_and(|first| at > *first) {
                denied.insert(stem.clone());
            }
            let no_before = at > clause.words.start
                && matches!(folded(words[at - 1].form()).as_str(), "no" | "without");
            if no_before || matches!(words[at].upos(), "VERB" | "ADJ") {
                predicates.insert(stem.clone());
            }
            content.insert(stem);
        }
    }
    let (first, last) = (clause.words.start, clause.words.end - 1);
    Statement {
        span: words[first].span().start..words[last].span().end,
        negators: negators.iter().map(|at| words[*at].span()).collect(),
        role: clause.role,
        content,
        denied,
        predicates,
    }
}

/// The stem of a word that says what a clause is about.
fn content_stem(word: Word<'_>) -> Option<String> {
    if !matches!(
        word.upos(),
        "NOUN" | "PROPN" | "VERB" | "ADJ" | "NUM" | "ADV" | "X"
    ) {
        return None;
    }
    let form = folded(word.form());
    let lemma = folded(word.lemma());
    let bare = if lemma == "_" { &form } else { &lemma };
    let letters = bare.trim_matches(|c: char| !c.is_alphanumeric());
    if letters.is_empty() || among(letters, LIGHT) || among(form.as_str(), LIGHT) {
        return None;
    }
    Some(stem(letters, Mode::Nltk))
}

/// Whether the word at `at` turns its clause round.
fn negates(words: &[Word<'_>], at: usize, clause: &Clause, before: &[usize]) -> bool {
    let lower = |at: usize| match clause.words.contains(&at) {
        true => folded(words[at].form()),
        false => String::new(),
    };
    let form = lower(at);
    let next = lower(at + 1);
    let after = lower(at + 2);
    match form.as_str() {
        "not" | "n't" | "nt" => {
            let idiom = AFTER_NOT.contains(&next.as_str())
                || (next == "to" && AFTER_NOT.contains(&after.as_str()))
                || (next == "at" && after == "least");
            // `whether or not`.
            let whether =
                at.checked_sub(1).is_some_and(|at| lower(at) == "or") && clause.words.len() < 3;
            !idiom && !whether
        }
        "no" => {
            let alone = clause.words.len() == 1;
            !alone && !next.is_empty() && !among(next.as_str(), AFTER_NO)
        }
        // `nothing stops you`, `nothing speaks against it`.
        "nothing" | "nobody" => !among(&next, AFTER_NOTHING),
        "never" | "none" | "nowhere" | "without" | "hardly" | "barely" | "scarcely" | "rarely"
        | "seldom" | "cannot" | "neither" | "unable" | "impossible" => true,
        // After `not` or `neither` it goes on with the same denial.
        "nor" => before.is_empty(),
        "fail" | "fails" | "failed" | "failing" | "refuse" | "refuses" | "refused" | "decline"
        | "declines" | "declined" => next == "to",
        "lack" | "lacks" | "lacked" => words[at].upos() == "VERB",
        _ => false,
    }
}

impl Statement {
    /// Whether it denies.
    pub(crate) fn negative(&self) -> bool {
        self.negators.len() % 2 == 1
    }

    /// How much it is about the same as another: Dice's coefficient of their content, if that is enough.
    fn about(&self, other: &Self) -> Option<f64> {
        let (a, b) = (&self.content, &other.content);
        let shared = a.intersection(b).count();
        let least = a.len().min(b.len());
        let enough = match least {
            0 => false,
            // A thing alone is not what a clause is about: `the plant cannot`, `never in winter`.
            1 => {
                let shared = a.intersection(b).next();
                let says = |stem| self.predicates.contains(stem) || other.predicates.contains(stem);
                a.len().max(b.len()) <= 4 && shared.is_some_and(says)
            }
            _ => shared >= 2 && shared as f64 >= LEAST_OVERLAP * least as f64,
        };
        enough.then(|| 2.0 * shared as f64 / (a.len() + b.len()) as f64)
    }

    /// Whether one denies what the other affirms, in words that both have.
    fn contradicts(&self, other: &Self) -> bool {
        let (negative, positive) = match (self.negative(), other.negative()) {
            (true, false) => (self, other),
            (false, true) => (other, self),
            _ => return false,
        };
        negative
            .denied
            .intersection(&positive.content)
            .next()
            .is_some()
    }
}

/// Statements of a text that are put beside others; pairs grow with the square.
const MOST_STATEMENTS: usize = 1000;

/// Pairs each statement of the reference with the one of the answer that is most about the same;
/// one that agrees comes before one that contradicts as well.
pub(crate) fn align(reference: &[Statement], answer: &[Statement]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (place, wanted) in reference.iter().take(MOST_STATEMENTS).enumerate() {
        let mut best: Option<(f64, Pair)> = None;
        for (number, given) in answer.iter().take(MOST_STATEMENTS).enumerate() {
            let comparable = wanted.role == given.role && given.role != Role::Question;
            let Some(about) = comparable.then(|| wanted.about(given)).flatten() else {
                continue;
            };
            let flipped = wanted.contradicts(given);
            if !flipped && wanted.negative() != given.negative() {
                // One denies something that the other does not speak of.
                continue;
            }
            let better = best.as_ref().is_none_or(|(most, pair)| {
                about > *most || (about == *most && pair.flipped && !flipped)
            });
            if better {
                let pair = Pair {
                    reference: place,
                    answer: number,
                    flipped,
                };
                best = Some((about, pair));
            }
        }
        pairs.extend(best.map(|(_, pair)| pair));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::markup::plain;
    use crate::reading::read;

    fn all(text: &str) -> Vec<Statement> {
        let plain = plain(text);
        let doc = read(&plain.text).expect("the model is inside");
        statements(&doc, &plain)
    }

    #[test]
    fn negators_are_counted_with_their_idioms() {
        for (text, negative) in [
            ("You cannot return it.", true),
            ("We no longer ship there.", true),
            ("It fails to start.", true),
            ("It starts without a key.", true),
            ("You cannot start it without a key.", false),
            ("It is not only cheap.", false),
            ("There is no doubt about it.", false),
            ("Please don't hesitate to call.", false),
            ("Nobody paid.", true),
            ("It is neither red nor blue.", true),
            ("We ship there.", false),
            ("They're unable to merge accounts.", true),
        ] {
            let statements = all(text);
            assert_eq!(statements.len(), 1, "{text}: {statements:?}");
            assert_eq!(statements[0].negative(), negative, "{text}: {statements:?}");
        }
    }
}
