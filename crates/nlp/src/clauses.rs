//! Tags of a sentence -> its simple clauses: stretches with one verb group each, which together are the
//! whole sentence.
//!
//! A verb group is a row of verbs and auxiliaries with nothing but adverbs and particles (`not`, `to`)
//! between; participles inside noun phrases do not count. Between two verb groups a new clause begins
//! 1. before the first subordinating conjunction, relative or question word (`because`, `which`, `when`),
//!    with the preposition or comma directly before it;
//! 2. else behind the last `;`, `:`, dash or bracket that opens;
//! 3. else before the last coordinating conjunction (`and`, `but`);
//! 4. else behind a comma: the first where the clause before began with a subordinator (`If it rains, we
//!    stay`), the last where not;
//! 5. else, where the second verb is finite and a subject stands between, directly behind the first group
//!    (`I think | he left`).
//!
//! Where none applies, both groups are one clause (`She wants to go`, `Did you see it?`). These are rules
//! over tags for English, not a parse: clauses inside clauses come out one after another, and a clause that
//! goes on behind one in its middle is cut.

use serde::Serialize;

use crate::chunks::{self, Chunk};
use crate::stages::{Layers, Stage};
use crate::{Doc, Result, Sentence, Span, Word};

/// What a clause begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ClauseKind {
    /// Nothing that joins it to another.
    Main,
    /// A coordinating conjunction.
    Coordinate,
    /// A subordinating conjunction or question word.
    Subordinate,
    /// A relative word behind another clause.
    Relative,
    /// It holds no verb: the whole sentence does not.
    Fragment,
}

/// One clause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Clause {
    /// Where.
    #[serde(flatten)]
    pub span: Span,
    /// What it begins with.
    pub kind: ClauseKind,
    /// The number of its verb in the document: the last full verb of its first verb group, or else that
    /// group's last auxiliary.
    pub verb: Option<usize>,
}

/// All clauses of a tagged document, in order.
///
/// ```
/// # #[cfg(feature = "english")] {
/// let doc = botsmith_nlp::Pipeline::english()?.annotate("If it rains, we stay here.")?;
/// let clauses = botsmith_nlp::clauses::clauses(&doc);
/// let texts: Vec<_> = clauses.iter().map(|clause| clause.span.text(&doc)).collect();
/// assert_eq!(texts, ["If it rains,", "we stay here."]);
/// # }
/// # Ok::<(), botsmith_nlp::Error>(())
/// ```
pub fn clauses(doc: &Doc) -> Vec<Clause> {
    let mut found = Vec::new();
    let mut nouns = Vec::new();
    for sentence in doc.sentences() {
        nouns.clear();
        chunks::of_sentence(sentence, &mut nouns);
        of_sentence(sentence, &nouns, &mut found);
    }
    found
}

/// A verb group: its words, and its verb.
#[derive(Clone, Copy)]
struct Group {
    start: usize,
    end: usize,
    verb: usize,
    finite: bool,
}

fn of_sentence(sentence: Sentence<'_>, nouns: &[Chunk], found: &mut Vec<Clause>) {
    let doc = sentence.doc();
    let words = sentence.word_range();
    let groups = groups(sentence, nouns);
    let mut start = words.start;
    let mut verb = groups.first().map(|group| group.verb);
    let mut push = |start: usize, end: usize, verb: Option<usize>| {
        found.extend(Span::of(doc, start..end).map(|span| Clause {
            kind: kind(doc, start..end, words.start, verb),
            span,
            verb,
        }));
    };
    for pair in groups.windows(2) {
        let (before, next) = (pair[0], pair[1]);
        if let Some(border) = border(doc, start, before, next, nouns) {
            push(start, border, verb);
            (start, verb) = (border, Some(next.verb));
        }
    }
    push(start, words.end, verb);
}

fn groups(sentence: Sentence<'_>, nouns: &[Chunk]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut nouns = nouns.iter().peekable();
    // Whether only words that a group may hold stand behind the last one.
    let mut open = false;
    for word in sentence.words() {
        let at = word.index();
        while nouns.next_if(|chunk| chunk.span.words.end <= at).is_some() {}
        let in_noun = nouns
            .peek()
            .is_some_and(|chunk| chunk.span.words.contains(&at));
        match word.upos() {
            "VERB" | "AUX" if !in_noun => {
                let finite = is_finite(word);
                let full = word.upos() == "VERB";
                match groups.last_mut().filter(|_| open) {
                    // A second finite verb begins a group of its own.
                    Some(group) if !finite || at == group.start => {
                        if full
                            || sentence
                                .doc()
                                .word(group.verb)
                                .is_some_and(|w| w.upos() == "AUX")
                        {
                            group.verb = at;
                        }
                        group.end = at + 1;
                    }
                    _ => groups.push(Group {
                        start: at,
                        end: at + 1,
                        verb: at,
                        finite,
                    }),
                }
                open = true;
            }
            "ADV" | "PART" if !is_wh(word) => {}
            _ => open = false,
        }
    }
    groups
}

fn is_finite(word: Word<'_>) -> bool {
    matches!(word.xpos(), "VBD" | "VBZ" | "VBP" | "MD") || word.feats().has("VerbForm=Fin")
}

fn is_wh(word: Word<'_>) -> bool {
    matches!(word.xpos(), "WDT" | "WP" | "WP$" | "WRB")
}

fn subordinates(word: Word<'_>) -> bool {
    word.upos() == "SCONJ" || is_wh(word)
}

/// Where a new clause begins between two verb groups, if one does.
fn border(doc: &Doc, start: usize, before: Group, next: Group, nouns: &[Chunk]) -> Option<usize> {
    let gap = || (before.end..next.start).filter_map(|at| doc.word(at));
    if let Some(word) = gap().find(|word| subordinates(*word)) {
        let at = word.index();
        let joined = gap()
            .find(|word| word.index() + 1 == at)
            .is_some_and(|word| word.upos() == "ADP");
        return Some(at - usize::from(joined));
    }
    let opens = |word: &Word<'_>| matches!(word.form(), ";" | ":" | "—" | "–" | "--" | "(" | "…");
    if let Some(word) = gap().rfind(opens) {
        return Some(word.index() + usize::from(word.form() != "("));
    }
    if let Some(word) = gap().rfind(|word| word.upos() == "CCONJ") {
        return Some(word.index());
    }
    let mut commas = gap().filter(|word| word.form() == ",");
    let comma = match doc.word(start).is_some_and(subordinates) {
        true => commas.next(),
        false => commas.next_back(),
    };
    if let Some(word) = comma {
        return Some(word.index() + 1);
    }
    let first = nouns.partition_point(|chunk| chunk.span.words.start < before.end);
    let subject = nouns
        .get(first)
        .is_some_and(|chunk| chunk.span.words.end <= next.start);
    (next.finite && before.finite && subject).then_some(before.end)
}

fn kind(
    doc: &Doc,
    words: std::ops::Range<usize>,
    sentence: usize,
    verb: Option<usize>,
) -> ClauseKind {
    if verb.is_none() {
        return ClauseKind::Fragment;
    }
    let mut inside = words.clone().filter_map(|at| doc.word(at));
    // What may stand before the word that joins.
    let first = inside.find(|word| !matches!(word.upos(), "PUNCT" | "ADP"));
    match first {
        Some(word)
            if word.upos() == "SCONJ" || (word.xpos() == "WRB" && words.start > sentence) =>
        {
            ClauseKind::Subordinate
        }
        Some(word) if is_wh(word) && words.start > sentence => ClauseKind::Relative,
        Some(word) if word.upos() == "CCONJ" => ClauseKind::Coordinate,
        // `When it rained, we left`: a question word that no question mark follows.
        Some(word)
            if word.xpos() == "WRB" && doc.word(words.end - 1).is_some_and(|w| w.form() == ",") =>
        {
            ClauseKind::Subordinate
        }
        _ => ClauseKind::Main,
    }
}

/// The stage `clauses`: layer `clauses`, a [`Vec`] of [`Clause`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Clauses;

impl Stage for Clauses {
    fn name(&self) -> &'static str {
        "clauses"
    }

    fn needs(&self) -> Vec<&str> {
        vec!["sentences", "tags"]
    }

    fn gives(&self) -> Vec<&str> {
        vec!["clauses"]
    }

    fn run(&self, doc: &Doc, layers: &mut Layers) -> Result<()> {
        layers.put("clauses", clauses(doc));
        Ok(())
    }
}
